//! Matrix products `C = A B` of row-major matrices, of every size and numeric type.
//!
//! [`gemm`] is the one entry point, [`gemm_packed`] its twin for a B that was packed before (weights). Both
//! take an [`Epilogue`]: bias, activation and accumulation happen while a tile of C is still in the cache.
//!
//! ```
//! use gradus_kernels::gemm::{Activation, Epilogue, Gemm, gemm};
//!
//! let (a, b) = ([1.0f32, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, -1.0]);
//! let mut c = [0.0; 4];
//! gemm(&Gemm::new(2, 2, 2), &a, &b, &mut c, &Epilogue::NONE);
//! assert_eq!(c, [1.0, -2.0, 3.0, -4.0]);
//! gemm(&Gemm::new(2, 2, 2), &a, &b, &mut c, &Epilogue { activation: Activation::Relu, ..Epilogue::NONE });
//! assert_eq!(c, [1.0, 0.0, 3.0, 0.0]);
//! ```
//!
//! # How it works
//! f32 and f64 go through packed panels and register tiles (`blocked`, `micro`, `pack`), or for one row or
//! one column through two loops bound by memory (`vector`). f16 and bf16 are widened to f32, multiplied,
//! and rounded once. Integers wrap. Integers and complex numbers take a plain loop over rows.
//!
//! # Rounding and determinism
//! Sums over K are cut at points that depend on m, n, k and the instruction set only, and combined in order, so
//! results have the same bits for any number of threads. Values of different batch members do not mix.
//! NaN and infinity propagate as the formula says: no zero is skipped.

pub(crate) mod blocked;
mod epilogue;
pub(crate) mod micro;
pub(crate) mod pack;
mod plain;
mod real;
#[cfg(test)]
mod tests;
mod vector;

pub(crate) use epilogue::Finish;
pub use epilogue::{Activation, Epilogue};
pub use pack::PackedB;
pub use plain::Number;
pub use real::Real;

use crate::elementwise::{narrow_round, narrow_widen};
use crate::simd::{self, Kernel, Simd};
use crate::threads::{SharedMut, parallel_for_cost};
use blocked::{Factor, Product};

/// Sizes and strides of a product, or of a batch of products, `C[m, n] = A[m, k] B[k, n]`.
///
/// Strides count elements. [`Gemm::new`] describes dense matrices; the other methods change one thing each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gemm {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C.
    pub n: usize,
    /// Columns of A, rows of B.
    pub k: usize,
    /// A is stored as [k, m].
    pub trans_a: bool,
    /// B is stored as [n, k].
    pub trans_b: bool,
    /// Distance between stored rows of A.
    pub lda: usize,
    /// Distance between stored rows of B.
    pub ldb: usize,
    /// Distance between rows of C.
    pub ldc: usize,
    /// Number of products.
    pub batch: usize,
    /// Distance between the A matrices of a batch; 0 uses one A for all.
    pub stride_a: usize,
    /// Distance between the B matrices of a batch; 0 uses one B for all.
    pub stride_b: usize,
    /// Distance between the C matrices of a batch.
    pub stride_c: usize,
}

impl Gemm {
    /// One product of dense matrices.
    pub const fn new(m: usize, n: usize, k: usize) -> Self {
        Gemm {
            m,
            n,
            k,
            trans_a: false,
            trans_b: false,
            lda: k,
            ldb: n,
            ldc: n,
            batch: 1,
            stride_a: 0,
            stride_b: 0,
            stride_c: 0,
        }
    }

    /// A stored transposed, dense as [k, m].
    pub const fn trans_a(self) -> Self {
        Gemm { trans_a: true, lda: self.m, ..self }
    }

    /// B stored transposed, dense as [n, k].
    pub const fn trans_b(self) -> Self {
        Gemm { trans_b: true, ldb: self.k, ..self }
    }

    /// Distances between stored rows.
    pub const fn leading(self, lda: usize, ldb: usize, ldc: usize) -> Self {
        Gemm { lda, ldb, ldc, ..self }
    }

    /// `count` products; a stride of 0 for A or B broadcasts that factor.
    pub const fn batch(self, count: usize, stride_a: usize, stride_b: usize, stride_c: usize) -> Self {
        Gemm { batch: count, stride_a, stride_b, stride_c, ..self }
    }

    fn stored_a(&self) -> (usize, usize) {
        if self.trans_a { (self.k, self.m) } else { (self.m, self.k) }
    }

    fn stored_b(&self) -> (usize, usize) {
        if self.trans_b { (self.n, self.k) } else { (self.k, self.n) }
    }

