use super::*;
use crate::threads;

fn values(n: usize) -> Vec<f64> {
    // Distinct enough for extremes, small enough for products.
    (0..n).map(|i| ((i * 7919 % 10_007) as f64 / 10_007.0 - 0.45) * 2.0).collect()
}

/// The elements that make each output, by walking all indices.
fn groups(shape: &[usize], axes: &[usize], x: &[f64]) -> Vec<Vec<f64>> {
    let kept: Vec<usize> = (0..shape.len()).filter(|i| !axes.contains(i)).collect();
    let mut out = vec![Vec::new(); kept.iter().map(|&i| shape[i]).product()];
    for (flat, v) in x.iter().enumerate() {
        let mut index = vec![0; shape.len()];
        let mut rest = flat;
        for i in (0..shape.len()).rev() {
            index[i] = rest % shape[i];
            rest /= shape[i];
        }
        let at = kept.iter().fold(0, |at, &i| at * shape[i] + index[i]);
        out[at].push(*v);
    }
    out
}

fn plain(op: Reduce, x: &[f64]) -> f64 {
    match op {
        Reduce::Sum => x.iter().sum(),
        Reduce::Mean => x.iter().sum::<f64>() / x.len() as f64,
        Reduce::Prod => x.iter().product(),
        Reduce::Max => x.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b)),
        Reduce::Min => x.iter().fold(f64::INFINITY, |a, b| a.min(*b)),
        Reduce::SumSquares => x.iter().map(|v| v * v).sum(),
        _ => x.iter().map(|v| v.exp()).sum::<f64>().ln(),
    }
}

const CASES: &[(&[usize], &[usize])] = &[
    (&[], &[]),
    (&[0], &[0]),
    (&[3, 0], &[1]),
    (&[0, 3], &[1]),
    (&[1], &[0]),
    (&[15], &[0]),
    (&[16], &[0]),
    (&[17], &[0]),
    (&[33], &[0]),
    (&[1000], &[0]),
    (&[200_001], &[0]),
    (&[3, 100_000], &[1]),
    (&[100_003, 3], &[0]),
    (&[70, 2], &[0]),
    (&[2, 500, 5], &[1]),
    (&[700, 130], &[0]),
    (&[5000, 64], &[0]),
    (&[40, 3000], &[0]),
    (&[40, 3000], &[1]),
    (&[4, 5, 6], &[]),
    (&[4, 5, 6], &[0, 2]),
    (&[4, 5, 6], &[1]),
    (&[4, 5, 6], &[2, 1, 0]),
    (&[3, 1, 7, 4, 5], &[0, 3]),
    (&[8, 33, 33, 17], &[0, 1, 2]),
    (&[2, 3, 4, 5, 6], &[1, 3]),
    (&[300, 7, 9], &[1, 2]),
];

#[test]
fn floats_agree_with_a_plain_evaluation_on_any_number_of_threads() {
    let ops = [
        Reduce::Sum,
        Reduce::Mean,
        Reduce::Prod,
        Reduce::Max,
        Reduce::Min,
        Reduce::SumSquares,
        Reduce::LogSumExp,
    ];
    for &(shape, along) in CASES {
        let axes = Axes::new(shape, along).unwrap();
        let wide = values(shape.iter().product());
        let x: Vec<f32> = wide.iter().map(|v| *v as f32).collect();
        let wide: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        let groups = groups(shape, along, &wide);
        for op in ops {
            let run = |t| {
                let mut y = vec![9.0f32; axes.outputs()];
                threads::with_num_threads(t, || reduce(op, &axes, &x, &mut y)).unwrap();
                y
            };
            let y = run(1);
            let bits = |v: Vec<f32>| v.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            assert_eq!(bits(y.clone()), bits(run(3)), "{op:?} {shape:?} {along:?}: threads");
            let mut z = vec![9.0f64; axes.outputs()];
            reduce(op, &axes, &wide, &mut z).unwrap();
            for ((y, z), group) in y.iter().zip(z).zip(&groups) {
                let e = plain(op, group);
                let size = match op {
                    Reduce::Sum => group.iter().map(|v| v.abs()).sum(),
                    Reduce::Mean => 1.0,
                    _ => e.abs(),
                };
                let good = |v: f64, eps: f64| {
                    v == e || v.is_nan() && e.is_nan() || (v - e).abs() <= eps * size + eps * 1e-3
                };
                assert!(good(f64::from(*y), 3e-6), "{op:?} {shape:?} {along:?}: {e}, found {y}");
                assert!(good(z, 1e-12), "f64 {op:?} {shape:?} {along:?}: {e}, found {z}");
            }
        }
    }
}

