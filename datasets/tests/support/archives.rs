//! Archives made byte by byte, so that they can be wrong in any way.
// Each test program uses its part of this.
#![allow(dead_code)]

use std::io::Write;

/// One header and contents of a tar archive.
pub fn tar_entry(name: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    tar_header(name, kind, b"", content.len() as u64, content)
}

/// With the target of a link and a size of its own.
pub fn tar_header(name: &[u8], kind: u8, link: &[u8], size: u64, content: &[u8]) -> Vec<u8> {
    let mut head = [0; 512];
    // What does not fit the field is given by a long name before.
    if name.len() <= 100 {
        head[..name.len()].copy_from_slice(name);
    } else {
        let mut long = tar_entry(b"././@LongLink", b'L', &[name, &[0]].concat());
        long.extend(tar_header(&name[..100], kind, link, size, content));
        return long;
    }
    head[100..108].copy_from_slice(b"0004755\0");
    head[108..116].copy_from_slice(b"0000000\0");
    head[116..124].copy_from_slice(b"0000000\0");
    head[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    head[136..148].copy_from_slice(b"00000000000\0");
    head[148..156].fill(b' ');
    head[156] = kind;
    head[157..157 + link.len()].copy_from_slice(link);
    head[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = head.to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    bytes
}

/// A PAX record; its length counts its own digits.
pub fn pax_record(key: &str, value: &[u8]) -> Vec<u8> {
    let body = key.len() + value.len() + 3;
    let digits = (1..5).find(|&digits| (body + digits).to_string().len() == digits).unwrap();
    [format!("{} {key}=", body + digits).as_bytes(), value, b"\n"].concat()
}

pub fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An entry of a zip archive; the fields of its two headers can be set apart.
#[derive(Clone)]
pub struct Zipped {
    pub name: Vec<u8>,
    pub local_name: Vec<u8>,
    pub packed: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub mode: u32,
    pub crc: u32,
    /// Sizes in the local header.
    pub local_size: u32,
    /// Size in the directory.
    pub size: u32,
    pub extra: Vec<u8>,
    /// Added to where the directory says that the entry lies.
    pub shift: i64,
}

impl Zipped {
    pub fn stored(name: &[u8], content: &[u8]) -> Zipped {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        Zipped {
            name: name.to_vec(),
            local_name: name.to_vec(),
            packed: content.to_vec(),
            method: 0,
            flags: 0,
            mode: if name.ends_with(b"/") { 0o040_755 } else { 0o104_755 },
            crc: crc.sum(),
            local_size: content.len() as u32,
            size: content.len() as u32,
            extra: vec![],
            shift: 0,
        }
    }

    pub fn deflated(name: &[u8], content: &[u8]) -> Zipped {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        Zipped { packed: encoder.finish().unwrap(), method: 8, ..Zipped::stored(name, content) }
    }

    pub fn mode(mut self, mode: u32) -> Zipped {
        self.mode = mode;
        self
    }
}

pub fn zip(entries: &[Zipped]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = bytes.len() as i64 + entry.shift;
        let packed = entry.packed.len() as u32;
        bytes.extend(b"PK\x03\x04\x14\0");
        [entry.flags, entry.method, 0, 0].iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        [entry.crc, packed, entry.local_size].iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        [entry.local_name.len() as u16, 0].iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        bytes.extend(&entry.local_name);
        bytes.extend(&entry.packed);
        directory.extend(b"PK\x01\x02\x14\x03\x14\0");
        [entry.flags, entry.method, 0, 0].iter().for_each(|v| directory.extend(v.to_le_bytes()));
        [entry.crc, packed, entry.size].iter().for_each(|v| directory.extend(v.to_le_bytes()));
        let sizes = [entry.name.len() as u16, entry.extra.len() as u16, 0, 0, 0];
        sizes.iter().for_each(|v| directory.extend(v.to_le_bytes()));
        [entry.mode << 16, at as u32].iter().for_each(|v| directory.extend(v.to_le_bytes()));
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    let (start, count) = (bytes.len() as u32, entries.len() as u16);
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    [count, count].iter().for_each(|v| bytes.extend(v.to_le_bytes()));
    [directory.len() as u32, start].iter().for_each(|v| bytes.extend(v.to_le_bytes()));
    bytes.extend([0, 0]);
    bytes
}
