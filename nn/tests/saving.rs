//! A model that was saved and loaded is the same: predictions, optimizer, and the training that follows.

use gradus_nn::prelude::*;
use gradus_tensor::Tensor;

fn data() -> (Tensor, Tensor) {
    let x: Vec<f32> = (0..64 * 4).map(|i| ((i * 37) % 101) as f32 / 101.0).collect();
    let y: Vec<i64> = (0..64).map(|i| i % 3).collect();
    (Tensor::from_vec(x, [64, 4]).unwrap(), Tensor::from_vec(y, [64]).unwrap())
}

fn bits(t: &Tensor) -> Vec<u32> {
    t.to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}

#[test]
fn training_goes_on_as_if_nothing_had_happened() {
    set_random_seed(5);
    let (x, y) = data();
    let inner = Sequential::new().input([8]).add(Dense::new(6).activation("tanh")).add(Dropout::new(0.3));
    let mut model = Sequential::new()
        .input([4])
        .add(Dense::new(8).activation("relu").kernel_regularizer("l2"))
        .add(BatchNormalization::new())
        .add(inner)
        .add(Dense::new(3).activation("softmax"));
    model.compile(Adam::new(0.01), "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    model.fit(&x, &y).epochs(3).shuffle(false).verbose(0).run().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gradus");
    model.save(&path).unwrap();
    let mut loaded = load_model(&path).unwrap();
    assert_eq!(bits(&model.predict(&x).unwrap()), bits(&loaded.predict(&x).unwrap()), "predictions");
    let a = model.fit(&x, &y).epochs(3).shuffle(false).verbose(0).run().unwrap();
    let b = loaded.fit(&x, &y).epochs(3).shuffle(false).verbose(0).run().unwrap();
    assert_eq!(a, b, "histories");
    assert_eq!(bits(&model.predict(&x).unwrap()), bits(&loaded.predict(&x).unwrap()), "after more training");
}
