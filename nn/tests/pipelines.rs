//! Training, evaluation and prediction on input pipelines.
#![cfg(feature = "data")]

use gradus_data::{Dataset, Prefetch};
use gradus_nn::prelude::*;
use gradus_tensor::{DType, Tensor};

fn arrays() -> (Tensor, Tensor) {
    let x: Vec<f32> = (0..70 * 4).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
    let y: Vec<i32> = x.chunks(4).map(|r| i32::from(r[0] + r[1] * r[2] > 0.1)).collect();
    (Tensor::from_vec(x, [70, 4]).unwrap(), Tensor::from_vec(y, [70]).unwrap())
}

fn model() -> Sequential {
    set_random_seed(5);
    clear_session();
    let mut model = Sequential::new()
        .input([4])
        .add(Dense::new(8).activation("relu"))
        .add(Dense::new(2).activation("softmax"));
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    model
}

fn dataset() -> Dataset<(Tensor, Tensor)> {
    Dataset::from_tensor_slices(arrays()).batch(16)
}

#[test]
fn a_dataset_trains_as_arrays_do() {
    let (x, y) = arrays();
    let (mut a, mut b) = (model(), model());
    let data = dataset().prefetch(Prefetch::auto());
    let on_arrays = a
        .fit(&x, &y)
        .epochs(4)
        .batch_size(16)
        .shuffle(false)
        .validation_data(&x, &y)
        .verbose(0)
        .run()
        .unwrap();
    let on_dataset = b.fit_dataset(&data).epochs(4).validation_dataset(&data).verbose(0).run().unwrap();
    for name in ["loss", "accuracy", "val_accuracy"] {
        assert_eq!(on_arrays[name], on_dataset[name], "{name}");
    }
    let inputs = Dataset::from_tensor_slices(x.clone()).batch(16);
    let (a, b) = (a.predict_with(&x, 16).unwrap(), b.predict_dataset(&inputs).unwrap());
    assert_eq!(a.to_vec::<f32>().unwrap(), b.to_vec::<f32>().unwrap());
}

#[test]
fn weights_count() {
    let (x, y) = arrays();
    let w = Tensor::from_vec((0..70).map(|i| (i % 3) as f32).collect(), [70]).unwrap();
    let weighted = Dataset::from_tensor_slices((x.clone(), y.clone(), w.clone())).batch(16);
    let (mut a, mut b, mut c) = (model(), model(), model());
    let fit = |h: gradus_tensor::Result<History>| h.unwrap()["loss"].to_vec();
    let on_arrays =
        fit(a.fit(&x, &y).sample_weight(&w).epochs(2).batch_size(16).shuffle(false).verbose(0).run());
    assert_eq!(on_arrays, fit(b.fit_dataset(&weighted).epochs(2).verbose(0).run()));
    let data = dataset();
    let classes = fit(c.fit_dataset(&data).class_weight([(1, 3.0)]).epochs(2).verbose(0).run());
    let mut d = model();
    let on_arrays =
        fit(d.fit(&x, &y).class_weight([(1, 3.0)]).epochs(2).batch_size(16).shuffle(false).verbose(0).run());
    assert_eq!(on_arrays, classes);
}

#[test]
fn an_epoch_may_be_a_number_of_steps() {
    let endless = dataset().repeat_forever();
    let error = model().fit_dataset(&endless).verbose(0).run().unwrap_err();
    assert!(error.to_string().contains("steps_per_epoch"), "{error}");
    // 5 batches a pass: 4 epochs of 5 steps are 4 passes, whichever way.
    let (finite, (mut a, mut b, mut c)) = (dataset(), (model(), model(), model()));
    let plain = a.fit_dataset(&finite).epochs(4).verbose(0).run().unwrap();
    let counted = b.fit_dataset(&endless).steps_per_epoch(5).epochs(4).verbose(0).run().unwrap();
    assert_eq!(plain["loss"], counted["loss"]);
    // Ten epochs of two steps read the same twenty batches.
    c.fit_dataset(&finite).steps_per_epoch(2).epochs(10).verbose(0).run().unwrap();
    let weights = |m: &Sequential| {
        m.weights().iter().flat_map(|w| w.value().to_vec::<f32>().unwrap()).collect::<Vec<f32>>()
    };
    assert_eq!(weights(&a), weights(&c));
}

#[test]
fn bad_pipelines_are_named() {
    let broken = Dataset::range(0..5).batch(2).try_map(|i: Vec<i64>| -> gradus_tensor::Result<_> {
        if i[0] == 2 {
            return Err(gradus_tensor::Error::value("photo 2 is torn"));
        }
        Ok((Tensor::zeros([2, 4], DType::F32)?, Tensor::zeros([2], DType::I32)?))
    });
    let error = model().fit_dataset(&broken).verbose(0).run().unwrap_err().to_string();
    assert!(error.contains("photo 2 is torn") && error.contains("step 2"), "{error}");
    let none = dataset().take(0);
    let error = model().fit_dataset(&none).verbose(0).run().unwrap_err().to_string();
    assert!(error.contains("no batches"), "{error}");
    let data = dataset();
    let error = model().fit_dataset(&data).validation_split(0.2).verbose(0).run().unwrap_err().to_string();
    assert!(error.contains("validation_split"), "{error}");
    let error = model().evaluate_dataset(&none, Verbose::Silent).unwrap_err().to_string();
    assert!(error.contains("no batches"), "{error}");
    let endless = dataset().repeat_forever();
    let mut never = model();
    let error =
        never.fit_dataset(&data).validation_dataset(&endless).verbose(0).run().unwrap_err().to_string();
    assert!(error.contains("never ends"), "{error}");
    assert_eq!(
        never.weights()[0].value().to_vec::<f32>().unwrap(),
        model().weights()[0].value().to_vec::<f32>().unwrap()
    );
    let inputs = Dataset::from_tensor_slices(arrays().0).batch(8);
    let error = model().fit_dataset(&inputs).verbose(0).run().unwrap_err().to_string();
    assert!(error.contains("no targets"), "{error}");
}
