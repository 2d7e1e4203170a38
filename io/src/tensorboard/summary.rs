//! Values of a summary: the tensor that each plugin expects.

use crate::protobuf::Message;
use gradus_kernels::DType;

/// `DT_STRING`, which no tensor of ours has.
pub(super) const DT_STRING: u64 = 7;

pub(super) const SCALARS: &str = "scalars";
pub(super) const HISTOGRAMS: &str = "histograms";
pub(super) const IMAGES: &str = "images";
pub(super) const TEXT: &str = "text";
pub(super) const GRAPH: &str = "graph_keras_model";
pub(super) const HPARAMS: &str = "hparams";

/// Rows of a histogram: left edge, right edge, count.
pub(super) type Buckets = Vec<[f64; 3]>;

/// A summary of one value.
pub(super) fn summary(tag: &str, plugin: &str, content: Option<&[u8]>, tensor: Message) -> Message {
    let mut data = Message::new().string(1, plugin);
    if let Some(content) = content {
        data = data.bytes(2, content);
    }
    let metadata = Message::new().message(1, data);
    Message::new().message(1, Message::new().string(1, tag).message(8, tensor).message(9, metadata))
}

/// A `TensorProto` of numbers.
pub(super) fn numbers(dtype: DType, shape: &[usize], bytes: &[u8]) -> Message {
    tensor(u64::from(crate::tensorflow_dtype::code(dtype)), shape).bytes(4, bytes)
}

/// A `TensorProto` of texts.
pub(super) fn strings<'a>(shape: &[usize], values: impl IntoIterator<Item = &'a [u8]>) -> Message {
    values.into_iter().fold(tensor(DT_STRING, shape), |message, value| message.bytes(8, value))
}

fn tensor(dtype: u64, shape: &[usize]) -> Message {
    let dims = shape.iter().fold(Message::new(), |m, &d| m.message(2, Message::new().varint(1, d as u64)));
    Message::new().varint(1, dtype).message(2, dims)
}

/// Counts finite values in `buckets` intervals of equal width between the smallest and the largest.
///
/// As TensorBoard's own: the last interval has its right edge; equal values lie in the last bucket, whose edges are
/// that value; no values are zeros. NaN and infinities have no place on the axis and are left out.
pub(super) fn buckets(values: &[f64], buckets: usize) -> Buckets {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let count = finite().count();
    if buckets == 0 || count == 0 {
        return vec![[0.0; 3]; buckets];
    }
    let (min, max) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let width = (max - min) / buckets as f64;
    // Also true where the values differ by less than a bucket can be wide.
    if width == 0.0 {
        let mut rows = vec![[min, min, 0.0]; buckets];
        rows[buckets - 1][2] = count as f64;
        return rows;
    }
    // Values as far apart as f64 allows: halve before subtracting.
    if !width.is_finite() {
        let halved: Vec<f64> = finite().map(|v| v / 2.0).collect();
        return self::buckets(&halved, buckets).into_iter().map(|[l, r, n]| [l * 2.0, r * 2.0, n]).collect();
    }
    let edge = |i: usize| if i == buckets { max } else { min + width * i as f64 };
    let mut rows: Buckets = (0..buckets).map(|i| [edge(i), edge(i + 1), 0.0]).collect();
    for v in finite() {
        let bucket = ((v - min) / width) as usize;
        rows[bucket.min(buckets - 1)][2] += 1.0;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms() {
        let big = f64::MAX;
        let table: [(&str, &[f64], usize, Buckets); 7] = [
            ("none", &[], 2, vec![[0.0; 3]; 2]),
            ("no buckets", &[1.0], 0, vec![]),
            ("one value", &[2.0, 2.0], 2, vec![[2.0, 2.0, 0.0], [2.0, 2.0, 2.0]]),
            ("edges", &[0.0, 1.0, 2.0], 2, vec![[0.0, 1.0, 1.0], [1.0, 2.0, 2.0]]),
            ("not finite", &[f64::NAN, 0.0, f64::INFINITY, 4.0], 2, vec![[0.0, 2.0, 1.0], [2.0, 4.0, 1.0]]),
            ("far apart", &[-big, 0.5, big], 2, vec![[-big, 0.0, 1.0], [0.0, big, 2.0]]),
            (
                "denormal width",
                &[0.0, 5e-324],
                4,
                vec![[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0]],
            ),
        ];
        for (name, values, n, expected) in table {
            assert_eq!(buckets(values, n), expected, "{name}");
        }
    }
}
