//! Images with a rectangle erased (Zhong, Zheng, Kang, Li, Yang 2020).

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};
use crate::frames::Frames;

/// Fills a random rectangle of each image with noise or a value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomErasing {
    factor: Range,
    scale: (f64, f64),
    fill_value: Option<f64>,
    value_range: (f64, f64),
}

impl Default for RandomErasing {
    fn default() -> RandomErasing {
        RandomErasing::new((1.0, 1.0))
    }
}

impl RandomErasing {
    /// With a chance drawn from 0 to `factor`, or between two; from 0 to 1. Keras's default is 1.
    pub fn new(factor: impl Into<Range>) -> RandomErasing {
        RandomErasing {
            factor: factor.into(),
            scale: (0.02, 0.33),
            fill_value: None,
            value_range: (0.0, 255.0),
        }
    }

    /// The square of the rectangle's sides as parts of the image's. Default 0.02 to 0.33.
    pub fn scale(mut self, low: f64, high: f64) -> RandomErasing {
        self.scale = (low, high);
        self
    }

    /// What to fill with. Default: normal noise times the upper end of the value range.
    pub fn fill_value(mut self, value: f64) -> RandomErasing {
        self.fill_value = Some(value);
        self
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> RandomErasing {
        self.value_range = (low, high);
        self
    }
}

/// A rectangle: rows and columns, from and to.
pub(super) struct Area {
    pub rows: std::ops::Range<usize>,
    pub columns: std::ops::Range<usize>,
}

impl Area {
    /// A rectangle whose sides are these parts of the image's, around a random point, cut at the borders.
    pub fn draw(height_part: f64, width_part: f64, height: usize, width: usize, d: &mut Draw) -> Area {
        let mut side = |part: f64, size: usize| {
            let half = (part.clamp(0.0, 1.0) * size as f64) as usize / 2;
            let middle = d.below(size);
            middle.saturating_sub(half)..(middle + half).min(size)
        };
        let columns = side(width_part, width);
        Area { rows: side(height_part, height), columns }
    }
}

impl Augment for RandomErasing {
    fn name(&self) -> &'static str {
        "RandomErasing"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let range = self.factor.within(self.name(), 0.0, 1.0)?;
        let scale = Range::Between(self.scale.0, self.scale.1).within(self.name(), 0.0, 1.0)?;
        let f = Frames::of(self.name(), images)?;
        let (low, high) = self.value_range;
        each(self.name(), images, |i, x, y| {
            y.copy_from_slice(x);
            let mut d = Draw::of(key, i);
            let (wide, tall) = (draw(scale, &mut d).sqrt(), draw(scale, &mut d).sqrt());
            let area = Area::draw(tall, wide, f.height, f.width, &mut d);
            let chance = draw(range, &mut d);
            if d.unit() >= chance {
                return;
            }
            for row in area.rows {
                let start = row * f.width;
                let line = &mut y
                    [(start + area.columns.start) * f.channels..(start + area.columns.end) * f.channels];
                for v in line {
                    let fill = self.fill_value.unwrap_or_else(|| d.normal() * high);
                    *v = fill.max(low).min(high) as f32;
                }
            }
        })
    }
}
