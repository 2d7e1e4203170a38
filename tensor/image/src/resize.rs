//! Images in another size.

use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Keep, Result, Spec, Specs, Tensor};
use smallvec::smallvec;

use crate::frames::Frames;
use crate::resample::{Method, Taps};

/// Options of [`resize`]: the size, and how to get there.
///
/// ```
/// use gradus_image::{Method, Resize};
/// let options = Resize::new(180, 180).method(Method::Area).antialias(true);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) method: Method,
    pub(crate) antialias: bool,
    pub(crate) preserve_aspect_ratio: bool,
}

impl Resize {
    /// To that size, bilinear, without antialiasing.
    pub fn new(height: usize, width: usize) -> Resize {
        Resize { height, width, method: Method::Bilinear, antialias: false, preserve_aspect_ratio: false }
    }

    /// How pixels between pixels are found. Default bilinear.
    pub fn method(mut self, method: Method) -> Resize {
        self.method = method;
        self
    }

    /// Whether filters are stretched when the image shrinks. Default false. Nearest and area ignore it.
    pub fn antialias(mut self, antialias: bool) -> Resize {
        self.antialias = antialias;
        self
    }

    /// Whether the size is a frame into which the image is fitted without changing its proportions. Default false.
    pub fn preserve_aspect_ratio(mut self, preserve: bool) -> Resize {
        self.preserve_aspect_ratio = preserve;
        self
    }
}

/// The images in another size: `[.., h, w, c]` becomes `[.., height, width, c]`.
///
/// The result is f32, except that `nearest` keeps the dtype, and that images which have the size already come back
/// as they are (unless proportions are to be kept, as in TensorFlow).
///
/// # Errors
/// When the asked or the given size is 0.
pub fn resize(images: &Tensor, options: Resize) -> Result<Tensor> {
    let f = Frames::of("resize", images)?;
    let [height, width] = fitted(&f, &options)?;
    if [height, width] == [f.height, f.width] && !options.preserve_aspect_ratio {
        return Ok(images.clone());
    }
    if options.method == Method::Nearest {
        let indices = |from: usize, to: usize| {
            let taps = Taps::new(Method::Nearest, false, from, to);
            Tensor::from_vec(taps.start.iter().map(|&i| i as i32).collect(), [to])
        };
        let [rows, columns] = f.axes();
        let rows = images.gather(&indices(f.height, height)?, rows as isize)?;
        return rows.gather(&indices(f.width, width)?, columns as isize);
    }
    let op = ResizeOp { method: options.method, antialias: options.antialias, height, width };
    match images.dtype() {
        DType::F32 | DType::U8 => apply1(&op, &[images]),
        _ => apply1(&op, &[&images.cast(DType::F32)?]),
    }
}

/// The size to make, which is smaller than the asked one where proportions are kept.
fn fitted(f: &Frames, options: &Resize) -> Result<[usize; 2]> {
    let (height, width) = (options.height, options.width);
    if height == 0 || width == 0 || f.height == 0 || f.width == 0 {
        return Err(Error::value(format!(
            "resize: sizes must be at least 1, asked {height} x {width} from {} x {}",
            f.height, f.width
        )));
    }
    // Positions are computed in f32 and taps are kept as u32.
    if [height, width, f.height, f.width].into_iter().any(|size| size > 1 << 24) {
        return Err(Error::value(format!(
            "resize: sizes above 2^24 are not supported, asked {height} x {width}"
        )));
    }
    if !options.preserve_aspect_ratio {
        return Ok([height, width]);
    }
    let scale = (height as f32 / f.height as f32).min(width as f32 / f.width as f32);
    let side = |size: usize, frame: usize| ((scale * size as f32).round_ties_even() as usize).clamp(1, frame);
    Ok([side(f.height, height), side(f.width, width)])
}

