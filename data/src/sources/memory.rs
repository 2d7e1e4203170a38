//! Sources in memory: one element, a vector, slices of arrays.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::{Dataset, Failed};
use crate::element::Element;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, IndexCursor, Pass, RandomAccess, Stage};

impl<T: Clone + Send + Sync + 'static> Dataset<T> {
    /// The elements of a vector. They are cloned as they are given: for large ones use `Arc`, tensors, or
    /// a source that makes them.
    pub fn from_vec(items: Vec<T>) -> Self {
        Dataset::from_vec_with_spec(items, None)
    }

    pub(crate) fn from_vec_with_spec(items: Vec<T>, spec: Option<ElementSpec>) -> Self {
        Dataset::from_stage(Memory { name: "from_vec", access: Arc::new(Items(items)), spec })
    }

    /// One element (TensorFlow's `from_tensors`).
    pub fn from_element(element: T) -> Self {
        let access = Arc::new(Items(vec![element]));
        Dataset::from_stage(Memory { name: "from_tensors", access, spec: None })
    }
}

impl<T: Element + Clone + Sync> Dataset<T> {
    /// One element with all that it holds: `from_tensors(vec![1, 2, 3])` is a dataset of one vector.
    pub fn from_tensors(element: T) -> Self {
        let spec = Some(element.spec());
        let access = Arc::new(Items(vec![element]));
        Dataset::from_stage(Memory { name: "from_tensors", access, spec })
    }
}

impl<T: Element> Dataset<T> {
    /// The parts along the first axis: the items of a `Vec`, the rows of a tensor, pairs from a tuple.
    ///
    /// The data is held once and shared by all iterators; batches are gathered from it directly.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// let ds = Dataset::from_tensor_slices((vec![1, 2, 3], vec!["a", "b", "c"])).batch(2);
    /// assert_eq!(ds.collect().unwrap(), [(vec![1, 2], vec!["a", "b"]), (vec![3], vec!["c"])]);
    /// ```
    ///
    /// Parts of different lengths, or a scalar, are an error when the dataset is iterated.
    pub fn from_tensor_slices<S: Slices<Item = T>>(data: S) -> Self {
        let spec = match data.len() {
            Ok(0) | Err(_) => None,
            Ok(_) => data.get(0).ok().map(|e| e.spec()),
        };
        match data.len() {
            Ok(len) => {
                let access = Arc::new(SliceAccess { data, len: len as u64, item: PhantomData });
                Dataset::from_stage(Memory { name: "from_tensor_slices", access, spec })
            }
            Err(e) => Dataset::failed("from_tensor_slices", e),
        }
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// A dataset whose iterators give this error: how a source that cannot be described shows it.
    pub fn failed(name: &'static str, error: DataError) -> Self {
        Dataset::from_stage(Broken { name, error })
    }
}

/// Data that can be cut along its first axis.
pub trait Slices: Send + Sync + Sized + 'static {
    /// One slice.
    type Item: Element;

    /// How many slices there are.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when there is no first axis, or parts have different lengths.
    fn len(&self) -> Result<usize>;

    /// True if there is none.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    fn is_empty(&self) -> Result<bool> {
        self.len().map(|n| n == 0)
    }

    /// The slice with this number, below [`len`](Self::len).
    ///
    /// # Errors
    /// What the data gives.
    fn get(&self, index: usize) -> Result<Self::Item>;

    /// The batch of these slices, as [`Element::batch`] would give it.
    ///
    /// # Errors
    /// What the data gives.
    fn gather(&self, indices: &[u64]) -> Result<<Self::Item as Element>::Batch> {
        let items: Result<Vec<_>> = indices.iter().map(|i| self.get(*i as usize)).collect();
        Self::Item::batch(items?)
    }
}

