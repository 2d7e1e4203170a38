//! What turns a layer into a model: an optimizer, a loss, metrics, and the training steps on them.

use crate::fit::Fit;
use crate::history::Logs;
use crate::layer::{self, apply_constraints, count, ensure_built, losses, trainable_weights, weights};
use crate::losses::{IntoLoss, Loss};
use crate::metrics::{IntoMetric, Mean, Metric};
use crate::progress::{Progress, Verbose};
use crate::source::{Arrays, BatchSource};
use crate::steps::{Steps, Trained};
use crate::summary::{self, SummaryOptions};
use crate::{Call, Dims, Layer, batches::Batches};
use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Exported, InputSpec};
use gradus_optim::{IntoOptimizer, Optimizer};
use gradus_tensor::{DType, Error, ErrorKind, Result, Tensor};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// What `compile` sets.
#[derive(Debug)]
pub struct Compiled {
    /// Changes the weights.
    pub optimizer: Box<dyn Optimizer>,
    /// What is minimized.
    pub loss: Arc<dyn Loss>,
    /// What is reported besides.
    pub metrics: Vec<Box<dyn Metric>>,
    /// The mean of the loss so far.
    pub(crate) loss_tracker: Mean,
}

/// The part of a model that training needs; empty until `compile`.
#[derive(Debug, Default)]
pub struct TrainState {
    pub(crate) compiled: Option<Compiled>,
    pub(crate) steps: Steps,
}

impl TrainState {
    /// Whether steps run one operation at a time; `false` by default, as in Keras.
    ///
    /// Otherwise a step is recorded when a batch shape comes the second time, and replayed from then on: what layers do in
    /// Rust (printing, counting) then happens at the recording only. The bits are the same but where a weight is used at
    /// several steps or a normalization goes into the weights before it, which sum in another order. A model with a layer
    /// that reads values back into Rust runs eagerly by itself.
    pub fn run_eagerly(&mut self, yes: bool) {
        self.steps = Steps::new(yes);
    }

    /// What `compile` set. Errors before.
    pub fn compiled(&mut self) -> Result<&mut Compiled> {
        self.compiled.as_mut().ok_or_else(not_compiled)
    }
}

fn not_compiled() -> Error {
    Error::value(
        "You must call `compile()` before using the model: \
         model.compile(\"adam\", \"sparse_categorical_crossentropy\", [\"accuracy\"])?",
    )
}

impl Compiled {
    /// Names and values of the loss and the metrics so far, by name as Keras orders them.
    pub fn logs(&self) -> Result<Logs> {
        let mut logs = vec![("loss".to_string(), scalar(&self.loss_tracker.result()?)?)];
        for m in &self.metrics {
            logs.push((m.name().to_string(), scalar(&m.result()?)?));
        }
        logs.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(logs)
    }

    /// Forgets what the metrics have seen.
    pub fn reset_metrics(&mut self) -> Result<()> {
        self.loss_tracker.reset_state()?;
        self.metrics.iter_mut().try_for_each(|m| m.reset_state())
    }

    /// The loss of predictions and its penalties, as one scalar.
    pub fn total_loss(
        &self,
        model: &dyn Layer,
        cx: &Call,
        y: &Tensor,
        y_pred: &Tensor,
        weight: Option<&Tensor>,
    ) -> Result<Tensor> {
        let mut total = self.loss.call(y, y_pred, weight)?;
        for penalty in cx.losses.iter().chain(&losses(model)?) {
            total = total.add(penalty)?;
        }
        Ok(total)
    }

    /// Takes a batch into the loss's mean and the metrics.
    pub fn track(&mut self, loss: f64, y: &Tensor, y_pred: &Tensor, weight: Option<&Tensor>) -> Result<()> {
        let n = *y.shape().first().unwrap_or(&1);
        let value = Tensor::scalar(loss as f32);
        self.loss_tracker.update_state(&value, Some(&Tensor::scalar(n as f32)))?;
        for m in &mut self.metrics {
            let name = m.name().to_string();
            m.update_state(y, y_pred, weight).map_err(|e| e.within(name))?;
        }
        Ok(())
    }
}

/// The mean of a result's elements as f64.
pub(crate) fn scalar(t: &Tensor) -> Result<f64> {
    let v = t.to_f64_vec()?;
    Ok(v.iter().sum::<f64>() / v.len().max(1) as f64)
}

