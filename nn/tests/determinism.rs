//! The same seed gives the same bits, for every number of threads.

use gradus_kernels::threads::with_num_threads;
use gradus_nn::prelude::*;
use gradus_tensor::Tensor;

fn images(n: usize) -> (Tensor, Tensor) {
    let x: Vec<f32> = (0..n * 784).map(|i| ((i * 2_654_435_761_usize) % 1009) as f32 / 1009.0).collect();
    let y: Vec<i64> = (0..n as i64).map(|i| (i * 7) % 10).collect();
    (Tensor::from_vec(x, [n, 28, 28, 1]).unwrap(), Tensor::from_vec(y, [n]).unwrap())
}

fn weights_after(steps: usize, threads: usize) -> Vec<Vec<u32>> {
    with_num_threads(threads, || {
        clear_session();
        set_random_seed(3);
        let mut model = Sequential::new()
            .input([28, 28, 1])
            .add(Conv2D::new(32, 3).strides(2).padding("same").activation("relu"))
            .add(MaxPooling2D::new(2))
            .add(BatchNormalization::new())
            .add(Flatten::new())
            .add(Dropout::new(0.1))
            .add(Dense::new(64).activation("relu"))
            .add(Dense::new(10).activation("softmax"));
        model.compile(Nadam::new(1e-3), "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
        let (x, y) = images(160);
        model.fit(&x, &y).epochs(steps / 5).batch_size(32).verbose(0).run().unwrap();
        model
            .weights()
            .iter()
            .map(|w| w.peek().to_vec::<f32>().unwrap().iter().map(|v| v.to_bits()).collect())
            .collect()
    })
}

#[test]
fn weights_after_200_steps_do_not_depend_on_threads() {
    let one = weights_after(200, 1);
    for threads in [2, 3, 4] {
        assert!(weights_after(200, threads) == one, "{threads} threads give other bits than one");
    }
}
