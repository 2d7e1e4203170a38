//! Against the reference implementation, which reads what is written here and the other way round.

use ::safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use gradus_io::{ErrorKind, NamedTensor, TensorData, safetensors};
use gradus_kernels::DType;
use std::collections::{BTreeMap, HashMap};

const PAIRS: [(DType, Dtype); 14] = [
    (DType::Bool, Dtype::BOOL),
    (DType::U8, Dtype::U8),
    (DType::I8, Dtype::I8),
    (DType::I16, Dtype::I16),
    (DType::U16, Dtype::U16),
    (DType::F16, Dtype::F16),
    (DType::BF16, Dtype::BF16),
    (DType::I32, Dtype::I32),
    (DType::U32, Dtype::U32),
    (DType::F32, Dtype::F32),
    (DType::C64, Dtype::C64),
    (DType::F64, Dtype::F64),
    (DType::I64, Dtype::I64),
    (DType::U64, Dtype::U64),
];

fn tensors() -> Vec<NamedTensor> {
    let mut tensors = Vec::new();
    for (i, (dtype, _)) in PAIRS.into_iter().enumerate() {
        for shape in [vec![], vec![3, 2], vec![0, 4]] {
            let len = shape.iter().product::<usize>() * dtype.size();
            let bytes =
                (0..len).map(|k| if dtype == DType::Bool { k % 2 } else { k * 7 + i } as u8).collect();
            let name = format!("tensor \"{dtype}\" {shape:?} ü\n");
            tensors.push(NamedTensor::new(name, TensorData::new(dtype, shape, bytes).unwrap()));
        }
    }
    tensors
}

fn reference(tensors: &[NamedTensor], metadata: Option<HashMap<String, String>>) -> Vec<u8> {
    let views = tensors.iter().map(|t| {
        let dtype = PAIRS.iter().find(|p| p.0 == t.tensor.dtype()).unwrap().1;
        (&t.name, TensorView::new(dtype, t.tensor.shape().to_vec(), t.tensor.bytes()).unwrap())
    });
    serialize(views, metadata).unwrap()
}

#[test]
fn the_same_bytes_as_the_reference() {
    for pairs in [vec![], vec![("format", "pt")], vec![("k\"ey", "a\\b\u{7f}\u{1}é")]] {
        let metadata: BTreeMap<_, _> = pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let theirs = (!pairs.is_empty()).then(|| metadata.clone().into_iter().collect());
        let written = safetensors::write(&tensors(), &metadata).unwrap();
        let expected = reference(&tensors(), theirs);
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&expected), "{pairs:?}");
        assert_eq!(written, expected);
        let read = safetensors::read(&written).unwrap();
        assert_eq!(read.metadata, metadata);
        assert_eq!(read.tensors.len(), tensors().len());
        for tensor in tensors() {
            assert!(read.tensors.contains(&tensor), "{}", tensor.name);
        }
    }
}

#[test]
fn a_file_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    safetensors::save(&path, &tensors(), &BTreeMap::new()).unwrap();
    assert_eq!(safetensors::load(&path).unwrap().tensors.len(), tensors().len());
    let complex = NamedTensor::new("x", TensorData::new(DType::C128, vec![], vec![0; 16]).unwrap());
    let error = safetensors::save(&path, &[complex], &BTreeMap::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(safetensors::load(&path).unwrap().tensors.len(), tensors().len(), "the old file stays");
}

fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn hostile_headers() {
    let two = |a: &str, b: &str| {
        format!(
            r#"{{"a":{{"dtype":"U8","shape":[2],"data_offsets":{a}}},"b":{{"dtype":"U8","shape":[2],"data_offsets":{b}}}}}"#
        )
    };
    let one = |text: &str| format!(r#"{{"a":{{{text}}}}}"#);
    for (name, header, data, expected) in [
        ("good", two("[0,2]", "[2,4]"), 4, None),
        ("good, other order", two("[2,4]", "[0,2]"), 4, None),
        ("good, no tensors", "{}".into(), 0, None),
        ("overlap", two("[0,2]", "[1,3]"), 3, Some(ErrorKind::Corrupt)),
        ("same bytes", two("[0,2]", "[0,2]"), 2, Some(ErrorKind::Corrupt)),
        ("hole", two("[0,2]", "[3,5]"), 5, Some(ErrorKind::Corrupt)),
        ("late start", two("[1,3]", "[3,5]"), 5, Some(ErrorKind::Corrupt)),
        ("bytes left over", two("[0,2]", "[2,4]"), 5, Some(ErrorKind::Corrupt)),
        ("bytes missing", two("[0,2]", "[2,4]"), 3, Some(ErrorKind::Truncated)),
        ("backwards", two("[0,2]", "[4,2]"), 4, Some(ErrorKind::Corrupt)),
        ("negative", two("[0,2]", "[-2,0]"), 4, Some(ErrorKind::Corrupt)),
        ("offset of 2^64", two("[0,2]", "[2,18446744073709551616]"), 4, Some(ErrorKind::Corrupt)),
        ("name twice", two("[0,2]", "[2,4]").replace("\"b\"", "\"a\""), 4, Some(ErrorKind::Corrupt)),
        (
            "name twice, spelt in two ways",
            two("[0,2]", "[2,4]").replace("\"b\"", "\"\\u0061\""),
            4,
            Some(ErrorKind::Corrupt),
        ),
        (
            "wrong length",
            one(r#""dtype":"F32","shape":[2],"data_offsets":[0,4]"#),
            4,
            Some(ErrorKind::Corrupt),
        ),
        (
            "shape overflow",
            one(r#""dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]"#),
            0,
            Some(ErrorKind::Corrupt),
        ),
        (
            "2^63 elements of nothing",
            one(r#""dtype":"U8","shape":[0,9223372036854775807,4],"data_offsets":[0,0]"#),
            0,
            Some(ErrorKind::Corrupt),
        ),
        (
            "unknown dtype",
            one(r#""dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]"#),
            2,
            Some(ErrorKind::Unsupported),
        ),
        (
            "unknown field",
            one(r#""dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1"#),
            2,
            Some(ErrorKind::Corrupt),
        ),
        (
            "field twice",
            one(r#""dtype":"U8","dtype":"I8","shape":[2],"data_offsets":[0,2]"#),
            2,
            Some(ErrorKind::Corrupt),
        ),
        ("field missing", one(r#""dtype":"U8","shape":[2]"#), 2, Some(ErrorKind::Corrupt)),
        ("metadata of numbers", r#"{"__metadata__":{"a":1}}"#.into(), 0, Some(ErrorKind::Corrupt)),
        ("metadata twice", r#"{"__metadata__":{},"__metadata__":{}}"#.into(), 0, Some(ErrorKind::Corrupt)),
        ("metadata key twice", r#"{"__metadata__":{"a":"b","a":"c"}}"#.into(), 0, Some(ErrorKind::Corrupt)),
        ("not an object", "[]".into(), 0, Some(ErrorKind::Foreign)),
        ("spaces first", " {}".into(), 0, Some(ErrorKind::Foreign)),
        ("text after it", "{}x".into(), 0, Some(ErrorKind::Corrupt)),
        (
            "65 axes",
            one(&format!(r#""dtype":"U8","shape":[{}1],"data_offsets":[0,1]"#, "1,".repeat(64))),
            1,
            Some(ErrorKind::Corrupt),
        ),
    ] {
        let read = safetensors::read(&file(&header, data));
        assert_eq!(read.as_ref().err().map(|e| e.kind()), expected, "{name}: {read:?}");
    }
    for (name, length, expected) in [
        ("2^63", 1u64 << 63, ErrorKind::TooLarge),
        ("2^64 - 1", u64::MAX, ErrorKind::TooLarge),
        ("100 MB and one", 100_000_001, ErrorKind::TooLarge),
        ("100 MB", 100_000_000, ErrorKind::Truncated),
    ] {
        let error = safetensors::read(&[&length.to_le_bytes()[..], b"{}"].concat()).unwrap_err();
        assert_eq!(error.kind(), expected, "a header of {name} bytes: {error}");
    }
    for len in 0..8 {
        assert_eq!(safetensors::read(&vec![0; len]).unwrap_err().kind(), ErrorKind::Truncated, "{len} bytes");
    }
}

/// The reference is lenient about names that stand twice; nothing else that it refuses is accepted here.
#[test]
fn never_more_lenient_than_the_reference() {
    let seed = reference(&tensors(), Some(HashMap::from([("format".into(), "pt".into())])));
    let mut state = 3u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut accepted = 0;
    for n in 0..20_000 {
        let mut bytes = seed.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len().min(4000));
            match random(3) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes[at] = b"0123456789,[]{}\":"[random(17)],
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(read) = safetensors::read(&bytes) {
            let theirs = SafeTensors::deserialize(&bytes)
                .unwrap_or_else(|e| panic!("mutant {n}: only we read it: {e}"));
            for NamedTensor { name, tensor } in read.tensors {
                let other = theirs.tensor(&name).unwrap();
                assert_eq!(
                    (other.shape(), other.data()),
                    (tensor.shape(), tensor.bytes()),
                    "mutant {n}: {name}"
                );
            }
            accepted += 1;
        }
    }
    println!("{accepted} of 20000 mutants accepted, all as the reference reads them");
    assert!(accepted > 100, "{accepted}");
}
