//! Two-dimensional convolution of NHWC images with HWIO filters.
//!
//! The operation and its two gradients are bilinear, so each one's gradient rule is made of the other two,
//! to any order.

use super::linear::{Activation, ActivationGrad, epilogue};
use super::of_ranges::sum_of_ranges;
use super::packed::Repeated;
use crate::attr::{Attr, Attribute, OpDef};
use crate::backward::Backward;
use crate::op::{Attributes, Op, Parts, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::conv::{
    Conv2dOptions, Conv2dShape, PackedFilter, conv2d, conv2d_filter_gradient, conv2d_input_gradient,
    conv2d_input_gradient_packed, conv2d_packed,
};
use gradus_kernels::elementwise::Binary;
use gradus_kernels::gemm::Epilogue;
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Conv2d::DEF, Conv2dInputGrad::DEF, Conv2dFilterGrad::DEF];

/// How the borders of an image are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// No padding: the window stays inside.
    #[default]
    Valid,
    /// As much padding as gives `ceil(size / stride)` outputs; an odd pixel goes to the bottom and right.
    Same,
    /// These many pixels: `[[top, bottom], [left, right]]`.
    Explicit([[usize; 2]; 2]),
}

impl Padding {
    /// Pixels around an image for a window.
    pub(crate) fn pads(
        self,
        size: [usize; 2],
        window: [usize; 2],
        strides: [usize; 2],
        dilations: [usize; 2],
    ) -> [[usize; 2]; 2] {
        match self {
            Padding::Valid => [[0, 0], [0, 0]],
            Padding::Same => Conv2dOptions::same(size, window, strides, dilations).pads,
            Padding::Explicit(p) => p,
        }
    }
}

impl From<&str> for Padding {
    /// `"same"`, in any case, is [`Padding::Same`]; anything else is [`Padding::Valid`].
    fn from(name: &str) -> Padding {
        if name.eq_ignore_ascii_case("same") { Padding::Same } else { Padding::Valid }
    }
}

impl Attribute for Padding {
    fn to_attr(&self) -> Attr {
        match self {
            Padding::Valid => Attr::Str("valid".into()),
            Padding::Same => Attr::Str("same".into()),
            Padding::Explicit(p) => p.to_attr(),
        }
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        match a {
            Attr::Str(s) if s == "valid" => Some(Padding::Valid),
            Attr::Str(s) if s == "same" => Some(Padding::Same),
            a => <[[usize; 2]; 2]>::from_attr(a).map(Padding::Explicit),
        }
    }
}

/// Strides, padding, dilations and groups of a convolution; the default is Keras's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvOptions {
    /// Steps between output pixels, `[height, width]`.
    pub strides: [usize; 2],
    /// How the borders are treated.
    pub padding: Padding,
    /// Steps between filter taps, `[height, width]`.
    pub dilations: [usize; 2],
    /// Channels and filters fall into this many groups that do not see each other.
    pub groups: usize,
}

impl Default for ConvOptions {
    fn default() -> Self {
        ConvOptions { strides: [1, 1], padding: Padding::Valid, dilations: [1, 1], groups: 1 }
    }
}

impl ConvOptions {
    /// The checked sizes of a convolution.
    fn shape(&self, input: &[usize], filter: &[usize]) -> Result<Conv2dShape> {
        let rank4 = |what: &str, d: &[usize]| {
            <[usize; 4]>::try_from(d).map_err(|_| {
                Error::shape(format!(
                    "conv2d: the {what} has shape {d:?}, expected rank 4; images are [batch, height, width, channels]: \
                     add a channel axis"
                ))
            })
        };
        let (x, w) = (rank4("input", input)?, rank4("filter", filter)?);
        if self.strides.contains(&0) {
            return Err(Error::value(format!("conv2d: strides {:?} must be at least 1", self.strides)));
        }
        let pads = self.padding.pads([x[1], x[2]], [w[0], w[1]], self.strides, self.dilations);
        let options =
            Conv2dOptions { strides: self.strides, dilations: self.dilations, pads, groups: self.groups };
        Conv2dShape::new(x, w, options).map_err(Error::shape)
    }
}

crate::op! {
    /// `activation(conv2d(x, filter) + bias)`; the bias may be left out.
    pub struct Conv2d { strides: [usize; 2], padding: Padding, dilations: [usize; 2], groups: usize, activation: Activation } = "conv2d"
}

