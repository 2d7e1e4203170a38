//! A layer's weight: a variable that exists once the layer is built.

use gradus_autograd::Variable;
use gradus_tensor::{Error, Result, Tensor};
use std::sync::OnceLock;

/// A variable that is made when its layer is built.
#[derive(Debug, Default)]
pub struct Weight(OnceLock<Variable>);

impl Weight {
    /// No variable yet.
    pub const fn new() -> Weight {
        Weight(OnceLock::new())
    }

    /// Makes the variable. Does nothing when it exists.
    pub fn set(&self, name: &str, initial: Tensor, trainable: bool) {
        self.0.get_or_init(|| Variable::named(name, initial).trainable(trainable));
    }

    /// The variable, if it exists.
    pub fn get(&self) -> Option<&Variable> {
        self.0.get()
    }

    /// The value, seen by tapes. Errors when the layer is not built.
    pub fn value(&self) -> Result<Tensor> {
        Ok(self.variable()?.value())
    }

    /// The variable. Errors when the layer is not built.
    pub fn variable(&self) -> Result<&Variable> {
        self.0.get().ok_or_else(|| Error::value("the layer is not built; call it, or `build` the model"))
    }
}

/// The variables that exist among these weights, in order.
pub fn existing<'a>(weights: impl IntoIterator<Item = &'a Weight>) -> Vec<Variable> {
    weights.into_iter().filter_map(|w| w.get().cloned()).collect()
}
