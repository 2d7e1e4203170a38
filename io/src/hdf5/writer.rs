//! Writing a tree: members before their groups, so that every address is known when it is needed.

use super::lookup3::lookup3;
use super::{Attribute, Dataset, Group, Member, SIGNATURE, UNDEFINED, datatype, message};
use crate::atomic_file::replace_file;
use crate::error::{Error, Result};
use crate::file_system::Disk;
use gradus_kernels::DType;
use std::borrow::Cow;
use std::path::Path;

/// Saves a tree as an HDF5 file, all or nothing.
///
/// Errors: complex numbers, [`Attribute::Other`], names with `/` or more than 64 KiB in one attribute; a refused
/// system call.
pub fn save(path: impl AsRef<Path>, root: &Group) -> Result<()> {
    let path = path.as_ref();
    let pieces = lay_out(root).map_err(|e| e.in_file(path))?;
    replace_file(&Disk, path, None, |out| {
        pieces
            .iter()
            .try_for_each(|piece| out.write_all(piece))
            .map_err(|e| Error::io("cannot write", path, e))
    })
}

/// The bytes of an HDF5 file.
pub fn write(root: &Group) -> Result<Vec<u8>> {
    Ok(lay_out(root)?.concat())
}

const SUPERBLOCK: usize = 48;

/// Pieces of the file in order: structure is made here, elements are borrowed.
struct Layout<'a> {
    pieces: Vec<Cow<'a, [u8]>>,
    end: u64,
}

fn lay_out(root: &Group) -> Result<Vec<Cow<'_, [u8]>>> {
    let mut layout = Layout { pieces: vec![Cow::Owned(vec![])], end: SUPERBLOCK as u64 };
    let root = layout.group(root)?;
    let mut superblock = SIGNATURE.to_vec();
    superblock.extend_from_slice(&[3, 8, 8, 0]);
    for address in [0, UNDEFINED, layout.end, root] {
        superblock.extend_from_slice(&address.to_le_bytes());
    }
    let checksum = lookup3(&superblock);
    superblock.extend_from_slice(&checksum.to_le_bytes());
    layout.pieces[0] = Cow::Owned(superblock);
    Ok(layout.pieces)
}

impl<'a> Layout<'a> {
    /// Appends a piece. Its address.
    fn put(&mut self, piece: impl Into<Cow<'a, [u8]>>) -> u64 {
        let piece = piece.into();
        let address = self.end;
        self.end += piece.len() as u64;
        self.pieces.push(piece);
        let padding = self.end.next_multiple_of(8) - self.end;
        if padding > 0 {
            self.pieces.push(Cow::Borrowed(&[0; 8][..padding as usize]));
            self.end += padding;
        }
        address
    }

    fn group(&mut self, group: &'a Group) -> Result<u64> {
        let mut header = Messages::default();
        // No fractal heap: the links are here. No estimates for the size of the group.
        header.add(message::LINK_INFO, &[&[0, 0][..], &[0xff; 16]].concat())?;
        header.add(message::GROUP_INFO, &[0, 0])?;
        for (name, member) in &group.members {
            let part = || format!("{name:?}");
            if name.is_empty() || name.contains(['/', '\0']) || name == "." {
                return Err(Error::invalid("not a name that HDF5 allows").in_part(part));
            }
            let address = match member {
                Member::Group(group) => self.group(group),
                Member::Dataset(dataset) => self.dataset(dataset),
            };
            let address = address.map_err(|e| e.in_part(part))?;
            // Version 1; a length of two bytes; UTF-8.
            let mut link = vec![1, 0x11, 1];
            let len = u16::try_from(name.len()).map_err(|_| Error::invalid("a name of more than 64 KiB"))?;
            link.extend_from_slice(&len.to_le_bytes());
            link.extend_from_slice(name.as_bytes());
            link.extend_from_slice(&address.to_le_bytes());
            header.add(message::LINK, &link).map_err(|e| e.in_part(part))?;
        }
        for (name, value) in &group.attributes {
            self.attribute(&mut header, name, value)?;
        }
        let header = header.finish()?;
        Ok(self.put(header))
    }

    fn dataset(&mut self, dataset: &'a Dataset) -> Result<u64> {
        let tensor = &dataset.tensor;
        let (address, len) = match tensor.bytes() {
            [] => (UNDEFINED, 0),
            bytes => (self.put(bytes), bytes.len() as u64),
        };
        let mut header = Messages::default();
        header.add(message::DATASPACE, &datatype::shape(tensor.shape()))?;
        header.add(message::DATATYPE, &datatype::number(tensor.dtype())?)?;
        // Version 3: space was taken late, no fill value is set.
        header.add(message::FILL_VALUE, &[3, 0x0a])?;
        header.add(message::LAYOUT, &[&[3, 1][..], &address.to_le_bytes(), &len.to_le_bytes()].concat())?;
        for (name, value) in &dataset.attributes {
            self.attribute(&mut header, name, value)?;
        }
        if tensor.dtype() == DType::BF16 && !dataset.attributes.contains_key("dtype") {
            self.texts(&mut header, "dtype", &[], &["bfloat16"])?;
        }
        let header = header.finish()?;
        Ok(self.put(header))
    }

