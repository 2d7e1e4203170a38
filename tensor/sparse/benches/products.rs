//! A sparse matrix times a dense one, against the dense product. Run with `cargo bench -p gradus-sparse`.

use std::time::Instant;

use gradus_autograd::GradientTape;
use gradus_sparse::SparseTensor;
use gradus_tensor::{DType, Tensor};

/// The best of several runs, in milliseconds.
fn best(mut f: impl FnMut()) -> f64 {
    f();
    (0..15)
        .map(|_| {
            let begin = Instant::now();
            f();
            begin.elapsed().as_secs_f64() * 1e3
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    println!("{} threads", gradus_kernels::threads::num_threads());
    for (n, columns, per_mille) in
        [(2000, 256, 10), (2000, 256, 1), (2000, 64, 10), (2000, 1, 10), (1000, 256, 50)]
    {
        let state = Tensor::random_state(7, 0);
        let draw = Tensor::random_uniform([n, n], 0.0, 1.0, DType::F32, &state).expect("numbers");
        let kept = draw.less(&Tensor::scalar(per_mille as f32 / 1000.0)).expect("a mask");
        let dense = draw.mul(&kept.cast(DType::F32).expect("numbers")).expect("a matrix");
        let sparse = SparseTensor::from_dense(&dense).expect("a sparse matrix");
        let b = Tensor::random_uniform([n, columns], -1.0, 1.0, DType::F32, &Tensor::random_state(8, 0))
            .expect("b");
        let of_dense = best(|| drop(std::hint::black_box(dense.matmul(&b).expect("a product"))));
        let of_sparse = best(|| drop(std::hint::black_box(sparse.matmul(&b).expect("a product"))));
        let adjoint =
            best(|| drop(std::hint::black_box(sparse.matmul_t(&b, true, false).expect("a product"))));
        let gradients = best(|| {
            let tape = GradientTape::watching_nothing();
            tape.watch(sparse.values()).expect("floats");
            tape.watch(&b).expect("floats");
            let y = sparse.matmul(&b).expect("a product");
            drop(std::hint::black_box(tape.gradient(&y, [sparse.values(), &b]).expect("gradients")));
        });
        println!(
            "{n} x {n} x {columns}, {} entries: dense {of_dense:.3} ms, sparse {of_sparse:.3} ms ({:.1} times as fast), \
             adjoint {adjoint:.3} ms, with gradients {gradients:.3} ms",
            sparse.nnz(),
            of_dense / of_sparse
        );
    }
}
