//! Whole data sets from mirrors in the layout of the real servers, with a hash table of their own.

#[path = "support/archives.rs"]
mod archives;
#[cfg(feature = "download")]
#[path = "support/server.rs"]
mod server;

use std::fs;
use std::path::Path;

use archives::{gzip, tar, tar_entry};
use gradus_datasets::catalog::{Entry, File};
use gradus_datasets::{Condition, Digest, ErrorKind, Lookup, Source};
use sha2::Digest as _;

fn archive() -> Vec<u8> {
    gzip(&tar(&[tar_entry(b"tiny/one.txt", b'0', b"one"), tar_entry(b"tiny/two.txt", b'0', b"two")]))
}

/// A catalog lives as long as the program.
fn entry(mirrors: &[&str], content: &[u8], pinned: bool) -> &'static Entry {
    let mirrors: Vec<&'static str> =
        mirrors.iter().map(|mirror| &*Box::leak(mirror.to_string().into_boxed_str())).collect();
    let digest = pinned.then(|| Digest::Sha256(sha2::Sha256::digest(content).into()));
    let bytes = Some(content.len() as u64);
    let file =
        File { name: "tiny.tgz", mirrors: Box::leak(mirrors.into()), digest, bytes, max_bytes: 1 << 20 };
    Box::leak(Box::new(Entry {
        name: "tiny",
        about: "two words",
        license: "none",
        homepage: "",
        aliases: &[],
        keras_folder: "",
        files: Box::leak(Box::new([file])),
    }))
}

fn lookup(cache: &Path) -> Lookup {
    Lookup::new().cache_dir(cache).own_cache_only(true)
}

fn words(folder: &Path) -> [String; 2] {
    ["one", "two"]
        .map(|name| fs::read_to_string(folder.join("tiny").join(name).with_extension("txt")).unwrap())
}

#[test]
fn a_folder_is_a_mirror_and_the_cache_is_verified() {
    let root = tempfile::tempdir().unwrap();
    let (mirror, cache) = (root.path().join("mirror"), root.path().join("cache"));
    fs::create_dir_all(mirror.join("tiny")).unwrap();
    fs::write(mirror.join("tiny/tiny.tgz"), archive()).unwrap();
    let entry = entry(&["https://example.invalid/"], &archive(), true);
    let with_mirror = lookup(&cache).mirror(mirror.display().to_string());
    assert!(entry.is_archive());
    assert_eq!(with_mirror.verify(entry).unwrap()[0].condition, Condition::Missing);

    let (unpacked, source) = with_mirror.unpacked(entry).unwrap();
    assert_eq!(words(&unpacked), ["one", "two"]);
    assert!(matches!(source, Source::Download { .. }), "{source}");
    let (again, source) = lookup(&cache).offline(true).unpacked(entry).unwrap();
    assert_eq!((again, source), (unpacked.clone(), Source::Cache(cache.join("tiny"))));
    assert_eq!(lookup(&cache).verify(entry).unwrap()[0].condition, Condition::Good);

    let kept = cache.join("tiny/tiny.tgz");
    let mut bytes = fs::read(&kept).unwrap();
    bytes[40] ^= 1;
    fs::write(&kept, bytes).unwrap();
    let found = lookup(&cache).verify(entry).unwrap();
    let Condition::Damaged(reason) = &found[0].condition else { panic!("{found:?}") };
    assert!(reason.contains("expected the hash"), "{reason}");

    // `force` mends the archive and what was unpacked.
    fs::write(unpacked.join("tiny/one.txt"), "eno").unwrap();
    let (unpacked, _) = with_mirror.force(true).unpacked(entry).unwrap();
    assert_eq!(words(&unpacked), ["one", "two"]);
    assert_eq!(lookup(&cache).verify(entry).unwrap()[0].condition, Condition::Good);
}

#[test]
fn an_unpinned_file_is_compared_with_its_first_day() {
    let root = tempfile::tempdir().unwrap();
    let mirror = root.path().join("mirror");
    fs::create_dir_all(&mirror).unwrap();
    fs::write(mirror.join("tiny.tgz"), archive()).unwrap();
    let entry = entry(&["https://example.invalid/"], &archive(), false);
    let cache = root.path().join("cache");
    lookup(&cache).mirror(mirror.display().to_string()).fetch(entry).unwrap();
    assert_eq!(lookup(&cache).verify(entry).unwrap()[0].condition, Condition::Good);
    let kept = cache.join("tiny/tiny.tgz");
    let mut bytes = fs::read(&kept).unwrap();
    bytes[40] ^= 1;
    fs::write(&kept, bytes).unwrap();
    let found = lookup(&cache).verify(entry).unwrap();
    assert!(
        matches!(&found[0].condition, Condition::Damaged(reason) if reason.contains("changed since")),
        "{found:?}"
    );
}

#[test]
fn offline_says_which_file_to_put_where() {
    let root = tempfile::tempdir().unwrap();
    let entry = entry(&["https://example.invalid/sets/"], &archive(), true);
    let error = lookup(root.path()).offline(true).unpacked(entry).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    let place = root.path().join("tiny");
    let expected = format!(
        "tiny: not in the cache, and offline as asked; put https://example.invalid/sets/tiny.tgz into {}",
        place.display()
    );
    assert_eq!(error.to_string(), expected);
    // And that is enough.
    fs::create_dir(&place).unwrap();
    fs::write(place.join("tiny.tgz"), archive()).unwrap();
    assert_eq!(words(&lookup(root.path()).offline(true).unpacked(entry).unwrap().0), ["one", "two"]);
}

#[test]
#[cfg(feature = "download")]
fn servers_are_mirrors() {
    use server::{Reply, Server};
    let server = Server::start(|asked| match asked.path.as_str() {
        "/sets/tiny.tgz" => Reply::file(asked, &archive(), "\"t\""),
        _ => Reply::new("404 Not Found", b""),
    });
    let root = tempfile::tempdir().unwrap();
    // The entry's own second mirror.
    let listed = entry(&[&server.url("/lost/"), &server.url("/sets/")], &archive(), true);
    let located = lookup(&root.path().join("a")).fetch(listed).unwrap();
    assert!(
        matches!(&located.source, Source::Download { url, .. } if *url == server.url("/sets/tiny.tgz")),
        "{}",
        located.source
    );
    // A mirror that the user names, which has the file directly.
    let (unpacked, _) = lookup(&root.path().join("b")).mirror(server.url("/sets/")).unpacked(listed).unwrap();
    assert_eq!(words(&unpacked), ["one", "two"]);
    assert!(server.asked().iter().any(|asked| asked.path == "/sets/tiny/tiny.tgz"));
}
