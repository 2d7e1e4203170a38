//! Tensors through the stages and helpers.
#![cfg(feature = "tensor")]

use gradus_data::{
    Dataset, MinMaxScaler, PadSequences, PaddedBatch, Split, StandardScaler, TimeSeries, tensor,
    timeseries_dataset_from_array, timeseries_dataset_with_targets, train_test_split,
};
use gradus_tensor::{DType, Tensor};

fn ints(values: &[i64], dims: &[usize]) -> Tensor {
    Tensor::from_slice(values, dims).unwrap()
}

#[track_caller]
fn equal(got: &Tensor, values: &[i64], dims: &[usize]) {
    assert_eq!((got.to_vec::<i64>().unwrap().as_slice(), got.shape().dims()), (values, dims));
}

#[test]
fn slices_batches_and_back() {
    let x = ints(&[1, 2, 3, 4, 5, 6], &[3, 2]);
    let ds = Dataset::from_tensor_slices((x.clone(), vec!["a", "b", "c"]));
    assert_eq!(ds.element_spec().unwrap().to_string(), "('int64[2]', 'string[]')");
    let batches = ds.clone().batch(2);
    assert_eq!(batches.element_spec().unwrap().to_string(), "('int64[None, 2]', 'string[None]')");
    let got = batches.collect().unwrap();
    equal(&got[0].0, &[1, 2, 3, 4], &[2, 2]);
    equal(&got[1].0, &[5, 6], &[1, 2]);
    assert_eq!(got[1].1, ["c"]);
    // Streamed elements are stacked to the same batches as gathered ones.
    let streamed = ds.filter(|_| true).batch(2).collect().unwrap();
    equal(&streamed[0].0, &[1, 2, 3, 4], &[2, 2]);
    let rows = Dataset::from_tensors(x.clone()).unbatch().collect().unwrap();
    equal(&rows[2], &[5, 6], &[2]);
    let numbers = Dataset::from_tensor_slices(x).unbatch().collect().unwrap();
    equal(&numbers[3], &[4], &[]);
    let scalar = Dataset::from_tensor_slices(ints(&[5], &[])).collect().unwrap_err();
    assert!(scalar.to_string().contains("a scalar has no first axis"), "{scalar}");
    let uneven = Dataset::from_tensor_slices((ints(&[1, 2], &[2]), ints(&[3], &[1])));
    assert!(uneven.collect().unwrap_err().to_string().contains("[2, 1]"));
    let empty = Dataset::from_tensor_slices(ints(&[], &[0, 3])).batch(2);
    assert_eq!(empty.count().unwrap(), 0);
}

#[test]
fn padding() {
    let filled = || Dataset::range(1..4).map(|n| ints(&vec![n; n as usize], &[n as usize]));
    let e = filled().batch(2).collect().unwrap_err();
    assert!(e.to_string().contains("element 1 of the batch is int64 [2], element 0 is int64 [1]"), "{e}");
    let padded = filled().padded_batch(3).collect().unwrap();
    equal(&padded[0], &[1, 0, 0, 2, 2, 0, 3, 3, 3], &[3, 3]);
    let options = PaddedBatch::new(2).padded_shapes(vec![Some(4)]).padding_values(Some(-1.0));
    equal(&filled().padded_batch(options).collect().unwrap()[0], &[1, -1, -1, -1, 2, 2, -1, -1], &[2, 4]);
    let e = filled().padded_batch(PaddedBatch::new(3).padded_shapes(vec![Some(2)])).collect().unwrap_err();
    assert!(e.to_string().contains("size 3 along axis 0, the padded shape has 2"), "{e}");
    let squares = Dataset::from_vec(vec![ints(&[1, 2, 3, 4], &[2, 2]), ints(&[5, 6, 7], &[1, 3])]);
    equal(&squares.padded_batch(2).collect().unwrap()[0], &[1, 2, 0, 3, 4, 0, 5, 6, 7, 0, 0, 0], &[2, 2, 3]);
}

#[test]
fn caches_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let ds = || {
        let x = Tensor::from_vec(vec![0.5f32, 1.5, 2.5, 3.5], [2, 2]).unwrap();
        Dataset::from_tensor_slices((x, ints(&[7, 8], &[2]))).cache_file(dir.path().join("t"))
    };
    for _ in 0..2 {
        let got = ds().collect().unwrap();
        assert_eq!(got[1].0.to_vec::<f32>().unwrap(), [2.5, 3.5]);
        equal(&got[1].1, &[8], &[]);
    }
}

