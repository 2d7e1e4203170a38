//! What gradients can be taken with respect to: tensors, variables, and arrays, slices and vectors of them.

use crate::Variable;
use gradus_tensor::Tensor;

/// One thing that a gradient can be taken with respect to.
#[derive(Clone, Debug)]
pub enum Source {
    /// A value that the tape watched.
    Tensor(Tensor),
    /// A variable, whichever of its values the tape saw.
    Variable(Variable),
}

/// One or several sources; the gradients come back in the same form.
pub trait Sources {
    /// The same form holding `T`s.
    type Form<T>;
    /// The sources in order.
    fn list(&self) -> Vec<Source>;
    /// Puts one result per source into the form.
    fn form<T>(&self, results: Vec<T>) -> Self::Form<T>;
}

/// A single tensor or variable.
pub trait One {
    /// The source.
    fn source(&self) -> Source;
}

impl One for Tensor {
    fn source(&self) -> Source {
        Source::Tensor(self.clone())
    }
}

impl One for Variable {
    fn source(&self) -> Source {
        Source::Variable(self.clone())
    }
}

impl One for Source {
    fn source(&self) -> Source {
        self.clone()
    }
}

impl<O: One> One for &O {
    fn source(&self) -> Source {
        (**self).source()
    }
}

impl<O: One> Sources for &O {
    type Form<T> = T;
    fn list(&self) -> Vec<Source> {
        vec![self.source()]
    }
    fn form<T>(&self, mut results: Vec<T>) -> T {
        results.swap_remove(0)
    }
}

impl<O: One, const N: usize> Sources for [O; N] {
    type Form<T> = [T; N];
    fn list(&self) -> Vec<Source> {
        self.iter().map(One::source).collect()
    }
    fn form<T>(&self, results: Vec<T>) -> [T; N] {
        match results.try_into() {
            Ok(a) => a,
            Err(_) => unreachable!("one result per source"),
        }
    }
}

impl<O: One> Sources for &[O] {
    type Form<T> = Vec<T>;
    fn list(&self) -> Vec<Source> {
        self.iter().map(One::source).collect()
    }
    fn form<T>(&self, results: Vec<T>) -> Vec<T> {
        results
    }
}

impl<O: One> Sources for &Vec<O> {
    type Form<T> = Vec<T>;
    fn list(&self) -> Vec<Source> {
        self.iter().map(One::source).collect()
    }
    fn form<T>(&self, results: Vec<T>) -> Vec<T> {
        results
    }
}
