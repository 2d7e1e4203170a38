//! The singular value decomposition.

use crate::batch::{Matrices, Scalar, part, parts, scratch};
use faer::diag::DiagMut;
use faer::linalg::svd as thin;
use faer::{MatMut, MatRef, Par};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, ErrorKind, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// Singular values in falling order, left and right singular vectors.
    pub struct Svd { full: bool } = "svd"
}

gradus_tensor::op! {
    /// Singular values alone, in falling order.
    pub struct SingularValues {} = "singular_values"
}

/// Decomposes one row-major `m x n` matrix; vectors are row-major, `m x k` and `n x l`, thin or square.
///
/// Everything is NaN when the matrix holds NaN or infinities, or when the iteration does not converge.
pub(crate) fn decompose<T: Scalar>(
    a: &[T],
    m: usize,
    n: usize,
    s: &mut [T],
    vectors: Option<(&mut [T], &mut [T])>,
) -> Result<()> {
    let mut vectors = vectors;
    if a.iter().all(|v| v.finite()) {
        let (k, l, kind) = match &vectors {
            Some((u, v)) => {
                let full = u.len() == m * m && v.len() == n * n;
                let kind = if full { thin::ComputeSvdVectors::Full } else { thin::ComputeSvdVectors::Thin };
                (u.len() / m.max(1), v.len() / n.max(1), kind)
            }
            None => (0, 0, thin::ComputeSvdVectors::No),
        };
        if s.is_empty() {
            // No singular values: any orthonormal vectors do.
            if let Some((u, v)) = vectors {
                for (t, size) in [(u, k), (v, l)] {
                    t.iter_mut().enumerate().for_each(|(i, t)| {
                        *t = if i / size == i % size { T::ONE } else { T::ZERO };
                    });
                }
            }
            return Ok(());
        }
        let mut memory = scratch(thin::svd_scratch::<T>(m, n, kind, kind, Par::Seq, Default::default()))?;
        let (u, v) = match &mut vectors {
            Some((u, v)) => (
                Some(MatMut::from_row_major_slice_mut(u, m, k)),
                Some(MatMut::from_row_major_slice_mut(v, n, l)),
            ),
            None => (None, None),
        };
        let done = thin::svd(
            MatRef::from_row_major_slice(a, m, n),
            DiagMut::from_slice_mut(s),
            u,
            v,
            Par::Seq,
            faer::dyn_stack::MemStack::new(&mut memory),
            Default::default(),
        );
        if done.is_ok() {
            return Ok(());
        }
    }
    s.fill(T::NOT_A_NUMBER);
    if let Some((u, v)) = vectors {
        u.fill(T::NOT_A_NUMBER);
        v.fill(T::NOT_A_NUMBER);
    }
    Ok(())
}