    /// Panics unless the slices hold the matrices and those of C do not overlap.
    fn check(&self, a: usize, b: Option<usize>, c: usize, bias: Option<usize>) {
        if self.batch == 0 {
            return;
        }
        let last = |stride: usize| stride.checked_mul(self.batch - 1).expect("gemm: batch size overflows");
        check_matrix("a", a.saturating_sub(last(self.stride_a)), self.stored_a(), self.lda);
        if let Some(b) = b {
            check_matrix("b", b.saturating_sub(last(self.stride_b)), self.stored_b(), self.ldb);
        }
        check_matrix("c", c.saturating_sub(last(self.stride_c)), (self.m, self.n), self.ldc);
        let span = if self.m == 0 { 0 } else { (self.m - 1) * self.ldc + self.n };
        assert!(
            self.batch == 1 || self.n == 0 || self.stride_c >= span,
            "gemm: c matrices overlap: stride {} for {} x {}",
            self.stride_c,
            self.m,
            self.n
        );
        assert!(
            bias.is_none_or(|len| len == self.n),
            "gemm: bias has {bias:?} values for {} columns",
            self.n
        );
    }
}

/// Panics unless `len` values hold `rows` rows of `cols` values, `ld` apart.
pub(crate) fn check_matrix(name: &str, len: usize, (rows, cols): (usize, usize), ld: usize) {
    if rows == 0 || cols == 0 {
        return;
    }
    let end = (rows - 1).checked_mul(ld).and_then(|v| v.checked_add(cols));
    assert!(
        (rows == 1 || ld >= cols) && end.is_some_and(|end| end <= len),
        "gemm: {name} has {len} values for {rows} x {cols} with rows {ld} apart"
    );
}

/// `c = activation(a b + bias [+ c])` for every product of the batch.
///
/// For integers and complex numbers the only activations are [`Activation::None`] and, for integers,
/// [`Activation::Relu`] and [`Activation::Relu6`].
///
/// Panics when a slice is shorter than `shape` says, rows overlap, or the bias has another length than n.
pub fn gemm<T: Number>(shape: &Gemm, a: &[T], b: &[T], c: &mut [T], epilogue: &Epilogue<'_, T>) {
    shape.check(a.len(), Some(b.len()), c.len(), epilogue.bias.map(<[T]>::len));
    if shape.batch > 0 && shape.m > 0 && shape.n > 0 {
        T::product(shape, a, b, c, epilogue);
    }
}

/// [`gemm`] with a B that was packed before; `trans_b`, `ldb` and `stride_b` of the shape are not used.
///
/// Panics as [`gemm`], and when B was packed for other sizes.
pub fn gemm_packed<T: Real>(shape: &Gemm, a: &[T], b: &PackedB<T>, c: &mut [T], epilogue: &Epilogue<'_, T>) {
    T::gemm_packed(shape, a, b, c, epilogue)
}

pub(crate) fn gemm_packed_of<T: Real>(
    shape: &Gemm,
    a: &[T],
    b: &PackedB<T>,
    c: &mut [T],
    epilogue: &Epilogue<'_, T>,
) {
    assert!(
        (shape.k, shape.n) == (b.k, b.n),
        "gemm: b was packed as {} x {}, asked for {} x {}",
        b.k,
        b.n,
        shape.k,
        shape.n
    );
    shape.check(a.len(), None, c.len(), epilogue.bias.map(<[T]>::len));
    if shape.batch == 0 || shape.m == 0 || shape.n == 0 {
        return;
    }
    let data = b.data.as_slice::<T>().as_ptr();
    let panels = if b.n == 1 {
        Factor::Plain { b: data, ldb: 1, trans: false }
    } else {
        Factor::Panels { b: data, depth: b.k, from: 0 }
    };
    let batch = Batch { shape: *shape, a: a.as_ptr(), b: panels, c: c.as_mut_ptr(), epilogue };
    let run = || simd::dispatch(batch);
    if b.level == simd::level() { run() } else { simd::with_level(b.level, run) }
}

/// The products of f32 and f64; `shape` is checked and not empty.
fn real<T: Real>(shape: &Gemm, a: &[T], b: &[T], c: &mut [T], epilogue: &Epilogue<'_, T>) {
    let b = Factor::Plain { b: b.as_ptr(), ldb: shape.ldb, trans: shape.trans_b };
    simd::dispatch(Batch { shape: *shape, a: a.as_ptr(), b, c: c.as_mut_ptr(), epilogue });
}

/// A batch of checked products.
struct Batch<'a, T> {
    shape: Gemm,
    a: *const T,
    b: Factor<T>,
    c: *mut T,
    epilogue: &'a Epilogue<'a, T>,
}

