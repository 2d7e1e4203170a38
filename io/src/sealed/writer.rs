//! Writing a sealed file in one pass.

use super::{Content, END, HEADER, Kind, MAGIC, Packing, Record, SLACK, Seal, Section, TRAILER, VERSION};
use crate::codec;
use crate::crc32c::crc32c;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor_data::NamedTensor;
use crate::tensorflow_dtype;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::{self, Write};

/// Bytes that are packed first, to see whether packing the rest would pay.
const SAMPLE: usize = 64 << 10;

/// Writes a sealed file block by block; nothing is readable before [`finish`](SealedWriter::finish).
pub(crate) struct SealedWriter<'a> {
    out: &'a mut dyn Write,
    index: Vec<Record>,
    position: u64,
    unpacked: u64,
    compress: bool,
}

impl<'a> SealedWriter<'a> {
    pub(crate) fn new(
        out: &'a mut dyn Write,
        kind: Kind,
        generation: u64,
        compress: bool,
    ) -> Result<SealedWriter<'a>> {
        let mut writer = SealedWriter { out, index: Vec::new(), position: 0, unpacked: 0, compress };
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&(kind as u16).to_le_bytes());
        header.extend_from_slice(&generation.to_le_bytes());
        header.extend_from_slice(&crc32c(&header).to_le_bytes());
        writer.put(&header)?;
        Ok(writer)
    }

    /// Adds text or bytes.
    pub(crate) fn bytes(&mut self, section: Section, name: &str, bytes: &[u8]) -> Result<()> {
        self.block(section, name, Content::Bytes, bytes)
    }

    /// Adds a tensor.
    pub(crate) fn tensor(&mut self, section: Section, named: &NamedTensor) -> Result<()> {
        let tensor = &named.tensor;
        let shape = tensor.shape().iter().map(|&d| d as u64).collect();
        let content = Content::Tensor { dtype: tensorflow_dtype::code(tensor.dtype()), shape };
        self.block(section, &named.name, content, tensor.bytes())
    }

    /// Writes index and trailer.
    pub(crate) fn finish(mut self) -> Result<Seal> {
        let index = codec::encode("the index", &self.index)?;
        let index_crc = crc32c(&index);
        self.put(&index)?;
        let length = self.position + TRAILER as u64;
        let mut trailer = Vec::with_capacity(TRAILER);
        trailer.extend_from_slice(&(index.len() as u64).to_le_bytes());
        trailer.extend_from_slice(&length.to_le_bytes());
        trailer.extend_from_slice(&index_crc.to_le_bytes());
        trailer.extend_from_slice(&crc32c(&trailer).to_le_bytes());
        trailer.extend_from_slice(&END);
        self.put(&trailer)?;
        Ok(Seal { length, index_crc })
    }

    fn block(&mut self, section: Section, name: &str, content: Content, bytes: &[u8]) -> Result<()> {
        let packed = if self.compress { self.pack(bytes).map_err(write_error)? } else { None };
        let (packing, stored) = match &packed {
            Some(packed) => (Packing::Deflate, packed.as_slice()),
            None => (Packing::Raw, bytes),
        };
        self.index.push(Record {
            section,
            name: name.to_owned(),
            content,
            packing,
            stored: stored.len() as u64,
            length: bytes.len() as u64,
            crc: crc32c(stored),
        });
        self.unpacked += bytes.len() as u64;
        self.put(stored)
    }

    /// The packed bytes, when they save at least a fifth.
    fn pack(&self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let pays = |packed: usize, whole: usize| packed < whole - whole / 5;
        let sample = &bytes[..bytes.len().min(SAMPLE)];
        if sample.is_empty() || !pays(deflate(sample)?.len(), sample.len()) {
            return Ok(None);
        }
        let packed = deflate(bytes)?;
        // The reader refuses a file that unpacks to more than twice its size and some slack: a block that would
        // bring the file there stays as it is.
        let length = self.position + packed.len() as u64;
        let bounded = self.unpacked + bytes.len() as u64 <= length * 2 + SLACK / 2;
        Ok((bounded && pays(packed.len(), bytes.len())).then_some(packed))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(write_error)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn write_error(e: io::Error) -> Error {
    Error::new(ErrorKind::Io(e.kind()), format!("cannot write: {e}"))
}
