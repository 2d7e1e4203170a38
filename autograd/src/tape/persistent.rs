//! A tape that lends itself to any number of questions.

use super::listener::Handle;
use super::{unconnected, walk};
use crate::{Source, Sources, Upstream};
use gradus_tensor::{Result, Tensor};

/// A tape that answers any number of times and frees its memory when dropped.
///
/// ```
/// use gradus_autograd::{GradientTape, Variable};
/// use gradus_tensor::Tensor;
/// let w = Variable::new(Tensor::scalar(3.0f32));
/// let tape = GradientTape::persistent();
/// let y = w.value().square()?;
/// let z = y.square()?;
/// assert_eq!(tape.gradient(&y, &w)?.item::<f32>()?, 6.0);
/// assert_eq!(tape.gradient(&z, &w)?.item::<f32>()?, 108.0);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
///
/// It goes on recording between the questions, but does not record the backward passes themselves: second
/// derivatives take a second tape around it.
#[must_use = "a tape that is dropped records nothing; bind it to a name"]
pub struct PersistentTape {
    pub(super) handle: Handle,
}

impl PersistentTape {
    pub(super) fn start(watch_variables: bool) -> PersistentTape {
        PersistentTape { handle: Handle::start(watch_variables) }
    }

    fn found(&self, targets: impl Upstream, sources: &[Source]) -> Result<Vec<Option<Tensor>>> {
        self.handle.paused(|| walk::over(&self.handle.log().borrow(), &targets.targets(), sources))
    }

    /// As [`GradientTape::gradient`](crate::GradientTape::gradient); the tape stays.
    pub fn gradient<S: Sources>(&self, targets: impl Upstream, sources: S) -> Result<S::Form<Tensor>> {
        let list = sources.list();
        let found = self.found(targets, &list)?;
        let found = unconnected::refused("gradient", &list, found).collect::<Result<Vec<_>>>()?;
        Ok(sources.form(&mut found.into_iter()))
    }

    /// As [`GradientTape::gradient_or_none`](crate::GradientTape::gradient_or_none); the tape stays.
    pub fn gradient_or_none<S: Sources>(
        &self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Option<Tensor>>> {
        let found = self.found(targets, &sources.list())?;
        Ok(sources.form(&mut found.into_iter()))
    }

    /// As [`GradientTape::gradient_or_zeros`](crate::GradientTape::gradient_or_zeros); the tape stays.
    pub fn gradient_or_zeros<S: Sources>(
        &self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Tensor>> {
        let list = sources.list();
        let found = self.found(targets, &list)?;
        let found = unconnected::zeros(&list, found, |s| s.spec().shape.dims().to_vec())?;
        Ok(sources.form(&mut found.into_iter()))
    }
}
