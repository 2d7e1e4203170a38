//! What a pipeline is made of: a tour through the stages, each with what comes out of it.

use gradus::data::{
    Batch, DataError, Dataset, Interleave, PaddedBatch, Parallel, Prefetch, Sample, Shuffle, TimeSeries,
    Window, timeseries_windows,
};
use gradus::{DType, Tensor};
use std::error::Error;
use std::fmt::Debug;
use std::time::Instant;

fn show<T: Debug + Send + 'static>(what: &str, dataset: &Dataset<T>) -> Result<(), DataError> {
    let elements = dataset.collect()?;
    println!("{what:<34} {:?}", elements);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = || Dataset::range(0..8);
    show("range(8)", &numbers())?;
    show("map(x * x)", &numbers().map(|x| x * x))?;
    show("filter(even).enumerate()", &numbers().filter(|x| x % 2 == 0).enumerate())?;
    show("batch(3)", &numbers().batch(3))?;
    show("batch(3, drop_remainder)", &numbers().batch(Batch::new(3).drop_remainder(true)))?;
    show("take(2).repeat(3)", &numbers().take(2).repeat(3))?;
    show("skip(5).concatenate(take(2))", &numbers().skip(5).concatenate(numbers().take(2)))?;
    show("zip", &numbers().take(3).zip(Dataset::from_vec(vec!["a", "b", "c"])))?;
    show("shard(3, 1)", &numbers().shard(3, 1))?;
    show("window(3, shift 2)", &numbers().window(Window::size(3).shift(2)).flat_map(|w| w.batch(3)))?;
    show("scan(sum)", &numbers().scan(0, |sum, x| (sum + x, sum + x)))?;
    show(
        "interleave",
        &Dataset::range(1..4).interleave(Interleave::cycle_length(2).block_length(2), |x| {
            Dataset::from_vec(vec![x; x as usize + 1])
        }),
    )?;
    show(
        "padded_batch",
        &Dataset::range(1..5).map(|x| vec![x; x as usize]).padded_batch(PaddedBatch::new(2)),
    )?;
    show(
        "windows of a series",
        &timeseries_windows(vec![1.0f32, 2.0, 3.0, 4.0, 5.0], &TimeSeries::sequence_length(3)),
    )?;
    let mixed = Dataset::sample_from_datasets(
        vec![Dataset::from_vec(vec!['a']).repeat_forever(), Dataset::from_vec(vec!['b']).repeat_forever()],
        Sample::new().weights([0.8, 0.2]).seed(1),
    );
    show("sample_from(0.8, 0.2)", &mixed.take(10))?;

    let shuffled = numbers().shuffle_with(Shuffle::buffer(8).seed(42));
    println!("\nshuffled, an epoch after the other, for ever the same:");
    for epoch in 0..3 {
        println!("  {:?}", shuffled.iter_epoch(epoch).collect::<Result<Vec<_>, _>>()?);
    }

    // 60,000 pictures of 28 x 28 bytes: shuffled, batched, scaled, made ahead.
    let images = Tensor::zeros([60_000, 28, 28], DType::U8)?;
    let labels = Tensor::zeros([60_000], DType::U8)?;
    let train = Dataset::from_tensor_slices((images, labels))
        .shuffle(10_000, 42)
        .batch(32)
        .try_parallel_map(Parallel::threads(2), |(x, y)| -> gradus::Result<_> {
            Ok((x.cast(DType::F32)?.div(&Tensor::scalar(255.0f32))?, y))
        })
        .prefetch(Prefetch::auto());
    println!("\nelements: {}", train.element_spec()?);
    println!("cardinality: {:?}", train.cardinality());
    let (start, mut count) = (Instant::now(), 0);
    for batch in &train {
        count += batch?.1.len();
    }
    println!("{count} pictures, {:.2} million a second", count as f64 / start.elapsed().as_secs_f64() / 1e6);

    // An iterator's place is data: what follows after a stop is what would have come.
    let mut straight = train.iter();
    let before: Vec<_> = straight.by_ref().take(100).collect::<Result<_, _>>()?;
    let state = straight.state();
    let continued = train.resume(&state)?.count();
    println!("stopped after {} batches, continued with {continued}", before.len());
    Ok(())
}
