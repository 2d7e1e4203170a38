//! Stops training when a metric has stopped improving.

use super::{Callback, Mode, Monitor, Training};
use crate::history::Logs;
use crate::layer::weights;
use gradus_tensor::{Result, Tensor};

/// Stops when the monitored value has not improved for `patience` epochs. Keras's defaults: `val_loss`, patience 0.
#[derive(Debug)]
pub struct EarlyStopping {
    monitor: Monitor,
    min_delta: f64,
    patience: usize,
    baseline: Option<f64>,
    restore_best_weights: bool,
    start_from_epoch: usize,
    wait: usize,
    best_weights: Option<Vec<Tensor>>,
    stopped_epoch: Option<usize>,
}

impl EarlyStopping {
    /// Watches a metric such as `val_loss` or `accuracy`.
    pub fn new(monitor: impl Into<String>) -> EarlyStopping {
        EarlyStopping {
            monitor: Monitor::new(monitor),
            min_delta: 0.0,
            patience: 0,
            baseline: None,
            restore_best_weights: false,
            start_from_epoch: 0,
            wait: 0,
            best_weights: None,
            stopped_epoch: None,
        }
    }

    /// The least change that counts as an improvement.
    #[must_use]
    pub fn min_delta(mut self, delta: f64) -> Self {
        self.min_delta = delta.abs();
        self
    }

    /// Epochs without improvement that are borne.
    #[must_use]
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = epochs;
        self
    }

    /// Whether the metric should fall or rise.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.monitor.mode = mode;
        self
    }

    /// A value that has to be beaten for the patience to start anew.
    #[must_use]
    pub fn baseline(mut self, value: f64) -> Self {
        self.baseline = Some(value);
        self
    }

    /// Puts the weights of the best epoch back at the end.
    #[must_use]
    pub fn restore_best_weights(mut self, yes: bool) -> Self {
        self.restore_best_weights = yes;
        self
    }

    /// Epochs before watching starts.
    #[must_use]
    pub fn start_from_epoch(mut self, epoch: usize) -> Self {
        self.start_from_epoch = epoch;
        self
    }
}

impl Callback for EarlyStopping {
    fn on_train_begin(&mut self, training: &mut Training<'_>) -> Result<()> {
        self.monitor.check(training, "EarlyStopping")?;
        self.wait = 0;
        self.monitor.best = None;
        self.best_weights = None;
        self.stopped_epoch = None;
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, training: &mut Training<'_>) -> Result<()> {
        if epoch < self.start_from_epoch {
            return Ok(());
        }
        let value = self.monitor.value(logs, "EarlyStopping")?;
        let keep = |t: &Training<'_>| weights(t.model).iter().map(|w| w.peek()).collect::<Vec<_>>();
        if self.restore_best_weights && self.best_weights.is_none() {
            self.best_weights = Some(keep(training));
        }
        self.wait += 1;
        if self.monitor.improved(value, self.min_delta, training) {
            self.monitor.best = Some(value);
            if self.restore_best_weights {
                self.best_weights = Some(keep(training));
            }
            // The patience starts anew only when the baseline is beaten too.
            let beats = match self.baseline {
                None => true,
                Some(b) => Monitor { best: Some(b), ..self.monitor.clone() }.improved(
                    value,
                    self.min_delta,
                    training,
                ),
            };
            if beats {
                self.wait = 0;
            }
            return Ok(());
        }
        if self.wait >= self.patience && epoch > 0 {
            self.stopped_epoch = Some(epoch);
            training.stop_training = true;
        }
        Ok(())
    }

    fn on_train_end(&mut self, training: &mut Training<'_>) -> Result<()> {
        if let Some(best) = self.best_weights.take() {
            for (w, v) in weights(training.model).iter().zip(&best) {
                w.assign(v)?;
            }
        }
        Ok(())
    }
}
