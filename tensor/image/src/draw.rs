//! Boxes drawn onto images.

use gradus_tensor::{DType, Error, Result, Tensor};

use crate::frames::Frames;

/// The colours of boxes when none are given, one after the other.
const COLORS: [[f32; 4]; 10] = [
    [1.0, 1.0, 0.0, 1.0],
    [0.0, 0.0, 1.0, 1.0],
    [1.0, 0.0, 0.0, 1.0],
    [0.0, 1.0, 0.0, 1.0],
    [0.5, 0.0, 0.5, 1.0],
    [0.5, 0.5, 0.0, 1.0],
    [0.5, 0.0, 0.0, 1.0],
    [0.0, 0.0, 0.5, 1.0],
    [0.0, 1.0, 1.0, 1.0],
    [1.0, 0.0, 1.0, 1.0],
];

/// The images with the outlines of boxes, one pixel wide.
///
/// `images` is `[n, h, w, c]` of f32 with 1, 3 or 4 channels; `boxes` is `[n, boxes, 4]` with rows `y1, x1, y2, x2` from
/// 0 to 1; `colors` is `[k, c]` at least, used in turn (default: TensorFlow's ten, in the range 0 to 1). Boxes that
/// are upside down or outside are not drawn.
///
/// # Errors
/// When shapes or dtypes do not fit.
pub fn draw_bounding_boxes(images: &Tensor, boxes: &Tensor, colors: Option<&Tensor>) -> Result<Tensor> {
    let f = Frames::of("draw_bounding_boxes", images)?;
    let wrong = |what: String| Err(Error::shape(format!("draw_bounding_boxes: {what}")));
    if !f.batched || images.dtype() != DType::F32 || f.size() == 0 {
        return wrong(format!(
            "expected f32 images [n, h, w, c], found {} {}",
            images.dtype(),
            images.shape()
        ));
    }
    let count = match *boxes.shape().dims() {
        [n, count, 4] if n == f.batch => count,
        _ => return wrong(format!("expected boxes [{}, boxes, 4], found {}", f.batch, boxes.shape())),
    };
    let palette: Vec<Vec<f32>> = match colors {
        None => COLORS.iter().map(|c| c.to_vec()).collect(),
        Some(t) => match *t.shape().dims() {
            [k, depth] if k > 0 && depth >= f.channels => {
                t.cast(DType::F32)?.to_vec::<f32>()?.chunks_exact(depth).map(<[f32]>::to_vec).collect()
            }
            _ => return wrong(format!("expected colors [k, {}], found {}", f.channels, t.shape())),
        },
    };
    if palette[0].len() < f.channels {
        return wrong(format!("images of {} channels need colors of as many", f.channels));
    }
    let boxes = boxes.cast(DType::F32)?.to_vec::<f32>()?;
    let (boxes, _) = boxes.as_chunks::<4>();
    let mut out = images.to_vec::<f32>()?;
    for (n, image) in out.chunks_exact_mut(f.size()).enumerate() {
        for (k, corners) in boxes[n * count..(n + 1) * count].iter().enumerate() {
            // A single grey channel is drawn in white.
            let gray = [1.0f32];
            let color =
                if f.channels == 1 && colors.is_none() { &gray[..] } else { &palette[k % palette.len()] };
            outline(image, &f, corners, color);
        }
    }
    Tensor::from_vec(out, images.shape().clone())
}

fn outline(image: &mut [f32], f: &Frames, [y1, x1, y2, x2]: &[f32; 4], color: &[f32]) {
    let at = |v: f32, size: usize| (v * (size as f32 - 1.0)) as i64;
    let (top, left) = (at(*y1, f.height), at(*x1, f.width));
    let (bottom, right) = (at(*y2, f.height), at(*x2, f.width));
    let (last_row, last_column) = (f.height as i64 - 1, f.width as i64 - 1);
    let outside = top > last_row || bottom < 0 || left > last_column || right < 0;
    if top > bottom || left > right || outside {
        return;
    }
    let mut dot = |y: i64, x: i64| {
        if (0..=last_row).contains(&y) && (0..=last_column).contains(&x) {
            let start = (y as usize * f.width + x as usize) * f.channels;
            image[start..start + f.channels].copy_from_slice(&color[..f.channels]);
        }
    };
    for x in left.max(0)..=right.min(last_column) {
        dot(top, x);
        dot(bottom, x);
    }
    for y in top.max(0)..=bottom.min(last_row) {
        dot(y, left);
        dot(y, right);
    }
}
