//! Model directories and exchange formats.
#![forbid(unsafe_code)]
