//! Reading zip archives for [`extract`](crate::extract()).

use std::io::{Read, Seek};

use crate::error::{Error, ErrorKind, Result};
use crate::extract::{Stage, damaged};
use crate::zip_reader::{Fault, ZipReader};

/// Puts all entries onto the stage.
pub(crate) fn unpack(reader: impl Read + Seek, stage: &mut Stage<'_>) -> Result<()> {
    let place = stage.place().to_string();
    let limits = stage.limits();
    let mut archive = ZipReader::open(reader, limits.max_entries).map_err(|fault| match fault {
        Fault::Hostile(name, reason) => stage.hostile(&name, reason),
        Fault::Corrupt(found) => Error::corrupt(&place, "an intact zip archive", found),
        Fault::TooMany => {
            Error::new(ErrorKind::TooLarge, format!("{place}: more than {} entries", limits.max_entries))
        }
        Fault::Io(error) => damaged(&place, &error),
    })?;
    const TYPE: u32 = 0o170_000;
    const FOLDER: u32 = 0o040_000;
    const FILE: u32 = 0o100_000;
    for index in 0..archive.entries().len() {
        let entry = archive.entries()[index].clone();
        let folder = entry.name.ends_with(b"/");
        match (entry.mode & TYPE, folder) {
            (0 | FOLDER, true) | (0 | FILE, false) => {}
            (0o120_000, _) => return Err(stage.hostile(&entry.name, "a link")),
            _ => return Err(stage.hostile(&entry.name, "neither a file nor a folder")),
        }
        if folder {
            if entry.size != 0 {
                return Err(stage.hostile(&entry.name, "a folder with contents"));
            }
            stage.folder(&entry.name)?;
        } else {
            let contents = archive.contents(index, limits.max_ratio).map_err(|e| damaged(&place, &e))?;
            stage.file(&entry.name, entry.size, contents)?;
        }
    }
    Ok(())
}
