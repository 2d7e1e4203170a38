//! Reading zip archives, strictly.
//!
//! A zip names each entry twice, in the central directory at its end and in a local header before the contents, and
//! readers that believe different ones see different files. This reader demands that they agree, that the entries lie
//! one after another without overlapping, that no name comes twice, and that nothing is encrypted or split. It reads
//! stored and deflated entries up to 4 GiB, which is what `.npz` files and data sets are made of.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::ratio_guard::{Counted, RatioGuard};

/// Why an archive is not read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Damaged, or another format.
    Corrupt(String),
    /// Built to look different to different readers; the entry's name and the reason.
    Hostile(Vec<u8>, &'static str),
    /// Too many entries.
    TooMany,
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Corrupt("an early end (the file is cut short)".into()),
            _ => Fault::Io(error),
        }
    }
}

/// An entry whose two headers agree.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) size: u64,
    /// The file type and permissions of Unix, or 0.
    pub(crate) mode: u32,
    packed: u64,
    crc: u32,
    deflated: bool,
    local: u64,
    data: u64,
}

pub(crate) struct ZipReader<R> {
    reader: R,
    entries: Vec<Entry>,
}

const END: &[u8; 4] = b"PK\x05\x06";
const END_SIZE: usize = 22;
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const CENTRAL_SIZE: usize = 46;
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const LOCAL_SIZE: usize = 30;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const SIZES_FOLLOW: u16 = 1 << 3;
const ZIP64: u16 = 1;
const UNICODE_PATH: u16 = 0x7075;

impl<R: Read + Seek> ZipReader<R> {
    /// Reads and checks the directory and all local headers.
    pub(crate) fn open(mut reader: R, max_entries: u64) -> Result<ZipReader<R>, Fault> {
        let length = reader.seek(SeekFrom::End(0))?;
        let (count, start, end) = find_directory(&mut reader, length)?;
        if count > max_entries {
            return Err(Fault::TooMany);
        }
        let mut directory = Vec::new();
        reader.seek(SeekFrom::Start(start))?;
        reader.by_ref().take(end - start).read_to_end(&mut directory)?;
        let mut rest = &directory[..];
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(central_header(&mut rest)?);
        }
        if !rest.is_empty() {
            return Err(Fault::Corrupt(format!("{} bytes too many in the directory", rest.len())));
        }
        let mut names = HashSet::new();
        for (entry, flags) in &mut entries {
            if !names.insert(entry.name.clone()) {
                return Err(Fault::Hostile(entry.name.clone(), "the archive has this name twice"));
            }
            local_header(&mut reader, entry, *flags)?;
        }
        let entries: Vec<Entry> = entries.into_iter().map(|(entry, _)| entry).collect();
        let mut order: Vec<&Entry> = entries.iter().collect();
        order.sort_by_key(|entry| entry.local);
        let ends = order.iter().skip(1).map(|next| next.local).chain([start]);
        for (entry, limit) in order.iter().zip(ends) {
            if entry.data.checked_add(entry.packed).is_none_or(|end| end > limit) {
                return Err(Fault::Hostile(entry.name.clone(), "it overlaps what follows"));
            }
        }
        Ok(ZipReader { reader, entries })
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The contents of an entry; the reader fails at the end when the size or checksum is wrong.
    pub(crate) fn contents(&mut self, index: usize, max_ratio: u64) -> io::Result<Contents<'_, R>> {
        let entry = self.entries[index].clone();
        self.reader.seek(SeekFrom::Start(entry.data))?;
        let counted = Counted::new((&mut self.reader).take(entry.packed));
        let packed: Rc<Cell<u64>> = counted.count();
        let unpacked = if entry.deflated {
            Unpacked::Deflated(Box::new(RatioGuard::new(DeflateDecoder::new(counted), packed, max_ratio)))
        } else {
            Unpacked::Stored(counted)
        };
        Ok(Contents { unpacked, crc: Crc::new(), left: entry.size, expected: entry.crc })
    }
}

enum Unpacked<'a, R: Read> {
    Stored(Counted<io::Take<&'a mut R>>),
    Deflated(Box<RatioGuard<DeflateDecoder<Counted<io::Take<&'a mut R>>>>>),
}

/// See [`ZipReader::contents`].
pub(crate) struct Contents<'a, R: Read> {
    unpacked: Unpacked<'a, R>,
    crc: Crc,
    left: u64,
    expected: u32,
}

impl<R: Read> Read for Contents<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.unpacked {
            Unpacked::Stored(reader) => reader.read(buffer)?,
            Unpacked::Deflated(reader) => reader.read(buffer)?,
        };
        let broken = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidData, text));
        if count as u64 > self.left {
            return broken("an entry is longer than announced");
        }
        self.left -= count as u64;
        self.crc.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() {
            if self.left > 0 {
                return broken("an entry is shorter than announced");
            }
            if self.crc.sum() != self.expected {
                return broken("an entry's checksum is wrong");
            }
        }
        Ok(count)
    }
}

