//! Nested Rust values in, nested Rust values out.

use gradus_tensor::{Element, Error, Result, Tensor};

use crate::{FlatValues, FromItems, MaybeRagged, RaggedTensor, RowPartition};

/// Nested Rust lists whose innermost items are values: `Vec<Vec<i32>>`, `[&[f32]; 3]`, `Vec<Vec<Vec<&str>>>`.
pub trait NestedRows {
    /// The item at the bottom.
    type Item;
    /// How many lists enclose an item.
    const DEPTH: usize;
    /// Appends the items, and per list level, outermost first, the lengths of its lists.
    fn flatten(&self, lengths: &mut [Vec<i64>], items: &mut Vec<Self::Item>);
}

macro_rules! leaf {
    ($($t:ty)*) => {$(
        impl NestedRows for $t {
            type Item = $t;
            const DEPTH: usize = 0;
            fn flatten(&self, _: &mut [Vec<i64>], items: &mut Vec<$t>) {
                items.push(self.clone());
            }
        }
    )*};
}
leaf!(f32 f64 gradus_tensor::f16 gradus_tensor::bf16 i8 i16 i32 i64 u8 u16 u32 u64 bool
    gradus_tensor::Complex<f32> gradus_tensor::Complex<f64> String);

impl<'a> NestedRows for &'a str {
    type Item = &'a str;
    const DEPTH: usize = 0;
    fn flatten(&self, _: &mut [Vec<i64>], items: &mut Vec<&'a str>) {
        items.push(self);
    }
}

impl<N: NestedRows> NestedRows for [N] {
    type Item = N::Item;
    const DEPTH: usize = N::DEPTH + 1;
    fn flatten(&self, lengths: &mut [Vec<i64>], items: &mut Vec<N::Item>) {
        lengths[0].push(self.len() as i64);
        self.iter().for_each(|row| row.flatten(&mut lengths[1..], items));
    }
}

impl<N: NestedRows, const L: usize> NestedRows for [N; L] {
    type Item = N::Item;
    const DEPTH: usize = N::DEPTH + 1;
    fn flatten(&self, lengths: &mut [Vec<i64>], items: &mut Vec<N::Item>) {
        self.as_slice().flatten(lengths, items);
    }
}

impl<N: NestedRows> NestedRows for Vec<N> {
    type Item = N::Item;
    const DEPTH: usize = N::DEPTH + 1;
    fn flatten(&self, lengths: &mut [Vec<i64>], items: &mut Vec<N::Item>) {
        self.as_slice().flatten(lengths, items);
    }
}

impl<N: NestedRows> NestedRows for &[N] {
    type Item = N::Item;
    const DEPTH: usize = N::DEPTH + 1;
    fn flatten(&self, lengths: &mut [Vec<i64>], items: &mut Vec<N::Item>) {
        (**self).flatten(lengths, items);
    }
}

/// The items of a ragged tensor as nested lists.
#[derive(Clone, Debug, PartialEq)]
pub enum List<T> {
    /// One element.
    Item(T),
    /// The rows of an axis.
    Rows(Vec<List<T>>),
}

impl<V: FlatValues> RaggedTensor<V> {
    /// A ragged tensor from nested lists; all axes but the first are ragged (`tf.ragged.constant`).
    ///
    /// Errors when the lists do not nest at least twice.
    pub fn from_rows<N: NestedRows>(rows: N) -> Result<RaggedTensor<V>>
    where
        V: FromItems<N::Item>,
    {
        if N::DEPTH < 2 {
            return Err(Error::shape(format!(
                "from_rows: expected lists in a list, found depth {}",
                N::DEPTH
            )));
        }
        let mut lengths = vec![Vec::new(); N::DEPTH];
        let mut items = Vec::new();
        rows.flatten(&mut lengths, &mut items);
        let partitions =
            lengths[1..].iter().map(|l| RowPartition::from_row_lengths(l)).collect::<Result<Vec<_>>>()?;
        RaggedTensor::from_partitions(V::from_items(items)?, partitions)
    }
}

impl RaggedTensor {
    /// The elements as nested lists, one level per axis. Errors when `T` is not the dtype.
    pub fn to_list<T: Element>(&self) -> Result<List<T>> {
        let items = self.flat_values().as_slice::<T>()?;
        let mut level: Vec<List<T>> = items.iter().copied().map(List::Item).collect();
        let (partitions, flat) = MaybeRagged::from(self).cut(self.rank() - 1)?;
        debug_assert_eq!(flat.rank(), 1);
        for partition in partitions.iter().rev() {
            let mut values = level.into_iter();
            level = (0..partition.nrows())
                .map(|row| List::Rows(values.by_ref().take(partition.row(row).len()).collect()))
                .collect();
        }
        Ok(List::Rows(level))
    }

    /// The elements of each outermost row, with what is nested inside of a row in row-major order.
    pub fn to_rows<T: Element>(&self) -> Result<Vec<Vec<T>>> {
        let items: &[T] = self.flat_values().as_slice()?;
        let per_value: usize = self.flat_values().shape().dims()[1..].iter().product();
        let place = |mut value: usize| {
            for partition in &self.partitions()[1..] {
                value = partition.row_splits()[value] as usize;
            }
            value * per_value
        };
        Ok((0..self.nrows())
            .map(|row| {
                let range = self.partitions()[0].row(row);
                items[place(range.start)..place(range.end)].to_vec()
            })
            .collect())
    }
}

impl MaybeRagged<Tensor> {
    /// Element type.
    pub fn dtype(&self) -> gradus_tensor::DType {
        self.flat_values().dtype()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_lists_go_in_and_come_out() {
        let r: RaggedTensor =
            RaggedTensor::from_rows(vec![vec![vec![1, 2], vec![]], vec![], vec![vec![3]]]).unwrap();
        assert_eq!(r.nested_row_splits(), [&[0, 2, 2, 3][..], &[0, 2, 2, 3]]);
        let item = |v: &[i32]| List::Rows(v.iter().copied().map(List::Item).collect());
        let want = List::Rows(vec![
            List::Rows(vec![item(&[1, 2]), item(&[])]),
            List::Rows(vec![]),
            List::Rows(vec![item(&[3])]),
        ]);
        assert_eq!(r.to_list::<i32>().unwrap(), want);
        assert_eq!(r.to_rows::<i32>().unwrap(), [vec![1, 2], vec![], vec![3]]);
        assert!(r.to_list::<f32>().is_err());
        assert!(RaggedTensor::<Tensor>::from_rows(vec![1, 2]).is_err());
    }
}
