//! Convolution over volumes, as a sum over the filter's depth of two-dimensional ones.
//!
//! Every slice of the filter along the depth meets the slices of the volume that it reaches, all of them at once as a
//! larger batch of images.

use super::conv::{ConvOptions, Padding};
use super::slice::{Slice, Unslice};
use crate::op::apply1;
use crate::{Error, Result, Shape, Tensor};

/// Strides, padding, dilations and groups of a convolution over volumes; the default is Keras's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv3dOptions {
    /// Steps between outputs, `[depth, height, width]`.
    pub strides: [usize; 3],
    /// How the borders are treated; [`Padding::Explicit`] is an error.
    pub padding: Padding,
    /// Steps between filter taps, `[depth, height, width]`.
    pub dilations: [usize; 3],
    /// Channels and filters fall into this many groups that do not see each other.
    pub groups: usize,
}

impl Default for Conv3dOptions {
    fn default() -> Self {
        Conv3dOptions { strides: [1; 3], padding: Padding::Valid, dilations: [1; 3], groups: 1 }
    }
}

/// How the depth is walked: slices before and after it, and the number of outputs.
struct Depth {
    before: usize,
    after: usize,
    outputs: usize,
}

impl Conv3dOptions {
    fn flat(&self) -> ConvOptions {
        ConvOptions {
            strides: [self.strides[1], self.strides[2]],
            padding: self.padding,
            dilations: [self.dilations[1], self.dilations[2]],
            groups: self.groups,
        }
    }

    fn depth(&self, size: usize, window: usize) -> Result<Depth> {
        let (stride, dilation) = (self.strides[0], self.dilations[0]);
        if stride == 0 || dilation == 0 || window == 0 {
            return Err(Error::value("conv3d: strides, dilations and filter sizes must be at least 1"));
        }
        let reach = (window - 1)
            .checked_mul(dilation)
            .and_then(|n| n.checked_add(1))
            .ok_or_else(|| Error::shape("conv3d: the dilated filter is too deep"))?;
        match self.padding {
            Padding::Valid if size < reach => Err(Error::shape(format!(
                "conv3d: a filter that reaches over {reach} does not fit a depth of {size}"
            ))),
            Padding::Valid => Ok(Depth { before: 0, after: 0, outputs: (size - reach) / stride + 1 }),
            Padding::Same => {
                let outputs = size.div_ceil(stride);
                let total = (outputs.saturating_sub(1) * stride + reach).saturating_sub(size);
                Ok(Depth { before: total / 2, after: total - total / 2, outputs })
            }
            Padding::Explicit(_) => {
                Err(Error::value("conv3d: explicit padding is not supported; use `pad` first"))
            }
        }
    }
}

fn rank5(what: &str, shape: &Shape) -> Result<[usize; 5]> {
    <[usize; 5]>::try_from(shape.dims())
        .map_err(|_| Error::shape(format!("conv3d: the {what} has shape {shape}, expected rank 5")))
}

/// Slice `k` of a filter along its depth.
fn tap(filter: &Tensor, k: usize) -> Result<Tensor> {
    filter.slice([super::Index::At(k as isize)])
}

impl Tensor {
    /// The convolution of volumes `[n, d, h, w, c]` with a filter `[kd, kh, kw, c / groups, o]`: `[n, od, oh, ow, o]`.
    pub fn conv3d(&self, filter: &Tensor, options: Conv3dOptions) -> Result<Tensor> {
        let [n, d, h, w, c] = rank5("input", self.shape())?;
        let kd = rank5("filter", filter.shape())?[0];
        let depth = options.depth(d, kd)?;
        let none = (0, 0);
        let x =
            self.pad(&[none, (depth.before, depth.after), none, none, none], super::PadMode::Constant(0.0))?;
        let mut sum: Option<Tensor> = None;
        for k in 0..kd {
            let part = Slice {
                begin: vec![0, k * options.dilations[0], 0, 0, 0],
                step: vec![1, options.strides[0] as isize, 1, 1, 1],
                sizes: vec![n, depth.outputs, h, w, c],
            };
            let images = apply1(&part, &[&x])?.reshape([n * depth.outputs, h, w, c])?;
            let y = images.conv2d(&tap(filter, k)?, options.flat())?;
            sum = Some(match sum {
                None => y,
                Some(s) => s.add(&y)?,
            });
        }
        let y = sum.ok_or_else(|| Error::shape("conv3d: the filter has no depth"))?;
        let [_, oh, ow, o] = y.dims::<4>()?;
        y.reshape([n, depth.outputs, oh, ow, o])
    }

    /// The transposed convolution: the gradient of [`Tensor::conv3d`] with respect to an input of shape `output`.
    pub fn conv3d_transpose(
        &self,
        filter: &Tensor,
        output: impl Into<Shape>,
        options: Conv3dOptions,
    ) -> Result<Tensor> {
        let [n, od, oh, ow, o] = rank5("input", self.shape())?;
        let [_, d, h, w, c] = rank5("output", &output.into())?;
        let kd = rank5("filter", filter.shape())?[0];
        let depth = options.depth(d, kd)?;
        if depth.outputs != od {
            return Err(Error::shape(format!(
                "conv3d_transpose: an output depth of {d} comes from {}, the input has {od}",
                depth.outputs
            )));
        }
        let images = self.reshape([n * od, oh, ow, o])?;
        let padded = Shape::from([n, d + depth.before + depth.after, h, w, c]);
        let mut sum = Tensor::zeros(padded.clone(), self.dtype())?;
        for k in 0..kd {
            let y = images.conv2d_transpose(&tap(filter, k)?, [n * od, h, w, c], options.flat())?;
            let place = Unslice {
                shape: padded.clone(),
                begin: vec![0, k * options.dilations[0], 0, 0, 0],
                step: vec![1, options.strides[0] as isize, 1, 1, 1],
                fill: 0.0,
            };
            sum = sum.add(&apply1(&place, &[&y.reshape([n, od, h, w, c])?])?)?;
        }
        let keep: Vec<isize> = [n, d, h, w, c].iter().map(|&n| n as isize).collect();
        sum.slice_sizes(&[0, depth.before, 0, 0, 0], &keep)
    }
}
