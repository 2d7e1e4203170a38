//! Large images run by ranges of the batch: as the operations one by one, and to the same bits with any number of threads.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::Trace;
use gradus_kernels::threads::with_num_threads;
use gradus_tensor::ops::{ConvOptions, Padding};
use gradus_tensor::{DType, Result, Tensor};

fn numbers(shape: &[usize], k: f64, dtype: DType) -> Tensor {
    let n: usize = shape.iter().product();
    let v: Vec<f64> = (0..n).map(|i| (i as f64 * k).sin() * 0.4).collect();
    Tensor::from_vec(v, shape).unwrap().cast(dtype).unwrap()
}

const SAME: ConvOptions =
    ConvOptions { strides: [1, 1], padding: Padding::Same, dilations: [1, 1], groups: 1 };

/// Widening, a convolution of each channel by itself, narrowing, each normalized; added to x. Then pooling and one more
/// convolution. Loss, statistics, and the gradients of all weights.
fn step(x: &Tensor, w: &[Variable]) -> Result<Vec<Tensor>> {
    let tape = GradientTape::new();
    let v: Vec<Tensor> = w.iter().map(Variable::value).collect();
    let (y, mean, variance) = x.conv2d(&v[0], SAME)?.batch_norm(&v[1], &v[2], 1e-3)?;
    let (y, ..) = y.relu6()?.depthwise_conv2d(&v[3], SAME)?.batch_norm(&v[4], &v[5], 1e-3)?;
    let (y, ..) = y.relu()?.conv2d(&v[6], SAME)?.batch_norm(&v[7], &v[8], 1e-3)?;
    let z = y.add(x)?.conv2d(&v[9], ConvOptions { strides: [2, 2], ..SAME })?;
    let loss = z.square()?.reduce_mean([1, 2], false)?.sigmoid()?.reduce_sum((), false)?;
    let mut out = tape.gradient(&loss, &w.to_vec())?;
    out.extend([loss, mean, variance, z.reduce_max((), false)?]);
    Ok(out)
}

const SHAPES: [&[usize]; 10] =
    [&[1, 1, 6, 44], &[44], &[44], &[3, 3, 44, 1], &[44], &[44], &[1, 1, 44, 6], &[6], &[6], &[3, 3, 6, 5]];

fn weights(dtype: DType) -> Vec<Variable> {
    // Scales of a normalization are near 1.
    let value = |i: usize| {
        let w = numbers(SHAPES[i], 0.7 + i as f64, dtype);
        if [1, 4, 7].contains(&i) { w.add(&w.like(1.0).unwrap()).unwrap() } else { w }
    };
    (0..SHAPES.len()).map(|i| Variable::new(value(i))).collect()
}

/// Sums over 5,000 and more pixels, which ranges round otherwise; through normalizations these errors grow tenfold.
const BOUND: f64 = 2e-5;

/// The largest distance between two tensors, by the larger of 1 and the largest number of the first.
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let [a, b] = [a, b].map(|t| t.cast(DType::F64).unwrap().to_vec::<f64>().unwrap());
    let scale = a.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    a.iter().zip(&b).map(|(x, y)| (x - y).abs() / scale).fold(0.0, f64::max)
}

#[test]
fn an_inverted_residual_runs_by_ranges_to_the_same_result() {
    // A range for each image, ranges of several, and a rest.
    for (batch, dtype) in [(10, DType::F32), (35, DType::F32), (9, DType::F64)] {
        let w = weights(dtype);
        let x = numbers(&[batch, 24, 22, 6], 0.37, dtype);
        let eager = step(&x, &w).unwrap();
        let trace = Trace::of(std::slice::from_ref(&x), |x| step(&x[0], &w)).unwrap();
        let names: Vec<&str> = trace.program().simplified().nodes().iter().map(|n| n.op.name()).collect();
        assert!(names.iter().filter(|n| **n == "rows").count() >= 5, "{names:?}");
        let whole = ["activated_batch_norm", "activated_batch_norm_grad", "normalize", "depthwise_conv2d"];
        assert!(!names.iter().any(|n| whole.contains(n)), "{names:?}");

        let one = with_num_threads(1, || trace.call(std::slice::from_ref(&x))).unwrap();
        for (i, (e, r)) in eager.iter().zip(&one).enumerate() {
            assert_eq!(e.spec(), r.spec());
            let bound = if dtype == DType::F32 { BOUND } else { 1e-13 };
            assert!(distance(e, r) < bound, "{batch} {dtype}, result {i}: {}", distance(e, r));
        }
        for threads in 2..=4 {
            let again = with_num_threads(threads, || trace.call(std::slice::from_ref(&x))).unwrap();
            for (a, b) in one.iter().zip(&again) {
                assert_eq!(a.to_bytes().unwrap(), b.to_bytes().unwrap(), "{threads} threads");
            }
        }
    }
}

