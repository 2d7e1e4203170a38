//! Bytes of a file to a tensor.

use std::io::Cursor;

use gradus_tensor::{DType, Result, Spec, Tensor};
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::error::{DecodeError, DecodeErrorKind};
use super::jpeg::{self, is_jpeg};
use super::limits::Limits;
use super::orientation::Orientation;

/// The channels of a decoded image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Channels {
    /// As many as the file has.
    #[default]
    Native,
    /// Grey.
    Gray,
    /// Grey and alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

impl Channels {
    /// TensorFlow's number: 0 for native.
    pub fn from_count(count: usize) -> Option<Channels> {
        match count {
            0 => Some(Channels::Native),
            1 => Some(Channels::Gray),
            2 => Some(Channels::GrayAlpha),
            3 => Some(Channels::Rgb),
            4 => Some(Channels::Rgba),
            _ => None,
        }
    }
}

/// How image files become tensors.
///
/// ```
/// use gradus_image::{Channels, Decoder, encode_png};
/// use gradus_tensor::Tensor;
/// let image = Tensor::from_vec((0..48).collect::<Vec<u8>>(), [4, 4, 3])?;
/// let gray = Decoder::new().channels(Channels::Gray).decode(&encode_png(&image)?)?;
/// assert_eq!(gray.shape().dims(), [4, 4, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoder {
    channels: Channels,
    limits: Limits,
    animations: bool,
    upright: bool,
}

/// `tf.io.decode_image`: JPEG, PNG, GIF, BMP or WebP bytes as u8 `[height, width, channels]`, a GIF as
/// `[frames, height, width, 3]`; as many channels as the file has.
///
/// # Errors
/// See [`Decoder::decode`].
pub fn decode_image(contents: &[u8]) -> Result<Tensor, DecodeError> {
    Decoder::new().expand_animations(true).decode(contents)
}

impl Decoder {
    /// Channels as in the file, the first frame of an animation, [`Limits::default`], EXIF ignored as Keras does.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// The channels wanted. Alpha is dropped, not blended; missing alpha is 255.
    pub fn channels(mut self, channels: Channels) -> Decoder {
        self.channels = channels;
        self
    }

    /// How large images may be.
    pub fn limits(mut self, limits: Limits) -> Decoder {
        self.limits = limits;
        self
    }

    /// Whether a GIF becomes all its frames, with an axis in front. Default false: the first one.
    pub fn expand_animations(mut self, expand: bool) -> Decoder {
        self.animations = expand;
        self
    }

    /// Whether images are turned upright as EXIF says. Default false, as in TensorFlow and Keras.
    pub fn apply_orientation(mut self, apply: bool) -> Decoder {
        self.upright = apply;
        self
    }

    /// The image in these bytes, whatever the file's name says it is.
    ///
    /// # Errors
    /// With its [kind](DecodeErrorKind): no bytes, an unknown format, an unsupported feature, damage, too large.
    pub fn decode(&self, contents: &[u8]) -> Result<Tensor, DecodeError> {
        if contents.is_empty() {
            return Err(DecodeError::new(DecodeErrorKind::Empty, "the file is empty"));
        }
        if is_jpeg(contents) {
            return jpeg::decode(contents, self.channels, &self.limits, self.upright);
        }
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(self.limits.max_bytes);
        let format = image::guess_format(contents).map_err(|_| {
            let start: String = contents.iter().take(16).map(|b| b.escape_ascii().to_string()).collect();
            DecodeError::new(
                DecodeErrorKind::UnknownFormat,
                format!("neither JPEG, PNG, GIF, BMP nor WebP: it begins with `{start}`"),
            )
        })?;
        if format == ImageFormat::Gif && self.animations {
            return self.frames(contents, limits);
        }
        let mut reader = ImageReader::with_format(Cursor::new(contents), format);
        reader.limits(limits);
        let mut decoder = reader.into_decoder()?;
        let (width, height) = decoder.dimensions();
        let channels = decoder.color_type().channel_count().max(self.count());
        self.limits.check(u64::from(width), u64::from(height), u64::from(channels))?;
        let orientation = match decoder.exif_metadata() {
            Ok(Some(exif)) if self.upright => Orientation::of_exif(&exif),
            _ => Orientation::Upright,
        };
        let native = if format == ImageFormat::Bmp { bmp_channels(contents) } else { None };
        let tensor = self.tensor(DynamicImage::from_decoder(decoder)?, native)?;
        let tensor = orientation.apply(&tensor)?;
        // TensorFlow counts every WebP among the animations.
        Ok(if format == ImageFormat::WebP && self.animations { tensor.expand_dims(0)? } else { tensor })
    }

