//! Reverse-mode differentiation of what was done, in the order it was done.
//!
//! A tape listens to the operations of its thread and writes down those that depend on something watched ([`log`]).
//! `gradient` walks the list backwards ([`walk`]): each entry turns the gradients of its outputs into those of its
//! inputs by the operation's own rule. The tape is consumed, so a second use does not compile; entries are
//! dropped as they are passed, so activations die as soon as the backward pass has used them.
//!
//! Gradient rules are written in operations. The tape has left the stack by then, and outer tapes have not:
//! they record the backward pass, which is all that second derivatives need.

mod jacobian;
mod listener;
mod log;
mod persistent;
mod slots;
mod unconnected;
mod walk;
mod watched;

pub use persistent::PersistentTape;

use crate::{Sources, Upstream, Variable};
use gradus_tensor::recorder::{self, Role};
use gradus_tensor::{Result, Tensor};
use listener::Handle;

/// A tape that answers once: [`GradientTape::gradient`] consumes it.
///
/// ```
/// use gradus_autograd::{GradientTape, Variable};
/// use gradus_tensor::Tensor;
/// let w = Variable::new(Tensor::new([1.0f32, 2.0])?);
/// let tape = GradientTape::new();
/// let y = w.value().square()?;
/// assert_eq!(tape.gradient(&y, &w)?.to_vec::<f32>()?, [2.0, 4.0]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
/// A second use does not compile; [`GradientTape::persistent`] starts a tape that answers several times.
///
/// ```compile_fail,E0382
/// # use gradus_autograd::{GradientTape, Variable};
/// # use gradus_tensor::Tensor;
/// # let w = Variable::new(Tensor::scalar(1.0f32));
/// # let tape = GradientTape::new();
/// # let y = w.value().square().unwrap();
/// let first = tape.gradient(&y, &w);
/// let second = tape.gradient(&y, &w);
/// ```
///
/// A tape belongs to the thread that started it: it does not see other threads, and cannot be sent to one.
///
/// ```compile_fail,E0277
/// # use gradus_autograd::GradientTape;
/// let tape = GradientTape::new();
/// std::thread::spawn(move || drop(tape));
/// ```
#[must_use = "a tape that is dropped records nothing; bind it to a name"]
pub struct GradientTape {
    handle: Handle,
}

impl Default for GradientTape {
    fn default() -> Self {
        GradientTape::new()
    }
}

impl GradientTape {
    /// Starts recording on this thread. Trainable variables are watched when they are read.
    pub fn new() -> GradientTape {
        GradientTape { handle: Handle::start(true) }
    }

    /// Starts recording, watching only what [`GradientTape::watch`] names.
    pub fn watching_nothing() -> GradientTape {
        GradientTape { handle: Handle::start(false) }
    }

    /// Starts a tape that answers several times.
    pub fn persistent() -> PersistentTape {
        PersistentTape::start(true)
    }

    /// Starts a tape that answers several times, watching only what [`PersistentTape::watch`] names.
    pub fn persistent_watching_nothing() -> PersistentTape {
        PersistentTape::start(false)
    }

    /// Gradients of the sum of the targets with respect to the sources, in the form of the sources.
    ///
    /// A target may come with the gradient that reaches it from above, `(&y, &dy)`; the result is then the sum of
    /// `dy * dy/dx`. Errors for a source that the targets do not depend on, naming it (see the two variants), for
    /// integers, and when an operation on the way has no gradient.
    pub fn gradient<S: Sources>(self, targets: impl Upstream, sources: S) -> Result<S::Form<Tensor>> {
        let list = sources.list();
        let found = walk::through(self.handle.finish(), &targets.targets(), &list)?;
        let found = unconnected::refused("gradient", &list, found).collect::<Result<Vec<_>>>()?;
        Ok(sources.form(&mut found.into_iter()))
    }

    /// As [`GradientTape::gradient`], with `None` for a source that the targets do not depend on.
    pub fn gradient_or_none<S: Sources>(
        self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Option<Tensor>>> {
        let found = walk::through(self.handle.finish(), &targets.targets(), &sources.list())?;
        Ok(sources.form(&mut found.into_iter()))
    }

    /// As [`GradientTape::gradient`], with zeros for a source that the targets do not depend on.
    pub fn gradient_or_zeros<S: Sources>(
        self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Tensor>> {
        let list = sources.list();
        let found = walk::through(self.handle.finish(), &targets.targets(), &list)?;
        let found = unconnected::zeros(&list, found, |s| s.spec().shape.dims().to_vec())?;
        Ok(sources.form(&mut found.into_iter()))
    }
}

macro_rules! watching {
    ($t:ident) => {
        impl $t {
            /// Watches a tensor, so that gradients with respect to it exist. Errors for dtypes other than floats.
            pub fn watch(&self, t: &Tensor) -> Result<()> {
                self.handle.log().borrow_mut().watch(t)
            }

            /// Watches a variable that the tape does not watch by itself. Variables of integers are passed over.
            pub fn watch_variable(&self, v: &Variable) {
                self.handle.log().borrow_mut().watch_variable(v, &v.peek());
            }

            /// The variables seen so far, in order.
            pub fn watched_variables(&self) -> Vec<Variable> {
                self.handle.log().borrow().variables().cloned().collect()
            }

            /// Runs `f` unseen by this tape.
            pub fn stop_recording<R>(&self, f: impl FnOnce() -> R) -> R {
                self.handle.paused(f)
            }

            /// Forgets everything recorded and watched, and goes on.
            pub fn reset(&self) {
                self.handle.log().take();
            }
        }
    };
}
watching!(GradientTape);
watching!(PersistentTape);

/// Runs `f` unseen by every tape of this thread; traces go on listening.
pub fn stop_recording<R>(f: impl FnOnce() -> R) -> R {
    if !recorder::active() {
        return f();
    }
    recorder::with_only(|r| r.role() != Role::Tape, f)
}
