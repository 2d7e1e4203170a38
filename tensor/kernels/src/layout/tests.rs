use super::*;
use crate::threads;
use half::f16;

fn count(s: &[usize]) -> usize {
    s.iter().product()
}

fn iota(n: usize) -> Vec<f32> {
    (0..n).map(|i| i as f32).collect()
}

fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for i in (0..shape.len()).rev() {
        index[i] = flat % shape[i];
        flat /= shape[i];
    }
    index
}

fn ravel(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |at, (i, d)| at * d + i)
}

#[test]
fn transposes_of_all_kinds() {
    let cases: &[(&[usize], &[usize])] = &[
        (&[], &[]),
        (&[5], &[0]),
        (&[0, 3], &[1, 0]),
        (&[7, 5], &[1, 0]),
        (&[64, 96], &[1, 0]),
        (&[33, 65], &[1, 0]),
        (&[300, 257], &[1, 0]),
        (&[2, 3, 4], &[2, 0, 1]),
        (&[2, 3, 4], &[1, 0, 2]),
        (&[2, 3, 4], &[0, 2, 1]),
        (&[4, 32, 32, 8], &[0, 3, 1, 2]),
        (&[4, 8, 32, 32], &[0, 2, 3, 1]),
        (&[2, 3, 4, 5, 6], &[4, 2, 0, 3, 1]),
        (&[1, 6, 1, 5], &[3, 2, 1, 0]),
        (&[3, 3, 40, 50], &[2, 3, 1, 0]),
        (&[8, 128, 4, 64], &[0, 2, 1, 3]),
        (&[8, 128, 4, 64], &[0, 2, 3, 1]),
    ];
    for &(shape, perm) in cases {
        let x = iota(count(shape));
        let to: Vec<usize> = perm.iter().map(|&p| shape[p]).collect();
        let expected: Vec<f32> = (0..x.len())
            .map(|flat| {
                let index = unravel(flat, &to);
                let mut from = vec![0; shape.len()];
                perm.iter().zip(&index).for_each(|(&p, &i)| from[p] = i);
                x[ravel(&from, shape)]
            })
            .collect();
        for t in [1, 3] {
            let mut y = vec![-1.0; x.len()];
            threads::with_num_threads(t, || transpose(&x, shape, perm, &mut y)).unwrap();
            assert_eq!(y, expected, "{shape:?} {perm:?}");
        }
        let narrow: Vec<f16> = x.iter().map(|&v| f16::from_f32(v)).collect();
        let mut y = vec![f16::ZERO; x.len()];
        transpose(&narrow, shape, perm, &mut y).unwrap();
        assert!(y.iter().zip(&expected).all(|(a, &b)| *a == f16::from_f32(b)), "f16 {shape:?} {perm:?}");
    }
    assert!(transpose(&[0.0f32; 4], &[2, 2], &[0, 0], &mut [0.0; 4]).is_err());
}

#[test]
fn slices_read_and_write() {
    let x = iota(60);
    let shape = [3, 4, 5];
    let cases: &[([usize; 3], [isize; 3], [usize; 3])] = &[
        ([0, 0, 0], [1, 1, 1], [3, 4, 5]),
        ([1, 1, 1], [1, 2, 3], [2, 2, 2]),
        ([2, 3, 4], [-1, -1, -1], [3, 4, 5]),
        ([2, 0, 4], [-2, 1, -2], [2, 1, 3]),
        ([0, 0, 5], [1, 1, 1], [3, 4, 0]),
    ];
    for (begin, step, size) in cases {
        let view = Strided::slice(&shape, begin, step, size).unwrap();
        let mut y = vec![-1.0; count(size)];
        view.read(&x, &mut y);
        for (flat, y) in y.iter().enumerate() {
            let index = unravel(flat, size);
            let from: Vec<usize> =
                (0..3).map(|i| (begin[i] as isize + index[i] as isize * step[i]) as usize).collect();
            assert_eq!(*y, x[ravel(&from, &shape)], "{begin:?} {step:?} {size:?}");
        }
        let mut back = vec![0.0; 60];
        view.write(&y, &mut back);
        assert_eq!(back.iter().sum::<f32>(), y.iter().sum::<f32>());
        let mut again = vec![-1.0; y.len()];
        view.read(&back, &mut again);
        assert_eq!(again, y);
    }
    assert!(Strided::slice(&shape, &[0, 0, 3], &[1, 1, 1], &[3, 4, 3]).is_err());
    assert!(Strided::slice(&shape, &[0, 0, 1], &[1, 1, -1], &[3, 4, 3]).is_err());
}

