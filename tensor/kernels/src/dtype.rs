//! The element types that a buffer can hold.

use half::{bf16, f16};
use num_complex::Complex;

/// Runtime type of the elements of a buffer or tensor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum DType {
    F32,
    F64,
    F16,
    BF16,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    C64,
    C128,
}

impl DType {
    /// Every dtype, in declaration order.
    pub const ALL: [DType; 15] = [
        DType::F32,
        DType::F64,
        DType::F16,
        DType::BF16,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::Bool,
        DType::C64,
        DType::C128,
    ];

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            DType::I8 | DType::U8 | DType::Bool => 1,
            DType::F16 | DType::BF16 | DType::I16 | DType::U16 => 2,
            DType::F32 | DType::I32 | DType::U32 => 4,
            DType::F64 | DType::I64 | DType::U64 | DType::C64 => 8,
            DType::C128 => 16,
        }
    }

    /// TensorFlow's name of the dtype, such as `float32`.
    pub const fn name(self) -> &'static str {
        match self {
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::F16 => "float16",
            DType::BF16 => "bfloat16",
            DType::I8 => "int8",
            DType::I16 => "int16",
            DType::I32 => "int32",
            DType::I64 => "int64",
            DType::U8 => "uint8",
            DType::U16 => "uint16",
            DType::U32 => "uint32",
            DType::U64 => "uint64",
            DType::Bool => "bool",
            DType::C64 => "complex64",
            DType::C128 => "complex128",
        }
    }

    /// The dtype with that TensorFlow name.
    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|d| d.name() == name)
    }

    /// f32, f64, f16 or bf16.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64 | DType::F16 | DType::BF16)
    }

    /// complex64 or complex128.
    pub const fn is_complex(self) -> bool {
        matches!(self, DType::C64 | DType::C128)
    }

    /// Signed or unsigned integer; bool is not one.
    pub const fn is_int(self) -> bool {
        !self.is_float() && !self.is_complex() && !matches!(self, DType::Bool)
    }
}

impl std::fmt::Debug for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that is the element of a [`Buffer`](crate::Buffer). Sealed: exactly one type per [`DType`].
pub trait Element:
    sealed::Sealed
    + crate::instances::Instances
    + Copy
    + Default
    + PartialEq
    + Send
    + Sync
    + std::fmt::Debug
    + 'static
{
    /// The runtime dtype of this type.
    const DTYPE: DType;
    /// The additive identity (`false` for bool).
    const ZERO: Self;
    /// The multiplicative identity (`true` for bool).
    const ONE: Self;
    /// Nearest value of this type: floats to integers truncate and saturate, NaN becomes 0.
    fn from_f64(v: f64) -> Self;
    /// Nearest f64; the real part of a complex number; 0 or 1 for bool.
    fn to_f64(self) -> f64;
    /// The low bits of an integer as this type; for floats the nearest value.
    fn from_i128(v: i128) -> Self;
    /// Exact for integers and bool; floats truncate and saturate.
    fn to_i128(self) -> i128;
    /// The nearest value of this type; imaginary parts are lost outside of complex types.
    fn from_c128(v: Complex<f64>) -> Self;
    /// The value as a complex number.
    fn to_c128(self) -> Complex<f64>;
    #[doc(hidden)]
    fn slice_mut(y: &mut [Self]) -> crate::convert::SliceMut<'_>;
}

macro_rules! element {
    ($($t:ty, $d:ident, $zero:expr, $one:expr, |$v:ident| $from:expr, |$s:ident| $to:expr,
        |$i:ident| $fromi:expr, |$j:ident| $toi:expr,
        |$w:ident| $fromc:expr, |$z:ident| $toc:expr;)*) => {$(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const DTYPE: DType = DType::$d;
            const ZERO: Self = $zero;
            const ONE: Self = $one;
            #[inline]
            fn from_f64($v: f64) -> Self { $from }
            #[inline]
            fn to_f64(self) -> f64 { let $s = self; $to }
            #[inline]
            fn from_i128($i: i128) -> Self { $fromi }
            #[inline]
            fn to_i128(self) -> i128 { let $j = self; $toi }
            #[inline]
            fn from_c128($w: Complex<f64>) -> Self { $fromc }
            #[inline]
            fn to_c128(self) -> Complex<f64> { let $z = self; $toc }
            #[inline]
            fn slice_mut(y: &mut [Self]) -> crate::convert::SliceMut<'_> { crate::convert::SliceMut::$d(y) }
        }
    )*};
}

