//! Variables, gradient tapes and traced functions.
#![forbid(unsafe_code)]
