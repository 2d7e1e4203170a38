//! Plain distributions.

use super::drawn::{Generator, drawn};
use super::initializer::{Initializer, keras};
use crate::seed::next_key;
use gradus_tensor::{DType, Error, Result, Tensor};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A normal number; `cut` draws again beyond two standard deviations.
pub(super) fn normal(g: &mut Generator, cut: bool) -> f64 {
    loop {
        let x: f64 = g.sample(StandardNormal);
        if !cut || x.abs() <= 2.0 {
            return x;
        }
    }
}

/// A number between two, the upper one excluded.
pub(super) fn uniform(g: &mut Generator, low: f64, high: f64) -> f64 {
    low + (high - low) * g.random::<f64>()
}

macro_rules! random {
    ($($(#[$m:meta])* $name:ident = $class:literal { $a:ident : $av:literal, $b:ident : $bv:literal } |$s:ident, $g:ident| $draw:expr;)*) => {$(
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $a: f64,
            $b: f64,
            seed: Option<u64>,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $a: $av, $b: $bv, seed: None }
            }
        }

        impl $name {
            #[doc = concat!("Keras's defaults are ", stringify!($av), " and ", stringify!($bv), ".")]
            pub fn new($a: f64, $b: f64) -> Self {
                $name { $a, $b, seed: None }
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
                if !(self.$a.is_finite() && self.$b.is_finite()) {
                    return Err(Error::value(format!("{}: its options must be finite, found {self:?}", $class)));
                }
                let $s = self;
                drawn(shape, dtype, self.seed.unwrap_or_else(next_key), |$g| $draw)
            }
            fn config(&self) -> Value {
                keras($class, serde_json::to_value(self).unwrap_or_default())
            }
        }
    )*};
}
random! {
    /// A normal distribution: mean and standard deviation.
    RandomNormal = "RandomNormal" { mean: 0.0, stddev: 0.05 } |s, g| s.mean + s.stddev * normal(g, false);
    /// A normal distribution, drawn again beyond two standard deviations: mean and standard deviation before the cut.
    TruncatedNormal = "TruncatedNormal" { mean: 0.0, stddev: 0.05 } |s, g| s.mean + s.stddev * normal(g, true);
    /// A uniform distribution: lower bound and excluded upper bound.
    RandomUniform = "RandomUniform" { minval: -0.05, maxval: 0.05 } |s, g| uniform(g, s.minval, s.maxval);
}
