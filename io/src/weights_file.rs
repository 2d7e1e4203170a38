//! Weights alone, in one file.

use crate::atomic_file::replace_file;
use crate::error::{Error, Result};
use crate::file_system::{Disk, FileSystem};
use crate::model_directory::{LoadOptions, SaveOptions};
use crate::sealed::{Block, Kind, SealedReader, SealedWriter, Section};
use crate::tensor_data::{NamedTensor, check_unique};
use std::path::Path;

/// Saves named tensors as one checksummed file, replacing the file that may be there, all or nothing.
///
/// Errors: two tensors of one name; a refused system call. The previous file is then untouched.
pub fn save_weights(path: impl AsRef<Path>, weights: &[NamedTensor]) -> Result<()> {
    save_weights_with(path, weights, SaveOptions::new())
}

/// [`save_weights`] with options.
pub fn save_weights_with(
    path: impl AsRef<Path>,
    weights: &[NamedTensor],
    options: SaveOptions,
) -> Result<()> {
    save_to(&Disk, path.as_ref(), weights, options)
}

pub(crate) fn save_to<F: FileSystem>(
    fs: &F,
    path: &Path,
    weights: &[NamedTensor],
    options: SaveOptions,
) -> Result<()> {
    check_unique("weights", weights.iter().map(|t| t.name.as_str())).map_err(|e| e.in_file(path))?;
    replace_file(fs, path, None, |out| {
        let mut sealed = SealedWriter::new(out, Kind::Weights, 0, options.compresses())?;
        for tensor in weights {
            sealed.tensor(Section::Weights, tensor)?;
        }
        sealed.finish().map(|_| ())
    })
}

/// Loads the tensors of a file of [`save_weights`], in the order in which they were saved.
///
/// Errors name file and tensor, as those of [`load_model`](crate::load_model).
pub fn load_weights(path: impl AsRef<Path>) -> Result<Vec<NamedTensor>> {
    load_weights_with(path, LoadOptions::new())
}

/// [`load_weights`] with limits.
pub fn load_weights_with(path: impl AsRef<Path>, options: LoadOptions) -> Result<Vec<NamedTensor>> {
    let path = path.as_ref();
    let mut reader = SealedReader::open(path, Kind::Weights, options.memory())?;
    let mut weights = Vec::new();
    while let Some((section, name, block)) = reader.next()? {
        match (section, block) {
            (Section::Weights, Block::Tensor(tensor)) => weights.push(NamedTensor { name, tensor }),
            _ => return Err(Error::corrupt("holds something that is no weight").in_file(path)),
        }
    }
    check_unique("weights", weights.iter().map(|t| t.name.as_str()))
        .map_err(|e| Error::corrupt(e.to_string()).in_file(path))?;
    Ok(weights)
}
