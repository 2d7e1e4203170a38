//! Two-dimensional convolution.

use super::{LayerOptions, Pair, config_bool, config_pair, config_usize, layer_options};
use crate::weight::existing;
use crate::{Call, Dims, Layer, Meta, Weight};
use gradus_autograd::Variable;
use gradus_tensor::ops::{Activation, ConvOptions, Padding};
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

/// Convolution of images `[batch, height, width, channels]` with `filters` square or rectangular windows.
///
/// Defaults: stride 1, padding valid, no activation, a bias, kernel by `glorot_uniform`.
#[derive(Debug)]
pub struct Conv2D {
    meta: Meta,
    filters: usize,
    kernel_size: [usize; 2],
    conv: ConvOptions,
    use_bias: bool,
    options: LayerOptions,
    kernel: Weight,
    bias: Weight,
}

impl Conv2D {
    /// A layer with that many filters of that size.
    pub fn new(filters: usize, kernel_size: impl Into<Pair>) -> Conv2D {
        Conv2D {
            meta: Meta::new("Conv2D"),
            filters,
            kernel_size: kernel_size.into().0,
            conv: ConvOptions::default(),
            use_bias: true,
            options: LayerOptions::default(),
            kernel: Weight::new(),
            bias: Weight::new(),
        }
    }

    /// Steps between output pixels.
    #[must_use]
    pub fn strides(mut self, strides: impl Into<Pair>) -> Conv2D {
        self.conv.strides = strides.into().0;
        self
    }

    /// `Padding::Same` or `Padding::Valid`, or their names.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Conv2D {
        self.conv.padding = padding.into();
        self
    }

    /// Steps between the taps of a filter.
    #[must_use]
    pub fn dilation_rate(mut self, rate: impl Into<Pair>) -> Conv2D {
        self.conv.dilations = rate.into().0;
        self
    }

    /// Channels and filters fall into this many groups that do not see each other.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Conv2D {
        self.conv.groups = groups;
        self
    }

    /// With or without a bias; the default is with.
    #[must_use]
    pub fn use_bias(mut self, yes: bool) -> Conv2D {
        self.use_bias = yes;
        self
    }

    pub(crate) fn from_config(c: &Value) -> Result<Conv2D> {
        let layer = Conv2D::new(config_usize(c, "filters")?, config_pair(c, "kernel_size", [1, 1])?)
            .strides(config_pair(c, "strides", [1, 1])?)
            .padding(padding_from(c)?)
            .dilation_rate(config_pair(c, "dilation_rate", [1, 1])?)
            .groups(c.get("groups").map_or(Ok(1), |_| config_usize(c, "groups"))?)
            .use_bias(config_bool(c, "use_bias", true));
        Ok(layer.with_options(LayerOptions::from_config(c)?))
    }
}
layer_options!(Conv2D);

/// The padding of a configuration.
pub(super) fn padding_from(c: &Value) -> Result<Padding> {
    match c.get("padding").and_then(Value::as_str) {
        None => Ok(Padding::Valid),
        Some(p) if p.eq_ignore_ascii_case("valid") => Ok(Padding::Valid),
        Some(p) if p.eq_ignore_ascii_case("same") => Ok(Padding::Same),
        Some(p) => Err(Error::value(format!("padding {p:?} is unknown; known are \"valid\" and \"same\""))),
    }
}

/// The padding's name in a configuration.
pub(super) fn padding_name(p: Padding) -> &'static str {
    if p == Padding::Same { "same" } else { "valid" }
}

/// Outputs of a window that moves over `size` pixels.
pub(super) fn windows(
    size: usize,
    window: usize,
    stride: usize,
    dilation: usize,
    padding: Padding,
) -> Option<usize> {
    if stride == 0 || window == 0 {
        return None;
    }
    match padding {
        Padding::Same => Some(size.div_ceil(stride)),
        _ => {
            let reach = (window - 1).checked_mul(dilation)?.checked_add(1)?;
            Some(size.checked_sub(reach)? / stride + 1)
        }
    }
}

/// The image size after a window moved over it; `input` is `[batch, height, width, channels]`.
pub(super) fn image_out(
    input: &Dims,
    window: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
    padding: Padding,
    channels: Option<usize>,
) -> Result<Dims> {
    if input.rank() != 4 {
        return Err(Error::shape(format!(
            "expected images of rank 4, [batch, height, width, channels], found {input}; add a channel axis"
        )));
    }
    let mut out = input.clone();
    for i in 0..2 {
        if let Some(size) = input.as_slice()[i + 1] {
            let n = windows(size, window[i], strides[i], dilations[i], padding).filter(|&n| n > 0);
            let n = n.ok_or_else(|| {
                Error::shape(format!(
                    "the output would have no pixels: input {input}, window {window:?}, strides {strides:?}; \
                     padding \"same\" keeps the size"
                ))
            })?;
            out = out.replaced(i as isize + 1, Some(n));
        }
    }
    Ok(out.replaced(3, channels))
}

impl Layer for Conv2D {
    fn class_name(&self) -> &'static str {
        "Conv2D"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        let mut c = json!({
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.conv.strides,
            "padding": padding_name(self.conv.padding),
            "data_format": "channels_last",
            "dilation_rate": self.conv.dilations,
            "groups": self.conv.groups,
            "use_bias": self.use_bias,
        });
        self.options.write_config(&mut c);
        c
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.options.check()?;
        if self.filters == 0 || self.conv.groups == 0 || self.filters % self.conv.groups != 0 {
            return Err(Error::value(format!(
                "{} filters do not fall into {} groups",
                self.filters, self.conv.groups
            )));
        }
        let out = image_out(
            input,
            self.kernel_size,
            self.conv.strides,
            self.conv.dilations,
            self.conv.padding,
            Some(self.filters),
        )?;
        let channels = input.known(-1, "conv2d")?;
        if channels == 0 || channels % self.conv.groups != 0 {
            return Err(Error::shape(format!(
                "{channels} channels do not fall into {} groups",
                self.conv.groups
            )));
        }
        if let Some(kernel) = self.kernel.get() {
            let want = kernel.shape()[2] * self.conv.groups;
            if want != channels {
                return Err(Error::shape(format!("expected {want} channels, found shape {input}")));
            }
        }
        Ok(out)
    }
    fn build(&self, input: &Dims) -> Result<()> {
        let channels = input.known(-1, "conv2d")? / self.conv.groups;
        let [h, w] = self.kernel_size;
        self.kernel.set("kernel", self.options.kernel(&[h, w, channels, self.filters])?, true);
        if self.use_bias {
            self.bias.set("bias", self.options.bias(&[self.filters])?, true);
        }
        Ok(())
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        let kernel = self.kernel.value()?;
        let bias = if self.use_bias { Some(self.bias.value()?) } else { None };
        let activation = self.options.activation()?;
        let y = match activation.fused() {
            Some(a) => x.conv2d_fused(&kernel, bias.as_ref(), self.conv, a)?,
            None => {
                activation.apply(&x.conv2d_fused(&kernel, bias.as_ref(), self.conv, Activation::None)?)?
            }
        };
        self.options.activity(&y, cx)?;
        Ok(y)
    }
    fn own_weights(&self) -> Vec<Variable> {
        existing([&self.kernel, &self.bias])
    }
    fn own_losses(&self) -> Result<Vec<Tensor>> {
        self.options.losses(&self.kernel, &self.bias)
    }
    fn apply_constraints(&self) -> Result<()> {
        self.options.constrain(&self.kernel, &self.bias)
    }
}
