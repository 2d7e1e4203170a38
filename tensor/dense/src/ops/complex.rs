//! Complex numbers: their parts, and how they are put together.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Complex, DType, Error, Keep, Result, Spec, Specs, Tensor};
use gradus_kernels::elementwise::{Part, from_parts, parts};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Real::DEF, Imag::DEF, ComplexAbs::DEF, MakeComplex::DEF, Conj::DEF];

/// The dtype of the parts of a complex dtype.
fn real_of(name: &str, d: DType) -> Result<DType> {
    match d {
        DType::C64 => Ok(DType::F32),
        DType::C128 => Ok(DType::F64),
        _ => Err(unsupported_dtype(name, d)),
    }
}

fn forward(part: Part, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
    match x[0].dtype() {
        DType::C64 => parts::<Complex<f32>, f32>(part, x[0].as_slice(), y[0].as_mut()),
        _ => parts::<Complex<f64>, f64>(part, x[0].as_slice(), y[0].as_mut()),
    }
    Ok(())
}

macro_rules! part_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $part:ident, $keep:expr, |$cx:ident| $vjp:expr) => {
        crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                Ok(smallvec![Spec::new(real_of($s, x[0].dtype)?, x[0].shape.clone())])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> { forward(Part::$part, x, y) }
            fn keep(&self) -> Keep { $keep }
            fn vjp(&self, $cx: &mut Backward<'_>) -> Result<()> { $vjp }
        }
        impl Tensor {
            $(#[$m])*
            pub fn $method(&self) -> Result<Tensor> { apply1(&$name {}, &[self]) }
        }
    };
}

part_op! {
    /// The real parts of complex numbers.
    Real = "real", real, Real, Keep::NONE, |cx| {
        let g = cx.dy(0)?;
        let zero = g.zeros_like()?;
        cx.give(0, g.complex(&zero)?)
    }
}
part_op! {
    /// The imaginary parts of complex numbers.
    Imag = "imag", imag, Imag, Keep::NONE, |cx| {
        let g = cx.dy(0)?;
        let zero = g.zeros_like()?;
        cx.give(0, zero.complex(&g)?)
    }
}
part_op! {
    /// The magnitudes of complex numbers, as reals. The gradient at 0 is 0.
    ComplexAbs = "complex_abs", complex_abs, Abs, Keep::ALL, |cx| {
        let (z, g) = (cx.x(0), cx.dy(0)?);
        let scale = g.div_no_nan(cx.y(0))?;
        cx.give(0, z.real()?.mul(&scale)?.complex(&z.imag()?.mul(&scale)?)?)
    }
}

crate::op! {
    /// Complex numbers out of real and imaginary parts.
    pub struct MakeComplex {} = "complex"
}

impl Op for MakeComplex {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        let dtype = match x[0].dtype {
            DType::F32 => DType::C64,
            DType::F64 => DType::C128,
            d => return Err(unsupported_dtype(Self::NAME, d)),
        };
        if x[0].shape != x[1].shape {
            return Err(Error::shape(format!("complex: shapes differ: {} and {}", x[0].shape, x[1].shape)));
        }
        Ok(smallvec![Spec::new(dtype, x[0].shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        match x[0].dtype() {
            DType::F32 => {
                from_parts::<f32, Complex<f32>>(x[0].as_slice(), x[1].as_slice(), y[0].as_mut());
            }
            _ => from_parts::<f64, Complex<f64>>(x[0].as_slice(), x[1].as_slice(), y[0].as_mut()),
        }
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?;
        cx.give(0, g.real()?)?;
        cx.give(1, g.imag()?)
    }
}

super::elementwise::unary_op! {
    /// The complex conjugate; real numbers stay.
    Conj = "conj", conj, Conj, Keep::NONE, |cx| {
        let g = cx.dy(0)?.conj()?;
        cx.give(0, g)
    }
}

/// The conjugate of a complex tensor, a real one itself: what rules of products multiply by, since the gradient of a real
/// function of `z = a + ib` is held as `df/da + i df/db`.
pub(crate) fn conjugate(t: &Tensor) -> Result<Tensor> {
    if t.dtype().is_complex() { t.conj() } else { Ok(t.clone()) }
}

impl Tensor {
    /// Complex numbers with this tensor as real and the other as imaginary parts; both f32, or both f64.
    pub fn complex(&self, imaginary: &Tensor) -> Result<Tensor> {
        apply1(&MakeComplex {}, &[self, imaginary])
    }
}
