//! Inputs: the same pseudo-random values in every run.

use gradus_tensor::{Shape, Tensor};

/// Values of mean 0 and deviation 1, from a counter, so that every workload sees the same ones.
pub fn random(shape: impl Into<Shape>) -> Result<Tensor, String> {
    let shape = shape.into();
    let values: Vec<f32> = (0..shape.num_elements() as u64).map(normal).collect();
    Tensor::from_vec(values, shape).map_err(|e| e.to_string())
}

/// The sum of four uniform numbers is close enough to normal for timing: no infinities, no denormals.
fn normal(i: u64) -> f32 {
    let mut z = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    let sum: u32 = (0..4).map(|k| (z >> (16 * k)) as u32 & 0xffff).sum();
    (sum as f32 / 65536.0 - 2.0) * 3f32.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation() {
        let x = random([100_000]).unwrap().to_f64_vec().unwrap();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}
