//! Reading a sealed file, checking everything before it is believed.

use super::{
    Block, Content, END, HEADER, Kind, MAGIC, Packing, Record, SLACK, Seal, Section, TRAILER, VERSION,
};
use crate::codec;
use crate::crc32c::{Crc32c, crc32c};
use crate::error::{Error, ErrorKind, Result};
use crate::input_file;
use crate::tensor_data::TensorData;
use crate::tensorflow_dtype;
use flate2::read::DeflateDecoder;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// An open sealed file whose header, trailer and index have been checked; blocks are read in order.
pub(crate) struct SealedReader<R> {
    source: R,
    path: PathBuf,
    index: std::vec::IntoIter<Record>,
    generation: u64,
    seal: Seal,
}

impl SealedReader<File> {
    /// Opens a regular file. `limit` is the memory that its blocks may take; at least twice the file and
    /// [`SLACK`] is always granted.
    pub(crate) fn open(path: &Path, kind: Kind, limit: u64) -> Result<SealedReader<File>> {
        let (file, length) = input_file::open(path)?;
        SealedReader::new(file, length, path, kind, limit)
    }
}

impl<R: Read + Seek> SealedReader<R> {
    /// Reads header, trailer and index of `length` bytes.
    pub(crate) fn new(
        mut source: R,
        length: u64,
        path: &Path,
        kind: Kind,
        limit: u64,
    ) -> Result<SealedReader<R>> {
        let checked = check(&mut source, length, kind, limit).map_err(|e| e.in_file(path))?;
        let (index, generation, seal) = checked;
        Ok(SealedReader { source, path: path.to_path_buf(), index: index.into_iter(), generation, seal })
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn seal(&self) -> Seal {
        self.seal
    }

    /// The next block, or `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<(Section, String, Block)>> {
        let Some(record) = self.index.next() else { return Ok(None) };
        let block = read_block(&mut self.source, &record)
            .map_err(|e| e.in_part(|| record.label()).in_file(&self.path))?;
        Ok(Some((record.section, record.name, block)))
    }
}

/// Kind and generation of a header. Errors: not a sealed file, a newer version, a wrong checksum.
pub(crate) fn read_header(header: &[u8]) -> Result<(u16, u64)> {
    let magic = &header[..header.len().min(MAGIC.len())];
    if magic != &MAGIC[..magic.len()] || header.is_empty() {
        return Err(Error::new(
            ErrorKind::Foreign,
            "not a Gradus file (it does not start with the Gradus mark)",
        ));
    }
    let Some(header) = header.first_chunk::<HEADER>() else {
        return Err(Error::truncated(format!("only {} bytes of a header of {HEADER}", header.len())));
    };
    let found = u32::from_le_bytes([header[20], header[21], header[22], header[23]]);
    let computed = crc32c(&header[..20]);
    if found != computed {
        return Err(checksum("the header", found, computed));
    }
    let version = u16::from_le_bytes([header[8], header[9]]);
    if version == 0 || version > VERSION {
        return Err(Error::new(
            ErrorKind::Version,
            format!("format version {version}, this build reads 1 to {VERSION}: a newer Gradus wrote it"),
        ));
    }
    let mut generation = [0; 8];
    generation.copy_from_slice(&header[12..20]);
    Ok((u16::from_le_bytes([header[10], header[11]]), u64::from_le_bytes(generation)))
}

fn check<R: Read + Seek>(
    source: &mut R,
    length: u64,
    kind: Kind,
    limit: u64,
) -> Result<(Vec<Record>, u64, Seal)> {
    let mut header = Vec::new();
    source.take(HEADER as u64).read_to_end(&mut header).map_err(read_error)?;
    let (found, generation) = read_header(&header)?;
    if found != kind as u16 {
        let message = format!("this is {}, expected {}", Kind::name(found), Kind::name(kind as u16));
        return Err(Error::new(ErrorKind::Foreign, message));
    }
    let Some(trailer_at) = length.checked_sub(TRAILER as u64).filter(|&at| at >= HEADER as u64) else {
        return Err(Error::truncated(format!("only {length} bytes, the end is missing")));
    };
    source.seek(SeekFrom::Start(trailer_at)).map_err(read_error)?;
    let mut trailer = [0; TRAILER];
    source.read_exact(&mut trailer).map_err(read_error)?;
    let word =
        |at: usize| u32::from_le_bytes([trailer[at], trailer[at + 1], trailer[at + 2], trailer[at + 3]]);
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    if trailer[24..] != END {
        return Err(Error::truncated("the closing mark is missing: bytes were cut off, or added after it"));
    }
    let (index_length, file_length, index_crc) = (long(0), long(8), word(16));
    if word(20) != crc32c(&trailer[..20]) {
        return Err(checksum("the trailer", word(20), crc32c(&trailer[..20])));
    }
    if file_length != length {
        return Err(Error::truncated(format!("{length} bytes, written were {file_length}")));
    }
    let Some(index_at) = trailer_at.checked_sub(index_length).filter(|&at| at >= HEADER as u64) else {
        return Err(Error::corrupt(format!("an index of {index_length} bytes in a file of {length}")));
    };
    source.seek(SeekFrom::Start(index_at)).map_err(read_error)?;
    let index = read_bytes(source, index_length)?;
    if crc32c(&index) != index_crc {
        return Err(checksum("the index", index_crc, crc32c(&index)));
    }
    let index: Vec<Record> = codec::decode("the index", &index)?;
    check_lengths(
        &index,
        index_at - HEADER as u64,
        limit.max(length.saturating_mul(2).saturating_add(SLACK)),
    )?;
    source.seek(SeekFrom::Start(HEADER as u64)).map_err(read_error)?;
    Ok((index, generation, Seal { length, index_crc }))
}

