//! Training on arrays: epochs, validation, callbacks.

use crate::batches::{Batches, rows_of};
use crate::callbacks::{Callback, Training};
use crate::history::{History, Logs};
use crate::model::Model;
use crate::progress::{Progress, Verbose};
use crate::seed;
use gradus_tensor::{DType, Error, Result, Tensor};
use std::collections::HashMap;

/// The settings of a training run; [`Fit::run`] starts it.
///
/// Defaults are Keras's: 1 epoch, batches of 32, shuffled, no validation, a progress bar.
#[must_use = "nothing is trained until `run`"]
pub struct Fit<'a, M: Model> {
    model: &'a mut M,
    x: Tensor,
    y: Tensor,
    sample_weight: Option<Tensor>,
    class_weight: HashMap<i64, f64>,
    epochs: usize,
    initial_epoch: usize,
    batch_size: usize,
    shuffle: bool,
    validation_split: f64,
    validation: Option<(Tensor, Tensor)>,
    verbose: Verbose,
    callbacks: Vec<Box<dyn Callback + 'a>>,
}

impl<'a, M: Model> Fit<'a, M> {
    pub(crate) fn new(model: &'a mut M, x: Tensor, y: Tensor) -> Self {
        Fit {
            model,
            x,
            y,
            sample_weight: None,
            class_weight: HashMap::new(),
            epochs: 1,
            initial_epoch: 0,
            batch_size: 32,
            shuffle: true,
            validation_split: 0.0,
            validation: None,
            verbose: Verbose::Bar,
            callbacks: Vec::new(),
        }
    }

    /// Passes over the data, counted from the first.
    pub fn epochs(mut self, n: usize) -> Self {
        self.epochs = n;
        self
    }

    /// The epoch to start at, for training that goes on.
    pub fn initial_epoch(mut self, n: usize) -> Self {
        self.initial_epoch = n;
        self
    }

    /// Samples per step.
    pub fn batch_size(mut self, n: usize) -> Self {
        self.batch_size = n;
        self
    }

    /// Another order in each epoch, or the order of the arrays.
    pub fn shuffle(mut self, yes: bool) -> Self {
        self.shuffle = yes;
        self
    }

    /// The last share of the samples is held back for validation, before any shuffling.
    pub fn validation_split(mut self, share: f64) -> Self {
        self.validation_split = share;
        self
    }

    /// Samples of their own for validation.
    pub fn validation_data(mut self, x: &Tensor, y: &Tensor) -> Self {
        self.validation = Some((x.clone(), y.clone()));
        self
    }

    /// A weight per sample.
    pub fn sample_weight(mut self, weight: &Tensor) -> Self {
        self.sample_weight = Some(weight.clone());
        self
    }

    /// A weight per class of integer targets; classes that are not named weigh 1.
    pub fn class_weight(mut self, weights: impl IntoIterator<Item = (i64, f64)>) -> Self {
        self.class_weight = weights.into_iter().collect();
        self
    }

    /// What is printed: 0 nothing, 1 a bar, 2 a line per epoch, or a [`Verbose`].
    pub fn verbose(mut self, verbose: impl Into<Verbose>) -> Self {
        self.verbose = verbose.into();
        self
    }

