//! What decompositions must satisfy, over sizes, dtypes and batches; what wrong input gives; and that threads change
//! nothing.

use gradus_kernels::threads::with_num_threads;
use gradus_linalg::*;
use gradus_tensor::{DType, Result, Tensor};

/// Numbers between -1 and 1 without a pattern.
fn noise(shape: &[usize], dtype: DType) -> Tensor {
    let state = Tensor::random_state(7, shape.iter().product::<usize>() as u64);
    Tensor::random_uniform(shape, -1.0, 1.0, dtype, &state).unwrap()
}

/// Square matrices with condition numbers below about ten: noise of norm 1, and 2 on the diagonal.
fn sound(shape: &[usize], dtype: DType) -> Result<Tensor> {
    let n = shape[shape.len() - 1];
    let noise = noise(shape, dtype).mul(&Tensor::scalar_of(dtype, 1.0 / (n as f64).sqrt()))?;
    noise.add(&Tensor::eye(n, n, dtype)?.mul(&Tensor::scalar_of(dtype, 2.0))?)
}

#[track_caller]
fn close(what: &str, found: &Tensor, want: &Tensor, tolerance: f64) {
    assert_eq!(found.spec(), want.spec(), "{what}");
    let (found, want) = (found.to_f64_vec().unwrap(), want.to_f64_vec().unwrap());
    let size = want.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    for (i, (f, w)) in found.iter().zip(&want).enumerate() {
        assert!((f - w).abs() <= tolerance * size, "{what}: element {i}: expected {w}, found {f}");
    }
}

fn unit(t: &Tensor) -> Tensor {
    let n = t.shape()[t.rank() - 1];
    Tensor::eye(n, n, t.dtype()).unwrap().broadcast_to(t.shape().clone()).unwrap()
}

/// A tolerance that grows with the size of the matrices.
fn tolerance(dtype: DType, n: usize) -> f64 {
    let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    // Rounding errors grow at most with n, times a condition number of some tens.
    epsilon * 50.0 * n as f64
}

#[test]
fn square_matrices() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        for (batch, n) in [(vec![], 1), (vec![3], 2), (vec![2, 2], 5), (vec![], 33), (vec![2], 100)] {
            let shape = [&batch[..], &[n, n]].concat();
            let what = |name: &str| format!("{name} of {dtype}{shape:?}");
            let (a, tol) = (sound(&shape, dtype)?, tolerance(dtype, n));
            let b = noise(&[&batch[..], &[n, 3]].concat(), dtype);
            close(&what("inv"), &a.matmul(&inv(&a)?)?, &unit(&a), tol);
            close(&what("solve"), &a.matmul(&solve(&a, &b)?)?, &b, tol);
            let x = solve_adjoint(&a, &b)?;
            close(&what("solve_adjoint"), &a.matmul_t(&x, true, false)?, &b, tol);
            let (packed, p) = lu(&a)?;
            close(&what("lu"), &lu_reconstruct(&packed, &p)?, &a, tol);
            close(&what("lu_solve"), &lu_solve(&packed, &p, &b)?, &solve(&a, &b)?, tol);
            let definite = a.matmul_t(&a, false, true)?.add(&unit(&a))?;
            let l = cholesky(&definite)?;
            close(&what("cholesky"), &l.matmul_t(&l, false, true)?, &definite, tol);
            close(&what("cholesky, lower"), &l.band_part(-1, 0)?, &l, 0.0);
            close(&what("cholesky_solve"), &definite.matmul(&cholesky_solve(&l, &b)?)?, &b, tol);
            let symmetric = a.add(&a.matrix_transpose()?)?;
            let (w, v) = eigh(&symmetric)?;
            close(&what("eigh"), &v.mul(&w.expand_dims(-2)?)?.matmul_t(&v, false, true)?, &symmetric, tol);
            close(&what("eigh, vectors"), &v.matmul_t(&v, true, false)?, &unit(&v), tol);
            close(&what("eigvalsh"), &eigvalsh(&symmetric)?, &w, tol);
            let (sign, log) = slogdet(&a)?;
            close(&what("slogdet"), &sign.mul(&log.exp()?)?, &det(&a)?, tol);
            close(&what("logdet"), &logdet(&definite)?, &slogdet(&definite)?.1, tol);
            if n < 40 {
                let e = expm(&a)?;
                close(&what("expm"), &e.matmul(&expm(&a.neg()?)?)?, &unit(&a), tol * 10.0);
            }
        }
    }
    Ok(())
}

