//! Loading the current generation.

use super::{LoadOptions, MAIN, Manifest, Part};
use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::json;
use crate::saved_model::{Asset, SavedModel};
use crate::sealed::{Block, Kind, Seal, SealedReader, Section};
use crate::tensor_data::NamedTensor;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Loads the model directory `path`, checking every byte of it.
///
/// Errors name file and tensor: not a model directory ([`ErrorKind::Foreign`]), a flipped bit
/// ([`ErrorKind::Corrupt`]), missing bytes ([`ErrorKind::Truncated`]), a newer format ([`ErrorKind::Version`]), more
/// memory than the limits allow ([`ErrorKind::TooLarge`]).
pub fn load_model(path: impl AsRef<Path>) -> Result<SavedModel> {
    load_model_with(path, LoadOptions::new())
}

/// [`load_model`] with limits.
pub fn load_model_with(path: impl AsRef<Path>, options: LoadOptions) -> Result<SavedModel> {
    let path = path.as_ref();
    // A saver needs a few milliseconds for a generation and a reader microseconds to open the parts of one: losing
    // this race more than a few times in a row means that the parts are missing.
    let mut tries = 0;
    loop {
        match load_once(path, options) {
            Err(e) if e.is_not_found() && e.part() == Some(PART_MISSING) && tries < 20 => tries += 1,
            done => return done,
        }
    }
}

const PART_MISSING: &str = "a part of the model is missing";

fn load_once(path: &Path, options: LoadOptions) -> Result<SavedModel> {
    let main = path.join(MAIN);
    check_is_model(path, &main)?;
    let mut reader = SealedReader::open(&main, Kind::SavedModel, options.memory())?;
    let generation = reader.generation();
    let mut model = SavedModel::default();
    let mut manifest = None;
    while let Some((section, _, block)) = reader.next()? {
        let Block::Bytes(bytes) = block else {
            return Err(misplaced("a tensor").in_file(&main));
        };
        let value = |name: &str| json::parse(&bytes).map_err(|e| e.in_part(|| name.into()).in_file(&main));
        match section {
            Section::Manifest => {
                manifest =
                    Some(codec::decode::<Manifest>("the manifest", &bytes).map_err(|e| e.in_file(&main))?);
            }
            Section::Architecture => model.architecture = value("architecture")?,
            Section::Compile => model.compile = Some(value("compile settings")?),
            Section::Metadata => model.metadata = value("metadata")?,
            Section::Weights | Section::Optimizer | Section::Assets => {
                return Err(misplaced("a weight or asset").in_file(&main));
            }
        }
    }
    let manifest = manifest.ok_or_else(|| Error::corrupt("no manifest").in_file(&main))?;
    let mut variables = open_part(path, Part::Variables, generation, manifest.variables, options)?;
    let assets = match manifest.assets {
        Some(seal) => Some(open_part(path, Part::Assets, generation, seal, options)?),
        None => None,
    };
    read_variables(&mut variables, &mut model)?;
    if let Some(mut assets) = assets {
        while let Some((section, name, block)) = assets.next()? {
            match (section, block) {
                (Section::Assets, Block::Bytes(bytes)) => model.assets.push(Asset { name, bytes }),
                _ => return Err(misplaced("something").in_file(&Part::Assets.path(path, generation))),
            }
        }
    }
    model.check().map_err(|e| Error::corrupt(e.to_string()).in_file(path))?;
    Ok(model)
}

fn read_variables(reader: &mut SealedReader<File>, model: &mut SavedModel) -> Result<()> {
    while let Some((section, name, block)) = reader.next()? {
        match (section, block) {
            (Section::Weights, Block::Tensor(tensor)) => model.weights.push(NamedTensor { name, tensor }),
            // An empty optimizer state is still one: this block says that there is a state.
            (Section::Optimizer, Block::Bytes(_)) => model.optimizer = Some(Vec::new()),
            (Section::Optimizer, Block::Tensor(tensor)) => {
                model.optimizer.get_or_insert_default().push(NamedTensor { name, tensor });
            }
            _ => return Err(misplaced("something")),
        }
    }
    Ok(())
}

fn misplaced(what: &str) -> Error {
    Error::corrupt(format!("{what} that does not belong into this file"))
}

/// A clear word for what people hand in by mistake.
fn check_is_model(path: &Path, main: &Path) -> Result<()> {
    let foreign = |message: String| Err(Error::new(ErrorKind::Foreign, message).in_file(path));
    let metadata = fs::metadata(path).map_err(|e| Error::io("cannot open the model directory", path, e))?;
    if !metadata.is_dir() {
        return foreign("a file, expected a model directory".into());
    }
    match fs::symlink_metadata(main) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => foreign(format!("not a Gradus model directory: {MAIN} is not a regular file")),
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("cannot open", main, e)),
        Err(_) if path.join("saved_model.pb").exists() => {
            foreign("a TensorFlow SavedModel (saved_model.pb), expected a Gradus model directory".into())
        }
        Err(_) => foreign(format!("not a Gradus model directory: it has no file {MAIN}")),
    }
}

fn open_part(
    dir: &Path,
    part: Part,
    generation: u64,
    seal: Seal,
    options: LoadOptions,
) -> Result<SealedReader<File>> {
    let path = part.path(dir, generation);
    let metadata = fs::symlink_metadata(&path).map_err(|e| Error::io("cannot open", &path, e));
    let reader = metadata.and_then(|metadata| match metadata.is_file() {
        true => SealedReader::open(&path, part.kind(), options.memory()),
        false => Err(Error::new(ErrorKind::Foreign, "not a regular file").in_file(&path)),
    });
    let reader = reader.map_err(|e| if e.is_not_found() { e.in_part(|| PART_MISSING.into()) } else { e })?;
    if (reader.generation(), reader.seal()) != (generation, seal) {
        let message = format!("does not belong to {}: it is of another save", dir.join(MAIN).display());
        return Err(Error::corrupt(message).in_file(&path));
    }
    Ok(reader)
}
