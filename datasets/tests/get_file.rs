//! Downloads from a server that cuts, stalls, lies and redirects.
#![cfg(feature = "download")]

#[path = "support/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use gradus_datasets::{Digest, ErrorKind, GetFile};
use server::{Asked, Reply, Server};
use sha2::Digest as _;

/// Bytes without a pattern that a shifted copy would share.
fn content(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::Sha256(sha2::Sha256::digest(bytes).into())
}

/// Patient enough for a busy machine, quick enough for a test.
fn get(folder: &Path, url: &str) -> GetFile {
    GetFile::new("file.bin").folder(folder).url(url).retries(2).stall(Duration::from_secs(4))
}

fn only_names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

#[test]
fn downloads_once_and_then_reads_the_cache() {
    let bytes = content(300_000, 1);
    let served = bytes.clone();
    let server = Server::start(move |asked| Reply::file(asked, &served, "\"a\""));
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new/folders");
    let get = get(&inner, &server.url("/file.bin")).digest(sha256(&bytes)).bytes(300_000);
    let first = get.get().unwrap();
    assert_eq!(first.downloaded_from, Some(server.url("/file.bin")));
    assert_eq!(fs::read(&first.path).unwrap(), bytes);
    assert_eq!(get.get().unwrap().downloaded_from, None);
    assert_eq!(get.clone().offline(true).get().unwrap().path, first.path);
    assert_eq!(server.asked().len(), 1);
    assert!(get.force(true).get().unwrap().downloaded_from.is_some());
    assert_eq!(only_names(&inner), ["file.bin"]);
}

#[test]
fn a_connection_that_breaks_every_64_kib_loses_nothing() {
    let bytes = content(5_000_000, 2);
    let served = bytes.clone();
    let server = Server::start(move |asked| Reply::file(asked, &served, "\"a\"").cut(1 << 16));
    let folder = tempfile::tempdir().unwrap();
    let fetched = get(folder.path(), &server.url("/f")).digest(sha256(&bytes)).get().unwrap();
    assert_eq!(fs::read(fetched.path).unwrap(), bytes);
    let cuts = server.asked().len() as u64 - 1;
    assert!(cuts >= 76, "{cuts} cuts");
    let again = server.sent() - bytes.len() as u64;
    assert!(again <= cuts << 16, "{again} bytes were sent again over {cuts} cuts");
    let starts: Vec<usize> = server.asked().iter().skip(1).map(|asked| asked.start.unwrap()).collect();
    assert!(starts.is_sorted(), "{starts:?}");
}

#[test]
fn a_new_process_resumes_what_an_earlier_one_left() {
    let bytes = content(200_000, 3);
    let served = bytes.clone();
    let broken = Arc::new(AtomicBool::new(true));
    let switch = broken.clone();
    let server = Server::start(move |asked| {
        let reply = Reply::file(asked, &served, "\"a\"");
        if switch.load(Ordering::SeqCst) {
            reply.cut(if asked.number == 0 { 150_000 } else { 0 })
        } else {
            reply
        }
    });
    let folder = tempfile::tempdir().unwrap();
    for pinned in [true, false] {
        let mut get = get(folder.path(), &server.url("/f")).retries(0).force(true);
        if pinned {
            get = get.digest(sha256(&bytes));
        }
        broken.store(pinned, Ordering::SeqCst);
        if pinned {
            let error = get.get().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Transfer, "{error}");
            assert!(error.to_string().contains("after 150000 bytes; run again to resume it"), "{error}");
            assert!(only_names(folder.path()).is_empty());
            broken.store(false, Ordering::SeqCst);
        }
        let fetched = get.get().unwrap();
        assert_eq!(fs::read(fetched.path).unwrap(), bytes);
        if pinned {
            let last = server.asked().pop().unwrap();
            assert_eq!((last.start, last.if_range.as_deref()), (Some(150_000), Some("\"a\"")));
        }
    }
}

type Behaviour = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;

