//! An operation on ranges of rows by themselves: sums over rows fall into sums of ranges and the sum of those.

use super::reduce::ReduceSum;
use crate::attr::Attr;
use crate::op::{Attributes, Op, PartStep, Parts};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Result, Spec, Specs};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// The steps of an operation of one output that is summed over the rows of all its inputs.
pub(super) fn sum_of_ranges(op: Box<dyn Op>, inputs: usize, part: usize) -> Parts {
    let numbers: Vec<usize> = (0..inputs).collect();
    Parts {
        steps: vec![
            PartStep::new(OfRanges { op: Arc::from(op), part }, &numbers, 1),
            PartStep::new(ReduceSum { axes: vec![0], keepdims: false }, &[inputs], 1),
        ],
        outputs: smallvec![inputs + 1],
    }
}

/// The one output of an operation for every range of `part` rows of its inputs.
#[derive(Clone, Debug)]
struct OfRanges {
    op: Arc<dyn Op>,
    part: usize,
}

impl OfRanges {
    /// The specs of the inputs for a range of so many rows.
    fn range(x: &[&Spec], rows: usize) -> SmallVec<[Spec; 2]> {
        x.iter().map(|s| s.reshaped(s.shape.replaced(0, rows))).collect()
    }

    fn rows(x: &[&Spec]) -> usize {
        x.first().and_then(|s| s.shape.first()).copied().unwrap_or(0)
    }
}

impl Op for OfRanges {
    fn name(&self) -> &'static str {
        "of_ranges"
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let (rows, part) = (Self::rows(x), self.part);
        if part == 0 || rows == 0 || x.iter().any(|s| s.shape.first() != Some(&rows)) {
            return Err(Error::shape(format!("of_ranges: ranges of {part} rows of {x:?}")));
        }
        let range = Self::range(x, part.min(rows));
        let y = self.op.infer(&range.iter().collect::<SmallVec<[&Spec; 2]>>())?;
        let [y] = &y[..] else { return Err(Error::value("of_ranges: one output expected")) };
        let dims: Vec<usize> = [rows.div_ceil(part)].into_iter().chain(y.shape.iter().copied()).collect();
        Ok(smallvec![y.reshaped(dims)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let specs: SmallVec<[&Spec; 2]> = x.iter().map(View::spec).collect();
        let rows = Self::rows(&specs);
        let spec = y[0].spec();
        let each = spec.reshaped(&spec.shape[1..]);
        let mut rest = y[0].any_mut();
        for start in (0..rows).step_by(self.part) {
            let range = Self::range(&specs, self.part.min(rows - start));
            let parts: SmallVec<[View<'_>; 2]> =
                (x.iter().zip(&range)).map(|(v, s)| v.part(s, start * (v.spec().len() / rows))).collect();
            let (own, others) = rest.split_at(each.len());
            self.op.forward(&parts, &mut [ViewMut::of_slice(&each, own)])?;
            rest = others;
        }
        Ok(())
    }
    fn by_rows(&self, x: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((OfRanges { part: rows, ..self.clone() }.boxed(), (1 << x.len()) - 1))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

impl Attributes for OfRanges {
    /// It is made from operations where it is needed.
    fn attrs(&self) -> Option<Vec<Attr>> {
        None
    }
    fn boxed(&self) -> Box<dyn Op> {
        Box::new(self.clone())
    }
}
