//! Pinned hashes, and hashing while bytes stream by.
//!
//! SHA-256 is what this crate pins. MD5 appears only where the publisher gives nothing better: it finds accidents,
//! not attackers, and [`Digest::is_strong`] says so.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use sha2::Digest as _;

use crate::error::{Error, ErrorKind, Result};

/// The expected hash of a file.
///
/// Parses from and prints as hexadecimal digits: 64 of them are a SHA-256, 32 an MD5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Digest {
    /// A SHA-256.
    Sha256([u8; 32]),
    /// An MD5; only for files whose publisher gives no other hash.
    Md5([u8; 16]),
}

impl Digest {
    /// Whether the hash also guards against a forged file, not only against accidents.
    pub fn is_strong(self) -> bool {
        matches!(self, Digest::Sha256(_))
    }

    /// A SHA-256 of the table; wrong digits stop the compilation.
    pub(crate) const fn sha256(hex: &str) -> Digest {
        match decode_hex(hex) {
            Some(bytes) => Digest::Sha256(bytes),
            None => panic!("a SHA-256 has 64 hexadecimal digits"),
        }
    }

    /// An MD5 of the table; wrong digits stop the compilation.
    pub(crate) const fn md5(hex: &str) -> Digest {
        match decode_hex(hex) {
            Some(bytes) => Digest::Md5(bytes),
            None => panic!("an MD5 has 32 hexadecimal digits"),
        }
    }
}

const fn decode_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    const fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            b'A'..=b'F' => Some(byte - b'A' + 10),
            _ => None,
        }
    }
    let hex = hex.as_bytes();
    if hex.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut index = 0;
    while index < N {
        match (digit(hex[2 * index]), digit(hex[2 * index + 1])) {
            (Some(high), Some(low)) => bytes[index] = high << 4 | low,
            _ => return None,
        }
        index += 1;
    }
    Some(bytes)
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Digest> {
        let sha256 = decode_hex(text).map(Digest::Sha256);
        sha256.or_else(|| decode_hex(text).map(Digest::Md5)).ok_or_else(|| {
            let message = format!("a hash has 64 (SHA-256) or 32 (MD5) hexadecimal digits, found {text:?}");
            Error::new(ErrorKind::InvalidArgument, message)
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = match self {
            Digest::Sha256(bytes) => bytes,
            Digest::Md5(bytes) => bytes,
        };
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Computes the SHA-256 of a stream, and its MD5 where that is what the file is pinned by.
#[derive(Clone)]
pub(crate) struct Hasher {
    sha256: sha2::Sha256,
    md5: Option<md5::Md5>,
}

/// What a [`Hasher`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hashes {
    /// Always there: what an unpinned file is remembered by.
    pub(crate) sha256: Digest,
    pub(crate) md5: Option<Digest>,
}

impl Hasher {
    pub(crate) fn new(pinned: Option<Digest>) -> Hasher {
        let md5 = matches!(pinned, Some(Digest::Md5(_))).then(md5::Md5::new);
        Hasher { sha256: sha2::Sha256::new(), md5 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Hashes {
        Hashes {
            sha256: Digest::Sha256(self.sha256.finalize().into()),
            md5: self.md5.map(|md5| Digest::Md5(md5.finalize().into())),
        }
    }
}

impl Hashes {
    /// Whether these are the hashes of the pinned file. `None` accepts everything.
    pub(crate) fn matches(&self, pinned: Option<Digest>) -> bool {
        pinned.is_none() || pinned == Some(self.sha256) || (pinned == self.md5)
    }

    /// The hash of the same sort as the pinned one, for messages.
    pub(crate) fn like(&self, pinned: Option<Digest>) -> Digest {
        match (pinned, self.md5) {
            (Some(Digest::Md5(_)), Some(md5)) => md5,
            _ => self.sha256,
        }
    }
}

/// Hashes a whole file.
///
/// # Errors
/// [`ErrorKind::Io`] when the file cannot be read.
pub(crate) fn of_file(path: &Path, pinned: Option<Digest>) -> Result<Hashes> {
    let mut file = File::open(path).map_err(|e| Error::io("open", path, &e))?;
    let mut hasher = Hasher::new(pinned);
    let mut buffer = vec![0; 1 << 17];
    loop {
        let count = file.read(&mut buffer).map_err(|e| Error::io("read", path, &e))?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn hashes_of_known_strings() {
        let cases = [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "d41d8cd98f00b204e9800998ecf8427e",
            ),
            ("abc", ABC, "900150983cd24fb0d6963f7d28e17f72"),
        ];
        for (text, sha256, md5) in cases {
            let mut hasher = Hasher::new(Some(Digest::md5(md5)));
            hasher.update(text.as_bytes());
            let found = hasher.finish();
            assert_eq!(found.sha256.to_string(), sha256, "of {text:?}");
            assert_eq!(found.md5.unwrap().to_string(), md5, "of {text:?}");
            for (pinned, expected) in [(sha256, true), (md5, true), (&ABC.replace('b', "c"), false)] {
                assert_eq!(found.matches(Some(pinned.parse().unwrap())), expected, "{text:?} and {pinned}");
            }
            assert!(found.matches(None));
        }
    }

    #[test]
    fn an_md5_that_was_not_computed_does_not_match() {
        let found = Hasher::new(None).finish();
        assert!(!found.matches(Some(Digest::md5("d41d8cd98f00b204e9800998ecf8427e"))));
    }

    #[test]
    fn parses_only_whole_hashes() {
        for text in ["", "12", &ABC[1..], &ABC.replace('b', "g"), "ü".repeat(32).as_str()] {
            assert!(text.parse::<Digest>().is_err(), "{text:?}");
        }
    }
}
