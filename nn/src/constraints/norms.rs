//! Bounds on the L2 norm of the weights that go into a unit.

use super::constraint::{Constraint, keras};
use gradus_tensor::{Axes, Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Added to norms before a division.
const EPSILON: f64 = 1e-7;

/// One axis or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum AxisList {
    One(isize),
    Several(Vec<isize>),
}

impl AxisList {
    fn axes(&self) -> Axes {
        match self {
            AxisList::One(a) => Axes::from(*a),
            AxisList::Several(list) => Axes::from(&list[..]),
        }
    }
}

fn norm(w: &Tensor, axis: &AxisList) -> Result<Tensor> {
    w.square()?.reduce_sum(axis.axes(), true)?.sqrt()
}

macro_rules! norm_constraint {
    ($($(#[$m:meta])* $name:ident = $class:literal { $($(#[$fm:meta])* $f:ident = $default:literal),* } |$s:ident, $w:ident| $body:expr;)*) => {$(
        $(#[$m])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$fm])* $f: f64,)*
            axis: AxisList,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($f: $default,)* axis: AxisList::One(0) }
            }
        }

        impl $name {
            /// The axes that a unit's weights lie along; 0 by default, `[0, 1, 2]` for kernels of convolutions.
            #[must_use]
            pub fn axis(mut self, axes: &[isize]) -> Self {
                self.axis = match axes {
                    [one] => AxisList::One(*one),
                    _ => AxisList::Several(axes.to_vec()),
                };
                self
            }
        }

        impl Constraint for $name {
            fn project(&self, $w: &Tensor) -> Result<Tensor> {
                let $s = self;
                $body
            }
            fn config(&self) -> Value {
                keras($class, json!(self))
            }
        }
    )*};
}
norm_constraint! {
    /// Weights whose norm exceeds `max_value` are scaled down to it: `w * clip(norm, 0, max) / (1e-7 + norm)`.
    MaxNorm = "MaxNorm" { max_value = 2.0 } |s, w| {
        let n = norm(w, &s.axis)?;
        w.mul(&n.clip(0.0, s.max_value)?.div(&n.add(&n.like(EPSILON)?)?)?)
    };
    /// Norms are moved into `[min_value, max_value]`, by the fraction `rate` of the way.
    MinMaxNorm = "MinMaxNorm" { min_value = 0.0, max_value = 1.0, rate = 1.0 } |s, w| {
        let n = norm(w, &s.axis)?;
        let wanted = n.clip(s.min_value, s.max_value)?.mul(&n.like(s.rate)?)?;
        let wanted = wanted.add(&n.mul(&n.like(1.0 - s.rate)?)?)?;
        w.mul(&wanted.div(&n.add(&n.like(EPSILON)?)?)?)
    };
    /// Weights are scaled to norm 1.
    UnitNorm = "UnitNorm" {} |s, w| {
        let n = norm(w, &s.axis)?;
        w.div(&n.add(&n.like(EPSILON)?)?)
    };
}

impl MaxNorm {
    /// Keras's default is 2.
    pub fn new(max_value: f64) -> Self {
        MaxNorm { max_value, ..Self::default() }
    }
}

impl MinMaxNorm {
    /// Keras's defaults are 0 and 1.
    pub fn new(min_value: f64, max_value: f64) -> Self {
        MinMaxNorm { min_value, max_value, ..Self::default() }
    }

    /// How far norms are moved in one step; 1 by default.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }
}

impl UnitNorm {
    /// The constraint.
    pub fn new() -> Self {
        Self::default()
    }
}
