//! Whether a file that lies in a folder is the pinned one.
//!
//! Hashing MNIST at every start would cost a tenth of a second, so the result is remembered beside the file, in
//! `.NAME.verified`, together with the file's size, modification time and inode. As long as these three stay, the
//! file is taken for unchanged. A change within the clock's grain of the hashing would go unnoticed, so a memory is
//! trusted only when it is clearly younger than the file.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::digest::{self, Digest, Hashes};
use crate::error::{Error, Result};

/// What a file must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) digest: Option<Digest>,
    pub(crate) bytes: Option<u64>,
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing.
    Absent,
    /// The expected file.
    Good,
    /// Something else; the text ends a sentence that begins with the path.
    Bad(String),
}

/// File systems keep times in steps of up to 2 s (FAT); those that matter here in steps of some milliseconds.
const CLOCK_GRAIN: Duration = Duration::from_millis(100);

/// Compares a file with what it must be; with `remember` the answer is kept beside it.
///
/// # Errors
/// Only when an existing file cannot be read.
pub(crate) fn check(path: &Path, expected: Expected, remember: bool) -> Result<State> {
    compare(path, expected, remember, true)
}

/// The same, with the file read again whatever is remembered of it.
///
/// # Errors
/// As [`check`].
pub(crate) fn rehash(path: &Path, expected: Expected) -> Result<State> {
    compare(path, expected, true, false)
}

fn compare(path: &Path, expected: Expected, remember: bool, trust: bool) -> Result<State> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(State::Absent);
    };
    if !metadata.is_file() {
        return Ok(State::Bad("expected a file, found a folder or a device".into()));
    }
    if metadata.len() == 0 {
        return Ok(State::Bad("the file is empty".into()));
    }
    if let Some(bytes) = expected.bytes
        && bytes != metadata.len()
    {
        return Ok(State::Bad(format!("expected {bytes} bytes, found {}", metadata.len())));
    }
    let memory = if remember { Memory::read(path) } else { None };
    if trust
        && let Some(memory) = &memory
        && memory.is_of(&metadata)
        && memory.hashes.matches(expected.digest)
    {
        return Ok(State::Good);
    }
    let hashes = digest::of_file(path, expected.digest)?;
    if !hashes.matches(expected.digest) {
        let pinned = expected.digest.map(|d| d.to_string()).unwrap_or_default();
        return Ok(State::Bad(format!("expected the hash {pinned}, found {}", hashes.like(expected.digest))));
    }
    // An unpinned file has only the hash of its first day to be compared with.
    if let (None, Some(memory)) = (expected.digest, &memory)
        && memory.hashes.sha256 != hashes.sha256
    {
        let text = format!(
            "changed since the download: expected the hash {}, found {}",
            memory.hashes.sha256, hashes.sha256
        );
        return Ok(State::Bad(text));
    }
    if remember {
        remember_as(path, hashes);
    }
    Ok(State::Good)
}

/// Keeps a file's hashes beside it. A folder that cannot be written is no error: the next start hashes again.
pub(crate) fn remember_as(path: &Path, hashes: Hashes) {
    if let Ok(metadata) = fs::metadata(path) {
        let md5 = hashes.md5.map_or("-".to_string(), |md5| md5.to_string());
        let [modified, inode] = identity(&metadata);
        let line = format!("{} {md5} {} {modified} {inode}\n", hashes.sha256, metadata.len());
        let _ = fs::write(memory_path(path), line);
    }
}

/// Removes what is remembered of a file.
pub(crate) fn forget(path: &Path) {
    let _ = fs::remove_file(memory_path(path));
}

/// Size and modification time of a file: what tells one archive from another without reading it.
pub(crate) fn fingerprint(path: &Path) -> Result<String> {
    let metadata = fs::metadata(path).map_err(|e| Error::io("open", path, &e))?;
    Ok(format!("{:x}-{:x}", metadata.len(), identity(&metadata)[0]))
}

struct Memory {
    hashes: Hashes,
    size: u64,
    identity: [u128; 2],
    written: SystemTime,
}

