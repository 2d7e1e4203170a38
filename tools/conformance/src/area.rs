//! The bindings, one file per family of operations.

use crate::registry::Registry;

/// Every binding there is.
pub fn registry() -> Registry {
    Registry::default()
}
