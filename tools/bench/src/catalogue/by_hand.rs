//! Training steps written with tensor operations and a tape, as programs without layers have them: eagerly, and as functions.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::Function;
use gradus_tensor::ops::{ConvOptions, Padding};
use gradus_tensor::{DType, Result, Tensor, s};

use super::function::recorded;
use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Work, Workload};

const BATCH: usize = 32;
const CLASSES: usize = 10;

/// The loss of weights on a batch and its labels.
type Loss = fn(x: &[Tensor], w: &[Tensor]) -> Result<Tensor>;

struct Net {
    name: &'static str,
    batch: usize,
    /// One sample.
    sample: &'static [usize],
    weights: &'static [&'static [usize]],
    loss: Loss,
}

const MLP: Net = Net {
    name: "mlp_by_hand/b32",
    batch: BATCH,
    sample: &[784],
    weights: &[&[784, 128], &[128], &[128, CLASSES], &[CLASSES]],
    loss: mlp,
};

const CNN: Net = Net {
    name: "cnn_by_hand/b32",
    batch: BATCH,
    sample: &[28, 28, 1],
    weights: &[
        &[3, 3, 1, 16],
        &[16],
        &[3, 3, 16, 32],
        &[32],
        &[7 * 7 * 32, 100],
        &[100],
        &[100, CLASSES],
        &[CLASSES],
    ],
    loss: cnn,
};

/// Channels of the blocks, and inside of them.
const CHANNELS: usize = 32;
const WIDE: usize = 192;

const BLOCKS: Net = Net {
    name: "inverted_blocks_by_hand/b16",
    batch: 16,
    sample: &[24, 24, CHANNELS],
    weights: &{
        let block: [&[usize]; 9] = [
            &[1, 1, CHANNELS, WIDE],
            &[WIDE],
            &[WIDE],
            &[3, 3, WIDE, 1],
            &[WIDE],
            &[WIDE],
            &[1, 1, WIDE, CHANNELS],
            &[CHANNELS],
            &[CHANNELS],
        ];
        let mut all = [block[0]; 9 * 4 + 1];
        let mut i = 0;
        while i < 9 * 4 {
            all[i] = block[i % 9];
            i += 1;
        }
        all[9 * 4] = &[CHANNELS, CLASSES];
        all
    },
    loss: blocks,
};

/// Steps, features and units.
const STEPS: usize = 64;
const FEATURES: usize = 64;
const UNITS: usize = 128;

const LSTM: Net = Net {
    name: "lstm_by_hand/b32",
    batch: BATCH,
    sample: &[STEPS, FEATURES],
    weights: &[&[FEATURES, 4 * UNITS], &[UNITS, 4 * UNITS], &[4 * UNITS], &[UNITS, CLASSES]],
    loss: lstm,
};

pub fn declare(list: &mut Vec<Workload>) {
    for net in [&MLP, &CNN, &BLOCKS, &LSTM] {
        let amount = Amount::Images(net.batch as f64);
        list.push(Workload::new(net.name, "eager", amount, || net.work(Mode::Eager)));
        list.push(Workload::new(net.name, "function", amount, || net.work(Mode::Traced)));
    }
    let name = "lstm_by_hand_record/b32";
    list.push(Workload::new(name, "function", Amount::Images(BATCH as f64), || LSTM.work(Mode::Recorded)));
}

#[derive(Clone, Copy)]
enum Mode {
    Eager,
    Traced,
    Recorded,
}

/// Weights, what Adam keeps of their gradients, and the powers of its decays.
struct State {
    weights: Vec<Variable>,
    moments: Vec<[Variable; 2]>,
    powers: [Variable; 2],
}

const DECAYS: [f64; 2] = [0.9, 0.999];

impl State {
    fn new(shapes: &[&[usize]]) -> Result<State, String> {
        let weight = |shape: &&[usize]| {
            let inputs: usize = shape[..shape.len() - 1].iter().product();
            let w = random(shape.to_vec())?;
            w.like((1.0 / inputs as f64).sqrt()).and_then(|scale| w.mul(&scale)).map_err(|e| e.to_string())
        };
        let weights: Vec<Tensor> = shapes.iter().map(weight).collect::<Result<_, _>>()?;
        let zeros = |w: &Tensor| w.zeros_like().map(Variable::new).map_err(|e| e.to_string());
        let one = || Variable::new(Tensor::scalar(1.0f32));
        Ok(State {
            moments: weights.iter().map(|w| Ok([zeros(w)?, zeros(w)?])).collect::<Result<_, String>>()?,
            weights: weights.into_iter().map(Variable::new).collect(),
            powers: [one(), one()],
        })
    }