element! {
    f32, F32, 0.0, 1.0, |v| v as f32, |s| s as f64,
        |i| i as f32, |j| j as i128, |w| <f32>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    f64, F64, 0.0, 1.0, |v| v, |s| s,
        |i| i as f64, |j| j as i128, |w| <f64>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    f16, F16, f16::ZERO, f16::ONE, |v| f16::from_f64(v), |s| s.to_f64(),
        |i| f16::from_f64(i as f64), |j| j.to_f64() as i128, |w| <f16>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    bf16, BF16, bf16::ZERO, bf16::ONE, |v| bf16::from_f64(v), |s| s.to_f64(),
        |i| bf16::from_f64(i as f64), |j| j.to_f64() as i128, |w| <bf16>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    i8, I8, 0, 1, |v| v as i8, |s| s as f64,
        |i| i as i8, |j| i128::from(j), |w| <i8>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    i16, I16, 0, 1, |v| v as i16, |s| s as f64,
        |i| i as i16, |j| i128::from(j), |w| <i16>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    i32, I32, 0, 1, |v| v as i32, |s| s as f64,
        |i| i as i32, |j| i128::from(j), |w| <i32>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    i64, I64, 0, 1, |v| v as i64, |s| s as f64,
        |i| i as i64, |j| i128::from(j), |w| <i64>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    u8, U8, 0, 1, |v| v as u8, |s| s as f64,
        |i| i as u8, |j| i128::from(j), |w| <u8>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    u16, U16, 0, 1, |v| v as u16, |s| s as f64,
        |i| i as u16, |j| i128::from(j), |w| <u16>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    u32, U32, 0, 1, |v| v as u32, |s| s as f64,
        |i| i as u32, |j| i128::from(j), |w| <u32>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    u64, U64, 0, 1, |v| v as u64, |s| s as f64,
        |i| i as u64, |j| i128::from(j), |w| <u64>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    bool, Bool, false, true, |v| v != 0.0, |s| f64::from(u8::from(s)),
        |i| i != 0, |j| i128::from(j), |w| <bool>::from_f64(w.re), |z| Complex::new(z.to_f64(), 0.0);
    Complex<f32>, C64, Complex::new(0.0, 0.0), Complex::new(1.0, 0.0), |v| Complex::new(v as f32, 0.0), |s| f64::from(s.re),
        |i| Complex::new(i as f32, 0.0), |j| j.re as i128, |w| Complex::new(w.re as f32, w.im as f32), |z| Complex::new(f64::from(z.re), f64::from(z.im));
    Complex<f64>, C128, Complex::new(0.0, 0.0), Complex::new(1.0, 0.0), |v| Complex::new(v, 0.0), |s| s.re,
        |i| Complex::new(i as f64, 0.0), |j| j.re as i128, |w| w, |z| z;
}

/// Runs a block with a type alias standing for the element type of a [`DType`] value.
///
/// `dispatch!(dtype, T: all => { ... })`; the classes are `all`, `real` (no bool, no complex), `float`
/// (f32, f64, f16, bf16), `wide_float` (f32, f64), `int`, `number` (real and complex).
/// Classes other than `all` take an `else` block for the other dtypes:
/// `dispatch!(dtype, T: float => { ... } else { ... })`.
#[macro_export]
macro_rules! dispatch {
    (@arms $d:expr, $t:ident, $body:block, $else:block; $($v:ident $ty:ty),*) => {
        #[allow(unreachable_patterns)]
        match $d { $($crate::DType::$v => { #[allow(dead_code)] type $t = $ty; $body })* _ => $else }
    };
    ($d:expr, $t:ident: all => $body:block) => {
        $crate::dispatch!(@arms $d, $t, $body, { unreachable!() }; F32 f32, F64 f64, F16 $crate::f16, BF16 $crate::bf16,
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, Bool bool,
            C64 $crate::Complex<f32>, C128 $crate::Complex<f64>)
    };
    ($d:expr, $t:ident: number => $body:block else $else:block) => {
        $crate::dispatch!(@arms $d, $t, $body, $else; F32 f32, F64 f64, F16 $crate::f16, BF16 $crate::bf16,
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64,
            C64 $crate::Complex<f32>, C128 $crate::Complex<f64>)
    };
    ($d:expr, $t:ident: real => $body:block else $else:block) => {
        $crate::dispatch!(@arms $d, $t, $body, $else; F32 f32, F64 f64, F16 $crate::f16, BF16 $crate::bf16,
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64)
    };
    ($d:expr, $t:ident: float => $body:block else $else:block) => {
        $crate::dispatch!(@arms $d, $t, $body, $else; F32 f32, F64 f64, F16 $crate::f16, BF16 $crate::bf16)
    };
    ($d:expr, $t:ident: wide_float => $body:block else $else:block) => {
        $crate::dispatch!(@arms $d, $t, $body, $else; F32 f32, F64 f64)
    };
    ($d:expr, $t:ident: int => $body:block else $else:block) => {
        $crate::dispatch!(@arms $d, $t, $body, $else; I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64)
    };
}