#[test]
fn reverse_and_tile() {
    let mut y = [0.0; 6];
    reverse(&iota(6), &[2, 3], &[1], &mut y).unwrap();
    assert_eq!(y, [2.0, 1.0, 0.0, 5.0, 4.0, 3.0]);
    let mut y = [0.0; 12];
    tile(&iota(3), &[1, 3], &[2, 2], &mut y).unwrap();
    assert_eq!(y, [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    let mut y = [0.0; 8];
    tile(&iota(4), &[2, 2], &[1, 2], &mut y).unwrap();
    assert_eq!(y, [0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0, 3.0]);
}

#[test]
fn gathers() {
    for dims in [[1, 1, 5, 3], [1, 4, 5, 1], [2, 3, 4, 5], [1, 1, 100, 600]] {
        let [batch, outer, n, inner] = dims;
        let x = iota(count(&dims));
        let k = 7;
        let indices: Vec<i64> = (0..batch * k).map(|i| (i * 3 % n) as i64).collect();
        let mut y = vec![0.0; batch * outer * k * inner];
        gather(&x, &indices, &mut y, dims).unwrap();
        for (flat, y) in y.iter().enumerate() {
            let i = unravel(flat, &[batch, outer, k, inner]);
            let at = ravel(&[i[0], i[1], indices[i[0] * k + i[2]] as usize, i[3]], &dims);
            assert_eq!(*y, x[at], "{dims:?}");
        }
    }
    let error = gather(&[1.0f32, 2.0], &[0, 2], &mut [0.0; 2], [1, 1, 2, 1]).unwrap_err();
    assert_eq!(error.to_string(), "gather: index 2 at position 1 is not in 0..2");
    assert!(gather(&[1.0f32, 2.0], &[-1], &mut [0.0; 1], [1, 1, 2, 1]).is_err());
}

#[test]
fn scatters_in_order() {
    let indices = [1, 0, 1, 1];
    let x = [1.0f32, 2.0, 3.0, 4.0, 5.0, -6.0, 7.0, 8.0];
    let cases: &[(Scatter, [f32; 6])] = &[
        (Scatter::Update, [3.0, 4.0, 7.0, 8.0, 10.0, 10.0]),
        (Scatter::Add, [13.0, 14.0, 23.0, 14.0, 10.0, 10.0]),
        (Scatter::Sub, [7.0, 6.0, -3.0, 6.0, 10.0, 10.0]),
        (Scatter::Mul, [30.0, 40.0, 350.0, -960.0, 10.0, 10.0]),
        (Scatter::Max, [10.0; 6]),
        (Scatter::Min, [3.0, 4.0, 1.0, -6.0, 10.0, 10.0]),
    ];
    for (op, expected) in cases {
        let mut y = [10.0; 6];
        scatter(*op, &indices, &x, &mut y, 3, 2).unwrap();
        assert_eq!(y, *expected, "{op:?}");
    }
    let (n, inner, k) = (50, 64, 900);
    let indices: Vec<i64> = (0..k).map(|i| (i * i % n) as i64).collect();
    let x: Vec<f32> = (0..k * inner).map(|i| (i as f32).sin()).collect();
    let mut results = [1, 4].map(|t| {
        let mut y = vec![0.0; n * inner];
        threads::with_num_threads(t, || scatter(Scatter::Add, &indices, &x, &mut y, n, inner)).unwrap();
        y
    });
    assert_eq!(results[0], results[1]);
    for (&i, x) in indices.iter().zip(x.chunks(inner)) {
        results[0][i as usize * inner..][..inner].iter_mut().zip(x).for_each(|(y, x)| *y -= x);
    }
    assert!(results[0].iter().all(|v| v.abs() < 1e-4));
    assert!(scatter(Scatter::Add, &[3], &[1.0f32], &mut [0.0; 3], 3, 1).is_err());
    let mut y = [1i32, 2];
    scatter(Scatter::Add, &[1, 1], &[5, 6], &mut y, 2, 1).unwrap();
    assert_eq!(y, [1, 13]);
}

#[test]
fn along_an_axis() {
    let dims = [2, 4, 3];
    let x = iota(24);
    let indices: Vec<i64> = (0..2 * 2 * 3).map(|i| (i * 5 % 4) as i64).collect();
    let mut y = vec![0.0; 12];
    gather_along(&x, &indices, &mut y, dims).unwrap();
    let mut back = vec![0.0f32; 24];
    scatter_add_along(&y, &indices, &mut back, dims).unwrap();
    let mut expected = vec![0.0f32; 24];
    for j in 0..12 {
        let i = unravel(j, &[2, 2, 3]);
        let at = ravel(&[i[0], indices[j] as usize, i[2]], &dims);
        assert_eq!(y[j], x[at]);
        expected[at] += x[at];
    }
    assert_eq!(back, expected);
    assert!(gather_along(&x, &[4; 6], &mut [0.0; 6], dims).is_err());
}

#[test]
fn borders() {
    let cases: &[(Pad<f32>, [f32; 8])] = &[
        (Pad::Constant(9.0), [9.0, 9.0, 0.0, 1.0, 2.0, 9.0, 9.0, 9.0]),
        (Pad::Reflect, [2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 0.0]),
        (Pad::Symmetric, [1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 1.0, 0.0]),
    ];
    for &(mode, expected) in cases {
        let after = if mode == Pad::Reflect { 2 } else { 3 };
        let mut y = vec![-1.0; 5 + after];
        pad(&iota(3), &[3], &[(2, after)], mode, &mut y).unwrap();
        assert_eq!(y, expected[..5 + after], "{mode:?}");
    }
    let mut y = [-1.0; 12];
    pad(&iota(2), &[1, 2], &[(1, 1), (0, 2)], Pad::Constant(7.0), &mut y).unwrap();
    assert_eq!(y, [7.0, 7.0, 7.0, 7.0, 0.0, 1.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0]);
    let mut y = [-1.0; 9];
    pad(&iota(4), &[2, 2], &[(1, 0), (1, 0)], Pad::Reflect, &mut y).unwrap();
    assert_eq!(y, [3.0, 2.0, 3.0, 1.0, 0.0, 1.0, 3.0, 2.0, 3.0]);
    let error = pad(&iota(3), &[3], &[(3, 0)], Pad::Reflect, &mut [0.0; 6]).unwrap_err();
    assert_eq!(error.to_string(), "pad: borders (3, 0) are too long for axis 0 of [3]");
}

#[test]
fn concat_is_undone_by_split() {
    for (outer, inner) in [(1, 1), (3, 2), (400, 100), (0, 3), (3, 0)] {
        let (a, b) = (iota(outer * 2 * inner), iota(outer * 3 * inner));
        let mut y = vec![-1.0; outer * 5 * inner];
        concat(&[(&a, 2), (&[], 0), (&b, 3)], &mut y, outer, inner);
        for (flat, v) in y.iter().enumerate() {
            let i = unravel(flat, &[outer, 5, inner]);
            let e = if i[1] < 2 {
                a[ravel(&[i[0], i[1], i[2]], &[outer, 2, inner])]
            } else {
                b[ravel(&[i[0], i[1] - 2, i[2]], &[outer, 3, inner])]
            };
            assert_eq!(*v, e);
        }
        let (mut p, mut q) = (vec![0.0; a.len()], vec![0.0; b.len()]);
        split(&y, &mut [(&mut p, 2), (&mut q, 3)], outer, inner);
        assert_eq!((p, q), (a, b));
    }
}

#[test]
fn one_hot_rows() {
    let mut y = [0.0f32; 9];
    one_hot(&[2, 5, -1], 3, 1, 1.0, 0.5, &mut y);
    assert_eq!(y, [0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    let mut y = [0i32; 4];
    one_hot(&[1, 0], 2, 2, 1, 0, &mut y);
    assert_eq!(y, [0, 1, 1, 0]);
}
