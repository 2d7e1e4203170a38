//! Convolutions and pooling of `tf.nn`, and softmax.

use gradus_tensor::Tensor;
use gradus_tensor::ops::{Conv1dOptions, Conv3dOptions, ConvOptions, Padding};

use super::bind::take;
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    r.op("tf.nn.conv2d", |x, attrs| {
        let [x, filter] = take(x)?;
        Ok(vec![x.conv2d(filter, options(attrs, x, filter)?)?])
    });
    r.op("tf.nn.depthwise_conv2d", |x, attrs| {
        let [x, filter] = take(x)?;
        let plain = ConvOptions { groups: 1, ..options(attrs, x, filter)? };
        Ok(vec![x.depthwise_conv2d(filter, plain)?])
    });
    r.op("tf.nn.conv2d_transpose", |x, attrs| {
        let [x, filter] = take(x)?;
        let output = attrs.usizes("output_shape")?;
        let plain = ConvOptions { groups: 1, ..options(attrs, x, filter)? };
        Ok(vec![x.conv2d_transpose(filter, output, plain)?])
    });
    r.op("tf.nn.conv1d", |x, attrs| {
        let [x, filter] = take(x)?;
        let (stride, dilation) = (attrs.usize_or("stride", 1)?, attrs.usize_or("dilations", 1)?);
        let options =
            Conv1dOptions { stride, dilation, padding: padding(attrs)?, ..Conv1dOptions::default() };
        Ok(vec![x.conv1d(filter, options)?])
    });
    r.op("tf.nn.conv3d", |x, attrs| {
        let [x, filter] = take(x)?;
        let all = attrs.usizes("strides")?;
        let strides = all
            .get(1..4)
            .and_then(|s| <[usize; 3]>::try_from(s).ok())
            .ok_or_else(|| ConformanceError::Case(format!("strides {all:?}, expected five")))?;
        let options = Conv3dOptions { strides, padding: padding(attrs)?, ..Conv3dOptions::default() };
        Ok(vec![x.conv3d(filter, options)?])
    });
    r.op("tf.nn.max_pool2d", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.max_pool2d(pair(attrs, "ksize")?, pair(attrs, "strides")?, padding(attrs)?)?])
    });
    r.op("tf.nn.avg_pool2d", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.avg_pool2d(pair(attrs, "ksize")?, pair(attrs, "strides")?, padding(attrs)?)?])
    });
    r.op("tf.nn.softmax", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.softmax(attrs.i64_or("axis", -1)? as isize)?])
    });
    r.op("tf.nn.log_softmax", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.log_softmax(attrs.i64_or("axis", -1)? as isize)?])
    });
}

fn options(attrs: &Attrs<'_>, x: &Tensor, filter: &Tensor) -> Result<ConvOptions> {
    let channels = |t: &Tensor, axis: usize| t.shape().dims().get(axis).copied().unwrap_or(0);
    let dilations = if attrs.has("dilations") { pair(attrs, "dilations")? } else { [1, 1] };
    // Fewer channels in the filter than in the image: groups.
    let groups = channels(x, 3).checked_div(channels(filter, 2)).unwrap_or(1).max(1);
    Ok(ConvOptions { strides: pair(attrs, "strides")?, padding: padding(attrs)?, dilations, groups })
}

/// Height and width: one number, two, or the middle of `[1, height, width, 1]`.
fn pair(attrs: &Attrs<'_>, name: &str) -> Result<[usize; 2]> {
    match attrs.usizes(name)?.as_slice() {
        &[both] => Ok([both, both]),
        &[height, width] | &[1, height, width, 1] => Ok([height, width]),
        other => Err(ConformanceError::Case(format!("{name} {other:?}"))),
    }
}

/// "SAME", "VALID", or pixels per axis, those of batch and channels being 0.
fn padding(attrs: &Attrs<'_>) -> Result<Padding> {
    if attrs.raw("padding").is_some_and(|json| json.is_array()) {
        return match attrs.pairs("padding")?.as_slice() {
            &[[0, 0], height, width, [0, 0]] => Ok(Padding::Explicit([height, width])),
            other => Err(ConformanceError::Case(format!("padding {other:?}"))),
        };
    }
    match attrs.str("padding")? {
        "SAME" => Ok(Padding::Same),
        "VALID" => Ok(Padding::Valid),
        other => Err(ConformanceError::Case(format!("padding {other}"))),
    }
}
