//! The file as a whole: where it starts, and how much of it has been used.

use super::object_header::Header;
use super::{Group, SIGNATURE, UNDEFINED};
use crate::byte_fields::ByteFields;
use crate::error::{Error, ErrorKind, Result};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;

/// A file in memory. All access goes through [`at`](Reader::at), which spends the bytes that it hands out.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    unused: Cell<u64>,
    unpackable: Cell<u64>,
    headers: RefCell<HashSet<u64>>,
    root: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Reader<'a>> {
        let Some(rest) = bytes.strip_prefix(SIGNATURE) else {
            return Err(Error::new(ErrorKind::Foreign, "not an HDF5 file (it does not start with \\x89HDF)"));
        };
        let mut fields = ByteFields::new(rest);
        let version = fields.u8()?;
        let (sizes, base, end, root) = match version {
            0 | 1 => {
                fields.skip(4)?;
                let sizes = (fields.u8()?, fields.u8()?);
                fields.skip(if version == 0 { 9 } else { 13 })?;
                let (base, _, end, _) = (fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?);
                let (_, root) = (fields.u64()?, fields.u64()?);
                (sizes, base, end, root)
            }
            2 | 3 => {
                let sizes = (fields.u8()?, fields.u8()?);
                fields.skip(1)?;
                let (base, _, end, root) = (fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?);
                let covered = SIGNATURE.len() + fields.at;
                check_lookup3("the superblock", &bytes[..covered], fields.u32()?)?;
                (sizes, base, end, root)
            }
            _ => {
                return Err(Error::new(ErrorKind::Version, format!("superblock {version}, read are 0 to 3")));
            }
        };
        if sizes != (8, 8) || base != 0 {
            return Err(Error::unsupported(format!("addresses of {sizes:?} bytes from byte {base} on")));
        }
        let len = bytes.len() as u64;
        if end > len {
            return Err(Error::truncated(format!("{len} bytes, written were {end}")));
        }
        Ok(Reader {
            bytes,
            // Headers and heaps are looked at in pieces: twice or three times is normal.
            unused: Cell::new(len * 4 + (1 << 20)),
            unpackable: Cell::new((len * 200).max(16 << 20)),
            headers: RefCell::default(),
            root,
        })
    }

    pub(super) fn root(&self) -> Result<Group> {
        Header::read(self, self.root)?.group(self, 0)
    }

    /// `len` bytes at an address.
    pub(super) fn at(&self, address: u64, len: u64) -> Result<&'a [u8]> {
        self.spend(len)?;
        let start = usize::try_from(address).ok();
        let end = start.zip(usize::try_from(len).ok()).and_then(|(start, len)| start.checked_add(len));
        match (start, end) {
            _ if address == UNDEFINED => Err(Error::corrupt("a pointer to nothing")),
            (Some(start), Some(end)) if end <= self.bytes.len() => Ok(&self.bytes[start..end]),
            _ => Err(Error::truncated(format!("{len} bytes at {address} in a file of {}", self.bytes.len()))),
        }
    }

    /// The text at an address up to its zero byte, which lies before `end`.
    pub(super) fn text_at(&self, address: u64, end: u64) -> Result<&'a str> {
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(self.bytes.len());
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        let Some(len) = bytes.iter().position(|&b| b == 0) else {
            return Err(Error::corrupt(format!("a name at {address} without an end")));
        };
        self.spend(len as u64 + 1)?;
        text(&bytes[..len])
    }

    /// Counts bytes of the file as used.
    fn spend(&self, len: u64) -> Result<()> {
        let left = self.unused.get().checked_sub(len);
        let left = left.ok_or_else(|| Error::corrupt("its parts point at the same bytes again and again"))?;
        self.unused.set(left);
        Ok(())
    }

    /// Counts bytes that something packed is about to unpack to.
    pub(super) fn unpack(&self, len: u64) -> Result<()> {
        let left = self.unpackable.get().checked_sub(len);
        let left = left.ok_or_else(|| Error::too_large(format!("unpacks to {len} bytes and more")))?;
        self.unpackable.set(left);
        Ok(())
    }

    /// Refuses a second way to one object header.
    pub(super) fn first_visit(&self, address: u64) -> Result<()> {
        if self.headers.borrow_mut().insert(address) {
            return Ok(());
        }
        Err(Error::unsupported("a second hard link to one object"))
    }
}

pub(super) fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::unsupported("a text that is not UTF-8"))
}

pub(super) fn check_lookup3(what: &str, bytes: &[u8], found: u32) -> Result<()> {
    let computed = super::lookup3::lookup3(bytes);
    if found == computed {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "the checksum of {what} differs: stored {found:08x}, computed {computed:08x}"
    )))
}
