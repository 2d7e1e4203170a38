//! String tensors as elements.
#![cfg(feature = "text")]

use gradus_data::{Dataset, PaddedBatch};
use gradus_tensor::{DType, Tensor};
use gradus_text::{Split, StringTensor, Unit};

fn strings<const N: usize>(values: [&str; N]) -> StringTensor {
    StringTensor::new(values).unwrap()
}

#[test]
fn lines_are_cut_batched_and_taken_apart() {
    let lines = Dataset::from_tensor_slices(strings(["one", "zwei", "trois"]));
    let batches = lines.clone().batch(2).collect().unwrap();
    let texts: Vec<String> = batches.iter().map(StringTensor::to_text).collect();
    assert_eq!(texts, ["[b'one' b'zwei']", "[b'trois']"]);
    let again = lines.batch(2).unbatch().collect().unwrap();
    assert_eq!(again.iter().map(|t| t.to_text()).collect::<Vec<_>>(), ["b'one'", "b'zwei'", "b'trois'"]);
    assert!(Dataset::from_tensor_slices(StringTensor::scalar("no axis")).collect().is_err());
}

#[test]
fn strings_of_different_lengths_are_padded() {
    let words = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let n = words.len();
        StringTensor::from_vec(words, [n]).unwrap()
    };
    let rows = || Dataset::from_vec(vec!["a b c", "d", "e f"]).map(words);
    let table: [(Vec<Option<usize>>, &str, &[&str]); 3] = [
        (vec![], "", &["[[b'a' b'b' b'c']\n [b'd' b'' b'']]", "[[b'e' b'f']]"]),
        (vec![None], "-", &["[[b'a' b'b' b'c']\n [b'd' b'-' b'-']]", "[[b'e' b'f']]"]),
        (vec![Some(4)], ".", &["[[b'a' b'b' b'c' b'.']\n [b'd' b'.' b'.' b'.']]", "[[b'e' b'f' b'.' b'.']]"]),
    ];
    for (shape, value, want) in table {
        let options = PaddedBatch::new(2).padded_shapes(shape.clone()).padding_values(value.to_string());
        let found = rows().padded_batch(options).collect().unwrap();
        let found: Vec<String> = found.iter().map(StringTensor::to_text).collect();
        assert_eq!(found, want, "shape {shape:?}, value {value:?}");
    }
    for (shape, why) in
        [(vec![Some(2)], "three words in two places"), (vec![None; 2], "two axes of a vector")]
    {
        assert!(rows().padded_batch(PaddedBatch::new(2).padded_shapes(shape)).collect().is_err(), "{why}");
    }
    assert!(rows().batch(2).collect().is_err(), "different lengths without padding");
}

#[test]
fn texts_and_labels_go_through_a_pipeline() {
    let texts = strings(["good film", "bad", "so so la la"]);
    let labels = Tensor::new([1i64, 0, 0]).unwrap();
    let counted = Dataset::from_tensor_slices((texts, labels))
        .shuffle(3, 7)
        .try_map(|(text, label)| {
            let words = text.split_scalar(&Split::on_whitespace())?;
            let bytes = words.length(Unit::Byte)?.reduce_sum((), false)?;
            Ok::<_, gradus_tensor::Error>((bytes, label))
        })
        .batch(3)
        .collect()
        .unwrap();
    let (sizes, labels) = &counted[0];
    assert_eq!((sizes.dtype(), labels.dtype()), (DType::I32, DType::I64));
    let mut pairs: Vec<_> =
        sizes.to_vec::<i32>().unwrap().into_iter().zip(labels.to_vec::<i64>().unwrap()).collect();
    pairs.sort_unstable();
    assert_eq!(pairs, [(3, 0), (8, 0), (8, 1)]);
}

#[test]
fn strings_survive_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let rows = StringTensor::new([["a", ""], ["\u{e9}\n", "b"]]).unwrap();
    for pass in 0..2 {
        let kept = Dataset::from_tensor_slices(rows.clone()).cache_file(dir.path().join("rows"));
        let found: Vec<String> = kept.collect().unwrap().iter().map(StringTensor::to_text).collect();
        assert_eq!(found, ["[b'a' b'']", r"[b'\xc3\xa9\n' b'b']"], "pass {pass}");
    }
}