#[test]
fn series() {
    let series = || ints(&(0..10).collect::<Vec<_>>(), &[10]);
    let options = TimeSeries::sequence_length(3).sequence_stride(2).sampling_rate(2);
    let got = timeseries_dataset_from_array(series(), &options).collect().unwrap();
    equal(&got[0], &[0, 2, 4, 2, 4, 6, 4, 6, 8], &[1 + 2, 3]);
    let options = TimeSeries::sequence_length(4).start_index(2).end_index(8);
    let got = timeseries_dataset_from_array(series(), &options).collect().unwrap();
    equal(&got[0], &[2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7], &[3, 4]);
    let options = TimeSeries::sequence_length(3).batch_size(4);
    let targets = ints(&(3..10).map(|x| x * 10).collect::<Vec<_>>(), &[7]);
    let got = timeseries_dataset_with_targets(series(), targets, &options).collect().unwrap();
    equal(&got[1].0, &[4, 5, 6, 5, 6, 7, 6, 7, 8], &[3, 3]);
    equal(&got[1].1, &[70, 80, 90], &[3]);
    let e = timeseries_dataset_from_array(series(), &TimeSeries::sequence_length(2).end_index(10));
    assert!(e.collect().unwrap_err().to_string().contains("end_index 10 is not between"));
}

#[test]
fn helpers() {
    let one_hot = tensor::to_categorical(&ints(&[0, 2, 1], &[3]), None).unwrap();
    assert_eq!(one_hot.to_vec::<f32>().unwrap(), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let column = tensor::to_categorical(&ints(&[0, 1], &[2, 1]), None).unwrap();
    assert_eq!(column.shape().dims(), [2, 2]);
    let e = tensor::to_categorical(&ints(&[0, -1], &[2]), None).unwrap_err();
    assert!(e.to_string().contains("label 1 is -1"), "{e}");
    let padded = tensor::pad_sequences(&[vec![1i64], vec![2, 3]], PadSequences::new().maxlen(3)).unwrap();
    equal(&padded, &[0, 0, 1, 0, 2, 3], &[2, 3]);
    let x = Tensor::from_vec(vec![3.0f32, 4.0, 0.0, 0.0], [2, 2]).unwrap();
    assert_eq!(tensor::normalize(&x, -1, 2.0).unwrap().to_vec::<f32>().unwrap(), [0.6, 0.8, 0.0, 0.0]);
    assert_eq!(tensor::normalize(&x, 0, 1.0).unwrap().to_vec::<f32>().unwrap(), [1.0, 1.0, 0.0, 0.0]);
    assert!(tensor::normalize(&x, 2, 2.0).is_err());

    let x = Tensor::from_vec(vec![1.0f32, 10.0, 3.0, 30.0, 5.0, 50.0], [3, 2]).unwrap();
    for (scaled, back) in [
        {
            let s = StandardScaler::fit_tensor(&x).unwrap();
            let scaled = s.transform_tensor(&x).unwrap();
            (scaled.clone(), s.inverse_transform_tensor(&scaled).unwrap())
        },
        {
            let s = MinMaxScaler::fit_tensor(&x).unwrap();
            let scaled = s.transform_tensor(&x).unwrap();
            assert_eq!(scaled.to_vec::<f32>().unwrap(), [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]);
            (scaled.clone(), s.inverse_transform_tensor(&scaled).unwrap())
        },
    ] {
        assert_eq!(scaled.shape().dims(), [3, 2]);
        for (a, b) in back.to_vec::<f32>().unwrap().iter().zip(x.to_vec::<f32>().unwrap()) {
            assert!((a - b).abs() <= 1e-5 * b.abs(), "{a} for {b}");
        }
    }

    let labels: Vec<i64> = (0..90).map(|i| i64::from(i % 3 == 0)).collect();
    let data = (ints(&(0..90).collect::<Vec<_>>(), &[90]), ints(&labels, &[90]));
    let ((x, y), (x_test, y_test)) =
        train_test_split(&data, &Split::test_size(0.2).stratify(labels)).unwrap();
    assert_eq!((x.len(), x_test.len()), (72, 18));
    assert_eq!(y_test.to_vec::<i64>().unwrap().iter().sum::<i64>(), 6, "a third of the test part too");
    assert_eq!(y.to_vec::<i64>().unwrap().iter().sum::<i64>(), 24);
    let mut all = [x.to_vec::<i64>().unwrap(), x_test.to_vec::<i64>().unwrap()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..90).collect::<Vec<_>>(), "every row is in one part");
}

#[test]
fn the_usual_pipeline() {
    let images = Tensor::from_vec((0..60u32 * 16).map(|i| (i % 256) as u8).collect(), [60, 4, 4]).unwrap();
    let labels = ints(&(0..60).collect::<Vec<_>>(), &[60]);
    let ds = Dataset::from_tensor_slices((images, labels))
        .shuffle(20, 1)
        .batch(8)
        .try_parallel_map(2, |(x, y): (Tensor, Tensor)| x.cast(DType::F32).map(|x| (x, y)))
        .prefetch(2);
    assert_eq!(ds.cardinality().as_i64(), 8);
    let mut seen = Vec::new();
    for batch in &ds {
        let (x, y) = batch.unwrap();
        let (x, y) = (x.to_vec::<f32>().unwrap(), y.to_vec::<i64>().unwrap());
        for (row, label) in x.chunks(16).zip(&y) {
            assert_eq!(row[0], (label * 16 % 256) as f32, "image and label stay together");
        }
        seen.extend(y);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
}
