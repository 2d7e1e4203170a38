//! A formula per sample, and the loss that reduces it.

use super::loss::Loss;
use super::rank::squeeze_or_expand_to_same_rank;
use super::reduction::Reduction;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt::Debug;

/// One value per sample from truth and prediction; the fields are its options.
pub trait Formula: Debug + Clone + Default + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Keras's class name of the loss.
    const CLASS: &'static str;
    /// Keras's name of an instance.
    const NAME: &'static str;

    /// The values. `y_pred` is a float tensor; `y_true` may have any dtype.
    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor>;

    /// Which values count, when the targets themselves say so.
    fn mask(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
        let _ = (y_true, y_pred);
        Ok(None)
    }

    /// Refuses settings without meaning.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A [`Formula`] with a [`Reduction`]: what [`MeanSquaredError`](crate::losses::MeanSquaredError) and the
/// other losses are.
#[derive(Clone, Debug)]
pub struct FormulaLoss<F> {
    pub(super) formula: F,
    name: String,
    reduction: Reduction,
}

impl<F: Formula> Default for FormulaLoss<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Formula> FormulaLoss<F> {
    /// The loss with Keras's defaults.
    pub fn new() -> Self {
        FormulaLoss { formula: F::default(), name: F::NAME.to_string(), reduction: Reduction::default() }
    }

    /// How values become a scalar; their mean by default.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The name in histories and messages.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The loss of a Keras configuration; absent keys take their defaults.
    pub fn from_config(config: &Value) -> Result<Self> {
        let formula: F = serde_json::from_value(config.clone())
            .map_err(|e| Error::value(format!("{}: its configuration does not fit: {e}", F::CLASS)))?;
        formula.check()?;
        let mut loss = FormulaLoss { formula, ..Self::new() };
        if let Some(name) = config["name"].as_str() {
            loss.name = name.to_string();
        }
        match config.get("reduction") {
            Some(Value::Null) => loss.reduction = Reduction::None,
            Some(Value::String(r)) => loss.reduction = Reduction::from_name(r)?,
            _ => {}
        }
        Ok(loss)
    }
}

/// Predictions as floats and, with them, targets of a rank that fits.
pub(crate) fn prepared(y_true: &Tensor, y_pred: &Tensor) -> Result<(Tensor, Tensor)> {
    let y_pred = if y_pred.dtype().is_float() { y_pred.clone() } else { y_pred.cast(DType::F32)? };
    squeeze_or_expand_to_same_rank(y_true, &y_pred, true)
}

impl<F: Formula> Loss for FormulaLoss<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let (y_true, y_pred) = prepared(y_true, y_pred)?;
        self.formula.values(&y_true, &y_pred)
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    fn mask(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
        let (y_true, y_pred) = prepared(y_true, y_pred)?;
        self.formula.mask(&y_true, &y_pred)
    }

    fn config(&self) -> Option<(&'static str, Value)> {
        let mut all = Map::new();
        all.insert("name".into(), self.name.clone().into());
        all.insert("reduction".into(), serde_json::to_value(self.reduction).ok()?);
        if let Value::Object(own) = serde_json::to_value(&self.formula).ok()? {
            all.extend(own);
        }
        Some((F::CLASS, Value::Object(all)))
    }
}

/// Declares a formula without options: struct, loss, function.
macro_rules! plain_formula {
    ($(#[$m:meta])* $formula:ident, $loss:ident = $class:literal, $function:ident = $name:literal, |$t:ident, $p:ident| $body:expr) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $formula {}

        $(#[$m])*
        pub type $loss = $crate::losses::FormulaLoss<$formula>;

        impl $crate::losses::Formula for $formula {
            const CLASS: &'static str = $class;
            const NAME: &'static str = $name;
            fn values(
                &self,
                $t: &gradus_tensor::Tensor,
                $p: &gradus_tensor::Tensor,
            ) -> gradus_tensor::Result<gradus_tensor::Tensor> {
                $body
            }
        }

        $(#[$m])*
        ///
        /// One value per sample; ranks that differ by a last axis of size 1 are matched.
        pub fn $function(
            y_true: &gradus_tensor::Tensor,
            y_pred: &gradus_tensor::Tensor,
        ) -> gradus_tensor::Result<gradus_tensor::Tensor> {
            let (y_true, y_pred) = $crate::losses::formula::prepared(y_true, y_pred)?;
            $crate::losses::Formula::values(&$formula {}, &y_true, &y_pred)
        }
    };
}
pub(crate) use plain_formula;
