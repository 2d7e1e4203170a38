//! What the sources that read files share: one file after another, each read by a reader of its kind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

/// Files to read: one path, or several.
#[derive(Debug, Clone)]
pub struct Files(Vec<PathBuf>);

impl From<&str> for Files {
    fn from(path: &str) -> Self {
        Files(vec![path.into()])
    }
}

impl From<String> for Files {
    fn from(path: String) -> Self {
        Files(vec![path.into()])
    }
}

impl From<&Path> for Files {
    fn from(path: &Path) -> Self {
        Files(vec![path.into()])
    }
}

impl From<&PathBuf> for Files {
    fn from(path: &PathBuf) -> Self {
        Files(vec![path.clone()])
    }
}

impl From<PathBuf> for Files {
    fn from(path: PathBuf) -> Self {
        Files(vec![path])
    }
}

impl<P: Into<PathBuf>> From<Vec<P>> for Files {
    fn from(paths: Vec<P>) -> Self {
        Files(paths.into_iter().map(Into::into).collect())
    }
}

/// The position inside a file: four numbers whose meaning is the reader's.
pub(crate) type Position = [u64; 4];

/// A way to read the elements of one file.
pub(crate) trait Format<T>: Send + Sync + 'static {
    /// Opens a file at its beginning, or at a position that its reader gave.
    fn open(&self, path: &Path, at: Option<Position>) -> Result<Box<dyn Reader<T>>>;

    fn spec(&self) -> Option<ElementSpec> {
        None
    }
}

/// Reads one file.
pub(crate) trait Reader<T>: Send {
    fn next(&mut self) -> Option<Result<T>>;
    fn position(&self) -> Position;
}

/// A dataset that reads files one after another.
pub(crate) fn files_dataset<T: Send + 'static>(
    name: &'static str,
    files: Files,
    format: impl Format<T>,
) -> Dataset<T> {
    Dataset::from_stage(FileSource {
        site: Site { name, number: 0 },
        files: files.0.into(),
        format: Arc::new(format),
    })
}

struct FileSource<T> {
    site: Site,
    files: Arc<[PathBuf]>,
    format: Arc<dyn Format<T>>,
}

impl<T: Send + 'static> Stage<T> for FileSource<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, _pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        Ok(Box::new(FileCursor {
            site: self.site,
            files: Arc::clone(&self.files),
            format: Arc::clone(&self.format),
            file: 0,
            reader: None,
            given: 0,
        }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.format.spec()
    }
}

struct FileCursor<T> {
    site: Site,
    files: Arc<[PathBuf]>,
    format: Arc<dyn Format<T>>,
    file: usize,
    reader: Option<Box<dyn Reader<T>>>,
    given: u64,
}

impl<T: Send + 'static> Cursor<T> for FileCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        loop {
            let path = self.files.get(self.file)?;
            let name = |e: DataError| e.in_file(path).at(self.site, self.given);
            if self.reader.is_none() {
                match self.format.open(path, None) {
                    Ok(reader) => self.reader = Some(reader),
                    Err(e) => {
                        // The other files can still be read by whoever ignores errors.
                        let error = name(e);
                        (self.file, self.given) = (self.file + 1, self.given + 1);
                        return Some(Err(error.passable()));
                    }
                }
            }
            match self.reader.as_mut()?.next() {
                Some(Ok(x)) => {
                    self.given += 1;
                    return Some(Ok(x));
                }
                Some(Err(e)) => {
                    let fatal = e.is_fatal();
                    let error = name(e);
                    self.given += 1;
                    if fatal {
                        (self.file, self.reader) = (self.file + 1, None);
                    }
                    return Some(Err(error.passable()));
                }
                None => (self.file, self.reader) = (self.file + 1, None),
            }
        }
    }

    fn save(&self) -> IteratorState {
        let state = IteratorState::of(self.site.name).words([self.file as u64, self.given]);
        match &self.reader {
            Some(reader) => state.words(reader.position()),
            None => state,
        }
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect(self.site.name, 2, 0)?;
        (self.file, self.given) = (state.number(0) as usize, state.number(1));
        if let [_, _, a, b, c, d] = *state.numbers() {
            let Some(path) = self.files.get(self.file) else {
                let message = "restore: there are fewer files than when the state was saved";
                return Err(self.site.error(self.given, ErrorKind::State, message));
            };
            self.reader = Some(self.format.open(path, Some([a, b, c, d])).map_err(|e| e.in_file(path))?);
        }
        Ok(())
    }
}
