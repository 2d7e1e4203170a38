//! Input pipelines: rates of whole epochs.
//!
//! The folder of images is the one that `GRADUS_BENCH_IMAGES` names, for the peers too.

use std::path::PathBuf;

use gradus_data::image::ImageFolder;
use gradus_data::image::augment::{Augment, RandomFlip, RandomRotation, RandomZoom, Rescaling, Sequence};
use gradus_data::{DataError, Dataset, Prefetch};
use gradus_kernels::threads::num_threads;
use gradus_tensor::{DType, Tensor};

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

pub fn declare(list: &mut Vec<Workload>) {
    let images = Amount::Images(60_000.0);
    list.push(Workload::new("pipeline_slices/60000x28x28", "dataset", images, || {
        let dataset = slices()?;
        repeat(move || drain(&dataset))
    }));
    let elements = Amount::Iterations(1e6);
    list.push(Workload::new("pipeline_empty_map/1M", "dataset", elements, || {
        let dataset = Dataset::range(0..1_000_000).map(|x| x);
        repeat(move || drain(&dataset))
    }));
    list.push(Workload::new("pipeline_range/1M", "dataset", elements, || {
        let dataset = Dataset::range(0..1_000_000);
        repeat(move || drain(&dataset))
    }));
    list.push(Workload::new(
        "augment_flip_rotate_zoom/32x180x180x3",
        "dataset",
        Amount::Images(320.0),
        || {
            let x = random([32, 180, 180, 3])?;
            let augment = Sequence::new()
                .add(RandomFlip::horizontal())
                .add(RandomRotation::new(0.1))
                .add(RandomZoom::new(0.2));
            augment.augment(&x, 0).map_err(|e| e.to_string())?;
            let dataset = Dataset::from_vec(vec![x; 10]).augment(num_threads(), 1, augment);
            repeat(move || drain(&dataset))
        },
    ));
    list.push(Workload::new("image_folder/180x180", "dataset", Amount::Images(1000.0), || {
        let dataset = folder()?;
        repeat(move || drain(&dataset))
    }));
}

/// 60,000 pictures of 28 x 28 bytes: shuffled, batched, scaled, made ahead.
fn slices() -> Result<Dataset<Tensor>, String> {
    let text = |e: gradus_tensor::Error| e.to_string();
    let x = Tensor::zeros([60_000, 28, 28], DType::U8).map_err(text)?;
    let scale = Tensor::scalar(1.0f32 / 255.0);
    Ok(Dataset::from_tensor_slices(x)
        .shuffle(10_000, 1)
        .batch(32)
        .try_map(move |x: Tensor| x.cast(DType::F32)?.mul(&scale))
        .prefetch(Prefetch::auto()))
}

/// The images of the folder at hand: shuffled, 180 x 180, batches of 32, rescaled, made ahead.
fn folder() -> Result<Dataset<(Tensor, Tensor)>, String> {
    let folder = std::env::var_os("GRADUS_BENCH_IMAGES").map(PathBuf::from);
    let folder = folder.ok_or("GRADUS_BENCH_IMAGES names no folder of 1,000 images")?;
    let loaded = ImageFolder::new(folder)
        .image_size(180, 180)
        .parallel(num_threads())
        .load_all()
        .map_err(|e| e.to_string())?;
    if loaded.files.len() != 1000 {
        return Err(format!("expected 1,000 images, found {}", loaded.files.len()));
    }
    Ok(loaded.dataset.augment(1, 0, Rescaling::new(1.0 / 255.0)).prefetch(Prefetch::auto()))
}

/// One epoch of the pictures in memory, of which the array itself takes 45 MiB.
pub fn read_slices() -> Result<(), String> {
    drain(&slices()?).map_err(|e| e.to_string())
}

/// One epoch of the folder.
pub fn read_folder() -> Result<(), String> {
    drain(&folder()?).map_err(|e| e.to_string())
}

/// Reads an epoch and drops it.
fn drain<T: Send + 'static>(dataset: &Dataset<T>) -> Result<(), DataError> {
    dataset.iter_epoch(0).try_for_each(|x| x.map(drop))
}
