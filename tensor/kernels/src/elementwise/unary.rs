//! Functions of one value.

use super::{complex, integer, narrow};
use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::math::{Float, select};
use crate::vector::{Body, Lane};
use crate::{special, split, stream};

/// Declares the enum, and the loop for f32 and f64 of every function in it.
macro_rules! unary_ops {
    ($($(#[$doc:meta])* $op:ident $name:literal $ns:literal |$x:ident| $f:expr;)*) => {
        /// A function of one value that keeps the element type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Unary { $($(#[$doc])* $op),* }

        impl Unary {
            /// Every function, in declaration order.
            pub const ALL: &[Unary] = &[$(Unary::$op),*];

            /// Lower-case name, such as `log1p`.
            pub const fn name(self) -> &'static str {
                match self { $(Unary::$op => $name),* }
            }

            /// Rough cost in f32, nanoseconds per element in cache.
            pub const fn cost(self) -> f64 {
                match self { $(Unary::$op => $ns),* }
            }
        }

        /// One function over a slice on this thread; the lengths must agree.
        pub(crate) fn unary_float<T: Float>(op: Unary, x: &[T], y: &mut [T]) {
            match op {
                $(Unary::$op => {
                    #[inline(always)]
                    fn f<T: Float>($x: T) -> T { $f }
                    map(x, y, f::<T>)
                })*
            }
            far_trig(op, x, y);
        }
    };
}

/// Scale and alpha of the self-normalising unit (Klambauer et al. 2017).
const SELU_SCALE: f64 = 1.0507009873554805;
const SELU_ALPHA: f64 = 1.6732632423543772;

unary_ops! {
    /// -x.
    Neg "neg" 0.1 |x| -x;
    /// |x|; of a complex number too, with imaginary part 0.
    Abs "abs" 0.1 |x| x.abs();
    /// -1, 0 or 1; x / |x| of a complex number; NaN of NaN.
    Sign "sign" 0.1 |x| select(x > T::ZERO, T::ONE, select(x < T::ZERO, -T::ONE, x));
    /// e^x.
    Exp "exp" 0.5 |x| x.exp();
    /// e^x - 1.
    Expm1 "expm1" 0.5 |x| x.expm1();
    /// Natural logarithm.
    Log "log" 0.6 |x| x.ln();
    /// ln(1 + x).
    Log1p "log1p" 1.0 |x| x.ln_1p();
    /// Square root.
    Sqrt "sqrt" 0.3 |x| x.sqrt();
    /// 1 / sqrt(x).
    Rsqrt "rsqrt" 0.5 |x| T::ONE / x.sqrt();
    /// x^2.
    Square "square" 0.1 |x| x * x;
    /// 1 / x.
    Reciprocal "reciprocal" 0.2 |x| T::ONE / x;
    /// Sine.
    Sin "sin" 0.6 |x| x.sin();
    /// Cosine.
    Cos "cos" 0.6 |x| x.cos();
    /// Tangent.
    Tan "tan" 0.9 |x| x.tan();
    /// Arc sine.
    Asin "asin" 0.8 |x| x.asin();
    /// Arc cosine.
    Acos "acos" 0.8 |x| x.acos();
    /// Arc tangent.
    Atan "atan" 0.8 |x| x.atan();
    /// Hyperbolic sine.
    Sinh "sinh" 1.2 |x| x.sinh();
    /// Hyperbolic cosine.
    Cosh "cosh" 1.0 |x| x.cosh();
    /// Hyperbolic tangent.
    Tanh "tanh" 0.6 |x| x.tanh();
    /// Inverse hyperbolic sine.
    Asinh "asinh" 1.5 |x| x.asinh();
    /// Inverse hyperbolic cosine.
    Acosh "acosh" 1.5 |x| x.acosh();
    /// Inverse hyperbolic tangent.
    Atanh "atanh" 1.3 |x| x.atanh();
    /// 1 / (1 + e^-x).
    Sigmoid "sigmoid" 0.6 |x| x.sigmoid();
    /// ln(sigmoid(x)) = -softplus(-x).
    LogSigmoid "log_sigmoid" 1.5 |x| -((-x).softplus());
    /// ln(1 + e^x).
    Softplus "softplus" 1.5 |x| x.softplus();
    /// x / (1 + |x|), as it stands: NaN at infinity, where TensorFlow has NaN too.
    Softsign "softsign" 0.2 |x| x / (T::ONE + x.abs());
    /// Error function.
    Erf "erf" 1.0 |x| x.erf();
    /// 1 - erf(x).
    Erfc "erfc" 20.0 |x| x.via(special::erfc);
    /// Inverse of the error function.
    Erfinv "erfinv" 20.0 |x| x.via(special::erfinv);
    /// Inverse of the normal distribution function.
    Ndtri "ndtri" 20.0 |x| x.via(special::ndtri);
    /// ln |gamma(x)|.
    Lgamma "lgamma" 20.0 |x| x.via(special::lgamma);
    /// Derivative of ln gamma.
    Digamma "digamma" 20.0 |x| x.via(special::digamma);
    /// Modified Bessel function I_0.
    BesselI0 "bessel_i0" 50.0 |x| x.via(special::bessel_i0);
    /// e^-|x| I_0(x).
    BesselI0e "bessel_i0e" 50.0 |x| x.via(special::bessel_i0e);
    /// Modified Bessel function I_1.
    BesselI1 "bessel_i1" 50.0 |x| x.via(special::bessel_i1);
    /// e^-|x| I_1(x).
    BesselI1e "bessel_i1e" 50.0 |x| x.via(special::bessel_i1e);
    /// Bessel function of the first kind J_0.
    BesselJ0 "bessel_j0" 50.0 |x| x.via(special::bessel_j0);
    /// Bessel function of the first kind J_1.
    BesselJ1 "bessel_j1" 50.0 |x| x.via(special::bessel_j1);
    /// Bessel function of the second kind Y_0.
    BesselY0 "bessel_y0" 50.0 |x| x.via(special::bessel_y0);
    /// Bessel function of the second kind Y_1.
    BesselY1 "bessel_y1" 50.0 |x| x.via(special::bessel_y1);
    /// Modified Bessel function of the second kind K_0.
    BesselK0 "bessel_k0" 100.0 |x| x.via(special::bessel_k0);
    /// e^x K_0(x).
    BesselK0e "bessel_k0e" 100.0 |x| x.via(special::bessel_k0e);
    /// Modified Bessel function of the second kind K_1.
    BesselK1 "bessel_k1" 100.0 |x| x.via(special::bessel_k1);
    /// e^x K_1(x).
    BesselK1e "bessel_k1e" 100.0 |x| x.via(special::bessel_k1e);
    /// Dawson's integral.
    Dawsn "dawsn" 200.0 |x| x.via(special::dawsn);
    /// Exponential integral Ei.
    Expint "expint" 100.0 |x| x.via(special::expint);
    /// Fresnel's cosine integral.
    FresnelCos "fresnel_cos" 200.0 |x| x.via(special::fresnel_cos);
    /// Fresnel's sine integral.
    FresnelSin "fresnel_sin" 200.0 |x| x.via(special::fresnel_sin);
    /// Spence's function, Li2(1 - x).
    Spence "spence" 100.0 |x| x.via(special::spence);
    /// Largest integer not above x.
    Floor "floor" 0.1 |x| x.floor();
    /// Smallest integer not below x.
    Ceil "ceil" 0.1 |x| x.ceil();
    /// Nearest integer, halves to even, as `tf.round`.
    Round "round" 0.1 |x| x.round_even();
    /// Nearest integer, halves to even.
    Rint "rint" 0.1 |x| x.round_even();
    /// Integer part.
    Trunc "trunc" 0.1 |x| x.trunc();
    /// max(x, 0); NaN of NaN.
    Relu "relu" 0.1 |x| select(x < T::ZERO, T::ZERO, x);
    /// min(max(x, 0), 6); NaN of NaN.
    Relu6 "relu6" 0.1 |x| {
        let y = select(x < T::ZERO, T::ZERO, x);
        select(y > T::lit(6.0), T::lit(6.0), y)
    };
    /// x above 0, e^x - 1 below.
    Elu "elu" 0.6 |x| select(x < T::ZERO, x.expm1(), x);
    /// scale (x above 0, alpha (e^x - 1) below), scale = 1.0507..., alpha = 1.6733...
    Selu "selu" 0.6 |x| select(x < T::ZERO, T::lit(SELU_SCALE * SELU_ALPHA) * x.expm1(), T::lit(SELU_SCALE) * x);
    /// x sigmoid(x).
    Silu "silu" 0.7 |x| x * x.sigmoid();
    /// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
    GeluTanh "gelu_tanh" 0.8 |x| {
        let u = T::lit(0.7978845608028654) * (T::lit(0.044715) * x * x).fma(x, x);
        T::lit(0.5) * x * (T::ONE + u.tanh())
    };
    /// x/2 (1 + erf(x / sqrt 2)).
    GeluErf "gelu_erf" 1.2 |x| T::lit(0.5) * x * (T::ONE + (x * T::lit(std::f64::consts::FRAC_1_SQRT_2)).erf());
    /// max(0, min(1, x/6 + 1/2)).
    HardSigmoid "hard_sigmoid" 0.1 |x| {
        let y = x.fma(T::lit(1.0 / 6.0), T::lit(0.5));
        let y = select(y < T::ZERO, T::ZERO, y);
        select(y > T::ONE, T::ONE, y)
    };
    /// x tanh(softplus(x)).
    Mish "mish" 2.0 |x| x * x.softplus().tanh();
    /// Logical not of a bool.
    LogicalNot "logical_not" 0.1 |x| select(x == T::ZERO, T::ONE, T::ZERO);
    /// All bits of an integer flipped.
    Invert "invert" 0.1 |x| -x - T::ONE;
    /// Complex conjugate; x itself when real.
    Conj "conj" 0.1 |x| x;
}

impl Unary {
    /// True when [`unary`] has the function for this type.
    pub fn supports(self, dtype: DType) -> bool {
        use Unary::*;
        match self {
            LogicalNot => dtype == DType::Bool,
            Invert => dtype.is_int(),
            _ if dtype.is_float() => true,
            _ if dtype.is_int() => integer::has_unary(self),
            _ if dtype.is_complex() => complex::unary(self, num_complex::Complex::new(1.0, 0.0)).is_some(),
            _ => false,
        }
    }
}

struct Map<'a, T, U, F> {
    x: &'a [T],
    y: &'a mut [U],
    f: F,
}

