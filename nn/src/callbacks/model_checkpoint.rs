//! Saves the model as training goes.

use super::{Callback, Mode, Monitor, Training};
use crate::history::Logs;
use crate::saving;
use gradus_tensor::{Error, Result};
use std::path::PathBuf;

/// Saves after every epoch, or after those that improve a metric.
///
/// The path may hold `{epoch}`, counted from 1, and metrics as `{val_loss}`; `{epoch:02}` and `{val_loss:.4}` set
/// width and decimals. Each save is all or nothing: a kill leaves the one before.
#[derive(Debug)]
pub struct ModelCheckpoint {
    path: String,
    monitor: Monitor,
    save_best_only: bool,
    save_weights_only: bool,
}

impl ModelCheckpoint {
    /// Saves to that path; monitors `val_loss` when only the best are kept.
    pub fn new(path: impl Into<String>) -> ModelCheckpoint {
        ModelCheckpoint {
            path: path.into(),
            monitor: Monitor::new("val_loss"),
            save_best_only: false,
            save_weights_only: false,
        }
    }

    /// The metric that tells which epoch is best.
    #[must_use]
    pub fn monitor(mut self, name: impl Into<String>) -> Self {
        self.monitor.name = name.into();
        self
    }

    /// Whether the metric should fall or rise.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.monitor.mode = mode;
        self
    }

    /// Saves only when the metric improves.
    #[must_use]
    pub fn save_best_only(mut self, yes: bool) -> Self {
        self.save_best_only = yes;
        self
    }

    /// Saves the weights as one file rather than the model as a directory.
    #[must_use]
    pub fn save_weights_only(mut self, yes: bool) -> Self {
        self.save_weights_only = yes;
        self
    }

    /// The path of an epoch.
    fn path(&self, epoch: usize, logs: &Logs) -> Result<PathBuf> {
        let mut out = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (field, after) = after.split_once('}').ok_or_else(|| {
                Error::value(format!("ModelCheckpoint: {:?} has no closing brace", self.path))
            })?;
            let (name, format) = field.split_once(':').unwrap_or((field, ""));
            out.push_str(before);
            if name == "epoch" {
                let width = format.trim_end_matches('d').parse::<usize>().unwrap_or(0);
                out.push_str(&format!("{:0width$}", epoch + 1));
            } else {
                let value = Monitor::new(name).value(logs, "ModelCheckpoint")?;
                let decimals =
                    format.trim_start_matches('.').trim_end_matches('f').parse::<usize>().unwrap_or(4);
                out.push_str(&format!("{value:.decimals$}"));
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(PathBuf::from(out))
    }
}

impl Callback for ModelCheckpoint {
    fn on_train_begin(&mut self, training: &mut Training<'_>) -> Result<()> {
        if self.save_best_only { self.monitor.check(training, "ModelCheckpoint") } else { Ok(()) }
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, training: &mut Training<'_>) -> Result<()> {
        if self.save_best_only {
            let value = self.monitor.value(logs, "ModelCheckpoint")?;
            if !self.monitor.improved(value, 0.0, training) {
                return Ok(());
            }
            self.monitor.best = Some(value);
        }
        let path = self.path(epoch, logs)?;
        let saved = if self.save_weights_only {
            saving::save_weights(training.model, &path)
        } else {
            saving::save(training.model, Some(training.compiled), &path)
        };
        saved.map_err(|e| Error::value(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let logs = vec![("val_loss".to_string(), 0.123_456)];
        for (path, want) in [("m", "m"), ("m-{epoch}", "m-3"), ("m-{epoch:02d}-{val_loss:.2f}", "m-03-0.12")]
        {
            assert_eq!(ModelCheckpoint::new(path).path(2, &logs).unwrap(), PathBuf::from(want), "{path}");
        }
        assert!(ModelCheckpoint::new("{val_acc}").path(0, &logs).is_err());
        assert!(ModelCheckpoint::new("{epoch").path(0, &logs).is_err());
    }
}
