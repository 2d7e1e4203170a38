//! HDF5 and Keras files that h5py and Keras wrote (`golden/make_keras.py`), and ours through our own reader.

use gradus_io::hdf5::{self, Attribute, Group, Member};
use gradus_io::{Asset, ErrorKind, NamedTensor, TensorData, keras, npy};
use gradus_kernels::DType;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Where Keras puts the weights of the model in `make_keras.py`, in the order of `model.weights`.
const WEIGHTS: [&str; 8] = [
    "layers/conv2d/vars/0",
    "layers/conv2d/vars/1",
    "layers/batch_normalization/vars/0",
    "layers/batch_normalization/vars/1",
    "layers/batch_normalization/vars/2",
    "layers/batch_normalization/vars/3",
    "layers/dense/vars/0",
    "layers/dense/vars/1",
];

#[test]
fn keras_files() {
    let model = keras::load(golden("keras.keras")).unwrap();
    let weights = hdf5::load(golden("keras.weights.h5")).unwrap();
    assert_eq!(model.config["class_name"], "Sequential");
    assert!(model.metadata["keras_version"].is_string());
    for (i, path) in WEIGHTS.into_iter().enumerate() {
        let expected = npy::load(golden(&format!("keras_{i}.npy"))).unwrap();
        assert_eq!(model.weights.tensor(path), Some(&expected), ".keras: {path}");
        assert_eq!(weights.tensor(path), Some(&expected), ".weights.h5: {path}");
    }
    let optimizer = weights.group("optimizer/vars").unwrap();
    assert_eq!(
        optimizer.members.len(),
        2 + 2 * 6,
        "iteration, learning rate, two slots of six trainable weights"
    );
    let iteration = weights.tensor("optimizer/vars/0").unwrap();
    assert_eq!(iteration.shape(), [0usize; 0]);
    let name = weights.group("layers/dense/vars").unwrap().attributes.get("name");
    assert_eq!(name, Some(&Attribute::Text("head".into())));
}

