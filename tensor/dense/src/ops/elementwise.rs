//! What elementwise operations share: shape rules, kernel calls, and the macros that declare them.

use crate::op::{same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Error, Result, Spec, Specs, dispatch};
use gradus_kernels::elementwise::{self, Binary, Broadcast, Compare, Unary, is_flat};
use smallvec::smallvec;

impl From<gradus_kernels::error::Error> for Error {
    fn from(e: gradus_kernels::error::Error) -> Error {
        use gradus_kernels::error::Error as K;
        match e {
            K::Unsupported { .. } => Error::dtype(e.to_string()),
            K::Shape(_) => Error::shape(e.to_string()),
            _ => Error::value(e.to_string()),
        }
    }
}

pub(crate) fn infer_unary(name: &str, op: Unary, x: &[&Spec]) -> Result<Specs> {
    if !op.supports(x[0].dtype) {
        return Err(unsupported_dtype(name, x[0].dtype));
    }
    Ok(smallvec![x[0].clone()])
}

pub(crate) fn forward_unary(op: Unary, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
    dispatch!(x[0].dtype(), T: all => { elementwise::unary::<T>(op, x[0].as_slice(), y[0].as_mut())? });
    Ok(())
}

fn infer_pair(name: &str, x: &[&Spec], out: Option<DType>) -> Result<Specs> {
    same_dtype(name, x)?;
    let shape = x[0].shape.broadcast(&x[1].shape).map_err(|_| {
        Error::shape(format!("{name}: shapes {} and {} do not broadcast", x[0].shape, x[1].shape))
    })?;
    if shape != x[0].shape && shape != x[1].shape {
        shape.checked_len()?;
    }
    Ok(smallvec![Spec::new(out.unwrap_or(x[0].dtype), shape)])
}

pub(crate) fn infer_binary(name: &str, op: Binary, x: &[&Spec]) -> Result<Specs> {
    let specs = infer_pair(name, x, None)?;
    if !op.supports(x[0].dtype) {
        return Err(unsupported_dtype(name, x[0].dtype));
    }
    Ok(specs)
}

pub(crate) fn forward_binary(op: Binary, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
    let n = y[0].spec().len();
    if is_flat(&[x[0].spec().len(), x[1].spec().len()], n) {
        dispatch!(x[0].dtype(), T: all => {
            elementwise::binary_flat::<T>(op, x[0].as_slice(), x[1].as_slice(), y[0].as_mut())?
        });
        return Ok(());
    }
    let b = Broadcast::new(x[0].shape(), x[1].shape())?;
    dispatch!(x[0].dtype(), T: all => {
        elementwise::binary::<T>(op, &b, x[0].as_slice(), x[1].as_slice(), y[0].as_mut())?
    });
    Ok(())
}

pub(crate) fn infer_compare(name: &str, op: Compare, x: &[&Spec]) -> Result<Specs> {
    let specs = infer_pair(name, x, Some(DType::Bool))?;
    if !op.supports(x[0].dtype) {
        return Err(unsupported_dtype(name, x[0].dtype));
    }
    Ok(specs)
}

pub(crate) fn forward_compare(op: Compare, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
    let n = y[0].spec().len();
    if is_flat(&[x[0].spec().len(), x[1].spec().len()], n) {
        dispatch!(x[0].dtype(), T: all => {
            elementwise::compare_flat::<T>(op, x[0].as_slice(), x[1].as_slice(), y[0].as_mut())?
        });
        return Ok(());
    }
    let b = Broadcast::new(x[0].shape(), x[1].shape())?;
    dispatch!(x[0].dtype(), T: all => {
        elementwise::compare::<T>(op, &b, x[0].as_slice(), x[1].as_slice(), y[0].as_mut())?
    });
    Ok(())
}

