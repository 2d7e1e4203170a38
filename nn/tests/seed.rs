//! The global seed decides what is drawn.

use gradus_nn::initializers::{self, Initializer};
use gradus_tensor::DType;

#[test]
fn the_global_seed_repeats_and_advances() {
    let draw = || {
        initializers::get("glorot_uniform")
            .unwrap()
            .init(&[4, 3], DType::F32)
            .unwrap()
            .to_vec::<f32>()
            .unwrap()
    };
    gradus_nn::set_random_seed(7);
    let (a, b) = (draw(), draw());
    gradus_nn::set_random_seed(7);
    assert_eq!((draw(), draw()), (a.clone(), b.clone()), "the same seed gives the same weights");
    assert_ne!(a, b, "two layers start differently");
    let fixed = initializers::GlorotUniform::new().seed(3);
    assert_eq!(
        fixed.init(&[4, 3], DType::F32).unwrap().to_vec::<f32>().unwrap(),
        fixed.init(&[4, 3], DType::F32).unwrap().to_vec::<f32>().unwrap(),
        "a fixed seed gives the same values every time"
    );
}
