//! Differences between neighbouring pixels.

use gradus_tensor::ops::{ConvOptions, PadMode};
use gradus_tensor::{Error, Result, Tensor};

use crate::frames::Frames;

/// Differences to the next pixel down and to the right: `(dy, dx)`, both of the images' shape `[n, h, w, c]`, zero in
/// the last row and column.
///
/// # Errors
/// When the rank is not 4 or the images have no pixel.
pub fn image_gradients(image: &Tensor) -> Result<(Tensor, Tensor)> {
    let f = batch("image_gradients", image)?;
    let difference = |axis: usize, size: usize| {
        let d = step(image, axis, size)?;
        let mut pads = [(0, 0); 4];
        pads[axis] = (0, 1);
        d.pad(&pads, PadMode::Constant(0.0))
    };
    Ok((difference(1, f.height)?, difference(2, f.width)?))
}

/// The sum of the absolute differences between neighbouring pixels: `[]` for one image, `[n]` for a batch.
///
/// # Errors
/// When the rank is neither 3 nor 4.
pub fn total_variation(images: &Tensor) -> Result<Tensor> {
    let f = Frames::of("total_variation", images)?;
    let [rows, columns] = f.axes();
    let total =
        |axis: usize, size: usize| step(images, axis, size)?.abs()?.reduce_sum(&[-3isize, -2, -1][..], false);
    total(rows, f.height)?.add(&total(columns, f.width)?)
}

/// Sobel's edge maps: `[n, h, w, c]` becomes `[n, h, w, c, 2]` with the derivatives along y and x; borders reflect.
///
/// # Errors
/// When the rank is not 4, or a side is shorter than 2.
pub fn sobel_edges(image: &Tensor) -> Result<Tensor> {
    let f = batch("sobel_edges", image)?;
    const DY: [[f64; 3]; 3] = [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]];
    let mut kernel = Vec::with_capacity(9 * 2 * f.channels);
    for i in 0..3 {
        for j in 0..3 {
            for _ in 0..f.channels {
                kernel.extend([DY[i][j], DY[j][i]]);
            }
        }
    }
    let kernel = Tensor::from_vec(kernel, [3, 3, f.channels, 2])?.cast(image.dtype())?;
    let padded = image.pad(&[(0, 0), (1, 1), (1, 1), (0, 0)], PadMode::Reflect)?;
    let edges = padded.depthwise_conv2d(&kernel, ConvOptions::default())?;
    edges.reshape([f.batch, f.height, f.width, f.channels, 2])
}

fn batch(op: &str, image: &Tensor) -> Result<Frames> {
    let f = Frames::of(op, image)?;
    if f.batched && f.size() > 0 {
        return Ok(f);
    }
    Err(Error::shape(format!(
        "{op}: expected images [batch, height, width, channels], found shape {}",
        image.shape()
    )))
}

/// Every element's difference to the one before, along an axis.
fn step(x: &Tensor, axis: usize, size: usize) -> Result<Tensor> {
    let less = size.saturating_sub(1) as isize;
    let part = |from: usize| {
        let (mut begin, mut sizes) = (vec![0; x.rank()], vec![-1; x.rank()]);
        (begin[axis], sizes[axis]) = (from.min(size), less);
        x.slice_sizes(&begin, &sizes)
    };
    part(1)?.sub(&part(0)?)
}
