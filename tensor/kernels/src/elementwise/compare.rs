//! Comparisons of two values, and tests of one.

use super::operand::{self, Operand};
use super::{Broadcast, narrow};
use crate::cast::same;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::math::{Float, select};
use crate::split;
use crate::vector::{Body, Lane};
use num_complex::Complex;

/// A relation of two values. All but [`NotEqual`](Compare::NotEqual) are false when either is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    /// Every relation.
    pub const ALL: &[Compare] = &[
        Compare::Equal,
        Compare::NotEqual,
        Compare::Less,
        Compare::LessEqual,
        Compare::Greater,
        Compare::GreaterEqual,
    ];

    /// TensorFlow's name, such as `less_equal`.
    pub const fn name(self) -> &'static str {
        match self {
            Compare::Equal => "equal",
            Compare::NotEqual => "not_equal",
            Compare::Less => "less",
            Compare::LessEqual => "less_equal",
            Compare::Greater => "greater",
            Compare::GreaterEqual => "greater_equal",
        }
    }

    /// True when [`compare`] has the relation for this type: bools and complex numbers have no order.
    pub fn supports(self, dtype: DType) -> bool {
        matches!(self, Compare::Equal | Compare::NotEqual) || !(dtype == DType::Bool || dtype.is_complex())
    }
}

/// A property of one floating-point value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Test {
    IsNan,
    IsInf,
    IsFinite,
}

impl Test {
    /// Every property.
    pub const ALL: &[Test] = &[Test::IsNan, Test::IsInf, Test::IsFinite];

    /// TensorFlow's name, such as `is_nan`.
    pub const fn name(self) -> &'static str {
        match self {
            Test::IsNan => "is_nan",
            Test::IsInf => "is_inf",
            Test::IsFinite => "is_finite",
        }
    }
}

struct Zip<'a, T, U, F>(&'a [T], &'a [T], &'a mut [U], F);

impl<T: Copy, U, F: Fn(T, T) -> U> Body for Zip<'_, T, U, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for ((y, &a), &b) in self.2.iter_mut().zip(self.0).zip(self.1) {
            *y = (self.3)(a, b);
        }
    }
}

/// Calls a loop with the relation as a closure.
macro_rules! relation {
    ($op:expr, $a:expr, $b:expr, $y:expr, $out:expr) => {
        match $op {
            Compare::Equal => T::run(Zip($a, $b, $y, |a, b| $out(a == b))),
            Compare::NotEqual => T::run(Zip($a, $b, $y, |a, b| $out(a != b))),
            Compare::Less => T::run(Zip($a, $b, $y, |a, b| $out(a < b))),
            Compare::LessEqual => T::run(Zip($a, $b, $y, |a, b| $out(a <= b))),
            Compare::Greater => T::run(Zip($a, $b, $y, |a, b| $out(a > b))),
            Compare::GreaterEqual => T::run(Zip($a, $b, $y, |a, b| $out(a >= b))),
        }
    };
}

/// One tile: 1 where the relation holds, else 0, in the type of the operands.
pub(crate) fn compare_mask<T: Float>(op: Compare, a: &[T], b: &[T], y: &mut [T]) {
    relation!(op, a, b, y, |c| select(c, T::ONE, T::ZERO));
}

fn ordered<T: Lane + PartialOrd>(op: Compare, a: &[T], b: &[T], y: &mut [bool]) {
    relation!(op, a, b, y, |c| c);
}

fn unordered<T: Copy + PartialEq>(op: Compare, a: &[T], b: &[T], y: &mut [bool]) {
    for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
        *y = (a == b) == (op == Compare::Equal);
    }
}

