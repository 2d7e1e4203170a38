//! MobileNetV2 for images of 96x96, as Keras's `applications.MobileNetV2(alpha=1.0)` builds it.

use gradus_nn::prelude::*;
use gradus_nn::{Call, Dims, IntoLayer, Layer, Meta};
use gradus_tensor::{Result, Tensor};
use serde_json::{Value, json};
use std::sync::Arc;

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Work, Workload};

const BATCH: usize = 16;
const SIDE: usize = 96;

/// A layer whose input is added to its output.
#[derive(Debug)]
struct Residual {
    meta: Meta,
    inner: Arc<dyn Layer>,
}

impl Layer for Residual {
    fn class_name(&self) -> &'static str {
        "Residual"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.inner.output_dims(input)
    }
    fn build(&self, input: &Dims) -> Result<()> {
        gradus_nn::ensure_built(&*self.inner, input)
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        self.inner.call(x, cx)?.add(x)
    }
    fn sublayers(&self) -> Vec<Arc<dyn Layer>> {
        vec![self.inner.clone()]
    }
}

fn normalized(net: Sequential, layer: impl IntoLayer) -> Sequential {
    net.add(layer).add(BatchNormalization::new().momentum(0.999))
}

fn conv(filters: usize, size: usize, stride: usize) -> Conv2D {
    Conv2D::new(filters, size).strides(stride).padding("same").use_bias(false)
}

/// Widening, a convolution of each channel by itself, narrowing.
fn block(net: Sequential, from: usize, to: usize, stride: usize, expand: usize) -> Sequential {
    let mut inner = Sequential::new();
    if expand > 1 {
        inner = normalized(inner, conv(from * expand, 1, 1)).add(ActivationLayer::new("relu6"));
    }
    let depthwise = DepthwiseConv2D::new(3).strides(stride).padding("same").use_bias(false);
    inner = normalized(inner, depthwise).add(ActivationLayer::new("relu6"));
    inner = normalized(inner, conv(to, 1, 1));
    if stride == 1 && from == to {
        return net.add(Residual { meta: Meta::new("Residual"), inner: inner.into_layer() });
    }
    net.add(inner)
}

fn mobilenet() -> Sequential {
    let mut net = normalized(Sequential::new().input([SIDE, SIDE, 3]), conv(32, 3, 2));
    net = net.add(ActivationLayer::new("relu6"));
    let mut from = 32;
    let stages = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ];
    for (expand, to, count, stride) in stages {
        for i in 0..count {
            net = block(net, from, to, if i == 0 { stride } else { 1 }, expand);
            from = to;
        }
    }
    normalized(net, conv(1280, 1, 1))
        .add(ActivationLayer::new("relu6"))
        .add(GlobalAveragePooling2D::new())
        .add(Dense::new(5))
}

fn train(eagerly: bool) -> std::result::Result<Work, String> {
    let x = random([BATCH, SIDE, SIDE, 3])?;
    let y =
        Tensor::from_vec((0..BATCH as i64).map(|i| i % 5).collect(), [BATCH]).map_err(|e| e.to_string())?;
    let mut model = mobilenet();
    model
        .compile("adam", losses::SparseCategoricalCrossentropy::new().from_logits(true), [] as [&str; 0])
        .map_err(|e| e.to_string())?;
    model.train_state_mut().run_eagerly(eagerly);
    repeat(move || model.train_step(&x, &y, None))
}

fn infer(traced: bool) -> std::result::Result<Work, String> {
    let x = random([BATCH, SIDE, SIDE, 3])?;
    let mut model = mobilenet();
    model.build_for(&[SIDE, SIDE, 3]).map_err(|e| e.to_string())?;
    model.train_state_mut().run_eagerly(!traced);
    repeat(move || model.predict_with(&x, BATCH))
}

pub fn declare(list: &mut Vec<Workload>) {
    let images = Amount::Images(BATCH as f64);
    for (variant, eagerly) in [("train_step", false), ("eager", true)] {
        list.push(Workload::new("mobilenetv2_train/b16", variant, images, move || train(eagerly)));
    }
    for (variant, traced) in [("predict", true), ("eager", false)] {
        list.push(Workload::new("mobilenetv2_infer/b16", variant, images, move || infer(traced)));
    }
}
