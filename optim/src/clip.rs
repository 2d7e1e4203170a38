//! Bounds on gradients, applied before the update.

use crate::Options;
use gradus_tensor::{Result, Tensor};

/// The gradients with `clipnorm`, `global_clipnorm` or `clipvalue` applied; unchanged without them.
pub(crate) fn clip(options: &Options, grads: &mut [Tensor]) -> Result<()> {
    let set = |limit: Option<f64>| limit.filter(|x| *x > 0.0);
    if let Some(limit) = set(options.clipnorm) {
        for g in grads {
            let limit = g.like(limit)?;
            let norm = g.square()?.reduce_sum((), false)?.sqrt()?;
            *g = g.mul(&limit)?.div(&norm.maximum(&limit)?)?;
        }
    } else if let Some(limit) = set(options.global_clipnorm) {
        let Some(first) = grads.first() else { return Ok(()) };
        let dtype = first.dtype();
        let mut sum = Tensor::scalar_of(dtype, 0.0);
        for g in grads.iter() {
            sum = sum.add(&g.square()?.reduce_sum((), false)?.cast(dtype)?)?;
        }
        let norm = sum.sqrt()?;
        let (one, limit) = (norm.like(1.0)?, norm.like(limit)?);
        let scale = limit.mul(&one.div(&norm)?.minimum(&one.div(&limit)?)?)?;
        // An infinite norm makes every gradient NaN, as in Keras, rather than silently zero.
        let scale = scale.add(&norm.sub(&norm)?)?;
        for g in grads {
            *g = g.mul(&scale.cast(g.dtype())?)?;
        }
    } else if let Some(limit) = set(options.clipvalue) {
        for g in grads {
            let limit = g.like(limit)?;
            *g = g.minimum(&limit)?.maximum(&limit.neg()?)?;
        }
    }
    Ok(())
}
