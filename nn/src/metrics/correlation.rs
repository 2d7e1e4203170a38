//! How far truth and prediction rise and fall together.

use super::mean_metric::{Direction, MeanMetric, Measure, matched};
use crate::losses::EPSILON;
use gradus_tensor::{DType, Result, Tensor};
use serde::{Deserialize, Serialize};

macro_rules! correlation {
    ($($(#[$m:meta])* $metric:ident($measure:ident) = $class:literal $name:literal |$t:ident, $p:ident, $axis:ident| $body:expr;)*) => {$(
        $(#[$m])*
        pub type $metric = MeanMetric<$measure>;

        /// The options of the metric.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $measure {
            axis: isize,
        }

        impl Default for $measure {
            fn default() -> Self {
                $measure { axis: -1 }
            }
        }

        impl $metric {
            /// The axis of the values that are compared; -1 by default.
            #[must_use]
            pub fn axis(mut self, axis: isize) -> Self {
                self.measure.axis = axis;
                self
            }
        }

        impl Measure for $measure {
            const CLASS: &'static str = $class;
            const NAME: &'static str = $name;
            const DIRECTION: Direction = Direction::Up;

            fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
                let y_pred = if y_pred.dtype().is_float() { y_pred.clone() } else { y_pred.cast(DType::F32)? };
                let ($t, $p) = matched(&y_true.cast(y_pred.dtype())?, &y_pred)?;
                let $axis = self.axis;
                $body
            }
        }
    )*};
}
correlation! {
    /// Pearson's correlation coefficient: 1 for values on a rising line.
    PearsonCorrelation(PearsonMeasure) = "PearsonCorrelation" "pearson_correlation" |t, p, axis| {
        let standard = |x: &Tensor| -> Result<Tensor> {
            let x = x.sub(&x.reduce_mean(axis, true)?)?;
            x.div(&x.reduce_std(axis, true)?)
        };
        standard(&t)?.mul(&standard(&p)?)?.reduce_mean(axis, false)
    };
    /// Lin's concordance coefficient: 1 for values that are the same.
    ConcordanceCorrelation(ConcordanceMeasure) = "ConcordanceCorrelation" "concordance_correlation" |t, p, axis| {
        let (t_mean, p_mean) = (t.reduce_mean(axis, true)?, p.reduce_mean(axis, true)?);
        let variance = |x: &Tensor, mean: &Tensor| x.sub(mean)?.reduce_variance(axis, true);
        let apart = p.sub(&p_mean)?;
        let together = t.sub(&p_mean)?.mul(&apart)?.mul(&p.like(2.0)?)?;
        let norm = variance(&t, &t_mean)?.add(&variance(&p, &p_mean)?)?.add(&t_mean.squared_difference(&p_mean)?)?;
        together.div(&norm.add(&norm.like(EPSILON)?)?)?.reduce_mean(axis, false)
    };
}
