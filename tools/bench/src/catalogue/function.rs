//! Traced functions beside the same code run eagerly: replay, gradients, and what a recording costs.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Function, Trace};
use gradus_tensor::ops::{ConvOptions, Padding};
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
    list.push(Workload::new("scalar_ops/record", "function", ops, || {
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
    for (name, traced) in [("eager", false), ("function", true)] {
        list.push(Workload::new("inverted_blocks_infer/b16", name, Amount::Images(16.0), move || {
            let x = random([16, 24, 24, CHANNELS])?;
            let net = blocks().map_err(|e| e.to_string())?;
            let infer = move |x: &[Tensor]| net.iter().try_fold(x[0].clone(), |x, b| b.call(&x));
            if traced {
                let f = Function::new(infer);
                return repeat(move || f.call(&x));
            }
            repeat(move || infer(std::slice::from_ref(&x)))
        }));
    }
    list.push(Workload::new("lstm_by_hand/b32", "eager", Amount::Images(32.0), || lstm(Mode::Eager)));
    list.push(Workload::new("lstm_by_hand/b32", "function", Amount::Images(32.0), || lstm(Mode::Traced)));
    list.push(Workload::new("lstm_by_hand_record/b32", "function", Amount::Images(32.0), || {
        lstm(Mode::Recorded)
    }));
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

/// Channels of the blocks, and inside of them.
const CHANNELS: usize = 32;
const WIDE: usize = 192;

/// A convolution with the normalization behind it, outside of training.
struct Normalized {
    filter: Variable,
    /// Gamma, beta, mean, variance.
    statistics: [Variable; 4],
    depthwise: bool,
}

impl Normalized {
    fn new(shape: [usize; 4]) -> Result<Normalized> {
        let n: usize = shape.iter().product();
        let values = (0..n).map(|i| (i as f32 * 0.7).sin() * 0.1).collect();
        let channels = if shape[3] == 1 { shape[2] } else { shape[3] };
        let ones = || Tensor::full([channels], 1.0, DType::F32).map(Variable::new);
        Ok(Normalized {
            filter: Variable::new(Tensor::from_vec(values, shape)?),
            statistics: [ones()?, ones()?, ones()?, ones()?],
            depthwise: shape[3] == 1,
        })
    }

    fn call(&self, x: &Tensor) -> Result<Tensor> {
        let options = ConvOptions { padding: Padding::Same, ..ConvOptions::default() };
        let y = match self.depthwise {
            true => x.depthwise_conv2d(&self.filter.value(), options)?,
            false => x.conv2d(&self.filter.value(), options)?,
        };
        let [gamma, beta, mean, variance] = self.statistics.each_ref().map(Variable::value);
        let scale = gamma.div(&variance.add(&variance.like(1e-3)?)?.sqrt()?)?;
        y.mul(&scale)?.add(&beta.sub(&mean.mul(&scale)?)?)
    }
}

/// The inverted residual of MobileNetV2.
struct Block([Normalized; 3]);

impl Block {
    fn call(&self, x: &Tensor) -> Result<Tensor> {
        let wide = self.0[0].call(x)?.relu6()?;
        self.0[2].call(&self.0[1].call(&wide)?.relu6()?)?.add(x)
    }
}

fn blocks() -> Result<Vec<Block>> {
    let shapes = [[1, 1, CHANNELS, WIDE], [3, 3, WIDE, 1], [1, 1, WIDE, CHANNELS]];
    (0..4)
        .map(|_| {
            let [a, b, c] = shapes.map(Normalized::new);
            Ok(Block([a?, b?, c?]))
        })
        .collect()
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
