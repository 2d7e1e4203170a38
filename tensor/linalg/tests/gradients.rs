//! Every gradient rule against finite differences in f64.

use gradus_autograd::GradCheck;
use gradus_linalg::*;
use gradus_tensor::{ErrorKind, Result, Tensor, s};

type Function = fn(&[Tensor]) -> Result<Vec<Tensor>>;

/// Well-conditioned matrices with no symmetry: a wave, and three on the diagonal.
fn general(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let wave = (0..n).map(|i| (1.7 * i as f64 + 0.4).sin() + 0.3 * (0.9 * i as f64).cos()).collect();
    let t = Tensor::from_vec::<f64>(wave, shape).unwrap();
    let (m, n) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    t.add(&Tensor::eye(m, n, t.dtype()).unwrap().mul(&Tensor::scalar(3.0f64)).unwrap()).unwrap()
}

/// Symmetric positive definite matrices out of any.
fn definite(a: &Tensor) -> Result<Tensor> {
    let square = a.matmul_t(a, false, true)?;
    let n = square.shape()[square.rank() - 1];
    square.add(&Tensor::eye(n, n, square.dtype())?)
}

#[test]
fn rules() {
    let (a, b) = (general(&[2, 3, 3]), general(&[2, 3, 2]));
    let one = general(&[3, 3]);
    let (tall, wide) = (general(&[2, 4, 3]), general(&[2, 3, 5]));
    // A determinant of 0 to the last bit.
    let flat = Tensor::new([[1.0f64, 2.0, 0.5], [2.0, 4.0, 1.0], [0.3, -1.0, 2.0]]).unwrap();
    let table: Vec<(&str, Vec<Tensor>, Function, bool)> = vec![
        ("inv", vec![a.clone()], |x| Ok(vec![inv(&x[0])?]), true),
        ("det", vec![a.clone()], |x| Ok(vec![det(&x[0])?]), true),
        ("det of a singular matrix", vec![flat], |x| Ok(vec![det(&x[0])?]), false),
        ("slogdet", vec![a.clone()], |x| Ok(vec![slogdet(&x[0])?.1]), true),
        ("logdet", vec![a.clone()], |x| Ok(vec![logdet(&definite(&x[0])?)?]), true),
        ("solve", vec![a.clone(), b.clone()], |x| Ok(vec![solve(&x[0], &x[1])?]), true),
        ("solve, one matrix", vec![one.clone(), b.clone()], |x| Ok(vec![solve(&x[0], &x[1])?]), false),
        ("solve_adjoint", vec![a.clone(), b.clone()], |x| Ok(vec![solve_adjoint(&x[0], &x[1])?]), true),
        (
            "triangular_solve",
            vec![a.clone(), b.clone()],
            |x| {
                [Triangle::LOWER, Triangle::UPPER, Triangle::LOWER.adjoint(), Triangle::UPPER.adjoint()]
                    .into_iter()
                    .map(|t| triangular_solve(&x[0], &x[1], t))
                    .collect()
            },
            true,
        ),
        ("cholesky", vec![a.clone()], |x| Ok(vec![cholesky(&definite(&x[0])?)?]), true),
        (
            "cholesky_solve",
            vec![a.clone(), b.clone()],
            |x| Ok(vec![cholesky_solve(&cholesky(&definite(&x[0])?)?, &x[1])?]),
            false,
        ),
        ("qr, square", vec![a.clone()], |x| qr(&x[0], true).map(|(q, r)| vec![q, r]), true),
        ("qr, tall", vec![tall.clone()], |x| qr(&x[0], false).map(|(q, r)| vec![q, r]), true),
        ("qr, wide", vec![wide.clone()], |x| qr(&x[0], false).map(|(q, r)| vec![q, r]), true),
        ("lu", vec![a.clone()], |x| Ok(vec![lu(&x[0])?.0]), true),
        (
            "lu_solve",
            vec![a.clone(), b.clone()],
            |x| {
                let (lu, p) = lu(&x[0])?;
                Ok(vec![lu_solve(&lu, &p, &x[1])?, lu_reconstruct(&lu, &p)?])
            },
            false,
        ),
        ("singular_values", vec![wide.clone()], |x| Ok(vec![singular_values(&x[0])?]), true),
        (
            // Squares and products of the two sides do not depend on signs.
            "svd, tall",
            vec![tall.clone()],
            |x| {
                let (s, u, v) = svd(&x[0], false)?;
                Ok(vec![s, u.square()?, v.square()?, u.slice(s![.., ..3, ..])?.mul(&v)?])
            },
            true,
        ),
        (
            "svd, wide",
            vec![wide.clone()],
            |x| {
                let (_, u, v) = svd(&x[0], false)?;
                Ok(vec![u.square()?, v.square()?, v.slice(s![.., ..3, ..])?.mul(&u)?])
            },
            false,
        ),
        ("svd, values of the full one", vec![wide.clone()], |x| Ok(vec![svd(&x[0], true)?.0]), false),
        ("eigvalsh", vec![a.clone()], |x| Ok(vec![eigvalsh(&x[0])?]), true),
        (
            "eigh",
            vec![a.clone()],
            |x| {
                let (w, v) = eigh(&x[0])?;
                Ok(vec![w, v.square()?, v.slice(s![.., ..1, ..])?.mul(&v.slice(s![.., 1..2, ..])?)?])
            },
            true,
        ),
        ("pinv, tall", vec![tall.clone()], |x| Ok(vec![pinv(&x[0], None)?]), true),
        ("pinv, wide", vec![wide.clone()], |x| Ok(vec![pinv(&x[0], None)?]), false),
        (
            "lstsq",
            vec![tall.clone(), general(&[2, 4, 2])],
            |x| {
                let l2 = LstsqOptions { l2_regularizer: 0.7, ..LstsqOptions::default() };
                let slow = LstsqOptions { fast: false, ..LstsqOptions::default() };
                [LstsqOptions::default(), l2, slow].into_iter().map(|o| lstsq(&x[0], &x[1], o)).collect()
            },
            false,
        ),
        (
            "lstsq, wide",
            vec![wide.clone(), b.clone()],
            |x| {
                let l2 = LstsqOptions { l2_regularizer: 0.7, ..LstsqOptions::default() };
                [LstsqOptions::default(), l2].into_iter().map(|o| lstsq(&x[0], &x[1], o)).collect()
            },
            false,
        ),
        (
            "matrix_norm",
            vec![tall.clone()],
            |x| {
                use MatrixNorm::*;
                [Frobenius, Nuclear, Spectral, LeastSingularValue, One, MinusOne, Infinity, MinusInfinity]
                    .into_iter()
                    .map(|n| matrix_norm(&x[0], n, false))
                    .collect()
            },
            false,
        ),
        ("expm", vec![a.clone()], |x| Ok(vec![expm(&x[0].mul(&Tensor::scalar(0.3f64))?)?]), true),
        ("kron", vec![one.clone(), b.clone()], |x| Ok(vec![kron(&x[0], &x[1])?]), false),
        (
            "matrix_power",
            vec![one.clone()],
            |x| [-2, 0, 1, 3].into_iter().map(|n| matrix_power(&x[0], n)).collect(),
            false,
        ),
    ];
    let mut failed = Vec::new();
    for (name, x, f, second) in table {
        // Second differences of results of size 100 leave fewer digits.
        let check = GradCheck::default().tolerance(2e-6, 2e-6);
        let check = if second { check.second_order() } else { check };
        if let Err(e) = check.run(f, &x) {
            failed.push(format!("{name}: {e}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn full_decompositions_say_that_they_have_no_gradient() {
    let tall = general(&[4, 3]);
    let table: [(&str, Function); 2] =
        [("qr", |x| Ok(vec![qr(&x[0], true)?.0])), ("svd", |x| Ok(vec![svd(&x[0], true)?.1]))];
    for (name, f) in table {
        let e = GradCheck::default().run(f, std::slice::from_ref(&tall)).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Gradient, "{name}: {e}");
        assert!(e.to_string().contains(name), "{name}: {e}");
    }
}
