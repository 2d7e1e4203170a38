//! A disk in memory that keeps apart what processes see and what has surely reached the medium.
//!
//! The model is harsher than journaling file systems: syncing a file does not make its name durable, syncing a
//! directory makes its own entries durable and nothing else, and of everything not synced any subset may survive:
//! any 64-byte blocks of a file, any entry changes of a directory. A rename's new name is atomic; its old name may stay.

use super::SplitMix;
use crate::file_system::FileSystem;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path};

const BLOCK: usize = 64;

type Inode = usize;

#[derive(Default)]
struct Node {
    is_dir: bool,
    bytes: Vec<u8>,
    durable_bytes: Vec<u8>,
    /// Ranges written since the last sync.
    unsynced: Vec<(usize, usize)>,
    entries: BTreeMap<OsString, Inode>,
    durable_entries: BTreeMap<OsString, Inode>,
    unsynced_entries: Vec<(OsString, Option<Inode>)>,
}

pub(super) struct PowerLossDisk {
    nodes: RefCell<Vec<Node>>,
    random: RefCell<SplitMix>,
    seed: u64,
    syncs: bool,
    calls_left: Cell<Option<u64>>,
    died: Cell<bool>,
    power_gone: Cell<bool>,
}

impl PowerLossDisk {
    pub(super) fn new(seed: u64) -> PowerLossDisk {
        PowerLossDisk {
            nodes: RefCell::new(vec![Node { is_dir: true, ..Node::default() }]),
            random: RefCell::new(SplitMix(seed)),
            seed,
            syncs: true,
            calls_left: Cell::new(None),
            died: Cell::new(false),
            power_gone: Cell::new(false),
        }
    }

    pub(super) fn without_syncs(seed: u64) -> PowerLossDisk {
        PowerLossDisk { syncs: false, ..PowerLossDisk::new(seed) }
    }

    /// Decides whether, and at which call, the process dies in the coming save, and whether power goes with it.
    pub(super) fn plan_death(&self) {
        let mut random = self.random.borrow_mut();
        let dies = random.below(3) > 0;
        self.calls_left.set(dies.then(|| random.below(45)));
    }

    pub(super) fn new_process(&self) {
        self.died.set(false);
    }

    pub(super) fn died(&self) -> bool {
        self.died.get()
    }

    pub(super) fn power_is_gone(&self) -> bool {
        self.power_gone.get()
    }

    fn call(&self) -> io::Result<()> {
        if let Some(left) = self.calls_left.get() {
            if left == 0 && !self.died.replace(true) {
                self.power_gone.set(self.random.borrow_mut().below(2) == 0);
            }
            self.calls_left.set(Some(left.saturating_sub(1)));
        }
        if self.died.get() { Err(io::Error::other("the process has died")) } else { Ok(()) }
    }

