//! Training: epochs, validation, callbacks.

use crate::batches::{Batches, rows_of};
use crate::callbacks::{Callback, Training};
use crate::history::{History, Logs};
use crate::model::Model;
use crate::progress::{Progress, Verbose};
use crate::seed;
use crate::source::{Arrays, BatchSource, Epoch, Stretch};
use gradus_tensor::{DType, Error, Result, Tensor};
use std::collections::HashMap;

/// What is read.
enum Data<'a> {
    Arrays { x: Tensor, y: Tensor },
    Source(&'a dyn BatchSource),
}

/// The settings of a training run; [`Fit::run`] starts it.
///
/// Defaults are Keras's: 1 epoch, batches of 32, shuffled, no validation, a progress bar.
#[must_use = "nothing is trained until `run`"]
pub struct Fit<'a, M: Model> {
    model: &'a mut M,
    data: Data<'a>,
    sample_weight: Option<Tensor>,
    class_weight: HashMap<i64, f64>,
    epochs: usize,
    initial_epoch: usize,
    steps_per_epoch: Option<usize>,
    batch_size: usize,
    shuffle: bool,
    validation_split: f64,
    validation: Option<Data<'a>>,
    verbose: Verbose,
    callbacks: Vec<Box<dyn Callback + 'a>>,
}

impl<'a, M: Model> Fit<'a, M> {
    pub(crate) fn on_arrays(model: &'a mut M, x: Tensor, y: Tensor) -> Self {
        Fit::on(model, Data::Arrays { x, y })
    }

    pub(crate) fn on_source(model: &'a mut M, source: &'a dyn BatchSource) -> Self {
        Fit::on(model, Data::Source(source))
    }

