//! Tensor arrays.

use crate::{Result, show, title};
use gradus::collections::TensorArray;
use gradus::{DType, Tensor};

pub fn written_in_loops() -> Result {
    title("A11", "tensor arrays");
    let mut fixed = TensorArray::new(DType::F32, 3);
    for i in 0..3 {
        fixed.write(i, &Tensor::new([i as f32, 10.0 * i as f32])?)?;
    }
    show("fixed.stack()", fixed.stack()?);
    show("fixed.read(1)", fixed.read(1)?);
    show("fixed.write(3, ..)", refused(fixed.write(3, &Tensor::new([0.0f32, 0.0])?)));
    show("another shape", refused(fixed.write(0, &Tensor::new([0.0f32])?)));
    show("another dtype", refused(fixed.write(0, &Tensor::new([0.0f64, 0.0])?)));

    let mut growing = TensorArray::new(DType::F32, 0).dynamic_size(true);
    growing.write(2, &Tensor::new([1.0f32, 2.0])?)?;
    show("growing.size() after a write at 2", growing.size());
    show("growing.stack(), unwritten ones are zeros", growing.stack()?);
    let mut slices = TensorArray::new(DType::F32, 0).dynamic_size(true);
    slices.unstack(&Tensor::new([[1.0f32, 2.0], [3.0, 4.0]])?)?;
    show("unstacked, then read(1)", slices.read(1)?);
    Ok(())
}

fn refused(result: gradus::Result<()>) -> String {
    result.map_or_else(|e| format!("error: {e}"), |()| "done".to_string())
}
