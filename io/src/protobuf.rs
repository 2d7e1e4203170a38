//! The wire format of protocol buffers, as far as TensorFlow's messages need it: no schema, no generated code.

use crate::error::{Error, Result};

/// A message being written, field by field. Fields with default values are left out by not calling anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn new() -> Message {
        Message::default()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u32, wire: u64) {
        self.raw_varint(u64::from(field) << 3 | wire);
    }

    /// An integer, bool or enum. Negative numbers are sign-extended: cast them to i64 and then to u64.
    pub(crate) fn varint(mut self, field: u32, value: u64) -> Message {
        self.key(field, 0);
        self.raw_varint(value);
        self
    }

    pub(crate) fn double(mut self, field: u32, value: f64) -> Message {
        self.key(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn fixed32(mut self, field: u32, value: u32) -> Message {
        self.key(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, field: u32, value: &[u8]) -> Message {
        self.key(field, 2);
        self.raw_varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn string(self, field: u32, value: &str) -> Message {
        self.bytes(field, value.as_bytes())
    }

    pub(crate) fn message(self, field: u32, value: Message) -> Message {
        self.bytes(field, &value.0)
    }

    /// An entry of a map from text to messages.
    pub(crate) fn entry(self, field: u32, key: &str, value: Message) -> Message {
        self.message(field, Message::new().string(1, key).message(2, value))
    }
}

/// The value of a field as it lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

impl<'a> Value<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::corrupt("a number where bytes belong")),
        }
    }

    pub(crate) fn text(self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::corrupt("text that is not UTF-8"))
    }

    pub(crate) fn integer(self) -> Result<u64> {
        match self {
            Value::Varint(value) => Ok(value),
            _ => Err(Error::corrupt("bytes where an integer belongs")),
        }
    }

    pub(crate) fn double(self) -> Result<f64> {
        match self {
            Value::Fixed64(bytes) => Ok(f64::from_le_bytes(bytes)),
            _ => Err(Error::corrupt("something else where a double belongs")),
        }
    }
}

/// The fields of a message in the order of the wire.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Fields<'a> {
        Fields(message)
    }

    /// The next field number and value.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = take_varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Varint(take_varint(&mut self.0)?),
            1 => Value::Fixed64(self.array()?),
            2 => {
                let len = take_varint(&mut self.0)?;
                let bytes = usize::try_from(len).ok().and_then(|len| self.0.split_at_checked(len));
                let (bytes, rest) = bytes.ok_or_else(|| {
                    Error::truncated(format!("a field of {len} bytes, {} are left", self.0.len()))
                })?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(self.array()?),
            wire => return Err(Error::corrupt(format!("the wire type {wire}"))),
        };
        match key >> 3 {
            0 => Err(Error::corrupt("field number 0")),
            field => Ok(Some((field, value))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) =
            self.0.split_first_chunk().ok_or_else(|| Error::truncated("a number is cut off"))?;
        self.0 = rest;
        Ok(*array)
    }
}

/// Takes a varint off the front.
pub(crate) fn take_varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for (i, &b) in bytes.iter().enumerate().take(10) {
        let part = u64::from(b & 0x7f);
        if i == 9 && part > 1 {
            return Err(Error::corrupt("an integer of more than 64 bits"));
        }
        value |= part << (7 * i);
        if b < 0x80 {
            *bytes = &bytes[i + 1..];
            return Ok(value);
        }
    }
    Err(Error::truncated("an integer without an end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back() {
        let message = Message::new()
            .varint(1, 300)
            .varint(2, -1i64 as u64)
            .double(3, 0.1)
            .string(16, "ü")
            .message(2000, Message::new());
        let bytes = message.into_bytes();
        let mut fields = Fields::new(&bytes);
        let mut next = || fields.next().unwrap();
        assert_eq!(next(), Some((1, Value::Varint(300))));
        assert_eq!(next(), Some((2, Value::Varint(u64::MAX))));
        assert_eq!(next(), Some((3, Value::Fixed64(0.1f64.to_le_bytes()))));
        assert_eq!(next(), Some((16, Value::Bytes("ü".as_bytes()))));
        assert_eq!(next(), Some((2000, Value::Bytes(&[]))));
        assert_eq!(next(), None);
    }

    #[test]
    fn broken_messages() {
        for bytes in [
            &[0x08][..],
            &[0x80],
            &[0x0a, 5, 1],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            &[0x09, 1, 2],
            &[0x0d, 1],
            &[0x0b],
            &[0x02, 0],
            &[0x00, 0],
        ] {
            assert!(Fields::new(bytes).next().is_err(), "{bytes:02x?}");
        }
    }
}