#[test]
fn servers_that_misbehave() {
    let bytes = content(100_000, 4);
    let other = content(100_000, 5);
    let (a, b) = (bytes.clone(), other.clone());
    let with = |f: fn(&Asked, &[u8], &[u8]) -> Reply| -> Behaviour {
        let (a, b) = (a.clone(), b.clone());
        Box::new(move |asked| f(asked, &a, &b))
    };
    enum End {
        Content(bool),
        Error(ErrorKind, &'static str),
    }
    use End::{Content, Error};
    // Case, whether the hash is given, the server, the end. `Content(true)` is `a`, `Content(false)` is `b`.
    let cases: Vec<(&str, bool, Behaviour, End)> = vec![
        (
            "ignores Range",
            true,
            with(|asked, a, _| {
                let reply = Reply::new("200 OK", a).header("ETag", "\"a\"");
                if asked.number == 0 { reply.cut(40_000) } else { reply }
            }),
            Content(true),
        ),
        (
            "changes the file between two requests",
            false,
            with(|asked, a, b| match asked.number {
                0 => Reply::file(asked, a, "\"a\"").cut(40_000),
                _ => Reply::file(asked, b, "\"b\""),
            }),
            Content(false),
        ),
        (
            "changes the file and ignores If-Range",
            false,
            with(|asked, a, b| match asked.number {
                0 => Reply::file(asked, a, "\"a\"").cut(40_000),
                _ => Reply::file(&Asked { if_range: None, ..asked.clone() }, b, "\"b\""),
            }),
            Content(false),
        ),
        (
            "changes the file back without telling",
            true,
            with(|asked, a, b| match asked.number {
                0 => Reply::file(asked, b, "\"a\"").cut(40_000),
                _ => Reply::file(asked, a, "\"a\""),
            }),
            Content(true),
        ),
        (
            "has no validator, and the file no hash",
            false,
            with(|asked, a, _| {
                let reply = Reply::new("200 OK", a);
                if asked.number == 0 { reply.cut(40_000) } else { reply }
            }),
            Content(true),
        ),
        (
            "answers 416 to a resume",
            true,
            with(|asked, a, _| match asked.number {
                0 => Reply::file(asked, a, "\"a\"").cut(40_000),
                1 => Reply::new("416 Range Not Satisfiable", b"").header("Content-Range", "bytes */10"),
                _ => Reply::file(asked, a, "\"a\""),
            }),
            Content(true),
        ),
        (
            "sends another range than asked for",
            true,
            with(|asked, a, _| match asked.start {
                Some(_) => Reply::new("206 Partial Content", &a[..10])
                    .header("Content-Range", "bytes 99999-100000/100000"),
                None => Reply::file(asked, a, "\"a\"").cut(40_000),
            }),
            Error(ErrorKind::Transfer, "another range"),
        ),
        (
            "announces more than it sends, always",
            true,
            with(|_, a, _| Reply { length: Some(200_000), ..Reply::new("200 OK", &a[..50_000]) }),
            Error(ErrorKind::Transfer, "run again to resume"),
        ),
        (
            "announces less than it has",
            true,
            with(|_, a, _| Reply { length: Some(60_000), ..Reply::new("200 OK", a) }),
            Error(ErrorKind::Mismatch, "expected the hash"),
        ),
        (
            "announces nothing and ends by closing",
            true,
            with(|_, a, _| Reply { length: None, ..Reply::new("200 OK", a) }),
            Content(true),
        ),
        (
            "sends far more than allowed",
            false,
            with(|_, _, _| Reply { length: None, ..Reply::new("200 OK", &vec![1; 2_000_000]) }),
            Error(ErrorKind::Unreachable, "sent more than 1000000 bytes"),
        ),
        (
            "announces far more than allowed",
            false,
            with(|_, _, _| Reply { length: Some(2_000_000_000), ..Reply::new("200 OK", &[1; 1000]) }),
            Error(ErrorKind::Unreachable, "a file of 2000000000 bytes; at most 1000000 are taken"),
        ),
        (
            "has another file",
            true,
            with(|asked, _, b| Reply::file(asked, b, "\"b\"")),
            Error(ErrorKind::Mismatch, "expected the hash"),
        ),
        (
            "has an empty file",
            false,
            with(|_, _, _| Reply::new("200 OK", b"")),
            Error(ErrorKind::Mismatch, "found nothing"),
        ),
        (
            "is busy twice",
            true,
            with(|asked, a, _| match asked.number {
                0 | 1 => Reply::new("503 Service Unavailable", b"later"),
                _ => Reply::file(asked, a, "\"a\""),
            }),
            Content(true),
        ),
        (
            "is broken for good",
            true,
            with(|_, _, _| Reply::new("500 Internal Server Error", b"")),
            Error(ErrorKind::Unreachable, "500 Internal Server Error"),
        ),
        (
            "lost the file",
            true,
            with(|_, _, _| Reply::new("404 Not Found", b"")),
            Error(ErrorKind::Unreachable, "404 Not Found"),
        ),
        (
            "shows a web page",
            false,
            with(|_, _, _| {
                Reply::new("200 OK", b"<html>log in").header("Content-Type", "text/html; charset=utf-8")
            }),
            Error(ErrorKind::Unreachable, "found a web page"),
        ),
        (
            "compresses",
            false,
            with(|_, a, _| Reply::new("200 OK", a).header("Content-Encoding", "gzip")),
            Error(ErrorKind::Unreachable, "compresses"),
        ),
        (
            "redirects three times",
            true,
            with(|asked, a, _| match asked.path.len() {
                2..=4 => Reply::new("302 Found", b"").header("Location", format!("{}x", asked.path)),
                _ => Reply::file(asked, a, "\"a\""),
            }),
            Content(true),
        ),
        (
            "redirects in a circle",
            true,
            with(|_, _, _| Reply::new("302 Found", b"").header("Location", "/f")),
            Error(ErrorKind::Unreachable, "more than 10 redirects"),
        ),
        (
            "closes at once",
            true,
            with(|_, a, _| Reply::new("200 OK", a).cut(0)),
            Error(ErrorKind::Unreachable, "connection"),
        ),
    ];
    for (case, pinned, behaviour, end) in cases {
        let server = Server::start(behaviour);
        let folder = tempfile::tempdir().unwrap();
        let mut get = get(folder.path(), &server.url("/f")).max_bytes(1_000_000);
        if pinned {
            get = get.digest(sha256(&bytes));
        }
        match (end, get.get()) {
            (Content(first), Ok(fetched)) => {
                let found = fs::read(fetched.path).unwrap();
                assert!(found == if first { &bytes[..] } else { &other[..] }, "{case}: other bytes");
                assert_eq!(only_names(folder.path()), ["file.bin"], "{case}");
            }
            (Error(kind, text), Err(error)) => {
                assert_eq!(error.kind(), kind, "{case}: {error}");
                assert!(error.to_string().contains(text), "{case}: expected {text:?}, found: {error}");
                assert_eq!(error.to_string().lines().count(), 1, "{case}");
                let names = only_names(folder.path());
                assert!(!names.contains(&"file.bin".to_string()), "{case}: {names:?}");
                assert_eq!(names == ["file.bin.bad"], kind == ErrorKind::Mismatch, "{case}: {names:?}");
            }
            (_, found) => panic!("{case}: found {found:?}"),
        }
    }
}

#[test]
fn a_trickle_is_a_stall() {
    let server = Server::start(|_| Reply {
        trickle: Some(Duration::from_millis(100)),
        ..Reply::new("200 OK", &content(100_000, 6))
    });
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let error =
        get(folder.path(), &server.url("/f")).retries(1).stall(Duration::from_millis(700)).get().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transfer, "{error}");
    assert!(error.to_string().contains("stalled"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn an_absent_network_is_noticed_within_five_seconds() {
    // One that accepts and never speaks, and one where nobody listens.
    let silent =
        Server::start(|_| Reply { delay: Some(Duration::from_secs(60)), ..Reply::new("200 OK", b"") });
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}/f", closed.local_addr().unwrap());
    drop(closed);
    let folder = tempfile::tempdir().unwrap();
    // What an earlier download left changes nothing.
    fs::write(folder.path().join(".file.bin.part"), [1; 1000]).unwrap();
    let resets = Server::start(|_| Reply::new("200 OK", b"12345").cut(0));
    for urls in [
        vec![silent.url("/f")],
        vec![silent.url("/a"), silent.url("/b")],
        vec![refused],
        vec![resets.url("/a"), resets.url("/b"), silent.url("/c")],
    ] {
        let began = Instant::now();
        let get = GetFile::new("file.bin").folder(folder.path()).digest(sha256(b"12345"));
        let get = urls.iter().fold(get, |get, url| get.url(url));
        let error = get.get().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert!(error.to_string().contains(&format!("; put {} into ", urls[0])), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5), "{urls:?}: {:?}", began.elapsed());
    }
}

#[test]
fn the_next_mirror_helps() {
    let bytes = content(100_000, 7);
    let served = bytes.clone();
    let good = Server::start(move |asked| Reply::file(asked, &served, "\"good\""));
    let served = bytes.clone();
    let cutting = Server::start(move |asked| {
        Reply::file(asked, &served, "\"cutting\"").cut(if asked.number == 0 { 60_000 } else { 0 })
    });
    let lost = Server::start(|_| Reply::new("404 Not Found", b""));
    let wrong = Server::start(|asked| Reply::file(asked, &content(100_000, 8), "\"wrong\""));
    for (case, first) in [("lost", &lost), ("cutting", &cutting), ("wrong", &wrong)] {
        let folder = tempfile::tempdir().unwrap();
        let get = get(folder.path(), &first.url("/f")).url(good.url("/f")).digest(sha256(&bytes));
        let fetched = get.get().expect(case);
        assert_eq!(fetched.downloaded_from, Some(good.url("/f")), "{case}");
        assert!(fs::read(fetched.path).unwrap() == bytes, "{case}");
    }
    // The second mirror went on where the first one broke off.
    assert!(good.asked().iter().any(|asked| asked.start == Some(60_000)));
}

#[test]
fn a_folder_is_a_mirror() {
    let bytes = content(100_000, 9);
    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("origin");
    fs::write(&origin, &bytes).unwrap();
    let cache = folder.path().join("cache");
    for address in [origin.display().to_string(), format!("file://{}", origin.display())] {
        let get = get(&cache, &address).force(true);
        assert!(fs::read(get.get().unwrap().path).unwrap() == bytes);
        let error = get.digest(sha256(b"other")).get().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    }
    let error = get(&cache, "/no/such/file").force(true).get().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
}

#[test]
fn what_lies_there_is_checked() {
    let bytes = content(50_000, 10);
    let served = bytes.clone();
    let server = Server::start(move |asked| Reply::file(asked, &served, "\"a\""));
    let folder = tempfile::tempdir().unwrap();
    let get = get(folder.path(), &server.url("/f")).digest(sha256(&bytes));
    let path = folder.path().join("file.bin");
    let mut flipped = bytes.clone();
    flipped[25_000] ^= 1;
    for (case, there) in [
        ("truncated", Some(&bytes[..9])),
        ("flipped", Some(&flipped[..])),
        ("empty", Some(&[])),
        ("a folder", None),
    ] {
        let _ = fs::remove_file(&path);
        match there {
            Some(there) => fs::write(&path, there).unwrap(),
            None => fs::create_dir(&path).unwrap(),
        }
        let error = get.clone().offline(true).get().expect_err(case);
        assert_eq!(error.kind(), ErrorKind::Missing, "{case}: {error}");
        assert!(get.get().unwrap().downloaded_from.is_some(), "{case}");
        assert!(fs::read(&path).unwrap() == bytes, "{case}");
    }
}

#[test]
fn wrong_uses_are_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &str| GetFile::new(name).folder(folder.path()).url("https://example.invalid/f");
    let cases = [
        ("no address", GetFile::new("f").folder(folder.path()), "no address"),
        (
            "plain http",
            GetFile::new("f").folder(folder.path()).url("http://example.invalid/f"),
            "http:// without a SHA-256",
        ),
        (
            "plain http with an MD5",
            GetFile::new("f")
                .url("http://example.invalid/f")
                .digest("d41d8cd98f00b204e9800998ecf8427e".parse().unwrap()),
            "http:// without a SHA-256",
        ),
        ("a path for a name", named("../f"), "plain file name"),
        ("a Windows path", named("a\\f"), "plain file name"),
        ("a hidden name", named(".f.part"), "plain file name"),
        ("no name", named(""), "plain file name"),
    ];
    for (case, get, expected) in cases {
        let error = get.get().expect_err(case);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{case}: {error}");
        assert!(error.to_string().contains(expected), "{case}: {error}");
    }
    assert!(only_names(folder.path()).is_empty());
}

