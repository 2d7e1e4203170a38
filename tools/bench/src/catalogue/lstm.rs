//! An LSTM of 64 units over 80 steps of 128 features, with a dense layer and a cross-entropy behind it: loss and gradients.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Function, Trace};
use gradus_tensor::{DType, Result, Tensor, s};

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Work, Workload};

const BATCH: usize = 32;
const STEPS: usize = 80;
const FEATURES: usize = 128;
const UNITS: usize = 64;

struct Lstm {
    kernel: Variable,
    recurrent: Variable,
    bias: Variable,
    head: Variable,
    head_bias: Variable,
}

impl Lstm {
    fn new() -> std::result::Result<Lstm, String> {
        let small = |shape: [usize; 2]| {
            let t = random(shape)?;
            t.mul(&t.like(0.1).map_err(|e| e.to_string())?).map(Variable::new).map_err(|e| e.to_string())
        };
        let zeros = |n: usize| Tensor::zeros([n], DType::F32).map(Variable::new).map_err(|e| e.to_string());
        Ok(Lstm {
            kernel: small([FEATURES, 4 * UNITS])?,
            recurrent: small([UNITS, 4 * UNITS])?,
            bias: zeros(4 * UNITS)?,
            head: small([UNITS, 1])?,
            head_bias: zeros(1)?,
        })
    }

    /// Logits of `x`, `[batch, steps, features]`; gates in Keras's order i, f, c, o.
    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let (kernel, recurrent, bias) = (self.kernel.value(), self.recurrent.value(), self.bias.value());
        let mut h = Tensor::zeros([BATCH, UNITS], DType::F32)?;
        let mut c = h.clone();
        let x = x.transpose(&[1, 0, 2])?;
        for t in 0..STEPS {
            let at = x.slice(s![t as isize])?;
            let z = at.matmul(&kernel)?.add(&h.matmul(&recurrent)?)?.add(&bias)?;
            let [i, f, g, o] = <[Tensor; 4]>::try_from(z.split(4, -1)?)
                .map_err(|_| gradus_tensor::Error::value("four gates"))?;
            c = f.sigmoid()?.mul(&c)?.add(&i.sigmoid()?.mul(&g.tanh()?)?)?;
            h = o.sigmoid()?.mul(&c.tanh()?)?;
        }
        h.matmul(&self.head.value())?.add(&self.head_bias.value())
    }

    /// The gradients of the mean cross-entropy.
    fn gradients(&self, x: &[Tensor]) -> Result<Vec<Tensor>> {
        let tape = GradientTape::new();
        let z = self.logits(&x[0])?;
        // max(z, 0) - z y + ln(1 + e^-|z|)
        let loss = z.relu()?.sub(&z.mul(&x[1])?)?.add(&z.abs()?.neg()?.exp()?.log1p()?)?;
        let loss = loss.reduce_mean((), false)?;
        let all = [&self.kernel, &self.recurrent, &self.bias, &self.head, &self.head_bias].map(Clone::clone);
        tape.gradient(&loss, &all.to_vec())
    }
}

fn work(how: How) -> std::result::Result<Work, String> {
    let net = Lstm::new()?;
    let x = random([BATCH, STEPS, FEATURES])?;
    let y = Tensor::from_vec((0..BATCH).map(|i| (i % 2) as f32).collect(), [BATCH, 1]);
    let inputs = [x, y.map_err(|e| e.to_string())?];
    match how {
        How::Eager => repeat(move || net.gradients(&inputs)),
        How::Function => {
            let f = Function::new(move |x| net.gradients(x));
            repeat(move || f.call(&inputs[..]))
        }
        How::Record => {
            repeat(move || Trace::of(&inputs, |x| net.gradients(x)).map(|trace| trace.program().memory()))
        }
    }
}

#[derive(Clone, Copy)]
enum How {
    Eager,
    Function,
    Record,
}

pub fn declare(list: &mut Vec<Workload>) {
    let (steps, record) = ("lstm64_fwd_bwd/32x80x128", "lstm64_record/32x80x128");
    let rows =
        [(steps, "function", How::Function), (steps, "eager", How::Eager), (record, "function", How::Record)];
    for (name, variant, how) in rows {
        let images = Amount::Images(BATCH as f64);
        list.push(Workload::new(name, variant, images, move || work(how)));
    }
}
