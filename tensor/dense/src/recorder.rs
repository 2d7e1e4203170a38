//! The hook through which a tape or a trace sees what happens.
//!
//! Recorders form a stack per thread. Without one, an operation pays a single thread-local load; nothing
//! is kept. Recorders leave the stack by identity, not by position, so tapes may end in any order.

use crate::{Op, Result, Tensor};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Who is listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A gradient tape: keeps what depends on watched values.
    Tape,
    /// A trace: keeps everything, so as to replay it.
    Program,
}

/// Something that listens to operations on this thread.
pub trait Recorder: Any {
    /// Who is listening.
    fn role(&self) -> Role;
    /// An operation was carried out.
    fn record(&self, op: &dyn Op, x: &[&Tensor], y: &[Tensor]);
    /// A variable (of whichever crate defines them) is read, and holds `current`. A trace may answer with the
    /// value that stands for it there.
    fn read_variable(&self, variable: &dyn Any, current: &Tensor) -> Option<Tensor> {
        let _ = (variable, current);
        None
    }
    /// A variable is about to be assigned. A trace takes the value and answers true; nothing is stored then.
    fn assign_variable(&self, variable: &dyn Any, value: &Tensor) -> bool {
        let _ = (variable, value);
        false
    }
    /// A value is about to be read back into Rust; a trace refuses what it would bake in.
    fn before_read(&self, t: &Tensor) -> Result<()> {
        let _ = t;
        Ok(())
    }
}

thread_local! {
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static STACK: RefCell<Vec<Rc<dyn Recorder>>> = const { RefCell::new(Vec::new()) };
}

/// True when a recorder listens on this thread.
#[inline]
pub fn active() -> bool {
    ACTIVE.get()
}

/// True when a trace listens on this thread.
pub fn tracing() -> bool {
    active() && STACK.with_borrow(|s| s.iter().any(|r| r.role() == Role::Program))
}

/// True when a tape listens on this thread: gradients of what happens now may be asked for.
///
/// Fused gradient operations without a rule of their own look here, and give way to plain formulas.
pub fn taping() -> bool {
    active() && STACK.with_borrow(|s| s.iter().any(|r| r.role() == Role::Tape))
}

/// Starts listening.
pub fn push(recorder: Rc<dyn Recorder>) {
    STACK.with_borrow_mut(|s| s.push(recorder));
    ACTIVE.set(true);
}

/// Stops listening; the recorder is found by identity, and nothing happens when it is not on the stack.
pub fn remove(recorder: &Rc<dyn Recorder>) {
    STACK.with_borrow_mut(|s| {
        if let Some(i) = s.iter().rposition(|r| Rc::ptr_eq(r, recorder)) {
            s.remove(i);
        }
        ACTIVE.set(!s.is_empty());
    });
}

/// The recorders of this thread, outermost first.
pub fn stack() -> Vec<Rc<dyn Recorder>> {
    STACK.with_borrow(Clone::clone)
}

/// Runs `f` with only the recorders that `keep` accepts, and puts the others back afterwards.
///
/// Recorders that `f` pushes and forgets to remove are dropped from the stack.
pub fn with_only<R>(keep: impl Fn(&Rc<dyn Recorder>) -> bool, f: impl FnOnce() -> R) -> R {
    struct Restore(Vec<Rc<dyn Recorder>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let saved = std::mem::take(&mut self.0);
            ACTIVE.set(!saved.is_empty());
            STACK.with_borrow_mut(|s| *s = saved);
        }
    }
    let saved = stack();
    let kept: Vec<_> = saved.iter().filter(|r| keep(r)).cloned().collect();
    ACTIVE.set(!kept.is_empty());
    STACK.with_borrow_mut(|s| *s = kept);
    let _restore = Restore(saved);
    f()
}

/// Runs `f` unseen by every recorder.
pub fn suspended<R>(f: impl FnOnce() -> R) -> R {
    if !active() {
        return f();
    }
    with_only(|_| false, f)
}

/// Calls `f` with every recorder of this thread, outermost first.
pub fn each(mut f: impl FnMut(&dyn Recorder)) {
    let n = STACK.with_borrow(Vec::len);
    for i in 0..n {
        // Borrowed one at a time: a recorder may itself touch the stack.
        let r = STACK.with_borrow(|s| s.get(i).cloned());
        if let Some(r) = r {
            f(&*r);
        }
    }
}

/// Tells every recorder of this thread about an operation.
///
/// Public for whoever carries out an operation by other means than [`apply`](crate::op::apply): a custom
/// gradient, a replayed trace.
pub fn record(op: &dyn Op, x: &[&Tensor], y: &[Tensor]) {
    each(|r| r.record(op, x, y));
}

/// Asks every recorder whether a value may be read back into Rust.
pub(crate) fn before_read(t: &Tensor) -> Result<()> {
    if active() {
        for r in stack() {
            r.before_read(t)?;
        }
    }
    Ok(())
}
