//! Hue, saturation, value: conversions, and the changes of hue and saturation that run through them.
//!
//! The formulas are those of Foley and van Dam, hue counted from 0 to 1. With `max` and `min` of a pixel's channels
//! and `range = max - min`: saturation is `range / max`, value is `max`, and hue says where the middle channel
//! stands between the two others.

use gradus_tensor::op::{Op, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

use crate::color::expect;

gradus_tensor::op! {
    /// `[.., 3]` from RGB to HSV.
    pub(crate) struct RgbToHsv {} = "rgb_to_hsv"
}
gradus_tensor::op! {
    /// `[.., 3]` from HSV to RGB.
    pub(crate) struct HsvToRgb {} = "hsv_to_rgb"
}
gradus_tensor::op! {
    /// RGB with its hue moved.
    pub(crate) struct ShiftHue { delta: f64 } = "adjust_hue"
}
gradus_tensor::op! {
    /// RGB with its saturation multiplied.
    pub(crate) struct ScaleSaturation { factor: f64 } = "adjust_saturation"
}

/// Images in RGB as hue, saturation and value, all from 0 to 1. Shape `[.., 3]`, f32 or f64.
///
/// Grey pixels have hue 0, black ones saturation 0. There is no gradient.
pub fn rgb_to_hsv(images: &Tensor) -> Result<Tensor> {
    expect(RgbToHsv::NAME, images, 3)?;
    apply1(&RgbToHsv {}, &[images])
}

/// Images in hue, saturation and value as RGB. Shape `[.., 3]`, f32 or f64. There is no gradient.
pub fn hsv_to_rgb(images: &Tensor) -> Result<Tensor> {
    expect(HsvToRgb::NAME, images, 3)?;
    apply1(&HsvToRgb {}, &[images])
}

/// The arithmetic of a channel, in f32 or f64.
trait Channel: Copy {
    fn wide(self) -> f64;
    fn narrow(v: f64) -> Self;
}
impl Channel for f32 {
    fn wide(self) -> f64 {
        f64::from(self)
    }
    fn narrow(v: f64) -> f32 {
        v as f32
    }
}
impl Channel for f64 {
    fn wide(self) -> f64 {
        self
    }
    fn narrow(v: f64) -> f64 {
        v
    }
}

/// Hue, saturation, value of a pixel.
pub(crate) fn to_hsv([r, g, b]: [f64; 3]) -> [f64; 3] {
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let range = max - min;
    let saturation = if max > 0.0 { range / max } else { 0.0 };
    let norm = 1.0 / (6.0 * range);
    let hue = if range <= 0.0 {
        0.0
    } else if r == max {
        (g - b) * norm
    } else if g == max {
        (b - r) * norm + 2.0 / 6.0
    } else {
        (r - g) * norm + 4.0 / 6.0
    };
    [if hue < 0.0 { hue + 1.0 } else { hue }, saturation, max]
}

/// A pixel from hue, saturation, value.
pub(crate) fn to_rgb([h, s, v]: [f64; 3]) -> [f64; 3] {
    let sixth = h * 6.0;
    let clamp = |x: f64| x.clamp(0.0, 1.0);
    let channel = [
        clamp((sixth - 3.0).abs() - 1.0),
        clamp(2.0 - (sixth - 2.0).abs()),
        clamp(2.0 - (sixth - 4.0).abs()),
    ];
    channel.map(|c| (1.0 - s + s * c) * v)
}

fn pixels(name: &str, x: &[View<'_>], y: &mut [ViewMut<'_>], f: impl Fn([f64; 3]) -> [f64; 3]) -> Result<()> {
    dispatch!(x[0].dtype(), T: wide_float => {
        fn run<T: Channel>(x: &[T], y: &mut [T], f: impl Fn([f64; 3]) -> [f64; 3]) {
            for (x, y) in x.chunks_exact(3).zip(y.chunks_exact_mut(3)) {
                for (y, v) in y.iter_mut().zip(f([x[0].wide(), x[1].wide(), x[2].wide()])) {
                    *y = T::narrow(v);
                }
            }
        }
        run::<T>(x[0].as_slice(), y[0].as_mut(), f);
        Ok(())
    } else { Err(unsupported_dtype(name, x[0].dtype())) })
}

macro_rules! pixelwise {
    ($op:ident, |$this:ident, $pixel:ident| $value:expr) => {
        impl Op for $op {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                if !matches!(x[0].dtype, DType::F32 | DType::F64) {
                    return Err(unsupported_dtype(Self::NAME, x[0].dtype));
                }
                Ok(smallvec![x[0].clone()])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                let $this = self;
                pixels(Self::NAME, x, y, |$pixel| $value)
            }
            fn differentiable(&self) -> bool {
                false
            }
        }
    };
}

pixelwise!(RgbToHsv, |_op, pixel| to_hsv(pixel));
pixelwise!(HsvToRgb, |_op, pixel| to_rgb(pixel));
pixelwise!(ShiftHue, |op, pixel| {
    let [h, s, v] = to_hsv(pixel);
    let moved = h + op.delta;
    to_rgb([moved - moved.floor(), s, v])
});
pixelwise!(ScaleSaturation, |op, pixel| {
    let [h, s, v] = to_hsv(pixel);
    to_rgb([h, (s * op.factor).clamp(0.0, 1.0), v])
});

pub(crate) fn shift_hue(images: &Tensor, delta: f64) -> Result<Tensor> {
    apply1(&ShiftHue { delta }, &[images])
}

pub(crate) fn scale_saturation(images: &Tensor, factor: f64) -> Result<Tensor> {
    apply1(&ScaleSaturation { factor }, &[images])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_and_back() {
        let cases = [
            ("red", [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]),
            ("green", [0.0, 1.0, 0.0], [1.0 / 3.0, 1.0, 1.0]),
            ("blue", [0.0, 0.0, 1.0], [2.0 / 3.0, 1.0, 1.0]),
            ("grey", [0.5, 0.5, 0.5], [0.0, 0.0, 0.5]),
            ("black", [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
            ("rose", [1.0, 0.5, 0.75], [11.0 / 12.0, 0.5, 1.0]),
        ];
        for (name, rgb, hsv) in cases {
            let (found, back) = (to_hsv(rgb), to_rgb(hsv));
            for i in 0..3 {
                assert!((found[i] - hsv[i]).abs() < 1e-12, "{name}: {found:?}, expected {hsv:?}");
                assert!((back[i] - rgb[i]).abs() < 1e-12, "{name}: {back:?}, expected {rgb:?}");
            }
        }
    }
}
