//! Elementwise operations, alone and in a chain.

use gradus_tensor::{Result, Tensor};

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

const MILLION: usize = 1 << 20;

pub fn declare(list: &mut Vec<Workload>) {
    // tanh(x a + b) x: what fusion is about.
    for (name, n) in [("1M", MILLION), ("16M", 16 * MILLION)] {
        list.push(Workload::new(
            format!("chain/{name}"),
            "eager",
            Amount::Bytes(8.0 * n as f64),
            move || {
                let (x, a, b) = (random([n])?, Tensor::scalar(1.1f32), Tensor::scalar(0.3f32));
                repeat(move || x.mul(&a)?.add(&b)?.tanh()?.mul(&x))
            },
        ));
    }
    let unary: [(&str, fn(&Tensor) -> Result<Tensor>); 3] =
        [("tanh", Tensor::tanh), ("exp", Tensor::exp), ("relu", Tensor::relu)];
    for (name, f) in unary {
        let amount = Amount::Bytes(8.0 * MILLION as f64);
        list.push(Workload::new(format!("unary_1M/{name}"), "eager", amount, move || {
            let x = random([MILLION])?;
            repeat(move || f(&x))
        }));
    }
    list.push(Workload::new("unary_1M/add", "eager", Amount::Bytes(12.0 * MILLION as f64), || {
        let (x, y) = (random([MILLION])?, random([MILLION])?);
        repeat(move || x.add(&y))
    }));
    list.push(Workload::new("small_op/add_1K", "eager", Amount::Call, || {
        let (x, y) = (random([1024])?, random([1024])?);
        repeat(move || x.add(&y))
    }));
    list.push(Workload::new(
        "bcast_add/1024x1024+1024",
        "eager",
        Amount::Bytes(8.0 * MILLION as f64),
        || {
            let (x, y) = (random([1024, 1024])?, random([1024])?);
            repeat(move || x.add(&y))
        },
    ));
}
