use super::*;
use crate::elementwise::Unary;
use crate::threads;

fn values(n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| (((i + seed) * 7919 % 1009) as f64 / 1009.0 - 0.4) * 3.0 + 10.0).collect()
}

fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|v| *v as f32).collect()
}

#[test]
fn rows_have_mean_zero_and_variance_one() {
    for (rows, n) in [(1, 1), (3, 5), (7, 16), (2, 33), (100, 1000)] {
        let wide = values(rows * n, 1);
        let x = narrow(&wide);
        let (gamma, beta) = (narrow(&values(n, 2)), narrow(&values(n, 3)));
        let run = |t| {
            let (mut y, mut mean, mut rstd) = (vec![0.0f32; rows * n], vec![0.0; rows], vec![0.0; rows]);
            threads::with_num_threads(t, || {
                row_norm(&x, &gamma, &beta, 1e-3, &mut y, &mut mean, &mut rstd, n)
            });
            (y, mean, rstd)
        };
        let found = run(1);
        assert_eq!(found, run(3), "{rows} x {n}");
        for r in 0..rows {
            let row = &wide[r * n..(r + 1) * n];
            let m = row.iter().sum::<f64>() / n as f64;
            let v = row.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n as f64;
            for i in 0..n {
                let e = (row[i] - m) / (v + 1e-3).sqrt() * f64::from(gamma[i]) + f64::from(beta[i]);
                let y = f64::from(found.0[r * n + i]);
                // x is near 10, so its distance from the mean carries an error of 1e-6.
                assert!((y - e).abs() < 4e-4, "{rows} x {n}, row {r}, column {i}: {e}, found {y}");
            }
        }
    }
}

#[test]
fn row_gradients_agree_with_differences() {
    let (rows, n) = (3, 6);
    let (x, dy) = (values(rows * n, 4), values(rows * n, 5));
    let (gamma, beta) = (values(n, 6), values(n, 7));
    let value = |x: &[f64], gamma: &[f64], beta: &[f64]| {
        let (mut y, mut m, mut s) = (vec![0.0; rows * n], vec![0.0; rows], vec![0.0; rows]);
        row_norm(x, gamma, beta, 1e-3, &mut y, &mut m, &mut s, n);
        (y.iter().zip(&dy).map(|(a, b)| a * b).sum::<f64>(), m, s)
    };
    let (_, mean, rstd) = value(&x, &gamma, &beta);
    let (mut dx, mut dgamma, mut dbeta) = (vec![0.0; rows * n], vec![0.0; n], vec![0.0; n]);
    let out = RowGradients { dx: &mut dx, dgamma: &mut dgamma, dbeta: &mut dbeta };
    row_norm_backward(&dy, &x, &gamma, &mean, &rstd, out, n);
    let slope = |f: &dyn Fn(f64) -> f64| (f(1e-5) - f(-1e-5)) / 2e-5;
    let nudge = |v: &[f64], i: usize, h: f64| {
        let mut v = v.to_vec();
        v[i] += h;
        v
    };
    for i in 0..rows * n {
        let e = slope(&|h| value(&nudge(&x, i, h), &gamma, &beta).0);
        assert!((e - dx[i]).abs() < 1e-5, "dx {i}: {e}, found {}", dx[i]);
    }
    for i in 0..n {
        let (g, b) = (
            slope(&|h| value(&x, &nudge(&gamma, i, h), &beta).0),
            slope(&|h| value(&x, &gamma, &nudge(&beta, i, h)).0),
        );
        assert!((g - dgamma[i]).abs() < 1e-5 && (b - dbeta[i]).abs() < 1e-5, "column {i}: {g} {b}");
    }
}

#[test]
fn column_moments_agree_with_a_plain_evaluation() {
    for (rows, n) in [(1, 3), (2, 1), (9, 5), (1000, 3), (5000, 64), (20_000, 17), (300, 2000)] {
        let wide = values(rows * n, 8);
        let x = narrow(&wide);
        let one = threads::with_num_threads(1, || column_moments(&x, n));
        assert_eq!(one, threads::with_num_threads(3, || column_moments(&x, n)), "{rows} x {n}");
        for i in 0..n {
            let column: Vec<f64> = (0..rows).map(|r| f64::from(x[r * n + i])).collect();
            let m = column.iter().sum::<f64>() / rows as f64;
            let v = column.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / rows as f64;
            let (fm, fv) = (f64::from(one.mean[i]), f64::from(one.variance[i]));
            assert!(
                (fm - m).abs() < 2e-6 * m.abs() && (fv - v).abs() < 1e-5 * v.max(1e-3),
                "{rows} x {n}: {m} {v}, found {fm} {fv}"
            );
        }
    }
    assert!(column_moments::<f32>(&[], 2).mean[0].is_nan());
}

