//! What gradients can be taken with respect to: tensors, variables, and nested arrays, slices and vectors of them.

use crate::Variable;
use gradus_tensor::{Spec, Tensor};
use std::fmt;

/// One thing that a gradient can be taken with respect to.
#[derive(Clone, Debug)]
pub enum Source {
    /// A value that the tape watched.
    Tensor(Tensor),
    /// A variable, whichever of its values the tape saw.
    Variable(Variable),
}

impl Source {
    /// Dtype and shape.
    pub fn spec(&self) -> &Spec {
        match self {
            Source::Tensor(t) => t.spec(),
            Source::Variable(v) => v.spec(),
        }
    }
}

impl fmt::Display for Source {
    /// `a tensor float32[2, 3]` or `variable "w" float32[2, 3]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Tensor(t) => write!(f, "a tensor {}", t.spec()),
            Source::Variable(v) => write!(f, "variable {:?} {}", v.name(), v.spec()),
        }
    }
}

/// One or several sources; the gradients come back in the same form.
///
/// `&x` gives one gradient, `[&a, &b]` an array of two, `&variables` a vector, and forms nest: a slice of vectors
/// gives a vector of vectors, `(&weights, &bias)` a pair.
pub trait Sources {
    /// The same form holding `T`s.
    type Form<T>;
    /// Appends the sources in order.
    fn collect(&self, list: &mut Vec<Source>);
    /// Puts one result per source, in the same order, into the form.
    fn form<T>(&self, results: &mut impl Iterator<Item = T>) -> Self::Form<T>;
    /// The sources in order.
    fn list(&self) -> Vec<Source> {
        let mut list = Vec::new();
        self.collect(&mut list);
        list
    }
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
    fn collect(&self, list: &mut Vec<Source>) {
        list.push(self.source());
    }
    fn form<T>(&self, results: &mut impl Iterator<Item = T>) -> T {
        results.next().expect("one result per source")
    }
}

impl<S: Sources, const N: usize> Sources for [S; N] {
    type Form<T> = [S::Form<T>; N];
    fn collect(&self, list: &mut Vec<Source>) {
        self.iter().for_each(|s| s.collect(list));
    }
    fn form<T>(&self, results: &mut impl Iterator<Item = T>) -> [S::Form<T>; N] {
        std::array::from_fn(|i| self[i].form(results))
    }
}

impl<'a, S> Sources for &'a [S]
where
    &'a S: Sources,
{
    type Form<T> = Vec<<&'a S as Sources>::Form<T>>;
    fn collect(&self, list: &mut Vec<Source>) {
        self.iter().for_each(|s| s.collect(list));
    }
    fn form<T>(&self, results: &mut impl Iterator<Item = T>) -> Self::Form<T> {
        self.iter().map(|s| s.form(results)).collect()
    }
}

impl<'a, S> Sources for &'a Vec<S>
where
    &'a S: Sources,
{
    type Form<T> = Vec<<&'a S as Sources>::Form<T>>;
    fn collect(&self, list: &mut Vec<Source>) {
        self.as_slice().collect(list);
    }
    fn form<T>(&self, results: &mut impl Iterator<Item = T>) -> Self::Form<T> {
        self.as_slice().form(results)
    }
}

macro_rules! tuples {
    ($(($($s:ident $i:tt),*))*) => {$(
        impl<$($s: Sources),*> Sources for ($($s,)*) {
            type Form<T> = ($($s::Form<T>,)*);
            fn collect(&self, list: &mut Vec<Source>) {
                $(self.$i.collect(list);)*
            }
            fn form<T>(&self, results: &mut impl Iterator<Item = T>) -> Self::Form<T> {
                ($(self.$i.form(results),)*)
            }
        }
    )*};
}
tuples! { (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }
