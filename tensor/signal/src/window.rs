//! Window functions: raised cosines.

use gradus_tensor::{DType, Error, Result, Tensor};

/// `a - (1 - a) cos(2 pi i / m)`, where `m` is the length of the period.
fn raised_cosine(length: usize, periodic: bool, a: f64, dtype: DType) -> Result<Tensor> {
    if !dtype.is_float() {
        return Err(Error::dtype(format!("window: expected a float dtype, found {dtype}")));
    }
    if length == 1 {
        return Tensor::ones([1], dtype);
    }
    // As TensorFlow: a periodic window of odd length is the symmetric one.
    let period = (length + usize::from(periodic && length % 2 == 0)).saturating_sub(1).max(1) as f64;
    let turn = 2.0 * std::f64::consts::PI / period;
    let values: Vec<f64> = (0..length).map(|i| a - (1.0 - a) * (turn * i as f64).cos()).collect();
    Tensor::from_vec(values, [length])?.cast(dtype)
}

/// The Hann window `1/2 - 1/2 cos(2 pi i / m)`. Periodic (`m = length`, TensorFlow's default) for spectra, symmetric
/// (`m = length - 1`) for filters.
pub fn hann_window(length: usize, periodic: bool, dtype: DType) -> Result<Tensor> {
    raised_cosine(length, periodic, 0.5, dtype)
}

/// The Hamming window `0.54 - 0.46 cos(2 pi i / m)`, periodic or symmetric as [`hann_window`].
pub fn hamming_window(length: usize, periodic: bool, dtype: DType) -> Result<Tensor> {
    raised_cosine(length, periodic, 0.54, dtype)
}
