//! Complex elements: computed in f64 and rounded once.

use super::{Binary, Unary};
use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use num_complex::{Complex, Complex64};

/// y = f(x) over complex64 or complex128.
pub(super) fn apply<T: Element>(x: &[T], y: &mut [T], f: impl Fn(Complex64) -> Complex64) {
    if T::DTYPE == DType::C128 {
        return y
            .iter_mut()
            .zip(x)
            .for_each(|(y, x)| same_mut(std::slice::from_mut(y))[0] = f(same(&[*x])[0]));
    }
    for (y, x) in same_mut::<T, Complex<f32>>(y).iter_mut().zip(same::<T, Complex<f32>>(x)) {
        *y = narrow(f(wide(*x)));
    }
}

/// y = f(a, b) over complex64 or complex128.
pub(super) fn apply2<T: Element>(
    a: &[T],
    b: &[T],
    y: &mut [T],
    f: impl Fn(Complex64, Complex64) -> Complex64,
) {
    if T::DTYPE == DType::C128 {
        for (y, (a, b)) in same_mut::<T, Complex64>(y).iter_mut().zip(same(a).iter().zip(same(b))) {
            *y = f(*a, *b);
        }
        return;
    }
    for (y, (a, b)) in same_mut::<T, Complex<f32>>(y).iter_mut().zip(same(a).iter().zip(same(b))) {
        *y = narrow(f(wide(*a), wide(*b)));
    }
}

fn wide(z: Complex<f32>) -> Complex64 {
    Complex::new(f64::from(z.re), f64::from(z.im))
}

fn narrow(z: Complex64) -> Complex<f32> {
    Complex::new(z.re as f32, z.im as f32)
}

/// The function of a complex number, where there is one.
pub(super) fn unary(op: Unary, z: Complex64) -> Option<Complex64> {
    let one = Complex::new(1.0, 0.0);
    Some(match op {
        Unary::Neg => -z,
        Unary::Abs => Complex::new(z.norm(), 0.0),
        Unary::Sign if z == Complex::new(0.0, 0.0) => z,
        Unary::Sign => z / z.norm(),
        Unary::Exp => z.exp(),
        Unary::Expm1 => z.exp() - one,
        Unary::Log => z.ln(),
        Unary::Log1p => (z + one).ln(),
        Unary::Sqrt => z.sqrt(),
        Unary::Rsqrt => one / z.sqrt(),
        Unary::Square => z * z,
        Unary::Reciprocal => one / z,
        Unary::Sin => z.sin(),
        Unary::Cos => z.cos(),
        Unary::Tan => z.tan(),
        Unary::Asin => z.asin(),
        Unary::Acos => z.acos(),
        Unary::Atan => z.atan(),
        Unary::Sinh => z.sinh(),
        Unary::Cosh => z.cosh(),
        Unary::Tanh => z.tanh(),
        Unary::Asinh => z.asinh(),
        Unary::Acosh => z.acosh(),
        Unary::Atanh => z.atanh(),
        Unary::Sigmoid => one / (one + (-z).exp()),
        Unary::Conj => z.conj(),
        _ => return None,
    })
}

/// The function of two complex numbers, where there is one.
pub(super) fn binary(op: Binary, a: Complex64, b: Complex64) -> Option<Complex64> {
    let zero = Complex::new(0.0, 0.0);
    Some(match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow if b == zero => Complex::new(1.0, 0.0),
        Binary::Pow if a == zero => zero,
        Binary::Pow => a.powc(b),
        Binary::SquaredDifference => (a - b) * (a - b).conj(),
        Binary::DivNoNan if b == zero => zero,
        Binary::DivNoNan => a / b,
        Binary::MulNoNan if b == zero => zero,
        Binary::MulNoNan => a * b,
        Binary::Xlogy if a == zero => zero,
        Binary::Xlogy => a * b.ln(),
        Binary::Xlog1py if a == zero => zero,
        Binary::Xlog1py => a * (b + 1.0).ln(),
        Binary::Xdivy if a == zero => zero,
        Binary::Xdivy => a / b,
        _ => return None,
    })
}

/// A real number taken out of a complex one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The real part.
    Real,
    /// The imaginary part.
    Imag,
    /// The magnitude.
    Abs,
    /// The angle in radians, in (-pi, pi].
    Angle,
}

macro_rules! parts {
    ($($float:ty, $parts:ident, $from:ident);*) => {$(
        fn $parts(part: Part, z: &[Complex<$float>], y: &mut [$float]) {
            for (y, z) in y.iter_mut().zip(z) {
                *y = match part {
                    Part::Real => z.re,
                    Part::Imag => z.im,
                    Part::Abs => z.re.hypot(z.im),
                    Part::Angle => z.im.atan2(z.re),
                };
            }
        }

        fn $from(re: &[$float], im: &[$float], z: &mut [Complex<$float>]) {
            for (z, (&re, &im)) in z.iter_mut().zip(re.iter().zip(im)) {
                *z = Complex::new(re, im);
            }
        }
    )*};
}

parts!(f32, parts32, from32; f64, parts64, from64);

/// Real numbers out of complex ones: (complex64, f32) or (complex128, f64). Panics for other pairs of types.
pub fn parts<C: Element, R: Element>(part: Part, z: &[C], y: &mut [R]) {
    assert_eq!(z.len(), y.len(), "complex parts: lengths of input and output");
    match R::DTYPE {
        DType::F32 => parts32(part, same(z), same_mut(y)),
        _ => parts64(part, same(z), same_mut(y)),
    }
}

/// Complex numbers out of their real and imaginary parts. Panics for other pairs of types.
pub fn from_parts<R: Element, C: Element>(re: &[R], im: &[R], z: &mut [C]) {
    assert!(re.len() == z.len() && im.len() == z.len(), "complex from parts: lengths of inputs and output");
    match R::DTYPE {
        DType::F32 => from32(same(re), same(im), same_mut(z)),
        _ => from64(same(re), same(im), same_mut(z)),
    }
}
