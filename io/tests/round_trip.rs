//! What is saved is loaded, bit for bit; what is something else is refused with a clear line.

use gradus_io::{
    Asset, Checkpoint, CheckpointFolder, ErrorKind, NamedTensor, SaveOptions, SavedModel, TensorData,
    load_model, load_weights, save_model, save_model_with, save_weights, save_weights_with,
};
use gradus_kernels::DType;
use serde_json::json;
use std::fs;
use std::path::Path;

fn every_dtype() -> Vec<NamedTensor> {
    let mut tensors = Vec::new();
    for dtype in DType::ALL {
        for shape in [vec![], vec![0], vec![2, 3], vec![3, 0, 5], vec![1, 1, 1, 7]] {
            let len = shape.iter().product::<usize>() * dtype.size();
            let bytes =
                (0..len).map(|i| if dtype == DType::Bool { i % 2 } else { i * 31 % 256 } as u8).collect();
            let name = format!("{dtype} {shape:?}");
            tensors.push(NamedTensor::new(name, TensorData::new(dtype, shape, bytes).unwrap()));
        }
    }
    tensors
}

/// Names that would do harm as paths or in tables, and are just text here.
fn odd_names() -> Vec<NamedTensor> {
    [
        "",
        "../../../etc/passwd",
        "/abs",
        "a\0b",
        "dense/kernel:0",
        "weiß 層 \u{202e}",
        "con",
        &"x".repeat(100_000),
    ]
    .into_iter()
    .map(|name| NamedTensor::new(name, TensorData::from_values(&[2], &[1.0f32, f32::NAN]).unwrap()))
    .collect()
}

fn models() -> Vec<(&'static str, SavedModel)> {
    let deep = (0..60).fold(json!(1), |inner, _| json!({"inner": [inner]}));
    vec![
        ("nothing", SavedModel::default()),
        ("every dtype", SavedModel { weights: every_dtype(), ..SavedModel::default() }),
        ("an empty optimizer state", SavedModel { optimizer: Some(vec![]), ..SavedModel::default() }),
        (
            "everything",
            SavedModel {
                architecture: json!({"layers": [{"class_name": "Dense", "config": {"units": 3, "rate": 0.1}}]}),
                weights: every_dtype(),
                optimizer: Some(every_dtype()),
                compile: Some(json!({"loss": "mse", "big": u64::MAX, "small": 5e-324, "third": 1.0 / 3.0})),
                metadata: deep,
                assets: vec![
                    Asset { name: "../vocabulary.txt".into(), bytes: b"the\nof\n".repeat(1000) },
                    Asset { name: "empty".into(), bytes: vec![] },
                ],
            },
        ),
    ]
}

fn same_bits(a: &[NamedTensor], b: &[NamedTensor]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.name == b.name && a.tensor.shape() == b.tensor.shape() && a.tensor.bytes() == b.tensor.bytes()
        })
}

#[test]
fn models_come_back() {
    for compress in [false, true] {
        for (name, model) in models() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("model.gradus");
            for generation in 1..=3 {
                save_model_with(&path, &model, SaveOptions::new().compress(compress)).unwrap();
                let loaded = load_model(&path).unwrap();
                assert_eq!(loaded, model, "{name}, compress {compress}, save {generation}");
            }
            assert_eq!(
                fs::read_dir(path.join("variables")).unwrap().count(),
                1,
                "{name}: old variables stay behind"
            );
        }
    }
}

#[test]
fn weights_and_checkpoints_come_back() {
    let folder = tempfile::tempdir().unwrap();
    for compress in [false, true] {
        for (case, weights) in [("dtypes", every_dtype()), ("names", odd_names()), ("none", vec![])] {
            let path = folder.path().join("w.gradus");
            save_weights_with(&path, &weights, SaveOptions::new().compress(compress)).unwrap();
            assert!(same_bits(&load_weights(&path).unwrap(), &weights), "{case}, compress {compress}");
            let checkpoints = CheckpointFolder::new(folder.path().join("runs")).keep_last(2);
            for step in [3, 10, 7, 11] {
                let saved = Checkpoint {
                    step,
                    weights: weights.clone(),
                    state: json!({"epoch": step}),
                    ..Checkpoint::default()
                };
                checkpoints.save(&saved).unwrap();
                let loaded = checkpoints.load(step).unwrap();
                assert!(
                    same_bits(&loaded.weights, &weights) && loaded.state == saved.state,
                    "{case}, step {step}"
                );
            }
            assert_eq!(checkpoints.steps().unwrap(), [10, 11], "{case}");
            assert_eq!(checkpoints.load_latest().unwrap().unwrap().step, 11);
            checkpoints.save(&Checkpoint { step: 3, ..Checkpoint::default() }).unwrap();
            assert!(checkpoints.steps().unwrap().contains(&3), "what was just saved must stay");
            fs::remove_dir_all(folder.path().join("runs")).unwrap();
        }
    }
}

#[test]
fn compression_pays_or_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0..1u32 << 18).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, bytes, most) in
        [("zeros", vec![0; 1 << 20], 5_000), ("noise", noise.clone(), noise.len() + 500)]
    {
        let tensor = TensorData::new(DType::U8, vec![bytes.len()], bytes).unwrap();
        let path = folder.path().join(name);
        save_weights_with(&path, &[NamedTensor::new("x", tensor)], SaveOptions::new().compress(true))
            .unwrap();
        let size = fs::metadata(&path).unwrap().len();
        assert!(size <= most as u64, "{name}: {size} bytes");
    }
}

