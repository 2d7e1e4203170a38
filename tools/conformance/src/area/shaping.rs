//! Operations that move elements without computing.

use super::bind::{axes, take};
use crate::registry::Registry;

pub fn register(r: &mut Registry) {
    r.op("tf.reshape", |x, attrs| {
        let [x] = take(x)?;
        let shape: Vec<isize> = attrs.i64s("shape")?.iter().map(|&d| d as isize).collect();
        Ok(vec![x.reshape_infer(&shape)?])
    });
    r.op("tf.expand_dims", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.expand_dims(attrs.i64("axis")? as isize)?])
    });
    r.op("tf.squeeze", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.squeeze(axes(attrs, "axis")?)?])
    });
    r.op("tf.broadcast_to", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.broadcast_to(attrs.usizes("shape")?)?])
    });
    r.op("tf.transpose", |x, attrs| {
        let [x] = take(x)?;
        let reversed = || (0..x.rank()).rev().collect();
        let perm = if attrs.has("perm") { attrs.usizes("perm")? } else { reversed() };
        Ok(vec![x.transpose(&perm)?])
    });
}
