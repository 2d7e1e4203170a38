//! The smallest training step: what an operation costs when there is nothing to compute.

use gradus_autograd::{GradientTape, Variable};
use gradus_tensor::{Result, Tensor};

use super::repeat;
use crate::workload::{Amount, Workload};

const STEPS: usize = 100;

pub fn declare(list: &mut Vec<Workload>) {
    list.push(Workload::new("tiny_scalar_step", "eager", Amount::Iterations(STEPS as f64), || {
        let beta = Variable::new(Tensor::scalar(3.0f32));
        repeat(move || (0..STEPS).try_for_each(|_| step(&beta)))
    }));
}

/// One step of gradient descent on (beta / 2 - 1)^2.
fn step(beta: &Variable) -> Result<()> {
    let tape = GradientTape::new();
    let b = beta.value();
    let loss = b.div(&Tensor::scalar(2.0f32))?.sub(&Tensor::scalar(1.0f32))?.square()?;
    let gradient = tape.gradient(&loss, beta)?;
    beta.assign_sub(&gradient.mul(&Tensor::scalar(0.1f32))?)
}
