//! What a traced function takes and gives.

use gradus_tensor::{Error, Result, Tensor};
use smallvec::{SmallVec, smallvec};

/// One argument of a call.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A tensor: an input of the graph, whatever its values.
    Tensor(Tensor),
    /// A Rust number: a constant of the graph, so another number is another graph.
    Constant(Tensor),
}

impl Argument {
    /// The tensor, or the number as a scalar.
    pub fn tensor(&self) -> &Tensor {
        match self {
            Argument::Tensor(t) | Argument::Constant(t) => t,
        }
    }
}

impl From<Tensor> for Argument {
    fn from(t: Tensor) -> Argument {
        Argument::Tensor(t)
    }
}

impl From<&Tensor> for Argument {
    fn from(t: &Tensor) -> Argument {
        Argument::Tensor(t.clone())
    }
}

impl From<&Argument> for Argument {
    fn from(a: &Argument) -> Argument {
        a.clone()
    }
}

/// The arguments of a call: a tensor, a number, or several as an array, slice, vector or tuple.
pub trait Arguments {
    /// The arguments in order.
    fn list(self) -> SmallVec<[Argument; 4]>;
}

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl From<$t> for Argument {
            fn from(v: $t) -> Argument {
                Argument::Constant(Tensor::scalar(v))
            }
        }
        impl Arguments for $t {
            fn list(self) -> SmallVec<[Argument; 4]> {
                smallvec![self.into()]
            }
        }
    )*};
}
numbers!(f32 f64 i32 i64 u8 bool);

impl Arguments for &Tensor {
    fn list(self) -> SmallVec<[Argument; 4]> {
        smallvec![self.into()]
    }
}

impl Arguments for () {
    fn list(self) -> SmallVec<[Argument; 4]> {
        smallvec![]
    }
}

impl<A: Into<Argument>, const N: usize> Arguments for [A; N] {
    fn list(self) -> SmallVec<[Argument; 4]> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<A> Arguments for &[A]
where
    for<'a> &'a A: Into<Argument>,
{
    fn list(self) -> SmallVec<[Argument; 4]> {
        self.iter().map(Into::into).collect()
    }
}

impl<A: Into<Argument>> Arguments for Vec<A> {
    fn list(self) -> SmallVec<[Argument; 4]> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! tuples {
    ($($t:ident $i:tt)*) => {
        impl<$($t: Into<Argument>),*> Arguments for ($($t,)*) {
            fn list(self) -> SmallVec<[Argument; 4]> {
                smallvec![$(self.$i.into()),*]
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0 B 1);
tuples!(A 0 B 1 C 2);
tuples!(A 0 B 1 C 2 D 3);

/// The results of a function: a tensor, nothing, or several as an array, vector or tuple.
pub trait Returned: Sized {
    /// The results in order.
    fn into_list(self) -> Vec<Tensor>;
    /// The same form from a list. Errors when the list is too short, which a graph's never is.
    fn from_list(list: Vec<Tensor>) -> Result<Self>;
}

fn misfit(expected: usize, found: usize) -> Error {
    Error::value(format!("function: expected {expected} results, found {found}"))
}

impl Returned for Tensor {
    fn into_list(self) -> Vec<Tensor> {
        vec![self]
    }
    fn from_list(mut list: Vec<Tensor>) -> Result<Tensor> {
        list.pop().filter(|_| list.is_empty()).ok_or_else(|| misfit(1, list.len()))
    }
}

impl Returned for () {
    fn into_list(self) -> Vec<Tensor> {
        Vec::new()
    }
    fn from_list(_: Vec<Tensor>) -> Result<()> {
        Ok(())
    }
}

impl Returned for Vec<Tensor> {
    fn into_list(self) -> Vec<Tensor> {
        self
    }
    fn from_list(list: Vec<Tensor>) -> Result<Vec<Tensor>> {
        Ok(list)
    }
}

impl<const N: usize> Returned for [Tensor; N] {
    fn into_list(self) -> Vec<Tensor> {
        self.into()
    }
    fn from_list(list: Vec<Tensor>) -> Result<[Tensor; N]> {
        list.try_into().map_err(|l: Vec<Tensor>| misfit(N, l.len()))
    }
}

impl Returned for (Tensor, Tensor) {
    fn into_list(self) -> Vec<Tensor> {
        vec![self.0, self.1]
    }
    fn from_list(list: Vec<Tensor>) -> Result<Self> {
        <[Tensor; 2]>::from_list(list).map(|[a, b]| (a, b))
    }
}

impl Returned for (Tensor, Tensor, Tensor) {
    fn into_list(self) -> Vec<Tensor> {
        vec![self.0, self.1, self.2]
    }
    fn from_list(list: Vec<Tensor>) -> Result<Self> {
        <[Tensor; 3]>::from_list(list).map(|[a, b, c]| (a, b, c))
    }
}
