//! What a name in a case stands for: an array, strings, or ragged or sparse parts around one of those.

use std::fmt;

use serde_json::Value as Json;

use super::{Array, Arrays};

/// What a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A dense array of numbers or bools.
    Array,
    /// A dense array of byte strings.
    Strings,
    /// Nested rows.
    Ragged,
    /// Values at coordinates.
    Sparse,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Array => "array",
            Kind::Strings => "strings",
            Kind::Ragged => "ragged",
            Kind::Sparse => "sparse",
        })
    }
}

/// One input, wanted or found value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A dense array.
    Array(Array),
    /// Byte strings in row-major order.
    Strings {
        /// The extent of every axis.
        shape: Vec<usize>,
        /// One byte string per element.
        values: Vec<Vec<u8>>,
    },
    /// Nested rows over flat values.
    Ragged {
        /// Row splits, outermost first.
        row_splits: Vec<Vec<i64>>,
        /// The innermost values.
        flat: Box<Value>,
    },
    /// Values at coordinates.
    Sparse {
        /// One coordinate per value.
        indices: Vec<Vec<i64>>,
        /// The dense shape.
        shape: Vec<i64>,
        /// A vector with one value per coordinate.
        flat: Box<Value>,
    },
}

impl Value {
    /// The value called `name`: an array of the file, or what the case's `values` object describes.
    pub(crate) fn named(name: &str, arrays: &Arrays, described: &Json) -> Result<Value, String> {
        match arrays.get(name) {
            Some(array) => Ok(Value::Array(array.clone())),
            None => match described.get(name) {
                Some(description) => Value::described(description, arrays, described),
                None => Err(format!("{name} is neither an array nor described")),
            },
        }
    }

    fn described(json: &Json, arrays: &Arrays, all: &Json) -> Result<Value, String> {
        let flat = || match &json["flat"] {
            Json::String(name) => Value::named(name, arrays, all).map(Box::new),
            description => Value::described(description, arrays, all).map(Box::new),
        };
        match json["kind"].as_str() {
            Some("string") => {
                let shape =
                    list(&json["shape"], |d| usize::try_from(d.as_u64()?).ok()).ok_or("bad string shape")?;
                let values = list(&json["values"], byte_string).ok_or("bad string values")?;
                if shape.iter().product::<usize>() != values.len() {
                    return Err(format!("{} strings of shape {shape:?}", values.len()));
                }
                Ok(Value::Strings { shape, values })
            }
            Some("ragged") => {
                let row_splits = list(&json["row_splits"], integers).ok_or("bad row_splits")?;
                Ok(Value::Ragged { row_splits, flat: flat()? })
            }
            Some("sparse") => {
                let indices = list(&json["indices"], integers).ok_or("bad indices")?;
                let shape = integers(&json["shape"]).ok_or("bad sparse shape")?;
                Ok(Value::Sparse { indices, shape, flat: flat()? })
            }
            other => Err(format!("unknown kind of value {other:?}")),
        }
    }

    /// What this value is made of; [`Value::flat_kind`] tells what lies in its rows or at its coordinates.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Array(_) => Kind::Array,
            Value::Strings { .. } => Kind::Strings,
            Value::Ragged { .. } => Kind::Ragged,
            Value::Sparse { .. } => Kind::Sparse,
        }
    }

    /// The kind of the innermost values: arrays or strings.
    pub fn flat_kind(&self) -> Kind {
        match self {
            Value::Ragged { flat, .. } | Value::Sparse { flat, .. } => flat.flat_kind(),
            other => other.kind(),
        }
    }
}

impl From<Array> for Value {
    fn from(array: Array) -> Value {
        Value::Array(array)
    }
}

fn list<T>(json: &Json, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    json.as_array()?.iter().map(read).collect()
}

fn integers(json: &Json) -> Option<Vec<i64>> {
    list(json, Json::as_i64)
}

/// Text stands for its UTF-8 bytes, `{"hex": "ff00"}` for bytes that are not text.
fn byte_string(json: &Json) -> Option<Vec<u8>> {
    match json {
        Json::String(text) => Some(text.clone().into_bytes()),
        _ => {
            let hex = json["hex"].as_str()?.as_bytes();
            if hex.len() % 2 != 0 {
                return None;
            }
            let digit = |b: u8| char::from(b).to_digit(16);
            hex.chunks(2).map(|p| u8::try_from(digit(p[0])? * 16 + digit(p[1])?).ok()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn descriptions_nest() {
        let all = json!({"r": {"kind": "ragged", "row_splits": [[0, 1, 2]],
            "flat": {"kind": "string", "shape": [2], "values": ["é", {"hex": "ff00"}]}}});
        let value = Value::named("r", &Arrays::default(), &all).unwrap();
        let flat = Value::Strings { shape: vec![2], values: vec!["é".into(), vec![255, 0]] };
        assert_eq!(value, Value::Ragged { row_splits: vec![vec![0, 1, 2]], flat: Box::new(flat) });
        assert!(Value::named("s", &Arrays::default(), &all).unwrap_err().contains("neither"));
    }
}
