//! Writing an event file.

use super::summary::{self, GRAPH, HISTOGRAMS, HPARAMS, IMAGES, SCALARS, TEXT, buckets, numbers, strings};
use crate::error::{Error, Result};
use crate::png;
use crate::protobuf::Message;
use crate::tfrecord::TfRecordWriter;
use gradus_kernels::DType;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind as IoKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Buckets of a histogram, as many as Keras writes.
const BUCKETS: usize = 30;
/// How long a value may wait in the buffer while others are written.
const FLUSH_EVERY: Duration = Duration::from_secs(120);

/// Appends what happens in a run to an event file of its own in a folder.
///
/// Values are buffered; they reach the file by [`flush`](EventWriter::flush), when the writer is dropped, and at the
/// latest with the first value after two minutes. TensorBoard shows the tags in the groups that their first `/` makes.
#[derive(Debug)]
pub struct EventWriter {
    records: TfRecordWriter<BufWriter<File>>,
    path: PathBuf,
    flushed: Instant,
}

/// A picture of 8-bit pixels in rows from the top: 1 channel grey, 2 grey and alpha, 3 RGB, 4 RGBA.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Pixels of a row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// Bytes of a pixel.
    pub channels: usize,
    /// `height * width * channels` bytes.
    pub pixels: &'a [u8],
}

/// A node of a graph of operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphNode {
    /// Unique; `/` makes groups.
    pub name: String,
    /// The kind of operation.
    pub op: String,
    /// Names of the nodes that it reads.
    pub inputs: Vec<String>,
    /// Shape of its output, if it is known; `None` in it is an open dimension.
    pub shape: Option<Vec<Option<usize>>>,
}

/// The value of a hyperparameter.
#[derive(Clone, Debug, PartialEq)]
pub enum HyperParameter {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Yes or no.
    Bool(bool),
}

impl EventWriter {
    /// Creates a new event file in `folder`, which is created with its parents if it is not there.
    ///
    /// Errors: a refused system call.
    pub fn create(folder: impl AsRef<Path>) -> Result<EventWriter> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(|e| Error::io("cannot create the folder", folder, e))?;
        let seconds = now().as_secs();
        let (host, process) = (host_name(), std::process::id());
        let (file, path) = loop {
            let n = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("events.out.tfevents.{seconds}.{host}.{process}.{n}.v2"));
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => break (file, path),
                Err(e) if e.kind() == IoKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("cannot create a file", &path, e)),
            }
        };
        let records = TfRecordWriter::new(BufWriter::with_capacity(64 << 10, file));
        let mut writer = EventWriter { records, path, flushed: Instant::now() };
        writer.write(event(now()).string(3, "brain.Event:2"))?;
        writer.flush()?;
        Ok(writer)
    }

    /// The event file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a point to a curve. NaN and infinities are points that TensorBoard marks.
    pub fn scalar(&mut self, tag: &str, step: i64, value: f32) -> Result<()> {
        let tensor = numbers(DType::F32, &[], &value.to_le_bytes());
        self.summary(step, summary::summary(tag, SCALARS, None, tensor))
    }

    /// Adds a histogram of 30 buckets of equal width. NaN and infinities are left out.
    pub fn histogram(&mut self, tag: &str, step: i64, values: &[f64]) -> Result<()> {
        self.histogram_with(tag, step, values, BUCKETS)
    }

    /// Adds a histogram of that many buckets.
    pub fn histogram_with(&mut self, tag: &str, step: i64, values: &[f64], count: usize) -> Result<()> {
        let rows = buckets(values, count);
        let bytes: Vec<u8> = rows.as_flattened().iter().flat_map(|v| v.to_le_bytes()).collect();
        let tensor = numbers(DType::F64, &[count, 3], &bytes);
        self.summary(step, summary::summary(tag, HISTOGRAMS, None, tensor))
    }

    /// Adds a text in Markdown.
    pub fn text(&mut self, tag: &str, step: i64, markdown: &str) -> Result<()> {
        self.summary(step, summary::summary(tag, TEXT, None, strings(&[], [markdown.as_bytes()])))
    }

    /// Adds pictures of one size.
    ///
    /// Errors: no picture; pictures of different sizes; pixels that do not fill one.
    pub fn images(&mut self, tag: &str, step: i64, pictures: &[Picture<'_>]) -> Result<()> {
        let size = |p: &Picture<'_>| (p.width, p.height);
        let Some(first) = pictures.first() else {
            return Err(Error::invalid("no picture").in_part(|| format!("tag {tag:?}")));
        };
        if let Some(other) = pictures.iter().find(|p| size(p) != size(first)) {
            let message = format!("pictures of {:?} and {:?} pixels", size(first), size(other));
            return Err(Error::invalid(message).in_part(|| format!("tag {tag:?}")));
        }
        let mut values = vec![first.width.to_string().into_bytes(), first.height.to_string().into_bytes()];
        for p in pictures {
            values.push(png::encode(p.width, p.height, p.channels, p.pixels)?);
        }
        let tensor = strings(&[values.len()], values.iter().map(Vec::as_slice));
        self.summary(step, summary::summary(tag, IMAGES, None, tensor))
    }

    /// Adds the graph of a model from its JSON, as `model.to_json()` of Keras gives it: an object with `class_name`
    /// and `config`.
    pub fn keras_model(&mut self, json: &serde_json::Value) -> Result<()> {
        let tensor = strings(&[], [json.to_string().as_bytes()]);
        self.summary(0, summary::summary("keras", GRAPH, Some(b"1"), tensor))
    }

    /// Adds a graph of operations. A file has one.
    pub fn graph(&mut self, nodes: &[GraphNode]) -> Result<()> {
        let mut graph = Message::new();
        for node in nodes {
            let mut message = Message::new().string(1, &node.name).string(2, &node.op);
            for input in &node.inputs {
                message = message.string(3, input);
            }
            if let Some(shape) = &node.shape {
                let size = |d: &Option<usize>| d.map_or(-1i64 as u64, |d| d as u64);
                let shape =
                    shape.iter().fold(Message::new(), |m, d| m.message(2, Message::new().varint(1, size(d))));
                // AttrValue.list.shape: one shape per output.
                let list = Message::new().message(1, Message::new().message(7, shape));
                message = message.entry(5, "_output_shapes", list);
            }
            graph = graph.message(1, message);
        }
        let graph = graph.message(4, Message::new().varint(1, 1882)).into_bytes();
        self.write(event(now()).bytes(4, &graph))
    }

    /// Adds the hyperparameters of this run; `group` is the name under which repeated runs are averaged.
    pub fn hyperparameters(&mut self, group: &str, values: &[(&str, HyperParameter)]) -> Result<()> {
        let mut start = Message::new();
        for (name, value) in values {
            let value = match value {
                HyperParameter::Number(v) => Message::new().double(2, *v),
                HyperParameter::Text(v) => Message::new().string(3, v),
                HyperParameter::Bool(v) => Message::new().varint(4, u64::from(*v)),
            };
            start = start.entry(1, name, value);
        }
        let start = start.string(4, group).double(5, now().as_secs_f64());
        self.session("_hparams_/session_start_info", Message::new().message(3, start))
    }

    /// Adds that the run of these hyperparameters has ended well.
    pub fn end_hyperparameters(&mut self) -> Result<()> {
        let end = Message::new().varint(1, 1).double(2, now().as_secs_f64());
        self.session("_hparams_/session_end_info", Message::new().message(4, end))
    }

    fn session(&mut self, tag: &str, content: Message) -> Result<()> {
        let content = content.into_bytes();
        self.summary(0, summary::summary(tag, HPARAMS, Some(&content), numbers(DType::F32, &[0], &[])))
    }

    /// Hands everything to the operating system. Errors: a refused write.
    pub fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        self.records.flush().map_err(|e| e.in_file(&self.path))
    }

    fn summary(&mut self, step: i64, summary: Message) -> Result<()> {
        self.write(with_summary(event(now()), step, summary))
    }

    fn write(&mut self, event: Message) -> Result<()> {
        self.records.write(&event.into_bytes()).map_err(|e| e.in_file(&self.path))?;
        if self.flushed.elapsed() >= FLUSH_EVERY { self.flush() } else { Ok(()) }
    }
}

