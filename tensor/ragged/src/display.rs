//! Printing as TensorFlow prints: `<tf.RaggedTensor [[1, 2], [], [3]]>`.

use std::fmt;

use crate::{FlatValues, MaybeRagged, RaggedTensor};

impl<V: FlatValues> RaggedTensor<V> {
    /// The elements as nested lists: `[[1, 2], [], [3]]`.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // The last axis is the only one that `cut` does not turn into a partition, and there always is one.
        if let Ok((partitions, _)) = MaybeRagged::from(self).cut(self.rank() - 1) {
            let write = |text: &mut String, range: std::ops::Range<usize>| {
                rows(&partitions, range, text, &|text: &mut String, at| {
                    text.push_str(&self.flat_values().text(at))
                });
            };
            write(&mut text, 0..self.nrows());
        }
        text
    }
}

/// The items `range` of a level as a list; below the last partition they are elements.
fn rows(
    partitions: &[crate::RowPartition],
    range: std::ops::Range<usize>,
    text: &mut String,
    element: &dyn Fn(&mut String, usize),
) {
    text.push('[');
    for (i, at) in range.enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        match partitions.split_first() {
            Some((first, inner)) => rows(inner, first.row(at), text, element),
            None => element(text, at),
        }
    }
    text.push(']');
}

impl<V: FlatValues> fmt::Display for RaggedTensor<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<tf.RaggedTensor {}>", self.to_text())
    }
}

impl<V: FlatValues> fmt::Debug for RaggedTensor<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RaggedTensor{}", self.shape_text())
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::Tensor;

    use super::*;

    #[test]
    fn elements_print_as_python_prints_them() {
        let floats: RaggedTensor =
            RaggedTensor::from_rows(vec![vec![1.5f32, 2.0], vec![], vec![0.1, 1e-8]]).unwrap();
        assert_eq!(floats.to_string(), "<tf.RaggedTensor [[1.5, 2.0], [], [0.1, 1e-08]]>");
        let bools: RaggedTensor = RaggedTensor::from_rows(vec![vec![true, false], vec![]]).unwrap();
        assert_eq!(bools.to_string(), "<tf.RaggedTensor [[True, False], []]>");
        let pairs = Tensor::new([[0, 1], [2, 3]]).unwrap();
        let pairs = RaggedTensor::from_row_lengths(pairs, [0, 2]).unwrap();
        assert_eq!(pairs.to_string(), "<tf.RaggedTensor [[], [[0, 1], [2, 3]]]>");
        assert_eq!(format!("{pairs:?}"), "RaggedTensor(2, None, 2)");
    }
}
