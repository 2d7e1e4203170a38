//! What every stage gives, as tables of pipelines and their elements. The values are TensorFlow's.

use gradus_data::{
    Batch, Buckets, Dataset, Element, IgnoreErrors, Interleave, PaddedBatch, Rebatch, Resample, Sample,
    Shuffle, Window,
};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// One case: elements of epoch 0 as they print, and the cardinality.
fn check<T: Debug + Send + 'static>(name: &str, ds: Dataset<T>, elements: &str, cardinality: i64) {
    let got: Result<Vec<T>, _> = ds.iter_epoch(0).collect();
    let got = got.map(|v| format!("{v:?}")).unwrap_or_else(|e| format!("error: {e}"));
    assert_eq!(got, elements, "elements of {name}");
    assert_eq!(ds.cardinality().as_i64(), cardinality, "cardinality of {name}");
}

fn fails<T: Debug + Send + 'static>(name: &str, ds: Dataset<T>, part: &str) {
    match ds.iter_epoch(0).collect::<Result<Vec<T>, _>>() {
        Ok(v) => panic!("{name} gave {v:?}, expected an error with {part:?}"),
        Err(e) => assert!(e.to_string().contains(part), "{name}: {e:?} does not say {part:?}"),
    }
}

fn spec<T: Element>(name: &str, ds: Dataset<T>, expected: &str) {
    assert_eq!(ds.element_spec().unwrap().to_string(), expected, "element spec of {name}");
}

fn range(n: i64) -> Dataset<i64> {
    Dataset::range(0..n)
}

/// fill([x], x): a vector of length x.
fn filled(from: i64, to: i64) -> Dataset<Vec<i64>> {
    Dataset::range(from..to).map(|x| vec![x; x as usize])
}

/// Every window as the vector of its elements.
fn windows(n: i64, window: Window) -> Dataset<Vec<i64>> {
    range(n).window(window).map(|w| w.collect().unwrap())
}

