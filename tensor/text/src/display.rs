//! Printing as TensorFlow prints: `tf.Tensor([b'a' b'b'], shape=(2,), dtype=string)`.
//!
//! The layout is that of a NumPy array of byte strings: lines break at 75 characters, and above 1000 elements only the
//! first and last three along each axis appear.

use std::fmt;

use crate::StringTensor;

const THRESHOLD: usize = 1000;
const EDGE: usize = 3;
const LINE: usize = 75;

impl StringTensor {
    /// The elements as `str` of a NumPy array: `[b'a' b'b']`, `b'a'` for a scalar.
    pub fn to_text(&self) -> String {
        if self.rank() == 0 {
            return python_bytes(self.at(0));
        }
        if self.is_empty() {
            return "[]".to_string();
        }
        let mut next = 0;
        self.level(0, 1, LINE, &mut next)
    }

    /// The bracketed text of one slice along `axis`, whose first element is number `next`; lines after its first are
    /// indented by a space per open bracket.
    fn level(&self, axis: usize, indent: usize, width: usize, next: &mut usize) -> String {
        let items = shown(self.shape()[axis], self.len() > THRESHOLD);
        let stride: usize = self.shape()[axis + 1..].iter().product();
        let start = *next;
        let hanging = " ".repeat(indent);
        let left = self.rank() - axis;
        let mut text = String::new();
        let mut line = hanging.clone();
        for (k, item) in items.iter().enumerate() {
            let last = k + 1 == items.len();
            *next = start + item.unwrap_or(0) * stride;
            if left > 1 {
                text.push_str(&hanging);
                match item {
                    Some(_) => text.push_str(&self.level(axis + 1, indent + 1, width - 1, next)),
                    None => text.push_str("..."),
                }
                if !last {
                    text.push_str(&"\n".repeat(left - 1));
                }
                continue;
            }
            let word = item.map_or("...".to_string(), |_| python_bytes(self.at(*next)));
            if line.len() + word.len() > width - 1 && line.len() > indent {
                text.push_str(line.trim_end());
                text.push('\n');
                line.clone_from(&hanging);
            }
            line.push_str(&word);
            if !last {
                line.push(' ');
            }
        }
        if left == 1 {
            text.push_str(&line);
        }
        format!("[{}]", &text[indent..])
    }
}

/// What is shown along an axis: every position, or the first and last few around a gap.
fn shown(n: usize, summary: bool) -> Vec<Option<usize>> {
    if !summary || n <= 2 * EDGE {
        return (0..n).map(Some).collect();
    }
    (0..EDGE).map(Some).chain([None]).chain((n - EDGE..n).map(Some)).collect()
}

/// Bytes as Python's `repr` writes them: `b'caf\xc3\xa9'`.
pub(crate) fn python_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = format!("b{quote}");
    for &b in bytes {
        match b {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b if char::from(b) == quote => text.extend(['\\', quote]),
            b' '..=b'~' => text.push(char::from(b)),
            b => text.push_str(&format!("\\x{b:02x}")),
        }
    }
    text.push(quote);
    text
}

impl fmt::Display for StringTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_text();
        let line = if text.contains('\n') { "\n" } else { "" };
        let shape = match self.shape().dims() {
            [one] => format!("({one},)"),
            dims => format!("({})", dims.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
        };
        write!(f, "tf.Tensor({line}{text}, shape={shape}, dtype=string)")
    }
}

impl fmt::Debug for StringTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StringTensor({})", self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_tensorflow_prints() {
        let cases = [
            (StringTensor::scalar("é'"), r#"tf.Tensor(b"\xc3\xa9'", shape=(), dtype=string)"#),
            (StringTensor::new(["a", "b\n"]).unwrap(), r"tf.Tensor([b'a' b'b\n'], shape=(2,), dtype=string)"),
            (
                StringTensor::new([["a", "b"], ["", "d"]]).unwrap(),
                "tf.Tensor(\n[[b'a' b'b']\n [b'' b'd']], shape=(2, 2), dtype=string)",
            ),
            (StringTensor::empty([0, 3]).unwrap(), "tf.Tensor([], shape=(0, 3), dtype=string)"),
        ];
        for (tensor, want) in cases {
            assert_eq!(tensor.to_string(), want);
        }
        let long: StringTensor = (0..1001).map(|i| i.to_string()).collect();
        assert_eq!(long.to_text(), "[b'0' b'1' b'2' ... b'998' b'999' b'1000']");
    }
}
