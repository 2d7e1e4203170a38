//! Saving on disks that fail: every call of a save fails once, in every way; power goes at random moments.

mod faulty_disk;
mod power_loss;

use crate::checkpoint::{Checkpoint, CheckpointFolder};
use crate::error::Result;
use crate::file_system::{Disk, FileSystem};
use crate::model_directory::{SaveOptions, load_model, save_into};
use crate::saved_model::{Asset, SavedModel};
use crate::tensor_data::{NamedTensor, TensorData};
use crate::weights_file::{load_weights, save_to};
use faulty_disk::{Fault, FaultyDisk};
use power_loss::PowerLossDisk;
use std::path::{Path, PathBuf};

/// A model whose every part carries `tag`, so that a mixture of two saves cannot pass for either.
fn model(tag: u32, rows: usize) -> SavedModel {
    let tensor = |name: String| {
        NamedTensor::new(name, TensorData::from_values(&[rows, 3], &vec![tag as f32; rows * 3]).unwrap())
    };
    SavedModel {
        architecture: serde_json::json!({"tag": tag}),
        weights: (0..3).map(|i| tensor(format!("layer_{i}/kernel"))).collect(),
        optimizer: Some(vec![tensor("adam/momentum".into())]),
        compile: Some(serde_json::json!({"optimizer": "adam", "tag": tag})),
        metadata: serde_json::json!([tag]),
        assets: vec![Asset { name: "vocabulary.txt".into(), bytes: tag.to_le_bytes().repeat(50) }],
    }
}

/// One of the three things that are saved all-or-nothing.
#[derive(Clone, Copy, Debug)]
enum Target {
    Model,
    Weights,
    Checkpoints,
}

impl Target {
    const ALL: [Target; 3] = [Target::Model, Target::Weights, Target::Checkpoints];

    fn path(self, root: &Path) -> PathBuf {
        root.join(match self {
            Target::Model => "model.gradus",
            Target::Weights => "weights.gradus",
            Target::Checkpoints => "checkpoints",
        })
    }

    fn save<F: FileSystem>(self, fs: &F, root: &Path, tag: u32) -> Result<()> {
        let path = self.path(root);
        let model = model(tag, 7);
        match self {
            Target::Model => save_into(fs, &path, &model, SaveOptions::new()),
            Target::Weights => save_to(fs, &path, &model.weights, SaveOptions::new()),
            Target::Checkpoints => {
                let checkpoint =
                    Checkpoint { step: u64::from(tag), weights: model.weights, ..Checkpoint::default() };
                CheckpointFolder::new(path).keep_last(2).save_to(fs, &checkpoint).map(|_| ())
            }
        }
    }

    /// The tag of what can be loaded, all parts of which agree; `None` when nothing is there.
    fn load(self, root: &Path) -> Result<Option<u32>> {
        let path = self.path(root);
        let expected = |tag: u32| model(tag, 7);
        let tag_of = |weights: &[NamedTensor]| weights[0].tensor.to_values::<f32>().unwrap()[0] as u32;
        match self {
            Target::Model if !path.join("saved_model").exists() => Ok(None),
            Target::Model => {
                let loaded = load_model(&path)?;
                let tag = tag_of(&loaded.weights);
                assert_eq!(loaded, expected(tag));
                Ok(Some(tag))
            }
            Target::Weights if !path.exists() => Ok(None),
            Target::Weights => {
                let loaded = load_weights(&path)?;
                assert_eq!(loaded, expected(tag_of(&loaded)).weights);
                Ok(Some(tag_of(&loaded)))
            }
            Target::Checkpoints => {
                let folder = CheckpointFolder::new(path);
                for step in folder.steps()? {
                    assert_eq!(folder.load(step)?.weights, expected(step as u32).weights);
                }
                Ok(folder.load_latest()?.map(|c| c.step as u32))
            }
        }
    }
}