    fn count(&self) -> u8 {
        match self.channels {
            Channels::Native => 1,
            Channels::Gray => 1,
            Channels::GrayAlpha => 2,
            Channels::Rgb => 3,
            Channels::Rgba => 4,
        }
    }

    fn tensor(&self, image: DynamicImage, native: Option<Channels>) -> Result<Tensor, DecodeError> {
        let image = eight_bits(image);
        let size = [image.height() as usize, image.width() as usize];
        let wanted = match self.channels {
            Channels::Native => native.unwrap_or(match image.color().channel_count() {
                1 => Channels::Gray,
                2 => Channels::GrayAlpha,
                3 => Channels::Rgb,
                _ => Channels::Rgba,
            }),
            asked => asked,
        };
        let (channels, pixels) = match wanted {
            Channels::Gray | Channels::Native => (1, image.into_luma8().into_raw()),
            Channels::GrayAlpha => (2, image.into_luma_alpha8().into_raw()),
            Channels::Rgb => (3, image.into_rgb8().into_raw()),
            Channels::Rgba => (4, image.into_rgba8().into_raw()),
        };
        Ok(Tensor::from_vec(pixels, [size[0], size[1], channels])?)
    }

    /// Every frame of a GIF, as the screen shows it.
    fn frames(&self, contents: &[u8], limits: image::Limits) -> Result<Tensor, DecodeError> {
        let mut decoder = image::codecs::gif::GifDecoder::new(Cursor::new(contents))?;
        let (width, height) = decoder.dimensions();
        self.limits.check(u64::from(width), u64::from(height), 4)?;
        decoder.set_limits(limits)?;
        let per_frame = u64::from(width) * u64::from(height) * 3;
        let mut pixels = Vec::new();
        let mut count = 0u64;
        for frame in decoder.into_frames() {
            count += 1;
            if count > self.limits.max_frames || count.saturating_mul(per_frame) > self.limits.max_bytes {
                let message = format!(
                    "an animation of more than {} frames or {} bytes",
                    self.limits.max_frames, self.limits.max_bytes
                );
                return Err(DecodeError::new(DecodeErrorKind::Limit, message));
            }
            let frame = frame?.into_buffer();
            pixels.extend(frame.pixels().flat_map(|p| [p.0[0], p.0[1], p.0[2]]));
        }
        let shape = [count as usize, height as usize, width as usize, 3];
        Ok(Tensor::build(Spec::new(DType::U8, shape), |out| {
            out.as_mut::<u8>().copy_from_slice(&pixels);
            Ok(())
        })?)
    }
}

/// The channels of a BMP file by the bits of its pixels, as TensorFlow counts them: a palette of 256 is taken for grey.
fn bmp_channels(contents: &[u8]) -> Option<Channels> {
    match contents.get(28..30)? {
        [8, 0] => Some(Channels::Gray),
        [32, 0] => Some(Channels::Rgba),
        _ => None,
    }
}

/// The image with eight bits per channel: of sixteen the upper eight, as libpng strips them.
fn eight_bits(image: DynamicImage) -> DynamicImage {
    fn upper<P, Q>(b: image::ImageBuffer<P, Vec<u16>>) -> image::ImageBuffer<Q, Vec<u8>>
    where
        P: image::Pixel<Subpixel = u16> + 'static,
        Q: image::Pixel<Subpixel = u8> + 'static,
    {
        let (width, height) = b.dimensions();
        let bytes = b.into_raw().into_iter().map(|v| (v >> 8) as u8).collect();
        // The number of values is unchanged, so they always fit.
        image::ImageBuffer::from_raw(width, height, bytes).unwrap_or_default()
    }
    match image {
        DynamicImage::ImageLuma16(b) => DynamicImage::ImageLuma8(upper(b)),
        DynamicImage::ImageLumaA16(b) => DynamicImage::ImageLumaA8(upper(b)),
        DynamicImage::ImageRgb16(b) => DynamicImage::ImageRgb8(upper(b)),
        DynamicImage::ImageRgba16(b) => DynamicImage::ImageRgba8(upper(b)),
        other => other,
    }
}
