//! The order of the places, as the environment's variables set them: `GRADUS_DATA`, `GRADUS_HOME`, `KERAS_HOME`.
//!
//! The environment belongs to the whole process, so each case runs in a process of its own.

#[path = "support/archives.rs"]
mod archives;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use archives::{Zipped, zip};
use gradus_datasets::{Source, catalog, fashion_mnist, mnist};

const CHILD: &str = "GRADUS_TEST_LOAD";

/// Not a test of its own: the process that looks around and prints what it found.
#[test]
fn child_process() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let source = match task.as_str() {
        "fashion_mnist" => fashion_mnist::Loader::new().offline(true).load().map(|data| data.source),
        _ => mnist::Loader::new().offline(true).load().map(|data| data.source),
    };
    println!("found: {}", source.map_or_else(|error| format!("error: {error}"), |source| source.to_string()));
}

fn found(task: &str, environment: &[(&str, &Path)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child_process", "--nocapture"]).env(CHILD, task);
    for name in ["GRADUS_DATA", "GRADUS_HOME", "KERAS_HOME", "XDG_CACHE_HOME", "HOME"] {
        command.env_remove(name);
    }
    environment.iter().for_each(|(name, path)| _ = command.env(name, path));
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line =
        output.lines().find_map(|line| line.split_once("found: ")).unwrap_or_else(|| panic!("{output}"));
    line.1.to_string()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in catalog::FASHION_MNIST.files {
        fs::copy(from.join(file.name), to.join(file.name)).unwrap();
    }
}

#[test]
fn the_first_place_that_has_the_files_gives_them() {
    let Some(real) = support::real_data("fashion_mnist") else { return };
    let root = tempfile::tempdir().unwrap();
    let [data, home, keras, empty] = ["data", "home", "keras", "empty"].map(|name| root.path().join(name));
    copy(&real, &data.join("fashion-mnist"));
    copy(&real, &home.join("datasets/fashion_mnist"));
    copy(&real, &keras.join("datasets/fashion-mnist"));
    let cache = format!("cache {} (verified)", home.join("datasets/fashion_mnist").display());
    let kerass = format!("Keras's cache {} (verified)", keras.join("datasets/fashion-mnist").display());
    let folder = format!("folder {} (official files)", data.join("fashion-mnist").display());
    let cases: [(&[(&str, &Path)], &str); 5] = [
        (&[("GRADUS_DATA", &data), ("GRADUS_HOME", &home), ("KERAS_HOME", &keras)], &folder),
        (&[("GRADUS_DATA", &empty), ("GRADUS_HOME", &home), ("KERAS_HOME", &keras)], &cache),
        (&[("GRADUS_HOME", &empty), ("KERAS_HOME", &keras)], &kerass),
        (&[("GRADUS_HOME", &empty), ("KERAS_HOME", &empty)], "bundled sample: "),
        (&[], "error: no cache folder: there is no home folder; set GRADUS_HOME"),
    ];
    for (environment, expected) in cases {
        let found = found("fashion_mnist", environment);
        // Without a cache folder the sample stands in as well, and says why.
        let fits = found.starts_with(expected)
            || expected.strip_prefix("error: ").is_some_and(|reason| found.contains(reason));
        assert!(fits, "{environment:?}: expected {expected}, found {found}");
    }
    // One flipped bit, and Keras's file is not taken.
    let labels = keras.join("datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[3000] ^= 1;
    fs::remove_file(&labels).unwrap();
    fs::write(&labels, bytes).unwrap();
    let found = found("fashion_mnist", &[("GRADUS_HOME", &empty), ("KERAS_HOME", &keras)]);
    assert!(found.starts_with("bundled sample: "), "{found}");
}

#[test]
fn mnist_in_kerass_one_file() {
    let npy = |shape: &str, values: &[u8]| {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
    };
    let pixels: Vec<u8> = (0..2 * 784).map(|at| at as u8).collect();
    let archive = |side: &str| {
        zip(&[
            Zipped::stored(b"x_train.npy", &npy(&format!("(2, {side}, 28)"), &pixels)),
            Zipped::stored(b"y_train.npy", &npy("(2,)", &[3, 9])),
            Zipped::deflated(b"x_test.npy", &npy("(1, 28, 28)", &pixels[..784])),
            Zipped::deflated(b"y_test.npy", &npy("(1,)", &[0])),
        ])
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mnist.npz");
    fs::write(&path, archive("28")).unwrap();
    let data = mnist::Loader::new().data_dir(folder.path()).load().unwrap();
    assert_eq!(data.source, Source::Directory { path: path.clone(), official: false });
    assert_eq!((data.train.labels, data.test.labels), (vec![3, 9], vec![0]));
    assert_eq!(data.train.images.data, pixels);
    fs::write(&path, archive("28, 1")).unwrap();
    let error = mnist::Loader::new().data_dir(folder.path()).load().unwrap_err().to_string();
    assert!(
        error.contains("mnist.npz: expected bytes of the shapes") && error.contains("[2, 28, 1, 28]"),
        "{error}"
    );
    // Its hash is not Keras's, so it is not taken from Keras's cache.
    let keras = folder.path().join("keras/datasets");
    fs::create_dir_all(&keras).unwrap();
    fs::write(keras.join("mnist.npz"), archive("28")).unwrap();
    let home = folder.path().join("home");
    let found = found("mnist", &[("GRADUS_HOME", &home), ("KERAS_HOME", keras.parent().unwrap())]);
    assert!(found.starts_with("error: mnist: not in the cache, and offline as asked"), "{found}");
}
