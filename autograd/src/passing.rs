//! Results that pass through an operation unchanged, for the sake of its gradient rule.

use gradus_tensor::attr::Attr;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::Attributes;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Keep, Op, Result, Spec, Specs, dispatch};
use std::fmt;
use std::sync::Arc;

/// The gradient of results that were made elsewhere.
pub(crate) trait Rule: fmt::Debug + Send + Sync + 'static {
    /// The operation's name.
    const NAME: &'static str;
    /// Number of results.
    fn outputs(&self) -> usize;
    /// Gives gradients to the inputs behind the results.
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()>;
}

/// The results of a function, then what its gradient reads, in; the results out.
pub(crate) struct Passing<R>(pub Arc<R>);

impl<R> Clone for Passing<R> {
    fn clone(&self) -> Self {
        Passing(self.0.clone())
    }
}

impl<R: Rule> fmt::Debug for Passing<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<R: Rule> Attributes for Passing<R> {
    /// A closure is not an attribute: two such operations are never merged.
    fn attrs(&self) -> Option<Vec<Attr>> {
        None
    }
    fn boxed(&self) -> Box<dyn Op> {
        Box::new(self.clone())
    }
}

impl<R: Rule> Op for Passing<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(x[..self.0.outputs()].iter().map(|&s| s.clone()).collect())
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        for (x, y) in x.iter().zip(y) {
            dispatch!(x.dtype(), T: all => { y.as_mut::<T>().copy_from_slice(x.as_slice::<T>()) });
        }
        Ok(())
    }
    fn alias(&self, _: &[&Spec]) -> Option<usize> {
        (self.0.outputs() == 1).then_some(0)
    }
    fn keep(&self) -> Keep {
        Keep { x: u64::MAX << self.0.outputs().min(63), y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        self.0.vjp(cx)
    }
}
