//! The moving average of the weights (`use_ema`).

use crate::Options;
use crate::one_pass::elements;
use crate::rule::Step;
use gradus_autograd::Variable;
use gradus_tensor::{DType, Result, Tensor};

/// Moves the averages towards the weights, and overwrites the weights when that is due.
///
/// The first step copies the weights, so that the average does not start at zero.
pub(crate) fn follow(options: &Options, step: &Step, vars: &[Variable], averages: &[Variable]) -> Result<()> {
    let Some((_, t)) = step.now() else { return follow_traced(options, step, vars, averages) };
    let momentum = if t == 1 { 0.0 } else { options.ema_momentum };
    for (v, a) in vars.iter().zip(averages) {
        match v.dtype() {
            DType::F32 => {
                let (w, m) = (v.peek(), momentum as f32);
                elements::<f32>(a, |a| {
                    a.iter_mut()
                        .zip(w.view().as_slice::<f32>())
                        .for_each(|(a, w)| *a = m * *a + (1.0 - m) * w);
                    Ok(())
                })?;
            }
            dtype => a.assign(&mixed(&a.value(), &v.value(), &Tensor::scalar_of(dtype, momentum))?)?,
        }
    }
    match options.ema_overwrite_frequency {
        Some(n) if t % n == 0 => vars.iter().zip(averages).try_for_each(|(v, a)| v.assign(&a.peek())),
        _ => Ok(()),
    }
}

fn mixed(average: &Tensor, w: &Tensor, momentum: &Tensor) -> Result<Tensor> {
    momentum.mul(average)?.add(&momentum.like(1)?.sub(momentum)?.mul(w)?)
}

fn follow_traced(options: &Options, step: &Step, vars: &[Variable], averages: &[Variable]) -> Result<()> {
    let t = step.number(DType::I64)?;
    let first = t.equal(&t.like(1)?)?;
    let due = match options.ema_overwrite_frequency {
        Some(n) => Some(t.floor_mod(&t.like(n)?)?.equal(&t.like(0)?)?),
        None => None,
    };
    for (v, a) in vars.iter().zip(averages) {
        let later = Tensor::scalar_of(v.dtype(), options.ema_momentum);
        let new = mixed(&a.value(), &v.value(), &first.select(&later.zeros_like()?, &later)?)?;
        if let Some(due) = &due {
            v.assign(&due.select(&new, &v.value())?)?;
        }
        a.assign(&new)?;
    }
    Ok(())
}
