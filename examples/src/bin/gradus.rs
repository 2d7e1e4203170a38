//! The command line of Gradus: data sets, downloaded once and looked at.
//!
//! ```text
//! gradus datasets list
//! gradus datasets download fashion-mnist cifar10 flowers
//! gradus datasets download fashion-mnist --verify
//! gradus datasets show fashion-mnist --grid out.png
//! gradus datasets path flowers
//! ```
//! Exit status: 0 when all is well, 1 when something failed (one line on standard error says what), 2 for a wrong
//! command line. With `--json`, standard output is one JSON document.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use gradus_datasets::catalog::{self, Entry, Pin};
use gradus_datasets::{Condition, ImageDataset, LabeledImages, Lookup, TerminalBar};
use gradus_datasets::{
    boston_housing, california_housing, cifar10, cifar100, fashion_mnist, flower_photos, imdb, mnist, reuters,
};
use gradus_examples::canvas::{Canvas, Color};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(name = "gradus", version, about = "Tools of the Gradus machine-learning crates")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The classic data sets: download, verify, look at
    #[command(subcommand)]
    Datasets(Datasets),
}

#[derive(Subcommand)]
enum Datasets {
    /// List all data sets with size, pinned hash, licence, and whether they are in the cache
    List {
        #[command(flatten)]
        place: Place,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Download data sets into the cache, verified; what is there is not downloaded again
    Download {
        /// Names such as fashion-mnist, cifar10, flowers
        #[arg(required = true)]
        names: Vec<String>,
        #[command(flatten)]
        place: Place,
        /// A folder or address to download from in place of the official servers
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
        /// Download again what is there already
        #[arg(long, conflicts_with = "verify")]
        force: bool,
        /// Only hash the files in the cache anew; download nothing
        #[arg(long)]
        verify: bool,
        /// No progress bars and no lines about success
        #[arg(long, short)]
        quiet: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a data set holds, and its first images as a picture
    Show {
        /// A name such as fashion-mnist
        name: String,
        /// Write a grid of the first training images to this PNG file
        #[arg(long, value_name = "PNG")]
        grid: Option<PathBuf>,
        /// Columns and rows of the grid
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
        side: u32,
        #[command(flatten)]
        place: Place,
        /// A folder to read from, and from nowhere else
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// A folder or address to download from in place of the official servers
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
        /// Leave the network untouched
        #[arg(long)]
        offline: bool,
    },
    /// Print the folder of a data set in the cache, to be used in other programs
    Path {
        /// A name such as flowers
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Place {
    /// The cache folder [default: $GRADUS_HOME/datasets, or gradus/datasets in the platform's cache folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Place {
    fn lookup(&self) -> Lookup {
        match &self.dir {
            Some(dir) => Lookup::new().cache_dir(dir),
            None => Lookup::new(),
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let Command::Datasets(command) = Cli::parse().command;
    let outcome = match command {
        Datasets::List { place, json } => list(&place, json),
        Datasets::Download { names, place, mirror, force, verify, quiet, json } => {
            let mut lookup = place.lookup().own_cache_only(true).force(force);
            if let Some(mirror) = mirror {
                lookup = lookup.mirror(mirror);
            }
            if !quiet && !json {
                lookup = lookup.progress(Arc::new(TerminalBar::new()));
            }
            download(&names, &lookup, verify, quiet, json)
        }
        Datasets::Show { name, grid, side, place, data_dir, mirror, offline } => {
            let mut lookup = place.lookup().offline(offline).progress(Arc::new(TerminalBar::new()));
            if let Some(folder) = data_dir {
                lookup = lookup.data_dir(folder);
            }
            if let Some(mirror) = mirror {
                lookup = lookup.mirror(mirror);
            }
            find(&name).and_then(|entry| show(entry, lookup, grid.as_deref(), side as usize))
        }
        Datasets::Path { name, place } => find(&name).and_then(|entry| path(entry, &place.lookup())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = error.to_string();
            // Empty when everything was said already, line by line.
            if !text.is_empty() {
                eprintln!("error: {text}");
            }
            ExitCode::FAILURE
        }
    }
}

fn find(name: &str) -> Result<&'static Entry, Box<dyn std::error::Error>> {
    catalog::find(name).ok_or_else(|| {
        let nearest = catalog::nearest(name);
        let all: Vec<&str> = catalog::ALL.iter().map(|entry| entry.name).collect();
        match nearest.is_empty() {
            false => format!("no data set {name:?}; the nearest names are {}", nearest.join(", ")).into(),
            true => format!("no data set {name:?}; there are {}", all.join(", ")).into(),
        }
    })
}

/// Whether all files are there with the right sizes; `--verify` hashes them too.
fn is_cached(entry: &Entry, lookup: &Lookup) -> bool {
    lookup.cache_of(entry).is_ok_and(|folder| {
        let right = |size: u64, wanted: Option<u64>| wanted.is_none_or(|wanted| wanted == size);
        entry.files.iter().all(|file| {
            folder.join(file.name).metadata().is_ok_and(|m| m.is_file() && right(m.len(), file.bytes))
        })
    })
}

fn pin(entry: &Entry) -> &'static str {
    let pins = entry.files.iter().map(|file| file.pin());
    match pins.max_by_key(|pin| [Pin::Sha256, Pin::Md5, Pin::Unpinned].iter().position(|p| p == pin)) {
        Some(Pin::Sha256) => "sha256",
        Some(Pin::Md5) => "md5",
        _ => "unpinned",
    }
}

fn list(place: &Place, json: bool) -> Outcome {
    let lookup = place.lookup();
    if json {
        let file = |file: &catalog::File| {
            json!({
                "name": file.name,
                "urls": file.urls().collect::<Vec<_>>(),
                "hash": file.digest.map(|digest| digest.to_string()),
                "bytes": file.bytes,
            })
        };
        let sets: Vec<Value> = catalog::ALL
            .iter()
            .map(|entry| {
                json!({
                    "name": entry.name,
                    "aliases": entry.aliases,
                    "about": entry.about,
                    "license": entry.license,
                    "homepage": entry.homepage,
                    "cached": is_cached(entry, &lookup),
                    "files": entry.files.iter().map(file).collect::<Vec<_>>(),
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&sets)?);
        return Ok(());
    }
    println!("{:<20}{:>9}  {:<9}{:<8}about", "name", "size", "pinned", "cached");
    for entry in catalog::ALL {
        let size = entry.bytes().map_or("?".to_string(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
        let cached = if is_cached(entry, &lookup) { "yes" } else { "no" };
        println!("{:<20}{size:>9}  {:<9}{cached:<8}{}", entry.name, pin(entry), entry.about);
    }
    Ok(())
}

/// Goes on after a failure, so that one missing set does not keep back the others.
fn download(names: &[String], lookup: &Lookup, verify: bool, quiet: bool, json: bool) -> Outcome {
    // A misspelt name is noticed before an hour of downloading.
    let entries = names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?;
    let (mut failed, mut report) = (false, Vec::new());
    for entry in entries {
        let result = if verify { check(entry, lookup, quiet || json) } else { fetch(entry, lookup) };
        match result {
            Ok((folder, text)) => {
                report.push(json!({"name": entry.name, "ok": true, "path": folder, "source": text}));
                if !quiet && !json {
                    println!("{}: {text}", entry.name);
                }
            }
            Err(error) => {
                failed = true;
                report.push(json!({"name": entry.name, "ok": false, "error": error}));
                if !json {
                    eprintln!("error: {error}");
                }
            }
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    if failed { Err("".into()) } else { Ok(()) }
}

fn fetch(entry: &Entry, lookup: &Lookup) -> Result<(PathBuf, String), String> {
    let text = |error: gradus_datasets::Error| error.to_string();
    if entry.is_archive() {
        let (folder, source) = lookup.unpacked(entry).map_err(text)?;
        return Ok((folder, source.to_string()));
    }
    let located = lookup.fetch(entry).map_err(text)?;
    Ok((lookup.cache_of(entry).map_err(text)?, located.source.to_string()))
}

fn check(entry: &Entry, lookup: &Lookup, quiet: bool) -> Result<(PathBuf, String), String> {
    let mut wrong = Vec::new();
    let files = lookup.verify(entry).map_err(|error| error.to_string())?;
    for file in &files {
        let condition = match &file.condition {
            Condition::Good => "good".to_string(),
            Condition::Missing => "missing".to_string(),
            Condition::Damaged(reason) => reason.clone(),
        };
        if file.condition != Condition::Good {
            wrong.push(format!("{}: {condition}", file.path.display()));
        } else if !quiet {
            println!("{}: good", file.path.display());
        }
    }
    if !wrong.is_empty() {
        return Err(format!("{}: {}", entry.name, wrong.join("; ")));
    }
    let folder = lookup.cache_of(entry).map_err(|error| error.to_string())?;
    Ok((folder, format!("{} files verified", files.len())))
}

fn path(entry: &Entry, lookup: &Lookup) -> Outcome {
    let folder = lookup.cache_of(entry)?;
    let unpacked = folder.join("unpacked");
    if entry.is_archive() && unpacked.is_dir() {
        println!("{}", unpacked.display());
    } else if !entry.is_archive() && is_cached(entry, lookup) {
        println!("{}", folder.display());
    } else {
        return Err(format!(
            "{0} is not in {1}; fetch it by: gradus datasets download {0}",
            entry.name,
            folder.display()
        )
        .into());
    }
    Ok(())
}

fn show(entry: &Entry, lookup: Lookup, grid: Option<&Path>, side: usize) -> Outcome {
    println!("{}: {}", entry.name, entry.about);
    println!("licence: {}", entry.license);
    let images = |data: ImageDataset| -> Outcome {
        println!("source: {}", data.source);
        println!("train {:?}, test {:?}", data.train.images.shape, data.test.images.shape);
        for (class, name) in data.class_names.iter().enumerate() {
            let count =
                |set: &LabeledImages| set.labels.iter().filter(|&&label| usize::from(label) == class).count();
            println!("{class:>4} {name:<20} {:>6} {:>6}", count(&data.train), count(&data.test));
        }
        match grid {
            Some(path) => write_grid(&data.train, side, path),
            None => Ok(()),
        }
    };
    let without_images = match grid {
        Some(path) => Err(format!("{} has no images to write to {}", entry.name, path.display())),
        None => Ok(()),
    };
    match entry.name {
        "fashion_mnist" => images(fashion_mnist::Loader::new().lookup(lookup).load()?),
        "mnist" => images(mnist::Loader::new().lookup(lookup).load()?),
        "cifar10" => images(cifar10::Loader::new().lookup(lookup).load()?),
        "cifar100" => images(cifar100::Loader::new().lookup(lookup).load()?),
        "flower_photos" => {
            let flowers = flower_photos::Loader::new().lookup(lookup).load()?;
            println!("source: {}", flowers.source);
            let mut first = Vec::new();
            for class in flowers.class_names {
                let mut files: Vec<PathBuf> = std::fs::read_dir(flowers.folder.join(class))?
                    .filter_map(|file| Some(file.ok()?.path()))
                    .collect();
                files.sort();
                println!("{class:<12} {:>6} photographs", files.len());
                first.extend(files.into_iter().take(side));
            }
            match grid {
                Some(path) => write_photographs(&first, side, path),
                None => Ok(()),
            }
        }
        "boston_housing" | "california_housing" => {
            without_images?;
            let data = match entry.name {
                "boston_housing" => boston_housing::Loader::new().lookup(lookup).load()?,
                _ => california_housing::Loader::new().lookup(lookup).load()?,
            };
            println!("source: {}", data.source);
            println!("train {:?}, test {:?}", data.train.shape, data.test.shape);
            println!("{} -> price", data.feature_names.join(" "));
            for row in 0..data.train.y.len().min(3) {
                println!("{:?} -> {}", data.train.row(row).unwrap_or_default(), data.train.y[row]);
            }
            Ok(())
        }
        _ => {
            without_images?;
            let data = match entry.name {
                "imdb" => imdb::Loader::new().lookup(lookup).load()?,
                _ => reuters::Loader::new().lookup(lookup).load()?,
            };
            println!("source: {}", data.source);
            println!("{} training and {} test texts", data.train.len(), data.test.len());
            for (text, label) in data.train.sequences.iter().zip(&data.train.labels).take(3) {
                println!("label {label}: {} words, {:?} ..", text.len(), &text[..text.len().min(12)]);
            }
            Ok(())
        }
    }
}

const GAP: usize = 2;
const PAPER: Color = [255; 3];

/// The first `side` x `side` images, each pixel doubled.
fn write_grid(set: &LabeledImages, side: usize, path: &Path) -> Outcome {
    let [height, width] = [1, 2].map(|axis| set.images.shape[axis]);
    let colours = set.images.shape.get(3).copied().unwrap_or(1);
    let cell = [2 * width + GAP, 2 * height + GAP];
    let rows = set.len().div_ceil(side).min(side);
    let mut picture = Canvas::new(side * cell[0] + GAP, rows * cell[1] + GAP, PAPER);
    for index in 0..(side * rows).min(set.len()) {
        let Some(pixels) = set.images.get(index) else { break };
        let corner = [GAP + index % side * cell[0], GAP + index / side * cell[1]];
        for (i, pixel) in pixels.chunks_exact(colours).enumerate() {
            let color = if colours == 3 { [pixel[0], pixel[1], pixel[2]] } else { [pixel[0]; 3] };
            picture.square(corner[0] + i % width * 2, corner[1] + i / width * 2, 2, color);
        }
    }
    save(&picture, path)?;
    for row in 0..rows {
        let names = (row * side..(row + 1) * side).filter_map(|index| set.labels.get(index));
        let names: Vec<&str> = names.map(|&label| set.class_names[usize::from(label)]).collect();
        println!("row {}: {}", row + 1, names.join(", "));
    }
    Ok(())
}

/// One row of small photographs for each class.
fn write_photographs(files: &[PathBuf], side: usize, path: &Path) -> Outcome {
    const CELL: usize = 96;
    let rows = files.len().div_ceil(side);
    let mut picture = Canvas::new(side * (CELL + GAP) + GAP, rows * (CELL + GAP) + GAP, PAPER);
    for (index, file) in files.iter().enumerate() {
        let photograph = Canvas::thumbnail(file, CELL).map_err(|e| format!("{}: {e}", file.display()))?;
        picture.paste(&photograph, GAP + index % side * (CELL + GAP), GAP + index / side * (CELL + GAP));
    }
    save(&picture, path)
}

fn save(picture: &Canvas, path: &Path) -> Outcome {
    picture.save(path).map_err(|reason| format!("cannot write {}: {reason}", path.display()))?;
    println!("wrote {} ({} x {})", path.display(), picture.width(), picture.height());
    Ok(())
}
