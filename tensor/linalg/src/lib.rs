//! Linear algebra over the dense tensors: equations, decompositions, norms and functions of matrices.
//!
//! ```
//! use gradus_linalg::{cholesky, lstsq, solve, svd, LstsqOptions};
//! use gradus_tensor::Tensor;
//! let a = Tensor::new([[4.0f64, 1.0], [1.0, 3.0]])?;
//! let x = solve(&a, &Tensor::new([[1.0f64], [2.0]])?)?;
//! let l = cholesky(&a)?;
//! let (s, u, v) = svd(&a, false)?;
//! let line = lstsq(&Tensor::new([[0.0f64, 1.0], [1.0, 1.0], [2.0, 1.0]])?,
//!     &Tensor::new([[1.0f64], [3.0], [5.0]])?, LstsqOptions::default())?;
//! assert!((line.to_vec::<f64>()?[0] - 2.0).abs() < 1e-12);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! The last two axes are a matrix, those before a batch. Everything takes f32 and f64 and is differentiable, mostly to
//! any order. Wrong shapes and singular matrices are errors that say which matrix; matrices that do not have the asked
//! decomposition (no Cholesky factor, NaN) give NaN, as TensorFlow's.
//!
//! Decompositions are those of the faer crate. Each runs on one thread, and the matrices of a batch on several: results
//! do not depend on the number of threads.
//!
//! What needs no decomposition stands in `gradus-tensor`: `matmul`, `einsum`, `norm` of vectors, `diag`, `diag_part`,
//! `set_diag`, `band_part`, `trace`, `cross`, `eye`. There are no complex matrices here, and no eigenvalues of matrices
//! that are not symmetric, which may be complex.
#![forbid(unsafe_code)]

mod batch;
mod cholesky;
mod determinant;
mod eigh;
mod expm;
mod factor;
mod inverse;
mod lstsq;
mod lu;
mod norm;
mod pinv;
mod products;
mod qr;
mod solve;
mod svd;
mod triangular;

pub use cholesky::{Cholesky, cholesky, cholesky_solve};
pub use determinant::{Cofactors, Det, Slogdet, det, logdet, slogdet};
pub use eigh::{Eigh, Eigvalsh, eigh, eigvalsh};
pub use expm::{Expm, expm};
pub use inverse::{Inv, inv};
pub use lstsq::{LstsqOptions, lstsq};
pub use lu::{Lu, lu, lu_reconstruct, lu_solve};
pub use norm::{MatrixNorm, matrix_norm};
pub use pinv::{Pinv, matrix_rank, pinv};
pub use products::{kron, matrix_power};
pub use qr::{Qr, qr};
pub use solve::{Solve, solve, solve_adjoint};
pub use svd::{SingularValues, Svd, singular_values, svd};
pub use triangular::{Triangle, TriangularSolve, triangular_solve};

/// The operations of this crate, for a [`Registry`](gradus_tensor::Registry).
pub const DEFS: &[gradus_tensor::attr::OpDef] = &[
    Cholesky::DEF,
    Cofactors::DEF,
    Det::DEF,
    Eigh::DEF,
    Eigvalsh::DEF,
    Expm::DEF,
    Inv::DEF,
    Lu::DEF,
    Pinv::DEF,
    Qr::DEF,
    SingularValues::DEF,
    Slogdet::DEF,
    Solve::DEF,
    Svd::DEF,
    TriangularSolve::DEF,
];