#[test]
fn any_matrices() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        for (batch, m, n) in
            [(vec![], 1, 1), (vec![3], 4, 2), (vec![2, 2], 2, 5), (vec![], 60, 33), (vec![2], 40, 70)]
        {
            let shape = [&batch[..], &[m, n]].concat();
            let what = |name: &str| format!("{name} of {dtype}{shape:?}");
            let (a, tol, k) = (noise(&shape, dtype), tolerance(dtype, m.max(n)), m.min(n));
            for full in [false, true] {
                let (q, r) = qr(&a, full)?;
                close(&what("qr"), &q.matmul(&r)?, &a, tol);
                let inner = q.matmul_t(&q, true, false)?;
                close(&what("qr, orthonormal"), &inner, &unit(&inner), tol);
                close(&what("qr, upper"), &r.band_part(0, -1)?, &r, 0.0);
                let (s, u, v) = svd(&a, full)?;
                let thin = |t: &Tensor| t.slice(gradus_tensor::s![..., ..k]);
                let back = thin(&u)?.mul(&s.expand_dims(-2)?)?.matmul_t(&thin(&v)?, false, true)?;
                close(&what("svd"), &back, &a, tol);
                for t in [u, v] {
                    let inner = t.matmul_t(&t, true, false)?;
                    close(&what("svd, orthonormal"), &inner, &unit(&inner), tol);
                }
                close(&what("singular_values"), &singular_values(&a)?, &s, tol);
            }
            let p = pinv(&a, None)?;
            close(&what("pinv"), &a.matmul(&p)?.matmul(&a)?, &a, tol);
            let b = noise(&[&batch[..], &[m, 2]].concat(), dtype);
            let slow = LstsqOptions { fast: false, ..LstsqOptions::default() };
            let x = lstsq(&a, &b, LstsqOptions::default())?;
            close(&what("lstsq"), &x, &lstsq(&a, &b, slow)?, tol * 10.0);
            let rank = matrix_rank(&a, None)?.to_vec::<i32>()?;
            assert!(rank.iter().all(|&r| r == k as i32), "{}: {rank:?}", what("matrix_rank"));
        }
    }
    Ok(())
}

#[test]
fn known_values() -> Result<()> {
    let t = |v: [[f64; 2]; 2]| Tensor::new(v);
    let a = t([[1.0, 2.0], [3.0, 4.0]])?;
    let pi = std::f64::consts::PI;
    let table = [
        ("det", det(&a)?, Tensor::scalar(-2.0f64)),
        (
            "qr's signs are TensorFlow's",
            qr(&a, false)?.1.slice(gradus_tensor::s![.., 0])?,
            Tensor::new([-10f64.sqrt(), 0.0])?,
        ),
        ("expm of a rotation", expm(&t([[0.0, -pi], [pi, 0.0]])?)?, t([[-1.0, 0.0], [0.0, -1.0]])?),
        ("expm of a nilpotent", expm(&t([[0.0, 1e3], [0.0, 0.0]])?)?, t([[1.0, 1e3], [0.0, 1.0]])?),
        (
            "expm of a large one",
            expm(&t([[20.0, 0.0], [0.0, -20.0]])?)?,
            t([[20f64.exp(), 0.0], [0.0, (-20f64).exp()]])?,
        ),
        ("matrix_power", matrix_power(&a, 3)?, t([[37.0, 54.0], [81.0, 118.0]])?),
        (
            "kron",
            kron(&a, &Tensor::new([[0.0f64, 1.0]])?)?,
            Tensor::new([[0.0f64, 1.0, 0.0, 2.0], [0.0, 3.0, 0.0, 4.0]])?,
        ),
        (
            "nuclear",
            matrix_norm(&t([[3.0, 0.0], [0.0, -4.0]])?, MatrixNorm::Nuclear, false)?,
            Tensor::scalar(7.0f64),
        ),
        (
            "spectral",
            matrix_norm(&t([[3.0, 0.0], [0.0, -4.0]])?, MatrixNorm::Spectral, true)?,
            Tensor::new([[4.0f64]])?,
        ),
        ("one", matrix_norm(&a, MatrixNorm::One, false)?, Tensor::scalar(6.0f64)),
        ("infinity", matrix_norm(&a, MatrixNorm::Infinity, false)?, Tensor::scalar(7.0f64)),
        ("det of nothing", det(&Tensor::zeros([2, 0, 0], DType::F64)?)?, Tensor::new([1.0f64, 1.0])?),
        ("rank of one", matrix_rank(&t([[1.0, 2.0], [2.0, 4.0]])?, None)?, Tensor::scalar(1i32)),
    ];
    for (what, found, want) in table {
        // Every squaring of an exponential doubles a rounding error: 2^8 of them at a norm of 1,000.
        close(what, &found, &want, if what.starts_with("expm") { 1e-13 } else { 1e-14 });
    }
    // As TensorFlow: no error, the lower triangle is NaN.
    let l = cholesky(&t([[1.0, 2.0], [2.0, 1.0]])?)?.to_vec::<f64>()?;
    assert!(l[0].is_nan() && l[1] == 0.0 && l[2].is_nan() && l[3].is_nan(), "{l:?}");
    Ok(())
}

