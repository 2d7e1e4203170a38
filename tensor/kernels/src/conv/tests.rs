use super::*;
use crate::gemm::Activation;
use crate::simd::{available, with_level};
use crate::threads::with_num_threads;

/// Small whole numbers: sums are exact, so results must agree to the bit.
fn values<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 7 + seed * 5 + i / 11) % 7) as f64 - 3.0)).collect()
}

/// Calls `f(x index, filter index, y index)` for every product of the formula.
fn products(shape: &Conv2dShape, mut f: impl FnMut(usize, usize, usize)) {
    let ([n, h, w, c], [kh, kw, cg, _], [_, oh, ow, o]) = (shape.input, shape.filter, shape.output);
    let Conv2dOptions { strides, dilations, pads, groups } = shape.options;
    let og = o / groups;
    for b in 0..n {
        for (i, j) in (0..oh).flat_map(|i| (0..ow).map(move |j| (i, j))) {
            for (ky, kx) in (0..kh).flat_map(|y| (0..kw).map(move |x| (y, x))) {
                let y = (i * strides[0] + ky * dilations[0]).wrapping_sub(pads[0][0]);
                let x = (j * strides[1] + kx * dilations[1]).wrapping_sub(pads[1][0]);
                if y >= h || x >= w {
                    continue;
                }
                for k in 0..o {
                    for l in 0..cg {
                        let at = ((b * h + y) * w + x) * c + k / og * cg + l;
                        f(at, ((ky * kw + kx) * cg + l) * o + k, ((b * oh + i) * ow + j) * o + k);
                    }
                }
            }
        }
    }
}

fn compare<T: Real>(name: &str, shape: &Conv2dShape, want: &[T], mut run: impl FnMut(&mut [T])) {
    for &level in available() {
        for threads in [1, 2, 3] {
            let mut found = vec![T::from_f64(77.0); want.len()];
            with_level(level, || with_num_threads(threads, || run(&mut found)));
            if let Some(i) = (0..want.len()).find(|&i| want[i] != found[i]) {
                panic!(
                    "{name} {} {level:?} {threads} threads {shape:?}: at {i} expected {:?}, found {:?}",
                    T::DTYPE,
                    want[i],
                    found[i]
                );
            }
        }
    }
}

fn check<T: Real + crate::gemm::Number>(shape: &Conv2dShape) {
    let (x, w) = (values::<T>(shape.input_len(), 1), values::<T>(shape.filter_len(), 2));
    let (dy, bias) = (values::<T>(shape.output_len(), 3), values::<T>(shape.filter[3], 4));
    let mut y: Vec<T> = (0..shape.output_len()).map(|i| bias[i % shape.filter[3].max(1)]).collect();
    let mut dx = vec![T::ZERO; x.len()];
    let mut dw = vec![T::ZERO; w.len()];
    products(shape, |i, k, o| {
        y[o] = y[o] + x[i] * w[k];
        dx[i] = dx[i] + dy[o] * w[k];
        dw[k] = dw[k] + dy[o] * x[i];
    });
    y.iter_mut().for_each(|v| *v = if *v < T::ZERO { T::ZERO } else { *v });
    let e = Epilogue { bias: Some(&bias), activation: Activation::Relu, accumulate: false };
    compare("forward", shape, &y, |out| conv2d(shape, &x, &w, out, &e));
    compare("input gradient", shape, &dx, |out| conv2d_input_gradient(shape, &dy, &w, out));
    compare("filter gradient", shape, &dw, |out| conv2d_filter_gradient(shape, &x, &dy, out));
}

fn same(
    input: [usize; 4],
    kernel: [usize; 2],
    o: usize,
    strides: [usize; 2],
    dilations: [usize; 2],
) -> Conv2dShape {
    let options = Conv2dOptions::same([input[1], input[2]], kernel, strides, dilations);
    Conv2dShape::new(input, [kernel[0], kernel[1], input[3], o], options).unwrap().direct()
}

