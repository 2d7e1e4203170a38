//! Rates of pipelines, in elements a second. Run with `cargo bench -p gradus-data`.
//!
//! The first pipeline is the one that `tf.data` does at about 206,000 elements a second on two threads.

use std::time::Instant;

use gradus_data::{Dataset, Prefetch};
use gradus_tensor::{DType, Tensor};

/// The best of several passes, in elements a second.
fn rate<T: Send + 'static>(name: &str, elements: u64, passes: usize, ds: &Dataset<T>) {
    let mut best = f64::INFINITY;
    for _ in 0..passes {
        let begin = Instant::now();
        let mut count = 0u64;
        for x in ds {
            std::hint::black_box(x.expect("an element"));
            count += 1;
        }
        std::hint::black_box(count);
        best = best.min(begin.elapsed().as_secs_f64());
    }
    let (rate, each) = (elements as f64 / best, best / elements as f64 * 1e9);
    println!("{name:<44} {rate:>14.0} elements/s {each:>9.1} ns each");
}

fn main() {
    let n = 60_000;
    let images: Vec<u8> = (0..n * 784).map(|i| (i % 251) as u8).collect();
    let images = Tensor::from_vec(images, [n, 28, 28]).expect("images");
    let labels = Tensor::from_vec((0..n as i64).map(|i| i % 10).collect(), [n]).expect("labels");
    let source = || Dataset::from_tensor_slices((images.clone(), labels.clone()));
    let scale = |(x, y): (Tensor, Tensor)| -> gradus_tensor::Result<(Tensor, Tensor)> {
        Ok((x.cast(DType::F32)?.div(&Tensor::scalar(255.0f32))?, y))
    };
    let n = n as u64;
    let batches = || source().shuffle(10_000, 1).batch(32);
    rate(
        "slices, shuffle, batch, map on 2, prefetch",
        n,
        7,
        &batches().try_parallel_map(2, scale).prefetch(2),
    );
    rate("the same, map on 1", n, 5, &batches().try_map(scale).prefetch(2));
    rate("the same, prefetch auto", n, 5, &batches().try_parallel_map(2, scale).prefetch(Prefetch::auto()));
    rate("slices, shuffle, batch", n, 5, &batches());
    rate(
        "streamed: filter, shuffle, batch, map",
        n,
        3,
        &source().filter(|_| true).shuffle(10_000, 1).batch(32).try_parallel_map(2, scale).prefetch(2),
    );

    let n = 10_000_000;
    let numbers = || Dataset::counter(0, 1).take(n as usize);
    rate("numbers", n, 3, &numbers());
    rate("numbers, empty map", n, 3, &numbers().map(|x| x));
    rate("numbers, two empty maps", n, 3, &numbers().map(|x| x).map(|x| x));
    let streamed = || numbers().take_while(|_| true);
    rate("streamed numbers", n, 3, &streamed());
    rate("streamed numbers, empty map", n, 3, &streamed().map(|x| x));
    let n = 1_000_000;
    let numbers = || Dataset::range(0..n as i64);
    rate("numbers, shuffle(10_000)", n, 3, &numbers().shuffle(10_000, 1));
    rate("numbers, batch(32)", n, 3, &numbers().batch(32));
    rate("numbers, prefetch(64)", n, 3, &numbers().prefetch(64));
    rate("numbers, parallel_map on 2", n, 3, &numbers().parallel_map(2, |x| x));
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(peak) = status.lines().find(|l| l.starts_with("VmHWM"))
    {
        println!("peak memory: {}", peak.trim_start_matches("VmHWM:").trim());
    }
}
