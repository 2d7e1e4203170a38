//! A list of tensors of one dtype and shape, written and read by position.

use gradus_tensor::{DType, Error, Result, Tensor, bail_dtype, bail_shape, bail_value};

use crate::PartialShape;

/// A list of tensors that grows while a loop runs and becomes one tensor at its end.
///
/// All elements have the dtype of the array. Their shape is what [`element_shape`](TensorArray::element_shape) says,
/// or, unless [`infer_shape`](TensorArray::infer_shape) is off, that of the first one written. Elements are plain
/// tensors, so a gradient tape sees through the array: nothing is copied or hidden.
///
/// ```
/// # use gradus_collections::TensorArray;
/// # use gradus_tensor::{DType, Tensor};
/// let mut powers = TensorArray::new(DType::F32, 0).dynamic_size(true);
/// let mut x = Tensor::new([1.0f32, 2.0])?;
/// for i in 0..3 {
///     powers.write(i, &x)?;
///     x = x.mul(&x)?;
/// }
/// assert_eq!(powers.stack()?.to_vec::<f32>()?, [1.0, 2.0, 1.0, 4.0, 1.0, 16.0]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TensorArray {
    dtype: DType,
    element_shape: PartialShape,
    slots: Vec<Slot>,
    dynamic_size: bool,
    clear_after_read: bool,
    infer_shape: bool,
}

#[derive(Clone, Debug)]
enum Slot {
    Unwritten,
    Cleared,
    Written(Tensor),
}

impl TensorArray {
    /// An array of `size` unwritten elements.
    pub fn new(dtype: DType, size: usize) -> TensorArray {
        TensorArray {
            dtype,
            element_shape: PartialShape::unknown(),
            slots: vec![Slot::Unwritten; size],
            dynamic_size: false,
            clear_after_read: true,
            infer_shape: true,
        }
    }

    /// Whether a write past the end makes the array longer. Default: false, an error.
    #[must_use]
    pub fn dynamic_size(mut self, yes: bool) -> TensorArray {
        self.dynamic_size = yes;
        self
    }

    /// Whether an element can be read once only, which frees it early. Default: true.
    #[must_use]
    pub fn clear_after_read(mut self, yes: bool) -> TensorArray {
        self.clear_after_read = yes;
        self
    }

    /// The shape that every element must have. Default: unknown.
    #[must_use]
    pub fn element_shape(mut self, shape: impl Into<PartialShape>) -> TensorArray {
        self.element_shape = shape.into();
        self
    }

    /// Whether the first element written fixes the shape of all. Default: true.
    #[must_use]
    pub fn infer_shape(mut self, yes: bool) -> TensorArray {
        self.infer_shape = yes;
        self
    }

    /// Number of elements, written or not.
    pub fn size(&self) -> usize {
        self.slots.len()
    }

    /// The dtype of all elements.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Puts a tensor at a position, in place of what is there.
    ///
    /// Errors when the position lies past the end and the array cannot grow, or when dtype or shape differ.
    pub fn write(&mut self, index: usize, value: &Tensor) -> Result<()> {
        let size = self.size();
        if index >= size && !self.dynamic_size {
            bail_value!("TensorArray: write at {index}, but the size is {size} and fixed");
        }
        self.check(value)?;
        if index >= size {
            // A position is user data: refuse what cannot be allocated instead of aborting.
            let more = index.checked_add(1).map(|end| end - size);
            let reserved = more.map(|more| self.slots.try_reserve(more).is_ok());
            if reserved != Some(true) {
                bail_value!("TensorArray: a write at {index} needs more memory than there is");
            }
            self.slots.resize(index + 1, Slot::Unwritten);
        }
        if self.infer_shape {
            self.element_shape = PartialShape::from(value.shape());
        }
        self.slots[index] = Slot::Written(value.clone());
        Ok(())
    }

    /// The tensor at a position; zeros where nothing was written and the shape is known.
    ///
    /// Errors past the end, and for a second read of an element that the first one cleared.
    pub fn read(&mut self, index: usize) -> Result<Tensor> {
        let size = self.size();
        let Some(slot) = self.slots.get(index) else {
            bail_value!("TensorArray: read at {index}, but the size is {size}");
        };
        if matches!(slot, Slot::Cleared) {
            bail_value!(
                "TensorArray: element {index} was read before and cleared; see `clear_after_read(false)`"
            );
        }
        let value = self.filled(index)?;
        if self.clear_after_read {
            self.slots[index] = Slot::Cleared;
        }
        Ok(value)
    }

    /// All elements along a new first axis; zeros where nothing was written or the element was cleared.
    ///
    /// Errors when the shapes differ (possible without `infer_shape`), or when none is known.
    pub fn stack(&mut self) -> Result<Tensor> {
        self.gather_indices((0..self.size()).collect())
    }

    /// The elements at some positions along a new first axis.
    pub fn gather(&mut self, indices: &[usize]) -> Result<Tensor> {
        self.gather_indices(indices.to_vec())
    }

