//! The short-time Fourier transform.

use crate::{FrameOptions, frame, hann_window, rfft};
use gradus_tensor::{Result, Tensor};

/// Frames and transform of [`stft`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StftOptions {
    /// Elements of a frame.
    pub frame_length: usize,
    /// Elements from the start of one frame to the next.
    pub frame_step: usize,
    /// Length of the transform; frames are padded with zeros to it. By default the smallest power of two that holds a frame.
    pub fft_length: Option<usize>,
    /// Padding of the end with zeros, so that every step starts a frame.
    pub pad_end: bool,
}

impl StftOptions {
    /// Frames of that length and step, TensorFlow's defaults for the rest.
    pub fn new(frame_length: usize, frame_step: usize) -> StftOptions {
        StftOptions { frame_length, frame_step, fft_length: None, pad_end: false }
    }
}

/// The spectra of the Hann-windowed frames of a real signal: `[.., n]` gives `[.., frames, fft_length / 2 + 1]`.
pub fn stft(x: &Tensor, options: StftOptions) -> Result<Tensor> {
    let StftOptions { frame_length: length, frame_step: step, fft_length, pad_end } = options;
    let frames = frame(x, FrameOptions { length, step, pad_end: pad_end.then_some(0.0) })?;
    let windowed = frames.mul(&hann_window(length, true, x.dtype())?)?;
    rfft(&windowed, Some(fft_length.unwrap_or_else(|| length.next_power_of_two())))
}
