//! f32 with one filter per channel, in registers.

use super::Depthwise;
use crate::simd::{self, Kernel, Simd};
use crate::stream;
use std::ops::Range;

/// Output positions that are computed side by side.
const SIDE: usize = 4;

/// Row i of one image; with `stream` past the caches where the row allows it, to be followed by a fence.
pub(super) fn row(
    d: &Depthwise,
    x: &[f32],
    filter: &[f32],
    bias: &[f32],
    y: &mut [f32],
    i: usize,
    stream: bool,
) {
    let (w, c) = (&d.window, d.channels);
    assert!(x.len() == w.inputs() * c && filter.len() == d.taps() * c && y.len() == w.output[2] * c);
    assert!(bias.is_empty() || bias.len() == c);
    // Streaming stores need whole, aligned vectors.
    let stream = stream && y.as_ptr().align_offset(64) == 0 && (c * size_of::<f32>()).is_multiple_of(64);
    simd::dispatch(Row { d, x, filter, bias, y, i, stream });
}

/// Lengths are checked in [`row`].
struct Row<'a> {
    d: &'a Depthwise,
    x: &'a [f32],
    filter: &'a [f32],
    bias: &'a [f32],
    y: &'a mut [f32],
    i: usize,
    stream: bool,
}

/// The output positions j whose windows lie inside the input along the last axis, all of their places.
fn interior(d: &Depthwise) -> Range<usize> {
    let w = &d.window;
    let (stride, span) = (w.stride[2], (w.kernel[2] - 1) * w.dilation[2]);
    let first = w.before[2].div_ceil(stride);
    // The last window starts where its last place is the last element.
    let end = (w.input[2] + w.before[2]).checked_sub(span + 1).map_or(0, |last| last / stride + 1);
    first..end.min(w.output[2]).max(first)
}

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Row { d, x, filter, bias, y, i, stream } = self;
        let (w, c, ow) = (&d.window, d.channels, d.window.output[2]);
        let (ky, y0) = w.inside(1, i);
        let inner = interior(d);
        let line = w.input[2] * c;
        let (step_y, step_x) = (w.dilation[1] * line, w.dilation[2] * c);
        let mut j = 0;
        while j < ow {
            // The last group of the interior overlaps the one before it, if there is one.
            let group = inner.contains(&j) && inner.len() >= SIDE;
            let (kx, x0) = if group {
                j = j.min(inner.end - SIDE);
                (0..w.kernel[2], j * w.stride[2] - w.before[2])
            } else {
                w.inside(2, j)
            };
            // SAFETY: `inside` gives places within the input, so every row of c elements that is read lies in x, and
            // the filter has taps of c elements; y has ow positions of c.
            unsafe {
                let tap = Tap {
                    x: x.as_ptr().add(if ky.is_empty() || kx.is_empty() { 0 } else { y0 * line + x0 * c }),
                    f: filter.as_ptr().add((ky.start * w.kernel[2] + kx.start) * c),
                    bias: if bias.is_empty() { std::ptr::null() } else { bias.as_ptr() },
                    y: y.as_mut_ptr().add(j * c),
                    rows: ky.len(),
                    cols: kx.len(),
                    step_y,
                    step_x,
                    filter_y: w.kernel[2] * c,
                    move_x: w.stride[2] * c,
                    c,
                    stream,
                };
                if group {
                    match (w.kernel[2], w.stride[2], w.dilation[2]) {
                        (3, 1, 1) => positions::<S, SIDE, 1, 3, 1>(s, &tap),
                        (3, 2, 1) => positions::<S, SIDE, 1, 3, 2>(s, &tap),
                        _ => positions::<S, SIDE, 1, 0, 0>(s, &tap),
                    }
                    j += SIDE;
                } else {
                    positions::<S, 1, SIDE, 0, 0>(s, &tap);
                    j += 1;
                }
            }
        }
    }
}

/// Where one group of output positions reads and writes.
struct Tap {
    x: *const f32,
    f: *const f32,
    bias: *const f32,
    y: *mut f32,
    rows: usize,
    cols: usize,
    step_y: usize,
    step_x: usize,
    filter_y: usize,
    move_x: usize,
    c: usize,
    stream: bool,
}

/// P neighbouring output positions with the same places inside the input, Q vectors of channels at a time.
///
/// With W > 0 rows have W places without dilation, and positions are ST apart: known distances, so what neighbours share
/// is read once.
///
/// # Safety
/// All rows of c elements that the tap describes must lie in their arrays; with `stream` they are whole, aligned vectors.
#[inline(always)]
unsafe fn positions<S: Simd, const P: usize, const Q: usize, const W: usize, const ST: usize>(s: S, t: &Tap) {
    let mut at = 0;
    // SAFETY: the caller vouches for whole rows; `at` and the channels behind it stay within c.
    unsafe {
        while at + Q * S::LANES <= t.c {
            channels::<S, P, Q, W, ST>(s, t, at, S::LANES);
            at += Q * S::LANES;
        }
        while Q > 1 && at + S::LANES <= t.c {
            channels::<S, P, 1, W, ST>(s, t, at, S::LANES);
            at += S::LANES;
        }
        if at < t.c {
            channels::<S, P, 1, W, ST>(s, t, at, t.c - at);
        }
    }
}