impl Op for SingularValues {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let m = Matrices::of(Self::NAME, x[0])?;
        Ok(smallvec![Spec::new(x[0].dtype, m.vectors(m.least()))])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::of(Self::NAME, x[0].spec())?;
        let (rows, columns) = (m.rows, m.columns);
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            m.each(parts(y[0].as_mut::<T>(), m.least(), m.count()), |i, s| {
                decompose(part(a, rows * columns, i), rows, columns, s, None)
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let y = apply(&Svd { full: false }, &[cx.x(0)])?;
        let g = y[1].mul(&cx.dy(0)?.expand_dims(-2)?)?.matmul_t(&y[2], false, true)?;
        cx.give(0, g)
    }
}

impl Svd {
    fn sizes(&self, m: &Matrices) -> (usize, usize) {
        if self.full { (m.rows, m.columns) } else { (m.least(), m.least()) }
    }
}

impl Op for Svd {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let m = Matrices::of(Self::NAME, x[0])?;
        let ((k, l), dtype) = (self.sizes(&m), x[0].dtype);
        let u = Spec::new(dtype, m.sized(m.rows, k)?);
        Ok(smallvec![Spec::new(dtype, m.vectors(m.least())), u, Spec::new(dtype, m.sized(m.columns, l)?)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::of(Self::NAME, x[0].spec())?;
        let (rows, columns, (k, l)) = (m.rows, m.columns, self.sizes(&m));
        let [s, u, v] = y else { return Err(unsupported_dtype(Self::NAME, x[0].dtype())) };
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            let s = parts(s.as_mut::<T>(), m.least(), m.count());
            let u = parts(u.as_mut::<T>(), rows * k, m.count());
            let v = parts(v.as_mut::<T>(), columns * l, m.count());
            m.each(s.zip(u).zip(v), |i, ((s, u), v)| {
                decompose(part(a, rows * columns, i), rows, columns, s, Some((u, v)))
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::Y
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let m = Matrices::of(Self::NAME, cx.x_spec(0))?;
        if self.full && m.rows != m.columns && (cx.dy_opt(1).is_some() || cx.dy_opt(2).is_some()) {
            return Err(Error::new(
                ErrorKind::Gradient,
                format!("svd: no gradient of the full vectors of a matrix of shape {}", cx.x_spec(0).shape),
            ));
        }
        let k = m.least();
        let thin = |t: &Tensor| t.slice(gradus_tensor::s![..., ..k]);
        let (s, u, v) = (cx.y(0), thin(cx.y(1))?, thin(cx.y(2))?);
        // As matrices that scale columns.
        let scale = s.expand_dims(-2)?;
        let mut inner = cx.dy(0)?.diag(0)?;
        let mut outer: Option<Tensor> = None;
        // 1 / (s_j^2 - s_i^2), and 0 where they are equal: then no gradient is defined.
        let squares = scale.square()?;
        let distance = squares.sub(&squares.matrix_transpose()?)?;
        let factor = distance.ones_like()?.div_no_nan(&distance)?;
        let inverse = scale.ones_like()?.div_no_nan(&scale)?;
        let skew = |w: &Tensor, g: &Tensor| -> Result<Tensor> {
            let p = w.matmul_t(g, true, false)?;
            p.sub(&p.matrix_transpose()?)?.mul(&factor)
        };
        // What of a gradient lies outside of the space of the vectors.
        let outside = |w: &Tensor, g: &Tensor| g.sub(&w.matmul(&w.matmul_t(g, true, false)?)?);
        if cx.dy_opt(1).is_some() {
            let gu = thin(&cx.dy(1)?)?;
            inner = inner.add(&skew(&u, &gu)?.mul(&scale)?)?;
            outer = Some(outside(&u, &gu)?.mul(&inverse)?.matmul_t(&v, false, true)?);
        }
        if cx.dy_opt(2).is_some() {
            let gv = thin(&cx.dy(2)?)?;
            inner = inner.add(&skew(&v, &gv)?.mul(&scale.matrix_transpose()?)?)?;
            let part = u.matmul_t(&outside(&v, &gv)?.mul(&inverse)?, false, true)?;
            outer = Some(match outer {
                Some(o) => o.add(&part)?,
                None => part,
            });
        }
        let g = u.matmul(&inner)?.matmul_t(&v, false, true)?;
        let g = match outer {
            Some(o) => g.add(&o)?,
            None => g,
        };
        cx.give(0, g)
    }
}

/// `(s, u, v)` with `u diag(s) v^T = A`, in TensorFlow's order: `[.., m, n]` gives singular values `[.., k]` in falling
/// order and vectors `[.., m, k]` and `[.., n, k]`, where `k` is the smaller of `m` and `n`; with `full` the vectors are
/// square, `[.., m, m]` and `[.., n, n]`.
///
/// Signs of pairs of vectors are arbitrary. The gradient through vectors needs distinct singular values and functions
/// that do not depend on the signs. NaN and infinities give NaN.
pub fn svd(a: &Tensor, full: bool) -> Result<(Tensor, Tensor, Tensor)> {
    let mut y = apply(&Svd { full }, &[a])?.into_iter();
    match (y.next(), y.next(), y.next()) {
        (Some(s), Some(u), Some(v)) => Ok((s, u, v)),
        _ => Err(Error::value("svd: expected three outputs")),
    }
}

/// The singular values alone, in falling order: `[.., m, n]` gives `[.., min(m, n)]`.
pub fn singular_values(a: &Tensor) -> Result<Tensor> {
    apply1(&SingularValues {}, &[a])
}
