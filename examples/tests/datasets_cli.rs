//! The command line `gradus datasets`, run as a program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn gradus(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gradus"))
        .arg("datasets")
        .args(arguments)
        .env("GRADUS_HOME", home)
        .env("KERAS_HOME", home.join("no keras"))
        .env_remove("GRADUS_DATA")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Real data of this machine: `GRADUS_DATA`, or `../shared/data` beside the repository.
fn real_data(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let places = [std::env::var_os("GRADUS_DATA").map(PathBuf::from), Some(beside)];
    let found = places.into_iter().flatten().find(|place| place.join(name).is_dir());
    if found.is_none() {
        println!("skipped: no folder {name} in GRADUS_DATA or ../shared/data");
    }
    found
}

fn width_and_height(png: &[u8]) -> (u32, u32) {
    assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn lists_all_sets() {
    let home = tempfile::tempdir().unwrap();
    let output = gradus(home.path(), &["list"]);
    assert!(output.status.success());
    let lines = text(&output.stdout);
    assert_eq!(lines.lines().count(), 10, "{lines}");
    assert!(
        lines.contains("fashion_mnist") && lines.contains("30.9 MB") && lines.contains("unpinned"),
        "{lines}"
    );
    let output = gradus(home.path(), &["list", "--json"]);
    let sets: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(sets.as_array().unwrap().len(), 9);
    assert_eq!(sets[4]["files"][0]["bytes"], 26_421_880);
    assert_eq!(sets[4]["cached"], false);
}

#[test]
fn wrong_uses_have_their_exit_status_and_one_line() {
    let home = tempfile::tempdir().unwrap();
    let cases: [(&[&str], i32, &str); 8] = [
        (
            &["download", "fashon-mnist"],
            1,
            "error: no data set \"fashon-mnist\"; the nearest names are fashion_mnist",
        ),
        (&["path", "xyzzy-and-more"], 1, "there are boston_housing, california_housing"),
        (&["path", "mnist"], 1, "fetch it by: gradus datasets download mnist"),
        (&["show", "imdb", "--offline", "--grid", "x.png"], 1, "imdb has no images"),
        (&["show", "mnist", "--offline"], 1, "mnist: not in the cache, and offline as asked; put https://"),
        (
            &["download", "mnist", "--mirror", "/no/such/mirror", "--quiet"],
            1,
            "no server gave it (/no/such/mirror/mnist/",
        ),
        (&["download"], 2, "required"),
        (&["download", "mnist", "--force", "--verify"], 2, "cannot be used with"),
    ];
    for (arguments, status, expected) in cases {
        let output = gradus(home.path(), arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
        if status == 1 {
            assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
        }
    }
}

#[test]
fn the_bundled_sample_becomes_a_picture() {
    let home = tempfile::tempdir().unwrap();
    let picture = home.path().join("out.png");
    let output = gradus(
        home.path(),
        &["show", "fashion-mnist", "--offline", "--side", "5", "--grid", picture.to_str().unwrap()],
    );
    let lines = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(lines.contains("source: bundled sample: 6,000 training and 1,000 test images"), "{lines}");
    assert!(lines.contains("row 1: Ankle boot, T-shirt/top, T-shirt/top, Dress, T-shirt/top"), "{lines}");
    assert_eq!(width_and_height(&fs::read(picture).unwrap()), (5 * 58 + 2, 5 * 58 + 2));
    let nowhere = home.path().join("no folder").join("out.png");
    let output =
        gradus(home.path(), &["show", "fashion-mnist", "--offline", "--grid", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: cannot write "), "{}", text(&output.stderr));
}

#[test]
fn a_wrong_file_on_a_mirror_is_kept_out() {
    let home = tempfile::tempdir().unwrap();
    let mirror = home.path().join("mirror");
    fs::create_dir(&mirror).unwrap();
    let file = fs::File::create(mirror.join("california_housing.npz")).unwrap();
    // The right size alone does not help.
    file.set_len(743_530).unwrap();
    let output = gradus(
        home.path(),
        &["download", "california", "boston", "--json", "--mirror", mirror.to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report[0]["ok"], &report[1]["name"]), (&false.into(), &"boston_housing".into()));
    let error = report[0]["error"].as_str().unwrap();
    assert!(
        error.contains("expected the hash 1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"),
        "{error}"
    );
    let folder = home.path().join("datasets/california_housing");
    assert!(
        !folder.join("california_housing.npz").exists() && folder.join("california_housing.npz.bad").exists()
    );
}

#[test]
fn download_path_verify_show_with_real_files() {
    let Some(mirror) = real_data("fashion_mnist") else { return };
    let home = tempfile::tempdir().unwrap();
    let mirror = mirror.to_str().unwrap();
    let output = gradus(home.path(), &["download", "fashion-mnist", "--mirror", mirror]);
    let bars = text(&output.stderr);
    assert!(output.status.success(), "{bars}");
    assert!(
        bars.contains("train-images-idx3-ubyte.gz [========================] 100%  26.4/26.4 MB"),
        "{bars}"
    );
    assert!(text(&output.stdout).starts_with("fashion_mnist: downloaded from "), "{}", text(&output.stdout));

    let output = gradus(home.path(), &["path", "fashion-mnist"]);
    let folder = PathBuf::from(text(&output.stdout).trim());
    assert_eq!(folder, home.path().join("datasets/fashion_mnist"));
    let output = gradus(home.path(), &["show", "fashion-mnist", "--offline"]);
    assert!(
        text(&output.stdout).contains("train [60000, 28, 28], test [10000, 28, 28]"),
        "{}",
        text(&output.stdout)
    );
    assert!(text(&output.stdout).contains("source: cache "), "{}", text(&output.stdout));

    assert!(gradus(home.path(), &["download", "fashion-mnist", "--verify"]).status.success());
    let labels = folder.join("t10k-labels-idx1-ubyte.gz");
    let mut bytes = fs::read(&labels).unwrap();
    bytes[2500] ^= 1;
    fs::remove_file(&labels).unwrap();
    fs::write(&labels, bytes).unwrap();
    let output = gradus(home.path(), &["download", "fashion-mnist", "--verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("t10k-labels-idx1-ubyte.gz: expected the hash "),
        "{}",
        text(&output.stderr)
    );
    // A download mends what is wrong and leaves the rest.
    let output = gradus(home.path(), &["download", "fashion-mnist", "--mirror", mirror, "--quiet"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", text(&output.stderr));
    assert!(gradus(home.path(), &["download", "fashion-mnist", "--verify", "--quiet"]).status.success());
}
