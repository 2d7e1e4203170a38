//! Sparse operations are the dense ones on what a sparse tensor stands for.

use gradus_kernels::threads::with_num_threads;
use gradus_sparse::SparseTensor;
use gradus_tensor::Tensor;
use proptest::prelude::*;

/// A matrix of small integers, most of them 0.
fn matrix() -> impl Strategy<Value = Tensor> {
    (1..6usize, 1..6usize).prop_flat_map(|(n, m)| filled(n, m))
}

fn filled(n: usize, m: usize) -> impl Strategy<Value = Tensor> {
    let element = prop_oneof![3 => Just(0i32), 1 => -9..9i32];
    proptest::collection::vec(element, n * m).prop_map(move |v| Tensor::from_vec(v, [n, m]).unwrap())
}

fn pair() -> impl Strategy<Value = (Tensor, Tensor)> {
    (1..6usize, 1..6usize).prop_flat_map(|(n, m)| (filled(n, m), filled(n, m)))
}

fn product() -> impl Strategy<Value = (Tensor, Tensor)> {
    (1..6usize, 1..6usize, 1..70usize).prop_flat_map(|(n, k, m)| (filled(n, k), filled(k, m)))
}

fn sparse(t: &Tensor) -> SparseTensor {
    SparseTensor::from_dense(t).unwrap()
}

fn dense(x: &SparseTensor) -> (Vec<usize>, Vec<i32>) {
    parts(&x.to_dense().unwrap())
}

fn parts(t: &Tensor) -> (Vec<usize>, Vec<i32>) {
    (t.shape().to_vec(), t.to_vec::<i32>().unwrap())
}

proptest! {
    #[test]
    fn there_and_back(t in matrix()) {
        prop_assert_eq!(dense(&sparse(&t)), parts(&t));
        prop_assert!(sparse(&t).is_ordered().unwrap());
    }

    #[test]
    fn arithmetic((a, b) in pair()) {
        let (x, y) = (sparse(&a), sparse(&b));
        prop_assert_eq!(dense(&x.add(&y).unwrap()), parts(&a.add(&b).unwrap()));
        prop_assert_eq!(dense(&x.sub(&y).unwrap()), parts(&a.sub(&b).unwrap()));
        prop_assert_eq!(dense(&x.maximum(&y).unwrap()), parts(&a.maximum(&b).unwrap()));
        prop_assert_eq!(dense(&x.minimum(&y).unwrap()), parts(&a.minimum(&b).unwrap()));
        prop_assert_eq!(dense(&x.mul_dense(&b).unwrap()), parts(&a.mul(&b).unwrap()));
        prop_assert_eq!(parts(&x.add_dense(&b).unwrap()), parts(&a.add(&b).unwrap()));
    }

    #[test]
    fn shapes(t in matrix(), start in 0..6usize, size in 0..6usize) {
        let x = sparse(&t);
        prop_assert_eq!(dense(&x.transpose(&[]).unwrap()), parts(&t.t().unwrap()));
        prop_assert_eq!(dense(&x.reshape(&[-1]).unwrap()), parts(&t.flatten().unwrap()));
        prop_assert_eq!(dense(&x.expand_dims(1).unwrap()), parts(&t.expand_dims(1).unwrap()));
        let (from, to) = (start.min(t.shape()[1]), (start + size).min(t.shape()[1]));
        let part = t.slice(gradus_tensor::s![.., from..to]).unwrap();
        prop_assert_eq!(dense(&x.slice(&[0, start], &[99, size]).unwrap()), parts(&part));
        let pieces = x.split(t.shape()[0], 0).unwrap();
        let whole = SparseTensor::concat(&pieces.iter().collect::<Vec<_>>(), 0).unwrap();
        prop_assert_eq!(dense(&whole), parts(&t));
        prop_assert_eq!(parts(&x.reduce_sum(0, false).unwrap()), parts(&t.reduce_sum(0, false).unwrap()));
    }

    #[test]
    fn products((a, b) in product(), seed in any::<u64>()) {
        let want = parts(&a.matmul(&b).unwrap());
        let x = sparse(&a);
        prop_assert_eq!(parts(&x.matmul(&b).unwrap()), want.clone());
        prop_assert_eq!(dense(&x.matmul_sparse(&sparse(&b)).unwrap()), want.clone());
        prop_assert_eq!(parts(&x.transpose(&[]).unwrap().matmul_t(&b, true, false).unwrap()), want.clone());
        // Entries in any order give the same.
        let n = x.nnz() as i64;
        let order: Vec<i64> = (0..n).map(|i| (i + (seed % 97) as i64) % n.max(1)).collect();
        let order = Tensor::from_slice(&order, [order.len()]).unwrap();
        let indices = x.indices().gather(&order, 0).unwrap();
        let y = SparseTensor::new(indices, x.values().gather(&order, 0).unwrap(), x.dense_shape()).unwrap();
        prop_assert_eq!(parts(&y.matmul(&b).unwrap()), want);
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let n = 300;
    let at = |i: usize, j: usize| (i * 31 + j * 17) % 23 == 0;
    let mut places = Vec::new();
    for i in 0..n {
        places.extend((0..n).filter(|&j| at(i, j)).map(|j| [i as i64, j as i64]));
    }
    let values: Vec<f32> = (0..places.len()).map(|i| (i as f32 * 0.37).sin()).collect();
    let a = SparseTensor::from_entries(&places, values, [n, n]).unwrap();
    let b: Vec<f32> = (0..n * 100).map(|i| (i as f32 * 0.11).cos()).collect();
    let b = Tensor::from_vec(b, [n, 100]).unwrap();
    let bits = |threads| {
        let y = with_num_threads(threads, || a.matmul(&b)).unwrap();
        y.to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    let one = bits(1);
    for threads in [2, 3, 7] {
        assert_eq!(bits(threads), one, "{threads} threads");
    }
}