/// The number of entries, and where the directory begins and ends.
fn find_directory<R: Read + Seek>(reader: &mut R, length: u64) -> Result<(u64, u64, u64), Fault> {
    let span = length.min(END_SIZE as u64 + 0xffff);
    reader.seek(SeekFrom::Start(length - span))?;
    let mut tail = Vec::new();
    reader.by_ref().take(span).read_to_end(&mut tail)?;
    // The end record is the one whose comment reaches exactly to the end of the file.
    let found = (0..(tail.len() + 1).saturating_sub(END_SIZE)).rev().find(|&at| {
        tail[at..].starts_with(END) && at + END_SIZE + usize::from(u16_at(&tail, at + 20)) == tail.len()
    });
    let Some(at) = found else {
        return Err(Fault::Corrupt("no zip directory at its end".into()));
    };
    let end = length - span + at as u64;
    let [disk, first_disk, here, count] = [4, 6, 8, 10].map(|offset| u16_at(&tail, at + offset));
    let (size, start) = (u32_at(&tail, at + 12), u32_at(&tail, at + 16));
    if disk != 0 || first_disk != 0 || here != count {
        return Err(Fault::Corrupt("a part of a split archive".into()));
    }
    if count == u16::MAX || start == u32::MAX {
        return Err(Fault::Corrupt("a zip64 archive of more than 4 GiB or 65,534 entries".into()));
    }
    if u64::from(start) + u64::from(size) != end {
        return Err(Fault::Corrupt("a directory that does not end where it should".into()));
    }
    Ok((u64::from(count), u64::from(start), end))
}

/// Takes one entry off the directory, with its flags.
fn central_header(rest: &mut &[u8]) -> Result<(Entry, u16), Fault> {
    let short = || Fault::Corrupt("a directory that is cut short".into());
    let head = rest.get(..CENTRAL_SIZE).ok_or_else(short)?;
    if !head.starts_with(CENTRAL) {
        return Err(Fault::Corrupt("a broken directory entry".into()));
    }
    let [made_by, flags, method] = [4, 8, 10].map(|offset| u16_at(head, offset));
    let [name_size, extra_size, comment_size] = [28, 30, 32].map(|offset| usize::from(u16_at(head, offset)));
    let [crc, packed, size] = [16, 20, 24].map(|offset| u32_at(head, offset));
    let body =
        rest.get(CENTRAL_SIZE..CENTRAL_SIZE + name_size + extra_size + comment_size).ok_or_else(short)?;
    let name = body[..name_size].to_vec();
    let hostile = |reason| Fault::Hostile(name.clone(), reason);
    if flags & ENCRYPTED != 0 {
        return Err(hostile("it is encrypted"));
    }
    if !matches!(method, 0 | 8) {
        return Err(hostile("it is packed by a method other than stored and deflated"));
    }
    if [packed, size, u32_at(head, 42)].contains(&u32::MAX) {
        return Err(hostile("an entry of more than 4 GiB"));
    }
    if method == 0 && packed != size {
        return Err(hostile("a stored entry of two sizes"));
    }
    if extra_fields(&body[name_size..name_size + extra_size]).any(|(id, _)| id == UNICODE_PATH) {
        return Err(hostile("it has a second name"));
    }
    const UNIX: u16 = 3;
    let mode = if made_by >> 8 == UNIX { u32_at(head, 38) >> 16 } else { 0 };
    let entry = Entry {
        size: size.into(),
        mode,
        packed: packed.into(),
        crc,
        deflated: method == 8,
        local: u32_at(head, 42).into(),
        data: 0,
        name,
    };
    *rest = &rest[CENTRAL_SIZE + name_size + extra_size + comment_size..];
    Ok((entry, flags))
}

/// Compares the local header with the directory's entry and notes where the contents begin.
fn local_header<R: Read + Seek>(reader: &mut R, entry: &mut Entry, flags: u16) -> Result<(), Fault> {
    let mut head = [0; LOCAL_SIZE];
    reader.seek(SeekFrom::Start(entry.local))?;
    reader.read_exact(&mut head)?;
    let hostile = |reason| Err(Fault::Hostile(entry.name.clone(), reason));
    if !head.starts_with(LOCAL) {
        return hostile("the directory points at something else");
    }
    let (name_size, extra_size) = (usize::from(u16_at(&head, 26)), usize::from(u16_at(&head, 28)));
    let mut body = vec![0; name_size + extra_size];
    reader.read_exact(&mut body)?;
    if body[..name_size] != entry.name {
        return hostile("its two headers give it different names");
    }
    let method = u16_at(&head, 8);
    if u16_at(&head, 6) != flags || (method == 8) != entry.deflated || !matches!(method, 0 | 8) {
        return hostile("its two headers disagree about how it is packed");
    }
    let mut sizes = [u32_at(&head, 22), u32_at(&head, 18)].map(u64::from);
    for (id, value) in extra_fields(&body[name_size..]) {
        match id {
            // NumPy writes the sizes there whatever they are; the field has those whose 32 bits are all set.
            ZIP64 => {
                let mut values = value
                    .chunks_exact(8)
                    .map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap_or_default()));
                for size in sizes.iter_mut().filter(|size| **size == u64::from(u32::MAX)) {
                    *size = values.next().unwrap_or(u64::MAX);
                }
            }
            UNICODE_PATH => return hostile("it has a second name"),
            _ => {}
        }
    }
    // A writer that streams does not know sizes and checksum yet when it writes the local header.
    let streamed = flags & SIZES_FOLLOW != 0 && sizes.iter().all(|&size| size == 0);
    if !streamed && (sizes != [entry.size, entry.packed] || u32_at(&head, 14) != entry.crc) {
        return hostile("its two headers give it different sizes or checksums");
    }
    entry.data = entry.local + (LOCAL_SIZE + name_size + extra_size) as u64;
    Ok(())
}

/// Pairs of identifier and value; a broken rest is left out, as it names nothing that matters here.
fn extra_fields(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (id, size) = (bytes.get(..4).map(|head| u16_at(head, 0))?, usize::from(u16_at(bytes, 2)));
        let value = bytes.get(4..4 + size)?;
        bytes = &bytes[4 + size..];
        Some((id, value))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
