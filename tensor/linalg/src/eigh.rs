//! Eigenvalues and eigenvectors of symmetric matrices.

use crate::batch::{Matrices, Scalar, part, parts, scratch};
use faer::diag::DiagMut;
use faer::linalg::evd;
use faer::{MatMut, MatRef, Par};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// Eigenvalues in rising order and eigenvectors, from the lower triangle.
    pub struct Eigh {} = "eigh"
}

gradus_tensor::op! {
    /// Eigenvalues alone, in rising order, from the lower triangle.
    pub struct Eigvalsh {} = "eigvalsh"
}

/// Decomposes one row-major matrix; everything is NaN when its lower triangle holds NaN or infinities, or when the
/// iteration does not converge.
fn decompose<T: Scalar>(a: &[T], n: usize, w: &mut [T], v: Option<&mut [T]>) -> Result<()> {
    use evd::ComputeEigenvectors::{No, Yes};
    if n == 0 {
        return Ok(());
    }
    let mut v = v;
    if (0..n).all(|r| a[r * n..=r * n + r].iter().all(|v| v.finite())) {
        let vectors = if v.is_some() { Yes } else { No };
        let req = evd::self_adjoint_evd_scratch::<T>(n, vectors, Par::Seq, Default::default());
        let mut memory = scratch(req)?;
        let done = evd::self_adjoint_evd(
            MatRef::from_row_major_slice(a, n, n),
            DiagMut::from_slice_mut(w),
            v.as_mut().map(|v| MatMut::from_row_major_slice_mut(v, n, n)),
            Par::Seq,
            faer::dyn_stack::MemStack::new(&mut memory),
            Default::default(),
        );
        if done.is_ok() {
            return Ok(());
        }
    }
    w.fill(T::NOT_A_NUMBER);
    if let Some(v) = v {
        v.fill(T::NOT_A_NUMBER);
    }
    Ok(())
}

/// The gradient `V M V^T` of a symmetric matrix as that of its lower triangle, which alone is read: what lies above
/// the diagonal is added below.
fn lower_gradient(v: &Tensor, middle: &Tensor) -> Result<Tensor> {
    let g = v.matmul(middle)?.matmul_t(v, false, true)?;
    g.add(&g.matrix_transpose()?)?.band_part(-1, 0)?.sub(&g.band_part(0, 0)?)
}

impl Op for Eigvalsh {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let m = Matrices::square(Self::NAME, x[0])?;
        Ok(smallvec![Spec::new(x[0].dtype, m.vectors(m.rows))])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::square(Self::NAME, x[0].spec())?;
        let n = m.rows;
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            let w = parts(y[0].as_mut::<T>(), n, m.count());
            m.each(w, |i, w| decompose(part(a, n * n, i), n, w, None))
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let (_, v) = eigh(cx.x(0))?;
        let g = lower_gradient(&v, &cx.dy(0)?.diag(0)?)?;
        cx.give(0, g)
    }
}

impl Op for Eigh {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let m = Matrices::square(Self::NAME, x[0])?;
        Ok(smallvec![Spec::new(x[0].dtype, m.vectors(m.rows)), x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::square(Self::NAME, x[0].spec())?;
        let n = m.rows;
        let [w, v] = y else { return Err(unsupported_dtype(Self::NAME, x[0].dtype())) };
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            let w = parts(w.as_mut::<T>(), n, m.count());
            let v = parts(v.as_mut::<T>(), n * n, m.count());
            m.each(w.zip(v), |i, (w, v)| decompose(part(a, n * n, i), n, w, Some(v)))
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::Y
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let (w, v) = (cx.y(0), cx.y(1));
        let mut middle = cx.dy(0)?.diag(0)?;
        if let Some(gv) = cx.dy_opt(1) {
            // 1 / (w_j - w_i), and 0 where they are equal: then no gradient is defined.
            let row = w.expand_dims(-2)?;
            let distance = row.sub(&row.matrix_transpose()?)?;
            let factor = distance.ones_like()?.div_no_nan(&distance)?;
            middle = middle.add(&v.matmul_t(gv, true, false)?.mul(&factor)?)?;
        }
        cx.give(0, lower_gradient(v, &middle)?)
    }
}

/// Eigenvalues `[.., n]` in rising order and eigenvectors `[.., n, n]`, in columns, of symmetric matrices, of which
/// just the lower triangle is read: `A V = V diag(w)`.
///
/// Signs of vectors are arbitrary. The gradient through vectors needs distinct eigenvalues; it is that of the lower
/// triangle, as TensorFlow's. NaN and infinities give NaN.
pub fn eigh(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let mut y = apply(&Eigh {}, &[a])?.into_iter();
    match (y.next(), y.next()) {
        (Some(w), Some(v)) => Ok((w, v)),
        _ => Err(Error::value("eigh: expected two outputs")),
    }
}

/// The eigenvalues alone: see [`eigh`].
pub fn eigvalsh(a: &Tensor) -> Result<Tensor> {
    apply1(&Eigvalsh {}, &[a])
}
