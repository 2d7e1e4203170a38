//! One file, downloaded once, verified, kept.
//!
//! 1. A file in the folder that is the pinned one is returned at once.
//! 2. Otherwise a kernel lock on `.NAME.lock` lets one process work; the others wait and then find the file. The
//!    kernel frees the lock of a killed process.
//! 3. Whatever lies there under the name but is not the file is put aside as `NAME.bad`.
//! 4. The addresses are asked in order. Bytes go to `.NAME.part`, which a later try, on any address, continues: with
//!    `If-Range` where the server gave a validator, and else only when a hash will judge the whole.
//! 5. A complete part with the right size and hash is flushed, renamed to its name, and the folder flushed. One with
//!    another hash becomes `NAME.bad`.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::address::{Address, Answer, Request};
use crate::cache;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::part::{Origin, Part};
use crate::progress::Progress;
use crate::verified::{self, Expected, State};

/// A file to fetch: its name, addresses and hash, and how to go about it.
///
/// ```no_run
/// use gradus_datasets::GetFile;
///
/// let file = GetFile::new("mnist.npz")
///     .url("https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz")
///     .digest("731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1".parse()?)
///     .get()?;
/// println!("{}", file.path.display());
/// # Ok::<(), gradus_datasets::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GetFile {
    name: String,
    addresses: Vec<Address>,
    digest: Option<Digest>,
    bytes: Option<u64>,
    max_bytes: u64,
    folder: Option<PathBuf>,
    offline: bool,
    force: bool,
    retries: u32,
    first_answer: Duration,
    stall: Duration,
    progress: Option<Arc<dyn Progress>>,
}

/// A file that lies in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Where it lies.
    pub path: PathBuf,
    /// The address it was downloaded from just now, or `None` when it was there already.
    pub downloaded_from: Option<String>,
}

/// A try that brings less than this counts as one that brought nothing, so that a trickle ends.
const REAL_PROGRESS: u64 = 1 << 14;
/// Less than this in a stall window is a stall.
const TRICKLE: u64 = 1 << 10;
/// However often a server cuts the connection, at some time it is enough.
const MAX_TRIES: u32 = 1000;

/// What one try ended with.
enum Outcome {
    Complete,
    /// The connection broke, or the server is busy: the same address may be asked again.
    Broken(String),
    /// This address will not give the file.
    Useless(String),
}

impl GetFile {
    /// A file with this name in its folder; it needs at least one address.
    pub fn new(name: impl Into<String>) -> GetFile {
        GetFile {
            name: name.into(),
            addresses: Vec::new(),
            digest: None,
            bytes: None,
            max_bytes: 1 << 34,
            folder: None,
            offline: false,
            force: false,
            retries: 3,
            first_answer: Duration::from_secs(4),
            stall: Duration::from_secs(15),
            progress: None,
        }
    }

    /// Adds an address, asked after the ones added before: `https://`, `http://` (only with a SHA-256, or on this
    /// machine), or a path.
    pub fn url(mut self, url: impl AsRef<str>) -> GetFile {
        self.addresses.push(Address::parse(url.as_ref()));
        self
    }

    /// The hash that the file must have. Without one, a file is as trustworthy as its server.
    pub fn digest(mut self, digest: Digest) -> GetFile {
        self.digest = Some(digest);
        self
    }

    /// The exact size in bytes.
    pub fn bytes(mut self, bytes: u64) -> GetFile {
        self.bytes = Some(bytes);
        self
    }

    /// More than this is not downloaded. Default: 16 GiB.
    pub fn max_bytes(mut self, max_bytes: u64) -> GetFile {
        self.max_bytes = max_bytes;
        self
    }

    /// The folder to keep the file in; it is made when absent. Default: [`cache::folder`].
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> GetFile {
        self.folder = Some(folder.into());
        self
    }

    /// Whether the network stays untouched. Default: `false`.
    pub fn offline(mut self, offline: bool) -> GetFile {
        self.offline = offline;
        self
    }

    /// Whether to download even when the file is there. Default: `false`.
    pub fn force(mut self, force: bool) -> GetFile {
        self.force = force;
        self
    }

    /// How often to try again in a row without getting anywhere. Default: 3, after 0.3, 0.6 and 1.2 seconds; while
    /// nothing at all has arrived, [`first_answer`](GetFile::first_answer) ends it.
    pub fn retries(mut self, retries: u32) -> GetFile {
        self.retries = retries;
        self
    }

