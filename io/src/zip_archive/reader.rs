//! Reading an archive that lies in memory.

use super::{
    CENTRAL, DEFLATED, ENCRYPTED, END, END64, END64_LOCATOR, LOCAL, STORED, STREAMED, ZIP64, plausible,
};
use crate::byte_fields::ByteFields;
use crate::error::{Error, ErrorKind, Result};
use flate2::Crc;
use flate2::read::DeflateDecoder;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

/// An archive whose directory has been checked.
pub(crate) struct ZipReader<'a> {
    bytes: &'a [u8],
    members: Vec<Member>,
}

/// An entry of the central directory.
struct Member {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    length: u64,
    header_at: u64,
    /// Start of the packed bytes.
    data_at: usize,
}

impl<'a> ZipReader<'a> {
    /// Checks the directory of an archive.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<ZipReader<'a>> {
        let (start, end, count) = find_directory(bytes)?;
        let mut directory = ByteFields { bytes: &bytes[..end], at: start };
        let mut members: Vec<Member> = Vec::new();
        while directory.at < end {
            members.push(read_entry(&mut directory)?);
        }
        if members.len() as u64 != count {
            return Err(Error::corrupt(format!(
                "the directory has {} entries, said were {count}",
                members.len()
            )));
        }
        let mut names = HashSet::with_capacity(members.len());
        if let Some(twice) = members.iter().find(|m| !names.insert(m.name.as_str())) {
            return Err(Error::corrupt("two members have this name").in_part(|| twice.name.clone()));
        }
        members.sort_by_key(|m| m.header_at);
        let mut free = 0;
        for member in &mut members {
            let checked = check_local(&bytes[..start], member, free);
            (member.data_at, free) = checked.map_err(|e| e.in_part(|| member.name.clone()))?;
        }
        let (packed, length) = members
            .iter()
            .fold((0u64, 0u64), |(p, l), m| (p.saturating_add(m.packed), l.saturating_add(m.length)));
        if !plausible(packed, length) {
            return Err(Error::too_large(format!("{packed} bytes are said to unpack to {length}")));
        }
        Ok(ZipReader { bytes, members })
    }

    /// Names of the members, in the order of their data.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.members.iter().map(|m| m.name.as_str())
    }

    /// The content of the i-th member, its CRC checked; borrowed if it is stored.
    pub(crate) fn read(&self, i: usize) -> Result<Cow<'a, [u8]>> {
        let member = &self.members[i];
        let packed = &self.bytes[member.data_at..][..member.packed as usize];
        unpack(member, packed).map_err(|e| e.in_part(|| member.name.clone()))
    }
}

fn unpack<'a>(member: &Member, packed: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    let content = match member.method {
        STORED => Cow::Borrowed(packed),
        _ => {
            let mut content = Vec::new();
            content
                .try_reserve_exact(member.length as usize)
                .map_err(|_| Error::too_large(format!("no memory for {} bytes", member.length)))?;
            let mut decoder = DeflateDecoder::new(packed);
            let broken = |e| Error::corrupt(format!("cannot be unpacked: {e}"));
            decoder.by_ref().take(member.length).read_to_end(&mut content).map_err(broken)?;
            let more = decoder.read(&mut [0]).map_err(broken)?;
            if content.len() as u64 != member.length || more > 0 {
                return Err(Error::corrupt(format!("unpacks to another length than {}", member.length)));
            }
            if decoder.total_in() != member.packed {
                return Err(Error::corrupt("bytes follow its deflate stream"));
            }
            Cow::Owned(content)
        }
    };
    let mut crc = Crc::new();
    crc.update(&content);
    if crc.sum() != member.crc {
        let message = format!("the CRC-32 differs: stored {:08x}, computed {:08x}", member.crc, crc.sum());
        return Err(Error::corrupt(message));
    }
    Ok(content)
}

/// Start and end of the central directory and the number of its entries.
fn find_directory(bytes: &[u8]) -> Result<(usize, usize, u64)> {
    const LEN: usize = 22;
    if !bytes.starts_with(&LOCAL.to_le_bytes()) && !bytes.starts_with(&END.to_le_bytes()) {
        return Err(Error::new(ErrorKind::Foreign, "not a zip archive"));
    }
    let first = bytes.len().saturating_sub(LEN + usize::from(u16::MAX));
    let found = (first..=bytes.len().saturating_sub(LEN)).rev().find(|&at| {
        // The comment reaches exactly to the end of the file.
        let record = &bytes[at..];
        record.starts_with(&END.to_le_bytes())
            && record.len() >= LEN
            && record.len() - LEN == usize::from(u16::from_le_bytes([record[20], record[21]]))
    });
    let end_at = found.ok_or_else(|| Error::truncated("a zip archive whose end is missing"))?;
    let mut end = ByteFields { bytes, at: end_at + 4 };
    let disks = (end.u16()?, end.u16()?);
    let (here, count) = (end.u16()?, end.u16()?);
    let (size, start) = (end.u32()?, end.u32()?);
    if disks != (0, 0) || here != count {
        return Err(Error::unsupported("a zip archive over several disks"));
    }
    let locator_at =
        end_at.checked_sub(20).filter(|&at| bytes[at..].starts_with(&END64_LOCATOR.to_le_bytes()));
    let large = count == u16::MAX || size == u32::MAX || start == u32::MAX;
    let (start, size, count, directory_end) = match locator_at {
        Some(locator_at) if large => {
            let mut locator = ByteFields { bytes, at: locator_at + 4 };
            let (disk, at, disks) = (locator.u32()?, locator.u64()?, locator.u32()?);
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let mut end = ByteFields { bytes, at };
            let (mark, length, _, _) = (end.u32()?, end.u64()?, end.u16()?, end.u16()?);
            let disk_numbers = (end.u32()?, end.u32()?);
            let (here, count, size, start) = (end.u64()?, end.u64()?, end.u64()?, end.u64()?);
            let whole = length.checked_add(12).and_then(|n| n.checked_add(at as u64));
            if (mark, disk, disks, disk_numbers) != (END64, 0, 1, (0, 0))
                || here != count
                || whole != Some(locator_at as u64)
            {
                return Err(Error::corrupt("the zip64 end record contradicts itself"));
            }
            (start, size, count, at)
        }
        _ => (u64::from(start), u64::from(size), u64::from(count), end_at),
    };
    if start.checked_add(size) != Some(directory_end as u64) {
        let message = format!("a directory of {size} bytes at {start} does not end at {directory_end}");
        return Err(Error::corrupt(message));
    }
    Ok((start as usize, directory_end, count))
}

