//! Inverses, equations, decompositions, norms and functions of matrices of `tf.linalg`.

use gradus_linalg::{
    LstsqOptions, MatrixNorm, Triangle, cholesky, cholesky_solve, det, eigh, eigvalsh, expm, inv, logdet,
    lstsq, lu, matrix_norm, matrix_rank, pinv, qr, singular_values, slogdet, solve, solve_adjoint, svd,
    triangular_solve,
};
use gradus_tensor::Tensor;

use super::bind::take;
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    unary(r);
    equations(r);
    decompositions(r);
    compositions(r);
}

fn unary(r: &mut Registry) {
    r.op("tf.linalg.inv", |x, attrs| {
        let [a] = take(x)?;
        let y = inv(a)?;
        Ok(vec![if attrs.bool_or("adjoint", false)? { y.matrix_transpose()? } else { y }])
    });
    r.op("tf.linalg.det", |x, _| {
        let [a] = take(x)?;
        Ok(vec![det(a)?])
    });
    r.op("tf.linalg.slogdet", |x, _| {
        let [a] = take(x)?;
        let (sign, log) = slogdet(a)?;
        Ok(vec![sign, log])
    });
    r.op("tf.linalg.logdet", |x, _| {
        let [a] = take(x)?;
        Ok(vec![logdet(a)?])
    });
    r.op("tf.linalg.expm", |x, _| {
        let [a] = take(x)?;
        Ok(vec![expm(a)?])
    });
    r.op("tf.linalg.pinv", |x, attrs| {
        let [a] = take(x)?;
        Ok(vec![pinv(a, optional(attrs, "rcond")?)?])
    });
    r.op("tf.linalg.matrix_rank", |x, attrs| {
        let [a] = take(x)?;
        Ok(vec![matrix_rank(a, optional(attrs, "tol")?)?])
    });
}

fn equations(r: &mut Registry) {
    r.op("tf.linalg.solve", |x, attrs| {
        let [a, b] = take(x)?;
        Ok(vec![if attrs.bool_or("adjoint", false)? { solve_adjoint(a, b)? } else { solve(a, b)? }])
    });
    r.op("tf.linalg.triangular_solve", |x, attrs| {
        let [a, b] = take(x)?;
        let triangle =
            Triangle { lower: attrs.bool_or("lower", true)?, adjoint: attrs.bool_or("adjoint", false)? };
        Ok(vec![triangular_solve(a, b, triangle)?])
    });
    r.op("tf.linalg.cholesky_solve", |x, _| {
        let [l, b] = take(x)?;
        Ok(vec![cholesky_solve(l, b)?])
    });
    r.op("tf.linalg.lstsq", |x, attrs| {
        let [a, b] = take(x)?;
        let options = LstsqOptions {
            l2_regularizer: attrs.f64_or("l2_regularizer", 0.0)?,
            fast: attrs.bool_or("fast", true)?,
        };
        Ok(vec![lstsq(a, b, options)?])
    });
}

fn decompositions(r: &mut Registry) {
    r.op("tf.linalg.cholesky", |x, _| {
        let [a] = take(x)?;
        Ok(vec![cholesky(a)?])
    });
    r.op("tf.linalg.eigvalsh", |x, _| {
        let [a] = take(x)?;
        Ok(vec![eigvalsh(a)?])
    });
    r.op("tf.linalg.eigh", |x, _| {
        let [a] = take(x)?;
        let (w, v) = eigh(a)?;
        Ok(vec![w, v])
    });
    r.op("tf.linalg.qr", |x, attrs| {
        let [a] = take(x)?;
        let (q, r) = qr(a, attrs.bool_or("full_matrices", false)?)?;
        Ok(vec![q, r])
    });
    r.op("tf.linalg.svd", |x, attrs| {
        let [a] = take(x)?;
        let full = attrs.bool_or("full_matrices", false)?;
        if !attrs.bool_or("compute_uv", true)? {
            return Ok(vec![singular_values(a)?]);
        }
        let (s, u, v) = svd(a, full)?;
        Ok(vec![s, u, v])
    });
    r.op("tf.linalg.lu", |x, _| {
        let [a] = take(x)?;
        let (lu, p) = lu(a)?;
        Ok(vec![lu, p])
    });
}

/// What a case computes out of a decomposition, so that signs do not matter.
fn compositions(r: &mut Registry) {
    r.op("x.qr_positive", |x, _| {
        let [a] = take(x)?;
        let (q, r) = qr(a, false)?;
        let diagonal = r.diag_part(0)?;
        let one = diagonal.ones_like()?;
        let sign = diagonal.less(&diagonal.zeros_like()?)?.select(&one.neg()?, &one)?;
        Ok(vec![q.mul(&sign.expand_dims(-2)?)?, r.mul(&sign.expand_dims(-1)?)?])
    });
    r.op("x.singular_values", |x, _| {
        let [a] = take(x)?;
        Ok(vec![singular_values(a)?])
    });
    r.op("x.eigh_rebuild", |x, _| {
        let [a] = take(x)?;
        let (w, v) = eigh(a)?;
        let rebuilt = v.mul(&w.expand_dims(-2)?)?.matmul_t(&v, false, true)?;
        Ok(vec![rebuilt, v.matmul_t(&v, true, false)?])
    });
    r.op("x.least_squares_closed_form", |x, _| {
        let [a, y] = take(x)?;
        Ok(vec![inv(&a.matmul_t(a, true, false)?)?.matmul(&a.matmul_t(y, true, false)?)?])
    });
}

fn optional(attrs: &Attrs<'_>, name: &str) -> Result<Option<f64>, ConformanceError> {
    if attrs.has(name) { attrs.f64(name).map(Some) } else { Ok(None) }
}

/// The largest singular value over two axes: `tf.norm` with `ord` 2 of matrices.
pub fn spectral_norm(x: &Tensor, axes: &[isize], keepdims: bool) -> Result<Tensor, ConformanceError> {
    let axes = axes.iter().map(|&a| x.shape().axis(a)).collect::<Result<Vec<_>, _>>()?;
    let perm: Vec<usize> = (0..x.rank()).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).collect();
    let y = matrix_norm(&x.transpose(&perm)?, MatrixNorm::Spectral, false)?;
    if !keepdims {
        return Ok(y);
    }
    let shape: Vec<usize> =
        x.shape().iter().enumerate().map(|(i, &d)| if axes.contains(&i) { 1 } else { d }).collect();
    Ok(y.reshape(shape)?)
}
