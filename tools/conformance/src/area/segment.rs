//! Segments, partitions, and blocks of images and sequences.

use gradus_tensor::Tensor;
use gradus_tensor::ops::dynamic_stitch;

use super::bind::{binary, take};
use super::elementwise::quotients;
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

/// Binds segment operations whose ids need no order.
macro_rules! unsorted {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {$(
        $r.op($name, |x, attrs| {
            let [x, ids] = take(x)?;
            Ok(vec![x.$method(ids, attrs.usize("num_segments")?)?])
        });
    )*};
}

pub fn register(r: &mut Registry) {
    binary!(r:
        "tf.math.segment_max" => segment_max,
        "tf.math.segment_mean" => segment_mean,
        "tf.math.segment_min" => segment_min,
        "tf.math.segment_prod" => segment_prod,
        "tf.math.segment_sum" => segment_sum,
    );
    unsorted!(r:
        "tf.math.unsorted_segment_max" => unsorted_segment_max,
        "tf.math.unsorted_segment_min" => unsorted_segment_min,
        "tf.math.unsorted_segment_prod" => unsorted_segment_prod,
        "tf.math.unsorted_segment_sqrt_n" => unsorted_segment_sqrt_n,
        "tf.math.unsorted_segment_sum" => unsorted_segment_sum,
    );
    r.op("tf.math.unsorted_segment_mean", |x, attrs| {
        let [x, ids] = take(x)?;
        // A mean in Python is a quotient.
        let [x, _] = quotients(&[x.clone(), x.clone()])?;
        Ok(vec![x.unsorted_segment_mean(ids, attrs.usize("num_segments")?)?])
    });
    r.op("tf.dynamic_partition", |x, attrs| {
        let [x, partitions] = take(x)?;
        Ok(x.dynamic_partition(partitions, attrs.usize("num_partitions")?)?)
    });
    r.op("x.dynamic_stitch", |x, _| {
        let (indices, data) = x.split_at(x.len() / 2);
        Ok(vec![dynamic_stitch(&indices.iter().collect::<Vec<_>>(), &data.iter().collect::<Vec<_>>())?])
    });
    r.op("tf.nn.space_to_depth", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.space_to_depth(attrs.usize("block_size")?)?])
    });
    r.op("tf.nn.depth_to_space", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.depth_to_space(attrs.usize("block_size")?)?])
    });
    r.op("tf.space_to_batch_nd", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.space_to_batch_nd(&attrs.usizes("block_shape")?, &pairs(attrs, "paddings")?)?])
    });
    r.op("tf.batch_to_space", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.batch_to_space(&attrs.usizes("block_shape")?, &pairs(attrs, "crops")?)?])
    });
    r.op("tf.reverse_sequence", reverse_sequence);
}

fn pairs(attrs: &Attrs<'_>, name: &str) -> Result<Vec<(usize, usize)>, ConformanceError> {
    Ok(attrs.pairs(name)?.iter().map(|&[a, b]| (a, b)).collect())
}

fn reverse_sequence(x: &[Tensor], attrs: &Attrs<'_>) -> Result<Vec<Tensor>, ConformanceError> {
    let [x] = take(x)?;
    let (sequence, batch) = (attrs.i64("seq_axis")? as isize, attrs.i64_or("batch_axis", 0)? as isize);
    Ok(vec![x.reverse_sequence(&attrs.usizes("seq_lengths")?, sequence, batch)?])
}
