//! The steps of training, evaluation and prediction, recorded when they come a second time and replayed from then on.
//!
//! Forward and backward pass are recorded together, with the state that layers assign (moving averages, counters of
//! dropout). The optimizer and the metrics stay outside: an update works in place in one pass already, and the loss is
//! looked at before anything is changed. A model whose layers read values back into Rust cannot be recorded; its steps
//! run one operation at a time, as all do before their second time.
//!
//! A recording holds what the step depended on besides values, which is its [`Key`]: shapes, layers, weights and which of
//! them train, the loss and its scale. When one of them changes, the step is another one.

use crate::layer::{self, trainable_weights};
use crate::losses::Loss;
use crate::model::Compiled;
use crate::{Call, Layer, seed};
use gradus_autograd::{GradientTape, Variable};
use gradus_function::Trace;
use gradus_tensor::{Error, ErrorKind, Result, Rows, Spec, Tensor, recorder};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// The recorded steps of a model.
#[derive(Debug)]
pub(crate) struct Steps {
    table: Mutex<Vec<(Key, State)>>,
    eager: bool,
}

impl Default for Steps {
    fn default() -> Self {
        Steps::new(false)
    }
}

/// What a step depends on besides values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    mode: Mode,
    specs: Vec<Spec>,
    /// Layers, their weights, and which of them train.
    model: u64,
    goal: Option<Goal>,
}

/// What is minimized.
#[derive(Clone, Debug)]
struct Goal {
    /// Held, so that no other loss can come to lie at the same address.
    loss: Arc<dyn Loss>,
    /// What the optimizer makes of a loss of 1, by its bits.
    scale: Option<u32>,
}

impl Goal {
    fn of(compiled: &Compiled, training: bool) -> Result<Goal> {
        let scale = match training {
            true => Some(compiled.optimizer.scale_loss(&Tensor::scalar(1.0f32))?.item::<f32>()?.to_bits()),
            false => None,
        };
        Ok(Goal { loss: compiled.loss.clone(), scale })
    }
}

impl PartialEq for Goal {
    fn eq(&self, other: &Goal) -> bool {
        Arc::ptr_eq(&self.loss, &other.loss) && self.scale == other.scale
    }
}

impl Eq for Goal {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Train,
    Test,
    Predict,
}

#[derive(Clone, Debug)]
enum State {
    /// It came once; it is recorded when it comes again.
    Seen,
    Recorded(Arc<Step>),
    /// It cannot be recorded.
    Eager,
}

#[derive(Debug)]
struct Step {
    trace: Trace,
    /// Trainable weights that have a gradient, and whether it comes as rows and their indices.
    gradients: Vec<(Variable, bool)>,
    /// The layers, so that no other ones can come to lie at their addresses.
    _layers: Vec<Arc<dyn Layer>>,
}

impl Step {
    fn new(model: &dyn Layer, trace: Trace, gradients: Vec<(Variable, bool)>) -> Step {
        fn all(l: &dyn Layer, list: &mut Vec<Arc<dyn Layer>>) {
            for s in l.sublayers() {
                all(&*s, list);
                list.push(s);
            }
        }
        let mut layers = Vec::new();
        all(model, &mut layers);
        Step { trace, gradients, _layers: layers }
    }
}

/// What a training step gave, before anything is changed by it.
pub(crate) struct Trained {
    pub loss: Tensor,
    pub y_pred: Tensor,
    pub grads: Vec<Tensor>,
    pub variables: Vec<Variable>,
}

/// Steps kept; a model that meets more shapes forgets the oldest.
const MOST: usize = 32;

fn fingerprint(l: &dyn Layer, h: &mut DefaultHasher) {
    l.meta().trainable().hash(h);
    for v in l.own_weights() {
        (v.id(), v.is_trainable()).hash(h);
    }
    for s in l.sublayers() {
        // A model may move, its shared layers stay where they are.
        Arc::as_ptr(&s).cast::<()>().addr().hash(h);
        fingerprint(&*s, h);
    }
}

/// Runs a recording. A layer that takes a key of its own at every call is refused: the key would be the same in every replay.
fn recording(record: impl FnOnce() -> Result<Step>) -> std::thread::Result<Result<Step>> {
    let before = seed::state();
    let found = catch_unwind(AssertUnwindSafe(record));
    if seed::state() == before {
        return found;
    }
    seed::restore(before);
    Ok(Err(Error::new(ErrorKind::Trace, "a layer draws a key from the global seed at every call")))
}

impl Steps {
    /// Nothing recorded yet; with `eager`, nothing ever will be.
    pub fn new(eager: bool) -> Steps {
        Steps { table: Mutex::default(), eager }
    }

    /// Drops every recording, and with them the losses they hold.
    pub fn forget(&self) {
        self.table.lock().unwrap_or_else(|e| e.into_inner()).clear();
    }

