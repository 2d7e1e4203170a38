//! Matrices: inverses, systems, factorizations.

use crate::creation::regression_set;
use crate::{Result, show, title};
use gradus::linalg::{LstsqOptions, cholesky, det, eigh, inv, lstsq, qr, solve, svd};
use gradus::ops::Norm;
use gradus::{DType, Tensor};

pub fn factorizations() -> Result {
    title("A9", "linear algebra");
    let (x, y) = regression_set()?;
    let design = Tensor::stack(&[&Tensor::ones([x.len()], DType::F64)?, &x], 1)?;
    let y = y.expand_dims(-1)?;
    let gram = design.matmul_t(&design, true, false)?;
    let weights = inv(&gram)?.matmul(&design.matmul_t(&y, true, false)?)?;
    show("(X'X)^-1 X'y", weights.flatten()?);
    show("solve(X'X, X'y)", solve(&gram, &design.matmul_t(&y, true, false)?)?.flatten()?);
    show("lstsq(X, y)", lstsq(&design, &y, LstsqOptions::default())?.flatten()?);

    let a = Tensor::new([[4.0f64, 2.0], [2.0, 3.0]])?;
    show("a", &a);
    show("det(a)", det(&a)?);
    show("inv(a)", inv(&a)?);
    show("cholesky(a)", cholesky(&a)?);
    let (q, r) = qr(&a, false)?;
    show("qr(a): |q r - a| at most", q.matmul(&r)?.sub(&a)?.abs()?.reduce_max((), false)?);
    let (s, u, v) = svd(&a, false)?;
    show("svd(a): singular values", &s);
    let rebuilt = u.mul(&s)?.matmul_t(&v, false, true)?;
    show("svd(a): |u s v' - a| at most", rebuilt.sub(&a)?.abs()?.reduce_max((), false)?);
    show("eigh(a): eigenvalues", eigh(&a)?.0);
    show("norm(a)", a.norm(Norm::Euclidean, (), false)?);
    let singular = Tensor::new([[1.0f64, 2.0], [2.0, 4.0]])?;
    match inv(&singular) {
        Ok(found) => show("inv of a singular matrix", found),
        Err(error) => show("inv of a singular matrix", format!("error: {error}")),
    }
    Ok(())
}
