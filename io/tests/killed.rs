//! T-CKPT 1 and 6: a process that is killed while it saves, and two that save into one directory.
//!
//! The tests start themselves again as the child: a test named `child_*` does nothing unless the environment says
//! where to save.

use gradus_io::{ErrorKind, NamedTensor, SavedModel, TensorData, load_model, save_model};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "GRADUS_TEST_CHILD_FOLDER";
const TENSORS: usize = 16;

fn model(tag: u64) -> SavedModel {
    let values = vec![tag as i64; 8 << 10];
    let tensor = |i: usize| {
        NamedTensor::new(format!("w{i}"), TensorData::from_values(&[8, 1 << 10], &values).unwrap())
    };
    SavedModel {
        architecture: serde_json::json!({"tag": tag}),
        weights: (0..TENSORS).map(tensor).collect(),
        ..SavedModel::default()
    }
}

/// The tag of a model all of whose parts agree.
fn tag_of(path: &Path) -> u64 {
    let loaded = load_model(path).unwrap_or_else(|e| panic!("unreadable: {e}"));
    let tag = loaded.architecture["tag"].as_u64().unwrap();
    assert_eq!(loaded, model(tag), "a mixture of two saves");
    tag
}

fn start_child(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_saves_in_a_loop", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn child_saves_in_a_loop() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let path = Path::new(&folder).join("model.gradus");
    let first = if path.join("saved_model").exists() { tag_of(&path) + 1 } else { 1 };
    for tag in first.. {
        match save_model(&path, &model(tag)) {
            Ok(()) => println!("\nsaved {tag}"),
            Err(e) if e.kind() == ErrorKind::Locked => std::thread::sleep(Duration::from_micros(200)),
            Err(e) => panic!("{e}"),
        }
    }
}

#[test]
fn killed_at_random_moments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gradus");
    let kills = 200;
    let (mut state, mut saves) = (7u64, 0);
    for kill in 0..kills {
        let mut child = start_child(folder.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let saved = |line: String| line.strip_prefix("saved ")?.parse::<u64>().ok();
        let first = lines.by_ref().find_map(saved).expect("the child saves");
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((state >> 33) % 30_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = lines.filter_map(saved).last().unwrap_or(first);
        let found = tag_of(&path);
        assert!(
            found == acknowledged || found == acknowledged + 1,
            "kill {kill}: {found} after {acknowledged}"
        );
        saves = found;
    }
    save_model(&path, &model(saves + 1)).unwrap();
    let left = std::fs::read_dir(path.join("variables")).unwrap().count();
    assert_eq!(left, 1, "the next save removes what killed ones left");
    println!("{kills} kills in {saves} saves of {} KB, 0 unreadable, 0 mixed", TENSORS * 64);
}

#[test]
fn two_processes_and_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gradus");
    save_model(&path, &model(1)).unwrap();
    let mut children = [start_child(folder.path()), start_child(folder.path())];
    let mut last = 0;
    for _ in 0..200 {
        last = tag_of(&path).max(last);
    }
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    tag_of(&path);
    assert!(last > 1, "the children saved nothing");
}

#[test]
fn the_second_saver_gets_a_lock_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gradus");
    save_model(&path, &model(1)).unwrap();
    let lock = std::fs::File::create(path.join(".lock")).unwrap();
    lock.lock().unwrap();
    let error = save_model(&path, &model(2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    drop(lock);
    save_model(&path, &model(3)).unwrap();
    assert_eq!(tag_of(&path), 3);
}
