//! Chunked datasets: a tree of blocks, each through a row of filters.

use super::UNDEFINED;
use super::group::tree_node;
use super::reader::Reader;
use crate::byte_fields::ByteFields;
use crate::error::{Error, Result};
use flate2::read::ZlibDecoder;
use std::io::Read;

const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;

/// Fills `elements` from the chunks under a tree. `dims` are the sides of a chunk and, last, the size of an element.
pub(super) fn read_chunks(
    file: &Reader<'_>,
    tree: u64,
    dims: &[usize],
    filters: Option<&[u8]>,
    size: usize,
    shape: &[usize],
    mut elements: Vec<u8>,
) -> Result<Vec<u8>> {
    let Some((&element, chunk)) = dims.split_last() else {
        return Err(Error::corrupt("chunks without sides"));
    };
    let chunk_len = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).filter(|&n| n < 1 << 32);
    let (true, Some(chunk_len)) =
        (element == size && chunk.len() == shape.len() && !chunk.contains(&0), chunk_len)
    else {
        return Err(Error::corrupt(format!("chunks of {dims:?} in a dataset of shape {shape:?}")));
    };
    let filters = parse_filters(filters)?;
    let key_len = 8 + 8 * dims.len();
    let mut nodes = if tree == UNDEFINED { vec![] } else { vec![(tree, None)] };
    while let Some((address, expected_level)) = nodes.pop() {
        let (level, children) = tree_node(file, address, 1, key_len)?;
        if expected_level.is_some_and(|expected| expected != level) {
            return Err(Error::corrupt("a tree of chunks with a node on the wrong level"));
        }
        if level > 0 {
            nodes.extend(children.iter().map(|&(_, child)| (child, Some(level - 1))));
            continue;
        }
        for (key, child) in children {
            let mut key = ByteFields::new(key);
            let (stored, skipped) = (key.u32()?, key.u32()?);
            let start = (0..chunk.len()).map(|_| Ok(key.u64()? as usize)).collect::<Result<Vec<_>>>()?;
            let inside = start.iter().zip(chunk).zip(shape).all(|((&s, &c), &d)| s % c == 0 && s < d);
            if !inside {
                return Err(Error::corrupt(format!("a chunk at {start:?} in a dataset of shape {shape:?}")));
            }
            let stored = file.at(child, u64::from(stored))?;
            file.unpack(chunk_len as u64)?;
            let bytes = unfilter(stored, &filters, skipped, chunk_len, size)?;
            place(&bytes, chunk, &start, size, shape, &mut elements);
        }
    }
    Ok(elements)
}

/// Numbers of the filters in the order in which they were applied.
fn parse_filters(message: Option<&[u8]>) -> Result<Vec<u16>> {
    let Some(message) = message else { return Ok(Vec::new()) };
    let mut fields = ByteFields::new(message);
    let (version, count) = (fields.u8()?, fields.u8()?);
    fields.skip(if version == 1 { 6 } else { 0 })?;
    let mut filters = Vec::new();
    for _ in 0..count {
        let id = fields.u16()?;
        let name_len = if version == 1 || id >= 256 { fields.u16()? } else { 0 };
        let (_, values) = (fields.u16()?, usize::from(fields.u16()?));
        let name_len = usize::from(name_len);
        fields.skip(if version == 1 { name_len.next_multiple_of(8) } else { name_len })?;
        fields.skip(4 * (values + if version == 1 { values % 2 } else { 0 }))?;
        if !matches!(id, DEFLATE | SHUFFLE | FLETCHER32) {
            return Err(Error::unsupported(format!(
                "the filter {id}; read are deflate, shuffle and Fletcher-32"
            )));
        }
        filters.push(id);
    }
    Ok(filters)
}

/// Undoes the filters, the last one first.
fn unfilter(stored: &[u8], filters: &[u16], skipped: u32, len: usize, size: usize) -> Result<Vec<u8>> {
    let mut bytes = stored.to_vec();
    for (i, &filter) in filters.iter().enumerate().rev() {
        if i < 32 && skipped & 1 << i != 0 {
            continue;
        }
        bytes = match filter {
            DEFLATE => {
                // A later checksum may have been counted in; nothing else makes a chunk longer than its elements.
                let mut unpacked = Vec::new();
                let limit = len as u64 + 4;
                unpacked
                    .try_reserve_exact(len + 4)
                    .map_err(|_| Error::too_large(format!("no memory for {len} bytes")))?;
                let mut decoder = ZlibDecoder::new(bytes.as_slice());
                let broken = |e| Error::corrupt(format!("a chunk cannot be unpacked: {e}"));
                decoder.by_ref().take(limit).read_to_end(&mut unpacked).map_err(broken)?;
                unpacked
            }
            SHUFFLE => unshuffle(&bytes, size),
            _ => check_fletcher32(bytes)?,
        };
    }
    if bytes.len() != len {
        return Err(Error::corrupt(format!("a chunk of {len} bytes unpacks to {}", bytes.len())));
    }
    Ok(bytes)
}

/// Puts the bytes of elements together again that shuffling had sorted by their place in the element.
fn unshuffle(bytes: &[u8], size: usize) -> Vec<u8> {
    let count = bytes.len() / size.max(1);
    let mut out = Vec::with_capacity(bytes.len());
    for i in 0..count {
        out.extend((0..size).map(|place| bytes[place * count + i]));
    }
    out.extend_from_slice(&bytes[count * size..]);
    out
}

/// Checks and removes HDF5's Fletcher-32: sums of big-endian 16-bit words modulo 65535.
fn check_fletcher32(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let Some((content, found)) = bytes.split_last_chunk::<4>() else {
        return Err(Error::corrupt("a chunk without its checksum"));
    };
    let (mut a, mut b) = (0u64, 0u64);
    for pair in content.chunks(2) {
        a = (a + u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))) % 65535;
        b = (b + a) % 65535;
    }
    let (found, computed) = (u32::from_le_bytes(*found), (b << 16 | a) as u32);
    // Sums modulo 65535 have two zeros, and implementations differ in which one they leave.
    let same = |x: u32, y: u32| x % 65535 == y % 65535;
    if !same(found >> 16, computed >> 16) || !same(found & 0xffff, computed & 0xffff) {
        let message = format!("the checksum of a chunk differs: stored {found:08x}, computed {computed:08x}");
        return Err(Error::corrupt(message));
    }
    let len = content.len();
    bytes.truncate(len);
    Ok(bytes)
}

/// Copies the rows of a chunk that lie inside the dataset.
fn place(bytes: &[u8], chunk: &[usize], start: &[usize], size: usize, shape: &[usize], elements: &mut [u8]) {
    let Some(last) = shape.len().checked_sub(1) else {
        elements.copy_from_slice(bytes);
        return;
    };
    let width = chunk[last].min(shape[last] - start[last]) * size;
    for (row, bytes) in bytes.chunks_exact(chunk[last] * size).enumerate() {
        let (mut row, mut at, mut stride, mut inside) = (row, start[last], shape[last], true);
        for axis in (0..last).rev() {
            let i = start[axis] + row % chunk[axis];
            row /= chunk[axis];
            inside &= i < shape[axis];
            at += if inside { i * stride } else { 0 };
            stride *= shape[axis];
        }
        if inside {
            elements[at * size..][..width].copy_from_slice(&bytes[..width]);
        }
    }
}
