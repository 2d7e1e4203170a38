//! Convolution of each channel by itself.

use super::conv2d::{image_out, padding_from, padding_name};
use super::{LayerOptions, Pair, config_bool, config_pair, config_usize, layer_options};
use crate::weight::existing;
use crate::{Call, Dims, Layer, Meta, Weight};
use gradus_autograd::Variable;
use gradus_tensor::ops::{ConvOptions, Padding};
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

/// Each channel convolved with its own `depth_multiplier` windows: `[n, h, w, c]` gives `[n, h', w', c * multiplier]`.
///
/// Defaults: stride 1, padding valid, multiplier 1, a bias, kernel by `glorot_uniform`.
#[derive(Debug)]
pub struct DepthwiseConv2D {
    meta: Meta,
    kernel_size: [usize; 2],
    depth_multiplier: usize,
    conv: ConvOptions,
    use_bias: bool,
    options: LayerOptions,
    kernel: Weight,
    bias: Weight,
}

impl DepthwiseConv2D {
    /// A layer with windows of that size.
    pub fn new(kernel_size: impl Into<Pair>) -> DepthwiseConv2D {
        DepthwiseConv2D {
            meta: Meta::new("DepthwiseConv2D"),
            kernel_size: kernel_size.into().0,
            depth_multiplier: 1,
            conv: ConvOptions::default(),
            use_bias: true,
            options: LayerOptions::default(),
            kernel: Weight::new(),
            bias: Weight::new(),
        }
    }

    /// Steps between output pixels.
    #[must_use]
    pub fn strides(mut self, strides: impl Into<Pair>) -> Self {
        self.conv.strides = strides.into().0;
        self
    }

    /// `Padding::Same` or `Padding::Valid`, or their names.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.conv.padding = padding.into();
        self
    }

    /// Outputs per channel.
    #[must_use]
    pub fn depth_multiplier(mut self, n: usize) -> Self {
        self.depth_multiplier = n;
        self
    }

    /// Steps between the taps of a window.
    #[must_use]
    pub fn dilation_rate(mut self, rate: impl Into<Pair>) -> Self {
        self.conv.dilations = rate.into().0;
        self
    }

    /// With or without a bias; the default is with.
    #[must_use]
    pub fn use_bias(mut self, yes: bool) -> Self {
        self.use_bias = yes;
        self
    }

    /// How the windows start; Keras's name for the kernel's initializer here.
    #[must_use]
    pub fn depthwise_initializer(self, i: impl crate::initializers::IntoInitializer) -> Self {
        self.kernel_initializer(i)
    }

    /// A penalty on the windows; Keras's name for the kernel's regularizer here.
    #[must_use]
    pub fn depthwise_regularizer(self, r: impl crate::regularizers::IntoRegularizer) -> Self {
        self.kernel_regularizer(r)
    }

    pub(crate) fn from_config(c: &Value) -> Result<Self> {
        let layer = DepthwiseConv2D::new(config_pair(c, "kernel_size", [1, 1])?)
            .strides(config_pair(c, "strides", [1, 1])?)
            .padding(padding_from(c)?)
            .dilation_rate(config_pair(c, "dilation_rate", [1, 1])?)
            .depth_multiplier(
                c.get("depth_multiplier").map_or(Ok(1), |_| config_usize(c, "depth_multiplier"))?,
            )
            .use_bias(config_bool(c, "use_bias", true));
        let mut renamed = c.clone();
        for (keras, ours) in KEYS {
            if let Some(v) = c.get(keras) {
                renamed[ours] = v.clone();
            }
        }
        Ok(layer.with_options(LayerOptions::from_config(&renamed)?))
    }
}
layer_options!(DepthwiseConv2D);

/// Keras's keys for the kernel's options in this layer.
const KEYS: [(&str, &str); 3] = [
    ("depthwise_initializer", "kernel_initializer"),
    ("depthwise_regularizer", "kernel_regularizer"),
    ("depthwise_constraint", "kernel_constraint"),
];

impl Layer for DepthwiseConv2D {
    fn class_name(&self) -> &'static str {
        "DepthwiseConv2D"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        let mut c = json!({
            "kernel_size": self.kernel_size,
            "strides": self.conv.strides,
            "padding": padding_name(self.conv.padding),
            "depth_multiplier": self.depth_multiplier,
            "data_format": "channels_last",
            "dilation_rate": self.conv.dilations,
            "use_bias": self.use_bias,
        });
        let mut o = json!({});
        self.options.write_config(&mut o);
        for (keras, ours) in KEYS {
            c[keras] = o[ours].take();
        }
        for key in
            ["activation", "bias_initializer", "bias_regularizer", "activity_regularizer", "bias_constraint"]
        {
            c[key] = o[key].take();
        }
        c
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.options.check()?;
        if self.depth_multiplier == 0 {
            return Err(Error::value("depth_multiplier must be at least 1"));
        }
        let channels = input.as_slice().last().copied().flatten();
        let outputs = channels.map(|c| c * self.depth_multiplier);
        let out = image_out(
            input,
            self.kernel_size,
            self.conv.strides,
            self.conv.dilations,
            self.conv.padding,
            outputs,
        )?;
        let channels = input.known(-1, "depthwise_conv2d")?;
        if let Some(kernel) = self.kernel.get() {
            if kernel.shape()[2] != channels {
                return Err(Error::shape(format!(
                    "expected {} channels, found shape {input}",
                    kernel.shape()[2]
                )));
            }
        }
        Ok(out)
    }
    fn build(&self, input: &Dims) -> Result<()> {
        let channels = input.known(-1, "depthwise_conv2d")?;
        let [h, w] = self.kernel_size;
        self.kernel.set("kernel", self.options.kernel(&[h, w, channels, self.depth_multiplier])?, true);
        if self.use_bias {
            self.bias.set("bias", self.options.bias(&[channels * self.depth_multiplier])?, true);
        }
        Ok(())
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        let mut y = x.depthwise_conv2d(&self.kernel.value()?, self.conv)?;
        if self.use_bias {
            y = y.add(&self.bias.value()?)?;
        }
        let y = self.options.activation()?.apply(&y)?;
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
