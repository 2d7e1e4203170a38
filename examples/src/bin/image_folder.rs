//! A folder of images as a dataset: classes from the folders' names, a split, batches, a contact sheet of some, and a
//! small network trained on them.

use clap::Parser;
use gradus::Tensor;
use gradus::data::IgnoreErrors;
use gradus::data::image::{ImageDataset, ImageFolder};
use gradus::image::augment::{RandomFlip, RandomRotation, RandomZoom};
use gradus::prelude::*;
use gradus_datasets::flower_photos;
use gradus_examples::contact;
use std::collections::HashSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Read images from class folders, split them as Keras does, and draw the first of them.
#[derive(Parser)]
struct Options {
    /// A folder with a sub-folder of images for every class; default: the flower photos, downloaded once
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Height and width of the images
    #[arg(long, default_value_t = 180)]
    size: usize,
    /// The share of the images for validation
    #[arg(long, default_value_t = 0.2)]
    validation_split: f64,
    /// What the split and the order depend on
    #[arg(long, default_value_t = 123)]
    seed: u32,
    /// How many unreadable files may be left out
    #[arg(long, default_value_t = 0)]
    skip: usize,
    /// Epochs to train for; 0: only look
    #[arg(long, default_value_t = 0)]
    epochs: usize,
    /// Where the contact sheet goes
    #[arg(long, default_value = "image_folder.png")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(o: &Options) -> Result<(), Box<dyn Error>> {
    let dir = match &o.dir {
        Some(dir) => dir.clone(),
        None => flower_photos::load()?.folder,
    };
    let skipped = IgnoreErrors::at_most(o.skip);
    let folder = ImageFolder::new(&dir)
        .image_size(o.size, o.size)
        .validation_split(o.validation_split)
        .seed(o.seed)
        .ignore_errors(&skipped);
    let (train, validation) = folder.load_both()?;
    println!("{}: {} classes: {}", dir.display(), train.class_names.len(), train.class_names.join(", "));
    let of_both: HashSet<_> = train.files.iter().filter(|f| validation.files.contains(f)).collect();
    println!(
        "{} files for training, {} for validation, {} in both",
        train.files.len(),
        validation.files.len(),
        of_both.len()
    );

    let mut sheet = Vec::new();
    for (name, set) in [("training", &train), ("validation", &validation)] {
        let (start, mut images, mut sum) = (Instant::now(), 0, 0.0);
        let mut per_class = vec![0usize; set.class_names.len()];
        for batch in &set.dataset {
            let (x, y) = batch?;
            let labels = y.to_vec::<i32>()?;
            sum += f64::from(x.reduce_mean((), false)?.item::<f32>()?) * labels.len() as f64;
            images += labels.len();
            labels.iter().for_each(|l| per_class[*l as usize] += 1);
            if sheet.len() < 24 && name == "training" {
                let parts: Vec<Tensor> = x.unstack(0)?;
                sheet.extend(labels.iter().map(|l| set.class_names[*l as usize].clone()).zip(parts));
            }
        }
        let rate = images as f64 / start.elapsed().as_secs_f64();
        println!(
            "{name}: {images} images, {rate:.0} a second, mean pixel {:.1}, per class {per_class:?}",
            sum / images.max(1) as f64
        );
    }
    for error in skipped.skipped() {
        println!("left out: {error}");
    }
    sheet.truncate(24);
    contact::save(&sheet, 6, &o.out)?;
    println!("{}", o.out.display());
    if o.epochs > 0 {
        learn(&train, &validation, o)?;
    }
    Ok(())
}

type Labelled = ImageDataset<(Tensor, Tensor)>;

/// Trains on one part with augmentation, and judges by the other.
fn learn(train: &Labelled, validation: &Labelled, o: &Options) -> Result<(), Box<dyn Error>> {
    let block = |filters| Conv2D::new(filters, 3).padding("same").activation("relu");
    let mut model = Sequential::new()
        .input([o.size, o.size, 3])
        .add(RandomFlip::horizontal())
        .add(RandomRotation::new(0.1))
        .add(RandomZoom::new(0.1))
        .add(Rescaling::new(1.0 / 255.0))
        .add(block(16))
        .add(MaxPooling2D::new(2))
        .add(block(32))
        .add(MaxPooling2D::new(2))
        .add(block(64))
        .add(MaxPooling2D::new(2))
        .add(Dropout::new(0.2))
        .add(Flatten::new())
        .add(Dense::new(128).activation("relu"))
        .add(Dense::new(train.class_names.len()).activation("softmax"));
    println!("{}", model.summary()?);
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])?;
    let history =
        model.fit_dataset(&train.dataset).validation_dataset(&validation.dataset).epochs(o.epochs).run()?;
    if let Some(accuracy) = history["val_accuracy"].last() {
        println!("validation accuracy: {accuracy:.4}");
    }
    Ok(())
}
