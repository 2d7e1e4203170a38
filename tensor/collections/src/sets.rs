//! Rows of values that stand for sets.

mod values;

use gradus_tensor::{DType, Error, Result, Shape, Tensor, bail_shape, bail_value};

pub use values::SetValues;

/// Sets as rows: along the last axis of an array lie the elements of a set, distinct and in ascending order.
///
/// Sets of numbers hold a [`Tensor`] of any integer dtype; with the feature `text`, sets of strings hold a `StringTensor`.
/// What TensorFlow gives as a sparse tensor is [`indices`](Sets::indices), [`values`](Sets::values) and
/// [`dense_shape`](Sets::dense_shape).
///
/// ```
/// use gradus_collections::Sets;
/// use gradus_tensor::Tensor;
/// let a = Sets::of_rows(&Tensor::new([[1, 2], [3, 3]])?)?;
/// let b = Sets::of_rows(&Tensor::new([[2, 4], [3, 5]])?)?;
/// assert_eq!(a.union(&b)?.to_dense(0)?.to_vec::<i32>()?, [1, 2, 4, 3, 5, 0]);
/// assert_eq!(a.intersection(&b)?.size()?.to_vec::<i32>()?, [1, 1]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sets<V = Tensor> {
    /// The axes that number the sets.
    outer: Shape,
    /// Set i is values `splits[i]..splits[i + 1]`.
    splits: Vec<usize>,
    values: V,
}

impl<V: SetValues> Sets<V> {
    /// The rows along the last axis of an array, each as a set; an element that occurs twice counts once.
    ///
    /// Errors for a scalar, and for values that are not integers or strings.
    pub fn of_rows(rows: &V) -> Result<Sets<V>> {
        let Some((&size, outer)) = rows.dims().split_last() else {
            bail_shape!("sets: expected at least a vector, found a scalar");
        };
        let keys = rows.keys()?;
        let count = outer.iter().product();
        let sets = (0..count).map(|r| keys[r * size..(r + 1) * size].to_vec());
        Sets::collect(outer.into(), sets, rows)
    }

    /// The rows along the last axis of a sparse array: `indices` is `[n, rank]` of i64, `values` has one element per
    /// index. Within a row only the presence of an element counts, not its position.
    ///
    /// Errors when indices and values differ in number, or an index lies outside of the shape.
    pub fn of_sparse(indices: &Tensor, values: &V, dense_shape: impl Into<Shape>) -> Result<Sets<V>> {
        let shape: Shape = dense_shape.into();
        let Some((_, outer)) = shape.split_last() else {
            bail_shape!("sets: expected at least a vector, found a scalar");
        };
        let [n, rank] = indices.dims::<2>()?;
        if rank != shape.rank() || values.dims() != [n] {
            bail_shape!(
                "sets: indices of shape {} and values of shape {:?} for a shape of rank {}",
                indices.shape(),
                values.dims(),
                shape.rank()
            );
        }
        let outer = Shape::from(outer);
        let strides = outer.strides();
        let mut sets = vec![Vec::new(); outer.checked_len()?];
        let (at, keys) = (indices.as_slice::<i64>()?, values.keys()?);
        for (index, key) in at.chunks_exact(rank).zip(keys) {
            let inside = |(&i, &size): (&i64, &usize)| usize::try_from(i).is_ok_and(|i| i < size);
            if !index.iter().zip(shape.iter()).all(inside) {
                bail_value!("sets: index {index:?} lies outside of shape {shape}");
            }
            let place: usize = index.iter().zip(&strides).map(|(&i, stride)| i as usize * stride).sum();
            sets[place].push(key);
        }
        Sets::collect(outer, sets.into_iter(), values)
    }

    /// Sets of those elements; `like` tells the dtype.
    fn collect(outer: Shape, sets: impl Iterator<Item = Vec<V::Key>>, like: &V) -> Result<Sets<V>> {
        let (mut splits, mut all) = (vec![0], Vec::new());
        for mut set in sets {
            set.sort_unstable();
            set.dedup();
            all.append(&mut set);
            splits.push(all.len());
        }
        Ok(Sets { outer, splits, values: like.with_keys(all)? })
    }

