//! Every pipeline, interrupted at every element, continues with the same elements.

use gradus_data::{
    Buckets, Dataset, IgnoreErrors, Interleave, IteratorState, Parallel, Prefetch, Resample, Sample, Window,
};

fn range(n: i64) -> Dataset<i64> {
    Dataset::range(0..n)
}

fn text<T: std::fmt::Debug + Send + 'static>(ds: Dataset<T>) -> Dataset<String> {
    ds.map(|x| format!("{x:?}"))
}

fn streamed(n: i64) -> Dataset<i64> {
    range(n).filter(|x| x % 5 != 3)
}

fn pipelines() -> Vec<(&'static str, Dataset<String>)> {
    let failing = |ds: Dataset<i64>| ds.try_map(|x| if x % 7 == 2 { Err("seven") } else { Ok(x) });
    vec![
        ("range", text(range(20))),
        ("filter, map", text(streamed(30).map(|x| x * 2))),
        ("shuffle by number", text(range(30).shuffle(7, 1))),
        ("shuffle streamed", text(streamed(40).shuffle(7, 1))),
        ("shuffle streamed, errors", text(failing(streamed(40)).shuffle(7, 1))),
        ("shuffle, errors, shuffle", text(failing(range(30)).shuffle(4, 1).shuffle(5, 2))),
        ("shuffle, repeat, batch", text(range(10).shuffle(10, 3).repeat(3).batch(4))),
        ("shuffle, repeat, batch streamed", text(streamed(12).shuffle(5, 3).repeat(3).batch(4))),
        ("repeat forever, take", text(streamed(12).shuffle(5, 3).repeat_forever().take(50))),
        ("errors in batches", text(failing(streamed(40)).batch(3))),
        ("batch, unbatch", text(streamed(30).batch(4).unbatch())),
        ("rebatch", text(streamed(30).batch(4).rebatch([2, 3]))),
        ("parallel_map", text(streamed(70).parallel_map(3, |x| x + 1))),
        (
            "parallel_map, errors",
            text(failing(streamed(60).parallel_map(3, |x| x + 1)).parallel_map(2, |x| x)),
        ),
        ("map_random", text(streamed(40).map_random(9, |x, rng| Ok::<_, String>((x, rng.below(1000)))))),
        (
            "parallel_map_random",
            text(streamed(40).parallel_map_random(3, 9, |x, rng| Ok::<_, String>((x, rng.below(1000))))),
        ),
        ("prefetch", text(streamed(70).shuffle(5, 0).prefetch(3))),
        ("prefetch auto", text(streamed(70).batch(2).prefetch(Prefetch::auto()))),
        ("prefetch by number", text(range(70).shuffle(100, 4).batch(3).prefetch(2))),
        ("take, skip", text(streamed(40).skip(5).take(20))),
        ("take_while", text(streamed(40).take_while(|x| *x < 22))),
        ("shard", text(streamed(40).shard(3, 1))),
        ("zip", text(streamed(30).zip(range(40).shuffle(3, 1)).enumerate())),
        ("concatenate", text(streamed(10).concatenate(streamed(20)))),
        ("flat_map", text(streamed(8).flat_map(|x| range(x).shuffle(3, 2)))),
        ("interleave", text(streamed(12).interleave(Interleave::cycle_length(3).block_length(2), range))),
        (
            "interleave parallel",
            text(streamed(12).interleave(Interleave::cycle_length(3).block_length(2).parallel(true), range)),
        ),
        ("window", text(streamed(30).window(Window::size(4).shift(3).stride(2)).flat_map(|w| w.batch(10)))),
        ("scan", text(streamed(30).scan(0, |s, x| (s + x, s + x)))),
        ("unique", text(streamed(60).map(|x| x % 13).unique())),
        ("cache", text(streamed(30).shuffle(6, 2).cache().shuffle(5, 1).repeat(2))),
        ("ignore_errors", text(failing(streamed(40)).ignore_errors(&IgnoreErrors::all()).batch(3))),
        ("assert_cardinality", text(streamed(20).assert_cardinality(16))),
        ("assert_cardinality, wrong", text(streamed(20).assert_cardinality(9))),
        (
            "group_by_window",
            text(streamed(30).group_by_window(|x| x % 3, |_, w| w.shuffle(4, 1).batch(2), 4)),
        ),
        (
            "buckets",
            text(
                streamed(30)
                    .map(|x| vec![x; x as usize % 9])
                    .bucket_by_sequence_length(Vec::len, Buckets::new([3, 5], [2, 3, 2])),
            ),
        ),
        (
            "sample",
            text(Dataset::sample_from_datasets(
                [streamed(20), range(30), range(9)],
                Sample::new().weights([0.5, 0.3, 0.2]).seed(4),
            )),
        ),
        (
            "choose",
            text(Dataset::choose_from_datasets(
                [streamed(20), range(6)],
                Dataset::random(3).map(|x| x % 2).take(30),
                false,
            )),
        ),
        (
            "resample",
            text(streamed(90).rejection_resample(|x| usize::from(x % 4 == 0), Resample::target([0.5, 0.5]))),
        ),
        ("generator", text(Dataset::from_generator(|| 0..25).shuffle(4, 1).batch(2))),
    ]
}

#[test]
fn every_pipeline_continues_from_every_element() {
    for (name, ds) in pipelines() {
        for epoch in [0, 2] {
            let all: Vec<String> =
                ds.iter_epoch(epoch).map(|x| x.unwrap_or_else(|e| e.to_string())).collect();
            assert!(all.len() > 4, "{name} gives only {all:?}");
            for cut in 0..=all.len() {
                let mut iter = ds.iter_epoch(epoch);
                for expected in &all[..cut] {
                    let got = iter.next().unwrap().unwrap_or_else(|e| e.to_string());
                    assert_eq!(&got, expected, "{name}, epoch {epoch}");
                }
                let state = iter.state();
                drop(iter);
                let bytes = state.to_bytes();
                let state = IteratorState::from_bytes(&bytes).unwrap();
                let resumed = ds.resume(&state).unwrap_or_else(|e| panic!("{name}, cut at {cut}: {e}"));
                let first_state = resumed.state();
                let rest: Vec<String> = resumed.map(|x| x.unwrap_or_else(|e| e.to_string())).collect();
                assert_eq!(rest, all[cut..], "{name}, epoch {epoch}, cut at {cut}, {state:?}");
                // A state taken right after continuing is as good as the one continued from.
                let again = ds.resume(&first_state).unwrap();
                let rest: Vec<String> = again.map(|x| x.unwrap_or_else(|e| e.to_string())).collect();
                assert_eq!(rest, all[cut..], "{name}, epoch {epoch}, cut at {cut}, continued twice");
            }
        }
    }
}

#[test]
fn an_unordered_map_continues_with_the_elements_not_yet_given() {
    let ds = streamed(60).parallel_map(Parallel::threads(4).unordered(), |x| x);
    for cut in 0..48 {
        let mut iter = ds.iter_epoch(0);
        let mut got: Vec<i64> = iter.by_ref().take(cut).map(|x| x.unwrap()).collect();
        let state = iter.state();
        drop(iter);
        got.extend(ds.resume(&state).unwrap().map(|x| x.unwrap()));
        got.sort_unstable();
        assert_eq!(got, streamed(60).collect().unwrap(), "cut at {cut}");
    }
}

#[test]
fn a_state_of_another_pipeline_is_refused() {
    let state = range(10).filter(|_| true).iter().state();
    let error = range(10).take_while(|_| true).resume(&state).unwrap_err();
    assert!(error.to_string().contains("`filter`"), "{error}");
}
