//! Conversion of elements from one dtype to another.

use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::math::select;
use crate::split;
use crate::vector::{self, Body};
use crate::{Complex, bf16, f16};

/// Converts every element with the rules of Rust's `as`.
///
/// Floats to integers truncate toward zero, saturate, and turn NaN into 0; integers wrap to narrower ones;
/// numbers to bool are true unless zero; complex numbers keep their real part.
/// Panics when the slices differ in length.
pub fn convert<A: Element, B: Element>(x: &[A], y: &mut [B]) {
    A::convert(x, B::slice_mut(y));
}

/// A writable slice of any element type.
#[allow(missing_docs)]
pub enum SliceMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    F16(&'a mut [f16]),
    BF16(&'a mut [bf16]),
    I8(&'a mut [i8]),
    I16(&'a mut [i16]),
    I32(&'a mut [i32]),
    I64(&'a mut [i64]),
    U8(&'a mut [u8]),
    U16(&'a mut [u16]),
    U32(&'a mut [u32]),
    U64(&'a mut [u64]),
    Bool(&'a mut [bool]),
    C64(&'a mut [Complex<f32>]),
    C128(&'a mut [Complex<f64>]),
}

pub(crate) fn convert_of<A: Element>(x: &[A], y: SliceMut<'_>) {
    match y {
        SliceMut::F32(y) => pair(x, y),
        SliceMut::F64(y) => pair(x, y),
        SliceMut::F16(y) => pair(x, y),
        SliceMut::BF16(y) => pair(x, y),
        SliceMut::I8(y) => pair(x, y),
        SliceMut::I16(y) => pair(x, y),
        SliceMut::I32(y) => pair(x, y),
        SliceMut::I64(y) => pair(x, y),
        SliceMut::U8(y) => pair(x, y),
        SliceMut::U16(y) => pair(x, y),
        SliceMut::U32(y) => pair(x, y),
        SliceMut::U64(y) => pair(x, y),
        SliceMut::Bool(y) => pair(x, y),
        SliceMut::C64(y) => pair(x, y),
        SliceMut::C128(y) => pair(x, y),
    }
}

fn pair<A: Element, B: Element>(x: &[A], y: &mut [B]) {
    assert_eq!(x.len(), y.len(), "convert: lengths differ");
    if common(x, y) {
        return;
    }
    let exact = |d: DType| d.is_int() || d == DType::Bool;
    // 64-bit integers do not survive a detour over f64, nor imaginary parts one over the real numbers.
    if A::DTYPE.is_complex() && B::DTYPE.is_complex() {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = B::from_c128(x.to_c128()));
    } else if exact(A::DTYPE) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = B::from_i128(x.to_i128()));
    } else {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = B::from_f64(x.to_f64()));
    }
}

/// The conversions that programs make all the time (images and labels to floats, masks to numbers, mixed precision), as
/// plain loops that vectorise. False for the others.
fn common<A: Element, B: Element>(x: &[A], y: &mut [B]) -> bool {
    macro_rules! pairs {
        ($($a:ident $at:ty, $b:ident $bt:ty, |$v:ident| $f:expr;)*) => {
            // Both dtypes are constants here, so one arm is left of the match.
            match (A::DTYPE, B::DTYPE) {
                $((DType::$a, DType::$b) => {
                    // A function, since a closure would be compiled anew for every A and B.
                    fn loop_over(x: &[$at], y: &mut [$bt]) {
                        struct Loop<'a>(&'a [$at], &'a mut [$bt]);
                        impl Body for Loop<'_> {
                            type Out = ();
                            #[inline(always)]
                            fn run(self) {
                                for (y, &$v) in self.1.iter_mut().zip(self.0) {
                                    *y = $f;
                                }
                            }
                        }
                        split::chunks(y, split::piece(0.3), |start, y| vector::run(Loop(&x[start..], y)));
                    }
                    loop_over(same::<A, $at>(x), same_mut::<B, $bt>(y));
                })*
                _ => return false,
            }
        };
    }
    pairs! {
        U8 u8, F32 f32, |v| f32::from(v);
        I32 i32, F32 f32, |v| v as f32;
        I64 i64, F32 f32, |v| v as f32;
        F64 f64, F32 f32, |v| v as f32;
        Bool bool, F32 f32, |v| f32::from(u8::from(v));
        F32 f32, F64 f64, |v| f64::from(v);
        I32 i32, F64 f64, |v| f64::from(v);
        I64 i64, F64 f64, |v| v as f64;
        Bool bool, F64 f64, |v| f64::from(u8::from(v));
        F32 f32, I32 i32, |v| to_i32(v);
        F32 f32, I64 i64, |v| v as i64;
        F32 f32, U8 u8, |v| to_i32(v).clamp(0, 255) as u8;
        F64 f64, I64 i64, |v| v as i64;
        U8 u8, I32 i32, |v| i32::from(v);
        U8 u8, I64 i64, |v| i64::from(v);
        I32 i32, I64 i64, |v| i64::from(v);
        I64 i64, I32 i32, |v| v as i32;
        Bool bool, I32 i32, |v| i32::from(v);
        Bool bool, I64 i64, |v| i64::from(v);
        F32 f32, Bool bool, |v| v != 0.0;
        I32 i32, Bool bool, |v| v != 0;
        I64 i64, Bool bool, |v| v != 0;
    }
    true
}

/// `v as i32` in steps that vectorise.
#[inline(always)]
fn to_i32(v: f32) -> i32 {
    const BEYOND: f32 = 2_147_483_648.0;
    let held = select(v < BEYOND, v, 0.0);
    let held = select(held >= -BEYOND, held, -BEYOND);
    // SAFETY: NaN is 0 by now, and what remains lies in -2^31..2^31.
    let i = unsafe { held.to_int_unchecked::<i32>() };
    select(v >= BEYOND, i32::MAX, i)
}

/// Brings numbers into the range of an integer type, where an identity such as the lowest i64 lies outside of it.
pub(crate) fn clamp_to<T: Element>(x: &mut [i64]) {
    let end = |v: f64| T::from_f64(v).to_i128() as i64;
    let (lowest, highest) = (end(f64::NEG_INFINITY), end(f64::INFINITY));
    x.iter_mut().for_each(|v| *v = (*v).clamp(lowest, highest));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<A: Element, B: Element>(x: A) -> B {
        let mut y = [B::ZERO];
        convert(&[x], &mut y);
        y[0]
    }

    #[test]
    fn table() {
        assert_eq!(one::<f32, i32>(-1.9), -1);
        assert_eq!(one::<f32, i8>(300.0), 127);
        assert_eq!(one::<f64, u8>(f64::NAN), 0);
        assert_eq!(one::<i64, i32>(i64::MAX), -1);
        assert_eq!(one::<u64, i64>(u64::MAX), -1);
        assert_eq!(one::<i64, i64>(i64::MAX - 1), i64::MAX - 1);
        for v in [
            -3e9,
            -2_147_483_648.0,
            -1e-9,
            0.5,
            2_147_483_520.0,
            2_147_483_648.0,
            f32::INFINITY,
            -f32::INFINITY,
            f32::NAN,
        ] {
            assert_eq!(one::<f32, i32>(v), v as i32, "{v}");
            assert_eq!(one::<f32, u8>(v), v as u8, "{v}");
        }
        assert!(one::<f32, bool>(0.5));
        assert_eq!(one::<bool, f32>(true), 1.0);
        assert_eq!(one::<Complex<f32>, f64>(Complex::new(2.0, 3.0)), 2.0);
        assert_eq!(one::<Complex<f32>, Complex<f64>>(Complex::new(2.0, 3.0)), Complex::new(2.0, 3.0));
        assert_eq!(one::<i64, f32>(16_777_217), 16_777_216.0);
        assert_eq!(one::<f32, u8>(300.7), 255);
        assert_eq!(one::<f64, f32>(1e300), f32::INFINITY);
        assert!(one::<f32, bool>(f32::NAN));
        assert_eq!(one::<bool, i64>(true), 1);
    }
}
