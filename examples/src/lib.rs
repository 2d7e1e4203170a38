//! What the example programs share: pictures, charts, and the ledger's models.
#![forbid(unsafe_code)]

pub mod canvas;
pub mod chart;
pub mod fashion;
pub mod plane;
pub mod sheet;