#[test]
fn moments_of_parts_join() {
    let (rows, n) = (50, 3);
    let x = values(rows * n, 21);
    let parts: Vec<_> = [0..7, 7..7, 7..40, 40..50].map(|r| &x[r.start * n..r.end * n]).into();
    let moments: Vec<_> = parts.iter().map(|p| column_moments(p, n)).collect();
    let counts: Vec<usize> = parts.iter().map(|p| p.len() / n).collect();
    // Of no rows there are no moments.
    let of = |f: fn(&Moments<f64>, f64) -> Vec<f64>| {
        let each = moments.iter().zip(&counts);
        each.flat_map(|(m, &c)| if c == 0 { vec![0.0; n] } else { f(m, c as f64) }).collect::<Vec<_>>()
    };
    let mut means = of(|m, _| m.mean.clone());
    let mut squares = of(|m, c| m.variance.iter().map(|v| v * c).collect());
    let (found, expected) = (join_moments(&counts, &mut means, &mut squares, n), column_moments(&x, n));
    for i in 0..n {
        assert!(
            (found.mean[i] - expected.mean[i]).abs() < 1e-12
                && (found.variance[i] - expected.variance[i]).abs() < 1e-12
        );
    }
    assert!(join_moments::<f32>(&[], &mut [], &mut [], 2).mean[1].is_nan());
}

#[test]
fn column_gradients_agree_with_differences() {
    let (rows, n) = (7, 3);
    let (x, dy, gamma) = (values(rows * n, 9), values(rows * n, 10), values(n, 11));
    let forward = |x: &[f64]| {
        let m = column_moments(x, n);
        let rstd: Vec<f64> = m.variance.iter().map(|v| 1.0 / (v + 1e-3).sqrt()).collect();
        let scale: Vec<f64> = rstd.iter().zip(&gamma).map(|(a, b)| a * b).collect();
        let shift: Vec<f64> = m.mean.iter().zip(&scale).map(|(m, s)| -m * s).collect();
        let mut y = vec![0.0; x.len()];
        column_affine(x, &scale, &shift, None, &mut y);
        (y.iter().zip(&dy).map(|(a, b)| a * b).sum::<f64>(), m, rstd, scale)
    };
    let (_, m, rstd, scale) = forward(&x);
    let above = Above { dy: &dy, x: &x, mean: &m.mean, slope: None };
    let sums = column_sums(above);
    let mut dx = vec![0.0; x.len()];
    column_backward(above, rows, &rstd, &scale, &sums, &mut dx);
    for i in 0..x.len() {
        let (mut p, mut q) = (x.clone(), x.clone());
        p[i] += 1e-5;
        q[i] -= 1e-5;
        let e = (forward(&p).0 - forward(&q).0) / 2e-5;
        assert!((e - dx[i]).abs() < 1e-5, "dx {i}: {e}, found {}", dx[i]);
    }
}

#[test]
fn affine_with_activation_over_all_widths() {
    for (rows, n) in [(0, 3), (1, 1), (5, 3), (1000, 8), (1001, 17), (40, 300)] {
        let x = narrow(&values(rows * n, 12));
        let (scale, shift) = (narrow(&values(n, 13)), vec![-100.0f32; n]);
        for (activation, top) in
            [(None, None), (Some(Unary::Relu), Some(f32::INFINITY)), (Some(Unary::Relu6), Some(6.0))]
        {
            let mut y = vec![7.0; rows * n];
            column_affine(&x, &scale, &shift, activation, &mut y);
            for (i, y) in y.iter().enumerate() {
                let v = x[i].mul_add(scale[i % n], shift[i % n]);
                let e = top.map_or(v, |t| v.max(0.0).min(t));
                assert_eq!(*y, e, "{rows} x {n} {activation:?} at {i}");
            }
        }
    }
}

#[test]
fn a_slope_masks_the_gradient_above() {
    for (rows, n) in [(1, 1), (9, 5), (1000, 24), (700, 96), (3, 300)] {
        let [x, dy] = [14, 15].map(|seed| narrow(&values(rows * n, seed)));
        let [mean, rstd] = [16, 17].map(|seed| narrow(&values(n, seed)));
        // 8.8 < x < 11.8, so about half of the results lie between 0 and 6.
        let (scale, shift) = (vec![4.0f32; n], vec![-40.0f32; n]);
        for (top, name) in [(f32::NAN, "relu"), (6.0, "relu6")] {
            let inside = |x: f32, i: usize| {
                let y = x.mul_add(scale[i % n], shift[i % n]);
                y > 0.0 && (top.is_nan() || y < top)
            };
            let masked: Vec<f32> = dy
                .iter()
                .zip(&x)
                .enumerate()
                .map(|(i, (d, x))| if inside(*x, i) { *d } else { 0.0 })
                .collect();
            let run = |dy: &[f32], slope, threads| {
                let above = Above { dy, x: &x, mean: &mean, slope };
                threads::with_num_threads(threads, || {
                    let sums = column_sums(above);
                    let mut dx = vec![0.0; x.len()];
                    column_backward(above, rows, &rstd, &scale, &sums, &mut dx);
                    (sums, dx)
                })
            };
            let slope = Some(Slope { scale: &scale, shift: &shift, top });
            let expected = run(&masked, None, 1);
            assert_eq!(run(&dy, slope, 1), expected, "{name}, {rows} x {n}");
            assert_eq!(run(&dy, slope, 3), expected, "{name}, {rows} x {n}, threads");
            for i in 0..n {
                let sum: f64 = (0..rows).map(|r| f64::from(masked[r * n + i])).sum();
                let size: f64 = (0..rows).map(|r| f64::from(masked[r * n + i]).abs()).sum();
                assert!(
                    (f64::from(expected.0[0][i]) - sum).abs() <= 1e-6 * size,
                    "{name}, {rows} x {n}: {sum}"
                );
            }
        }
    }
}
