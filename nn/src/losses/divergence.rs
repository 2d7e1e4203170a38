//! Distances between distributions.

use super::EPSILON;
use super::formula::plain_formula;

plain_formula! {
    /// `sum(y_true * log(y_true / y_pred))` over the last axis, both clipped to `[1e-7, 1]`.
    KLDivergenceFormula, KLDivergence = "KLDivergence", kl_divergence = "kl_divergence", |t, p| {
        let t = t.cast(p.dtype())?.clip(EPSILON, 1.0)?;
        t.mul(&t.div(&p.clip(EPSILON, 1.0)?)?.log()?)?.reduce_sum(-1, false)
    }
}

plain_formula! {
    /// `mean(y_pred - y_true * log(y_pred + 1e-7))` over the last axis.
    PoissonFormula, Poisson = "Poisson", poisson = "poisson", |t, p| {
        let log = p.add(&p.like(EPSILON)?)?.log()?;
        p.sub(&t.cast(p.dtype())?.mul(&log)?)?.reduce_mean(-1, false)
    }
}
