//! Every mistake gives one clear line, and leaves what was there as it was.

use gradus_nn::prelude::*;
use gradus_tensor::{DType, Tensor};

fn model() -> Sequential {
    clear_session();
    set_random_seed(1);
    Sequential::new()
        .input([4])
        .add(Dense::new(8).activation("relu"))
        .add(Dense::new(3).activation("softmax"))
}

fn compiled() -> Sequential {
    let mut m = model();
    m.compile("adam", "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    m
}

fn data(n: usize) -> (Tensor, Tensor) {
    let x: Vec<f32> = (0..n * 4).map(|i| (i % 7) as f32 / 7.0).collect();
    let y: Vec<i64> = (0..n as i64).map(|i| i % 3).collect();
    (Tensor::from_vec(x, [n, 4]).unwrap(), Tensor::from_vec(y, [n]).unwrap())
}

fn refused(case: &str, found: Result<impl Sized, impl std::fmt::Display>, wants: &[&str]) {
    let text = match found {
        Ok(_) => panic!("{case}: accepted"),
        Err(e) => e.to_string(),
    };
    assert!(!text.contains('\n'), "{case}: more than a line: {text}");
    for want in wants {
        assert!(text.contains(want), "{case}: {want:?} is not in {text:?}");
    }
}

#[test]
fn names_are_checked_at_compile() {
    let metrics = ["accuracy"];
    refused("optimizer", model().compile("adamm", "mse", metrics), &["adamm", "adam"]);
    refused("loss", model().compile("adam", "msee", metrics), &["msee", "mse"]);
    refused("metric", model().compile("adam", "mse", ["acuracy"]), &["acuracy", "accuracy"]);
    let wrong =
        Sequential::new().input([4]).add(Dense::new(2).activation("rellu")).compile("adam", "mse", metrics);
    refused("activation", wrong, &["rellu", "relu"]);
}

#[test]
fn fit_refuses_what_does_not_fit() {
    let (x, y) = data(8);
    refused("fit before compile", model().fit(&x, &y).verbose(0).run(), &["You must call `compile()`"]);
    let wide = Tensor::zeros([8, 5], DType::F32).unwrap();
    refused("width", compiled().fit(&wide, &y).verbose(0).run(), &["dense", "5"]);
    let (_, y7) = data(7);
    refused("lengths", compiled().fit(&x, &y7).verbose(0).run(), &["'x' sizes: 8", "'y' sizes: 7"]);
    let none = (Tensor::zeros([0, 4], DType::F32).unwrap(), Tensor::zeros([0], DType::I64).unwrap());
    refused("empty", compiled().fit(&none.0, &none.1).verbose(0).run(), &["no samples"]);
    refused("batch size", compiled().fit(&x, &y).batch_size(0).verbose(0).run(), &["batch_size is 0"]);
    refused("split", compiled().fit(&x, &y).validation_split(1.5).verbose(0).run(), &["validation_split"]);
    let labels = Tensor::new([0i64, 1, 2, 0, 1, 2, 0, 12]).unwrap();
    let e = compiled();
    let before: Vec<Vec<f32>> = e.weights().iter().map(|w| w.peek().to_vec().unwrap()).collect();
    let mut e = e;
    refused("label", e.fit(&x, &labels).shuffle(false).verbose(0).run(), &["12", "epoch 1, step 1"]);
    let after: Vec<Vec<f32>> = e.weights().iter().map(|w| w.peek().to_vec().unwrap()).collect();
    assert_eq!(before, after, "a refused step changes nothing");
}

#[test]
fn a_loss_that_is_not_finite_stops_training_and_keeps_the_weights() {
    let (x, y) = data(8);
    let mut values = x.to_vec::<f32>().unwrap();
    values[5] = f32::NAN;
    let bad = Tensor::from_vec(values, [8, 4]).unwrap();
    let mut m = compiled();
    refused("NaN", m.fit(&bad, &y).shuffle(false).verbose(0).run(), &["the loss is NaN", "epoch 1, step 1"]);
    assert!(m.weights().iter().all(|w| w.peek().to_vec::<f32>().unwrap().iter().all(|v| v.is_finite())));
}

#[test]
fn shapes_are_checked_when_layers_meet() {
    let twice = Sequential::new().add(Dense::new(2).name("a")).add(Dense::new(2).name("a"));
    refused("names", twice.summary(), &["two layers", "\"a\""]);
    let small = Sequential::new().input([4, 4, 1]).add(Conv2D::new(2, 5));
    refused("window", small.summary(), &["conv2d", "same"]);
    let flat = Sequential::new().input([28, 28]).add(Conv2D::new(2, 3));
    refused("channel", flat.summary(), &["channel"]);
    let rate = Sequential::new().input([3]).add(Dropout::new(1.5));
    refused("rate", rate.summary(), &["1.5"]);
}

#[test]
fn an_unknown_monitor_is_refused_before_the_first_epoch() {
    let (x, y) = data(8);
    let run = compiled().fit(&x, &y).callback(EarlyStopping::new("val_los")).verbose(0).run();
    refused("monitor", run, &["val_los", "loss"]);
}

#[test]
fn damaged_models_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gradus");
    let m = compiled();
    m.save(&path).unwrap();
    refused("missing", load_model(folder.path().join("none")), &["none"]);
    let foreign = folder.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("a.txt"), "hello").unwrap();
    refused("foreign", load_model(&foreign), &["foreign"]);
    let mut files = Vec::new();
    let mut folders = vec![path.clone()];
    while let Some(f) = folders.pop() {
        for e in std::fs::read_dir(f).unwrap() {
            let p = e.unwrap().path();
            if p.is_dir() { folders.push(p) } else { files.push(p) }
        }
    }
    let largest = files.iter().max_by_key(|f| std::fs::metadata(f).unwrap().len()).unwrap();
    let good = std::fs::read(largest).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (case, bytes) in [("flipped", &flipped[..]), ("truncated", &good[..good.len() - 3])] {
        std::fs::write(largest, bytes).unwrap();
        assert!(load_model(&path).is_err(), "{case}");
    }
    std::fs::write(largest, &good).unwrap();
    assert!(load_model(&path).is_ok());
}
