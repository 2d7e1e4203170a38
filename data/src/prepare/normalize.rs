//! Vectors of length one.

use crate::error::{DataError, ErrorKind, Result};

/// Divides every vector along an axis by its norm of the given order; a vector of norm 0 stays.
///
/// `rows` is a matrix; axis 1 or -1 normalizes its rows, axis 0 its columns. Order 1 is the sum of absolute
/// values, 2 the Euclidean norm, infinity the largest absolute value.
///
/// ```
/// use gradus_data::normalize;
/// assert_eq!(normalize(&[vec![3.0, 4.0], vec![0.0, 0.0]], -1, 2.0).unwrap(), [[0.6, 0.8], [0.0, 0.0]]);
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for another axis, an order that is not positive, or rows of different
/// lengths.
pub fn normalize(rows: &[Vec<f64>], axis: isize, order: f64) -> Result<Vec<Vec<f64>>> {
    let invalid =
        |what: String| Err(DataError::new(ErrorKind::InvalidArgument, format!("normalize: {what}")));
    let columns = rows.first().map_or(0, Vec::len);
    if let Some(odd) = rows.iter().find(|r| r.len() != columns) {
        return invalid(format!("rows of different lengths, {columns} and {}", odd.len()));
    }
    if order.is_nan() || order <= 0.0 {
        return invalid(format!("the order must be positive, found {order}"));
    }
    let mut out = rows.to_vec();
    match axis {
        1 | -1 => {
            for row in &mut out {
                let norm = norm(row.iter().copied(), order);
                row.iter_mut().for_each(|x| *x /= norm);
            }
        }
        0 | -2 => {
            for c in 0..columns {
                let norm = norm(rows.iter().map(|r| r[c]), order);
                out.iter_mut().for_each(|r| r[c] /= norm);
            }
        }
        _ => return invalid(format!("axis {axis} of a matrix")),
    }
    Ok(out)
}

/// The norm, 1 instead of 0.
fn norm(values: impl Iterator<Item = f64>, order: f64) -> f64 {
    let norm = if order.is_infinite() {
        values.fold(0.0, |m: f64, x| m.max(x.abs()))
    } else if order == 2.0 {
        values.map(|x| x * x).sum::<f64>().sqrt()
    } else {
        values.map(|x| x.abs().powf(order)).sum::<f64>().powf(1.0 / order)
    };
    if norm == 0.0 { 1.0 } else { norm }
}
