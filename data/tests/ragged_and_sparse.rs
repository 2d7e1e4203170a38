//! Ragged and sparse tensors as elements.
#![cfg(all(feature = "ragged", feature = "sparse"))]

use gradus_data::Dataset;
use gradus_ragged::RaggedTensor;
use gradus_sparse::SparseTensor;
use gradus_tensor::Tensor;

#[test]
fn ragged_rows_are_cut_batched_and_taken_apart() {
    let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3], vec![4, 5, 6]]).unwrap();
    let rows = Dataset::from_tensor_slices(r);
    let texts: Vec<String> = rows.clone().batch(3).collect().unwrap().iter().map(|b| b.to_string()).collect();
    assert_eq!(texts, ["<tf.RaggedTensor [[1, 2], [], [3]]>", "<tf.RaggedTensor [[4, 5, 6]]>"]);
    let lengths: Vec<usize> = rows
        .batch(2)
        .try_map(|b| b.ragged())
        .unbatch()
        .collect()
        .unwrap()
        .iter()
        .map(|row| row.flat_values().len())
        .collect();
    assert_eq!(lengths, [2, 0, 1, 3]);
}

#[test]
fn tensors_of_different_sizes_become_ragged() {
    let rows = vec![Tensor::new([1, 2]).unwrap(), Tensor::new([3]).unwrap()];
    let batches = Dataset::from_vec(rows).ragged_tensors(2).collect().unwrap();
    assert_eq!(batches[0].to_string(), "<tf.RaggedTensor [[1, 2], [3]]>");
    let scalars = Dataset::from_vec(vec![Tensor::scalar(1), Tensor::scalar(2)]);
    assert!(scalars.ragged_tensors(2).collect().is_err());
}

#[test]
fn sparse_rows_are_cut_batched_and_taken_apart() {
    let x = SparseTensor::from_entries([[0, 1], [2, 0], [2, 2]], vec![5, 6, 7], [3, 3]).unwrap();
    let rows = Dataset::from_tensor_slices(x.clone());
    let whole = rows.batch(3).collect().unwrap().remove(0);
    assert_eq!(whole.indices().to_vec::<i64>().unwrap(), x.indices().to_vec::<i64>().unwrap());
    assert_eq!(whole.values().to_vec::<i32>().unwrap(), [5, 6, 7]);
    let apart = Dataset::from_element(x).unbatch().collect().unwrap();
    assert_eq!(apart.iter().map(SparseTensor::nnz).collect::<Vec<_>>(), [1, 0, 2]);
}