/// What a compressing writer writes, a reader with the default limits accepts.
#[test]
fn a_gigabyte_of_zeros_is_not_packed_beyond_what_loading_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros.gradus");
    let zeros = TensorData::new(DType::U8, vec![24 << 20], vec![0; 24 << 20]).unwrap();
    let weights: Vec<_> = (0..6).map(|i| NamedTensor::new(format!("z{i}"), zeros.clone())).collect();
    save_weights_with(&path, &weights, SaveOptions::new().compress(true)).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 120 << 20);
    assert_eq!(load_weights(&path).unwrap().len(), 6);
}

#[test]
fn foreign_things_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("tf/variables")).unwrap();
    fs::write(at("tf/saved_model.pb"), "x").unwrap();
    fs::create_dir(at("empty")).unwrap();
    fs::create_dir(at("other")).unwrap();
    fs::write(at("other/saved_model"), "#!/bin/sh").unwrap();
    fs::write(at("text"), "hello").unwrap();
    fs::write(at("nothing"), "").unwrap();
    save_weights(at("weights"), &odd_names()).unwrap();
    fs::create_dir(at("wrong_kind")).unwrap();
    fs::copy(at("weights"), at("wrong_kind/saved_model")).unwrap();
    for (name, says) in [
        ("tf", "a TensorFlow SavedModel"),
        ("empty", "it has no file saved_model"),
        ("other", "not a Gradus file"),
        ("text", "a file, expected a model directory"),
        ("wrong_kind", "this is a weights file, expected the saved_model file"),
    ] {
        let error = load_model(at(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Foreign, "{name}: {error}");
        assert!(error.to_string().contains(says) && error.path().is_some(), "{name}: {error}");
    }
    assert_eq!(load_model(at("absent")).unwrap_err().kind(), ErrorKind::Io(std::io::ErrorKind::NotFound));
    for name in ["text", "nothing", "tf"] {
        let error = load_weights(at(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Foreign, "{name}: {error}");
    }
    // Saving never replaces what it did not write.
    for name in ["tf", "other"] {
        let error = save_model(at(name), &SavedModel::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Foreign, "{name}: {error}");
    }
    assert_eq!(fs::read(at("other/saved_model")).unwrap(), b"#!/bin/sh");
    assert!(save_model(at("text"), &SavedModel::default()).is_err());
    save_model(at("empty"), &SavedModel::default()).unwrap();
    assert!(save_model(at("absent/deeper"), &SavedModel::default()).is_err(), "parents are not created");
}

#[cfg(unix)]
#[test]
fn links_inside_a_model_directory_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gradus");
    save_model(&path, &SavedModel { weights: odd_names(), ..SavedModel::default() }).unwrap();
    for name in ["variables/variables-00000001.data", "saved_model"] {
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(path.join(name), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, path.join(name)).unwrap();
        let error = load_model(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Foreign, "{name}: {error}");
        fs::remove_file(path.join(name)).unwrap();
        fs::rename(&elsewhere, path.join(name)).unwrap();
        load_model(&path).unwrap();
    }
}

#[test]
fn callers_mistakes_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gradus");
    let good = SavedModel { weights: every_dtype(), ..SavedModel::default() };
    save_model(&path, &good).unwrap();
    let twice = vec![every_dtype().remove(0), every_dtype().remove(0)];
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    for (name, bad) in [
        ("two weights of one name", SavedModel { weights: twice.clone(), ..SavedModel::default() }),
        ("two slots of one name", SavedModel { optimizer: Some(twice.clone()), ..SavedModel::default() }),
        ("JSON that is too deep to load", SavedModel { architecture: deep, ..SavedModel::default() }),
    ] {
        assert_eq!(save_model(&path, &bad).unwrap_err().kind(), ErrorKind::Invalid, "{name}");
        assert_eq!(load_model(&path).unwrap(), good, "{name}");
    }
    assert_eq!(save_weights(folder.path().join("w"), &twice).unwrap_err().kind(), ErrorKind::Invalid);
    assert!(!Path::new(&folder.path().join("w")).exists());
}

#[test]
fn tensor_data_checks_its_parts() {
    for (name, dtype, shape, len, good) in [
        ("scalar", DType::F32, vec![], 4, true),
        ("empty", DType::F64, vec![0, 5], 0, true),
        ("too few", DType::F32, vec![2], 4, false),
        ("too many", DType::I8, vec![2], 3, false),
        ("overflow", DType::I8, vec![usize::MAX, 2], 0, false),
        ("overflow hidden by a zero", DType::I8, vec![0, usize::MAX, 2], 0, false),
        ("65 axes", DType::I8, vec![1; 65], 1, false),
        ("64 axes", DType::I8, vec![1; 64], 1, true),
    ] {
        assert_eq!(TensorData::new(dtype, shape, vec![0; len]).is_ok(), good, "{name}");
    }
    assert!(TensorData::new(DType::Bool, vec![2], vec![1, 2]).is_err());
    assert!(TensorData::from_values(&[2], &[1.0f32; 2]).unwrap().to_values::<f64>().is_err());
}
