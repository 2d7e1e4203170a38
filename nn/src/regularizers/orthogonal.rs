//! A penalty on vectors that are not orthogonal to one another.

use super::regularizer::{Regularizer, keras};
use gradus_tensor::{Error, Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which vectors of a matrix are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrthogonalMode {
    /// The rows.
    #[default]
    Rows,
    /// The columns.
    Columns,
}

/// `factor` times the mean of `|cos|` over all pairs of rows (or columns) of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrthogonalRegularizer {
    factor: f64,
    mode: OrthogonalMode,
}

impl Default for OrthogonalRegularizer {
    fn default() -> Self {
        OrthogonalRegularizer { factor: 0.01, mode: OrthogonalMode::Rows }
    }
}

impl OrthogonalRegularizer {
    /// Of that strength, on rows; Keras's default is 0.01.
    pub fn new(factor: f64) -> Self {
        OrthogonalRegularizer { factor, ..Self::default() }
    }

    /// Rows or columns; rows by default.
    #[must_use]
    pub fn mode(mut self, mode: OrthogonalMode) -> Self {
        self.mode = mode;
        self
    }
}

impl Regularizer for OrthogonalRegularizer {
    /// Errors for ranks other than 2.
    fn penalty(&self, x: &Tensor) -> Result<Tensor> {
        if x.rank() != 2 {
            return Err(Error::shape(format!(
                "OrthogonalRegularizer: expected a matrix, found shape {}",
                x.shape()
            )));
        }
        let rows = if self.mode == OrthogonalMode::Rows { x.clone() } else { x.t()? };
        let norm = rows.square()?.reduce_sum(-1, true)?.maximum(&x.like(1e-12)?)?.sqrt()?;
        let unit = rows.div(&norm)?;
        let n = unit.shape()[0];
        let products = unit.matmul(&unit.t()?)?;
        let index = Tensor::range(n as i64)?;
        let apart = index.expand_dims(-1)?.not_equal(&index)?.cast(x.dtype())?;
        let pairs = (n as f64 * (n as f64 - 1.0) / 2.0).max(1.0);
        products.mul(&apart)?.abs()?.reduce_sum((), false)?.mul(&x.like(self.factor * 0.5 / pairs)?)
    }
    fn config(&self) -> Value {
        keras("OrthogonalRegularizer", json!(self))
    }
}
