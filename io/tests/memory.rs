//! T-BOMB: small files that promise much get an error at once and little memory.
//!
//! One test, because the allocator's peak is one number for the whole process.

use gradus_io::crc32c::crc32c;
use gradus_io::{
    ErrorKind, NamedTensor, SaveOptions, TensorData, load_weights, npy, npz, safetensors, save_weights_with,
};
use gradus_kernels::DType;
use peak_alloc::PeakAlloc;
use std::io::Write;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

fn npy_with(shape: &str) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat()
}

/// A zip archive of one deflated member.
fn zip_of(packed: &[u8], crc: u32, length: u32, copies: u16) -> Vec<u8> {
    let name = b"a.npy";
    let mut common = Vec::new();
    for v in [20u16, 0, 8, 0, 33] {
        common.extend_from_slice(&v.to_le_bytes());
    }
    for v in [crc, packed.len() as u32, length] {
        common.extend_from_slice(&v.to_le_bytes());
    }
    common.extend_from_slice(&(name.len() as u16).to_le_bytes());
    let mut bytes = [b"PK\x03\x04", &common[..], &[0, 0], name, packed].concat();
    let start = bytes.len() as u32;
    for _ in 0..copies {
        bytes.extend_from_slice(&[b"PK\x01\x02\x14\x00", &common[..], &[0; 16], name].concat());
    }
    let size = bytes.len() as u32 - start;
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&[copies.to_le_bytes(), copies.to_le_bytes()].concat());
    bytes.extend_from_slice(&[size.to_le_bytes(), start.to_le_bytes()].concat());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

fn deflated_zeros(len: usize) -> (Vec<u8>, u32) {
    let mut crc = flate2::Crc::new();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; MIB];
    for _ in 0..len / MIB {
        encoder.write_all(&zeros).unwrap();
        crc.update(&zeros);
    }
    (encoder.finish().unwrap(), crc.sum())
}

/// A sealed file around an index of our choice.
fn sealed(blocks: &[u8], index: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89GRDS\r\n\x1a\x01\x00\x04\x00".to_vec();
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
    bytes.extend_from_slice(blocks);
    bytes.extend_from_slice(index);
    let trailer_at = bytes.len();
    bytes.extend_from_slice(&(index.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&(trailer_at as u64 + 32).to_le_bytes());
    bytes.extend_from_slice(&crc32c(index).to_le_bytes());
    bytes.extend_from_slice(&crc32c(&bytes[trailer_at..]).to_le_bytes());
    bytes.extend_from_slice(b"GRDSEND\n");
    bytes
}

#[test]
fn bombs_and_honest_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.gradus");
    let load = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        load_weights(&path).map(|_| ()).map_err(|e| e.kind())
    };
    let npy = |bytes: &[u8]| npy::read(bytes).map(|_| ()).map_err(|e| e.kind());
    let npz = |bytes: &[u8]| npz::read(bytes).map(|_| ()).map_err(|e| e.kind());
    let tensors = |bytes: &[u8]| safetensors::read(bytes).map(|_| ()).map_err(|e| e.kind());
    let header = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();

    let (zeros, crc) = deflated_zeros(128 * MIB);
    let length = 128 * MIB as u32;
    // Varint 0xfd is bincode's mark of eight bytes: a list of 2^60 records.
    let list = [&[0xfd][..], &(1u64 << 60).to_le_bytes()].concat();
    // One record: section weights, name "", bytes, deflated, 128 MiB from what is there.
    let mut record = vec![1, 4, 0, 0, 1, 0xfc];
    record.extend_from_slice(&(zeros.len() as u32).to_le_bytes());
    record.push(0xfc);
    record.extend_from_slice(&length.to_le_bytes());
    record.push(0xfc);
    record.extend_from_slice(&crc32c(&zeros).to_le_bytes());
    let mut long_name = vec![1, 4, 0xfd];
    long_name.extend_from_slice(&(1u64 << 50).to_le_bytes());

    type Read<'a> = &'a dyn Fn(&[u8]) -> Result<(), ErrorKind>;
    let cases: Vec<(&str, Read<'_>, Vec<u8>)> = vec![
        ("npy of 10^12 elements", &npy, npy_with("(1000000000000,)")),
        ("npy of 10^9 elements", &npy, npy_with("(1000000000,)")),
        ("npy with a header of 4 GB", &npy, b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec()),
        ("npy of 10^5 axes", &npy, npy_with(&format!("({})", "1,".repeat(30_000)))),
        ("npz, 128 MiB of zeros", &npz, zip_of(&zeros, crc, length, 1)),
        ("npz, said to be small", &npz, zip_of(&zeros, crc, 1000, 1)),
        ("npz, 1000 entries for one member", &npz, zip_of(&zeros[..100], crc, 1000, 1000)),
        ("safetensors header of 2^63", &tensors, (1u64 << 63).to_le_bytes().to_vec()),
        ("safetensors header of 100 MB", &tensors, 100_000_000u64.to_le_bytes().to_vec()),
        (
            "safetensors tensor of 2^60",
            &tensors,
            header(
                r#"{"a":{"dtype":"U8","shape":[1152921504606846976],"data_offsets":[0,1152921504606846976]}}"#,
            ),
        ),
        ("safetensors depth 10^6", &tensors, header(&format!("{{\"a\":{}", "[".repeat(1_000_000)))),
        (
            "safetensors metadata",
            &tensors,
            header(&format!("{{\"__metadata__\":{{{}}}}}", "\"\":\"\",".repeat(2_000_000))),
        ),
        ("index of 2^60 records", &load, sealed(&[], &list)),
        ("index with a name of 2^50", &load, sealed(&[], &long_name)),
        ("block of 128 MiB of zeros", &load, sealed(&zeros, &record)),
    ];
    for (name, read, bytes) in cases {
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.peak_usage();
        let start = Instant::now();
        let result = read(&bytes);
        let (took, grew) = (start.elapsed(), ALLOCATOR.peak_usage() - before);
        println!("{name}: {result:?}, {took:?}, {} KiB", grew / 1024);
        assert!(result.is_err(), "{name}: accepted");
        assert!(took < Duration::from_millis(500), "{name}: {took:?}");
        assert!(grew < 64 * MIB + 2 * bytes.len(), "{name}: {grew} bytes for a file of {}", bytes.len());
    }

    // Honest files: about their own size.
    let noise: Vec<u8> = (0..24 * MIB as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let weights = [NamedTensor::new("noise", TensorData::new(DType::U8, vec![noise.len()], noise).unwrap())];
    for compress in [false, true] {
        save_weights_with(&path, &weights, SaveOptions::new().compress(compress)).unwrap();
        let size = std::fs::metadata(&path).unwrap().len() as usize;
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.peak_usage();
        let loaded = load_weights(&path).unwrap();
        let grew = ALLOCATOR.peak_usage() - before;
        println!("compress {compress}: a file of {} KiB takes {} KiB", size / 1024, grew / 1024);
        assert_eq!(loaded, weights);
        assert!(compress || grew < size + MIB, "{grew} bytes for a file of {size}");
    }
}