#[test]
fn sources() {
    check("range(5)", range(5), "[0, 1, 2, 3, 4]", 5);
    check("range(2, 5)", Dataset::range(2..5), "[2, 3, 4]", 3);
    check("range(5, 1, -2)", Dataset::range_step(5, 1, -2), "[5, 3]", 2);
    check("range(5, 1)", Dataset::range_step(5, 1, 1), "[]", 0);
    fails("a step of 0", Dataset::range_step(5, 1, 0), "step must not be 0");
    check("from_tensors", Dataset::from_tensors(vec![1, 2, 3]), "[[1, 2, 3]]", 1);
    let slices = Dataset::from_tensor_slices((vec![1, 2], vec![vec![3, 4], vec![5, 6]]));
    spec("from_tensor_slices", slices.clone(), "('int32[]', 'int32[2]')");
    check("from_tensor_slices", slices, "[(1, [3, 4]), (2, [5, 6])]", 2);
    let named = BTreeMap::from([("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![3, 4])]);
    let named = Dataset::from_tensor_slices(named);
    spec("named slices", named.clone(), "{'a': 'int32[]', 'b': 'int32[]'}");
    check("named slices", named, r#"[{"a": 1, "b": 3}, {"a": 2, "b": 4}]"#, 2);
    fails("slices of different lengths", Dataset::from_tensor_slices((vec![1, 2], vec![3])), "[2, 1]");
    check("from_generator", Dataset::from_generator(|| [1, 4, 9].into_iter()), "[1, 4, 9]", -2);
    check("counter", Dataset::counter(5, 2).take(4), "[5, 7, 9, 11]", 4);
    check("random", Dataset::random(1).take(10).map(|_| 1), "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]", 10);
}

#[test]
fn batches() {
    check("batch(3)", range(10).batch(3), "[[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]", 4);
    let dropping = range(10).batch(Batch::new(3).drop_remainder(true));
    spec("batch drop", dropping.clone(), "int64[3]");
    check("batch drop", dropping, "[[0, 1, 2], [3, 4, 5], [6, 7, 8]]", 3);
    check("batch all", range(4).batch(4), "[[0, 1, 2, 3]]", 1);
    check("batch few", range(2).batch(5), "[[0, 1]]", 1);
    check("batch none", range(0).batch(2), "[]", 0);
    let twice = range(6).batch(2).batch(2);
    spec("batch twice", twice.clone(), "int64[None, None]");
    check("batch twice", twice, "[[[0, 1], [2, 3]], [[4, 5]]]", 2);
    fails("batch of lengths", filled(0, 3).batch(2), "length 1, element 0 has 0");
    fails("batch(0)", range(3).batch(0), "0 elements");
    let padded = |from, to, o| filled(from, to).padded_batch(o);
    let plain = padded(1, 5, PaddedBatch::new(2));
    spec("padded_batch", plain.clone(), "int64[None, None]");
    check("padded_batch", plain, "[[[1, 0], [2, 2]], [[3, 3, 3, 0], [4, 4, 4, 4]]]", 2);
    check(
        "padded to 5",
        padded(1, 5, PaddedBatch::new(2).padded_shapes(Some(5))),
        "[[[1, 0, 0, 0, 0], [2, 2, 0, 0, 0]], [[3, 3, 3, 0, 0], [4, 4, 4, 4, 0]]]",
        2,
    );
    check(
        "padded with -1",
        padded(1, 5, PaddedBatch::new(3).padding_values(Some(-1))),
        "[[[1, -1, -1], [2, 2, -1], [3, 3, 3]], [[4, 4, 4, 4]]]",
        2,
    );
    fails(
        "padded too short",
        padded(1, 5, PaddedBatch::new(2).padded_shapes(Some(2))),
        "padded shape is [2]",
    );
    check("ragged_batch", filled(1, 5).ragged_batch(2), "[[[1], [2, 2]], [[3, 3, 3], [4, 4, 4, 4]]]", 2);
    let ragged = filled(1, 5).ragged_batch(Batch::new(3).drop_remainder(true));
    spec("ragged_batch drop", ragged.clone(), "int64[3, None]");
    check("ragged_batch drop", ragged, "[[[1], [2, 2], [3, 3, 3]]]", 1);
    check("unbatch", Dataset::from_vec(vec![vec![1, 2], vec![3, 4]]).unbatch(), "[1, 2, 3, 4]", -2);
    let zipped = range(3).zip(range(3)).batch(2).unbatch();
    check("unbatch pairs", zipped, "[(0, 0), (1, 1), (2, 2)]", -2);
    check("rebatch turns", range(8).batch(4).rebatch([2, 1, 1]), "[[0, 1], [2], [3], [4, 5], [6], [7]]", -2);
    check("rebatch", range(7).batch(4).rebatch(3), "[[0, 1, 2], [3, 4, 5], [6]]", -2);
    let dropping = range(7).batch(4).rebatch(Rebatch::from(3).drop_remainder(true));
    check("rebatch drop", dropping, "[[0, 1, 2], [3, 4, 5]]", -2);
}

#[test]
fn parts_and_orders() {
    check("repeat(0)", range(3).repeat(0), "[]", 0);
    check("repeat forever", range(3).repeat_forever().take(7), "[0, 1, 2, 0, 1, 2, 0]", 7);
    check("repeat nothing", range(0).repeat_forever(), "[]", 0);
    check("take", range(10).take(3), "[0, 1, 2]", 3);
    check("take more", range(3).take(10), "[0, 1, 2]", 3);
    check("take all", range(3).take(usize::MAX), "[0, 1, 2]", 3);
    check("skip", range(10).skip(7), "[7, 8, 9]", 3);
    check("skip all", range(3).skip(usize::MAX), "[]", 0);
    check("shard", range(10).shard(3, 0), "[0, 3, 6, 9]", 4);
    check("shard last", range(10).shard(3, 2), "[2, 5, 8]", 3);
    check("shard empty", range(2).shard(3, 2), "[]", 0);
    check("shard streamed", range(10).filter(|_| true).shard(3, 1), "[1, 4, 7]", -2);
    fails("shard 3 of 3", range(2).shard(3, 3), "not below the number of shards, 3");
    check("take_while", range(10).take_while(|x| *x < 5), "[0, 1, 2, 3, 4]", -2);
    check("filter", range(10).filter(|x| x % 3 == 0), "[0, 3, 6, 9]", -2);
    check("unique", Dataset::from_vec(vec![1, 37, 2, 37, 2, 1]).unique(), "[1, 37, 2]", -2);
    check("enumerate", range(3).enumerate(), "[(0, 0), (1, 1), (2, 2)]", 3);
    check("map", range(4).map(|x| x * x), "[0, 1, 4, 9]", 4);
    check("zip", range(3).zip(Dataset::range(10..15)), "[(0, 10), (1, 11), (2, 12)]", 3);
    check("concatenate", range(3).concatenate(Dataset::range(7..9)), "[0, 1, 2, 7, 8]", 5);
    check("prefetch", range(5).prefetch(2), "[0, 1, 2, 3, 4]", 5);
    check("apply", range(6).apply(|ds| ds.filter(|x| *x < 3)), "[0, 1, 2]", -2);
    check("scan", Dataset::range(1..7).scan((0, 1), |(a, b), _| ((b, a + b), a)), "[0, 1, 1, 2, 3, 5]", 6);
    check(
        "scan pairs",
        range(5).scan(10, |s, x| (s - x, (s, x))),
        "[(10, 0), (10, 1), (9, 2), (7, 3), (4, 4)]",
        5,
    );
    check("shuffle(1)", range(6).shuffle(1, 3), "[0, 1, 2, 3, 4, 5]", 6);
    let listed = range(20).filter(|x| x % 2 == 0).map(|x| 3 * x).batch(4).prefetch(1);
    check("chain", listed, "[[0, 6, 12, 18], [24, 30, 36, 42], [48, 54]]", -2);
    let chain = range(9).skip(2).filter(|x| x % 4 != 0).map(|x| 2 * x + 1).repeat(2).take(3).batch(3);
    check("long chain", chain, "[[5, 7, 11]]", -2);
    assert_eq!(range(4).reduce((0, 0), |(n, s), x| (n + 1, s + x)).unwrap(), (4, 6));
    assert_eq!(range(0).reduce(7, |s, x| s + x).unwrap(), 7);
    assert_eq!(Dataset::from_tensors(4).get_single_element().unwrap(), 4);
    assert!(range(2).get_single_element().is_err());
}

#[test]
fn nested() {
    check("flat_map", range(4).flat_map(range), "[0, 0, 1, 0, 1, 2]", -2);
    check("window drop", windows(7, Window::size(3).drop_remainder(true)), "[[0, 1, 2], [3, 4, 5]]", 2);
    let shifted = Window::size(3).shift(1);
    check(
        "window shift",
        windows(7, shifted),
        "[[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6], [6]]",
        7,
    );
    check(
        "window stride",
        windows(7, Window::size(3).shift(2).stride(2)),
        "[[0, 2, 4], [2, 4, 6], [4, 6], [6]]",
        4,
    );
    check("window wide", windows(7, Window::size(2).stride(3).drop_remainder(true)), "[[0, 3], [2, 5]]", 2);
    check("window gaps", windows(11, Window::size(2).shift(4).stride(3)), "[[0, 3], [4, 7], [8]]", 3);
    check("window apart", windows(8, Window::size(1).shift(3).drop_remainder(true)), "[[0], [3], [6]]", 3);
    let pairs = range(4).zip(Dataset::range(4..8)).window(2).flat_map(|w| w.batch(2));
    check("windows of pairs", pairs, "[([0, 1], [4, 5]), ([2, 3], [6, 7])]", -2);
    let lengths: [(&[i64], usize, usize, &str); 6] = [
        (&[1, 0, 3, 0], 4, 3, "[0, 20, 21, 22]"),
        (&[5, 0], 2, 3, "[0, 1, 2, 3, 4]"),
        (&[0, 3, 1, 2], 3, 3, "[10, 11, 12, 20, 30, 31]"),
        (&[5, 3, 2], 2, 1, "[0, 10, 1, 11, 2, 12, 3, 4, 20, 21]"),
        (&[1, 5], 4, 1, "[0, 10, 11, 12, 13, 14]"),
        (&[0, 3, 0, 0], 2, 1, "[10, 11, 12]"),
    ];
    for (lengths, cycle, block, expected) in lengths {
        for parallel in [false, true] {
            let lengths = lengths.to_vec();
            let options = Interleave::cycle_length(cycle).block_length(block).parallel(parallel);
            let ds = range(lengths.len() as i64)
                .interleave(options, move |i| Dataset::range(10 * i..10 * i + lengths[i as usize]));
            check(&format!("{options:?}"), ds, expected, -2);
        }
    }
    let six = |cycle, block| {
        let options = Interleave::cycle_length(cycle).block_length(block);
        Dataset::range(1..6).interleave(options, |x| Dataset::from_element(x).repeat(6))
    };
    check(
        "interleave 2, 4",
        six(2, 4),
        "[1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5]",
        -2,
    );
    check(
        "interleave 3, 2",
        six(3, 2),
        "[1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 4, 4, 5, 5, 4, 4, 5, 5]",
        -2,
    );
}

#[test]
fn cardinalities() {
    let (inf, unknown) = (|| range(10).repeat_forever(), || range(10).filter(|x| *x > 3));
    let cases = [
        ("inf", inf().cardinality(), -1),
        ("unknown.repeat()", unknown().repeat_forever().cardinality(), -1),
        ("unknown.repeat(2)", unknown().repeat(2).cardinality(), -2),
        ("unknown.repeat(0)", unknown().repeat(0).cardinality(), 0),
        ("inf.repeat(2)", inf().repeat(2).cardinality(), -1),
        ("inf.take(4)", inf().take(4).cardinality(), 4),
        ("inf.take(-1)", inf().take(usize::MAX).cardinality(), -1),
        ("unknown.take(3)", unknown().take(3).cardinality(), -2),
        ("inf.skip(3)", inf().skip(3).cardinality(), -1),
        ("inf.batch", inf().batch(3).cardinality(), -1),
        ("zip(inf, unknown)", inf().zip(unknown()).cardinality(), -2),
        ("zip(inf, 3)", inf().zip(range(3)).cardinality(), 3),
        ("zip(0, unknown)", range(0).zip(unknown()).cardinality(), -2),
        ("unknown + inf", unknown().concatenate(inf()).cardinality(), -1),
        ("inf.shard", inf().shard(3, 1).cardinality(), -1),
        ("inf.window", inf().window(3).cardinality(), -1),
        ("inf.unbatch", inf().batch(2).unbatch().cardinality(), -1),
        ("inf.flat_map", inf().flat_map(|_| range(2)).cardinality(), -2),
        ("inf.scan", inf().scan(0, |s, x| (s, x)).cardinality(), -1),
        ("range.window(3)", range(10).window(3).cardinality(), 4),
        ("shuffle.prefetch", range(10).shuffle(3, 0).prefetch(1).cardinality(), 10),
    ];
    for (name, got, expected) in cases {
        assert_eq!(got.as_i64(), expected, "{name}");
    }
}

#[test]
fn shuffles_keep_their_promises() {
    for (n, buffer) in [(10, 3), (20, 20), (50, 10)] {
        let streamed = |ds: Dataset<i64>| ds.filter(|_| true);
        for (kind, ds) in [("by number", range(n)), ("streamed", streamed(range(n)))] {
            let again = ds.clone().shuffle(buffer, 7);
            let ds = ds.shuffle(buffer, 7);
            let epoch = |ds: &Dataset<i64>, e| ds.iter_epoch(e).collect::<Result<Vec<_>, _>>().unwrap();
            let first = epoch(&ds, 0);
            for (place, x) in first.iter().enumerate() {
                assert!(
                    *x < (place + buffer) as i64,
                    "{kind}: {x} came at {place} from a buffer of {buffer}"
                );
            }
            let mut sorted = first.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..n).collect::<Vec<_>>(), "{kind}");
            assert_eq!(first, epoch(&again, 0), "{kind}: one seed, one order");
            assert_ne!(first, epoch(&ds, 1), "{kind}: epochs differ");
        }
        let still = range(n).shuffle_with(Shuffle::buffer(buffer).reshuffle_each_iteration(false));
        let [a, b] = [0, 1].map(|_| still.iter().collect::<Result<Vec<_>, _>>().unwrap());
        assert_eq!(a, b, "one order without reshuffling");
    }
    let repeated = range(6).shuffle(6, 1).repeat(2).collect().unwrap();
    let (a, b) = repeated.split_at(6);
    assert_ne!(a, b, "epochs of repeat differ");
    for half in [a, b] {
        let mut half = half.to_vec();
        half.sort_unstable();
        assert_eq!(half, [0, 1, 2, 3, 4, 5], "shuffle before repeat keeps epochs apart");
    }
}

#[test]
fn groups_and_buckets() {
    let group = |n, modulus: i64, size, window| {
        range(n).group_by_window(move |x| x % modulus, move |_, ds| ds.batch(size), window)
    };
    check("group_by_window 4", group(12, 3, 2, 4), "[[0, 3], [6, 9], [1, 4], [7, 10], [2, 5], [8, 11]]", -2);
    check("group_by_window 2", group(11, 2, 2, 2), "[[0, 2], [1, 3], [4, 6], [5, 7], [8, 10], [9]]", -2);
    check("group_by_window rest", group(7, 3, 3, 3), "[[0, 3, 6], [1, 4], [2, 5]]", -2);
    // The rests follow by key, not by arrival.
    let mixed = Dataset::from_vec(vec![2, 1, 0, 2, 2, 1, 5]);
    let mixed = mixed.group_by_window(|x| *x, |_, ds| ds.batch(9), 2);
    check("group_by_window order", mixed, "[[2, 2], [1, 1], [0], [2], [5]]", -2);
    let by_key = range(9).group_by_window_of(|x| x % 2, |_, ds| ds.batch(4), |k| (*k as usize + 1) * 2);
    check("window_size_func", by_key, "[[0, 2], [4, 6], [1, 3, 5, 7], [8]]", -2);
    let endless = range(9).repeat_forever().group_by_window(|x| x % 2, |_, ds| ds.batch(2), 2);
    assert_eq!(endless.cardinality().as_i64(), -1);

    let data = || {
        Dataset::from_vec(vec![
            vec![0],
            vec![1, 2, 3, 4],
            vec![5, 6, 7],
            vec![7, 8, 9, 10, 11],
            vec![13, 14, 15, 16, 19, 20],
            vec![21, 22],
        ])
    };
    check(
        "buckets to boundaries",
        data().bucket_by_sequence_length(
            Vec::len,
            Buckets::new([4, 7], [2, 2, 1]).pad_to_bucket_boundary(Some),
        ),
        "[[[0, 0, 0], [5, 6, 7]], [[1, 2, 3, 4, 0, 0], [7, 8, 9, 10, 11, 0]], [[21, 22, 0]], \
         [[13, 14, 15, 16, 19, 20]]]",
        -2,
    );
    check(
        "buckets",
        data().bucket_by_sequence_length(Vec::len, Buckets::new([3, 5], [2, 2, 2]).drop_remainder(true)),
        "[[[1, 2, 3, 4], [5, 6, 7, 0]], [[7, 8, 9, 10, 11, 0], [13, 14, 15, 16, 19, 20]], [[0, 0], [21, 22]]]",
        -2,
    );
    fails(
        "too long for a boundary",
        data().bucket_by_sequence_length(Vec::len, Buckets::new([5], [2, 2]).pad_to_bucket_boundary(Some)),
        "last boundary",
    );
    fails(
        "wrong sizes",
        data().bucket_by_sequence_length(Vec::len, Buckets::new([5], [2])),
        "need 2 batch sizes",
    );
}

#[test]
fn several_datasets() {
    let two = || [range(2), Dataset::range(10..15)];
    let choices = || Dataset::from_vec(vec![0, 1, 0, 1, 0, 1]);
    check("choose, stop", Dataset::choose_from_datasets(two(), choices(), true), "[0, 10, 1, 11]", -2);
    check("choose", Dataset::choose_from_datasets(two(), choices(), false), "[0, 10, 1, 11, 12]", -2);
    fails(
        "choose the third of two",
        Dataset::choose_from_datasets(two(), Dataset::from_vec(vec![2]), true),
        "choice 2, there are 2",
    );
    let options = Sample::new().weights([1.0, 0.0]).stop_on_empty_dataset(true);
    let one = Dataset::sample_from_datasets([range(3), Dataset::range(10..14)], options);
    check("sample with weight 0", one, "[0, 1, 2]", 3);
    let all = Dataset::sample_from_datasets([range(3), Dataset::range(10..14)], Sample::new().seed(1));
    let mut elements = all.collect().unwrap();
    elements.sort_unstable();
    assert_eq!(elements, [0, 1, 2, 10, 11, 12, 13]);
    fails(
        "no weight",
        Dataset::sample_from_datasets(two(), Sample::new().weights([0.0, 0.0])),
        "nor all zero",
    );

    let options = Sample::new().weights([0.75, 0.25]).seed(5).stop_on_empty_dataset(true);
    let sampled = Dataset::sample_from_datasets([range(2000), Dataset::range(10_000..20_000)], options);
    let drawn = sampled.collect().unwrap();
    let (first, second): (Vec<i64>, Vec<i64>) = drawn.iter().partition(|x| **x < 10_000);
    assert!(first.is_sorted() && second.is_sorted(), "the order of each source is kept");
    assert_eq!(first.len(), 2000, "it stops when the first source has ended");
    let share = first.len() as f64 / drawn.len() as f64;
    // 2,667 draws: six standard deviations are 0.05.
    assert!((share - 0.75).abs() < 0.05, "share of the first source: {share}");

    let same = Dataset::from_vec(vec![0; 40]).rejection_resample(|_| 0, Resample::target([1.0])).take(20);
    check("rejection_resample of one class", same, &format!("{:?}", vec![0; 20]), -2);
    let ds = range(40_000).map(|x| usize::from(x % 10 == 0));
    for options in [Resample::target([0.5, 0.5]), Resample::target([0.5, 0.5]).initial([0.9, 0.1])] {
        let kept = ds.clone().rejection_resample(|c| *c, options.seed(3)).collect().unwrap();
        let ones = kept.iter().sum::<usize>() as f64 / kept.len() as f64;
        assert!((ones - 0.5).abs() < 0.04, "share of the rare class {ones} of {}", kept.len());
        assert!(kept.len() > 7_500, "the rare class is kept: {}", kept.len());
    }
}

#[test]
fn remembering() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    check("cache", range(5).cache(), "[0, 1, 2, 3, 4]", 5);
    check("cache, repeat", range(3).cache().repeat(2), "[0, 1, 2, 0, 1, 2]", 6);
    let calls = Arc::new(AtomicU64::new(0));
    let counted = |calls: &Arc<AtomicU64>| {
        let calls = Arc::clone(calls);
        range(10).map(move |x| {
            calls.fetch_add(1, Ordering::Relaxed);
            x
        })
    };
    let cached = counted(&calls).cache();
    assert!(cached.iter().take(4).count() == 4, "a pass given up is not kept");
    for _ in 0..3 {
        assert_eq!(cached.iter().count(), 10);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 14);

    let folder = tempfile::tempdir().unwrap();
    for name in ["snapshot", "cache_file"] {
        calls.store(0, Ordering::Relaxed);
        let pairs = || counted(&calls).map(|x| (x, vec![format!("{x}")], Some(x as f32)));
        let build = || match name {
            "snapshot" => pairs().snapshot(folder.path().join("snap")),
            _ => pairs().cache_file(folder.path().join("cache.tfrecord")),
        };
        let first = build().collect().unwrap();
        assert_eq!(first, pairs().collect().unwrap());
        calls.store(0, Ordering::Relaxed);
        assert_eq!(build().iter_epoch(3).collect::<Result<Vec<_>, _>>().unwrap(), first);
        assert_eq!(calls.load(Ordering::Relaxed), 0, "{name}: another dataset reads the file");
        assert_eq!(build().cardinality().as_i64(), 10);
    }
    let file = folder.path().join("cache.tfrecord");
    fails("another type", range(4).map(|x| x.to_string()).cache_file(&file), "elements of another type");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let hurt = range(4).map(|x| (x, vec![String::new()], Some(1.0f32))).cache_file(&file);
    fails("a flipped bit", hurt, "cache.tfrecord, record ");
    let leftovers = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(leftovers, 2, "no temporary file stays");

    let frozen = range(20).shuffle(20, 1).cache();
    let live = range(20).cache().shuffle(20, 1);
    let epoch = |ds: &Dataset<i64>| ds.iter().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(epoch(&frozen), epoch(&frozen), "a shuffle before the cache is frozen");
    assert_ne!(epoch(&live), epoch(&live), "a shuffle behind it is not");
}

#[test]
fn errors_are_placed_and_can_be_ignored() {
    let inverse = |x: i64| 1.0 / x as f64;
    let ds = || Dataset::from_vec(vec![1, 2, 0, 4]).map(inverse).check_numerics(|x| vec![*x]);
    let skipped = IgnoreErrors::all();
    check("ignore_errors", ds().ignore_errors(&skipped), "[1.0, 0.5, 0.25]", -2);
    let list = skipped.skipped();
    assert_eq!((list.len(), list[0].index(), list[0].stage()), (1, Some(2), Some("check_numerics")));
    let failing = || range(10).try_map(|x| if x % 2 == 0 { Err("even") } else { Ok(x) });
    fails(
        "more errors than allowed",
        failing().ignore_errors(&IgnoreErrors::at_most(3)),
        "more than 3 errors",
    );
    check("assert_cardinality", range(5).filter(|x| *x >= 0).assert_cardinality(5), "[0, 1, 2, 3, 4]", 5);
    fails("fewer", range(5).assert_cardinality(6), "expected 6 elements, the dataset has only 5");
    fails("more", range(5).assert_cardinality(4), "expected 4 elements, the dataset has more");
    let panics = || range(9).map(|x| if x == 4 { panic!("no four") } else { x });
    let cases: Vec<(&str, Dataset<i64>, &str)> = vec![
        ("map", panics(), "map (stage 1), element 4: panicked: no four"),
        ("behind others", panics().prefetch(2).shuffle(3, 0), "map (stage 1), element 4: panicked"),
        (
            "filter",
            range(9).filter(|x| if *x == 2 { panic!("no two") } else { true }),
            "filter (stage 1), element 2: panicked: no two",
        ),
        (
            "generator",
            Dataset::from_generator(|| (0..).map(|x| if x == 3 { panic!("no three") } else { x })),
            "from_generator (stage 0), element 3: panicked: no three",
        ),
        (
            "flat_map",
            range(3).flat_map(|_| panic!("no sets")),
            "flat_map (stage 1), element 0: panicked: no sets",
        ),
        ("try_map", failing(), "map (stage 1), element 0: even"),
    ];
    for (name, ds, part) in cases {
        fails(name, ds, part);
    }
    let after: Vec<i64> = panics().iter().flatten().collect();
    assert_eq!(after, [0, 1, 2, 3, 5, 6, 7, 8], "the stream goes on behind a panic");
}
