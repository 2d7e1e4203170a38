use super::*;

/// Every f32 operation on one set of awkward lanes, against scalar Rust.
struct Check;

impl Kernel for Check {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n = S::LANES;
        let xs: Vec<f32> = [
            -1.5,
            2.5,
            0.0,
            -0.0,
            3.0e9,
            f32::NAN,
            f32::INFINITY,
            1.0e-40,
            -7.49,
            0.5,
            1.5,
            -2.5,
            1.0,
            -1.0,
            4.0,
            9.0,
        ]
        .into_iter()
        .cycle()
        .take(16)
        .collect();
        let ys: Vec<f32> = (0..16).map(|i| (i as f32 - 7.5) * 0.75).collect();
        let name = S::LEVEL;
        for at in (0..16).step_by(n) {
            let (x, y) = (&xs[at..at + n], &ys[at..at + n]);
            let (vx, vy) = (s.load(x), s.load(y));
            let get = |v: S::F| {
                let mut out = vec![0.0f32; n];
                s.store(&mut out, v);
                out
            };
            let check = |op: &str, v: S::F, f: &dyn Fn(f32, f32) -> f32| {
                for (i, g) in get(v).into_iter().enumerate() {
                    let want = f(x[i], y[i]);
                    let same = g.to_bits() == want.to_bits()
                        || g.is_nan() && want.is_nan()
                        || op.starts_with("fused")
                            && (g - want).abs() <= 4.0 * f32::EPSILON * (1.0 + want.abs());
                    assert!(same, "{name:?} {op}({}, {}): expected {want}, found {g}", x[i], y[i]);
                }
            };
            check("add", s.add(vx, vy), &|a, b| a + b);
            check("sub", s.sub(vx, vy), &|a, b| a - b);
            check("mul", s.mul(vx, vy), &|a, b| a * b);
            check("div", s.div(vx, vy), &|a, b| a / b);
            check("min", s.min(vx, vy), &|a, b| if a < b { a } else { b });
            check("max", s.max(vx, vy), &|a, b| if a > b { a } else { b });
            check("fused fma", s.fma(vx, vy, vy), &|a, b| a * b + b);
            check("fused fnma", s.fnma(vx, vy, vy), &|a, b| b - a * b);
            check("abs", s.abs(vx), &|a, _| a.abs());
            check("neg", s.neg(vx), &|a, _| -a);
            check("sqrt", s.sqrt(vx), &|a, _| a.sqrt());
            check("round", s.round(vx), &|a, _| a.round_ties_even());
            check("floor", s.floor(vx), &|a, _| a.floor());
            check("lt", s.select(s.lt(vx, vy), vx, vy), &|a, b| if a < b { a } else { b });
            check("le", s.select(s.le(vx, vy), vx, vy), &|a, b| if a <= b { a } else { b });
            check("gt", s.select(s.gt(vx, vy), vx, vy), &|a, b| if a > b { a } else { b });
            check("ge", s.select(s.ge(vx, vy), vx, vy), &|a, b| if a >= b { a } else { b });
            check("eq", s.select(s.eq(vx, vx), vx, vy), &|a, b| if a.is_nan() { b } else { a });
            check("not", s.select(s.not(s.eq(vx, vx)), vx, vy), &|a, b| if a.is_nan() { a } else { b });
            let both = s.and(s.lt(vx, vy), s.lt(vx, s.zero()));
            check("and", s.select(both, vx, vy), &|a, b| if a < b && a < 0.0 { a } else { b });
            let either = s.or(s.lt(vx, vy), s.lt(vx, s.zero()));
            check("or", s.select(either, vx, vy), &|a, b| if a < b || a < 0.0 { a } else { b });
            assert_eq!(s.any(either), x.iter().zip(y).any(|(a, b)| a < b || *a < 0.0), "{name:?} any");
            let bits = |f: &dyn Fn(S::I) -> S::I, v: S::F| s.from_bits(f(s.to_bits(v)));
            let same = |f: fn(i32) -> i32| move |_: f32, b: f32| f32::from_bits(f(b.to_bits() as i32) as u32);
            check("shl", bits(&|i| s.shl_i(i, 3), vy), &same(|i| i << 3));
            check("shr", bits(&|i| s.shr_i(i, 3), vy), &same(|i| i >> 3));
            check("shr_u", bits(&|i| s.shr_u(i, 23), vy), &same(|i| ((i as u32) >> 23) as i32));
            check("add_i", bits(&|i| s.add_i(i, s.splat_i(5)), vy), &same(|i| i.wrapping_add(5)));
            check("sub_i", bits(&|i| s.sub_i(i, s.splat_i(5)), vy), &same(|i| i.wrapping_sub(5)));
            check("and_i", bits(&|i| s.and_i(i, s.splat_i(0x7fff_ff0f)), vy), &same(|i| i & 0x7fff_ff0f));
            check("or_i", bits(&|i| s.or_i(i, s.splat_i(0xf0)), vy), &same(|i| i | 0xf0));
            check("xor_i", bits(&|i| s.xor_i(i, s.splat_i(0xf0)), vy), &same(|i| i ^ 0xf0));
            check("to_int", s.to_float(s.to_int(vy)), &|_, b| b.round_ties_even() + 0.0);
            let close = |a: f32, b: f32| (a - b).abs() < 1e-4;
            assert!(close(s.sum(vy), y.iter().sum()), "{name:?} sum");
            assert_eq!(s.max_lane(vy), y.iter().copied().fold(f32::MIN, f32::max), "{name:?} max_lane");
            assert_eq!(s.min_lane(vy), y.iter().copied().fold(f32::MAX, f32::min), "{name:?} min_lane");
            for k in 0..=n {
                let mut out = vec![9.0f32; n + 1];
                s.store_tail(&mut out[..k], s.load_tail(&y[..k]));
                assert!(out[..k] == y[..k] && out[k..].iter().all(|&v| v == 9.0), "{name:?} tail {k}");
                let v = get(s.load_tail(&y[..k]));
                assert!(v[..k] == y[..k] && v[k..].iter().all(|&v| v == 0.0), "{name:?} tail load {k}");
            }
            let block: Vec<f32> = (0..n * (n + 3)).map(|i| i as f32).collect();
            let mut turned = vec![0.0f32; n * (n + 1)];
            // SAFETY: n rows at strides n + 3 and n + 1 lie inside the two vectors.
            unsafe { s.transpose_ptr(block.as_ptr(), n + 3, turned.as_mut_ptr(), n + 1) };
            for i in 0..n {
                for j in 0..n {
                    assert_eq!(turned[j * (n + 1) + i], block[i * (n + 3) + j], "{name:?} transpose {i} {j}");
                }
            }
            let d: Vec<f64> = y[..n / 2].iter().map(|&v| f64::from(v)).collect();
            let mut out = vec![0.0f64; n / 2];
            // SAFETY: both vectors have LANES / 2 values.
            unsafe {
                let v = s.load_ptr_d(d.as_ptr());
                let v = s.add_d(s.fma_d(v, v, s.splat_d(1.0)), s.mul_d(v, v));
                s.store_ptr_d(out.as_mut_ptr(), v);
            }
            assert_eq!(out, d.iter().map(|v| v * v * 2.0 + 1.0).collect::<Vec<_>>(), "{name:?} f64");
            let mut aligned = crate::Buffer::zeroed(crate::DType::F32, n);
            let slot = aligned.as_mut_slice::<f32>();
            // SAFETY: n lanes, and buffers are aligned to 64 bytes.
            unsafe { s.stream_ptr(slot.as_mut_ptr(), vy) };
            s.fence();
            assert_eq!(slot, y, "{name:?} stream");
        }
    }
}

#[test]
fn every_operation_at_every_level() {
    for &level in available() {
        with_level(level, || {
            assert_eq!(super::level(), level);
            dispatch(Check)
        });
    }
}
