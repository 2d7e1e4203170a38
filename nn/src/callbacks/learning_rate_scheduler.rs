//! Sets the learning rate at the start of every epoch.

use super::{Callback, Training};
use crate::history::Logs;
use gradus_tensor::Result;

/// Asks a function of epoch and current rate for the learning rate of each epoch, and logs it as `learning_rate`.
pub struct LearningRateScheduler<F> {
    schedule: F,
}

impl<F: FnMut(usize, f64) -> f64> LearningRateScheduler<F> {
    /// A scheduler by a function of the epoch, counted from 0, and the current rate.
    pub fn new(schedule: F) -> Self {
        LearningRateScheduler { schedule }
    }
}

impl<F: FnMut(usize, f64) -> f64> Callback for LearningRateScheduler<F> {
    fn on_epoch_begin(&mut self, epoch: usize, training: &mut Training<'_>) -> Result<()> {
        let now = f64::from(training.compiled.optimizer.learning_rate()?);
        let next = (self.schedule)(epoch, now);
        training.compiled.optimizer.set_learning_rate(next.into())
    }

    fn on_epoch_end(&mut self, _: usize, logs: &mut Logs, training: &mut Training<'_>) -> Result<()> {
        logs.push(("learning_rate".into(), f64::from(training.compiled.optimizer.learning_rate()?)));
        Ok(())
    }
}
