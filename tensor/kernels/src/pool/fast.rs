//! Max pooling of f32 with vectors of channels in registers, forward and backward.
//!
//! A window is a list of distances: those of a whole window are the same everywhere, others are listed anew.

use super::Window;
use crate::simd::{self, Kernel, Simd};
use smallvec::SmallVec;

type Distances = SmallVec<[usize; 16]>;

/// Where the places of windows lie, in elements.
struct Places<'a> {
    w: &'a Window,
    c: usize,
    whole: Distances,
    partial: Distances,
}

impl<'a> Places<'a> {
    fn new(w: &'a Window, c: usize) -> Self {
        let ([kz, ky, kx], [dz, dy, dx], [_, h, wide]) = (w.kernel, w.dilation, w.input);
        let rows = (0..kz).flat_map(|z| (0..ky).map(move |y| z * dz * h + y * dy));
        let whole = rows.flat_map(|row| (0..kx).map(move |x| (row * wide + x * dx) * c)).collect();
        Places { w, c, whole, partial: Distances::new() }
    }

    /// The first element of the places of window `o` that lie inside, and their distances from it.
    fn of(&mut self, o: [usize; 3]) -> (usize, &[usize]) {
        let [(z, z0), (y, y0), (x, x0)] = std::array::from_fn(|axis| self.w.inside(axis, o[axis]));
        if [z.len(), y.len(), x.len()] == self.w.kernel {
            return (((z0 * self.w.input[1] + y0) * self.w.input[2] + x0) * self.c, &self.whole);
        }
        self.partial.clear();
        self.w.places(o, |_, p| self.partial.push(p * self.c));
        (0, &self.partial)
    }

    fn position(&self, flat: usize) -> [usize; 3] {
        let [_, oh, ow] = self.w.output;
        [flat / (ow * oh), flat / ow % oh, flat % ow]
    }
}

/// The largest values of the windows from row `first` of one image on, as many as `y` has.
pub(super) fn max(w: &Window, c: usize, x: &[f32], y: &mut [f32], first: usize) {
    assert!(x.len() == w.inputs() * c && y.len().is_multiple_of(c));
    assert!(first * w.output[2] + y.len() / c <= w.outputs());
    simd::dispatch(Max { places: Places::new(w, c), x, y, first });
}

/// Lengths are checked in [`max`].
struct Max<'a> {
    places: Places<'a>,
    x: &'a [f32],
    y: &'a mut [f32],
    first: usize,
}

impl Kernel for Max<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Max { mut places, x, y, first } = self;
        let (c, start) = (places.c, first * places.w.output[2]);
        for (i, y) in y.chunks_exact_mut(c).enumerate() {
            let o = places.position(start + i);
            let (at, distances) = places.of(o);
            if distances.is_empty() {
                // A window in the padding alone.
                y.fill(f32::NEG_INFINITY);
                continue;
            }
            let mut k = 0;
            while k < c {
                // SAFETY: places lie inside the image, at c elements each, of which k.. are left.
                unsafe {
                    let x = x.as_ptr().add(at + k);
                    if k + 4 * S::LANES <= c {
                        largest::<S, 4>(s, x, distances, y.as_mut_ptr().add(k), S::LANES);
                        k += 4 * S::LANES;
                    } else {
                        let n = S::LANES.min(c - k);
                        largest::<S, 1>(s, x, distances, y.as_mut_ptr().add(k), n);
                        k += n;
                    }
                }
            }
        }
    }
}

/// The largest values of U vectors at all distances; the last vector has `n` lanes.
///
/// # Safety
/// The vectors must be readable at all distances, of which there is at least one, and writable at `y`.
#[inline(always)]
unsafe fn largest<S: Simd, const U: usize>(s: S, x: *const f32, distances: &[usize], y: *mut f32, n: usize) {
    // SAFETY: the caller vouches for the vectors.
    unsafe {
        let load = |d: usize, u: usize| {
            let p = x.add(d + u * S::LANES);
            if n == S::LANES { s.load_ptr(p) } else { s.load_ptr_n(p, n) }
        };
        let mut best: [S::F; U] = std::array::from_fn(|u| load(distances[0], u));
        for &d in &distances[1..] {
            for u in 0..U {
                // The maximum of a NaN and `next` is `next`: NaN has to be put back.
                let larger = s.max(best[u], load(d, u));
                best[u] = s.select(s.eq(best[u], best[u]), larger, best[u]);
            }
        }
        for u in 0..U {
            s.store_ptr_n(y.add(u * S::LANES), n, best[u]);
        }
    }
}

