//! The tensor: an immutable, contiguous, row-major array behind a shared pointer.

use crate::rows::Deferred;
use crate::view::{Derived, View, ViewMut};
use crate::{DType, Element, Error, Result, Shape, Spec, recorder};
use gradus_kernels::{Buffer, Scalar};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// An immutable n-dimensional array with a runtime dtype and shape.
///
/// Elements are contiguous in row-major order. Cloning shares the storage. Reshapes and slices along the
/// first axis share it too. One-element tensors hold their value inline.
#[derive(Clone)]
pub struct Tensor(Arc<Inner>);

struct Inner {
    id: u64,
    spec: Spec,
    store: Store,
    /// What kernels derived from this very value and want to find again (packed weights).
    derived: Derived,
}

/// Where the elements are.
#[derive(Clone)]
pub(crate) enum Store {
    Scalar(Scalar),
    Shared(Arc<Buffer>, usize),
    /// A sum of rows, made when someone looks at it.
    Rows(Arc<Deferred>),
}

/// Ids are handed out in blocks per thread, so that a new tensor needs no atomic operation.
const ID_BLOCK: u64 = 1 << 20;
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);
thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
}

#[inline]
fn fresh_id() -> u64 {
    NEXT_ID.with(|c| {
        let mut id = c.get();
        if id % ID_BLOCK == 0 {
            id = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed) * ID_BLOCK;
        }
        c.set(id + 1);
        id
    })
}

impl Store {
    /// Room for an output of that spec. Errors when the shape overflows or there is not enough memory.
    #[inline]
    pub(crate) fn for_output(spec: &Spec) -> Result<StoreMut> {
        match spec.shape.checked_len()? {
            1 => Ok(StoreMut::Scalar(Scalar::zero(spec.dtype))),
            n => match Buffer::try_new(spec.dtype, n) {
                Some(b) => Ok(StoreMut::Buffer(b)),
                None => Err(Error::shape(format!("{spec}: there is not enough memory"))),
            },
        }
    }
}

/// Storage that nobody shares yet.
pub(crate) enum StoreMut {
    Scalar(Scalar),
    Buffer(Buffer),
}

impl StoreMut {
    pub(crate) fn view<'a>(&'a mut self, spec: &'a Spec) -> ViewMut<'a> {
        match self {
            StoreMut::Scalar(s) => ViewMut::of_scalar(spec, s),
            StoreMut::Buffer(b) => ViewMut::of_buffer(spec, b),
        }
    }

    pub(crate) fn freeze(self) -> Store {
        match self {
            StoreMut::Scalar(s) => Store::Scalar(s),
            StoreMut::Buffer(b) => Store::Shared(Arc::new(b), 0),
        }
    }
}

impl Tensor {
    pub(crate) fn from_store(spec: Spec, store: Store) -> Tensor {
        Tensor(Arc::new(Inner { id: fresh_id(), spec, store, derived: OnceLock::new() }))
    }

