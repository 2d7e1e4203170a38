//! Traced functions beside the same code run eagerly: replay, gradients, and what a recording costs.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Function, Trace};
use gradus_tensor::{DType, Result, Tensor};

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Work, Workload};

const MILLION: usize = 1 << 20;
/// Multiplications and additions of the scalar program.
const OPS: usize = 20;

type Outcome = std::result::Result<Work, String>;

pub fn declare(list: &mut Vec<Workload>) {
    let ops = Amount::Iterations(OPS as f64);
    list.push(Workload::new("scalar_ops/forward", "eager", ops, || {
        let x = Tensor::scalar(0.5f32);
        repeat(move || scalars(std::slice::from_ref(&x)))
    }));
    list.push(Workload::new("scalar_ops/forward", "function", ops, || {
        let (x, f) = (Tensor::scalar(0.5f32), Function::new(scalars));
        repeat(move || f.call(&x))
    }));
    list.push(Workload::new("scalar_ops/gradient", "eager", ops, || {
        let x = Tensor::scalar(0.5f32);
        repeat(move || scalar_gradient(std::slice::from_ref(&x)))
    }));
    list.push(Workload::new("scalar_ops/gradient", "function", ops, || {
        let (x, f) = (Tensor::scalar(0.5f32), Function::new(scalar_gradient));
        repeat(move || f.call(&x))
    }));
    list.push(Workload::new("scalar_ops/gradient", "record", ops, || {
        let x = Tensor::scalar(0.5f32);
        repeat(move || recorded(std::slice::from_ref(&x), |x| Ok(vec![scalar_gradient(x)?])))
    }));
    for (name, n) in [("1M", MILLION), ("16M", 16 * MILLION)] {
        list.push(Workload::new(
            format!("chain/{name}"),
            "function",
            Amount::Bytes(8.0 * n as f64),
            move || {
                let (x, a, b) = (random([n])?, Tensor::scalar(1.1f32), Tensor::scalar(0.3f32));
                let f = Function::new(move |x: &[Tensor]| x[0].mul(&a)?.add(&b)?.tanh()?.mul(&x[0]));
                repeat(move || f.call(&x))
            },
        ));
    }
    list.push(Workload::new("lstm_by_hand/b32", "eager", Amount::Images(32.0), || lstm(Mode::Eager)));
    list.push(Workload::new("lstm_by_hand/b32", "function", Amount::Images(32.0), || lstm(Mode::Traced)));
    list.push(Workload::new("lstm_by_hand/b32", "record", Amount::Images(32.0), || lstm(Mode::Recorded)));
}

fn recorded(x: &[Tensor], f: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>) -> Result<usize> {
    let trace = Trace::of(x, f)?;
    Ok(trace.program().memory().steps)
}

fn scalars(x: &[Tensor]) -> Result<Tensor> {
    let (a, b) = (Tensor::scalar(0.99f32), Tensor::scalar(0.01f32));
    let mut y = x[0].clone();
    for _ in 0..OPS / 2 {
        y = y.mul(&a)?.add(&b)?;
    }
    Ok(y)
}

fn scalar_gradient(x: &[Tensor]) -> Result<Tensor> {
    let tape = GradientTape::new();
    tape.watch(&x[0])?;
    let y = scalars(x)?;
    tape.gradient(&y, &x[0])
}

#[derive(Clone, Copy)]
enum Mode {
    Eager,
    Traced,
    Recorded,
}

/// Steps, features and units.
const STEPS: usize = 64;
const FEATURES: usize = 64;
const UNITS: usize = 128;

/// One step of gradient descent on an LSTM written with tensor operations.
fn lstm(mode: Mode) -> Outcome {
    let text = |e: gradus_tensor::Error| e.to_string();
    let small = |t: Tensor| t.mul(&t.like(0.05)?);
    let w = Variable::new(small(random([FEATURES, 4 * UNITS])?).map_err(text)?);
    let u = Variable::new(small(random([UNITS, 4 * UNITS])?).map_err(text)?);
    let b = Variable::new(Tensor::zeros([4 * UNITS], DType::F32).map_err(text)?);
    let x = random([STEPS, 32, FEATURES])?;
    let step = move |x: &[Tensor]| -> Result<Tensor> {
        let tape = GradientTape::new();
        let (w, u, b) = (w.clone(), u.clone(), b.clone());
        let (wv, uv, bv) = (w.value(), u.value(), b.value());
        let mut h = Tensor::zeros([32, UNITS], DType::F32)?;
        let mut c = h.clone();
        for at in x[0].split_evenly(STEPS)? {
            let z = at.matmul(&wv)?.add(&h.matmul(&uv)?)?.add(&bv)?;
            let parts = z.gates()?;
            c = parts[1].sigmoid()?.mul(&c)?.add(&parts[0].sigmoid()?.mul(&parts[2].tanh()?)?)?;
            h = parts[3].sigmoid()?.mul(&c.tanh()?)?;
        }
        let loss = h.square()?.reduce_mean((), false)?;
        let grads = tape.gradient(&loss, [&w, &u, &b])?;
        for (v, g) in [&w, &u, &b].into_iter().zip(&grads) {
            v.assign_sub(&g.mul(&g.like(0.01)?)?)?;
        }
        Ok(loss)
    };
    match mode {
        Mode::Eager => repeat(move || step(std::slice::from_ref(&x))),
        Mode::Traced => {
            let f = Function::new(step);
            repeat(move || f.call(&x))
        }
        Mode::Recorded => repeat(move || recorded(std::slice::from_ref(&x), |x| Ok(vec![step(x)?]))),
    }
}

/// The cuts that the LSTM makes.
trait Cuts: Sized {
    fn split_evenly(&self, n: usize) -> Result<Vec<Self>>;
    fn gates(&self) -> Result<Vec<Self>>;
}

impl Cuts for Tensor {
    /// One matrix per step.
    fn split_evenly(&self, n: usize) -> Result<Vec<Tensor>> {
        (0..n).map(|i| self.slice(gradus_tensor::s![i as isize])).collect()
    }
    /// The four blocks of columns.
    fn gates(&self) -> Result<Vec<Tensor>> {
        self.split(4, -1)
    }
}
