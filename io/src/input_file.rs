//! Reading a whole file, for formats that are read from memory.

use crate::error::{Error, ErrorKind, Result};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// The bytes of a regular file; memory is asked for once and may be refused.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let (mut file, length) = open(path)?;
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).is_ok_and(|n| bytes.try_reserve_exact(n).is_ok());
    if !reserved {
        return Err(Error::too_large(format!("no memory for {length} bytes")).in_file(path));
    }
    file.by_ref().take(length).read_to_end(&mut bytes).map_err(|e| Error::io("cannot read", path, e))?;
    Ok(bytes)
}

/// Opens a regular file. A pipe or a device would never end.
pub(crate) fn open(path: &Path) -> Result<(File, u64)> {
    let fail = |e| Error::io("cannot open", path, e);
    if !fs::metadata(path).map_err(fail)?.is_file() {
        return Err(Error::new(ErrorKind::Foreign, "not a regular file").in_file(path));
    }
    let file = File::open(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    Ok((file, length))
}