    fn attribute(&mut self, header: &mut Messages, name: &str, value: &'a Attribute) -> Result<()> {
        let written = match value {
            Attribute::Text(text) => self.texts(header, name, &[], &[text]),
            Attribute::Texts(texts) => self.texts(
                header,
                name,
                &[texts.len()],
                &texts.iter().map(String::as_str).collect::<Vec<_>>(),
            ),
            Attribute::Tensor(tensor) => datatype::number(tensor.dtype()).and_then(|number| {
                header.attribute(name, &number, &datatype::shape(tensor.shape()), tensor.bytes())
            }),
            Attribute::Other => Err(Error::unsupported("a value that was not understood when it was read")),
        };
        written.map_err(|e| e.in_part(|| format!("attribute {name:?}")))
    }

    /// Puts texts into a heap of their own, and their places into an attribute.
    fn texts(&mut self, header: &mut Messages, name: &str, shape: &[usize], texts: &[&str]) -> Result<()> {
        // h5py's type of str: a variable-length string in UTF-8, ended by its length.
        const TEXT: [u8; 20] = [0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];
        let mut ids = Vec::new();
        // A collection holds 65535 objects; an attribute has room for fewer ids than that.
        let mut objects = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let len = u32::try_from(text.len()).map_err(|_| Error::invalid("a text of more than 4 GiB"))?;
            let index = if text.is_empty() { 0 } else { i as u32 + 1 };
            ids.extend_from_slice(&len.to_le_bytes());
            ids.extend_from_slice(&if text.is_empty() { 0 } else { self.end }.to_le_bytes());
            ids.extend_from_slice(&index.to_le_bytes());
            if !text.is_empty() {
                objects.extend_from_slice(&(index as u16).to_le_bytes());
                objects.extend_from_slice(&[0; 6]);
                objects.extend_from_slice(&u64::from(len).to_le_bytes());
                objects.extend_from_slice(text.as_bytes());
                objects.resize(objects.len().next_multiple_of(8), 0);
            }
        }
        header.attribute(name, &TEXT, &datatype::shape(shape), &ids)?;
        if !objects.is_empty() {
            // The library wants 4096 bytes; object 0 is the free space, its own head included.
            let size = (16 + objects.len() + 16).max(4096);
            let mut heap = b"GCOL\x01\0\0\0".to_vec();
            heap.extend_from_slice(&(size as u64).to_le_bytes());
            heap.extend_from_slice(&objects);
            let free = (size - heap.len()) as u64;
            heap.extend_from_slice(&[0; 8]);
            heap.extend_from_slice(&free.to_le_bytes());
            heap.resize(size, 0);
            self.put(heap);
        }
        Ok(())
    }
}

/// The messages of an object header.
#[derive(Default)]
struct Messages(Vec<u8>);

impl Messages {
    fn add(&mut self, kind: u16, data: &[u8]) -> Result<()> {
        let len = u16::try_from(data.len()).map_err(|_| {
            Error::unsupported(format!("{} bytes in one message, HDF5 allows 64 KiB", data.len()))
        })?;
        self.0.push(kind as u8);
        self.0.extend_from_slice(&len.to_le_bytes());
        self.0.push(0);
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn attribute(&mut self, name: &str, datatype: &[u8], space: &[u8], data: &[u8]) -> Result<()> {
        let name_len =
            u16::try_from(name.len() + 1).map_err(|_| Error::invalid("a name of more than 64 KiB"))?;
        let mut message = vec![3, 0];
        for len in [name_len, datatype.len() as u16, space.len() as u16] {
            message.extend_from_slice(&len.to_le_bytes());
        }
        message.push(1);
        message.extend_from_slice(name.as_bytes());
        message.push(0);
        message.extend_from_slice(datatype);
        message.extend_from_slice(space);
        message.extend_from_slice(data);
        self.add(message::ATTRIBUTE, &message)
    }

    /// The header with its size in four bytes and its checksum.
    fn finish(self) -> Result<Vec<u8>> {
        let len = u32::try_from(self.0.len())
            .map_err(|_| Error::unsupported("a group of more than 4 GiB of names"))?;
        let mut header = b"OHDR\x02\x02".to_vec();
        header.extend_from_slice(&len.to_le_bytes());
        header.extend_from_slice(&self.0);
        let checksum = lookup3(&header);
        header.extend_from_slice(&checksum.to_le_bytes());
        Ok(header)
    }
}
