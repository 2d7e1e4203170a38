//! Training and inference of the small networks, step by step and through `fit`.

use gradus_autograd::GradientTape;
use gradus_function::Trace;
use gradus_nn::losses::SparseCategoricalCrossentropy;
use gradus_nn::prelude::*;
use gradus_tensor::{Result, Tensor};

use super::repeat;
use crate::input::random;
use crate::sampler::Effort;
use crate::workload::{Amount, Work, Workload};

/// The MLP of the notes, from probabilities: 101,770 parameters.
pub fn mlp() -> Sequential {
    Sequential::new()
        .input([28, 28])
        .add(Flatten::new())
        .add(Dense::new(128).activation("relu"))
        .add(Dropout::new(0.2))
        .add(Dense::new(10).activation("softmax"))
}

/// The CNN of the notes: 207,702 parameters.
fn seed_cnn() -> Sequential {
    Sequential::new()
        .input([28, 28, 1])
        .add(Conv2D::new(128, 3).strides(2).padding("same"))
        .add(MaxPooling2D::new(3))
        .add(BatchNormalization::new())
        .add(Flatten::new())
        .add(Dense::new(100).activation("relu"))
        .add(Dense::new(10).activation("softmax"))
}

/// A network with what trains it.
#[derive(Clone, Copy)]
struct Network {
    name: &'static str,
    build: fn() -> Sequential,
    optimizer: &'static str,
    sample: &'static [usize],
    /// Samples of one epoch of `fit`.
    epoch: usize,
}

const MLP: Network = Network { name: "mlp", build: mlp, optimizer: "adam", sample: &[28, 28], epoch: 20_000 };
const CNN: Network =
    Network { name: "seedcnn", build: seed_cnn, optimizer: "nadam", sample: &[28, 28, 1], epoch: 6_400 };

impl Network {
    fn data(&self, count: usize) -> std::result::Result<(Tensor, Tensor), String> {
        let shape: Vec<usize> = std::iter::once(count).chain(self.sample.iter().copied()).collect();
        let labels: Vec<i64> = (0..count as i64).map(|i| i * 7 % 10).collect();
        Ok((random(shape)?, Tensor::from_vec(labels, [count]).map_err(|e| e.to_string())?))
    }

    fn compiled(&self, metrics: &[&str]) -> Result<Sequential> {
        let mut model = (self.build)();
        model.compile(self.optimizer, "sparse_categorical_crossentropy", metrics.iter().copied())?;
        Ok(model)
    }

    fn train_step(self, batch: usize, eagerly: bool) -> std::result::Result<Work, String> {
        let (x, y) = self.data(batch)?;
        let mut model = self.compiled(&[]).map_err(|e| e.to_string())?;
        model.train_state_mut().run_eagerly(eagerly);
        repeat(move || model.train_step(&x, &y, None))
    }

    /// Records forward and backward pass and plans their replay, as a training does when a batch shape comes the second time.
    fn record(self, batch: usize) -> std::result::Result<Work, String> {
        let (x, y) = self.data(batch)?;
        let (model, batch) = ((self.build)(), [x, y]);
        model.build_for(self.sample).map_err(|e| e.to_string())?;
        let (weights, loss) = (model.trainable_variables(), SparseCategoricalCrossentropy::default());
        let step = move |x: &[Tensor]| -> Result<Vec<Tensor>> {
            let tape = GradientTape::new();
            let y = Model::call(&model, &x[0], &mut Call::training())?;
            tape.gradient(&loss.call(&x[1], &y, None)?, &weights)
        };
        repeat(move || Trace::of(&batch, &step).map(|trace| trace.program().memory()))
    }

    fn infer(self, batch: usize) -> std::result::Result<Work, String> {
        let (x, _) = self.data(batch)?;
        let model = (self.build)();
        model.build_for(self.sample).map_err(|e| e.to_string())?;
        repeat(move || Model::call(&model, &x, &mut Call::inference()))
    }

    fn fit(self, batch: usize, eagerly: bool) -> std::result::Result<Work, String> {
        let (x, y) = self.data(self.epoch)?;
        let mut model = self.compiled(&["accuracy"]).map_err(|e| e.to_string())?;
        model.train_state_mut().run_eagerly(eagerly);
        repeat(move || model.fit(&x, &y).batch_size(batch).verbose(0).run())
    }

    fn declare(self, list: &mut Vec<Workload>, batch: usize) {
        let images = Amount::Images(batch as f64);
        let name = |what: &str| format!("{}_{what}/b{batch}", self.name);
        list.push(Workload::new(name("train"), "train_step", images, move || self.train_step(batch, false)));
        list.push(Workload::new(name("train"), "eager", images, move || self.train_step(batch, true)));
        list.push(Workload::new(name("record"), "function", images, move || self.record(batch)));
        list.push(Workload::new(name("infer"), "call", images, move || self.infer(batch)));
        let epoch = Amount::Images(self.epoch as f64);
        for (variant, eagerly) in [("fit", false), ("eager", true)] {
            let fit = move || self.fit(batch, eagerly);
            list.push(Workload::new(name("fit"), variant, epoch, fit).effort(Effort::LONG));
        }
    }
}

pub fn declare(list: &mut Vec<Workload>) {
    MLP.declare(list, 32);
    CNN.declare(list, 32);
    CNN.declare(list, 128);
}

/// One prediction of a fresh MLP: what a program does first.
pub fn first_prediction() -> Result<Tensor> {
    let model = mlp();
    model.predict(&Tensor::zeros([1, 28, 28], gradus_tensor::DType::F32)?)
}

/// One epoch of the MLP over 60,000 images.
pub fn train_one_epoch() -> std::result::Result<(), String> {
    let (x, y) = MLP.data(60_000)?;
    let mut model = MLP.compiled(&["accuracy"]).map_err(|e| e.to_string())?;
    model.fit(&x, &y).batch_size(32).verbose(0).run().map(drop).map_err(|e| e.to_string())
}
