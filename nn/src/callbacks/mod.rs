//! What can be done between the steps of training.

mod early_stopping;
mod learning_rate_scheduler;
mod model_checkpoint;

pub use early_stopping::EarlyStopping;
pub use learning_rate_scheduler::LearningRateScheduler;
pub use model_checkpoint::ModelCheckpoint;

use crate::Layer;
use crate::history::Logs;
use crate::metrics::Direction;
use crate::model::Compiled;
use gradus_tensor::{Error, Result};

/// What a callback sees of the training it is called from.
pub struct Training<'a> {
    /// The network.
    pub model: &'a dyn Layer,
    /// Optimizer, loss and metrics.
    pub compiled: &'a mut Compiled,
    /// Set to true, training ends after this epoch.
    pub stop_training: bool,
}

/// Hooks of training. All do nothing by default; an error ends the training with it.
pub trait Callback {
    /// Before the first epoch.
    fn on_train_begin(&mut self, training: &mut Training<'_>) -> Result<()> {
        let _ = training;
        Ok(())
    }
    /// Before an epoch, counted from 0.
    fn on_epoch_begin(&mut self, epoch: usize, training: &mut Training<'_>) -> Result<()> {
        let _ = (epoch, training);
        Ok(())
    }
    /// After a step, counted from 0 in each epoch.
    fn on_train_batch_end(&mut self, step: usize, training: &mut Training<'_>) -> Result<()> {
        let _ = (step, training);
        Ok(())
    }
    /// After an epoch, with its results, to which entries may be added.
    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, training: &mut Training<'_>) -> Result<()> {
        let _ = (epoch, logs, training);
        Ok(())
    }
    /// After the last epoch.
    fn on_train_end(&mut self, training: &mut Training<'_>) -> Result<()> {
        let _ = training;
        Ok(())
    }
}

/// Whether a monitored value should fall or rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// By the metric: losses and errors fall, accuracies rise.
    #[default]
    Auto,
    /// Smaller is better.
    Min,
    /// Larger is better.
    Max,
}

/// A monitored value and the best one so far.
#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    pub name: String,
    pub mode: Mode,
    pub best: Option<f64>,
}

impl Monitor {
    pub fn new(name: impl Into<String>) -> Monitor {
        Monitor { name: name.into(), mode: Mode::Auto, best: None }
    }

    /// The value of this epoch. Errors when there is no such metric, listing those there are.
    pub fn value(&self, logs: &Logs, who: &str) -> Result<f64> {
        logs.iter().find(|(n, _)| *n == self.name).map(|(_, v)| *v).ok_or_else(|| {
            let names: Vec<&str> = logs.iter().map(|(n, _)| n.as_str()).collect();
            Error::value(format!("{who}: no metric {:?} to monitor; there are {names:?}", self.name))
        })
    }

    /// Errors before the first epoch for a metric that will not exist.
    pub fn check(&self, training: &Training<'_>, who: &str) -> Result<()> {
        let name = self.name.strip_prefix("val_").unwrap_or(&self.name);
        let logs = training.compiled.logs()?;
        if logs.iter().any(|(n, _)| n == name) {
            return Ok(());
        }
        let names: Vec<&str> = logs.iter().map(|(n, _)| n.as_str()).collect();
        let near = gradus_optim::names::nearest(name, &names);
        let hint = near.map_or(String::new(), |n| format!("; did you mean {n:?}?"));
        Err(Error::value(format!("{who}: no metric {:?} to monitor; there are {names:?}{hint}", self.name)))
    }

    /// True when larger values are better.
    fn rises(&self, training: &Training<'_>) -> bool {
        match self.mode {
            Mode::Min => false,
            Mode::Max => true,
            Mode::Auto => {
                let name = self.name.strip_prefix("val_").unwrap_or(&self.name);
                let metric = training.compiled.metrics.iter().find(|m| m.name() == name);
                metric.and_then(|m| m.direction()) == Some(Direction::Up)
            }
        }
    }

    /// True when the value beats the best by more than `min_delta`.
    pub fn improved(&self, value: f64, min_delta: f64, training: &Training<'_>) -> bool {
        match self.best {
            None => !value.is_nan(),
            Some(best) if self.rises(training) => value - min_delta > best,
            Some(best) => value + min_delta < best,
        }
    }
}
