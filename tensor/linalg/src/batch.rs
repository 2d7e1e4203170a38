//! What every operation here shares: checks of shapes, and the loop over the matrices of a batch.

use gradus_kernels::threads::parallel_for;
use gradus_tensor::{DType, Element, Error, Result, Shape, Spec};
use std::sync::{Mutex, PoisonError};

/// Elements of a matrix that can be decomposed: f32 and f64.
pub(crate) trait Scalar: Element + faer::traits::RealField {
    /// Not a number.
    const NOT_A_NUMBER: Self;
    /// True for numbers that are neither NaN nor infinite.
    fn finite(self) -> bool;
    /// The value as f64.
    fn wide(self) -> f64;
    /// The nearest value.
    fn narrow(v: f64) -> Self;
}

macro_rules! scalar {
    ($($t:ty)*) => {$(
        impl Scalar for $t {
            const NOT_A_NUMBER: Self = <$t>::NAN;
            fn finite(self) -> bool { self.is_finite() }
            fn wide(self) -> f64 { f64::from(self) }
            fn narrow(v: f64) -> Self { v as $t }
        }
    )*};
}
scalar!(f32 f64);

/// A stack of matrices: the last two axes are rows and columns, those before are the batch.
#[derive(Clone, Debug)]
pub(crate) struct Matrices {
    pub batch: Shape,
    pub rows: usize,
    pub columns: usize,
}

impl Matrices {
    /// Errors, in the name of the operation, when the tensor holds no f32 or f64 matrices.
    pub fn of(name: &str, x: &Spec) -> Result<Matrices> {
        if !matches!(x.dtype, DType::F32 | DType::F64) {
            return Err(Error::dtype(format!("{name}: expected float32 or float64, found {}", x.dtype)));
        }
        match x.shape[..] {
            [ref batch @ .., rows, columns] => Ok(Matrices { batch: Shape::new(batch), rows, columns }),
            _ => Err(Error::shape(format!("{name}: expected matrices, found shape {}", x.shape))),
        }
    }

    /// As [`Matrices::of`], and errors when the matrices are not square.
    pub fn square(name: &str, x: &Spec) -> Result<Matrices> {
        let m = Matrices::of(name, x)?;
        if m.rows != m.columns {
            return Err(Error::shape(format!("{name}: expected square matrices, found shape {}", x.shape)));
        }
        Ok(m)
    }

    /// Number of matrices.
    pub fn count(&self) -> usize {
        self.batch.num_elements()
    }

    /// The smaller one of rows and columns.
    pub fn least(&self) -> usize {
        self.rows.min(self.columns)
    }

    /// The shape of a stack of matrices of other sizes.
    pub fn sized(&self, rows: usize, columns: usize) -> Result<Shape> {
        let shape: Shape = self.batch.iter().copied().chain([rows, columns]).collect();
        shape.checked_len()?;
        Ok(shape)
    }

    /// The shape of a stack of vectors.
    pub fn vectors(&self, len: usize) -> Shape {
        self.batch.with(self.batch.rank(), len)
    }

    /// "matrix 3 of a batch", or "the matrix" when there is just one.
    pub fn which(&self, i: usize) -> String {
        if self.batch.rank() == 0 { "the matrix".to_string() } else { format!("matrix {i} of the batch") }
    }

    /// Roughly what a decomposition costs, in nanoseconds.
    fn cost(&self) -> usize {
        let n = self.least().max(1);
        300 + (self.rows.saturating_mul(self.columns)).saturating_mul(n)
    }

