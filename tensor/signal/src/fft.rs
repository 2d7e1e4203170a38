//! The discrete Fourier transform along the last axis, on rustfft's plans.

use gradus_tensor::backward::Backward;
use gradus_tensor::op::apply1;
use gradus_tensor::ops::PadMode;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Complex, DType, Error, Keep, Op, Result, Spec, Specs, Tensor, s};
use rustfft::{FftNum, FftPlanner};
use smallvec::smallvec;
use std::cell::RefCell;

gradus_tensor::op! {
    /// `y_k = sum of x_j exp(-2 pi i j k / n)`; the inverse has the other sign and divides by `n`.
    pub struct Fft { inverse: bool } = "fft"
}

thread_local! {
    /// Plans are kept: making one costs more than a short transform.
    static PLANS_32: RefCell<FftPlanner<f32>> = RefCell::new(FftPlanner::new());
    static PLANS_64: RefCell<FftPlanner<f64>> = RefCell::new(FftPlanner::new());
}

fn rows<F: FftNum>(planner: &mut FftPlanner<F>, inverse: bool, n: usize, y: &mut [Complex<F>]) {
    let plan = if inverse { planner.plan_fft_inverse(n) } else { planner.plan_fft_forward(n) };
    // The plan takes a whole number of rows at once.
    plan.process(y);
}

impl Op for Fft {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if !x[0].dtype.is_complex() {
            return Err(Error::dtype(format!(
                "fft: not defined for {}; use rfft for real signals",
                x[0].dtype
            )));
        }
        if x[0].shape.rank() == 0 {
            return Err(Error::shape("fft: expected at least a vector, found a scalar"));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].shape().last().copied().unwrap_or(0);
        if x[0].spec().is_empty() {
            return Ok(());
        }
        let scale = if self.inverse { 1.0 / n as f64 } else { 1.0 };
        if x[0].dtype() == DType::C64 {
            let y = y[0].as_mut::<Complex<f32>>();
            y.copy_from_slice(x[0].as_slice());
            PLANS_32.with_borrow_mut(|p| rows(p, self.inverse, n, y));
            y.iter_mut().filter(|_| self.inverse).for_each(|z| *z *= scale as f32);
        } else {
            let y = y[0].as_mut::<Complex<f64>>();
            y.copy_from_slice(x[0].as_slice());
            PLANS_64.with_borrow_mut(|p| rows(p, self.inverse, n, y));
            y.iter_mut().filter(|_| self.inverse).for_each(|z| *z *= scale);
        }
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // The adjoint of the transform is its inverse times n, and the other way round.
        let n = cx.x_spec(0).shape.last().copied().unwrap_or(1).max(1) as f64;
        let g = apply1(&Fft { inverse: !self.inverse }, &[&cx.dy(0)?])?;
        let scale = if self.inverse { 1.0 / n } else { n };
        cx.give(0, g.mul(&Tensor::scalar_of(g.dtype(), scale))?)
    }
}

/// The Fourier transform of a complex tensor along the last axis.
pub fn fft(x: &Tensor) -> Result<Tensor> {
    apply1(&Fft { inverse: false }, &[x])
}

/// The inverse of [`fft`]: divided by the length.
pub fn ifft(x: &Tensor) -> Result<Tensor> {
    apply1(&Fft { inverse: true }, &[x])
}

/// The last axis cut or padded with zeros to a length.
pub(crate) fn fit(x: &Tensor, n: usize) -> Result<Tensor> {
    let have = x.shape().last().copied().ok_or_else(|| Error::shape("expected at least a vector"))?;
    if have > n {
        return x.slice(s![..., ..n]);
    }
    let mut pads = vec![(0, 0); x.rank()];
    pads[x.rank() - 1].1 = n - have;
    x.pad(&pads, PadMode::Constant(0.0))
}

/// The Fourier transform of a real tensor (f32 or f64) along the last axis, cut or padded to `length` when given:
/// the first `length / 2 + 1` values, since the others are their conjugates.
pub fn rfft(x: &Tensor, length: Option<usize>) -> Result<Tensor> {
    let n =
        length.or_else(|| x.shape().last().copied()).ok_or_else(|| Error::shape("rfft: found a scalar"))?;
    if n == 0 {
        return Err(Error::shape(format!("rfft: no length follows from shape {}", x.shape())));
    }
    let x = fit(x, n)?;
    let y = fft(&x.complex(&x.zeros_like()?)?)?;
    y.slice(s![..., ..n / 2 + 1])
}

/// The inverse of [`rfft`]: a real tensor of `length` along the last axis, by default twice the input's less two.
pub fn irfft(x: &Tensor, length: Option<usize>) -> Result<Tensor> {
    let have = x.shape().last().copied().ok_or_else(|| Error::shape("irfft: found a scalar"))?;
    let n = length.unwrap_or(have.saturating_sub(1) * 2);
    if n == 0 {
        return Err(Error::shape(format!("irfft: no length follows from shape {}", x.shape())));
    }
    let half = fit(x, n / 2 + 1)?;
    // The values behind the middle are conjugates, in reverse.
    let mirrored = half.slice(s![..., 1..n.div_ceil(2)])?.reverse(&[-1])?.conj()?;
    ifft(&Tensor::concat(&[&half, &mirrored], -1)?)?.real()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for n in [1usize, 2, 5, 8] {
            let values: Vec<f64> = (0..2 * n).map(|i| (i as f64 * 1.7).sin()).collect();
            let x = Tensor::from_vec(values.clone(), [2, n]).unwrap();
            let back = irfft(&rfft(&x, None).unwrap(), Some(n)).unwrap().to_vec::<f64>().unwrap();
            for (a, b) in values.iter().zip(back) {
                assert!((a - b).abs() < 1e-12, "length {n}: {a} came back as {b}");
            }
        }
    }

    #[test]
    fn against_the_definition() {
        let x: Vec<f64> = vec![1.0, -2.0, 0.5, 3.0, 0.25];
        let y = rfft(&Tensor::new(x.clone()).unwrap(), None).unwrap().to_vec::<Complex<f64>>().unwrap();
        assert_eq!(y.len(), 3);
        for (k, y) in y.iter().enumerate() {
            let want: Complex<f64> = x
                .iter()
                .enumerate()
                .map(|(j, v)| Complex::from_polar(*v, -2.0 * std::f64::consts::PI * (j * k) as f64 / 5.0))
                .sum();
            assert!((y - want).norm() < 1e-12, "{k}: {y} and {want}");
        }
    }
}
