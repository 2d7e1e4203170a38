//! Fashion-MNIST as tensors, and the models that are trained on it.

use gradus::prelude::*;
use gradus::{Result, Tensor};
use gradus_datasets::{LabeledImages, fashion_mnist};
use std::path::PathBuf;

/// The CNN of the notes: 207,702 parameters.
pub fn cnn() -> Sequential {
    Sequential::new()
        .input([28, 28, 1])
        .add(Conv2D::new(128, 3).strides(2).padding("same"))
        .add(MaxPooling2D::new(3))
        .add(BatchNormalization::new())
        .add(Flatten::new())
        .add(Dense::new(100).activation("relu"))
        .add(Dense::new(10).activation("softmax"))
}

/// The MLP of the notes: 101,770 parameters.
pub fn mlp() -> Sequential {
    Sequential::new()
        .input([28, 28])
        .add(Flatten::new())
        .add(Dense::new(128).activation("relu"))
        .add(Dropout::new(0.2))
        .add(Dense::new(10).activation("softmax"))
}

/// Where the images come from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// A folder with the four files; the default is the `GRADUS_DATA` folder, the caches, the network.
    pub data_dir: Option<PathBuf>,
    /// Stays away from the network.
    pub offline: bool,
    /// At most so many images for training, and a sixth of them for testing.
    pub limit: Option<usize>,
}

/// Pixels in 0..1 as float32, `[n, 28, 28]`, and labels as int64.
pub struct Images {
    /// Pixels.
    pub x: Tensor,
    /// Labels.
    pub y: Tensor,
}

/// Training and test images, and the line that says where they are from.
pub struct FashionMnist {
    /// For training.
    pub train: Images,
    /// For testing.
    pub test: Images,
    /// Where the images are from.
    pub source: String,
    /// What the labels mean.
    pub class_names: &'static [&'static str],
}

/// Loads Fashion-MNIST.
pub fn load(origin: &Origin) -> std::result::Result<FashionMnist, Box<dyn std::error::Error>> {
    let mut loader = fashion_mnist::Loader::new().offline(origin.offline);
    if let Some(dir) = &origin.data_dir {
        loader = loader.data_dir(dir);
    }
    let data = loader.load()?;
    let limit = origin.limit.unwrap_or(usize::MAX);
    let (train, test) = (data.train.take(limit), data.test.take((limit / 6).max(1)));
    Ok(FashionMnist {
        train: images(&train)?,
        test: images(&test)?,
        source: data.source.to_string(),
        class_names: data.class_names,
    })
}

fn images(set: &LabeledImages) -> Result<Images> {
    let x: Vec<f32> = set.images.data.iter().map(|&p| f32::from(p) / 255.0).collect();
    let y: Vec<i64> = set.labels.iter().map(|&l| i64::from(l)).collect();
    let n = y.len();
    Ok(Images { x: Tensor::from_vec(x, &set.images.shape)?, y: Tensor::from_vec(y, [n])? })
}

/// The notes' learning rate: 1e-3 for epochs 0 to 2, 1e-4 for 3 to 6, 1e-5 after, as shares of the first.
pub fn schedule(first: f64) -> impl FnMut(usize, f64) -> f64 {
    move |epoch, _| match epoch {
        0..=2 => first,
        3..=6 => first * 0.1,
        _ => first * 0.01,
    }
}

/// The largest entry of every row.
pub fn classes(p: &Tensor) -> Result<Vec<usize>> {
    let n = (*p.shape().last().unwrap_or(&1)).max(1);
    let rows = p.to_vec::<f32>()?;
    Ok(rows
        .chunks_exact(n)
        .map(|r| (0..n).fold(0, |best, i| if r[i] > r[best] { i } else { best }))
        .collect())
}

/// Integer labels as indices.
pub fn classes_of(y: &Tensor) -> Result<Vec<usize>> {
    Ok(y.to_vec::<i64>()?.into_iter().map(|l| usize::try_from(l).unwrap_or(0)).collect())
}

/// `n` images and labels drawn at random, with replacement.
pub fn random_batch(set: &Images, n: usize) -> Result<(Tensor, Tensor)> {
    let (all, key) = (set.y.len(), gradus::nn::next_key());
    let draw = |i: u64| {
        let state = Tensor::random_state(key, i);
        Tensor::random_uniform([n], 0.0, all as f64, gradus::DType::F64, &state)
    };
    let rows = draw(0)?.cast(gradus::DType::I64)?;
    Ok((set.x.gather(&rows, 0)?, set.y.gather(&rows, 0)?))
}
