//! Attributes: small values in object headers, texts of any length in a global heap.

use super::datatype::{Datatype, fixed_text, parse_shape};
use super::object_header::Header;
use super::reader::{Reader, text};
use super::{Attribute, UNDEFINED, message};
use crate::byte_fields::ByteFields;
use crate::error::{Error, Result};
use crate::tensor_data::{TensorData, byte_len};
use gradus_kernels::DType;
use std::collections::BTreeMap;

impl<'a> Header<'a> {
    /// The attributes of this object.
    pub(super) fn attributes(&self, file: &Reader<'a>) -> Result<BTreeMap<String, Attribute>> {
        if let Some(info) = self.find(message::ATTRIBUTE_INFO) {
            let mut fields = ByteFields::new(info);
            let (_, flags) = (fields.u8()?, fields.u8()?);
            fields.skip(if flags & 1 != 0 { 2 } else { 0 })?;
            if fields.u64()? != UNDEFINED {
                return Err(Error::unsupported("attributes outside of their object's header"));
            }
        }
        let mut attributes = BTreeMap::new();
        for message in self.all(message::ATTRIBUTE) {
            let (name, value) = parse(file, message)?;
            if attributes.insert(name.to_owned(), value).is_some() {
                return Err(Error::corrupt(format!("two attributes have the name {name:?}")));
            }
        }
        Ok(attributes)
    }
}

fn parse<'a>(file: &Reader<'a>, message: &'a [u8]) -> Result<(&'a str, Attribute)> {
    let mut fields = ByteFields::new(message);
    let (version, flags) = (fields.u8()?, fields.u8()?);
    let lens = [fields.u16()?, fields.u16()?, fields.u16()?].map(usize::from);
    match version {
        1 | 2 => {}
        3 => fields.skip(1)?,
        _ => return Err(Error::unsupported(format!("an attribute of version {version}"))),
    }
    let mut part = |len: usize| {
        let bytes = fields.take(len)?;
        if version == 1 {
            fields.skip(len.next_multiple_of(8) - len)?;
        }
        Ok(bytes)
    };
    let (name, datatype, space) = (part(lens[0])?, part(lens[1])?, part(lens[2])?);
    let name = text(name.strip_suffix(b"\0").unwrap_or(name))?;
    if version > 1 && flags & 3 != 0 {
        return Ok((name, Attribute::Other));
    }
    let value = value(file, datatype, space, fields.rest());
    value.map(|value| (name, value)).map_err(|e| e.in_part(|| format!("attribute {name:?}")))
}

fn value(file: &Reader<'_>, datatype: &[u8], space: &[u8], data: &[u8]) -> Result<Attribute> {
    let datatype = Datatype::parse(datatype)?;
    let Some(shape) = parse_shape(space)? else { return Ok(Attribute::Other) };
    // The number of elements, by the checked arithmetic of tensors.
    let count = byte_len(DType::U8, &shape).map_err(|e| Error::corrupt(e.to_string()))?;
    let len = count.checked_mul(datatype.size()).filter(|&len| len <= data.len());
    let len = len.ok_or_else(|| Error::truncated(format!("{count} elements in {} bytes", data.len())))?;
    let data = &data[..len];
    let texts = match datatype {
        Datatype::Number(dtype) => {
            let tensor = TensorData::new(dtype, shape, data.to_vec());
            return tensor.map(Attribute::Tensor).map_err(|e| Error::corrupt(e.to_string()));
        }
        Datatype::FixedText(0) if count > 0 => return Ok(Attribute::Other),
        Datatype::FixedText(size) => {
            data.chunks_exact(size.max(1)).map(fixed_text).collect::<Result<Vec<_>>>()?
        }
        Datatype::HeapText => {
            data.chunks_exact(16).map(|id| heap_text(file, id)).collect::<Result<Vec<_>>>()?
        }
        Datatype::Opaque2 | Datatype::Other(_) => return Ok(Attribute::Other),
    };
    Ok(match <[String; 1]>::try_from(texts) {
        Ok([text]) if shape.is_empty() => Attribute::Text(text),
        Ok(one) => Attribute::Texts(one.into()),
        Err(texts) => Attribute::Texts(texts),
    })
}

/// The text that an id of length, collection and index stands for.
fn heap_text(file: &Reader<'_>, id: &[u8]) -> Result<String> {
    let mut fields = ByteFields::new(id);
    let (len, collection, index) = (fields.u32()?, fields.u64()?, fields.u32()?);
    if len == 0 {
        return Ok(String::new());
    }
    let mut head = ByteFields::new(file.at(collection, 16)?);
    if head.take(4)? != b"GCOL" {
        return Err(Error::corrupt(format!("no heap of texts at {collection}")));
    }
    head.skip(4)?;
    let end = collection.saturating_add(head.u64()?);
    let mut at = collection.saturating_add(16);
    while at < end {
        let mut object = ByteFields::new(file.at(at, 16)?);
        let found = object.u16()?;
        object.skip(6)?;
        let size = object.u64()?;
        if found == 0 {
            break;
        }
        if u32::from(found) == index {
            if u64::from(len) > size {
                return Err(Error::corrupt(format!("a text of {len} bytes in {size}")));
            }
            return text(file.at(at + 16, u64::from(len))?).map(str::to_owned);
        }
        at = at.saturating_add(16).saturating_add(size.checked_next_multiple_of(8).unwrap_or(u64::MAX));
    }
    Err(Error::corrupt(format!("no text {index} in the heap at {collection}")))
}
