//! JSON from files, with its memory known before it is parsed.
//!
//! A parsed document can be much larger than its text: `{"a":0}` is 7 bytes and becomes a map node of hundreds. The
//! text is scanned once for what allocates, and refused when the estimate is above a budget. `serde_json` itself
//! refuses more than 128 levels.

use crate::error::{Error, Result};
use serde_json::Value;

/// Memory for one document, on top of four times its text.
pub(crate) const BUDGET: usize = 48 << 20;

/// Memory that the tokens of a document take when it is parsed.
pub(crate) struct Costs {
    /// Each `{`.
    pub(crate) map: usize,
    /// Each `[`.
    pub(crate) array: usize,
    /// Each `,`.
    pub(crate) item: usize,
}

/// What [`Value`] takes: a map's first node is allocated at once for eleven entries, an array's first four elements
/// too, and a comma is an entry of key and value in a node that is at least half full.
const VALUE: Costs = Costs {
    map: size_of::<(String, Value)>() * 11 + 64,
    array: size_of::<Value>() * 4,
    item: size_of::<Value>() * 4,
};

/// Parses one JSON document.
pub(crate) fn parse(text: &[u8]) -> Result<Value> {
    check_memory(text, &VALUE)?;
    serde_json::from_slice(text).map_err(|e| Error::corrupt(format!("not valid JSON: {e}")))
}

/// Refuses a document that would take more memory than [`BUDGET`] and four times its text.
pub(crate) fn check_memory(text: &[u8], costs: &Costs) -> Result<()> {
    let estimate = estimate(text, costs);
    if estimate > BUDGET.saturating_add(text.len().saturating_mul(4)) {
        return Err(Error::too_large(format!(
            "JSON of {} bytes needs {estimate} bytes of memory",
            text.len()
        )));
    }
    Ok(())
}

fn estimate(text: &[u8], costs: &Costs) -> usize {
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
        bytes = bytes.saturating_add(match b {
            b'{' => costs.map,
            b'[' => costs.array,
            b',' => costs.item,
            _ => 0,
        });
        quoted = b == b'"';
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
