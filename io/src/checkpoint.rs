//! A folder of checkpoints, the newest few of them.
//!
//! Each checkpoint is one sealed file `checkpoint-STEP.gradus`, written all-or-nothing, so there is no list that could
//! disagree with the files. An old one is removed only after the new one has reached the disk: there are never
//! fewer than `keep_last` once that many have been saved.

use crate::atomic_file::replace_file;
use crate::error::{Error, ErrorKind, Result};
use crate::file_system::{Disk, FileSystem};
use crate::json;
use crate::model_directory::{LoadOptions, SaveOptions};
use crate::sealed::{Block, Kind, SealedReader, SealedWriter, Section};
use crate::tensor_data::{NamedTensor, check_unique};
use serde_json::Value;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

const PREFIX: &str = "checkpoint-";

/// The state of a training run at a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Number of steps done; it names the file.
    pub step: u64,
    /// Weights in layer order.
    pub weights: Vec<NamedTensor>,
    /// Iterations and slots of the optimizer.
    pub optimizer: Vec<NamedTensor>,
    /// Everything else that resuming needs: epoch, data position, seeds, callbacks, history.
    pub state: Value,
}

/// A folder of checkpoints. Default: keeps all.
#[derive(Clone, Debug)]
pub struct CheckpointFolder {
    folder: PathBuf,
    keep_last: Option<NonZeroUsize>,
    options: SaveOptions,
}

impl CheckpointFolder {
    /// Names a folder, which the first save creates.
    pub fn new(folder: impl Into<PathBuf>) -> CheckpointFolder {
        CheckpointFolder { folder: folder.into(), keep_last: None, options: SaveOptions::new() }
    }

    /// Keeps the `k` checkpoints with the highest steps. `k` is at least 1: zero counts as one.
    pub fn keep_last(mut self, k: usize) -> CheckpointFolder {
        self.keep_last = Some(NonZeroUsize::new(k).unwrap_or(NonZeroUsize::MIN));
        self
    }

    /// How files are written.
    pub fn save_options(mut self, options: SaveOptions) -> CheckpointFolder {
        self.options = options;
        self
    }

    /// Saves a checkpoint; one of the same step is replaced. Returns its path.
    ///
    /// Errors: two tensors of one name; a refused system call. Earlier checkpoints are then untouched.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf> {
        self.save_to(&Disk, checkpoint)
    }

    pub(crate) fn save_to<F: FileSystem>(&self, fs: &F, checkpoint: &Checkpoint) -> Result<PathBuf> {
        let path = self.path(checkpoint.step);
        check_unique("weights", checkpoint.weights.iter().map(|t| t.name.as_str()))
            .and_then(|()| {
                check_unique("optimizer tensors", checkpoint.optimizer.iter().map(|t| t.name.as_str()))
            })
            .map_err(|e| e.in_file(&path))?;
        let state = json::to_text(&checkpoint.state).map_err(|e| e.in_file(&path))?;
        json::parse(state.as_bytes()).map_err(|e| Error::invalid(e.to_string()).in_file(&path))?;
        match fs.create_dir(&self.folder) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io("cannot create the folder", &self.folder, e));
            }
            _ => {}
        }
        // Also for a folder that is there: the process that created it may have died before it made that durable.
        if self.steps_in(fs)?.is_empty() {
            let parent = self.folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs.sync_dir(parent).map_err(|e| Error::io("cannot sync the folder", parent, e))?;
        }
        replace_file(fs, &path, Some(PREFIX), |out| {
            let mut sealed =
                SealedWriter::new(out, Kind::Checkpoint, checkpoint.step, self.options.compresses())?;
            sealed.bytes(Section::Metadata, "", state.as_bytes())?;
            for tensor in &checkpoint.weights {
                sealed.tensor(Section::Weights, tensor)?;
            }
            for tensor in &checkpoint.optimizer {
                sealed.tensor(Section::Optimizer, tensor)?;
            }
            sealed.finish().map(|_| ())
        })?;
        if let Some(keep) = self.keep_last {
            let mut steps = self.steps_in(fs)?;
            let old = steps.len().saturating_sub(keep.get());
            for step in steps.drain(..old) {
                // Saving an earlier step than the kept ones must not remove what was just asked for.
                if step != checkpoint.step {
                    let _ = fs.remove_file(&self.path(step));
                }
            }
        }
        Ok(path)
    }

    /// The steps of all checkpoints, ascending. Empty when the folder does not exist.
    pub fn steps(&self) -> Result<Vec<u64>> {
        self.steps_in(&Disk)
    }

    fn steps_in<F: FileSystem>(&self, fs: &F) -> Result<Vec<u64>> {
        let names = match fs.list(&self.folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names.map_err(|e| Error::io("cannot read the folder", &self.folder, e))?,
        };
        let step = |name: &str| {
            let step = name.strip_prefix(PREFIX)?.strip_suffix(".gradus")?.parse().ok()?;
            (file_name(step) == name).then_some(step)
        };
        let mut steps: Vec<u64> = names.iter().filter_map(|n| step(n.to_str()?)).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The path of the checkpoint of a step.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(file_name(step))
    }

    /// Loads the checkpoint of a step. Errors name file and tensor.
    pub fn load(&self, step: u64) -> Result<Checkpoint> {
        load_checkpoint(&self.path(step))
    }

    /// Loads the checkpoint with the highest step; `None` when there is none.
    ///
    /// Errors when it cannot be read. Falling back to an older one is the caller's decision, by
    /// [`steps`](CheckpointFolder::steps) and [`load`](CheckpointFolder::load).
    pub fn load_latest(&self) -> Result<Option<Checkpoint>> {
        match self.steps()?.last() {
            Some(&step) => self.load(step).map(Some),
            None => Ok(None),
        }
    }
}

fn file_name(step: u64) -> String {
    format!("{PREFIX}{step:010}.gradus")
}

fn load_checkpoint(path: &Path) -> Result<Checkpoint> {
    let mut reader = SealedReader::open(path, Kind::Checkpoint, LoadOptions::new().memory())?;
    let mut checkpoint = Checkpoint { step: reader.generation(), ..Checkpoint::default() };
    while let Some((section, name, block)) = reader.next()? {
        match (section, block) {
            (Section::Metadata, Block::Bytes(text)) => {
                checkpoint.state =
                    json::parse(&text).map_err(|e| e.in_part(|| "state".into()).in_file(path))?;
            }
            (Section::Weights, Block::Tensor(tensor)) => {
                checkpoint.weights.push(NamedTensor { name, tensor })
            }
            (Section::Optimizer, Block::Tensor(tensor)) => {
                checkpoint.optimizer.push(NamedTensor { name, tensor })
            }
            _ => {
                return Err(
                    Error::new(ErrorKind::Corrupt, "holds something that is no checkpoint").in_file(path)
                );
            }
        }
    }
    Ok(checkpoint)
}
