//! Writing an archive: the same members give the same bytes, so there are no times in it.

use super::{CENTRAL, DEFLATED, END, END64, END64_LOCATOR, LOCAL, STORED, UTF8, ZIP64, plausible};
use crate::error::{Error, ErrorKind, Result};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::{self, Write};

/// The first day that zip can express: 1980-01-01.
const DATE: u16 = 1 << 5 | 1;

/// Writes members one after the other.
pub(crate) struct ZipWriter<'a> {
    out: &'a mut dyn Write,
    position: u64,
    directory: Vec<u8>,
    count: u64,
}

impl<'a> ZipWriter<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> ZipWriter<'a> {
        ZipWriter { out, position: 0, directory: Vec::new(), count: 0 }
    }

    /// Adds a member whose content is `parts` in a row; deflated if that is asked for and makes it smaller.
    pub(crate) fn member(&mut self, name: &str, parts: &[&[u8]], deflate: bool) -> Result<()> {
        let name_len = u16::try_from(name.len()).map_err(|_| {
            Error::invalid(format!("a member's name of {} bytes, zip allows 65535", name.len()))
        })?;
        let mut crc = Crc::new();
        parts.iter().for_each(|part| crc.update(part));
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let packed = if deflate { pack(parts).map_err(write_error)? } else { Vec::new() };
        let packed_len = packed.len() as u64;
        let smaller = deflate && packed_len < length && plausible(packed_len, length);
        let (method, packed_len) = if smaller { (DEFLATED, packed_len) } else { (STORED, length) };

        let header_at = self.position;
        let wide = length >= u64::from(u32::MAX) || header_at >= u64::from(u32::MAX);
        let narrow = |n: u64| if wide { u32::MAX } else { n as u32 };
        let mut common = Vec::with_capacity(26);
        push16(&mut common, &[if wide { 45 } else { 20 }, UTF8, method, 0, DATE]);
        push32(&mut common, &[crc.sum(), narrow(packed_len), narrow(length)]);
        push16(&mut common, &[name_len]);

        let mut local = LOCAL.to_le_bytes().to_vec();
        local.extend_from_slice(&common);
        let extra = if wide { zip64_extra(&[length, packed_len]) } else { Vec::new() };
        push16(&mut local, &[extra.len() as u16]);
        local.extend_from_slice(name.as_bytes());
        local.extend_from_slice(&extra);
        self.put(&local)?;
        if smaller {
            self.put(&packed)?;
        } else {
            parts.iter().try_for_each(|part| self.put(part))?;
        }

        let extra = if wide { zip64_extra(&[length, packed_len, header_at]) } else { Vec::new() };
        push32(&mut self.directory, &[CENTRAL]);
        push16(&mut self.directory, &[if wide { 45 } else { 20 }]);
        self.directory.extend_from_slice(&common);
        push16(&mut self.directory, &[extra.len() as u16, 0, 0, 0]);
        push32(&mut self.directory, &[0, narrow(header_at)]);
        self.directory.extend_from_slice(name.as_bytes());
        self.directory.extend_from_slice(&extra);
        self.count += 1;
        Ok(())
    }

    /// Writes the directory.
    pub(crate) fn finish(mut self) -> Result<()> {
        let start = self.position;
        let directory = std::mem::take(&mut self.directory);
        self.put(&directory)?;
        let size = directory.len() as u64;
        let limit = u64::from(u32::MAX);
        let mut end = Vec::new();
        if start >= limit || size >= limit || self.count >= u64::from(u16::MAX) {
            let end64_at = self.position;
            push32(&mut end, &[END64]);
            push64(&mut end, &[44]);
            push16(&mut end, &[45, 45]);
            push32(&mut end, &[0, 0]);
            push64(&mut end, &[self.count, self.count, size, start]);
            push32(&mut end, &[END64_LOCATOR, 0]);
            push64(&mut end, &[end64_at]);
            push32(&mut end, &[1]);
            push32(&mut end, &[END]);
            push16(&mut end, &[0, 0, u16::MAX, u16::MAX]);
            push32(&mut end, &[u32::MAX, u32::MAX]);
        } else {
            push32(&mut end, &[END]);
            push16(&mut end, &[0, 0, self.count as u16, self.count as u16]);
            push32(&mut end, &[size as u32, start as u32]);
        }
        push16(&mut end, &[0]);
        self.put(&end)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(write_error)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

fn pack(parts: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    for part in parts {
        encoder.write_all(part)?;
    }
    encoder.finish()
}

fn zip64_extra(values: &[u64]) -> Vec<u8> {
    let mut extra = Vec::new();
    push16(&mut extra, &[ZIP64, (values.len() * 8) as u16]);
    push64(&mut extra, values);
    extra
}

fn push16(to: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|v| to.extend_from_slice(&v.to_le_bytes()));
}

fn push32(to: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|v| to.extend_from_slice(&v.to_le_bytes()));
}

fn push64(to: &mut Vec<u8>, values: &[u64]) {
    values.iter().for_each(|v| to.extend_from_slice(&v.to_le_bytes()));
}

fn write_error(e: io::Error) -> Error {
    Error::new(ErrorKind::Io(e.kind()), format!("cannot write: {e}"))
}
