//! What every stage gives, as tables of pipelines and their elements. The values are TensorFlow's.

use gradus_data::{Batch, Dataset, Element, Interleave, PaddedBatch, Rebatch, Shuffle, Window};
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
