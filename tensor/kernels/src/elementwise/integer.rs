//! Integers: wrapping arithmetic; division by zero and negative powers are errors.

use super::unary::map;
use super::{Binary, Unary};
use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::vector::{Body, Lane};

/// What the kernels need of an integer type; the same names on signed and unsigned types.
pub(crate) trait Int: Element + Lane + Ord {
    const BITS: u32;
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn sign(self) -> Self;
    fn not(self) -> Self;
    /// Quotient towards zero; `b` is not zero.
    fn quot(self, b: Self) -> Self;
    /// Remainder with the sign of `self`; `b` is not zero.
    fn rem(self, b: Self) -> Self;
    fn negative(self) -> bool;
    fn pow(self, b: Self) -> Self;
    fn and(self, b: Self) -> Self;
    fn or(self, b: Self) -> Self;
    fn xor(self, b: Self) -> Self;
    /// Shift by 0..BITS, arithmetic to the right for signed types.
    fn shl(self, n: u32) -> Self;
    fn shr(self, n: u32) -> Self;
    fn to_u64(self) -> u64;
}

macro_rules! int {
    ($($t:ty, $abs:expr, $sign:expr, $negative:expr;)*) => {$(
        impl Int for $t {
            const BITS: u32 = <$t>::BITS;
            #[inline(always)]
            fn add(self, b: Self) -> Self { self.wrapping_add(b) }
            #[inline(always)]
            fn sub(self, b: Self) -> Self { self.wrapping_sub(b) }
            #[inline(always)]
            fn mul(self, b: Self) -> Self { self.wrapping_mul(b) }
            #[inline(always)]
            fn neg(self) -> Self { self.wrapping_neg() }
            #[inline(always)]
            fn abs(self) -> Self { $abs(self) }
            #[inline(always)]
            fn sign(self) -> Self { $sign(self) }
            #[inline(always)]
            fn not(self) -> Self { !self }
            #[inline(always)]
            fn quot(self, b: Self) -> Self { self.wrapping_div(b) }
            #[inline(always)]
            fn rem(self, b: Self) -> Self { self.wrapping_rem(b) }
            #[inline(always)]
            fn negative(self) -> bool { $negative(self) }
            #[inline(always)]
            fn pow(self, b: Self) -> Self {
                let (mut y, mut base, mut n) = (1 as $t, self, b);
                while n != 0 {
                    if n & 1 == 1 { y = y.wrapping_mul(base); }
                    base = base.wrapping_mul(base);
                    n >>= 1;
                }
                y
            }
            #[inline(always)]
            fn and(self, b: Self) -> Self { self & b }
            #[inline(always)]
            fn or(self, b: Self) -> Self { self | b }
            #[inline(always)]
            fn xor(self, b: Self) -> Self { self ^ b }
            #[inline(always)]
            fn shl(self, n: u32) -> Self { self << n }
            #[inline(always)]
            fn shr(self, n: u32) -> Self { self >> n }
            #[inline(always)]
            fn to_u64(self) -> u64 { self as u64 }
        }
    )*};
}

int! {
    i8, i8::wrapping_abs, i8::signum, |v: i8| v < 0;
    i16, i16::wrapping_abs, i16::signum, |v: i16| v < 0;
    i32, i32::wrapping_abs, i32::signum, |v: i32| v < 0;
    i64, i64::wrapping_abs, i64::signum, |v: i64| v < 0;
    u8, |v| v, |v| u8::from(v != 0), |_| false;
    u16, |v| v, |v| u16::from(v != 0), |_| false;
    u32, |v| v, |v| u32::from(v != 0), |_| false;
    u64, |v| v, |v| u64::from(v != 0), |_| false;
}

/// Runs a block with the integer type that stands behind the generic `T`.
macro_rules! with_int {
    ($d:expr, $i:ident => $body:expr) => {
        match $d {
            DType::I8 => {
                type $i = i8;
                $body
            }
            DType::I16 => {
                type $i = i16;
                $body
            }
            DType::I32 => {
                type $i = i32;
                $body
            }
            DType::I64 => {
                type $i = i64;
                $body
            }
            DType::U8 => {
                type $i = u8;
                $body
            }
            DType::U16 => {
                type $i = u16;
                $body
            }
            DType::U32 => {
                type $i = u32;
                $body
            }
            DType::U64 => {
                type $i = u64;
                $body
            }
            d => unreachable!("{d} is not an integer type"),
        }
    };
}

/// True when integers have the function.
pub(super) fn has_unary(op: Unary) -> bool {
    use Unary::*;
    matches!(
        op,
        Neg | Abs | Sign | Square | Floor | Ceil | Round | Rint | Trunc | Relu | Relu6 | Invert | Conj
    )
}

