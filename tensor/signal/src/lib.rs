//! Signals over the dense tensors: Fourier and cosine transforms, frames and windows.
//!
//! ```
//! use gradus_signal::{StftOptions, stft};
//! use gradus_tensor::Tensor;
//! let wave = Tensor::range(1024.0f32)?.mul(&Tensor::scalar(0.3f32))?.sin()?;
//! let spectrum = stft(&wave, &StftOptions::new(256, 64))?;
//! assert_eq!(spectrum.shape().dims(), [13, 129]);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! Transforms run along the last axis. All are differentiable to any order, since each is the Fourier transform or
//! a formula over dense operations.
#![forbid(unsafe_code)]

mod dct;
mod fft;
mod frame;
mod stft;
mod window;

pub use dct::{DctKind, DctOptions, dct, idct};
pub use fft::{Fft, fft, ifft, irfft, rfft};
pub use frame::{FrameOptions, frame, overlap_and_add};
pub use stft::{StftOptions, inverse_stft, inverse_stft_window, istft, stft};
pub use window::{Window, hamming_window, hann_window, kaiser_window, vorbis_window};

/// The operations of this crate, for a [`Registry`](gradus_tensor::Registry).
pub const DEFS: &[gradus_tensor::attr::OpDef] = &[Fft::DEF];