    fn gather_indices(&mut self, indices: Vec<usize>) -> Result<Tensor> {
        if indices.is_empty() {
            let shape = self.known_shape()?;
            return Tensor::zeros(shape.with(0, 0), self.dtype);
        }
        let parts = indices.iter().map(|&i| self.filled(i)).collect::<Result<Vec<_>>>()?;
        Tensor::stack(&parts.iter().collect::<Vec<_>>(), 0)
    }

    /// All elements joined along their first axis.
    pub fn concat(&mut self) -> Result<Tensor> {
        let parts = (0..self.size()).map(|i| self.filled(i)).collect::<Result<Vec<_>>>()?;
        if let Some(i) = parts.iter().position(|p| p.rank() == 0) {
            bail_shape!("TensorArray: concat needs at least vectors, but element {i} is a scalar");
        }
        if parts.is_empty() {
            let shape = self.known_shape()?;
            if shape.rank() == 0 {
                bail_shape!("TensorArray: concat needs at least vectors, but elements are scalars");
            }
            return Tensor::zeros(shape.replaced(0, 0), self.dtype);
        }
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
    }

    /// Replaces the elements by the slices of `value` along its first axis.
    ///
    /// Errors when there are more of them than a fixed size holds.
    pub fn unstack(&mut self, value: &Tensor) -> Result<()> {
        self.check_dtype(value)?;
        let parts = value.unstack(0)?;
        if parts.len() > self.size() && !self.dynamic_size {
            bail_value!(
                "TensorArray: {} slices do not fit into an array of fixed size {}",
                parts.len(),
                self.size()
            );
        }
        self.replace(parts)
    }

    /// Replaces the elements by pieces of `value` along its first axis, of these lengths.
    ///
    /// Errors when the lengths do not add up to the axis, or are not as many as a fixed size asks for.
    pub fn split(&mut self, value: &Tensor, lengths: &[usize]) -> Result<()> {
        self.check_dtype(value)?;
        let Some(&rows) = value.shape().first() else {
            bail_shape!("TensorArray: split needs at least a vector, found a scalar");
        };
        if lengths.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)) != Some(rows) {
            bail_shape!("TensorArray: lengths {lengths:?} do not add up to the {rows} rows of the value");
        }
        if lengths.len() != self.size() && !self.dynamic_size {
            bail_value!("TensorArray: {} lengths for an array of fixed size {}", lengths.len(), self.size());
        }
        self.replace(value.split_sizes(lengths, 0)?)
    }

    /// Writes the slices of `value` along its first axis to these positions.
    ///
    /// Errors as [`TensorArray::write`] does, and when there are not as many positions as slices; nothing is written
    /// then.
    pub fn scatter(&mut self, indices: &[usize], value: &Tensor) -> Result<()> {
        let parts = value.unstack(0)?;
        if parts.len() != indices.len() {
            bail_shape!("TensorArray: {} positions for {} slices", indices.len(), parts.len());
        }
        let mut written = self.clone();
        for (&index, part) in indices.iter().zip(&parts) {
            written.write(index, part)?;
        }
        *self = written;
        Ok(())
    }

    /// Drops all elements; the size is 0 afterwards.
    pub fn close(&mut self) {
        self.slots.clear();
    }

    fn replace(&mut self, parts: Vec<Tensor>) -> Result<()> {
        parts.iter().try_for_each(|p| self.check(p))?;
        if let (true, Some(first)) = (self.infer_shape, parts.first()) {
            if parts.iter().all(|p| p.shape() == first.shape()) {
                self.element_shape = PartialShape::from(first.shape());
            }
        }
        self.slots = parts.into_iter().map(Slot::Written).collect();
        Ok(())
    }

    fn check(&self, value: &Tensor) -> Result<()> {
        self.check_dtype(value)?;
        if !self.element_shape.admits(value.shape()) {
            bail_shape!(
                "TensorArray: an element of shape {} where elements have shape {}",
                value.shape(),
                self.element_shape
            );
        }
        Ok(())
    }

    fn check_dtype(&self, value: &Tensor) -> Result<()> {
        if value.dtype() != self.dtype {
            bail_dtype!("TensorArray: a {} value for an array of {}", value.dtype(), self.dtype);
        }
        Ok(())
    }

    /// The element at `index`, made of zeros (and kept) when there is none.
    fn filled(&mut self, index: usize) -> Result<Tensor> {
        let size = self.size();
        match self.slots.get(index) {
            Some(Slot::Written(t)) => return Ok(t.clone()),
            Some(_) => {}
            None => bail_value!("TensorArray: element {index} asked for, but the size is {size}"),
        }
        let zeros = Tensor::zeros(self.known_shape()?, self.dtype)?;
        self.slots[index] = Slot::Written(zeros.clone());
        Ok(zeros)
    }

    fn known_shape(&self) -> Result<gradus_tensor::Shape> {
        self.element_shape.known().ok_or_else(|| {
            Error::shape(format!(
                "TensorArray: nothing was written, and the element shape is {}",
                self.element_shape
            ))
        })
    }
}
