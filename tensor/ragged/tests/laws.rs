//! Laws that hold for every ragged tensor.

use gradus_ragged::{RaggedTensor, RowPartition, concat, elementwise, stack};
use gradus_tensor::{Tensor, s};
use proptest::prelude::*;

/// Lists of lists of lists of numbers.
fn nested() -> impl Strategy<Value = Vec<Vec<Vec<i32>>>> {
    let row = proptest::collection::vec(-99..99i32, 0..4);
    proptest::collection::vec(proptest::collection::vec(row, 0..4), 0..5)
}

fn ragged(rows: &[Vec<Vec<i32>>]) -> RaggedTensor {
    RaggedTensor::from_rows(rows).unwrap()
}

fn same(a: &RaggedTensor, b: &RaggedTensor) -> bool {
    a.nested_row_splits() == b.nested_row_splits()
        && a.flat_values().to_vec::<i32>().unwrap() == b.flat_values().to_vec::<i32>().unwrap()
}

proptest! {
    #[test]
    fn dense_and_back_by_lengths(rows in nested()) {
        let r = ragged(&rows);
        let lengths = r.nested_row_lengths();
        let outer = r.merge_dims(1, 2).unwrap().ragged().unwrap();
        let back = RaggedTensor::from_tensor_lengths(outer.to_tensor().unwrap(), &outer.row_lengths(), 1).unwrap();
        prop_assert!(same(&outer, &back));
        prop_assert_eq!(lengths[1].iter().sum::<i64>() as usize, r.size());
    }

    #[test]
    fn a_padding_that_never_occurs_marks_the_ends(rows in nested()) {
        let r = ragged(&rows).merge_dims(0, 1).unwrap().ragged().unwrap();
        let padding = Tensor::scalar(100);
        let dense = r.to_tensor_with(Some(&padding), None).unwrap();
        prop_assert!(same(&r, &RaggedTensor::from_tensor_padded(dense, &padding, 1).unwrap()));
    }

    #[test]
    fn every_encoding_of_the_rows_is_the_same(rows in nested()) {
        let r = ragged(&rows);
        for partition in r.partitions() {
            let ids = RowPartition::from_value_rowids(&partition.value_rowids(), Some(partition.nrows()));
            prop_assert_eq!(&ids.unwrap(), partition);
            prop_assert_eq!(&RowPartition::from_row_lengths(&partition.row_lengths()).unwrap(), partition);
            prop_assert_eq!(&RowPartition::from_row_limits(partition.row_limits()).unwrap(), partition);
        }
    }

    #[test]
    fn parts_make_up_the_whole(rows in nested(), at in 0..6isize) {
        let r = ragged(&rows);
        for axis in 0..3 {
            let (head, tail) = match axis {
                0 => (r.slice(s![..at]), r.slice(s![at..])),
                1 => (r.slice(s![.., ..at]), r.slice(s![.., at..])),
                _ => (r.slice(s![.., .., ..at]), r.slice(s![.., .., at..])),
            };
            let whole = concat(&[head.unwrap(), tail.unwrap()], axis).unwrap().ragged().unwrap();
            prop_assert!(same(&whole, &r), "axis {}: {} for {}", axis, whole, r);
        }
    }

    #[test]
    fn stacks_come_apart(rows in nested()) {
        let r = ragged(&rows);
        for axis in 0..4 {
            let both = stack(&[(&r).into(), (&r).into()], axis).unwrap().ragged().unwrap();
            prop_assert_eq!(both.rank(), 4);
            prop_assert_eq!(both.size(), 2 * r.size());
        }
        let both = stack(&[(&r).into(), (&r).into()], 0).unwrap().ragged().unwrap();
        prop_assert!(same(&both.slice(s![1]).unwrap().ragged().unwrap(), &r));
    }

    #[test]
    fn reversing_twice_and_tiling_once_change_nothing(rows in nested()) {
        let r = ragged(&rows);
        let back = r.reverse(&[0, 1, 2]).unwrap().reverse(&[0, 1, 2]).unwrap();
        prop_assert!(same(&back, &r));
        prop_assert!(same(&r.tile(&[1, 1, 1]).unwrap(), &r));
    }

    #[test]
    fn sums_agree_in_any_order(rows in nested()) {
        let r = ragged(&rows);
        let total = |x: gradus_ragged::MaybeRagged| x.flat_values().reduce_sum((), false).unwrap().item::<i32>().unwrap();
        let all = total(r.reduce_sum((), false).unwrap());
        for axes in [&[0isize][..], &[1], &[2], &[0, 1], &[1, 2], &[0, 2]] {
            prop_assert_eq!(total(r.reduce_sum(axes, false).unwrap()), all, "{:?}", axes);
        }
    }

    #[test]
    fn broadcasting_a_scalar_is_mapping(rows in nested(), k in -9..9i32) {
        let r = ragged(&rows);
        let k = Tensor::scalar(k);
        let found = elementwise(&[(&k).into(), (&r).into()], |x| x[0].sub(&x[1])).unwrap().ragged().unwrap();
        prop_assert!(same(&found, &r.map_flat_values(|v| k.sub(v)).unwrap()));
        let deep = elementwise(&[(&k).into(), (&r).into(), r.neg().unwrap().into()], |x| x[0].add(&x[1])?.add(&x[2]));
        let deep = deep.unwrap().ragged().unwrap();
        prop_assert!(same(&deep, &r.map_flat_values(|v| v.sub(v)?.add(&k)).unwrap()));
    }
}

#[cfg(feature = "sparse")]
proptest! {
    #[test]
    fn sparse_and_back(rows in nested()) {
        let r = ragged(&rows).merge_dims(0, 1).unwrap().ragged().unwrap();
        let sparse = r.to_sparse().unwrap();
        prop_assert_eq!(sparse.to_dense().unwrap().to_vec::<i32>().unwrap(), r.to_tensor().unwrap().to_vec::<i32>().unwrap());
        prop_assert!(same(&RaggedTensor::from_sparse(&sparse).unwrap(), &r));
    }
}
