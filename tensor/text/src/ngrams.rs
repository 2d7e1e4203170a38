//! Runs of neighbouring strings.

use gradus_ragged::RaggedTensor;
use gradus_tensor::{Result, bail_shape, bail_value};

use crate::join::concatenate;
use crate::pieces::Pieces;
use crate::{StringBuilder, StringTensor};

/// Wider runs are a mistake: a padded row gives as many of them as they are wide.
const MAX_WIDTH: usize = 1 << 12;

/// Which runs to make: see [`StringTensor::ngrams`].
#[derive(Clone, Debug)]
pub struct NGrams {
    widths: Vec<usize>,
    separator: Vec<u8>,
    pad: Option<(Vec<u8>, Vec<u8>)>,
    padding_width: Option<usize>,
    preserve_short_sequences: bool,
}

impl NGrams {
    /// Runs of that many strings.
    pub fn new(width: usize) -> NGrams {
        NGrams::of_widths([width])
    }

    /// First all runs of the first width, then all of the second, and so on.
    pub fn of_widths(widths: impl Into<Vec<usize>>) -> NGrams {
        NGrams {
            widths: widths.into(),
            separator: b" ".to_vec(),
            pad: None,
            padding_width: None,
            preserve_short_sequences: false,
        }
    }

    /// What stands between the strings of a run. Default: a space.
    #[must_use]
    pub fn separator(mut self, separator: impl AsRef<[u8]>) -> NGrams {
        self.separator = separator.as_ref().to_vec();
        self
    }

    /// What stands in for strings before the first and after the last. Default: runs stay inside.
    #[must_use]
    pub fn pad_values(mut self, left: impl AsRef<[u8]>, right: impl AsRef<[u8]>) -> NGrams {
        self.pad = Some((left.as_ref().to_vec(), right.as_ref().to_vec()));
        self
    }

    /// How many of them stand on each side, at most one less than the width, which is the default.
    #[must_use]
    pub fn padding_width(mut self, strings: usize) -> NGrams {
        self.padding_width = Some(strings);
        self
    }

    /// Whether a row that is too short for any run gives one of all its strings. Default: false.
    #[must_use]
    pub fn preserve_short_sequences(mut self, yes: bool) -> NGrams {
        self.preserve_short_sequences = yes;
        self
    }

    fn check(&self) -> Result<()> {
        if self.widths.iter().any(|w| !(1..=MAX_WIDTH).contains(w)) {
            bail_value!("ngrams: widths must lie in 1..={MAX_WIDTH}, found {:?}", self.widths);
        }
        match (self.padding_width, &self.pad) {
            (Some(0), _) => bail_value!("ngrams: padding_width must be at least 1"),
            (Some(_), None) => bail_value!("ngrams: padding_width without pad_values"),
            _ => Ok(()),
        }
    }

    fn padding(&self, width: usize) -> usize {
        match self.pad {
            Some(_) => self.padding_width.unwrap_or(usize::MAX).min(width - 1),
            None => 0,
        }
    }

    /// The runs of one row.
    fn run(&self, row: &[&[u8]], out: &mut StringBuilder) {
        let before = out.len();
        for &width in &self.widths {
            let padding = self.padding(width);
            let count = (row.len() + 2 * padding + 1).saturating_sub(width);
            (0..count).for_each(|i| self.one(row, i, width, padding, out));
        }
        if self.preserve_short_sequences && out.len() == before && !row.is_empty() {
            let padding = if self.pad.is_some() { self.padding_width.unwrap_or(0) } else { 0 };
            self.one(row, 0, row.len() + 2 * padding, padding, out);
        }
    }

    /// The run that begins `at` strings after the first padding.
    fn one(&self, row: &[&[u8]], at: usize, width: usize, padding: usize, out: &mut StringBuilder) {
        let (left, right) = self.pad.as_ref().map_or((&[][..], &[][..]), |(l, r)| (&l[..], &r[..]));
        let part = |i: usize| match i.checked_sub(padding) {
            None => left,
            Some(i) => row.get(i).copied().unwrap_or(right),
        };
        out.push_with(|out| concatenate((at..at + width).map(part), &self.separator, out));
    }
}

impl StringTensor {
    /// All runs of neighbouring strings in a vector.
    ///
    /// ```
    /// # use gradus_text::{NGrams, StringTensor};
    /// let words = StringTensor::new(["a", "b", "c"])?;
    /// assert_eq!(words.ngrams(&NGrams::new(2))?.to_strings()?, ["a b", "b c"]);
    /// let padded = words.ngrams(&NGrams::new(3).pad_values("<", ">").padding_width(1))?;
    /// assert_eq!(padded.to_strings()?, ["< a b", "a b c", "b c >"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// In a tensor of higher rank, the runs along its last axis. Errors for a scalar, a width of 0, and a padding width of
    /// 0 or without pad values.
    pub fn ngrams(&self, which: &NGrams) -> Result<StringTensor> {
        which.check()?;
        let Some((&last, outer)) = self.shape().split_last() else {
            bail_shape!("ngrams: expected at least a vector, found a scalar");
        };
        let mut strings = StringBuilder::new();
        let mut count = 0;
        if self.is_empty() {
            // TensorFlow pads no row when there are no strings at all.
            return strings.finish([outer, &[0]].concat());
        }
        for r in 0..outer.iter().product() {
            let row: Vec<&[u8]> = (r * last..(r + 1) * last).map(|i| self.at(i)).collect();
            let before = strings.len();
            which.run(&row, &mut strings);
            count = strings.len() - before;
        }
        strings.finish([outer, &[count]].concat())
    }

    /// All runs within each innermost row.
    pub fn ngrams_of_rows(
        rows: &RaggedTensor<StringTensor>,
        which: &NGrams,
    ) -> Result<RaggedTensor<StringTensor>> {
        which.check()?;
        let values = rows.flat_values();
        if values.rank() != 1 {
            bail_shape!("ngrams: expected rows of strings, found flat values of shape {}", values.shape());
        }
        let (mut strings, mut pieces) = (StringBuilder::new(), Pieces::new());
        for span in Pieces::innermost(rows).windows(2) {
            let row: Vec<&[u8]> = (span[0] as usize..span[1] as usize).map(|i| values.at(i)).collect();
            // TensorFlow pads no row when there are no strings at all.
            if !values.is_empty() {
                which.run(&row, &mut strings);
            }
            pieces.end_at(strings.len());
        }
        pieces.in_rows_of(rows, strings.finish_vector())
    }
}