impl Memory {
    fn read(path: &Path) -> Option<Memory> {
        let path = memory_path(path);
        let metadata = fs::metadata(&path).ok().filter(|m| m.is_file() && m.len() < 1000)?;
        let text = fs::read_to_string(&path).ok()?;
        let mut words = text.split_whitespace();
        let sha256 = words.next()?.parse().ok()?;
        let md5 = match words.next()? {
            "-" => None,
            hex => Some(hex.parse().ok()?),
        };
        let size = words.next()?.parse().ok()?;
        let identity = [words.next()?.parse().ok()?, words.next()?.parse().ok()?];
        Some(Memory { hashes: Hashes { sha256, md5 }, size, identity, written: metadata.modified().ok()? })
    }

    fn is_of(&self, metadata: &Metadata) -> bool {
        let settled = metadata
            .modified()
            .is_ok_and(|modified| self.written.duration_since(modified).is_ok_and(|age| age >= CLOCK_GRAIN));
        settled && self.size == metadata.len() && self.identity == identity(metadata)
    }
}

/// Modification time in nanoseconds, and the inode where there are inodes.
fn identity(metadata: &Metadata) -> [u128; 2] {
    let since = |time: std::io::Result<SystemTime>| {
        time.ok().and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos())
    };
    #[cfg(unix)]
    let inode = u128::from(std::os::unix::fs::MetadataExt::ino(metadata));
    #[cfg(not(unix))]
    let inode = since(metadata.created());
    [since(metadata.modified()), inode]
}

fn memory_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.verified"))
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;

    use super::*;

    const ABC: Expected = Expected {
        digest: Some(Digest::sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        bytes: Some(3),
    };
    const UNPINNED: Expected = Expected { digest: None, bytes: None };

    fn old(path: &Path) {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_times(FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(60))).unwrap();
    }

    #[test]
    fn tells_what_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(check(&path, ABC, true).unwrap(), State::Absent);
        fs::create_dir(&path).unwrap();
        assert_eq!(
            check(&path, ABC, true).unwrap(),
            State::Bad("expected a file, found a folder or a device".into())
        );
        fs::remove_dir(&path).unwrap();
        let cases: [(&str, &str); 4] = [
            ("", "the file is empty"),
            ("ab", "expected 3 bytes, found 2"),
            (
                "abd",
                "expected the hash ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, found a52d1",
            ),
            ("abc", "good"),
        ];
        for (content, expected) in cases {
            fs::write(&path, content).unwrap();
            match check(&path, ABC, true).unwrap() {
                State::Good => assert_eq!(expected, "good", "{content:?}"),
                State::Bad(reason) => assert!(reason.starts_with(expected), "{content:?}: {reason}"),
                State::Absent => panic!("{content:?} is there"),
            }
        }
    }

    #[test]
    fn a_change_after_the_memory_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for expected in [ABC, UNPINNED] {
            fs::write(&path, "abc").unwrap();
            forget(&path);
            old(&path);
            assert_eq!(check(&path, expected, true).unwrap(), State::Good);
            assert!(memory_path(&path).exists());
            assert_eq!(check(&path, expected, true).unwrap(), State::Good);
            fs::write(&path, "abx").unwrap();
            assert!(matches!(check(&path, expected, true).unwrap(), State::Bad(_)), "{expected:?}");
        }
    }

    #[test]
    fn a_memory_as_young_as_the_file_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "abc").unwrap();
        assert_eq!(check(&path, ABC, true).unwrap(), State::Good);
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "abx").unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
        assert!(matches!(check(&path, ABC, true).unwrap(), State::Bad(_)));
    }

    #[test]
    fn a_damaged_memory_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "abc").unwrap();
        for memory in ["", "x", "00 - 3", &"9".repeat(2000)] {
            fs::write(memory_path(&path), memory).unwrap();
            assert_eq!(check(&path, ABC, true).unwrap(), State::Good, "{memory:?}");
        }
    }
}
