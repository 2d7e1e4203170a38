//! Activations: `tf.nn` and `keras.activations`.

use super::bind::{take, unary};
use crate::registry::Registry;

pub fn register(r: &mut Registry) {
    unary!(r:
        "tf.math.log_sigmoid" => log_sigmoid,
        "tf.math.softplus" => softplus,
        "tf.math.softsign" => softsign,
        "tf.nn.elu" => elu,
        "tf.nn.relu" => relu,
        "tf.nn.relu6" => relu6,
        "tf.nn.selu" => selu,
        "tf.sigmoid" => sigmoid,
    );
    r.op("tf.nn.silu", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.swish(attrs.f64_or("beta", 1.0)?)?])
    });
    r.op("tf.nn.leaky_relu", |x, attrs| {
        let [x] = take(x)?;
        // TensorFlow keeps the slope as float32, whatever the dtype of x.
        Ok(vec![x.leaky_relu(attrs.f32_or("alpha", 0.2)?.into())?])
    });
    r.op("tf.nn.gelu", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.gelu(attrs.bool_or("approximate", false)?)?])
    });
    r.op("tf.nn.crelu", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.crelu(attrs.i64_or("axis", -1)? as isize)?])
    });
}
