//! Rows of tensors: the copies under slicing, batching and padding.
//!
//! They copy bytes between buffers and record nothing: data preparation is no part of a gradient.

use gradus_tensor::{DType, Element as Number, Shape, Spec, Tensor, dispatch};

use crate::error::{DataError, ErrorKind, Result};

impl From<gradus_tensor::Error> for DataError {
    fn from(error: gradus_tensor::Error) -> Self {
        DataError::user(error)
    }
}

fn shape_error(message: String) -> DataError {
    DataError::new(ErrorKind::Shape, message)
}

/// A tensor of rows of `tensor` along its first axis.
pub(crate) fn gather_rows(tensor: &Tensor, indices: &[u64]) -> Result<Tensor> {
    let Some((count, rest)) = tensor.shape().dims().split_first() else {
        return Err(shape_error("from_tensor_slices: a scalar has no slices".to_owned()));
    };
    if let Some(index) = indices.iter().find(|i| **i >= *count as u64) {
        return Err(shape_error(format!("slice {index} of a tensor with {count} slices")));
    }
    let row: usize = rest.iter().product();
    let dims: Vec<usize> = [indices.len()].into_iter().chain(rest.iter().copied()).collect();
    let made = Tensor::build(Spec::new(tensor.dtype(), Shape::from(dims)), |out| {
        dispatch!(tensor.dtype(), T: all => {
            let from = tensor.view().as_slice::<T>();
            if row > 0 {
                for (to, index) in out.as_mut::<T>().chunks_exact_mut(row).zip(indices) {
                    let begin = *index as usize * row;
                    to.copy_from_slice(&from[begin..begin + row]);
                }
            }
        });
        Ok(())
    });
    Ok(made?)
}

/// One row of `tensor`, without its first axis.
pub(crate) fn row(tensor: &Tensor, index: usize) -> Result<Tensor> {
    let one = gather_rows(tensor, &[index as u64])?;
    with_shape(&one, &one.shape().dims()[1..])
}

/// All rows of `tensor`.
pub(crate) fn rows(tensor: &Tensor) -> Result<Vec<Tensor>> {
    let Some(count) = tensor.shape().dims().first() else {
        return Err(shape_error("unbatch: a scalar cannot be taken apart".to_owned()));
    };
    (0..*count).map(|i| row(tensor, i)).collect()
}

fn with_shape(tensor: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let made = Tensor::build(Spec::new(tensor.dtype(), Shape::from(dims.to_vec())), |out| {
        dispatch!(tensor.dtype(), T: all => {
            out.as_mut::<T>().copy_from_slice(tensor.view().as_slice::<T>());
        });
        Ok(())
    });
    Ok(made?)
}

/// Tensors of one shape and dtype, put together along a new first axis.
pub(crate) fn stack(items: &[Tensor]) -> Result<Tensor> {
    let first = items.first().ok_or_else(|| shape_error("batch: no element".to_owned()))?;
    let spec = first.spec();
    if let Some((at, odd)) = items.iter().enumerate().find(|(_, t)| t.spec() != spec) {
        return Err(shape_error(format!(
            "batch: element {at} of the batch is {} {}, element 0 is {} {} (padded_batch and ragged_batch take \
             elements of different lengths)",
            odd.dtype(),
            odd.shape(),
            first.dtype(),
            first.shape()
        )));
    }
    let size = first.len();
    let dims: Vec<usize> = [items.len()].into_iter().chain(first.shape().dims().iter().copied()).collect();
    let made = Tensor::build(Spec::new(first.dtype(), Shape::from(dims)), |out| {
        dispatch!(first.dtype(), T: all => {
            if size > 0 {
                for (to, item) in out.as_mut::<T>().chunks_exact_mut(size).zip(items) {
                    to.copy_from_slice(item.view().as_slice::<T>());
                }
            }
        });
        Ok(())
    });
    Ok(made?)
}

/// Tensors of one rank and dtype, padded at the ends of their axes and put together.
pub(crate) fn pad_stack(items: &[Tensor], wanted: &[Option<usize>], value: Option<f64>) -> Result<Tensor> {
    let first = items.first().ok_or_else(|| shape_error("padded_batch: no element".to_owned()))?;
    let (rank, dtype) = (first.rank(), first.dtype());
    if let Some((at, odd)) = items.iter().enumerate().find(|(_, t)| t.rank() != rank || t.dtype() != dtype) {
        let (found, shape) = (odd.dtype(), odd.shape());
        let message =
            format!("padded_batch: element {at} is {found} {shape}, element 0 is {dtype} of rank {rank}");
        return Err(shape_error(message));
    }
    if !wanted.is_empty() && wanted.len() != rank {
        return Err(shape_error(format!(
            "padded_batch: the padded shape has {} sizes, the elements have rank {rank}",
            wanted.len()
        )));
    }
    let mut dims = Vec::with_capacity(rank);
    for axis in 0..rank {
        let longest = items.iter().map(|t| t.shape().dims()[axis]).max().unwrap_or(0);
        let size = wanted.get(axis).copied().flatten().unwrap_or(longest);
        if longest > size {
            return Err(shape_error(format!(
                "padded_batch: an element has size {longest} along axis {axis}, the padded shape has {size}"
            )));
        }
        dims.push(size);
    }
    let whole: Vec<usize> = [items.len()].into_iter().chain(dims.iter().copied()).collect();
    let made = Tensor::build(Spec::new(dtype, Shape::from(whole)), |out| {
        dispatch!(dtype, T: all => {
            let filling = value.map_or(T::ZERO, T::from_f64);
            let out = out.as_mut::<T>();
            out.fill(filling);
            let size: usize = dims.iter().product();
            if size > 0 {
                for (to, item) in out.chunks_exact_mut(size).zip(items) {
                    place(to, &dims, item.view().as_slice::<T>(), item.shape().dims());
                }
            }
        });
        Ok(())
    });
    Ok(made?)
}

/// Copies an array into the beginning corner of a larger one.
fn place<T: Number>(to: &mut [T], to_dims: &[usize], from: &[T], from_dims: &[usize]) {
    match (to_dims, from_dims) {
        ([], _) | (_, []) => to.copy_from_slice(from),
        ([_], [n]) => to[..*n].copy_from_slice(from),
        ([_, to_rest @ ..], [n, from_rest @ ..]) => {
            let (step, size): (usize, usize) = (to_rest.iter().product(), from_rest.iter().product());
            if step > 0 && size > 0 {
                for (to, from) in to.chunks_exact_mut(step).zip(from.chunks_exact(size)).take(*n) {
                    place(to, to_rest, from, from_rest);
                }
            }
        }
    }
}

/// TensorFlow's name of a dtype, as specs show it.
pub(crate) fn dtype_name(dtype: DType) -> &'static str {
    match dtype {
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::I8 => "int8",
        DType::I16 => "int16",
        DType::I32 => "int32",
        DType::I64 => "int64",
        DType::U8 => "uint8",
        DType::U16 => "uint16",
        DType::U32 => "uint32",
        DType::U64 => "uint64",
        DType::Bool => "bool",
        DType::C64 => "complex64",
        DType::C128 => "complex128",
        #[allow(unreachable_patterns)]
        _ => "unknown",
    }
}