    /// Calls `f` with the index and the outputs of every matrix, on several threads when the batch is large.
    ///
    /// Each matrix is worked on by one thread, so results do not depend on their number; nor does the error, which is
    /// that of the first matrix that fails.
    pub fn each<S: Send>(
        &self,
        outputs: impl Iterator<Item = S>,
        f: impl Fn(usize, S) -> Result<()> + Sync,
    ) -> Result<()> {
        /// Work that is worth handing to a thread.
        const GROUP_NS: usize = 20_000;
        let slots: Vec<Mutex<Option<S>>> = outputs.map(|s| Mutex::new(Some(s))).collect();
        let group = (GROUP_NS / self.cost()).max(1);
        let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        parallel_for(slots.len().div_ceil(group), |g| {
            for i in g * group..((g + 1) * group).min(slots.len()) {
                let Some(out) = slots[i].lock().unwrap_or_else(PoisonError::into_inner).take() else {
                    continue;
                };
                if let Err(e) = f(i, out) {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    if failed.as_ref().is_none_or(|(first, _)| i < *first) {
                        *failed = Some((i, e));
                    }
                }
            }
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((_, e)) => Err(e),
            None => Ok(()),
        }
    }
}

/// The elements of `count` matrices of `size` elements each; the size may be 0.
pub(crate) fn parts<T>(mut y: &mut [T], size: usize, count: usize) -> impl Iterator<Item = &mut [T]> {
    (0..count).map(move |_| {
        let (head, tail) = std::mem::take(&mut y).split_at_mut(size);
        y = tail;
        head
    })
}

/// The elements of matrix `i`.
pub(crate) fn part<T>(x: &[T], size: usize, i: usize) -> &[T] {
    &x[i * size..(i + 1) * size]
}

/// A row-major `rows x columns` matrix copied column by column, or the other way round when the sizes are swapped.
pub(crate) fn turn<T: Copy>(x: &[T], rows: usize, columns: usize, y: &mut [T]) {
    /// Both arrays are touched in whole cache lines.
    const BLOCK: usize = 16;
    for r0 in (0..rows).step_by(BLOCK) {
        for c0 in (0..columns).step_by(BLOCK) {
            for r in r0..(r0 + BLOCK).min(rows) {
                for c in c0..(c0 + BLOCK).min(columns) {
                    y[c * rows + r] = x[r * columns + c];
                }
            }
        }
    }
}

/// The first methods of an operation that makes of every square matrix one of the same size: its name, its shape rule,
/// and the loop over the batch. The body is given the batch, the index of the matrix in it, the matrix, its number of
/// rows, and the place of the result, whose elements are of type `T`.
macro_rules! square_to_square {
    (|$batch:ident, $i:ident, $a:ident, $n:ident, $y:ident| $body:expr) => {
        fn name(&self) -> &'static str {
            Self::NAME
        }
        fn infer(&self, x: &[&Spec]) -> Result<Specs> {
            Matrices::square(Self::NAME, x[0])?;
            Ok(smallvec![x[0].clone()])
        }
        fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
            let $batch = Matrices::square(Self::NAME, x[0].spec())?;
            let $n = $batch.rows;
            let size = $n * $n;
            dispatch!(x[0].dtype(), T: wide_float => {
                let all = x[0].as_slice::<T>();
                $batch.each(parts(y[0].as_mut::<T>(), size, $batch.count()), |$i, $y| {
                    let $a = part(all, size, $i);
                    $body
                })
            } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
        }
    };
}
pub(crate) use square_to_square;

/// Room for what a decomposition needs beside its input and output.
///
/// Errors when there is not enough memory.
pub(crate) fn scratch(req: faer::dyn_stack::StackReq) -> Result<faer::dyn_stack::MemBuffer> {
    faer::dyn_stack::MemBuffer::try_new(req)
        .map_err(|_| Error::shape("the matrices are too large for the memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_told() {
        let m = Matrices { batch: Shape::from([1000]), rows: 3, columns: 3 };
        let fail = |i: usize, _: usize| if i % 7 == 3 { Err(Error::value(m.which(i))) } else { Ok(()) };
        for threads in [1, 4] {
            let e = gradus_kernels::threads::with_num_threads(threads, || m.each(0..1000usize, fail))
                .unwrap_err();
            assert_eq!(e.to_string(), "matrix 3 of the batch");
        }
    }

    #[test]
    fn turning_twice_changes_nothing() {
        let x: Vec<i32> = (0..35 * 18).collect();
        let (mut y, mut z) = (vec![0; x.len()], vec![0; x.len()]);
        turn(&x, 35, 18, &mut y);
        assert_eq!(y[1], 18);
        turn(&y, 18, 35, &mut z);
        assert_eq!(x, z);
    }
}