/// One batch in training: forward, backward, update. Returns the loss.
///
/// Errors when the loss is not finite; the weights are then as they were before the step.
pub fn default_train_step(
    model: &dyn Layer,
    compiled: &mut Compiled,
    x: &Tensor,
    y: &Tensor,
    weight: Option<&Tensor>,
) -> Result<f64> {
    let mut cx = Call::training();
    let tape = GradientTape::new();
    let y_pred = layer::call(model, x, &mut cx)?;
    let loss = compiled.total_loss(model, &cx, y, &y_pred, weight)?;
    let scaled = compiled.optimizer.scale_loss(&loss)?;
    let variables = trainable_weights(model);
    let grads = tape.gradient_or_none(&scaled, variables.as_slice())?;
    finite(&loss, &y_pred)?;
    let (grads, variables): (Vec<Tensor>, Vec<Variable>) =
        grads.into_iter().zip(variables).filter_map(|(g, v)| g.map(|g| (g, v))).unzip();
    apply(model, compiled, Trained { loss, y_pred, grads, variables }, y, weight)
}

/// The rest of a step: optimizer, constraints, metrics. Returns the loss.
fn apply(
    model: &dyn Layer,
    compiled: &mut Compiled,
    step: Trained,
    y: &Tensor,
    weight: Option<&Tensor>,
) -> Result<f64> {
    compiled.optimizer.apply_gradients(&step.grads, &step.variables)?;
    // Gradients are the largest of what the step still holds; the metrics need room of their own.
    drop(step.grads);
    apply_constraints(model)?;
    let value = scalar(&step.loss)?;
    compiled.track(value, y, &step.y_pred, weight)?;
    Ok(value)
}

/// As [`default_train_step`], by a replay of what was recorded where that is possible.
fn recorded_train_step(
    model: &dyn Layer,
    compiled: &mut Compiled,
    steps: &Steps,
    x: &Tensor,
    y: &Tensor,
    weight: Option<&Tensor>,
) -> Result<f64> {
    match steps.train(model, compiled, &batch(x, y, weight), finite)? {
        Some(step) => apply(model, compiled, step, y, weight),
        None => default_train_step(model, compiled, x, y, weight),
    }
}

fn batch(x: &Tensor, y: &Tensor, weight: Option<&Tensor>) -> Vec<Tensor> {
    [x, y].into_iter().chain(weight).cloned().collect()
}

/// The error for a loss that is not finite.
fn finite(loss: &Tensor, y_pred: &Tensor) -> Result<()> {
    let value = scalar(loss)?;
    if value.is_finite() { Ok(()) } else { Err(not_finite(value, y_pred)) }
}

fn not_finite(loss: f64, y_pred: &Tensor) -> Error {
    let finite = y_pred.to_f64_vec().is_ok_and(|v| v.iter().all(|v| v.is_finite()));
    let cause = if finite {
        "the predictions are finite, the labels or the loss are not"
    } else {
        "the predictions are not finite either"
    };
    Error::new(
        ErrorKind::Value,
        format!("the loss is {loss}; {cause}; the weights are those before this step"),
    )
}

/// A layer that can be compiled, trained, evaluated, asked and saved.
///
/// Only the first three methods have to be written; [`Model::train_step`] may be, for a training of one's own.
pub trait Model: Sized {
    /// The network.
    fn layer(&self) -> &dyn Layer;
    /// What `compile` set.
    fn train_state(&self) -> &TrainState;
    /// What `compile` set, changeable.
    fn train_state_mut(&mut self) -> &mut TrainState;

    /// A mistake made while the model was put together, reported before it is used.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// One batch in training; returns the loss.
    fn train_step(&mut self, x: &Tensor, y: &Tensor, weight: Option<&Tensor>) -> Result<f64> {
        let mut state = std::mem::take(self.train_state_mut());
        let r = match &mut state.compiled {
            Some(c) => recorded_train_step(self.layer(), c, &state.steps, x, y, weight),
            None => Err(not_compiled()),
        };
        *self.train_state_mut() = state;
        r
    }

    /// One batch in evaluation; returns the predictions.
    fn test_step(&mut self, x: &Tensor, y: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
        let mut state = std::mem::take(self.train_state_mut());
        let run = |c: &mut Compiled, net: &dyn Layer| {
            let (loss, y_pred) = match state.steps.test(net, c, &batch(x, y, weight))? {
                Some([loss, y_pred]) => (loss, y_pred),
                None => {
                    let mut cx = Call::inference();
                    let y_pred = layer::call(net, x, &mut cx)?;
                    (c.total_loss(net, &cx, y, &y_pred, weight)?, y_pred)
                }
            };
            c.track(scalar(&loss)?, y, &y_pred, weight)?;
            Ok(y_pred)
        };
        let r = match &mut state.compiled {
            Some(c) => run(c, self.layer()),
            None => Err(not_compiled()),
        };
        *self.train_state_mut() = state;
        r
    }