    fn on(model: &'a mut M, data: Data<'a>) -> Self {
        Fit {
            model,
            data,
            sample_weight: None,
            class_weight: HashMap::new(),
            epochs: 1,
            initial_epoch: 0,
            steps_per_epoch: None,
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

    /// Batches that count as an epoch; the next epoch goes on where this one stopped. Default: all there are.
    pub fn steps_per_epoch(mut self, n: usize) -> Self {
        self.steps_per_epoch = Some(n);
        self
    }

    /// Samples per step, of arrays; a dataset comes in its own batches.
    pub fn batch_size(mut self, n: usize) -> Self {
        self.batch_size = n;
        self
    }

    /// Another order in each epoch, or the order of the arrays. A dataset comes in its own order.
    pub fn shuffle(mut self, yes: bool) -> Self {
        self.shuffle = yes;
        self
    }

    /// The last share of the samples is held back for validation, before any shuffling. For arrays alone.
    pub fn validation_split(mut self, share: f64) -> Self {
        self.validation_split = share;
        self
    }

    /// Samples of their own for validation.
    pub fn validation_data(mut self, x: &Tensor, y: &Tensor) -> Self {
        self.validation = Some(Data::Arrays { x: x.clone(), y: y.clone() });
        self
    }

    /// A dataset of its own for validation.
    pub fn validation_dataset(mut self, source: &'a dyn BatchSource) -> Self {
        self.validation = Some(Data::Source(source));
        self
    }

    /// A weight per sample, of arrays; a dataset has weights as the third part of its elements.
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

    /// Trains. Errors before the first step for arrays and settings that do not fit, and at the step where the
    /// loss stops being finite, naming it.
    pub fn run(self) -> Result<History> {
        let name = self.model.layer().meta().name();
        self.train().map_err(|e| e.within(name))
    }

    /// The arrays cut into batches, and what is held back of them.
    fn of_arrays(&self, mut x: Tensor, mut y: Tensor) -> Result<(Arrays, Option<Data<'a>>)> {
        let mut weight = with_classes(&self.class_weight, &y, self.sample_weight.as_ref())?;
        let mut held_back = None;
        if self.validation_split != 0.0 && self.validation.is_none() {
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
            held_back = Some(Data::Arrays { x: rows_of(&x, cut..n)?, y: rows_of(&y, cut..n)? });
            (x, y) = (rows_of(&x, 0..cut)?, rows_of(&y, 0..cut)?);
            weight = weight.map(|w| rows_of(&w, 0..cut)).transpose()?;
        }
        let batches = Batches::new(&x, Some(&y), weight.as_ref(), self.batch_size)?;
        let key = seed::next_key();
        Ok((Arrays { batches, shuffle: self.shuffle.then_some(key) }, held_back))
    }

    /// Errors for settings that have no meaning for a dataset.
    fn check_source(&self) -> Result<()> {
        let given = [
            ("validation_split", self.validation_split != 0.0),
            ("sample_weight", self.sample_weight.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((what, _)) => Err(Error::value(format!("{what} is for arrays; the data is a dataset"))),
            None => Ok(()),
        }
    }

    fn train(mut self) -> Result<History> {
        self.model.check()?;
        self.model.train_state_mut().compiled()?;
        let arrays;
        let mut validation = self.validation.take();
        let (source, classes): (&dyn BatchSource, _) = match &self.data {
            Data::Source(source) => {
                self.check_source()?;
                (*source, std::mem::take(&mut self.class_weight))
            }
            Data::Arrays { x, y } => {
                let held_back;
                (arrays, held_back) = self.of_arrays(x.clone(), y.clone())?;
                validation = validation.or(held_back);
                (&arrays, HashMap::new())
            }
        };
        if let Some(Data::Source(source)) = &validation {
            // An endless one is refused before the first epoch and not after it.
            source.steps()?;
        }
        let steps = match self.steps_per_epoch {
            Some(0) => return Err(Error::value("steps_per_epoch is 0, expected at least 1")),
            Some(n) => Some(n),
            None => source.steps()?,
        };
        let mut history = History::default();
        let mut stretch = Stretch::of(source);
        let mut stop = false;
        each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_train_begin(t))?;
        for epoch in self.initial_epoch..self.epochs {
            if stop {
                break;
            }
            let mut progress = Progress::new(self.verbose, steps);
            progress.epoch(epoch, self.epochs);
            self.model.train_state_mut().compiled()?.reset_metrics()?;
            each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_epoch_begin(epoch, t))?;
            let pass = match self.steps_per_epoch {
                Some(n) => Box::new((0..n).map_while(|_| stretch.next())) as Epoch<'_>,
                None => source.epoch(epoch as u64)?,
            };
            let mut done = 0;
            for (step, b) in pass.enumerate() {
                let at = || format!("epoch {}, step {}", epoch + 1, step + 1);
                let b = b.map_err(|e| e.within(at()))?;
                let y = b.y.as_ref().ok_or_else(|| Error::value("fit: no targets"))?;
                let weight = with_classes(&classes, y, b.weight.as_ref())?;
                self.model.train_step(&b.x, y, weight.as_ref()).map_err(|e| e.within(at()))?;
                let compiled = self.model.train_state_mut().compiled()?;
                done = step + 1;
                progress.step(done, || compiled.logs().unwrap_or_default());
                if !self.callbacks.is_empty() {
                    each(&mut self.callbacks, self.model, &mut stop, |c, t| c.on_train_batch_end(step, t))?;
                    if stop {
                        break;
                    }
                }
            }
            if done == 0 {
                return Err(Error::value(format!("epoch {}: the dataset has no batches", epoch + 1)));
            }
            let mut logs: Logs = self.model.train_state_mut().compiled()?.logs()?;
            if let Some(data) = &validation {
                let found = match data {
                    Data::Arrays { x, y } => {
                        self.model.evaluate_with(x, y, self.batch_size, Verbose::Silent)?
                    }
                    Data::Source(source) => self.model.evaluate_dataset(*source, Verbose::Silent)?,
                };
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

/// The weight of each sample: its own times that of its class, where there are such.
fn with_classes(classes: &HashMap<i64, f64>, y: &Tensor, weight: Option<&Tensor>) -> Result<Option<Tensor>> {
    if classes.is_empty() {
        return Ok(weight.cloned());
    }
    if !y.dtype().is_int() {
        return Err(Error::dtype(format!("class_weight: the targets are {}, expected integers", y.dtype())));
    }
    let of = |label: &i64| *classes.get(label).unwrap_or(&1.0) as f32;
    let labels = y.flatten()?.cast(DType::I64)?.to_vec::<i64>()?;
    let n = labels.len();
    let weights = Tensor::from_vec(labels.iter().map(of).collect(), [n])?;
    Ok(Some(match weight {
        Some(w) => w.mul(&weights.reshape(w.shape().clone())?)?,
        None => weights,
    }))
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
