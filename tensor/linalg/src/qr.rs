//! The QR decomposition.

use crate::batch::{Matrices, Scalar, part, parts, scratch, turn};
use crate::{Triangle, triangular_solve};
use faer::linalg::householder;
use faer::linalg::qr::no_pivoting::factor;
use faer::{Conj, MatMut, MatRef, Par};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, ErrorKind, Result, Spec, Specs, Tensor, dispatch, s};
use smallvec::smallvec;

gradus_tensor::op! {
    /// Orthonormal Q and upper triangular R with `Q R = A`.
    pub struct Qr { full: bool } = "qr"
}

/// Decomposes one row-major `m x n` matrix into `m x k` and `k x n`.
fn decompose<T: Scalar>(a: &[T], m: usize, n: usize, k: usize, q: &mut [T], r: &mut [T]) -> Result<()> {
    let least = m.min(n);
    let mut basis = a.to_vec();
    turn(a, m, n, &mut basis);
    let mut columns = vec![T::ZERO; m * k];
    (0..m.min(k)).for_each(|i| columns[i * m + i] = T::ONE);
    if least > 0 {
        let block = factor::recommended_block_size::<T>(m, n);
        let mut factors = vec![T::ZERO; block * least];
        let mut memory =
            scratch(factor::qr_in_place_scratch::<T>(m, n, block, Par::Seq, Default::default()).or(
                householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(m, block, k),
            ))?;
        factor::qr_in_place(
            MatMut::from_column_major_slice_mut(&mut basis, m, n),
            MatMut::from_column_major_slice_mut(&mut factors, block, least),
            Par::Seq,
            faer::dyn_stack::MemStack::new(&mut memory),
            Default::default(),
        );
        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
            MatRef::from_column_major_slice(&basis, m, n).subcols(0, least),
            MatRef::from_column_major_slice(&factors, block, least),
            Conj::No,
            MatMut::from_column_major_slice_mut(&mut columns, m, k),
            Par::Seq,
            faer::dyn_stack::MemStack::new(&mut memory),
        );
    }
    turn(&columns, k, m, q);
    for row in 0..k {
        for column in 0..n {
            r[row * n + column] = if column >= row && row < m { basis[column * m + row] } else { T::ZERO };
        }
    }
    Ok(())
}

impl Qr {
    /// The size that Q and R share.
    fn inner(&self, m: &Matrices) -> usize {
        if self.full { m.rows } else { m.least() }
    }
}

impl Op for Qr {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let m = Matrices::of(Self::NAME, x[0])?;
        let k = self.inner(&m);
        let q = Spec::new(x[0].dtype, m.sized(m.rows, k)?);
        Ok(smallvec![q, Spec::new(x[0].dtype, m.sized(k, m.columns)?)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::of(Self::NAME, x[0].spec())?;
        let (rows, columns, k) = (m.rows, m.columns, self.inner(&m));
        let [q, r] = y else { return Err(unsupported_dtype(Self::NAME, x[0].dtype())) };
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            let q = parts(q.as_mut::<T>(), rows * k, m.count());
            m.each(q.zip(parts(r.as_mut::<T>(), k * columns, m.count())), |i, (q, r)| {
                decompose(part(a, rows * columns, i), rows, columns, k, q, r)
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let m = Matrices::of(Self::NAME, cx.x_spec(0))?;
        if self.full && m.rows > m.columns {
            return Err(Error::new(
                ErrorKind::Gradient,
                format!(
                    "qr: no gradient of the full decomposition of a tall matrix, shape {}",
                    cx.x_spec(0).shape
                ),
            ));
        }
        let (q, r, gq, gr) = (cx.y(0), cx.y(1), cx.dy(0)?, cx.dy(1)?);
        if m.rows >= m.columns {
            return cx.give(0, tall_gradient(q, r, &gq, &gr)?);
        }
        // A = [X Y] and R = [U V], where X = Q U and V = Q^T Y.
        let (k, a) = (m.rows, cx.x(0));
        let head = |t: &Tensor| t.slice(s![..., ..k]);
        let (y, gv) = (a.slice(s![..., k..])?, gr.slice(s![..., k..])?);
        let gq = gq.add(&y.matmul_t(&gv, false, true)?)?;
        let gx = tall_gradient(q, &head(r)?, &gq, &head(&gr)?)?;
        cx.give(0, Tensor::concat(&[&gx, &q.matmul(&gv)?], -1)?)
    }
}

/// For at least as many rows as columns: `(dQ + Q S(triu(dR R^T - Q^T dQ))) inv(R)^T`, where `S(X) = X + X^T - diag(X)`.
fn tall_gradient(q: &Tensor, r: &Tensor, gq: &Tensor, gr: &Tensor) -> Result<Tensor> {
    let m = gr.matmul_t(r, false, true)?.sub(&q.matmul_t(gq, true, false)?)?;
    let strict = m.band_part(0, -1)?.sub(&m.band_part(0, 0)?)?;
    let symmetric = m.band_part(0, -1)?.add(&strict.matrix_transpose()?)?;
    let inner = gq.add(&q.matmul(&symmetric)?)?;
    // inner inv(R)^T is the transpose of inv(R) inner^T.
    triangular_solve(r, &inner.matrix_transpose()?, Triangle::UPPER)?.matrix_transpose()
}

/// Orthonormal Q and upper triangular R with `Q R = A`: `[.., m, n]` gives `[.., m, k]` and `[.., k, n]`, where `k` is
/// the smaller of `m` and `n`, or `m` with `full`.
///
/// The signs are those of Householder reflections, as TensorFlow's: the diagonal of R may be negative. The gradient needs
/// the first columns of A to be independent; there is none of the full decomposition of a tall matrix.
pub fn qr(a: &Tensor, full: bool) -> Result<(Tensor, Tensor)> {
    let mut y = apply(&Qr { full }, &[a])?.into_iter();
    match (y.next(), y.next()) {
        (Some(q), Some(r)) => Ok((q, r)),
        _ => Err(Error::value("qr: expected two outputs")),
    }
}
