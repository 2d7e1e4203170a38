//! Traced functions beside the same code run eagerly: replay, gradients, and what a recording costs.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Function, Trace};
use gradus_tensor::ops::{ConvOptions, Padding};
use gradus_tensor::{DType, Result, Tensor};

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

const MILLION: usize = 1 << 20;
/// Multiplications and additions of the scalar program.
const OPS: usize = 20;

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
}

/// Records and plans.
pub fn recorded(x: &[Tensor], f: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>) -> Result<usize> {
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