fn read_entry(directory: &mut ByteFields<'_>) -> Result<Member> {
    if directory.u32()? != CENTRAL {
        return Err(Error::corrupt("the directory holds something that is no entry"));
    }
    directory.skip(4)?;
    let (flags, method) = (directory.u16()?, directory.u16()?);
    directory.skip(4)?;
    let crc = directory.u32()?;
    let (packed, length) = (directory.u32()?, directory.u32()?);
    let (name, extra, comment) = (directory.u16()?, directory.u16()?, directory.u16()?);
    let disk = directory.u16()?;
    directory.skip(6)?;
    let header_at = directory.u32()?;
    let name = directory.take(usize::from(name))?;
    let extra = directory.take(usize::from(extra))?;
    directory.skip(usize::from(comment))?;
    let name =
        std::str::from_utf8(name).map_err(|_| Error::unsupported("a member's name is not UTF-8"))?.to_owned();

    let refuse = |what: &str| Err(Error::unsupported(what).in_part(|| name.clone()));
    if flags & ENCRYPTED != 0 {
        return refuse("encrypted");
    }
    if method != STORED && method != DEFLATED {
        return refuse(&format!("packed by method {method}; stored and deflated are read"));
    }
    let mut wide = Zip64 { fields: zip64_field(extra)? };
    let length = wide.widen(length)?;
    let packed = wide.widen(packed)?;
    let header_at = wide.widen(header_at)?;
    if disk != 0 || (method == STORED && packed != length) || !plausible(packed, length) {
        let message = format!("{packed} bytes on disk {disk} are said to be {length}");
        let kind = if plausible(packed, length) { ErrorKind::Corrupt } else { ErrorKind::TooLarge };
        return Err(Error::new(kind, message).in_part(|| name.clone()));
    }
    Ok(Member { name, flags, method, crc, packed, length, header_at, data_at: 0 })
}

/// Checks a local header against its entry. Start and end of the data; `free` is where the member before ended.
fn check_local(bytes: &[u8], member: &Member, free: usize) -> Result<(usize, usize)> {
    if member.header_at < free as u64 {
        return Err(Error::corrupt(format!("starts at {}, inside the member before it", member.header_at)));
    }
    let mut local = ByteFields { bytes, at: usize::try_from(member.header_at).unwrap_or(usize::MAX) };
    let mark = local.u32()?;
    local.skip(2)?;
    let (flags, method) = (local.u16()?, local.u16()?);
    local.skip(4)?;
    let (crc, packed, length) = (local.u32()?, local.u32()?, local.u32()?);
    let (name, extra) = (local.u16()?, local.u16()?);
    let name = local.take(usize::from(name))?;
    let mut wide = Zip64 { fields: zip64_field(local.take(usize::from(extra))?)? };
    let lengths = (wide.widen(length)?, wide.widen(packed)?);
    let streamed = flags & STREAMED != 0;
    let same_lengths = (crc, lengths) == (member.crc, (member.length, member.packed));
    if mark != LOCAL
        || name != member.name.as_bytes()
        || (flags, method) != (member.flags, member.method)
        || !(streamed || same_lengths)
    {
        return Err(Error::corrupt("its header and its directory entry differ"));
    }
    let data_at = local.at;
    let end = usize::try_from(member.packed)
        .ok()
        .and_then(|n| data_at.checked_add(n))
        .filter(|&e| e <= bytes.len());
    match end {
        Some(end) => Ok((data_at, end)),
        None => {
            Err(Error::truncated(format!("{} packed bytes do not fit before the directory", member.packed)))
        }
    }
}

/// The zip64 field among the extra fields.
fn zip64_field(extra: &[u8]) -> Result<Option<ByteFields<'_>>> {
    let mut extra = ByteFields { bytes: extra, at: 0 };
    while extra.bytes.len() - extra.at >= 4 {
        let (tag, len) = (extra.u16()?, extra.u16()?);
        let field = extra.take(usize::from(len))?;
        if tag == ZIP64 {
            return Ok(Some(ByteFields { bytes: field, at: 0 }));
        }
    }
    Ok(None)
}

/// Hands out the 64-bit values in place of those that are all ones, in their fixed order.
struct Zip64<'a> {
    fields: Option<ByteFields<'a>>,
}

impl Zip64<'_> {
    fn widen(&mut self, narrow: u32) -> Result<u64> {
        match &mut self.fields {
            Some(fields) if narrow == u32::MAX => fields.u64(),
            _ => Ok(u64::from(narrow)),
        }
    }
}
