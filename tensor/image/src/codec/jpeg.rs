//! JPEG, straight from its decoder into a tensor.

use gradus_tensor::{DType, Error, Spec, Tensor};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::decode::Channels;
use super::error::{DecodeError, DecodeErrorKind};
use super::limits::Limits;
use super::orientation::Orientation;

/// True for bytes that begin as a JPEG file does.
pub fn is_jpeg(contents: &[u8]) -> bool {
    contents.starts_with(&[0xFF, 0xD8, 0xFF])
}

fn corrupt(e: impl std::fmt::Debug) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Corrupt, format!("not a sound JPEG file: {e:?}"))
}

/// `[height, width, channels]` of u8.
pub(super) fn decode(
    bytes: &[u8],
    channels: Channels,
    limits: &Limits,
    upright: bool,
) -> Result<Tensor, DecodeError> {
    let options = DecoderOptions::new_fast()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(corrupt)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| corrupt("no size"))?;
    let space = match (channels, decoder.input_colorspace()) {
        (Channels::Gray, _) | (Channels::Native, Some(ColorSpace::Luma)) => ColorSpace::Luma,
        (Channels::Rgba, _) => ColorSpace::RGBA,
        _ => ColorSpace::RGB,
    };
    limits.check(width as u64, height as u64, space.num_components() as u64)?;
    let options = options.jpeg_set_out_colorspace(space);
    decoder.set_options(options);
    ends(bytes)?;
    let orientation = match decoder.exif() {
        Some(exif) if upright => Orientation::of_exif(exif),
        _ => Orientation::Upright,
    };
    let size = decoder.output_buffer_size().ok_or_else(|| corrupt("no size"))?;
    if size != width * height * space.num_components() {
        return Err(corrupt(format!("{size} bytes for {width} x {height} pixels")));
    }
    let mut failed = None;
    let tensor = Tensor::build(Spec::new(DType::U8, [height, width, space.num_components()]), |out| {
        decoder.decode_into(out.as_mut::<u8>()).map_err(|e| {
            failed = Some(corrupt(e));
            Error::value("decode")
        })
    });
    let tensor = tensor.map_err(|e| failed.unwrap_or_else(|| e.into()))?;
    if channels == Channels::GrayAlpha {
        return Err(DecodeError::new(DecodeErrorKind::Unsupported, "a JPEG file has no grey with alpha"));
    }
    Ok(orientation.apply(&tensor)?)
}

/// The error for a file without an end-of-image marker: decoders fill what is missing of a truncated file with grey.
fn ends(bytes: &[u8]) -> Result<(), DecodeError> {
    // Zeros and other padding may follow the marker; it is looked for from the end.
    if bytes.windows(2).rev().any(|pair| pair == [0xFF, 0xD9]) {
        return Ok(());
    }
    Err(DecodeError::new(DecodeErrorKind::Corrupt, "the JPEG file is cut off: it has no end marker"))
}
