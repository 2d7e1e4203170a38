//! Strings into pieces.

use gradus_ragged::RaggedTensor;
use gradus_tensor::Result;
use memchr::memmem;

use crate::pieces::Pieces;
use crate::strip::is_space;
use crate::{StringBuilder, StringTensor};

/// How [`StringTensor::split`] cuts.
#[derive(Clone, Debug, Default)]
pub struct Split {
    separator: Vec<u8>,
    max_split: Option<usize>,
}

impl Split {
    /// Between runs of white space; white space at the ends is dropped.
    pub fn on_whitespace() -> Split {
        Split::default()
    }

    /// At every occurrence of `separator`; pieces between two may be empty. An empty separator means white space.
    pub fn on(separator: impl AsRef<[u8]>) -> Split {
        Split { separator: separator.as_ref().to_vec(), max_split: None }
    }

    /// At most that many cuts; the rest stays one piece. Default: no limit.
    #[must_use]
    pub fn max_split(mut self, cuts: usize) -> Split {
        self.max_split = Some(cuts);
        self
    }

    fn cut(&self, mut text: &[u8], pieces: &mut StringBuilder) {
        let mut left = self.max_split.unwrap_or(usize::MAX);
        if left == 0 {
            pieces.push(text);
        } else if self.separator.is_empty() {
            text = trim_start(text);
            while !text.is_empty() {
                let end = text.iter().position(|&b| is_space(b)).unwrap_or(text.len());
                pieces.push(&text[..end]);
                text = trim_start(&text[end..]);
                left -= 1;
                if left == 0 {
                    pieces.push(text);
                    return;
                }
            }
        } else {
            while left > 0
                && let Some(at) = memmem::find(text, &self.separator)
            {
                pieces.push(&text[..at]);
                text = &text[at + self.separator.len()..];
                left -= 1;
            }
            pieces.push(text);
        }
    }
}

/// Without white space at the beginning.
fn trim_start(text: &[u8]) -> &[u8] {
    &text[text.iter().position(|&b| !is_space(b)).unwrap_or(text.len())..]
}

impl StringTensor {
    /// The pieces of every element, as one more, ragged axis.
    ///
    /// ```
    /// # use gradus_text::{Split, StringTensor};
    /// let t = StringTensor::new(["a b", "", " c "])?;
    /// let pieces = t.split(&Split::on_whitespace())?;
    /// assert_eq!(pieces.row_splits(), [0, 2, 2, 3]);
    /// assert_eq!(pieces.flat_values().to_strings()?, ["a", "b", "c"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors for a scalar: see [`split_scalar`](StringTensor::split_scalar).
    pub fn split(&self, how: &Split) -> Result<RaggedTensor<StringTensor>> {
        let (strings, pieces) = self.split_flat(how);
        pieces.ragged("split", self.shape(), strings)
    }

    /// The pieces of a scalar, as a vector.
    pub fn split_scalar(&self, how: &Split) -> Result<StringTensor> {
        self.item()?;
        Ok(self.split_flat(how).0)
    }

    pub(crate) fn split_flat(&self, how: &Split) -> (StringTensor, Pieces) {
        let (mut strings, mut pieces) = (StringBuilder::new(), Pieces::new());
        for s in self.iter() {
            how.cut(s, &mut strings);
            pieces.end_at(strings.len());
        }
        (strings.finish_vector(), pieces)
    }

    /// The single bytes of every element, as one more, ragged axis.
    pub fn bytes_split(&self) -> Result<RaggedTensor<StringTensor>> {
        let (mut strings, mut pieces) = (StringBuilder::new(), Pieces::new());
        for s in self.iter() {
            s.iter().for_each(|&b| strings.push(&[b]));
            pieces.end_at(strings.len());
        }
        pieces.ragged("bytes_split", self.shape(), strings.finish_vector())
    }
}
