//! Reading tar archives for [`extract`](crate::extract()).
//!
//! The `tar` crate splits the stream into headers and contents and checks the header sums. The extensions that
//! change an entry's name or size, GNU long names and PAX records, are read here, because readers that disagree about
//! them see different files in one archive.

use std::io::Read;

use tar::{Archive, EntryType};

use crate::error::{Error, Result};
use crate::extract::{Stage, damaged};

/// A long name or a set of PAX records is never longer than this.
const MAX_EXTENSION: u64 = 1 << 16;

/// Puts all entries onto the stage.
pub(crate) fn unpack(reader: impl Read, stage: &mut Stage<'_>) -> Result<()> {
    let mut archive = Archive::new(reader);
    let place = stage.place().to_string();
    let entries = archive.entries().map_err(|e| damaged(&place, &e))?;
    let mut long_name: Option<Vec<u8>> = None;
    let mut pax: Option<Pax> = None;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|e| damaged(&place, &e))?;
        let header = entry.header().clone();
        let own_name = header.path_bytes().into_owned();
        let size = header.entry_size().map_err(|e| damaged(&place, &e))?;
        let kind = header.entry_type();
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                let mut content = Vec::new();
                let read = entry.by_ref().take(MAX_EXTENSION + 1).read_to_end(&mut content);
                read.map_err(|e| damaged(&place, &e))?;
                if size > MAX_EXTENSION {
                    return Err(stage.hostile(&own_name, "an extension of more than 64 KiB"));
                }
                if content.len() as u64 != size {
                    return Err(Error::corrupt(
                        &place,
                        format!("{size} bytes of an extension"),
                        content.len(),
                    ));
                }
                if kind == EntryType::GNULongName {
                    // The name ends at its zero byte; the rest of the block is filling.
                    let end = content.iter().position(|&byte| byte == 0).unwrap_or(content.len());
                    content.truncate(end);
                    if long_name.replace(content).is_some() {
                        return Err(stage.hostile(&own_name, "two long names for one entry"));
                    }
                } else {
                    let records = Pax::parse(&content).map_err(|reason| stage.hostile(&own_name, reason))?;
                    if pax.replace(records).is_some() {
                        return Err(stage.hostile(&own_name, "two sets of PAX records for one entry"));
                    }
                }
                continue;
            }
            _ => {}
        }
        let records = pax.take().unwrap_or_default();
        let name = match (long_name.take(), records.path) {
            (Some(_), Some(_)) => return Err(stage.hostile(&own_name, "a GNU and a PAX name for one entry")),
            (Some(name), None) | (None, Some(name)) => name,
            (None, None) => own_name,
        };
        if records.size.is_some_and(|pax_size| pax_size != size) {
            return Err(stage.hostile(&name, "its PAX size is not the one in its header"));
        }
        match kind {
            EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") && size == 0 => {
                stage.folder(&name)?
            }
            EntryType::Regular | EntryType::Continuous => stage.file(&name, size, &mut entry)?,
            EntryType::Directory if size == 0 => stage.folder(&name)?,
            EntryType::Directory => return Err(stage.hostile(&name, "a folder with contents")),
            EntryType::Symlink | EntryType::Link => return Err(stage.hostile(&name, "a link")),
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                return Err(stage.hostile(&name, "a device or pipe"));
            }
            EntryType::GNUSparse => return Err(stage.hostile(&name, "a sparse file")),
            _ => return Err(stage.hostile(&name, "an entry of an unknown sort")),
        }
    }
    if long_name.is_some() || pax.is_some() {
        return Err(Error::corrupt(&place, "an entry after an extension", "the end"));
    }
    // To the end, for the sum of a gzip stream, and so that nothing hides behind the end mark.
    let mut rest = archive.into_inner();
    let mut buffer = [0; 1 << 13];
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) if buffer[..count].iter().all(|&byte| byte == 0) => {}
            Ok(_) => return Err(stage.hostile(b"", "data behind the end mark")),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(damaged(&place, &e)),
        }
    }
}

/// The PAX records that matter.
#[derive(Default)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Pax {
    /// Records are `LENGTH KEY=VALUE\n`, where the length counts the whole record.
    fn parse(mut content: &[u8]) -> std::result::Result<Pax, &'static str> {
        const BROKEN: &str = "broken PAX records";
        let mut pax = Pax::default();
        while !content.is_empty() {
            let space = content.iter().take(8).position(|&byte| byte == b' ').ok_or(BROKEN)?;
            let digits = std::str::from_utf8(&content[..space]).map_err(|_| BROKEN)?;
            let length: usize = digits.parse().map_err(|_| BROKEN)?;
            if length <= space + 1 || length > content.len() || content[length - 1] != b'\n' {
                return Err(BROKEN);
            }
            let record = &content[space + 1..length - 1];
            let equals = record.iter().position(|&byte| byte == b'=').ok_or(BROKEN)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" if pax.path.is_some() => return Err("two PAX names for one entry"),
                b"path" => pax.path = Some(value.to_vec()),
                b"size" if pax.size.is_some() => return Err("two PAX sizes for one entry"),
                b"size" => {
                    let digits = std::str::from_utf8(value).map_err(|_| BROKEN)?;
                    pax.size = Some(digits.parse().map_err(|_| BROKEN)?);
                }
                b"linkpath" => return Err("a link"),
                _ if key.starts_with(b"GNU.sparse") => return Err("a sparse file"),
                _ => {}
            }
            content = &content[length..];
        }
        Ok(pax)
    }
}
