//! The short-time Fourier transform and its inverse.

use crate::{FrameOptions, Window, frame, irfft, overlap_and_add, rfft};
use gradus_tensor::ops::PadMode;
use gradus_tensor::{DType, Error, Result, Tensor, s};

/// Frames, window and transform of [`stft`] and its inverse.
#[derive(Clone, Debug)]
pub struct StftOptions {
    frame_length: usize,
    frame_step: usize,
    fft_length: Option<usize>,
    window: Window,
    pad_end: bool,
}

impl StftOptions {
    /// Frames of `frame_length` elements, each `frame_step` after the one before, with TensorFlow's defaults for the rest:
    /// the periodic Hann window, a transform over the smallest power of two that holds a frame, no padding of the end.
    pub fn new(frame_length: usize, frame_step: usize) -> StftOptions {
        StftOptions { frame_length, frame_step, fft_length: None, window: Window::Hann, pad_end: false }
    }

    /// The length of the transform; frames are padded with zeros to it.
    #[must_use]
    pub fn fft_length(self, length: usize) -> StftOptions {
        StftOptions { fft_length: Some(length), ..self }
    }

    /// What frames are multiplied by.
    #[must_use]
    pub fn window(self, window: Window) -> StftOptions {
        StftOptions { window, ..self }
    }

    /// Whether the end is padded with zeros so that every step starts a frame.
    #[must_use]
    pub fn pad_end(self, pad_end: bool) -> StftOptions {
        StftOptions { pad_end, ..self }
    }

    fn transform_length(&self) -> Result<usize> {
        match self.fft_length.or_else(|| self.frame_length.checked_next_power_of_two()) {
            Some(n) if n > 0 && self.frame_length > 0 && self.frame_step > 0 => Ok(n),
            _ => Err(Error::value(format!(
                "stft: frame length {}, step {} and transform length {:?} must be at least 1 and fit memory",
                self.frame_length, self.frame_step, self.fft_length
            ))),
        }
    }
}

/// The spectra of the windowed frames of a real signal: `[.., n]` gives `[.., frames, fft_length / 2 + 1]`, complex.
pub fn stft(x: &Tensor, options: &StftOptions) -> Result<Tensor> {
    let fft_length = options.transform_length()?;
    let cut = FrameOptions {
        length: options.frame_length,
        step: options.frame_step,
        pad_end: options.pad_end.then_some(0.0),
    };
    let frames = frame(x, cut)?;
    let windowed = frames.mul(&options.window.values(options.frame_length, x.dtype())?)?;
    rfft(&windowed, Some(fft_length))
}

/// Spectra turned back into frames, windowed and added up, as TensorFlow's `inverse_stft`:
/// `[.., frames, fft_length / 2 + 1]` gives `[.., (frames - 1) * frame_step + frame_length]`.
///
/// Gives back the signal when the window is the [`inverse_stft_window`] of the one that [`stft`] used; [`istft`] does
/// both at once.
pub fn inverse_stft(spectra: &Tensor, options: &StftOptions) -> Result<Tensor> {
    if spectra.rank() < 2 {
        return Err(Error::shape(format!("inverse_stft: expected frames, found shape {}", spectra.shape())));
    }
    let (fft_length, length) = (options.transform_length()?, options.frame_length);
    let mut frames = irfft(spectra, Some(fft_length))?;
    if fft_length > length {
        frames = frames.slice(s![..., ..length])?;
    } else if fft_length < length {
        let mut pads = vec![(0, 0); frames.rank()];
        pads[frames.rank() - 1].1 = length - fft_length;
        frames = frames.pad(&pads, PadMode::Constant(0.0))?;
    }
    let windowed = frames.mul(&options.window.values(length, frames.dtype())?)?;
    overlap_and_add(&windowed, options.frame_step)
}

/// The window that undoes `options`' one: the forward window divided by the sum of its squares over all frames that
/// overlap an element. Where that sum is 0 no window can.
pub fn inverse_stft_window(options: &StftOptions, dtype: DType) -> Result<Tensor> {
    options.transform_length()?;
    let (length, step) = (options.frame_length, options.frame_step);
    let window = options.window.values(length, dtype)?;
    let overlaps = length.div_ceil(step);
    let padded = overlaps
        .checked_mul(step)
        .ok_or_else(|| Error::shape(format!("inverse_stft_window: the step {step} is too long")))?;
    let sums = window
        .square()?
        .pad(&[(0, padded - length)], PadMode::Constant(0.0))?
        .reshape([overlaps, step])?
        .reduce_sum(0, true)?
        .broadcast_to([overlaps, step])?
        .reshape([padded])?;
    window.div(&sums.slice(s![..length])?)
}

/// The signal whose [`stft`] with the same options these spectra are, up to its first and last elements, where no other
/// frame makes up for the window's small values.
///
/// ```
/// use gradus_signal::{StftOptions, istft, stft};
/// use gradus_tensor::{Tensor, s};
/// let wave = Tensor::range(64.0f64)?.sin()?;
/// let options = StftOptions::new(16, 4);
/// let back = istft(&stft(&wave, &options)?, &options)?;
/// let inner = back.sub(&wave)?.slice(s![16..-16])?;
/// assert!(inner.abs()?.reduce_max((), false)?.item::<f64>()? < 1e-12);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn istft(spectra: &Tensor, options: &StftOptions) -> Result<Tensor> {
    let dtype = if spectra.dtype() == DType::C128 { DType::F64 } else { DType::F32 };
    let window = Window::Values(inverse_stft_window(options, dtype)?);
    inverse_stft(spectra, &options.clone().window(window))
}
