//! Pictures of the `image` crate: 8-bit pixels in memory, without any file format.

use crate::{Element, Error, Result, Tensor};
use image::{ImageBuffer, Pixel};
use std::ops::Deref;

impl Tensor {
    /// A copy of a picture as `[height, width, channels]`, of the dtype of its samples: u8, u16 or f32.
    pub fn from_image<P, C>(picture: &ImageBuffer<P, C>) -> Result<Tensor>
    where
        P: Pixel<Subpixel: Element>,
        C: Deref<Target = [P::Subpixel]>,
    {
        let (width, height) = picture.dimensions();
        let shape = [height as usize, width as usize, usize::from(P::CHANNEL_COUNT)];
        // A container may be longer than the picture.
        let len = shape.iter().product();
        Tensor::from_slice(&picture.as_raw()[..len], shape)
    }

    /// A copy of `[height, width, channels]` as a picture. Errors when rank, number of channels or dtype do not fit the
    /// pixel type.
    pub fn to_image<P>(&self) -> Result<ImageBuffer<P, Vec<P::Subpixel>>>
    where
        P: Pixel<Subpixel: Element>,
    {
        let misfit = || {
            Error::shape(format!(
                "to_image: {} as a picture of {} channels: expected [height, width, {}]",
                self.spec(),
                P::CHANNEL_COUNT,
                P::CHANNEL_COUNT
            ))
        };
        let [height, width, channels] = self.dims::<3>().map_err(|_| misfit())?;
        let (Ok(w), Ok(h)) = (u32::try_from(width), u32::try_from(height)) else { return Err(misfit()) };
        if channels != usize::from(P::CHANNEL_COUNT) {
            return Err(misfit());
        }
        ImageBuffer::from_raw(w, h, self.to_vec::<P::Subpixel>()?).ok_or_else(misfit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage, Rgba};

    #[test]
    fn round_trip() {
        let picture = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, y as u8, 7]));
        let t = Tensor::from_image(&picture).unwrap();
        assert_eq!(t.shape().dims(), [2, 3, 3]);
        assert_eq!(t.to_vec::<u8>().unwrap()[3..6], [1, 0, 7]);
        assert_eq!(t.to_image::<Rgb<u8>>().unwrap(), picture);
        let gray = Tensor::from_image(&GrayImage::from_pixel(4, 1, Luma([9]))).unwrap();
        assert_eq!(gray.shape().dims(), [1, 4, 1]);
        let empty = Tensor::from_image(&RgbImage::new(0, 5)).unwrap();
        assert_eq!(empty.to_image::<Rgb<u8>>().unwrap().dimensions(), (0, 5));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let t = Tensor::from_image(&RgbImage::new(2, 2)).unwrap();
        assert!(t.to_image::<Rgba<u8>>().unwrap_err().to_string().contains("channels"));
        assert!(t.to_image::<Rgb<u16>>().is_err(), "no silent conversion");
        assert!(t.flatten().unwrap().to_image::<Rgb<u8>>().is_err());
    }
}