    /// One step of Adam.
    fn step(&self, x: &[Tensor], loss: Loss) -> Result<Tensor> {
        let tape = GradientTape::new();
        let values: Vec<Tensor> = self.weights.iter().map(Variable::value).collect();
        let loss = loss(x, &values)?;
        let gradients = tape.gradient(&loss, &self.weights)?;
        let mut rest = Vec::with_capacity(2);
        for (p, decay) in self.powers.iter().zip(DECAYS) {
            p.assign(&p.value().mul(&p.value().like(decay)?)?)?;
            rest.push(p.value().like(1.0)?.sub(&p.value())?);
        }
        for ((w, [m, v]), g) in self.weights.iter().zip(&self.moments).zip(&gradients) {
            let blend = |old: &Tensor, new: &Tensor, decay: f64| {
                old.mul(&old.like(decay)?)?.add(&new.mul(&new.like(1.0 - decay)?)?)
            };
            m.assign(&blend(&m.value(), g, DECAYS[0])?)?;
            v.assign(&blend(&v.value(), &g.square()?, DECAYS[1])?)?;
            let (first, second) = (m.value().div(&rest[0])?, v.value().div(&rest[1])?);
            let below = second.sqrt()?.add(&second.like(1e-7)?)?;
            w.assign_sub(&first.mul(&first.like(1e-3)?)?.div(&below)?)?;
        }
        Ok(loss)
    }
}

impl Net {
    fn work(&'static self, mode: Mode) -> Result<Work, String> {
        let shape: Vec<usize> = [self.batch].iter().chain(self.sample).copied().collect();
        let labels = (0..self.batch as i64).map(|i| i * 7 % CLASSES as i64).collect();
        let labels = Tensor::from_vec(labels, [self.batch]).map_err(|e| e.to_string())?;
        let (x, state) = ([random(shape)?, labels], State::new(self.weights)?);
        let step = move |x: &[Tensor]| state.step(x, self.loss);
        match mode {
            Mode::Eager => repeat(move || step(&x)),
            Mode::Traced => {
                let f = Function::new(step);
                repeat(move || f.call(&x[..]))
            }
            Mode::Recorded => repeat(move || recorded(&x, |x| Ok(vec![step(x)?]))),
        }
    }
}

/// Mean cross-entropy from logits, by its formula.
fn cross_entropy(labels: &Tensor, logits: &Tensor) -> Result<Tensor> {
    let z = logits.sub(&logits.reduce_max(-1, true)?)?;
    let total = z.exp()?.reduce_sum(-1, false)?.log()?;
    let picked = z.mul(&labels.one_hot(CLASSES)?)?.reduce_sum(-1, false)?;
    total.sub(&picked)?.reduce_mean((), false)
}

fn mlp(x: &[Tensor], w: &[Tensor]) -> Result<Tensor> {
    let h = x[0].matmul(&w[0])?.add(&w[1])?.relu()?;
    cross_entropy(&x[1], &h.matmul(&w[2])?.add(&w[3])?)
}

const SAME: ConvOptions =
    ConvOptions { strides: [1, 1], padding: Padding::Same, dilations: [1, 1], groups: 1 };

fn cnn(x: &[Tensor], w: &[Tensor]) -> Result<Tensor> {
    let mut h = x[0].clone();
    for w in w[..4].chunks_exact(2) {
        let y = h.conv2d(&w[0], SAME)?.add(&w[1])?.relu()?;
        h = y.max_pool2d([2, 2], [2, 2], Padding::Valid)?;
    }
    let h = h.reshape([BATCH, 7 * 7 * 32])?.matmul(&w[4])?.add(&w[5])?.relu()?;
    cross_entropy(&x[1], &h.matmul(&w[6])?.add(&w[7])?)
}

/// Batch normalization in training, by its formula.
fn normalized(x: &Tensor, gamma: &Tensor, beta: &Tensor) -> Result<Tensor> {
    let centred = x.sub(&x.reduce_mean([0, 1, 2], true)?)?;
    let variance = centred.square()?.reduce_mean([0, 1, 2], true)?;
    centred.mul(&variance.add(&variance.like(1e-3)?)?.rsqrt()?)?.mul(gamma)?.add(beta)
}

/// Inverted residuals as those of MobileNetV2, then a mean over each image and a product.
fn blocks(x: &[Tensor], w: &[Tensor]) -> Result<Tensor> {
    let mut h = x[0].clone();
    for w in w.chunks_exact(9) {
        let y = normalized(&h.conv2d(&w[0], SAME)?, &w[1], &w[2])?.relu6()?;
        let y = normalized(&y.depthwise_conv2d(&w[3], SAME)?, &w[4], &w[5])?.relu6()?;
        h = normalized(&y.conv2d(&w[6], SAME)?, &w[7], &w[8])?.add(&h)?;
    }
    cross_entropy(&x[1], &h.reduce_mean([1, 2], false)?.matmul(&w[w.len() - 1])?)
}

fn lstm(x: &[Tensor], w: &[Tensor]) -> Result<Tensor> {
    let mut h = Tensor::zeros([BATCH, UNITS], DType::F32)?;
    let mut c = h.clone();
    for t in 0..STEPS {
        let at = x[0].slice(s![.., t as isize])?;
        let z = at.matmul(&w[0])?.add(&h.matmul(&w[1])?)?.add(&w[2])?.split(4, -1)?;
        c = z[1].sigmoid()?.mul(&c)?.add(&z[0].sigmoid()?.mul(&z[2].tanh()?)?)?;
        h = z[3].sigmoid()?.mul(&c.tanh()?)?;
    }
    cross_entropy(&x[1], &h.matmul(&w[3])?)
}
