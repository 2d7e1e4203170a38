//! From one range of pixel values to another.

use gradus_tensor::{DType, Error, Result, Tensor};

/// The largest value of an integer dtype, `None` for floats; other dtypes hold no pixels.
fn largest(dtype: DType) -> Result<Option<f64>> {
    Ok(match dtype {
        DType::I8 => Some(f64::from(i8::MAX)),
        DType::I16 => Some(f64::from(i16::MAX)),
        DType::I32 => Some(f64::from(i32::MAX)),
        DType::I64 => Some(i64::MAX as f64),
        DType::U8 => Some(f64::from(u8::MAX)),
        DType::U16 => Some(f64::from(u16::MAX)),
        DType::U32 => Some(f64::from(u32::MAX)),
        DType::U64 => Some(u64::MAX as f64),
        DType::F16 | DType::BF16 | DType::F32 | DType::F64 => None,
        other => {
            return Err(Error::dtype(format!(
                "convert_image_dtype: {other} is neither an integer nor a float"
            )));
        }
    })
}

/// The image under another dtype: integers count from 0 to their largest value, floats from 0 to 1.
///
/// From floats to integers values are multiplied by `max + 0.5` and truncated, so that 1.0 becomes `max`. With
/// `saturate` values outside of the range go to its ends; without, what becomes of them is not specified.
/// Between integers the range is scaled by a power of two. The same dtype gives the same image.
pub fn convert_image_dtype(image: &Tensor, dtype: DType, saturate: bool) -> Result<Tensor> {
    let (from, to) = (largest(image.dtype())?, largest(dtype)?);
    let cast = |x: &Tensor| if saturate { x.saturate_cast(dtype) } else { x.cast(dtype) };
    if image.dtype() == dtype {
        return Ok(image.clone());
    }
    match (from, to) {
        (None, None) => image.cast(dtype),
        (Some(max), None) => scaled(&image.cast(dtype)?, 1.0 / max),
        (None, Some(max)) => cast(&scaled(image, max + 0.5)?),
        (Some(from), Some(to)) if from > to => {
            let step = Tensor::scalar_of(image.dtype(), ((from + 1.0) / (to + 1.0)).floor());
            cast(&image.floor_div(&step)?)
        }
        (Some(from), Some(to)) => scaled(&cast(image)?, ((to + 1.0) / (from + 1.0)).floor()),
    }
}

/// `image * factor` in the image's own dtype.
pub(crate) fn scaled(image: &Tensor, factor: f64) -> Result<Tensor> {
    image.mul(&Tensor::scalar_of(image.dtype(), factor))
}

/// Applies `f` to the image as float: halves and singles as they are, everything else as f32, and back.
pub(crate) fn in_floats(
    image: &Tensor,
    saturate: bool,
    f: impl FnOnce(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    if image.dtype() == DType::F32 {
        return f(image);
    }
    let float = convert_image_dtype(image, DType::F32, false)?;
    convert_image_dtype(&f(&float)?, image.dtype(), saturate)
}
