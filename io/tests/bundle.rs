//! A checkpoint that TensorFlow wrote (`golden/make_bundle.py`), and ours.

use gradus_io::{ErrorKind, NamedTensor, TensorData, tensor_bundle};
use gradus_kernels::DType;
use std::fs;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn tensorflows_checkpoint() {
    let bundle = tensor_bundle::load(golden("bundle")).unwrap();
    let tensor = |name: &str| {
        let name = format!("{name}/.ATTRIBUTES/VARIABLE_VALUE");
        &bundle.tensors.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("{name}")).tensor
    };
    let kernel = TensorData::from_values(&[2, 3], &[0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    assert_eq!(tensor("dense/kernel"), &kernel);
    assert_eq!(tensor("dense/bias"), &TensorData::from_values(&[3], &[0.0f64; 3]).unwrap());
    assert_eq!(tensor("flag"), &TensorData::from_values(&[2], &[true, false]).unwrap());
    assert_eq!(
        (tensor("brain").dtype(), tensor("brain").bytes()),
        (DType::BF16, &[0x80, 0x3f, 0x00, 0xc0][..])
    );
    assert_eq!((tensor("half").dtype(), tensor("half").bytes()), (DType::F16, &[0x00, 0x38][..]));
    assert_eq!((tensor("none").dtype(), tensor("none").shape()), (DType::I64, &[0, 4][..]));
    for i in 0..150 {
        assert_eq!(tensor(&format!("many/{i}")).to_values::<i32>().unwrap(), [i]);
    }
    let text = bundle.texts.iter().find(|t| t.0.starts_with("text/")).unwrap();
    assert_eq!(text.1, [b"a".to_vec(), vec![], "ü".repeat(100).into_bytes()]);
    assert!(bundle.texts.iter().any(|t| t.0 == "_CHECKPOINTABLE_OBJECT_GRAPH" && t.1.len() == 1));
}

fn tensors() -> Vec<NamedTensor> {
    let all =
        DType::ALL.into_iter().flat_map(|dtype| [(dtype, vec![]), (dtype, vec![2, 3]), (dtype, vec![0, 2])]);
    all.map(|(dtype, shape)| {
        let len = shape.iter().product::<usize>() * dtype.size();
        let bytes = (0..len).map(|i| if dtype == DType::Bool { i % 2 } else { i } as u8).collect();
        NamedTensor::new(
            format!("{dtype}/{}", shape.len()).replace("/2", if len == 0 { "/empty" } else { "/2" }),
            TensorData::new(dtype, shape, bytes).unwrap(),
        )
    })
    .collect()
}

/// A temporary folder, in memory where there is one: these tests write thousands of files.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

#[test]
fn bundles_come_back_and_flipped_bits_do_not() {
    let folder = folder();
    let prefix = folder.path().join("ckpt-1");
    tensor_bundle::save(&prefix, &tensors()).unwrap();
    let mut expected = tensors();
    expected.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(tensor_bundle::load(&prefix).unwrap().tensors, expected);

    tensor_bundle::save(&prefix, &tensors()[..6]).unwrap();
    let expected = tensor_bundle::load(&prefix).unwrap();
    for suffix in ["index", "data-00000-of-00001"] {
        let path = prefix.with_extension(suffix);
        let bytes = fs::read(&path).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, flipped).unwrap();
            // The footer has no checksum: what it does not use may change.
            if let Ok(read) = tensor_bundle::load(&prefix) {
                assert!(suffix == "index" && read == expected, "{suffix}: bit {bit} changes what is read");
            }
        }
        for len in 0..bytes.len() {
            fs::write(&path, &bytes[..len]).unwrap();
            assert!(tensor_bundle::load(&prefix).is_err(), "{suffix}: {len} bytes");
        }
        fs::write(&path, &bytes).unwrap();
    }
    let error = tensor_bundle::load(folder.path().join("absent")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(std::io::ErrorKind::NotFound));
    let nameless = NamedTensor::new("", tensors()[0].tensor.clone());
    assert!(tensor_bundle::save(Path::new("never"), &[nameless]).is_err());
}

#[test]
fn mutants_of_an_index() {
    let folder = folder();
    let prefix = folder.path().join("b");
    tensor_bundle::save(&prefix, &tensors()).unwrap();
    let path = prefix.with_extension("index");
    let bytes = fs::read(&path).unwrap();
    let (block, footer) = bytes.split_at(bytes.len() - 48);
    let mut state = 11u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut accepted = 0;
    // The first block begins the file; its size is where the second one, of 8 bytes and a tail, begins.
    let index_at = bytes.windows(8).position(|w| w == [0, 0, 0, 0, 1, 0, 0, 0]).unwrap();
    for n in 0..20_000 {
        let mut mutant = block.to_vec();
        for _ in 0..=random(3) {
            let at = random(index_at - 5);
            mutant[at] = [random(256) as u8, 0, 1, 0x7f, 0x80, 0xff][random(6)];
        }
        let crc = gradus_io::crc32c::mask(gradus_io::crc32c::crc32c(&mutant[..index_at - 4]));
        mutant[index_at - 4..index_at].copy_from_slice(&crc.to_le_bytes());
        fs::write(&path, [&mutant, footer].concat()).unwrap();
        let read = std::panic::catch_unwind(|| tensor_bundle::load(&prefix).is_ok());
        accepted += usize::from(read.unwrap_or_else(|_| panic!("mutant {n} panics")));
    }
    println!("{accepted} of 20000 mutants accepted");
    assert!(accepted > 0);
}
