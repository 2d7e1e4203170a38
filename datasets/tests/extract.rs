//! Archives, good and hostile.

#[path = "support/archives.rs"]
mod archives;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use archives::{Zipped, gzip, pax_record, tar, tar_entry, tar_header, zip};
use gradus_datasets::{ErrorKind, ExtractLimits, extract};

/// Path to contents (`None` for folders) and mode of everything below a folder.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (Option<Vec<u8>>, u32)> {
    #[cfg(unix)]
    let mode = |path: &Path| {
        std::os::unix::fs::PermissionsExt::mode(&fs::symlink_metadata(path).unwrap().permissions())
    };
    #[cfg(not(unix))]
    let mode = |_: &Path| 0;
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let content = if path.is_dir() { None } else { Some(fs::read(&path).unwrap()) };
            if path.is_dir() {
                open.push(path.clone());
            }
            found.insert(path.clone(), (content, mode(&path)));
        }
    }
    found
}

/// Extracts into `inner/target` of a folder with a canary in each place that an entry could reach.
fn try_extract(
    name: &str,
    archive: &[u8],
    limits: ExtractLimits,
) -> Result<tempfile::TempDir, gradus_datasets::Error> {
    let root = tempfile::tempdir().unwrap();
    let inner = root.path().join("inner");
    fs::create_dir(&inner).unwrap();
    for canary in ["x", "canary", "inner/x", "inner/canary"] {
        fs::write(root.path().join(canary), "untouched").unwrap();
    }
    let path = root.path().join(name);
    fs::write(&path, archive).unwrap();
    let before = snapshot(root.path());
    let result = extract(&path, &inner.join("target"), limits);
    let after: BTreeMap<_, _> = snapshot(root.path())
        .into_iter()
        .filter(|(path, _)| !path.ends_with(".target.extract.lock"))
        .filter(|(path, _)| result.is_err() || !path.starts_with(inner.join("target")))
        .collect();
    assert!(before == after, "{name}: something outside changed, or something was left behind");
    result.map(|()| root)
}

fn contents(root: &tempfile::TempDir, path: &str) -> Option<Vec<u8>> {
    fs::read(root.path().join("inner/target").join(path)).ok()
}

