//! Trains a Keras-style network on Fashion-MNIST, judges it, saves it, loads it again, and draws what happened.

use clap::{Parser, ValueEnum};
use gradus::prelude::*;
use gradus::{Tensor, set_num_threads};
use gradus_examples::chart;
use gradus_examples::fashion::{self, FashionMnist, Origin};
use gradus_examples::sheet::{self, Picture};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Train a neural network on Fashion-MNIST, evaluate it on the test images, save it and load it again.
///
/// The images come from --data-dir or the GRADUS_DATA folder, else from the cache, else they are downloaded and
/// verified. Without a network a bundled sample of real images is used, and the output says so.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The network: the notes' CNN (207,702 parameters) or MLP (101,770 parameters)
    #[arg(long, value_enum, default_value = "cnn")]
    model: Network,
    /// Passes over the training images
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    /// Images per step
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    /// The first learning rate; the CNN's falls to a tenth after 3 epochs and a hundredth after 7
    #[arg(long, default_value_t = 1e-3)]
    learning_rate: f64,
    /// Use at most this many training images, and a sixth of them for testing
    #[arg(long)]
    limit: Option<usize>,
    /// The seed of weights, shuffles and dropout; equal seeds give equal results
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Threads; the results do not depend on it [default: one per core]
    #[arg(long)]
    threads: Option<usize>,
    /// The folder for the saved model, the chart and the picture
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// A folder with the four idx files of Fashion-MNIST
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Stay away from the network
    #[arg(long)]
    offline: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Network {
    Cnn,
    Mlp,
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
    if let Some(n) = o.threads {
        set_num_threads(n);
    }
    set_random_seed(o.seed);
    let origin = Origin { data_dir: o.data_dir.clone(), offline: o.offline, limit: o.limit };
    let data = fashion::load(&origin)?;
    println!(
        "{}: {} images for training, {} for testing",
        data.source,
        data.train.y.len(),
        data.test.y.len()
    );
    std::fs::create_dir_all(&o.out).map_err(|e| format!("{}: {e}", o.out.display()))?;
    let mut model = match o.model {
        Network::Cnn => fashion::cnn(),
        Network::Mlp => fashion::mlp(),
    };
    println!("{}", model.summary()?);
    let history = train(&mut model, &data, o)?;
    let figures = model.evaluate(&data.test.x, &data.test.y)?;
    let predictions = model.predict(&data.test.x)?;
    let (truth, found) = (fashion::classes_of(&data.test.y)?, fashion::classes(&predictions)?);
    confusion(&truth, &found, data.class_names);
    save_and_load(&model, &data, &predictions, o)?;
    let chart = o.out.join("history.svg");
    chart::history(&history, "accuracy", &chart)?;
    let samples = o.out.join("samples.png");
    draw_samples(&data, &truth, &found, &samples)?;
    println!("wrote {} and {}", chart.display(), samples.display());
    let accuracy = figures.iter().find(|(n, _)| n == "accuracy").map_or(f64::NAN, |(_, v)| *v);
    println!("test accuracy: {accuracy:.4}");
    Ok(())
}

fn train(
    model: &mut Sequential,
    data: &FashionMnist,
    o: &Options,
) -> Result<gradus::History, Box<dyn Error>> {
    let loss = "sparse_categorical_crossentropy";
    match o.model {
        Network::Cnn => model.compile(Nadam::new(o.learning_rate), loss, ["accuracy"])?,
        Network::Mlp => model.compile(Adam::new(o.learning_rate), loss, ["accuracy"])?,
    }
    let start = Instant::now();
    let mut fit = model
        .fit(&data.train.x, &data.train.y)
        .epochs(o.epochs)
        .batch_size(o.batch_size)
        .validation_split(0.1);
    if o.model == Network::Cnn {
        fit = fit.callback(LearningRateScheduler::new(fashion::schedule(o.learning_rate)));
    }
    let history = fit.run()?;
    println!("trained {} epochs in {:.1} s", history.epoch.len(), start.elapsed().as_secs_f64());
    Ok(history)
}

/// How often each class was taken for which.
fn confusion(truth: &[usize], found: &[usize], names: &[&str]) {
    let n = names.len();
    let mut counts = vec![vec![0usize; n]; n];
    for (&t, &f) in truth.iter().zip(found) {
        counts[t][f] += 1;
    }
    let width = names.iter().map(|s| s.len()).max().unwrap_or(0);
    println!("\nconfusion matrix: a row per true class, a column per predicted one");
    let head: String = (0..n).map(|i| format!("{i:>6}")).collect();
    println!("{:width$}   {head}   right", "");
    for (i, row) in counts.iter().enumerate() {
        let cells: String = row.iter().map(|c| format!("{c:>6}")).collect();
        let all: usize = row.iter().sum();
        let share = row[i] as f64 / all.max(1) as f64 * 100.0;
        println!("{:width$} {i} {cells}  {share:5.1}%", names[i]);
    }
    println!();
}

/// Saves the model, loads it, and compares the predictions bit by bit.
fn save_and_load(
    model: &Sequential,
    data: &FashionMnist,
    before: &Tensor,
    o: &Options,
) -> Result<(), Box<dyn Error>> {
    let path = o.out.join("model.gradus");
    model.save(&path)?;
    let loaded = load_model(&path)?;
    let after = loaded.predict(&data.test.x)?;
    let bits = |t: &Tensor| -> Result<Vec<u32>, gradus::Error> {
        Ok(t.to_vec::<f32>()?.into_iter().map(f32::to_bits).collect())
    };
    if bits(before)? != bits(&after)? {
        return Err(format!("the model loaded from {} predicts differently", path.display()).into());
    }
    println!("saved {} and loaded it again: {} predictions are bit-equal", path.display(), data.test.y.len());
    Ok(())
}

fn draw_samples(
    data: &FashionMnist,
    truth: &[usize],
    found: &[usize],
    path: &std::path::Path,
) -> Result<(), Box<dyn Error>> {
    let pixels = data.test.x.to_vec::<f32>()?;
    let bytes: Vec<u8> = pixels.iter().map(|p| 255 - (p * 255.0).round() as u8).collect();
    let pictures: Vec<Picture<'_>> = bytes
        .chunks_exact(28 * 28)
        .zip(truth.iter().zip(found))
        .take(32)
        .map(|(pixels, (&t, &f))| Picture {
            pixels,
            width: 28,
            captions: vec![
                (format!("true {}", data.class_names[t]), false),
                (format!("pred {}", data.class_names[f]), t != f),
            ],
        })
        .collect();
    sheet::save(&pictures, 8, path)?;
    Ok(())
}
