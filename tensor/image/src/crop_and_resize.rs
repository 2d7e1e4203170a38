//! Boxes cut out of images and resized to one size (the region pooling of detectors).

use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Keep, Result, Shape, Spec, Specs, Tensor};
use smallvec::smallvec;

use crate::frames::Frames;
use crate::projective::Interpolation;

/// Options of [`crop_and_resize`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropAndResize {
    crop_height: usize,
    crop_width: usize,
    method: Interpolation,
    extrapolation_value: f64,
}

impl CropAndResize {
    /// Crops of that size, bilinear, zero outside of the image.
    pub fn new(crop_height: usize, crop_width: usize) -> CropAndResize {
        CropAndResize { crop_height, crop_width, method: Interpolation::Bilinear, extrapolation_value: 0.0 }
    }

    /// Bilinear (default) or nearest.
    pub fn method(mut self, method: Interpolation) -> CropAndResize {
        self.method = method;
        self
    }

    /// What stands outside of the image. Default 0.
    pub fn extrapolation_value(mut self, value: f64) -> CropAndResize {
        self.extrapolation_value = value;
        self
    }
}

/// Boxes of images in one size: `[boxes, crop_height, crop_width, channels]` as f32.
///
/// `image` is `[batch, h, w, c]`; `boxes` is `[boxes, 4]` with rows `y1, x1, y2, x2`, where 0 is the first pixel's
/// centre and 1 the last one's; a box with `y1 > y2` comes out upside down. `box_indices` says which image each box
/// is of. A crop of size 1 along an axis samples the middle of the box. There is a gradient for the image, and none
/// for the boxes.
///
/// # Errors
/// When shapes do not fit or an index points past the batch.
pub fn crop_and_resize(
    image: &Tensor,
    boxes: &Tensor,
    box_indices: &Tensor,
    options: CropAndResize,
) -> Result<Tensor> {
    let op = CropBoxes {
        height: options.crop_height,
        width: options.crop_width,
        nearest: options.method == Interpolation::Nearest,
        outside: options.extrapolation_value,
    };
    let floats = |t: &Tensor| if t.dtype() == DType::F32 { Ok(t.clone()) } else { t.cast(DType::F32) };
    apply1(&op, &[&floats(image)?, &floats(boxes)?, &box_indices.cast(DType::I32)?])
}

gradus_tensor::op! {
    /// Crops of boxes, bilinear or nearest.
    pub(crate) struct CropBoxes { height: usize, width: usize, nearest: bool, outside: f64 } = "crop_and_resize"
}
gradus_tensor::op! {
    /// The gradient of [`CropBoxes`] for the image, from dy, boxes and indices.
    pub(crate) struct CropBoxesGradImage { nearest: bool, image: Shape } = "crop_and_resize_grad_image"
}

impl Op for CropBoxes {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let f = Frames::of_shape(Self::NAME, &x[0].shape)?;
        let boxes = count(&x[1].shape, &x[2].shape)?;
        if !f.batched {
            return Err(Error::shape(
                "crop_and_resize: expected a batch of images, found one of rank 3".to_string(),
            ));
        }
        if self.height == 0 || self.width == 0 || f.height == 0 || f.width == 0 {
            return Err(Error::value(format!(
                "crop_and_resize: sizes must be at least 1, asked {} x {} from {} x {}",
                self.height, self.width, f.height, f.width
            )));
        }
        Ok(smallvec![Spec::new(DType::F32, [boxes, self.height, self.width, f.channels])])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let f = Frames::of_shape(Self::NAME, x[0].shape())?;
        let image = x[0].as_slice::<f32>();
        let out = y[0].as_mut::<f32>();
        let c = f.channels;
        out.fill(self.outside as f32);
        walk(&f, x[1], x[2], self.height, self.width, self.nearest, |to, from, weight, first| {
            for k in 0..c {
                let v = weight * image[from * c + k];
                let y = &mut out[to * c + k];
                *y = if first { v } else { *y + v };
            }
        })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b110, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        if cx.needs(0) {
            let op = CropBoxesGradImage { nearest: self.nearest, image: cx.x_spec(0).shape.clone() };
            let dx = apply1(&op, &[&cx.dy(0)?, cx.x(1), cx.x(2)])?;
            cx.give(0, dx)?;
        }
        if cx.needs(1) {
            return Err(Error::no_gradient("crop_and_resize (boxes)"));
        }
        Ok(())
    }
}

