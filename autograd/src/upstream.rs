//! What gradients start from.

use gradus_tensor::Tensor;

/// What gradients start from: a tensor whose sum is differentiated, or one with the gradient that reaches it.
///
/// `&y`, `(&y, &dy)`, and nested arrays, slices and vectors of them; several targets add up.
pub trait Upstream {
    /// Each target with the gradient that reaches it; `None` stands for ones.
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)>;
}

impl Upstream for Tensor {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        vec![(self.clone(), None)]
    }
}

impl Upstream for (&Tensor, &Tensor) {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        vec![(self.0.clone(), Some(self.1.clone()))]
    }
}

impl<U: Upstream + ?Sized> Upstream for &U {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        (**self).targets()
    }
}

impl<U: Upstream> Upstream for [U] {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        self.iter().flat_map(Upstream::targets).collect()
    }
}

impl<U: Upstream, const N: usize> Upstream for [U; N] {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        self.as_slice().targets()
    }
}

impl<U: Upstream> Upstream for Vec<U> {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        self.as_slice().targets()
    }
}
