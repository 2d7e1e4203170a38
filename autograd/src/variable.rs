//! A named, shared, changeable tensor.

use crate::stop_recording;
use gradus_tensor::recorder::Role;
use gradus_tensor::view::ViewMut;
use gradus_tensor::{DType, Error, ErrorKind, Result, Shape, Spec, Tensor, recorder};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard};

/// A tensor that can change: a weight, a counter, a state. Clones are the same variable.
///
/// Values are copy-on-write: a tape or a snapshot that holds the old value keeps it, and an update nobody
/// watches happens in place. Reading a trainable variable while a tape is active watches it.
#[derive(Clone)]
pub struct Variable(Arc<Inner>);

struct Inner {
    id: u64,
    name: RwLock<String>,
    spec: Spec,
    trainable: AtomicBool,
    value: RwLock<Tensor>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Variable {
    /// A trainable variable named `Variable:0`, as TensorFlow names it.
    pub fn new(initial: Tensor) -> Variable {
        Variable::named("Variable", initial)
    }

    /// A trainable variable with a name.
    pub fn named(name: impl Into<String>, initial: Tensor) -> Variable {
        Variable(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name: RwLock::new(name.into()),
            spec: initial.spec().clone(),
            trainable: AtomicBool::new(true),
            // A fresh identity: two variables made from one tensor are two sources of gradients.
            value: RwLock::new(initial.fresh()),
        }))
    }

    /// The same variable, marked as trainable or not. Tapes watch trainable variables by themselves.
    #[must_use]
    pub fn trainable(self, yes: bool) -> Variable {
        self.set_trainable(yes);
        self
    }

    /// Marks the variable as trainable or not.
    pub fn set_trainable(&self, yes: bool) {
        self.0.trainable.store(yes, Ordering::Relaxed);
    }

    /// True unless marked otherwise.
    pub fn is_trainable(&self) -> bool {
        self.0.trainable.load(Ordering::Relaxed)
    }

    /// A number that no other variable of this process has.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The name given, without TensorFlow's `:0`.
    pub fn name(&self) -> String {
        self.0.name.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Gives another name.
    pub fn set_name(&self, name: impl Into<String>) {
        *self.0.name.write().unwrap_or_else(|e| e.into_inner()) = name.into();
    }

    /// Dtype and shape, which never change.
    pub fn spec(&self) -> &Spec {
        &self.0.spec
    }

    /// Axis sizes.
    pub fn shape(&self) -> &Shape {
        &self.0.spec.shape
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.0.spec.dtype
    }

    fn read(&self) -> RwLockReadGuard<'_, Tensor> {
        self.0.value.read().unwrap_or_else(|e| e.into_inner())
    }

    /// The value, seen by the tapes and traces of this thread.
    pub fn value(&self) -> Tensor {
        let current = self.read().clone();
        if !recorder::active() {
            return current;
        }
        let mut seen = current;
        recorder::each(|r| {
            if let Some(t) = r.read_variable(self, &seen) {
                seen = t;
            }
        });
        seen
    }

    /// The value as it stands, unseen by tapes and traces.
    pub fn peek(&self) -> Tensor {
        self.read().clone()
    }

    /// Stores another value of the same dtype and shape.
    pub fn assign(&self, value: &Tensor) -> Result<()> {
        self.check("assign", value.spec())?;
        if self.traced_assign(value) {
            return Ok(());
        }
        *self.0.value.write().unwrap_or_else(|e| e.into_inner()) = value.fresh();
        Ok(())
    }

    /// Adds to the value; `delta` broadcasts to the variable's shape. Tapes do not see it.
    pub fn assign_add(&self, delta: &Tensor) -> Result<()> {
        stop_recording(|| self.assign(&self.value().add(delta)?))
    }

    /// Subtracts from the value; `delta` broadcasts to the variable's shape. Tapes do not see it.
    pub fn assign_sub(&self, delta: &Tensor) -> Result<()> {
        stop_recording(|| self.assign(&self.value().sub(delta)?))
    }

    /// Changes the elements in place, or in a copy when a tape or a snapshot holds the old value.
    ///
    /// Errors inside a trace, which can only see assignments of tensors.
    pub fn update(&self, f: impl FnOnce(&mut ViewMut<'_>) -> Result<()>) -> Result<()> {
        if recorder::tracing() {
            return Err(Error::new(
                ErrorKind::Trace,
                format!("update: variable {} is changed in place inside a trace; use `assign`", self.name()),
            ));
        }
        let mut slot = self.0.value.write().unwrap_or_else(|e| e.into_inner());
        slot.update(f)
    }

    /// True when a recorder keeps the value instead of the variable.
    ///
    /// One that stands in for variables goes first: a trace must not see what a repeated run assigns.
    fn traced_assign(&self, value: &Tensor) -> bool {
        if !recorder::active() {
            return false;
        }
        let mut taken = false;
        let mut ask = |stands_in: bool| {
            recorder::each(|r| {
                if (r.role() == Role::Variables) == stands_in {
                    taken |= r.assign_variable(self, value);
                }
            });
            taken
        };
        ask(true) || ask(false)
    }

    fn check(&self, what: &str, spec: &Spec) -> Result<()> {
        if spec.dtype != self.dtype() {
            return Err(Error::dtype(format!(
                "{what}: variable {} is {}, the value {}",
                self.name(),
                self.dtype(),
                spec.dtype
            )));
        }
        if &spec.shape != self.shape() {
            return Err(Error::shape(format!(
                "{what}: variable {} has shape {}, the value {}",
                self.name(),
                self.shape(),
                spec.shape
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Variable {
    /// As TensorFlow prints one: `<tf.Variable 'w:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<tf.Variable '{}:0' {}>", self.name(), self.peek().described())
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({:?}, {})", self.name(), self.spec())
    }
}
