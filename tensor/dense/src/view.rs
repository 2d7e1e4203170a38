//! What a kernel sees of a tensor: its spec and its elements, borrowed.

use crate::{DType, Element, Shape, Spec, dispatch};
use gradus_kernels::{AnySlice, AnySliceMut, Buffer, Scalar};
use std::any::Any;
use std::sync::OnceLock;

/// Elements of an input: contiguous and row-major.
#[derive(Clone, Copy)]
pub struct View<'a> {
    spec: &'a Spec,
    data: Data<'a>,
    derived: Option<&'a Derived>,
}

/// A slot beside a value for what a kernel derived from it.
pub(crate) type Derived = OnceLock<Box<dyn Any + Send + Sync>>;

#[derive(Clone, Copy)]
enum Data<'a> {
    Scalar(&'a Scalar),
    Buffer(&'a Buffer, usize),
    Slice(AnySlice<'a>, usize),
}

impl<'a> View<'a> {
    /// A view of `spec.len()` elements of a buffer from `offset` on.
    pub fn of_buffer(spec: &'a Spec, buffer: &'a Buffer, offset: usize) -> View<'a> {
        View { spec, data: Data::Buffer(buffer, offset), derived: None }
    }

    /// A view of one inline element.
    pub fn of_scalar(spec: &'a Spec, scalar: &'a Scalar) -> View<'a> {
        View { spec, data: Data::Scalar(scalar), derived: None }
    }

    /// A view of `spec.len()` elements of a slice from `offset` on.
    pub fn of_slice(spec: &'a Spec, slice: AnySlice<'a>, offset: usize) -> View<'a> {
        View { spec, data: Data::Slice(slice, offset), derived: None }
    }

    pub(crate) fn with_derived(self, slot: &'a Derived) -> View<'a> {
        View { derived: Some(slot), ..self }
    }

    /// The elements from `offset` on, as another spec: what an alias of this value is. The range must lie inside.
    #[must_use]
    pub fn part(self, spec: &'a Spec, offset: usize) -> View<'a> {
        assert!(offset + spec.len() <= self.spec.len(), "a part outside of its view");
        if spec == self.spec {
            return self;
        }
        let data = match self.data {
            Data::Buffer(b, o) => Data::Buffer(b, o + offset),
            Data::Slice(s, o) => Data::Slice(s, o + offset),
            scalar => scalar,
        };
        View { spec, data, derived: None }
    }

    /// What a kernel derived from this very value and left beside it, made on first use: packed weights.
    ///
    /// One slot of one type per value; `None` where the value has no slot, or one of another type.
    pub fn derived<D: Send + Sync + 'static>(&self, make: impl FnOnce() -> D) -> Option<&'a D> {
        self.derived?.get_or_init(|| Box::new(make())).downcast_ref()
    }

    /// What was left beside this value, if it is a `D`; nothing is made.
    pub fn left<D: Send + Sync + 'static>(&self) -> Option<&'a D> {
        self.derived?.get()?.downcast_ref()
    }

    /// Dtype and shape.
    pub fn spec(&self) -> &'a Spec {
        self.spec
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.spec.dtype
    }

    /// Axis sizes.
    pub fn shape(&self) -> &'a Shape {
        &self.spec.shape
    }

    /// The elements. Panics when `T` is not the dtype, which is a bug of the operation.
    #[inline]
    pub fn as_slice<T: Element>(&self) -> &'a [T] {
        match self.data {
            Data::Scalar(s) => s.as_slice::<T>(),
            Data::Buffer(b, offset) => &b.as_slice::<T>()[offset..offset + self.spec.len()],
            Data::Slice(s, offset) => &s.as_slice::<T>()[offset..offset + self.spec.len()],
        }
    }

    /// The bytes of the elements, in the machine's (little-endian) order.
    pub fn as_bytes(&self) -> &'a [u8] {
        let size = self.spec.dtype.size();
        let bytes = |offset| offset * size..(offset + self.spec.len()) * size;
        match self.data {
            Data::Scalar(s) => s.as_bytes(),
            Data::Buffer(b, offset) => &b.as_bytes()[bytes(offset)],
            Data::Slice(s, offset) => &s.as_bytes()[bytes(offset)],
        }
    }
}

/// Elements of an output, to be written. They hold unspecified values at first.
pub struct ViewMut<'a> {
    spec: &'a Spec,
    data: DataMut<'a>,
}

enum DataMut<'a> {
    Scalar(&'a mut Scalar),
    Buffer(&'a mut Buffer),
    Slice(AnySliceMut<'a>),
}

impl<'a> ViewMut<'a> {
    /// A view of the first `spec.len()` elements of a buffer.
    pub fn of_buffer(spec: &'a Spec, buffer: &'a mut Buffer) -> ViewMut<'a> {
        ViewMut { spec, data: DataMut::Buffer(buffer) }
    }

    /// A view of the first `spec.len()` elements of a slice.
    pub fn of_slice(spec: &'a Spec, slice: AnySliceMut<'a>) -> ViewMut<'a> {
        ViewMut { spec, data: DataMut::Slice(slice) }
    }

    /// A view of one inline element.
    pub fn of_scalar(spec: &'a Spec, scalar: &'a mut Scalar) -> ViewMut<'a> {
        ViewMut { spec, data: DataMut::Scalar(scalar) }
    }

    /// Dtype and shape.
    pub fn spec(&self) -> &'a Spec {
        self.spec
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.spec.dtype
    }

    /// Axis sizes.
    pub fn shape(&self) -> &'a Shape {
        &self.spec.shape
    }

    /// The elements, writable, of whichever dtype.
    pub fn any_mut(&mut self) -> AnySliceMut<'_> {
        dispatch!(self.dtype(), T: all => { AnySliceMut::new(self.as_mut::<T>()) })
    }

    /// The elements, writable. Panics when `T` is not the dtype, which is a bug of the operation.
    #[inline]
    pub fn as_mut<T: Element>(&mut self) -> &mut [T] {
        let len = self.spec.len();
        match &mut self.data {
            DataMut::Scalar(s) => s.as_mut_slice::<T>(),
            DataMut::Buffer(b) => &mut b.as_mut_slice::<T>()[..len],
            DataMut::Slice(s) => &mut s.as_mut_slice::<T>()[..len],
        }
    }
}
