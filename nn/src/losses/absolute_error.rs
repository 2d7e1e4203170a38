//! Absolute differences, plain and relative.

use super::EPSILON;
use super::formula::plain_formula;

plain_formula! {
    /// `mean(|y_true - y_pred|)` over the last axis.
    AbsoluteError, MeanAbsoluteError = "MeanAbsoluteError", mean_absolute_error = "mean_absolute_error", |t, p| {
        t.cast(p.dtype())?.sub(p)?.abs()?.reduce_mean(-1, false)
    }
}

plain_formula! {
    /// `100 * mean(|(y_true - y_pred) / max(|y_true|, 1e-7)|)` over the last axis.
    AbsolutePercentageError, MeanAbsolutePercentageError = "MeanAbsolutePercentageError",
    mean_absolute_percentage_error = "mean_absolute_percentage_error", |t, p| {
        let t = t.cast(p.dtype())?;
        let size = t.abs()?.maximum(&p.like(EPSILON)?)?;
        t.sub(p)?.div(&size)?.abs()?.reduce_mean(-1, false)?.mul(&p.like(100.0)?)
    }
}
