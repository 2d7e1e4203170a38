//! Linear maps between colour spaces.

use gradus_tensor::{DType, Error, Result, Tensor};

use crate::convert::in_floats;

/// Rows are the input's channels, columns the output's: `out = in * M`.
type Matrix = [[f32; 3]; 3];

const RGB_TO_YUV: Matrix =
    [[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]];
const YUV_TO_RGB: Matrix = [[1.0, 1.0, 1.0], [0.0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0.0]];
const RGB_TO_YIQ: Matrix =
    [[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617], [0.114, -0.32134392, 0.31119955]];
const YIQ_TO_RGB: Matrix =
    [[1.0, 1.0, 1.0], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]];
/// The weights of red, green and blue in a grey value (ITU-R 601).
const GRAY: [f32; 3] = [0.2989, 0.5870, 0.1140];

/// Images in RGB as YUV. Floats from 0 to 1; Y is from 0 to 1, U and V from -0.5 to 0.5.
pub fn rgb_to_yuv(images: &Tensor) -> Result<Tensor> {
    linear("rgb_to_yuv", images, &RGB_TO_YUV)
}

/// Images in YUV as RGB.
pub fn yuv_to_rgb(images: &Tensor) -> Result<Tensor> {
    linear("yuv_to_rgb", images, &YUV_TO_RGB)
}

/// Images in RGB as YIQ.
pub fn rgb_to_yiq(images: &Tensor) -> Result<Tensor> {
    linear("rgb_to_yiq", images, &RGB_TO_YIQ)
}

/// Images in YIQ as RGB.
pub fn yiq_to_rgb(images: &Tensor) -> Result<Tensor> {
    linear("yiq_to_rgb", images, &YIQ_TO_RGB)
}

/// One grey channel: `0.2989 R + 0.5870 G + 0.1140 B`. `[.., 3]` becomes `[.., 1]`; integers stay integers.
pub fn rgb_to_grayscale(images: &Tensor) -> Result<Tensor> {
    expect("rgb_to_grayscale", images, 3)?;
    in_floats(images, false, |x| {
        let weights = Tensor::new(GRAY.map(|w| [w]))?.cast(x.dtype())?;
        product(x, &weights, 1)
    })
}

/// The grey channel three times: `[.., 1]` becomes `[.., 3]`.
pub fn grayscale_to_rgb(images: &Tensor) -> Result<Tensor> {
    expect("grayscale_to_rgb", images, 1)?;
    let mut multiples = vec![1; images.rank()];
    multiples[images.rank() - 1] = 3;
    images.tile(&multiples)
}

fn linear(op: &str, images: &Tensor, matrix: &Matrix) -> Result<Tensor> {
    expect(op, images, 3)?;
    if !matches!(images.dtype(), DType::F16 | DType::BF16 | DType::F32 | DType::F64) {
        return Err(Error::dtype(format!("{op}: expected floats from 0 to 1, found {}", images.dtype())));
    }
    product(images, &Tensor::new(*matrix)?.cast(images.dtype())?, 3)
}

fn product(images: &Tensor, matrix: &Tensor, channels: usize) -> Result<Tensor> {
    let mut shape = images.shape().dims().to_vec();
    let pixels = images.len() / 3;
    if let Some(last) = shape.last_mut() {
        *last = channels;
    }
    images.reshape([pixels, 3])?.matmul(matrix)?.reshape(shape)
}

/// The error for a last axis of another size.
pub(crate) fn expect(op: &str, images: &Tensor, channels: usize) -> Result<()> {
    if images.shape().dims().last() == Some(&channels) {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{op}: the last axis must have {channels} channels, found shape {}",
        images.shape()
    )))
}
