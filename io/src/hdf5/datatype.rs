//! Datatypes and dataspaces: what elements are, and how many.

use super::reader::text;
use crate::byte_fields::ByteFields;
use crate::error::{Error, Result};
use crate::tensor_data::MAX_RANK;
use gradus_kernels::DType;

/// A type that is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datatype {
    Number(DType),
    /// Text of a fixed number of bytes.
    FixedText(usize),
    /// Text in a global heap.
    HeapText,
    /// Two bytes without a meaning: Keras's bfloat16, if an attribute says so.
    Opaque2,
    /// Something else, of that many bytes.
    Other(usize),
}

impl Datatype {
    pub(super) fn parse(message: &[u8]) -> Result<Datatype> {
        let mut fields = ByteFields::new(message);
        let class = fields.u8()?;
        let bits = fields.take(3)?;
        let size = fields.u32()? as usize;
        let other = Datatype::Other(size);
        Ok(match class & 15 {
            0 => {
                let signed = bits[0] & 8 != 0;
                let (offset, precision) = (fields.u16()?, fields.u16()?);
                let whole = offset == 0 && usize::from(precision) == size * 8;
                match (size, signed) {
                    _ if !whole || (bits[0] & 1 != 0 && size > 1) => other,
                    (1, true) => Datatype::Number(DType::I8),
                    (1, false) => Datatype::Number(DType::U8),
                    (2, true) => Datatype::Number(DType::I16),
                    (2, false) => Datatype::Number(DType::U16),
                    (4, true) => Datatype::Number(DType::I32),
                    (4, false) => Datatype::Number(DType::U32),
                    (8, true) => Datatype::Number(DType::I64),
                    (8, false) => Datatype::Number(DType::U64),
                    _ => other,
                }
            }
            1 => {
                let known = [DType::F16, DType::BF16, DType::F32, DType::F64];
                let found = known
                    .into_iter()
                    .find(|&d| float(d).as_slice() == message.get(1..20).unwrap_or_default());
                found.map_or(other, Datatype::Number)
            }
            3 => Datatype::FixedText(size),
            5 if size == 2 => Datatype::Opaque2,
            8 if size == 1 && bits[..2] == [2, 0] => {
                // What h5py makes of numpy's bool. Before version 3 names are padded to 8 bytes.
                fields.skip(12)?;
                let names: &[u8] = if class >> 4 < 3 { b"FALSE\0\0\0TRUE\0\0\0\0" } else { b"FALSE\0TRUE\0" };
                let is_bool =
                    fields.rest().strip_prefix(names).is_some_and(|values| values.starts_with(&[0, 1]));
                if is_bool { Datatype::Number(DType::Bool) } else { other }
            }
            9 if bits[0] & 15 == 1 && size == 16 => Datatype::HeapText,
            _ => other,
        })
    }

    /// Bytes of an element.
    pub(super) fn size(&self) -> usize {
        match self {
            Datatype::Number(dtype) => dtype.size(),
            Datatype::FixedText(size) | Datatype::Other(size) => *size,
            Datatype::HeapText => 16,
            Datatype::Opaque2 => 2,
        }
    }
}

/// The message of a number, version and class in front.
pub(super) fn number(dtype: DType) -> Result<Vec<u8>> {
    let fixed = |sign: u8, size: u8| vec![0x10, sign, 0, 0, size, 0, 0, 0, 0, 0, size * 8, 0];
    Ok(match dtype {
        DType::I8 => fixed(8, 1),
        DType::U8 => fixed(0, 1),
        DType::I16 => fixed(8, 2),
        DType::U16 => fixed(0, 2),
        DType::I32 => fixed(8, 4),
        DType::U32 => fixed(0, 4),
        DType::I64 => fixed(8, 8),
        DType::U64 => fixed(0, 8),
        DType::F16 | DType::F32 | DType::F64 => [&[0x11][..], &float(dtype)].concat(),
        // Keras marks bfloat16 by an attribute, since numpy has no name for it.
        DType::BF16 => vec![0x15, 0, 0, 0, 2, 0, 0, 0],
        DType::Bool => {
            let mut message = vec![0x38, 2, 0, 0, 1, 0, 0, 0];
            message.extend_from_slice(&fixed(8, 1));
            message.extend_from_slice(b"FALSE\0TRUE\0\0\x01");
            message
        }
        DType::C64 | DType::C128 => return Err(Error::unsupported(format!("{dtype} is not written"))),
    })
}

/// Bits, size and properties of an IEEE-like float: sign, exponent and mantissa from the highest bit down.
fn float(dtype: DType) -> [u8; 19] {
    let (size, exponent, mantissa) = match dtype {
        DType::F16 => (2u8, 5u8, 10u8),
        DType::BF16 => (2, 8, 7),
        DType::F32 => (4, 8, 23),
        _ => (8, 11, 52),
    };
    let bias = (1u32 << (exponent - 1)) - 1;
    let [b0, b1, b2, b3] = bias.to_le_bytes();
    let sign = size * 8 - 1;
    [0x20, sign, 0, size, 0, 0, 0, 0, 0, size * 8, 0, mantissa, exponent, 0, mantissa, b0, b1, b2, b3]
}

/// The shape in a dataspace message; `None` for the null space, which has no elements at all.
pub(super) fn parse_shape(message: &[u8]) -> Result<Option<Vec<usize>>> {
    let mut fields = ByteFields::new(message);
    let (version, rank, _) = (fields.u8()?, usize::from(fields.u8()?), fields.u8()?);
    match version {
        1 => fields.skip(5)?,
        2 if fields.u8()? == 2 => return Ok(None),
        2 => {}
        _ => return Err(Error::unsupported(format!("a dataspace of version {version}"))),
    }
    if rank > MAX_RANK {
        return Err(Error::unsupported(format!("{rank} axes, the most is {MAX_RANK}")));
    }
    let axis = |n: u64| usize::try_from(n).map_err(|_| Error::too_large(format!("an axis of length {n}")));
    (0..rank).map(|_| axis(fields.u64()?)).collect::<Result<_>>().map(Some)
}

/// The dataspace message of a shape.
pub(super) fn shape(shape: &[usize]) -> Vec<u8> {
    let mut message = vec![2, shape.len() as u8, 0, u8::from(!shape.is_empty())];
    shape.iter().for_each(|&d| message.extend_from_slice(&(d as u64).to_le_bytes()));
    message
}

/// A text of a fixed field: it ends at the first zero byte or the padding.
pub(super) fn fixed_text(bytes: &[u8]) -> Result<String> {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    text(&bytes[..end]).map(str::to_owned)
}
