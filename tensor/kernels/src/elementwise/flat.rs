//! Operands that need no broadcast: each is as long as the result, or a single element.
//!
//! Most elementwise calls are of this kind, and small ones should not pay for working out how shapes meet:
//! nothing here allocates.

use super::binary::tile as binary_tile;
use super::compare::tile as compare_tile;
use super::ternary::select_tile;
use super::{Binary, Compare, integer};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::split;

/// Elements of a repeated operand that are held at once.
const TILE: usize = 512;
/// For results up to this length a smaller tile is filled.
const SMALL: usize = 16;

/// True when every operand is as long as the result of `n` elements, or a single element.
pub fn is_flat(lens: &[usize], n: usize) -> bool {
    lens.iter().all(|&len| len == n || len == 1)
}

fn check(name: &str, lens: &[usize], n: usize) {
    assert!(is_flat(lens, n), "{name}: operands of {lens:?} elements for a result of {n}");
}

/// The part of an operand at `start..start + n`, or the repeated element.
fn part<'a, T>(x: &'a [T], whole: bool, start: usize, n: usize, held: &'a [T]) -> &'a [T] {
    if whole { &x[start..start + n] } else { &held[..n] }
}

/// Calls `f(a, b, y)` for tiles of `N` elements of a piece.
fn walk<const N: usize, A: Element, B: Element, Y>(
    (a, b): (&[A], &[B]),
    whole: [bool; 2],
    start: usize,
    y: &mut [Y],
    f: impl Fn(&[A], &[B], &mut [Y]),
) {
    let hold_a = [if whole[0] { A::ZERO } else { a[0] }; N];
    let hold_b = [if whole[1] { B::ZERO } else { b[0] }; N];
    for (k, y) in y.chunks_mut(N).enumerate() {
        let (at, n) = (start + k * N, y.len());
        f(part(a, whole[0], at, n, &hold_a), part(b, whole[1], at, n, &hold_b), y);
    }
}

fn zip<T: Element, Y: Send>(a: &[T], b: &[T], y: &mut [Y], ns: f64, f: impl Fn(&[T], &[T], &mut [Y]) + Sync) {
    let n = y.len();
    let whole = [a.len() == n, b.len() == n];
    split::chunks(y, split::piece(ns), |start, y| {
        if whole == [true; 2] {
            f(&a[start..start + y.len()], &b[start..start + y.len()], y);
        } else if y.len() <= SMALL {
            walk::<SMALL, _, _, _>((a, b), whole, start, y, &f);
        } else {
            walk::<TILE, _, _, _>((a, b), whole, start, y, &f);
        }
    });
}

/// y = op(a, b), as [`binary`](super::binary), for operands that are as long as y or one element.
pub fn binary_flat<T: Element>(op: Binary, a: &[T], b: &[T], y: &mut [T]) -> Result {
    T::binary_flat(op, a, b, y)
}

pub(crate) fn binary_flat_of<T: Element>(op: Binary, a: &[T], b: &[T], y: &mut [T]) -> Result {
    check(op.name(), &[a.len(), b.len()], y.len());
    if !op.supports(T::DTYPE) {
        return Err(Error::Unsupported { op: op.name(), dtype: T::DTYPE });
    }
    if T::DTYPE.is_int() {
        integer::check(op, b)?;
    }
    let ns = if T::DTYPE == DType::F32 { op.cost() } else { op.cost() * 4.0 };
    zip(a, b, y, ns.max(0.3), |a, b, y| binary_tile(op, a, b, y));
    Ok(())
}

/// y = op(a, b), as [`compare`](super::compare), for operands that are as long as y or one element.
pub fn compare_flat<T: Element>(op: Compare, a: &[T], b: &[T], y: &mut [bool]) -> Result {
    T::compare_flat(op, a, b, y)
}

pub(crate) fn compare_flat_of<T: Element>(op: Compare, a: &[T], b: &[T], y: &mut [bool]) -> Result {
    check(op.name(), &[a.len(), b.len()], y.len());
    if !op.supports(T::DTYPE) {
        return Err(Error::Unsupported { op: op.name(), dtype: T::DTYPE });
    }
    zip(a, b, y, 0.3, |a, b, y| compare_tile(op, a, b, y));
    Ok(())
}

/// y = a where the condition holds, else b, as [`select`](super::select), for operands that are as long as y or
/// one element.
pub fn select_flat<T: Element>(condition: &[bool], a: &[T], b: &[T], y: &mut [T]) {
    T::select_flat(condition, a, b, y)
}

pub(crate) fn select_flat_of<T: Element>(condition: &[bool], a: &[T], b: &[T], y: &mut [T]) {
    let n = y.len();
    check("select", &[condition.len(), a.len(), b.len()], n);
    if condition.len() != n {
        // One truth value for all.
        let chosen = if condition[0] { a } else { b };
        match chosen.len() == n {
            true => y.copy_from_slice(chosen),
            false => y.fill(chosen[0]),
        }
        return;
    }
    let whole = [a.len() == n, b.len() == n];
    split::chunks(y, split::piece(0.4), |start, y| {
        let c = &condition[start..start + y.len()];
        let pick = |c: &[bool], a: &[T], b: &[T], y: &mut [T]| select_tile(c, a, b, y);
        if whole == [true; 2] {
            return pick(c, &a[start..start + y.len()], &b[start..start + y.len()], y);
        }
        let hold = |x: &[T], whole: bool| if whole { T::ZERO } else { x[0] };
        let (hold_a, hold_b) = ([hold(a, whole[0]); TILE], [hold(b, whole[1]); TILE]);
        for (k, (y, c)) in y.chunks_mut(TILE).zip(c.chunks(TILE)).enumerate() {
            let (at, n) = (start + k * TILE, y.len());
            pick(c, part(a, whole[0], at, n, &hold_a), part(b, whole[1], at, n, &hold_b), y);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementwise::{Broadcast, Layout, binary, compare, select};

    #[test]
    fn the_same_as_with_a_broadcast() {
        for n in [0usize, 1, 2, 15, 16, 17, 511, 513, 5000] {
            let long: Vec<f32> = (0..n).map(|i| i as f32 * 0.37 - 3.0).collect();
            let one = [1.5f32];
            let mask: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
            for (a, b) in [(&long[..], &one[..]), (&one, &long), (&long, &long)] {
                let shapes = Broadcast::new(&[a.len()], &[b.len()]).unwrap();
                let (mut want, mut got) = (vec![0.0; n], vec![0.0; n]);
                binary(Binary::Sub, &shapes, a, b, &mut want).unwrap();
                binary_flat(Binary::Sub, a, b, &mut got).unwrap();
                assert_eq!(want, got, "sub of {n}");
                let (mut want_bool, mut got_bool) = (vec![false; n], vec![false; n]);
                compare(Compare::Less, &shapes, a, b, &mut want_bool).unwrap();
                compare_flat(Compare::Less, a, b, &mut got_bool).unwrap();
                assert_eq!(want_bool, got_bool, "less of {n}");
                let layout = |x: &[f32]| Layout::new(&[x.len()], &[n]).unwrap();
                select((&mask, &Layout::full()), (a, &layout(a)), (b, &layout(b)), &mut want);
                select_flat(&mask, a, b, &mut got);
                assert_eq!(want, got, "select of {n}");
            }
        }
    }
}