#[test]
fn good_archives() {
    let long = [&b"deep/"[..], &b"n".repeat(150)].concat();
    let entries = [
        tar_entry(b"./", b'5', b""),
        tar_entry(b"a/", b'5', b""),
        tar_entry(b"a/one.txt", b'0', b"one"),
        tar_entry(b"./a/b/two.txt", b'0', &[2; 2000]),
        tar_entry(b"old style/", b'0', b""),
        tar_entry(b"empty", 0, b""),
        tar_entry(&long, b'0', b"long"),
        tar_entry(
            b"PaxHeader",
            b'x',
            &[pax_record("path", "p/ä".as_bytes()), pax_record("mtime", b"1.5")].concat(),
        ),
        tar_entry(b"shortened", b'0', b"pax"),
    ];
    let zipped = [
        Zipped::stored(b"a/", b""),
        Zipped::stored(b"a/one.txt", b"one"),
        Zipped::deflated(b"a/b/two.txt", &[2; 2000]),
        Zipped::stored(b"old style/", b""),
        Zipped::stored(b"empty", b"").mode(0),
        Zipped::deflated(&long, b"long"),
        Zipped::stored("p/ä".as_bytes(), b"pax"),
    ];
    let cases = [
        ("g.tar", tar(&entries)),
        ("g.tgz", gzip(&tar(&entries))),
        ("g.TAR.GZ", gzip(&tar(&entries))),
        ("g.zip", zip(&zipped)),
    ];
    for (name, archive) in cases {
        let root =
            try_extract(name, &archive, ExtractLimits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let long = String::from_utf8(long.clone()).unwrap();
        let two = vec![2; 2000];
        let expected: [(&str, &[u8]); 5] =
            [("a/one.txt", b"one"), ("a/b/two.txt", &two), ("empty", b""), (&long, b"long"), ("p/ä", b"pax")];
        for (path, content) in expected {
            assert_eq!(contents(&root, path).as_deref(), Some(content), "{name}: {path}");
        }
        assert!(root.path().join("inner/target/old style").is_dir(), "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(root.path().join("inner/target/a/one.txt")).unwrap().permissions().mode();
            assert_eq!(mode & 0o7111, 0, "{name}: setuid and execute bits are not taken over");
        }
    }
    let root = try_extract("words.txt.gz", &gzip(b"words"), ExtractLimits::default()).unwrap();
    assert_eq!(fs::read(root.path().join("inner/target")).unwrap(), b"words");
}

#[test]
fn an_existing_target_stays() {
    let root = tempfile::tempdir().unwrap();
    let (archive, target) = (root.path().join("a.gz"), root.path().join("target"));
    fs::write(&archive, gzip(b"new")).unwrap();
    fs::write(&target, "old").unwrap();
    assert_eq!(
        extract(&archive, &target, ExtractLimits::default()).unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    assert_eq!(fs::read(&target).unwrap(), b"old");
}

/// Names that are refused in every format.
fn hostile_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "../x",
        "a/../../x",
        "a/../x",
        "..",
        "a/..",
        "/abs",
        "//host/x",
        "C:\\x",
        "C:x",
        "c:/x",
        "\\\\host\\x",
        "x\\..\\y",
        "..\\x",
        ".",
        "a/./b",
        "a//b",
        "dot.",
        "space ",
        "a./b",
        "CON",
        "nul.txt",
        "a/COM1",
        "line\nbreak",
        "bell\u{7}",
        "stream:ads",
        "right\u{202e}gpj.exe",
        "what?",
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    names.push(b"not utf8 \xff\xfe".to_vec());
    names.push(b"w".repeat(256));
    names.push([b"d/".repeat(2048), b"x".to_vec()].concat());
    names
}

#[test]
fn hostile_archives_are_refused_whole() {
    let good = || tar_entry(b"good.txt", b'0', b"good");
    let file = |name: &[u8]| tar_entry(name, b'0', b"evil");
    let link = |name: &[u8], kind: u8, target: &[u8]| tar_header(name, kind, target, 0, b"");
    let mut tars: Vec<(String, Vec<Vec<u8>>)> = vec![];
    let mut zips: Vec<(String, Vec<Zipped>)> = vec![];
    for name in hostile_names() {
        let case = format!("name {:?}", String::from_utf8_lossy(&name[..name.len().min(30)]));
        tars.push((case.clone(), vec![good(), file(&name)]));
        zips.push((case, vec![Zipped::stored(b"good.txt", b"good"), Zipped::stored(&name, b"evil")]));
    }
    let pax = |records: Vec<u8>| tar_entry(b"PaxHeader", b'x', &records);
    let more: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("an empty name", vec![file(b"")]),
        ("an absolute symlink", vec![link(b"l", b'2', b"/etc/passwd")]),
        ("a relative symlink", vec![link(b"l", b'2', b"../x")]),
        ("a symlink inside", vec![good(), link(b"l", b'2', b"good.txt")]),
        ("a chain of symlinks", vec![link(b"l", b'2', b"m"), link(b"m", b'2', b"..")]),
        ("a write through a symlink", vec![link(b"l", b'2', b".."), file(b"l/x")]),
        ("a folder over a symlink", vec![link(b"l", b'2', b".."), tar_entry(b"l/", b'5', b""), file(b"l/x")]),
        ("a hard link out", vec![link(b"h", b'1', b"../x")]),
        ("a hard link inside", vec![good(), link(b"h", b'1', b"good.txt")]),
        ("a character device", vec![link(b"d", b'3', b"")]),
        ("a block device", vec![link(b"d", b'4', b"")]),
        ("a pipe", vec![link(b"p", b'6', b"")]),
        ("a sparse file", vec![tar_entry(b"s", b'S', b"")]),
        ("an unknown sort", vec![tar_entry(b"u", b'Z', b"")]),
        ("a global header", vec![tar_entry(b"g", b'g', &pax_record("path", b"../x")), good()]),
        ("a PAX name that leaves", vec![pax(pax_record("path", b"../x")), good()]),
        ("a PAX size that differs", vec![pax(pax_record("size", b"0")), file(b"f")]),
        ("a PAX link", vec![pax(pax_record("linkpath", b"/etc")), good()]),
        ("a PAX sparse file", vec![pax(pax_record("GNU.sparse.major", b"1")), good()]),
        ("a PAX name with a zero", vec![pax(pax_record("path", b"a\0b")), good()]),
        ("two PAX names", vec![pax([pax_record("path", b"a"), pax_record("path", b"b")].concat()), good()]),
        ("two PAX headers", vec![pax(pax_record("path", b"a")), pax(pax_record("path", b"b")), good()]),
        ("broken PAX records", vec![pax(b"99999 path=a\n".to_vec()), good()]),
        ("PAX records without an end", vec![pax(b"10 path=abc".to_vec()), good()]),
        ("a long name that leaves", vec![tar_entry(b"././@LongLink", b'L', b"../x\0"), good()]),
        ("two long names", vec![tar_entry(b"L", b'L', b"a\0"), tar_entry(b"L", b'L', b"b\0"), good()]),
        (
            "a long name and a PAX name",
            vec![tar_entry(b"L", b'L', b"a\0"), pax(pax_record("path", b"b")), good()],
        ),
        ("a long name of 70 kB", vec![tar_entry(b"L", b'L', &[b'n'; 70_000]), good()]),
        ("a long link", vec![tar_entry(b"K", b'K', b"/etc\0"), good()]),
        ("a name twice", vec![good(), good()]),
        ("a name twice but for ./", vec![good(), file(b"./good.txt")]),
        ("names that differ by case", vec![good(), file(b"GOOD.TXT")]),
        ("folders that differ by case", vec![file(b"A/1"), file(b"a/2")]),
        ("a file, then a folder", vec![file(b"f"), file(b"f/x")]),
        ("a folder, then a file", vec![file(b"f/x"), file(b"f")]),
        ("a folder with contents", vec![tar_entry(b"f/", b'5', b"evil")]),
        ("data behind the end mark", vec![good(), vec![0; 1024], file(b"../x")]),
    ];
    tars.extend(more.into_iter().map(|(case, entries)| (case.to_string(), entries)));

    let plain = |name: &[u8]| Zipped::stored(name, b"evil");
    let nested = Zipped { shift: -36, ..plain(b"second") };
    let more: Vec<(&str, Vec<Zipped>)> = vec![
        ("an empty name", vec![plain(b"")]),
        ("a symlink", vec![plain(b"l").mode(0o120_777)]),
        ("a symlink that is called a folder", vec![Zipped::stored(b"l/", b"").mode(0o120_777)]),
        ("a pipe", vec![plain(b"p").mode(0o010_644)]),
        ("a device", vec![plain(b"d").mode(0o020_644)]),
        ("a folder that is called a file", vec![plain(b"f").mode(0o040_755)]),
        ("a file that is called a folder", vec![Zipped::stored(b"f/", b"").mode(0o100_644)]),
        ("a folder with contents", vec![plain(b"f/")]),
        ("two names for one entry", vec![Zipped { local_name: b"../x".to_vec(), ..plain(b"good") }]),
        ("two names, one hidden", vec![Zipped { local_name: b"good".to_vec(), ..plain(b"evil") }]),
        (
            "a Unicode name beside",
            vec![Zipped { extra: [&[0x75, 0x70, 5, 0, 1][..], &[0; 4]].concat(), ..plain(b"a") }],
        ),
        ("two sizes", vec![Zipped { local_size: 3, ..plain(b"a") }]),
        ("two sizes in the directory", vec![Zipped { size: 3, local_size: 3, ..plain(b"a") }]),
        ("a name twice", vec![plain(b"a"), plain(b"a")]),
        ("names that differ by case", vec![plain(b"a"), plain(b"A")]),
        ("folders that differ by case", vec![plain(b"A/1"), plain(b"a/2")]),
        ("a file, then a folder", vec![plain(b"f"), plain(b"f/x")]),
        ("an entry over another", vec![plain(b"first"), nested]),
        ("a directory that points elsewhere", vec![plain(b"a"), Zipped { shift: 3, ..plain(b"b") }]),
        ("an encrypted entry", vec![Zipped { flags: 1, ..plain(b"a") }]),
        ("an unknown method", vec![Zipped { method: 12, ..plain(b"a") }]),
    ];
    zips.extend(more.into_iter().map(|(case, entries)| (case.to_string(), entries)));

    let mut refused = [0; 3];
    let mut check = |kind: usize, name: &str, case: &str, archive: &[u8]| {
        let error = match try_extract(name, archive, ExtractLimits::default()) {
            Ok(_) => panic!("{name}: {case}: accepted"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::HostileArchive, "{name}: {case}: {error}");
        let line = error.to_string();
        assert!(
            line.contains(name) && line.contains("entry ") && line.contains("nothing was extracted"),
            "{case}: {line}"
        );
        assert_eq!(line.lines().count(), 1, "{case}: {line}");
        refused[kind] += 1;
    };
    for (case, entries) in &tars {
        check(0, "h.tar", case, &tar(entries));
        check(1, "h.tgz", case, &gzip(&tar(entries)));
    }
    for (case, entries) in &zips {
        check(2, "h.zip", case, &zip(entries));
    }
    println!("refused: {} tar, {} tgz, {} zip", refused[0], refused[1], refused[2]);
    assert!(refused.iter().all(|&count| count >= 40), "{refused:?}");
}

#[test]
fn damaged_archives_are_refused() {
    let entries = tar(&[tar_entry(b"a", b'0', &[1; 3000]), tar_entry(b"b", b'0', b"b")]);
    let zipped = zip(&[Zipped::deflated(b"a", &[1; 3000]), Zipped::stored(b"b", b"b")]);
    let packed = gzip(&entries);
    let cut = |bytes: &[u8], less: usize| bytes[..bytes.len() - less].to_vec();
    let flip = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let crc_at = packed.len() - 6;
    let cases = [
        ("d.tar", "contents cut short", entries[..2000].to_vec(), ErrorKind::Corrupt),
        ("d.tar", "header cut short", entries[..4000].to_vec(), ErrorKind::Corrupt),
        ("d.tar", "header sum", flip(&entries, 3), ErrorKind::Corrupt),
        ("d.tar", "an extension at the end", tar(&[tar_entry(b"L", b'L', b"a\0")]), ErrorKind::Corrupt),
        ("d.tgz", "cut short", cut(&packed, 4), ErrorKind::Corrupt),
        ("d.tgz", "checksum", flip(&packed, crc_at), ErrorKind::Corrupt),
        ("d.tgz", "no gzip data", vec![0x1f, 0x8b], ErrorKind::Corrupt),
        ("d.zip", "cut short", cut(&zipped, 1), ErrorKind::Corrupt),
        ("d.zip", "begins only", zipped[..40].to_vec(), ErrorKind::Corrupt),
        ("d.zip", "checksum", zip(&[Zipped { crc: 1, ..Zipped::stored(b"a", b"a") }]), ErrorKind::Corrupt),
        ("d.zip", "data before", [b"PK\x03\x04", &zipped[..]].concat(), ErrorKind::Corrupt),
        ("d.html", "a web page", b"<html>".to_vec(), ErrorKind::Unsupported),
        ("d.tar", "nothing", vec![], ErrorKind::Corrupt),
    ];
    for (name, case, archive, kind) in cases {
        // An empty file is an empty tar archive to tar itself; to this crate too.
        if case == "nothing" {
            assert!(try_extract(name, &archive, ExtractLimits::default()).is_ok());
            continue;
        }
        let error = try_extract(name, &archive, ExtractLimits::default())
            .err()
            .unwrap_or_else(|| panic!("{name}: {case}"));
        assert_eq!(error.kind(), kind, "{name}: {case}: {error}");
        assert!(error.to_string().contains(name), "{name}: {case}: {error}");
    }
}

#[test]
fn limits_hold() {
    let zeros = vec![0; 30 << 20];
    let bomb = tar(&[tar_entry(b"zeros", b'0', &zeros)]);
    let many: Vec<Vec<u8>> = (0..20).map(|n| tar_entry(format!("{n}").as_bytes(), b'0', b"1")).collect();
    let few = ExtractLimits { max_entries: 19, ..ExtractLimits::default() };
    let small = ExtractLimits { max_bytes: 19, ..ExtractLimits::default() };
    let all = ExtractLimits::default();
    let numbered = |n: u8| Zipped::stored(&[b'a' + n], b"1");
    // Only its header claims the size.
    let claims = tar(&[tar_header(b"big", b'0', b"", 7 << 30, b"little")]);
    let cases = [
        ("l.tgz", "30 MB of zeros", gzip(&bomb), all),
        ("l.gz", "30 MB of zeros", gzip(&zeros), all),
        ("l.zip", "30 MB of zeros", zip(&[Zipped::deflated(b"zeros", &zeros)]), all),
        ("l.tar", "20 entries", tar(&many), few),
        ("l.tar", "20 bytes", tar(&many), small),
        ("l.tar", "7 GB claimed", claims, ExtractLimits { max_bytes: 1 << 30, ..all }),
        ("l.zip", "20 entries", zip(&(0..20).map(numbered).collect::<Vec<_>>()), few),
        ("l.zip", "20 bytes", zip(&(0..20).map(numbered).collect::<Vec<_>>()), small),
        ("l.gz", "20 bytes", gzip(&[1; 20]), small),
    ];
    for (name, case, archive, limits) in cases {
        let error = try_extract(name, &archive, limits).err().unwrap_or_else(|| panic!("{name}: {case}"));
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{name}: {case}: {error}");
    }
    // The same archives are fine where the limits allow them.
    try_extract("l.tgz", &gzip(&bomb), ExtractLimits { max_ratio: 2000, ..all }).unwrap();
    try_extract("l.tar", &tar(&many), ExtractLimits { max_entries: 20, max_bytes: 20, ..all }).unwrap();
}

const CHILD: &str = "GRADUS_TEST_EXTRACT";

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_process() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let (archive, target) = task.split_once('|').unwrap();
    extract(Path::new(archive), Path::new(target), ExtractLimits::default()).unwrap();
}

