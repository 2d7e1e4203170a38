//! Largest values and means of windows, and of whole images.

use super::conv2d::{image_out, padding_from, padding_name};
use super::{Pair, config_bool, config_pair, layer_base};
use crate::{Call, Dims, Layer, Meta};
use gradus_tensor::ops::Padding;
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

macro_rules! pooling {
    ($(#[$m:meta])* $name:ident, $class:literal, $method:ident) => {
        $(#[$m])*
        #[derive(Debug)]
        pub struct $name {
            meta: Meta,
            pool_size: [usize; 2],
            strides: Option<[usize; 2]>,
            padding: Padding,
        }

        impl $name {
            /// A layer with windows of that size, which move by their own size.
            pub fn new(pool_size: impl Into<Pair>) -> Self {
                $name { meta: Meta::new($class), pool_size: pool_size.into().0, strides: None, padding: Padding::Valid }
            }

            /// Another step between windows than their size.
            #[must_use]
            pub fn strides(mut self, strides: impl Into<Pair>) -> Self {
                self.strides = Some(strides.into().0);
                self
            }

            /// `Padding::Same` or `Padding::Valid`, or their names.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
                self.padding = padding.into();
                self
            }

            pub(crate) fn from_config(c: &Value) -> Result<Self> {
                let size = config_pair(c, "pool_size", [2, 2])?;
                Ok($name::new(size).strides(config_pair(c, "strides", size)?).padding(padding_from(c)?))
            }
        }
        layer_base!($name);

        impl Layer for $name {
            fn class_name(&self) -> &'static str {
                $class
            }
            fn meta(&self) -> &Meta {
                &self.meta
            }
            fn config(&self) -> Value {
                json!({
                    "pool_size": self.pool_size,
                    "padding": padding_name(self.padding),
                    "strides": self.strides.unwrap_or(self.pool_size),
                    "data_format": "channels_last",
                })
            }
            fn output_dims(&self, input: &Dims) -> Result<Dims> {
                let strides = self.strides.unwrap_or(self.pool_size);
                let channels = input.as_slice().last().copied().flatten();
                image_out(input, self.pool_size, strides, [1, 1], self.padding, channels)
            }
            fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
                x.$method(self.pool_size, self.strides.unwrap_or(self.pool_size), self.padding)
            }
        }
    };
}

pooling! {
    /// The largest value of each window. Keras's default window is 2.
    MaxPooling2D, "MaxPooling2D", max_pool2d
}

pooling! {
    /// The mean of each window; padding does not count.
    AveragePooling2D, "AveragePooling2D", avg_pool2d
}

macro_rules! global {
    ($(#[$m:meta])* $name:ident, $class:literal, $method:ident) => {
        $(#[$m])*
        #[derive(Debug)]
        pub struct $name {
            meta: Meta,
            keepdims: bool,
        }

        impl $name {
            /// A layer that gives `[batch, channels]`.
            pub fn new() -> Self {
                $name { meta: Meta::new($class), keepdims: false }
            }

            /// Keeps height and width with size 1.
            #[must_use]
            pub fn keepdims(mut self, yes: bool) -> Self {
                self.keepdims = yes;
                self
            }

            pub(crate) fn from_config(c: &Value) -> Result<Self> {
                Ok($name::new().keepdims(config_bool(c, "keepdims", false)))
            }
        }
        layer_base!($name);

        impl Default for $name {
            fn default() -> Self {
                $name::new()
            }
        }

        impl Layer for $name {
            fn class_name(&self) -> &'static str {
                $class
            }
            fn meta(&self) -> &Meta {
                &self.meta
            }
            fn config(&self) -> Value {
                json!({"data_format": "channels_last", "keepdims": self.keepdims})
            }
            fn output_dims(&self, input: &Dims) -> Result<Dims> {
                match input.as_slice() {
                    &[n, _, _, c] if self.keepdims => Ok(Dims::new([n, Some(1), Some(1), c])),
                    &[n, _, _, c] => Ok(Dims::new([n, c])),
                    _ => Err(Error::shape(format!(
                        "expected images of rank 4, [batch, height, width, channels], found {input}"
                    ))),
                }
            }
            fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
                x.$method([1, 2], self.keepdims)
            }
        }
    };
}

global! {
    /// The mean of every channel over the image.
    GlobalAveragePooling2D, "GlobalAveragePooling2D", reduce_mean
}

global! {
    /// The largest value of every channel over the image.
    GlobalMaxPooling2D, "GlobalMaxPooling2D", reduce_max
}
