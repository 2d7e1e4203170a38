//! Training by hand: random batches, a tape, an optimizer, streaming metrics, one status line.

use clap::Parser;
use gradus::prelude::*;
use gradus_examples::fashion::{self, Origin};
use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// A training loop written by hand on Fashion-MNIST: random batches of 32, Nadam(0.01), a gradient tape.
#[derive(Parser)]
struct Options {
    /// Passes over the training images
    #[arg(long, default_value_t = 7)]
    epochs: usize,
    /// Use at most this many training images
    #[arg(long)]
    limit: Option<usize>,
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
    const BATCH: usize = 32;
    set_random_seed(42);
    let origin = Origin { data_dir: o.data_dir.clone(), offline: o.offline, limit: o.limit };
    let data = fashion::load(&origin)?;
    println!("{}", data.source);
    let model = fashion::cnn();
    let (mut optimizer, loss) = (Nadam::new(0.01), losses::SparseCategoricalCrossentropy::default());
    let mut mean_loss = metrics::Mean::new("loss");
    let mut accuracy = metrics::SparseCategoricalAccuracy::default();
    let (n, variables) = (data.train.y.len(), model.trainable_variables());
    let steps = n / BATCH;
    for epoch in 1..=o.epochs {
        for step in 1..=steps {
            let (x, y) = fashion::random_batch(&data.train, BATCH)?;
            let tape = GradientTape::new();
            // The images have no channel axis; the model was built for one and adds it.
            let p = model.call(&x, &mut Call::training())?;
            let l = loss.call(&y, &p, None)?;
            let grads = tape.gradient(&l, &variables)?;
            optimizer.apply_gradients(&grads, &variables)?;
            mean_loss.update_state(&l, None)?;
            accuracy.update_state(&y, &p, None)?;
            if std::io::stdout().is_terminal() && step % 50 == 0 {
                print!("\repoch {epoch}: {}/{n}", step * BATCH);
                std::io::stdout().flush()?;
            }
        }
        let (l, a) = (mean_loss.result()?.item::<f32>()?, accuracy.result()?.item::<f32>()?);
        println!(
            "\repoch {epoch}: {}/{n} - mean loss: {l:.4} - sparse_categorical_accuracy: {a:.4}",
            steps * BATCH
        );
        mean_loss.reset_state()?;
        accuracy.reset_state()?;
    }
    Ok(())
}
