//! Images with a rectangle of another one (Yun, Han, Oh, Chun, Choe, Yoo 2019).

use gradus_tensor::{DType, Result, Spec, Tensor};

use super::Mix;
use super::draw::Draw;
use super::each::floats;
use super::mix_up::{blend, check};
use super::random_erasing::Area;

/// Puts a rectangle of another image of the batch into each; labels are mixed by area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutMix {
    factor: f64,
}

impl Default for CutMix {
    fn default() -> CutMix {
        CutMix::new(1.0)
    }
}

impl CutMix {
    /// Areas of the beta distribution with both parameters `factor`, above 0. Keras's default is 1.
    pub fn new(factor: f64) -> CutMix {
        CutMix { factor }
    }
}

impl Mix for CutMix {
    fn name(&self) -> &'static str {
        "CutMix"
    }
    fn mix(&self, images: &Tensor, labels: &Tensor, key: u64) -> Result<(Tensor, Tensor)> {
        if !(self.factor > 0.0) {
            return Err(gradus_tensor::Error::value(format!(
                "CutMix: factor must be above 0, found {}",
                self.factor
            )));
        }
        let f = check(self.name(), images, labels)?;
        let partner = Draw::of(key, f.batch).permutation(f.batch);
        let areas: Vec<Area> = (0..f.batch)
            .map(|i| {
                let mut d = Draw::of(key, i);
                let side = (1.0 - d.beta(self.factor)).sqrt();
                Area::draw(side, side, f.height, f.width, &mut d)
            })
            .collect();
        let whole = (f.height * f.width).max(1) as f32;
        let share: Vec<f32> =
            areas.iter().map(|a| 1.0 - (a.rows.len() * a.columns.len()) as f32 / whole).collect();
        let images = floats(images)?;
        let from = images.as_slice::<f32>()?;
        let mixed = Tensor::build(Spec::new(DType::F32, images.shape().clone()), |out| {
            let out = out.as_mut::<f32>();
            out.copy_from_slice(from);
            let (size, line) = (f.size(), f.width * f.channels);
            for (i, area) in areas.iter().enumerate() {
                for row in area.rows.clone() {
                    let span = row * line + area.columns.start * f.channels
                        ..row * line + area.columns.end * f.channels;
                    let other = partner[i] * size;
                    out[i * size + span.start..i * size + span.end]
                        .copy_from_slice(&from[other + span.start..other + span.end]);
                }
            }
            Ok(())
        })?;
        Ok((mixed, blend(labels, &partner, &share)?))
    }
}