    /// The recorded step for these inputs, recorded now if they come the second time; `None`: run it eagerly.
    fn find(
        &self,
        mode: Mode,
        model: &dyn Layer,
        compiled: Option<&Compiled>,
        inputs: &[Tensor],
        record: impl FnOnce(&[Tensor]) -> Result<Step>,
    ) -> Result<Option<Arc<Step>>> {
        // Whoever listens wants to see the operations.
        if self.eager || recorder::active() {
            return Ok(None);
        }
        let mut h = DefaultHasher::new();
        fingerprint(model, &mut h);
        let specs = inputs.iter().map(|t| t.spec().clone()).collect();
        let goal = compiled.map(|c| Goal::of(c, mode == Mode::Train)).transpose()?;
        let key = Key { mode, specs, model: h.finish(), goal };
        let table = || self.table.lock().unwrap_or_else(|e| e.into_inner());
        let state = table().iter().find(|(k, _)| *k == key).map(|(_, s)| s.clone());
        let next = match state {
            Some(State::Recorded(step)) => return Ok(Some(step)),
            Some(State::Eager) => return Ok(None),
            None => State::Seen,
            // What cannot be recorded runs eagerly; an error of another cause shows itself there again.
            Some(State::Seen) => match recording(|| record(inputs)) {
                Ok(Ok(step)) => State::Recorded(Arc::new(step)),
                Ok(Err(e)) if e.kind() != ErrorKind::Trace => return Ok(None),
                // A layer that unwraps what it reads back panics.
                Ok(Err(_)) | Err(_) => State::Eager,
            },
        };
        let step = if let State::Recorded(s) = &next { Some(s.clone()) } else { None };
        let mut table = table();
        table.retain(|(k, _)| *k != key);
        if table.len() >= MOST {
            table.remove(0);
        }
        table.push((key, next));
        Ok(step)
    }

    /// Loss, predictions and gradients of a batch; `None` when this step has to run eagerly.
    ///
    /// Nothing is assigned when the loss is not finite, and `refuse` says what the error is.
    pub fn train(
        &self,
        model: &dyn Layer,
        compiled: &Compiled,
        batch: &[Tensor],
        refuse: impl FnOnce(&Tensor, &Tensor) -> Result<()>,
    ) -> Result<Option<Trained>> {
        let record = |inputs: &[Tensor]| train_step(model, compiled, inputs);
        let Some(step) = self.find(Mode::Train, model, Some(compiled), batch, record)? else {
            return Ok(None);
        };
        let outcome = step.trace.outcome(batch)?;
        refuse(&outcome.results()[0], &outcome.results()[1])?;
        let mut results = outcome.commit()?.into_iter();
        let missing = || Error::value("a recorded step gave too few results");
        let mut next = || results.next().ok_or_else(missing);
        let (loss, y_pred) = (next()?, next()?);
        let mut gradient = |(v, rows): &(Variable, bool)| match rows {
            true => Rows { values: next()?, indices: next()? }.dense(v.shape().clone()),
            false => next(),
        };
        let grads = step.gradients.iter().map(&mut gradient).collect::<Result<Vec<Tensor>>>()?;
        let variables = step.gradients.iter().map(|(v, _)| v.clone()).collect();
        Ok(Some(Trained { loss, y_pred, grads, variables }))
    }

    /// Loss and predictions of a batch; `None` when this step has to run eagerly.
    pub fn test(
        &self,
        model: &dyn Layer,
        compiled: &Compiled,
        batch: &[Tensor],
    ) -> Result<Option<[Tensor; 2]>> {
        let record = |inputs: &[Tensor]| {
            let body = |x: &[Tensor]| {
                let mut cx = Call::inference();
                let y_pred = layer::call(model, &x[0], &mut cx)?;
                Ok(vec![one(compiled.total_loss(model, &cx, &x[1], &y_pred, x.get(2))?)?, y_pred])
            };
            Ok(Step::new(model, Trace::of(inputs, body)?, Vec::new()))
        };
        let Some(step) = self.find(Mode::Test, model, Some(compiled), batch, record)? else {
            return Ok(None);
        };
        Ok(<[Tensor; 2]>::try_from(step.trace.call(batch)?).ok())
    }

    /// Predictions for a batch; `None` when they have to be made eagerly.
    pub fn predict(&self, model: &dyn Layer, x: &Tensor) -> Result<Option<Tensor>> {
        let batch = std::slice::from_ref(x);
        let record = |inputs: &[Tensor]| {
            let body = |x: &[Tensor]| Ok(vec![layer::call(model, &x[0], &mut Call::inference())?]);
            Ok(Step::new(model, Trace::of(inputs, body)?, Vec::new()))
        };
        let Some(step) = self.find(Mode::Predict, model, None, batch, record)? else { return Ok(None) };
        Ok(step.trace.call(batch)?.pop())
    }
}

/// A loss that is one number, which is what a recorded step can look at.
fn one(loss: Tensor) -> Result<Tensor> {
    if loss.len() == 1 {
        return Ok(loss);
    }
    Err(Error::new(ErrorKind::Trace, format!("the loss is {}, not one number", loss.spec())))
}

fn train_step(model: &dyn Layer, compiled: &Compiled, inputs: &[Tensor]) -> Result<Step> {
    let variables = trainable_weights(model);
    let mut gradients = Vec::new();
    let trace = Trace::of(inputs, |x| {
        let mut cx = Call::training();
        let tape = GradientTape::new();
        let y_pred = layer::call(model, &x[0], &mut cx)?;
        let loss = one(compiled.total_loss(model, &cx, &x[1], &y_pred, x.get(2))?)?;
        let scaled = compiled.optimizer.scale_loss(&loss)?;
        let found = tape.gradient_or_none(&scaled, variables.as_slice())?;
        let mut results = vec![loss, y_pred];
        for (v, g) in variables.iter().zip(found) {
            let Some(g) = g else { continue };
            let rows = Rows::of(&g);
            gradients.push((v.clone(), rows.is_some()));
            match rows {
                Some(r) => results.extend([r.values.clone(), r.indices.clone()]),
                None => results.push(g),
            }
        }
        Ok(results)
    })?;
    Ok(Step::new(model, trace, gradients))
}
