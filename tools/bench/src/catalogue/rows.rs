//! Operations along an axis: reductions, normalizations, transposition.

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

pub fn declare(list: &mut Vec<Workload>) {
    for axis in [0, 1] {
        let amount = Amount::Bytes(4.0 * 4096.0 * 1024.0);
        list.push(Workload::new(format!("reduce_sum_axis{axis}/4096x1024"), "eager", amount, move || {
            let x = random([4096, 1024])?;
            repeat(move || x.reduce_sum(axis, false))
        }));
    }
    list.push(Workload::new("softmax/1024x1000", "eager", Amount::Bytes(8.0 * 1024.0 * 1000.0), || {
        let x = random([1024, 1000])?;
        repeat(move || x.softmax(-1))
    }));
    list.push(Workload::new("layernorm/1024x768", "eager", Amount::Bytes(8.0 * 1024.0 * 768.0), || {
        let (x, gamma, beta) = (random([1024, 768])?, random([768])?, random([768])?);
        repeat(move || x.layer_norm(&gamma, &beta, 1e-3))
    }));
    list.push(Workload::new("transpose/2048x2048", "eager", Amount::Bytes(8.0 * 2048.0 * 2048.0), || {
        let x = random([2048, 2048])?;
        repeat(move || x.t())
    }));
}
