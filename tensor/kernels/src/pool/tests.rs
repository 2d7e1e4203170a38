use super::*;

/// Size, kernel, strides, dilations, pads.
type Case =
    (&'static [usize], &'static [usize], &'static [usize], &'static [usize], &'static [(usize, usize)]);

const CASES: &[Case] = &[
    (&[1, 1], &[1, 1], &[1, 1], &[1, 1], &[(0, 0), (0, 0)]),
    (&[4, 6], &[2, 2], &[2, 2], &[1, 1], &[(0, 0), (0, 0)]),
    (&[5, 7], &[2, 2], &[2, 2], &[1, 1], &[(0, 1), (0, 1)]),
    (&[5, 7], &[3, 2], &[1, 2], &[1, 1], &[(1, 1), (0, 1)]),
    (&[8, 9], &[2, 3], &[1, 1], &[2, 3], &[(1, 1), (3, 3)]),
    (&[9], &[4], &[3], &[1], &[(2, 1)]),
    (&[3, 4, 5], &[2, 2, 2], &[1, 2, 2], &[1, 1, 1], &[(0, 1), (1, 1), (0, 1)]),
    (&[14, 14], &[3, 3], &[3, 3], &[1, 1], &[(0, 0), (0, 0)]),
    (&[7, 9], &[2, 2], &[3, 3], &[1, 1], &[(0, 0), (1, 1)]),
    (&[6, 6], &[3, 3], &[2, 2], &[1, 1], &[(0, 0), (0, 0)]),
    (&[4, 5, 7], &[2, 2, 3], &[2, 2, 3], &[1, 1, 1], &[(0, 0), (0, 0), (0, 0)]),
    (&[2, 40, 40], &[1, 2, 2], &[1, 2, 2], &[1, 1, 1], &[(0, 0), (0, 0), (0, 0)]),
];

fn values(n: usize) -> Vec<f32> {
    // Few values, so that windows have ties.
    (0..n).map(|i| (i * 7919 % 11) as f32 - 5.0).collect()
}

/// The input positions of every output position, by trying them all.
fn plain(case: &Case, w: &Window) -> Vec<Vec<usize>> {
    let (size, kernel, strides, dilations, pads) = case;
    let rank = size.len();
    let unravel = |mut flat: usize, s: &[usize]| {
        let mut index = vec![0; rank];
        for i in (0..rank).rev() {
            index[i] = flat % s[i];
            flat /= s[i];
        }
        index
    };
    let out = w.output();
    (0..out.iter().product())
        .map(|o| {
            let o = unravel(o, out);
            (0..kernel.iter().product())
                .filter_map(|k| {
                    let k = unravel(k, kernel);
                    (0..rank).try_fold(0, |at, i| {
                        let p = (o[i] * strides[i] + k[i] * dilations[i]).checked_sub(pads[i].0)?;
                        (p < size[i]).then_some(at * size[i] + p)
                    })
                })
                .collect()
        })
        .collect()
}

#[test]
fn pooling_and_its_gradient_agree_with_a_plain_evaluation() {
    for case in CASES {
        let options =
            WindowOptions { strides: case.2.to_vec(), dilations: case.3.to_vec(), pads: case.4.to_vec() };
        let w = Window::new(case.0, case.1, &options).unwrap();
        let places = plain(case, &w);
        for (batch, c) in [(1, 1), (2, 3), (3, 15), (1, 16), (3, 17), (1, 31), (1, 33), (2, 64), (1, 81)] {
            let (inputs, outputs) = (w.inputs(), w.outputs());
            let x = values(batch * inputs * c);
            let dy: Vec<f32> = (0..batch * outputs * c).map(|i| (i % 13) as f32 + 1.0).collect();
            for op in [Pool::Max, Pool::Average] {
                let (mut y, mut dx) = (vec![0.0; dy.len()], vec![9.0; x.len()]);
                pool(op, &w, c, &x, &mut y).unwrap();
                pool_backward(op, &w, c, &x, &y, &dy, &mut dx).unwrap();
                let mut expected = vec![0.0; x.len()];
                for n in 0..batch {
                    for (o, places) in places.iter().enumerate() {
                        for k in 0..c {
                            let at = |p: usize| (n * inputs + p) * c + k;
                            let i = (n * outputs + o) * c + k;
                            let e = match op {
                                Pool::Max => places.iter().map(|&p| x[at(p)]).fold(f32::MIN, f32::max),
                                Pool::Average => {
                                    places.iter().map(|&p| x[at(p)]).sum::<f32>() / places.len() as f32
                                }
                            };
                            assert!(
                                (y[i] - e).abs() < 1e-5,
                                "{op:?} {case:?} {batch} x {c}: {e}, found {}",
                                y[i]
                            );
                            match op {
                                Pool::Max => {
                                    let first = places.iter().find(|&&p| x[at(p)] == e).unwrap();
                                    expected[at(*first)] += dy[i];
                                }
                                Pool::Average => {
                                    places
                                        .iter()
                                        .for_each(|&p| expected[at(p)] += dy[i] / places.len() as f32);
                                }
                            }
                        }
                    }
                }
                for (i, (dx, e)) in dx.iter().zip(&expected).enumerate() {
                    assert!((dx - e).abs() < 1e-4, "{op:?} {case:?} {batch} x {c}, dx {i}: {e}, found {dx}");
                }
                if op == Pool::Max {
                    // Picking is the transpose of the gradient; small integers make both sums exact.
                    let g: Vec<f32> = (0..x.len()).map(|i| (i * 31 % 17) as f32 - 8.0).collect();
                    let mut picked = vec![9.0; dy.len()];
                    pool_pick(&w, c, &x, &y, &g, &mut picked).unwrap();
                    let dot =
                        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
                    assert_eq!(dot(&dx, &g), dot(&dy, &picked), "{case:?} {batch} x {c}");
                }
                for t in [1, 4] {
                    let mut again = vec![0.0; y.len()];
                    threads::with_num_threads(t, || pool(op, &w, c, &x, &mut again)).unwrap();
                    assert_eq!(again, y);
                }
            }
        }
    }
}

#[test]
fn same_padding_is_tensorflows() {
    let cases: &[(usize, usize, usize, usize, (usize, usize))] = &[
        (5, 2, 2, 1, (0, 1)),
        (6, 2, 2, 1, (0, 0)),
        (7, 3, 1, 1, (1, 1)),
        (8, 3, 2, 1, (0, 1)),
        (7, 3, 1, 2, (2, 2)),
    ];
    for &(size, kernel, stride, dilation, expected) in cases {
        let o = WindowOptions::same(&[size], &[kernel], &[stride], &[dilation]);
        assert_eq!(o.pads, [expected], "{size} {kernel} {stride} {dilation}");
        let w = Window::new(&[size], &[kernel], &o).unwrap();
        assert_eq!(w.output(), [size.div_ceil(stride)]);
    }
}

#[test]
fn bad_windows_are_errors() {
    let valid = WindowOptions::valid(1);
    assert!(Window::new(&[3], &[4], &valid).is_err());
    assert!(Window::new(&[3], &[0], &valid).is_err());
    assert!(Window::new(&[3, 3], &[2], &valid).is_err());
    assert!(Window::new(&[3], &[2], &WindowOptions { strides: vec![0], ..valid.clone() }).is_err());
    let w = Window::new(&[3], &[2], &valid).unwrap();
    assert!(pool(Pool::Max, &w, 1, &[0.0f32; 4], &mut [0.0; 2]).is_err());
}

#[test]
fn not_a_number_shows() {
    let w = Window::new(&[3], &[2], &WindowOptions::valid(1)).unwrap();
    let mut y = [0.0f32; 2];
    pool(Pool::Max, &w, 1, &[1.0, 2.0, f32::NAN], &mut y).unwrap();
    assert!(y[0] == 2.0 && y[1].is_nan());
    // At any place of the window and in any lane.
    let w = Window::new(&[2, 2], &[2, 2], &WindowOptions::valid(2)).unwrap();
    for place in 0..4 {
        let mut x = [1.0f32; 4 * 70];
        x[place * 70..][..70].fill(f32::NAN);
        let (mut y, mut dx) = ([0.0f32; 70], [9.0; 4 * 70]);
        pool(Pool::Max, &w, 70, &x, &mut y).unwrap();
        assert!(y.iter().all(|y| y.is_nan()), "NaN at place {place}: {y:?}");
        pool_backward(Pool::Max, &w, 70, &x, &y, &[1.0; 70], &mut dx).unwrap();
        assert_eq!(dx, [0.0; 4 * 70], "no place equals NaN");
    }
}
