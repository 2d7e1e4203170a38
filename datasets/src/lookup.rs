//! The search for a data set's files: the user's folder, our cache, Keras's cache, the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::address::Address;
use crate::cache;
use crate::catalog::{Entry, File};
use crate::error::{Error, ErrorKind, Result};
use crate::extract::{ExtractLimits, extract_once};
use crate::get_file::GetFile;
use crate::progress::Progress;
use crate::source::Source;
use crate::verified::{self, Expected, State};

/// Where to look for files; every loader of this crate has these options.
///
/// The first of these places that has the files gives them:
/// 1. the folder given with [`data_dir`](Lookup::data_dir), or else the one of the variable `GRADUS_DATA`: in its
///    subfolder named after the data set (`fashion_mnist` or `fashion-mnist`), or directly in it. A folder given in
///    the program must have them; the variable's folder need not;
/// 2. the [cache](crate::cache::folder);
/// 3. Keras's cache (`~/.keras/datasets`), when the hashes match;
/// 4. the network, into the cache, unless [`offline`](Lookup::offline).
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    data_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    offline: bool,
    own_cache_only: bool,
    force: bool,
    mirror: Option<String>,
    progress: Option<Arc<dyn Progress>>,
}

/// Files that were found.
#[derive(Clone, Debug)]
pub struct Located {
    /// In the order in which they were asked for.
    pub paths: Vec<PathBuf>,
    /// Where they were found.
    pub source: Source,
}

/// What [`Lookup::verify`] found of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Where the file lies, or would lie.
    pub path: PathBuf,
    /// Its condition.
    pub condition: Condition,
}

/// The condition of a file in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It has the pinned hash and size, or those it had when it was downloaded.
    Good,
    /// It is not there.
    Missing,
    /// It is something else; the text says what was expected and found.
    Damaged(String),
}

impl Lookup {
    /// The default places.
    pub fn new() -> Lookup {
        Lookup::default()
    }

