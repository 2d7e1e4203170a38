//! Where an iterator stands, as data: saved in the middle of an epoch and continued later.
//!
//! A state is a tree in the shape of the pipeline: every stage writes its name, a few numbers and the
//! states of its inputs. It never holds elements. A stage that holds elements (a shuffle buffer, a
//! window) writes how far it was, and on restoring it reads those elements again from its input.

use std::borrow::Cow;

use crate::crc32c::crc32c;
use crate::error::{DataError, ErrorKind, Result};

/// The position of an iterator inside its pass, to be kept in a checkpoint.
///
/// [`to_bytes`](Self::to_bytes) and [`from_bytes`](Self::from_bytes) make it a file; the feature
/// `serde` makes it part of a larger one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IteratorState {
    stage: Cow<'static, str>,
    words: Vec<u64>,
    inputs: Vec<IteratorState>,
}

const MAGIC: &[u8; 4] = b"GIS1";
/// Deeper nesting than any pipeline; bounds the recursion on hostile bytes.
const MAX_DEPTH: usize = 256;

impl IteratorState {
    /// A state of the named stage, without numbers or inputs.
    pub fn of(stage: &'static str) -> Self {
        IteratorState { stage: Cow::Borrowed(stage), words: Vec::new(), inputs: Vec::new() }
    }

    /// With one more number.
    pub fn word(mut self, word: u64) -> Self {
        self.words.push(word);
        self
    }

    /// With more numbers.
    pub fn words(mut self, words: impl IntoIterator<Item = u64>) -> Self {
        self.words.extend(words);
        self
    }

    /// With one more input.
    pub fn input(mut self, input: IteratorState) -> Self {
        self.inputs.push(input);
        self
    }

    /// Checks that this state was written by the named stage, with at least so many numbers and inputs.
    pub fn expect(&self, stage: &str, words: usize, inputs: usize) -> Result<&Self> {
        let wrong = |message: String| Err(DataError::new(ErrorKind::State, message));
        if self.stage != stage {
            return wrong(format!(
                "restore: the state was saved by `{}`, the pipeline has `{stage}` there",
                self.stage
            ));
        }
        if self.words.len() < words || self.inputs.len() < inputs {
            return wrong(format!(
                "restore: the state of `{stage}` has {} numbers and {} inputs, expected {words} and {inputs}",
                self.words.len(),
                self.inputs.len()
            ));
        }
        Ok(self)
    }

    /// The number at this position, 0 if absent.
    pub fn number(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or(0)
    }

    /// All numbers.
    pub fn numbers(&self) -> &[u64] {
        &self.words
    }

    /// The states of the inputs.
    pub fn children(&self) -> &[IteratorState] {
        &self.inputs
    }

    /// The state as bytes: a magic number, the tree, and a CRC-32C of both.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        self.write(&mut out);
        let crc = crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::State`] if the bytes are cut, changed, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bad = |what: &str| DataError::new(ErrorKind::State, format!("iterator state: {what}"));
        let (body, crc) = bytes
            .split_last_chunk::<4>()
            .filter(|(b, _)| b.starts_with(MAGIC))
            .ok_or_else(|| bad("not a saved state"))?;
        if crc32c(body) != u32::from_le_bytes(*crc) {
            return Err(bad("checksum differs"));
        }
        let mut rest = &body[MAGIC.len()..];
        let state = Self::read(&mut rest, MAX_DEPTH).ok_or_else(|| bad("cut short"))?;
        if rest.is_empty() { Ok(state) } else { Err(bad("bytes left over")) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.stage.len() as u32).to_le_bytes());
        out.extend_from_slice(self.stage.as_bytes());
        out.extend_from_slice(&(self.words.len() as u32).to_le_bytes());
        for w in &self.words {
            out.extend_from_slice(&w.to_le_bytes());
        }
        out.extend_from_slice(&(self.inputs.len() as u32).to_le_bytes());
        for i in &self.inputs {
            i.write(out);
        }
    }

    fn read(rest: &mut &[u8], depth: usize) -> Option<Self> {
        fn count(rest: &mut &[u8]) -> Option<usize> {
            let (head, tail) = rest.split_first_chunk::<4>()?;
            *rest = tail;
            usize::try_from(u32::from_le_bytes(*head)).ok()
        }
        if depth == 0 {
            return None;
        }
        let (name, tail) = {
            let n = count(rest)?;
            rest.split_at_checked(n)?
        };
        *rest = tail;
        let stage = Cow::Owned(std::str::from_utf8(name).ok()?.to_owned());
        let n = count(rest)?;
        let mut words = Vec::with_capacity(n.min(rest.len() / 8));
        for _ in 0..n {
            let (head, tail) = rest.split_first_chunk::<8>()?;
            *rest = tail;
            words.push(u64::from_le_bytes(*head));
        }
        let n = count(rest)?;
        let mut inputs = Vec::with_capacity(n.min(rest.len() / 12));
        for _ in 0..n {
            inputs.push(Self::read(rest, depth - 1)?);
        }
        Some(IteratorState { stage, words, inputs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip_and_every_flipped_bit_is_found() {
        let state = IteratorState::of("batch").word(3).input(IteratorState::of("range").words([1, u64::MAX]));
        let bytes = state.to_bytes();
        assert_eq!(IteratorState::from_bytes(&bytes).unwrap(), state);
        for bit in 0..bytes.len() * 8 {
            let mut hurt = bytes.clone();
            hurt[bit / 8] ^= 1 << (bit % 8);
            assert!(IteratorState::from_bytes(&hurt).is_err(), "bit {bit} flipped unnoticed");
        }
        for n in 0..bytes.len() {
            assert!(IteratorState::from_bytes(&bytes[..n]).is_err(), "cut at {n} unnoticed");
        }
    }
}
