//! Which variables a function reads, and the same function again with the values that it read.

use crate::Variable;
use gradus_tensor::recorder::{self, Recorder, Role};
use gradus_tensor::{Op, Result, Tensor};
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// Variables with the value that each had when it was first read.
pub(crate) type Values = Vec<(Variable, Tensor)>;

fn push(recorder: Rc<dyn Recorder>) -> impl Drop {
    struct Leave(Rc<dyn Recorder>);
    impl Drop for Leave {
        fn drop(&mut self) {
            recorder::remove(&self.0);
        }
    }
    recorder::push(recorder.clone());
    Leave(recorder)
}

/// Notes the variables that are read before they are assigned.
#[derive(Default)]
pub(crate) struct Reads {
    values: RefCell<Values>,
    assigned: RefCell<Vec<u64>>,
}

impl Reads {
    /// Runs `f`, and tells what it read.
    pub fn during<R>(f: impl FnOnce() -> R) -> (R, Values) {
        let reads = Rc::new(Reads::default());
        let leave = push(reads.clone());
        let r = f();
        drop(leave);
        (r, reads.values.take())
    }
}

impl Recorder for Reads {
    fn role(&self) -> Role {
        Role::Variables
    }
    fn record(&self, _: &dyn Op, _: &[&Tensor], _: &[Tensor]) {}
    fn read_variable(&self, variable: &dyn Any, current: &Tensor) -> Option<Tensor> {
        let v = variable.downcast_ref::<Variable>()?;
        let mut values = self.values.borrow_mut();
        if !self.assigned.borrow().contains(&v.id()) && !values.iter().any(|(w, _)| w.id() == v.id()) {
            values.push((v.clone(), current.clone()));
        }
        None
    }
    fn assign_variable(&self, variable: &dyn Any, _: &Tensor) -> bool {
        if let Some(v) = variable.downcast_ref::<Variable>() {
            self.assigned.borrow_mut().push(v.id());
        }
        false
    }
}

/// Answers reads with the values of an earlier run, and keeps assignments to itself.
///
/// So that a function which advances a random state or a moving average does neither twice.
pub(crate) struct Again(RefCell<Values>);

impl Again {
    /// Runs `f` with those values of variables.
    pub fn with<R>(values: Values, f: impl FnOnce() -> Result<R>) -> Result<R> {
        let _leave = push(Rc::new(Again(RefCell::new(values))));
        f()
    }
}

impl Recorder for Again {
    fn role(&self) -> Role {
        Role::Variables
    }
    fn record(&self, _: &dyn Op, _: &[&Tensor], _: &[Tensor]) {}
    fn read_variable(&self, variable: &dyn Any, _: &Tensor) -> Option<Tensor> {
        let v = variable.downcast_ref::<Variable>()?;
        self.0.borrow().iter().find(|(w, _)| w.id() == v.id()).map(|(_, t)| t.clone())
    }
    fn assign_variable(&self, variable: &dyn Any, value: &Tensor) -> bool {
        let Some(v) = variable.downcast_ref::<Variable>() else { return false };
        let mut values = self.0.borrow_mut();
        // A fresh identity, as the assignment itself gives it.
        match values.iter_mut().find(|(w, _)| w.id() == v.id()) {
            Some((_, t)) => *t = value.fresh(),
            None => values.push((v.clone(), value.fresh())),
        }
        true
    }
}