fn event(time: Duration) -> Message {
    Message::new().double(1, time.as_secs_f64())
}

fn with_summary(event: Message, step: i64, summary: Message) -> Message {
    let event = if step == 0 { event } else { event.varint(2, step as u64) };
    event.message(5, summary)
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The name of this machine, as it may stand in a file name.
fn host_name() -> String {
    let name =
        fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("COMPUTERNAME").ok());
    let keep = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = name.unwrap_or_default().trim().chars().filter(keep).take(64).collect();
    if name.is_empty() { "localhost".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfrecord::TfRecordReader;

    /// Byte for byte what TensorFlow wrote into `golden/tensorflow.tfevents`, once the times are taken from there.
    #[test]
    fn the_same_bytes_as_tensorflow() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tensorflow.tfevents");
        let records: Vec<_> = TfRecordReader::new(File::open(path).unwrap()).collect::<Result<_>>().unwrap();
        let scalar = |v: f32| {
            summary::summary("epoch_loss", SCALARS, None, numbers(DType::F32, &[], &v.to_le_bytes()))
        };
        let histogram = |tag: &str, values: &[f64], n: usize| {
            let bytes: Vec<u8> =
                buckets(values, n).as_flattened().iter().flat_map(|v| v.to_le_bytes()).collect();
            summary::summary(tag, HISTOGRAMS, None, numbers(DType::F64, &[n, 3], &bytes))
        };
        let text = summary::summary("note", TEXT, None, strings(&[], ["**bold** ü".as_bytes()]));
        for (record, step, ours) in [
            (1, 3, scalar(0.25)),
            (2, 4, histogram("many", &[0.0, 1.0, 1.0, 2.5, 3.0], 4)),
            (3, 4, histogram("single", &[2.0; 7], 3)),
            (4, 4, histogram("empty", &[], 3)),
            (5, 5, text),
            (7, -1, scalar(0.125)),
        ] {
            let ours = with_summary(event(Duration::ZERO), step, ours).into_bytes();
            // Tag and 8 bytes of time come first.
            assert_eq!(ours[9..], records[record][9..], "record {record}");
        }
    }
}