#[test]
fn a_long_sum_keeps_its_digits() {
    let x = vec![0.1f32; 10_000_000];
    let mut y = [0.0];
    reduce(Reduce::Sum, &Axes::all(&[x.len()]), &x, &mut y).unwrap();
    let exact = f64::from(0.1f32) * 1e7;
    assert!((f64::from(y[0]) - exact).abs() / exact < 1e-6, "{exact}, found {}", y[0]);
}

#[test]
fn other_types() {
    let axes = Axes::new(&[2, 3], &[1]).unwrap();
    let mut y = [0i8; 2];
    reduce(Reduce::Sum, &axes, &[100i8, 100, 1, 1, 2, 3], &mut y).unwrap();
    assert_eq!(y, [-55, 6]);
    reduce(Reduce::Mean, &axes, &[100i8, 100, 101, -1, -2, -2], &mut y).unwrap();
    assert_eq!(y, [100, -1]);
    let mut y = [0u8; 2];
    reduce(Reduce::Max, &axes, &[1u8, 200, 3, 0, 0, 9], &mut y).unwrap();
    assert_eq!(y, [200, 9]);
    let mut y = [false; 2];
    reduce(Reduce::Any, &axes, &[false, true, false, false, false, false], &mut y).unwrap();
    assert_eq!(y, [true, false]);
    reduce(Reduce::All, &axes, &[true, true, true, true, false, true], &mut y).unwrap();
    assert_eq!(y, [true, false]);
    let x: Vec<half::bf16> = vec![half::bf16::ONE; 3000];
    let mut y = [half::bf16::ZERO];
    reduce(Reduce::Sum, &Axes::all(&[3000]), &x, &mut y).unwrap();
    assert_eq!(y[0], half::bf16::from_f32(3000.0));
    assert!(reduce(Reduce::Max, &axes, &[false; 6], &mut [false; 2]).is_err());
    let nan = [1.0f32, f32::NAN, 3.0];
    for op in [Reduce::Max, Reduce::Min, Reduce::LogSumExp] {
        let mut y = [0.0];
        reduce(op, &Axes::all(&[3]), &nan, &mut y).unwrap();
        assert!(y[0].is_nan(), "{op:?}");
    }
    let mut y = [0.0f32];
    reduce(Reduce::LogSumExp, &Axes::all(&[2]), &[f32::NEG_INFINITY; 2], &mut y).unwrap();
    assert_eq!(y[0], f32::NEG_INFINITY);
    reduce(Reduce::LogSumExp, &Axes::all(&[0]), &[], &mut y).unwrap();
    assert_eq!(y[0], f32::NEG_INFINITY);
    reduce(Reduce::LogSumExp, &Axes::all(&[2]), &[1000.0, 1000.0], &mut y).unwrap();
    assert_eq!(y[0], 1000.0 + 2f32.ln());
}

#[test]
fn axes_out_of_range_or_named_twice_are_errors() {
    assert_eq!(
        Axes::new(&[2, 3], &[2]).unwrap_err().to_string(),
        "reduce: axis 2 is out of range for [2, 3]"
    );
    assert_eq!(
        Axes::new(&[2, 3], &[1, 1]).unwrap_err().to_string(),
        "reduce: axis 1 is named twice in [1, 1]"
    );
}

