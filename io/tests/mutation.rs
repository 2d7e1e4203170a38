//! T-FUZZ: 10^5 mutants of good files per reader, with fixed seeds: errors, never panics, and what is accepted is
//! sound. Half of the mutants of checksummed formats have their checksums mended, so that they reach what lies behind.

use gradus_io::crc32c::crc32c;
use gradus_io::tensorboard::read_events;
use gradus_io::{
    NamedTensor, SaveOptions, TensorData, hdf5, load_weights, npy, npz, safetensors, save_weights_with,
};
use gradus_kernels::DType;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const EXECS: usize = 100_000;

struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

/// One to four changes: bits, bytes, text characters, extreme integers, pieces cut out, doubled, or taken from another seed.
fn mutate(random: &mut SplitMix, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let len = random.below(24).min(bytes.len() - at);
        match random.below(9) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.below(256) as u8,
            3 => bytes[at] = b"0123456789,[](){}\"':TF<>|LO "[random.below(28)],
            4 => {
                let extreme =
                    [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX >> 1, u64::MAX];
                let value = extreme[random.below(10)].to_le_bytes();
                let width = [1, 2, 4, 8][random.below(4)].min(bytes.len() - at);
                bytes[at..at + width].copy_from_slice(&value[..width]);
            }
            5 => bytes.truncate(at),
            6 => drop(bytes.drain(at..at + len)),
            7 => {
                let piece = bytes[at..at + len].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let piece = &other[from..(from + len).min(other.len())];
                bytes.splice(at..at + len, piece.iter().copied());
            }
        }
    }
    bytes
}

/// Runs a reader over mutants; `read` says whether it accepted one.
fn fuzz(name: &str, seeds: &[Vec<u8>], execs: usize, mend: impl Fn(&mut [u8]), read: impl Fn(&[u8]) -> bool) {
    for seed in seeds {
        assert!(read(seed), "{name}: a seed is refused");
    }
    let mut random = SplitMix(0x5EED);
    let (mut accepted, mut slowest) = (0, Duration::ZERO);
    for exec in 0..execs {
        let mut bytes = mutate(&mut random, seeds);
        if exec % 2 == 0 {
            mend(&mut bytes);
        }
        let start = Instant::now();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&bytes)));
        let mut took = start.elapsed();
        // On a busy machine another process may have run meanwhile: only what is slow three times is slow.
        for _ in 0..2 {
            if took > Duration::from_millis(500) && result.is_ok() {
                let start = Instant::now();
                read(&bytes);
                took = took.min(start.elapsed());
            }
        }
        slowest = slowest.max(took);
        match result {
            Ok(good) => accepted += usize::from(good),
            Err(_) => panic!("{name}: mutant {exec} of {} bytes panics: {bytes:02x?}", bytes.len()),
        }
    }
    println!("{name}: {execs} mutants, {accepted} accepted, slowest {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{name}: a mutant took {slowest:?}");
    assert!(accepted > 0, "{name}: no mutant is accepted: they do not reach the reader");
}

fn tensors() -> Vec<NamedTensor> {
    let tensor = |dtype: DType, shape: &[usize]| {
        let len = shape.iter().product::<usize>() * dtype.size();
        let bytes = (0..len).map(|i| if dtype == DType::Bool { i % 2 } else { i / 3 } as u8).collect();
        NamedTensor::new(format!("{dtype}/{shape:?}"), TensorData::new(dtype, shape.to_vec(), bytes).unwrap())
    };
    vec![
        tensor(DType::F32, &[2, 3]),
        tensor(DType::I64, &[]),
        tensor(DType::Bool, &[5]),
        tensor(DType::F16, &[0, 4]),
        tensor(DType::U8, &[200]),
    ]
}