/// The stored lengths fill the space between header and index exactly, and unpacking stays within the limit.
fn check_lengths(index: &[Record], space: u64, limit: u64) -> Result<()> {
    let sum = |f: fn(&Record) -> u64| index.iter().try_fold(0u64, |n, r| n.checked_add(f(r)));
    if sum(|r| r.stored) != Some(space) {
        return Err(Error::corrupt(format!(
            "the blocks of the index do not fill the {space} bytes before it"
        )));
    }
    match sum(|r| r.length) {
        Some(unpacked) if unpacked <= limit => {}
        unpacked => {
            let unpacked = unpacked.map_or("more than 2^64".into(), |n| n.to_string());
            return Err(Error::too_large(format!("unpacks to {unpacked} bytes, the limit is {limit}")));
        }
    }
    match index.iter().find(|r| r.packing == Packing::Raw && r.stored != r.length) {
        Some(r) => {
            Err(Error::corrupt(format!("{} bytes are said to be {}", r.stored, r.length))
                .in_part(|| r.label()))
        }
        None => Ok(()),
    }
}

fn read_block<R: Read>(source: &mut R, record: &Record) -> Result<Block> {
    let mut crc = Crc32c::new();
    let mut bytes = reserve(record.stored)?;
    while (bytes.len() as u64) < record.stored {
        let at = bytes.len();
        // In pieces that stay in the cache until the checksum has seen them.
        let piece = (record.stored - at as u64).min(256 << 10);
        source.take(piece).read_to_end(&mut bytes).map_err(read_error)?;
        if bytes.len() == at {
            return Err(Error::truncated(format!("{at} bytes of {}", record.stored)));
        }
        crc.update(&bytes[at..]);
    }
    if crc.finish() != record.crc {
        return Err(checksum("the bytes", record.crc, crc.finish()));
    }
    let bytes = match record.packing {
        Packing::Raw => bytes,
        Packing::Deflate => {
            let mut unpacked = reserve(record.length)?;
            let mut decoder = DeflateDecoder::new(bytes.as_slice());
            let broken = |e| Error::corrupt(format!("cannot be unpacked: {e}"));
            decoder.by_ref().take(record.length).read_to_end(&mut unpacked).map_err(broken)?;
            let more = decoder.read(&mut [0]).map_err(broken)?;
            if unpacked.len() as u64 != record.length || more > 0 {
                return Err(Error::corrupt(format!("unpacks to another length than {}", record.length)));
            }
            unpacked
        }
    };
    match &record.content {
        Content::Bytes => Ok(Block::Bytes(bytes)),
        Content::Tensor { dtype, shape } => {
            let dtype = tensorflow_dtype::from_code(*dtype)
                .ok_or_else(|| Error::unsupported(format!("dtype number {dtype} is not known")))?;
            let shape = shape.iter().map(|&d| usize::try_from(d)).collect::<std::result::Result<_, _>>();
            let shape = shape.map_err(|_| Error::too_large("an axis is longer than an address can count"))?;
            TensorData::new(dtype, shape, bytes).map(Block::Tensor).map_err(|e| Error::corrupt(e.to_string()))
        }
    }
}

fn read_bytes<R: Read>(source: &mut R, length: u64) -> Result<Vec<u8>> {
    let mut bytes = reserve(length)?;
    source.take(length).read_to_end(&mut bytes).map_err(read_error)?;
    if bytes.len() as u64 != length {
        return Err(Error::truncated(format!("{} bytes of {length}", bytes.len())));
    }
    Ok(bytes)
}

fn reserve(length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).is_ok_and(|n| bytes.try_reserve_exact(n).is_ok());
    if reserved { Ok(bytes) } else { Err(Error::too_large(format!("no memory for {length} bytes"))) }
}

fn checksum(what: &str, found: u32, computed: u32) -> Error {
    Error::corrupt(format!("the checksum of {what} differs: stored {found:08x}, computed {computed:08x}"))
}

fn read_error(e: std::io::Error) -> Error {
    match e.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::truncated("the file ends early"),
        kind => Error::new(ErrorKind::Io(kind), format!("cannot read: {e}")),
    }
}
