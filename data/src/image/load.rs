//! One image file to one tensor of a given size.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gradus_image::augment::Resizing;
use gradus_image::{Channels, DecodeErrorKind, Decoder, Limits, Method, Resize, resize_with_pad};
use gradus_tensor::{DType, Tensor};

use crate::error::{DataError, ErrorKind, Result};

/// A file with more bytes than this is no image that we read.
const MAX_FILE: u64 = 1 << 30;

/// How an image file becomes a tensor `[height, width, channels]` of f32 from 0 to 255.
///
/// What the bytes are decides how they are decoded, not the file's name. Every error names the file.
#[derive(Clone, Copy, Debug)]
pub struct LoadImage {
    pub(super) channels: Channels,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) interpolation: Method,
    pub(super) antialias: bool,
    pub(super) aspect: Aspect,
    pub(super) limits: Limits,
    pub(super) upright: bool,
}

/// What is done about proportions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aspect {
    Stretch,
    Crop,
    Pad,
}

impl Default for LoadImage {
    fn default() -> LoadImage {
        LoadImage {
            channels: Channels::Rgb,
            height: 256,
            width: 256,
            interpolation: Method::Bilinear,
            antialias: false,
            aspect: Aspect::Stretch,
            limits: Limits::default(),
            upright: false,
        }
    }
}

impl LoadImage {
    /// 256 x 256, RGB, bilinear, stretched, EXIF ignored.
    pub fn new() -> LoadImage {
        LoadImage::default()
    }

    /// Height and width. Default 256 x 256.
    pub fn size(mut self, height: usize, width: usize) -> LoadImage {
        (self.height, self.width) = (height, width);
        self
    }

    /// Default RGB.
    pub fn channels(mut self, channels: Channels) -> LoadImage {
        self.channels = channels;
        self
    }

    /// Default bilinear.
    pub fn interpolation(mut self, method: Method) -> LoadImage {
        self.interpolation = method;
        self
    }

    /// Takes the largest middle part with the right proportions instead of stretching.
    pub fn crop_to_aspect_ratio(mut self) -> LoadImage {
        self.aspect = Aspect::Crop;
        self
    }

    /// How large images may be.
    pub fn limits(mut self, limits: Limits) -> LoadImage {
        self.limits = limits;
        self
    }

    /// Whether images are turned upright as EXIF says. Default false.
    pub fn apply_orientation(mut self, apply: bool) -> LoadImage {
        self.upright = apply;
        self
    }

    /// Reads and decodes a file.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Corrupt`], [`ErrorKind::Parse`] (no image at all) and
    /// [`ErrorKind::Limit`] with the file's name.
    pub fn load(&self, path: &Path) -> Result<Tensor> {
        let bytes = read(path)?;
        let decoder =
            Decoder::new().channels(self.channels).limits(self.limits).apply_orientation(self.upright);
        let image = decoder.decode(&bytes).map_err(|e| {
            let kind = match e.kind() {
                DecodeErrorKind::UnknownFormat => ErrorKind::Parse,
                DecodeErrorKind::Limit => ErrorKind::Limit,
                _ => ErrorKind::Corrupt,
            };
            DataError::new(kind, e.to_string()).in_file(path)
        })?;
        self.resize(&image).map_err(|e| DataError::from(e).in_file(path))
    }

    fn resize(&self, image: &Tensor) -> gradus_tensor::Result<Tensor> {
        let resizing = Resizing::new(self.height, self.width)
            .interpolation(self.interpolation)
            .antialias(self.antialias);
        match self.aspect {
            Aspect::Stretch => resizing.apply(image),
            Aspect::Crop => resizing.crop_to_aspect_ratio().apply(image),
            // Keras pads what is resized here, and resizes what is padded in its layer.
            Aspect::Pad => {
                let options = Resize::new(self.height, self.width).method(self.interpolation);
                resize_with_pad(image, options.antialias(self.antialias))?.cast(DType::F32)
            }
        }
    }
}

/// The bytes of a file, which is read as long as it is and no longer than allowed.
fn read(path: &Path) -> Result<Vec<u8>> {
    let io = |e| DataError::io(path, e).passable();
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let too_long = |length: u64| {
        DataError::new(ErrorKind::Limit, format!("{length} bytes; an image file may have {MAX_FILE}"))
            .in_file(path)
    };
    if length > MAX_FILE {
        return Err(too_long(length));
    }
    let mut bytes = Vec::with_capacity(length as usize + 1);
    // A pipe or device has no length: reading stops behind the bound.
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(too_long(bytes.len() as u64));
    }
    Ok(bytes)
}