impl<T: Real> Kernel for Batch<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Batch { shape, a, b, c, epilogue } = self;
        let mut g = shape;
        // One B for dense rows of A and C: a single taller product.
        if g.batch > 1
            && g.stride_b == 0
            && !g.trans_a
            && g.stride_a == g.m * g.lda
            && g.stride_c == g.m * g.ldc
        {
            g = Gemm { m: g.m * g.batch, batch: 1, ..g };
        }
        let product = Product {
            m: g.m,
            n: g.n,
            k: g.k,
            a,
            lda: g.lda,
            trans_a: g.trans_a,
            b,
            c,
            ldc: g.ldc,
            add: epilogue.accumulate,
            block: 0,
            finish: Finish::of(epilogue),
        };
        if g.batch == 1 {
            return s.outline(One(product));
        }
        let work = g.m * g.n * g.k.max(8);
        let member = move |i: usize| {
            // SAFETY: `check` made sure that the last member lies within the slices.
            unsafe {
                let a = product.a.add(i * g.stride_a);
                let b = match product.b {
                    Factor::Plain { b, ldb, trans } => Factor::Plain { b: b.add(i * g.stride_b), ldb, trans },
                    panels => panels,
                };
                Product { a, b, c: product.c.add(i * g.stride_c), ..product }
            }
        };
        if work > 1 << 27 || work > 1 << 22 && g.batch < 8 {
            // Each is worth several threads, and they are few.
            (0..g.batch).for_each(|i| s.outline(One(member(i))));
        } else {
            let group = ((1 << 18) / work.max(1)).clamp(1, g.batch);
            let shared = Members(member);
            parallel_for_cost(g.batch.div_ceil(group), work * g.batch / 32, |task| {
                for i in task * group..g.batch.min((task + 1) * group) {
                    s.outline(One((shared.get())(i)));
                }
            });
        }
    }
}

/// The function that gives the members of a batch, for use by tasks.
struct Members<F>(F);
// SAFETY: it captures pointers to the batch only; members write disjoint parts of C.
unsafe impl<F> Sync for Members<F> {}
impl<F> Members<F> {
    #[inline(always)]
    fn get(&self) -> &F {
        &self.0
    }
}

/// One product: a function of its own, since it is long and used at several places.
struct One<T>(Product<T>);

impl<T: Real> Kernel for One<T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        one(s, self.0);
    }
}

/// Chooses the algorithm for one product with m, n > 0.
#[inline(always)]
fn one<T: Real, S: Simd>(s: S, p: Product<T>) {
    if p.k == 0 {
        for i in 0..p.m {
            // SAFETY: the caller vouches for m rows of n values.
            let row = unsafe { std::slice::from_raw_parts_mut(p.c.add(i * p.ldc), p.n) };
            if !p.add {
                row.fill(T::ZERO);
            }
        }
        if let Some(f) = p.finish {
            // SAFETY: as above; the bias has n values.
            unsafe { f.apply(p.c, p.ldc, p.m, p.n) };
        }
    } else if !vector::run(s, p) {
        p.run(s);
    }
}

/// f16 and bf16: widened, multiplied as f32, rounded once.
fn widened<T: Number>(shape: &Gemm, a: &[T], b: &[T], c: &mut [T], epilogue: &Epilogue<'_, T>) {
    let wide = |x: &[T]| -> crate::Buffer {
        let mut out = crate::Buffer::new(crate::DType::F32, x.len());
        narrow_widen(x, out.as_mut_slice());
        out
    };
    let (a, b, mut sums) = (wide(a), wide(b), wide(c));
    let bias = epilogue.bias.map(wide);
    let e = Epilogue {
        bias: bias.as_ref().map(|b| b.as_slice::<f32>()),
        activation: epilogue.activation,
        accumulate: epilogue.accumulate,
    };
    gemm(shape, a.as_slice(), b.as_slice(), sums.as_mut_slice::<f32>(), &e);
    let sums = sums.as_slice::<f32>();
    for member in 0..shape.batch {
        let at = member * shape.stride_c;
        if shape.ldc == shape.n {
            let len = shape.m * shape.n;
            narrow_round(&sums[at..at + len], &mut c[at..at + len]);
            continue;
        }
        for i in 0..shape.m {
            let at = at + i * shape.ldc;
            narrow_round(&sums[at..at + shape.n], &mut c[at..at + shape.n]);
        }
    }
}

/// Rows of C in tasks, for the kernels that have no tiles: `f(member, row, row of c)`.
fn by_rows<T: Number>(shape: &Gemm, c: &mut [T], f: impl Fn(usize, usize, &mut [T]) + Sync) {
    let g = *shape;
    let shared = SharedMut::new(c);
    let work = g.n * g.k.max(1);
    let group = ((1 << 16) / work.max(1)).clamp(1, g.m);
    let groups = g.m.div_ceil(group);
    parallel_for_cost(g.batch * groups, work.saturating_mul(g.m * g.batch), |task| {
        let (member, first) = (task / groups, task % groups * group);
        for i in first..g.m.min(first + group) {
            let at = member * g.stride_c + i * g.ldc;
            // SAFETY: rows of C do not overlap, and each belongs to one task.
            f(member, i, unsafe { shared.slice(at..at + g.n) });
        }
    });
}
