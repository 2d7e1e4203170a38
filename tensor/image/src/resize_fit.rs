//! Resizing that keeps proportions: by cropping, by padding, by both.

use gradus_tensor::ops::PadMode;
use gradus_tensor::{Error, Result, Tensor};

use crate::crop::{crop_to_bounding_box, pad_to_bounding_box};
use crate::frames::Frames;
use crate::resize::{Resize, resize};

/// The image cut or filled with zeros to that size around its middle; no pixel is resampled.
///
/// # Errors
/// When a size is 0.
pub fn resize_with_crop_or_pad(image: &Tensor, target_height: usize, target_width: usize) -> Result<Tensor> {
    let f = Frames::of("resize_with_crop_or_pad", image)?;
    positive("resize_with_crop_or_pad", target_height, target_width)?;
    let crop = |size: usize, target: usize| size.saturating_sub(target) / 2;
    let pad = |size: usize, target: usize| target.saturating_sub(size) / 2;
    let cropped = crop_to_bounding_box(
        image,
        crop(f.height, target_height),
        crop(f.width, target_width),
        target_height.min(f.height),
        target_width.min(f.width),
    )?;
    let (top, left) = (pad(f.height, target_height), pad(f.width, target_width));
    pad_to_bounding_box(&cropped, top, left, target_height, target_width)
}

/// The image resized as large as fits, in the middle of that size, zeros around it.
///
/// The size of `options` is the target; its `preserve_aspect_ratio` changes nothing.
///
/// # Errors
/// When a size is 0, or the image so long and thin that nothing of it would be left.
pub fn resize_with_pad(image: &Tensor, options: Resize) -> Result<Tensor> {
    let f = Frames::of("resize_with_pad", image)?;
    let (height, width) = (options.height, options.width);
    positive("resize_with_pad", height, width)?;
    positive("resize_with_pad", f.height, f.width)?;
    let ratio = (f.width as f32 / width as f32).max(f.height as f32 / height as f32);
    let (inner_height, inner_width) = (f.height as f32 / ratio, f.width as f32 / ratio);
    let before = |outer: usize, inner: f32| ((outer as f32 - inner) / 2.0).floor().max(0.0) as usize;
    let inner = Resize {
        height: inner_height as usize,
        width: inner_width as usize,
        preserve_aspect_ratio: false,
        ..options
    };
    let resized = resize(image, inner)?;
    pad_to_bounding_box(&resized, before(height, inner_height), before(width, inner_width), height, width)
}

/// Keras's `smart_resize`: the largest middle part with the target's proportions, resized to it.
///
/// # Errors
/// When a size is 0.
pub fn smart_resize(image: &Tensor, options: Resize) -> Result<Tensor> {
    resize(&crop_to_aspect(image, options.height, options.width)?, options)
}

/// The largest middle part of the images with the proportions of that size.
pub(crate) fn crop_to_aspect(image: &Tensor, height: usize, width: usize) -> Result<Tensor> {
    let f = Frames::of("crop_to_aspect_ratio", image)?;
    positive("crop_to_aspect_ratio", height, width)?;
    positive("crop_to_aspect_ratio", f.height, f.width)?;
    let side = |other: usize, target: usize, other_target: usize, size: usize| {
        ((other * target) as f32 / other_target as f32).min(size as f32).max(1.0) as usize
    };
    let (h, w) = (side(f.width, height, width, f.height), side(f.height, width, height, f.width));
    crop_to_bounding_box(image, (f.height - h) / 2, (f.width - w) / 2, h, w)
}

/// The images in the middle of the smallest frame with the proportions of that size, filled with a value.
pub(crate) fn pad_to_aspect(image: &Tensor, height: usize, width: usize, fill_value: f64) -> Result<Tensor> {
    let f = Frames::of("pad_to_aspect_ratio", image)?;
    positive("pad_to_aspect_ratio", height, width)?;
    let side = |other: usize, target: usize, other_target: usize, size: usize| {
        (((other * target) as f32 / other_target as f32) as usize).max(size)
    };
    let (h, w) = (side(f.width, height, width, f.height), side(f.height, width, height, f.width));
    // Keras puts the same number of pixels before and behind, so an odd one is left out.
    let (top, left) = ((h - f.height) / 2, (w - f.width) / 2);
    let pads = [(0, 0), (top, top), (left, left), (0, 0)];
    image.pad(&pads[usize::from(!f.batched)..], PadMode::Constant(fill_value))
}

fn positive(op: &str, height: usize, width: usize) -> Result<()> {
    if height > 0 && width > 0 {
        return Ok(());
    }
    Err(Error::value(format!("{op}: sizes must be at least 1, found {height} x {width}")))
}