#[test]
fn npy_reader() {
    let mut seeds: Vec<_> = tensors().iter().map(|t| npy::write(&t.tensor).unwrap()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    seeds.extend(["version1.npy", "version2.npy", "version3.npy"].map(|f| fs::read(folder.join(f)).unwrap()));
    let read = |bytes: &[u8]| match npy::read(bytes) {
        Ok(tensor) => {
            let again = npy::read(&npy::write(&tensor).unwrap()).unwrap();
            assert_eq!(again, tensor);
            true
        }
        Err(_) => false,
    };
    fuzz("npy", &seeds, EXECS, |_| {}, read);
}

/// Writes the CRC-32 of every stored member into its headers.
fn mend_zip(bytes: &mut [u8]) {
    let word = |bytes: &[u8], at: usize| {
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    };
    let mut crcs = Vec::new();
    for at in 0..bytes.len().saturating_sub(46) {
        if word(bytes, at) == 0x0403_4b50 {
            let name = usize::from(u16::from_le_bytes([bytes[at + 26], bytes[at + 27]]));
            let extra = usize::from(u16::from_le_bytes([bytes[at + 28], bytes[at + 29]]));
            let (start, len) = (at + 30 + name + extra, word(bytes, at + 18) as usize);
            if let Some(data) = start.checked_add(len).and_then(|end| bytes.get(start..end)) {
                let mut crc = flate2::Crc::new();
                crc.update(data);
                crcs.push((at, crc.sum()));
                bytes[at + 14..at + 18].copy_from_slice(&crc.sum().to_le_bytes());
            }
        } else if word(bytes, at) == 0x0201_4b50 {
            let header = word(bytes, at + 42) as usize;
            if let Some((_, crc)) = crcs.iter().find(|(h, _)| *h == header) {
                bytes[at + 16..at + 20].copy_from_slice(&crc.to_le_bytes());
            }
        }
    }
}

#[test]
fn npz_reader() {
    let seeds =
        [false, true].map(|compress| npz::write(&tensors(), SaveOptions::new().compress(compress)).unwrap());
    let read = |bytes: &[u8]| match npz::read(bytes) {
        Ok(tensors) => {
            let again = npz::read(&npz::write(&tensors, SaveOptions::new()).unwrap()).unwrap();
            assert_eq!(again, tensors);
            true
        }
        Err(_) => false,
    };
    fuzz("npz", &seeds, EXECS, mend_zip, read);
}

#[test]
fn safetensors_reader() {
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    let seeds = [
        safetensors::write(&tensors(), &metadata).unwrap(),
        safetensors::write(&tensors()[..2], &BTreeMap::new()).unwrap(),
    ];
    let read = |bytes: &[u8]| match safetensors::read(bytes) {
        Ok(content) => {
            let again =
                safetensors::read(&safetensors::write(&content.tensors, &content.metadata).unwrap()).unwrap();
            assert_eq!(again.metadata, content.metadata);
            assert_eq!(again.tensors.len(), content.tensors.len());
            true
        }
        Err(_) => false,
    };
    fuzz("safetensors", &seeds, EXECS, |_| {}, read);
}

/// Mends all checksums and the length in the trailer, so that the index and the blocks are judged by their content.
fn mend_sealed(bytes: &mut [u8]) {
    let n = bytes.len();
    if n < 56 {
        return;
    }
    let crc = crc32c(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    let (mut index_len, mut index_crc) = ([0; 8], None);
    index_len.copy_from_slice(&bytes[n - 32..n - 24]);
    if let Some(start) = (n as u64 - 32).checked_sub(u64::from_le_bytes(index_len)) {
        index_crc = Some(crc32c(&bytes[start as usize..n - 32]));
    }
    bytes[n - 24..n - 16].copy_from_slice(&(n as u64).to_le_bytes());
    if let Some(crc) = index_crc {
        bytes[n - 16..n - 12].copy_from_slice(&crc.to_le_bytes());
    }
    let crc = crc32c(&bytes[n - 32..n - 12]);
    bytes[n - 12..n - 8].copy_from_slice(&crc.to_le_bytes());
    bytes[n - 8..].copy_from_slice(b"GRDSEND\n");
}

#[test]
fn sealed_reader() {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let path = folder.path().join("w.gradus");
    let seeds = [false, true].map(|compress| {
        save_weights_with(&path, &tensors(), SaveOptions::new().compress(compress)).unwrap();
        fs::read(&path).unwrap()
    });
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        load_weights(&path).is_ok()
    };
    fuzz("sealed file", &seeds, EXECS, mend_sealed, read);
}

/// Mends the checksums of a chain of TFRecords.
fn mend_records(bytes: &mut [u8]) {
    use gradus_io::crc32c::mask;
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 12) {
        let mut length = [0; 8];
        length.copy_from_slice(&head[..8]);
        bytes[at + 8..at + 12].copy_from_slice(&mask(crc32c(&length)).to_le_bytes());
        let end = usize::try_from(u64::from_le_bytes(length)).ok().and_then(|n| n.checked_add(at + 12));
        let Some(end) = end.filter(|&end| end.checked_add(4).is_some_and(|e| e <= bytes.len())) else {
            return;
        };
        let crc = mask(crc32c(&bytes[at + 12..end]));
        bytes[end..end + 4].copy_from_slice(&crc.to_le_bytes());
        at = end + 4;
    }
}

#[test]
fn event_reader() {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let path = folder.path().join("events");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tensorflow.tfevents");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        read_events(&path).is_ok()
    };
    fuzz("events", &[fs::read(golden).unwrap()], EXECS, mend_records, read);
}

#[test]
fn hdf5_reader() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut small = hdf5::Group::default();
    for tensor in tensors() {
        small.insert(&tensor.name.replace('/', " "), tensor.tensor).unwrap();
    }
    small.attributes.insert("name".into(), hdf5::Attribute::Text("dense".into()));
    let golden =
        ["h5py_kinds.h5", "h5py_latest.h5", "keras.weights.h5"].map(|f| fs::read(folder.join(f)).unwrap());
    let seeds = [&golden[..], &[hdf5::write(&small).unwrap()]].concat();
    let read = |bytes: &[u8]| match hdf5::read(bytes) {
        Ok(group) => {
            if let Ok(bytes) = hdf5::write(&group) {
                hdf5::read(&bytes).unwrap();
            }
            true
        }
        Err(_) => false,
    };
    fuzz("hdf5", &seeds, EXECS, |_| {}, read);
}
