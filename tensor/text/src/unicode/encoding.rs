//! Encodings of Unicode, and what happens to bytes that do not fit one.
//!
//! A byte sequence that is wrong counts as one error where ICU counts one: in UTF-8, the longest part that could have begun
//! a character; in UTF-16, a surrogate without its partner; at the end, an incomplete unit.

use std::str::FromStr;

use gradus_tensor::{Error, Result, bail_value};

/// How characters are written as bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16 whose byte order is told by a mark at the beginning; big-endian without one.
    Utf16,
    /// UTF-16, big-endian.
    Utf16Be,
    /// UTF-16, little-endian.
    Utf16Le,
    /// UTF-32 whose byte order is told by a mark at the beginning; big-endian without one.
    Utf32,
    /// UTF-32, big-endian.
    Utf32Be,
    /// UTF-32, little-endian.
    Utf32Le,
    /// The 128 characters of ASCII.
    Ascii,
    /// ISO 8859-1: a byte is the code point of that number.
    Latin1,
}

impl FromStr for Encoding {
    type Err = Error;

    /// The usual names, in any case, with or without `-`, `_` and blanks.
    fn from_str(name: &str) -> Result<Encoding> {
        let plain: String = name.chars().filter(|c| !"-_ ".contains(*c)).collect();
        Ok(match plain.to_ascii_lowercase().as_str() {
            "utf8" => Encoding::Utf8,
            "utf16" => Encoding::Utf16,
            "utf16be" => Encoding::Utf16Be,
            "utf16le" => Encoding::Utf16Le,
            "utf32" => Encoding::Utf32,
            "utf32be" => Encoding::Utf32Be,
            "utf32le" => Encoding::Utf32Le,
            "usascii" | "ascii" | "iso646us" | "ansix3.41968" => Encoding::Ascii,
            "iso88591" | "latin1" | "l1" | "cp819" | "ibm819" => Encoding::Latin1,
            _ => bail_value!(
                "encoding: {name:?} is none of UTF-8, UTF-16, UTF-16-BE, UTF-16-LE, UTF-32, UTF-32-BE, UTF-32-LE, \
                 US-ASCII, ISO-8859-1"
            ),
        })
    }
}

/// What happens to what cannot be decoded or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// It becomes that code point.
    Replace(u32),
    /// It is left out.
    Ignore,
    /// It is an error.
    Strict,
}

impl Default for OnError {
    /// U+FFFD takes its place.
    fn default() -> OnError {
        OnError::Replace(0xFFFD)
    }
}

impl OnError {
    /// TensorFlow's names: `replace` (by `replacement`), `ignore`, `strict`.
    pub fn from_name(name: &str, replacement: i64) -> Result<OnError> {
        match name {
            "replace" => match u32::try_from(replacement).ok().filter(|&c| char::from_u32(c).is_some()) {
                Some(c) => Ok(OnError::Replace(c)),
                None => bail_value!("errors: the replacement {replacement} is no character"),
            },
            "ignore" => Ok(OnError::Ignore),
            "strict" => Ok(OnError::Strict),
            _ => bail_value!("errors: expected replace, ignore or strict, found {name:?}"),
        }
    }
}

/// A character, or the error of as many bytes.
pub(super) type Unit = (Option<char>, usize);

impl Encoding {
    /// Calls `each` with every character and error in turn, and the number of bytes it takes.
    pub(super) fn decode(self, s: &[u8], each: &mut dyn FnMut(Unit)) {
        match self {
            Encoding::Utf8 => {
                for chunk in s.utf8_chunks() {
                    chunk.valid().chars().for_each(|c| each((Some(c), c.len_utf8())));
                    if !chunk.invalid().is_empty() {
                        each((None, chunk.invalid().len()));
                    }
                }
            }
            Encoding::Ascii => s.iter().for_each(|&b| each((b.is_ascii().then_some(char::from(b)), 1))),
            Encoding::Latin1 => s.iter().for_each(|&b| each((Some(char::from(b)), 1))),
            Encoding::Utf16Be => utf16(s, u16::from_be_bytes, each),
            Encoding::Utf16Le => utf16(s, u16::from_le_bytes, each),
            Encoding::Utf32Be => utf32(s, u32::from_be_bytes, each),
            Encoding::Utf32Le => utf32(s, u32::from_le_bytes, each),
            Encoding::Utf16 => match s {
                [0xff, 0xfe, rest @ ..] => marked(Encoding::Utf16Le, rest, 2, each),
                [0xfe, 0xff, rest @ ..] => marked(Encoding::Utf16Be, rest, 2, each),
                _ => Encoding::Utf16Be.decode(s, each),
            },
            Encoding::Utf32 => match s {
                [0xff, 0xfe, 0, 0, rest @ ..] => marked(Encoding::Utf32Le, rest, 4, each),
                [0, 0, 0xfe, 0xff, rest @ ..] => marked(Encoding::Utf32Be, rest, 4, each),
                _ => Encoding::Utf32Be.decode(s, each),
            },
        }
    }

    /// Writes a character, if the encoding is one that TensorFlow writes.
    pub(super) fn encode(self, c: char, out: &mut Vec<u8>) {
        match self {
            Encoding::Utf16Be => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.extend(unit.to_be_bytes()));
            }
            Encoding::Utf32Be => out.extend((c as u32).to_be_bytes()),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }

    /// An error unless the encoding is one that TensorFlow writes.
    pub(super) fn check_output(self, op: &str) -> Result<()> {
        if matches!(self, Encoding::Utf8 | Encoding::Utf16Be | Encoding::Utf32Be) {
            return Ok(());
        }
        bail_value!("{op}: strings are written in UTF-8, UTF-16-BE or UTF-32-BE, not in {self:?}");
    }
}

/// The byte order mark belongs to the first character.
fn marked(encoding: Encoding, rest: &[u8], mark: usize, each: &mut dyn FnMut(Unit)) {
    let mut before = mark;
    encoding.decode(rest, &mut |(c, bytes)| each((c, bytes + std::mem::take(&mut before))));
}

fn utf16(s: &[u8], read: fn([u8; 2]) -> u16, each: &mut dyn FnMut(Unit)) {
    let (units, rest) = s.as_chunks::<2>();
    for decoded in char::decode_utf16(units.iter().map(|u| read(*u))) {
        each((decoded.as_ref().ok().copied(), decoded.map_or(2, |c| 2 * c.len_utf16())));
    }
    if !rest.is_empty() {
        each((None, rest.len()));
    }
}

fn utf32(s: &[u8], read: fn([u8; 4]) -> u32, each: &mut dyn FnMut(Unit)) {
    let (units, rest) = s.as_chunks::<4>();
    units.iter().for_each(|u| each((char::from_u32(read(*u)), 4)));
    if !rest.is_empty() {
        each((None, rest.len()));
    }
}
