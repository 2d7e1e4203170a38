//! Convolution along one axis, as a two-dimensional one over images of height 1.

use super::conv::{ConvOptions, Padding};
use crate::{Error, Result, Shape, Tensor};

/// Stride, padding, dilation and groups of a convolution along one axis; the default is Keras's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv1dOptions {
    /// Steps between outputs.
    pub stride: usize,
    /// How the ends are treated: [`Padding::Explicit`] takes its second pair, and the first must be 0.
    pub padding: Padding,
    /// Steps between filter taps.
    pub dilation: usize,
    /// Channels and filters fall into this many groups that do not see each other.
    pub groups: usize,
}

impl Default for Conv1dOptions {
    fn default() -> Self {
        Conv1dOptions { stride: 1, padding: Padding::Valid, dilation: 1, groups: 1 }
    }
}

impl Conv1dOptions {
    fn flat(self) -> ConvOptions {
        ConvOptions {
            strides: [1, self.stride],
            padding: self.padding,
            dilations: [1, self.dilation],
            groups: self.groups,
        }
    }
}

fn rank3(what: &str, t: &Tensor) -> Result<[usize; 3]> {
    t.dims::<3>()
        .map_err(|_| Error::shape(format!("conv1d: the {what} has shape {}, expected rank 3", t.shape())))
}

impl Tensor {
    /// The convolution of sequences `[n, w, c]` with a filter `[k, c / groups, o]`: `[n, ow, o]`.
    pub fn conv1d(&self, filter: &Tensor, options: Conv1dOptions) -> Result<Tensor> {
        rank3("input", self)?;
        rank3("filter", filter)?;
        let y = self.expand_dims(1)?.conv2d(&filter.expand_dims(0)?, options.flat())?;
        y.squeeze(1)
    }

    /// The transposed convolution: the gradient of [`Tensor::conv1d`] with respect to an input of shape `output`.
    pub fn conv1d_transpose(
        &self,
        filter: &Tensor,
        output: impl Into<Shape>,
        options: Conv1dOptions,
    ) -> Result<Tensor> {
        rank3("input", self)?;
        rank3("filter", filter)?;
        let output = output.into();
        if output.rank() != 3 {
            return Err(Error::shape(format!(
                "conv1d_transpose: an output of shape {output}, expected rank 3"
            )));
        }
        let x = self.expand_dims(1)?;
        x.conv2d_transpose(&filter.expand_dims(0)?, output.with(1, 1), options.flat())?.squeeze(1)
    }
}
