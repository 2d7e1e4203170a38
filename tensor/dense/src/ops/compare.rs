//! Comparisons, and the choice between two tensors by a third.

use super::elementwise::compare_op;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, same_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Error, Keep, Lower, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::elementwise::{self, Layout};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] =
    &[Equal::DEF, NotEqual::DEF, Less::DEF, LessEqual::DEF, Greater::DEF, GreaterEqual::DEF, Select::DEF];

compare_op! {
    /// `x == y`, element by element.
    Equal = "equal", equal, Equal
}
compare_op! {
    /// `x != y`, element by element.
    NotEqual = "not_equal", not_equal, NotEqual
}
compare_op! {
    /// `x < y`, element by element.
    Less = "less", less, Less
}
compare_op! {
    /// `x <= y`, element by element.
    LessEqual = "less_equal", less_equal, LessEqual
}
compare_op! {
    /// `x > y`, element by element.
    Greater = "greater", greater, Greater
}
compare_op! {
    /// `x >= y`, element by element.
    GreaterEqual = "greater_equal", greater_equal, GreaterEqual
}

crate::op! {
    /// The second input where the first is true, else the third; all three broadcast.
    pub struct Select {} = "select"
}

impl Op for Select {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if x[0].dtype != DType::Bool {
            return Err(Error::dtype(format!("select: the condition is {}, expected bool", x[0].dtype)));
        }
        same_dtype(Self::NAME, &x[1..])?;
        let shape =
            x[1].shape.broadcast(&x[2].shape).and_then(|s| s.broadcast(&x[0].shape)).map_err(|_| {
                Error::shape(format!(
                    "select: shapes {}, {} and {} do not broadcast",
                    x[0].shape, x[1].shape, x[2].shape
                ))
            })?;
        Ok(smallvec![Spec::new(x[1].dtype, shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let lens = [x[0].spec().len(), x[1].spec().len(), x[2].spec().len()];
        if elementwise::is_flat(&lens, y[0].spec().len()) {
            dispatch!(x[1].dtype(), T: all => {
                elementwise::select_flat::<T>(x[0].as_slice(), x[1].as_slice(), x[2].as_slice(), y[0].as_mut())
            });
            return Ok(());
        }
        let to = y[0].shape();
        let [c, a, b] =
            [Layout::new(x[0].shape(), to)?, Layout::new(x[1].shape(), to)?, Layout::new(x[2].shape(), to)?];
        dispatch!(x[1].dtype(), T: all => {
            elementwise::select::<T>(
                (x[0].as_slice(), &c),
                (x[1].as_slice(), &a),
                (x[2].as_slice(), &b),
                y[0].as_mut(),
            )
        });
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep { x: 1, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?;
        let zero = Tensor::scalar_of(g.dtype(), 0.0);
        if cx.needs(1) {
            cx.give(1, cx.x(0).select(&g, &zero)?)?;
        }
        if cx.needs(2) {
            cx.give(2, cx.x(0).select(&zero, &g)?)?;
        }
        Ok(())
    }
    fn lower(&self) -> Lower {
        Lower::Select
    }
}

impl Tensor {
    /// `then` where this bool tensor is true, `otherwise` elsewhere; all three broadcast.
    ///
    /// The gradient of the branch not taken is exactly zero, even where that branch is infinite or NaN.
    pub fn select(&self, then: &Tensor, otherwise: &Tensor) -> Result<Tensor> {
        apply1(&Select {}, &[self, then, otherwise])
    }
}
