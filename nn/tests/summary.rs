//! The tables equal those that Keras printed, to the character.

use gradus_nn::prelude::*;
use gradus_nn::summary::SummaryOptions;
use gradus_tensor::{DType, Tensor};

fn check(case: &str, found: &str, want: &str) {
    assert_eq!(found.trim_end(), want.trim_end(), "{case}:\n{found}\n{want}");
}

#[test]
fn tables() {
    clear_session();
    let cnn = Sequential::new()
        .input([28, 28, 1])
        .add(Conv2D::new(128, 3).strides(2).padding("same"))
        .add(MaxPooling2D::new(3))
        .add(BatchNormalization::new())
        .add(Flatten::new())
        .add(Dense::new(100).activation("relu"))
        .add(Dense::new(10).activation("softmax"));
    check("cnn", &cnn.summary().unwrap(), include_str!("summaries/cnn.txt"));

    clear_session();
    let lower = Sequential::new()
        .input([28, 28, 1])
        .add(Conv2D::new(128, 2).strides(2).padding("same").activation("relu"))
        .add(MaxPooling2D::new(3))
        .add(BatchNormalization::new());
    let upper = Sequential::new()
        .input([4, 4, 128])
        .add(Flatten::new())
        .add(Dense::new(100).activation("relu"))
        .add(Dense::new(10).activation("softmax"));
    let nested = Sequential::new().input([28, 28, 1]).add(&lower).add(&upper);
    check("nested", &nested.summary().unwrap(), include_str!("summaries/nested.txt"));
    let options = SummaryOptions { expand_nested: true, show_trainable: true };
    check(
        "nested, expanded",
        &nested.summary_with(options).unwrap(),
        include_str!("summaries/nested_expanded.txt"),
    );

    clear_session();
    let unbuilt = Sequential::new().add(Dense::new(3));
    check("unbuilt", &unbuilt.summary().unwrap(), include_str!("summaries/unbuilt.txt"));
}

#[test]
fn a_trained_model_counts_its_optimizer() {
    clear_session();
    let mut mlp = Sequential::new()
        .input([28, 28])
        .add(Flatten::new())
        .add(Dense::new(128).activation("relu"))
        .add(Dropout::new(0.2))
        .add(Dense::new(10).activation("softmax"));
    check("before", &mlp.summary().unwrap(), include_str!("summaries/mlp.txt"));
    mlp.compile("adam", "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    let x = Tensor::zeros([4, 28, 28], DType::F32).unwrap();
    let y = Tensor::new([0i64, 1, 2, 3]).unwrap();
    mlp.fit(&x, &y).verbose(0).run().unwrap();
    check("after", &mlp.summary().unwrap(), include_str!("summaries/mlp_trained.txt"));
}
