//! Signals cut into frames that may overlap, and frames added up to a signal.

use gradus_tensor::op::apply1;
use gradus_tensor::ops::{PadMode, ScatterAdd};
use gradus_tensor::{Error, Result, Shape, Tensor};

/// How [`frame`] cuts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameOptions {
    /// Elements of a frame.
    pub length: usize,
    /// Elements from the start of one frame to the next.
    pub step: usize,
    /// Padding of the end with this value, so that every step starts a frame; without it incomplete frames are left out.
    pub pad_end: Option<f64>,
}

impl FrameOptions {
    /// Frames of that length and step, without padding.
    pub fn new(length: usize, step: usize) -> FrameOptions {
        FrameOptions { length, step, pad_end: None }
    }
}

/// The last axis cut into frames: `[.., n]` gives `[.., frames, length]`.
///
/// Errors when the length or step is 0.
pub fn frame(x: &Tensor, options: FrameOptions) -> Result<Tensor> {
    let FrameOptions { length, step, pad_end } = options;
    let n = x.shape().last().copied().ok_or_else(|| Error::shape("frame: found a scalar"))?;
    if length == 0 || step == 0 {
        return Err(Error::value(format!("frame: length {length} and step {step} must be at least 1")));
    }
    let mut x = x.clone();
    let frames = match pad_end {
        None if n < length => 0,
        None => (n - length) / step + 1,
        Some(value) => {
            let frames = n.div_ceil(step);
            let needed = frames
                .saturating_sub(1)
                .checked_mul(step)
                .and_then(|n| n.checked_add(length))
                .ok_or_else(|| Error::shape("frame: the frames are too long"))?;
            let mut pads = vec![(0, 0); x.rank()];
            pads[x.rank() - 1].1 = needed.saturating_sub(n);
            x = x.pad(&pads, PadMode::Constant(value))?;
            frames
        }
    };
    Shape::from([frames, length]).checked_len()?;
    let index: Vec<i64> = (0..frames).flat_map(|f| (0..length).map(move |i| (f * step + i) as i64)).collect();
    x.gather(&Tensor::from_vec(index, [frames, length])?, -1)
}

/// Frames `[.., frames, length]` added up, each `step` elements after the one before:
/// `[.., (frames - 1) * step + length]`. Errors when the step is 0.
pub fn overlap_and_add(x: &Tensor, step: usize) -> Result<Tensor> {
    let (batch, frames, length) = match x.shape()[..] {
        [ref batch @ .., frames, length] => (batch, frames, length),
        _ => {
            return Err(Error::shape(format!("overlap_and_add: expected frames, found shape {}", x.shape())));
        }
    };
    if step == 0 {
        return Err(Error::value("overlap_and_add: the step must be at least 1"));
    }
    let n = match frames {
        0 => 0,
        f => (f - 1)
            .checked_mul(step)
            .and_then(|n| n.checked_add(length))
            .ok_or_else(|| Error::shape("overlap_and_add: the signal is too long"))?,
    };
    let shape = Shape::new(batch).with(batch.len(), n);
    let flat = Shape::new(batch).with(batch.len(), frames * length);
    let index: Vec<i64> = (0..frames).flat_map(|f| (0..length).map(move |i| (f * step + i) as i64)).collect();
    let op = ScatterAdd { shape, axis: batch.len(), batch_dims: 0 };
    apply1(&op, &[&Tensor::from_vec(index, [frames * length])?, &x.reshape(flat)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_back() {
        let x = Tensor::range(7.0f32).unwrap();
        let y = frame(&x, FrameOptions::new(3, 2)).unwrap();
        assert_eq!(y.to_vec::<f32>().unwrap(), [0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0]);
        let z = overlap_and_add(&y, 2).unwrap();
        assert_eq!(z.to_vec::<f32>().unwrap(), [0.0, 1.0, 4.0, 3.0, 8.0, 5.0, 6.0]);
        let padded = frame(&x, FrameOptions { pad_end: Some(-1.0), ..FrameOptions::new(3, 3) }).unwrap();
        assert_eq!(padded.to_vec::<f32>().unwrap()[6..], [6.0, -1.0, -1.0]);
        assert!(frame(&x, FrameOptions::new(0, 1)).is_err());
        assert_eq!(frame(&x, FrameOptions::new(9, 1)).unwrap().shape().dims(), [0, 9]);
    }
}
