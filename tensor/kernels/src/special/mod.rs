//! Special functions in f64, for the elementwise operations and the distributions above.
//!
//! f32 values go through these and are rounded: they are rare enough that accuracy counts for more than
//! speed. Every function is checked against published values or an independent implementation.

mod bessel;
mod beta;
mod error_function;
mod gamma;
mod integrals;
mod zeta;

pub use bessel::{bessel_i0, bessel_i0e, bessel_i1, bessel_i1e, bessel_j0, bessel_j1, bessel_k0, bessel_k0e};
pub use bessel::{bessel_k1, bessel_k1e, bessel_y0, bessel_y1};
pub use beta::betainc;
pub use error_function::{erf, erfc, erfinv, ndtr, ndtri};
pub use gamma::{digamma, igamma, igammac, lgamma};
pub use integrals::{dawsn, expint, fresnel_cos, fresnel_sin, spence};
pub use zeta::{polygamma, zeta};

#[cfg(test)]
mod tests;
