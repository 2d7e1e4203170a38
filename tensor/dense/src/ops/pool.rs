//! The largest values, or the means, of sliding windows over 1 to 3 spatial axes.

use super::conv::Padding;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Attributes, Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::pool::{Pool as Kind, Window, WindowOptions, pool, pool_backward, pool_pick};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Pool::DEF, PoolGrad::DEF, PoolPick::DEF];

crate::attr_enum! {
    /// What becomes of a window.
    pub enum PoolKind {
        /// Its largest element; with ties the gradient goes to the first in row-major order.
        Max = "max",
        /// The mean of the elements inside the input: padding does not count.
        Average = "average",
    }
}

impl PoolKind {
    fn kernel(self) -> Kind {
        match self {
            PoolKind::Max => Kind::Max,
            PoolKind::Average => Kind::Average,
        }
    }
}

crate::op! {
    /// Pools `[batch, spatial axes, channels]` by windows of `size` that move by `strides`.
    pub struct Pool { kind: PoolKind, size: Vec<usize>, strides: Vec<usize>, same: bool, pads: Vec<(usize, usize)> } = "pool"
}

crate::op! {
    /// The gradient of [`Pool`] from its input, its result and dy; the average needs dy alone.
    pub struct PoolGrad { kind: PoolKind, size: Vec<usize>, strides: Vec<usize>, same: bool, pads: Vec<(usize, usize)>, input: Shape } = "pool_grad"
}

crate::op! {
    /// What stands in a tensor shaped like max pooling's input at the places of the maxima, from that tensor, the input
    /// and the result: the gradient of [`PoolGrad`] with respect to dy.
    pub struct PoolPick { size: Vec<usize>, strides: Vec<usize>, same: bool, pads: Vec<(usize, usize)> } = "pool_pick"
}

impl Pool {
    fn window(&self, input: &Shape) -> Result<Window> {
        window(&self.size, &self.strides, self.same, &self.pads, input)
    }
    fn grad(&self, input: &Shape) -> PoolGrad {
        PoolGrad {
            kind: self.kind,
            size: self.size.clone(),
            strides: self.strides.clone(),
            same: self.same,
            pads: self.pads.clone(),
            input: input.clone(),
        }
    }
}

fn window(
    size: &[usize],
    strides: &[usize],
    same: bool,
    pads: &[(usize, usize)],
    input: &Shape,
) -> Result<Window> {
    let n = size.len();
    if input.rank() != n + 2 {
        return Err(Error::shape(format!(
            "pool: the input has shape {input}, expected rank {}: batch, {n} spatial axes, channels",
            n + 2
        )));
    }
    if size.contains(&0) || strides.contains(&0) {
        return Err(Error::value(format!(
            "pool: windows {size:?} and strides {strides:?} must be at least 1"
        )));
    }
    let spatial = &input[1..=n];
    let dilations = vec![1; n];
    let options = if same {
        WindowOptions::same(spatial, size, strides, &dilations)
    } else {
        WindowOptions { strides: strides.to_vec(), dilations, pads: pads.to_vec() }
    };
    Ok(Window::new(spatial, size, &options)?)
}