#[test]
fn sizes_strides_dilations_and_tails() {
    for (input, kernel, o, strides, dilations) in [
        ([2, 5, 6, 3], [3, 3], 5, [1, 1], [1, 1]),
        ([1, 7, 7, 1], [3, 3], 16, [2, 2], [1, 1]),
        ([2, 9, 17, 4], [3, 3], 33, [2, 2], [1, 1]),
        ([1, 10, 8, 2], [5, 3], 17, [3, 2], [1, 1]),
        ([1, 12, 11, 3], [3, 3], 7, [1, 1], [2, 3]),
        ([1, 12, 11, 3], [3, 2], 7, [2, 3], [3, 2]),
        ([3, 4, 4, 17], [1, 1], 9, [1, 1], [1, 1]),
        ([3, 5, 4, 17], [1, 1], 9, [2, 2], [1, 1]),
        ([1, 3, 40, 6], [2, 4], 32, [1, 1], [1, 1]),
        ([1, 1, 1, 5], [3, 3], 6, [1, 1], [1, 1]),
        ([1, 8, 8, 1], [4, 4], 1, [4, 4], [1, 1]),
        ([0, 5, 5, 2], [3, 3], 4, [1, 1], [1, 1]),
        ([1, 5, 5, 0], [3, 3], 4, [1, 1], [1, 1]),
        ([1, 5, 5, 2], [3, 3], 0, [1, 1], [1, 1]),
        ([2, 6, 6, 1], [1, 1], 3, [1, 1], [1, 1]),
        // Few channels: the narrow input gradient, in bands, with vectors of filters that are full, or not.
        ([1, 1, 1, 1], [3, 3], 16, [1, 1], [1, 1]),
        ([1, 61, 15, 1], [3, 3], 15, [1, 1], [1, 1]),
        ([2, 33, 16, 1], [5, 5], 17, [2, 2], [1, 1]),
        ([3, 31, 17, 2], [3, 3], 31, [1, 2], [2, 1]),
        ([1, 40, 9, 3], [7, 7], 32, [2, 2], [1, 1]),
        ([1, 20, 32, 1], [3, 2], 48, [2, 3], [1, 2]),
    ] {
        check::<f32>(&same(input, kernel, o, strides, dilations));
    }
    check::<f64>(&same([2, 9, 17, 4], [3, 3], 21, [2, 1], [1, 1]));
}

#[test]
fn explicit_pads_and_groups() {
    let options = Conv2dOptions { pads: [[0, 3], [4, 1]], strides: [2, 3], ..Conv2dOptions::default() };
    check::<f32>(&Conv2dShape::new([2, 6, 7, 3], [2, 3, 3, 5], options).unwrap());
    // Padding wider than the filter: some outputs see no pixel at all.
    let options = Conv2dOptions { pads: [[5, 5], [5, 5]], ..Conv2dOptions::default() };
    check::<f32>(&Conv2dShape::new([1, 3, 3, 2], [2, 2, 2, 3], options).unwrap());
    // Strides larger than the filter: some inputs are never seen.
    let options = Conv2dOptions { strides: [3, 4], ..Conv2dOptions::default() };
    check::<f32>(&Conv2dShape::new([1, 11, 13, 2], [2, 2, 2, 3], options).unwrap());
    let options = Conv2dOptions { groups: 3, pads: [[1, 1], [1, 1]], ..Conv2dOptions::default() };
    check::<f32>(&Conv2dShape::new([1, 6, 7, 6], [3, 3, 2, 9], options).unwrap());
    let options = Conv2dOptions { groups: 2, strides: [2, 2], dilations: [2, 1], ..options };
    check::<f32>(&Conv2dShape::new([1, 9, 9, 40], [3, 3, 20, 36], options).unwrap());
    let options = Conv2dOptions { groups: 4, ..Conv2dOptions::default() };
    check::<f32>(&Conv2dShape::new([1, 5, 5, 4], [1, 1, 1, 4], options).unwrap());
}

#[test]
#[cfg_attr(miri, ignore = "too slow under the interpreter")]
fn layers_of_networks() {
    check::<f32>(&same([3, 28, 28, 1], [3, 3], 128, [2, 2], [1, 1]));
    check::<f32>(&same([2, 15, 15, 40], [3, 3], 48, [1, 1], [1, 1]));
    check::<f32>(&same([1, 30, 30, 20], [5, 5], 24, [2, 2], [1, 1]));
    check::<f32>(&same([2, 14, 14, 130], [1, 1], 70, [1, 1], [1, 1]));
    check::<f32>(&same([1, 14, 14, 64], [3, 3], 300, [1, 1], [1, 1]));
}

