//! Images seen through a projective map: rotated, sheared, zoomed, tilted.

use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Keep, Result, Spec, Specs, Tensor};
use smallvec::smallvec;

use crate::frames::Frames;

gradus_tensor::attr_enum! {
    /// What stands outside of an image.
    pub enum FillMode {
        /// One value: `(k k k k | a b c d | k k k k)`.
        Constant = "constant",
        /// The mirrored image, its border pixels twice: `(d c b a | a b c d | d c b a)`.
        Reflect = "reflect",
        /// The image again: `(a b c d | a b c d | a b c d)`.
        Wrap = "wrap",
        /// The border pixels: `(a a a a | a b c d | d d d d)`.
        Nearest = "nearest",
    }
}

gradus_tensor::attr_enum! {
    /// How a value between pixels is found.
    pub enum Interpolation {
        /// The nearest pixel.
        Nearest = "nearest",
        /// Linear between the four pixels around.
        Bilinear = "bilinear",
    }
}

macro_rules! by_name {
    ($t:ident, $what:literal, $names:literal) => {
        impl std::str::FromStr for $t {
            type Err = Error;
            fn from_str(name: &str) -> Result<$t> {
                $t::from_name(&name.to_lowercase()).ok_or_else(|| {
                    Error::value(format!(concat!("unknown ", $what, " {:?}; there are ", $names), name))
                })
            }
        }
        #[cfg(feature = "serde")]
        crate::names::serde_by_name!($t);
    };
}
by_name!(FillMode, "fill mode", "constant, reflect, wrap, nearest");
by_name!(Interpolation, "interpolation", "nearest, bilinear");

/// Options of [`projective_transform`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Projective {
    pub(crate) interpolation: Interpolation,
    pub(crate) fill_mode: FillMode,
    pub(crate) fill_value: f64,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) size: Option<[usize; 2]>,
}

impl Default for Projective {
    fn default() -> Projective {
        Projective {
            interpolation: Interpolation::Bilinear,
            fill_mode: FillMode::Constant,
            fill_value: 0.0,
            size: None,
        }
    }
}

impl Projective {
    /// Bilinear, zero outside, the same size.
    pub fn new() -> Projective {
        Projective::default()
    }

    /// How a value between pixels is found. Default bilinear.
    pub fn interpolation(mut self, interpolation: Interpolation) -> Projective {
        self.interpolation = interpolation;
        self
    }

    /// What stands outside of the image. Default constant.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> Projective {
        self.fill_mode = fill_mode;
        self
    }

    /// The constant outside. Default 0.
    pub fn fill_value(mut self, fill_value: f64) -> Projective {
        self.fill_value = fill_value;
        self
    }

    /// Height and width of the result. Default: those of the images.
    pub fn output_size(mut self, height: usize, width: usize) -> Projective {
        self.size = Some([height, width]);
        self
    }
}

/// The images seen through projective maps (`ImageProjectiveTransformV3`).
///
/// `transforms` is `[8]`, `[1, 8]` or `[batch, 8]`: with a row `a0 a1 a2 b0 b1 b2 c0 c1`, output pixel `(x, y)` comes
/// from input position `((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k)`, `k = c0 x + c1 y + 1`; where `k` is 0,
/// `fill_value`. Images are u8 or f32 and stay so (bytes are truncated); other dtypes go through f32.
///
/// The gradient for the images is TensorFlow's: the gradient image seen through the inverse maps. For rotations and
/// shifts that is close to the exact one, and equal to what Keras trains with. There is none for the transforms.
///
/// # Errors
/// When shapes do not fit; in the gradient, when a map has no inverse.
pub fn projective_transform(images: &Tensor, transforms: &Tensor, options: Projective) -> Result<Tensor> {
    let f = Frames::of(ProjectiveTransform::NAME, images)?;
    let [height, width] = options.size.unwrap_or([f.height, f.width]);
    let op = ProjectiveTransform {
        interpolation: options.interpolation,
        fill_mode: options.fill_mode,
        fill_value: options.fill_value,
        height,
        width,
    };
    let transforms = if transforms.rank() == 1 { transforms.expand_dims(0)? } else { transforms.clone() };
    let transforms =
        if transforms.dtype() == DType::F32 { transforms } else { transforms.cast(DType::F32)? };
    match images.dtype() {
        DType::U8 | DType::F32 => apply1(&op, &[images, &transforms]),
        other => apply1(&op, &[&images.cast(DType::F32)?, &transforms])?.cast(other),
    }
}

gradus_tensor::op! {
    /// Images and rows of eight numbers: the images through these maps.
    pub(crate) struct ProjectiveTransform {
        interpolation: Interpolation, fill_mode: FillMode, fill_value: f64, height: usize, width: usize,
    } = "projective_transform"
}

