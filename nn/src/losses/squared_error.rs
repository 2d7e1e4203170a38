//! Squares of differences, plain and of logarithms.

use super::EPSILON;
use super::formula::plain_formula;

plain_formula! {
    /// `mean((y_true - y_pred)^2)` over the last axis.
    SquaredError, MeanSquaredError = "MeanSquaredError", mean_squared_error = "mean_squared_error", |t, p| {
        t.cast(p.dtype())?.squared_difference(p)?.reduce_mean(-1, false)
    }
}

plain_formula! {
    /// `mean((log(y_true + 1) - log(y_pred + 1))^2)` over the last axis; values below 1e-7 count as 1e-7.
    SquaredLogarithmicError, MeanSquaredLogarithmicError = "MeanSquaredLogarithmicError",
    mean_squared_logarithmic_error = "mean_squared_logarithmic_error", |t, p| {
        let (epsilon, one) = (p.like(EPSILON)?, p.like(1.0)?);
        let log = |x: &gradus_tensor::Tensor| x.maximum(&epsilon)?.add(&one)?.log();
        log(&t.cast(p.dtype())?)?.squared_difference(&log(p)?)?.reduce_mean(-1, false)
    }
}
