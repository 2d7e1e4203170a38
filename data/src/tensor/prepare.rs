//! Keras's data helpers on tensors.

use gradus_tensor::{DType, Spec, Tensor};

use crate::error::{DataError, ErrorKind, Result};
use crate::prepare::{
    MinMaxScaler, PadSequences, StandardScaler, class_count, class_of, pad_sequences as pad_vectors,
};

/// Class numbers as rows of zeros with a one: shape `[...]`, or `[..., 1]`, gives `[..., num_classes]` f32.
///
/// # Errors
/// Labels that are not integers, are negative or not below the number of classes (with index and value).
pub fn to_categorical(labels: &Tensor, num_classes: Option<usize>) -> Result<Tensor> {
    if labels.dtype().is_float() {
        let message = format!("to_categorical: labels must be integers, found {}", labels.dtype());
        return Err(DataError::new(ErrorKind::InvalidArgument, message));
    }
    let values: Vec<i64> = labels.cast(DType::I64)?.to_vec::<i64>()?;
    let classes = class_count(&values, num_classes)?;
    let mut dims = labels.shape().dims().to_vec();
    if dims.len() > 1 && dims.last() == Some(&1) {
        dims.pop();
    }
    dims.push(classes);
    let classes_of: Vec<usize> =
        values.iter().enumerate().map(|(at, label)| class_of(at, *label, classes)).collect::<Result<_>>()?;
    let made = Tensor::build(Spec::new(DType::F32, dims), |out| {
        let out = out.as_mut::<f32>();
        out.fill(0.0);
        classes_of.iter().enumerate().for_each(|(at, class)| out[at * classes + class] = 1.0);
        Ok(())
    });
    Ok(made?)
}

/// Brings sequences of numbers to one length, as a tensor of shape `[sequences, length]`.
///
/// # Errors
/// When the result is too large for memory.
pub fn pad_sequences<T: gradus_tensor::Element, S: AsRef<[T]>>(
    sequences: &[S],
    options: PadSequences<T>,
) -> Result<Tensor> {
    let rows = pad_vectors(sequences, options);
    let length = options.length().or_else(|| rows.first().map(Vec::len)).unwrap_or(0);
    Ok(Tensor::from_vec(rows.concat(), [sequences.len(), length])?)
}

/// Divides every vector along `axis` by its norm of the given order; a vector of norm 0 stays. The result
/// has the shape of `x`, f32 or f64.
///
/// # Errors
/// A dtype that is not f32 or f64, an axis that does not exist, an order that is not positive.
pub fn normalize(x: &Tensor, axis: isize, order: f64) -> Result<Tensor> {
    let invalid = |what: String| DataError::new(ErrorKind::InvalidArgument, format!("normalize: {what}"));
    let rank = x.rank() as isize;
    if axis < -rank || axis >= rank {
        return Err(invalid(format!("axis {axis} of a tensor of rank {rank}")));
    }
    if order.is_nan() || order <= 0.0 {
        return Err(invalid(format!("the order must be positive, found {order}")));
    }
    let dims = x.shape().dims();
    let axis = axis.rem_euclid(rank) as usize;
    let (count, inner): (usize, usize) = (dims[axis], dims[axis + 1..].iter().product());
    let values = x.cast(DType::F64)?.to_vec::<f64>()?;
    let mut out = values.clone();
    let lines = if count == 0 { 0 } else { values.len() / count };
    for line in 0..lines {
        let begin = line / inner * inner * count + line % inner;
        let places = || (0..count).map(|k| begin + k * inner);
        let size = |p: usize| values[p].abs();
        let norm = if order.is_infinite() {
            places().map(size).fold(0.0, f64::max)
        } else if order == 2.0 {
            places().map(|p| values[p] * values[p]).sum::<f64>().sqrt()
        } else {
            places().map(|p| size(p).powf(order)).sum::<f64>().powf(1.0 / order)
        };
        let norm = if norm == 0.0 { 1.0 } else { norm };
        places().for_each(|p| out[p] /= norm);
    }
    let dtype = if x.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    Ok(Tensor::from_vec(out, dims.to_vec())?.cast(dtype)?)
}

/// Columns of a tensor whose first axis counts rows, and its values.
fn columns(name: &str, x: &Tensor) -> Result<(Vec<f32>, usize)> {
    match x.shape().dims() {
        [] => Err(DataError::new(ErrorKind::Shape, format!("{name}: a scalar has no rows"))),
        [_, rest @ ..] => Ok((x.cast(DType::F32)?.to_vec::<f32>()?, rest.iter().product())),
    }
}

macro_rules! scaler_on_tensors {
    ($($scaler:ident)*) => {$(
        impl $scaler {
            /// [`fit`](Self::fit) on a tensor of shape `[rows, ...]`; every place in a row is a column.
            ///
            /// # Errors
            /// As [`fit`](Self::fit); a scalar.
            pub fn fit_tensor(x: &Tensor) -> Result<Self> {
                let (values, columns) = columns(stringify!($scaler), x)?;
                $scaler::fit(&values, columns)
            }

            /// [`transform`](Self::transform) of a tensor of shape `[rows, ...]`, to f32 of the same shape.
            ///
            /// # Errors
            /// When its rows are not those fitted.
            pub fn transform_tensor(&self, x: &Tensor) -> Result<Tensor> {
                let (mut values, _) = columns(stringify!($scaler), x)?;
                self.transform(&mut values)?;
                Ok(Tensor::from_vec(values, x.shape().dims().to_vec())?)
            }

            /// Undoes [`transform_tensor`](Self::transform_tensor).
            ///
            /// # Errors
            /// When its rows are not those fitted.
            pub fn inverse_transform_tensor(&self, x: &Tensor) -> Result<Tensor> {
                let (mut values, _) = columns(stringify!($scaler), x)?;
                self.inverse_transform(&mut values)?;
                Ok(Tensor::from_vec(values, x.shape().dims().to_vec())?)
            }
        }
    )*};
}

scaler_on_tensors! { StandardScaler MinMaxScaler }
