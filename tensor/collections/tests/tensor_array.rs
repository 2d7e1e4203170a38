//! Tensor arrays against what TensorFlow's do.

use gradus_autograd::GradientTape;
use gradus_collections::{PartialShape, TensorArray};
use gradus_tensor::{DType, ErrorKind, Tensor};

fn vector(values: &[f32]) -> Tensor {
    Tensor::from_slice(values, [values.len()]).unwrap()
}

#[test]
fn written_elements_come_back_stacked_joined_and_picked() {
    let mut array = TensorArray::new(DType::F32, 3);
    for i in 0..3 {
        array.write(i, &vector(&[i as f32, 10.0])).unwrap();
    }
    assert_eq!(array.stack().unwrap().shape().dims(), [3, 2]);
    assert_eq!(array.concat().unwrap().to_vec::<f32>().unwrap(), [0.0, 10.0, 1.0, 10.0, 2.0, 10.0]);
    assert_eq!(array.gather(&[2, 0]).unwrap().to_vec::<f32>().unwrap(), [2.0, 10.0, 0.0, 10.0]);
    assert_eq!(array.read(1).unwrap().to_vec::<f32>().unwrap(), [1.0, 10.0]);
    assert_eq!(array.size(), 3);
}

#[test]
fn what_was_not_written_is_zeros_of_the_known_shape() {
    let mut array = TensorArray::new(DType::F32, 0).dynamic_size(true);
    array.write(3, &vector(&[1.0, 2.0])).unwrap();
    assert_eq!(array.size(), 4);
    assert_eq!(array.stack().unwrap().to_vec::<f32>().unwrap(), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    let mut unknown = TensorArray::new(DType::F32, 2);
    assert!(unknown.stack().unwrap_err().to_string().contains("element shape is <unknown>"));
    let mut empty = TensorArray::new(DType::I32, 0).element_shape([3]);
    assert_eq!(empty.stack().unwrap().shape().dims(), [0, 3]);
}

#[test]
fn misuse_is_refused_and_says_why() {
    let x = vector(&[1.0, 2.0]);
    let fixed = || TensorArray::new(DType::F32, 2);
    let written = || {
        let mut array = fixed();
        array.write(0, &x).unwrap();
        array
    };
    type Attempt<'a> = Box<dyn Fn() -> gradus_tensor::Error + 'a>;
    let cases: [(&str, Attempt, ErrorKind); 9] = [
        ("past the end", Box::new(|| fixed().write(2, &x).unwrap_err()), ErrorKind::Value),
        (
            "another dtype",
            Box::new(|| fixed().write(0, &x.cast(DType::I32).unwrap()).unwrap_err()),
            ErrorKind::DType,
        ),
        ("another shape", Box::new(|| written().write(1, &vector(&[1.0])).unwrap_err()), ErrorKind::Shape),
        (
            "another shape than declared",
            Box::new(|| fixed().element_shape(PartialShape::new([Some(3)])).write(0, &x).unwrap_err()),
            ErrorKind::Shape,
        ),
        (
            "a second read",
            Box::new(|| {
                let mut array = written();
                array.read(0).unwrap();
                array.read(0).unwrap_err()
            }),
            ErrorKind::Value,
        ),
        ("read past the end", Box::new(|| written().read(2).unwrap_err()), ErrorKind::Value),
        (
            "too many slices",
            Box::new(|| fixed().unstack(&vector(&[1.0, 2.0, 3.0])).unwrap_err()),
            ErrorKind::Value,
        ),
        (
            "lengths that do not add up",
            Box::new(|| fixed().split(&x, &[1, 2]).unwrap_err()),
            ErrorKind::Shape,
        ),
        (
            "an impossible size",
            Box::new(|| fixed().dynamic_size(true).write(usize::MAX, &x).unwrap_err()),
            ErrorKind::Value,
        ),
    ];
    for (name, attempt, kind) in cases {
        let error = attempt();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().starts_with("TensorArray: "), "{name}: {error}");
    }
}

#[test]
fn reads_can_be_repeated_when_nothing_is_cleared() {
    let mut array = TensorArray::new(DType::F32, 1).clear_after_read(false);
    array.write(0, &vector(&[5.0])).unwrap();
    assert_eq!(array.read(0).unwrap().id(), array.read(0).unwrap().id());
}

#[test]
fn shapes_may_differ_when_they_are_not_inferred() {
    let mut array = TensorArray::new(DType::F32, 2).infer_shape(false);
    array.write(0, &vector(&[1.0, 2.0])).unwrap();
    array.write(1, &vector(&[3.0])).unwrap();
    assert_eq!(array.concat().unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0, 3.0]);
    assert!(array.stack().is_err());
}

#[test]
fn split_unstack_and_scatter_are_the_ways_back() {
    let rows = Tensor::range(10.0f32).unwrap().reshape([5, 2]).unwrap();
    let mut array = TensorArray::new(DType::F32, 2);
    array.split(&rows, &[2, 3]).unwrap();
    assert_eq!(array.concat().unwrap().to_vec::<f32>().unwrap(), rows.to_vec::<f32>().unwrap());
    let mut array = TensorArray::new(DType::F32, 5);
    array.unstack(&rows).unwrap();
    assert_eq!(array.stack().unwrap().to_vec::<f32>().unwrap(), rows.to_vec::<f32>().unwrap());
    let mut array = TensorArray::new(DType::F32, 4);
    array.scatter(&[3, 1], &vector(&[1.0, 2.0])).unwrap();
    assert_eq!(array.stack().unwrap().to_vec::<f32>().unwrap(), [0.0, 2.0, 0.0, 1.0]);
    assert!(array.scatter(&[0, 9], &vector(&[5.0, 6.0])).is_err());
    assert_eq!(array.read(0).unwrap().to_vec::<f32>().unwrap(), [0.0], "a refused scatter writes nothing");
}

#[test]
fn a_tape_sees_through_it() {
    let x = vector(&[2.0, 3.0]);
    let tape = GradientTape::new();
    tape.watch(&x).unwrap();
    let mut array = TensorArray::new(DType::F32, 2);
    array.write(0, &x.mul(&x).unwrap()).unwrap();
    array.write(1, &x).unwrap();
    let y = array.stack().unwrap().reduce_sum((), false).unwrap();
    let ones = y.ones_like().unwrap();
    let gradient = tape.gradient_or_none([(&y, &ones)], &x).unwrap().unwrap();
    assert_eq!(gradient.to_vec::<f32>().unwrap(), [5.0, 7.0]);
}