    /// Reads from this folder and from nowhere else.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Lookup {
        self.data_dir = Some(folder.into());
        self
    }

    /// Keeps downloads in this folder rather than in the [default one](crate::cache::folder).
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Lookup {
        self.cache_dir = Some(folder.into());
        self
    }

    /// Whether the network stays untouched. Default: `false`.
    pub fn offline(mut self, offline: bool) -> Lookup {
        self.offline = offline;
        self
    }

    /// Whether `GRADUS_DATA` and Keras's cache are passed over. Default: `false`.
    pub fn own_cache_only(mut self, only: bool) -> Lookup {
        self.own_cache_only = only;
        self
    }

    /// Downloads from this address or folder in place of the official servers: `ADDRESS/NAME/FILE`, such as
    /// `http://localhost:8000/fashion_mnist/train-images-idx3-ubyte.gz`, or else `ADDRESS/FILE`. The hashes must be
    /// the same. Default: the official servers.
    pub fn mirror(mut self, mirror: impl Into<String>) -> Lookup {
        self.mirror = Some(mirror.into());
        self
    }

    /// Whether to download anew what is in the cache; implies [`own_cache_only`](Lookup::own_cache_only).
    /// Default: `false`.
    pub fn force(mut self, force: bool) -> Lookup {
        self.force = force;
        self
    }

    /// Who is told how far a download is, for instance a [`TerminalBar`](crate::TerminalBar). Default: nobody.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Lookup {
        self.progress = Some(progress);
        self
    }

    /// Whether the program named the one folder to read from.
    #[cfg(feature = "sample")]
    pub(crate) fn is_folder_given(&self) -> bool {
        self.data_dir.is_some()
    }

    /// The folder in which an entry's downloads are kept, whether it exists or not.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when no cache folder can be told.
    pub fn cache_of(&self, entry: &Entry) -> Result<PathBuf> {
        let folder = match &self.cache_dir {
            Some(folder) => folder.clone(),
            None => cache::folder()?,
        };
        Ok(folder.join(entry.name))
    }

    /// Finds all files of an entry in one place, or downloads those that are missing. Entries need not be those of
    /// the [catalog](crate::catalog): a program may bring its own.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when they are nowhere and may not be downloaded, [`ErrorKind::Unreachable`] when no
    /// server answers; what a broken folder or download gives.
    pub fn fetch(&self, entry: &Entry) -> Result<Located> {
        self.locate(entry, entry.files)
    }

    /// Hashes an entry's files in the cache anew, whatever is remembered of them. Downloads nothing.
    ///
    /// # Errors
    /// Only when no cache folder can be told.
    pub fn verify(&self, entry: &Entry) -> Result<Vec<Verified>> {
        let cache = self.cache_of(entry)?;
        let verify = |file: &File| {
            let path = cache.join(file.name);
            let condition = match verified::rehash(&path, Expected { digest: file.digest, bytes: file.bytes })
            {
                Ok(State::Good) => Condition::Good,
                Ok(State::Absent) => Condition::Missing,
                Ok(State::Bad(reason)) => Condition::Damaged(reason),
                Err(error) => Condition::Damaged(error.to_string()),
            };
            Verified { path, condition }
        };
        Ok(entry.files.iter().map(verify).collect())
    }

    /// Finds all `files` of an entry in one place, or downloads those that are missing.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when they are nowhere and may not be downloaded, [`ErrorKind::Unreachable`] when no
    /// server answers; what a broken folder or download gives.
    pub(crate) fn locate(&self, entry: &Entry, files: &[File]) -> Result<Located> {
        if let Some(folder) = &self.data_dir {
            return in_user_folder(entry, files, folder)?.ok_or_else(|| {
                let names: Vec<&str> = files.iter().map(|file| file.name).collect();
                let [own, dashed, plain] = cache::candidates(folder, entry.name);
                Error::new(
                    ErrorKind::Missing,
                    format!(
                        "{}: expected {} in {}, {} or {}, found none of them",
                        entry.name,
                        names.join(", "),
                        own.display(),
                        dashed.display(),
                        plain.display()
                    ),
                )
            });
        }
        let everywhere = !self.own_cache_only && !self.force;
        if everywhere
            && let Some(folder) = cache::user_folder()
            && let Some(located) = in_user_folder(entry, files, &folder)?
        {
            return Ok(located);
        }
        let cache = self.cache_of(entry)?;
        if !self.force
            && let Some(paths) = verified_in(&cache, files, true)?
        {
            return Ok(Located { paths, source: Source::Cache(cache) });
        }
        // A file without a hash could be anything there.
        let pinned = files.iter().all(|file| file.digest.is_some());
        if everywhere
            && pinned
            && let Some(keras) = cache::keras_folder().map(|folder| folder.join(entry.keras_folder))
            && let Some(paths) = verified_in(&keras, files, false)?
        {
            return Ok(Located { paths, source: Source::KerasCache(keras) });
        }
        self.download(entry, files, &cache)
    }

    /// A file that Keras keeps in place of an entry's own files: in the user's folder, or in Keras's cache when the
    /// entry's own files are not in ours. `None` when the ordinary way is to be taken.
    pub(crate) fn keras_file(&self, entry: &Entry, file: &File) -> Result<Option<(PathBuf, Source)>> {
        let own = entry.files[0].name;
        let user = self.probe(entry, |folder| {
            let path = folder.join(file.name);
            (plain_or_zipped(folder, own).is_none() && path.is_file()).then_some(path)
        });
        if let Some(path) = user {
            let official = is_official(entry, &path, file)?;
            return Ok(Some((path.clone(), Source::Directory { path, official })));
        }
        if self.data_dir.is_some() || self.own_cache_only || self.force {
            return Ok(None);
        }
        let in_user_folder = self.probe(entry, |folder| plain_or_zipped(folder, own)).is_some();
        let cached = self.cache_of(entry).is_ok_and(|cache| cache.join(own).is_file());
        let Some(keras) = cache::keras_folder().filter(|_| !in_user_folder && !cached) else {
            return Ok(None);
        };
        let found = verified_in(&keras.join(entry.keras_folder), std::slice::from_ref(file), false)?;
        Ok(found.and_then(|mut paths| paths.pop()).map(|path| (path.clone(), Source::KerasCache(path))))
    }

    /// What `find` finds in one of the folders that the user may have meant for this entry.
    pub(crate) fn probe(&self, entry: &Entry, find: impl Fn(&Path) -> Option<PathBuf>) -> Option<PathBuf> {
        let named = self.data_dir.clone();
        let everywhere = !self.own_cache_only && !self.force;
        let folder = named.or_else(|| cache::user_folder().filter(|_| everywhere))?;
        cache::candidates(&folder, entry.name).iter().find_map(|folder| find(folder))
    }

    /// The folder in the cache into which the entry's archive, its only file, is unpacked, once.
    ///
    /// # Errors
    /// As [`fetch`](Lookup::fetch) and [`extract`](crate::extract()).
    pub fn unpacked(&self, entry: &Entry) -> Result<(PathBuf, Source)> {
        let cache = self.cache_of(entry)?;
        let target = cache.join("unpacked");
        // It has its name only since it is complete.
        if target.is_dir() && !self.force && self.data_dir.is_none() {
            return Ok((target, Source::Cache(cache)));
        }
        let located = self.locate(entry, entry.files)?;
        let archive = &located.paths[0];
        let target = match located.source {
            // Another archive in the user's folder is another set.
            Source::Directory { .. } => cache.join(format!("unpacked-{}", verified::fingerprint(archive)?)),
            _ => target,
        };
        if target.is_dir() && self.force {
            fs::remove_dir_all(&target).map_err(|e| Error::io("remove", &target, &e))?;
        }
        if !target.is_dir() {
            fs::create_dir_all(&cache).map_err(|e| Error::io("create the cache folder", &cache, &e))?;
            let limits =
                ExtractLimits { max_bytes: 4 << 30, max_entries: 100_000, ..ExtractLimits::default() };
            extract_once(archive, &target, limits)?;
        }
        Ok((target, located.source))
    }

    fn download(&self, entry: &Entry, files: &[File], cache: &Path) -> Result<Located> {
        if self.offline {
            let missing: Vec<String> = files
                .iter()
                .filter(|file| !cache.join(file.name).is_file())
                .map(|file| format!("{}{}", file.mirrors[0], file.name))
                .collect();
            // Only a damaged file is left when none is missing.
            let what = if missing.is_empty() { "undamaged files".into() } else { missing.join(", ") };
            let text = format!(
                "{}: not in the cache, and offline as asked; put {what} into {}",
                entry.name,
                cache.display()
            );
            return Err(Error::new(ErrorKind::Missing, text));
        }
        let mut paths = Vec::with_capacity(files.len());
        let mut url = String::new();
        for file in files {
            let fetched = self.get_file(entry, file, cache).get()?;
            paths.push(fetched.path);
            if let Some(from) = fetched.downloaded_from
                && url.is_empty()
            {
                url = from;
            }
        }
        let path = cache.to_path_buf();
        // Another process may have been faster.
        let source = if url.is_empty() { Source::Cache(path) } else { Source::Download { url, path } };
        Ok(Located { paths, source })
    }

    fn get_file(&self, entry: &Entry, file: &File, cache: &Path) -> GetFile {
        let mut get = GetFile::new(file.name).folder(cache).max_bytes(file.max_bytes).force(self.force);
        if let Some(digest) = file.digest {
            get = get.digest(digest);
        }
        if let Some(bytes) = file.bytes {
            get = get.bytes(bytes);
        }
        if let Some(progress) = &self.progress {
            get = get.progress(progress.clone());
        }
        match &self.mirror {
            Some(mirror) => self.mirrored(entry, file, mirror).iter().fold(get, |get, url| get.url(url)),
            None => file.urls().fold(get, |get, url| get.url(url)),
        }
    }

    fn mirrored(&self, entry: &Entry, file: &File, mirror: &str) -> Vec<String> {
        match Address::parse(mirror) {
            Address::Web(base) => {
                let base = base.trim_end_matches('/');
                vec![format!("{base}/{}/{}", entry.name, file.name), format!("{base}/{}", file.name)]
            }
            Address::Local(folder) => {
                let mut paths: Vec<PathBuf> =
                    cache::candidates(&folder, entry.name).iter().map(|f| f.join(file.name)).collect();
                paths.dedup();
                // Places without the file are worth a line only when no place has it.
                if paths.iter().any(|p| p.is_file()) {
                    paths.retain(|p| p.is_file());
                }
                paths.iter().map(|p| p.display().to_string()).collect()
            }
        }
    }
}

