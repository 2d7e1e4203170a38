//! Sets as rows.

use gradus_collections::Sets;
use gradus_tensor::{DType, ErrorKind, Tensor};

fn rows(values: &[[i32; 3]]) -> Sets {
    Sets::of_rows(&Tensor::new(values).unwrap()).unwrap()
}

#[test]
fn rows_are_sets_without_order_or_repetition() {
    let a = rows(&[[1, 2, 2], [5, 4, 3]]);
    let b = rows(&[[3, 2, 4], [3, 3, 3]]);
    let cases = [
        ("union", a.union(&b).unwrap(), vec![1, 2, 3, 4, 3, 4, 5], vec![2, 4]),
        ("intersection", a.intersection(&b).unwrap(), vec![2, 3], vec![2, 1]),
        ("difference", a.difference(&b).unwrap(), vec![1, 4, 5], vec![2, 2]),
        ("difference the other way", b.difference(&a).unwrap(), vec![3, 4], vec![2, 2]),
        ("difference from itself", a.difference(&a).unwrap(), vec![], vec![2, 0]),
    ];
    for (name, sets, values, shape) in cases {
        assert_eq!(sets.values().to_vec::<i32>().unwrap(), values, "{name}");
        assert_eq!(sets.dense_shape().to_vec(), shape, "{name}");
    }
    assert_eq!(a.size().unwrap().to_vec::<i32>().unwrap(), [2, 3]);
    assert_eq!(a.indices().unwrap().to_vec::<i64>().unwrap(), [0, 0, 0, 1, 1, 0, 1, 1, 1, 2]);
    assert_eq!(a.to_dense(-1).unwrap().to_vec::<i32>().unwrap(), [1, 2, -1, 3, 4, 5]);
}

#[test]
fn a_sparse_array_gives_the_same_sets() {
    let a = rows(&[[1, 2, 2], [5, 4, 3]]).union(&rows(&[[0, 0, 0], [3, 3, 3]])).unwrap();
    let again = Sets::of_sparse(&a.indices().unwrap(), a.values(), a.dense_shape()).unwrap();
    assert_eq!(
        again.to_dense(9).unwrap().to_vec::<i32>().unwrap(),
        a.to_dense(9).unwrap().to_vec::<i32>().unwrap()
    );
    let outside = Tensor::new([[2i64, 0]]).unwrap();
    assert!(Sets::of_sparse(&outside, &Tensor::new([1]).unwrap(), [2, 2]).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    let a = rows(&[[1, 2, 3]]);
    let other = Sets::of_rows(&Tensor::new([[1i64, 2]]).unwrap()).unwrap();
    assert_eq!(a.union(&other).unwrap_err().kind(), ErrorKind::DType);
    assert_eq!(a.union(&rows(&[[1; 3]; 2])).unwrap_err().kind(), ErrorKind::Shape);
    assert_eq!(
        Sets::of_rows(&Tensor::zeros([2, 2], DType::F32).unwrap()).unwrap_err().kind(),
        ErrorKind::DType
    );
    assert!(Sets::of_rows(&Tensor::new(1).unwrap()).is_err());
    assert!(Sets::of_rows(&Tensor::new([[1u8, 2], [3, 3]]).unwrap()).unwrap().to_dense(300).is_err());
}
