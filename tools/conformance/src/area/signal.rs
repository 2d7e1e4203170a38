//! Transforms, windows and frames of `tf.signal`.

use gradus_signal::{
    DctKind, DctOptions, FrameOptions, StftOptions, dct, frame, hamming_window, hann_window, overlap_and_add,
    rfft, stft,
};
use gradus_tensor::DType;

use super::bind::take;
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    r.op("tf.signal.frame", |x, attrs| {
        let [x] = take(x)?;
        let pad_value = attrs.f64_or("pad_value", 0.0)?;
        let pad_end = attrs.bool_or("pad_end", false)?.then_some(pad_value);
        let options =
            FrameOptions { length: attrs.usize("frame_length")?, step: attrs.usize("frame_step")?, pad_end };
        let axis = attrs.i64_or("axis", -1)? as isize;
        // Frames lie along the last axis; [.., frames, length] take the place of the one that was cut.
        let frames = frame(&x.move_axis(axis, -1)?, options)?;
        let axis = x.shape().axis(axis)? as isize;
        Ok(vec![frames.move_axis(-2, axis)?.move_axis(-1, axis + 1)?])
    });
    r.op("tf.signal.overlap_and_add", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![overlap_and_add(x, attrs.usize("frame_step")?)?])
    });
    r.op("tf.signal.hann_window", |x, attrs| {
        let [] = take(x)?;
        let periodic = attrs.bool_or("periodic", true)?;
        Ok(vec![hann_window(attrs.usize("window_length")?, periodic, DType::F32)?])
    });
    r.op("tf.signal.hamming_window", |x, attrs| {
        let [] = take(x)?;
        let periodic = attrs.bool_or("periodic", true)?;
        Ok(vec![hamming_window(attrs.usize("window_length")?, periodic, DType::F32)?])
    });
    r.op("tf.signal.dct", |x, attrs| {
        let [x] = take(x)?;
        let kind = match attrs.usize_or("type", 2)? {
            1 => DctKind::One,
            2 => DctKind::Two,
            3 => DctKind::Three,
            4 => DctKind::Four,
            n => return Err(ConformanceError::NotImplemented(format!("dct of type {n}"))),
        };
        let ortho = attrs.has("norm") && attrs.str("norm")? == "ortho";
        let length = if attrs.has("n") { Some(attrs.usize("n")?) } else { None };
        Ok(vec![dct(x, DctOptions { kind, ortho, length })?])
    });
    r.op("x.rfft_abs", |x, _| {
        let [x] = take(x)?;
        Ok(vec![rfft(x, None)?.complex_abs()?])
    });
    r.op("x.stft_abs", |x, attrs| {
        let [x] = take(x)?;
        let options = StftOptions::new(attrs.usize("frame_length")?, attrs.usize("frame_step")?);
        let options =
            if attrs.has("fft_length") { options.fft_length(attrs.usize("fft_length")?) } else { options };
        let options = options.pad_end(attrs.bool_or("pad_end", false)?);
        Ok(vec![stft(x, &options)?.complex_abs()?])
    });
}
