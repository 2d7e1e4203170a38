//! Boxes and patches.

use gradus_image as image;
use gradus_image::{CropAndResize, ExtractPatches, NonMaxSuppression};
use gradus_tensor::ops::Padding;

use super::geometry::{for_image, pair};
use crate::area::bind::take;
use crate::registry::{Area, ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    r.run(Area::Image, "tf.image.crop_and_resize", |case| {
        for_image(case, |x, a| {
            let ([x, boxes, indices], [height, width]) = (take(x)?, pair(a, "crop_size")?);
            let options = CropAndResize::new(height, width)
                .method(a.str_or("method", "bilinear")?.parse()?)
                .extrapolation_value(a.f64_or("extrapolation_value", 0.0)?);
            Ok(vec![image::crop_and_resize(x, boxes, indices, options)?])
        })
    });
    r.op("tf.image.extract_patches", |x, a| {
        let [x] = take(x)?;
        let four = |name: &str| match a.usizes(name)?[..] {
            [1, height, width, 1] => Ok((height, width)),
            _ => Err(ConformanceError::Case(format!("{name}: expected 1, height, width, 1"))),
        };
        let (size, strides, rates) = (four("sizes")?, four("strides")?, four("rates")?);
        let padding = match a.str("padding")? {
            "SAME" => Padding::Same,
            _ => Padding::Valid,
        };
        let options = ExtractPatches::new(size.0, size.1)
            .strides(strides.0, strides.1)
            .rates(rates.0, rates.1)
            .padding(padding);
        Ok(vec![image::extract_patches(x, options)?])
    });
    r.op("tf.image.non_max_suppression", |x, a| {
        let [boxes, scores] = take(x)?;
        let options = NonMaxSuppression::new(a.usize("max_output_size")?)
            .iou_threshold(a.f64_or("iou_threshold", 0.5)?)
            .score_threshold(a.f64_or("score_threshold", f64::NEG_INFINITY)?);
        Ok(vec![image::non_max_suppression(boxes, scores, options)?])
    });
    r.op("tf.image.draw_bounding_boxes", |x, _| match x {
        [x, boxes] => Ok(vec![image::draw_bounding_boxes(x, boxes, None)?]),
        [x, boxes, colors] => Ok(vec![image::draw_bounding_boxes(x, boxes, Some(colors))?]),
        _ => Err(ConformanceError::Case("expected images, boxes and perhaps colors".to_string())),
    });
}
