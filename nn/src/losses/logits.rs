//! Logits that stay with the probabilities made from them.
//!
//! The cross-entropy of `softmax(x)` computed from probabilities is inexact where they round to 0 or 1, and
//! its gradient dies there. Keras leaves the logits on the output of a softmax or sigmoid activation, and its
//! cross-entropies use them when they find them; the same happens here, through the tensor's own slot.

use gradus_tensor::Tensor;

/// What an activation leaves on its result.
#[derive(Clone, Debug)]
pub enum Logits {
    /// The argument of a softmax over the last axis.
    Softmax(Tensor),
    /// The argument of a sigmoid.
    Sigmoid(Tensor),
}

impl Logits {
    /// Leaves logits on the probabilities made from them.
    pub fn leave_on(self, probabilities: &Tensor) {
        let _ = probabilities.view().derived(|| self);
    }

    /// The logits that were left on `probabilities`.
    pub fn of(probabilities: &Tensor) -> Option<Logits> {
        probabilities.view().left::<Logits>().cloned()
    }
}
