//! The few calls that saving makes, as a trait.
//!
//! Everything that changes the disk goes through [`FileSystem`]: the real one is [`Disk`], the tests put others in
//! its place that stop, fail or lose power at the k-th call. One call here is one thing that can go wrong.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

/// What saving needs of a file system.
pub(crate) trait FileSystem {
    type File;
    type Lock;

    /// Creates one directory; its parent exists.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// Creates a file that does not exist and locks it for as long as it stays open.
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) asks the caller to pick another name.
    fn create_new(&self, path: &Path) -> io::Result<Self::File>;
    /// Writes some of the bytes.
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<usize>;
    /// Returns when the file's bytes have reached the disk.
    fn sync_file(&self, file: &Self::File) -> io::Result<()>;
    /// Replaces `to` by `from`, atomically.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Returns when the directory's entries have reached the disk.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;
    /// Removes a file whose creator no longer holds it open; `false` when somebody does.
    fn remove_if_abandoned(&self, path: &Path) -> io::Result<bool>;
    /// Names in a directory.
    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>>;
    /// Whether something is there.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// The first `len` bytes of a file, or all if it is shorter.
    fn read_start(&self, path: &Path, len: usize) -> io::Result<Vec<u8>>;
    /// Takes the lock that the file `path` stands for, without waiting: [`WouldBlock`](io::ErrorKind::WouldBlock)
    /// when another holds it. The kernel gives it back when the process dies.
    fn lock(&self, path: &Path) -> io::Result<Self::Lock>;
    /// Gives the lock back and removes its file, where that is safe.
    fn unlock(&self, lock: Self::Lock, path: &Path);
}

/// The operating system's files.
pub(crate) struct Disk;

impl FileSystem for Disk {
    type File = File;
    type Lock = File;

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir(dir)
    }

    fn create_new(&self, path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let taken =
            || io::Error::new(io::ErrorKind::AlreadyExists, "taken for an abandoned file at its birth");
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(taken()),
            Err(TryLockError::Error(e)) if e.kind() != io::ErrorKind::Unsupported => return Err(e),
            _ => {}
        }
        // Whoever cleans up removes a file only while holding its lock, so once we hold it and the name is still
        // there, the file is ours.
        if path.try_exists()? { Ok(file) } else { Err(taken()) }
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(unix)]
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    // Windows has no handle that flushes a directory through std; NTFS journals the rename itself.
    #[cfg(not(unix))]
    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir(dir)
    }

    fn remove_if_abandoned(&self, path: &Path) -> io::Result<bool> {
        let file = OpenOptions::new().write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => fs::remove_file(path).map(|()| true),
            Err(_) => Ok(false),
        }
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn read_start(&self, path: &Path, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(len as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn lock(&self, path: &Path) -> io::Result<File> {
        loop {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
                // Some network file systems have no locks: saving matters more than excluding a second saver.
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => return Ok(file),
                Err(TryLockError::Error(e)) => return Err(e),
            }
            if is_at(&file, path)? {
                return Ok(file);
            }
        }
    }

    fn unlock(&self, lock: File, path: &Path) {
        // Removed while it is still held: a process that opened it before finds by `is_at` that it has gone. A
        // failure leaves an empty file that the next save takes over.
        #[cfg(unix)]
        let _ = fs::remove_file(path);
        let _ = (lock.unlock(), path);
    }
}

/// Whether the open file is still the one that `path` names.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((open.dev(), open.ino()) == (named.dev(), named.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

// Lock files are not removed here, so the name cannot come to mean another file.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// A file being written, as a buffered [`Write`] over any [`FileSystem`].
pub(crate) struct Output<'a, F: FileSystem> {
    fs: &'a F,
    file: F::File,
    buffer: Vec<u8>,
}

const BUFFER: usize = 128 << 10;

impl<'a, F: FileSystem> Output<'a, F> {
    pub(crate) fn new(fs: &'a F, file: F::File) -> Output<'a, F> {
        Output { fs, file, buffer: Vec::with_capacity(BUFFER) }
    }

    /// Flushes and waits for the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        retry(|| self.fs.sync_file(&self.file))
    }

    fn write_through(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match retry(|| self.fs.write(&mut self.file, bytes))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => bytes = &bytes[n..],
            }
        }
        Ok(())
    }
}

impl<F: FileSystem> Write for Output<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if bytes.len() >= BUFFER {
            self.write_through(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let written = self.write_through(&buffer);
        buffer.clear();
        self.buffer = buffer;
        written
    }
}

/// Repeats a call that a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
