use super::*;
use crate::simd::{available, with_level};
use crate::threads::with_num_threads;
use crate::{Complex, bf16, f16};

/// Whole numbers from -4 to 4: products are exact, so results must agree to the bit.
fn values<T: Number>(len: usize, seed: usize) -> Vec<T> {
    (0..len)
        .map(|i| {
            T::from_f64(
                ((i * 7 + seed * 13 + i / 5) % 9) as f64
                    - if T::DTYPE.name().starts_with('u') { 0.0 } else { 4.0 },
            )
        })
        .collect()
}

/// The formula, term by term.
fn reference<T: Number>(g: &Gemm, a: &[T], b: &[T], c: &mut [T], e: &Epilogue<'_, T>) {
    for z in 0..g.batch {
        for i in 0..g.m {
            for j in 0..g.n {
                let at = z * g.stride_c + i * g.ldc + j;
                let mut sum = if e.accumulate { c[at] } else { T::ZERO };
                for p in 0..g.k {
                    let x = a[z * g.stride_a + if g.trans_a { p * g.lda + i } else { i * g.lda + p }];
                    let y = b[z * g.stride_b + if g.trans_b { j * g.ldb + p } else { p * g.ldb + j }];
                    sum = sum.plus_product(x, y);
                }
                if let Some(bias) = e.bias {
                    sum = sum.plus_product(T::ONE, bias[j]);
                }
                let v = sum.to_f64();
                c[at] = match e.activation {
                    Activation::None => sum,
                    Activation::Relu => T::from_f64(v.max(0.0)),
                    Activation::Relu6 => T::from_f64(v.clamp(0.0, 6.0)),
                    Activation::LeakyRelu(s) => T::from_f64(if v < 0.0 { v * f64::from(s) } else { v }),
                    other => unreachable!("{other:?} is not exact"),
                };
            }
        }
    }
}

/// Runs one case at every level and with several threads; all must equal the reference exactly.
fn check<T: Number>(g: Gemm, accumulate: bool, bias: bool, activation: Activation) {
    let extent = |(r, c): (usize, usize), ld: usize, stride: usize| {
        stride * (g.batch.max(1) - 1) + r.max(1) * ld.max(c)
    };
    let a = values::<T>(extent(g.stored_a(), g.lda, g.stride_a), 1);
    let b = values::<T>(extent(g.stored_b(), g.ldb, g.stride_b), 2);
    let start = values::<T>(extent((g.m, g.n), g.ldc, g.stride_c), 3);
    let biases = values::<T>(g.n, 4);
    let e = Epilogue { bias: bias.then_some(&biases[..]), activation, accumulate };
    let mut want = start.clone();
    reference(&g, &a, &b, &mut want, &e);
    for &level in available() {
        for threads in [1, 2, 3] {
            let mut found = start.clone();
            with_level(level, || with_num_threads(threads, || gemm(&g, &a, &b, &mut found, &e)));
            if let Some(i) = (0..want.len()).find(|&i| want[i] != found[i]) {
                panic!(
                    "{} {level:?} {threads} threads {g:?} accumulate {accumulate} bias {bias} {activation:?}: at {i} expected {:?}, found {:?}",
                    T::DTYPE,
                    want[i],
                    found[i]
                );
            }
        }
    }
}

fn orders(g: Gemm) -> [Gemm; 4] {
    [g, g.trans_a(), g.trans_b(), g.trans_a().trans_b()]
}