impl<T: Copy, U, F: Fn(T) -> U> Body for Map<'_, T, U, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = (self.f)(x);
        }
    }
}

/// y = f(x), vectorised where `f` allows it.
#[inline(always)]
pub(super) fn map<T: Lane, U>(x: &[T], y: &mut [U], f: impl Fn(T) -> U) {
    T::run(Map { x, y, f });
}

/// Mends arguments that are too large for the fast reduction.
fn far_trig<T: Float>(op: Unary, x: &[T], y: &mut [T]) {
    let f: fn(f64) -> f64 = match op {
        Unary::Sin => f64::sin,
        Unary::Cos => f64::cos,
        Unary::Tan => f64::tan,
        _ => return,
    };
    if T::TRIG_LIMIT == f64::INFINITY {
        return;
    }
    let limit = T::lit(T::TRIG_LIMIT);
    for (x, y) in x.chunks(256).zip(y.chunks_mut(256)) {
        if x.iter().fold(false, |far, x| far | (x.abs() > limit)) {
            for (x, y) in x.iter().zip(y).filter(|(x, _)| x.abs() > limit) {
                *y = x.via(f);
            }
        }
    }
}

/// y = op(x). The lengths must agree; an error when the type has no such function.
pub fn unary<T: Element>(op: Unary, x: &[T], y: &mut [T]) -> Result {
    T::unary(op, x, y)
}