/// y = op(x) for a function that integers have.
pub(super) fn unary<T: Element>(op: Unary, x: &[T], y: &mut [T]) {
    with_int!(T::DTYPE, I => unary_int::<I>(op, same(x), same_mut(y)));
}

fn unary_int<I: Int>(op: Unary, x: &[I], y: &mut [I]) {
    match op {
        Unary::Neg => map(x, y, I::neg),
        Unary::Abs => map(x, y, I::abs),
        Unary::Sign => map(x, y, I::sign),
        Unary::Square => map(x, y, |v: I| v.mul(v)),
        Unary::Invert => map(x, y, I::not),
        Unary::Relu => map(x, y, |v: I| v.max(I::ZERO)),
        Unary::Relu6 => map(x, y, |v: I| v.max(I::ZERO).min(I::from_f64(6.0))),
        _ => y.copy_from_slice(x),
    }
}

/// True when integers have the function.
pub(super) fn has_binary(op: Binary) -> bool {
    use Binary::*;
    matches!(
        op,
        Add | Sub
            | Mul
            | Div
            | FloorDiv
            | FloorMod
            | TruncDiv
            | TruncMod
            | Pow
            | Maximum
            | Minimum
            | SquaredDifference
            | BitAnd
            | BitOr
            | BitXor
            | ShiftLeft
            | ShiftRight
            | ReluGrad
    )
}

/// The error that the right operand must raise, if any.
pub(super) fn check<T: Element>(op: Binary, b: &[T]) -> Result {
    use Binary::*;
    let found = |test: fn(f64) -> bool| b.iter().any(|v| test(v.to_f64()));
    match op {
        Div | FloorDiv | FloorMod | TruncDiv | TruncMod if found(|v| v == 0.0) => {
            Err(Error::DivisionByZero { op: op.name() })
        }
        Pow if found(|v| v < 0.0) => Err(Error::NegativePower),
        _ => Ok(()),
    }
}

/// y = op(a, b) for a function that integers have; `check` has passed.
pub(super) fn binary<T: Element>(op: Binary, a: &[T], b: &[T], y: &mut [T]) {
    with_int!(T::DTYPE, I => binary_int::<I>(op, same(a), same(b), same_mut(y)));
}

struct Zip<'a, I, F>(&'a [I], &'a [I], &'a mut [I], F);

impl<I: Int, F: Fn(I, I) -> I> Body for Zip<'_, I, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for ((y, &a), &b) in self.2.iter_mut().zip(self.0).zip(self.1) {
            *y = (self.3)(a, b);
        }
    }
}

fn floor_rem<I: Int>(a: I, b: I) -> I {
    let r = a.rem(b);
    if r != I::ZERO && r.negative() != b.negative() { r.add(b) } else { r }
}

fn floor_quot<I: Int>(a: I, b: I) -> I {
    let q = a.quot(b);
    if a.rem(b) != I::ZERO && a.negative() != b.negative() { q.sub(I::ONE) } else { q }
}

/// The shift count of a shift operand: kept within the width, as TensorFlow does.
fn count<I: Int>(b: I) -> u32 {
    if b.negative() { 0 } else { b.to_u64().min(u64::from(I::BITS - 1)) as u32 }
}

fn binary_int<I: Int>(op: Binary, a: &[I], b: &[I], y: &mut [I]) {
    macro_rules! zip {
        ($f:expr) => {
            I::run(Zip(a, b, y, $f))
        };
    }
    match op {
        Binary::Add => zip!(I::add),
        Binary::Sub => zip!(I::sub),
        Binary::Mul => zip!(I::mul),
        Binary::Div | Binary::TruncDiv => zip!(I::quot),
        Binary::TruncMod => zip!(I::rem),
        Binary::FloorDiv => zip!(floor_quot),
        Binary::FloorMod => zip!(floor_rem),
        Binary::Pow => zip!(I::pow),
        Binary::Maximum => zip!(|a: I, b| a.max(b)),
        Binary::Minimum => zip!(|a: I, b| a.min(b)),
        Binary::SquaredDifference => zip!(|a: I, b| a.sub(b).mul(a.sub(b))),
        Binary::BitAnd => zip!(I::and),
        Binary::BitOr => zip!(I::or),
        Binary::BitXor => zip!(I::xor),
        Binary::ShiftLeft => zip!(|a: I, b| a.shl(count(b))),
        Binary::ShiftRight => zip!(|a: I, b| a.shr(count(b))),
        Binary::ReluGrad => zip!(|a: I, b| if b > I::ZERO { a } else { I::ZERO }),
        _ => unreachable!("integers have no {}", op.name()),
    }
}
