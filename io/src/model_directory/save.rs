//! Saving a generation and making it the current one.

use super::survey::survey;
use super::{LOCK, MAIN, Manifest, NEW, Part, SaveOptions};
use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::file_system::{Disk, FileSystem, Output};
use crate::json;
use crate::saved_model::SavedModel;
use crate::sealed::{Kind, Seal, SealedWriter, Section};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// Saves a model as the directory `path`, replacing the model that may be there, all or nothing.
///
/// Returns when everything has reached the disk. On an error or a crash the previous model is untouched.
///
/// Errors: `path` is something that this function did not write ([`ErrorKind::Foreign`]); another process is saving
/// there ([`ErrorKind::Locked`]); two tensors of one name; a refused system call, a full disk among them.
pub fn save_model(path: impl AsRef<Path>, model: &SavedModel) -> Result<()> {
    save_model_with(path, model, SaveOptions::new())
}

/// [`save_model`] with options.
pub fn save_model_with(path: impl AsRef<Path>, model: &SavedModel, options: SaveOptions) -> Result<()> {
    save_into(&Disk, path.as_ref(), model, options)
}

pub(crate) fn save_into<F: FileSystem>(
    fs: &F,
    dir: &Path,
    model: &SavedModel,
    options: SaveOptions,
) -> Result<()> {
    model.check().and_then(|()| check_loads(model)).map_err(|e| e.in_file(dir))?;
    let created = create_folder(fs, dir)?;
    let lock_path = dir.join(LOCK);
    let lock = match fs.lock(&lock_path) {
        Ok(lock) => lock,
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
            return Err(Error::new(ErrorKind::Locked, "another process is saving into it").in_file(dir));
        }
        Err(e) => {
            if created {
                let _ = fs.remove_dir(dir);
            }
            return Err(Error::io("cannot take the lock", &lock_path, e));
        }
    };
    let saved = save_locked(fs, dir, model, options);
    fs.unlock(lock, &lock_path);
    if saved.is_err() && created {
        for part in [Part::Variables, Part::Assets] {
            let _ = fs.remove_dir(&dir.join(part.folder()));
        }
        // Both refuse a directory that is not empty, so nothing is lost if the error came after the rename.
        let _ = fs.remove_dir(dir);
    }
    saved
}

fn save_locked<F: FileSystem>(fs: &F, dir: &Path, model: &SavedModel, options: SaveOptions) -> Result<()> {
    let main = dir.join(MAIN);
    let new = dir.join(NEW);
    let state = survey(fs, dir)?;
    fs.sync_dir(dir).map_err(|e| Error::io("cannot sync the folder", dir, e))?;
    if state.current.is_none() {
        // Also for a folder that was there: the process that created it may have died before it made that durable.
        let parent = parent(dir);
        fs.sync_dir(parent).map_err(|e| Error::io("cannot sync the folder", parent, e))?;
    }
    state.remove_all_but(fs, dir, state.current);
    let generation = state.next;

    let mut written = Vec::new();
    let mut renaming = false;
    let mut save = || -> Result<()> {
        let variables = save_part(fs, dir, Part::Variables, generation, options, &mut written, |out| {
            for tensor in &model.weights {
                out.tensor(Section::Weights, tensor)?;
            }
            if let Some(optimizer) = &model.optimizer {
                out.bytes(Section::Optimizer, "", &[])?;
                for tensor in optimizer {
                    out.tensor(Section::Optimizer, tensor)?;
                }
            }
            Ok(())
        })?;
        let assets = if model.assets.is_empty() {
            None
        } else {
            let save_assets = |out: &mut SealedWriter<'_>| {
                model.assets.iter().try_for_each(|a| out.bytes(Section::Assets, &a.name, &a.bytes))
            };
            Some(save_part(fs, dir, Part::Assets, generation, options, &mut written, save_assets)?)
        };
        let manifest = codec::encode("the manifest", &Manifest { variables, assets })?;
        written.push(new.clone());
        write_file(fs, &new, Kind::SavedModel, generation, SaveOptions::new(), |out| {
            out.bytes(Section::Manifest, "", &manifest)?;
            out.bytes(Section::Architecture, "", json::to_text(&model.architecture)?.as_bytes())?;
            if let Some(compile) = &model.compile {
                out.bytes(Section::Compile, "", json::to_text(compile)?.as_bytes())?;
            }
            if model.metadata != Value::Null {
                out.bytes(Section::Metadata, "", json::to_text(&model.metadata)?.as_bytes())?;
            }
            Ok(())
        })?;
        renaming = true;
        fs.rename(&new, &main).map_err(|e| Error::io("cannot put the new model in place", &main, e))
    };
    if let Err(e) = save() {
        // If the rename has happened although it reported an error, these parts are the model: keep them.
        if !renaming || matches!(fs.exists(&new), Ok(true)) {
            for path in written.iter().rev() {
                let _ = fs.remove_file(path);
            }
        }
        return Err(e.in_file(dir));
    }
    fs.sync_dir(dir).map_err(|e| Error::io("cannot sync the folder", dir, e))?;
    state.remove_all_but(fs, dir, Some(generation));
    Ok(())
}

/// A document that loading would refuse must not replace a good model.
fn check_loads(model: &SavedModel) -> Result<()> {
    for (name, value) in [
        ("architecture", Some(&model.architecture)),
        ("compile settings", model.compile.as_ref()),
        ("metadata", Some(&model.metadata)),
    ] {
        if let Some(value) = value {
            let text = json::to_text(value)?;
            json::parse(text.as_bytes())
                .map_err(|e| Error::invalid(e.to_string()).in_part(|| name.into()))?;
        }
    }
    Ok(())
}

fn save_part<F: FileSystem>(
    fs: &F,
    dir: &Path,
    part: Part,
    generation: u64,
    options: SaveOptions,
    written: &mut Vec<PathBuf>,
    write: impl FnOnce(&mut SealedWriter<'_>) -> Result<()>,
) -> Result<Seal> {
    let folder = dir.join(part.folder());
    if create_folder(fs, &folder)? {
        fs.sync_dir(dir).map_err(|e| Error::io("cannot sync the folder", dir, e))?;
    }
    let path = part.path(dir, generation);
    written.push(path.clone());
    let seal = write_file(fs, &path, part.kind(), generation, options, write)?;
    fs.sync_dir(&folder).map_err(|e| Error::io("cannot sync the folder", &folder, e))?;
    Ok(seal)
}

fn write_file<F: FileSystem>(
    fs: &F,
    path: &Path,
    kind: Kind,
    generation: u64,
    options: SaveOptions,
    write: impl FnOnce(&mut SealedWriter<'_>) -> Result<()>,
) -> Result<Seal> {
    let file = fs.create_new(path).map_err(|e| Error::io("cannot create a file", path, e))?;
    let mut output = Output::new(fs, file);
    let mut sealed = SealedWriter::new(&mut output, kind, generation, options.compresses())
        .map_err(|e| e.in_file(path))?;
    let seal = write(&mut sealed).and_then(|()| sealed.finish()).map_err(|e| e.in_file(path))?;
    output.sync().map_err(|e| Error::io("cannot write", path, e))?;
    Ok(seal)
}

/// Creates a folder if it is not there. Whether it was created.
fn create_folder<F: FileSystem>(fs: &F, dir: &Path) -> Result<bool> {
    match fs.create_dir(dir) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(Error::io("cannot create the folder", dir, e)),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