/// dx of one image: every window's dy goes to the first place that holds its maximum.
pub(super) fn max_backward(w: &Window, c: usize, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]) {
    assert!(x.len() == w.inputs() * c && dx.len() == x.len());
    assert!(y.len() == w.outputs() * c && dy.len() == y.len());
    let apart = (0..3).all(|i| w.stride[i] > (w.kernel[i] - 1) * w.dilation[i]);
    let tiled = w.stride == w.kernel
        && w.dilation == [1; 3]
        && w.before == [0; 3]
        && (0..3).all(|i| w.output[i] * w.stride[i] <= w.input[i]);
    if tiled {
        // Windows write all of their places: zeros are needed beyond the last ones only.
        let [depth, height, width] = std::array::from_fn(|i| w.output[i] * w.stride[i]);
        for (i, line) in dx.chunks_exact_mut(w.input[2] * c).enumerate() {
            let inside = i / w.input[1] < depth && i % w.input[1] < height;
            line[if inside { width * c } else { 0 }..].fill(0.0);
        }
    } else {
        dx.fill(0.0);
    }
    simd::dispatch(Backward { places: Places::new(w, c), x, y, dy, dx, apart });
}

/// Lengths are checked in [`max_backward`].
struct Backward<'a> {
    places: Places<'a>,
    x: &'a [f32],
    y: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    /// No place belongs to two windows.
    apart: bool,
}

impl Kernel for Backward<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Backward { mut places, x, y, dy, dx, apart } = self;
        let c = places.c;
        for (i, (y, dy)) in y.chunks_exact(c).zip(dy.chunks_exact(c)).enumerate() {
            let o = places.position(i);
            let (at, distances) = places.of(o);
            let mut k = 0;
            while k < c {
                let n = S::LANES.min(c - k);
                // SAFETY: places lie inside the image, at c elements each, of which n from k on are left.
                unsafe {
                    let v = Vectors {
                        x: x.as_ptr().add(at + k),
                        y: y.as_ptr().add(k),
                        dy: dy.as_ptr().add(k),
                        dx: dx.as_mut_ptr().add(at + k),
                    };
                    match (apart, n == S::LANES) {
                        (true, true) => give::<S, false>(s, &v, distances, S::LANES),
                        (true, false) => give::<S, false>(s, &v, distances, n),
                        (false, true) => give::<S, true>(s, &v, distances, S::LANES),
                        (false, false) => give::<S, true>(s, &v, distances, n),
                    }
                }
                k += n;
            }
        }
    }
}

/// One vector of channels of a window.
struct Vectors {
    x: *const f32,
    y: *const f32,
    dy: *const f32,
    dx: *mut f32,
}

/// Gives dy to the first distance at which x equals y, per lane; dx is added to with `ADD`, else overwritten.
///
/// # Safety
/// `n` elements must be readable and writable at all distances.
#[inline(always)]
unsafe fn give<S: Simd, const ADD: bool>(s: S, v: &Vectors, distances: &[usize], n: usize) {
    // SAFETY: the caller vouches for the elements.
    unsafe {
        let load = |p: *const f32| if n == S::LANES { s.load_ptr(p) } else { s.load_ptr_n(p, n) };
        let (y, mut rest) = (load(v.y), load(v.dy));
        for &d in distances {
            let hit = s.eq(load(v.x.add(d)), y);
            let given = s.select(hit, rest, s.zero());
            rest = s.select(hit, s.zero(), rest);
            let dx = v.dx.add(d);
            let sum = if ADD { s.add(load(dx), given) } else { given };
            if n == S::LANES { s.store_ptr(dx, sum) } else { s.store_ptr_n(dx, n, sum) }
        }
    }
}
