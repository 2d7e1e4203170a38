//! T-CKPT 4: every flipped bit and every missing byte is an error that names the file, and the tensor if it is in one.
#![cfg(unix)]

use gradus_io::{
    Asset, ErrorKind, NamedTensor, SaveOptions, SavedModel, TensorData, load_model, load_weights,
    save_model_with, save_weights_with,
};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn tensors(count: usize, len: usize) -> Vec<NamedTensor> {
    let tensor = |i: usize| {
        let values: Vec<f32> = (0..len).map(|k| ((k * 7 + i) as f32).sin()).collect();
        NamedTensor::new(format!("layer_{i}/kernel"), TensorData::from_values(&[len], &values).unwrap())
    };
    let zeros = TensorData::from_values(&[200], &[0i64; 200]).unwrap();
    (0..count).map(tensor).chain([NamedTensor::new("zeros", zeros)]).collect()
}

/// Flips one bit in place for the length of a call.
fn with_flipped<T>(file: &File, bit: u64, load: impl FnOnce() -> T) -> T {
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    file.write_all_at(&[byte[0] ^ 1 << (bit % 8)], bit / 8).unwrap();
    let result = load();
    file.write_all_at(&byte, bit / 8).unwrap();
    result
}

fn open(path: &Path) -> File {
    File::options().read(true).write(true).open(path).unwrap()
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|w| w == part)
}

#[test]
fn every_bit_of_a_small_weights_file() {
    let folder = folder();
    let path = folder.path().join("w.gradus");
    for compress in [false, true] {
        let tensors = tensors(3, 300);
        save_weights_with(&path, &tensors, SaveOptions::new().compress(compress)).unwrap();
        let bytes = fs::read(&path).unwrap();
        let place = find(&bytes, tensors[1].tensor.bytes()).unwrap();
        let file = open(&path);
        for bit in 0..bytes.len() as u64 * 8 {
            let error = with_flipped(&file, bit, || load_weights(&path))
                .expect_err(&format!("bit {bit} is not noticed"));
            assert_eq!(error.path(), Some(path.as_path()), "bit {bit}: {error}");
            let in_second = (place..place + 1200).contains(&(bit as usize / 8));
            assert_eq!(error.part() == Some("tensor \"layer_1/kernel\""), in_second, "bit {bit}: {error}");
        }
        println!("{} bits", bytes.len() * 8);
        assert_eq!(load_weights(&path).unwrap(), tensors);
    }
}

#[test]
fn every_truncation_and_any_addition() {
    let folder = folder();
    let path = folder.path().join("w.gradus");
    save_weights_with(&path, &tensors(3, 300), SaveOptions::new()).unwrap();
    let bytes = fs::read(&path).unwrap();
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len]).unwrap();
        let error = load_weights(&path).expect_err(&format!("{len} of {} bytes", bytes.len()));
        let expected = if len == 0 { ErrorKind::Foreign } else { ErrorKind::Truncated };
        assert_eq!(error.kind(), expected, "{len} bytes: {error}");
    }
    for added in [&b"\0"[..], b"GRDSEND\n", &bytes] {
        fs::write(&path, [&bytes, added].concat()).unwrap();
        assert!(load_weights(&path).is_err(), "{} bytes added", added.len());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_bit_and_truncation_of_a_model_directory() {
    let folder = folder();
    let path = folder.path().join("m.gradus");
    let model = SavedModel {
        architecture: serde_json::json!({"layers": ["dense", "dense_1"]}),
        weights: tensors(1, 60),
        optimizer: Some(tensors(1, 60)),
        assets: vec![Asset { name: "vocabulary".into(), bytes: b"the of and".to_vec() }],
        ..SavedModel::default()
    };
    save_model_with(&path, &model, SaveOptions::new().compress(true)).unwrap();
    let files = files(&path);
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let handle = open(&file);
        for bit in 0..bytes.len() as u64 * 8 {
            let error = with_flipped(&handle, bit, || load_model(&path))
                .expect_err(&format!("{}: bit {bit} is not noticed", file.display()));
            assert_eq!(error.path(), Some(file.as_path()), "bit {bit}: {error}");
        }
        for len in 0..bytes.len() {
            fs::write(&file, &bytes[..len]).unwrap();
            assert!(load_model(&path).is_err(), "{}: {len} bytes", file.display());
        }
        fs::write(&file, &bytes).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(load_model(&path).is_err(), "{} is missing", file.display());
        fs::write(&file, &bytes).unwrap();
        assert_eq!(load_model(&path).unwrap(), model);
    }
}

#[test]
fn random_bits_of_a_larger_file() {
    let folder = folder();
    let path = folder.path().join("w.gradus");
    save_weights_with(&path, &tensors(4, 20_000), SaveOptions::new()).unwrap();
    let bits = fs::metadata(&path).unwrap().len() * 8;
    let file = open(&path);
    let mut state = 1u64;
    for n in 0..10_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bit = (state >> 20) % bits;
        assert!(
            with_flipped(&file, bit, || load_weights(&path)).is_err(),
            "flip {n}: bit {bit} is not noticed"
        );
    }
}

/// Parts of two saves, or of two models, do not pass for one model.
#[test]
fn exchanged_parts_are_noticed() {
    let folder = folder();
    let (a, b) = (folder.path().join("a.gradus"), folder.path().join("b.gradus"));
    let model = |value: f32| SavedModel {
        weights: vec![NamedTensor::new("w", TensorData::from_values(&[1], &[value]).unwrap())],
        ..SavedModel::default()
    };
    save_model_with(&a, &model(1.0), SaveOptions::new()).unwrap();
    save_model_with(&b, &model(2.0), SaveOptions::new()).unwrap();
    let variables = "variables/variables-00000001.data";
    fs::copy(b.join(variables), a.join(variables)).unwrap();
    let error = load_model(&a).unwrap_err();
    assert!(error.to_string().contains("it is of another save"), "{error}");
}