pub(super) fn tile<T: Element>(op: Compare, a: &[T], b: &[T], y: &mut [bool]) {
    macro_rules! order {
        ($t:ty) => {
            ordered(op, same::<T, $t>(a), same::<T, $t>(b), y)
        };
    }
    match T::DTYPE {
        DType::F32 => order!(f32),
        DType::F64 => order!(f64),
        DType::F16 => order!(half::f16),
        DType::BF16 => order!(half::bf16),
        DType::I8 => order!(i8),
        DType::I16 => order!(i16),
        DType::I32 => order!(i32),
        DType::I64 => order!(i64),
        DType::U8 => order!(u8),
        DType::U16 => order!(u16),
        DType::U32 => order!(u32),
        DType::U64 => order!(u64),
        DType::Bool | DType::C64 | DType::C128 => unordered(op, a, b, y),
    }
}

/// y = op(a, b), stretched as `broadcast` says. An error when the type has no order.
pub fn compare<T: Element>(op: Compare, broadcast: &Broadcast, a: &[T], b: &[T], y: &mut [bool]) -> Result {
    T::compare(op, broadcast, a, b, y)
}

pub(crate) fn compare_of<T: Element>(
    op: Compare,
    broadcast: &Broadcast,
    a: &[T],
    b: &[T],
    y: &mut [bool],
) -> Result {
    broadcast.check(op.name(), a.len(), b.len(), y.len());
    if !op.supports(T::DTYPE) {
        return Err(Error::Unsupported { op: op.name(), dtype: T::DTYPE });
    }
    let a = Operand { x: a, layout: broadcast.layout(0) };
    let b = Operand { x: b, layout: broadcast.layout(1) };
    operand::zip(a, b, y, 0.3, |a, b, y| tile(op, a, b, y));
    Ok(())
}

/// One tile: 1 where the property holds, else 0.
pub(crate) fn test_mask<T: Float>(op: Test, x: &[T], y: &mut [T]) {
    match op {
        Test::IsNan => super::unary::map(x, y, |v: T| select(v.is_nan(), T::ONE, T::ZERO)),
        Test::IsInf => super::unary::map(x, y, |v: T| select(v.abs() == T::INFINITY, T::ONE, T::ZERO)),
        Test::IsFinite => super::unary::map(x, y, |v: T| select(v.abs() < T::INFINITY, T::ONE, T::ZERO)),
    }
}

fn test_float<T: Float>(op: Test, x: &[T], y: &mut [bool]) {
    match op {
        Test::IsNan => super::unary::map(x, y, |v: T| v.is_nan()),
        Test::IsInf => super::unary::map(x, y, |v: T| v.abs() == T::INFINITY),
        Test::IsFinite => super::unary::map(x, y, |v: T| v.abs() < T::INFINITY),
    }
}

/// y = op(x). Integers and bools are finite; a complex number is NaN or infinite when either part is.
pub fn test<T: Element>(op: Test, x: &[T], y: &mut [bool]) {
    T::test(op, x, y)
}

pub(crate) fn test_of<T: Element>(op: Test, x: &[T], y: &mut [bool]) {
    assert_eq!(x.len(), y.len(), "{}: lengths of input and output", op.name());
    split::chunks(y, split::piece(0.3), |start, y| {
        let x = &x[start..start + y.len()];
        match T::DTYPE {
            DType::F32 => test_float(op, same::<T, f32>(x), y),
            DType::F64 => test_float(op, same::<T, f64>(x), y),
            DType::F16 | DType::BF16 => {
                let mut wide = [0.0; 256];
                for (x, y) in x.chunks(256).zip(y.chunks_mut(256)) {
                    narrow::widen(x, &mut wide[..x.len()]);
                    test_float(op, &wide[..x.len()], y);
                }
            }
            DType::C64 => complex(op, same::<T, Complex<f32>>(x), y),
            DType::C128 => complex(op, same::<T, Complex<f64>>(x), y),
            _ => y.fill(op == Test::IsFinite),
        }
    });
}

fn complex<F: Float>(op: Test, x: &[Complex<F>], y: &mut [bool]) {
    for (y, z) in y.iter_mut().zip(x) {
        let nan = z.re.is_nan() || z.im.is_nan();
        let inf = z.re.abs() == F::INFINITY || z.im.abs() == F::INFINITY;
        *y = match op {
            Test::IsNan => nan,
            Test::IsInf => inf,
            Test::IsFinite => !nan && !inf,
        };
    }
}
