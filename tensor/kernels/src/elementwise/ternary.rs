//! Functions of three values.

use super::Layout;
use super::operand::{self, Operand};
use super::unary::map;
use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::math;
use crate::vector::{self, Body};
use crate::{special, split};

struct Choose<'a, C, T>(&'a [C], &'a [T], &'a [T], &'a mut [T]);

impl<C: Element, T: Copy> Body for Choose<'_, C, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (((y, &c), &a), &b) in self.3.iter_mut().zip(self.0).zip(self.1).zip(self.2) {
            *y = math::select(c != C::ZERO, a, b);
        }
    }
}

/// One tile: a where c is not zero, else b.
pub(crate) fn select_tile<C: Element, T: Element>(c: &[C], a: &[T], b: &[T], y: &mut [T]) {
    match T::DTYPE {
        DType::F32 => vector::run(Choose(c, same::<T, f32>(a), same(b), same_mut(y))),
        _ => Choose(c, a, b, y).run(),
    }
}

/// y = a where the condition holds, else b (`tf.where`). Each operand comes with its layout over the result.
///
/// Panics when the lengths are not those of the layouts.
pub fn select<T: Element>(
    condition: (&[bool], &Layout),
    a: (&[T], &Layout),
    b: (&[T], &Layout),
    y: &mut [T],
) {
    T::select(condition, a, b, y)
}

pub(crate) fn select_of<T: Element>(
    condition: (&[bool], &Layout),
    a: (&[T], &Layout),
    b: (&[T], &Layout),
    y: &mut [T],
) {
    for (len, layout) in [(condition.0.len(), condition.1), (a.0.len(), a.1), (b.0.len(), b.1)] {
        let expected = layout.input_len().unwrap_or(y.len());
        assert_eq!(len, expected, "select: length of an operand for a result of {} elements", y.len());
    }
    let c = Operand { x: condition.0, layout: condition.1 };
    let (a, b) = (Operand { x: a.0, layout: a.1 }, Operand { x: b.0, layout: b.1 });
    operand::zip3(c, a, b, y, 0.4, select_tile);
}

/// y = min(max(x, low), high): NaN stays; a bound that is NaN is no bound.
///
/// An error for bools and complex numbers.
pub fn clip<T: Element>(x: &[T], low: T, high: T, y: &mut [T]) -> Result {
    T::clip(x, low, high, y)
}

pub(crate) fn clip_of<T: Element>(x: &[T], low: T, high: T, y: &mut [T]) -> Result {
    assert_eq!(x.len(), y.len(), "clip: lengths of input and output");
    if T::DTYPE == DType::Bool || T::DTYPE.is_complex() {
        return Err(Error::Unsupported { op: "clip", dtype: T::DTYPE });
    }
    split::chunks(y, split::piece(0.3), |start, y| {
        let x = &x[start..start + y.len()];
        macro_rules! clip {
            ($t:ty) => {{
                let (low, high) = (same::<T, $t>(&[low])[0], same::<T, $t>(&[high])[0]);
                map(same::<T, $t>(x), same_mut(y), |v: $t| {
                    let v = math::select(v < low, low, v);
                    math::select(v > high, high, v)
                })
            }};
        }
        match T::DTYPE {
            DType::F32 => clip!(f32),
            DType::F64 => clip!(f64),
            DType::F16 => clip!(half::f16),
            DType::BF16 => clip!(half::bf16),
            DType::I8 => clip!(i8),
            DType::I16 => clip!(i16),
            DType::I32 => clip!(i32),
            DType::I64 => clip!(i64),
            DType::U8 => clip!(u8),
            DType::U16 => clip!(u16),
            DType::U32 => clip!(u32),
            _ => clip!(u64),
        }
    });
    Ok(())
}

/// y = I_x(a, b), the regularised incomplete beta function, over slices of one length. Floats only.
pub fn betainc<T: Element>(a: &[T], b: &[T], x: &[T], y: &mut [T]) -> Result {
    let n = y.len();
    assert!(a.len() == n && b.len() == n && x.len() == n, "betainc: lengths of inputs and output");
    if !T::DTYPE.is_float() {
        return Err(Error::Unsupported { op: "betainc", dtype: T::DTYPE });
    }
    split::chunks(y, split::piece(300.0), |start, y| {
        for (i, y) in y.iter_mut().enumerate() {
            let i = start + i;
            *y = T::from_f64(special::betainc(a[i].to_f64(), b[i].to_f64(), x[i].to_f64()));
        }
    });
    Ok(())
}