/// The files in one of the folders that a data set may have below `folder`, if any of them is there.
///
/// # Errors
/// [`ErrorKind::Missing`] when a folder has some of the files but not all, [`ErrorKind::Mismatch`] when a file is
/// known to belong to another data set, whose files happen to have the same names.
fn in_user_folder(entry: &Entry, files: &[File], folder: &Path) -> Result<Option<Located>> {
    for path in cache::candidates(folder, entry.name) {
        let found: Vec<Option<PathBuf>> =
            files.iter().map(|file| plain_or_zipped(&path, file.name)).collect();
        if found.iter().all(Option::is_none) {
            continue;
        }
        if let Some(index) = found.iter().position(Option::is_none) {
            let name = files[index].name;
            let message =
                format!("{}: {} has other files of the set, but not {name}", entry.name, path.display());
            return Err(Error::new(ErrorKind::Missing, message));
        }
        let paths: Vec<PathBuf> = found.into_iter().flatten().collect();
        let mut official = true;
        for (path, file) in paths.iter().zip(files) {
            official &= is_official(entry, path, file)?;
        }
        return Ok(Some(Located { paths, source: Source::Directory { path, official } }));
    }
    Ok(None)
}

/// `folder/name`, or the same without `.gz`.
fn plain_or_zipped(folder: &Path, name: &str) -> Option<PathBuf> {
    let unzipped = name.strip_suffix(".gz").filter(|plain| !plain.ends_with(".tar"));
    [Some(name), unzipped].into_iter().flatten().map(|name| folder.join(name)).find(|path| path.is_file())
}