/// Declares an elementwise operation of one tensor: struct, rules, method.
///
/// `Name = "name", method, Kernel, keep, |cx| gradient`, or `Name = "name", method, Kernel` without a gradient.
macro_rules! unary_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $kernel:ident) => {
        $crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl $crate::Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&$crate::Spec]) -> $crate::Result<$crate::Specs> {
                $crate::ops::elementwise::infer_unary($s, gradus_kernels::elementwise::Unary::$kernel, x)
            }
            fn forward(&self, x: &[$crate::view::View<'_>], y: &mut [$crate::view::ViewMut<'_>]) -> $crate::Result<()> {
                $crate::ops::elementwise::forward_unary(gradus_kernels::elementwise::Unary::$kernel, x, y)
            }
            fn keep(&self) -> $crate::Keep { $crate::Keep::NONE }
            fn differentiable(&self) -> bool { false }
            fn lower(&self) -> $crate::Lower {
                $crate::Lower::Unary(gradus_kernels::elementwise::Unary::$kernel)
            }
        }
        impl $crate::Tensor {
            $(#[$m])*
            pub fn $method(&self) -> $crate::Result<$crate::Tensor> { $crate::op::apply1(&$name {}, &[self]) }
        }
    };
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $kernel:ident, $keep:expr, |$cx:ident| $vjp:expr) => {
        $crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl $crate::Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&$crate::Spec]) -> $crate::Result<$crate::Specs> {
                $crate::ops::elementwise::infer_unary($s, gradus_kernels::elementwise::Unary::$kernel, x)
            }
            fn forward(&self, x: &[$crate::view::View<'_>], y: &mut [$crate::view::ViewMut<'_>]) -> $crate::Result<()> {
                $crate::ops::elementwise::forward_unary(gradus_kernels::elementwise::Unary::$kernel, x, y)
            }
            fn keep(&self) -> $crate::Keep { $keep }
            fn vjp(&self, $cx: &mut $crate::backward::Backward<'_>) -> $crate::Result<()> { $vjp }
            fn lower(&self) -> $crate::Lower {
                $crate::Lower::Unary(gradus_kernels::elementwise::Unary::$kernel)
            }
        }
        impl $crate::Tensor {
            $(#[$m])*
            pub fn $method(&self) -> $crate::Result<$crate::Tensor> { $crate::op::apply1(&$name {}, &[self]) }
        }
    };
}

/// Declares an elementwise operation of two tensors that broadcast: struct, rules, method.
///
/// `Name = "name", method, Kernel, keep, |cx| gradient`, or `Name = "name", method, Kernel` without a gradient.
macro_rules! binary_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $kernel:ident) => {
        $crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl $crate::Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&$crate::Spec]) -> $crate::Result<$crate::Specs> {
                $crate::ops::elementwise::infer_binary($s, gradus_kernels::elementwise::Binary::$kernel, x)
            }
            fn forward(&self, x: &[$crate::view::View<'_>], y: &mut [$crate::view::ViewMut<'_>]) -> $crate::Result<()> {
                $crate::ops::elementwise::forward_binary(gradus_kernels::elementwise::Binary::$kernel, x, y)
            }
            fn keep(&self) -> $crate::Keep { $crate::Keep::NONE }
            fn differentiable(&self) -> bool { false }
            fn lower(&self) -> $crate::Lower {
                $crate::Lower::Binary(gradus_kernels::elementwise::Binary::$kernel)
            }
        }
        impl $crate::Tensor {
            $(#[$m])*
            pub fn $method(&self, other: &$crate::Tensor) -> $crate::Result<$crate::Tensor> {
                $crate::op::apply1(&$name {}, &[self, other])
            }
        }
    };
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $kernel:ident, $keep:expr, |$cx:ident| $vjp:expr) => {
        $crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl $crate::Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&$crate::Spec]) -> $crate::Result<$crate::Specs> {
                $crate::ops::elementwise::infer_binary($s, gradus_kernels::elementwise::Binary::$kernel, x)
            }
            fn forward(&self, x: &[$crate::view::View<'_>], y: &mut [$crate::view::ViewMut<'_>]) -> $crate::Result<()> {
                $crate::ops::elementwise::forward_binary(gradus_kernels::elementwise::Binary::$kernel, x, y)
            }
            fn keep(&self) -> $crate::Keep { $keep }
            fn vjp(&self, $cx: &mut $crate::backward::Backward<'_>) -> $crate::Result<()> { $vjp }
            fn lower(&self) -> $crate::Lower {
                $crate::Lower::Binary(gradus_kernels::elementwise::Binary::$kernel)
            }
        }
        impl $crate::Tensor {
            $(#[$m])*
            pub fn $method(&self, other: &$crate::Tensor) -> $crate::Result<$crate::Tensor> {
                $crate::op::apply1(&$name {}, &[self, other])
            }
        }
    };
}