#[test]
fn wrong_input_is_an_error() {
    let z = |shape: &[usize]| Tensor::zeros(shape, DType::F64).unwrap();
    let batch = Tensor::concat(&[&unit(&z(&[1, 2, 2])), &z(&[1, 2, 2])], 0).unwrap();
    let table = [
        (inv(&z(&[2, 2])), "inv: the matrix is singular"),
        (inv(&batch), "inv: matrix 1 of the batch is singular"),
        (inv(&z(&[2, 3])), "inv: expected square matrices, found shape [2, 3]"),
        (inv(&z(&[2])), "inv: expected matrices, found shape [2]"),
        (inv(&Tensor::new([[1i32]]).unwrap()), "inv: expected float32 or float64, found int32"),
        (solve(&z(&[2, 2]), &z(&[2, 1])), "solve: the matrix is singular"),
        (
            solve(&z(&[2, 2]), &z(&[3, 1])),
            "solve: right-hand sides of shape [3, 1] do not fit matrices of shape [2, 2]",
        ),
        (
            solve(&z(&[2, 2, 2]), &z(&[3, 2, 1])),
            "solve: batch axes of [2, 2, 2] and [3, 2, 1] do not broadcast",
        ),
        (
            triangular_solve(&z(&[2, 2]), &z(&[2, 1]), Triangle::LOWER),
            "triangular_solve: the matrix is singular",
        ),
        (det(&z(&[1, 2])), "det: expected square matrices, found shape [1, 2]"),
        (cholesky(&z(&[1, 2])), "cholesky: expected square matrices, found shape [1, 2]"),
        (singular_values(&z(&[3])), "singular_values: expected matrices, found shape [3]"),
        (
            matrix_norm(&z(&[0, 2]), MatrixNorm::One, false),
            "matrix_norm: One of empty matrices, shape [0, 2]",
        ),
        (pinv(&z(&[1, 2]), Some(f64::NAN)), "pinv: rcond NaN must not be negative"),
        (
            lstsq(&z(&[3, 2]), &z(&[2, 2]), LstsqOptions::default()),
            "lstsq: right-hand sides of shape [2, 2] do not fit matrices of shape [3, 2]",
        ),
    ];
    for (found, want) in table {
        assert_eq!(found.unwrap_err().to_string(), want);
    }
}

#[test]
fn nan_and_nothing_pass_through() -> Result<()> {
    let nan = Tensor::full([2, 2], f64::NAN, DType::F64)?;
    for t in [
        singular_values(&nan)?,
        svd(&nan, true)?.1,
        eigh(&nan)?.1,
        expm(&nan)?,
        pinv(&nan, None)?,
        qr(&nan, false)?.0,
    ] {
        assert!(t.to_vec::<f64>()?.iter().all(|v| v.is_nan()), "{t}");
    }
    assert!(det(&nan)?.item::<f64>()?.is_nan());
    for shape in [[0, 2, 2], [2, 0, 0], [0, 0, 0]] {
        let e = Tensor::zeros(shape, DType::F32)?;
        for t in [
            inv(&e)?,
            cholesky(&e)?,
            expm(&e)?,
            pinv(&e, None)?,
            solve(&e, &e)?,
            qr(&e, true)?.0,
            svd(&e, true)?.1,
            eigh(&e)?.1,
            lu(&e)?.0,
        ] {
            assert_eq!(t.shape(), e.shape());
        }
    }
    assert_eq!(svd(&Tensor::zeros([3, 0], DType::F32)?, true)?.1.shape().dims(), [3, 3]);
    Ok(())
}

#[test]
fn threads_change_no_bit() -> Result<()> {
    let a = noise(&[60, 12, 12], DType::F32);
    let large = noise(&[300, 300], DType::F32);
    let all = || -> Result<Vec<Vec<u8>>> {
        let mut out = Vec::new();
        for t in [&a, &large] {
            let (s, u, v) = svd(t, false)?;
            let (q, r) = qr(t, false)?;
            for y in [s, u, v, q, r, inv(t)?, det(t)?, eigh(t)?.1, lu(t)?.0, solve(t, t)?] {
                out.push(y.to_bytes()?);
            }
        }
        Ok(out)
    };
    let one = with_num_threads(1, all)?;
    for threads in [2, 5] {
        assert!(with_num_threads(threads, all)? == one, "{threads} threads");
    }
    Ok(())
}
