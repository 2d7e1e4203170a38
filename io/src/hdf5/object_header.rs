//! Object headers: a list of messages, in one of two forms.

use super::message;
use super::reader::{Reader, check_lookup3};
use crate::byte_fields::ByteFields;
use crate::error::{Error, ErrorKind, Result};

/// The messages of an object.
pub(super) struct Header<'a> {
    messages: Vec<(u16, &'a [u8])>,
}

/// Where messages stand, and the form of each.
struct Block<'a> {
    bytes: &'a [u8],
    version: u8,
    ordered: bool,
}

impl<'a> Header<'a> {
    pub(super) fn read(file: &Reader<'a>, address: u64) -> Result<Header<'a>> {
        file.first_visit(address)?;
        let mut header = Header { messages: Vec::new() };
        let mut blocks = vec![first_block(file, address)?];
        while let Some(block) = blocks.pop() {
            header.read_block(file, &block, &mut blocks)?;
        }
        Ok(header)
    }

    fn read_block(
        &mut self,
        file: &Reader<'a>,
        block: &Block<'a>,
        blocks: &mut Vec<Block<'a>>,
    ) -> Result<()> {
        let mut fields = ByteFields::new(block.bytes);
        let prefix = if block.version == 1 { 8 } else { 4 + 2 * usize::from(block.ordered) };
        // Newer blocks may end with a gap that is too small for a message.
        while fields.rest().len() >= prefix {
            let kind = if block.version == 1 { fields.u16()? } else { u16::from(fields.u8()?) };
            let (len, flags) = (fields.u16()?, fields.u8()?);
            fields.skip(prefix - if block.version == 1 { 5 } else { 4 })?;
            let data = fields.take(usize::from(len))?;
            if flags & 2 != 0 && matches!(kind, message::DATASPACE | message::DATATYPE | message::FILTERS) {
                return Err(Error::unsupported("a committed datatype (a header message kept elsewhere)"));
            }
            if kind != message::CONTINUATION {
                self.messages.push((kind, data));
                continue;
            }
            let mut at = ByteFields::new(data);
            let (address, len) = (at.u64()?, at.u64()?);
            let bytes = file.at(address, len)?;
            let bytes = if block.version == 1 { bytes } else { checked(bytes, b"OCHK")? };
            blocks.push(Block { bytes, ..*block });
        }
        Ok(())
    }

    /// The only message of a kind.
    pub(super) fn find(&self, kind: u16) -> Option<&'a [u8]> {
        self.all(kind).next()
    }

    /// The message of a kind that the object must have.
    pub(super) fn expect(&self, kind: u16, what: &str) -> Result<&'a [u8]> {
        self.find(kind).ok_or_else(|| Error::corrupt(format!("an object without {what}")))
    }

    pub(super) fn all(&self, kind: u16) -> impl Iterator<Item = &'a [u8]> {
        self.messages.iter().filter(move |m| m.0 == kind).map(|m| m.1)
    }
}

fn first_block<'a>(file: &Reader<'a>, address: u64) -> Result<Block<'a>> {
    let start = file.at(address, 6)?;
    if start[0] == 1 {
        let mut fields = ByteFields::new(file.at(address.saturating_add(6), 6)?);
        let (_, len) = (fields.skip(2)?, fields.u32()?);
        let bytes = file.at(address.saturating_add(16), u64::from(len))?;
        return Ok(Block { bytes, version: 1, ordered: false });
    }
    if !start.starts_with(b"OHDR") {
        return Err(Error::corrupt(format!("no object header at {address}")));
    }
    let (version, flags) = (start[4], start[5]);
    if version != 2 {
        return Err(Error::new(ErrorKind::Version, format!("object header {version}, read are 1 and 2")));
    }
    let times = if flags & 0x20 != 0 { 16 } else { 0 };
    let limits = if flags & 0x10 != 0 { 4 } else { 0 };
    let width = 1 << (flags & 3);
    let size = file.at(address.saturating_add(6 + times + limits), width)?;
    let mut wide = [0; 8];
    wide[..size.len()].copy_from_slice(size);
    let len = (6 + times + limits + width + 4).saturating_add(u64::from_le_bytes(wide));
    let bytes = checked(file.at(address, len)?, b"OHDR")?;
    let skip = (2 + times + limits + width) as usize;
    let messages = bytes.get(skip..).ok_or_else(|| Error::corrupt("an object header that is too short"))?;
    Ok(Block { bytes: messages, version: 2, ordered: flags & 4 != 0 })
}

/// What stands between a signature and its checksum.
fn checked<'a>(bytes: &'a [u8], signature: &[u8; 4]) -> Result<&'a [u8]> {
    let Some((covered, crc)) = bytes.split_last_chunk::<4>() else {
        return Err(Error::corrupt("a header block that is too short"));
    };
    check_lookup3("an object header", covered, u32::from_le_bytes(*crc))?;
    covered.strip_prefix(signature).ok_or_else(|| Error::corrupt("a header block without its mark"))
}
