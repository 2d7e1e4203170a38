//! Two optimizers on the two halves of a model: Adam below, Nadam above, gradients of both from one persistent tape.

use clap::Parser;
use gradus::nn::summary::SummaryOptions;
use gradus::prelude::*;
use gradus_examples::fashion::{self, Images, Origin};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Train the halves of a nested model with an optimizer each, on 5,000 Fashion-MNIST images.
#[derive(Parser)]
struct Options {
    /// Passes over the training images
    #[arg(long, default_value_t = 5)]
    epochs: usize,
    /// A folder with the four idx files of Fashion-MNIST
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Stay away from the network
    #[arg(long)]
    offline: bool,
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
    let origin = Origin { data_dir: o.data_dir.clone(), offline: o.offline, limit: Some(5000) };
    let data = fashion::load(&origin)?;
    println!("{}: {} images", data.source, data.train.y.len());
    for training in [true, false] {
        println!(
            "\nbatch normalization by the {}",
            if training { "batch" } else { "moving averages, as the notes do" }
        );
        train(&data.train, &data.test, training, o.epochs)?;
    }
    Ok(())
}

fn train(train: &Images, test: &Images, training: bool, epochs: usize) -> Result<(), Box<dyn Error>> {
    const BATCH: usize = 32;
    clear_session();
    set_random_seed(42);
    let lower = Sequential::new()
        .input([28, 28, 1])
        .add(Conv2D::new(128, 2).strides(2).padding("same").activation("relu"))
        .add(MaxPooling2D::new(3))
        .add(BatchNormalization::new());
    let upper = Sequential::new()
        .input([4, 4, 128])
        .add(Flatten::new())
        .add(Dense::new(100).activation("relu"))
        .add(Dense::new(10).activation("softmax"));
    let model = Sequential::new().input([28, 28, 1]).add(&lower).add(&upper);
    if training {
        println!("{}", model.summary_with(SummaryOptions { expand_nested: true, show_trainable: true })?);
    }
    let (mut adam, mut nadam) = (Adam::new(0.002), Nadam::new(1e-3));
    let loss = losses::SparseCategoricalCrossentropy::default();
    let (below, above) = (lower.trainable_variables(), upper.trainable_variables());
    let mut mean_loss = metrics::Mean::new("loss");
    let mut accuracy = metrics::SparseCategoricalAccuracy::default();
    for epoch in 1..=epochs {
        for _ in 0..train.y.len() / BATCH {
            let (x, y) = fashion::random_batch(train, BATCH)?;
            let tape = GradientTape::persistent();
            let mut cx = if training { Call::training() } else { Call::inference() };
            let p = model.call(&x, &mut cx)?;
            let l = loss.call(&y, &p, None)?;
            let (g_below, g_above) = (tape.gradient(&l, &below)?, tape.gradient(&l, &above)?);
            drop(tape);
            adam.apply_gradients(&g_below, &below)?;
            nadam.apply_gradients(&g_above, &above)?;
            mean_loss.update_state(&l, None)?;
            accuracy.update_state(&y, &p, None)?;
        }
        let (l, a) = (mean_loss.result()?.item::<f32>()?, accuracy.result()?.item::<f32>()?);
        mean_loss.reset_state()?;
        accuracy.reset_state()?;
        let p = model.predict(&test.x)?;
        let val_loss = loss.call(&test.y, &p, None)?.item::<f32>()?;
        accuracy.update_state(&test.y, &p, None)?;
        let val_accuracy = accuracy.result()?.item::<f32>()?;
        accuracy.reset_state()?;
        println!(
            "epoch {epoch}/{epochs} - loss: {l:.4} - accuracy: {a:.4} - val_loss: {val_loss:.4} - val_accuracy: {val_accuracy:.4}"
        );
    }
    Ok(())
}
