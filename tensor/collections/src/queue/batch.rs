//! Elements into batches and back.

use gradus_tensor::{Error, Result, Shape, Tensor};

use super::component::{Component, ComponentSpec, ComponentType};
use super::{Row, covering};

/// The slices of columns along their first axis, which must be of one length: an element per slice.
pub(super) fn rows(columns: &[Component]) -> Result<Vec<Row>> {
    let lengths: Vec<_> = columns.iter().map(|c| c.shape()[0]).collect();
    if lengths.iter().any(|&n| n != lengths[0]) {
        return Err(Error::shape(format!("components have different numbers of rows: {lengths:?}")));
    }
    let mut rows = vec![Row::new(); lengths[0]];
    for column in columns {
        let slices: Row = match column {
            Component::Dense(t) => t.unstack(0)?.into_iter().map(Component::Dense).collect(),
            #[cfg(feature = "text")]
            Component::Text(t) => t.unstack(0)?.into_iter().map(Component::Text).collect(),
        };
        rows.iter_mut().zip(slices).for_each(|(row, slice)| row.push(slice));
    }
    Ok(rows)
}

/// Elements stacked along a new first axis, component by component; shorter ones are padded with zeros.
pub(super) fn stack(specs: &[ComponentSpec], rows: Vec<Row>) -> Result<Row> {
    let mut columns: Vec<Row> = specs.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    specs.iter().zip(columns).map(|(spec, column)| stack_column(spec, column)).collect()
}

fn stack_column(spec: &ComponentSpec, column: Row) -> Result<Component> {
    let rank = spec.shape.dims().map_or(0, <[_]>::len);
    let shape = if column.is_empty() {
        // Nothing tells the sizes that are not known.
        spec.shape.dims().unwrap_or_default().iter().map(|d| d.unwrap_or(0)).collect()
    } else {
        covering(rank, column.iter().map(Component::shape))
    };
    match spec.kind {
        ComponentType::Dense(dtype) => {
            if column.is_empty() {
                return Ok(Tensor::zeros(shape.with(0, 0), dtype)?.into());
            }
            let parts = column.iter().map(|c| pad(c.dense()?, &shape)).collect::<Result<Vec<_>>>()?;
            Ok(Tensor::stack(&parts.iter().collect::<Vec<_>>(), 0)?.into())
        }
        #[cfg(feature = "text")]
        ComponentType::Text => {
            if column.is_empty() {
                return Ok(gradus_text::StringTensor::empty(shape.with(0, 0))?.into());
            }
            let pad = |c: &Component| c.text()?.pad(&gaps(c.shape(), &shape), b"");
            let parts = column.iter().map(pad).collect::<Result<Vec<_>>>()?;
            Ok(gradus_text::StringTensor::stack(&parts.iter().collect::<Vec<_>>(), 0)?.into())
        }
    }
}

/// The tensor with zeros behind its elements along every axis, up to that shape.
fn pad(tensor: &Tensor, shape: &Shape) -> Result<Tensor> {
    if tensor.shape() == shape {
        return Ok(tensor.clone());
    }
    tensor.pad(&gaps(tensor.shape(), shape), gradus_tensor::ops::PadMode::Constant(0.0))
}

/// What is missing behind each axis; `to` covers `from`.
fn gaps(from: &Shape, to: &Shape) -> Vec<(usize, usize)> {
    to.iter().zip(from.iter()).map(|(to, from)| (0, to - from)).collect()
}
