//! Steps that are recorded and replayed change a model exactly as eager ones do.

use gradus_kernels::threads::set_num_threads;
use gradus_nn::prelude::*;
use gradus_nn::regularizers::L2;
use gradus_nn::{Call, Dims, Layer, Meta, next_key};
use gradus_tensor::{DType, Result, Tensor};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// A layer that counts its calls, and may do what a recording does not allow.
#[derive(Debug)]
struct Probe {
    meta: Meta,
    calls: Arc<AtomicUsize>,
    habit: Habit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    Plain,
    ReadsBack,
    Unwraps,
    Draws,
}

impl Probe {
    fn new(habit: Habit) -> (Probe, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        (Probe { meta: Meta::new("Probe"), calls: calls.clone(), habit }, calls)
    }
}

impl Layer for Probe {
    fn class_name(&self) -> &'static str {
        "Probe"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        Ok(input.clone())
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        let largest = || x.reduce_max((), false);
        let factor = match self.habit {
            Habit::Plain => 0.5,
            Habit::ReadsBack => 1.0 / (2.0 + largest()?.to_f64_vec()?[0].abs()),
            Habit::Unwraps => 1.0 / (2.0 + largest()?.to_f64_vec().unwrap()[0].abs()),
            Habit::Draws => (next_key() % 1000) as f64 / 1000.0,
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        x.mul(&x.like(factor)?)
    }
}

/// Calls of a probe in so many steps of training, and the bits of what they leave behind.
fn probed(habit: Habit, eagerly: bool) -> (usize, Vec<Vec<u8>>) {
    set_random_seed(5);
    let (probe, calls) = Probe::new(habit);
    let mut model = Sequential::new().input([6]).add(Dense::new(8)).add(probe).add(Dense::new(4));
    model
        .compile("adam", losses::SparseCategoricalCrossentropy::new().from_logits(true), ["accuracy"])
        .unwrap();
    if eagerly {
        model.train_state_mut().run_eagerly(true);
    }
    let (x, y) = data(60, &[6]);
    model.fit(&x, &y).batch_size(6).verbose(0).run().unwrap();
    (calls.load(Ordering::Relaxed), model.weights().iter().map(|w| w.peek().to_bytes().unwrap()).collect())
}

#[test]
fn steps_are_recorded_unless_they_cannot_be() {
    // Ten steps: one eager, one recorded, eight replayed. The probe of a recording that fails has not counted.
    let cases = [(Habit::Plain, 2), (Habit::ReadsBack, 10), (Habit::Unwraps, 10), (Habit::Draws, 11)];
    for (habit, want) in cases {
        let (calls, weights) = probed(habit, false);
        let (eager_calls, eager_weights) = probed(habit, true);
        assert_eq!((calls, eager_calls), (want, 10), "{habit:?}");
        assert!(weights == eager_weights, "{habit:?}: other bits than eager steps give");
    }
}

#[test]
fn another_loss_is_another_step() {
    let (x, y) = data(16, &[6, 5]);
    let y = y.cast(DType::F32).unwrap().reshape([16, 1]).unwrap();
    let mut model = Sequential::new().input([6, 5]).add(Flatten::new()).add(Dense::new(1));
    model.compile("sgd", "mse", [] as [&str; 0]).unwrap();
    let expected = |model: &mut Sequential| {
        for _ in 0..4 {
            let y_pred = Model::call(model, &x, &mut Call::inference()).unwrap();
            let compiled = model.train_state_mut().compiled().unwrap();
            let want = compiled.loss.call(&y, &y_pred, None).unwrap().item::<f32>().unwrap();
            let found = model.train_step(&x, &y, None).unwrap();
            assert!((found - f64::from(want)).abs() <= 1e-6 * found.abs(), "{found} instead of {want}");
        }
    };
    expected(&mut model);
    model.compile("sgd", "mae", [] as [&str; 0]).unwrap();
    expected(&mut model);
    model.train_state_mut().compiled().unwrap().loss = Arc::new(losses::Huber::new());
    expected(&mut model);
    // The gradient of a scaled loss is divided by the factor again: one that was recorded with another is wrong.
    let step = |model: &mut Sequential, eagerly: bool| {
        model.train_state_mut().run_eagerly(eagerly);
        model.compile(SGD::new(0.01).loss_scale_factor(1024.0), "mse", [] as [&str; 0]).unwrap();
        for _ in 0..3 {
            model.train_step(&x, &y, None).unwrap();
        }
        model.train_state_mut().compiled().unwrap().optimizer =
            Box::new(SGD::new(0.01).loss_scale_factor(8.0));
        for _ in 0..3 {
            model.train_step(&x, &y, None).unwrap();
        }
        model.weights()[0].peek().to_bytes().unwrap()
    };
    let start: Vec<Tensor> = model.weights().iter().map(|w| w.peek()).collect();
    let eager = step(&mut model, true);
    model.set_weights(&start).unwrap();
    assert!(step(&mut model, false) == eager, "loss scale");
}
