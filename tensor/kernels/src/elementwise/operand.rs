//! Walking over a broadcast result tile by tile, with every operand as a slice of the tile's length.

use super::Layout;
use crate::dtype::Element;
use crate::{split, stream};

/// Elements of a tile: a few operands of it stay in the innermost cache.
pub(crate) const TILE: usize = 1024;
/// Rows at least this long are walked one by one, so that their elements need no copy.
const LONG_ROW: usize = 256;

/// One input of an elementwise operation.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'a, T> {
    pub x: &'a [T],
    pub layout: &'a Layout,
}

impl<'a, T: Element> Operand<'a, T> {
    /// Elements `start..start + n` of the result: borrowed where they lie together, copied to `scratch` where not.
    ///
    /// `scratch` keeps a repeated scalar from call to call: `filled` counts its elements.
    #[inline]
    pub fn tile<'t>(&self, start: usize, n: usize, scratch: &'t mut [T], filled: &mut usize) -> &'t [T]
    where
        'a: 't,
    {
        if let Some(at) = self.layout.offset(start, n) {
            return &self.x[at..at + n];
        }
        if self.layout.is_scalar() {
            if *filled < n {
                scratch[..n].fill(self.x[0]);
                *filled = n;
            }
        } else {
            self.layout.read(self.x, start, &mut scratch[..n]);
        }
        &scratch[..n]
    }
}

/// Length of the next tile: tiles end where long rows end.
#[inline]
pub(crate) fn step(inner: usize, at: usize, end: usize, most: usize) -> usize {
    let row = if inner >= LONG_ROW { inner - at % inner } else { most };
    row.min(most).min(end - at)
}

/// y = f(a, b), split into pieces by the cost per element. All tiles have at most [`TILE`] elements.
pub(crate) fn zip<A: Element, B: Element, U: Element>(
    a: Operand<'_, A>,
    b: Operand<'_, B>,
    y: &mut [U],
    ns: f64,
    f: impl Fn(&[A], &[B], &mut [U]) + Sync,
) {
    let large = stream::pays::<U>(y.len());
    split::chunks(y, split::piece(ns), |start, y| {
        if large {
            let (mut tile, f) = ([U::ZERO; TILE], &f);
            walk::<A, B, U, TILE>(a, b, start, y, &mut |a: &[A], b: &[B], y: &mut [U]| {
                for (i, y) in y.chunks_mut(TILE).enumerate() {
                    let part = i * TILE..i * TILE + y.len();
                    let tile = &mut tile[..y.len()];
                    f(&a[part.clone()], &b[part], tile);
                    stream::copy(tile, y);
                }
            });
            stream::fence();
        } else if y.len() <= 2048 {
            walk::<A, B, U, 128>(a, b, start, y, &mut &f);
        } else {
            walk::<A, B, U, TILE>(a, b, start, y, &mut &f);
        }
    });
}

fn walk<A: Element, B: Element, U, const N: usize>(
    a: Operand<'_, A>,
    b: Operand<'_, B>,
    start: usize,
    y: &mut [U],
    f: &mut impl FnMut(&[A], &[B], &mut [U]),
) {
    let (at, n) = (start, y.len());
    if let (Some(i), Some(j)) = (a.layout.offset(at, n), b.layout.offset(at, n)) {
        return f(&a.x[i..i + n], &b.x[j..j + n], y);
    }
    let (mut sa, mut sb) = ([A::ZERO; N], [B::ZERO; N]);
    let (mut na, mut nb) = (0, 0);
    let inner = a.layout.inner();
    let mut done = 0;
    while done < y.len() {
        let at = start + done;
        let n = step(inner, at, start + y.len(), N);
        f(a.tile(at, n, &mut sa, &mut na), b.tile(at, n, &mut sb, &mut nb), &mut y[done..done + n]);
        done += n;
    }
}

/// y = f(c, a, b), as [`zip`].
pub(crate) fn zip3<C: Element, A: Element, U: Send>(
    c: Operand<'_, C>,
    a: Operand<'_, A>,
    b: Operand<'_, A>,
    y: &mut [U],
    ns: f64,
    f: impl Fn(&[C], &[A], &[A], &mut [U]) + Sync,
) {
    split::chunks(y, split::piece(ns), |start, y| {
        let (mut sc, mut sa, mut sb) = ([C::ZERO; TILE], [A::ZERO; TILE], [A::ZERO; TILE]);
        let (mut nc, mut na, mut nb) = (0, 0, 0);
        let mut done = 0;
        while done < y.len() {
            let (at, n) = (start + done, TILE.min(y.len() - done));
            let c = c.tile(at, n, &mut sc, &mut nc);
            let a = a.tile(at, n, &mut sa, &mut na);
            f(c, a, b.tile(at, n, &mut sb, &mut nb), &mut y[done..done + n]);
            done += n;
        }
    });
}