crate::op! {
    /// The gradient of [`Conv2d`] with respect to its input, from dy and the filter.
    pub struct Conv2dInputGrad { strides: [usize; 2], padding: Padding, dilations: [usize; 2], groups: usize, input: Shape } = "conv2d_input_grad"
}

crate::op! {
    /// The gradient of [`Conv2d`] with respect to its filter, from the input and dy.
    pub struct Conv2dFilterGrad { strides: [usize; 2], padding: Padding, dilations: [usize; 2], groups: usize, filter: Shape } = "conv2d_filter_grad"
}

macro_rules! options {
    ($t:ident) => {
        impl $t {
            fn options(&self) -> ConvOptions {
                ConvOptions {
                    strides: self.strides,
                    padding: self.padding,
                    dilations: self.dilations,
                    groups: self.groups,
                }
            }
        }
    };
}
options!(Conv2d);
options!(Conv2dInputGrad);
options!(Conv2dFilterGrad);

impl ConvOptions {
    fn forward(self, activation: Activation) -> Conv2d {
        let ConvOptions { strides, padding, dilations, groups } = self;
        Conv2d { strides, padding, dilations, groups, activation }
    }
    fn input_grad(self, input: &Shape) -> Conv2dInputGrad {
        let ConvOptions { strides, padding, dilations, groups } = self;
        Conv2dInputGrad { strides, padding, dilations, groups, input: input.clone() }
    }
    fn filter_grad(self, filter: &Shape) -> Conv2dFilterGrad {
        let ConvOptions { strides, padding, dilations, groups } = self;
        Conv2dFilterGrad { strides, padding, dilations, groups, filter: filter.clone() }
    }
}

