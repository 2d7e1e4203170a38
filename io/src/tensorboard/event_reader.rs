//! Reading event files: ours, TensorFlow's and Keras's.

use super::summary::{DT_STRING, HISTOGRAMS, IMAGES, SCALARS, TEXT};
use crate::error::{Error, Result};
use crate::input_file;
use crate::protobuf::{Fields, Value};
use crate::tfrecord::TfRecordReader;
use std::io::BufReader;
use std::path::Path;

/// A line of an event file.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Seconds since 1970.
    pub wall_time: f64,
    /// The step that the writer gave it.
    pub step: i64,
    /// What happened.
    pub logged: Logged,
}

/// What an event holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Logged {
    /// The first event: the version of the file, `brain.Event:2`.
    Version(String),
    /// A serialized graph of operations.
    Graph(Vec<u8>),
    /// Values with their tags.
    Values(Vec<(String, Summary)>),
    /// Something that this reader has no name for.
    Other,
}

/// A value under a tag.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Summary {
    /// A point of a curve.
    Scalar(f32),
    /// Rows of left edge, right edge and count.
    Histogram(Vec<[f64; 3]>),
    /// Encoded pictures, PNG if TensorFlow or this crate wrote them.
    Images {
        /// Pixels of a row.
        width: usize,
        /// Number of rows.
        height: usize,
        /// One encoded picture each.
        encoded: Vec<Vec<u8>>,
    },
    /// Texts in Markdown.
    Text(Vec<String>),
    /// A value of another plugin.
    Other {
        /// The plugin's name.
        plugin: String,
        /// The plugin's own description of the value.
        content: Vec<u8>,
        /// The texts of its tensor, if it has any.
        texts: Vec<Vec<u8>>,
    },
}

/// Reads all events of a file. A last event that is cut off, as while its writer still runs, is left out.
///
/// Errors name file, record and byte: a wrong checksum, a message that contradicts itself.
pub fn read_events(path: impl AsRef<Path>) -> Result<Vec<Event>> {
    let path = path.as_ref();
    let (file, _) = input_file::open(path)?;
    let records = TfRecordReader::new(BufReader::new(file)).allow_torn_tail(true);
    let read = |(i, record): (usize, Result<Vec<u8>>)| {
        record.and_then(|r| parse_event(&r)).map_err(|e| e.in_part(|| format!("record {i}")).in_file(path))
    };
    records.enumerate().map(read).collect()
}

fn parse_event(record: &[u8]) -> Result<Event> {
    let mut event = Event { wall_time: 0.0, step: 0, logged: Logged::Other };
    let mut fields = Fields::new(record);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => event.wall_time = value.double()?,
            2 => event.step = value.integer()? as i64,
            3 => event.logged = Logged::Version(value.text()?.to_owned()),
            4 => event.logged = Logged::Graph(value.bytes()?.to_vec()),
            5 => event.logged = Logged::Values(parse_summary(value.bytes()?)?),
            _ => {}
        }
    }
    Ok(event)
}

fn parse_summary(message: &[u8]) -> Result<Vec<(String, Summary)>> {
    let mut values = Vec::new();
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        if field == 1 {
            values.push(parse_value(value.bytes()?)?);
        }
    }
    Ok(values)
}

fn parse_value(message: &[u8]) -> Result<(String, Summary)> {
    let (mut tag, mut tensor, mut plugin, mut content) = ("", Tensor::default(), "", &[][..]);
    let mut simple = None;
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => tag = value.text()?,
            // What TensorFlow 1 wrote for a scalar.
            2 => simple = fixed32(value),
            8 => tensor = Tensor::parse(value.bytes()?)?,
            9 => (plugin, content) = parse_metadata(value.bytes()?)?,
            _ => {}
        }
    }
    let summary = match (plugin, simple) {
        ("", Some(bits)) => Some(Summary::Scalar(f32::from_le_bytes(bits))),
        _ => tensor.into_summary(plugin, content),
    };
    summary.map_or_else(
        || Err(Error::corrupt(format!("tag {tag:?}: its tensor is not one of the plugin {plugin:?}"))),
        |summary| Ok((tag.to_owned(), summary)),
    )
}

fn fixed32(value: Value<'_>) -> Option<[u8; 4]> {
    match value {
        Value::Fixed32(bits) => Some(bits),
        _ => None,
    }
}

fn parse_metadata(message: &[u8]) -> Result<(&str, &[u8])> {
    let (mut plugin, mut content) = ("", &[][..]);
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        if field != 1 {
            continue;
        }
        let mut fields = Fields::new(value.bytes()?);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => plugin = value.text()?,
                2 => content = value.bytes()?,
                _ => {}
            }
        }
    }
    Ok((plugin, content))
}

/// A `TensorProto`: numbers either as bytes or as repeated fields.
#[derive(Default)]
struct Tensor<'a> {
    dtype: u64,
    bytes: Vec<u8>,
    texts: Vec<&'a [u8]>,
}

impl<'a> Tensor<'a> {
    fn parse(message: &'a [u8]) -> Result<Tensor<'a>> {
        let mut tensor = Tensor::default();
        let mut fields = Fields::new(message);
        while let Some((field, value)) = fields.next()? {
            match (field, value) {
                (1, _) => tensor.dtype = value.integer()?,
                (4..=6, Value::Bytes(bytes)) => tensor.bytes.extend_from_slice(bytes),
                (5, Value::Fixed32(bits)) => tensor.bytes.extend_from_slice(&bits),
                (6, Value::Fixed64(bits)) => tensor.bytes.extend_from_slice(&bits),
                (8, _) => tensor.texts.push(value.bytes()?),
                _ => {}
            }
        }
        Ok(tensor)
    }

    /// The value that the plugin means, or `None` if the tensor does not fit.
    fn into_summary(self, plugin: &str, content: &[u8]) -> Option<Summary> {
        match plugin {
            SCALARS if self.dtype == 1 => {
                Some(Summary::Scalar(f32::from_le_bytes(self.bytes.as_slice().try_into().ok()?)))
            }
            HISTOGRAMS if self.dtype == 2 => {
                let (rows, rest) = self.bytes.as_chunks::<24>();
                let number = |row: &[u8; 24], i: usize| {
                    let mut bits = [0; 8];
                    bits.copy_from_slice(&row[i * 8..][..8]);
                    f64::from_le_bytes(bits)
                };
                let rows = rows.iter().map(|row| [number(row, 0), number(row, 1), number(row, 2)]).collect();
                rest.is_empty().then_some(Summary::Histogram(rows))
            }
            IMAGES if self.dtype == DT_STRING => {
                let (sizes, pictures) = self.texts.split_first_chunk::<2>()?;
                let size = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
                Some(Summary::Images {
                    width: size(sizes[0])?,
                    height: size(sizes[1])?,
                    encoded: pictures.iter().map(|p| p.to_vec()).collect(),
                })
            }
            TEXT if self.dtype == DT_STRING => {
                let text = |t: &&[u8]| String::from_utf8(t.to_vec()).ok();
                self.texts.iter().map(text).collect::<Option<_>>().map(Summary::Text)
            }
            SCALARS | HISTOGRAMS | IMAGES | TEXT => None,
            _ => Some(Summary::Other {
                plugin: plugin.to_owned(),
                content: content.to_vec(),
                texts: self.texts.iter().map(|t| t.to_vec()).collect(),
            }),
        }
    }
}
