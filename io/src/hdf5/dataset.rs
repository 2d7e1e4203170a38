//! Datasets: one block of elements, or chunks.

use super::chunks::read_chunks;
use super::datatype::{Datatype, parse_shape};
use super::object_header::Header;
use super::reader::Reader;
use super::{Attribute, Dataset, UNDEFINED, message};
use crate::byte_fields::ByteFields;
use crate::error::{Error, Result};
use crate::tensor_data::{TensorData, byte_len};
use gradus_kernels::DType;

impl<'a> Header<'a> {
    /// Reads this object as a dataset.
    pub(super) fn dataset(&self, file: &Reader<'a>) -> Result<Dataset> {
        if self.find(message::EXTERNAL_FILES).is_some() {
            return Err(Error::unsupported("its elements are in another file, which is never opened"));
        }
        let attributes = self.attributes(file)?;
        let datatype = Datatype::parse(self.expect(message::DATATYPE, "a datatype")?)?;
        let dtype = match datatype {
            Datatype::Number(dtype) => dtype,
            Datatype::Opaque2 if attributes.get("dtype") == Some(&Attribute::Text("bfloat16".into())) => {
                DType::BF16
            }
            _ => return Err(Error::unsupported("its elements are no numbers of a known kind")),
        };
        let shape = parse_shape(self.expect(message::DATASPACE, "a shape")?)?
            .ok_or_else(|| Error::unsupported("a dataset without elements and shape"))?;
        let bytes = self.elements(file, dtype, &shape)?;
        let tensor = TensorData::new(dtype, shape, bytes).map_err(|e| Error::corrupt(e.to_string()))?;
        Ok(Dataset { attributes, tensor })
    }

    fn elements(&self, file: &Reader<'a>, dtype: DType, shape: &[usize]) -> Result<Vec<u8>> {
        let len = byte_len(dtype, shape).map_err(|e| Error::corrupt(e.to_string()))?;
        let mut layout = ByteFields::new(self.expect(message::LAYOUT, "a layout")?);
        let (version, class) = (layout.u8()?, layout.u8()?);
        if !matches!(version, 3 | 4) {
            return Err(Error::unsupported(format!("a layout of version {version}")));
        }
        let stored = match class {
            0 => {
                let size = layout.u16()?;
                layout.take(usize::from(size))?
            }
            1 => {
                let (address, size) = (layout.u64()?, layout.u64()?);
                // Space that was never written holds zeros, and costs the file nothing.
                if address == UNDEFINED {
                    return zeros(file, len);
                }
                file.at(address, size)?
            }
            2 if version == 3 => {
                let rank = usize::from(layout.u8()?);
                let tree = layout.u64()?;
                let dims = (0..rank).map(|_| Ok(layout.u32()? as usize)).collect::<Result<Vec<_>>>()?;
                let elements = zeros(file, len)?;
                return read_chunks(
                    file,
                    tree,
                    &dims,
                    self.find(message::FILTERS),
                    dtype.size(),
                    shape,
                    elements,
                );
            }
            2 => {
                return Err(Error::unsupported(
                    "chunks of a newer kind: write the file without libver=\"latest\"",
                ));
            }
            _ => return Err(Error::unsupported("a virtual dataset: its elements are elsewhere")),
        };
        if stored.len() != len {
            let message = format!("{dtype} of shape {shape:?} takes {len} bytes, found {}", stored.len());
            return Err(Error::corrupt(message));
        }
        Ok(stored.to_vec())
    }
}

fn zeros(file: &Reader<'_>, len: usize) -> Result<Vec<u8>> {
    file.unpack(len as u64)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| Error::too_large(format!("no memory for {len} bytes")))?;
    bytes.resize(len, 0);
    Ok(bytes)
}
