//! Sparse tensors.

use crate::{Result, show, title};
use gradus::Tensor;
use gradus::sparse::SparseTensor;

pub fn coordinates() -> Result {
    title("A10", "sparse tensors");
    let a = SparseTensor::from_entries([[0, 1], [1, 0], [2, 3]], vec![1.0f32, 2.0, 3.0], [3, 4])?;
    show("SparseTensor::from_entries(..)", &a);
    show("to_dense()", a.to_dense()?);
    show("a + a", a.add(&a)?.to_dense()?);
    show("reduce_sum over axis 1", a.reduce_sum(1, false)?);
    let b = Tensor::new([[10.0f32, 20.0], [30.0, 40.0], [50.0, 60.0], [70.0, 80.0]])?;
    show("a @ b", a.matmul(&b)?);
    show("a[0:2, 0:2]", a.slice(&[0, 0], &[2, 2])?.to_dense()?);
    let mixed = SparseTensor::from_entries([[1, 1], [0, 2]], vec![10.0f32, 20.0], [2, 3])?;
    match mixed.to_dense() {
        Ok(dense) => show("to_dense() of unordered entries", dense),
        Err(error) => show("to_dense() of unordered entries", format!("error: {error}")),
    }
    show("after reorder()", mixed.reorder()?.to_dense()?);
    Ok(())
}