impl Op for ProjectiveTransform {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let f = Frames::of_shape(Self::NAME, &x[0].shape)?;
        match *x[1].shape.dims() {
            [n, 8] if n == f.batch || n == 1 => {}
            _ => {
                return Err(Error::shape(format!(
                    "{}: transforms must be [8], [1, 8] or [{}, 8], found shape {}",
                    Self::NAME,
                    f.batch,
                    x[1].shape
                )));
            }
        }
        if f.height == 0 || f.width == 0 {
            return Err(Error::shape(format!(
                "{}: images of shape {} have no pixel",
                Self::NAME,
                x[0].shape
            )));
        }
        Ok(smallvec![x[0].reshaped(f.shape(self.height, self.width, f.channels))])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let f = Frames::of_shape(Self::NAME, x[0].shape())?;
        let (maps, _) = x[1].as_slice::<f32>().as_chunks::<8>();
        if x[0].dtype() == DType::U8 {
            self.run::<u8>(&f, maps, x[0].as_slice(), y[0].as_mut());
        } else {
            self.run::<f32>(&f, maps, x[0].as_slice(), y[0].as_mut());
        }
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b10, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        if cx.needs(0) {
            let f = Frames::of_shape(Self::NAME, &cx.x_spec(0).shape)?;
            let (maps, _) = cx.x(1).view().as_slice::<f32>().as_chunks::<8>();
            let inverse = maps.iter().map(inverse).collect::<Result<Vec<[f32; 8]>>>()?;
            let op =
                ProjectiveTransform { fill_value: 0.0, height: f.height, width: f.width, ..self.clone() };
            let dx = apply1(&op, &[&cx.dy(0)?, &Tensor::new(inverse)?])?;
            cx.give(0, dx)?;
        }
        if cx.needs(1) {
            return Err(Error::no_gradient("projective_transform (transforms)"));
        }
        Ok(())
    }
}

/// A pixel value, in and out of f32.
trait Pixel: Copy {
    fn float(self) -> f32;
    fn from_float(v: f32) -> Self;
}
impl Pixel for u8 {
    #[inline(always)]
    fn float(self) -> f32 {
        f32::from(self)
    }
    #[inline(always)]
    fn from_float(v: f32) -> u8 {
        v as u8
    }
}
impl Pixel for f32 {
    #[inline(always)]
    fn float(self) -> f32 {
        self
    }
    #[inline(always)]
    fn from_float(v: f32) -> f32 {
        v
    }
}

impl ProjectiveTransform {
    fn run<T: Pixel>(&self, f: &Frames, maps: &[[f32; 8]], x: &[T], y: &mut [T]) {
        let size = self.height * self.width * f.channels;
        if size == 0 {
            return;
        }
        for (i, (image, out)) in x.chunks_exact(f.size()).zip(y.chunks_exact_mut(size)).enumerate() {
            let map = &maps[if maps.len() == 1 { 0 } else { i }];
            match f.channels {
                1 => self.image::<T, 1>(f, map, image, out),
                3 => self.image::<T, 3>(f, map, image, out),
                4 => self.image::<T, 4>(f, map, image, out),
                _ => self.image::<T, 0>(f, map, image, out),
            }
        }
    }

    /// One image; `C` is the number of channels, or 0 when it is known at run time only.
    fn image<T: Pixel, const C: usize>(&self, f: &Frames, map: &[f32; 8], image: &[T], out: &mut [T]) {
        let channels = if C == 0 { f.channels } else { C };
        let [a0, a1, a2, b0, b1, b2, c0, c1] = *map;
        let fill = T::from_float(self.fill_value as f32);
        let view = Sampled::<T, C> { image, f, channels, fill };
        for (row, out) in out.chunks_exact_mut(self.width * channels).enumerate() {
            let oy = row as f32;
            for (column, out) in out.chunks_exact_mut(channels).enumerate() {
                let ox = column as f32;
                let k = c0 * ox + c1 * oy + 1.0;
                if k == 0.0 {
                    out.fill(fill);
                    continue;
                }
                let x = fold(self.fill_mode, (a0 * ox + a1 * oy + a2) / k, f.width);
                let y = fold(self.fill_mode, (b0 * ox + b1 * oy + b2) / k, f.height);
                match self.interpolation {
                    Interpolation::Nearest => view.nearest(y, x, out),
                    Interpolation::Bilinear => view.bilinear(y, x, out),
                }
            }
        }
    }
}

struct Sampled<'a, T, const C: usize> {
    image: &'a [T],
    f: &'a Frames,
    channels: usize,
    fill: T,
}

