//! A stack of layers, each fed by the one before.

use crate::layer::{self, ensure_built};
use crate::model::{Model, TrainState};
use crate::{Call, Dims, Layer, Meta};
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock, RwLock};

/// What can be put into a stack: a layer, a shared layer, or another stack by reference.
pub trait IntoLayer {
    /// The layer, shared.
    fn into_layer(self) -> Arc<dyn Layer>;
}

impl<L: Layer> IntoLayer for L {
    fn into_layer(self) -> Arc<dyn Layer> {
        Arc::new(self)
    }
}

impl IntoLayer for Arc<dyn Layer> {
    fn into_layer(self) -> Arc<dyn Layer> {
        self
    }
}

impl IntoLayer for Sequential {
    fn into_layer(self) -> Arc<dyn Layer> {
        self.stack
    }
}

impl IntoLayer for &Sequential {
    /// The stack is shared: what trains inside the larger model trains here.
    fn into_layer(self) -> Arc<dyn Layer> {
        self.stack.clone()
    }
}

/// The layers of a [`Sequential`] model, as a layer.
#[derive(Debug)]
pub struct Stack {
    meta: Meta,
    layers: RwLock<Vec<Arc<dyn Layer>>>,
    input: OnceLock<Dims>,
}

impl Stack {
    pub(crate) fn layers(&self) -> Vec<Arc<dyn Layer>> {
        self.layers.read().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

impl Layer for Stack {
    fn class_name(&self) -> &'static str {
        "Sequential"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        let layers: Vec<Value> = self.layers().iter().map(|l| crate::saving::layer_config(&**l)).collect();
        json!({"layers": layers, "build_input_shape": self.meta.input().map(Dims::to_json)})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.layers()
            .iter()
            .try_fold(input.clone(), |dims, l| l.output_dims(&dims).map_err(|e| e.within(l.meta().name())))
    }
    fn build(&self, input: &Dims) -> Result<()> {
        let mut dims = input.clone();
        for l in self.layers() {
            ensure_built(&*l, &dims)?;
            dims = l.output_dims(&dims)?;
        }
        Ok(())
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        let layers = self.layers.read().unwrap_or_else(|e| e.into_inner());
        let mut y = self.with_channel(x)?;
        for l in layers.iter() {
            y = layer::call(&**l, &y, cx)?;
        }
        Ok(y)
    }
    fn sublayers(&self) -> Vec<Arc<dyn Layer>> {
        self.layers()
    }
}

impl Stack {
    /// As Keras's: a model built for images with one channel takes images without a channel axis too.
    fn with_channel(&self, x: &Tensor) -> Result<Tensor> {
        match self.meta.input() {
            Some(d) if d.rank() == x.rank() + 1 && d.as_slice().last() == Some(&Some(1)) => x.expand_dims(-1),
            _ => Ok(x.clone()),
        }
    }
}

/// A linear stack of layers.
///
/// ```
/// use gradus_nn::prelude::*;
/// let mut model = Sequential::new()
///     .input([28, 28])
///     .add(Flatten::new())
///     .add(Dense::new(128).activation("relu"))
///     .add(Dense::new(10).activation("softmax"));
/// model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])?;
/// assert_eq!(model.count_params(), 101_770);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
///
/// Without [`Sequential::input`] the weights are made at the first call. A mistake in a layer (a wrong name, a
/// shape that does not fit) is kept until the model is built, compiled or called, and then reported.
#[derive(Debug)]
pub struct Sequential {
    pub(crate) stack: Arc<Stack>,
    train: TrainState,
    mistake: Option<Error>,
}

impl Default for Sequential {
    fn default() -> Self {
        Sequential::new()
    }
}

impl Sequential {
    /// A model without layers.
    pub fn new() -> Sequential {
        Sequential::with_meta(Meta::new("Sequential"))
    }

    /// A model with a name.
    pub fn named(name: impl Into<String>) -> Sequential {
        Sequential::with_meta(Meta::named(name))
    }

    fn with_meta(meta: Meta) -> Sequential {
        let stack = Arc::new(Stack { meta, layers: RwLock::default(), input: OnceLock::new() });
        Sequential { stack, train: TrainState::default(), mistake: None }
    }

    /// The shape of one sample, without the batch. Layers are then built as they are added.
    #[must_use]
    pub fn input(mut self, sample: impl AsRef<[usize]>) -> Sequential {
        let dims = Dims::batch_of(sample.as_ref());
        let _ = self.stack.input.set(dims);
        self.try_build();
        self
    }

    /// Appends a layer.
    #[must_use]
    pub fn add(mut self, layer: impl IntoLayer) -> Sequential {
        self.push(layer);
        self
    }

    /// Appends a layer to a model at hand, as Keras's `model.add`.
    pub fn push(&mut self, layer: impl IntoLayer) {
        let layer = layer.into_layer();
        let name = layer.meta().name();
        let mut layers = self.stack.layers.write().unwrap_or_else(|e| e.into_inner());
        if layers.iter().any(|l| l.meta().name() == name) && self.mistake.is_none() {
            self.mistake =
                Some(Error::value(format!("two layers of {} are named {name:?}", self.stack.meta.name())));
        }
        layers.push(layer);
        drop(layers);
        self.try_build();
    }

    /// The layers, in order.
    pub fn layers(&self) -> Vec<Arc<dyn Layer>> {
        self.stack.layers()
    }

    fn try_build(&mut self) {
        if let (Some(dims), None) = (self.stack.input.get().cloned(), &self.mistake) {
            self.mistake = self.build_for(&dims).err();
        }
    }

    fn build_for(&self, dims: &Dims) -> Result<()> {
        let within = |e: Error| e.within(self.stack.meta.name());
        self.stack.build(dims).map_err(within)?;
        self.stack.meta.set_input(dims);
        Ok(())
    }

    /// Makes the weights for samples of that shape. Errors for layers that do not fit together.
    pub fn build(&mut self, sample: impl AsRef<[usize]>) -> Result<()> {
        self.check()?;
        let dims = Dims::batch_of(sample.as_ref());
        let _ = self.stack.input.set(dims.clone());
        self.build_for(&dims)
    }
}

impl Model for Sequential {
    fn layer(&self) -> &dyn Layer {
        &*self.stack
    }
    fn train_state(&self) -> &TrainState {
        &self.train
    }
    fn train_state_mut(&mut self) -> &mut TrainState {
        &mut self.train
    }
    fn check(&self) -> Result<()> {
        self.mistake.clone().map_or(Ok(()), Err)
    }
}