impl Op for Pool {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if !matches!(x[0].dtype, crate::DType::F32 | crate::DType::F64) {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        let w = self.window(&x[0].shape)?;
        let s = &x[0].shape;
        let shape: Shape =
            [s[0]].into_iter().chain(w.output().iter().copied()).chain([s[s.rank() - 1]]).collect();
        Ok(smallvec![x[0].reshaped(shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let w = self.window(x[0].shape())?;
        let c = *x[0].shape().last().unwrap_or(&1);
        dispatch!(x[0].dtype(), T: wide_float => {
            pool::<T>(self.kind.kernel(), &w, c, x[0].as_slice(), y[0].as_mut())?;
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, _: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((self.boxed(), 0b1))
    }
    fn keep(&self) -> Keep {
        if self.kind == PoolKind::Max { Keep::ALL } else { Keep::NONE }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let op = self.grad(&cx.x_spec(0).shape);
        let g = match self.kind {
            PoolKind::Max => apply1(&op, &[&cx.dy(0)?, cx.x(0), cx.y(0)])?,
            PoolKind::Average => apply1(&op, &[&cx.dy(0)?])?,
        };
        cx.give(0, g)
    }
}

impl Op for PoolGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[0].reshaped(self.input.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let w = window(&self.size, &self.strides, self.same, &self.pads, &self.input)?;
        let c = *self.input.last().unwrap_or(&1);
        dispatch!(x[0].dtype(), T: wide_float => {
            let (input, result): (&[T], &[T]) = match x.get(1).zip(x.get(2)) {
                Some((a, b)) => (a.as_slice(), b.as_slice()),
                None => (&[], &[]),
            };
            pool_backward::<T>(self.kind.kernel(), &w, c, input, result, x[0].as_slice(), y[0].as_mut())?;
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, x: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        let input = self.input.replaced(0, rows);
        Some((PoolGrad { input, ..self.clone() }.boxed(), (1 << x.len()) - 1))
    }
    fn keep(&self) -> Keep {
        // The maxima stay where they are under small changes: only dy has a gradient, which reads where they are.
        if self.kind == PoolKind::Max { Keep { x: 0b110, y: 0 } } else { Keep::NONE }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let (size, strides) = (self.size.clone(), self.strides.clone());
        let (same, pads) = (self.same, self.pads.clone());
        let g = match self.kind {
            PoolKind::Max => {
                let op = PoolPick { size, strides, same, pads };
                apply1(&op, &[&cx.dy(0)?, cx.x(1), cx.x(2)])?
            }
            kind => apply1(&Pool { kind, size, strides, same, pads }, &[&cx.dy(0)?])?,
        };
        cx.give(0, g)
    }
}

impl Op for PoolPick {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[2].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let w = window(&self.size, &self.strides, self.same, &self.pads, x[1].shape())?;
        let c = *x[1].shape().last().unwrap_or(&1);
        dispatch!(x[0].dtype(), T: wide_float => {
            pool_pick::<T>(&w, c, x[1].as_slice(), x[2].as_slice(), x[0].as_slice(), y[0].as_mut())?;
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b110, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let op = PoolGrad {
            kind: PoolKind::Max,
            size: self.size.clone(),
            strides: self.strides.clone(),
            same: self.same,
            pads: self.pads.clone(),
            input: cx.x_spec(1).shape.clone(),
        };
        let g = apply1(&op, &[&cx.dy(0)?, cx.x(1), cx.x(2)])?;
        cx.give(0, g)
    }
}

impl Tensor {
    /// Pools `[batch, spatial axes, channels]`, 1 to 3 spatial axes, by windows of `size` that move by `strides`.
    ///
    /// Errors when the numbers of axes differ, a size is zero, or the window is larger than the input.
    pub fn pool(
        &self,
        kind: PoolKind,
        size: &[usize],
        strides: &[usize],
        padding: Padding,
    ) -> Result<Tensor> {
        let same = padding == Padding::Same;
        let pads = match padding {
            Padding::Explicit([h, w]) => vec![(h[0], h[1]), (w[0], w[1])],
            _ => vec![(0, 0); size.len()],
        };
        apply1(&Pool { kind, size: size.to_vec(), strides: strides.to_vec(), same, pads }, &[self])
    }

    /// The largest value of each window of images `[batch, height, width, channels]`.
    pub fn max_pool2d(&self, size: [usize; 2], strides: [usize; 2], padding: Padding) -> Result<Tensor> {
        self.pool(PoolKind::Max, &size, &strides, padding)
    }

    /// The mean of each window of images `[batch, height, width, channels]`; padding does not count.
    pub fn avg_pool2d(&self, size: [usize; 2], strides: [usize; 2], padding: Padding) -> Result<Tensor> {
        self.pool(PoolKind::Average, &size, &strides, padding)
    }
}