#[test]
fn arg_gives_the_first_extreme() {
    for dims in [[1, 1, 1], [3, 5, 1], [2, 200, 3], [1, 1000, 1], [4, 33, 700]] {
        let [outer, n, inner] = dims;
        let x: Vec<f32> = (0..outer * n * inner).map(|i| (i * 7919 % 23) as f32).collect();
        let mut y = vec![0; outer * inner];
        arg(Arg::Max, &x, &mut y, dims).unwrap();
        let mut z = vec![0; outer * inner];
        arg(Arg::Min, &x, &mut z, dims).unwrap();
        for o in 0..outer {
            for i in 0..inner {
                let column: Vec<f32> = (0..n).map(|k| x[(o * n + k) * inner + i]).collect();
                let first = |v: f32| column.iter().position(|c| *c == v).unwrap() as i64;
                let top = column.iter().fold(f32::MIN, |a, b| a.max(*b));
                let low = column.iter().fold(f32::MAX, |a, b| a.min(*b));
                assert_eq!((y[o * inner + i], z[o * inner + i]), (first(top), first(low)), "{dims:?}");
            }
        }
    }
    assert!(arg(Arg::Max, &[] as &[f32], &mut [0], [1, 0, 1]).is_err());
}

#[test]
fn scans() {
    let x = [1.0f32, 2.0, 3.0, 4.0];
    let cases: &[(Scan, bool, bool, [f32; 4])] = &[
        (Scan::Sum, false, false, [1.0, 3.0, 6.0, 10.0]),
        (Scan::Sum, true, false, [0.0, 1.0, 3.0, 6.0]),
        (Scan::Sum, false, true, [10.0, 9.0, 7.0, 4.0]),
        (Scan::Sum, true, true, [9.0, 7.0, 4.0, 0.0]),
        (Scan::Prod, false, false, [1.0, 2.0, 6.0, 24.0]),
        (Scan::Prod, true, true, [24.0, 12.0, 4.0, 1.0]),
        (Scan::Max, false, false, [1.0, 2.0, 3.0, 4.0]),
        (Scan::Min, false, true, [1.0, 2.0, 3.0, 4.0]),
    ];
    for &(which, exclusive, reverse, expected) in cases {
        let mut y = [0.0; 4];
        scan(which, exclusive, reverse, &x, &mut y, [1, 4, 1]).unwrap();
        assert_eq!(y, expected, "{which:?} {exclusive} {reverse}");
    }
    let x: Vec<i64> = (0..3 * 50 * 700).map(|i| i % 13).collect();
    let (mut a, mut b) = (vec![0; x.len()], vec![0; x.len()]);
    threads::with_num_threads(1, || scan(Scan::Sum, false, false, &x, &mut a, [3, 50, 700])).unwrap();
    threads::with_num_threads(4, || scan(Scan::Sum, false, false, &x, &mut b, [3, 50, 700])).unwrap();
    assert_eq!(a, b);
    assert_eq!(a[49 * 700 + 5], (0..50).map(|k| x[k * 700 + 5]).sum::<i64>());
}

#[test]
fn narrow_integers_keep_their_range_and_wrap_in_it() {
    let axes = Axes::new(&[2, 0], &[1]).unwrap();
    let mut y = [0i8; 2];
    reduce(Reduce::Max, &axes, &[] as &[i8], &mut y).unwrap();
    assert_eq!(y, [i8::MIN; 2]);
    let mut y = [0u16; 2];
    reduce(Reduce::Min, &axes, &[] as &[u16], &mut y).unwrap();
    assert_eq!(y, [u16::MAX; 2]);
    let axes = Axes::new(&[3], &[0]).unwrap();
    let mut y = [0i8];
    reduce(Reduce::Sum, &axes, &[100i8, 100, 100], &mut y).unwrap();
    assert_eq!(y, [44]);
    reduce(Reduce::Prod, &axes, &[100i8, 100, 100], &mut y).unwrap();
    assert_eq!(y, [1_000_000i64 as i8]);
    let mut y = [0u8; 3];
    scan(Scan::Max, true, false, &[5u8, 200, 7], &mut y, [1, 3, 1]).unwrap();
    assert_eq!(y, [0, 5, 200]);
    let mut y = [0i64];
    arg(Arg::Min, &[3u32, u32::MAX, 1], &mut y, [1, 3, 1]).unwrap();
    assert_eq!(y, [2]);
}
