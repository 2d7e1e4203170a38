//! Bounds on gradients, applied before the update.

use crate::Options;
use gradus_tensor::{Result, Rows, Tensor};

/// A function of a gradient, row by row where it is a sum of rows.
pub(crate) fn mapped(g: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    match Rows::of(g) {
        Some(rows) => {
            Rows { values: f(&rows.values)?, indices: rows.indices.clone() }.dense(g.shape().clone())
        }
        None => f(g),
    }
}

/// The sum of a gradient's squares, row by row where it is a sum of rows.
fn sum_of_squares(g: &Tensor) -> Result<Tensor> {
    Rows::of(g).map_or(g, |r| &r.values).square()?.reduce_sum((), false)
}

/// The gradients with `clipnorm`, `global_clipnorm` or `clipvalue` applied; unchanged without them.
pub(crate) fn clip(options: &Options, grads: &mut [Tensor]) -> Result<()> {
    let set = |limit: Option<f64>| limit.filter(|x| *x > 0.0);
    if let Some(limit) = set(options.clipnorm) {
        for g in grads {
            let limit = g.like(limit)?;
            let norm = sum_of_squares(g)?.sqrt()?.maximum(&limit)?;
            *g = mapped(g, |g| g.mul(&limit)?.div(&norm))?;
        }
    } else if let Some(limit) = set(options.global_clipnorm) {
        let Some(first) = grads.first() else { return Ok(()) };
        let dtype = first.dtype();
        let mut sum = Tensor::scalar_of(dtype, 0.0);
        for g in grads.iter() {
            sum = sum.add(&sum_of_squares(g)?.cast(dtype)?)?;
        }
        let norm = sum.sqrt()?;
        let (one, limit) = (norm.like(1.0)?, norm.like(limit)?);
        let scale = limit.mul(&one.div(&norm)?.minimum(&one.div(&limit)?)?)?;
        // An infinite norm makes every gradient NaN, as in Keras, rather than silently zero.
        let scale = scale.add(&norm.sub(&norm)?)?;
        for g in grads {
            let scale = scale.cast(g.dtype())?;
            *g = mapped(g, |g| g.mul(&scale))?;
        }
    } else if let Some(limit) = set(options.clipvalue) {
        for g in grads {
            let limit = g.like(limit)?;
            let low = limit.neg()?;
            *g = mapped(g, |g| g.minimum(&limit)?.maximum(&low))?;
        }
    }
    Ok(())
}
