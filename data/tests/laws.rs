//! Laws that hold for every length, size and seed.

use gradus_data::{Batch, Dataset, IteratorState, Shuffle, Window};
use proptest::prelude::*;

/// The numbers below `n`, reached by number or only one after another.
fn numbers(n: i64, streamed: bool) -> Dataset<i64> {
    let ds = Dataset::range(0..n);
    if streamed { ds.filter(|_| true) } else { ds }
}

fn elements<T: Send + 'static>(ds: &Dataset<T>) -> Vec<T> {
    ds.iter_epoch(0).map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn take_and_skip_are_the_two_parts(n in 0..60i64, k in 0..70usize, streamed: bool) {
        let ds = numbers(n, streamed);
        let parts = ds.clone().take(k).concatenate(ds.clone().skip(k));
        prop_assert_eq!(elements(&parts), elements(&ds));
    }

    #[test]
    fn shards_share_all_elements(n in 0..60i64, shards in 1..8usize, streamed: bool) {
        let ds = numbers(n, streamed);
        let mut all: Vec<i64> = (0..shards).flat_map(|i| elements(&ds.clone().shard(shards, i))).collect();
        all.sort_unstable();
        prop_assert_eq!(all, elements(&ds));
    }

    #[test]
    fn unbatching_undoes_batching(n in 0..60i64, size in 1..9usize, again in 1..9usize, streamed: bool) {
        let ds = numbers(n, streamed);
        prop_assert_eq!(elements(&ds.clone().batch(size).unbatch()), elements(&ds));
        let rebatched = ds.clone().batch(size).rebatch(again);
        prop_assert_eq!(elements(&rebatched), elements(&ds.batch(again)));
    }

    #[test]
    fn a_known_cardinality_is_the_count(
        n in 0..40i64, size in 1..6usize, shift in 1..6usize, stride in 1..4usize, drop: bool, k in 0..50usize,
    ) {
        let ds = Dataset::range(0..n);
        let window = Window::size(size).shift(shift).stride(stride).drop_remainder(drop);
        let counts = [
            (ds.clone().batch(Batch::new(size).drop_remainder(drop)).cardinality(), elements(&ds.clone().batch(Batch::new(size).drop_remainder(drop))).len()),
            (ds.clone().window(window).cardinality(), elements(&ds.clone().window(window)).len()),
            (ds.clone().skip(k).shard(size, 0).cardinality(), elements(&ds.clone().skip(k).shard(size, 0)).len()),
            (ds.clone().repeat(shift).take(k).cardinality(), elements(&ds.clone().repeat(shift).take(k)).len()),
            (ds.clone().zip(ds.clone().skip(k)).cardinality(), elements(&ds.clone().zip(ds.clone().skip(k))).len()),
        ];
        for (declared, counted) in counts {
            prop_assert_eq!(declared.finite(), Some(counted as u64));
        }
    }

    #[test]
    fn a_shuffle_is_a_permutation_near_its_buffer(n in 0..80i64, buffer in 1..90usize, seed: u64, streamed: bool) {
        let ds = numbers(n, streamed).shuffle_with(Shuffle::buffer(buffer).seed(seed));
        let got = elements(&ds);
        for (place, x) in got.iter().enumerate() {
            prop_assert!((*x as usize) < place + buffer);
        }
        let mut sorted = got;
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..n).collect::<Vec<_>>());
    }

    #[test]
    fn hostile_states_are_refused_without_a_panic(bytes: Vec<u8>, words in prop::collection::vec(any::<u64>(), 0..6)) {
        prop_assert!(IteratorState::from_bytes(&bytes).is_err());
        // Well-formed, but of no pipeline, or with positions that do not exist.
        let ds = || Dataset::range(0..9).filter(|_| true).flat_map(|x| Dataset::range(0..x)).batch(2);
        let stage = |name, inputs: Vec<IteratorState>| {
            inputs.into_iter().fold(IteratorState::of(name).words(words.iter().map(|w| w % 64)), IteratorState::input)
        };
        let inner = stage("flat_map", vec![stage("range", vec![])]);
        let state = stage("dataset", vec![stage("batch", vec![inner])]);
        if let Ok(iter) = ds().resume(&state) {
            iter.take(100).for_each(drop);
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn states_go_through_serde() {
    let ds = Dataset::range(0..9).shuffle(3, 1).batch(2);
    let mut iter = ds.iter();
    iter.next();
    let text = serde_json::to_string(&iter.state()).unwrap();
    let state: IteratorState = serde_json::from_str(&text).unwrap();
    assert_eq!(state, iter.state());
}
