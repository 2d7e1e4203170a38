//! The table of operations that can be made again from a name and attributes.

use crate::attr::{Attr, OpDef};
use crate::{Error, Op, Result};

/// A set of operations by name. Users add their own entries to the built-in ones.
#[derive(Clone)]
pub struct Registry {
    defs: Vec<OpDef>,
}

impl Registry {
    /// The operations of this crate.
    pub fn builtin() -> Registry {
        Registry { defs: crate::ops::DEFS.iter().flat_map(|d| d.iter().copied()).collect() }
    }

    /// Adds operations; a later entry of the same name wins.
    #[must_use]
    pub fn with(mut self, defs: &[OpDef]) -> Registry {
        self.defs.extend_from_slice(defs);
        self
    }

    /// Every name, in the order of the table.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.defs.iter().map(|d| d.name)
    }

    /// The operation of that name with those attributes.
    pub fn load(&self, name: &str, attrs: &[Attr]) -> Result<Box<dyn Op>> {
        match self.defs.iter().rev().find(|d| d.name == name) {
            Some(d) => (d.load)(attrs),
            None => Err(Error::value(format!("unknown operation {name:?}; register it first"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique() {
        let mut seen = HashSet::new();
        for n in Registry::builtin().names() {
            assert!(seen.insert(n), "{n} stands twice in the registry");
        }
    }
}
