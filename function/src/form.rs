//! How the numbers of a graph follow from the sizes of its unknown dimensions.
//!
//! A number is seen at three sizes. It is the same at all of them, or `c * (product of some sizes) + r` with integers c and
//! r, or 1 over that: what reshapes, slices and means are made of. Two sightings give c and r, the third confirms them.

use gradus_tensor::attr::Attr;
use gradus_tensor::{DType, Error, Result, Tensor};

/// Recordings that are compared.
pub(crate) const SIGHTINGS: usize = 3;
/// Unknown sizes that may differ from each other.
pub(crate) const MOST: usize = 4;

/// The sizes of the unknown dimensions in each recording.
pub(crate) type Sizes = [Vec<usize>; SIGHTINGS];

/// `factor * (product of the sizes in the mask) + rest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub mask: u32,
    pub factor: i64,
    pub rest: i64,
}

fn product(mask: u32, sizes: &[usize]) -> Option<i64> {
    let chosen = sizes.iter().enumerate().filter(|(k, _)| mask >> k & 1 == 1);
    chosen.map(|(_, &n)| n).try_fold(1i64, |p, n| p.checked_mul(i64::try_from(n).ok()?))
}

impl Form {
    /// The simplest form that has these values at those sizes.
    pub fn find(seen: [i64; SIGHTINGS], sizes: &Sizes) -> Option<Form> {
        let mut masks: Vec<u32> = (0..1 << sizes[0].len().min(MOST)).collect();
        masks.sort_by_key(|m| m.count_ones());
        masks.into_iter().find_map(|mask| {
            let at = |j: usize| product(mask, &sizes[j]);
            let (rise, run) = (seen[1].checked_sub(seen[0])?, at(1)?.checked_sub(at(0)?)?);
            let factor = if run == 0 { 0 } else { rise.checked_div(run)? };
            let rest = seen[0].checked_sub(factor.checked_mul(at(0)?)?)?;
            let form = Form { mask, factor, rest };
            (0..SIGHTINGS).all(|j| form.at(&sizes[j]) == Some(seen[j])).then_some(form)
        })
    }

    /// The value at these sizes; `None` when it does not fit 64 bits.
    pub fn at(&self, sizes: &[usize]) -> Option<i64> {
        product(self.mask, sizes)?.checked_mul(self.factor)?.checked_add(self.rest)
    }
}

/// A float that is an integer of a form, or 1 over one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FloatForm {
    pub form: Form,
    pub inverse: bool,
}

impl FloatForm {
    /// The form of these values, which `round` brings to their precision.
    fn find(seen: [f64; SIGHTINGS], sizes: &Sizes, round: impl Fn(f64) -> f64) -> Option<FloatForm> {
        [false, true].into_iter().find_map(|inverse| {
            let whole = seen.map(|v| if inverse { (1.0 / v).round() } else { v });
            // Larger numbers are not exact.
            if whole.iter().any(|v| v.fract() != 0.0 || v.abs() > (1u64 << 53) as f64) {
                return None;
            }
            let f = FloatForm { form: Form::find(whole.map(|v| v as i64), sizes)?, inverse };
            let exact = |j: usize| f.at(&sizes[j]).is_some_and(|v| round(v).to_bits() == seen[j].to_bits());
            (0..SIGHTINGS).all(exact).then_some(f)
        })
    }

    fn at(&self, sizes: &[usize]) -> Option<f64> {
        let v = self.form.at(sizes)? as f64;
        Some(if self.inverse { 1.0 / v } else { v })
    }
}

/// An attribute at every size.
#[derive(Clone, Debug)]
pub(crate) enum AttrForm {
    Same(Attr),
    Int(Form),
    Float(FloatForm),
    List(Vec<AttrForm>),
}

impl AttrForm {
    /// How an attribute follows from the sizes; `None` when it does not.
    pub fn find(seen: [&Attr; SIGHTINGS], sizes: &Sizes) -> Option<AttrForm> {
        if seen.iter().all(|a| a.same(seen[0])) {
            return Some(AttrForm::Same(seen[0].clone()));
        }
        match seen {
            [Attr::Int(a), Attr::Int(b), Attr::Int(c)] => Form::find([*a, *b, *c], sizes).map(AttrForm::Int),
            [Attr::Float(a), Attr::Float(b), Attr::Float(c)] => {
                FloatForm::find([*a, *b, *c], sizes, |v| v).map(AttrForm::Float)
            }
            [Attr::List(a), Attr::List(b), Attr::List(c)] if a.len() == b.len() && b.len() == c.len() => {
                let each = (0..a.len()).map(|i| AttrForm::find([&a[i], &b[i], &c[i]], sizes));
                each.collect::<Option<_>>().map(AttrForm::List)
            }
            _ => None,
        }
    }

