//! Tensors to bytes of a file.

use gradus_tensor::{DType, Error, Result, Tensor};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::decode::{Channels, Decoder};
use crate::convert::convert_image_dtype;
use crate::frames::Frames;

/// `tf.io.encode_png`: u8 `[height, width, channels]` with 1 to 4 channels as a PNG file.
///
/// # Errors
/// When the tensor is no such image.
pub fn encode_png(image: &Tensor) -> Result<Vec<u8>> {
    let (f, color) = layout("encode_png", image, &[1, 2, 3, 4])?;
    let mut out = Vec::new();
    PngEncoder::new(&mut out)
        .write_image(image.as_slice::<u8>()?, f.width as u32, f.height as u32, color)
        .map_err(|e| Error::value(format!("encode_png: {e}")))?;
    Ok(out)
}

/// `tf.io.encode_jpeg`: u8 `[height, width, channels]` with 1 or 3 channels as a JPEG file of that quality, 1 to 100
/// (TensorFlow's default is 95). Colours are not subsampled.
///
/// # Errors
/// When the tensor is no such image, or has a side above 65,535.
pub fn encode_jpeg(image: &Tensor, quality: u8) -> Result<Vec<u8>> {
    let (f, color) = layout("encode_jpeg", image, &[1, 3])?;
    if !(1..=100).contains(&quality) {
        return Err(Error::value(format!("encode_jpeg: quality must be from 1 to 100, found {quality}")));
    }
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality)
        .write_image(image.as_slice::<u8>()?, f.width as u32, f.height as u32, color)
        .map_err(|e| Error::value(format!("encode_jpeg: {e}")))?;
    Ok(out)
}

/// `tf.image.adjust_jpeg_quality`: the image as it comes back from a JPEG file of that quality, in its own dtype.
///
/// # Errors
/// As [`encode_jpeg`].
pub fn adjust_jpeg_quality(image: &Tensor, quality: u8) -> Result<Tensor> {
    let bytes = convert_image_dtype(image, DType::U8, true)?;
    let channels = if bytes.shape().dims().last() == Some(&1) { Channels::Gray } else { Channels::Rgb };
    let back = Decoder::new().channels(channels).decode(&encode_jpeg(&bytes, quality)?)?;
    convert_image_dtype(&back, image.dtype(), true)
}

fn layout(op: &str, image: &Tensor, channels: &[usize]) -> Result<(Frames, ExtendedColorType)> {
    let f = Frames::of(op, image)?;
    let fits = |side: usize| side > 0 && u32::try_from(side).is_ok();
    if f.batched
        || image.dtype() != DType::U8
        || !channels.contains(&f.channels)
        || !fits(f.height)
        || !fits(f.width)
    {
        return Err(Error::value(format!(
            "{op}: expected uint8 [height, width, channels] with channels of {channels:?}, found {} {}",
            image.dtype(),
            image.shape()
        )));
    }
    let color = match f.channels {
        1 => ExtendedColorType::L8,
        2 => ExtendedColorType::La8,
        3 => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgba8,
    };
    Ok((f, color))
}
