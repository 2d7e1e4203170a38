//! Order and counts: sort, top_k, unique, bins.

use gradus_tensor::{DType, Tensor};

use super::bind::{take, unary};
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    unary!(r: "tf.math.invert_permutation" => invert_permutation);
    r.op("tf.sort", |x, attrs| {
        let [x] = take(x)?;
        let (axis, descending) = order(attrs)?;
        Ok(vec![x.sort(axis, descending)?])
    });
    r.op("tf.argsort", |x, attrs| {
        let [x] = take(x)?;
        let (axis, descending) = order(attrs)?;
        // Always stable.
        attrs.bool_or("stable", false)?;
        Ok(vec![x.argsort(axis, descending)?])
    });
    for name in ["tf.math.top_k", "tf.nn.top_k"] {
        r.op(name, |x, attrs| {
            let [x] = take(x)?;
            // Always sorted.
            attrs.bool_or("sorted", true)?;
            let (values, places) = x.top_k(attrs.usize("k")?)?;
            Ok(vec![values, places])
        });
    }
    r.op("tf.math.in_top_k", |x, attrs| {
        let [targets, predictions] = take(x)?;
        Ok(vec![predictions.in_top_k(targets, attrs.usize("k")?)?])
    });
    r.op("tf.argmax", |x, attrs| {
        let [x] = take(x)?;
        typed(x.argmax(attrs.i64_or("axis", 0)? as isize)?, attrs, "output_type")
    });
    r.op("tf.argmin", |x, attrs| {
        let [x] = take(x)?;
        typed(x.argmin(attrs.i64_or("axis", 0)? as isize)?, attrs, "output_type")
    });
    r.op("tf.unique", |x, _| {
        let [x] = take(x)?;
        let found = x.unique()?;
        Ok(vec![found.values, found.index])
    });
    r.op("tf.unique_with_counts", |x, _| {
        let [x] = take(x)?;
        let found = x.unique()?;
        Ok(vec![found.values, found.index, found.counts])
    });
    r.op("tf.searchsorted", |x, attrs| {
        let [sorted, values] = take(x)?;
        let right = attrs.str_or("side", "left")? == "right";
        typed(sorted.searchsorted(values, right)?, attrs, "out_type")
    });
    r.op("tf.math.bincount", bincount);
    r.op("tf.histogram_fixed_width", |x, attrs| {
        let [x, range] = take(x)?;
        let range = range.to_f64_vec()?;
        let &[low, high] = range.as_slice() else {
            return Err(ConformanceError::Case(format!("a range of {} numbers", range.len())));
        };
        Ok(vec![x.histogram_fixed_width(low, high, attrs.usize_or("nbins", 100)?)?])
    });
    r.op("tf.math.confusion_matrix", |x, attrs| {
        let [labels, predictions] = take(x)?;
        let classes = attrs.i64_opt("num_classes")?.map(|n| n as usize);
        let weights = match attrs.has("weights") {
            true => {
                let weights: Vec<f32> = attrs.f64s("weights")?.iter().map(|&w| w as f32).collect();
                Some(Tensor::from_slice(&weights, [weights.len()])?)
            }
            false => None,
        };
        let matrix = labels.confusion_matrix(predictions, classes, weights.as_ref())?;
        Ok(vec![matrix.cast(attrs.dtype_or("dtype", DType::I32)?)?])
    });
}

/// `axis` and whether `direction` is descending.
fn order(attrs: &Attrs<'_>) -> Result<(isize, bool), ConformanceError> {
    let descending = attrs.str_or("direction", "ASCENDING")? == "DESCENDING";
    Ok((attrs.i64_or("axis", -1)? as isize, descending))
}

/// The result in the dtype that an attribute asks for.
fn typed(found: Tensor, attrs: &Attrs<'_>, name: &str) -> Result<Vec<Tensor>, ConformanceError> {
    let dtype = attrs.dtype_or(name, found.dtype())?;
    Ok(vec![found.cast(dtype)?])
}

/// All elements together, or rows with `axis` -1; at least `minlength` and at most `maxlength` bins.
fn bincount(x: &[Tensor], attrs: &Attrs<'_>) -> Result<Vec<Tensor>, ConformanceError> {
    let (x, weights) = match x {
        [x, weights] => (x, Some(weights)),
        x => (&take::<1>(x)?[0], None),
    };
    let together = matches!(attrs.i64_opt("axis")?, None | Some(0));
    let flat = |t: &Tensor| if together { t.flatten() } else { Ok(t.clone()) };
    let x = flat(x)?;
    let weights = weights.map(flat).transpose()?;
    let (binary, least) = (attrs.bool_or("binary_output", false)?, attrs.usize_or("minlength", 0)?);
    let most = attrs.usize_or("maxlength", usize::MAX)?;
    let counts = x.bincount(weights.as_ref(), None, binary)?;
    let found = counts.shape().dims().last().copied().unwrap_or(0);
    let bins = found.max(least).min(most);
    let counts = if bins == found { counts } else { x.bincount(weights.as_ref(), Some(bins), binary)? };
    let dtype = if weights.is_some() { counts.dtype() } else { DType::I32 };
    // Weights decide the dtype, as far as there are any.
    let asked = attrs.dtype_or("dtype", dtype)?;
    Ok(vec![if weights.is_some() { counts } else { counts.cast(asked)? }])
}
