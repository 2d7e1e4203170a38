//! Every parser on 100,000 damaged files: an error or a value, never a panic, never much memory, never a long wait.
//!
//! The seeds are fixed, so a failure repeats; its message has the bytes.

#[path = "support/archives.rs"]
mod archives;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use archives::{Zipped, gzip, tar, tar_entry, zip};
use gradus_datasets::npy::{Npy, Npz};
use gradus_datasets::{ExtractLimits, cifar, extract, idx};

const EXECUTIONS: u64 = 100_000;

/// xorshift64*.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides.max(1)
    }

    fn damage(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len());
            // Headers decide most, so half of the damage goes there.
            let at = if self.roll(2) == 0 { at.min(self.roll(200)) } else { at };
            if bytes.is_empty() {
                return bytes;
            }
            match self.roll(8) {
                0 | 1 => bytes[at] ^= 1 << self.roll(8),
                2 => bytes[at] = self.roll(256) as u8,
                3 => bytes[at] = [0, 0xff, 0x7f, 0x80, b'0', b'9'][self.roll(6)],
                4 => bytes.truncate(at),
                5 => bytes.insert(at, self.roll(256) as u8),
                6 => {
                    let end = (at + 1 + self.roll(16)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let (from, count) = (self.roll(bytes.len()), 1 + self.roll(32));
                    let piece = bytes[from..(from + count).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        bytes
    }
}

/// The most memory that this process ever held, where the system tells.
fn peak_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok().map(|kb| kb << 10)
}

/// Feeds damaged seeds to a parser; it says whether it accepted the bytes.
fn attack(name: &str, executions: u64, seeds: &[Vec<u8>], parse: impl Fn(&[u8]) -> bool) {
    // Parsing is pure computation; extraction waits for the disk.
    let limit = if executions == EXECUTIONS { Duration::from_secs(1) } else { Duration::from_secs(30) };
    for (index, seed) in seeds.iter().enumerate() {
        assert!(parse(seed), "{name}: seed {index} is refused");
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut slowest) = (0, Duration::ZERO);
    for execution in 0..executions {
        let bytes = dice.damage(&seeds[(execution % seeds.len() as u64) as usize]);
        let began = Instant::now();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parse(&bytes)));
        let mut time = began.elapsed();
        // On a busy machine any step may have to wait; only an input that is slow every time is to blame.
        for _ in 0..4 {
            if time >= limit {
                let began = Instant::now();
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parse(&bytes)));
                time = time.min(began.elapsed());
            }
        }
        slowest = slowest.max(time);
        match result {
            Ok(fine) => accepted += u64::from(fine),
            Err(_) => panic!("{name}: execution {execution} panics on {bytes:02x?}"),
        }
    }
    println!("{name}: {executions} damaged inputs, {accepted} accepted, slowest {slowest:?}");
    assert!(slowest < limit, "{name}: {slowest:?}");
}

fn npy(header: &str, body: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), body].concat()
}

fn idx_file(dims: &[u32], values: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
    bytes.extend((0..values).map(|value| value as u8));
    bytes
}

/// One test, because the peak of memory belongs to the whole process.
#[test]
fn no_panic_no_long_wait_no_flood_of_memory() {
    let fixture = |name: &str| {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
    };
    let before = peak_memory();

    let plain = [idx_file(&[3, 4, 4], 48), idx_file(&[10], 10)];
    attack("idx", EXECUTIONS, &plain, |bytes| idx::parse(bytes, "x").is_ok());
    let zipped = plain.map(|bytes| gzip(&bytes));
    attack("idx.gz", EXECUTIONS, &zipped, |bytes| idx::parse(bytes, "x").is_ok());

    let arrays = [
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }     \n", &[0; 48]),
        npy("{'descr': '>i4', 'fortran_order': True, 'shape': (3, 2, 1), }   \n", &[7; 24]),
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (), }         \n", &[1]),
    ];
    attack("npy", EXECUTIONS, &arrays, |bytes| Npy::parse(bytes, "x").is_ok());

    // The members of an npz that NumPy wrote: pickles of lists.
    let archive = fixture("imdb_like.npz");
    let stored = fixture("reuters_like.npz");
    attack("pickled npy", EXECUTIONS, &[member(&stored, "x.npy")], |bytes| Npy::parse(bytes, "x").is_ok());
    let all = |bytes: &[u8]| {
        Npz::from_bytes(bytes.to_vec(), "x").is_ok_and(|mut npz| {
            npz.names().iter().map(|name| npz.array(name).is_ok()).fold(true, |all, fine| all & fine)
        })
    };
    attack("npz", EXECUTIONS, &[archive, stored], all);

    let record: Vec<u8> = (0..3073).map(|at| (at % 10) as u8).collect();
    let cifar = [[&record[..], &record].concat()];
    attack("cifar", EXECUTIONS, &cifar, |bytes| cifar::parse_cifar10(bytes, "x").is_ok());

    // Each of these writes and flushes files, so there are fewer.
    let folder = tempfile::tempdir().unwrap();
    let entries = [
        tar_entry(b"a/b.txt", b'0', b"text"),
        tar_entry(&[b'n'; 120], b'0', b""),
        tar_entry(b"c/", b'5', b""),
    ];
    let zipped = [Zipped::stored(b"a/b.txt", b"text"), Zipped::deflated(b"c.txt", &[1; 99])];
    let cases = [("x.tar", tar(&entries)), ("x.tgz", gzip(&tar(&entries))), ("x.zip", zip(&zipped))];
    for (name, archive) in cases {
        let (path, target) = (folder.path().join(name), folder.path().join("target"));
        attack(name, 500, &[archive], |bytes| {
            fs::write(&path, bytes).unwrap();
            let fine = extract(&path, &target, ExtractLimits::default()).is_ok();
            let _ = fs::remove_dir_all(&target).or_else(|_| fs::remove_file(&target));
            fine
        });
    }

    if let (Some(before), Some(after)) = (before, peak_memory()) {
        println!("peak memory grew by {} KB", (after - before) >> 10);
        assert!(after - before < 64 << 20, "{before} to {after}");
    }
}

/// The bytes of a stored member, found by its local header.
fn member(archive: &[u8], name: &str) -> Vec<u8> {
    let at = archive.windows(name.len()).position(|window| window == name.as_bytes()).unwrap();
    let start = archive[at..].windows(6).position(|window| window == b"\x93NUMPY").unwrap() + at;
    let end = archive[start..].windows(4).position(|window| window == b"PK\x03\x04").unwrap() + start;
    archive[start..end].to_vec()
}
