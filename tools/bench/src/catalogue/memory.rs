//! A net of fifty layers, whose activations the backward pass keeps or computes again.

use gradus_autograd::{GradientTape, Variable, recompute_grad};
use gradus_tensor::{DType, Result, Tensor};

use crate::input::random;

const LAYERS: usize = 50;
/// About the square root of the number of layers: fewest tensors alive at once.
const BLOCK: usize = 7;
const BATCH: usize = 2048;
const WIDTH: usize = 256;

/// One training step; a process of its own tells what memory it took.
pub fn step(recompute: bool) -> std::result::Result<(), String> {
    let x = random([BATCH, WIDTH])?;
    let weights = (0..LAYERS).map(|_| Ok(Variable::new(random([WIDTH, WIDTH])?)));
    let weights = weights.collect::<std::result::Result<Vec<_>, String>>()?;
    train(&x, &weights, recompute).map_err(|e| e.to_string())
}

fn train(x: &Tensor, weights: &[Variable], recompute: bool) -> Result<()> {
    let tape = GradientTape::new();
    let mut y = x.clone();
    for block in weights.chunks(BLOCK) {
        y = if recompute {
            let block = block.to_vec();
            recompute_grad(&y, move |y: Tensor| layers(&block, y))?
        } else {
            layers(block, y)?
        };
    }
    let loss = y.square()?.reduce_mean((), false)?;
    drop(y);
    let gradients = tape.gradient(&loss, &weights.to_vec())?;
    let rate = Tensor::scalar_of(DType::F32, 0.01);
    weights.iter().zip(gradients).try_for_each(|(w, g)| w.assign_sub(&g.mul(&rate)?))
}

fn layers(weights: &[Variable], x: Tensor) -> Result<Tensor> {
    weights.iter().try_fold(x, |x, w| x.matmul(&w.value())?.tanh())
}