pub(crate) fn unary_of<T: Element>(op: Unary, x: &[T], y: &mut [T]) -> Result {
    assert_eq!(x.len(), y.len(), "{}: lengths of input and output", op.name());
    if !op.supports(T::DTYPE) {
        return Err(Error::Unsupported { op: op.name(), dtype: T::DTYPE });
    }
    let ns = if T::DTYPE == DType::F32 { op.cost() } else { op.cost() * 4.0 };
    let large = stream::pays::<T>(y.len());
    split::chunks(y, split::piece(ns.max(0.25)), |start, y| {
        let x = &x[start..start + y.len()];
        if large {
            stream::through(y, |at, y| piece(op, &x[at..at + y.len()], y));
        } else {
            piece(op, x, y);
        }
    });
    Ok(())
}

/// One piece on one thread; the type is known to have the function.
fn piece<T: Element>(op: Unary, x: &[T], y: &mut [T]) {
    match T::DTYPE {
        DType::F32 => unary_float(op, same::<T, f32>(x), same_mut(y)),
        DType::F64 => unary_float(op, same::<T, f64>(x), same_mut(y)),
        DType::F16 | DType::BF16 => narrow::unary(x, y, |x, y| unary_float(op, x, y)),
        DType::Bool => map(same::<T, bool>(x), same_mut(y), |v: bool| !v),
        DType::C64 | DType::C128 => complex::apply(x, y, |z| complex::unary(op, z).unwrap_or(z)),
        _ => integer::unary(op, x, y),
    }
}
