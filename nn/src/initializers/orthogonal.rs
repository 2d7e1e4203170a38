//! Orthogonal matrices (Saxe et al. 2013).

use super::drawn::Generator;
use super::initializer::{Initializer, keras};
use super::random::normal;
use crate::seed::next_key;
use gradus_tensor::{DType, Error, Result, Shape, Spec, Tensor, dispatch};
use rand::SeedableRng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A random matrix with orthonormal columns (or rows, when there are more columns), times `gain`.
///
/// Axes before the last count as rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orthogonal {
    gain: f64,
    seed: Option<u64>,
}

impl Default for Orthogonal {
    fn default() -> Self {
        Orthogonal { gain: 1.0, seed: None }
    }
}

impl Orthogonal {
    /// Orthonormal vectors times `gain`; Keras's default is 1.
    pub fn new(gain: f64) -> Self {
        Orthogonal { gain, seed: None }
    }

    /// Draws the same values every time; from the global sequence by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

/// Orthonormal vectors from random ones: Gram-Schmidt, twice, since once loses orthogonality to rounding.
///
/// The result is distributed as that of a QR decomposition whose R has a positive diagonal: uniformly.
fn orthonormal(count: usize, len: usize, g: &mut Generator) -> Vec<Vec<f64>> {
    let mut done: Vec<Vec<f64>> = Vec::with_capacity(count);
    while done.len() < count {
        let mut v: Vec<f64> = (0..len).map(|_| normal(g, false)).collect();
        for _ in 0..2 {
            for u in &done {
                let along: f64 = u.iter().zip(&v).map(|(a, b)| a * b).sum();
                v.iter_mut().zip(u).for_each(|(v, u)| *v -= along * u);
            }
        }
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        // A vector that fell onto the others is drawn again.
        if norm > 1e-9 {
            v.iter_mut().for_each(|x| *x /= norm);
            done.push(v);
        }
    }
    done
}

impl Initializer for Orthogonal {
    /// Errors for ranks below 2, and for dtypes other than floats.
    fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        if shape.len() < 2 || !dtype.is_float() {
            return Err(Error::shape(format!(
                "Orthogonal: expected a float matrix or more axes, found {dtype}{shape:?}"
            )));
        }
        let columns = shape[shape.len() - 1];
        let rows = Shape::new(shape).checked_len()?.checked_div(columns).unwrap_or(0);
        let mut g = Generator::seed_from_u64(self.seed.unwrap_or_else(next_key));
        let vectors = orthonormal(rows.min(columns), rows.max(columns), &mut g);
        Tensor::build(Spec::new(dtype, shape), |y| {
            dispatch!(dtype, T: all => {
                for (i, v) in y.as_mut::<T>().iter_mut().enumerate() {
                    let (r, c) = (i / columns, i % columns);
                    let x = if rows < columns { vectors[r][c] } else { vectors[c][r] };
                    *v = gradus_tensor::Element::from_f64(self.gain * x);
                }
            });
            Ok(())
        })
    }

    fn config(&self) -> Value {
        keras("Orthogonal", serde_json::to_value(self).unwrap_or_default())
    }
}
