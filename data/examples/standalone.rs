//! A pipeline over a file without any tensor: reads CSV, prepares batches, and is continued in the middle
//! of an epoch after an interruption.
//!
//! ```text
//! cargo run -p gradus-data --no-default-features --example standalone
//! ```

use std::error::Error;
use std::fs;

use gradus_data::{Csv, DataError, Dataset, IgnoreErrors, IteratorState, Prefetch, Resample};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("gradus-standalone-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let file = folder.join("flowers.csv");
    let mut text = String::from("petal,sepal,species\n");
    for i in 0..300 {
        let species = if i % 10 == 0 { "rare" } else { "common" };
        let petal = if i == 123 { "broken".to_owned() } else { format!("{:.2}", i as f32 / 100.0) };
        text.push_str(&format!("{petal},{:.2},{species}\n", 3.0 - i as f32 / 100.0));
    }
    fs::write(&file, text)?;

    let skipped = IgnoreErrors::at_most(5);
    let shares = Resample::target([0.5, 0.5]).initial([0.9, 0.1]);
    let build = || {
        Dataset::<(f32, f32, String)>::csv(&file, Csv::new())
            .ignore_errors(&skipped)
            .rejection_resample(|row| usize::from(row.2 == "rare"), shares.clone())
            .shuffle(100, 42)
            .parallel_map_random(2, 7, |(petal, sepal, species), rng| {
                let noise = rng.uniform(-0.01, 0.01) as f32;
                Ok::<_, DataError>((vec![petal + noise, sepal], species))
            })
            .batch(8)
            .prefetch(Prefetch::auto())
    };

    let ds = build();
    let mut epoch = ds.iter();
    println!("the first batches of epoch 0:");
    for batch in epoch.by_ref().take(2) {
        let (features, species) = batch?;
        println!("  {:?} ... {species:?}", features[0]);
    }
    fs::write(folder.join("state"), epoch.state().to_bytes())?;
    let straight: Vec<_> = epoch.collect::<Result<_, _>>()?;

    let state = IteratorState::from_bytes(&fs::read(folder.join("state"))?)?;
    let resumed: Vec<_> = build().resume(&state)?.collect::<Result<_, _>>()?;
    println!("continued from the saved state: {} batches, the same: {}", resumed.len(), resumed == straight);
    println!("skipped:");
    for error in skipped.skipped().iter().take(1) {
        println!("  {error}");
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}
