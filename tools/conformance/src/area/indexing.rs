//! Gathering, scattering, slicing, masks.

use gradus_tensor::DType;
use gradus_tensor::ops::{Index, ScatterMode};
use serde_json::Value as Json;

use super::bind::take;
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    gathers(r);
    scatters(r);
    r.op("x.strided_slice", |x, attrs| {
        let [x] = take(x)?;
        let items =
            attrs.read("index", |json| json.as_array()?.iter().map(item).collect::<Option<Vec<_>>>())?;
        Ok(vec![x.slice(items)?])
    });
    r.op("tf.strided_slice", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.slice(masked_items(attrs)?)?])
    });
    r.op("tf.slice", |x, attrs| {
        let [x] = take(x)?;
        let sizes: Vec<isize> = attrs.i64s("size")?.iter().map(|&s| s as isize).collect();
        Ok(vec![x.slice_sizes(&attrs.usizes("begin")?, &sizes)?])
    });
    r.op("tf.boolean_mask", |x, attrs| {
        let [x, mask] = take(x)?;
        Ok(vec![x.boolean_mask(mask, attrs.i64_or("axis", 0)? as isize)?])
    });
    r.op("tf.one_hot", |x, attrs| {
        let [x] = take(x)?;
        let (depth, axis) = (attrs.usize("depth")?, attrs.i64_or("axis", -1)? as isize);
        let (on, off) = (attrs.f64_or("on_value", 1.0)?, attrs.f64_or("off_value", 0.0)?);
        Ok(vec![x.one_hot_with(depth, axis, attrs.dtype_or("dtype", DType::F32)?, on, off)?])
    });
    r.op("tf.sequence_mask", |x, attrs| {
        let [x] = take(x)?;
        let mask = x.sequence_mask(attrs.i64_opt("maxlen")?.map(|n| n as usize))?;
        Ok(vec![mask.cast(attrs.dtype_or("dtype", DType::Bool)?)?])
    });
}

fn gathers(r: &mut Registry) {
    r.op("tf.gather", |x, attrs| {
        let [x, indices] = take(x)?;
        let batch = match attrs.i64_or("batch_dims", 0)? {
            0 => 0,
            // Negative ones count from the end of the indices.
            n if n < 0 => indices.shape().axis(n as isize)?,
            n => n as usize,
        };
        let axis = attrs.i64_or("axis", batch as i64)? as isize;
        Ok(vec![x.gather_batch(indices, axis, batch)?])
    });
    r.op("tf.nn.embedding_lookup", |x, attrs| {
        let [table, ids] = take(x)?;
        let rows = table.gather(ids, 0)?;
        if !attrs.has("max_norm") {
            return Ok(vec![rows]);
        }
        let axes: Vec<isize> = (ids.rank() as isize..rows.rank() as isize).collect();
        Ok(vec![rows.clip_by_norm(attrs.f64("max_norm")?, axes.as_slice())?])
    });
    r.op("tf.gather_nd", |x, attrs| {
        let [x, indices] = take(x)?;
        Ok(vec![x.gather_nd_batch(indices, attrs.usize_or("batch_dims", 0)?)?])
    });
}

/// Binds scatters into a tensor by coordinates.
macro_rules! scatter {
    ($r:ident: $($name:literal => $mode:ident),* $(,)?) => {$(
        $r.op($name, |x, _| {
            let [x, indices, updates] = take(x)?;
            Ok(vec![x.tensor_scatter_nd(indices, updates, ScatterMode::$mode)?])
        });
    )*};
}

fn scatters(r: &mut Registry) {
    scatter!(r:
        "tf.tensor_scatter_nd_add" => Add,
        "tf.tensor_scatter_nd_max" => Max,
        "tf.tensor_scatter_nd_min" => Min,
        "tf.tensor_scatter_nd_sub" => Sub,
        "tf.tensor_scatter_nd_update" => Update,
    );
    r.op("tf.scatter_nd", |x, attrs| {
        let [indices, updates] = take(x)?;
        Ok(vec![indices.scatter_nd(updates, attrs.usizes("shape")?)?])
    });
}

/// One item between brackets, as FORMAT.md writes it.
fn item(json: &Json) -> Option<Index> {
    match json.as_str() {
        Some("newaxis") => return Some(Index::NewAxis),
        Some("ellipsis") => return Some(Index::Ellipsis),
        Some(_) => return None,
        None => {}
    }
    if let Some(at) = json.get("int") {
        return Some(Index::At(at.as_i64()? as isize));
    }
    let [begin, end, step] = json.get("slice")?.as_array()?.as_slice() else { return None };
    let position = |v: &Json| v.as_i64().map(|v| v as isize);
    Some(Index::Range { begin: position(begin), end: position(end), step: position(step).unwrap_or(1) })
}

/// `begin`, `end` and `strides` with TensorFlow's bit masks.
fn masked_items(attrs: &Attrs<'_>) -> Result<Vec<Index>> {
    let (begin, end) = (attrs.i64s("begin")?, attrs.i64s("end")?);
    let strides = attrs.i64s_opt("strides")?.unwrap_or_else(|| vec![1; begin.len()]);
    let mask = |name| attrs.i64_or(name, 0);
    let (begins, ends, shrinks) = (mask("begin_mask")?, mask("end_mask")?, mask("shrink_axis_mask")?);
    let (news, ellipses) = (mask("new_axis_mask")?, mask("ellipsis_mask")?);
    let item = |i: usize| {
        let bit = |mask: i64| mask >> i & 1 == 1;
        if bit(ellipses) {
            Index::Ellipsis
        } else if bit(news) {
            Index::NewAxis
        } else if bit(shrinks) {
            Index::At(begin[i] as isize)
        } else {
            let free = |mask, value: i64| if bit(mask) { None } else { Some(value as isize) };
            Index::Range { begin: free(begins, begin[i]), end: free(ends, end[i]), step: strides[i] as isize }
        }
    };
    Ok((0..begin.len().min(end.len()).min(strides.len())).map(item).collect())
}
