//! How alike two images are: peak signal-to-noise ratio and structural similarity.
//!
//! Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004) compares means and variances under a Gaussian
//! window; its multi-scale form (Wang, Simoncelli, Bovik 2003) does so at five scales, each half the size of the last.

use gradus_tensor::ops::{ConvOptions, PadMode};
use gradus_tensor::{DType, Error, Result, Tensor};

use crate::convert::{convert_image_dtype, scaled};

/// Options of [`ssim`] and [`ssim_multiscale`]: window and stabilizing constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ssim {
    /// Side of the Gaussian window. Default 11.
    pub filter_size: usize,
    /// Standard deviation of the window. Default 1.5.
    pub filter_sigma: f64,
    /// Keeps the comparison of means from dividing by zero. Default 0.01.
    pub k1: f64,
    /// Keeps the comparison of variances from dividing by zero. Default 0.03.
    pub k2: f64,
}

impl Default for Ssim {
    fn default() -> Ssim {
        Ssim { filter_size: 11, filter_sigma: 1.5, k1: 0.01, k2: 0.03 }
    }
}

/// `20 log10(max_val) - 10 log10(mean((a - b)^2))` of each pair of images; infinite for equal ones.
///
/// Shapes `[.., h, w, c]`, equal; the result has the leading axes. `max_val` is the largest value pixels can have.
pub fn psnr(a: &Tensor, b: &Tensor, max_val: f64) -> Result<Tensor> {
    same("psnr", a, b)?;
    let (a, b, max) = floats(a, b, max_val)?;
    let error = a.sub(&b)?.square()?.reduce_mean(&[-3, -2, -1][..], false)?;
    let peak = Tensor::scalar_of(DType::F32, 20.0 * max.log10());
    peak.sub(&scaled(&error.log()?, 10.0 / std::f64::consts::LN_10)?)
}

/// Structural similarity of each pair of images, 1 for equal ones.
///
/// Shapes `[.., h, w, c]`, equal, sides of `filter_size` at least; the result has the leading axes. `max_val` is the
/// largest value pixels can have.
///
/// # Errors
/// When shapes differ or the images are smaller than the window.
pub fn ssim(img1: &Tensor, img2: &Tensor, max_val: f64, options: Ssim) -> Result<Tensor> {
    same("ssim", img1, img2)?;
    let (a, b, max) = floats(img1, img2, max_val)?;
    let (ssim, _) = per_channel("ssim", &a, &b, max, &options)?;
    ssim.reduce_mean(&[-1][..], false)
}

/// Options of [`ssim_multiscale`].
#[derive(Clone, Debug, PartialEq)]
pub struct MultiScale {
    /// Window and constants.
    pub window: Ssim,
    /// The weight of each scale as an exponent, the full size first. Default: the five of the paper.
    pub power_factors: Vec<f64>,
}

impl Default for MultiScale {
    fn default() -> MultiScale {
        MultiScale { window: Ssim::default(), power_factors: vec![0.0448, 0.2856, 0.3001, 0.2363, 0.1333] }
    }
}

/// Multi-scale structural similarity of each pair of images.
///
/// Shapes as for [`ssim`]; the smallest scale must still hold the window.
///
/// # Errors
/// As [`ssim`], and when there is no scale.
pub fn ssim_multiscale(img1: &Tensor, img2: &Tensor, max_val: f64, options: &MultiScale) -> Result<Tensor> {
    same("ssim_multiscale", img1, img2)?;
    let (mut a, mut b, max) = floats(img1, img2, max_val)?;
    let mut product: Option<Tensor> = None;
    for (scale, power) in options.power_factors.iter().enumerate() {
        if scale > 0 {
            (a, b) = (halved(&a)?, halved(&b)?);
        }
        let (ssim, contrast) = per_channel("ssim_multiscale", &a, &b, max, &options.window)?;
        let measure = if scale + 1 == options.power_factors.len() { ssim } else { contrast };
        let measure = measure.relu()?.pow(&Tensor::scalar_of(DType::F32, *power))?;
        product = Some(match product {
            Some(p) => p.mul(&measure)?,
            None => measure,
        });
    }
    let product = product.ok_or_else(|| Error::value("ssim_multiscale: no power factor, so no scale"))?;
    product.reduce_mean(&[-1][..], false)
}

