//! Layers: shapes, weights, values, gradients, state after a call in training.

use std::sync::Arc;

use gradus_autograd::{GradientTape, Source, Variable};
use gradus_nn::layer::{self, ensure_built, weights};
use gradus_nn::{Call, Dims, Layer, layers};
use gradus_tensor::Tensor;
use serde_json::{Value as Json, json};

use super::dense::{all_used, optional_tensors, optional_values, tensors, values};
use crate::golden::{Case, Value};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

/// Every class of Keras's that cases name; which of them are built in, the library says.
const CLASSES: [&str; 96] = [
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM2D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRU",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "Hashing",
    "Identity",
    "IntegerLookup",
    "LSTM",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RNN",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SimpleRNN",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "ThresholdedReLU",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "Lambda",
    "AveragePooling",
];

pub fn register(r: &mut Registry) {
    for class in CLASSES {
        r.run(Area::Layers, Box::leak(format!("keras.layers.{class}").into_boxed_str()), run);
    }
}

/// Fields of a case that this binding does not know how to feed.
const BEYOND: [&str; 4] = ["mask", "initial_state", "state_after", "values"];

fn run(case: &Case) -> Result<Outcome> {
    let missing = || ConformanceError::NotImplemented(case.op().to_string());
    let attrs = case.attrs();
    let config = attrs.read("config", |c| Some(c.clone()))?;
    let class = case.op().rsplit('.').next().unwrap_or_default();
    let layer = layers::from_config(class, &config)?.ok_or_else(missing)?;
    let inputs = tensors(case, "inputs")?;
    let [x] = inputs.as_slice() else { return Err(missing()) };
    if BEYOND.iter().any(|field| !case.field(field).is_null()) {
        return Err(missing());
    }
    let mut cx = Call::inference();
    if attrs.has("call") {
        let call = attrs.object("call")?;
        if call.bool_or("training", false)? {
            cx = Call::training();
        }
        if !call.unused().is_empty() {
            return Err(missing());
        }
    }
    let outcome = describe(case, &layer, x)?;
    let variables = weights(layer.as_ref());
    for (variable, value) in variables.iter().zip(tensors(case, "weights")?) {
        variable.assign(&value)?;
    }
    let outcome = differentiate(case, layer.as_ref(), x, &mut cx, &variables, outcome)?;
    Ok(outcome.check("attributes", all_used(&attrs)))
}

/// Builds the layer and states what is known before any call.
fn describe(case: &Case, layer: &Arc<dyn Layer>, x: &Tensor) -> Result<Outcome> {
    let expect = case.field("expect");
    let shape = &expect["input_shape"][0];
    let dims = Dims::from_json(shape).unwrap_or_else(|| Dims::of_batch(x.shape()));
    ensure_built(layer.as_ref(), &dims)?;
    let variables = weights(layer.as_ref());
    let mut outcome = Outcome::new();
    if expect.get("output_shape").is_some() {
        outcome = outcome.fact("output_shape", layer.output_dims(&dims)?.to_json()).aside("input_shape");
    }
    if expect.get("count_params").is_some() {
        outcome = outcome.fact("count_params", layer::count(&variables));
    }
    if expect.get("weights").is_some() {
        let prefix = format!("{}/", layer.meta().name());
        let list: Vec<Json> = variables.iter().map(|v| weight(v, &prefix)).collect();
        outcome = outcome.fact("weights", list);
    }
    Ok(outcome)
}

fn weight(v: &Variable, prefix: &str) -> Json {
    let name = v.name();
    let name = name.strip_prefix(prefix).unwrap_or(&name);
    json!({ "name": name, "shape": v.shape().dims(), "trainable": v.is_trainable() })
}

/// Calls the layer under a tape when the case lists gradients; penalties join the targets with weight one.
fn differentiate(
    case: &Case,
    layer: &dyn Layer,
    x: &Tensor,
    cx: &mut Call,
    variables: &[Variable],
    outcome: Outcome,
) -> Result<Outcome> {
    let listed = |role: &str| case.field(role).as_array().is_some_and(|list| !list.is_empty());
    let tape = GradientTape::new();
    if listed("grads") && x.dtype().is_float() {
        tape.watch(x)?;
    }
    let y = layer::call(layer, x, cx)?;
    let penalties: Vec<Tensor> = cx.losses.iter().cloned().chain(layer::losses(layer)?).collect();
    let mut outcome = outcome.with("outputs", values(std::slice::from_ref(&y))?.into_iter().map(Some));
    if listed("grads") || listed("weight_grads") {
        let dy = match optional_tensors(case, "upstream")?.into_iter().next().flatten() {
            Some(dy) => dy,
            None => y.ones_like()?,
        };
        let ones: Vec<Tensor> =
            penalties.iter().map(Tensor::ones_like).collect::<gradus_tensor::Result<_>>()?;
        let mut targets = vec![(&y, &dy)];
        targets.extend(penalties.iter().zip(&ones));
        let sources: Vec<Source> = std::iter::once(Source::Tensor(x.clone()))
            .chain(variables.iter().cloned().map(Source::Variable))
            .collect();
        let mut grads = tape.gradient_or_none(targets, &sources)?;
        let of_weights = grads.split_off(1);
        if listed("grads") {
            outcome = outcome.with("grads", optional_values(&grads)?);
        }
        if listed("weight_grads") {
            outcome = outcome.with("weight_grads", optional_values(&of_weights)?);
        }
    }
    if listed("losses") {
        outcome = outcome.with("losses", values(&penalties)?.into_iter().map(Some));
    }
    if listed("weights_after") {
        let after: Vec<Tensor> = variables.iter().map(Variable::peek).collect();
        let after: Vec<Option<Value>> = values(&after)?.into_iter().map(Some).collect();
        outcome = outcome.with("weights_after", after);
    }
    Ok(outcome)
}
