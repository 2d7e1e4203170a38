//! Images laid over one another (Zhang, Cisse, Dauphin, Lopez-Paz 2018).

use gradus_tensor::{DType, Error, Result, Spec, Tensor};

use super::Mix;
use super::draw::Draw;
use super::each::floats;
use crate::frames::Frames;

/// Each image and label with a random share of another's of the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixUp {
    alpha: f64,
}

impl Default for MixUp {
    fn default() -> MixUp {
        MixUp::new(0.2)
    }
}

impl MixUp {
    /// Shares of the beta distribution with both parameters `alpha`, which is above 0. Keras's default is 0.2.
    pub fn new(alpha: f64) -> MixUp {
        MixUp { alpha }
    }
}

impl Mix for MixUp {
    fn name(&self) -> &'static str {
        "MixUp"
    }
    fn mix(&self, images: &Tensor, labels: &Tensor, key: u64) -> Result<(Tensor, Tensor)> {
        if !(self.alpha > 0.0) {
            return Err(Error::value(format!("MixUp: alpha must be above 0, found {}", self.alpha)));
        }
        let f = check(self.name(), images, labels)?;
        let partner = Draw::of(key, f.batch).permutation(f.batch);
        let share: Vec<f32> = (0..f.batch).map(|i| Draw::of(key, i).beta(self.alpha) as f32).collect();
        Ok((blend(images, &partner, &share)?, blend(labels, &partner, &share)?))
    }
}

/// The frames of a batch, or the error for shapes that do not fit.
pub(super) fn check(op: &str, images: &Tensor, labels: &Tensor) -> Result<Frames> {
    let f = Frames::of(op, images)?;
    match *labels.shape().dims() {
        [n, _] if f.batched && n == f.batch => Ok(f),
        _ => Err(Error::shape(format!(
            "{op}: expected images [n, h, w, c] and labels [n, classes] (one-hot; `to_categorical` makes them), found {} \
             and {}",
            images.shape(),
            labels.shape()
        ))),
    }
}

/// `share[i] * x[i] + (1 - share[i]) * x[partner[i]]` along the first axis.
pub(super) fn blend(x: &Tensor, partner: &[usize], share: &[f32]) -> Result<Tensor> {
    let x = floats(x)?;
    let from = x.as_slice::<f32>()?;
    let row = (x.len() / partner.len().max(1)).max(1);
    Tensor::build(Spec::new(DType::F32, x.shape().clone()), |out| {
        for (i, y) in out.as_mut::<f32>().chunks_exact_mut(row).enumerate() {
            let (own, other) =
                (&from[i * row..(i + 1) * row], &from[partner[i] * row..(partner[i] + 1) * row]);
            let (a, b) = (share[i], 1.0 - share[i]);
            y.iter_mut().zip(own.iter().zip(other)).for_each(|(y, (p, q))| *y = a * p + b * q);
        }
        Ok(())
    })
}
