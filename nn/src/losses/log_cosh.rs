//! The logarithm of the hyperbolic cosine of the difference.

use super::formula::plain_formula;

plain_formula! {
    /// `mean(log(cosh(y_pred - y_true)))` over the last axis: squares near zero, absolute values far from it.
    LogCoshFormula, LogCosh = "LogCosh", log_cosh = "log_cosh", |t, p| {
        // log(cosh x) = x + softplus(-2x) - log 2 does not overflow.
        let x = p.sub(&t.cast(p.dtype())?)?;
        let soft = x.mul(&p.like(-2.0)?)?.softplus()?;
        x.add(&soft)?.sub(&p.like(std::f64::consts::LN_2)?)?.reduce_mean(-1, false)
    }
}
