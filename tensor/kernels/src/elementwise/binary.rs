//! Functions of two values.

use super::operand::{self, Operand};
use super::{Broadcast, complex, integer, narrow};
use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::math::{Float, select};
use crate::special;
use crate::vector::Body;

/// Declares the enum, and the loop for f32 and f64 of every function that floats have.
macro_rules! binary_ops {
    (float { $($(#[$doc:meta])* $op:ident $name:literal $ns:literal |$a:ident, $b:ident| $f:expr;)* }
     other { $($(#[$odoc:meta])* $other:ident $oname:literal;)* }) => {
        /// A function of two values of one type that keeps the type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Binary { $($(#[$doc])* $op,)* $($(#[$odoc])* $other),* }

        impl Binary {
            /// Every function, in declaration order.
            pub const ALL: &[Binary] = &[$(Binary::$op,)* $(Binary::$other),*];

            /// Lower-case name, such as `floor_div`.
            pub const fn name(self) -> &'static str {
                match self { $(Binary::$op => $name,)* $(Binary::$other => $oname),* }
            }

            /// Rough cost in f32, nanoseconds per element in cache.
            pub const fn cost(self) -> f64 {
                match self { $(Binary::$op => $ns,)* _ => 0.1 }
            }

            /// True when f32 and f64 have the function.
            const fn has_float(self) -> bool {
                matches!(self, $(Binary::$op)|*)
            }
        }

        /// One function over slices of equal lengths on this thread.
        pub(crate) fn binary_float<T: Float>(op: Binary, a: &[T], b: &[T], y: &mut [T]) {
            match op {
                $(Binary::$op => {
                    #[inline(always)]
                    fn f<T: Float>($a: T, $b: T) -> T { $f }
                    T::run(Zip { a, b, y, f: f::<T> })
                })*
                _ => unreachable!("floats have no {}", op.name()),
            }
        }
    };
}

binary_ops! {
    float {
        /// a + b.
        Add "add" 0.1 |a, b| a + b;
        /// a - b.
        Sub "sub" 0.1 |a, b| a - b;
        /// a b.
        Mul "mul" 0.1 |a, b| a * b;
        /// a / b; towards zero for integers.
        Div "div" 0.2 |a, b| a / b;
        /// floor(a / b).
        FloorDiv "floor_div" 0.2 |a, b| (a / b).floor();
        /// a - b floor(a / b): has the sign of b.
        FloorMod "floor_mod" 10.0 |a, b| a.floor_mod(b);
        /// Quotient rounded towards zero.
        TruncDiv "truncate_div" 0.2 |a, b| (a / b).trunc();
        /// Remainder with the sign of a.
        TruncMod "truncate_mod" 10.0 |a, b| a % b;
        /// a^b.
        Pow "pow" 2.5 |a, b| a.pow(b);
        /// The larger; NaN when either is.
        Maximum "maximum" 0.1 |a, b| a.max_nan(b);
        /// The smaller; NaN when either is.
        Minimum "minimum" 0.1 |a, b| a.min_nan(b);
        /// Angle of the point (b, a).
        Atan2 "atan2" 20.0 |a, b| a.atan2(b);
        /// (a - b)^2; |a - b|^2 for complex numbers.
        SquaredDifference "squared_difference" 0.1 |a, b| (a - b) * (a - b);
        /// a / b, 0 where b = 0.
        DivNoNan "div_no_nan" 0.2 |a, b| select(b == T::ZERO, T::ZERO, a / b);
        /// a b, 0 where b = 0, even if a is infinite or NaN.
        MulNoNan "mul_no_nan" 0.1 |a, b| select(b == T::ZERO, T::ZERO, a * b);
        /// a ln b, 0 where a = 0.
        Xlogy "xlogy" 0.7 |a, b| select(a == T::ZERO, T::ZERO, a * b.ln());
        /// a ln(1 + b), 0 where a = 0.
        Xlog1py "xlog1py" 1.0 |a, b| select(a == T::ZERO, T::ZERO, a * b.ln_1p());
        /// a / b, 0 where a = 0.
        Xdivy "xdivy" 0.2 |a, b| select(a == T::ZERO, T::ZERO, a / b);
        /// sqrt(a^2 + b^2) without overflow.
        Hypot "hypot" 10.0 |a, b| a.hypot(b);
        /// Regularised lower incomplete gamma function P(a, b).
        Igamma "igamma" 200.0 |a, b| T::lit(special::igamma(a.wide(), b.wide()));
        /// Regularised upper incomplete gamma function Q(a, b).
        Igammac "igammac" 200.0 |a, b| T::lit(special::igammac(a.wide(), b.wide()));
        /// Hurwitz zeta function of exponent a at b.
        Zeta "zeta" 200.0 |a, b| T::lit(special::zeta(a.wide(), b.wide()));
        /// The a-th derivative of digamma at b.
        Polygamma "polygamma" 200.0 |a, b| T::lit(special::polygamma(a.wide(), b.wide()));
        /// The next representable number after a towards b.
        NextAfter "next_after" 10.0 |a, b| a.next_after(b);
        /// Magnitude of a with the sign of b.
        Copysign "copysign" 0.1 |a, b| a.copysign(b);
        /// a above 0, a b below: leaky and parametric ReLU with slope b.
        Prelu "prelu" 0.1 |a, b| select(a < T::ZERO, a * b, a);
        /// a above 0, b (e^a - 1) below.
        EluAlpha "elu_alpha" 0.6 |a, b| select(a < T::ZERO, b * a.expm1(), a);
        /// Gradient of relu: a where b > 0 (b is relu's input or output).
        ReluGrad "relu_grad" 0.1 |a, b| select(b > T::ZERO, a, T::ZERO);
        /// Gradient of relu6: a where 0 < b < 6 (b is its input or output).
        Relu6Grad "relu6_grad" 0.1 |a, b| select((b > T::ZERO) & (b < T::lit(6.0)), a, T::ZERO);
        /// Gradient of tanh: a (1 - b^2), b its output.
        TanhGrad "tanh_grad" 0.1 |a, b| a * (-b).fma(b, T::ONE);
        /// Gradient of sigmoid: a b (1 - b), b its output.
        SigmoidGrad "sigmoid_grad" 0.1 |a, b| a * b * (T::ONE - b);
        /// Gradient of elu: a where b >= 0, a (b + 1) below, b its output.
        EluGrad "elu_grad" 0.1 |a, b| select(b < T::ZERO, a * (b + T::ONE), a);
        /// Gradient of selu: a scale where b >= 0, a (b + scale alpha) below, b its output.
        SeluGrad "selu_grad" 0.1 |a, b| a * select(b < T::ZERO, b + T::lit(SELU[0] * SELU[1]), T::lit(SELU[0]));
        /// Gradient of softplus: a sigmoid(b), b its input.
        SoftplusGrad "softplus_grad" 0.7 |a, b| a * b.sigmoid();
        /// Gradient of softsign: a / (1 + |b|)^2, b its input.
        SoftsignGrad "softsign_grad" 0.2 |a, b| a / ((T::ONE + b.abs()) * (T::ONE + b.abs()));
        /// Gradient of silu: a s (1 + b (1 - s)) with s = sigmoid(b), b its input.
        SiluGrad "silu_grad" 0.8 |a, b| {
            let s = b.sigmoid();
            a * s * b.fma(T::ONE - s, T::ONE)
        };
        /// Gradient of the tanh form of gelu, b its input.
        GeluTanhGrad "gelu_tanh_grad" 1.0 |a, b| {
            let k = T::lit(0.7978845608028654);
            let t = (k * (T::lit(0.044715) * b * b).fma(b, b)).tanh();
            let du = k * (T::lit(3.0 * 0.044715) * b).fma(b, T::ONE);
            let half = T::lit(0.5);
            a * (half * b * (-t).fma(t, T::ONE) * du + half * (T::ONE + t))
        };
        /// Gradient of the erf form of gelu: a (Phi(b) + b phi(b)), b its input.
        GeluErfGrad "gelu_erf_grad" 1.8 |a, b| {
            let phi = T::lit(0.3989422804014327) * (T::lit(-0.5) * b * b).exp();
            let cdf = T::lit(0.5) * (T::ONE + (b * T::lit(std::f64::consts::FRAC_1_SQRT_2)).erf());
            a * b.fma(phi, cdf)
        };
        /// Gradient of sqrt: a / (2 b), b its output.
        SqrtGrad "sqrt_grad" 0.2 |a, b| T::lit(0.5) * a / b;
        /// Gradient of rsqrt: -a b^3 / 2, b its output.
        RsqrtGrad "rsqrt_grad" 0.1 |a, b| T::lit(-0.5) * a * (b * b * b);
        /// Gradient of reciprocal: -a b^2, b its output.
        ReciprocalGrad "reciprocal_grad" 0.1 |a, b| -a * (b * b);
    }
    other {
        /// Logical and of bools.
        LogicalAnd "logical_and";
        /// Logical or of bools.
        LogicalOr "logical_or";
        /// Logical exclusive or of bools.
        LogicalXor "logical_xor";
        /// Bitwise and of integers.
        BitAnd "bitwise_and";
        /// Bitwise or of integers.
        BitOr "bitwise_or";
        /// Bitwise exclusive or of integers.
        BitXor "bitwise_xor";
        /// a shifted left by b bits, b kept within 0 to the width less one.
        ShiftLeft "left_shift";
        /// a shifted right by b bits, arithmetically for signed types, b kept as above.
        ShiftRight "right_shift";
    }
}

/// Scale and alpha of the self-normalising unit.
const SELU: [f64; 2] = [1.0507009873554805, 1.6732632423543772];

impl Binary {
    /// True when [`binary`] has the function for this type.
    pub fn supports(self, dtype: DType) -> bool {
        use num_complex::Complex;
        match dtype {
            DType::Bool => matches!(self, Binary::LogicalAnd | Binary::LogicalOr | Binary::LogicalXor),
            d if d.is_float() => self.has_float(),
            d if d.is_complex() => {
                complex::binary(self, Complex::new(1.0, 0.0), Complex::new(1.0, 0.0)).is_some()
            }
            _ => integer::has_binary(self),
        }
    }
}

struct Zip<'a, T, F> {
    a: &'a [T],
    b: &'a [T],
    y: &'a mut [T],
    f: F,
}

impl<T: Copy, F: Fn(T, T) -> T> Body for Zip<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for ((y, &a), &b) in self.y.iter_mut().zip(self.a).zip(self.b) {
            *y = (self.f)(a, b);
        }
    }
}

/// y = op(a, b), stretched as `broadcast` says.
///
/// An error when the type has no such function, for integer division by zero and for negative integer
/// powers. Panics when the lengths are not those of the broadcast.
pub fn binary<T: Element>(op: Binary, broadcast: &Broadcast, a: &[T], b: &[T], y: &mut [T]) -> Result {
    T::binary(op, broadcast, a, b, y)
}

pub(crate) fn binary_of<T: Element>(
    op: Binary,
    broadcast: &Broadcast,
    a: &[T],
    b: &[T],
    y: &mut [T],
) -> Result {
    broadcast.check(op.name(), a.len(), b.len(), y.len());
    if !op.supports(T::DTYPE) {
        return Err(Error::Unsupported { op: op.name(), dtype: T::DTYPE });
    }
    if T::DTYPE.is_int() {
        integer::check(op, b)?;
    }
    let ns = if T::DTYPE == DType::F32 { op.cost() } else { op.cost() * 4.0 };
    let a = Operand { x: a, layout: broadcast.layout(0) };
    let b = Operand { x: b, layout: broadcast.layout(1) };
    operand::zip(a, b, y, ns.max(0.3), |a, b, y| tile(op, a, b, y));
    Ok(())
}

/// One tile on one thread; the type is known to have the function.
pub(crate) fn tile<T: Element>(op: Binary, a: &[T], b: &[T], y: &mut [T]) {
    match T::DTYPE {
        DType::F32 => binary_float(op, same::<T, f32>(a), same(b), same_mut(y)),
        DType::F64 => binary_float(op, same::<T, f64>(a), same(b), same_mut(y)),
        DType::F16 | DType::BF16 => narrow::binary(a, b, y, |a, b, y| binary_float(op, a, b, y)),
        DType::Bool => logical(op, same(a), same(b), same_mut(y)),
        DType::C64 | DType::C128 => complex::apply2(a, b, y, |a, b| complex::binary(op, a, b).unwrap_or(a)),
        _ => integer::binary(op, a, b, y),
    }
}

fn logical(op: Binary, a: &[bool], b: &[bool], y: &mut [bool]) {
    for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
        *y = match op {
            Binary::LogicalAnd => a & b,
            Binary::LogicalOr => a | b,
            _ => a ^ b,
        };
    }
}