#[test]
fn h5py_files() {
    let root = hdf5::load(golden("h5py_kinds.h5")).unwrap();
    let kinds = root.group("le").unwrap();
    assert_eq!(kinds.members.len(), 12);
    let numbers = |dtype: DType| {
        let Member::Dataset(d) = kinds
            .members
            .values()
            .find(|m| matches!(m, Member::Dataset(d) if d.tensor.dtype() == dtype))
            .unwrap()
        else {
            unreachable!()
        };
        d.tensor.clone()
    };
    assert_eq!(numbers(DType::F32).to_values::<f32>().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(numbers(DType::F64).to_values::<f64>().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(numbers(DType::U16).to_values::<u16>().unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(numbers(DType::I64).to_values::<i64>().unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(numbers(DType::Bool).to_values::<bool>().unwrap(), [false, true, false, true, false, true]);
    assert_eq!(root.tensor("scalar").unwrap(), &TensorData::from_values(&[], &[1.5f32]).unwrap());
    assert_eq!(root.tensor("empty").unwrap().shape(), [0, 3]);
    let gzip: Vec<i32> = (0..1000).collect();
    assert_eq!(root.tensor("gzip").unwrap(), &TensorData::from_values(&[40, 25], &gzip).unwrap());
    assert_eq!(root.tensor("checksummed").unwrap(), &TensorData::from_values(&[100], &gzip[..100]).unwrap());
    assert_eq!(
        root.tensor("never_written").unwrap(),
        &TensorData::from_values(&[4, 5], &[0f32; 20]).unwrap()
    );
    let brain = root.tensor("bfloat16").unwrap();
    assert_eq!((brain.dtype(), brain.bytes()), (DType::BF16, &[0x80, 0x3f, 0x00, 0xc0][..]));
    for i in 0..60 {
        assert_eq!(root.tensor(&format!("many/{i}")).unwrap().to_values::<i32>().unwrap(), [i]);
    }
    let texts = |list: &[&str]| Attribute::Texts(list.iter().map(|s| s.to_string()).collect());
    for (name, expected) in [
        ("text", Attribute::Text("käse".into())),
        ("texts", texts(&["a", "bc", ""])),
        ("bytes", texts(&["ab", "c"])),
        ("number", Attribute::Tensor(TensorData::from_values(&[3], &[0i64, 1, 2]).unwrap())),
    ] {
        assert_eq!(root.attributes.get(name), Some(&expected), "{name}");
    }
    let latest = hdf5::load(golden("h5py_latest.h5")).unwrap();
    let values = latest.tensor("layers/dense/vars/0").unwrap().to_values::<f32>().unwrap();
    assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(latest.group("layers/dense").unwrap().attributes["name"], Attribute::Text("dense".into()));
    assert_eq!(latest.tensor("layers/flags").unwrap().to_values::<bool>().unwrap(), [true, false]);
    let error = hdf5::load(golden("h5py_links.h5")).unwrap_err();
    assert!(error.kind() == ErrorKind::Unsupported && error.to_string().contains("link"), "{error}");
}

fn tree() -> Group {
    let mut root = Group::default();
    for dtype in DType::ALL.into_iter().filter(|d| !d.is_complex()) {
        for shape in [vec![], vec![3, 2], vec![0, 4]] {
            let len = shape.iter().product::<usize>() * dtype.size();
            let bytes = (0..len).map(|i| if dtype == DType::Bool { i % 2 } else { i } as u8).collect();
            let tensor = TensorData::new(dtype, shape.clone(), bytes).unwrap();
            root.insert(&format!("kinds/{dtype}/{}", shape.len()), tensor).unwrap();
        }
    }
    for i in 0..500 {
        root.insert(&format!("layers/dense_{i}/vars/0"), TensorData::from_values(&[1], &[i as f32]).unwrap())
            .unwrap();
    }
    root.make_group("vars").unwrap();
    let attributes = [
        ("name", Attribute::Text("weiß".into())),
        ("empty", Attribute::Text(String::new())),
        ("names", Attribute::Texts(vec!["a".into(), String::new(), "long ".repeat(2000)])),
        ("none", Attribute::Texts(vec![])),
        ("numbers", Attribute::Tensor(TensorData::from_values(&[2], &[1i64, 2]).unwrap())),
    ];
    root.make_group("layers").unwrap().attributes = attributes.map(|(n, a)| (n.to_owned(), a)).into();
    root
}

/// What is read is what was written, bfloat16's mark aside, which the writer adds.
fn without_marks(mut group: Group) -> Group {
    for member in group.members.values_mut() {
        match member {
            Member::Group(inner) => *inner = without_marks(std::mem::take(inner)),
            Member::Dataset(d) if d.tensor.dtype() == DType::BF16 => d.attributes = BTreeMap::new(),
            Member::Dataset(_) => {}
        }
    }
    group
}

#[test]
fn written_trees_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.weights.h5");
    hdf5::save(&path, &tree()).unwrap();
    assert_eq!(without_marks(hdf5::load(&path).unwrap()), tree());
    assert_eq!(fs::read(&path).unwrap(), hdf5::write(&tree()).unwrap());

    let model = keras::KerasModel {
        config: serde_json::json!({"class_name": "Sequential"}),
        metadata: serde_json::json!({"keras_version": "3.15.1"}),
        weights: tree(),
        assets: vec![Asset { name: "_layer_0/vocabulary.txt".into(), bytes: b"a\nb".to_vec() }],
    };
    let path = folder.path().join("x.keras");
    keras::save(&path, &model).unwrap();
    let mut loaded = keras::load(&path).unwrap();
    loaded.weights = without_marks(loaded.weights);
    assert_eq!(loaded, model);
}

#[test]
fn what_hdf5_does_not_have_is_refused() {
    let mut complex = Group::default();
    complex.insert("x", TensorData::new(DType::C64, vec![], vec![0; 8]).unwrap()).unwrap();
    let mut other = Group::default();
    other.attributes.insert("x".into(), Attribute::Other);
    let mut long = Group::default();
    long.attributes.insert("x".into(), Attribute::Texts(vec![String::new(); 5000]));
    let mut slash = Group::default();
    slash.members.insert("a/b".into(), Member::Group(Group::default()));
    for (name, group) in [("complex", complex), ("other", other), ("64 KiB", long), ("slash", slash)] {
        assert!(hdf5::write(&group).is_err(), "{name}");
    }
    assert_eq!(hdf5::read(b"PK").unwrap_err().kind(), ErrorKind::Foreign);
    let named = NamedTensor::new("x", TensorData::from_values(&[1], &[1u8]).unwrap());
    let mut root = Group::default();
    root.insert("a", named.tensor.clone()).unwrap();
    assert!(root.insert("a/b", named.tensor).is_err(), "a dataset is no group");
}

/// Structure is under checksums in what we write: every flipped bit outside of the elements is found, or harmless padding.
#[test]
fn flipped_bits_do_not_change_what_is_read() {
    let mut root = Group::default();
    root.insert("layers/dense/vars/0", TensorData::from_values(&[2], &[1.0f32, 2.0]).unwrap()).unwrap();
    let bytes = hdf5::write(&root).unwrap();
    let element =
        bytes.windows(8).position(|w| w == root.tensor("layers/dense/vars/0").unwrap().bytes()).unwrap();
    let mut accepted = 0;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = hdf5::read(&flipped) {
            let in_element = (element..element + 8).contains(&(bit / 8));
            assert!(in_element || read == root, "bit {bit} changes what is read");
            accepted += usize::from(!in_element);
        }
    }
    assert!(accepted < 8 * 64, "{accepted} bits of padding");
}
