use super::*;
use crate::pool::WindowOptions;

/// Size, kernel, strides, dilations, pads.
type Case = ([usize; 2], [usize; 2], [usize; 2], [usize; 2], [(usize, usize); 2]);

const CASES: &[Case] = &[
    ([1, 1], [1, 1], [1, 1], [1, 1], [(0, 0), (0, 0)]),
    ([6, 7], [3, 3], [1, 1], [1, 1], [(1, 1), (1, 1)]),
    ([9, 12], [3, 3], [1, 1], [1, 1], [(0, 0), (0, 0)]),
    ([9, 12], [3, 3], [2, 2], [1, 1], [(1, 1), (0, 1)]),
    ([8, 13], [5, 4], [1, 2], [1, 1], [(2, 2), (1, 2)]),
    ([8, 13], [3, 3], [1, 1], [2, 2], [(2, 2), (2, 2)]),
    ([5, 5], [3, 3], [1, 1], [1, 1], [(3, 3), (3, 3)]),
    ([2, 2], [4, 4], [1, 1], [1, 1], [(1, 2), (1, 2)]),
    ([3, 40], [1, 7], [1, 1], [1, 1], [(0, 0), (3, 3)]),
    ([4, 17], [3, 3], [2, 2], [1, 1], [(1, 1), (1, 1)]),
    ([3, 33], [2, 3], [1, 1], [1, 1], [(0, 1), (1, 1)]),
];

fn values(n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 7919 + seed * 31) % 1009) as f64 / 1009.0 - 0.5).collect()
}

fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|v| *v as f32).collect()
}

fn near(found: &[f32], expected: &[f64], what: &str) {
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*f) - e).abs() < 2e-5 * e.abs().max(1.0), "{what}, element {i}: {e}, found {f}");
    }
}

#[test]
fn all_three_products_agree_with_the_plain_sums_in_f64() {
    for case in CASES {
        let &(size, kernel, strides, dilations, pads) = case;
        let options =
            WindowOptions { strides: strides.to_vec(), dilations: dilations.to_vec(), pads: pads.to_vec() };
        let window = Window::new(&size, &kernel, &options).unwrap();
        for (batch, channels, multiplier) in
            [(1, 1, 1), (2, 3, 2), (1, 15, 1), (2, 16, 1), (1, 31, 1), (3, 37, 1), (20, 5, 3)]
        {
            let what = format!("{case:?} {batch} x {channels} x {multiplier}");
            let d = Depthwise { window: window.clone(), channels, multiplier };
            let cm = channels * multiplier;
            let (ni, no) = (window.inputs(), window.outputs());
            let x = values(batch * ni * channels, 1);
            let f = values(d.taps() * cm, 2);
            let b = values(cm, 3);
            let dy = values(batch * no * cm, 4);
            let (mut y, mut dx, mut df) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; f.len()]);
            for n in 0..batch {
                for o in 0..no {
                    let [_, _, ow] = window.output;
                    for q in 0..cm {
                        let i = (n * no + o) * cm + q;
                        y[i] = b[q];
                        window.places([0, o / ow, o % ow], |k, p| {
                            let (at, tap) = ((n * ni + p) * channels + q / multiplier, k * cm + q);
                            y[i] += x[at] * f[tap];
                            dx[at] += dy[i] * f[tap];
                            df[tap] += dy[i] * x[at];
                        });
                    }
                }
            }
            let (x, f, b, dy) = (narrow(&x), narrow(&f), narrow(&b), narrow(&dy));
            let run = |t| {
                let (mut fy, mut fx, mut ff) =
                    (vec![9.0f32; y.len()], vec![9.0f32; x.len()], vec![9.0f32; f.len()]);
                threads::with_num_threads(t, || {
                    depthwise(&d, &x, &f, &b, None, &mut fy).unwrap();
                    depthwise_input_gradient(&d, &dy, &f, &mut fx).unwrap();
                    depthwise_filter_gradient(&d, &x, &dy, &mut ff).unwrap();
                });
                (fy, fx, ff)
            };
            let found = run(1);
            near(&found.0, &y, &format!("y of {what}"));
            near(&found.1, &dx, &format!("dx of {what}"));
            near(&found.2, &df, &format!("df of {what}"));
            assert_eq!(found, run(4), "{what}: threads");
            let mut plain = vec![0.0; y.len()];
            depthwise_plain(&d, &x, &f, &b, &mut plain).unwrap();
            near(&plain, &y, &format!("plain y of {what}"));
            let mut active = vec![0.0; y.len()];
            depthwise(&d, &x, &f, &b, Some(Unary::Relu6), &mut active).unwrap();
            assert!(active.iter().zip(&found.0).all(|(a, v)| *a == v.clamp(0.0, 6.0)), "{what}: relu6");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under the interpreter")]
fn results_that_are_streamed_are_the_same() {
    // Vectors of 16 channels are streamed where y is aligned; 40 channels never are.
    for (batch, size, channels) in [(8, 65, 64), (14, 64, 40)] {
        let options = WindowOptions::same(&[size, size], &[3, 3], &[1, 1], &[1, 1]);
        let window = Window::new(&[size, size], &[3, 3], &options).unwrap();
        let d = Depthwise { window, channels, multiplier: 1 };
        let x = narrow(&values(batch * size * size * channels, 1));
        let f = narrow(&values(9 * channels, 2));
        let (mut y, mut plain) = (crate::Buffer::new(DType::F32, x.len() + 16), vec![0.0; x.len()]);
        depthwise_plain(&d, &x, &f, &[], &mut plain).unwrap();
        for start in [0, 3] {
            let y = &mut y.as_mut_slice::<f32>()[start..start + x.len()];
            depthwise(&d, &x, &f, &[], None, y).unwrap();
            let different = y.iter().zip(&plain).position(|(a, b)| (a - b).abs() > 1e-5);
            assert_eq!(different, None, "{batch} x {size} x {size} x {channels} from {start}");
        }
    }
}
