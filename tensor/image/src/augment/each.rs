//! Images one by one, as slices of f32.

use gradus_tensor::{DType, Result, Spec, Tensor};

use crate::frames::Frames;

/// The images as f32.
pub(crate) fn floats(images: &Tensor) -> Result<Tensor> {
    if images.dtype() == DType::F32 { Ok(images.clone()) } else { images.cast(DType::F32) }
}

/// The images after `f(index, image, result)`; the result holds unspecified values at first.
pub(crate) fn each(
    op: &str,
    images: &Tensor,
    mut f: impl FnMut(usize, &[f32], &mut [f32]),
) -> Result<Tensor> {
    let frames = Frames::of(op, images)?;
    let images = floats(images)?;
    let from = images.as_slice::<f32>()?;
    Tensor::build(Spec::new(DType::F32, images.shape().clone()), |out| {
        let (size, out) = (frames.size().max(1), out.as_mut::<f32>());
        for (i, (x, y)) in from.chunks_exact(size).zip(out.chunks_exact_mut(size)).enumerate() {
            f(i, x, y);
        }
        Ok(())
    })
}