/// Everything under `root` that is not the content of a finished save.
fn leavings(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with('.') || name.ends_with(".new") {
                found.push(path.display().to_string());
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// T-CKPT 2: for every call k of a save and every fault, the previous or the new content loads, a failed save leaves
/// nothing behind unless the process itself is gone, and the next save succeeds and cleans up.
#[test]
fn every_call_of_a_save_fails_once() {
    let mut cases = 0;
    for target in Target::ALL {
        for first in [false, true] {
            for fault in Fault::ALL {
                for k in 0.. {
                    let root = folder();
                    let root = root.path();
                    if !first {
                        target.save(&Disk, root, 1).unwrap();
                    }
                    let disk = FaultyDisk::new(fault, k);
                    let saved = target.save(&disk, root, 2);
                    let case =
                        format!("{target:?}, first {first}, {fault:?} at call {k} ({:?})", disk.failed());
                    let loaded = target.load(root).unwrap_or_else(|e| panic!("{case}: {e}"));
                    match (loaded, first) {
                        (Some(2), _) => {}
                        (Some(1), false) | (None, true) => {
                            assert!(saved.is_err(), "{case}: a lost save said Ok")
                        }
                        other => panic!("{case}: loaded {other:?}"),
                    }
                    if fault != Fault::Stop {
                        assert_eq!(leavings(root), Vec::<String>::new(), "{case}");
                    }
                    if first && saved.is_err() && loaded.is_none() && !matches!(target, Target::Checkpoints) {
                        let gone = fault == Fault::Stop || !target.path(root).exists();
                        assert!(gone, "{case}: a failed first save left its folder");
                    }
                    target.save(&Disk, root, 3).unwrap_or_else(|e| panic!("{case}: the next save: {e}"));
                    assert_eq!(target.load(root).unwrap(), Some(3), "{case}");
                    assert_eq!(leavings(root), Vec::<String>::new(), "{case}: after the next save");
                    cases += 1;
                    if disk.failed().is_none() {
                        break;
                    }
                }
            }
        }
    }
    println!("{cases} cases");
    assert!(cases > 300, "only {cases} cases: the faults do not reach the calls");
}

/// T-CKPT 3: three saves, the process may die in one of them and another take over, then the power goes; any subset
/// of what was not synced may be on the disk. What was acknowledged is never lost.
#[test]
fn power_goes_at_random_moments() {
    for target in Target::ALL {
        for seed in 0..400u64 {
            let disk = PowerLossDisk::new(seed);
            let root = Path::new("/");
            let mut acknowledged = None;
            for tag in 1..=4 {
                disk.plan_death();
                match target.save(&disk, root, tag) {
                    Ok(()) => acknowledged = Some(tag),
                    Err(_) if disk.died() => {}
                    Err(e) => panic!("{target:?}, seed {seed}, save {tag}: {e}"),
                }
                if disk.power_is_gone() {
                    break;
                }
                disk.new_process();
            }
            for subset in 0..4 {
                let root = folder();
                disk.materialize(root.path(), subset);
                let case = format!("{target:?}, seed {seed}, subset {subset}, acknowledged {acknowledged:?}");
                let loaded = target.load(root.path()).unwrap_or_else(|e| panic!("{case}: {e}"));
                assert!(loaded >= acknowledged, "{case}: loaded {loaded:?}");
            }
        }
    }
}

/// The model disks below are only as good as the faults they find: without syncs, power loss must lose models.
#[test]
fn power_loss_finds_missing_syncs() {
    let mut lost = 0;
    for seed in 0..100 {
        let disk = PowerLossDisk::without_syncs(seed);
        let saved = (1..=2).filter(|&tag| Target::Model.save(&disk, Path::new("/"), tag).is_ok()).count();
        assert_eq!(saved, 2);
        let root = folder();
        disk.materialize(root.path(), 0);
        lost += usize::from(!matches!(Target::Model.load(root.path()), Ok(Some(2))));
    }
    assert!(lost > 50, "only {lost} of 100 lost");
}

/// A temporary folder, in memory where there is one: these tests sync often and fake the disk themselves.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A small random generator, so that each seed is one schedule forever (Steele, Lea and Flood, SplitMix64).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}
