//! What layers with a kernel and a bias share: activation, initializers, regularizers, constraints.

use crate::Call;
use crate::Weight;
use crate::activations::{self, Activation};
use crate::constraints::{self, Constraint};
use crate::initializers::{self, Initializer};
use crate::regularizers::{self, Regularizer};
use gradus_tensor::{DType, Error, Result, Tensor};
use serde_json::Value;
use std::sync::Arc;

/// An option that may have been given by a wrong name; the error waits until the layer is built.
pub(crate) type Given<T> = std::result::Result<T, Error>;

/// Activation, initializers, regularizers and constraints of a layer with a kernel and a bias.
#[derive(Clone, Debug)]
pub struct LayerOptions {
    pub(crate) activation: Given<Activation>,
    pub(crate) kernel_initializer: Given<Arc<dyn Initializer>>,
    pub(crate) bias_initializer: Given<Arc<dyn Initializer>>,
    pub(crate) kernel_regularizer: Given<Option<Arc<dyn Regularizer>>>,
    pub(crate) bias_regularizer: Given<Option<Arc<dyn Regularizer>>>,
    pub(crate) activity_regularizer: Given<Option<Arc<dyn Regularizer>>>,
    pub(crate) kernel_constraint: Given<Option<Arc<dyn Constraint>>>,
    pub(crate) bias_constraint: Given<Option<Arc<dyn Constraint>>>,
}

impl Default for LayerOptions {
    fn default() -> Self {
        LayerOptions {
            activation: Ok(Activation::Linear),
            kernel_initializer: Ok(Arc::new(initializers::GlorotUniform::default())),
            bias_initializer: Ok(Arc::new(initializers::Zeros)),
            kernel_regularizer: Ok(None),
            bias_regularizer: Ok(None),
            activity_regularizer: Ok(None),
            kernel_constraint: Ok(None),
            bias_constraint: Ok(None),
        }
    }
}

impl LayerOptions {
    /// The first wrong name that was given, if any.
    pub(crate) fn check(&self) -> Result<()> {
        self.activation.as_ref().map_err(Clone::clone)?;
        self.kernel_initializer.as_ref().map_err(Clone::clone)?;
        self.bias_initializer.as_ref().map_err(Clone::clone)?;
        for r in [&self.kernel_regularizer, &self.bias_regularizer, &self.activity_regularizer] {
            r.as_ref().map_err(Clone::clone)?;
        }
        for c in [&self.kernel_constraint, &self.bias_constraint] {
            c.as_ref().map_err(Clone::clone)?;
        }
        Ok(())
    }

    pub(crate) fn activation(&self) -> Result<&Activation> {
        self.activation.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn kernel(&self, shape: &[usize]) -> Result<Tensor> {
        self.kernel_initializer.as_ref().map_err(Clone::clone)?.init(shape, DType::F32)
    }

    pub(crate) fn bias(&self, shape: &[usize]) -> Result<Tensor> {
        self.bias_initializer.as_ref().map_err(Clone::clone)?.init(shape, DType::F32)
    }

    /// Adds the activity penalty, if there is one: summed over the batch, divided by its size, as Keras does.
    pub(crate) fn activity(&self, y: &Tensor, cx: &mut Call) -> Result<()> {
        if let Ok(Some(r)) = &self.activity_regularizer {
            let batch = *y.shape().first().unwrap_or(&1);
            let penalty = r.penalty(y)?;
            cx.losses.push(penalty.div(&penalty.like(batch.max(1) as f64)?)?);
        }
        Ok(())
    }

    pub(crate) fn losses(&self, kernel: &Weight, bias: &Weight) -> Result<Vec<Tensor>> {
        let mut all = Vec::new();
        for (r, w) in [(&self.kernel_regularizer, kernel), (&self.bias_regularizer, bias)] {
            if let (Ok(Some(r)), Some(v)) = (r, w.get()) {
                all.push(r.penalty(&v.value())?);
            }
        }
        Ok(all)
    }

    pub(crate) fn constrain(&self, kernel: &Weight, bias: &Weight) -> Result<()> {
        for (c, w) in [(&self.kernel_constraint, kernel), (&self.bias_constraint, bias)] {
            if let (Ok(Some(c)), Some(v)) = (c, w.get()) {
                v.assign(&c.project(&v.value())?)?;
            }
        }
        Ok(())
    }

    /// Adds the options to a layer's configuration under Keras's keys.
    pub(crate) fn write_config(&self, c: &mut Value) {
        c["activation"] = self.activation.as_ref().map_or(Value::Null, Activation::config);
        c["kernel_initializer"] = self.kernel_initializer.as_ref().map_or(Value::Null, |i| i.config());
        c["bias_initializer"] = self.bias_initializer.as_ref().map_or(Value::Null, |i| i.config());
        let option = |r: &Given<Option<Arc<dyn Regularizer>>>| match r {
            Ok(Some(r)) => r.config(),
            _ => Value::Null,
        };
        c["kernel_regularizer"] = option(&self.kernel_regularizer);
        c["bias_regularizer"] = option(&self.bias_regularizer);
        c["activity_regularizer"] = option(&self.activity_regularizer);
        let option = |r: &Given<Option<Arc<dyn Constraint>>>| match r {
            Ok(Some(r)) => r.config(),
            _ => Value::Null,
        };
        c["kernel_constraint"] = option(&self.kernel_constraint);
        c["bias_constraint"] = option(&self.bias_constraint);
    }

    /// The options from a layer's configuration; what is absent keeps its default.
    pub(crate) fn from_config(c: &Value) -> Result<LayerOptions> {
        let mut o = LayerOptions::default();
        let given = |key: &str| c.get(key).filter(|v| !v.is_null());
        if let Some(v) = given("activation") {
            o.activation = Ok(activations::from_config(v)?);
        }
        if let Some(v) = given("kernel_initializer") {
            o.kernel_initializer = Ok(initializers::from_config(v)?);
        }
        if let Some(v) = given("bias_initializer") {
            o.bias_initializer = Ok(initializers::from_config(v)?);
        }
        for (key, slot) in [
            ("kernel_regularizer", &mut o.kernel_regularizer),
            ("bias_regularizer", &mut o.bias_regularizer),
            ("activity_regularizer", &mut o.activity_regularizer),
        ] {
            if let Some(v) = given(key) {
                *slot = Ok(Some(regularizers::from_config(v)?));
            }
        }
        for (key, slot) in
            [("kernel_constraint", &mut o.kernel_constraint), ("bias_constraint", &mut o.bias_constraint)]
        {
            if let Some(v) = given(key) {
                *slot = Ok(Some(constraints::from_config(v)?));
            }
        }
        Ok(o)
    }
}
