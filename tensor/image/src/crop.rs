//! Cutting pieces out of images, and setting images into larger ones.

use gradus_tensor::ops::PadMode;
use gradus_tensor::{Error, Result, Tensor};

use crate::frames::Frames;

/// The middle of the image: `central_fraction` of its height and width, which is in (0, 1].
///
/// The borders cut off are `floor((size - size * fraction) / 2)` pixels on either side.
pub fn central_crop(image: &Tensor, central_fraction: f64) -> Result<Tensor> {
    if !(central_fraction > 0.0 && central_fraction <= 1.0) {
        return Err(Error::value(format!(
            "central_crop: central_fraction must be above 0 and at most 1, found {central_fraction}"
        )));
    }
    let f = Frames::of("central_crop", image)?;
    let border = |size: usize| ((size as f64 - size as f64 * central_fraction) / 2.0) as usize;
    let (top, left) = (border(f.height), border(f.width));
    crop_to_bounding_box(image, top, left, f.height - 2 * top, f.width - 2 * left)
}

/// The box of that size whose upper left corner stands at the offset.
///
/// # Errors
/// When the box does not lie inside of the image, or is empty.
pub fn crop_to_bounding_box(
    image: &Tensor,
    offset_height: usize,
    offset_width: usize,
    target_height: usize,
    target_width: usize,
) -> Result<Tensor> {
    let f = Frames::of("crop_to_bounding_box", image)?;
    let inside = |offset: usize, target: usize, size: usize| {
        target > 0 && offset.checked_add(target).is_some_and(|end| end <= size)
    };
    if !inside(offset_height, target_height, f.height) || !inside(offset_width, target_width, f.width) {
        return Err(Error::value(format!(
            "crop_to_bounding_box: a box of {target_height} x {target_width} at ({offset_height}, {offset_width}) \
             does not lie inside of an image of {} x {}",
            f.height, f.width
        )));
    }
    let (begin, sizes) =
        ([0, offset_height, offset_width, 0], [-1, target_height as isize, target_width as isize, -1]);
    let skip = usize::from(!f.batched);
    image.slice_sizes(&begin[skip..], &sizes[skip..])
}

/// The image at the offset of a larger one that is zero elsewhere.
///
/// # Errors
/// When the image at that offset does not fit.
pub fn pad_to_bounding_box(
    image: &Tensor,
    offset_height: usize,
    offset_width: usize,
    target_height: usize,
    target_width: usize,
) -> Result<Tensor> {
    let f = Frames::of("pad_to_bounding_box", image)?;
    let after = |offset: usize, size: usize, target: usize| {
        target.checked_sub(size).and_then(|rest| rest.checked_sub(offset))
    };
    let (bottom, right) = match (
        after(offset_height, f.height, target_height),
        after(offset_width, f.width, target_width),
    ) {
        (Some(bottom), Some(right)) => (bottom, right),
        _ => {
            return Err(Error::value(format!(
                "pad_to_bounding_box: an image of {} x {} at ({offset_height}, {offset_width}) does not fit into \
                     {target_height} x {target_width}",
                f.height, f.width
            )));
        }
    };
    let pads = [(0, 0), (offset_height, bottom), (offset_width, right), (0, 0)];
    image.pad(&pads[usize::from(!f.batched)..], PadMode::Constant(0.0))
}

/// Keras's `ops.image.crop_images`: `top_cropping` and `left_cropping` pixels cut off, then that size.
///
/// # Errors
/// As [`crop_to_bounding_box`].
pub fn crop_images(
    images: &Tensor,
    top_cropping: usize,
    left_cropping: usize,
    size: [usize; 2],
) -> Result<Tensor> {
    crop_to_bounding_box(images, top_cropping, left_cropping, size[0], size[1])
}

/// Keras's `ops.image.pad_images`: `top_padding` and `left_padding` zeros before the image, then up to that size.
///
/// # Errors
/// As [`pad_to_bounding_box`].
pub fn pad_images(
    images: &Tensor,
    top_padding: usize,
    left_padding: usize,
    size: [usize; 2],
) -> Result<Tensor> {
    pad_to_bounding_box(images, top_padding, left_padding, size[0], size[1])
}