    fn find(&self, path: &Path) -> io::Result<Inode> {
        let nodes = self.nodes.borrow();
        let names = path.components().filter(|c| matches!(c, Component::Normal(_)));
        let mut at = 0;
        for name in names {
            at = *nodes[at].entries.get(name.as_os_str()).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(at)
    }

    fn set_entry(&self, path: &Path, inode: Option<Inode>) -> io::Result<()> {
        let parent = self.find(path.parent().unwrap())?;
        let name = path.file_name().unwrap().to_owned();
        let dir = &mut self.nodes.borrow_mut()[parent];
        match inode {
            Some(inode) => drop(dir.entries.insert(name.clone(), inode)),
            None => drop(dir.entries.remove(&name).ok_or(io::ErrorKind::NotFound)?),
        }
        dir.unsynced_entries.push((name, inode));
        Ok(())
    }

    fn create(&self, path: &Path, is_dir: bool) -> io::Result<Inode> {
        if self.find(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.nodes.borrow_mut().push(Node { is_dir, ..Node::default() });
        let inode = self.nodes.borrow().len() - 1;
        self.set_entry(path, Some(inode)).map(|()| inode)
    }

    /// Writes what the disk holds after the power has gone: what was synced and a random subset of the rest.
    pub(super) fn materialize(&self, root: &Path, subset: u64) {
        let mut random = SplitMix(self.seed ^ (subset + 1) << 40);
        self.materialize_dir(0, root, &mut random);
    }

    fn materialize_dir(&self, dir: Inode, path: &Path, random: &mut SplitMix) {
        let nodes = self.nodes.borrow();
        let mut entries = nodes[dir].durable_entries.clone();
        // One schedule in four keeps all, one none: the extremes are the likely ones in life.
        let chance = random.below(4);
        let survives = |random: &mut SplitMix| chance == 0 || (chance > 1 && random.below(2) == 0);
        for (name, inode) in &nodes[dir].unsynced_entries {
            if survives(random) {
                match inode {
                    Some(inode) => drop(entries.insert(name.clone(), *inode)),
                    None => drop(entries.remove(name)),
                }
            }
        }
        for (name, inode) in entries {
            let node = &nodes[inode];
            let path = path.join(name);
            if node.is_dir {
                std::fs::create_dir(&path).unwrap();
                self.materialize_dir(inode, &path, random);
                continue;
            }
            let mut bytes = node.durable_bytes.clone();
            for &(start, end) in &node.unsynced {
                for start in (start..end).step_by(BLOCK) {
                    let end = (start + BLOCK).min(end);
                    if survives(random) {
                        bytes.resize(bytes.len().max(end), 0);
                        bytes[start..end].copy_from_slice(&node.bytes[start..end]);
                    }
                }
            }
            std::fs::write(path, bytes).unwrap();
        }
    }
}

impl FileSystem for PowerLossDisk {
    type File = Inode;
    type Lock = ();

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.call()?;
        self.create(dir, true).map(|_| ())
    }

    fn create_new(&self, path: &Path) -> io::Result<Inode> {
        self.call()?;
        self.create(path, false)
    }

    fn write(&self, file: &mut Inode, bytes: &[u8]) -> io::Result<usize> {
        self.call()?;
        let node = &mut self.nodes.borrow_mut()[*file];
        node.unsynced.push((node.bytes.len(), node.bytes.len() + bytes.len()));
        node.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync_file(&self, file: &Inode) -> io::Result<()> {
        self.call()?;
        if self.syncs {
            let node = &mut self.nodes.borrow_mut()[*file];
            node.durable_bytes = node.bytes.clone();
            node.unsynced.clear();
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call()?;
        let inode = self.find(from)?;
        self.set_entry(to, Some(inode))?;
        self.set_entry(from, None)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.call()?;
        if self.syncs {
            let inode = self.find(dir)?;
            let node = &mut self.nodes.borrow_mut()[inode];
            node.durable_entries = node.entries.clone();
            node.unsynced_entries.clear();
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.call()?;
        self.set_entry(path, None)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        self.call()?;
        let inode = self.find(dir)?;
        if !self.nodes.borrow()[inode].entries.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.set_entry(dir, None)
    }

    fn remove_if_abandoned(&self, path: &Path) -> io::Result<bool> {
        self.remove_file(path).map(|()| true)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        self.call()?;
        let inode = self.find(dir)?;
        Ok(self.nodes.borrow()[inode].entries.keys().cloned().collect())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.call()?;
        Ok(self.find(path).is_ok())
    }

    fn read_start(&self, path: &Path, len: usize) -> io::Result<Vec<u8>> {
        self.call()?;
        let inode = self.find(path)?;
        let nodes = self.nodes.borrow();
        Ok(nodes[inode].bytes.iter().copied().take(len).collect())
    }

    fn lock(&self, path: &Path) -> io::Result<()> {
        self.call()?;
        if self.find(path).is_err() {
            self.create(path, false)?;
        }
        Ok(())
    }

    fn unlock(&self, _lock: (), path: &Path) {
        let _ = self.remove_file(path);
    }
}