#[test]
fn a_cache_that_cannot_be_made_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in the way");
    fs::write(&file, "").unwrap();
    let error = get(&file.join("cache"), "http://127.0.0.1:9/f").get().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().starts_with("cannot create the cache folder "), "{error}");
}

#[test]
#[cfg(unix)]
fn a_read_only_cache_works() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file.bin"), b"abc").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let get = get(folder.path(), "http://127.0.0.1:9/f").digest(sha256(b"abc"));
    let found = get.offline(true).get();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(found.unwrap().downloaded_from, None);
}

const CHILD: &str = "GRADUS_TEST_CHILD";

/// Not a test of its own: the process that the next two tests start several times.
#[test]
fn child_process() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let [folder, url, hash] = task.split('|').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let fetched = get(Path::new(folder), url).digest(hash.parse().unwrap()).get().unwrap();
    assert!(fetched.path.is_file());
}

fn child(folder: &Path, url: &str, bytes: &[u8]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process"])
        .env(CHILD, format!("{}|{url}|{}", folder.display(), sha256(bytes)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn eight_processes_make_one_download() {
    let bytes = content(200_000, 11);
    let served = bytes.clone();
    let server = Server::start(move |asked| Reply::file(asked, &served, "\"a\""));
    for round in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let before = server.asked().len();
        let children: Vec<Child> = (0..8).map(|_| child(folder.path(), &server.url("/f"), &bytes)).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success(), "round {round}");
        }
        assert_eq!(server.asked().len() - before, 1, "round {round}");
        assert!(fs::read(folder.path().join("file.bin")).unwrap() == bytes, "round {round}");
    }
}

