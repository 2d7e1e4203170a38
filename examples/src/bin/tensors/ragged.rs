//! Ragged tensors.

use crate::{Result, show, title};
use gradus::Tensor;
use gradus::ragged::{MaybeRagged, RaggedTensor};
use gradus::tensor::s;

pub fn rows() -> Result {
    title("A12", "ragged tensors");
    let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3, 4, 5], vec![6]])?;
    show("from rows", &r);
    let flat = Tensor::new([1, 2, 3, 4, 5, 6])?;
    show("from row splits", RaggedTensor::<Tensor>::from_row_splits(flat.clone(), [0, 2, 2, 5, 6])?);
    show("from row lengths", RaggedTensor::<Tensor>::from_row_lengths(flat.clone(), [2, 0, 3, 1])?);
    show("from row ids", RaggedTensor::<Tensor>::from_value_rowids(flat, &[0, 0, 2, 2, 2, 3], None)?);
    show("r + [[10], [20], [30], [40]]", r.add(&Tensor::new([[10], [20], [30], [40]])?)?);
    show("reduce_sum over axis 1", r.reduce_sum(1, false)?);
    show("concat([r, r], axis 1)", RaggedTensor::concat(&[&r, &r], 1)?);
    show("gather([3, 0])", r.gather(&Tensor::new([3, 0])?, 0)?);
    show("r[:, :2]", r.slice(s![.., ..2])?);
    show("to_tensor()", r.to_tensor()?);
    show("to_sparse()", r.to_sparse()?);
    let deep: RaggedTensor =
        RaggedTensor::from_rows(vec![vec![vec![1], vec![2, 3]], vec![], vec![vec![4, 5, 6]]])?;
    show("of rank 3", &deep);
    show("its bounding shape", format!("{:?}", deep.bounding_shape()));
    let merged: MaybeRagged = deep.merge_dims(0, 1)?;
    show("its first two axes merged", merged);
    Ok(())
}
