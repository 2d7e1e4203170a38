//! How a camera was held, as EXIF tells it.

use gradus_tensor::{Result, Tensor};

use crate::flip::{flip_left_right, rot90, transpose};

/// What brings an image upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Orientation {
    Upright,
    FlipHorizontal,
    Rotate180,
    FlipVertical,
    Rotate90FlipHorizontal,
    Rotate90,
    Rotate270FlipHorizontal,
    Rotate270,
}

impl From<image::metadata::Orientation> for Orientation {
    fn from(o: image::metadata::Orientation) -> Orientation {
        use image::metadata::Orientation as O;
        match o {
            O::NoTransforms => Orientation::Upright,
            O::FlipHorizontal => Orientation::FlipHorizontal,
            O::Rotate180 => Orientation::Rotate180,
            O::FlipVertical => Orientation::FlipVertical,
            O::Rotate90FlipH => Orientation::Rotate90FlipHorizontal,
            O::Rotate90 => Orientation::Rotate90,
            O::Rotate270FlipH => Orientation::Rotate270FlipHorizontal,
            O::Rotate270 => Orientation::Rotate270,
        }
    }
}

impl Orientation {
    /// What the EXIF block of a file says; upright when it says nothing.
    pub(super) fn of_exif(exif: &[u8]) -> Orientation {
        image::metadata::Orientation::from_exif_chunk(exif).map_or(Orientation::Upright, Orientation::from)
    }

    /// The image upright.
    pub(super) fn apply(self, image: &Tensor) -> Result<Tensor> {
        match self {
            Orientation::Upright => Ok(image.clone()),
            Orientation::FlipHorizontal => flip_left_right(image),
            Orientation::Rotate180 => rot90(image, 2),
            Orientation::FlipVertical => flip_left_right(&rot90(image, 2)?),
            // Clockwise, then mirrored: the swap of the axes; the other way round for three quarters.
            Orientation::Rotate90FlipHorizontal => transpose(image),
            Orientation::Rotate90 => rot90(image, -1),
            Orientation::Rotate270FlipHorizontal => rot90(&transpose(image)?, 2),
            Orientation::Rotate270 => rot90(image, 1),
        }
    }
}
