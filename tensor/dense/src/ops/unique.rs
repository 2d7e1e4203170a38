//! Distinct values, counts per value, and places in sorted lists.

use super::coordinates::dynamic;
use super::indices::{check_dtype, integers};
use crate::attr::OpDef;
use crate::op::{Op, Outputs, apply, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::threads::par_chunks_mut;
use smallvec::smallvec;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

pub(super) const DEFS: &[OpDef] = &[Unique::DEF, SearchSorted::DEF, Bincount::DEF];

crate::op! {
    /// The distinct values of a vector in the order of their first appearance, the place of every element in them
    /// (i32), and how often each stands there (i32).
    pub struct Unique {} = "unique"
}

/// What makes two elements equal: the number for integers and bools, the bits for floats, with one zero.
fn identity<T: Element>(v: T) -> (u64, u64) {
    match T::DTYPE {
        DType::C64 | DType::C128 => {
            let z = v.to_c128();
            ((z.re + 0.0).to_bits(), (z.im + 0.0).to_bits())
        }
        d if d.is_float() => ((v.to_f64() + 0.0).to_bits(), 0),
        _ => (v.to_i128() as u64, 0),
    }
}

/// Hashes by the finalizer of SplitMix64 from a random start: much faster than the standard hasher, and no input can be
/// made that collides. Results do not depend on it.
#[derive(Clone)]
struct Mixer(u64);

impl BuildHasher for Mixer {
    type Hasher = Mixer;
    fn build_hasher(&self) -> Mixer {
        self.clone()
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_u64(u64::from(b)));
    }
    fn write_u64(&mut self, v: u64) {
        let mut z = self.0 ^ v;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = z ^ (z >> 31);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Numbers the values by their first appearance; calls `f` with the number of each.
fn number<T: Element>(x: &[T], mut f: impl FnMut(i32, T)) {
    let mut next = 0;
    let mut fresh = |at: &mut i32| {
        if *at < 0 {
            *at = next;
            next += 1;
        }
        *at
    };
    if T::DTYPE.is_int() && T::DTYPE != DType::U64 {
        let range = x.iter().map(|v| v.to_i128() as i64);
        if let (Some(low), Some(high)) = (range.clone().min(), range.max()) {
            let span = high.abs_diff(low);
            // A table is faster than hashing as long as it is not much longer than the values.
            if span < 4 * x.len() as u64 + 1024 {
                let mut table = vec![-1i32; span as usize + 1];
                x.iter().for_each(|&v| f(fresh(&mut table[(v.to_i128() as i64).abs_diff(low) as usize]), v));
                return;
            }
        }
    }
    let mut places: HashMap<(u64, u64), i32, Mixer> =
        HashMap::with_hasher(Mixer(RandomState::new().build_hasher().finish()));
    x.iter().for_each(|&v| f(fresh(places.entry(identity(v)).or_insert(-1)), v));
}

impl Op for Unique {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, _: &[&Spec]) -> Result<Specs> {
        Err(dynamic(Self::NAME))
    }
    fn forward(&self, _: &[View<'_>], _: &mut [ViewMut<'_>]) -> Result<()> {
        Err(dynamic(Self::NAME))
    }
    fn is_dynamic(&self) -> bool {
        true
    }
    fn evaluate(&self, x: &[View<'_>]) -> Result<Outputs> {
        if x[0].shape().rank() != 1 {
            return Err(Error::shape(format!("unique: expected a vector, found shape {}", x[0].shape())));
        }
        dispatch!(x[0].dtype(), T: all => {
            let (mut values, mut counts) = (Vec::<T>::new(), Vec::<i32>::new());
            let mut index = Vec::with_capacity(x[0].spec().len());
            number(x[0].as_slice::<T>(), |at, v| {
                if at as usize == values.len() {
                    values.push(v);
                    counts.push(0);
                }
                counts[at as usize] += 1;
                index.push(at);
            });
            let (n, m) = (index.len(), values.len());
            Ok(smallvec![
                Tensor::from_vec(values, [m])?,
                Tensor::from_vec(index, [n])?,
                Tensor::from_vec(counts, [m])?,
            ])
        })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// Where the second input's values would be inserted into the first, which is sorted along the last axis: before
    /// equal values, or behind them with `right`.
    pub struct SearchSorted { right: bool } = "searchsorted"
}

impl Op for SearchSorted {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        let (a, b) = (&x[0].shape, &x[1].shape);
        if x[0].dtype.is_complex() || x[0].dtype == DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        if a.rank() == 0 || a.rank() != b.rank() || a[..a.rank() - 1] != b[..b.rank() - 1] {
            return Err(Error::shape(format!("searchsorted: values of shape {b} in sequences of shape {a}")));
        }
        Ok(smallvec![Spec::new(DType::I32, b.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let last = |v: &View<'_>| v.shape().last().copied().unwrap_or(1);
        let (n, m) = (last(&x[0]), last(&x[1]));
        dispatch!(x[0].dtype(), T: real => {
            let (sorted, values, y) = (x[0].as_slice::<T>(), x[1].as_slice::<T>(), y[0].as_mut::<i32>());
            par_chunks_mut(y, 1024, |c, y| {
                let first = c * 1024;
                for (i, (v, y)) in (first..).zip(values[first..].iter().zip(y)) {
                    let row = &sorted[i / m * n..(i / m + 1) * n];
                    let at =
                        if self.right { row.partition_point(|s| s <= v) } else { row.partition_point(|s| s < v) };
                    *y = at as i32;
                }
            });
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// How often every number below `size` stands in each row of the first input (or the sum of the weights there,
    /// the second input). With `binary` the counts are 0 or 1.
    pub struct Bincount { size: usize, binary: bool } = "bincount"
}

impl Op for Bincount {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_dtype(Self::NAME, x[0].dtype)?;
        if x[0].shape.rank() == 0 || x.len() > 2 {
            return Err(Error::shape("bincount: expected at least a vector, and weights at most"));
        }
        let mut dtype = DType::I32;
        if let Some(w) = x.get(1) {
            if w.shape != x[0].shape {
                return Err(Error::shape(format!(
                    "bincount: weights of shape {} for numbers of shape {}",
                    w.shape, x[0].shape
                )));
            }
            dtype = w.dtype;
        }
        let shape = x[0].shape.replaced(x[0].shape.rank() - 1, self.size);
        shape.checked_len()?;
        Ok(smallvec![Spec::new(dtype, shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].shape().last().copied().unwrap_or(1);
        let numbers = integers(Self::NAME, &x[0])?;
        if let Some(p) = numbers.iter().position(|&v| v < 0) {
            return Err(Error::value(format!("bincount: {} at position {p} is negative", numbers[p])));
        }
        if x.len() == 1 && !self.binary {
            let y = y[0].as_mut::<i32>();
            y.fill(0);
            if self.size > 0 && n > 0 {
                for (row, y) in numbers.chunks_exact(n).zip(y.chunks_exact_mut(self.size)) {
                    // TensorFlow leaves out what is too large.
                    row.iter().filter_map(|&v| usize::try_from(v).ok()).for_each(|v| {
                        if let Some(cell) = y.get_mut(v) {
                            *cell = cell.wrapping_add(1);
                        }
                    });
                }
            }
            return Ok(());
        }
        dispatch!(y[0].dtype(), T: real => {
            let y = y[0].as_mut::<T>();
            y.fill(T::ZERO);
            for (p, &v) in numbers.iter().enumerate() {
                if v as usize >= self.size {
                    continue;
                }
                let cell = &mut y[p / n * self.size + v as usize];
                *cell = match x.get(1) {
                    _ if self.binary => T::ONE,
                    Some(w) => super::gather::plus(*cell, w.as_slice::<T>()[p]),
                    None => super::gather::plus(*cell, T::ONE),
                };
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, y[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

/// What [`Tensor::unique`] found.
#[derive(Clone, Debug)]
pub struct Distinct {
    /// The distinct values in the order of their first appearance.
    pub values: Tensor,
    /// The place of every element in `values`, i32.
    pub index: Tensor,
    /// How often each value stands there, i32.
    pub counts: Tensor,
}

impl Tensor {
    /// The distinct values of a vector, with the place of every element in them and their counts.
    pub fn unique(&self) -> Result<Distinct> {
        let mut y = apply(&Unique {}, &[self])?;
        match (y.pop(), y.pop(), y.pop()) {
            (Some(counts), Some(index), Some(values)) => Ok(Distinct { values, index, counts }),
            _ => Err(Error::value("unique: no output")),
        }
    }

    /// Where each of `values` would be inserted into this tensor, which is sorted along the last axis, as i32: before
    /// equal elements, or behind them with `right`. All axes but the last must agree.
    pub fn searchsorted(&self, values: &Tensor, right: bool) -> Result<Tensor> {
        apply1(&SearchSorted { right }, &[self, values])
    }

    /// How often every number `0..` stands in each row (the last axis) of this tensor of integers, as i32, or the sums
    /// of the weights there. Numbers beyond `size` are left out; without `size` it is the largest number plus one,
    /// which a trace cannot take. With `binary` the counts are 0 or 1. Errors for negative numbers.
    pub fn bincount(&self, weights: Option<&Tensor>, size: Option<usize>, binary: bool) -> Result<Tensor> {
        let size = match size {
            Some(n) => n,
            None => {
                let top = self.cast(DType::I64)?.as_slice::<i64>()?.iter().copied().max().unwrap_or(-1);
                usize::try_from(top.saturating_add(1)).unwrap_or(0)
            }
        };
        match weights {
            Some(w) => apply1(&Bincount { size, binary }, &[self, w]),
            None => apply1(&Bincount { size, binary }, &[self]),
        }
    }

    /// How many elements fall into each of `bins` equal parts of `low..high`, as i32; what lies outside counts in the
    /// first and last part.
    pub fn histogram_fixed_width(&self, low: f64, high: f64, bins: usize) -> Result<Tensor> {
        if bins == 0 || low >= high || low.is_nan() || high.is_nan() {
            return Err(Error::value(format!("histogram_fixed_width: {bins} bins from {low} to {high}")));
        }
        let x = if self.dtype().is_float() { self.flatten()? } else { self.flatten()?.cast(DType::F64)? };
        let place = x.sub(&x.like(low)?)?.div(&x.like((high - low) / bins as f64)?)?;
        let place = place.floor()?.clip(0.0, bins as f64 - 1.0)?.cast(DType::I32)?;
        place.bincount(None, Some(bins), false)
    }

    /// A matrix whose row is the label (this tensor) and whose column is the prediction: counts as i32, or sums of the
    /// weights in their dtype. `classes` defaults to the largest number plus one. Errors for negative numbers.
    pub fn confusion_matrix(
        &self,
        predictions: &Tensor,
        classes: Option<usize>,
        weights: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (labels, predictions) = (self.cast(DType::I64)?, predictions.cast(DType::I64)?);
        let n = match classes {
            Some(n) => n,
            None => {
                let top = labels.maximum(&predictions)?.reduce_max((), false)?.item::<i64>()?;
                usize::try_from(top.saturating_add(1)).unwrap_or(0)
            }
        };
        let classes = Tensor::scalar(n as i64);
        for t in [&labels, &predictions] {
            let outside = t.greater_equal(&classes)?.logical_or(&t.less(&t.like(0)?)?)?;
            if outside.reduce_any((), false)?.item::<bool>()? {
                return Err(Error::value(format!("confusion_matrix: a number is not in 0..{n}")));
            }
        }
        let cell = labels.mul(&classes)?.add(&predictions)?;
        let cells = n.checked_mul(n).ok_or_else(|| Error::shape("confusion_matrix: too many classes"))?;
        cell.flatten()?.bincount(weights, Some(cells), false)?.reshape([n, n])
    }
}
