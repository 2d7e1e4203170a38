//! What the example programs share: pictures, charts, and the ledger's models.
#![forbid(unsafe_code)]

pub mod canvas;
pub mod chart;
#[cfg(feature = "data")]
pub mod contact;
pub mod fashion;
pub mod plane;
pub mod sheet;
