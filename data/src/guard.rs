//! The border between our threads and the user's functions: a panic becomes an error with a place.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{DataError, ErrorKind, Result, Site};

/// Runs a user's function for one element; a panic in it is an error of the stage at that element.
#[inline]
pub(crate) fn guard<R>(site: Site, index: u64, f: impl FnOnce() -> R) -> Result<R> {
    // Unwind safety: after a panic the stage either drops what the function touched or reports the
    // element as lost; nothing half-made is handed on.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| panicked(site, index, payload.as_ref()))
}

/// As [`guard`], for functions that return a result themselves.
#[inline]
pub(crate) fn try_guard<R>(site: Site, index: u64, f: impl FnOnce() -> Result<R>) -> Result<R> {
    guard(site, index, f)?.map_err(|e| e.at(site, index))
}

#[cold]
pub(crate) fn panicked(site: Site, index: u64, payload: &(dyn Any + Send)) -> DataError {
    let text = payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(a payload that is no text)".to_owned());
    site.error(index, ErrorKind::Panic, format!("panicked: {text}"))
}
