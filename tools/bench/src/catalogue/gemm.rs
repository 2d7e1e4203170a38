//! Matrix products: squares, and the shapes of the small networks.

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

/// m, k, n.
const SHAPES: [(usize, usize, usize); 17] = [
    (64, 64, 64),
    (128, 128, 128),
    (256, 256, 256),
    (512, 512, 512),
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (32, 784, 128),
    (128, 784, 128),
    (784, 32, 128),
    (32, 128, 10),
    (32, 2048, 100),
    (128, 2048, 100),
    (2048, 32, 100),
    (32, 100, 10),
    (6272, 9, 128),
    (25088, 192, 64),
    (100352, 576, 64),
];

pub fn declare(list: &mut Vec<Workload>) {
    for (m, k, n) in SHAPES {
        list.push(Workload::new(
            format!("gemm/{m}x{k}x{n}"),
            "eager",
            Amount::Flops((2 * m * k * n) as f64),
            move || {
                let (a, b) = (random([m, k])?, random([k, n])?);
                repeat(move || a.matmul(&b))
            },
        ));
    }
}
