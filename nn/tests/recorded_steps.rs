//! Steps that are recorded and replayed change a model exactly as eager ones do.

use gradus_kernels::threads::set_num_threads;
use gradus_nn::prelude::*;
use gradus_nn::regularizers::L2;
use gradus_tensor::{DType, Tensor};

fn mlp() -> Sequential {
    Sequential::new()
        .input([6, 5])
        .add(Flatten::new())
        .add(Dense::new(16).activation("relu").kernel_regularizer(L2::new(1e-3)))
        .add(Dropout::new(0.3))
        .add(Dense::new(4).activation("softmax"))
}

fn cnn() -> Sequential {
    Sequential::new()
        .input([8, 8, 1])
        .add(Conv2D::new(6, 3).strides(2).padding("same"))
        .add(MaxPooling2D::new(2))
        .add(BatchNormalization::new())
        .add(Flatten::new())
        .add(Dense::new(10).activation("elu"))
        .add(Dense::new(4).activation("softmax"))
}

fn data(n: usize, sample: &[usize]) -> (Tensor, Tensor) {
    let shape: Vec<usize> = std::iter::once(n).chain(sample.iter().copied()).collect();
    let len = shape.iter().product::<usize>();
    let x = Tensor::from_vec((0..len).map(|i| (i as f32 * 0.37).sin()).collect(), shape).unwrap();
    let y = Tensor::from_vec((0..n as i64).map(|i| i * i % 4).collect(), [n]).unwrap();
    (x, y)
}

/// Everything that a training leaves behind, as bits.
fn trained(build: fn() -> Sequential, sample: &[usize], eagerly: bool, optimizer: &str) -> Vec<Vec<u8>> {
    set_random_seed(7);
    let mut model = build();
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    model.train_state_mut().run_eagerly(eagerly);
    // 50 samples in batches of 16: the last batch has another shape.
    let (x, y) = data(50, sample);
    let history = model.fit(&x, &y).epochs(3).batch_size(16).validation_split(0.2).verbose(0).run().unwrap();
    let mut all: Vec<Vec<u8>> = model.weights().iter().map(|w| w.peek().to_bytes().unwrap()).collect();
    all.push(format!("{history:?}").into_bytes());
    all.push(model.predict_with(&x, 16).unwrap().to_bytes().unwrap());
    all.push(model.predict_with(&x, 16).unwrap().to_bytes().unwrap());
    all
}

#[test]
fn every_bit_is_the_same() {
    let cases: [(&str, fn() -> Sequential, &[usize], &str); 3] = [
        ("mlp, adam", mlp, &[6, 5], "adam"),
        ("cnn, nadam", cnn, &[8, 8, 1], "nadam"),
        ("cnn, sgd", cnn, &[8, 8, 1], "sgd"),
    ];
    for (name, build, sample, optimizer) in cases {
        set_num_threads(1);
        let want = trained(build, sample, true, optimizer);
        for threads in 1..=4 {
            set_num_threads(threads);
            assert!(trained(build, sample, false, optimizer) == want, "{name}, {threads} threads");
        }
    }
}

#[test]
fn freezing_a_layer_between_steps_is_seen() {
    let (x, y) = data(16, &[6, 5]);
    let mut model = mlp();
    model.compile("sgd", "sparse_categorical_crossentropy", [] as [&str; 0]).unwrap();
    model.train_state_mut().run_eagerly(false);
    for _ in 0..3 {
        model.train_step(&x, &y, None).unwrap();
    }
    let first = model.weights()[0].clone();
    first.set_trainable(false);
    let before = first.peek().to_bytes().unwrap();
    for _ in 0..3 {
        model.train_step(&x, &y, None).unwrap();
    }
    assert_eq!(first.peek().to_bytes().unwrap(), before);
}

#[test]
fn a_loss_that_is_not_finite_changes_nothing() {
    let (x, y) = data(16, &[8, 8, 1]);
    let mut model = cnn();
    model.compile("sgd", "sparse_categorical_crossentropy", [] as [&str; 0]).unwrap();
    model.train_state_mut().run_eagerly(false);
    for _ in 0..3 {
        model.train_step(&x, &y, None).unwrap();
    }
    let weights =
        |m: &Sequential| m.weights().iter().map(|w| w.peek().to_bytes().unwrap()).collect::<Vec<_>>();
    let before = weights(&model);
    let bad = Tensor::full([16, 8, 8, 1], f64::NAN, DType::F32).unwrap();
    assert!(model.train_step(&bad, &y, None).unwrap_err().to_string().contains("NaN"));
    assert!(weights(&model) == before, "moving averages too stay as they were");
}