#[test]
fn packed_filters_serve_other_batch_sizes() {
    let shape = same([4, 6, 6, 3], [3, 3], 8, [1, 1], [1, 1]);
    let one = same([1, 6, 6, 3], [3, 3], 8, [1, 1], [1, 1]);
    let (x, w) = (values::<f32>(shape.input_len(), 1), values::<f32>(shape.filter_len(), 2));
    let packed = PackedFilter::forward(&shape, &w);
    let (mut all, mut first) = (vec![0.0; shape.output_len()], vec![0.0; one.output_len()]);
    conv2d_packed(&shape, &x, &packed, &mut all, &Epilogue::NONE);
    conv2d_packed(&one, &x[..one.input_len()], &packed, &mut first, &Epilogue::NONE);
    assert_eq!(first, all[..first.len()]);
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let new = |input, filter, options| Conv2dShape::new(input, filter, options).unwrap_err();
    let plain = Conv2dOptions::default();
    for (found, want) in [
        (
            new([1, 4, 4, 3], [3, 3, 2, 8], plain),
            "conv2d: 3 channels, but 1 groups of 2 in the filter; input [1, 4, 4, 3], filter [3, 3, 2, 8]",
        ),
        (
            new([1, 2, 4, 3], [3, 3, 3, 8], plain),
            "conv2d: a filter that spans 3 is larger than the padded height 2; input [1, 2, 4, 3], filter [3, 3, 3, 8]",
        ),
        (
            new([1, 4, 4, 4], [3, 3, 2, 7], Conv2dOptions { groups: 2, ..plain }),
            "conv2d: 7 filters cannot form 2 groups; input [1, 4, 4, 4], filter [3, 3, 2, 7]",
        ),
        (
            new([1, usize::MAX, 4, 3], [3, 3, 3, 8], plain),
            "conv2d: sizes overflow; input [1, 18446744073709551615, 4, 3], filter [3, 3, 3, 8]",
        ),
    ] {
        assert_eq!(found, want);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under the interpreter")]
fn winograd_agrees_with_direct_convolution() {
    for (input, o, pads) in [
        ([2, 12, 12, 32], 32, [[1, 1], [1, 1]]),
        ([1, 17, 15, 33], 50, [[1, 1], [1, 1]]),
        ([1, 14, 30, 40], 32, [[0, 0], [0, 0]]),
        ([1, 13, 14, 64], 36, [[0, 2], [3, 1]]),
        ([3, 28, 28, 48], 96, [[1, 1], [1, 1]]),
    ] {
        let options = Conv2dOptions { pads, ..Conv2dOptions::default() };
        let fast = Conv2dShape::new(input, [3, 3, input[3], o], options).unwrap();
        let direct = fast.direct();
        assert!(
            winograd::applies(&fast, crate::DType::F32) && !winograd::applies(&direct, crate::DType::F32)
        );
        let noise = |len: usize, seed: u32| -> Vec<f32> {
            let mut x = seed;
            let mut next = || {
                x = x.wrapping_mul(1664525).wrapping_add(1013904223);
                (x >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            (0..len).map(|_| next()).collect()
        };
        let (x, w) = (noise(fast.input_len(), 1), noise(fast.filter_len(), 2));
        let (dy, bias) = (noise(fast.output_len(), 3), noise(o, 4));
        let e = Epilogue { bias: Some(&bias), activation: Activation::Relu, accumulate: false };
        let run = |shape: &Conv2dShape, threads: usize| {
            let (mut y, mut dx) = (vec![9.0; fast.output_len()], vec![9.0; fast.input_len()]);
            with_num_threads(threads, || {
                conv2d(shape, &x, &w, &mut y, &e);
                conv2d_input_gradient(shape, &dy, &w, &mut dx);
            });
            [y, dx]
        };
        for &level in available() {
            with_level(level, || {
                let want = run(&direct, 1);
                let found = run(&fast, 1);
                for threads in 2..=4 {
                    assert!(
                        run(&fast, threads) == found,
                        "{level:?} {input:?}: {threads} threads differ from one"
                    );
                }
                for (what, (want, found)) in ["y", "dx"].iter().zip(want.iter().zip(&found)) {
                    let largest = want.iter().fold(0.0f32, |m, v| m.max(v.abs()));
                    let worst = want.iter().zip(found).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
                    // Four bits more than the 1e-6 of direct sums, see the module.
                    assert!(
                        worst <= 2e-5 * largest,
                        "{level:?} {input:?} {what}: error {worst} of {largest}"
                    );
                }
            });
        }
    }
}
