//! Affine maps as Keras's random layers make them, in pixels.

use gradus_tensor::{Error, Result, Tensor};

use crate::frames::Frames;
use crate::projective::{Projective, projective_transform};

/// A map from output to input pixels: `x_in = a0 x + a1 y + a2`, `y_in = b0 x + b1 y + b2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine([f64; 6]);

impl Affine {
    /// The map that changes nothing.
    pub const IDENTITY: Affine = Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// The map with these numbers: `a0 a1 a2 b0 b1 b2`.
    pub fn new(numbers: [f64; 6]) -> Affine {
        Affine(numbers)
    }

    /// Turns the picture counter-clockwise by `angle` (radians) around the middle of an image of that size.
    pub fn rotation(angle: f64, height: usize, width: usize) -> Affine {
        let (sin, cos) = angle.sin_cos();
        Affine([cos, -sin, 0.0, sin, cos, 0.0]).about(center(height), center(width))
    }

    /// Moves the picture down by `dy` and right by `dx` pixels.
    pub fn translation(dy: f64, dx: f64) -> Affine {
        Affine([1.0, 0.0, -dx, 0.0, 1.0, -dy])
    }

    /// Shows `height_factor` times the height and `width_factor` times the width: below 1 zooms in, above 1 out.
    pub fn zoom(height_factor: f64, width_factor: f64, height: usize, width: usize) -> Affine {
        Affine([width_factor, 0.0, 0.0, 0.0, height_factor, 0.0]).about(center(height), center(width))
    }

    /// Slants the picture: `x_in = x + tan * y` along x, likewise along y, from the upper left corner.
    pub fn shear(x: f64, y: f64) -> Affine {
        Affine([1.0, x, 0.0, y, 1.0, 0.0])
    }

    /// This map around that point instead of around the upper left corner.
    pub fn about(self, y: f64, x: f64) -> Affine {
        let Affine([a0, a1, a2, b0, b1, b2]) = self;
        Affine([a0, a1, a2 + x - a0 * x - a1 * y, b0, b1, b2 + y - b0 * x - b1 * y])
    }

    /// First this map, then the other: the other's output pixels are looked up through this one.
    pub fn then(self, other: Affine) -> Affine {
        let (Affine(m), Affine(n)) = (self, other);
        let row =
            |a: f64, b: f64, c: f64| [a * n[0] + b * n[3], a * n[1] + b * n[4], a * n[2] + b * n[5] + c];
        let ([a0, a1, a2], [b0, b1, b2]) = (row(m[0], m[1], m[2]), row(m[3], m[4], m[5]));
        Affine([a0, a1, a2, b0, b1, b2])
    }

    /// The eight numbers of a projective map.
    pub fn row(self) -> [f32; 8] {
        let Affine(m) = self;
        std::array::from_fn(|i| if i < 6 { m[i] as f32 } else { 0.0 })
    }
}

fn center(size: usize) -> f64 {
    (size as f64 - 1.0) / 2.0
}

/// Keras's `ops.image.affine_transform`: the images through maps of eight numbers, in their own size.
///
/// `transform` is `[8]` or `[batch, 8]`; see [`projective_transform`].
///
/// # Errors
/// When shapes do not fit.
pub fn affine_transform(images: &Tensor, transform: &Tensor, options: Projective) -> Result<Tensor> {
    if options.size.is_some() {
        return Err(Error::value(
            "affine_transform: images keep their size; `projective_transform` changes it",
        ));
    }
    projective_transform(images, transform, options)
}

/// Every image through its own map.
pub(crate) fn affine_each(images: &Tensor, maps: &[Affine], options: Projective) -> Result<Tensor> {
    let f = Frames::of("affine_transform", images)?;
    debug_assert_eq!(maps.len(), f.batch);
    let rows: Vec<[f32; 8]> = maps.iter().map(|m| m.row()).collect();
    if rows.is_empty() {
        return Ok(images.clone());
    }
    projective_transform(images, &Tensor::new(rows)?, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_follow_one_another() {
        let (turn, shift) = (Affine::rotation(0.3, 5, 7), Affine::translation(2.0, -1.0));
        let at =
            |Affine(m): Affine, (x, y): (f64, f64)| (m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]);
        let (p, q) = (at(turn.then(shift), (2.0, 3.0)), at(turn, at(shift, (2.0, 3.0))));
        assert!((p.0 - q.0).abs() < 1e-12 && (p.1 - q.1).abs() < 1e-12, "{p:?} {q:?}");
        let middle = at(Affine::zoom(0.5, 2.0, 5, 7), (3.0, 2.0));
        assert_eq!(middle, (3.0, 2.0));
    }
}
