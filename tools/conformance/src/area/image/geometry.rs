//! Flips, crops, resizing, projective maps.

use gradus_autograd::GradientTape;
use gradus_image as image;
use gradus_image::{CoordinateFill, Interpolation, Method, Projective, Resize};
use gradus_tensor::Tensor;

use super::color::plain;
use crate::area::bind::take;
use crate::area::dense::{all_used, optional_tensors, optional_values, tensors, values};
use crate::golden::{Attrs, Case};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    plain!(r:
        "tf.image.flip_left_right" => image::flip_left_right,
        "tf.image.flip_up_down" => image::flip_up_down,
        "tf.image.transpose" => image::transpose,
    );
    r.op("tf.image.rot90", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::rot90(x, a.i64_opt("k")?.unwrap_or(1))?])
    });
    r.op("tf.image.central_crop", |x, a| {
        let [x] = take(x)?;
        Ok(vec![image::central_crop(x, a.f64("central_fraction")?)?])
    });
    r.op("tf.image.crop_to_bounding_box", |x, a| {
        let ([x], [top, left, height, width]) = (take(x)?, frame(a)?);
        Ok(vec![image::crop_to_bounding_box(x, top, left, height, width)?])
    });
    r.op("tf.image.pad_to_bounding_box", |x, a| {
        let ([x], [top, left, height, width]) = (take(x)?, frame(a)?);
        Ok(vec![image::pad_to_bounding_box(x, top, left, height, width)?])
    });
    r.op("keras.ops.image.pad_images", |x, a| {
        let ([x], size) = (take(x)?, target(a)?);
        Ok(vec![image::pad_images(x, a.usize_or("top_padding", 0)?, a.usize_or("left_padding", 0)?, size)?])
    });
    r.op("keras.ops.image.crop_images", |x, a| {
        let ([x], size) = (take(x)?, target(a)?);
        Ok(vec![image::crop_images(
            x,
            a.usize_or("top_cropping", 0)?,
            a.usize_or("left_cropping", 0)?,
            size,
        )?])
    });
    r.op("tf.image.resize_with_crop_or_pad", |x, a| {
        let ([x], [height, width]) = (take(x)?, target(a)?);
        Ok(vec![image::resize_with_crop_or_pad(x, height, width)?])
    });
    r.op("tf.image.resize_with_pad", |x, a| {
        let ([x], [height, width]) = (take(x)?, target(a)?);
        Ok(vec![image::resize_with_pad(x, how(Resize::new(height, width), a)?)?])
    });
    r.op("tf.image.resize", |x, a| {
        let ([x], [height, width]) = (take(x)?, pair(a, "size")?);
        let options = how(Resize::new(height, width), a)?;
        let keep = a.bool_or("preserve_aspect_ratio", false)?;
        Ok(vec![image::resize(x, options.preserve_aspect_ratio(keep))?])
    });
    r.run(Area::Image, "tf.raw_ops.ImageProjectiveTransformV3", |case| {
        for_image(case, |x, a| {
            let [x, maps] = take(x)?;
            let mut options = projective(a)?;
            if let Some(size) = a.i64s_opt("output_shape")? {
                options = options.output_size(size[0] as usize, size[1] as usize);
            }
            Ok(vec![image::projective_transform(x, maps, options)?])
        })
    });
    r.run(Area::Image, "keras.ops.image.affine_transform", |case| {
        for_image(case, |x, a| {
            let [x, maps] = take(x)?;
            Ok(vec![image::affine_transform(x, maps, projective(a)?)?])
        })
    });
    r.op("keras.ops.image.map_coordinates", |x, a| {
        let [x, at] = take(x)?;
        let order = if a.usize("order")? == 0 { Interpolation::Nearest } else { Interpolation::Bilinear };
        let fill =
            a.read_or("fill_mode", |v| CoordinateFill::from_name(v.as_str()?), CoordinateFill::Constant)?;
        Ok(vec![image::map_coordinates(x, at, order, fill, a.f64_or("fill_value", 0.0)?)?])
    });
}

/// Offsets and sizes of a box.
fn frame(a: &Attrs<'_>) -> Result<[usize; 4]> {
    let [height, width] = target(a)?;
    Ok([a.usize("offset_height")?, a.usize("offset_width")?, height, width])
}

fn target(a: &Attrs<'_>) -> Result<[usize; 2]> {
    Ok([a.usize("target_height")?, a.usize("target_width")?])
}

pub(super) fn pair(a: &Attrs<'_>, name: &str) -> Result<[usize; 2]> {
    a.usizes(name)?.try_into().map_err(|_| ConformanceError::Case(format!("{name}: expected two numbers")))
}

fn how(options: Resize, a: &Attrs<'_>) -> Result<Resize> {
    let method: Method = a.str_or("method", "bilinear")?.parse()?;
    Ok(options.method(method).antialias(a.bool_or("antialias", false)?))
}

/// Interpolation and filling, in Keras's or TensorFlow's case of letters.
pub(super) fn projective(a: &Attrs<'_>) -> Result<Projective> {
    Ok(Projective::new()
        .interpolation(a.str_or("interpolation", "bilinear")?.parse()?)
        .fill_mode(a.str_or("fill_mode", "constant")?.parse()?)
        .fill_value(a.f64_or("fill_value", 0.0)?))
}

/// Runs a case whose gradient is wanted for its first input alone.
pub(super) fn for_image(
    case: &Case,
    op: impl Fn(&[Tensor], &Attrs<'_>) -> Result<Vec<Tensor>>,
) -> Result<Outcome> {
    let (inputs, attrs) = (tensors(case, "inputs")?, case.attrs());
    let wants_gradients = case.field("grads").as_array().is_some_and(|list| !list.is_empty());
    let tape = GradientTape::watching_nothing();
    if wants_gradients {
        tape.watch(&inputs[0])?;
    }
    let outputs = op(&inputs, &attrs)?;
    let mut outcome = Outcome::outputs(values(&outputs)?).check("attributes", all_used(&attrs));
    if wants_gradients {
        let upstream = optional_tensors(case, "upstream")?;
        let targets: Vec<_> =
            outputs.iter().zip(&upstream).filter_map(|(y, dy)| Some((y, dy.as_ref()?))).collect();
        let grad = tape.gradient(targets, &inputs[0])?;
        outcome = outcome.with("grads", optional_values(&[Some(grad)])?);
    }
    Ok(outcome)
}