    fn merge(&self, op: &str, other: &Sets<V>, keep: impl Fn(bool, bool) -> bool) -> Result<Sets<V>> {
        if self.outer != other.outer {
            bail_shape!("{op}: {} sets and {} sets", self.outer, other.outer);
        }
        self.values.check_same(op, &other.values)?;
        let (a, b) = (self.values.keys()?, other.values.keys()?);
        let rows = self.splits.windows(2).zip(other.splits.windows(2));
        let sets = rows.map(|(x, y)| merged(&a[x[0]..x[1]], &b[y[0]..y[1]], &keep));
        Sets::collect(self.outer.clone(), sets, &self.values)
    }

    /// What is in either set, row by row.
    pub fn union(&self, other: &Sets<V>) -> Result<Sets<V>> {
        self.merge("union", other, |_, _| true)
    }

    /// What is in both sets, row by row.
    pub fn intersection(&self, other: &Sets<V>) -> Result<Sets<V>> {
        self.merge("intersection", other, |here, there| here && there)
    }

    /// What is in this set and not in the other, row by row.
    pub fn difference(&self, other: &Sets<V>) -> Result<Sets<V>> {
        self.merge("difference", other, |here, there| here && !there)
    }

    /// Number of elements of each set, i32.
    pub fn size(&self) -> Result<Tensor> {
        let count = |w: &[usize]| i32::try_from(w[1] - w[0]).unwrap_or(i32::MAX);
        Tensor::from_vec(self.splits.windows(2).map(count).collect(), &self.outer)
    }

    /// All elements, set after set.
    pub fn values(&self) -> &V {
        &self.values
    }

    /// For every element its row and its place in it, i64 of shape `[n, rank]`.
    pub fn indices(&self) -> Result<Tensor> {
        let (rank, strides) = (self.outer.rank() + 1, self.outer.strides());
        let mut indices = Vec::with_capacity(self.values.dims().iter().product::<usize>() * rank);
        for (row, w) in self.splits.windows(2).enumerate() {
            for place in 0..w[1] - w[0] {
                let along = strides.iter().zip(self.outer.iter()).map(|(stride, size)| row / stride % size);
                indices.extend(along.chain([place]).map(|i| i as i64));
            }
        }
        let n = indices.len() / rank;
        Tensor::from_vec(indices, [n, rank])
    }

    /// The shape of the rows, as long as the largest set.
    pub fn dense_shape(&self) -> Shape {
        let longest = self.splits.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0);
        self.outer.with(self.outer.rank(), longest)
    }

    /// The sets as rows of a dense array, filled up with `default`.
    pub fn to_dense(&self, default: impl Into<V::Key>) -> Result<V> {
        let shape = self.dense_shape();
        let longest = shape[shape.rank() - 1];
        let (keys, default) = (self.values.keys()?, default.into());
        let mut dense = Vec::with_capacity(shape.checked_len()?);
        for w in self.splits.windows(2) {
            dense.extend_from_slice(&keys[w[0]..w[1]]);
            dense.resize(dense.len() + longest - (w[1] - w[0]), default.clone());
        }
        self.values.with_keys(dense)?.shaped(&shape)
    }
}

/// Of two ascending lists without repetition, what `keep` says by whether each has it.
fn merged<K: Ord + Clone>(a: &[K], b: &[K], keep: &impl Fn(bool, bool) -> bool) -> Vec<K> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut out = Vec::new();
    loop {
        let (here, there) = match (a.peek(), b.peek()) {
            (None, None) => return out,
            (Some(_), None) => (true, false),
            (None, Some(_)) => (false, true),
            (Some(x), Some(y)) => (x <= y, y <= x),
        };
        let right = if there { b.next() } else { None };
        let left = if here { a.next() } else { None };
        if let (true, Some(key)) = (keep(here, there), left.or(right)) {
            out.push(key.clone());
        }
    }
}

/// An error unless two arrays have one dtype.
fn check_dtypes(op: &str, a: DType, b: DType) -> Result<()> {
    if a != b {
        return Err(Error::dtype(format!("{op}: sets of {a} and of {b}; convert one with `cast`")));
    }
    Ok(())
}
