//! Margins between classes. Labels of 0 and 1 count as -1 and 1.

use super::formula::plain_formula;
use gradus_tensor::{Result, Tensor};

plain_formula! {
    /// `mean(max(1 - y_true * y_pred, 0))` over the last axis.
    HingeFormula, Hinge = "Hinge", hinge = "hinge", |t, p| margin(t, p)?.reduce_mean(-1, false)
}

plain_formula! {
    /// `mean(max(1 - y_true * y_pred, 0)^2)` over the last axis.
    SquaredHingeFormula, SquaredHinge = "SquaredHinge", squared_hinge = "squared_hinge", |t, p| {
        margin(t, p)?.square()?.reduce_mean(-1, false)
    }
}

plain_formula! {
    /// `max(neg - pos + 1, 0)` with `neg = max((1 - y_true) * y_pred)` and `pos = sum(y_true * y_pred)` over the
    /// last axis.
    CategoricalHingeFormula, CategoricalHinge = "CategoricalHinge", categorical_hinge = "categorical_hinge",
    |t, p| {
        let (t, one) = (t.cast(p.dtype())?, p.like(1.0)?);
        let pos = t.mul(p)?.reduce_sum(-1, false)?;
        let neg = one.sub(&t)?.mul(p)?.reduce_max(-1, false)?;
        neg.sub(&pos)?.add(&one)?.maximum(&p.like(0.0)?)
    }
}

fn margin(y_true: &Tensor, p: &Tensor) -> Result<Tensor> {
    let t = y_true.cast(p.dtype())?;
    let (zero, one, two) = (p.like(0.0)?, p.like(1.0)?, p.like(2.0)?);
    // Only when every label is 0 or 1 are they taken for classes.
    let binary = t.equal(&zero)?.logical_or(&t.equal(&one)?)?.reduce_all((), false)?;
    let t = binary.select(&two.mul(&t)?.sub(&one)?, &t)?;
    one.sub(&t.mul(p)?)?.maximum(&zero)
}
