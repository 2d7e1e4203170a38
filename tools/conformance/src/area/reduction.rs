//! Reductions over axes.

use super::bind::{axes, take};
use crate::registry::Registry;

/// Binds reductions with `axis` and `keepdims`.
macro_rules! reductions {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {$(
        $r.op($name, |x, attrs| {
            let [x] = take(x)?;
            Ok(vec![x.$method(axes(attrs, "axis")?, attrs.bool_or("keepdims", false)?)?])
        });
    )*};
}

pub fn register(r: &mut Registry) {
    reductions!(r:
        "tf.reduce_sum" => reduce_sum,
        "tf.reduce_mean" => reduce_mean,
        "tf.reduce_max" => reduce_max,
    );
}
