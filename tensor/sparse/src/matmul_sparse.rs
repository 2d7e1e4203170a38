//! A sparse matrix times a sparse one.

use gradus_tensor::{Error, Result, Shape, Tensor};

use crate::SparseTensor;
use crate::rows::Rows;

impl SparseTensor {
    /// The product with a sparse matrix: `[m, k] x [k, n]` gives a sparse `[m, n]`, sorted.
    ///
    /// There is an entry wherever a product of two entries falls, even when their sum is 0. Gradients flow to both values.
    /// Errors when inner dimensions or dtypes differ.
    pub fn matmul_sparse(&self, other: &SparseTensor) -> Result<SparseTensor> {
        let (a, b) = (self.matrix("matmul")?, other.matrix("matmul")?);
        if a[1] != b[0] {
            return Err(Error::shape(format!("matmul: inner dimensions differ: {a:?} x {b:?}")));
        }
        if self.dtype() != other.dtype() {
            let (x, y) = (self.dtype(), other.dtype());
            return Err(Error::dtype(format!("matmul: dtypes differ: {x} and {y}; convert one with `cast`")));
        }
        // Row by row: every pair of entries that meet, and the place of the result that their product goes to.
        let mut terms = Terms::default();
        Rows::with(&self.indices().view(), a[0], false, |left| {
            Rows::with(&other.indices().view(), b[0], false, |right| terms.collect(left, right, b[1]))
        });
        let index = |x: &[i64]| Tensor::from_slice(x, [x.len()]);
        let x = self.values().gather(&index(&terms.left)?, 0)?;
        let y = other.values().gather(&index(&terms.right)?, 0)?;
        let count = terms.places.len() / 2;
        let sums = x.mul(&y)?.unsorted_segment_sum(&index(&terms.sums)?, count)?;
        SparseTensor::from_parts(terms.places, sums, Shape::from([a[0], b[1]]))
    }
}

#[derive(Default)]
struct Terms {
    left: Vec<i64>,
    right: Vec<i64>,
    sums: Vec<i64>,
    places: Vec<i64>,
}

impl Terms {
    fn collect(&mut self, left: &Rows, right: &Rows, width: usize) {
        // Where the column's sum is, for columns that this row has met; `met` tells of which row that was.
        let (mut sum_of, mut met) = (vec![0i64; width], vec![usize::MAX; width]);
        let mut columns = Vec::new();
        for row in 0..left.height() {
            columns.clear();
            let entries = left.starts[row]..left.starts[row + 1];
            for e in entries.clone() {
                let inner = left.columns[e];
                for f in right.starts[inner]..right.starts[inner + 1] {
                    let column = right.columns[f];
                    if met[column] != row {
                        met[column] = row;
                        columns.push(column);
                    }
                }
            }
            columns.sort_unstable();
            for &column in &columns {
                sum_of[column] = (self.places.len() / 2) as i64;
                self.places.extend([row as i64, column as i64]);
            }
            for e in entries {
                let inner = left.columns[e];
                for f in right.starts[inner]..right.starts[inner + 1] {
                    self.left.push(left.values[e] as i64);
                    self.right.push(right.values[f] as i64);
                    self.sums.push(sum_of[right.columns[f]]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_dense_product() {
        let a = SparseTensor::from_entries([[0, 1], [2, 0], [2, 2]], vec![2, 3, 4], [3, 3]).unwrap();
        let b =
            SparseTensor::from_entries([[0, 3], [1, 0], [2, 3], [2, 1]], vec![5, 6, 7, 8], [3, 4]).unwrap();
        let found = a.matmul_sparse(&b).unwrap();
        assert_eq!(found.indices().to_vec::<i64>().unwrap(), [0, 0, 2, 1, 2, 3]);
        assert_eq!(found.values().to_vec::<i32>().unwrap(), [12, 32, 43]);
        assert!(b.matmul_sparse(&a).is_err());
    }
}
