//! Images mirrored or not.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use crate::frames::Frames;

/// Mirrors each image, or does not, with equal chances. With both directions an image is turned by a half or stays, as
/// in Keras 3.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Config", into = "Config"))]
pub struct RandomFlip {
    horizontal: bool,
    vertical: bool,
}

impl RandomFlip {
    /// Left and right.
    pub fn horizontal() -> RandomFlip {
        RandomFlip { horizontal: true, vertical: false }
    }

    /// Up and down.
    pub fn vertical() -> RandomFlip {
        RandomFlip { horizontal: false, vertical: true }
    }

    /// Both at once (Keras's default).
    pub fn horizontal_and_vertical() -> RandomFlip {
        RandomFlip { horizontal: true, vertical: true }
    }
}

/// The options under Keras's names.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Config {
    mode: String,
}

#[cfg(feature = "serde")]
impl From<RandomFlip> for Config {
    fn from(flip: RandomFlip) -> Config {
        let mode = match (flip.horizontal, flip.vertical) {
            (true, true) => "horizontal_and_vertical",
            (true, false) => "horizontal",
            (false, _) => "vertical",
        };
        Config { mode: mode.to_owned() }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Config> for RandomFlip {
    type Error = gradus_tensor::Error;
    fn try_from(config: Config) -> Result<RandomFlip> {
        match config.mode.as_str() {
            "horizontal" => Ok(RandomFlip::horizontal()),
            "vertical" => Ok(RandomFlip::vertical()),
            "horizontal_and_vertical" => Ok(RandomFlip::horizontal_and_vertical()),
            other => Err(gradus_tensor::Error::value(format!(
                "RandomFlip: unknown mode {other:?}; there are horizontal, vertical, horizontal_and_vertical"
            ))),
        }
    }
}

impl Augment for RandomFlip {
    fn name(&self) -> &'static str {
        "RandomFlip"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let line = (f.width * f.channels).max(1);
        each(self.name(), images, |i, x, y| {
            if !Draw::of(key, i).coin() {
                y.copy_from_slice(x);
                return;
            }
            let rows = y.chunks_exact_mut(line).enumerate();
            for (row, y) in rows {
                let from = if self.vertical { f.height - 1 - row } else { row };
                let x = &x[from * line..(from + 1) * line];
                if self.horizontal { mirror(x, y, f.channels) } else { y.copy_from_slice(x) }
            }
        })
    }
}

fn mirror(x: &[f32], y: &mut [f32], channels: usize) {
    if channels == 3 {
        let ((x, _), (y, _)) = (x.as_chunks::<3>(), y.as_chunks_mut::<3>());
        y.iter_mut().zip(x.iter().rev()).for_each(|(y, x)| *y = *x);
        return;
    }
    let pixels = y.chunks_exact_mut(channels).zip(x.chunks_exact(channels).rev());
    pixels.for_each(|(y, x)| y.copy_from_slice(x));
}