    /// Sets optimizer, loss and metrics: values, or Keras's names, of which wrong ones are refused at once.
    fn compile<M: IntoMetric>(
        &mut self,
        optimizer: impl IntoOptimizer,
        loss: impl IntoLoss,
        metrics: impl IntoIterator<Item = M>,
    ) -> Result<()> {
        self.check()?;
        let compiled = Compiled {
            optimizer: optimizer.into_optimizer()?,
            loss: Arc::from(loss.into_loss()?),
            metrics: metrics.into_iter().map(IntoMetric::into_metric).collect::<Result<_>>()?,
            loss_tracker: Mean::new("loss"),
        };
        let state = self.train_state_mut();
        state.compiled = Some(compiled);
        state.steps.forget();
        Ok(())
    }

    /// Trains on arrays; the settings follow, and [`Fit::run`] starts.
    fn fit<'a>(&'a mut self, x: &Tensor, y: &Tensor) -> Fit<'a, Self> {
        Fit::on_arrays(self, x.clone(), y.clone())
    }

    /// Trains on batches from a pipeline, such as a `gradus_data::Dataset` of `(x, y)`; else as [`fit`](Self::fit).
    fn fit_dataset<'a>(&'a mut self, data: &'a dyn BatchSource) -> Fit<'a, Self> {
        Fit::on_source(self, data)
    }

    /// Loss and metrics on arrays, in batches of 32, with a progress bar.
    fn evaluate(&mut self, x: &Tensor, y: &Tensor) -> Result<Logs> {
        self.evaluate_with(x, y, 32, Verbose::Bar)
    }

    /// Loss and metrics on arrays, by name.
    fn evaluate_with(&mut self, x: &Tensor, y: &Tensor, batch_size: usize, verbose: Verbose) -> Result<Logs> {
        let batches = Batches::new(x, Some(y), None, batch_size)?;
        self.evaluate_dataset(&Arrays { batches, shuffle: None }, verbose)
    }

    /// Loss and metrics on the first epoch of a pipeline, by name.
    fn evaluate_dataset(&mut self, data: &dyn BatchSource, verbose: Verbose) -> Result<Logs> {
        self.check()?;
        self.train_state_mut().compiled()?.reset_metrics()?;
        let mut progress = Progress::new(verbose, data.steps()?);
        let mut done = 0;
        for b in data.epoch(0)? {
            let b = b?;
            let y = b.y.as_ref().ok_or_else(|| Error::value("evaluate: no targets"))?;
            self.test_step(&b.x, y, b.weight.as_ref())?;
            let compiled = self.train_state_mut().compiled()?;
            done += 1;
            progress.step(done, || compiled.logs().unwrap_or_default());
        }
        if done == 0 {
            return Err(Error::value("evaluate: the dataset has no batches"));
        }
        let logs = self.train_state_mut().compiled()?.logs()?;
        progress.finish(&logs);
        Ok(logs)
    }

    /// The outputs for an array of samples, in batches of 32.
    fn predict(&self, x: &Tensor) -> Result<Tensor> {
        self.predict_with(x, 32)
    }

    /// The outputs for an array of samples.
    fn predict_with(&self, x: &Tensor, batch_size: usize) -> Result<Tensor> {
        self.predict_dataset(&Arrays { batches: Batches::new(x, None, None, batch_size)?, shuffle: None })
    }

    /// The outputs for the first epoch of a pipeline of inputs; targets are not looked at.
    fn predict_dataset(&self, data: &dyn BatchSource) -> Result<Tensor> {
        self.check()?;
        let mut parts = Vec::with_capacity(data.steps()?.unwrap_or(0));
        for b in data.epoch(0)? {
            let x = b?.x;
            parts.push(match self.train_state().steps.predict(self.layer(), &x)? {
                Some(y) => y,
                None => self.call(&x, &mut Call::inference())?,
            });
        }
        if parts.is_empty() {
            return Err(Error::value("predict: the dataset has no batches"));
        }
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
    }

    /// The outputs for one batch, as tapes see it.
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        self.check()?;
        layer::call(self.layer(), x, cx)
    }

    /// Every weight, in Keras's order.
    fn weights(&self) -> Vec<Variable> {
        weights(self.layer())
    }

    /// The weights that training changes.
    fn trainable_variables(&self) -> Vec<Variable> {
        trainable_weights(self.layer())
    }

    /// Number of elements of all weights.
    fn count_params(&self) -> usize {
        count(&self.weights())
    }

    /// Penalties on the weights, as Keras's `model.losses`.
    fn losses(&self) -> Result<Vec<Tensor>> {
        losses(self.layer())
    }

    /// The layer of that name, at any depth.
    fn get_layer(&self, name: &str) -> Result<Arc<dyn Layer>> {
        fn find(l: &dyn Layer, name: &str, seen: &mut Vec<String>) -> Option<Arc<dyn Layer>> {
            for s in l.sublayers() {
                if s.meta().name() == name {
                    return Some(s);
                }
                seen.push(s.meta().name());
                if let Some(found) = find(&*s, name, seen) {
                    return Some(found);
                }
            }
            None
        }
        let mut seen = Vec::new();
        find(self.layer(), name, &mut seen)
            .ok_or_else(|| Error::value(format!("no layer {name:?}; there are {seen:?}")))
    }

    /// Makes the weights for samples of that shape.
    fn build_for(&self, sample: &[usize]) -> Result<()> {
        self.check()?;
        ensure_built(self.layer(), &Dims::batch_of(sample))
    }

    /// The table of layers, shapes and parameters, as Keras prints it.
    fn summary_with(&self, options: SummaryOptions) -> Result<String> {
        self.check()?;
        let compiled = self.train_state().compiled.as_ref();
        let optimizer = compiled.map(|c| c.optimizer.variables()).filter(|v| v.len() > 2);
        Ok(summary::table(self.layer(), optimizer.as_deref(), options))
    }

    /// The table of layers, shapes and parameters, as Keras prints it.
    fn summary(&self) -> Result<String> {
        self.summary_with(SummaryOptions::default())
    }

    /// Sets every weight, in the order of [`Model::weights`]. Nothing changes when one does not fit.
    fn set_weights(&self, values: &[Tensor]) -> Result<()> {
        let variables = self.weights();
        if variables.len() != values.len() {
            return Err(Error::value(format!(
                "set_weights: {} values for {} weights",
                values.len(),
                variables.len()
            )));
        }
        for (w, v) in variables.iter().zip(values) {
            if w.spec() != v.spec() {
                return Err(Error::shape(format!(
                    "set_weights: {} is {}, the value {}",
                    w.name(),
                    w.spec(),
                    v.spec()
                )));
            }
        }
        variables.iter().zip(values).try_for_each(|(w, v)| w.assign(v))
    }

    /// Writes the predictions of this model as a function named `serve`, for batches of any size, to be run by
    /// [`load_functions`](crate::signatures::load_functions) without the layers.
    ///
    /// Errors when the model is not built, or its predictions cannot be recorded for all sizes.
    fn export(&self, path: impl AsRef<Path>) -> std::result::Result<(), crate::saving::SaveError> {
        self.check()?;
        let layer = self.layer();
        let input = layer.meta().input();
        let input =
            input.ok_or_else(|| Error::value("export: the model is not built; call `build_for` first"))?;
        let mut dims = input.as_slice().to_vec();
        if let Some(batch) = dims.first_mut() {
            *batch = None;
        }
        let body = |x: &[Tensor]| Ok(vec![layer::call(layer, &x[0], &mut Call::inference())?]);
        let serve = Exported::of(&[InputSpec::new(DType::F32, dims)], body)?;
        crate::signatures::save_functions(path, &[(crate::signatures::SERVE, serve)])
    }

    /// Saves architecture, weights, optimizer state and compile settings as a directory, all or nothing.
    fn save(&self, path: impl AsRef<Path>) -> std::result::Result<(), crate::saving::SaveError> {
        crate::saving::save(self.layer(), self.train_state().compiled.as_ref(), path.as_ref())
    }
}

/// The configuration of the compile settings, for files; `None` when a part cannot be written.
pub(crate) fn compile_config(c: &Compiled) -> Option<Value> {
    let (loss, loss_config) = c.loss.config()?;
    let metrics: Option<Vec<Value>> = c
        .metrics
        .iter()
        .map(|m| {
            m.config().map(|(class, config)| serde_json::json!({"class_name": class, "config": config, "name": m.name()}))
        })
        .collect();
    Some(serde_json::json!({
        "optimizer": {"class_name": c.optimizer.class_name(), "config": c.optimizer.config()},
        "loss": {"class_name": loss, "config": loss_config},
        "metrics": metrics?,
    }))
}
