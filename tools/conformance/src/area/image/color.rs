//! Colour spaces, adjustments, ranges of values.

use gradus_image as image;
use gradus_tensor::Tensor;

use crate::area::bind::take;
use crate::registry::Registry;

pub(super) type Function = fn(&Tensor) -> gradus_tensor::Result<Tensor>;

/// Binds functions of one image without attributes.
macro_rules! plain {
    ($r:ident: $($name:literal => $function:path),* $(,)?) => {$(
        $r.op($name, |x, _| {
            let [x] = $crate::area::bind::take(x)?;
            let function: $crate::area::image::color::Function = $function;
            Ok(vec![function(x)?])
        });
    )*};
}
pub(super) use plain;

pub fn register(r: &mut Registry) {
    plain!(r:
        "tf.image.rgb_to_grayscale" => image::rgb_to_grayscale,
        "tf.image.grayscale_to_rgb" => image::grayscale_to_rgb,
        "tf.image.rgb_to_yuv" => image::rgb_to_yuv,
        "tf.image.yuv_to_rgb" => image::yuv_to_rgb,
        "tf.image.rgb_to_yiq" => image::rgb_to_yiq,
        "tf.image.yiq_to_rgb" => image::yiq_to_rgb,
        "tf.image.rgb_to_hsv" => image::rgb_to_hsv,
        "tf.image.hsv_to_rgb" => image::hsv_to_rgb,
        "tf.image.per_image_standardization" => image::per_image_standardization,
    );
    r.op("tf.image.adjust_brightness", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::adjust_brightness(x, a.f64("delta")?)?])
    });
    r.op("tf.image.adjust_contrast", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::adjust_contrast(x, a.f64("contrast_factor")?)?])
    });
    r.op("tf.image.adjust_saturation", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::adjust_saturation(x, a.f64("saturation_factor")?)?])
    });
    r.op("tf.image.adjust_hue", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::adjust_hue(x, a.f64("delta")?)?])
    });
    r.op("tf.image.adjust_gamma", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::adjust_gamma(x, a.f64_or("gamma", 1.0)?, a.f64_or("gain", 1.0)?)?])
    });
    r.op("tf.image.convert_image_dtype", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::convert_image_dtype(x, a.dtype("dtype")?, a.bool_or("saturate", false)?)?])
    });
}
