//! The real disk, with a fault at its k-th call.

use crate::file_system::{Disk, FileSystem};
use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::io;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// The process dies: this call and all later ones do nothing.
    Stop,
    /// The disk reports an error once.
    Eio,
    /// The disk is full from here on; nothing that needs space works, removing does.
    Full,
    /// A write takes only half of the bytes.
    ShortWrite,
    /// A signal interrupts the call.
    Interrupted,
}

impl Fault {
    pub(super) const ALL: [Fault; 5] =
        [Fault::Stop, Fault::Eio, Fault::Full, Fault::ShortWrite, Fault::Interrupted];
}

pub(super) struct FaultyDisk {
    fault: Fault,
    at: usize,
    calls: Cell<usize>,
    failed: RefCell<Option<&'static str>>,
}

impl FaultyDisk {
    pub(super) fn new(fault: Fault, at: usize) -> FaultyDisk {
        FaultyDisk { fault, at, calls: Cell::new(0), failed: RefCell::new(None) }
    }

    /// The call that failed, if the save came that far.
    pub(super) fn failed(&self) -> Option<&'static str> {
        *self.failed.borrow()
    }

    fn call(&self, name: &'static str) -> io::Result<()> {
        let call = self.calls.replace(self.calls.get() + 1);
        let repeatable = matches!(name, "write" | "sync_file");
        let needs_space = matches!(name, "create_dir" | "create_new" | "write" | "lock");
        let error = match self.fault {
            Fault::Stop if call >= self.at => io::Error::other("the process has died"),
            Fault::Eio if call == self.at => io::Error::from_raw_os_error(5),
            Fault::Full if call >= self.at && needs_space => io::ErrorKind::StorageFull.into(),
            Fault::Interrupted if call == self.at && repeatable => io::ErrorKind::Interrupted.into(),
            Fault::Full | Fault::Interrupted | Fault::ShortWrite if call == self.at => {
                self.failed.borrow_mut().get_or_insert("not a call that this fault concerns");
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.failed.borrow_mut().get_or_insert(name);
        Err(error)
    }
}

impl FileSystem for FaultyDisk {
    type File = std::fs::File;
    type Lock = std::fs::File;

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.call("create_dir")?;
        Disk.create_dir(dir)
    }

    fn create_new(&self, path: &Path) -> io::Result<Self::File> {
        self.call("create_new")?;
        Disk.create_new(path)
    }

    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<usize> {
        let short = self.fault == Fault::ShortWrite && self.calls.get() == self.at;
        self.call("write")?;
        Disk.write(file, if short { &bytes[..bytes.len().div_ceil(2)] } else { bytes })
    }

    fn sync_file(&self, file: &Self::File) -> io::Result<()> {
        self.call("sync_file")?;
        Disk.sync_file(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("rename")?;
        Disk.rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.call("sync_dir")?;
        Disk.sync_dir(dir)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.call("remove_file")?;
        Disk.remove_file(path)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        self.call("remove_dir")?;
        Disk.remove_dir(dir)
    }

    fn remove_if_abandoned(&self, path: &Path) -> io::Result<bool> {
        self.call("remove_if_abandoned")?;
        Disk.remove_if_abandoned(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        self.call("list")?;
        Disk.list(dir)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.call("exists")?;
        Disk.exists(path)
    }

    fn read_start(&self, path: &Path, len: usize) -> io::Result<Vec<u8>> {
        self.call("read_start")?;
        Disk.read_start(path, len)
    }

    fn lock(&self, path: &Path) -> io::Result<Self::Lock> {
        self.call("lock")?;
        Disk.lock(path)
    }

    fn unlock(&self, lock: Self::Lock, path: &Path) {
        // A dead process gives its lock back through the kernel and cannot remove the file.
        if self.call("unlock").is_ok() || self.fault != Fault::Stop {
            Disk.unlock(lock, path);
        }
    }
}
