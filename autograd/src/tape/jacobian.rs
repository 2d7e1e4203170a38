//! Jacobians: one backward pass for every element of the target.

use super::log::Log;
use super::walk::Walk;
use super::{GradientTape, PersistentTape, unconnected};
use crate::{Source, Sources};
use gradus_tensor::{Error, Result, Tensor};

/// A jacobian with respect to each source; `None` where the target does not depend on it.
///
/// For every column `k` of the target (seen as `[batch, columns]`), a pass starts from ones in that column and zeros
/// elsewhere, and its gradients are laid along a new axis behind the first `batch_axes` axes of the source.
fn columns(log: &Log, target: &Tensor, sources: &[Source], batch_axes: usize) -> Result<Vec<Option<Tensor>>> {
    let mut walk = Walk::towards(log, sources)?;
    let batch: usize = target.shape()[..batch_axes].iter().product();
    let n: usize = target.shape()[batch_axes..].iter().product();
    let mut rows: Vec<Vec<Option<Tensor>>> = vec![Vec::with_capacity(n); sources.len()];
    for k in 0..n {
        let mut start = vec![0.0f64; batch * n];
        start.iter_mut().skip(k).step_by(n).for_each(|v| *v = 1.0);
        let start = Tensor::from_vec(start, target.shape().clone())?.cast(target.dtype())?;
        walk.start(log, &[(target.clone(), Some(start))])?;
        log.entries.iter().rev().try_for_each(|e| walk.step(e))?;
        for (rows, g) in rows.iter_mut().zip(walk.finish(log, sources)?) {
            rows.push(g);
        }
    }
    let tail = &target.shape()[batch_axes..];
    let laid = sources.iter().zip(rows).map(|(s, rows)| {
        let from = &s.spec().shape;
        let shape: Vec<usize> =
            from[..batch_axes].iter().chain(tail).chain(&from[batch_axes..]).copied().collect();
        if rows.iter().all(Option::is_none) {
            // A target without elements depends on what it is made from, though no pass was needed.
            let reached = n == 0 && walk.reaches(log, target);
            return if reached { Tensor::zeros(shape, s.spec().dtype).map(Some) } else { Ok(None) };
        }
        let zeros = Tensor::zeros(from.clone(), s.spec().dtype)?;
        let rows: Vec<&Tensor> = rows.iter().map(|g| g.as_ref().unwrap_or(&zeros)).collect();
        Tensor::stack(&rows, batch_axes as isize)?.reshape(shape).map(Some)
    });
    laid.collect()
}

/// Checks that target and sources share their first axis.
fn same_batch(target: &Tensor, sources: &[Source]) -> Result<()> {
    for (i, s) in sources.iter().enumerate() {
        let (y, x) = (target.shape().first(), s.spec().shape.first());
        if y.is_none() || y != x {
            return Err(Error::shape(format!(
                "batch_jacobian: the first axes of the target {} and of source {i}, {s}, differ",
                target.spec()
            )));
        }
    }
    Ok(())
}

fn shape_of(target: &Tensor, batch_axes: usize) -> impl Fn(&Source) -> Vec<usize> {
    move |s| {
        let (y, x) = (target.shape(), &s.spec().shape);
        y.iter().chain(&x[batch_axes..]).copied().collect()
    }
}

type Found = (Vec<Source>, Vec<Option<Tensor>>);

/// The derivatives in the form of the sources, or an error naming the first source without one.
fn refused<S: Sources>(what: &str, sources: &S, (list, found): Found) -> Result<S::Form<Tensor>> {
    let found = unconnected::refused(what, &list, found).collect::<Result<Vec<_>>>()?;
    Ok(sources.form(&mut found.into_iter()))
}

/// The derivatives in the form of the sources, with zeros where there is none.
fn zeros<S: Sources>(
    target: &Tensor,
    sources: &S,
    batch: usize,
    (list, found): Found,
) -> Result<S::Form<Tensor>> {
    let found = unconnected::zeros(&list, found, shape_of(target, batch))?;
    Ok(sources.form(&mut found.into_iter()))
}

