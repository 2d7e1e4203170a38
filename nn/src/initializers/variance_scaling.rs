//! Scales that keep the variance from layer to layer (Glorot & Bengio 2010, He et al. 2015).

use super::drawn::drawn;
use super::initializer::{Initializer, keras};
use super::random::{normal, uniform};
use crate::seed::next_key;
use gradus_tensor::{DType, Error, Result, Shape, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the scale is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FanMode {
    /// The number of inputs of a unit.
    #[default]
    FanIn,
    /// The number of outputs of a unit.
    FanOut,
    /// Their mean.
    FanAvg,
}

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Normal, cut at two of its deviations and widened so that the wanted deviation remains.
    #[default]
    #[serde(alias = "normal")]
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
    /// Uniform within `sqrt(3 * variance)`.
    Uniform,
}

/// Standard deviation of a standard normal that is cut at two.
const CUT_DEVIATION: f64 = 0.879_625_661_034_239_78;

/// Values of variance `scale / n`, where `n` is a number of connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VarianceScaling {
    scale: f64,
    mode: FanMode,
    distribution: Distribution,
    seed: Option<u64>,
    input_axes: Option<Vec<isize>>,
    output_axes: Option<Vec<isize>>,
}

impl Default for VarianceScaling {
    fn default() -> Self {
        VarianceScaling::new(1.0, FanMode::FanIn, Distribution::TruncatedNormal)
    }
}

impl VarianceScaling {
    /// Keras's defaults are 1, `fan_in` and `truncated_normal`.
    pub fn new(scale: f64, mode: FanMode, distribution: Distribution) -> Self {
        VarianceScaling { scale, mode, distribution, seed: None, input_axes: None, output_axes: None }
    }

    /// Draws the same values every time; from the global sequence by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The axes whose sizes multiply to the number of inputs and of outputs, instead of [`compute_fans`]'s.
    #[must_use]
    pub fn axes(mut self, input: &[isize], output: &[isize]) -> Self {
        self.input_axes = Some(input.to_vec());
        self.output_axes = Some(output.to_vec());
        self
    }

    fn fans(&self, shape: &[usize]) -> Result<(f64, f64)> {
        let product = |axes: &[isize]| -> Result<f64> {
            axes.iter().try_fold(1.0, |n, &a| Ok(n * shape[Shape::new(shape).axis(a)?] as f64))
        };
        match (&self.input_axes, &self.output_axes) {
            (Some(i), Some(o)) => Ok((product(i)?, product(o)?)),
            _ => Ok(compute_fans(shape)),
        }
    }
}

/// The numbers of inputs and outputs of a unit: `[.., inputs, outputs]`, times the size of the receptive field.
///
/// A vector counts as both; a scalar has one of each.
pub fn compute_fans(shape: &[usize]) -> (f64, f64) {
    match shape {
        [] => (1.0, 1.0),
        [n] => (*n as f64, *n as f64),
        [field @ .., i, o] => {
            let field: f64 = field.iter().map(|&d| d as f64).product();
            (*i as f64 * field, *o as f64 * field)
        }
    }
}

impl Initializer for VarianceScaling {
    /// Errors when the scale is not positive, and for dtypes other than floats.
    fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            return Err(Error::value(format!(
                "VarianceScaling: scale must be positive, found {}",
                self.scale
            )));
        }
        let (fan_in, fan_out) = self.fans(shape)?;
        let n = match self.mode {
            FanMode::FanIn => fan_in,
            FanMode::FanOut => fan_out,
            FanMode::FanAvg => (fan_in + fan_out) / 2.0,
        };
        let variance = self.scale / n.max(1.0);
        let seed = self.seed.unwrap_or_else(next_key);
        match self.distribution {
            Distribution::TruncatedNormal => {
                let wide = variance.sqrt() / CUT_DEVIATION;
                drawn(shape, dtype, seed, |g| wide * normal(g, true))
            }
            Distribution::UntruncatedNormal => {
                let deviation = variance.sqrt();
                drawn(shape, dtype, seed, |g| deviation * normal(g, false))
            }
            Distribution::Uniform => {
                let limit = (3.0 * variance).sqrt();
                drawn(shape, dtype, seed, |g| uniform(g, -limit, limit))
            }
        }
    }

    fn config(&self) -> Value {
        keras("VarianceScaling", serde_json::to_value(self).unwrap_or_default())
    }
}

macro_rules! scaled {
    ($($(#[$m:meta])* $name:ident = $class:literal $scale:literal $mode:ident $distribution:ident;)*) => {$(
        $(#[$m])*
        #[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            seed: Option<u64>,
            input_axes: Option<Vec<isize>>,
            output_axes: Option<Vec<isize>>,
        }

        impl $name {
            /// Seeded from the global sequence.
            pub fn new() -> Self {
                Self::default()
            }

            /// Draws the same values every time; from the global sequence by default.
            #[must_use]
            pub fn seed(mut self, seed: u64) -> Self {
                self.seed = Some(seed);
                self
            }
        }

        impl Initializer for $name {
            fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
                VarianceScaling {
                    seed: self.seed,
                    input_axes: self.input_axes.clone(),
                    output_axes: self.output_axes.clone(),
                    ..VarianceScaling::new($scale, FanMode::$mode, Distribution::$distribution)
                }
                .init(shape, dtype)
            }
            fn config(&self) -> Value {
                keras($class, json!({
                    "seed": self.seed,
                    "input_axes": self.input_axes,
                    "output_axes": self.output_axes,
                }))
            }
        }
    )*};
}
scaled! {
    /// Uniform within `sqrt(6 / (fan_in + fan_out))`: Keras's default for kernels.
    GlorotUniform = "GlorotUniform" 1.0 FanAvg Uniform;
    /// Truncated normal of variance `2 / (fan_in + fan_out)`.
    GlorotNormal = "GlorotNormal" 1.0 FanAvg TruncatedNormal;
    /// Uniform within `sqrt(6 / fan_in)`, for relu.
    HeUniform = "HeUniform" 2.0 FanIn Uniform;
    /// Truncated normal of variance `2 / fan_in`, for relu.
    HeNormal = "HeNormal" 2.0 FanIn TruncatedNormal;
    /// Uniform within `sqrt(3 / fan_in)`.
    LecunUniform = "LecunUniform" 1.0 FanIn Uniform;
    /// Truncated normal of variance `1 / fan_in`, for selu.
    LecunNormal = "LecunNormal" 1.0 FanIn TruncatedNormal;
}
