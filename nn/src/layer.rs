//! What a layer is.

use crate::{Dims, Meta};
use gradus_autograd::Variable;
use gradus_tensor::{Error, Result, Shape, Tensor};
use serde_json::Value;
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// What travels with one call of a model: training or inference, and the losses that layers add.
#[derive(Debug, Default)]
pub struct Call {
    /// True in training: dropout drops, batch normalization uses the batch and moves its averages.
    pub training: bool,
    /// Penalties that layers added (activity regularization), one scalar each.
    pub losses: Vec<Tensor>,
}

impl Call {
    /// A call for inference.
    pub fn inference() -> Call {
        Call::default()
    }

    /// A call in training.
    pub fn training() -> Call {
        Call { training: true, losses: Vec::new() }
    }
}

/// A layer: weights that are made when the input shape is known, and a function of tensors.
///
/// Layers are shared (`Arc<dyn Layer>`), so weights are made behind `&self`, in a [`Weight`](crate::Weight).
pub trait Layer: Any + Debug + Send + Sync {
    /// Keras's class name.
    fn class_name(&self) -> &'static str;

    /// Name, trainability, input shape.
    fn meta(&self) -> &Meta;

    /// The constructor's arguments as Keras's `get_config` gives them, without name, trainable and dtype.
    fn config(&self) -> Value;

    /// The output shape for an input shape; errors when the layer cannot take the input.
    fn output_dims(&self, input: &Dims) -> Result<Dims>;

    /// Makes the weights for that input shape. Called once, by [`ensure_built`].
    fn build(&self, input: &Dims) -> Result<()> {
        let _ = input;
        Ok(())
    }

    /// The function. The layer is built, and the input fits.
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor>;

    /// The layer's own weights, trainable ones first, in Keras's order.
    fn own_weights(&self) -> Vec<Variable> {
        Vec::new()
    }

    /// State that is saved but is no weight in Keras's count: the counters of random layers.
    fn own_state(&self) -> Vec<Variable> {
        Vec::new()
    }

    /// Penalties on the layer's own weights, one scalar each.
    fn own_losses(&self) -> Result<Vec<Tensor>> {
        Ok(Vec::new())
    }

    /// The constraints of the layer's own weights, applied after each step of an optimizer.
    fn apply_constraints(&self) -> Result<()> {
        Ok(())
    }

    /// Layers inside of this one, in order.
    fn sublayers(&self) -> Vec<Arc<dyn Layer>> {
        Vec::new()
    }

    /// The output shape for a concrete input.
    fn output_shape(&self, input: &Shape) -> Result<Dims> {
        self.output_dims(&Dims::of_batch(input))
    }
}

/// Builds a layer unless it is built, and checks that the input fits what it was built for.
pub fn ensure_built(layer: &dyn Layer, input: &Dims) -> Result<()> {
    let within = |e: Error| e.within(layer.meta().name());
    match layer.meta().input() {
        Some(built) => {
            let differs =
                |a: &Option<usize>, b: &Option<usize>| matches!((a, b), (Some(a), Some(b)) if a != b);
            let fits = built.rank() == input.rank()
                && !built.as_slice().iter().zip(input.as_slice()).skip(1).any(|(a, b)| differs(a, b));
            if !fits {
                layer.output_dims(input).map_err(within)?;
            }
            Ok(())
        }
        None => {
            layer.output_dims(input).map_err(within)?;
            layer.build(input).map_err(within)?;
            layer.meta().set_input(input);
            let name = layer.meta().name();
            for w in layer.own_weights() {
                if !w.name().contains('/') {
                    w.set_name(format!("{name}/{}", w.name()));
                }
            }
            Ok(())
        }
    }
}

/// Calls a layer: builds it when needed, and puts its name in front of errors.
pub fn call(layer: &dyn Layer, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
    if layer.meta().input().is_none() {
        gradus_tensor::recorder::suspended(|| ensure_built(layer, &Dims::of_batch(x.shape())))?;
    }
    layer.call(x, cx).map_err(|e| e.within(layer.meta().name()))
}

/// Every weight of a layer and of those inside it, in Keras's order.
pub fn weights(layer: &dyn Layer) -> Vec<Variable> {
    let mut all = layer.own_weights();
    for l in layer.sublayers() {
        all.extend(weights(&*l));
    }
    all
}

/// Every piece of saved state that is no weight, in layer order.
pub fn state(layer: &dyn Layer) -> Vec<Variable> {
    let mut all = layer.own_state();
    for l in layer.sublayers() {
        all.extend(state(&*l));
    }
    all
}

/// The weights that training changes: trainable ones of layers that are not frozen.
pub fn trainable_weights(layer: &dyn Layer) -> Vec<Variable> {
    if !layer.meta().trainable() {
        return Vec::new();
    }
    let mut all: Vec<Variable> = layer.own_weights().into_iter().filter(Variable::is_trainable).collect();
    for l in layer.sublayers() {
        all.extend(trainable_weights(&*l));
    }
    all
}

/// Penalties on the weights of a layer and of those inside it.
pub fn losses(layer: &dyn Layer) -> Result<Vec<Tensor>> {
    let mut all = layer.own_losses()?;
    for l in layer.sublayers() {
        all.extend(losses(&*l)?);
    }
    Ok(all)
}

/// Applies the constraints of a layer and of those inside it.
pub fn apply_constraints(layer: &dyn Layer) -> Result<()> {
    layer.apply_constraints()?;
    layer.sublayers().iter().try_for_each(|l| apply_constraints(&**l))
}

/// Number of elements of a list of variables.
pub fn count(variables: &[Variable]) -> usize {
    variables.iter().map(|v| v.spec().len()).sum()
}
