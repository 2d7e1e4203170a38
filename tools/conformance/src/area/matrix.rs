//! Products of matrices.

use super::bind::take;
use crate::registry::Registry;

pub fn register(r: &mut Registry) {
    r.op("tf.matmul", |x, attrs| {
        let [a, b] = take(x)?;
        // The adjoint of a real matrix is its transpose.
        let a_flag = attrs.bool_or("transpose_a", false)? || attrs.bool_or("adjoint_a", false)?;
        let b_flag = attrs.bool_or("transpose_b", false)? || attrs.bool_or("adjoint_b", false)?;
        Ok(vec![a.matmul_t(b, a_flag, b_flag)?])
    });
    r.op("tf.experimental.numpy.matmul", |x, _| {
        let [a, b] = take(x)?;
        Ok(vec![a.matmul(b)?])
    });
}
