//! Verified, resumable downloads of the classic datasets, and their parsers.
#![forbid(unsafe_code)]
