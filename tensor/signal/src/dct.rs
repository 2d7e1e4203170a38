//! Discrete cosine transforms, each as one Fourier transform of real numbers.

use crate::fft::fit;
use crate::{irfft, rfft};
use gradus_tensor::{Error, Result, Shape, Tensor, s};
use std::f64::consts::PI;

/// Which cosine transform: see [`dct`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DctKind {
    /// `y_k = x_0 + (-1)^k x_(n-1) + 2 sum of x_i cos(pi k i / (n - 1))` over the inner elements.
    One,
    /// `y_k = 2 sum of x_i cos(pi k (2i + 1) / 2n)`, the usual one.
    Two,
    /// `y_k = x_0 + 2 sum of x_i cos(pi i (2k + 1) / 2n)` over `i > 0`: the inverse of two, up to the factor `2n`.
    Three,
    /// `y_k = 2 sum of x_i cos(pi (2i + 1)(2k + 1) / 4n)`.
    Four,
}

/// Kind, scaling and length of [`dct`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DctOptions {
    /// Which transform.
    pub kind: DctKind,
    /// Scales the transform to an orthonormal matrix.
    pub ortho: bool,
    /// Cuts the last axis or pads it with zeros to this length before.
    pub length: Option<usize>,
}

impl DctOptions {
    /// That transform, not scaled, of the whole axis.
    pub fn new(kind: DctKind) -> DctOptions {
        DctOptions { kind, ortho: false, length: None }
    }

    /// The same, scaled to an orthonormal matrix.
    #[must_use]
    pub fn ortho(self) -> DctOptions {
        DctOptions { ortho: true, ..self }
    }
}

/// `f(i)` for `0..n` as a vector of the dtype of `like`.
fn factors(n: usize, like: &Tensor, f: impl Fn(f64) -> f64) -> Result<Tensor> {
    Shape::from([n]).checked_len()?;
    Tensor::from_vec((0..n).map(|i| f(i as f64)).collect::<Vec<f64>>(), [n])?.cast(like.dtype())
}

/// The cosine transform of a real tensor along the last axis. Costs `n log n` per row.
///
/// Errors for [`DctKind::One`] with `ortho` or fewer than two elements, and for an empty axis.
pub fn dct(x: &Tensor, options: DctOptions) -> Result<Tensor> {
    let DctOptions { kind, ortho, length } = options;
    let have = x.shape().last().copied().ok_or_else(|| Error::shape("dct: found a scalar"))?;
    let n = length.unwrap_or(have);
    if n == 0 || (kind == DctKind::One && (ortho || n < 2)) {
        return Err(Error::value(format!(
            "dct: kind {kind:?} of {n} elements, ortho {ortho}: needs at least one, kind One two and no scaling"
        )));
    }
    let double = n.checked_mul(2).ok_or_else(|| Error::shape(format!("dct: length {n} is too large")))?;
    let x = &fit(x, n)?;
    let m = n as f64;
    // What makes the rows of the matrix unit vectors; the first one is longer.
    let unit = |i: f64| if !ortho { 1.0 } else { (if i == 0.0 { 0.25 / m } else { 0.5 / m }).sqrt() };
    match kind {
        DctKind::One => {
            let mirrored = x.slice(s![..., 1..(n - 1)])?.reverse(&[-1])?;
            rfft(&Tensor::concat(&[x, &mirrored], -1)?, None)?.real()
        }
        DctKind::Two => {
            // Turning by half an element: 2 re(exp(-i pi k / 2n) z_k).
            let z = rfft(x, Some(double))?.slice(s![..., ..n])?;
            let turn = |k: f64| PI * k / (2.0 * m);
            let re = z.real()?.mul(&factors(n, x, |k| 2.0 * unit(k) * turn(k).cos())?)?;
            re.add(&z.imag()?.mul(&factors(n, x, |k| 2.0 * unit(k) * turn(k).sin())?)?)
        }
        DctKind::Three => {
            // `unit` of the first element undoes that the inverse transform counts the others twice.
            let scale = |i: f64| 2.0 * m * if i == 0.0 && ortho { 2.0 * unit(i) } else { unit(i) };
            let turn = |i: f64| PI * i / (2.0 * m);
            let re = x.mul(&factors(n, x, |i| scale(i) * turn(i).cos())?)?;
            let im = x.mul(&factors(n, x, |i| scale(i) * turn(i).sin())?)?;
            irfft(&re.complex(&im)?, Some(double))?.slice(s![..., ..n])
        }
        DctKind::Four => {
            let two = DctOptions { kind: DctKind::Two, ortho: false, length: Some(double) };
            let y = dct(x, two)?.slice(s![..., 1..;2])?;
            if ortho { y.mul(&Tensor::scalar_of(y.dtype(), (0.5 / m).sqrt())) } else { Ok(y) }
        }
    }
}

/// The transform that undoes [`dct`] of the same options: exactly with `ortho`, else up to the factor `2n`
/// (`2(n - 1)` for kind one), as TensorFlow's.
pub fn idct(x: &Tensor, options: DctOptions) -> Result<Tensor> {
    let kind = match options.kind {
        DctKind::Two => DctKind::Three,
        DctKind::Three => DctKind::Two,
        kind => kind,
    };
    dct(x, DctOptions { kind, ..options })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The coefficient of `x_i` in `y_k`, by the definition.
    fn coefficient(kind: DctKind, n: usize, i: usize, k: usize) -> f64 {
        let (m, x, y) = (n as f64, i as f64, k as f64);
        match kind {
            DctKind::One => (if i == 0 || i == n - 1 { 1.0 } else { 2.0 }) * (PI * y * x / (m - 1.0)).cos(),
            DctKind::Two => 2.0 * (PI * y * (2.0 * x + 1.0) / (2.0 * m)).cos(),
            DctKind::Three => (if i == 0 { 1.0 } else { 2.0 }) * (PI * x * (2.0 * y + 1.0) / (2.0 * m)).cos(),
            DctKind::Four => 2.0 * (PI * (2.0 * x + 1.0) * (2.0 * y + 1.0) / (4.0 * m)).cos(),
        }
    }

    #[test]
    fn against_the_definition_and_back() {
        use DctKind::{Four, One, Three, Two};
        for kind in [One, Two, Three, Four] {
            for n in [1usize, 2, 3, 8, 13] {
                let plain = DctOptions::new(kind);
                let values: Vec<f64> = (0..n).map(|i| (1.3 * i as f64 + 0.4).sin()).collect();
                let x = Tensor::from_vec(values.clone(), [n]).unwrap();
                if kind == One && n < 2 {
                    assert!(dct(&x, plain).is_err());
                    continue;
                }
                let y = dct(&x, plain).unwrap().to_vec::<f64>().unwrap();
                for (k, y) in y.iter().enumerate() {
                    let want: f64 = (0..n).map(|i| values[i] * coefficient(kind, n, i, k)).sum();
                    assert!(
                        (y - want).abs() < 1e-12,
                        "{kind:?} of {n}, element {k}: expected {want}, found {y}"
                    );
                }
                let (scaled, factor) = match kind {
                    One => (plain, 2.0 * (n as f64 - 1.0)),
                    _ => (plain.ortho(), 1.0),
                };
                let back = idct(&dct(&x, scaled).unwrap(), scaled).unwrap().to_vec::<f64>().unwrap();
                for (a, b) in values.iter().zip(back) {
                    assert!((a - b / factor).abs() < 1e-12, "{kind:?} of {n}: {a} came back as {b}");
                }
            }
        }
    }
}