#[test]
fn eight_threads_make_one_download() {
    let bytes = content(200_000, 12);
    let served = bytes.clone();
    let server = Server::start(move |asked| Reply::file(asked, &served, "\"a\""));
    for round in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let before = server.asked().len();
        let get = get(folder.path(), &server.url("/f")).digest(sha256(&bytes));
        let barrier = Barrier::new(8);
        let downloads = thread::scope(|scope| {
            let task = || {
                barrier.wait();
                get.get().unwrap().downloaded_from.is_some()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(task)).collect();
            threads.into_iter().map(|t| usize::from(t.join().unwrap())).sum::<usize>()
        });
        assert_eq!((downloads, server.asked().len() - before), (1, 1), "round {round}");
    }
}

#[test]
fn a_killed_process_leaves_no_lock_and_its_bytes() {
    let bytes = content(400_000, 13);
    let served = bytes.clone();
    let slow = Server::start(move |asked| match asked.number {
        0 => Reply { trickle: Some(Duration::from_micros(20)), ..Reply::file(asked, &served, "\"a\"") },
        _ => Reply::file(asked, &served, "\"a\""),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut holder = child(folder.path(), &slow.url("/f"), &bytes);
    let part = folder.path().join(".file.bin.part");
    let began = Instant::now();
    while fs::metadata(&part).map_or(0, |m| m.len()) < 50_000 {
        assert!(began.elapsed() < Duration::from_secs(60), "the child does not download");
        thread::sleep(Duration::from_millis(5));
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(!folder.path().join("file.bin").exists());
    let began = Instant::now();
    let fetched = get(folder.path(), &slow.url("/f")).digest(sha256(&bytes)).get().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(fs::read(fetched.path).unwrap() == bytes);
    assert!(slow.asked().last().unwrap().start.is_some_and(|start| start >= 50_000));
}
