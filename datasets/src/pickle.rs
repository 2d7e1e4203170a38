//! Lists of integers out of a pickled NumPy object array, by a list of allowed instructions.
//!
//! `imdb.npz` and `reuters.npz` hold their texts as arrays of Python lists, which NumPy can only save as a pickle: a
//! program for a small stack machine that may call any Python function. This reader is that machine cut down to
//! what such an array needs. It knows 32 of the instructions and three names (`numpy.ndarray`, `numpy.dtype` and
//! `_reconstruct`), none of which it calls: they only mark where the array and its element type are described. Any
//! other instruction or name is an error.
//!
//! Every count is bounded: the stack by 2^20 values, remembered values by 2^22, and the integers of the result by the
//! number of bytes, because a pickle may refer to one list a million times.

use crate::error::{Error, ErrorKind, Result};

const MAX_STACK: usize = 1 << 20;
const MAX_MEMO: usize = 1 << 22;

/// A value on the stack. Tuples and lists live in arenas, as a pickle may refer to them more than once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Mark,
    None,
    Bool(bool),
    Int(i32),
    /// Bytes or text: where it stands in the stream.
    Text(u32, u32),
    Tuple(u32),
    List(u32),
    Name(Name),
    Dtype,
    Array,
}

/// The names that may occur.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    Reconstruct,
    NdArray,
    Dtype,
}

/// Most lists hold integers alone, and then four bytes each are enough.
enum List {
    Ints(Vec<i32>),
    Values(Vec<Value>),
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    place: &'a str,
    stack: Vec<Value>,
    memo: Vec<Value>,
    tuples: Vec<Vec<Value>>,
    lists: Vec<List>,
    /// The number of rows and the list of them, once the array is described.
    array: Option<(usize, u32)>,
}

/// Reads the pickle of an object array with `count` elements, each a list of integers.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for instructions, names and values that such an array does not need,
/// [`ErrorKind::Corrupt`] for a broken program or another number of elements, [`ErrorKind::TooLarge`] past a bound.
pub(crate) fn read_lists(bytes: &[u8], count: usize, place: &str) -> Result<Vec<Vec<i32>>> {
    // Positions are kept as u32.
    if bytes.len() > u32::MAX as usize {
        return Err(Error::new(ErrorKind::TooLarge, format!("{place}: a pickle of more than 4 GiB")));
    }
    let mut machine = Machine {
        bytes,
        at: 0,
        place,
        stack: Vec::new(),
        memo: Vec::new(),
        tuples: Vec::new(),
        lists: Vec::new(),
        array: None,
    };
    machine.run()?;
    machine.rows(count)
}

