//! Files that numpy wrote (`golden/make_numpy.py`), and what is written against them byte for byte.

use gradus_io::{ErrorKind, NamedTensor, SaveOptions, TensorData, npy, npz};
use gradus_kernels::{Complex, DType, f16};
use std::fs;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn counting(dtype: DType, shape: &[usize]) -> TensorData {
    let n: usize = shape.iter().product();
    let of = |f: fn(usize) -> f64| (0..n).map(f);
    let plain = of(|i| i as f64);
    match dtype {
        DType::Bool => TensorData::from_values(shape, &(0..n).map(|i| i % 2 == 1).collect::<Vec<_>>()),
        DType::I8 => TensorData::from_values(shape, &plain.map(|v| v as i8).collect::<Vec<_>>()),
        DType::U8 => TensorData::from_values(shape, &(0..n).map(|i| i as u8).collect::<Vec<_>>()),
        DType::I16 => TensorData::from_values(shape, &plain.map(|v| v as i16).collect::<Vec<_>>()),
        DType::U16 => TensorData::from_values(shape, &plain.map(|v| v as u16).collect::<Vec<_>>()),
        DType::I32 => TensorData::from_values(shape, &plain.map(|v| v as i32).collect::<Vec<_>>()),
        DType::U32 => TensorData::from_values(shape, &plain.map(|v| v as u32).collect::<Vec<_>>()),
        DType::I64 => TensorData::from_values(shape, &plain.map(|v| v as i64).collect::<Vec<_>>()),
        DType::U64 => TensorData::from_values(shape, &plain.map(|v| v as u64).collect::<Vec<_>>()),
        DType::F16 => TensorData::from_values(shape, &plain.map(f16::from_f64).collect::<Vec<_>>()),
        DType::F32 => TensorData::from_values(shape, &plain.map(|v| v as f32).collect::<Vec<_>>()),
        DType::F64 => TensorData::from_values(shape, &plain.collect::<Vec<_>>()),
        DType::C64 => TensorData::from_values(
            shape,
            &plain.map(|v| Complex::new(v as f32, 0.0 - v as f32)).collect::<Vec<_>>(),
        ),
        DType::C128 => {
            TensorData::from_values(shape, &plain.map(|v| Complex::new(v, 0.0 - v)).collect::<Vec<_>>())
        }
        DType::BF16 => panic!("numpy has no bfloat16"),
    }
    .unwrap()
}

fn expected(name: &str) -> TensorData {
    let dtype = |kind: &str| match kind {
        "b1" => DType::Bool,
        "i1" => DType::I8,
        "u1" => DType::U8,
        "i2" => DType::I16,
        "u2" => DType::U16,
        "i4" => DType::I32,
        "u4" => DType::U32,
        "i8" => DType::I64,
        "u8" => DType::U64,
        "f2" => DType::F16,
        "f4" => DType::F32,
        "f8" => DType::F64,
        "c8" => DType::C64,
        "c16" => DType::C128,
        _ => panic!("{kind}"),
    };
    match name {
        "scalar" => counting(DType::F32, &[]),
        "vector" => counting(DType::F32, &[5]),
        "empty" => counting(DType::F32, &[0, 3]),
        "fortran2" => counting(DType::F32, &[2, 3]),
        "fortran3" => counting(DType::I16, &[2, 3, 4]),
        "big" => counting(DType::U8, &[7, 300]),
        _ => counting(dtype(&name[3..]), &[2, 3]),
    }
}

#[test]
fn numpys_npz_files() {
    for file in ["numpy_stored.npz", "numpy_deflated.npz"] {
        let arrays = npz::load(golden(file)).unwrap();
        assert_eq!(arrays.len(), 31, "{file}");
        for NamedTensor { name, tensor } in arrays {
            assert_eq!(tensor, expected(&name), "{file}: {name}");
        }
    }
}

#[test]
fn npy_versions_and_foreign_content() {
    for version in 1..=3 {
        let tensor = npy::load(golden(&format!("version{version}.npy"))).unwrap();
        assert_eq!(tensor, counting(DType::F64, &[3, 2]), "version {version}");
    }
    for (file, says) in [("object.npy", "pickle"), ("text.npy", "\"<U2\""), ("record.npy", "structured")] {
        let error = npy::load(golden(file)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{file}: {error}");
        assert!(error.to_string().contains(says) && error.path().is_some(), "{file}: {error}");
    }
}

/// Numpy's own files hold little-endian row-major arrays as the same bytes that are written here.
#[test]
fn written_bytes_are_numpys() {
    let stored = fs::read(golden("numpy_stored.npz")).unwrap();
    let mut compared = 0;
    for NamedTensor { name, tensor } in npz::read(&stored).unwrap() {
        if name.starts_with("be_") || name.starts_with("fortran") {
            continue;
        }
        let written = npy::write(&tensor).unwrap();
        assert!(stored.windows(written.len()).any(|w| w == written), "{name}: numpy writes other bytes");
        compared += 1;
    }
    assert_eq!(compared, 18);
    assert_eq!(
        npy::write(&counting(DType::F64, &[3, 2])).unwrap(),
        fs::read(golden("version1.npy")).unwrap()
    );
}

#[test]
fn npz_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let mut arrays = npz::load(golden("numpy_stored.npz")).unwrap();
    arrays.push(NamedTensor::new("weiß/../x", counting(DType::I64, &[64; 2])));
    for compress in [false, true] {
        npz::save(&path, &arrays, SaveOptions::new().compress(compress)).unwrap();
        assert_eq!(npz::load(&path).unwrap(), arrays, "compress {compress}");
    }
    let single = folder.path().join("a.npy");
    npy::save(&single, &arrays[0].tensor).unwrap();
    assert_eq!(npy::load(&single).unwrap(), arrays[0].tensor);
    let brain = TensorData::new(DType::BF16, vec![1], vec![0, 0]).unwrap();
    assert_eq!(npy::write(&brain).unwrap_err().kind(), ErrorKind::Unsupported);
}

fn with_header(text: &str, data: usize) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn headers() {
    for (text, data, good) in [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, true),
        ("{'shape':(2L,3L),'descr':\"<f4\",'fortran_order':True}\n", 24, true),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, true),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", 8, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 8, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", 8, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}", 8, false),
        ("{'descr': '<f4', 'fortran_order': False}", 8, false),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", 8, false),
        ("{'descr': '|f4', 'fortran_order': False, 'shape': (2,), }", 8, false),
        ("{'descr': '=f4', 'fortran_order': False, 'shape': (2,), }", 8, false),
        ("{'descr': '', 'fortran_order': False, 'shape': (2,), }", 8, false),
        ("{'descr': 'é4', 'fortran_order': False, 'shape': (2,), }", 8, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", 8, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296,), }", 0, false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999,), }", 0, false),
        ("__import__('os').system('true')", 0, false),
        ("", 0, false),
    ] {
        assert_eq!(npy::read(&with_header(text, data)).is_ok(), good, "{text:?} with {data} bytes");
    }
    let bools =
        [with_header("{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", 0), vec![2]].concat();
    assert_eq!(npy::read(&bools).unwrap_err().kind(), ErrorKind::Corrupt);
}