/// Declares the gradient of an activation as an operation of the gradient above and the input or output.
///
/// It has no method: rules call `Name::of(above, at)`, and its own rule makes second derivatives.
macro_rules! gradient_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $kernel:ident, |$cx:ident| $at:expr) => {
        $crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl $name {
            /// The gradient `above`, taken through the function at `at`.
            pub fn of(above: &$crate::Tensor, at: &$crate::Tensor) -> $crate::Result<$crate::Tensor> {
                $crate::op::apply1(&$name {}, &[above, at])
            }
        }
        impl $crate::Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&$crate::Spec]) -> $crate::Result<$crate::Specs> {
                $crate::ops::elementwise::infer_binary($s, gradus_kernels::elementwise::Binary::$kernel, x)
            }
            fn forward(&self, x: &[$crate::view::View<'_>], y: &mut [$crate::view::ViewMut<'_>]) -> $crate::Result<()> {
                $crate::ops::elementwise::forward_binary(gradus_kernels::elementwise::Binary::$kernel, x, y)
            }
            fn keep(&self) -> $crate::Keep { $crate::Keep::X }
            fn vjp(&self, cx: &mut $crate::backward::Backward<'_>) -> $crate::Result<()> {
                let g = cx.dy(0)?;
                // Every one of these is linear in the gradient above.
                cx.give(0, $name::of(&g, cx.x(1))?)?;
                if cx.needs(1) {
                    let $cx = &*cx;
                    let slope: Option<$crate::Tensor> = $at;
                    if let Some(slope) = slope {
                        let d = g.mul($cx.x(0))?.mul(&slope)?;
                        cx.give(1, d)?;
                    }
                }
                Ok(())
            }
            fn lower(&self) -> $crate::Lower {
                $crate::Lower::Binary(gradus_kernels::elementwise::Binary::$kernel)
            }
        }
    };
}

/// Declares a comparison of two tensors that broadcast; it gives bools and has no gradient.
macro_rules! compare_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $kernel:ident) => {
        $crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl $crate::Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&$crate::Spec]) -> $crate::Result<$crate::Specs> {
                $crate::ops::elementwise::infer_compare($s, gradus_kernels::elementwise::Compare::$kernel, x)
            }
            fn forward(&self, x: &[$crate::view::View<'_>], y: &mut [$crate::view::ViewMut<'_>]) -> $crate::Result<()> {
                $crate::ops::elementwise::forward_compare(gradus_kernels::elementwise::Compare::$kernel, x, y)
            }
            fn keep(&self) -> $crate::Keep { $crate::Keep::NONE }
            fn differentiable(&self) -> bool { false }
            fn lower(&self) -> $crate::Lower {
                $crate::Lower::Compare(gradus_kernels::elementwise::Compare::$kernel)
            }
        }
        impl $crate::Tensor {
            $(#[$m])*
            pub fn $method(&self, other: &$crate::Tensor) -> $crate::Result<$crate::Tensor> {
                $crate::op::apply1(&$name {}, &[self, other])
            }
        }
    };
}

pub(crate) use {binary_op, compare_op, gradient_op, unary_op};
