//! Groups: links as messages in the header, or as a symbol table with a tree and a heap of names.

use super::object_header::Header;
use super::reader::{Reader, text};
use super::{Group, MAX_DEPTH, Member, UNDEFINED, message};
use crate::byte_fields::ByteFields;
use crate::error::{Error, Result};

impl<'a> Header<'a> {
    /// Reads this object as a group, and all that is in it.
    pub(super) fn group(&self, file: &Reader<'a>, depth: usize) -> Result<Group> {
        if depth > MAX_DEPTH {
            return Err(Error::unsupported(format!("more than {MAX_DEPTH} groups in each other")));
        }
        let mut group = Group { attributes: self.attributes(file)?, ..Group::default() };
        for (name, address) in self.links(file)? {
            let member = Header::read(file, address).and_then(|header| header.member(file, depth));
            let member = member.map_err(|e| e.in_part(|| format!("{name:?}")))?;
            if group.members.insert(name.to_owned(), member).is_some() {
                return Err(Error::corrupt(format!("two members have the name {name:?}")));
            }
        }
        Ok(group)
    }

    fn member(&self, file: &Reader<'a>, depth: usize) -> Result<Member> {
        if self.find(message::LAYOUT).is_some() {
            self.dataset(file).map(Member::Dataset)
        } else {
            self.group(file, depth + 1).map(Member::Group)
        }
    }

    /// Names and addresses of the members.
    fn links(&self, file: &Reader<'a>) -> Result<Vec<(&'a str, u64)>> {
        if let Some(table) = self.find(message::SYMBOL_TABLE) {
            let mut fields = ByteFields::new(table);
            return symbol_table(file, fields.u64()?, fields.u64()?);
        }
        if let Some(info) = self.find(message::LINK_INFO) {
            let mut fields = ByteFields::new(info);
            let (_, flags) = (fields.u8()?, fields.u8()?);
            fields.skip(if flags & 1 != 0 { 8 } else { 0 })?;
            if fields.u64()? != UNDEFINED {
                return Err(Error::unsupported("a dense group: write the file without libver=\"latest\""));
            }
        }
        self.all(message::LINK).map(link).collect()
    }
}

/// One link message.
fn link(message: &[u8]) -> Result<(&str, u64)> {
    let mut fields = ByteFields::new(message);
    let (version, flags) = (fields.u8()?, fields.u8()?);
    let kind = if flags & 8 != 0 { fields.u8()? } else { 0 };
    fields.skip(if flags & 4 != 0 { 8 } else { 0 })?;
    fields.skip(usize::from(flags & 0x10 != 0))?;
    let mut len = [0; 8];
    let width = 1 << (flags & 3);
    len[..width].copy_from_slice(fields.take(width)?);
    let name = text(fields.take(usize::try_from(u64::from_le_bytes(len)).unwrap_or(usize::MAX))?)?;
    match (version, kind) {
        (1, 0) => Ok((name, fields.u64()?)),
        (1, _) => Err(refused_link(name)),
        _ => Err(Error::unsupported(format!("a link of version {version}"))),
    }
}

fn refused_link(name: &str) -> Error {
    let message = "a soft or external link: files are data and do not point elsewhere";
    Error::unsupported(message).in_part(|| format!("{name:?}"))
}

fn symbol_table<'a>(file: &Reader<'a>, tree: u64, heap: u64) -> Result<Vec<(&'a str, u64)>> {
    let mut fields = ByteFields::new(file.at(heap, 32)?);
    if fields.take(4)? != b"HEAP" {
        return Err(Error::corrupt("a group without its heap of names"));
    }
    fields.skip(4)?;
    let (size, _, names) = (fields.u64()?, fields.u64()?, fields.u64()?);
    let names_end = names.saturating_add(size);
    let mut links = Vec::new();
    let mut nodes = vec![(tree, None)];
    while let Some((address, expected_level)) = nodes.pop() {
        let (level, children) = tree_node(file, address, 0, 8)?;
        if expected_level.is_some_and(|expected| expected != level) {
            return Err(Error::corrupt("a tree of names with a node on the wrong level"));
        }
        if level > 0 {
            // Reversed, because the last one pushed is the first one taken.
            nodes.extend(children.iter().rev().map(|&(_, child)| (child, Some(level - 1))));
            continue;
        }
        for (_, child) in children {
            let head = file.at(child, 8)?;
            if !head.starts_with(b"SNOD") {
                return Err(Error::corrupt("a tree of names without its leaves"));
            }
            let count = u16::from_le_bytes([head[6], head[7]]);
            let mut entries = ByteFields::new(file.at(child.saturating_add(8), u64::from(count) * 40)?);
            for _ in 0..count {
                let (name, header, cached) = (entries.u64()?, entries.u64()?, entries.u32()?);
                entries.skip(20)?;
                let name = file.text_at(names.saturating_add(name), names_end)?;
                if cached == 2 {
                    return Err(refused_link(name));
                }
                links.push((name, header));
            }
        }
    }
    Ok(links)
}

/// Level, keys and children of a node of a version 1 B-tree.
pub(super) fn tree_node<'a>(
    file: &Reader<'a>,
    address: u64,
    kind: u8,
    key_len: usize,
) -> Result<(u8, Vec<(&'a [u8], u64)>)> {
    let mut head = ByteFields::new(file.at(address, 24)?);
    if head.take(4)? != b"TREE" || head.u8()? != kind {
        return Err(Error::corrupt(format!("no tree node of kind {kind} at {address}")));
    }
    let (level, count) = (head.u8()?, head.u16()?);
    let len = u64::from(count) * (key_len as u64 + 8);
    let mut fields = ByteFields::new(file.at(address.saturating_add(24), len)?);
    let children = (0..count).map(|_| Ok((fields.take(key_len)?, fields.u64()?))).collect::<Result<_>>()?;
    Ok((level, children))
}