impl Op for CropBoxesGradImage {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, _: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new(DType::F32, self.image.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let f = Frames::of_shape(Self::NAME, &self.image)?;
        let crops = Frames::of_shape(Self::NAME, x[0].shape())?;
        let dy = x[0].as_slice::<f32>();
        let out = y[0].as_mut::<f32>();
        let c = f.channels;
        out.fill(0.0);
        walk(&f, x[1], x[2], crops.height, crops.width, self.nearest, |to, from, weight, _| {
            for k in 0..c {
                out[from * c + k] += weight * dy[to * c + k];
            }
        })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b110, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let crops = Frames::of_shape(Self::NAME, &cx.x_spec(0).shape)?;
        let op = CropBoxes { height: crops.height, width: crops.width, nearest: self.nearest, outside: 0.0 };
        let d = apply1(&op, &[&cx.dy(0)?, cx.x(1), cx.x(2)])?;
        cx.give(0, d)
    }
}

/// The number of boxes, or the error for shapes that do not fit.
fn count(boxes: &Shape, indices: &Shape) -> Result<usize> {
    match (boxes.dims(), indices.dims()) {
        ([n, 4], [m]) if n == m => Ok(*n),
        _ => Err(Error::shape(format!(
            "crop_and_resize: boxes must be [n, 4] and box_indices [n], found {boxes} and {indices}"
        ))),
    }
}

/// Calls `visit(crop pixel, image pixel, weight, first of its crop pixel)` for all pixels that boxes sample.
fn walk(
    f: &Frames,
    boxes: View<'_>,
    indices: View<'_>,
    height: usize,
    width: usize,
    nearest: bool,
    mut visit: impl FnMut(usize, usize, f32, bool),
) -> Result<()> {
    let (boxes, _) = boxes.as_slice::<f32>().as_chunks::<4>();
    for (at, ([y1, x1, y2, x2], index)) in boxes.iter().zip(indices.as_slice::<i32>()).enumerate() {
        let image = usize::try_from(*index).ok().filter(|i| *i < f.batch).ok_or_else(|| {
            Error::value(format!("crop_and_resize: box {at} is of image {index}, the batch has {}", f.batch))
        })?;
        for i in 0..height {
            let Some(y) = sample(*y1, *y2, i, height, f.height) else { continue };
            for j in 0..width {
                let Some(x) = sample(*x1, *x2, j, width, f.width) else { continue };
                let to = (at * height + i) * width + j;
                let pixel =
                    |row: f32, column: f32| (image * f.height + row as usize) * f.width + column as usize;
                if nearest {
                    visit(to, pixel(y.round(), x.round()), 1.0, true);
                    continue;
                }
                let (top, left) = (y.floor(), x.floor());
                let (dy, dx) = (y - top, x - left);
                let corners = [
                    (top, left, (1.0 - dy) * (1.0 - dx)),
                    (top, x.ceil(), (1.0 - dy) * dx),
                    (y.ceil(), left, dy * (1.0 - dx)),
                    (y.ceil(), x.ceil(), dy * dx),
                ];
                for (k, (row, column, weight)) in corners.into_iter().enumerate() {
                    visit(to, pixel(row, column), weight, k == 0);
                }
            }
        }
    }
    Ok(())
}

/// Where sample `i` of `count` between two box edges lies in pixels; `None` outside of the image (and for NaN).
fn sample(from: f32, to: f32, i: usize, count: usize, size: usize) -> Option<f32> {
    let last = (size - 1) as f32;
    let at = if count > 1 {
        from * last + i as f32 * ((to - from) * last / (count - 1) as f32)
    } else {
        0.5 * (from + to) * last
    };
    (at >= 0.0 && at <= last).then_some(at)
}
