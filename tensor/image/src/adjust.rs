//! Brightness, contrast, saturation, hue, gamma, standardization.

use gradus_tensor::{DType, Error, Result, Tensor};

use crate::color::expect;
use crate::convert::{in_floats, scaled};
use crate::frames::Frames;
use crate::hsv::{scale_saturation, shift_hue};

/// `image + delta`, where floats count from 0 to 1. Integers saturate, floats are not clipped.
pub fn adjust_brightness(image: &Tensor, delta: f64) -> Result<Tensor> {
    in_floats(image, true, |x| x.add(&Tensor::scalar_of(x.dtype(), delta)))
}

/// `(x - mean) * factor + mean`, where the mean is that of each channel of each image. Integers saturate.
///
/// Shape `[.., h, w, c]` of rank 3 at least.
pub fn adjust_contrast(images: &Tensor, contrast_factor: f64) -> Result<Tensor> {
    if images.rank() < 3 {
        return Err(Error::shape(format!(
            "adjust_contrast: expected an image [height, width, channels] or a batch, found shape {}",
            images.shape()
        )));
    }
    in_floats(images, true, |x| {
        let mean = x.reduce_mean(&[-3, -2][..], true)?;
        scaled(&x.sub(&mean)?, contrast_factor)?.add(&mean)
    })
}

/// RGB with its saturation multiplied and kept within 0 to 1. Shape `[.., 3]`.
///
/// There is no gradient.
pub fn adjust_saturation(image: &Tensor, saturation_factor: f64) -> Result<Tensor> {
    expect("adjust_saturation", image, 3)?;
    in_floats(image, false, |x| scale_saturation(x, saturation_factor))
}

/// RGB with its hue moved by `delta` of a full turn, from -1 to 1. Shape `[.., 3]`.
///
/// There is no gradient.
///
/// # Errors
/// When `delta` is outside of -1 to 1.
pub fn adjust_hue(image: &Tensor, delta: f64) -> Result<Tensor> {
    expect("adjust_hue", image, 3)?;
    if !(-1.0..=1.0).contains(&delta) {
        return Err(Error::value(format!("adjust_hue: delta must be from -1 to 1, found {delta}")));
    }
    in_floats(image, false, |x| shift_hue(x, delta))
}

/// `gain * image ^ gamma`, where floats count from 0 to 1. Integers saturate.
///
/// # Errors
/// When `gamma` is negative.
pub fn adjust_gamma(image: &Tensor, gamma: f64, gain: f64) -> Result<Tensor> {
    if !(gamma >= 0.0) {
        return Err(Error::value(format!("adjust_gamma: gamma must not be negative, found {gamma}")));
    }
    in_floats(image, true, |x| scaled(&x.pow(&Tensor::scalar_of(x.dtype(), gamma))?, gain))
}

/// `(x - mean) / max(std, 1 / sqrt(n))` over all `n` values of each image, as f32.
pub fn per_image_standardization(image: &Tensor) -> Result<Tensor> {
    let frames = Frames::of("per_image_standardization", image)?;
    let x = image.cast(DType::F32)?;
    let axes = [-3isize, -2, -1];
    let mean = x.reduce_mean(&axes[..], true)?;
    let least = Tensor::scalar_of(DType::F32, 1.0 / (frames.size() as f64).sqrt());
    let deviation = x.reduce_std(&axes[..], true)?.maximum(&least)?;
    x.sub(&mean)?.div(&deviation)
}