fn same(op: &str, a: &Tensor, b: &Tensor) -> Result<()> {
    if a.shape() == b.shape() && a.rank() >= 3 && a.dtype() == b.dtype() {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{op}: expected two images [.., height, width, channels] of one shape and dtype, found {} {} and {} {}",
        a.dtype(),
        a.shape(),
        b.dtype(),
        b.shape()
    )))
}

/// Both as f32, and the largest value on the same scale.
fn floats(a: &Tensor, b: &Tensor, max_val: f64) -> Result<(Tensor, Tensor, f64)> {
    let max = convert_image_dtype(&Tensor::scalar_of(a.dtype(), max_val), DType::F32, false)?;
    let convert = |t: &Tensor| convert_image_dtype(t, DType::F32, false);
    Ok((convert(a)?, convert(b)?, f64::from(max.item::<f32>()?)))
}

/// Similarity and contrast of every channel: `[.., channels]`.
fn per_channel(op: &str, a: &Tensor, b: &Tensor, max: f64, o: &Ssim) -> Result<(Tensor, Tensor)> {
    let dims = a.shape().dims();
    let [h, w, c] = [dims[dims.len() - 3], dims[dims.len() - 2], dims[dims.len() - 1]];
    if o.filter_size == 0 || h < o.filter_size || w < o.filter_size {
        return Err(Error::shape(format!(
            "{op}: images of {h} x {w} do not hold a window of side {}",
            o.filter_size
        )));
    }
    let kernel = gaussian(o, c)?;
    let mut outer = dims[..dims.len() - 3].to_vec();
    let flat = [outer.iter().product(), h, w, c];
    let (h, w) = (h - o.filter_size + 1, w - o.filter_size + 1);
    outer.extend([h, w, c]);
    let blur = |x: &Tensor| {
        x.reshape(flat)?.depthwise_conv2d(&kernel, ConvOptions::default())?.reshape(outer.clone())
    };
    let constant = |v: f64| Tensor::scalar_of(DType::F32, v);
    let (c1, c2) = (constant((o.k1 * max).powi(2)), constant((o.k2 * max).powi(2)));
    let (mean_a, mean_b) = (blur(a)?, blur(b)?);
    let num0 = scaled(&mean_a.mul(&mean_b)?, 2.0)?;
    let den0 = mean_a.square()?.add(&mean_b.square()?)?;
    let luminance = num0.add(&c1)?.div(&den0.add(&c1)?)?;
    let num1 = scaled(&blur(&a.mul(b)?)?, 2.0)?;
    let den1 = blur(&a.square()?.add(&b.square()?)?)?;
    let contrast = num1.sub(&num0)?.add(&c2)?.div(&den1.sub(&den0)?.add(&c2)?)?;
    let over = &[-3isize, -2][..];
    Ok((luminance.mul(&contrast)?.reduce_mean(over, false)?, contrast.reduce_mean(over, false)?))
}

/// The window for every channel, `[size, size, channels, 1]`, of sum 1.
fn gaussian(o: &Ssim, channels: usize) -> Result<Tensor> {
    let middle = (o.filter_size as f64 - 1.0) / 2.0;
    let line: Vec<f64> = (0..o.filter_size)
        .map(|i| (-(i as f64 - middle).powi(2) / (2.0 * o.filter_sigma * o.filter_sigma)).exp())
        .collect();
    let sum: f64 = line.iter().sum();
    let mut window = Vec::with_capacity(o.filter_size * o.filter_size * channels);
    for y in &line {
        for x in &line {
            window.extend(std::iter::repeat_n((y * x / (sum * sum)) as f32, channels));
        }
    }
    Tensor::from_vec(window, [o.filter_size, o.filter_size, channels, 1])
}

/// Half the size by means of four pixels; an odd side is mirrored by one pixel first.
fn halved(x: &Tensor) -> Result<Tensor> {
    let dims = x.shape().dims().to_vec();
    let n = dims.len();
    let (h, w, c) = (dims[n - 3], dims[n - 2], dims[n - 1]);
    let flat: usize = dims[..n - 3].iter().product();
    let x = x.reshape([flat, h, w, c])?.pad(&[(0, 0), (0, h % 2), (0, w % 2), (0, 0)], PadMode::Symmetric)?;
    let (h, w) = (h.div_ceil(2), w.div_ceil(2));
    let mean = x.reshape([flat, h, 2, w, 2, c])?.reduce_mean(&[2isize, 4][..], false)?;
    let outer: Vec<usize> = dims[..n - 3].iter().copied().chain([h, w, c]).collect();
    mean.reshape(outer)
}