impl Op for Conv2d {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        let shape = self.options().shape(&x[0].shape, &x[1].shape)?;
        if let Some(b) = x.get(2) {
            if b.shape.dims() != [x[1].shape[3]] {
                return Err(Error::shape(format!(
                    "conv2d: the bias has shape {}, expected [{}]",
                    b.shape, x[1].shape[3]
                )));
            }
        }
        Ok(smallvec![x[0].reshaped(shape.output())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = self.options().shape(x[0].shape(), x[1].shape())?;
        dispatch!(x[0].dtype(), T: wide_float => {
            let bias = x.get(2).map(|b| b.as_slice::<T>());
            let e = Epilogue { bias, activation: self.activation, accumulate: false };
            let (v, w) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
            let packed = x[1].derived(Filters::<T>::new);
            let packed = packed.and_then(|f| f.forward.get(|| (shape, PackedFilter::forward(&shape, w))));
            match packed {
                Some((s, p)) if same_but_batch(s, &shape) => conv2d_packed(&shape, v, p, y[0].as_mut(), &e),
                _ => conv2d(&shape, v, w, y[0].as_mut(), &e),
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b11, y: u64::from(self.activation != Activation::None) }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = match self.activation {
            Activation::None => cx.dy(0)?,
            activation => apply1(&ActivationGrad { activation }, &[&cx.dy(0)?, cx.y(0)])?,
        };
        if cx.needs(0) {
            cx.give(0, apply1(&self.options().input_grad(cx.x(0).shape()), &[&g, cx.x(1)])?)?;
        }
        if cx.needs(1) {
            cx.give(1, apply1(&self.options().filter_grad(cx.x(1).shape()), &[cx.x(0), &g])?)?;
        }
        if cx.inputs() > 2 && cx.needs(2) {
            cx.give(2, g.reduce_sum([0, 1, 2], false)?)?;
        }
        Ok(())
    }
    fn columns(&self) -> Option<usize> {
        (self.activation == Activation::None).then_some(1)
    }
    fn by_rows(&self, _: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((self.boxed(), 0b1))
    }
    fn absorb(&self, inputs: usize, tail: &Lower) -> Option<Box<dyn Op>> {
        if self.activation != Activation::None {
            return None;
        }
        if *tail == Lower::Binary(Binary::Add) && inputs == 2 {
            return Some(self.boxed());
        }
        Some(self.options().forward(epilogue(tail)?).boxed())
    }
    fn lower(&self) -> Lower {
        Lower::Contract
    }
}

/// A filter as kernels read it. It depends on the image size too; each holds the first size that came twice.
struct Filters<T> {
    forward: Repeated<(Conv2dShape, PackedFilter<T>)>,
    input_gradient: Repeated<(Conv2dShape, PackedFilter<T>)>,
}

impl<T> Filters<T> {
    fn new() -> Self {
        Filters { forward: Repeated::new(), input_gradient: Repeated::new() }
    }
}

fn same_but_batch(a: &Conv2dShape, b: &Conv2dShape) -> bool {
    a.input()[1..] == b.input()[1..] && a.filter() == b.filter() && a.options() == b.options()
}

impl Op for Conv2dInputGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        let shape = self.options().shape(&self.input, &x[1].shape)?;
        expect_output(Self::NAME, &shape, x[0])?;
        Ok(smallvec![x[0].reshaped(self.input.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = self.options().shape(&self.input, x[1].shape())?;
        dispatch!(x[0].dtype(), T: wide_float => {
            let (dy, w) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
            let packed = x[1].derived(Filters::<T>::new);
            let make = || (shape, PackedFilter::input_gradient(&shape, w));
            match packed.and_then(|f| f.input_gradient.get(make)) {
                Some((s, p)) if same_but_batch(s, &shape) => {
                    conv2d_input_gradient_packed::<T>(&shape, dy, p, y[0].as_mut());
                }
                _ => conv2d_input_gradient::<T>(&shape, dy, w, y[0].as_mut()),
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let u = cx.dy(0)?;
        if cx.needs(0) {
            cx.give(0, apply1(&self.options().forward(Activation::None), &[&u, cx.x(1)])?)?;
        }
        if cx.needs(1) {
            cx.give(1, apply1(&self.options().filter_grad(cx.x(1).shape()), &[&u, cx.x(0)])?)?;
        }
        Ok(())
    }
    fn by_rows(&self, _: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((self.options().input_grad(&self.input.replaced(0, rows)).boxed(), 0b1))
    }
    fn lower(&self) -> Lower {
        Lower::Contract
    }
}

impl Op for Conv2dFilterGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        let shape = self.options().shape(&x[0].shape, &self.filter)?;
        expect_output(Self::NAME, &shape, x[1])?;
        Ok(smallvec![x[0].reshaped(self.filter.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = self.options().shape(x[0].shape(), &self.filter)?;
        dispatch!(x[0].dtype(), T: wide_float => {
            conv2d_filter_gradient::<T>(&shape, x[0].as_slice(), x[1].as_slice(), y[0].as_mut());
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let u = cx.dy(0)?;
        if cx.needs(0) {
            cx.give(0, apply1(&self.options().input_grad(cx.x(0).shape()), &[cx.x(1), &u])?)?;
        }
        if cx.needs(1) {
            cx.give(1, apply1(&self.options().forward(Activation::None), &[cx.x(0), &u])?)?;
        }
        Ok(())
    }
    fn in_parts(&self, x: &[&Spec], part: usize) -> Option<Parts> {
        Some(sum_of_ranges(self.boxed(), x.len(), part))
    }
    fn lower(&self) -> Lower {
        Lower::Contract
    }
}

fn expect_output(name: &str, shape: &Conv2dShape, dy: &Spec) -> Result<()> {
    if dy.shape.dims() == shape.output() {
        return Ok(());
    }
    Err(Error::shape(format!("{name}: the gradient has shape {}, expected {:?}", dy.shape, shape.output())))
}

impl Tensor {
    /// The convolution of images `[n, h, w, c]` with a filter `[kh, kw, c / groups, o]`: `[n, oh, ow, o]`.
    pub fn conv2d(&self, filter: &Tensor, options: ConvOptions) -> Result<Tensor> {
        apply1(&options.forward(Activation::None), &[self, filter])
    }

    /// `activation(conv2d(self, filter) + bias)` in one pass.
    pub fn conv2d_fused(
        &self,
        filter: &Tensor,
        bias: Option<&Tensor>,
        options: ConvOptions,
        activation: Activation,
    ) -> Result<Tensor> {
        let op = options.forward(activation);
        match bias {
            Some(b) => apply1(&op, &[self, filter, b]),
            None => apply1(&op, &[self, filter]),
        }
    }

    /// The transposed convolution: the gradient of [`Tensor::conv2d`] with respect to an input of shape `output`.
    pub fn conv2d_transpose(
        &self,
        filter: &Tensor,
        output: impl Into<Shape>,
        options: ConvOptions,
    ) -> Result<Tensor> {
        apply1(&options.input_grad(&output.into()), &[self, filter])
    }
}
