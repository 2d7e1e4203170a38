//! LevelDB's sorted table, as TensorFlow keeps it: keys and values in blocks, each with a checksum.
//!
//! ```text
//! blocks     entries: varints of the bytes shared with the key before, of the rest of the key, of the value; both
//!            then the offsets of entries that share nothing, and their number
//!            then a byte (0 = not compressed) and the masked CRC-32C of all that
//! index      a block of the same form: a key at or after the last of each block, and the block's place
//! footer     places of a block of no use and of the index, 40 bytes; 8 bytes of mark
//! ```

use crate::crc32c::{crc32c, mask};
use crate::error::{Error, ErrorKind, Result};
use crate::protobuf::take_varint;

const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const FOOTER: usize = 48;
/// Type byte and checksum behind a block.
const TAIL: usize = 5;

/// Memory that keys may take: they are stored without their common beginnings.
const MAX_KEYS: usize = 48 << 20;

/// Rows of a table in order: key and value.
pub(super) type Rows<'a> = Vec<(Vec<u8>, &'a [u8])>;

/// Reads all rows. Keys are strictly ascending.
pub(super) fn read(table: &[u8]) -> Result<Rows<'_>> {
    let Some((blocks, footer)) = table.split_last_chunk::<FOOTER>() else {
        return Err(Error::truncated(format!(
            "{} bytes, the footer of a bundle's index has {FOOTER}",
            table.len()
        )));
    };
    if footer[40..] != MAGIC {
        return Err(Error::new(
            ErrorKind::Foreign,
            "not the index of a bundle (it does not end with the table mark)",
        ));
    }
    let mut handles = &footer[..40];
    let _unused = read_handle(&mut handles)?;
    let index = read_handle(&mut handles)?;
    let mut keys = 0;
    let index = read_block(blocks, index, &mut keys)?;
    let mut rows: Rows<'_> = Vec::new();
    let mut free = 0;
    for (_, mut value) in index {
        let (offset, size) = read_handle(&mut value)?;
        // Ascending places: no block is read twice.
        if offset < free {
            return Err(Error::corrupt(format!("a block at {offset}, inside the one before it")));
        }
        free = offset.saturating_add(size);
        rows.extend(read_block(blocks, (offset, size), &mut keys)?);
    }
    match rows.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        Some(pair) => {
            Err(Error::corrupt(format!("the key {:?} is out of order", String::from_utf8_lossy(&pair[1].0))))
        }
        None => Ok(rows),
    }
}

fn read_handle(bytes: &mut &[u8]) -> Result<(u64, u64)> {
    Ok((take_varint(bytes)?, take_varint(bytes)?))
}

fn read_block<'a>(table: &'a [u8], (offset, size): (u64, u64), keys: &mut usize) -> Result<Rows<'a>> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let whole =
        usize::try_from(size).ok().and_then(|n| n.checked_add(TAIL)).and_then(|n| start.checked_add(n));
    let whole = whole.and_then(|end| table.get(start..end));
    let whole = whole.ok_or_else(|| Error::truncated(format!("a block of {size} bytes at {offset}")))?;
    let (covered, crc) = whole.split_at(whole.len() - 4);
    let (found, computed) = (u32::from_le_bytes([crc[0], crc[1], crc[2], crc[3]]), mask(crc32c(covered)));
    if found != computed {
        let message = format!("the checksum of a block differs: stored {found:08x}, computed {computed:08x}");
        return Err(Error::corrupt(message));
    }
    let (block, kind) = covered.split_at(covered.len() - 1);
    if kind != [0] {
        return Err(Error::unsupported("a compressed table"));
    }
    let cut = || Error::truncated("a block of the table is cut off");
    let (entries, count) = block.split_last_chunk::<4>().ok_or_else(cut)?;
    let restarts =
        (u32::from_le_bytes(*count) as usize).checked_mul(4).and_then(|n| entries.len().checked_sub(n));
    let mut rest = &entries[..restarts.ok_or_else(cut)?];
    let mut rows: Rows<'_> = Vec::new();
    while !rest.is_empty() {
        let [shared, unshared, value] =
            [take_varint(&mut rest)?, take_varint(&mut rest)?, take_varint(&mut rest)?];
        let mut take = |n: u64| {
            let (taken, after) =
                usize::try_from(n).ok().and_then(|n| rest.split_at_checked(n)).ok_or_else(cut)?;
            rest = after;
            Ok::<_, Error>(taken)
        };
        let (tail, value) = (take(unshared)?, take(value)?);
        let before = rows.last().map_or(&[][..], |row| &row.0);
        let shared = usize::try_from(shared).ok().and_then(|n| before.get(..n)).ok_or_else(cut)?;
        let key = [shared, tail].concat();
        *keys += key.len();
        if *keys > MAX_KEYS {
            return Err(Error::too_large(format!("more than {MAX_KEYS} bytes of keys")));
        }
        rows.push((key, value));
    }
    Ok(rows)
}

/// The bytes of a table with one block, in which no key shares anything.
pub(super) fn write(rows: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let mut table = Vec::new();
    let last = rows.last().map_or(&[][..], |row| row.0);
    let data = put_block(&mut table, rows.iter().map(|(key, value)| (*key, value.as_slice())));
    let unused = put_block(&mut table, std::iter::empty());
    let handle = |(offset, size): (u64, u64)| [varint(offset), varint(size)].concat();
    let place = handle(data);
    let index = put_block(&mut table, std::iter::once((last, place.as_slice())));
    let mut footer = [handle(unused), handle(index)].concat();
    footer.resize(40, 0);
    table.extend_from_slice(&footer);
    table.extend_from_slice(&MAGIC);
    table
}

/// Appends a block. Its place.
fn put_block<'a>(table: &mut Vec<u8>, rows: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> (u64, u64) {
    let start = table.len();
    let mut restarts = Vec::new();
    for (key, value) in rows {
        restarts.push((table.len() - start) as u32);
        for n in [0, key.len(), value.len()] {
            table.extend_from_slice(&varint(n as u64));
        }
        table.extend_from_slice(key);
        table.extend_from_slice(value);
    }
    if restarts.is_empty() {
        restarts.push(0);
    }
    restarts.push(restarts.len() as u32);
    restarts.iter().for_each(|r| table.extend_from_slice(&r.to_le_bytes()));
    let size = table.len() - start;
    table.push(0);
    let crc = mask(crc32c(&table[start..]));
    table.extend_from_slice(&crc.to_le_bytes());
    (start as u64, size as u64)
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
