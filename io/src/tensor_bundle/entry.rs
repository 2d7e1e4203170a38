//! The messages that are a table's values (`tensorflow/core/protobuf/tensor_bundle.proto`).

use crate::error::{Error, Result};
use crate::protobuf::{Fields, Message, Value};

/// `DT_STRING`, which no tensor of ours has.
pub(super) const DT_STRING: u64 = 7;

/// `BundleHeaderProto`.
pub(super) struct Header {
    /// Number of data files.
    pub(super) shards: u32,
}

impl Header {
    pub(super) fn parse(message: &[u8]) -> Result<Header> {
        let mut shards = 0;
        let mut fields = Fields::new(message);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => shards = value.integer()?,
                2 if value.integer()? != 0 => return Err(Error::unsupported("a big-endian bundle")),
                _ => {}
            }
        }
        match u32::try_from(shards) {
            Ok(shards) if (1..100_000).contains(&shards) => Ok(Header { shards }),
            _ => Err(Error::corrupt(format!("{shards} data files"))),
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let version = Message::new().varint(1, 1);
        Message::new().varint(1, u64::from(self.shards)).message(3, version).into_bytes()
    }
}

/// `BundleEntryProto`.
pub(super) struct Entry {
    /// TensorFlow's number.
    pub(super) dtype: u64,
    pub(super) shape: Vec<usize>,
    pub(super) shard: u32,
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Masked.
    pub(super) crc: u32,
}

impl Entry {
    pub(super) fn parse(message: &[u8]) -> Result<Entry> {
        let mut entry = Entry { dtype: 0, shape: Vec::new(), shard: 0, offset: 0, size: 0, crc: 0 };
        let mut fields = Fields::new(message);
        while let Some((field, value)) = fields.next()? {
            match (field, value) {
                (1, _) => entry.dtype = value.integer()?,
                (2, _) => entry.shape = parse_shape(value.bytes()?)?,
                (3, _) => entry.shard = u32::try_from(value.integer()?).unwrap_or(u32::MAX),
                (4, _) => entry.offset = value.integer()?,
                (5, _) => entry.size = value.integer()?,
                (6, Value::Fixed32(crc)) => entry.crc = u32::from_le_bytes(crc),
                (7, _) => return Err(Error::unsupported("a partitioned variable")),
                _ => {}
            }
        }
        Ok(entry)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut message = Message::new().varint(1, self.dtype).message(2, shape(&self.shape));
        for (field, value) in [(3, u64::from(self.shard)), (4, self.offset), (5, self.size)] {
            if value != 0 {
                message = message.varint(field, value);
            }
        }
        message.fixed32(6, self.crc).into_bytes()
    }
}

/// A `TensorShapeProto` of known sizes.
pub(super) fn shape(shape: &[usize]) -> Message {
    // A dimension of length 0 is an empty message: 0 is the default.
    let dim = |d: usize| if d == 0 { Message::new() } else { Message::new().varint(1, d as u64) };
    shape.iter().fold(Message::new(), |message, &d| message.message(2, dim(d)))
}

fn parse_shape(message: &[u8]) -> Result<Vec<usize>> {
    let mut shape = Vec::new();
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            2 => {
                let mut size = 0;
                let mut dim = Fields::new(value.bytes()?);
                while let Some((field, value)) = dim.next()? {
                    if field == 1 {
                        size = value.integer()?;
                    }
                }
                let unknown = || Error::corrupt(format!("a dimension of {}", size as i64));
                shape.push(
                    usize::try_from(size).ok().filter(|&d| d <= isize::MAX as usize).ok_or_else(unknown)?,
                );
            }
            3 if value.integer()? != 0 => return Err(Error::corrupt("a shape of unknown rank")),
            _ => {}
        }
    }
    Ok(shape)
}