impl<T: Pixel, const C: usize> Sampled<'_, T, C> {
    #[inline(always)]
    fn at(&self, y: usize, x: usize) -> &[T] {
        let start = (y * self.f.width + x) * self.channels;
        &self.image[start..start + self.channels]
    }

    #[inline(always)]
    fn inside(&self, y: f32, x: f32) -> bool {
        // False for NaN too.
        y >= 0.0 && x >= 0.0 && y < self.f.height as f32 && x < self.f.width as f32
    }

    #[inline(always)]
    fn nearest(&self, y: f32, x: f32, out: &mut [T]) {
        let (y, x) = (y.round(), x.round());
        if self.inside(y, x) {
            out.copy_from_slice(self.at(y as usize, x as usize));
        } else {
            out.fill(self.fill);
        }
    }

    #[inline(always)]
    fn bilinear(&self, y: f32, x: f32, out: &mut [T]) {
        let (top, left) = (y.floor(), x.floor());
        let (dy, dx) = (y - top, x - left);
        if self.inside(top, left) && self.inside(top + 1.0, left + 1.0) {
            let (y, x) = (top as usize, left as usize);
            let step = self.f.width * self.channels;
            let start = y * step + x * self.channels;
            let (above, below) = (&self.image[start..start + 2 * self.channels], &self.image[start + step..]);
            let below = &below[..2 * self.channels];
            for c in 0..self.channels {
                let p = (1.0 - dx) * above[c].float() + dx * above[c + self.channels].float();
                let q = (1.0 - dx) * below[c].float() + dx * below[c + self.channels].float();
                out[c] = T::from_float((1.0 - dy) * p + dy * q);
            }
            return;
        }
        let corner = |y: f32, x: f32, c: usize| {
            if self.inside(y, x) { self.at(y as usize, x as usize)[c].float() } else { self.fill.float() }
        };
        for (c, out) in out.iter_mut().enumerate() {
            let p = (1.0 - dx) * corner(top, left, c) + dx * corner(top, left + 1.0, c);
            let q = (1.0 - dx) * corner(top + 1.0, left, c) + dx * corner(top + 1.0, left + 1.0, c);
            *out = T::from_float((1.0 - dy) * p + dy * q);
        }
    }
}

/// The position inside of the image that stands for one outside.
#[inline(always)]
fn fold(mode: FillMode, at: f32, size: usize) -> f32 {
    let last = (size - 1) as f32;
    if (at >= 0.0 && at <= last) || mode == FillMode::Constant {
        return at;
    }
    if size <= 1 {
        return 0.0;
    }
    let len = size as f32;
    let folded = match mode {
        FillMode::Reflect if at < 0.0 => {
            let period = 2.0 * len;
            let near = if at < period { period * (-at / period).trunc() + at } else { at };
            if near < -len { near + period } else { -near - 1.0 }
        }
        FillMode::Reflect => {
            let period = 2.0 * len;
            let near = at - period * (at / period).trunc();
            if near >= len { period - near - 1.0 } else { near }
        }
        FillMode::Wrap if at < 0.0 => at + len * ((-at / last).trunc() + 1.0),
        FillMode::Wrap => at - len * (at / last).trunc(),
        FillMode::Nearest | FillMode::Constant => at,
    };
    // `clamp` keeps NaN, which then counts as outside.
    folded.clamp(0.0, last)
}

/// The inverse of a map, scaled so that its last entry is 1.
fn inverse(map: &[f32; 8]) -> Result<[f32; 8]> {
    let m: Vec<f64> = map.iter().map(|v| f64::from(*v)).chain([1.0]).collect();
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a] * m[d] - m[b] * m[c];
    let adjugate = [
        minor(4, 5, 7, 8),
        -minor(1, 2, 7, 8),
        minor(1, 2, 4, 5),
        -minor(3, 5, 6, 8),
        minor(0, 2, 6, 8),
        -minor(0, 2, 3, 5),
        minor(3, 4, 6, 7),
        -minor(0, 1, 6, 7),
        minor(0, 1, 3, 4),
    ];
    let determinant = m[0] * adjugate[0] + m[1] * adjugate[3] + m[2] * adjugate[6];
    if determinant == 0.0 || adjugate[8] == 0.0 || !determinant.is_finite() {
        return Err(Error::value(format!("projective_transform: the map {map:?} has no inverse")));
    }
    Ok(std::array::from_fn(|i| (adjugate[i] / adjugate[8]) as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_modes_read_as_documented() {
        // What stands at positions -6 to 9 of the row a b c d.
        let cases = [(FillMode::Reflect, "bccbaabcddcbaabc"), (FillMode::Nearest, "aaaaaaabcddddddd")];
        for (mode, want) in cases {
            let found: String =
                (-6..10).map(|at| char::from(b"abcd"[fold(mode, at as f32, 4) as usize])).collect();
            if mode == FillMode::Reflect {
                // -6 mirrors to 5, which mirrors to 2.
                assert_eq!(&found[2..14], "dcbaabcddcba", "{mode:?}");
            } else {
                assert_eq!(found, want, "{mode:?}");
            }
        }
    }

    #[test]
    fn inverse_undoes() {
        let map = [0.9f32, -0.3, 4.0, 0.2, 1.1, -2.0, 0.001, 0.002];
        let inv = inverse(&map).unwrap();
        let at = |m: &[f32; 8], x: f32, y: f32| {
            let k = m[6] * x + m[7] * y + 1.0;
            ((m[0] * x + m[1] * y + m[2]) / k, (m[3] * x + m[4] * y + m[5]) / k)
        };
        let (x, y) = at(&map, 3.0, 5.0);
        let (x, y) = at(&inv, x, y);
        assert!((x - 3.0).abs() < 1e-4 && (y - 5.0).abs() < 1e-4, "({x}, {y})");
        assert!(inverse(&[0.0; 8]).is_err());
    }
}
