//! HDF5, as far as Keras's files need it: a tree of groups with numeric datasets and small attributes.
//!
//! **Read** is what h5py writes by default (superblock 0, groups as symbol tables) and with `libver="latest"` while
//! groups are small (superblock 3, links in object headers): contiguous, compact and chunked datasets with deflate,
//! shuffle and Fletcher-32, attributes of numbers and texts. **Refused** are soft and external links, external and
//! virtual datasets (they would open other paths), hard links to one object from two places, dense groups, other
//! filters, big-endian and compound types: the error names the object.
//!
//! All that is read adds up to at most four times the file, so that small files cannot describe large content by
//! pointing at the same bytes again and again, and pointers cannot go in circles. Content that is packed may unpack
//! to 200 times the file (from 16 MiB on).
//!
//! **Written** is the newest form (superblock 3), which is the smallest and has checksums on all its structure; h5py
//! and Keras read it. The same tree gives the same bytes: there are no times in it.
//!
//! How it lies in the file: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>.

mod attribute;
mod chunks;
mod dataset;
mod datatype;
mod group;
mod lookup3;
mod object_header;
mod reader;
mod writer;

use crate::error::{Error, Result};
use crate::input_file::read_file;
use crate::tensor_data::TensorData;
use std::collections::BTreeMap;
use std::path::Path;

/// A group: members and attributes by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Facts about the group.
    pub attributes: BTreeMap<String, Attribute>,
    /// Groups and datasets in it. Names come from the file and are never paths.
    pub members: BTreeMap<String, Member>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// A group in the group.
    Group(Group),
    /// An array.
    Dataset(Dataset),
}

/// An array with its attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Facts about the dataset.
    pub attributes: BTreeMap<String, Attribute>,
    /// The elements.
    pub tensor: TensorData,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// Numbers.
    Tensor(TensorData),
    /// Something that this reader has no value for. It cannot be written.
    Other,
}

impl Group {
    /// The group under a path such as `layers/dense/vars`; `None` when there is none.
    pub fn group(&self, path: &str) -> Option<&Group> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(self, |group, name| {
            match group.members.get(name) {
                Some(Member::Group(group)) => Some(group),
                _ => None,
            }
        })
    }

    /// The tensor under a path such as `layers/dense/vars/0`; `None` when there is none.
    pub fn tensor(&self, path: &str) -> Option<&TensorData> {
        let (group, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        match self.group(group)?.members.get(name) {
            Some(Member::Dataset(dataset)) => Some(&dataset.tensor),
            _ => None,
        }
    }

    /// The group under a path, made with its parents where it is not there. Errors when a dataset is in the way.
    pub fn make_group(&mut self, path: &str) -> Result<&mut Group> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(self, |group, name| {
            match group.members.entry(name.to_owned()).or_insert_with(|| Member::Group(Group::default())) {
                Member::Group(group) => Ok(group),
                Member::Dataset(_) => Err(Error::invalid(format!("{path:?}: {name:?} is a dataset"))),
            }
        })
    }

    /// Puts a tensor under a path, replacing what was there. Groups on the way are made.
    pub fn insert(&mut self, path: &str, tensor: TensorData) -> Result<()> {
        let (group, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        let dataset = Dataset { attributes: BTreeMap::new(), tensor };
        self.make_group(group)?.members.insert(name.to_owned(), Member::Dataset(dataset));
        Ok(())
    }
}

/// Loads an HDF5 file. Errors name the file and the object in it.
pub fn load(path: impl AsRef<Path>) -> Result<Group> {
    let path = path.as_ref();
    read(&read_file(path)?).map_err(|e| e.in_file(path))
}

/// Reads the bytes of an HDF5 file. See the [module](self) for what is refused.
pub fn read(bytes: &[u8]) -> Result<Group> {
    reader::Reader::new(bytes)?.root()
}

pub use writer::{save, write};

/// Levels of groups in groups.
const MAX_DEPTH: usize = 64;

/// No address.
const UNDEFINED: u64 = u64::MAX;

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Numbers of the messages in object headers.
mod message {
    pub(super) const DATASPACE: u16 = 0x01;
    pub(super) const LINK_INFO: u16 = 0x02;
    pub(super) const DATATYPE: u16 = 0x03;
    pub(super) const FILL_VALUE: u16 = 0x05;
    pub(super) const LINK: u16 = 0x06;
    pub(super) const EXTERNAL_FILES: u16 = 0x07;
    pub(super) const LAYOUT: u16 = 0x08;
    pub(super) const GROUP_INFO: u16 = 0x0A;
    pub(super) const FILTERS: u16 = 0x0B;
    pub(super) const ATTRIBUTE: u16 = 0x0C;
    pub(super) const CONTINUATION: u16 = 0x10;
    pub(super) const SYMBOL_TABLE: u16 = 0x11;
    pub(super) const ATTRIBUTE_INFO: u16 = 0x15;
}
