//! White space at the ends.

use crate::StringTensor;

/// C's `isspace`: space, tab, newline, vertical tab, form feed, carriage return.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The bytes without white space at either end.
pub(crate) fn trim(mut s: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = s
        && is_space(*first)
    {
        s = rest;
    }
    while let [rest @ .., last] = s
        && is_space(*last)
    {
        s = rest;
    }
    s
}

impl StringTensor {
    /// Every element without ASCII white space at its ends.
    #[must_use]
    pub fn strip(&self) -> StringTensor {
        self.map(|s, out| out.extend_from_slice(trim(s)))
    }
}
