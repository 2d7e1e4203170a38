//! Conversion of elements from one dtype to another.

use crate::dtype::{DType, Element};

/// Converts every element with the rules of Rust's `as`.
///
/// Floats to integers truncate toward zero, saturate, and turn NaN into 0; integers wrap to narrower ones;
/// numbers to bool are true unless zero; complex numbers keep their real part.
/// Panics when the slices differ in length.
pub fn convert<A: Element, B: Element>(x: &[A], y: &mut [B]) {
    assert_eq!(x.len(), y.len(), "convert: lengths differ");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Complex;

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
        assert!(one::<f32, bool>(0.5));
        assert_eq!(one::<bool, f32>(true), 1.0);
        assert_eq!(one::<Complex<f32>, f64>(Complex::new(2.0, 3.0)), 2.0);
        assert_eq!(one::<Complex<f32>, Complex<f64>>(Complex::new(2.0, 3.0)), Complex::new(2.0, 3.0));
        assert_eq!(one::<i64, f32>(16_777_217), 16_777_216.0);
    }
}
