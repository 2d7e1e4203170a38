//! Tensors in the forms that functions take and give: one, an array, a vector.

use gradus_tensor::{Error, Result, Tensor};

/// One or several tensors: `Tensor`, `[Tensor; N]`, `Vec<Tensor>`.
pub trait Tensors: Sized {
    /// The tensors in order.
    fn into_list(self) -> Vec<Tensor>;
    /// The form of a list. Errors when the numbers differ.
    fn from_list(list: Vec<Tensor>) -> Result<Self>;
}

fn misfit(want: usize, found: usize) -> Error {
    Error::value(format!("expected {want} tensors, found {found}"))
}

impl Tensors for Tensor {
    fn into_list(self) -> Vec<Tensor> {
        vec![self]
    }
    fn from_list(mut list: Vec<Tensor>) -> Result<Tensor> {
        match list.len() {
            1 => Ok(list.remove(0)),
            n => Err(misfit(1, n)),
        }
    }
}

impl<const N: usize> Tensors for [Tensor; N] {
    fn into_list(self) -> Vec<Tensor> {
        self.into()
    }
    fn from_list(list: Vec<Tensor>) -> Result<Self> {
        list.try_into().map_err(|list: Vec<Tensor>| misfit(N, list.len()))
    }
}

impl Tensors for Vec<Tensor> {
    fn into_list(self) -> Vec<Tensor> {
        self
    }
    fn from_list(list: Vec<Tensor>) -> Result<Self> {
        Ok(list)
    }
}

/// What a function is applied to: `&x`, `[&a, &b]`, `&list` of tensors. The function takes the same form, owned.
pub trait Arguments {
    /// The form that the function takes.
    type Owned: Tensors;
    /// The tensors in order.
    fn list(&self) -> Vec<Tensor>;
}

impl Arguments for &Tensor {
    type Owned = Tensor;
    fn list(&self) -> Vec<Tensor> {
        vec![(*self).clone()]
    }
}

impl<const N: usize> Arguments for [&Tensor; N] {
    type Owned = [Tensor; N];
    fn list(&self) -> Vec<Tensor> {
        self.iter().map(|t| (*t).clone()).collect()
    }
}

impl<const N: usize> Arguments for &[Tensor; N] {
    type Owned = [Tensor; N];
    fn list(&self) -> Vec<Tensor> {
        self.to_vec()
    }
}

impl Arguments for &[Tensor] {
    type Owned = Vec<Tensor>;
    fn list(&self) -> Vec<Tensor> {
        self.to_vec()
    }
}

impl Arguments for &Vec<Tensor> {
    type Owned = Vec<Tensor>;
    fn list(&self) -> Vec<Tensor> {
        self.to_vec()
    }
}
