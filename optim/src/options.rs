//! The options that every optimizer has.

use gradus_autograd::Variable;
use gradus_tensor::{Error, Result};
use serde::{Deserialize, Serialize};

/// Clipping, weight decay, averaging, loss scale and accumulation, with Keras's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Decoupled weight decay: `w -= w * weight_decay * learning_rate` before each update.
    pub weight_decay: Option<f64>,
    /// Largest L2 norm of one variable's gradient.
    pub clipnorm: Option<f64>,
    /// Largest L2 norm of all gradients together.
    pub global_clipnorm: Option<f64>,
    /// Largest absolute value of a gradient's elements.
    pub clipvalue: Option<f64>,
    /// Keeps an exponential moving average of the weights.
    pub use_ema: bool,
    /// Weight of the old average, 0.99 by default.
    pub ema_momentum: f64,
    /// Overwrites the weights with their averages every so many steps; never when absent.
    pub ema_overwrite_frequency: Option<i64>,
    /// What the loss was multiplied with; gradients are divided by it.
    pub loss_scale_factor: Option<f64>,
    /// Updates every so many steps, with the mean of the gradients since.
    pub gradient_accumulation_steps: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            weight_decay: None,
            clipnorm: None,
            global_clipnorm: None,
            clipvalue: None,
            use_ema: false,
            ema_momentum: 0.99,
            ema_overwrite_frequency: None,
            loss_scale_factor: None,
            gradient_accumulation_steps: None,
        }
    }
}

impl Options {
    /// Refuses settings without meaning.
    pub(crate) fn check(&self) -> Result<()> {
        if [self.clipnorm, self.clipvalue, self.global_clipnorm].iter().flatten().count() > 1 {
            return Err(Error::value(format!(
                "only one of clipnorm, clipvalue and global_clipnorm can be set, found clipnorm={:?}, \
                 clipvalue={:?}, global_clipnorm={:?}",
                self.clipnorm, self.clipvalue, self.global_clipnorm
            )));
        }
        if self.use_ema && !(0.0..=1.0).contains(&self.ema_momentum) {
            return Err(Error::value(format!("ema_momentum must be in [0, 1], found {}", self.ema_momentum)));
        }
        if let Some(n) = self.ema_overwrite_frequency.filter(|n| self.use_ema && *n < 1) {
            return Err(Error::value(format!("ema_overwrite_frequency must be at least 1, found {n}")));
        }
        if let Some(n) = self.gradient_accumulation_steps.filter(|n| *n < 2) {
            return Err(Error::value(format!("gradient_accumulation_steps must be at least 2, found {n}")));
        }
        if let Some(f) = self.loss_scale_factor.filter(|f| *f == 0.0 || !f.is_finite()) {
            return Err(Error::value(format!("loss_scale_factor must be finite and not 0, found {f}")));
        }
        Ok(())
    }
}

/// The variables that weight decay leaves alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excluded {
    pub ids: Vec<u64>,
    pub names: Vec<String>,
}

impl Excluded {
    /// True for a variable named itself, or whose name contains one of the names.
    pub fn contains(&self, v: &Variable) -> bool {
        self.ids.contains(&v.id()) || self.names.iter().any(|n| v.name().contains(n.as_str()))
    }
}
