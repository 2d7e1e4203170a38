//! Depthwise convolution of NHWC images: every channel has filters of its own.
//!
//! As with the full convolution, the operation and its two gradients are bilinear and close under gradients.

use super::conv::{ConvOptions, Padding};
use super::of_ranges::sum_of_ranges;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Attributes, Op, Parts, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::depthwise::{Depthwise, depthwise, depthwise_filter_gradient, depthwise_input_gradient};
use gradus_kernels::pool::{Window, WindowOptions};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[DepthwiseConv2d::DEF, DepthwiseInputGrad::DEF, DepthwiseFilterGrad::DEF];

crate::op! {
    /// Each channel of x convolved with its own filters: `[n, h, w, c]` by `[kh, kw, c, m]` gives `[n, oh, ow, c m]`.
    pub struct DepthwiseConv2d { strides: [usize; 2], padding: Padding, dilations: [usize; 2] } = "depthwise_conv2d"
}

crate::op! {
    /// The gradient of [`DepthwiseConv2d`] with respect to its input, from dy and the filter.
    pub struct DepthwiseInputGrad { strides: [usize; 2], padding: Padding, dilations: [usize; 2], input: Shape } = "depthwise_conv2d_input_grad"
}

crate::op! {
    /// The gradient of [`DepthwiseConv2d`] with respect to its filter, from the input and dy.
    pub struct DepthwiseFilterGrad { strides: [usize; 2], padding: Padding, dilations: [usize; 2], filter: Shape } = "depthwise_conv2d_filter_grad"
}

/// Strides, padding and dilations, which the operation and its gradients share.
#[derive(Clone, Copy)]
struct Steps {
    strides: [usize; 2],
    padding: Padding,
    dilations: [usize; 2],
}

impl Steps {
    /// The checked sizes of a depthwise convolution.
    fn sizes(self, input: &[usize], filter: &[usize]) -> Result<Depthwise> {
        let Steps { strides, padding, dilations } = self;
        let (&[_, h, w, c], &[kh, kw, fc, m]) = (input, filter) else {
            return Err(Error::shape(format!(
                "depthwise_conv2d: expected an input and a filter of rank 4, found shapes {input:?} and {filter:?}"
            )));
        };
        if c != fc {
            return Err(Error::shape(format!(
                "depthwise_conv2d: the input {input:?} has {c} channels, the filter {filter:?} is for {fc}"
            )));
        }
        if strides.contains(&0) || dilations.contains(&0) {
            return Err(Error::value(format!(
                "depthwise_conv2d: strides {strides:?} and dilations {dilations:?} must be at least 1"
            )));
        }
        let pads = padding.pads([h, w], [kh, kw], strides, dilations);
        let options = WindowOptions {
            strides: strides.to_vec(),
            dilations: dilations.to_vec(),
            pads: pads.iter().map(|&[a, b]| (a, b)).collect(),
        };
        Ok(Depthwise { window: Window::new(&[h, w], &[kh, kw], &options)?, channels: c, multiplier: m })
    }

    fn forward_op(self) -> DepthwiseConv2d {
        DepthwiseConv2d { strides: self.strides, padding: self.padding, dilations: self.dilations }
    }

    fn input_op(self, input: &Shape) -> DepthwiseInputGrad {
        let Steps { strides, padding, dilations } = self;
        DepthwiseInputGrad { strides, padding, dilations, input: input.clone() }
    }

    fn filter_op(self, filter: &Shape) -> DepthwiseFilterGrad {
        let Steps { strides, padding, dilations } = self;
        DepthwiseFilterGrad { strides, padding, dilations, filter: filter.clone() }
    }
}

fn output(d: &Depthwise, batch: usize) -> Shape {
    let o = d.window.output();
    Shape::from([batch, o[0], o[1], d.channels * d.multiplier])
}

macro_rules! steps {
    ($($t:ident)*) => {$(
        impl $t {
            fn steps(&self) -> Steps {
                Steps { strides: self.strides, padding: self.padding, dilations: self.dilations }
            }
        }
    )*};
}
steps!(DepthwiseConv2d DepthwiseInputGrad DepthwiseFilterGrad);

impl Op for DepthwiseConv2d {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        let d = self.steps().sizes(&x[0].shape, &x[1].shape)?;
        Ok(smallvec![x[0].reshaped(output(&d, x[0].shape[0]))])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let d = self.steps().sizes(x[0].shape(), x[1].shape())?;
        dispatch!(x[0].dtype(), T: wide_float => {
            depthwise::<T>(&d, x[0].as_slice(), x[1].as_slice(), &[], None, y[0].as_mut())?;
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?;
        if cx.needs(0) {
            cx.give(0, apply1(&self.steps().input_op(cx.x(0).shape()), &[&g, cx.x(1)])?)?;
        }
        if cx.needs(1) {
            cx.give(1, apply1(&self.steps().filter_op(cx.x(1).shape()), &[cx.x(0), &g])?)?;
        }
        Ok(())
    }
    fn columns(&self) -> Option<usize> {
        Some(2)
    }
    fn by_rows(&self, _: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((self.boxed(), 0b1))
    }
    fn lower(&self) -> Lower {
        Lower::Contract
    }
}

impl Op for DepthwiseInputGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        self.steps().sizes(&self.input, &x[1].shape)?;
        Ok(smallvec![x[0].reshaped(self.input.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let d = self.steps().sizes(&self.input, x[1].shape())?;
        dispatch!(x[0].dtype(), T: wide_float => {
            depthwise_input_gradient::<T>(&d, x[0].as_slice(), x[1].as_slice(), y[0].as_mut())?;
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, _: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((self.steps().input_op(&self.input.replaced(0, rows)).boxed(), 0b1))
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let u = cx.dy(0)?;
        if cx.needs(0) {
            cx.give(0, apply1(&self.steps().forward_op(), &[&u, cx.x(1)])?)?;
        }
        if cx.needs(1) {
            cx.give(1, apply1(&self.steps().filter_op(cx.x(1).shape()), &[&u, cx.x(0)])?)?;
        }
        Ok(())
    }
}

impl Op for DepthwiseFilterGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        self.steps().sizes(&x[0].shape, &self.filter)?;
        Ok(smallvec![x[0].reshaped(self.filter.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let d = self.steps().sizes(x[0].shape(), &self.filter)?;
        dispatch!(x[0].dtype(), T: wide_float => {
            depthwise_filter_gradient::<T>(&d, x[0].as_slice(), x[1].as_slice(), y[0].as_mut())?;
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn in_parts(&self, x: &[&Spec], part: usize) -> Option<Parts> {
        Some(sum_of_ranges(self.boxed(), x.len(), part))
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let u = cx.dy(0)?;
        if cx.needs(0) {
            cx.give(0, apply1(&self.steps().input_op(cx.x(0).shape()), &[cx.x(1), &u])?)?;
        }
        if cx.needs(1) {
            cx.give(1, apply1(&self.steps().forward_op(), &[cx.x(0), &u])?)?;
        }
        Ok(())
    }
}

impl Tensor {
    /// Each channel convolved with its own filters: `[n, h, w, c]` by `[kh, kw, c, m]` gives `[n, oh, ow, c m]`.
    ///
    /// Groups of the options are not used: every channel is one.
    pub fn depthwise_conv2d(&self, filter: &Tensor, options: ConvOptions) -> Result<Tensor> {
        let ConvOptions { strides, padding, dilations, .. } = options;
        apply1(&DepthwiseConv2d { strides, padding, dilations }, &[self, filter])
    }
}
