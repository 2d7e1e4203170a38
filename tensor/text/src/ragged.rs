//! Strings as the values of ragged tensors, and the operations on those.

use gradus_ragged::{FlatValues, FromItems, RaggedTensor};
use gradus_tensor::{Result, bail_shape};

use crate::display::python_bytes;
use crate::pieces::Pieces;
use crate::{Split, StringBuilder, StringTensor};

impl FlatValues for StringTensor {
    fn dims(&self) -> &[usize] {
        self.shape().dims()
    }

    fn take(&self, rows: &[i64]) -> Result<StringTensor> {
        let inner: usize = self.shape()[1..].iter().product();
        let mut strings = StringBuilder::with_capacity(rows.len() * inner);
        for &row in rows {
            (row as usize * inner..(row as usize + 1) * inner).for_each(|i| strings.push(self.at(i)));
        }
        strings.finish(self.shape().replaced(0, rows.len()))
    }

    fn joined(parts: &[&StringTensor]) -> Result<StringTensor> {
        StringTensor::concat(parts, 0)
    }

    fn reshaped(&self, dims: &[usize]) -> Result<StringTensor> {
        self.reshape(dims)
    }

    fn blank(&self) -> Result<StringTensor> {
        Ok(StringTensor::scalar(b""))
    }

    fn same(&self, at: usize, other: &StringTensor, other_at: usize) -> Result<bool> {
        Ok(self.get(at) == other.get(other_at))
    }

    fn text(&self, at: usize) -> String {
        python_bytes(self.at(at))
    }

    fn array_text(&self) -> String {
        self.to_string()
    }
}

impl<T: AsRef<[u8]>> FromItems<T> for StringTensor {
    fn from_items(items: Vec<T>) -> Result<StringTensor> {
        Ok(items.into_iter().collect())
    }
}

impl StringTensor {
    /// The pieces of every string in rows, as one more ragged axis: [`split`](StringTensor::split) of ragged strings.
    pub fn split_rows(rows: &RaggedTensor<StringTensor>, how: &Split) -> Result<RaggedTensor<StringTensor>> {
        let flat = rows.flat_values();
        if flat.rank() != 1 {
            bail_shape!("split: expected rows of strings, found flat values of shape {}", flat.shape());
        }
        let (strings, pieces) = flat.split_flat(how);
        pieces.below(rows, strings)
    }

    /// The strings of each innermost row put together: [`reduce_join`](StringTensor::reduce_join) along a ragged axis.
    ///
    /// The result has one string per row, in the nested rows that are left: none when there was one ragged axis. As in
    /// TensorFlow, no separator stands before the first string that is not empty.
    pub fn join_rows(
        rows: &RaggedTensor<StringTensor>,
        separator: impl AsRef<[u8]>,
    ) -> Result<gradus_ragged::MaybeRagged<StringTensor>> {
        let flat = rows.flat_values();
        if flat.rank() != 1 {
            bail_shape!("join_rows: expected rows of strings, found flat values of shape {}", flat.shape());
        }
        let mut strings = StringBuilder::new();
        for span in Pieces::innermost(rows).windows(2) {
            strings.push_with(|out| {
                let start = out.len();
                for i in span[0] as usize..span[1] as usize {
                    if out.len() > start {
                        out.extend_from_slice(separator.as_ref());
                    }
                    out.extend_from_slice(flat.at(i));
                }
            });
        }
        let joined = strings.finish_vector();
        let outer = &rows.partitions()[..rows.partitions().len() - 1];
        Ok(match outer {
            [] => joined.into(),
            _ => RaggedTensor::from_partitions(joined, outer)?.into(),
        })
    }
}
