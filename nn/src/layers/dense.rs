//! `activation(x w + b)` over the last axis.

use super::{LayerOptions, layer_options};
use crate::weight::existing;
use crate::{Call, Dims, Layer, Meta, Weight};
use gradus_autograd::Variable;
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

/// A densely connected layer: `[.., in]` gives `[.., units]`.
///
/// Defaults: no activation, a bias, kernel by `glorot_uniform`, bias by `zeros`.
#[derive(Debug)]
pub struct Dense {
    meta: Meta,
    units: usize,
    use_bias: bool,
    options: LayerOptions,
    kernel: Weight,
    bias: Weight,
}

impl Dense {
    /// A layer with that many outputs.
    pub fn new(units: usize) -> Dense {
        Dense {
            meta: Meta::new("Dense"),
            units,
            use_bias: true,
            options: LayerOptions::default(),
            kernel: Weight::new(),
            bias: Weight::new(),
        }
    }

    /// With or without a bias; the default is with.
    #[must_use]
    pub fn use_bias(mut self, yes: bool) -> Dense {
        self.use_bias = yes;
        self
    }

    pub(crate) fn from_config(c: &Value) -> Result<Dense> {
        let units = super::config_usize(c, "units")?;
        Ok(Dense { use_bias: super::config_bool(c, "use_bias", true), ..Dense::new(units) }
            .with_options(LayerOptions::from_config(c)?))
    }
}
layer_options!(Dense);

impl Layer for Dense {
    fn class_name(&self) -> &'static str {
        "Dense"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        let mut c = json!({"units": self.units, "use_bias": self.use_bias});
        self.options.write_config(&mut c);
        c
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.options.check()?;
        if self.units == 0 {
            return Err(Error::value("units must be at least 1"));
        }
        if input.rank() < 2 {
            return Err(Error::shape(format!("expected an input of rank 2 or more, found {input}")));
        }
        let inner = input.known(-1, "dense")?;
        if let Some(kernel) = self.kernel.get() {
            let want = kernel.shape()[0];
            if inner != want {
                return Err(Error::shape(format!(
                    "expected the last axis of the input to have size {want}, found shape {input}; \
                     is a Flatten missing?"
                )));
            }
        }
        Ok(input.replaced(-1, Some(self.units)))
    }
    fn build(&self, input: &Dims) -> Result<()> {
        let inner = input.known(-1, "dense")?;
        self.kernel.set("kernel", self.options.kernel(&[inner, self.units])?, true);
        if self.use_bias {
            self.bias.set("bias", self.options.bias(&[self.units])?, true);
        }
        Ok(())
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        let kernel = self.kernel.value()?;
        if x.shape().last() != Some(&kernel.shape()[0]) {
            self.output_dims(&Dims::of_batch(x.shape()))?;
        }
        let bias = if self.use_bias { Some(self.bias.value()?) } else { None };
        let activation = self.options.activation()?;
        let y = match activation.fused() {
            Some(a) => x.linear(&kernel, bias.as_ref(), a)?,
            None => activation.apply(&x.linear(
                &kernel,
                bias.as_ref(),
                gradus_tensor::ops::Activation::None,
            )?)?,
        };
        self.options.activity(&y, cx)?;
        Ok(y)
    }
    fn own_weights(&self) -> Vec<Variable> {
        existing([&self.kernel, &self.bias])
    }
    fn own_losses(&self) -> Result<Vec<Tensor>> {
        self.options.losses(&self.kernel, &self.bias)
    }
    fn apply_constraints(&self) -> Result<()> {
        self.options.constrain(&self.kernel, &self.bias)
    }
}