fn is_official(entry: &Entry, path: &Path, file: &File) -> Result<bool> {
    let Some(pinned) = file.digest else {
        return Ok(false);
    };
    let hashes = crate::digest::of_file(path, Some(pinned))?;
    if hashes.matches(Some(pinned)) {
        return Ok(true);
    }
    // MNIST and Fashion-MNIST have the same file names, and learning the wrong one would look like success.
    let others = crate::catalog::ALL.iter().filter(|other| other.name != entry.name);
    for other in others {
        if other.files.iter().any(|f| f.digest.is_some() && hashes.matches(f.digest)) {
            let message =
                format!("{}: expected {}, found the file of {}", path.display(), entry.name, other.name);
            return Err(Error::new(ErrorKind::Mismatch, message));
        }
    }
    Ok(false)
}

/// The paths of all files, when each is there and is the pinned one.
fn verified_in(folder: &Path, files: &[File], remember: bool) -> Result<Option<Vec<PathBuf>>> {
    let mut paths = Vec::with_capacity(files.len());
    for file in files {
        let path = folder.join(file.name);
        let expected = Expected { digest: file.digest, bytes: file.bytes };
        match verified::check(&path, expected, remember) {
            Ok(State::Good) => paths.push(path),
            _ => return Ok(None),
        }
    }
    Ok(Some(paths))
}

/// Gives a loader the options of its field `lookup`.
macro_rules! lookup_options {
    ($loader:ty) => {
        impl $loader {
            /// Reads from this folder, in its subfolder named after the data set or directly in it, and from nowhere
            /// else. Default: the places listed at [`Lookup`](crate::Lookup).
            pub fn data_dir(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
                self.lookup = self.lookup.data_dir(folder);
                self
            }

            /// Keeps downloads in this folder. Default: [`cache::folder`](crate::cache::folder).
            pub fn cache_dir(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
                self.lookup = self.lookup.cache_dir(folder);
                self
            }

            /// Whether the network stays untouched. Default: `false`.
            pub fn offline(mut self, offline: bool) -> Self {
                self.lookup = self.lookup.offline(offline);
                self
            }

            /// Downloads from this address or folder; see [`Lookup::mirror`](crate::Lookup::mirror).
            pub fn mirror(mut self, mirror: impl Into<String>) -> Self {
                self.lookup = self.lookup.mirror(mirror);
                self
            }

            /// Who is told how far a download is, for instance a [`TerminalBar`](crate::TerminalBar).
            /// Default: nobody.
            pub fn progress(mut self, progress: std::sync::Arc<dyn crate::Progress>) -> Self {
                self.lookup = self.lookup.progress(progress);
                self
            }

            /// Takes all places from `lookup`.
            pub fn lookup(mut self, lookup: crate::Lookup) -> Self {
                self.lookup = lookup;
                self
            }
        }
    };
}
pub(crate) use lookup_options;
