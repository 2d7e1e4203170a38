//! Systems of equations with triangular matrices.

use crate::batch::{Matrices, part, parts};
use crate::inverse::singular;
use crate::solve::{common_batch, system};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{MatMut, MatRef, Par};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// X with `A X = B`, or `A^T X = B`, reading just the lower or upper triangle of A.
    pub struct TriangularSolve { lower: bool, adjoint: bool } = "triangular_solve"
}

impl Op for TriangularSolve {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        system(Self::NAME, x[0], x[1])?;
        Ok(smallvec![x[1].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (m, k): (Matrices, usize) = system(Self::NAME, x[0].spec(), x[1].spec())?;
        let n = m.rows;
        dispatch!(x[0].dtype(), T: wide_float => {
            let (a, b) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
            m.each(parts(y[0].as_mut::<T>(), n * k, m.count()), |i, y| {
                let a = part(a, n * n, i);
                if (0..n).any(|j| a[j * n + j] == 0.0) {
                    return Err(singular(Self::NAME, &m, i));
                }
                y.copy_from_slice(part(b, n * k, i));
                if y.is_empty() {
                    return Ok(());
                }
                let a = MatRef::from_row_major_slice(a, n, n);
                let a = if self.adjoint { a.transpose() } else { a };
                let y = MatMut::from_row_major_slice_mut(y, n, k);
                if self.lower != self.adjoint {
                    solve_lower_triangular_in_place(a, y, Par::Seq);
                } else {
                    solve_upper_triangular_in_place(a, y, Par::Seq);
                }
                Ok(())
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b01, y: 0b1 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let (a, x) = (cx.x(0), cx.y(0));
        let back = TriangularSolve { adjoint: !self.adjoint, ..*self };
        let gb = apply1(&back, &[a, &cx.dy(0)?])?;
        if cx.needs(0) {
            let ga = if self.adjoint { x.matmul_t(&gb, false, true)? } else { gb.matmul_t(x, false, true)? };
            // The other triangle is not read.
            let ga = if self.lower { ga.band_part(-1, 0)? } else { ga.band_part(0, -1)? };
            cx.give(0, ga.neg()?)?;
        }
        cx.give(1, gb)
    }
}

/// Which triangle [`triangular_solve`] reads, and whether it takes the transpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triangle {
    /// The lower triangle, TensorFlow's default; else the upper one.
    pub lower: bool,
    /// Solves with the transpose of that triangle.
    pub adjoint: bool,
}

impl Triangle {
    /// The lower triangle.
    pub const LOWER: Triangle = Triangle { lower: true, adjoint: false };
    /// The upper triangle.
    pub const UPPER: Triangle = Triangle { lower: false, adjoint: false };

    /// The transpose of that triangle.
    #[must_use]
    pub fn adjoint(self) -> Triangle {
        Triangle { adjoint: !self.adjoint, ..self }
    }
}

/// X with `A X = B`, where A is triangular: `[.., n, n]` and `[.., n, k]` give `[.., n, k]`. Batch axes broadcast.
///
/// Errors when the diagonal has a 0, or shapes do not fit.
pub fn triangular_solve(a: &Tensor, b: &Tensor, triangle: Triangle) -> Result<Tensor> {
    let (a, b) = common_batch(TriangularSolve::NAME, a, b)?;
    apply1(&TriangularSolve { lower: triangle.lower, adjoint: triangle.adjoint }, &[&a, &b])
}