impl Machine<'_> {
    fn corrupt(&self, found: &str) -> Error {
        Error::corrupt(self.place, "a pickled array", format!("{found} at byte {} of the pickle", self.at))
    }

    fn refuse(&self, what: &str) -> Error {
        let text = format!(
            "{}: refused {what} at byte {} of the pickle; only lists of integers are read from pickled arrays",
            self.place, self.at
        );
        Error::new(ErrorKind::Unsupported, text)
    }

    fn run(&mut self) -> Result<()> {
        loop {
            let opcode = self.take(1)?[0];
            match opcode {
                // PROTO, FRAME: the protocol's number, and the size of the next stretch, which says nothing new.
                0x80 => match self.take(1)?[0] {
                    2..=5 => {}
                    _ => return Err(self.corrupt("an unknown protocol")),
                },
                0x95 => _ = self.take(8)?,
                b'c' => {
                    let module = self.line()?;
                    let name = self.line()?;
                    let name = self.name(module, name)?;
                    self.push(Value::Name(name))?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Value::Text(..), Value::Text(..)) = (module, name) else {
                        return Err(self.corrupt("a name that is no text"));
                    };
                    let name = self.name(module, name)?;
                    self.push(Value::Name(name))?;
                }
                b'R' => self.reduce()?,
                b'b' => self.build()?,
                b'(' => self.push(Value::Mark)?,
                b')' => self.push_tuple(Vec::new())?,
                0x85..=0x87 => {
                    let count = usize::from(opcode - 0x84);
                    let start =
                        self.stack.len().checked_sub(count).ok_or_else(|| self.corrupt("an empty stack"))?;
                    let values = self.stack.split_off(start);
                    self.push_tuple(values)?;
                }
                b't' => {
                    let values = self.since_mark()?;
                    self.push_tuple(values)?;
                }
                b']' => {
                    let list = self.lists.len() as u32;
                    self.lists.push(List::Ints(Vec::new()));
                    self.push(Value::List(list))?;
                }
                b'a' => {
                    let value = self.pop()?;
                    self.extend(&[value])?;
                }
                b'e' => {
                    let values = self.since_mark()?;
                    self.extend(&values)?;
                }
                b'K' => {
                    let value = i32::from(self.take(1)?[0]);
                    self.push(Value::Int(value))?;
                }
                b'M' => {
                    let value = i32::from(u16::from_le_bytes(self.array()?));
                    self.push(Value::Int(value))?;
                }
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.push(Value::Int(value))?;
                }
                // LONG1: a little-endian number of any length.
                0x8a => {
                    let count = usize::from(self.take(1)?[0]);
                    let digits = self.take(count)?;
                    let value = digits.iter().rev().try_fold(
                        if digits.last().is_some_and(|top| top & 0x80 != 0) { -1_i64 } else { 0 },
                        |value, &digit| value.checked_mul(256).map(|value| value | i64::from(digit)),
                    );
                    match value.map(i32::try_from) {
                        Some(Ok(value)) => self.push(Value::Int(value))?,
                        _ => return Err(self.refuse("an integer beyond 32 bits")),
                    }
                }
                b'X' | b'B' | b'T' => {
                    let size = u32::from_le_bytes(self.array()?);
                    self.push_text(size)?;
                }
                0x8c | b'C' | b'U' => {
                    let size = u32::from(self.take(1)?[0]);
                    self.push_text(size)?;
                }
                b'N' => self.push(Value::None)?,
                0x88 => self.push(Value::Bool(true))?,
                0x89 => self.push(Value::Bool(false))?,
                b'q' => {
                    let index = usize::from(self.take(1)?[0]);
                    self.put(index)?;
                }
                b'r' => {
                    let index = u32::from_le_bytes(self.array()?) as usize;
                    self.put(index)?;
                }
                0x94 => self.put(self.memo.len())?,
                b'h' => {
                    let index = usize::from(self.take(1)?[0]);
                    self.get(index)?;
                }
                b'j' => {
                    let index = u32::from_le_bytes(self.array()?) as usize;
                    self.get(index)?;
                }
                b'.' => return self.stop(),
                _ => return Err(self.refuse(&format!("the instruction {opcode:02x}"))),
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        match self.bytes.get(self.at..self.at.saturating_add(count)) {
            Some(bytes) => {
                self.at += count;
                Ok(bytes)
            }
            None => Err(self.corrupt("an early end")),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A text up to the next line feed.
    fn line(&mut self) -> Result<Value> {
        let start = self.at;
        let end = self.bytes[start..].iter().take(100).position(|&byte| byte == b'\n');
        let size = end.ok_or_else(|| self.corrupt("a name without an end"))?;
        self.at += size + 1;
        Ok(Value::Text(start as u32, size as u32))
    }

    fn name(&self, module: Value, name: Value) -> Result<Name> {
        match (self.text(module), self.text(name)) {
            (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct") => Ok(Name::Reconstruct),
            (b"numpy", b"ndarray") => Ok(Name::NdArray),
            (b"numpy", b"dtype") => Ok(Name::Dtype),
            (module, name) => {
                let shown =
                    |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
                let full = format!("{}.{}", shown(module), shown(name));
                Err(self.refuse(&format!("the name {full:?}")))
            }
        }
    }

    fn text(&self, value: Value) -> &[u8] {
        match value {
            Value::Text(start, size) => &self.bytes[start as usize..start as usize + size as usize],
            _ => &[],
        }
    }

    fn push(&mut self, value: Value) -> Result<()> {
        if self.stack.len() >= MAX_STACK {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("{}: a pickle with more than 2^20 open values", self.place),
            ));
        }
        self.stack.push(value);
        Ok(())
    }

    fn push_text(&mut self, size: u32) -> Result<()> {
        let start = self.at as u32;
        self.take(size as usize)?;
        self.push(Value::Text(start, size))
    }

    fn push_tuple(&mut self, values: Vec<Value>) -> Result<()> {
        // An array and its element type need about ten.
        if self.tuples.len() >= 1000 {
            return Err(self.refuse("the thousandth tuple"));
        }
        self.tuples.push(values);
        self.push(Value::Tuple(self.tuples.len() as u32 - 1))
    }

    fn pop(&mut self) -> Result<Value> {
        match self.stack.pop() {
            Some(Value::Mark) | None => Err(self.corrupt("an empty stack")),
            Some(value) => Ok(value),
        }
    }

    fn since_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.stack.iter().rposition(|value| *value == Value::Mark);
        let mark = mark.ok_or_else(|| self.corrupt("no mark"))?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    /// Appends to the list on top of the stack.
    fn extend(&mut self, values: &[Value]) -> Result<()> {
        let Some(&Value::List(index)) = self.stack.last() else {
            return Err(self.corrupt("something else than a list to append to"));
        };
        for &value in values {
            match (&mut self.lists[index as usize], value) {
                (List::Ints(ints), Value::Int(int)) => ints.push(int),
                (List::Values(all), value) => all.push(value),
                (List::Ints(ints), value) => {
                    let ints = ints.iter().map(|&int| Value::Int(int));
                    self.lists[index as usize] = List::Values(ints.chain([value]).collect());
                }
            }
        }
        Ok(())
    }

    /// Remembers the value on top of the stack.
    fn put(&mut self, index: usize) -> Result<()> {
        let Some(&value) = self.stack.last() else { return Err(self.corrupt("an empty stack")) };
        // Picklers number what they remember without gaps.
        if index > self.memo.len() || index >= MAX_MEMO {
            return Err(self.corrupt("a remembered value with a number out of order"));
        }
        if index == self.memo.len() {
            self.memo.push(value);
        } else {
            self.memo[index] = value;
        }
        Ok(())
    }

    fn get(&mut self, index: usize) -> Result<()> {
        match self.memo.get(index) {
            Some(&value) => self.push(value),
            None => Err(self.corrupt("a value that was never remembered")),
        }
    }

    /// The two calls that describe an array: `_reconstruct(ndarray, (0,), b"b")` and `dtype("O8", False, True)`.
    fn reduce(&mut self) -> Result<()> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Value::Tuple(tuple) = arguments else { return Err(self.corrupt("a call without a tuple")) };
        let arguments = &self.tuples[tuple as usize];
        let made = match (callee, arguments.as_slice()) {
            (
                Value::Name(Name::Reconstruct),
                [Value::Name(Name::NdArray), Value::Tuple(_), Value::Text(..)],
            ) => Value::Array,
            (Value::Name(Name::Dtype), [kind @ Value::Text(..), ..])
                if self.text(*kind).starts_with(b"O") =>
            {
                Value::Dtype
            }
            _ => return Err(self.refuse("a call")),
        };
        self.push(made)
    }

    /// `(version, shape, dtype, is_fortran, rows)` for an array; for the element type, whatever NumPy notes.
    fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        let target = self.stack.last().copied();
        let Value::Tuple(tuple) = state else { return Err(self.corrupt("a state without a tuple")) };
        match (target, self.tuples[tuple as usize].as_slice()) {
            (Some(Value::Dtype), _) => Ok(()),
            (
                Some(Value::Array),
                &[
                    Value::Int(_),
                    Value::Tuple(shape),
                    Value::Dtype,
                    Value::Bool(_) | Value::Int(_),
                    Value::List(rows),
                ],
            ) if self.array.is_none() => match self.tuples[shape as usize].as_slice() {
                &[Value::Int(count)] if count >= 0 => {
                    self.array = Some((count as usize, rows));
                    Ok(())
                }
                _ => Err(self.refuse("an array of more than one dimension")),
            },
            _ => Err(self.refuse("a state")),
        }
    }

    fn stop(&mut self) -> Result<()> {
        if self.stack != [Value::Array] || self.array.is_none() {
            return Err(self.corrupt("something else than one array"));
        }
        if self.at != self.bytes.len() {
            return Err(self.corrupt("bytes behind the end"));
        }
        Ok(())
    }

    fn rows(mut self, count: usize) -> Result<Vec<Vec<i32>>> {
        let Some((announced, index)) = self.array else { return Err(self.corrupt("no array")) };
        let values = match std::mem::replace(&mut self.lists[index as usize], List::Ints(Vec::new())) {
            List::Values(values) => values,
            List::Ints(ints) if ints.is_empty() => Vec::new(),
            List::Ints(_) => return Err(self.refuse("integers in place of lists")),
        };
        if values.len() != count || announced != count {
            let found = format!("{} of {announced}", values.len());
            return Err(Error::corrupt(self.place, format!("{count} lists"), found));
        }
        let mut total = 0;
        let mut rows = Vec::with_capacity(count);
        for value in values {
            let Value::List(row) = value else { return Err(self.refuse("something else than a list")) };
            if row == index {
                return Err(self.refuse("a list in itself"));
            }
            let List::Ints(ints) = &self.lists[row as usize] else {
                return Err(self.refuse("something else than integers"));
            };
            total += ints.len();
            if total > self.bytes.len() {
                let text =
                    format!("{}: lists that are repeated to more integers than there are bytes", self.place);
                return Err(Error::new(ErrorKind::TooLarge, text));
            }
            rows.push(ints.clone());
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02U\x01bq\x03\x87q\x04Rq\x05";
    const DTYPE: &[u8] = b"cnumpy\ndtype\nq\x06U\x02O8q\x07K\x00K\x01\x87q\x08Rq\x09(K\x03U\x01|q\x0aNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0bb";

    /// The pickle of an array with this shape and these rows.
    fn pickled(shape: &[u8], rows: &[u8]) -> Vec<u8> {
        [HEAD, b"(K\x01", shape, DTYPE, b"\x89", rows, b"tq\x0cb."].concat()
    }

    #[test]
    fn reads_lists_of_integers() {
        let cases: [(&str, &[u8], &[u8], Vec<Vec<i32>>); 5] = [
            ("none", b"K\x00\x85", b"]", vec![]),
            ("two", b"K\x02\x85", b"](](K\x01M\x00\x01e]J\xff\xff\xff\xffae", vec![vec![1, 256], vec![-1]]),
            ("an empty one", b"K\x01\x85", b"]]a", vec![vec![]]),
            (
                "long integers",
                b"K\x01\x85",
                b"](](\x8a\x00\x8a\x01\xff\x8a\x03\x00\x00\x01\x8a\x05\x01\x00\x00\x00\x00ee",
                vec![vec![0, -1, 65_536, 1]],
            ),
            ("one list twice", b"K\x02\x85", b"](](K\x07eq\x0ch\x0ce", vec![vec![7], vec![7]]),
        ];
        for (case, shape, rows, expected) in cases {
            let found = read_lists(&pickled(shape, rows), expected.len(), "x")
                .unwrap_or_else(|e| panic!("{case}: {e}"));
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        use ErrorKind::{Corrupt, TooLarge, Unsupported};
        let one = |rows: &[u8]| pickled(b"K\x01\x85", rows);
        let many = [
            b"](](".to_vec(),
            b"K\x01".repeat(1000),
            b"eq\x0c".to_vec(),
            b"h\x0c".repeat(1000),
            b"e".to_vec(),
        ]
        .concat();
        let cases: Vec<(&str, Vec<u8>, usize, ErrorKind, &str)> = vec![
            ("a command", b"\x80\x02cos\nsystem\nU\x04true\x85R.".to_vec(), 1, Unsupported, "\"os.system\""),
            (
                "a command of protocol 4",
                b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.".to_vec(),
                1,
                Unsupported,
                "\"builtins.eval\"",
            ),
            (
                "a name with a dot",
                b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.ctp\x93.".to_vec(),
                1,
                Unsupported,
                "\"numpy.ndarray.ctp\"",
            ),
            ("an instance", b"\x80\x02(ios\nsystem\n.".to_vec(), 1, Unsupported, "the instruction 69"),
            ("an object by class", [HEAD, b"\x81."].concat(), 1, Unsupported, "the instruction 81"),
            ("a persistent name", b"\x80\x02Pevil\n.".to_vec(), 1, Unsupported, "the instruction 50"),
            ("an extension", b"\x80\x02\x82\x01.".to_vec(), 1, Unsupported, "the instruction 82"),
            ("a call of ndarray", b"\x80\x02cnumpy\nndarray\n)R.".to_vec(), 1, Unsupported, "a call"),
            (
                "another element type",
                b"\x80\x02cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R.".to_vec(),
                1,
                Unsupported,
                "a call",
            ),
            ("text in a list", one(b"](](U\x01aee"), 1, Unsupported, "else than integers"),
            ("floats in a list", one(b"](](G\0\0\0\0\0\0\0\0ee"), 1, Unsupported, "the instruction 47"),
            ("integers for lists", one(b"]K\x01a"), 1, Unsupported, "integers in place of lists"),
            ("two dimensions", pickled(b"K\x01K\x01\x86", b"]]a"), 1, Unsupported, "more than one dimension"),
            ("a large integer", one(b"](](\x8a\x05\0\0\0\0\x01ee"), 1, Unsupported, "beyond 32 bits"),
            ("a list in itself", one(b"]q\x0ch\x0ca"), 1, Unsupported, "a list in itself"),
            ("too few rows", one(b"]"), 1, Corrupt, "expected 1 lists, found 0 of 1"),
            ("another count", one(b"]]a"), 2, Corrupt, "expected 2 lists, found 1 of 1"),
            ("nothing", vec![], 1, Corrupt, "an early end"),
            ("no array", b"\x80\x02].".to_vec(), 1, Corrupt, "else than one array"),
            ("no state", [HEAD, b"."].concat(), 1, Corrupt, "else than one array"),
            ("bytes behind", [one(b"]]a"), vec![0]].concat(), 1, Corrupt, "bytes behind the end"),
            ("an empty stack", b"\x80\x02R.".to_vec(), 1, Corrupt, "an empty stack"),
            ("no mark", b"\x80\x02t.".to_vec(), 1, Corrupt, "no mark"),
            ("no memory", b"\x80\x02h\x05.".to_vec(), 1, Corrupt, "never remembered"),
            ("a gap in memory", b"\x80\x02]r\xff\xff\xff\x7f.".to_vec(), 1, Corrupt, "out of order"),
            ("a text of 4 GB", b"\x80\x02X\xff\xff\xff\xff.".to_vec(), 1, Corrupt, "an early end"),
            ("protocol 9", b"\x80\x09.".to_vec(), 1, Corrupt, "an unknown protocol"),
            (
                "one list a thousand times",
                pickled(b"M\xe9\x03\x85", &many),
                1001,
                TooLarge,
                "than there are bytes",
            ),
            ("two million marks", b"(".repeat(2 << 20), 1, TooLarge, "open values"),
            ("a thousand tuples", b")".repeat(2000), 1, Unsupported, "the thousandth tuple"),
        ];
        for (case, bytes, count, kind, text) in cases {
            let error = read_lists(&bytes, count, "x").expect_err(case);
            assert_eq!(error.kind(), kind, "{case}: {error}");
            assert!(
                error.to_string().starts_with("x: ") && error.to_string().contains(text),
                "{case}: {error}"
            );
        }
    }
}
