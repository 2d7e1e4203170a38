//! Normalisation: of rows (layer normalisation) and of columns (batch normalisation).

pub(crate) mod columns;
pub(crate) mod rows;

pub use columns::{
    Above, Moments, Slope, column_affine, column_backward, column_moments, column_scales, column_sums,
};
pub use rows::{RowGradients, row_norm, row_norm_backward};

#[cfg(test)]
mod tests;
