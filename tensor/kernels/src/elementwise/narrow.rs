//! f16 and bf16: computed in f32, tile by tile, and rounded once.

use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// Elements of a tile: three tiles of f32 fit the innermost cache.
const TILE: usize = 1024;

/// f16 or bf16 to f32.
pub(crate) fn widen<T: Element>(x: &[T], y: &mut [f32]) {
    match T::DTYPE {
        DType::F16 => same::<T, f16>(x).convert_to_f32_slice(y),
        _ => {
            for (y, x) in y.iter_mut().zip(same::<T, bf16>(x)) {
                *y = f32::from_bits(u32::from(x.to_bits()) << 16);
            }
        }
    }
}

/// f32 to f16 or bf16, to nearest even.
pub(crate) fn round<T: Element>(x: &[f32], y: &mut [T]) {
    match T::DTYPE {
        DType::F16 => same_mut::<T, f16>(y).convert_from_f32_slice(x),
        _ => {
            for (y, x) in same_mut::<T, bf16>(y).iter_mut().zip(x) {
                *y = bf16::from_f32(*x);
            }
        }
    }
}

/// y = f(x) in f32.
pub(crate) fn unary<T: Element>(x: &[T], y: &mut [T], f: impl Fn(&[f32], &mut [f32])) {
    let (mut a, mut b) = ([0.0; TILE], [0.0; TILE]);
    for (x, y) in x.chunks(TILE).zip(y.chunks_mut(TILE)) {
        let n = x.len();
        widen(x, &mut a[..n]);
        f(&a[..n], &mut b[..n]);
        round(&b[..n], y);
    }
}

/// y = f(a, b) in f32.
pub(crate) fn binary<T: Element>(a: &[T], b: &[T], y: &mut [T], f: impl Fn(&[f32], &[f32], &mut [f32])) {
    let (mut p, mut q, mut r) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
    for ((a, b), y) in a.chunks(TILE).zip(b.chunks(TILE)).zip(y.chunks_mut(TILE)) {
        let n = a.len();
        widen(a, &mut p[..n]);
        widen(b, &mut q[..n]);
        f(&p[..n], &q[..n], &mut r[..n]);
        round(&r[..n], y);
    }
}
