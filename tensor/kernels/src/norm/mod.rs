//! Normalisation: of rows (layer normalisation) and of columns (batch normalisation).

pub(crate) mod column_gradients;
mod column_loops;
pub(crate) mod columns;
pub(crate) mod moments;
pub(crate) mod rows;

pub use column_gradients::{Above, GradientColumns, Slope, column_backward, column_sums};
pub use columns::{column_affine, column_scales};
pub use moments::{Moments, column_moments, join_moments};
pub use rows::{RowGradients, row_norm, row_norm_backward};

#[cfg(test)]
mod tests;
