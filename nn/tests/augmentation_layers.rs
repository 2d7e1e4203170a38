//! Augmentations as layers: Keras's configurations, training and inference, saving, resuming.
#![cfg(feature = "image")]

use gradus_image::augment::{CenterCrop, RandAugment, RandomFlip, RandomRotation, Resizing};
use gradus_nn::layer;
use gradus_nn::layers::{self, Augmentation};
use gradus_nn::prelude::*;
use gradus_tensor::Tensor;
use serde_json::{Value, json};

/// What Keras 3.15's `get_config` gives, without name, trainable and dtype.
const CONFIGS: &str = r#"
AutoContrast {"data_format": "channels_last", "value_range": [0, 255]}
CenterCrop {"data_format": "channels_last", "height": 4, "width": 5}
Equalization {"data_format": "channels_last", "bins": 256, "value_range": [0, 255]}
RandAugment {"data_format": "channels_last", "value_range": [0, 255], "num_ops": 3, "factor": [0, 0.4], "interpolation": "bilinear", "seed": null}
RandomBrightness {"data_format": "channels_last", "factor": [-0.2, 0.2], "value_range": [0, 255], "seed": null}
RandomColorDegeneration {"data_format": "channels_last", "factor": [-0.3, 0.3], "value_range": [0, 255], "seed": null}
RandomContrast {"data_format": "channels_last", "factor": [0, 0.3], "value_range": [0, 255], "seed": null}
RandomCrop {"data_format": "channels_last", "height": 4, "width": 5, "seed": 537867176}
RandomErasing {"data_format": "channels_last", "factor": [0, 1.0], "scale": [0.02, 0.33], "fill_value": null, "value_range": [0, 255], "seed": null}
RandomFlip {"data_format": "channels_last", "seed": null, "mode": "vertical"}
RandomHue {"data_format": "channels_last", "factor": [0, 0.2], "value_range": [0, 255], "seed": null}
RandomPosterization {"data_format": "channels_last", "factor": [1, 4], "value_range": [0, 255], "seed": null}
RandomRotation {"data_format": "channels_last", "factor": [-0.1, 0.1], "fill_mode": "nearest", "fill_value": 0.0, "interpolation": "bilinear", "seed": null}
RandomSaturation {"data_format": "channels_last", "factor": [0.2, 0.6], "value_range": [0, 255], "seed": null}
RandomSharpness {"data_format": "channels_last", "factor": [0, 0.5], "value_range": [0, 255], "seed": null}
RandomShear {"data_format": "channels_last", "x_factor": [-0.1, 0.1], "y_factor": [-0.2, 0.2], "fill_mode": "reflect", "interpolation": "bilinear", "seed": null, "fill_value": 0.0}
RandomTranslation {"data_format": "channels_last", "height_factor": 0.1, "width_factor": [-0.2, 0.3], "fill_mode": "reflect", "interpolation": "bilinear", "seed": null, "fill_value": 0.0}
RandomZoom {"data_format": "channels_last", "height_factor": 0.2, "width_factor": null, "fill_mode": "reflect", "interpolation": "bilinear", "seed": null, "fill_value": 0.0}
Resizing {"data_format": "channels_last", "height": 8, "width": 9, "interpolation": "area", "crop_to_aspect_ratio": false, "pad_to_aspect_ratio": true, "fill_mode": "constant", "fill_value": 0.0, "antialias": false}
Solarization {"data_format": "channels_last", "value_range": [0, 255], "addition_factor": [0, 0.1], "threshold_factor": [0, 0.5], "seed": null}
"#;

/// Options that Keras writes and that have one meaning here: the layout, 256 bins, bilinear steps of RandAugment, colours
/// kept within 0 and 255 by their own formula, padding with a value.
const ABSENT: [(&str, &str); 4] = [
    ("Equalization", "bins"),
    ("RandAugment", "interpolation"),
    ("RandomSaturation", "value_range"),
    ("Resizing", "fill_mode"),
];

fn images() -> Tensor {
    let pixel = |i: usize| ((i * 37 + i / 5 * 11) % 256) as f32;
    Tensor::from_vec((0..2 * 8 * 6 * 3).map(pixel).collect(), [2, 8, 6, 3]).unwrap()
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

#[test]
fn configurations_are_those_of_keras() {
    for line in CONFIGS.trim().lines() {
        let (class, config) = line.split_once(' ').unwrap();
        let config: Value = serde_json::from_str(config).unwrap();
        let layer = layers::from_config(class, &config).unwrap().unwrap_or_else(|| panic!("{class}"));
        let found = layer.config();
        for (key, want) in config.as_object().unwrap() {
            match found.get(key) {
                Some(found) => assert!(same(found, want), "{class}, {key}: {found}, Keras {want}"),
                None => assert!(
                    key == "data_format" || ABSENT.contains(&(class, key.as_str())),
                    "{class} has no {key}"
                ),
            }
        }
        let x = images();
        let mut shape = layer.output_shape(x.shape()).unwrap().as_slice().to_vec();
        shape[0] = Some(2);
        for mut cx in [Call::training(), Call::inference()] {
            let y = layer::call(&*layer, &x, &mut cx).unwrap_or_else(|e| panic!("{class}: {e}"));
            let found: Vec<Option<usize>> = y.shape().iter().map(|d| Some(*d)).collect();
            assert_eq!(found, shape, "{class}, training: {}", cx.training);
        }
    }
    let wrong = layers::from_config("RandomFlip", &json!({"mode": "diagonal"})).unwrap_err();
    assert!(wrong.to_string().contains("diagonal"), "{wrong}");
}

#[test]
fn random_layers_change_images_in_training_alone() {
    let x = images();
    let model = || {
        Sequential::new()
            .add(Augmentation::new(RandomFlip::horizontal()).seed(1))
            .add(Augmentation::new(RandomRotation::new(0.2)).seed(2).name("turned"))
    };
    let (a, b) = (model(), model());
    let values =
        |m: &Sequential, mut cx: Call| layer::call(m.layer(), &x, &mut cx).unwrap().to_vec::<f32>().unwrap();
    assert_eq!(values(&a, Call::inference()), x.to_vec::<f32>().unwrap());
    let (first, second) = (values(&a, Call::training()), values(&a, Call::training()));
    assert_ne!(first, x.to_vec::<f32>().unwrap());
    assert_ne!(first, second, "each call draws anew");
    assert_eq!([first, second], [values(&b, Call::training()), values(&b, Call::training())], "same seeds");
}

#[test]
fn a_model_with_augmentations_trains_saves_and_goes_on() {
    let x = images();
    let y = Tensor::from_vec(vec![0i32, 1], [2]).unwrap();
    let mut model = Sequential::new()
        .add(Resizing::new(6, 6))
        .add(CenterCrop::new(5, 5))
        .add(RandAugment::default())
        .add(RandomFlip::horizontal_and_vertical())
        .add(Flatten::new())
        .add(Dense::new(2));
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"]).unwrap();
    model.fit(&x, &y).epochs(3).verbose(0).run().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    model.save(&path).unwrap();
    let mut loaded = load_model(&path).unwrap();
    let predict = |m: &mut Sequential| m.predict(&x).unwrap().to_vec::<f32>().unwrap();
    assert_eq!(predict(&mut model), predict(&mut loaded));
    let go_on = |m: &mut Sequential| {
        m.fit(&x, &y).epochs(3).verbose(0).run().unwrap();
        m.predict(&x).unwrap().to_vec::<f32>().unwrap()
    };
    assert_eq!(go_on(&mut model), go_on(&mut loaded), "the counters of random layers are saved");
}
