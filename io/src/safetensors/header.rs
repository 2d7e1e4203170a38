//! The JSON header: read strictly, written canonically.

use super::CODES;
use crate::error::{Error, Result};
use crate::json;
use crate::tensor_data::{MAX_RANK, NamedTensor, byte_len, check_unique};
use gradus_kernels::DType;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

pub(super) const METADATA: &str = "__metadata__";

pub(super) struct Header {
    pub(super) entries: Vec<Entry>,
    pub(super) metadata: BTreeMap<String, String>,
}

pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// Parses the header; the entries come sorted by their offsets.
pub(super) fn parse(text: &[u8]) -> Result<Header> {
    // What an entry, a shape and a line of metadata take in memory; padding and names are in the text's own length.
    json::check_memory(text, &json::Costs { map: 160, array: 64, item: 112 })?;
    let raw: Raw =
        serde_json::from_slice(text).map_err(|e| Error::corrupt(format!("not a safetensors header: {e}")))?;
    let mut entries = Vec::with_capacity(raw.entries.len());
    for (name, info) in raw.entries {
        let dtype = CODES.iter().find(|(_, code)| *code == info.dtype).map(|&(dtype, _)| dtype);
        let Some(dtype) = dtype else {
            let message = format!("the dtype {:?}", info.dtype);
            return Err(Error::unsupported(message).in_part(|| format!("tensor {name:?}")));
        };
        let [begin, end] = info.data_offsets;
        entries.push(Entry { name, dtype, shape: info.shape, begin, end });
    }
    check_unique("tensors", entries.iter().map(|e| e.name.as_str()))
        .map_err(|e| Error::corrupt(e.to_string()))?;
    entries.sort_by(|a, b| (a.begin, a.end, &a.name).cmp(&(b.begin, b.end, &b.name)));
    Ok(Header { entries, metadata: raw.metadata.unwrap_or_default() })
}

/// The tensors cover the data exactly, each with the bytes that dtype and shape take.
pub(super) fn check(entries: &[Entry], data_length: u64) -> Result<()> {
    let mut at = 0;
    for Entry { name, dtype, shape, begin, end } in entries {
        let part = || format!("tensor {name:?}");
        if *begin != at || end < begin {
            let message = format!("its bytes are {begin}..{end}, expected a start at {at}");
            return Err(Error::corrupt(message).in_part(part));
        }
        let expected = byte_len(*dtype, shape).map_err(|e| Error::corrupt(e.to_string()).in_part(part))?;
        if end - begin != expected as u64 {
            let message = format!("{dtype} of shape {shape:?} takes {expected} bytes, found {}", end - begin);
            return Err(Error::corrupt(message).in_part(part));
        }
        at = *end;
    }
    match at {
        _ if at > data_length => {
            Err(Error::truncated(format!("the tensors take {at} bytes, {data_length} are there")))
        }
        _ if at < data_length => {
            Err(Error::corrupt(format!("{} bytes belong to no tensor", data_length - at)))
        }
        _ => Ok(()),
    }
}

/// The text of a header for tensors in this order, padded with spaces to a multiple of 8.
pub(super) fn text<'a>(
    tensors: impl Iterator<Item = (&'static str, &'a NamedTensor)>,
    metadata: &BTreeMap<String, String>,
) -> Result<String> {
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    let mut lines = Vec::new();
    if !metadata.is_empty() {
        let pairs: Vec<_> = metadata.iter().map(|(k, v)| format!("{}:{}", quote(k), quote(v))).collect();
        lines.push(format!("{}:{{{}}}", quote(METADATA), pairs.join(",")));
    }
    let mut at = 0;
    for (code, NamedTensor { name, tensor }) in tensors {
        let end = at + tensor.bytes().len();
        let shape: Vec<_> = tensor.shape().iter().map(usize::to_string).collect();
        lines.push(format!(
            "{}:{{\"dtype\":\"{code}\",\"shape\":[{}],\"data_offsets\":[{at},{end}]}}",
            quote(name),
            shape.join(",")
        ));
        at = end;
    }
    let mut text = format!("{{{}}}", lines.join(","));
    text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
    if text.len() as u64 > super::MAX_HEADER {
        return Err(Error::too_large(format!("a header of {} bytes, the format allows 100 MB", text.len())));
    }
    Ok(text)
}

/// The header as JSON, before its values are judged.
struct Raw {
    entries: Vec<(String, Info)>,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    dtype: String,
    #[serde(deserialize_with = "shape")]
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

fn shape<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<usize>, D::Error> {
    let shape = Vec::<usize>::deserialize(deserializer)?;
    if shape.len() > MAX_RANK {
        return Err(D::Error::custom(format!("{} axes, the most is {MAX_RANK}", shape.len())));
    }
    Ok(shape)
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Raw, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Raw, A::Error> {
                let mut raw = Raw { entries: Vec::new(), metadata: None };
                while let Some(name) = map.next_key::<String>()? {
                    if name != METADATA {
                        raw.entries.push((name, map.next_value()?));
                    } else if raw.metadata.replace(map.next_value::<Unique>()?.0).is_some() {
                        return Err(A::Error::custom("__metadata__ stands twice"));
                    }
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A map of text to text in which no key stands twice.
struct Unique(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Unique, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of text")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Unique, A::Error> {
                let mut pairs = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, String>()? {
                    if pairs.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key of __metadata__ stands twice"));
                    }
                }
                Ok(Unique(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