gradus_tensor::op! {
    /// Images of u8 or f32 in another size, as f32.
    pub(crate) struct ResizeOp { method: Method, antialias: bool, height: usize, width: usize } = "resize"
}
gradus_tensor::op! {
    /// The gradient of [`ResizeOp`] for images of that size.
    pub(crate) struct ResizeGrad { method: Method, antialias: bool, height: usize, width: usize } = "resize_grad"
}

/// The same frames with that height and width, in f32.
fn of_size(name: &'static str, x: &Spec, height: usize, width: usize) -> Result<Specs> {
    let f = Frames::of_shape(name, &x.shape)?;
    Ok(smallvec![Spec::new(DType::F32, f.shape(height, width, f.channels))])
}

impl Op for ResizeOp {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        of_size(Self::NAME, x[0], self.height, self.width)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let f = Frames::of_shape(Self::NAME, x[0].shape())?;
        let rows = Taps::new(self.method, self.antialias, f.height, self.height);
        let columns = Taps::new(self.method, self.antialias, f.width, self.width);
        let out = y[0].as_mut::<f32>();
        match x[0].dtype() {
            DType::U8 => resample(x[0].as_slice::<u8>(), &f, &rows, &columns, out),
            _ => resample(x[0].as_slice::<f32>(), &f, &rows, &columns, out),
        }
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let f = Frames::of_shape(Self::NAME, &cx.x_spec(0).shape)?;
        let op =
            ResizeGrad { method: self.method, antialias: self.antialias, height: f.height, width: f.width };
        let dx = apply1(&op, &[&cx.dy(0)?])?;
        cx.give(0, dx)
    }
}

impl Op for ResizeGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        of_size(Self::NAME, x[0], self.height, self.width)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let f = Frames::of_shape(Self::NAME, x[0].shape())?;
        let rows = Taps::new(self.method, self.antialias, self.height, f.height);
        let columns = Taps::new(self.method, self.antialias, self.width, f.width);
        spread(x[0].as_slice::<f32>(), &f, &rows, &columns, self.height, self.width, y[0].as_mut::<f32>());
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // The map is linear, so the gradient of its gradient is the map itself.
        let f = Frames::of_shape(Self::NAME, &cx.x_spec(0).shape)?;
        let op =
            ResizeOp { method: self.method, antialias: self.antialias, height: f.height, width: f.width };
        let dx = apply1(&op, &[&cx.dy(0)?])?;
        cx.give(0, dx)
    }
}

/// A pixel value to compute with.
pub(crate) trait Sample: Copy {
    fn float(self) -> f32;
}
impl Sample for u8 {
    #[inline(always)]
    fn float(self) -> f32 {
        f32::from(self)
    }
}
impl Sample for f32 {
    #[inline(always)]
    fn float(self) -> f32 {
        self
    }
}

/// Weighs rows first, whole rows at a time, then columns.
fn resample<T: Sample>(x: &[T], f: &Frames, rows: &Taps, columns: &Taps, out: &mut [f32]) {
    let line = f.width * f.channels;
    let out_line = columns.start.len() * f.channels;
    if out_line == 0 || f.size() == 0 {
        return;
    }
    let mut mixed = vec![0.0f32; line];
    let images = x.chunks_exact(f.size()).zip(out.chunks_exact_mut(out_line * rows.start.len()));
    for (image, out) in images {
        for (i, out) in out.chunks_exact_mut(out_line).enumerate() {
            let (start, weights) = rows.of(i);
            mix(&image[start * line..], line, weights, &mut mixed);
            match f.channels {
                1 => pick::<1>(&mixed, columns, out),
                3 => pick::<3>(&mixed, columns, out),
                4 => pick::<4>(&mixed, columns, out),
                c => pick_any(&mixed, columns, c, out),
            }
        }
    }
}

