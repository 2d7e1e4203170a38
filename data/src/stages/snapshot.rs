//! `cache_file` and `snapshot`: a pass written to a file, later passes read from it.
//!
//! The file is written beside its place, synced and renamed when the pass has ended without an error, so
//! a file that stands there is whole. It holds TFRecords: one with the name of the pipeline's format, one
//! for each element, one with their number.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::record::{Encode, RecordReader, RecordWriter};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

const FORMAT: &[u8] = b"gradus-data elements 1";

impl<T: Encode + Send + 'static> Dataset<T> {
    /// As [`cache`](Self::cache), in a file: a program that runs again finds it there. Delete the file when
    /// the pipeline before it changes.
    pub fn cache_file(self, path: impl Into<PathBuf>) -> Dataset<T> {
        self.file_stage("cache_file", path.into())
    }

    /// Keeps the elements under `path/elements.tfrecord` (TensorFlow's `snapshot`): the stages before run once, every
    /// later pass and program reads the file.
    pub fn snapshot(self, path: impl Into<PathBuf>) -> Dataset<T> {
        self.file_stage("snapshot", path.into().join("elements.tfrecord"))
    }

    fn file_stage(self, name: &'static str, path: PathBuf) -> Dataset<T> {
        Dataset::from_stage(FileStage { site: self.next_site(name), path: path.into(), input: self })
    }
}

struct FileStage<T> {
    site: Site,
    path: Arc<Path>,
    input: Dataset<T>,
}

impl<T: Encode + Send + 'static> Stage<T> for FileStage<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        match File::open(&self.path) {
            Ok(file) => Ok(Box::new(Reading::open(self.site, &self.path, file)?)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let input = self.input.open(pass.with_epoch(0))?;
                Ok(Box::new(Writing::create(self.site, &self.path, input)?))
            }
            Err(e) => Err(DataError::io(&*self.path, e)),
        }
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct Reading {
    site: Site,
    path: Arc<Path>,
    input: Option<RecordReader<BufReader<File>>>,
    given: u64,
}

impl Reading {
    fn open(site: Site, path: &Arc<Path>, file: File) -> Result<Self> {
        let mut input = RecordReader::at(BufReader::new(file), 0, 0);
        match input.next(path) {
            Some(Ok(head)) if head == FORMAT => {}
            Some(Err(e)) => return Err(e),
            _ => {
                let message =
                    format!("{}: the file is not one of ours; delete it or choose another", site.name);
                return Err(DataError::new(ErrorKind::Corrupt, message).in_file(&**path));
            }
        }
        Ok(Reading { site, path: Arc::clone(path), input: Some(input), given: 0 })
    }
}

impl<T: Encode + Send> Cursor<T> for Reading {
    fn next(&mut self) -> Option<Result<T>> {
        let record = self.input.as_mut()?.next(&self.path);
        let bad = |what: &str| {
            let error = DataError::new(ErrorKind::Corrupt, what).in_file(&*self.path);
            error.at(self.site, self.given).fatal()
        };
        let result = match record {
            None => Err(bad("the file ends without its last record")),
            Some(Err(e)) => Err(e.at(self.site, self.given)),
            Some(Ok(bytes)) => match bytes.split_first() {
                Some((0, mut data)) => T::decode(&mut data).filter(|_| data.is_empty()).ok_or_else(|| {
                    bad("the file holds elements of another type; delete it when the pipeline changes")
                }),
                Some((1, data)) if data == self.given.to_le_bytes() => {
                    self.input = None;
                    return None;
                }
                _ => Err(bad("a record of no known kind")),
            },
        };
        match &result {
            Ok(_) => self.given += 1,
            Err(_) => self.input = None,
        }
        Some(result)
    }

    fn save(&self) -> IteratorState {
        let at = self.input.as_ref().map_or([self.given, 0, 0], |i| [self.given, i.record, i.offset]);
        IteratorState::of(self.site.name).words(at)
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect(self.site.name, 3, 0)?;
        let (given, record, offset) = (state.number(0), state.number(1), state.number(2));
        if record == 0 && given > 0 {
            // Saved while the file was being written, or at the end: count instead.
            Cursor::<T>::advance(self, given);
            return Ok(());
        }
        if record > 0 {
            let mut file = File::open(&self.path).map_err(|e| DataError::io(&*self.path, e))?;
            file.seek(SeekFrom::Start(offset)).map_err(|e| DataError::io(&*self.path, e))?;
            self.input = Some(RecordReader::at(BufReader::new(file), record, offset));
            self.given = given;
        }
        Ok(())
    }
}

struct Writing<T> {
    site: Site,
    path: Arc<Path>,
    temporary: PathBuf,
    out: Option<RecordWriter<BufWriter<File>>>,
    input: Box<dyn Cursor<T>>,
    given: u64,
}

impl<T: Encode> Writing<T> {
    fn create(site: Site, path: &Arc<Path>, input: Box<dyn Cursor<T>>) -> Result<Self> {
        let io = |e| DataError::io(&**path, e).at(site, 0);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        // Two iterators may write at once: each has a name of its own, and the last rename wins.
        let unique =
            format!("{}-{}", std::process::id(), NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{unique}.part"));
        let temporary = PathBuf::from(name);
        let mut out = RecordWriter::new(BufWriter::new(File::create(&temporary).map_err(io)?));
        out.write(FORMAT).map_err(io)?;
        Ok(Writing { site, path: Arc::clone(path), temporary, out: Some(out), input, given: 0 })
    }

    fn put(&mut self, kind: u8, element: &impl Encode) -> std::io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        let mut bytes = vec![kind];
        element.encode(&mut bytes);
        out.write(&bytes)
    }

    fn finish(&mut self) -> std::io::Result<()> {
        self.put(1, &self.given.clone())?;
        let Some(out) = self.out.take() else { return Ok(()) };
        let file = out.finish()?.into_inner().map_err(|e| e.into_error())?;
        file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        match self.path.parent().filter(|p| !p.as_os_str().is_empty()) {
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    fn give_up(&mut self) {
        if self.out.take().is_some() {
            // Best effort: the name is our own, and a leftover does no harm.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

impl<T> Drop for Writing<T> {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            let _ = fs::remove_file(&self.temporary); // as in give_up
        }
    }
}

impl<T: Encode + Send> Cursor<T> for Writing<T> {
    fn next(&mut self) -> Option<Result<T>> {
        let written = match self.input.next() {
            Some(Ok(x)) => {
                self.given += 1;
                return match self.put(0, &x) {
                    Ok(()) => Some(Ok(x)),
                    Err(e) => {
                        self.give_up();
                        Some(Err(DataError::io(&*self.path, e).at(self.site, self.given - 1)))
                    }
                };
            }
            Some(Err(e)) => {
                self.give_up();
                return Some(Err(e));
            }
            None if self.out.is_none() => return None,
            None => self.finish(),
        };
        match written {
            Ok(()) => None,
            Err(e) => {
                self.give_up();
                Some(Err(DataError::io(&*self.path, e).at(self.site, self.given)))
            }
        }
    }

    fn save(&self) -> IteratorState {
        IteratorState::of(self.site.name).words([self.given, 0, 0])
    }

    /// Goes through the elements before again, since they belong in the file.
    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let given = state.expect(self.site.name, 3, 0)?.number(0);
        self.advance(given);
        Ok(())
    }
}