macro_rules! jacobians {
    ($t:ident, |$me:ident: $own:ty| $with_log:expr) => {
        impl $t {
            /// The derivative of every element of the target with respect to every element of each source:
            /// `[..target axes, ..source axes]`.
            ///
            /// ```
            /// # use gradus_autograd::{GradientTape, Variable};
            /// # use gradus_tensor::Tensor;
            /// let x = Variable::new(Tensor::new([1.0f32, 2.0])?);
            /// let tape = GradientTape::new();
            /// let y = x.value().cumsum(0, false, false)?;
            /// let j = tape.jacobian(&y, &x)?;
            /// assert_eq!(j.to_vec::<f32>()?, [1.0, 0.0, 1.0, 1.0]);
            /// # Ok::<(), gradus_tensor::Error>(())
            /// ```
            ///
            /// It costs one backward pass for every element of the target. Errors as
            /// [`GradientTape::gradient`] does.
            pub fn jacobian<S: Sources>(self: $own, target: &Tensor, sources: S) -> Result<S::Form<Tensor>> {
                refused("jacobian", &sources, self.derivatives(target, &sources, 0)?)
            }

            /// As [`jacobian`](Self::jacobian), with `None` for a source that the target does not depend on.
            pub fn jacobian_or_none<S: Sources>(
                self: $own,
                target: &Tensor,
                sources: S,
            ) -> Result<S::Form<Option<Tensor>>> {
                Ok(sources.form(&mut self.derivatives(target, &sources, 0)?.1.into_iter()))
            }

            /// As [`jacobian`](Self::jacobian), with zeros for a source that the target does not depend on.
            pub fn jacobian_or_zeros<S: Sources>(
                self: $own,
                target: &Tensor,
                sources: S,
            ) -> Result<S::Form<Tensor>> {
                zeros(target, &sources, 0, self.derivatives(target, &sources, 0)?)
            }

            /// A jacobian for every sample of a batch: `[batch, ..target axes, ..source axes]`.
            ///
            /// Row `i` of the target must depend on row `i` of the sources alone (a batch normalization in training
            /// breaks this); then one pass serves a whole column, and it costs as many passes as one sample of the
            /// target has elements. Errors when the first axes differ, and as [`jacobian`](Self::jacobian).
            pub fn batch_jacobian<S: Sources>(
                self: $own,
                target: &Tensor,
                sources: S,
            ) -> Result<S::Form<Tensor>> {
                refused("batch_jacobian", &sources, self.derivatives(target, &sources, 1)?)
            }

            /// As [`batch_jacobian`](Self::batch_jacobian), with `None` for a source that the target does not
            /// depend on.
            pub fn batch_jacobian_or_none<S: Sources>(
                self: $own,
                target: &Tensor,
                sources: S,
            ) -> Result<S::Form<Option<Tensor>>> {
                Ok(sources.form(&mut self.derivatives(target, &sources, 1)?.1.into_iter()))
            }

            /// As [`batch_jacobian`](Self::batch_jacobian), with zeros for a source that the target does not
            /// depend on.
            pub fn batch_jacobian_or_zeros<S: Sources>(
                self: $own,
                target: &Tensor,
                sources: S,
            ) -> Result<S::Form<Tensor>> {
                zeros(target, &sources, 1, self.derivatives(target, &sources, 1)?)
            }

            /// The sources in order, each with its derivative if there is one; the first `batch` axes are samples'.
            fn derivatives(
                self: $own,
                target: &Tensor,
                sources: &impl Sources,
                batch: usize,
            ) -> Result<Found> {
                let (list, $me) = (sources.list(), self);
                if batch > 0 {
                    same_batch(target, &list)?;
                }
                let found = $with_log(|log: &Log| columns(log, target, &list, batch))?;
                Ok((list, found))
            }
        }
    };
}
jacobians!(GradientTape, |tape: Self| (|f| finished(tape, f)));
jacobians!(PersistentTape, |tape: &Self| (|f| lent(tape, f)));

fn finished<R>(tape: GradientTape, f: impl FnOnce(&Log) -> R) -> R {
    f(&tape.handle.finish())
}

fn lent<R>(tape: &PersistentTape, f: impl FnOnce(&Log) -> R) -> R {
    tape.handle.paused(|| f(&tape.handle.log().borrow()))
}