#[test]
fn f32_small_and_awkward_sizes() {
    let sizes: &[usize] = if cfg!(miri) { &[0, 1, 5, 17] } else { &[0, 1, 2, 7, 15, 16, 17, 31, 32, 33] };
    for &m in sizes {
        for &n in sizes {
            for k in [0, 1, 3, 16, 17, 40] {
                for g in orders(Gemm::new(m, n, k)) {
                    check::<f32>(g, false, false, Activation::None);
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under the interpreter")]
fn f32_blocked_sizes() {
    for (m, n, k) in [
        (100, 100, 300),
        (129, 65, 600),
        (200, 530, 260),
        (14, 33, 3000),
        (9, 20, 5000),
        (500, 3, 70),
        (1, 300, 500),
        (300, 1, 500),
        (90, 70, 1),
        (300, 40, 30),
        (70, 64, 1025),
    ] {
        for g in orders(Gemm::new(m, n, k)) {
            check::<f32>(g, false, true, Activation::Relu);
            check::<f32>(g, true, false, Activation::None);
        }
    }
}

#[test]
fn epilogues() {
    for (m, n, k) in [(3, 5, 2), (20, 40, 30), (1, 70, 20), (70, 1, 20), (5, 5, 0)] {
        for activation in [Activation::None, Activation::Relu, Activation::Relu6, Activation::LeakyRelu(0.5)]
        {
            for (accumulate, bias) in [(false, false), (false, true), (true, false), (true, true)] {
                check::<f32>(Gemm::new(m, n, k), accumulate, bias, activation);
                check::<f64>(Gemm::new(m, n, k), accumulate, bias, activation);
            }
        }
    }
}

#[test]
fn strides_and_batches() {
    for g in orders(Gemm::new(9, 19, 21)) {
        let g = g.leading(g.lda + 3, g.ldb + 5, g.ldc + 1);
        check::<f32>(g, false, false, Activation::None);
        let (sa, sb, sc) = (22 * 24 + 7, 22 * 24, 9 * 20);
        for (sa, sb) in [(sa, sb), (0, sb), (sa, 0), (0, 0)] {
            check::<f32>(g.batch(5, sa, sb, sc), false, true, Activation::None);
        }
    }
    // Merged into one tall product.
    check::<f32>(Gemm::new(4, 10, 6).batch(7, 24, 0, 40), true, true, Activation::Relu);
    check::<f32>(Gemm::new(4, 10, 6).batch(0, 24, 0, 40), false, false, Activation::None);
}

#[test]
fn every_number_type() {
    for g in orders(Gemm::new(6, 18, 11)) {
        let g = g.batch(2, 66, 198, 108);
        for accumulate in [false, true] {
            check::<f64>(g, accumulate, true, Activation::Relu);
            check::<f16>(g, accumulate, true, Activation::Relu);
            check::<bf16>(g, accumulate, false, Activation::Relu6);
            check::<i8>(g, accumulate, false, Activation::None);
            check::<i16>(g, accumulate, true, Activation::Relu);
            check::<i32>(g, accumulate, true, Activation::Relu6);
            check::<i64>(g, accumulate, true, Activation::None);
            check::<u8>(g, accumulate, true, Activation::None);
            check::<u16>(g, accumulate, true, Activation::None);
            check::<u32>(g, accumulate, true, Activation::Relu);
            check::<u64>(g, accumulate, true, Activation::None);
            check::<Complex<f32>>(g, accumulate, true, Activation::None);
            check::<Complex<f64>>(g, accumulate, true, Activation::None);
        }
    }
    for g in orders(Gemm::new(40, 70, 300)) {
        check::<f64>(g, true, true, Activation::Relu);
    }
}

#[test]
fn packed_weights_give_the_same() {
    for &level in available() {
        with_level(level, || {
            for (m, n, k) in [(1, 1, 1), (5, 33, 17), (40, 100, 300), (3, 16, 0), (100, 48, 64)] {
                for trans in [false, true] {
                    let (a, b) = (values::<f32>(m * k, 1), values::<f32>(k * n, 2));
                    let g = if trans { Gemm::new(m, n, k).trans_b() } else { Gemm::new(m, n, k) };
                    let mut want = vec![0.0; m * n];
                    reference(&g, &a, &b, &mut want, &Epilogue::NONE);
                    let packed = PackedB::new(k, n, &b, g.ldb, trans);
                    for threads in [1, 2, 3] {
                        let mut found = vec![7.0; m * n];
                        with_num_threads(threads, || {
                            gemm_packed(&g, &a, &packed, &mut found, &Epilogue::NONE)
                        });
                        assert_eq!(found, want, "{level:?} {m}x{k}x{n} trans {trans} {threads} threads");
                    }
                }
            }
        });
    }
}

/// Numbers between -1 and 1 whose products are rounded.
fn noise(len: usize, mut seed: u32) -> Vec<f32> {
    let mut next = || {
        seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// A value's second use packs it: that must not show.
#[test]
#[cfg_attr(miri, ignore = "too slow under the interpreter")]
fn packing_does_not_change_a_bit() {
    let shapes = [
        (32, 128, 784),
        (32, 100, 1152),
        (9, 20, 5000),
        (8, 16, 1024),
        (40, 64, 2048),
        (2, 300, 900),
        (16, 64, 256),
        (50, 1024, 4000),
        (130, 300, 700),
    ];
    for (m, n, k) in shapes {
        let (a, b) = (noise(m * k, 1), noise(k * n, 2));
        for &level in available() {
            with_level(level, || {
                for trans in [false, true] {
                    let g = if trans { Gemm::new(m, n, k).trans_b() } else { Gemm::new(m, n, k) };
                    let packed = PackedB::new(k, n, &b, g.ldb, trans);
                    let (mut plain, mut other) = (vec![0.0f32; m * n], vec![0.0f32; m * n]);
                    gemm(&g, &a, &b, &mut plain, &Epilogue::NONE);
                    gemm_packed(&g, &a, &packed, &mut other, &Epilogue::NONE);
                    let same = plain.iter().zip(&other).all(|(x, y)| x.to_bits() == y.to_bits());
                    assert!(same, "{level:?} {m}x{k}x{n} trans {trans}");
                }
            });
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under the interpreter")]
fn threads_do_not_change_a_bit_and_rounding_is_small() {
    for (m, n, k) in [(32, 128, 784), (9, 20, 5000), (130, 300, 700), (300, 1, 900), (1, 300, 900)] {
        let (a, b) = (noise(m * k, 1), noise(k * n, 2));
        for &level in available() {
            with_level(level, || {
                let run = |threads: usize| {
                    let mut c = vec![0.0f32; m * n];
                    with_num_threads(threads, || gemm(&Gemm::new(m, n, k), &a, &b, &mut c, &Epilogue::NONE));
                    c
                };
                let one = run(1);
                for threads in 2..=4 {
                    let same = run(threads).iter().zip(&one).all(|(x, y)| x.to_bits() == y.to_bits());
                    assert!(same, "{level:?} {m}x{k}x{n}: {threads} threads differ from one");
                }
                for i in 0..m {
                    for j in 0..n {
                        let exact: f64 =
                            (0..k).map(|p| f64::from(a[i * k + p]) * f64::from(b[p * n + j])).sum();
                        let size: f64 = (0..k).map(|p| f64::from(a[i * k + p] * b[p * n + j]).abs()).sum();
                        // A sum of k terms of random sign errs like sqrt(k) roundings; this is four times that.
                        let bound =
                            4.0 * (k as f64).sqrt() * f64::from(f32::EPSILON) * size / (k as f64).sqrt();
                        let found = f64::from(one[i * n + j]);
                        assert!(
                            (found - exact).abs() <= bound,
                            "{level:?} {i},{j}: expected {exact}, found {found}"
                        );
                    }
                }
            });
        }
    }
}

#[test]
fn wrong_sizes_are_named() {
    let message = |g: Gemm| {
        let run = || gemm(&g, &[0.0f32; 6], &[0.0; 6], &mut [0.0; 4], &Epilogue::NONE);
        *std::panic::catch_unwind(run).expect_err("accepted").downcast::<String>().unwrap()
    };
    assert_eq!(message(Gemm::new(2, 2, 4)), "gemm: a has 6 values for 2 x 4 with rows 4 apart");
    assert_eq!(message(Gemm::new(2, 3, 3)), "gemm: b has 6 values for 3 x 3 with rows 3 apart");
    assert_eq!(message(Gemm::new(2, 3, 2)), "gemm: c has 4 values for 2 x 3 with rows 3 apart");
}

#[test]
fn curved_activations_follow_their_formulas() {
    let (m, n, k) = (7, 37, 5);
    let a: Vec<f32> = (0..m * k).map(|i| ((i * 7) % 23) as f32 / 11.0 - 1.0).collect();
    let b: Vec<f32> = (0..k * n).map(|i| ((i * 5) % 19) as f32 / 9.0 - 1.0).collect();
    let cases: [(Activation, fn(f64) -> f64); 4] = [
        (Activation::Elu(0.5), |x| if x < 0.0 { 0.5 * x.exp_m1() } else { x }),
        (Activation::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (Activation::Tanh, f64::tanh),
        (Activation::Softplus, |x| x.exp().ln_1p()),
    ];
    let check = |activation: Activation, f: &dyn Fn(f64) -> f64| {
        for &level in available() {
            let mut c = vec![0.0f32; m * n];
            let e = Epilogue { activation, ..Epilogue::NONE };
            with_level(level, || gemm(&Gemm::new(m, n, k), &a, &b, &mut c, &e));
            for (i, &found) in c.iter().enumerate() {
                let sum: f64 =
                    (0..k).map(|p| f64::from(a[i / n * k + p]) * f64::from(b[p * n + i % n])).sum();
                let want = f(sum);
                // The sum errs by a few units of 1e-7 on terms up to one; the functions are gentler than x -> 1.2 x.
                assert!(
                    (f64::from(found) - want).abs() < 2e-6,
                    "{level:?} {activation:?}({sum}): {want}, found {found}"
                );
            }
        }
    };
    for (activation, f) in cases {
        check(activation, &f);
    }
}