    /// True when the attribute is the same at every size.
    pub fn is_same(&self) -> bool {
        matches!(self, AttrForm::Same(_))
    }

    /// The attribute at these sizes.
    pub fn at(&self, sizes: &[usize]) -> Option<Attr> {
        Some(match self {
            AttrForm::Same(a) => a.clone(),
            AttrForm::Int(f) => Attr::Int(f.at(sizes)?),
            AttrForm::Float(f) => Attr::Float(f.at(sizes)?),
            AttrForm::List(l) => Attr::List(l.iter().map(|a| a.at(sizes)).collect::<Option<_>>()?),
        })
    }
}

/// A constant at every size: the same tensor, or one number of a form.
#[derive(Clone, Debug)]
pub(crate) enum ConstantForm {
    Same(Tensor),
    Number { like: Tensor, form: FloatForm },
}

impl ConstantForm {
    /// How a constant follows from the sizes; `None` when it does not.
    pub fn find(seen: [&Tensor; SIGHTINGS], sizes: &Sizes) -> Option<ConstantForm> {
        let first = seen[0];
        if seen.iter().any(|t| t.spec() != first.spec()) {
            return None;
        }
        let (a, b, c) = (seen[0].view(), seen[1].view(), seen[2].view());
        if a.as_bytes() == b.as_bytes() && b.as_bytes() == c.as_bytes() {
            return Some(ConstantForm::Same(first.clone()));
        }
        let numbers = [seen[0], seen[1], seen[2]].map(crate::graph::number);
        let [Some(a), Some(b), Some(c)] = numbers else { return None };
        let dtype = first.dtype();
        let form = FloatForm::find([a, b, c], sizes, |v| rounded(dtype, v))?;
        Some(ConstantForm::Number { like: first.clone(), form })
    }

    /// The constant at these sizes.
    pub fn at(&self, sizes: &[usize]) -> Result<Tensor> {
        match self {
            ConstantForm::Same(t) => Ok(t.clone()),
            ConstantForm::Number { like, form } => {
                let v = form.at(sizes).ok_or_else(|| Error::value("a constant does not fit 64 bits"))?;
                Tensor::scalar_of(like.dtype(), v).reshape(like.shape().clone())
            }
        }
    }
}

/// A number in the precision of a dtype.
fn rounded(dtype: DType, v: f64) -> f64 {
    crate::graph::number(&Tensor::scalar_of(dtype, v)).unwrap_or(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> Sizes {
        [vec![5, 7], vec![8, 12], vec![13, 14]]
    }

    #[test]
    fn what_reshapes_and_means_are_made_of() {
        let (a, b) = ([5i64, 8, 13], [7i64, 12, 14]);
        let cases: [(&str, [i64; 3], bool); 7] = [
            ("the same", [9, 9, 9], true),
            ("one size", a, true),
            ("rows of a matrix", std::array::from_fn(|j| a[j] * 49), true),
            ("all but one", std::array::from_fn(|j| b[j] - 1), true),
            ("both", std::array::from_fn(|j| a[j] * b[j] * 3 + 2), true),
            ("half", [2, 4, 6], false),
            ("square", std::array::from_fn(|j| a[j] * a[j]), false),
        ];
        for (name, seen, found) in cases {
            let form = Form::find(seen, &sizes());
            assert_eq!(form.is_some(), found, "{name}: {form:?}");
        }
        let rows = Form::find([5 * 49, 8 * 49, 13 * 49], &sizes()).unwrap();
        assert_eq!((rows.at(&[100, 1]), rows.at(&[0, 9])), (Some(4900), Some(0)));
        assert_eq!(rows.at(&[usize::MAX, 1]), None);
    }

    #[test]
    fn numbers_behind_a_mean() {
        let mean = |n: f64| Tensor::scalar(1.0f32 / (n * 10.0) as f32);
        let seen = [mean(5.0), mean(8.0), mean(13.0)];
        let form = ConstantForm::find([&seen[0], &seen[1], &seen[2]], &sizes()).unwrap();
        assert_eq!(form.at(&[77, 3]).unwrap().item::<f32>().unwrap(), 1.0 / 770.0);
        let roots = [5.0f32, 8.0, 13.0].map(|n| Tensor::scalar(n.sqrt()));
        assert!(ConstantForm::find([&roots[0], &roots[1], &roots[2]], &sizes()).is_none());
    }
}
