//! Flips, quarter turns and the swap of height and width.

use gradus_tensor::{Result, Tensor};

use crate::frames::Frames;

/// The image mirrored at its vertical middle line.
///
/// Shape: `[h, w, c]` or `[n, h, w, c]`, kept. Any dtype.
pub fn flip_left_right(image: &Tensor) -> Result<Tensor> {
    let [_, width] = Frames::of("flip_left_right", image)?.axes();
    image.reverse(&[width as isize])
}

/// The image mirrored at its horizontal middle line.
///
/// Shape: `[h, w, c]` or `[n, h, w, c]`, kept. Any dtype.
pub fn flip_up_down(image: &Tensor) -> Result<Tensor> {
    let [height, _] = Frames::of("flip_up_down", image)?.axes();
    image.reverse(&[height as isize])
}

/// Height and width exchanged: `[.., h, w, c]` becomes `[.., w, h, c]`.
pub fn transpose(image: &Tensor) -> Result<Tensor> {
    if Frames::of("transpose", image)?.batched {
        image.transpose(&[0, 2, 1, 3])
    } else {
        image.transpose(&[1, 0, 2])
    }
}

/// The image turned counter-clockwise by `k` quarter turns; `k` may be negative.
pub fn rot90(image: &Tensor, k: i64) -> Result<Tensor> {
    Frames::of("rot90", image)?;
    match k.rem_euclid(4) {
        1 => flip_up_down(&transpose(image)?),
        2 => flip_left_right(&flip_up_down(image)?),
        3 => transpose(&flip_up_down(image)?),
        _ => Ok(image.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_flips() {
        // 1 2 3
        // 4 5 6
        let image = Tensor::from_vec(vec![1u8, 2, 3, 4, 5, 6], [2, 3, 1]).unwrap();
        type Case = (&'static str, fn(&Tensor) -> Result<Tensor>, [usize; 3], [u8; 6]);
        let cases: [Case; 8] = [
            ("flip_left_right", flip_left_right, [2, 3, 1], [3, 2, 1, 6, 5, 4]),
            ("flip_up_down", flip_up_down, [2, 3, 1], [4, 5, 6, 1, 2, 3]),
            ("transpose", transpose, [3, 2, 1], [1, 4, 2, 5, 3, 6]),
            ("rot90 0", |x| rot90(x, 0), [2, 3, 1], [1, 2, 3, 4, 5, 6]),
            ("rot90 1", |x| rot90(x, 1), [3, 2, 1], [3, 6, 2, 5, 1, 4]),
            ("rot90 2", |x| rot90(x, 2), [2, 3, 1], [6, 5, 4, 3, 2, 1]),
            ("rot90 3", |x| rot90(x, 3), [3, 2, 1], [4, 1, 5, 2, 6, 3]),
            ("rot90 -1", |x| rot90(x, -1), [3, 2, 1], [4, 1, 5, 2, 6, 3]),
        ];
        for (name, f, shape, want) in cases {
            let single = f(&image).unwrap();
            assert_eq!(single.shape().dims(), shape, "{name}");
            assert_eq!(single.to_vec::<u8>().unwrap(), want, "{name}");
            let batch = f(&image.expand_dims(0).unwrap()).unwrap();
            assert_eq!(batch.to_vec::<u8>().unwrap(), want, "{name}, a batch");
        }
        assert!(flip_left_right(&Tensor::scalar(1.0f32)).is_err());
    }
}
