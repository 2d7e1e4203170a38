//! Scalar programs: what an operation costs when there is nothing to compute.

use gradus_autograd::{GradientTape, Variable};
use gradus_nn::prelude::{Optimizer, SGD};
use gradus_tensor::{Result, Tensor};

use super::repeat;
use crate::workload::{Amount, Workload};

const STEPS: usize = 100;

pub fn declare(list: &mut Vec<Workload>) {
    list.push(Workload::new("tiny_scalar_step", "eager", Amount::Iterations(STEPS as f64), || {
        let beta = Variable::new(Tensor::scalar(3.0f32));
        repeat(move || (0..STEPS).try_for_each(|_| step(&beta)))
    }));
    list.push(Workload::new("tiny_optimizer_step", "eager", Amount::Iterations(STEPS as f64), || {
        let beta = Variable::new(Tensor::scalar(-10.0f32));
        let mut sgd = SGD::new(0.01 / 6.0);
        repeat(move || (0..STEPS).try_for_each(|_| optimizer_step(&beta, &mut sgd)))
    }));
    list.push(Workload::new("scalar_op", "eager", Amount::Iterations(OPS as f64), || {
        let x = Tensor::scalar(0.5f32);
        repeat(move || chain(&x))
    }));
    list.push(Workload::new("scalar_op_gradient", "eager", Amount::Iterations(OPS as f64), || {
        let x = Tensor::scalar(0.5f32);
        repeat(move || {
            let tape = GradientTape::watching_nothing();
            tape.watch(&x)?;
            let y = chain(&x)?;
            tape.gradient(&y, &x)
        })
    }));
}

/// Operations of the chain.
const OPS: usize = 40;

/// Multiplications by one constant and additions of another, in turn.
fn chain(x: &Tensor) -> Result<Tensor> {
    let (a, b) = (Tensor::scalar(0.9f32), Tensor::scalar(0.1f32));
    (0..OPS / 2).try_fold(x.clone(), |y, _| y.mul(&a)?.add(&b))
}

/// The same loss as in [`step`], its gradient applied by an optimizer.
fn optimizer_step(beta: &Variable, sgd: &mut SGD) -> Result<()> {
    let tape = GradientTape::new();
    let loss = (beta.value() / 2.0 - 1.0).square()?;
    let gradient = tape.gradient(&loss, beta)?;
    sgd.apply_gradients(&[gradient], std::slice::from_ref(beta))
}

/// One step of gradient descent on (beta / 2 - 1)^2.
fn step(beta: &Variable) -> Result<()> {
    let tape = GradientTape::new();
    let b = beta.value();
    let loss = b.div(&Tensor::scalar(2.0f32))?.sub(&Tensor::scalar(1.0f32))?.square()?;
    let gradient = tape.gradient(&loss, beta)?;
    beta.assign_sub(&gradient.mul(&Tensor::scalar(0.1f32))?)
}