/// Q vectors of channels from `at` on, of which the first n lanes count.
///
/// # Safety
/// As for [`positions`], for these channels; n is the number of lanes unless Q is 1.
#[inline(always)]
unsafe fn channels<S: Simd, const P: usize, const Q: usize, const W: usize, const ST: usize>(
    s: S,
    t: &Tap,
    at: usize,
    n: usize,
) {
    let (cols, step_x, move_x) = if W > 0 { (W, t.c, ST * t.c) } else { (t.cols, t.step_x, t.move_x) };
    let (whole, lanes) = (n == S::LANES, S::LANES);
    // SAFETY: the caller vouches for the channels.
    unsafe {
        let mut acc = [[s.zero(); Q]; P];
        if !t.bias.is_null() {
            for q in 0..Q {
                let bias = load(s, t.bias.add(at + q * lanes), n, whole);
                for acc in &mut acc {
                    acc[q] = bias;
                }
            }
        }
        for ky in 0..t.rows {
            for kx in 0..cols {
                let f = t.f.add(ky * t.filter_y + kx * t.c + at);
                let x = t.x.add(ky * t.step_y + kx * step_x + at);
                for q in 0..Q {
                    let f = load(s, f.add(q * lanes), n, whole);
                    for p in 0..P {
                        acc[p][q] = s.fma(load(s, x.add(p * move_x + q * lanes), n, whole), f, acc[p][q]);
                    }
                }
            }
        }
        for p in 0..P {
            for q in 0..Q {
                let y = t.y.add(p * t.c + at + q * lanes);
                match (whole, t.stream) {
                    (true, true) => s.stream_ptr(y, acc[p][q]),
                    (true, false) => s.store_ptr(y, acc[p][q]),
                    _ => s.store_ptr_n(y, n, acc[p][q]),
                }
            }
        }
    }
}

/// The first n lanes from p on.
///
/// # Safety
/// p is valid for reading n values, as many as there are lanes if they are `whole`.
#[inline(always)]
unsafe fn load<S: Simd>(s: S, p: *const f32, n: usize, whole: bool) -> S::F {
    // SAFETY: the caller vouches for the values.
    unsafe { if whole { s.load_ptr(p) } else { s.load_ptr_n(p, n) } }
}

/// Adds the filter gradient of one image to df.
pub(super) fn filter_gradient(d: &Depthwise, x: &[f32], dy: &[f32], df: &mut [f32]) {
    let (w, c) = (&d.window, d.channels);
    assert!(x.len() == w.inputs() * c && df.len() == d.taps() * c && dy.len() == w.outputs() * c);
    simd::dispatch(FilterGradient { d, x, dy, df });
}

/// Lengths are checked in [`filter_gradient`].
struct FilterGradient<'a> {
    d: &'a Depthwise,
    x: &'a [f32],
    dy: &'a [f32],
    df: &'a mut [f32],
}

impl Kernel for FilterGradient<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let FilterGradient { d, x, dy, df } = self;
        let (w, c) = (&d.window, d.channels);
        let [_, oh, ow] = w.output;
        let inner = interior(d);
        let line = w.input[2] * c;
        // Three by three without dilation: all nine sums of a vector of channels stay in registers along a row.
        let nine = w.kernel == [1, 3, 3] && w.dilation == [1; 3] && w.stride[2] <= 2 && !inner.is_empty();
        for i in 0..oh {
            let (ky, y0) = w.inside(1, i);
            let whole = nine && ky.len() == 3;
            if whole {
                let start = inner.start * w.stride[2] - w.before[2];
                // SAFETY: all rows are inside and so are all places of the positions of `inner`.
                unsafe {
                    let t = Line {
                        x: x.as_ptr().add(y0 * line + start * c),
                        dy: dy.as_ptr().add((i * ow + inner.start) * c),
                        df: df.as_mut_ptr(),
                        count: inner.len(),
                        step: line,
                        move_x: w.stride[2] * c,
                        c,
                    };
                    if w.stride[2] == 1 { nine_sums::<S, 1>(s, &t) } else { nine_sums::<S, 2>(s, &t) }
                }
            }
            for (a, ky) in ky.enumerate() {
                let row = (y0 + a * w.dilation[1]) * line;
                let df = &mut df[ky * w.kernel[2] * c..][..w.kernel[2] * c];
                // Three places along the row share the loads of dy; longer kernels take several turns.
                let mut k = 0;
                while k < w.kernel[2] && !inner.is_empty() && !whole {
                    let n = (w.kernel[2] - k).min(3);
                    let start = inner.start * w.stride[2] + k * w.dilation[2] - w.before[2];
                    // SAFETY: the positions of `inner` have all places inside, so the rows of c elements lie in x, dy and df.
                    unsafe {
                        let t = Line {
                            x: x.as_ptr().add(row + start * c),
                            dy: dy.as_ptr().add((i * ow + inner.start) * c),
                            df: df.as_mut_ptr().add(k * c),
                            count: inner.len(),
                            step: w.dilation[2] * c,
                            move_x: w.stride[2] * c,
                            c,
                        };
                        match n {
                            1 => line_sums::<S, 1>(s, &t),
                            2 => line_sums::<S, 2>(s, &t),
                            _ => line_sums::<S, 3>(s, &t),
                        }
                    }
                    k += n;
                }
                for j in (0..inner.start.min(ow)).chain(inner.end..ow) {
                    let (kx, x0) = w.inside(2, j);
                    let dy = &dy[(i * ow + j) * c..][..c];
                    for (b, kx) in kx.enumerate() {
                        let x = &x[row + (x0 + b * w.dilation[2]) * c..][..c];
                        for ((df, &x), &dy) in df[kx * c..][..c].iter_mut().zip(x).zip(dy) {
                            *df = x.mul_add(dy, *df);
                        }
                    }
                }
            }
        }
    }
}