impl<T: Element + Clone + Sync> Slices for Vec<T> {
    type Item = T;
    fn len(&self) -> Result<usize> {
        Ok(Vec::len(self))
    }
    fn get(&self, index: usize) -> Result<T> {
        Ok(self[index].clone())
    }
}

macro_rules! slices_of_tuples {
    ($(($($t:ident $i:tt),+))*) => {$(
        impl<$($t: Slices),+> Slices for ($($t,)+) {
            type Item = ($($t::Item,)+);
            fn len(&self) -> Result<usize> {
                let lengths = [$(self.$i.len()?),+];
                if lengths.iter().any(|l| *l != lengths[0]) {
                    let message = format!("from_tensor_slices: the parts have different lengths: {lengths:?}");
                    return Err(DataError::new(ErrorKind::Shape, message));
                }
                Ok(lengths[0])
            }
            fn get(&self, index: usize) -> Result<Self::Item> {
                Ok(($(self.$i.get(index)?,)+))
            }
            fn gather(&self, indices: &[u64]) -> Result<<Self::Item as Element>::Batch> {
                Ok(($(self.$i.gather(indices)?,)+))
            }
        }
    )*};
}

slices_of_tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

impl<S: Slices> Slices for std::collections::BTreeMap<String, S> {
    type Item = std::collections::BTreeMap<String, S::Item>;
    fn len(&self) -> Result<usize> {
        let lengths: Vec<usize> = self.values().map(Slices::len).collect::<Result<_>>()?;
        match lengths.first() {
            Some(first) if lengths.iter().all(|l| l == first) => Ok(*first),
            _ => {
                let message = format!("from_tensor_slices: the named parts have lengths {lengths:?}");
                Err(DataError::new(ErrorKind::Shape, message))
            }
        }
    }
    fn get(&self, index: usize) -> Result<Self::Item> {
        self.iter().map(|(name, part)| Ok((name.clone(), part.get(index)?))).collect()
    }
    fn gather(&self, indices: &[u64]) -> Result<<Self::Item as Element>::Batch> {
        self.iter().map(|(name, part)| Ok((name.clone(), part.gather(indices)?))).collect()
    }
}

struct Memory<T> {
    name: &'static str,
    access: Arc<dyn RandomAccess<T>>,
    spec: Option<ElementSpec>,
}

impl<T: Send + 'static> Stage<T> for Memory<T> {
    fn site(&self) -> Site {
        Site { name: self.name, number: 0 }
    }

    fn open(&self, _pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        Ok(Box::new(IndexCursor::new(self.name, Arc::clone(&self.access))))
    }

    fn cardinality(&self) -> Cardinality {
        Cardinality::Finite(self.access.len())
    }

    fn random_access(&self, _pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        Some(Arc::clone(&self.access))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.spec.clone()
    }
}

struct Items<T>(Vec<T>);

impl<T: Clone + Send + Sync> RandomAccess<T> for Items<T> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn get(&self, index: u64) -> Result<T> {
        Ok(self.0[index as usize].clone())
    }
}

struct SliceAccess<S, T> {
    data: S,
    len: u64,
    item: PhantomData<fn() -> T>,
}

impl<T: Element, S: Slices<Item = T>> RandomAccess<T> for SliceAccess<S, T> {
    fn len(&self) -> u64 {
        self.len
    }

    fn get(&self, index: u64) -> Result<T> {
        self.data.get(index as usize)
    }

    fn gather(&self, indices: &[u64]) -> Option<Result<Box<dyn Any + Send>>> {
        Some(self.data.gather(indices).map(|b| Box::new(b) as Box<dyn Any + Send>))
    }
}

struct Broken {
    name: &'static str,
    error: DataError,
}

impl<T: Send + 'static> Stage<T> for Broken {
    fn site(&self) -> Site {
        Site { name: self.name, number: 0 }
    }

    fn open(&self, _pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        Ok(Box::new(Failed::new(self.error.duplicate().at(Stage::<T>::site(self), 0))))
    }
}
