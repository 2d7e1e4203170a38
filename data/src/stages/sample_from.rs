//! `sample_from_datasets`: each element comes from one of several datasets, drawn by weight.

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::key::Key;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

/// Weights, seed and end of sampling from several datasets.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    weights: Option<Vec<f64>>,
    seed: u64,
    stop_on_empty_dataset: bool,
    choose_once_per_epoch: bool,
}

impl Sample {
    /// All datasets alike, seed 0; a dataset that has ended is left out until all have.
    pub fn new() -> Self {
        Sample::default()
    }

    /// How often each dataset is drawn, in proportion; not negative, not all zero.
    pub fn weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.weights = Some(weights.into());
        self
    }

    /// The seed. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether the stream ends when an ended dataset is drawn. Default false.
    pub fn stop_on_empty_dataset(mut self, stop: bool) -> Self {
        self.stop_on_empty_dataset = stop;
        self
    }

    /// Whether every epoch draws the same datasets in the same order. Default false.
    pub fn rerandomize_each_iteration(mut self, rerandomize: bool) -> Self {
        self.choose_once_per_epoch = !rerandomize;
        self
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// Draws every element from one of the datasets; the order inside each is kept. Draw `i` depends on
    /// (seed, epoch, stage, `i`) alone.
    pub fn sample_from_datasets(
        datasets: impl IntoIterator<Item = Dataset<T>>,
        options: Sample,
    ) -> Dataset<T> {
        let mut datasets: Vec<Dataset<T>> = datasets.into_iter().collect();
        let mut weights = options.weights.unwrap_or_else(|| vec![1.0; datasets.len()]);
        let sound = weights.iter().all(|w| *w >= 0.0 && w.is_finite()) && weights.iter().any(|w| *w > 0.0);
        if datasets.len() != weights.len() || !sound {
            let message = format!(
                "sample_from_datasets: {} datasets need as many weights that are not negative nor all zero, \
                 found {weights:?}",
                datasets.len()
            );
            return Dataset::failed(
                "sample_from_datasets",
                DataError::new(ErrorKind::InvalidArgument, message),
            );
        }
        let mut kept = weights.iter().map(|w| *w > 0.0);
        datasets.retain(|_| kept.next().unwrap_or(false));
        weights.retain(|w| *w > 0.0);
        if datasets.len() == 1 {
            return datasets.remove(0);
        }
        let number = 1 + datasets.iter().map(|d| d.stage().site().number).max().unwrap_or(0);
        let site = Site { name: "sample_from_datasets", number };
        Dataset::from_stage(SampleStage {
            site,
            datasets,
            weights,
            seed: options.seed,
            stop: options.stop_on_empty_dataset,
            fixed: options.choose_once_per_epoch,
        })
    }
}

struct SampleStage<T> {
    site: Site,
    datasets: Vec<Dataset<T>>,
    weights: Vec<f64>,
    seed: u64,
    stop: bool,
    fixed: bool,
}

impl<T: Send + 'static> Stage<T> for SampleStage<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let key = if self.fixed { pass.with_epoch(0) } else { pass }.key(self.seed, self.site);
        let inputs = self.datasets.iter().map(|d| Ok(Some(d.open(pass)?))).collect::<Result<_>>()?;
        Ok(Box::new(SampleCursor { key, inputs, weights: self.weights.clone(), stop: self.stop, drawn: 0 }))
    }

    fn cardinality(&self) -> Cardinality {
        cardinality_of_choice(&self.datasets, self.stop)
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.datasets.first()?.stage().spec()
    }
}

/// How many elements a choice from these datasets has: known only if it never ends.
pub(crate) fn cardinality_of_choice<T: Send + 'static>(datasets: &[Dataset<T>], stop: bool) -> Cardinality {
    let mut infinite = datasets.iter().map(|d| d.cardinality() == Cardinality::Infinite);
    let endless = if stop { infinite.all(|i| i) } else { infinite.any(|i| i) };
    if endless { Cardinality::Infinite } else { Cardinality::Unknown }
}

struct SampleCursor<T> {
    key: Key,
    /// `None` once ended.
    inputs: Vec<Option<Box<dyn Cursor<T>>>>,
    weights: Vec<f64>,
    stop: bool,
    drawn: u64,
}

impl<T> SampleCursor<T> {
    /// Draws one of the datasets that have not ended.
    fn draw(&mut self) -> Option<usize> {
        let open = |w: &Vec<f64>, i: &Vec<Option<Box<dyn Cursor<T>>>>| -> f64 {
            w.iter().zip(i).filter(|(_, i)| i.is_some()).map(|(w, _)| w).sum()
        };
        let total = open(&self.weights, &self.inputs);
        let mut point = self.key.unit(self.drawn) * total;
        self.drawn += 1;
        let mut last = None;
        for (at, weight) in self.weights.iter().enumerate().filter(|(at, _)| self.inputs[*at].is_some()) {
            last = Some(at);
            if point < *weight {
                break;
            }
            point -= weight;
        }
        last
    }
}

impl<T: Send> Cursor<T> for SampleCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        loop {
            let at = self.draw()?;
            match self.inputs[at].as_mut()?.next() {
                Some(x) => return Some(x),
                None if self.stop => {
                    self.inputs.iter_mut().for_each(|i| *i = None);
                    return None;
                }
                None => self.inputs[at] = None,
            }
        }
    }

    fn save(&self) -> IteratorState {
        save_choice("sample_from_datasets", self.drawn, &self.inputs)
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        self.drawn = restore_choice("sample_from_datasets", state, &mut self.inputs)?;
        Ok(())
    }
}

pub(crate) fn save_choice<T>(
    name: &'static str,
    drawn: u64,
    inputs: &[Option<Box<dyn Cursor<T>>>],
) -> IteratorState {
    let mut state = IteratorState::of(name).word(drawn).words(inputs.iter().map(|i| u64::from(i.is_some())));
    for input in inputs.iter().flatten() {
        state = state.input(input.save());
    }
    state
}

pub(crate) fn restore_choice<T>(
    name: &'static str,
    state: &IteratorState,
    inputs: &mut [Option<Box<dyn Cursor<T>>>],
) -> Result<u64> {
    let state = state.expect(name, 1 + inputs.len(), 0)?;
    let mut children = state.children().iter();
    for (input, open) in inputs.iter_mut().zip(&state.numbers()[1..]) {
        match (&mut *input, *open, children.as_slice().first()) {
            (input, 0, _) => *input = None,
            (Some(cursor), _, Some(child)) => {
                cursor.restore(child)?;
                children.next();
            }
            _ => {
                return Err(DataError::new(
                    ErrorKind::State,
                    format!("restore: the state of `{name}` is cut"),
                ));
            }
        }
    }
    Ok(state.number(0))
}