    /// A tensor of that spec whose elements `fill` writes; they hold unspecified values before.
    ///
    /// Errors when the shape has more elements than memory can hold, or when `fill` fails.
    pub fn build(spec: Spec, fill: impl FnOnce(&mut ViewMut<'_>) -> Result<()>) -> Result<Tensor> {
        let mut store = Store::for_output(&spec)?;
        fill(&mut store.view(&spec))?;
        Ok(Tensor::from_store(spec, store.freeze()))
    }

    /// A tensor that takes over a buffer. The buffer's length must be the number of elements.
    pub fn from_buffer(shape: impl Into<Shape>, buffer: Buffer) -> Result<Tensor> {
        let spec = Spec::new(buffer.dtype(), shape);
        if spec.shape.checked_len()? != buffer.len() {
            return Err(Error::shape(format!(
                "shape {} does not hold {} elements",
                spec.shape,
                buffer.len()
            )));
        }
        Ok(Tensor::from_store(spec, Store::Shared(Arc::new(buffer), 0)))
    }

    /// A tensor of one element, which lies inline.
    pub fn from_element(spec: Spec, element: Scalar) -> Result<Tensor> {
        if spec.shape.checked_len()? != 1 {
            return Err(Error::shape(format!("shape {} does not hold one element", spec.shape)));
        }
        Ok(Tensor::from_store(spec, Store::Scalar(element)))
    }

    /// The buffer of a tensor that nobody else holds, or the tensor as it was: shared, inline or part of another.
    pub fn into_buffer(mut self) -> Result<Buffer, Tensor> {
        if !self.is_unique() || matches!(self.0.store, Store::Scalar(_)) {
            return Err(self);
        }
        let Some(Inner { spec, store: Store::Shared(buffer, 0), .. }) = Arc::into_inner(self.0) else {
            unreachable!("a unique tensor with a buffer");
        };
        Ok(Arc::into_inner(buffer).unwrap_or_else(|| Buffer::new(spec.dtype, spec.len())))
    }

    /// The elements from `offset` on under another shape, sharing the storage. Errors when the range lies outside.
    pub fn shared_part(&self, shape: impl Into<Shape>, offset: usize) -> Result<Tensor> {
        let spec = self.spec().reshaped(shape);
        match spec.shape.checked_len()?.checked_add(offset) {
            Some(end) if end <= self.len() => Ok(self.alias(spec, offset)),
            _ => Err(Error::shape(format!(
                "{} from element {offset} on is no part of {}",
                spec.shape,
                self.spec()
            ))),
        }
    }

    /// A number that no other tensor value of this process has. Clones share it.
    #[inline]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The same elements under a new identity, so that tapes and traces tell the two apart.
    #[must_use]
    pub fn fresh(&self) -> Tensor {
        Tensor::from_store(self.0.spec.clone(), self.0.store.clone())
    }

    /// Dtype and shape.
    #[inline]
    pub fn spec(&self) -> &Spec {
        &self.0.spec
    }

    /// Element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.0.spec.dtype
    }

    /// Axis sizes.
    #[inline]
    pub fn shape(&self) -> &Shape {
        &self.0.spec.shape
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape().rank()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.0.spec.len()
    }

    /// True when there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The axis sizes as an array, or an error when the rank is not `N`.
    pub fn dims<const N: usize>(&self) -> Result<[usize; N]> {
        <[usize; N]>::try_from(self.shape().dims())
            .map_err(|_| Error::shape(format!("expected rank {N}, found shape {}", self.shape())))
    }