#[test]
fn what_is_cheap_is_repeated_rather_than_kept() {
    let (w, x) = (weights(DType::F32), numbers(&[16, 24, 22, 6], 0.37, DType::F32));
    let trace = Trace::of(std::slice::from_ref(&x), |x| step(&x[0], &w)).unwrap();
    let wide = 16 * 24 * 22 * 44 * 4;
    let memory = trace.program().memory();
    // Both wide images as the convolutions give them, a gradient and the one made from it; not what normalizations make of
    // them, which took two more.
    assert!(memory.arena < 5 * wide, "{memory:?}, {wide} bytes a wide image");
}

#[test]
fn small_images_and_small_batches_stay_as_they_are() {
    let w = weights(DType::F32);
    for shape in [[16, 8, 8, 6], [6, 24, 22, 6]] {
        let x = numbers(&shape, 0.37, DType::F32);
        let trace = Trace::of(std::slice::from_ref(&x), |x| step(&x[0], &w)).unwrap();
        let names: Vec<&str> = trace.program().simplified().nodes().iter().map(|n| n.op.name()).collect();
        assert!(!names.contains(&"rows") && names.contains(&"activated_batch_norm"), "{shape:?}: {names:?}");
    }
}

/// Batch normalization by its formula, with relu6 behind it, between two convolutions.
fn by_formula(x: &Tensor, w: &[Variable]) -> Result<Vec<Tensor>> {
    let tape = GradientTape::new();
    let v: Vec<Tensor> = w.iter().map(Variable::value).collect();
    let y = x.conv2d(&v[0], SAME)?;
    let centred = y.sub(&y.reduce_mean([0, 1, 2], true)?)?;
    let variance = centred.square()?.reduce_mean([0, 1, 2], true)?;
    let z = centred.mul(&variance.add(&variance.like(1e-3)?)?.rsqrt()?)?.mul(&v[1])?.add(&v[2])?.relu6()?;
    let loss = z.conv2d(&v[6], SAME)?.square()?.reduce_mean([1, 2], false)?.reduce_mean((), false)?;
    let mut out = tape.gradient(&loss, [&w[0], &w[1], &w[2], &w[6]])?.to_vec();
    out.extend([loss, variance]);
    Ok(out)
}

#[test]
fn sums_over_images_are_taken_where_the_images_are_made() {
    for batch in [10, 35] {
        let (w, x) = (weights(DType::F32), numbers(&[batch, 24, 22, 6], 0.37, DType::F32));
        let eager = by_formula(&x, &w).unwrap();
        let trace = Trace::of(std::slice::from_ref(&x), |x| by_formula(&x[0], &w)).unwrap();
        let g = trace.program().simplified();
        for n in g.nodes().iter().filter(|n| n.op.name() != "rows") {
            let large = n.x.iter().find(|&&v| g.spec(v).len() >= 1 << 17);
            assert!(large.is_none(), "{} reads {}", n.op.name(), g.spec(n.x[0]));
        }
        let one = with_num_threads(1, || trace.call(std::slice::from_ref(&x))).unwrap();
        for (i, (e, r)) in eager.iter().zip(&one).enumerate() {
            assert!(distance(e, r) < BOUND, "{batch}, result {i}: {}", distance(e, r));
        }
        let many = with_num_threads(3, || trace.call(std::slice::from_ref(&x))).unwrap();
        for (a, b) in one.iter().zip(&many) {
            assert_eq!(a.to_bytes().unwrap(), b.to_bytes().unwrap(), "threads");
        }
    }
}

#[test]
fn a_long_chain_is_not_done_again_as_a_whole() {
    let (w, x) = (weights(DType::F32), numbers(&[12, 24, 22, 6], 0.37, DType::F32));
    let step = |x: &Tensor| -> Result<Vec<Tensor>> {
        let tape = GradientTape::new();
        let (a, b) = (w[0].value(), w[6].value());
        let mut y = x.conv2d(&a, SAME)?;
        for _ in 0..40 {
            y = y.mul(&y.like(0.99)?)?.add(&w[2].value())?;
        }
        let mean = y.reduce_mean([0, 1, 2], true)?;
        let loss =
            y.sub(&mean)?.conv2d(&b, SAME)?.square()?.reduce_mean([1, 2], false)?.reduce_sum((), false)?;
        Ok(tape.gradient(&loss, [&w[0], &w[2], &w[6]])?.to_vec())
    };
    let eager = step(&x).unwrap();
    let trace = Trace::of(std::slice::from_ref(&x), |x| step(&x[0])).unwrap();
    for (e, r) in eager.iter().zip(trace.call(std::slice::from_ref(&x)).unwrap()) {
        assert!(distance(e, &r) < BOUND, "{}", distance(e, &r));
    }
}
