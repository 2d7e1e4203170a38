//! Gradients flow through the flat values: what a ragged operation does to them is recorded as dense operations.

use gradus_autograd::{GradCheck, GradientTape};
use gradus_ragged::{RaggedTensor, concat, elementwise, select};
use gradus_tensor::{Result, Tensor, s};

fn flat() -> Tensor {
    Tensor::new([0.5f64, -1.25, 2.0, 0.75, -0.3]).unwrap()
}

fn ragged(flat: &Tensor) -> Result<RaggedTensor> {
    RaggedTensor::from_row_splits(flat, [0, 2, 2, 5])
}

#[test]
fn a_tape_sees_ragged_arithmetic() {
    let x = flat();
    let tape = GradientTape::watching_nothing();
    tape.watch(&x).unwrap();
    let r = ragged(&x).unwrap();
    let y = r.mul(&r).unwrap().reduce_sum(1, false).unwrap().dense().unwrap();
    let weights = Tensor::new([1.0f64, 10.0, 100.0]).unwrap();
    let loss = y.mul(&weights).unwrap().reduce_sum((), false).unwrap();
    let dx = tape.gradient(&loss, &x).unwrap();
    assert_eq!(dx.to_vec::<f64>().unwrap(), [1.0, -2.5, 400.0, 150.0, -60.0]);
}

/// Every operation against finite differences, in first and second order.
#[test]
fn finite_differences_agree() {
    type Case = (&'static str, fn(&Tensor) -> Result<Tensor>);
    let table: [Case; 15] = [
        ("broadcast column", |x| {
            let column = Tensor::new([[2.0f64], [3.0], [4.0]])?;
            Ok(ragged(x)?.mul(&column)?.square()?.flat_values().clone())
        }),
        ("broadcast flat values", |x| {
            let column = x.slice(s![..3])?.reshape([3, 1])?;
            Ok(ragged(x)?.mul(&column)?.flat_values().clone())
        }),
        ("sum 0", |x| ragged(x)?.square()?.reduce_sum(0, false)?.dense()),
        ("mean 1", |x| {
            let r = ragged(x)?.slice(s![..;2])?.ragged()?;
            r.square()?.reduce_mean(1, false)?.dense()
        }),
        ("max 1", |x| ragged(x)?.slice(s![..;2])?.ragged()?.square()?.reduce_max(1, false)?.dense()),
        ("prod", |x| ragged(x)?.reduce_prod((), false)?.dense()),
        ("to_tensor", |x| ragged(x)?.square()?.to_tensor()),
        ("concat", |x| {
            let r = ragged(x)?;
            Ok(concat(&[(&r).into(), r.exp()?.into()], 1)?.flat_values().clone())
        }),
        ("gather", |x| Ok(ragged(&x.square()?)?.gather(Tensor::new([2, 0, 2])?, 0)?.flat_values().clone())),
        ("gather_nd", |x| ragged(&x.square()?)?.gather_nd(Tensor::new([[2, 1], [0, 0], [2, 1]])?)?.dense()),
        ("slice", |x| Ok(ragged(&x.square()?)?.slice(s![.., ..;-1])?.flat_values().clone())),
        ("boolean_mask", |x| {
            let r = ragged(&x.square()?)?;
            Ok(r.boolean_mask(&r.greater(Tensor::scalar(0.4f64))?)?.flat_values().clone())
        }),
        ("select", |x| {
            let r = ragged(x)?;
            Ok(select(r.greater(Tensor::scalar(0.0f64))?, r.square()?, r.exp()?)?.flat_values().clone())
        }),
        ("tile and merge", |x| {
            Ok(ragged(&x.square()?)?.tile(&[2, 2])?.merge_dims(0, 1)?.flat_values().clone())
        }),
        ("dense first", |x| {
            let two = Tensor::scalar(2.0f64);
            Ok(elementwise(&[two.into(), ragged(x)?.into()], |v| v[0].pow(&v[1]))?.flat_values().clone())
        }),
    ];
    for (name, f) in table {
        let check = GradCheck::default().second_order().run(|x| Ok(vec![f(&x[0])?]), &[flat()]);
        assert!(check.is_ok(), "{name}: {check:?}");
    }
}
