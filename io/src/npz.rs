//! Numpy's `.npz`: a zip archive of `.npy` files, one per name.

use crate::atomic_file::replace_file;
use crate::error::{Error, Result};
use crate::file_system::Disk;
use crate::input_file::read_file;
use crate::model_directory::SaveOptions;
use crate::npy;
use crate::tensor_data::{NamedTensor, check_unique};
use crate::zip_archive::{ZipReader, ZipWriter};
use std::io::Write;
use std::path::Path;

/// Loads all arrays of a `.npz` file, in the order in which they lie there. Errors name file and array.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<NamedTensor>> {
    let path = path.as_ref();
    read(&read_file(path)?).map_err(|e| e.in_file(path))
}

/// Reads the bytes of a `.npz` file.
///
/// Errors: not a zip archive, or one that contradicts itself; a member that is not `.npy`, or that [`npy::read`]
/// refuses; content that unpacks to more than 200 times the file (from 16 MiB on).
pub fn read(bytes: &[u8]) -> Result<Vec<NamedTensor>> {
    let archive = ZipReader::new(bytes)?;
    let mut tensors = Vec::with_capacity(archive.names().len());
    for (i, member) in archive.names().enumerate() {
        let part = || format!("array {member:?}");
        let name = member
            .strip_suffix(".npy")
            .ok_or_else(|| Error::unsupported("not an .npy file").in_part(part))?;
        let tensor = archive.read(i).and_then(|content| npy::read(&content)).map_err(|e| e.in_part(part))?;
        tensors.push(NamedTensor::new(name, tensor));
    }
    Ok(tensors)
}

/// Saves a `.npz` file, all or nothing; with [`SaveOptions::compress`] as `numpy.savez_compressed` does.
///
/// Errors: two arrays of one name; `bfloat16`; a refused system call.
pub fn save(path: impl AsRef<Path>, tensors: &[NamedTensor], options: SaveOptions) -> Result<()> {
    let path = path.as_ref();
    replace_file(&Disk, path, None, |out| write_to(out, tensors, options))
}

/// The bytes of a `.npz` file.
pub fn write(tensors: &[NamedTensor], options: SaveOptions) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_to(&mut bytes, tensors, options)?;
    Ok(bytes)
}

fn write_to(out: &mut dyn Write, tensors: &[NamedTensor], options: SaveOptions) -> Result<()> {
    check_unique("arrays", tensors.iter().map(|t| t.name.as_str()))?;
    let mut archive = ZipWriter::new(out);
    for NamedTensor { name, tensor } in tensors {
        let part = || format!("array {name:?}");
        let header = npy::header(tensor).map_err(|e| e.in_part(part))?;
        let parts = [&header[..], tensor.bytes()];
        archive.member(&format!("{name}.npy"), &parts, options.compresses()).map_err(|e| e.in_part(part))?;
    }
    archive.finish()
}
