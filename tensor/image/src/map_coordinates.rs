//! Values at positions between the elements of an array of any rank.

use gradus_tensor::{DType, Error, Result, Shape, Spec, Tensor, dispatch};

use crate::projective::Interpolation;

gradus_tensor::attr_enum! {
    /// What stands outside of the array of [`map_coordinates`].
    pub enum CoordinateFill {
        /// One value.
        Constant = "constant",
        /// The border's values.
        Nearest = "nearest",
        /// The array again.
        Wrap = "wrap",
        /// The mirrored array, its border once.
        Mirror = "mirror",
        /// The mirrored array, its border twice.
        Reflect = "reflect",
    }
}

/// Keras's `ops.image.map_coordinates`: the values of `inputs` at `coordinates`, nearest or linear along every axis.
///
/// `coordinates` is `[rank of inputs, ..]`, one row per axis, in elements; the result has the shape that follows.
/// Integers are rounded to even. There is no gradient.
///
/// # Errors
/// When the number of rows is not the rank, or an axis of `inputs` is empty.
pub fn map_coordinates(
    inputs: &Tensor,
    coordinates: &Tensor,
    order: Interpolation,
    fill_mode: CoordinateFill,
    fill_value: f64,
) -> Result<Tensor> {
    let rank = inputs.rank();
    let (rows, shape) = match coordinates.shape().dims() {
        [rows, rest @ ..] if !rest.is_empty() => (*rows, Shape::from(rest.to_vec())),
        _ => {
            return Err(Error::shape(format!(
                "map_coordinates: coordinates must have rank 2 at least, found shape {}",
                coordinates.shape()
            )));
        }
    };
    if rows != rank || inputs.is_empty() {
        return Err(Error::shape(format!(
            "map_coordinates: {rows} rows of coordinates for inputs of shape {}",
            inputs.shape()
        )));
    }
    let at = coordinates.to_f64_vec()?;
    let values = inputs.to_f64_vec()?;
    let count = shape.checked_len()?;
    let whole = !matches!(inputs.dtype(), DType::F16 | DType::BF16 | DType::F32 | DType::F64);
    Tensor::build(Spec::new(inputs.dtype(), shape), |out| {
        dispatch!(inputs.dtype(), T: real => {
            for (i, y) in out.as_mut::<T>().iter_mut().enumerate() {
                let position = (0..rank).map(|axis| at[axis * count + i]);
                let v = value(&values, inputs.shape().dims(), position, order, fill_mode, fill_value);
                *y = <T as gradus_tensor::Element>::from_f64(if whole { v.round_ties_even() } else { v });
            }
            Ok(())
        } else { Err(gradus_tensor::op::unsupported_dtype("map_coordinates", inputs.dtype())) })
    })
}

/// One value: the sum over the corners around the position, axis by axis.
fn value(
    values: &[f64],
    dims: &[usize],
    position: impl Iterator<Item = f64>,
    order: Interpolation,
    mode: CoordinateFill,
    fill: f64,
) -> f64 {
    // (offset of the element or None outside, weight)
    let mut corners: Vec<(Option<usize>, f64)> = vec![(Some(0), 1.0)];
    for (at, &size) in position.zip(dims) {
        let nodes: &[(f64, f64)] = &match order {
            Interpolation::Nearest => [(at.round_ties_even(), 1.0), (0.0, 0.0)],
            Interpolation::Bilinear => {
                [(at.floor(), 1.0 - (at - at.floor())), (at.floor() + 1.0, at - at.floor())]
            }
        }[..if order == Interpolation::Nearest { 1 } else { 2 }];
        corners = corners
            .iter()
            .flat_map(|(offset, weight)| {
                nodes.iter().map(move |(node, w)| {
                    let place = offset.zip(fold(*node, size, mode)).map(|(o, p)| o * size + p);
                    (place, weight * w)
                })
            })
            .collect();
    }
    corners.into_iter().map(|(place, weight)| weight * place.map_or(fill, |p| values[p])).sum()
}

/// The element that stands for a whole position; `None` outside where the fill is constant, and for NaN.
fn fold(at: f64, size: usize, mode: CoordinateFill) -> Option<usize> {
    let len = size as f64;
    let folded = match mode {
        CoordinateFill::Constant => return (at >= 0.0 && at < len).then_some(at as usize),
        CoordinateFill::Nearest => at.clamp(0.0, len - 1.0),
        CoordinateFill::Wrap => at.rem_euclid(len),
        // Keras 3.15 measures both mirrors from the far border, and only `reflect` counts that border twice.
        CoordinateFill::Mirror | CoordinateFill::Reflect => {
            let near = at.abs().rem_euclid(2.0 * len);
            let back = if mode == CoordinateFill::Reflect { 1.0 } else { 0.0 };
            if near < len { near } else { 2.0 * len - near - back }
        }
    };
    if folded.is_nan() { None } else { Some((folded as usize).min(size - 1)) }
}