/// The weighted sum of rows.
fn mix<T: Sample>(rows: &[T], line: usize, weights: &[f32], out: &mut [f32]) {
    match *weights {
        [a, b] => {
            let (first, second) = (&rows[..line], &rows[line..2 * line]);
            for ((y, p), q) in out.iter_mut().zip(first).zip(second) {
                *y = a * p.float() + b * q.float();
            }
        }
        _ => {
            for (y, p) in out.iter_mut().zip(rows) {
                *y = weights[0] * p.float();
            }
            for (w, row) in weights.iter().zip(rows.chunks_exact(line)).skip(1) {
                for (y, p) in out.iter_mut().zip(row) {
                    *y += w * p.float();
                }
            }
        }
    }
}

/// The weighted sums along a row of pixels of `C` channels.
fn pick<const C: usize>(row: &[f32], columns: &Taps, out: &mut [f32]) {
    let (row, _) = row.as_chunks::<C>();
    let (out, _) = out.as_chunks_mut::<C>();
    if columns.count == 2 {
        let (weights, _) = columns.weights.as_chunks::<2>();
        for ((y, start), [a, b]) in out.iter_mut().zip(&columns.start).zip(weights) {
            let start = *start as usize;
            let (p, q) = (&row[start], &row[start + 1]);
            for c in 0..C {
                y[c] = a * p[c] + b * q[c];
            }
        }
        return;
    }
    for (i, y) in out.iter_mut().enumerate() {
        let (start, weights) = columns.of(i);
        let mut sum = [0.0f32; C];
        for (w, p) in weights.iter().zip(&row[start..]) {
            for c in 0..C {
                sum[c] += w * p[c];
            }
        }
        *y = sum;
    }
}

fn pick_any(row: &[f32], columns: &Taps, channels: usize, out: &mut [f32]) {
    for (i, y) in out.chunks_exact_mut(channels).enumerate() {
        let (start, weights) = columns.of(i);
        y.fill(0.0);
        for (w, p) in weights.iter().zip(row[start * channels..].chunks_exact(channels)) {
            for (y, p) in y.iter_mut().zip(p) {
                *y += w * p;
            }
        }
    }
}

/// The transpose of [`resample`]: every output's gradient goes to the pixels it was made from.
fn spread(dy: &[f32], f: &Frames, rows: &Taps, columns: &Taps, height: usize, width: usize, out: &mut [f32]) {
    out.fill(0.0);
    let (line, out_line) = (f.width * f.channels, width * f.channels);
    if line == 0 || out_line == 0 || f.height == 0 {
        return;
    }
    let mut spread = vec![0.0f32; out_line];
    for (dy, out) in dy.chunks_exact(f.size()).zip(out.chunks_exact_mut(height * out_line)) {
        for (i, dy) in dy.chunks_exact(line).enumerate() {
            spread.fill(0.0);
            for (j, dy) in dy.chunks_exact(f.channels).enumerate() {
                let (start, weights) = columns.of(j);
                for (w, to) in weights.iter().zip(spread[start * f.channels..].chunks_exact_mut(f.channels)) {
                    for (to, dy) in to.iter_mut().zip(dy) {
                        *to += w * dy;
                    }
                }
            }
            let (start, weights) = rows.of(i);
            for (w, to) in weights.iter().zip(out[start * out_line..].chunks_exact_mut(out_line)) {
                for (to, s) in to.iter_mut().zip(&spread) {
                    *to += w * s;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_stay_and_sizes_that_fit() {
        let image = Tensor::from_vec(vec![7u8; 40 * 30 * 3], [40, 30, 3]).unwrap();
        let same = resize(&image, Resize::new(40, 30)).unwrap();
        assert_eq!(same.dtype(), DType::U8);
        let fit = resize(&image, Resize::new(20, 20).preserve_aspect_ratio(true)).unwrap();
        assert_eq!(fit.shape().dims(), [20, 15, 3]);
        assert!(fit.to_vec::<f32>().unwrap().iter().all(|v| *v == 7.0), "a flat image stays flat");
        for bad in [Resize::new(0, 3), Resize::new(3, 0), Resize::new(1 << 25, 1)] {
            assert!(resize(&image, bad).is_err(), "{bad:?}");
        }
    }
}
