//! A log on the recorder stack of its thread.

use super::log::Log;
use crate::Variable;
use gradus_tensor::recorder::{self, Recorder, Role};
use gradus_tensor::{Op, Tensor};
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// What the recorder stack knows of a tape.
pub(crate) struct Listener {
    pub log: RefCell<Log>,
    watch_variables: bool,
}

impl Recorder for Listener {
    fn role(&self) -> Role {
        Role::Tape
    }

    fn record(&self, op: &dyn Op, x: &[&Tensor], y: &[Tensor]) {
        self.log.borrow_mut().record(op, x, y);
    }

    fn read_variable(&self, variable: &dyn Any, current: &Tensor) -> Option<Tensor> {
        if self.watch_variables {
            if let Some(v) = variable.downcast_ref::<Variable>().filter(|v| v.is_trainable()) {
                self.log.borrow_mut().watch_variable(v, current);
            }
        }
        None
    }
}

/// A listener's place on the recorder stack, left on drop.
pub(crate) struct Handle {
    listener: Rc<Listener>,
    recorder: Rc<dyn Recorder>,
}

impl Handle {
    /// Starts listening on this thread.
    pub fn start(watch_variables: bool) -> Handle {
        let listener = Rc::new(Listener { log: RefCell::new(Log::roomy()), watch_variables });
        let recorder: Rc<dyn Recorder> = listener.clone();
        recorder::push(recorder.clone());
        Handle { listener, recorder }
    }

    /// What was written down so far.
    pub fn log(&self) -> &RefCell<Log> {
        &self.listener.log
    }

    /// Stops listening, and hands over what was written down.
    pub fn finish(self) -> Log {
        self.listener.log.take()
    }

    /// Runs `f` unheard; listening goes on afterwards, also when `f` panics.
    ///
    /// The listener leaves the stack for the time, so that nobody takes the trouble to be heard.
    pub fn paused<R>(&self, f: impl FnOnce() -> R) -> R {
        recorder::with_only(|r| !Rc::ptr_eq(r, &self.recorder), f)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        recorder::remove(&self.recorder);
    }
}