    /// How long, over all addresses, to wait for a first answer before the network counts as absent.
    /// Default: 4 seconds.
    pub fn first_answer(mut self, time: Duration) -> GetFile {
        self.first_answer = time;
        self
    }

    /// How long a transfer may bring less than one KiB before it is broken off. Default: 15 seconds.
    pub fn stall(mut self, time: Duration) -> GetFile {
        self.stall = time;
        self
    }

    /// Who is told how far the download is. Default: nobody.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> GetFile {
        self.progress = Some(progress);
        self
    }

    /// Returns the file, downloading it if need be.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`]: the name is not a plain file name, there is no address, or one is plain http
    /// without a SHA-256. [`ErrorKind::Missing`]: offline, and the file is not there; the message says which file to
    /// put where. [`ErrorKind::Unreachable`]: no address gave anything. [`ErrorKind::Transfer`]: all addresses failed
    /// after something had arrived; calling again resumes. [`ErrorKind::Mismatch`]: a complete file had another hash
    /// or size. [`ErrorKind::TooLarge`]: a server sent more than allowed. [`ErrorKind::Io`]: the folder cannot be
    /// written.
    pub fn get(&self) -> Result<Fetched> {
        self.check_arguments()?;
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => cache::folder()?,
        };
        let path = folder.join(&self.name);
        let there = |path: &Path| Fetched { path: path.to_path_buf(), downloaded_from: None };
        if !self.force && self.state(&path) == State::Good {
            return Ok(there(&path));
        }
        if self.offline {
            return Err(Error::new(
                ErrorKind::Missing,
                format!("{}: not there, and offline as asked; {}", self.name, self.by_hand(&folder)),
            ));
        }
        fs::create_dir_all(&folder).map_err(|e| Error::io("create the cache folder", &folder, &e))?;
        let _lock = self.lock(&folder)?;
        match self.state(&path) {
            State::Good if !self.force => return Ok(there(&path)),
            State::Bad(reason) => {
                self.note(&format!("{reason}; fetched again, the old one is kept as {}.bad", self.name));
                verified::forget(&path);
                set_aside(&path)?;
            }
            _ => {}
        }
        let url = self.download(&folder, &path)?;
        Ok(Fetched { path, downloaded_from: Some(url) })
    }

    fn check_arguments(&self) -> Result<()> {
        let plain = !self.name.is_empty()
            && !self.name.starts_with('.')
            && self.name.len() < 200
            && !self.name.contains(['/', '\\', ':', '\0']);
        if !plain {
            let message = format!("get_file: expected a plain file name, found {:?}", self.name);
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if self.addresses.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{}: no address to fetch it from", self.name),
            ));
        }
        self.addresses.iter().try_for_each(|address| address.check(self.strongly_pinned()))
    }

    fn strongly_pinned(&self) -> bool {
        self.digest.is_some_and(Digest::is_strong)
    }

    fn state(&self, path: &Path) -> State {
        let expected = Expected { digest: self.digest, bytes: self.bytes };
        verified::check(path, expected, true).unwrap_or_else(|error| State::Bad(error.to_string()))
    }

    fn by_hand(&self, folder: &Path) -> String {
        match &self.addresses[0] {
            Address::Local(_) => format!("put {} into {}", self.name, folder.display()),
            Address::Web(address) => format!("put {address} into {}", folder.display()),
        }
    }

    fn note(&self, message: &str) {
        if let Some(progress) = &self.progress {
            progress.note(&self.name, message);
        }
    }

    fn lock(&self, folder: &Path) -> Result<File> {
        let path = folder.join(format!(".{}.lock", self.name));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| Error::io("write", &path, &e))?;
        let locked = match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                self.note("another process is downloading it; waiting");
                file.lock()
            }
            // Some network file systems have no locks; the rename at the end still keeps the file whole.
            Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => Ok(()),
            Err(TryLockError::Error(e)) => Err(e),
        };
        locked.map_err(|e| Error::io("lock", &path, &e))?;
        Ok(file)
    }

    /// Asks the addresses until one gives the whole file; returns which one.
    fn download(&self, folder: &Path, path: &Path) -> Result<String> {
        let mut part = Part::open(folder, &self.name, self.digest)?;
        if part.length() > self.limit() {
            part.restart()?;
        }
        let mut useless: Vec<Option<String>> = vec![None; self.addresses.len()];
        let (mut fruitless, mut arrived, mut last) = (0, false, String::new());
        let began = Instant::now();
        let mut mismatch: Option<Error> = None;
        for _ in 0..MAX_TRIES {
            let Some(index) = self.choose(&useless, fruitless) else { break };
            let address = &self.addresses[index];
            let before = part.length();
            let resumed = before > 0;
            let patience = if arrived {
                self.stall
            } else {
                let left = useless.iter().filter(|reason| reason.is_none()).count() as u32;
                (self.first_answer.saturating_sub(began.elapsed()) / left.max(1))
                    .max(Duration::from_millis(300))
            };
            match self.attempt(address, &mut part, patience, arrived)? {
                Outcome::Complete => match self.judge(&part, address) {
                    Ok(()) => {
                        let hashes = part.hashes();
                        let total = part.length();
                        part.finish(path)?;
                        verified::remember_as(path, hashes);
                        if let Some(progress) = &self.progress {
                            progress.report(&self.name, total, Some(total));
                        }
                        return Ok(address.to_string());
                    }
                    // Bytes of two versions may have met; the address gets one more chance with a whole file.
                    Err(error) if resumed => {
                        self.note(&format!("{error}; starting anew"));
                        part.restart()?;
                    }
                    Err(error) => {
                        useless[index] = Some(error.to_string());
                        mismatch = Some(error);
                        part.quarantine(&folder.join(format!("{}.bad", self.name)))?;
                        part = Part::open(folder, &self.name, self.digest)?;
                    }
                },
                Outcome::Broken(reason) => {
                    let gained = part.length().saturating_sub(before);
                    arrived |= gained > 0;
                    self.note(&format!("{address}: {reason}; {} bytes are here", part.length()));
                    if gained >= REAL_PROGRESS {
                        fruitless = 0;
                    } else {
                        fruitless += 1;
                        let addresses = self.addresses.len() as u32;
                        let delay = Duration::from_millis(300 << ((fruitless - 1) / addresses).min(6));
                        // Until something arrives, the network as a whole is in doubt.
                        let too_late = !arrived && began.elapsed() + delay >= self.first_answer;
                        if too_late || fruitless >= addresses * (self.retries + 1) {
                            useless.iter_mut().for_each(|u| _ = u.get_or_insert_with(|| reason.clone()));
                        } else {
                            std::thread::sleep(delay);
                        }
                    }
                    last = reason;
                }
                Outcome::Useless(reason) => {
                    self.note(&format!("{address}: {reason}"));
                    useless[index] = Some(reason);
                }
            }
        }
        if let Some(error) = mismatch {
            return Err(error);
        }
        let reasons: Vec<String> = self
            .addresses
            .iter()
            .zip(&useless)
            .map(|(address, reason)| format!("{address}: {}", reason.as_deref().unwrap_or(&last)))
            .collect();
        let reasons = reasons.join("; ");
        if arrived {
            let here = part.length();
            let text = format!(
                "{}: the download broke off after {here} bytes; run again to resume it ({reasons})",
                self.name
            );
            return Err(Error::new(ErrorKind::Transfer, text));
        }
        let text = format!("{}: no server gave it ({reasons}); {}", self.name, self.by_hand(folder));
        Err(Error::new(ErrorKind::Unreachable, text))
    }

    /// The first address that may still help; failures in a row move on to the next one.
    fn choose(&self, useless: &[Option<String>], fruitless: u32) -> Option<usize> {
        let left: Vec<usize> = (0..useless.len()).filter(|&index| useless[index].is_none()).collect();
        (!left.is_empty()).then(|| left[fruitless as usize % left.len()])
    }

    fn limit(&self) -> u64 {
        self.bytes.unwrap_or(self.max_bytes).min(self.max_bytes)
    }

    /// One request to one address, appending what comes.
    fn attempt(
        &self,
        address: &Address,
        part: &mut Part,
        patience: Duration,
        arrived: bool,
    ) -> Result<Outcome> {
        let url = address.to_string();
        let validator =
            part.origin().filter(|origin| origin.url == url).and_then(|origin| origin.validator.clone());
        // Without a validator of this very address, only the hash of the whole can tell whether the pieces fit.
        if validator.is_none() && self.digest.is_none() && part.length() > 0 {
            part.restart()?;
        }
        if self.bytes == Some(part.length()) {
            return Ok(Outcome::Complete);
        }
        let request = Request { start: part.length(), if_range: validator.as_deref(), patience };
        let (start, total, found, body) = match address.open(request, self.strongly_pinned()) {
            Ok(Answer::Body { start, total, validator, body }) => (start, total, validator, body),
            Ok(Answer::PastTheEnd { total }) if part.length() > 0 => {
                if total == Some(part.length()) && (self.digest.is_some() || validator.is_some()) {
                    return Ok(Outcome::Complete);
                }
                part.restart()?;
                return Ok(Outcome::Broken(
                    "the file there is shorter than what is here; starting anew".into(),
                ));
            }
            Ok(Answer::PastTheEnd { .. }) => {
                return Ok(Outcome::Useless("the server says that the file is empty".into()));
            }
            // A server that gave something a moment ago is worth asking again, whatever it says now.
            Err(refusal) if refusal.passing || arrived => return Ok(Outcome::Broken(refusal.reason)),
            Err(refusal) => return Ok(Outcome::Useless(refusal.reason)),
        };
        if let (Some(total), Some(bytes)) = (total, self.bytes)
            && total != bytes
        {
            return Ok(Outcome::Useless(format!("expected {bytes} bytes, found a file of {total}")));
        }
        if let Some(total) = total
            && total > self.max_bytes
        {
            return Ok(Outcome::Useless(format!(
                "a file of {total} bytes; at most {} are taken",
                self.max_bytes
            )));
        }
        let changed = validator.is_some() && found.is_some() && found != validator;
        if start != part.length() || (changed && start > 0) {
            part.restart()?;
            if start > 0 {
                return Ok(Outcome::Broken("the file there has changed; starting anew".into()));
            }
        }
        part.set_origin(Origin { url, validator: found })?;
        self.receive(part, total, body)
    }

    fn receive(&self, part: &mut Part, total: Option<u64>, mut body: Box<dyn Read>) -> Result<Outcome> {
        let mut buffer = vec![0; 1 << 16];
        let (mut window, mut in_window) = (Instant::now(), 0);
        loop {
            let count = match body.read(&mut buffer) {
                Ok(count) => count,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == std::io::ErrorKind::TimedOut => {
                    return Ok(Outcome::Broken("the transfer stalled".into()));
                }
                Err(_) => return Ok(Outcome::Broken("the connection broke".into())),
            };
            if count == 0 {
                return Ok(match total {
                    Some(total) if part.length() < total => {
                        Outcome::Broken("the connection ended early".into())
                    }
                    _ => Outcome::Complete,
                });
            }
            if part.length() + count as u64 > self.limit() {
                part.restart()?;
                return Ok(Outcome::Useless(format!("sent more than {} bytes", self.limit())));
            }
            part.append(&buffer[..count])?;
            if let Some(progress) = &self.progress {
                // The last report belongs to the verified file.
                if total != Some(part.length()) {
                    progress.report(&self.name, part.length(), total.or(self.bytes));
                }
            }
            in_window += count as u64;
            if window.elapsed() >= self.stall {
                if in_window < TRICKLE {
                    return Ok(Outcome::Broken("the transfer stalled".into()));
                }
                (window, in_window) = (Instant::now(), 0);
            }
        }
    }

    /// Whether a complete part is the file that was asked for.
    fn judge(&self, part: &Part, address: &Address) -> Result<()> {
        let wrong = |expected: String, found: String| {
            let text = format!("{}: expected {expected}, found {found} (from {address})", self.name);
            Err(Error::new(ErrorKind::Mismatch, text))
        };
        if part.length() == 0 {
            return wrong("a file".into(), "nothing".into());
        }
        if let Some(bytes) = self.bytes
            && bytes != part.length()
        {
            return wrong(format!("{bytes} bytes"), part.length().to_string());
        }
        let hashes = part.hashes();
        match self.digest {
            Some(digest) if !hashes.matches(self.digest) => {
                wrong(format!("the hash {digest}"), hashes.like(self.digest).to_string())
            }
            _ => Ok(()),
        }
    }
}

/// Renames what is not the file to `NAME.bad`, or the next free `NAME.bad-2`, `NAME.bad-3` ...
fn set_aside(path: &Path) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut target = path.with_file_name(format!("{name}.bad"));
    for number in 2..100 {
        // A bad file replaces one of earlier; a folder is somebody's work and stays.
        if !target.exists() || (target.is_file() && path.is_file()) {
            break;
        }
        target = path.with_file_name(format!("{name}.bad-{number}"));
    }
    fs::rename(path, &target).map_err(|e| Error::io("move aside", path, &e))
}
