//! JSON from files, with its memory known before it is parsed.
//!
//! A parsed document can be much larger than its text: `{"a":0}` is 7 bytes and becomes a map node of hundreds. The
//! text is scanned once for what allocates, and refused when the estimate is above a budget. `serde_json` itself
//! refuses more than 128 levels.

use crate::error::{Error, Result};
use serde_json::Value;

/// Memory for one document, on top of four times its text.
pub(crate) const BUDGET: usize = 48 << 20;

/// A map's first node, allocated at once for eleven entries.
const MAP: usize = size_of::<(String, Value)>() * 11 + 64;
/// An element of an array, which may have doubled just before; smaller arrays start at four.
const ITEM: usize = size_of::<Value>() * 2;
const ARRAY: usize = size_of::<Value>() * 4;

/// Parses one JSON document.
pub(crate) fn parse(text: &[u8]) -> Result<Value> {
    let estimate = estimate(text);
    let limit = BUDGET.saturating_add(text.len().saturating_mul(4));
    if estimate > limit {
        return Err(Error::too_large(format!(
            "JSON of {} bytes needs {estimate} bytes of memory",
            text.len()
        )));
    }
    serde_json::from_slice(text).map_err(|e| Error::corrupt(format!("not valid JSON: {e}")))
}

fn estimate(text: &[u8]) -> usize {
    let mut bytes = 0usize;
    let (mut quoted, mut escaped) = (false, false);
    for &b in text {
        if quoted {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match b {
            b'"' => quoted = true,
            b'{' => bytes = bytes.saturating_add(MAP),
            b'[' => bytes = bytes.saturating_add(ARRAY),
            // In a map a comma is an entry of key and value in a node that is at least half full.
            b',' => bytes = bytes.saturating_add(ITEM * 2),
            _ => {}
        }
    }
    bytes
}

/// The text of a document: indented, so that people can read it in the file.
pub(crate) fn to_text(value: &Value) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|e| Error::invalid(format!("cannot be written as JSON: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn documents() {
        let deep = "[".repeat(1_000_000);
        let wide = format!("[{}{{}}]", "{\"a\":0},".repeat(200_000));
        let quoted = format!("\"{}\"", "{,[".repeat(1_000_000));
        for (name, text, expected) in [
            ("empty", "", Some(ErrorKind::Corrupt)),
            ("map", "{\"a\": [1, 2.5, \"x\"]}", None),
            ("trailing", "{} {}", Some(ErrorKind::Corrupt)),
            ("cut", "{\"a\": [1, 2", Some(ErrorKind::Corrupt)),
            ("a million levels", &deep, Some(ErrorKind::TooLarge)),
            ("129 levels", &"[".repeat(129), Some(ErrorKind::Corrupt)),
            ("many maps", &wide, Some(ErrorKind::TooLarge)),
            ("braces inside a string are text", &quoted, None),
        ] {
            assert_eq!(parse(text.as_bytes()).err().map(|e| e.kind()), expected, "{name}");
        }
    }
}
