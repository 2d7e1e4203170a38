//! Gradients of sparse operations with respect to values and dense operands.

use gradus_autograd::{GradCheck, GradientTape};
use gradus_sparse::SparseTensor;
use gradus_tensor::{Result, Tensor};

const PLACES: [[i64; 2]; 5] = [[0, 1], [0, 3], [1, 0], [2, 1], [2, 2]];

fn sparse(values: &Tensor) -> Result<SparseTensor> {
    SparseTensor::new(Tensor::new(PLACES)?, values.clone(), [3, 4])
}

fn values() -> Tensor {
    Tensor::new([0.5f64, -1.25, 2.0, 0.75, -0.3]).unwrap()
}

fn dense(rows: usize, columns: usize) -> Tensor {
    let x: Vec<f64> = (0..rows * columns).map(|i| ((i * 7 + 3) % 11) as f64 / 5.0 - 1.0).collect();
    Tensor::from_vec(x, [rows, columns]).unwrap()
}

#[test]
fn a_product_has_the_gradients_of_the_dense_one() {
    let (v, b) = (values(), dense(4, 37));
    let tape = GradientTape::persistent_watching_nothing();
    tape.watch(&v).unwrap();
    tape.watch(&b).unwrap();
    let a = sparse(&v).unwrap();
    let fast = a.matmul(&b).unwrap().square().unwrap();
    let slow = a.to_dense().unwrap().matmul(&b).unwrap().square().unwrap();
    let [dv, db] = tape.gradient(&fast, [&v, &b]).unwrap();
    let [ev, eb] = tape.gradient(&slow, [&v, &b]).unwrap();
    for (found, want) in [(dv, ev), (db, eb)] {
        let (found, want) = (found.to_vec::<f64>().unwrap(), want.to_vec::<f64>().unwrap());
        assert_eq!(found.len(), want.len());
        for (f, w) in found.iter().zip(&want) {
            // Sums of 37 products of numbers below 10, in another order.
            assert!((f - w).abs() <= 1e-12 * w.abs().max(10.0), "{f} {w}");
        }
    }
}

/// Against finite differences, in first and second order.
#[test]
fn finite_differences_agree() {
    for (adjoint_a, adjoint_b) in [(false, false), (true, false), (false, true), (true, true)] {
        let inner = if adjoint_a { 3 } else { 4 };
        let b = if adjoint_b { dense(2, inner) } else { dense(inner, 2) };
        let f = |x: &[Tensor]| Ok(vec![sparse(&x[0])?.matmul_t(&x[1], adjoint_a, adjoint_b)?.square()?]);
        let check = GradCheck::default().second_order().run(f, &[values(), b]);
        assert!(check.is_ok(), "{adjoint_a} {adjoint_b}: {check:?}");
    }
    type Case = (&'static str, fn(&[Tensor]) -> Result<Tensor>);
    let table: [Case; 10] = [
        ("to_dense", |x| sparse(&x[0])?.to_dense()?.square()),
        ("add", |x| {
            Ok(sparse(&x[0])?
                .add(&sparse(&x[0].square()?)?.transpose(&[])?.reshape(&[3, 4])?)?
                .values()
                .clone())
        }),
        ("mul_dense", |x| Ok(sparse(&x[0])?.mul_dense(&x[1])?.values().clone())),
        ("add_dense", |x| sparse(&x[0])?.add_dense(&x[1])?.square()),
        ("reduce_sum", |x| sparse(&x[0].square()?)?.reduce_sum(1, false)),
        ("reduce_max", |x| sparse(&x[0].square()?)?.reduce_max(0, true)),
        ("softmax", |x| Ok(sparse(&x[0])?.softmax()?.values().clone())),
        ("slice", |x| Ok(sparse(&x[0].square()?)?.slice(&[0, 1], &[3, 2])?.values().clone())),
        ("fill_empty_rows", |x| {
            sparse(&x[0])?.reshape(&[6, 2])?.fill_empty_rows(&Tensor::scalar(0.0f64))?.0.values().square()
        }),
        ("sparse times sparse", |x| {
            let a = sparse(&x[0])?;
            Ok(a.matmul_sparse(&a.transpose(&[])?)?.values().clone())
        }),
    ];
    for (name, f) in table {
        let check = GradCheck::default().second_order().run(|x| Ok(vec![f(x)?]), &[values(), dense(3, 4)]);
        assert!(check.is_ok(), "{name}: {check:?}");
    }
}
