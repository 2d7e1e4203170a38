//! Where a file can be fetched: an address on the web or a path on this machine.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// A place to fetch one file from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `https://..` or `http://..`
    Web(String),
    /// A path, or `file://` and a path: a mirror on a disk.
    Local(PathBuf),
}

/// What is asked of a server.
#[derive(Clone, Copy, Debug)]
// Files on disks need neither a condition nor patience.
#[cfg_attr(not(feature = "download"), expect(dead_code))]
pub(crate) struct Request<'a> {
    /// The first byte that is wanted.
    pub(crate) start: u64,
    /// Only if the file is still the one with this validator; else all of it.
    pub(crate) if_range: Option<&'a str>,
    /// How long to wait for a connection, for the answer, and for each piece of the body.
    pub(crate) patience: Duration,
}

/// What a server answered.
pub(crate) enum Answer {
    /// The bytes from `start` on.
    Body { start: u64, total: Option<u64>, validator: Option<String>, body: Box<dyn Read> },
    /// The file ends before the wanted byte; its size where the server tells it.
    PastTheEnd { total: Option<u64> },
}

/// Why an address gave nothing.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    /// Whether asking again may help: an overloaded server, a broken connection.
    pub(crate) passing: bool,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Address {
        let scheme = |prefix: &str| text.get(..prefix.len()).is_some_and(|s| s.eq_ignore_ascii_case(prefix));
        if scheme("https://") || scheme("http://") {
            Address::Web(text.to_string())
        } else {
            Address::Local(PathBuf::from(text.strip_prefix("file://").unwrap_or(text)))
        }
    }

    /// Refuses plain http for a file that nobody could tell from a forged one. The own machine is no risk.
    pub(crate) fn check(&self, strongly_pinned: bool) -> Result<()> {
        match self {
            Address::Web(url) if !strongly_pinned && !is_https(url) && !is_loopback(url) => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{url}: http:// without a SHA-256 is refused, because anybody on the way could change the file; use https:// or give the hash"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Asks for the file from `request.start` on.
    pub(crate) fn open(
        &self,
        request: Request<'_>,
        strongly_pinned: bool,
    ) -> std::result::Result<Answer, Refusal> {
        match self {
            Address::Web(url) => open_web(url, request, strongly_pinned),
            Address::Local(path) => {
                let lasting = |e: std::io::Error| Refusal { reason: e.to_string(), passing: false };
                let mut file = File::open(path).map_err(lasting)?;
                let metadata = file.metadata().map_err(lasting)?;
                if !metadata.is_file() {
                    return Err(Refusal { reason: "not a file".into(), passing: false });
                }
                if request.start > metadata.len() {
                    return Ok(Answer::PastTheEnd { total: Some(metadata.len()) });
                }
                file.seek(SeekFrom::Start(request.start)).map_err(lasting)?;
                // Without a validator an unpinned file starts anew, which costs little on a disk.
                Ok(Answer::Body {
                    start: request.start,
                    total: Some(metadata.len()),
                    validator: None,
                    body: Box::new(file),
                })
            }
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Web(url) => f.write_str(url),
            Address::Local(path) => path.display().fmt(f),
        }
    }
}

#[cfg(feature = "download")]
use crate::http::open as open_web;

#[cfg(not(feature = "download"))]
fn open_web(_: &str, _: Request<'_>, _: bool) -> std::result::Result<Answer, Refusal> {
    let reason = "this build cannot download (the feature `download` of gradus-datasets is off)".into();
    Err(Refusal { reason, passing: false })
}

pub(crate) fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Whether the host is this machine: `localhost`, `127.x.x.x`, `[::1]`.
pub(crate) fn is_loopback(url: &str) -> bool {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // What stands before an `@` is a user's name, not the host.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_needs_a_hash_or_this_machine() {
        let cases = [
            ("https://example.org/a", false, true),
            ("HTTPS://example.org/a", false, true),
            ("http://example.org/a", false, false),
            ("HTTP://example.org/a", false, false),
            ("http://example.org/a", true, true),
            ("http://127.0.0.1:80/a", false, true),
            ("http://localhost/a", false, true),
            ("http://[::1]:8080/a", false, true),
            ("http://localhost@example.org/a", false, false),
            ("http://127.0.0.1.example.org/a", false, false),
            ("http://example.org\\@localhost/", false, false),
            ("http://ä", false, false),
            ("/some/folder/a", false, true),
            ("file:///some/folder/a", false, true),
        ];
        for (address, pinned, expected) in cases {
            assert_eq!(
                Address::parse(address).check(pinned).is_ok(),
                expected,
                "{address}, pinned: {pinned}"
            );
        }
    }
}