    /// Adds a callback.
    pub fn callback(mut self, callback: impl Callback + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Adds callbacks of different types, boxed.
    pub fn callbacks(mut self, callbacks: impl IntoIterator<Item = Box<dyn Callback + 'a>>) -> Self {
        self.callbacks.extend(callbacks);
        self
    }

    /// Sample weights and class weights as one weight per sample.
    fn weights(&self) -> Result<Option<Tensor>> {
        if self.class_weight.is_empty() {
            return Ok(self.sample_weight.clone());
        }
        if !self.y.dtype().is_int() {
            return Err(Error::dtype(format!(
                "class_weight: the targets are {}, expected integers",
                self.y.dtype()
            )));
        }
        let of = |label: &i64| *self.class_weight.get(label).unwrap_or(&1.0) as f32;
        let labels = self.y.flatten()?.cast(DType::I64)?.to_vec::<i64>()?;
        let n = labels.len();
        let weights = Tensor::from_vec(labels.iter().map(of).collect(), [n])?;
        Ok(Some(match &self.sample_weight {
            Some(w) => w.mul(&weights.reshape(w.shape().clone())?)?,
            None => weights,
        }))
    }

    /// Trains. Errors before the first step for arrays and settings that do not fit, and at the step where the
    /// loss stops being finite, naming it.
    pub fn run(self) -> Result<History> {
        let name = self.model.layer().meta().name();
        self.train().map_err(|e| e.within(name))
    }

    fn train(mut self) -> Result<History> {
        self.model.check()?;
        self.model.train_state_mut().compiled()?;
        let mut weight = self.weights()?;
        let (mut x, mut y) = (self.x.clone(), self.y.clone());
        let mut validation = self.validation.take();
        if self.validation_split != 0.0 && validation.is_none() {
            if !(0.0..1.0).contains(&self.validation_split) {
                return Err(Error::value(format!(
                    "validation_split is {}, expected 0 <= share < 1",
                    self.validation_split
                )));
            }
            Batches::new(&x, Some(&y), weight.as_ref(), self.batch_size)?;
            let n = x.shape()[0];
            let cut = (n as f64 * (1.0 - self.validation_split)) as usize;
            if cut == 0 || cut == n {
                return Err(Error::value(format!(
                    "validation_split {} of {n} samples leaves {cut} for training and {} for validation",
                    self.validation_split,
                    n - cut
                )));
            }
            validation = Some((rows_of(&x, cut..n)?, rows_of(&y, cut..n)?));
            (x, y) = (rows_of(&x, 0..cut)?, rows_of(&y, 0..cut)?);
            weight = weight.map(|w| rows_of(&w, 0..cut)).transpose()?;
        }
        let batches = Batches::new(&x, Some(&y), weight.as_ref(), self.batch_size)?;
        let mut history = History::default();
        let key = seed::next_key();
        let mut stop = false;
        each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_train_begin(t))?;
        for epoch in self.initial_epoch..self.epochs {
            if stop {
                break;
            }
            let mut progress = Progress::new(self.verbose, Some(batches.steps()));
            progress.epoch(epoch, self.epochs);
            self.model.train_state_mut().compiled()?.reset_metrics()?;
            each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_epoch_begin(epoch, t))?;
            let order: Box<dyn Iterator<Item = _>> = if self.shuffle {
                Box::new(batches.shuffled(seed::mix(key.wrapping_add(epoch as u64))))
            } else {
                Box::new(batches.in_order())
            };
            for (step, b) in order.enumerate() {
                let b = b?;
                let y = b.y.as_ref().ok_or_else(|| Error::value("fit: no targets"))?;
                self.model
                    .train_step(&b.x, y, b.weight.as_ref())
                    .map_err(|e| e.within(format!("epoch {}, step {}", epoch + 1, step + 1)))?;
                let compiled = self.model.train_state_mut().compiled()?;
                progress.step(step + 1, || compiled.logs().unwrap_or_default());
                if !self.callbacks.is_empty() {
                    each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_train_batch_end(step, t))?;
                    if stop {
                        break;
                    }
                }
            }
            let mut logs: Logs = self.model.train_state_mut().compiled()?.logs()?;
            if let Some((x, y)) = &validation {
                let found = self.model.evaluate_with(x, y, self.batch_size, Verbose::Silent)?;
                logs.extend(found.into_iter().map(|(name, v)| (format!("val_{name}"), v)));
            }
            each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_epoch_end(epoch, &mut logs, t))?;
            progress.finish(&logs);
            history.push(epoch, &logs);
        }
        each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_train_end(t))?;
        Ok(history)
    }
}

/// Calls a hook of every callback.
fn each<'a, M: Model>(
    callbacks: &mut [Box<dyn Callback + 'a>],
    model: &mut M,
    stop: &mut bool,
    mut hook: impl FnMut(&mut dyn Callback, &mut Training<'_>) -> Result<()>,
) -> Result<()> {
    if callbacks.is_empty() {
        return Ok(());
    }
    let mut state = std::mem::take(model.train_state_mut());
    let r = match &mut state.compiled {
        Some(compiled) => {
            let mut t = Training { model: model.layer(), compiled, stop_training: *stop };
            let r = callbacks.iter_mut().try_for_each(|c| hook(&mut **c, &mut t));
            *stop = t.stop_training;
            r
        }
        None => Ok(()),
    };
    *model.train_state_mut() = state;
    r
}
