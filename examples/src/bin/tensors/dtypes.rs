//! Dtypes do not mix by themselves.

use crate::{Result, show, title};
use gradus::{DType, Tensor};

pub fn nothing_silent() -> Result {
    title("A6", "no silent conversion");
    let (single, double, whole) = (Tensor::new(2.0f32)?, Tensor::new(40.0f64)?, Tensor::new(40)?);
    for (what, other) in [("2.0f32 + 40.0f64", &double), ("2.0f32 + 40i32", &whole)] {
        match single.add(other) {
            Ok(sum) => show(what, sum),
            Err(error) => show(what, format!("error: {error}")),
        }
    }
    show("2.0f32 + cast(40.0f64, f32)", single.add(&double.cast(DType::F32)?)?);
    Ok(())
}
