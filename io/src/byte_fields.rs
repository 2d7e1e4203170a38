//! Little-endian fields one after the other, for binary formats that are read from memory.

use crate::error::{Error, Result};

/// A place in bytes that moves on as fields are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByteFields<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> ByteFields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> ByteFields<'a> {
        ByteFields { bytes, at: 0 }
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(n);
        let field = end.and_then(|end| self.bytes.get(self.at..end));
        let field =
            field.ok_or_else(|| Error::truncated(format!("a record is cut off at byte {}", self.at)))?;
        self.at += n;
        Ok(field)
    }

    pub(crate) fn skip(&mut self, n: usize) -> Result<()> {
        self.take(n).map(|_| ())
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.take(1).map(|b| b[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.take(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.take(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from(self.u32()?) | u64::from(self.u32()?) << 32)
    }
}
