//! Window functions.

use gradus_tensor::{DType, Error, Result, Tensor};
use std::f64::consts::PI;

/// The values of `f(i)` for `0..length` as a float tensor.
fn window(length: usize, dtype: DType, f: impl Fn(f64) -> f64) -> Result<Tensor> {
    if !dtype.is_float() {
        return Err(Error::dtype(format!("window: expected a float dtype, found {dtype}")));
    }
    let mut values: Vec<f64> = Vec::new();
    values
        .try_reserve_exact(length)
        .map_err(|_| Error::shape(format!("window: {length} elements are more than memory can hold")))?;
    values.extend((0..length).map(|i| f(i as f64)));
    Tensor::from_vec(values, [length])?.cast(dtype)
}

/// `a - (1 - a) cos(2 pi i / m)`, where `m` is the length of the period.
fn raised_cosine(length: usize, periodic: bool, a: f64, dtype: DType) -> Result<Tensor> {
    if length == 1 {
        return window(1, dtype, |_| 1.0);
    }
    // As TensorFlow: a periodic window of odd length is the symmetric one.
    let even = usize::from(periodic && length % 2 == 0);
    let period = length.saturating_sub(1).saturating_add(even).max(1) as f64;
    window(length, dtype, |i| a - (1.0 - a) * (2.0 * PI * i / period).cos())
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

/// The Vorbis window `sin(pi/2 sin^2(pi (i + 1/2) / length))`, whose square and shifted square add up to 1.
pub fn vorbis_window(length: usize, dtype: DType) -> Result<Tensor> {
    window(length, dtype, |i| (PI / 2.0 * (PI / length as f64 * (i + 0.5)).sin().powi(2)).sin())
}

/// The modified Bessel function of the first kind and order 0 by its series, which converges for every argument.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * f64::EPSILON / 4.0 {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

/// The Kaiser window `I0(beta sqrt(1 - (2i / (length - 1) - 1)^2)) / I0(beta)`; TensorFlow's default beta is 12.
///
/// Errors for a beta outside of 0 to 700, where `I0` exceeds f64.
pub fn kaiser_window(length: usize, beta: f64, dtype: DType) -> Result<Tensor> {
    if !(0.0..=700.0).contains(&beta) {
        return Err(Error::value(format!("kaiser_window: beta {beta} is outside of 0 to 700")));
    }
    let half = (length.max(2) - 1) as f64 / 2.0;
    window(length, dtype, |i| {
        let x = if length == 1 { 0.0 } else { (i - half) / half };
        bessel_i0(beta * (1.0 - x * x).max(0.0).sqrt()) / bessel_i0(beta)
    })
}

/// What frames are multiplied by before a transform, and after its inverse.
#[derive(Clone, Debug, Default)]
pub enum Window {
    /// The periodic Hann window, TensorFlow's default.
    #[default]
    Hann,
    /// The periodic Hamming window.
    Hamming,
    /// The Vorbis window.
    Vorbis,
    /// The Kaiser window with that beta.
    Kaiser(f64),
    /// Ones: no window.
    Rectangular,
    /// These values, one for each element of a frame.
    Values(Tensor),
}

impl Window {
    /// The window as a vector. Errors when given values are no vector of that length and dtype.
    pub fn values(&self, length: usize, dtype: DType) -> Result<Tensor> {
        match self {
            Window::Hann => hann_window(length, true, dtype),
            Window::Hamming => hamming_window(length, true, dtype),
            Window::Vorbis => vorbis_window(length, dtype),
            Window::Kaiser(beta) => kaiser_window(length, *beta, dtype),
            Window::Rectangular => window(length, dtype, |_| 1.0),
            Window::Values(t) if t.shape().dims() == [length] && t.dtype() == dtype => Ok(t.clone()),
            Window::Values(t) => {
                Err(Error::shape(format!("window: {} given for frames of {length} {dtype}", t.spec())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from tf.signal.
    #[test]
    fn as_recorded() {
        let d = DType::F64;
        let table: [(&str, Tensor, &[f64]); 5] = [
            ("hann", hann_window(4, true, d).unwrap(), &[0.0, 0.5, 1.0, 0.5]),
            ("hann, symmetric", hann_window(5, false, d).unwrap(), &[0.0, 0.5, 1.0, 0.5, 0.0]),
            ("hamming of one", hamming_window(1, true, d).unwrap(), &[1.0]),
            ("vorbis", vorbis_window(4, d).unwrap(), &[0.228014324, 0.973657778, 0.973657778, 0.228014324]),
            (
                "kaiser",
                kaiser_window(5, 12.0, d).unwrap(),
                &[0.000052773, 0.215672745, 1.0, 0.215672745, 0.000052773],
            ),
        ];
        for (name, found, want) in table {
            let found = found.to_vec::<f64>().unwrap();
            assert_eq!(found.len(), want.len(), "{name}");
            for (f, w) in found.iter().zip(want) {
                assert!((f - w).abs() < 1e-7, "{name}: expected {want:?}, found {found:?}");
            }
        }
        assert!(hann_window(3, true, DType::I32).is_err());
        assert!(Window::Values(Tensor::new([1.0f32]).unwrap()).values(2, DType::F32).is_err());
    }
}