#[test]
fn a_kill_leaves_the_target_absent_or_complete() {
    let root = tempfile::tempdir().unwrap();
    let archive = root.path().join("a.tgz");
    let entries: Vec<Vec<u8>> =
        (0..80).map(|n| tar_entry(format!("{}/{n}", n % 7).as_bytes(), b'0', &[n as u8; 3000])).collect();
    fs::write(&archive, gzip(&tar(&entries))).unwrap();
    let target = root.path().join("target");
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_process"])
            .env(CHILD, format!("{}|{}", archive.display(), target.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let complete = |folder: &Path| {
        (0..80).all(|n| fs::read(folder.join(format!("{}/{n}", n % 7))).is_ok_and(|c| c == [n as u8; 3000]))
    };
    let began = Instant::now();
    assert!(start().wait().unwrap().success());
    let whole = began.elapsed();
    assert!(complete(&target));
    let mut unfinished = 0;
    for round in 0..40 {
        let _ = fs::remove_dir_all(&target);
        let mut child = start();
        std::thread::sleep(whole.mul_f64(f64::from(round) / 32.0).max(Duration::from_millis(1)));
        let _ = child.kill();
        let _ = child.wait();
        if target.exists() {
            assert!(complete(&target), "round {round}: the target is there but not complete");
        } else {
            unfinished += 1;
        }
    }
    println!("{unfinished} of 40 extractions were killed before the end");
    let _ = fs::remove_dir_all(&target);
    extract(&archive, &target, ExtractLimits::default()).unwrap();
    assert!(complete(&target) && !root.path().join(".target.extracting").exists());
}
