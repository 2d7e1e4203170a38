//! `tf.image` on tensors.
//!
//! Images are tensors `[height, width, channels]`, or `[batch, height, width, channels]`. Bytes count from 0 to
//! 255, floats from 0 to 1; [`convert_image_dtype`] goes from one to the other. Names, defaults and results are
//! TensorFlow's.
//!
//! ```
//! use gradus_image::{Method, Resize, adjust_brightness, flip_left_right, resize};
//! use gradus_tensor::Tensor;
//! let image = Tensor::from_vec((0..48).map(|v| v as f32 / 48.0).collect(), [4, 4, 3])?;
//! let small = resize(&flip_left_right(&image)?, Resize::new(2, 3).method(Method::Area))?;
//! assert_eq!(small.shape().dims(), [2, 3, 3]);
//! assert_eq!(adjust_brightness(&small, 0.1)?.shape(), small.shape());
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! - Pixels: [`flip_left_right`], [`rot90`], [`central_crop`], [`resize`], [`crop_and_resize`],
//!   [`projective_transform`], [`affine_transform`], [`map_coordinates`], [`extract_patches`].
//! - Colours: [`rgb_to_hsv`], [`rgb_to_yuv`], [`adjust_hue`], [`adjust_contrast`], [`per_image_standardization`].
//! - Measures: [`psnr`], [`ssim`], [`total_variation`], [`sobel_edges`]; boxes: [`non_max_suppression`],
//!   [`draw_bounding_boxes`].
//! - [`augment`]: Keras's random layers as values that a pipeline or a model applies.
//! - Files (feature `codec`): [`decode_image`], [`encode_png`] and the like, bounded by [`Limits`].
//!
//! What is a formula over other operations has their gradients. Resizing, cutting out boxes and projective transforms
//! have rules of their own; the others say that they have none when a gradient arrives at them.
#![forbid(unsafe_code)]

mod adjust;
mod affine;
pub mod augment;
#[cfg(feature = "codec")]
mod codec;
mod color;
mod convert;
mod crop;
mod crop_and_resize;
mod draw;
mod edges;
mod flip;
mod frames;
mod hsv;
mod map_coordinates;
#[cfg(feature = "serde")]
mod names;
mod non_max_suppression;
mod patches;
mod projective;
mod resample;
mod resize;
mod resize_fit;
mod similarity;

pub use adjust::{
    adjust_brightness, adjust_contrast, adjust_gamma, adjust_hue, adjust_saturation,
    per_image_standardization,
};
pub use affine::{Affine, affine_transform};
#[cfg(feature = "codec")]
pub use codec::{
    Channels, DecodeError, DecodeErrorKind, Decoder, Limits, Orientation, adjust_jpeg_quality, decode_image,
    encode_jpeg, encode_png, is_jpeg,
};
pub use color::{grayscale_to_rgb, rgb_to_grayscale, rgb_to_yiq, rgb_to_yuv, yiq_to_rgb, yuv_to_rgb};
pub use convert::convert_image_dtype;
pub use crop::{central_crop, crop_images, crop_to_bounding_box, pad_images, pad_to_bounding_box};
pub use crop_and_resize::{CropAndResize, crop_and_resize};
pub use draw::draw_bounding_boxes;
pub use edges::{image_gradients, sobel_edges, total_variation};
pub use flip::{flip_left_right, flip_up_down, rot90, transpose};
pub use hsv::{hsv_to_rgb, rgb_to_hsv};
pub use map_coordinates::{CoordinateFill, map_coordinates};
pub use non_max_suppression::{NonMaxSuppression, non_max_suppression};
pub use patches::{ExtractPatches, extract_patches};
pub use projective::{FillMode, Interpolation, Projective, projective_transform};
pub use resample::Method;
pub use resize::{Resize, resize};
pub use resize_fit::{resize_with_crop_or_pad, resize_with_pad, smart_resize};
pub use similarity::{MultiScale, Ssim, psnr, ssim, ssim_multiscale};

/// The operations of this crate by name, for [`gradus_tensor::Registry::with`].
pub const DEFS: &[gradus_tensor::attr::OpDef] = &[
    crop_and_resize::CropBoxes::DEF,
    crop_and_resize::CropBoxesGradImage::DEF,
    hsv::HsvToRgb::DEF,
    hsv::RgbToHsv::DEF,
    hsv::ShiftHue::DEF,
    hsv::ScaleSaturation::DEF,
    projective::ProjectiveTransform::DEF,
    resize::ResizeOp::DEF,
    resize::ResizeGrad::DEF,
];
