//! Elementwise operations of one and two tensors.

use super::bind::{binary, take, unary};
use crate::registry::Registry;

pub fn register(r: &mut Registry) {
    unary!(r:
        "tf.exp" => exp,
        "tf.math.log" => log,
        "tf.negative" => neg,
        "tf.sigmoid" => sigmoid,
        "tf.sqrt" => sqrt,
        "tf.square" => square,
        "tf.tanh" => tanh,
    );
    binary!(r:
        "tf.add" => add,
        "tf.divide" => div,
        "tf.equal" => equal,
        "tf.greater" => greater,
        "tf.greater_equal" => greater_equal,
        "tf.less" => less,
        "tf.less_equal" => less_equal,
        "tf.maximum" => maximum,
        "tf.minimum" => minimum,
        "tf.multiply" => mul,
        "tf.not_equal" => not_equal,
        "tf.subtract" => sub,
    );
    r.op("tf.cast", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.cast(attrs.dtype("dtype")?)?])
    });
    r.op("tf.where", |x, _| {
        let [condition, then, otherwise] = take(x)?;
        Ok(vec![condition.select(then, otherwise)?])
    });
    // A tensor is immutable: sharing it is the identity.
    r.op("tf.identity", |x, _| take(x).map(|[x]| vec![x.clone()]));
    for name in ["tf.add_n", "tf.math.accumulate_n"] {
        r.op(name, |x, _| Ok(vec![gradus_tensor::ops::add_n(&x.iter().collect::<Vec<_>>())?]));
    }
}
