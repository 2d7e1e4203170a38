//! The layers, a file each.

mod activation;
#[cfg(feature = "image")]
mod augmentation;
mod batch_normalization;
mod conv2d;
mod dense;
mod depthwise_conv2d;
mod dropout;
mod flatten;
mod layer_normalization;
mod options;
mod pooling;
mod rescaling;
mod reshape;

pub use activation::ActivationLayer;
#[cfg(feature = "image")]
pub use augmentation::Augmentation;
pub use batch_normalization::BatchNormalization;
pub use conv2d::Conv2D;
pub use dense::Dense;
pub use depthwise_conv2d::DepthwiseConv2D;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use layer_normalization::LayerNormalization;
pub use options::LayerOptions;
pub use pooling::{AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D};
pub use rescaling::Rescaling;
pub use reshape::Reshape;

use crate::Layer;
use gradus_tensor::{Error, Result};
use serde_json::Value;
use std::sync::Arc;

/// One number for both image axes, or one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair(pub [usize; 2]);

impl From<usize> for Pair {
    fn from(n: usize) -> Pair {
        Pair([n, n])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(p: [usize; 2]) -> Pair {
        Pair(p)
    }
}

impl From<(usize, usize)> for Pair {
    fn from((h, w): (usize, usize)) -> Pair {
        Pair([h, w])
    }
}

/// The builder methods that every layer has: name and trainability.
macro_rules! layer_base {
    ($t:ident) => {
        impl $t {
            /// Another name than the automatic one.
            #[must_use]
            pub fn name(self, name: impl Into<String>) -> Self {
                self.meta.set_name(name);
                self
            }

            /// Frozen with `false`: training leaves the weights alone.
            #[must_use]
            pub fn trainable(self, yes: bool) -> Self {
                self.meta.set_trainable(yes);
                self
            }
        }
    };
}
pub(crate) use layer_base;

/// The builder methods of a layer with a kernel and a bias.
macro_rules! layer_options {
    ($t:ident) => {
        $crate::layers::layer_base!($t);
        impl $t {
            /// The activation: a value, a closure, or a Keras name such as `"relu"`.
            #[must_use]
            pub fn activation(mut self, a: impl $crate::activations::IntoActivation) -> Self {
                self.options.activation = a.into_activation();
                self
            }

            /// How the kernel starts: a value, or a Keras name such as `"he_normal"`.
            #[must_use]
            pub fn kernel_initializer(mut self, i: impl $crate::initializers::IntoInitializer) -> Self {
                self.options.kernel_initializer = i.into_initializer();
                self
            }

            /// How the bias starts: a value, or a Keras name.
            #[must_use]
            pub fn bias_initializer(mut self, i: impl $crate::initializers::IntoInitializer) -> Self {
                self.options.bias_initializer = i.into_initializer();
                self
            }

            /// A penalty on the kernel.
            #[must_use]
            pub fn kernel_regularizer(mut self, r: impl $crate::regularizers::IntoRegularizer) -> Self {
                self.options.kernel_regularizer = r.into_regularizer().map(Some);
                self
            }

            /// A penalty on the bias.
            #[must_use]
            pub fn bias_regularizer(mut self, r: impl $crate::regularizers::IntoRegularizer) -> Self {
                self.options.bias_regularizer = r.into_regularizer().map(Some);
                self
            }

            /// A penalty on the output.
            #[must_use]
            pub fn activity_regularizer(mut self, r: impl $crate::regularizers::IntoRegularizer) -> Self {
                self.options.activity_regularizer = r.into_regularizer().map(Some);
                self
            }

            /// A projection of the kernel after each step of training.
            #[must_use]
            pub fn kernel_constraint(mut self, c: impl $crate::constraints::IntoConstraint) -> Self {
                self.options.kernel_constraint = c.into_constraint().map(Some);
                self
            }

            /// A projection of the bias after each step of training.
            #[must_use]
            pub fn bias_constraint(mut self, c: impl $crate::constraints::IntoConstraint) -> Self {
                self.options.bias_constraint = c.into_constraint().map(Some);
                self
            }

            pub(crate) fn with_options(mut self, options: $crate::layers::LayerOptions) -> Self {
                self.options = options;
                self
            }
        }
    };
}
pub(crate) use layer_options;

/// A required number of a layer's configuration.
pub(crate) fn config_usize(c: &Value, key: &str) -> Result<usize> {
    c.get(key)
        .and_then(Value::as_u64)
        .and_then(|v| usize::try_from(v).ok())
        .ok_or_else(|| Error::value(format!("configuration: {key} is missing or no whole number: {c}")))
}

/// An optional truth value of a layer's configuration.
pub(crate) fn config_bool(c: &Value, key: &str, default: bool) -> bool {
    c.get(key).and_then(Value::as_bool).unwrap_or(default)
}

/// An optional number of a layer's configuration.
pub(crate) fn config_f64(c: &Value, key: &str, default: f64) -> f64 {
    c.get(key).and_then(Value::as_f64).unwrap_or(default)
}

/// One or two numbers of a layer's configuration.
pub(crate) fn config_pair(c: &Value, key: &str, default: [usize; 2]) -> Result<[usize; 2]> {
    let number = |v: &Value| v.as_u64().and_then(|v| usize::try_from(v).ok());
    match c.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(v) => match (number(v), v.as_array().map(Vec::as_slice)) {
            (Some(n), _) => Some([n, n]),
            (None, Some([a, b])) => number(a).zip(number(b)).map(|(a, b)| [a, b]),
            _ => None,
        }
        .ok_or_else(|| Error::value(format!("configuration: {key} is no pair of whole numbers: {v}"))),
    }
}

/// A layer of a built-in class from its configuration; `None` for a class that is not built in.
pub fn from_config(class: &str, c: &Value) -> Result<Option<Arc<dyn Layer>>> {
    Ok(Some(match class {
        "Activation" => Arc::new(ActivationLayer::from_config(c)?),
        "AveragePooling2D" => Arc::new(AveragePooling2D::from_config(c)?),
        "BatchNormalization" => Arc::new(BatchNormalization::from_config(c)?),
        "Conv2D" => Arc::new(Conv2D::from_config(c)?),
        "Dense" => Arc::new(Dense::from_config(c)?),
        "DepthwiseConv2D" => Arc::new(DepthwiseConv2D::from_config(c)?),
        "Dropout" => Arc::new(Dropout::from_config(c)?),
        "Flatten" => Arc::new(Flatten::from_config(c)),
        "GlobalAveragePooling2D" => Arc::new(GlobalAveragePooling2D::from_config(c)?),
        "GlobalMaxPooling2D" => Arc::new(GlobalMaxPooling2D::from_config(c)?),
        "LayerNormalization" => Arc::new(LayerNormalization::from_config(c)?),
        "MaxPooling2D" => Arc::new(MaxPooling2D::from_config(c)?),
        "Rescaling" => Arc::new(Rescaling::from_config(c)?),
        "Reshape" => Arc::new(Reshape::from_config(c)?),
        #[cfg(feature = "image")]
        _ => return augmentation::from_config(class, c),
        #[cfg(not(feature = "image"))]
        _ => return Ok(None),
    }))
}
