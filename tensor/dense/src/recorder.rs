//! The hook through which a tape or a trace sees what happens.
//!
//! Recorders form a stack per thread. Without one, an operation pays a single thread-local load; nothing
//! is kept. Recorders leave the stack by identity, not by position, so tapes may end in any order, also while
//! they are hidden ([`with_only`]).

use crate::{Op, Result, Tensor};
use smallvec::SmallVec;
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
    /// Hears of variables only: notes or answers their reads and assignments.
    Variables,
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

/// A recorder on the stack, and how many calls of [`with_only`] hide it.
struct Place {
    recorder: Rc<dyn Recorder>,
    hidden: u32,
}

thread_local! {
    /// True when a recorder is on the stack and not hidden.
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static STACK: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

fn set_active(stack: &[Place]) {
    ACTIVE.set(stack.iter().any(|p| p.hidden == 0));
}

fn any(role: Role) -> bool {
    active() && STACK.with_borrow(|s| s.iter().any(|p| p.hidden == 0 && p.recorder.role() == role))
}

/// True when a recorder listens on this thread.
#[inline]
pub fn active() -> bool {
    ACTIVE.get()
}

/// True when a trace listens on this thread.
pub fn tracing() -> bool {
    any(Role::Program)
}

/// True when a tape listens on this thread: gradients of what happens now may be asked for.
///
/// Fused gradient operations without a rule of their own look here, and give way to plain formulas.
pub fn taping() -> bool {
    any(Role::Tape)
}

/// Starts listening.
pub fn push(recorder: Rc<dyn Recorder>) {
    STACK.with_borrow_mut(|s| s.push(Place { recorder, hidden: 0 }));
    ACTIVE.set(true);
}

/// Stops listening; the recorder is found by identity, and nothing happens when it is not on the stack.
pub fn remove(recorder: &Rc<dyn Recorder>) {
    // A thread that ends may have dropped its stack before the last tape.
    let removed = STACK.try_with(|s| {
        let mut s = s.borrow_mut();
        let removed = s.iter().rposition(|p| Rc::ptr_eq(&p.recorder, recorder)).map(|i| s.remove(i));
        set_active(&s);
        removed
    });
    drop(removed);
}

/// Runs `f` while the recorder listens; it stops even when `f` panics.
pub fn during<R>(recorder: Rc<dyn Recorder>, f: impl FnOnce() -> R) -> R {
    struct Remove(Rc<dyn Recorder>);
    impl Drop for Remove {
        fn drop(&mut self) {
            remove(&self.0);
        }
    }
    push(recorder.clone());
    let _remove = Remove(recorder);
    f()
}

/// The recorders of this thread that listen, outermost first.
pub fn stack() -> Vec<Rc<dyn Recorder>> {
    STACK.with_borrow(|s| s.iter().filter(|p| p.hidden == 0).map(|p| p.recorder.clone()).collect())
}

/// Runs `f` with only the recorders that `keep` accepts; the others listen again afterwards.
///
/// Recorders may come and go in `f`: those that stay listen on.
pub fn with_only<R>(keep: impl Fn(&Rc<dyn Recorder>) -> bool, f: impl FnOnce() -> R) -> R {
    struct Restore(SmallVec<[Rc<dyn Recorder>; 2]>);
    impl Drop for Restore {
        fn drop(&mut self) {
            STACK.with_borrow_mut(|s| {
                for hidden in &self.0 {
                    if let Some(p) = s.iter_mut().find(|p| Rc::ptr_eq(&p.recorder, hidden)) {
                        p.hidden -= 1;
                    }
                }
                set_active(s);
            });
        }
    }
    let hide: SmallVec<[Rc<dyn Recorder>; 2]> = stack().into_iter().filter(|r| !keep(r)).collect();
    STACK.with_borrow_mut(|s| {
        for p in s.iter_mut().filter(|p| hide.iter().any(|h| Rc::ptr_eq(h, &p.recorder))) {
            p.hidden += 1;
        }
        set_active(s);
    });
    let _restore = Restore(hide);
    f()
}

/// Runs `f` unseen by every recorder.
pub fn suspended<R>(f: impl FnOnce() -> R) -> R {
    if !active() {
        return f();
    }
    with_only(|_| false, f)
}

/// Calls `f` with every recorder of this thread that listens, outermost first.
#[inline]
pub fn each(mut f: impl FnMut(&dyn Recorder)) {
    let n = STACK.with_borrow(Vec::len);
    for i in 0..n {
        // Borrowed one at a time: a recorder may itself touch the stack.
        let r = STACK.with_borrow(|s| s.get(i).filter(|p| p.hidden == 0).map(|p| p.recorder.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts what it hears.
    #[derive(Default)]
    struct Ear(Cell<usize>);

    impl Recorder for Ear {
        fn role(&self) -> Role {
            Role::Tape
        }
        fn record(&self, _: &dyn Op, _: &[&Tensor], _: &[Tensor]) {
            self.0.set(self.0.get() + 1);
        }
    }

    fn ear() -> (Rc<Ear>, Rc<dyn Recorder>) {
        let ear = Rc::new(Ear::default());
        let recorder: Rc<dyn Recorder> = ear.clone();
        push(recorder.clone());
        (ear, recorder)
    }

    fn sound() {
        Tensor::scalar(1.0f32).neg().unwrap();
    }

    #[test]
    fn hidden_recorders_hear_nothing_and_may_leave() {
        let (a, ra) = ear();
        let (b, rb) = ear();
        let (c, rc) = suspended(|| {
            sound();
            with_only(|_| true, sound);
            remove(&ra);
            let c = ear();
            sound();
            suspended(sound);
            c
        });
        assert_eq!((a.0.get(), b.0.get(), c.0.get()), (0, 0, 1));
        sound();
        assert_eq!((a.0.get(), b.0.get(), c.0.get()), (0, 1, 2), "a left while hidden, b is back, c stayed");
        remove(&rb);
        remove(&rc);
        assert!(!active());
    }
}
