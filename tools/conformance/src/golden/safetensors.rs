//! A strict reader of the safetensors format.
//!
//! Layout: 8 bytes little-endian N, N bytes of JSON `{name: {"dtype", "shape", "data_offsets": [begin, end]}}`, data.
//! Strict means: the header fits the file, every range lies inside the data, has the length that dtype and shape ask
//! for, and the ranges cover the data without gap or overlap. Nothing is allocated beyond the bytes present.

use std::collections::BTreeMap;

use gradus_kernels::DType;
use serde_json::Value as Json;

use super::Array;

/// The arrays of one safetensors file by name.
pub fn read_safetensors(file: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or("shorter than its 8-byte length")?;
    let length =
        usize::try_from(u64::from_le_bytes(*length)).map_err(|_| "header length does not fit memory")?;
    let (header, data) = rest
        .split_at_checked(length)
        .ok_or_else(|| format!("header of {length} bytes, file has {}", rest.len()))?;
    let header: Json = serde_json::from_slice(header).map_err(|e| format!("header: {e}"))?;
    let header = header.as_object().ok_or("header is not an object")?;
    let mut arrays = BTreeMap::new();
    let mut ranges = Vec::new();
    for (name, entry) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let (array, range) = entry_array(entry, data).map_err(|e| format!("{name}: {e}"))?;
        arrays.insert(name.clone(), array);
        ranges.push(range);
    }
    ranges.sort_unstable();
    let mut covered = 0;
    for (begin, end) in ranges {
        if begin != covered {
            return Err(format!("data has a gap or overlap at byte {covered}: next array starts at {begin}"));
        }
        covered = end;
    }
    if covered != data.len() {
        return Err(format!("arrays cover {covered} of {} data bytes", data.len()));
    }
    Ok(arrays)
}

fn entry_array(entry: &Json, data: &[u8]) -> Result<(Array, (usize, usize)), String> {
    let dtype = entry["dtype"].as_str().ok_or("no dtype")?;
    let dtype = match dtype {
        "F32" => DType::F32,
        "F64" => DType::F64,
        "F16" => DType::F16,
        "BF16" => DType::BF16,
        "I8" => DType::I8,
        "I16" => DType::I16,
        "I32" => DType::I32,
        "I64" => DType::I64,
        "U8" => DType::U8,
        "U16" => DType::U16,
        "U32" => DType::U32,
        "U64" => DType::U64,
        "BOOL" => DType::Bool,
        other => return Err(format!("unknown dtype {other:?}")),
    };
    let shape = sizes(&entry["shape"]).ok_or("shape is not a list of sizes")?;
    let offsets = sizes(&entry["data_offsets"]).ok_or("data_offsets is not a list of sizes")?;
    let &[begin, end] = offsets.as_slice() else {
        return Err(format!("data_offsets has {} entries, not 2", offsets.len()));
    };
    let bytes =
        data.get(begin..end).ok_or_else(|| format!("range {begin}..{end} of {} data bytes", data.len()))?;
    if dtype == DType::Bool && bytes.iter().any(|&b| b > 1) {
        return Err("bool bytes other than 0 and 1".to_string());
    }
    Ok((Array::new(dtype, shape, bytes.to_vec())?, (begin, end)))
}

fn sizes(json: &Json) -> Option<Vec<usize>> {
    json.as_array()?.iter().map(|v| usize::try_from(v.as_u64()?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn reads_what_is_well_formed() {
        let header = r#"{"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BOOL","shape":[],"data_offsets":[4,5]}}"#;
        let arrays = read_safetensors(&file(header, &[1, 0, 255, 255, 1])).unwrap();
        assert_eq!(arrays["a"].integers().unwrap(), [1, -1]);
        assert_eq!(arrays["b"].shape(), [0usize; 0]);
    }

    #[test]
    fn refuses_what_is_not() {
        let cases: &[(&str, Vec<u8>)] = &[
            ("shorter than", vec![1, 2, 3]),
            ("header of", [255u8; 9].to_vec()),
            ("header:", file("{", &[])),
            ("unknown dtype", file(r#"{"a":{"dtype":"Q4","shape":[],"data_offsets":[0,1]}}"#, &[0])),
            ("range 0..8", file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &[0; 4])),
            ("needs 8 bytes", file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, &[0; 4])),
            ("gap or overlap", file(r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, &[0; 2])),
            ("cover 1 of 2", file(r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, &[0; 2])),
            ("bool bytes", file(r#"{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}"#, &[7])),
        ];
        for (want, bytes) in cases {
            let error = read_safetensors(bytes).unwrap_err();
            assert!(error.contains(want), "wanted {want:?} in {error:?}");
        }
    }
}
