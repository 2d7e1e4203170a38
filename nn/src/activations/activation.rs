//! What a layer holds as its activation.

use super::{functions as f, sparsemax::sparsemax};
use gradus_optim::names;
use gradus_tensor::{Error, Result, Tensor, ops};
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;

/// A function of a tensor that users give.
type Function = dyn Fn(&Tensor) -> Result<Tensor> + Send + Sync;

macro_rules! activations {
    ($($(#[$m:meta])* $variant:ident $({ $($p:ident : $t:ty = $default:expr),* })? = $name:literal, |$x:ident| $call:expr;)*) => {
        /// An activation: one of Keras's, or a function of your own.
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum Activation {
            $($(#[$m])* $variant $({
                $(#[doc = concat!("Keras's default is `", stringify!($default), "`.")] $p: $t),*
            })?,)*
            /// A function under a name of its own.
            Custom(String, Arc<Function>),
        }

        /// The names that [`get`] knows.
        pub const NAMES: &[&str] = &[$($name),*];

        impl Activation {
            /// Keras's name.
            pub fn name(&self) -> &str {
                match self {
                    $(Activation::$variant $({ $($p: _),* })? => $name,)*
                    Activation::Custom(name, _) => name,
                }
            }

            /// The function's value.
            pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
                match self {
                    $(Activation::$variant $({ $($p),* })? => {
                        $($(let $p = *$p;)*)?
                        let $x = x;
                        $call
                    })*
                    Activation::Custom(_, f) => f(x),
                }
            }

            /// Its options, as far as they are not Keras's defaults.
            fn options(&self) -> Map<String, Value> {
                #[allow(unused_mut)]
                let mut all = Map::new();
                match self {
                    $(Activation::$variant $({ $($p),* })? => {
                        $($(if *$p != $default { all.insert(stringify!($p).into(), json!($p)); })*)?
                    })*
                    Activation::Custom(..) => {}
                }
                all
            }

            /// The activation of that name; options are looked up in `config`, and default to Keras's.
            fn load(name: &str, config: &Value) -> Option<Result<Activation>> {
                fn option<T: serde::de::DeserializeOwned>(c: &Value, name: &str, key: &str, default: T) -> Result<T> {
                    match c.get(key) {
                        None | Some(Value::Null) => Ok(default),
                        Some(v) => serde_json::from_value(v.clone())
                            .map_err(|e| Error::value(format!("{name}: its {key} does not fit: {e}"))),
                    }
                }
                $(if names::same(name, $name) {
                    return Some((|| Ok(Activation::$variant $({
                        $($p: option(config, $name, stringify!($p), $default)?),*
                    })?))());
                })*
                let _ = config;
                None
            }
        }
    };
}

activations! {
    /// `x`.
    Linear = "linear", |x| f::linear(x);
    /// `max(x, 0)`; with options `max_value` at most, `x` above `threshold`, `negative_slope * (x - threshold)` below.
    Relu { negative_slope: f64 = 0.0, max_value: Option<f64> = None, threshold: f64 = 0.0 } = "relu",
        |x| f::relu_with(x, negative_slope, max_value, threshold);
    /// `min(max(x, 0), 6)`.
    Relu6 = "relu6", |x| f::relu6(x);
    /// `x` above 0, `negative_slope * x` below.
    LeakyRelu { negative_slope: f64 = 0.2 } = "leaky_relu", |x| f::leaky_relu(x, negative_slope);
    /// `x` above 0, `alpha * (e^x - 1)` below.
    Elu { alpha: f64 = 1.0 } = "elu", |x| f::elu(x, alpha);
    /// `max(x, 0) + min(alpha * (e^(x / alpha) - 1), 0)`.
    Celu { alpha: f64 = 1.0 } = "celu", |x| f::celu(x, alpha);
    /// The self-normalizing unit.
    Selu = "selu", |x| f::selu(x);
    /// `log(e^x + 1)`.
    Softplus = "softplus", |x| f::softplus(x);
    /// `x / (|x| + 1)`.
    Softsign = "softsign", |x| f::softsign(x);
    /// `(x + sqrt(x^2 + b)) / 2`.
    Squareplus { b: f64 = 4.0 } = "squareplus", |x| f::squareplus(x, b);
    /// `x` moved towards 0 by a threshold.
    SoftShrink { threshold: f64 = 0.5 } = "soft_shrink", |x| f::soft_shrink(x, threshold);
    /// `x`, or 0 where it is within a threshold of 0.
    HardShrink { threshold: f64 = 0.5 } = "hard_shrink", |x| f::hard_shrink(x, threshold);
    /// `x` above a threshold, a default elsewhere.
    Threshold { threshold: f64 = 0.0, default_value: f64 = 0.0 } = "threshold",
        |x| f::threshold(x, threshold, default_value);
    /// 0 up to -1, `x` from 1 on, a parabola between.
    SparsePlus = "sparse_plus", |x| f::sparse_plus(x);
    /// `x * sigmoid(x)`, also known as swish.
    Silu = "silu", |x| f::silu(x);
    /// `x * P(X <= x)` for a standard normal X.
    Gelu { approximate: bool = false } = "gelu", |x| f::gelu(x, approximate);
    /// The first half along an axis times the sigmoid of the second.
    Glu { axis: isize = -1 } = "glu", |x| f::glu(x, axis);
    /// The hyperbolic tangent.
    Tanh = "tanh", |x| f::tanh(x);
    /// `x - tanh(x)`.
    TanhShrink = "tanh_shrink", |x| f::tanh_shrink(x);
    /// `1 / (1 + e^-x)`.
    Sigmoid = "sigmoid", |x| f::sigmoid(x);
    /// 0 up to -1, 1 from 1 on, a line between.
    SparseSigmoid = "sparse_sigmoid", |x| f::sparse_sigmoid(x);
    /// `log(sigmoid(x))`.
    LogSigmoid = "log_sigmoid", |x| f::log_sigmoid(x);
    /// `e^x`.
    Exponential = "exponential", |x| f::exponential(x);
    /// `relu6(x + 3) / 6`.
    HardSigmoid = "hard_sigmoid", |x| f::hard_sigmoid(x);
    /// `x * hard_sigmoid(x)`, also known as hard swish.
    HardSilu = "hard_silu", |x| f::hard_silu(x);
    /// `x` kept within [-1, 1].
    HardTanh = "hard_tanh", |x| f::hard_tanh(x);
    /// `x * tanh(softplus(x))`.
    Mish = "mish", |x| f::mish(x);
    /// `e^x / sum(e^x)` over an axis.
    Softmax { axis: isize = -1 } = "softmax", |x| f::softmax(x, axis);
    /// The logarithm of the softmax over an axis.
    LogSoftmax { axis: isize = -1 } = "log_softmax", |x| f::log_softmax(x, axis);
    /// Keras's sparsemax along an axis.
    Sparsemax { axis: isize = -1 } = "sparsemax", |x| sparsemax(x, axis);
}

impl Activation {
    /// A function under a name of its own.
    pub fn custom(
        name: impl Into<String>,
        function: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Activation {
        Activation::Custom(name.into(), Arc::new(function))
    }

    /// The form that matrix products and convolutions take in as they write their results, where there is one.
    pub fn fused(&self) -> Option<ops::Activation> {
        match self {
            Activation::Linear => Some(ops::Activation::None),
            Activation::Relu { negative_slope: 0.0, max_value: None, threshold: 0.0 } => {
                Some(ops::Activation::Relu)
            }
            Activation::Relu6 => Some(ops::Activation::Relu6),
            Activation::LeakyRelu { negative_slope } => {
                Some(ops::Activation::LeakyRelu(*negative_slope as f32))
            }
            _ => None,
        }
    }

    /// The name, as Keras writes it, or name and options where these are not the defaults.
    pub fn config(&self) -> Value {
        let options = self.options();
        if options.is_empty() {
            return self.name().into();
        }
        json!({"class_name": self.name(), "config": options})
    }
}

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Activation({})", self.config())
    }
}