    /// The elements as kernels see them. Recorders are not asked: this is for operations, not for control flow.
    #[inline]
    pub fn view(&self) -> View<'_> {
        match &self.0.store {
            Store::Scalar(s) => View::of_scalar(&self.0.spec, s).with_derived(&self.0.derived),
            Store::Shared(b, offset) => {
                View::of_buffer(&self.0.spec, b, *offset).with_derived(&self.0.derived)
            }
            Store::Rows(d) => {
                View::of_buffer(&self.0.spec, d.buffer(&self.0.spec), 0).with_derived(&self.0.derived)
            }
        }
    }

    #[inline]
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Another tensor over the same elements, from `offset` on. The range must lie inside.
    pub(crate) fn alias(&self, spec: Spec, offset: usize) -> Tensor {
        let store = match &self.0.store {
            Store::Rows(d) => Store::Shared(d.buffer(&self.0.spec).clone(), offset),
            Store::Shared(b, o) => {
                assert!(o + offset + spec.len() <= b.len(), "alias outside of its storage");
                Store::Shared(b.clone(), o + offset)
            }
            Store::Scalar(s) if spec.len() == 1 => Store::Scalar(*s),
            Store::Scalar(_) => Store::Shared(Arc::new(Buffer::new(spec.dtype, 0)), 0),
        };
        Tensor::from_store(spec, store)
    }

    /// The elements. Errors when `T` is not the dtype, and inside a trace, where reading would bake values in.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        if T::DTYPE != self.dtype() {
            return Err(Error::dtype(format!("a {} tensor read as {}", self.dtype(), T::DTYPE)));
        }
        recorder::before_read(self)?;
        Ok(self.view().as_slice::<T>())
    }

    /// A copy of the elements in row-major order.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        Ok(self.as_slice::<T>()?.to_vec())
    }

    /// The value of a one-element tensor.
    pub fn item<T: Element>(&self) -> Result<T> {
        match self.as_slice::<T>()? {
            [v] => Ok(*v),
            _ => Err(Error::shape(format!("item: expected one element, found shape {}", self.shape()))),
        }
    }

    /// The elements as f64, whatever the dtype (real parts of complex numbers, 0 or 1 for bool).
    pub fn to_f64_vec(&self) -> Result<Vec<f64>> {
        recorder::before_read(self)?;
        let v = self.view();
        Ok(gradus_kernels::dispatch!(self.dtype(), T: all => {
            v.as_slice::<T>().iter().map(|x| x.to_f64()).collect()
        }))
    }

    /// Changes the elements: in place when nobody else holds them, else in a copy. The value gets a new identity.
    ///
    /// This is what variables and optimizers use; `f` sees the old values. When `f` fails, the old value stays
    /// if it was shared, and holds whatever `f` wrote if it was not.
    pub fn update(&mut self, f: impl FnOnce(&mut ViewMut<'_>) -> Result<()>) -> Result<()> {
        if !self.is_unique() {
            *self = self.deep_copy();
        }
        let inner = Arc::get_mut(&mut self.0).expect("a unique tensor has one owner");
        inner.id = fresh_id();
        inner.derived = OnceLock::new();
        match &mut inner.store {
            Store::Scalar(s) => f(&mut ViewMut::of_scalar(&inner.spec, s)),
            Store::Shared(b, _) => {
                let b = Arc::get_mut(b).expect("a unique tensor has one owner");
                f(&mut ViewMut::of_buffer(&inner.spec, b))
            }
            Store::Rows(_) => unreachable!("a sum of rows is copied before it is changed"),
        }
    }

    /// A tensor with its own copy of the elements.
    #[must_use]
    pub fn deep_copy(&self) -> Tensor {
        let spec = self.spec().clone();
        // As large as a tensor that exists, so its size does not overflow.
        let mut store = match spec.len() {
            1 => StoreMut::Scalar(Scalar::zero(spec.dtype)),
            n => StoreMut::Buffer(Buffer::new(spec.dtype, n)),
        };
        gradus_kernels::dispatch!(spec.dtype, T: all => {
            store.view(&spec).as_mut::<T>().copy_from_slice(self.view().as_slice::<T>());
        });
        Tensor::from_store(spec, store.freeze())
    }

    /// True when no other tensor shares these elements, and they fill their storage.
    pub fn is_unique(&mut self) -> bool {
        match Arc::get_mut(&mut self.0) {
            Some(inner) => match &mut inner.store {
                Store::Scalar(_) => true,
                Store::Shared(b, offset) => {
                    *offset == 0 && Arc::get_mut(b).is_some_and(|b| b.len() == inner.spec.len())
                }
                Store::Rows(_) => false,
            },
            None => false,
        }
    }

    /// True when the two share storage, so that neither holds memory of its own.
    pub fn shares_storage(&self, other: &Tensor) -> bool {
        match (&self.0.store, &other.0.store) {
            (Store::Shared(a, _), Store::Shared(b, _)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_never_touch_a_shared_value() {
        for n in [1usize, 5] {
            let mut t = Tensor::from_vec(vec![1.0f32; n], [n]).unwrap();
            let held = t.clone();
            let write = |t: &mut Tensor, v: f32| {
                t.update(|y| {
                    y.as_mut::<f32>()[0] = v;
                    Ok(())
                })
            };
            write(&mut t, 7.0).unwrap();
            assert_eq!(held.to_vec::<f32>().unwrap()[0], 1.0, "{n}");
            assert_eq!(t.to_vec::<f32>().unwrap()[0], 7.0, "{n}");
            let before = t.id();
            write(&mut t, 8.0).unwrap();
            assert_ne!(t.id(), before, "{n}: a new value has a new identity");
        }
    }
}