/// Neighbouring places of one filter row along one output row.
struct Line {
    x: *const f32,
    dy: *const f32,
    df: *mut f32,
    count: usize,
    step: usize,
    move_x: usize,
    c: usize,
}

/// df[k] += sum over the positions of x[k] dy, for K places.
///
/// # Safety
/// All rows of c elements that the line describes must lie in their arrays.
#[inline(always)]
unsafe fn line_sums<S: Simd, const K: usize>(s: S, t: &Line) {
    let mut at = 0;
    while at < t.c {
        let n = (t.c - at).min(S::LANES);
        // SAFETY: the caller vouches for whole rows; `at + n` stays within c.
        unsafe {
            let mut acc = [s.zero(); K];
            if n == S::LANES {
                for p in 0..t.count {
                    let dy = s.load_ptr(t.dy.add(p * t.c + at));
                    let x = t.x.add(p * t.move_x + at);
                    for k in 0..K {
                        acc[k] = s.fma(s.load_ptr(x.add(k * t.step)), dy, acc[k]);
                    }
                }
            } else {
                for p in 0..t.count {
                    let dy = s.load_ptr_n(t.dy.add(p * t.c + at), n);
                    let x = t.x.add(p * t.move_x + at);
                    for k in 0..K {
                        acc[k] = s.fma(s.load_ptr_n(x.add(k * t.step), n), dy, acc[k]);
                    }
                }
            }
            for k in 0..K {
                let df = t.df.add(k * t.c + at);
                s.store_ptr_n(df, n, s.add(s.load_ptr_n(df, n), acc[k]));
            }
        }
        at += n;
    }
}

/// df[ky, kx] += sum over the positions, ST apart, of x[ky, kx] dy for three rows of three places; rows of x are `step` apart.
///
/// # Safety
/// All rows of c elements that the line describes must lie in their arrays.
#[inline(always)]
unsafe fn nine_sums<S: Simd, const ST: usize>(s: S, t: &Line) {
    /// Positions whose values are read together.
    const P: usize = 4;
    // A row is read vector by vector of channels, in steps that the processor does not foresee, so what the next row
    // needs is asked for meanwhile, in order.
    let (mut next_x, mut next_dy) = (t.x.wrapping_add(3 * t.step), t.dy.wrapping_add((t.count + 2) * t.c));
    let mut at = 0;
    while at < t.c {
        let n = (t.c - at).min(S::LANES);
        // SAFETY: the caller vouches for whole rows; `at + n` stays within c, and `p` below the number of positions.
        unsafe {
            let mut acc = [[s.zero(); 3]; 3];
            let mut p = 0;
            if n == S::LANES {
                while p + P <= t.count {
                    for _ in 0..P * ST * ST {
                        stream::prefetch_line(next_x);
                        next_x = next_x.wrapping_add(S::LANES);
                    }
                    for _ in 0..P {
                        stream::prefetch_line(next_dy);
                        next_dy = next_dy.wrapping_add(S::LANES);
                    }
                    let dy: [S::F; P] = std::array::from_fn(|q| s.load_ptr(t.dy.add((p + q) * t.c + at)));
                    for ky in 0..3 {
                        let x = t.x.add(ky * t.step + p * ST * t.c + at);
                        for q in 0..P {
                            for kx in 0..3 {
                                acc[ky][kx] =
                                    s.fma(s.load_ptr(x.add((q * ST + kx) * t.c)), dy[q], acc[ky][kx]);
                            }
                        }
                    }
                    p += P;
                }
            }
            while p < t.count {
                let dy = s.load_ptr_n(t.dy.add(p * t.c + at), n);
                for ky in 0..3 {
                    let x = t.x.add(ky * t.step + p * ST * t.c + at);
                    for kx in 0..3 {
                        acc[ky][kx] = s.fma(s.load_ptr_n(x.add(kx * t.c), n), dy, acc[ky][kx]);
                    }
                }
                p += 1;
            }
            for (k, acc) in acc.iter().flatten().enumerate() {
                let df = t.df.add(k * t.c + at);
                s.store_ptr_n(df, n, s.add(s.load_ptr_n(df, n), *acc));
            }
        }
        at += n;
    }
}