/// What is accepted where an activation is asked for: an activation, a name, or a closure.
pub trait IntoActivation {
    /// The activation. Errors for an unknown name, listing the known ones.
    fn into_activation(self) -> Result<Activation>;
}

impl IntoActivation for Activation {
    fn into_activation(self) -> Result<Activation> {
        Ok(self)
    }
}

impl IntoActivation for &str {
    fn into_activation(self) -> Result<Activation> {
        get(self)
    }
}

impl IntoActivation for String {
    fn into_activation(self) -> Result<Activation> {
        get(&self)
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static> IntoActivation for F {
    fn into_activation(self) -> Result<Activation> {
        Ok(Activation::custom("custom", self))
    }
}

/// Names that stand for others.
const ALIASES: [(&str, &str); 2] = [("swish", "silu"), ("hard_swish", "hard_silu")];

/// The activation of that name with Keras's defaults.
///
/// Errors for an unknown name, with the nearest and all known ones.
pub fn get(name: &str) -> Result<Activation> {
    load(name, &Value::Null)
}

fn load(name: &str, config: &Value) -> Result<Activation> {
    let known = ALIASES.iter().find(|(alias, _)| names::same(alias, name)).map_or(name, |(_, n)| n);
    Activation::load(known, config).unwrap_or_else(|| Err(names::unknown("activation", name, NAMES)))
}

/// The activation of a configuration: a name, or an object with `class_name` and `config`; null is linear.
pub fn from_config(config: &Value) -> Result<Activation> {
    match config {
        Value::Null => Ok(Activation::Linear),
        Value::String(name) => get(name),
        _ => load(config["class_name"].as_str().unwrap_or_default(), &config["config"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gives_a_function_that_survives_its_configuration() {
        let x = Tensor::new([[-3.0f32, -0.4, 0.0, 2.0]]).unwrap();
        for name in NAMES {
            let a = get(name).unwrap();
            let again = from_config(&a.config()).unwrap();
            let y = a.apply(&x).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(y.to_f64_vec().unwrap(), again.apply(&x).unwrap().to_f64_vec().unwrap(), "{name}");
        }
        let a = Activation::LeakyRelu { negative_slope: 0.25 };
        assert_eq!(from_config(&a.config()).unwrap().apply(&x).unwrap().to_vec::<f32>().unwrap()[0], -0.75);
        let a = Activation::Relu { negative_slope: 0.5, max_value: Some(1.5), threshold: 0.0 };
        assert_eq!(
            from_config(&a.config()).unwrap().apply(&x).unwrap().to_vec::<f32>().unwrap(),
            [-1.5, -0.2, 0.0, 1.5]
        );
        assert!(a.fused().is_none() && get("relu").unwrap().fused().is_some());
        let e = get("rellu").unwrap_err().to_string();
        assert!(e.contains("did you mean 'relu'?"), "{e}");
    }
}
