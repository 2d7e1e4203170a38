//! Discrete cosine transforms, as products with a matrix of cosines.

use gradus_tensor::{Error, Result, Shape, Tensor};
use std::f64::consts::PI;

/// Which cosine transform: see [`dct`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DctKind {
    /// `y_k = x_0 + (-1)^k x_(n-1) + 2 sum of x_i cos(pi k i / (n - 1))` over the inner elements.
    One,
    /// `y_k = 2 sum of x_i cos(pi k (2i + 1) / 2n)`, the usual one.
    Two,
    /// `y_k = x_0 + 2 sum of x_i cos(pi i (2k + 1) / 2n)` over `i > 0`: the inverse of two, up to scale.
    Three,
    /// `y_k = 2 sum of x_i cos(pi (2i + 1)(2k + 1) / 4n)`.
    Four,
}

/// The coefficient of `x_i` in `y_k`.
fn coefficient(kind: DctKind, ortho: bool, n: usize, i: usize, k: usize) -> f64 {
    let (m, x, y) = (n as f64, i as f64, k as f64);
    let root = |v: f64| v.sqrt();
    match kind {
        DctKind::One => {
            let edge = if i == 0 || i == n - 1 { 1.0 } else { 2.0 };
            edge * (PI * y * x / (m - 1.0)).cos()
        }
        DctKind::Two => {
            let scale = if !ortho { 2.0 } else if k == 0 { root(1.0 / m) } else { root(2.0 / m) };
            scale * (PI * y * (2.0 * x + 1.0) / (2.0 * m)).cos()
        }
        DctKind::Three => {
            let scale = match (ortho, i == 0) {
                (false, true) => 1.0,
                (false, false) => 2.0,
                (true, true) => root(1.0 / m),
                (true, false) => root(2.0 / m),
            };
            scale * (PI * x * (2.0 * y + 1.0) / (2.0 * m)).cos()
        }
        DctKind::Four => {
            let scale = if ortho { root(2.0 / m) } else { 2.0 };
            scale * (PI * (2.0 * x + 1.0) * (2.0 * y + 1.0) / (4.0 * m)).cos()
        }
    }
}

/// The cosine transform of a real tensor along the last axis; `ortho` scales it to an orthonormal matrix.
///
/// Costs `n^2` per row. Errors for [`DctKind::One`] with `ortho` or fewer than two elements.
pub fn dct(x: &Tensor, kind: DctKind, ortho: bool) -> Result<Tensor> {
    let n = x.shape().last().copied().ok_or_else(|| Error::shape("dct: found a scalar"))?;
    if kind == DctKind::One && (ortho || n < 2) {
        return Err(Error::value(format!("dct: kind one of {n} elements, ortho {ortho}: needs two, and no scaling")));
    }
    Shape::from([n, n]).checked_len()?;
    let matrix: Vec<f64> =
        (0..n).flat_map(|i| (0..n).map(move |k| coefficient(kind, ortho, n, i, k))).collect();
    let matrix = Tensor::from_vec(matrix, [n, n])?.cast(x.dtype())?;
    let rows: usize = x.shape()[..x.rank() - 1].iter().product();
    x.reshape([rows, n])?.matmul(&matrix)?.reshape(x.shape().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_undoes_two() {
        let values = [1.0f64, -2.0, 0.5, 3.0];
        let x = Tensor::new(values).unwrap();
        let y = dct(&dct(&x, DctKind::Two, true).unwrap(), DctKind::Three, true).unwrap();
        for (a, b) in values.iter().zip(y.to_vec::<f64>().unwrap()) {
            assert!((a - b).abs() < 1e-12, "{a} and {b}");
        }
    }
}
