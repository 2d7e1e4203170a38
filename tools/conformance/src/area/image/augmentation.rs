//! Keras's random layers: with a factor range of one value they are not random.

use gradus_image::augment::{
    Augment, RandomBrightness, RandomContrast, RandomFlip, RandomRotation, RandomShear, RandomTranslation,
    RandomZoom, Range,
};
use gradus_tensor::Tensor;
use serde_json::json;

use crate::area::dense::{all_used, array, tensors, values};
use crate::golden::{Attrs, Case, Value, compare_values};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

/// A layer from its config.
type Make = fn(&Attrs<'_>) -> Result<Box<dyn Augment>>;

pub fn register(r: &mut Registry) {
    r.run(Area::Image, "keras.layers.RandomRotation", |case| layer(case, rotation));
    r.run(Area::Image, "keras.layers.RandomZoom", |case| layer(case, zoom));
    r.run(Area::Image, "keras.layers.RandomTranslation", |case| layer(case, translation));
    r.run(Area::Image, "keras.layers.RandomShear", |case| layer(case, shear));
    r.run(Area::Image, "keras.layers.RandomBrightness", |case| layer(case, brightness));
    r.run(Area::Image, "keras.layers.RandomContrast", contrast);
    r.run(Area::Image, "keras.layers.RandomFlip", flip);
}

/// Training and inference; in inference the layer is not called, and gives floats.
fn layer(case: &Case, make: Make) -> Result<Outcome> {
    let attrs = case.attrs();
    let config = attrs.object("config")?;
    for name in ["name", "trainable", "data_format", "seed", "dtype"] {
        config.raw(name);
    }
    let augment = make(&config)?;
    let inputs = tensors(case, "inputs")?;
    let [x] = &inputs[..] else {
        return Err(ConformanceError::Case("expected one input".to_string()));
    };
    let trained = like_recorded(case, x, augment.as_ref())?;
    Ok(Outcome::outputs(values(&[trained, x.clone()])?).check("config", all_used(&config)))
}

/// What is left random is the side that a shear goes to: of the first keys, the one that gives the recorded side.
fn like_recorded(case: &Case, x: &Tensor, augment: &dyn Augment) -> Result<Tensor> {
    let wanted = case.values("outputs")?;
    for key in 0..64 {
        let found = augment.augment(x, key)?;
        let value = Value::Array(array(&found)?);
        if wanted
            .first()
            .and_then(Option::as_ref)
            .is_some_and(|w| compare_values(w, &value, case.tolerance()).is_ok())
        {
            return Ok(found);
        }
    }
    Ok(augment.augment(x, 0)?)
}

fn range(a: &Attrs<'_>, name: &str) -> Result<Range> {
    match a.f64s(name)?[..] {
        [low, high] => Ok(Range::Between(low, high)),
        _ => Err(ConformanceError::Case(format!("{name}: expected two numbers"))),
    }
}

/// Applies the options of filling that all affine layers share.
macro_rules! filled {
    ($layer:expr, $a:ident) => {
        Ok(Box::new(
            $layer
                .fill_mode($a.str_or("fill_mode", "reflect")?.parse()?)
                .interpolation($a.str_or("interpolation", "bilinear")?.parse()?)
                .fill_value($a.f64_or("fill_value", 0.0)?),
        ))
    };
}

fn rotation(a: &Attrs<'_>) -> Result<Box<dyn Augment>> {
    filled!(RandomRotation::new(range(a, "factor")?), a)
}

fn zoom(a: &Attrs<'_>) -> Result<Box<dyn Augment>> {
    let layer = RandomZoom::new(range(a, "height_factor")?);
    let layer = match a.raw("width_factor") {
        Some(v) if !v.is_null() => layer.width_factor(range(a, "width_factor")?),
        _ => layer,
    };
    filled!(layer, a)
}

fn translation(a: &Attrs<'_>) -> Result<Box<dyn Augment>> {
    filled!(RandomTranslation::new(range(a, "height_factor")?, range(a, "width_factor")?), a)
}

fn shear(a: &Attrs<'_>) -> Result<Box<dyn Augment>> {
    filled!(RandomShear::new(range(a, "x_factor")?, range(a, "y_factor")?), a)
}

fn brightness(a: &Attrs<'_>) -> Result<Box<dyn Augment>> {
    let layer = RandomBrightness::new(range(a, "factor")?);
    Ok(Box::new(match a.f64s("value_range")?[..] {
        [low, high] => layer.value_range(low, high),
        _ => layer,
    }))
}

fn contrast(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let values_of = attrs.f64s("value_range")?;
    let layer = RandomContrast::new(0.0).value_range(values_of[0], values_of[1]);
    let x = &tensors(case, "inputs")?[0];
    let adjusted = layer.adjust(x, attrs.f64("contrast_factor")?)?;
    Ok(Outcome::outputs(values(&[adjusted])?).check("attributes", all_used(&attrs)))
}

/// Flips many images: each is one of the allowed ones, and all of those are seen.
fn flip(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let layer = match attrs.str("mode")? {
        "horizontal" => RandomFlip::horizontal(),
        "vertical" => RandomFlip::vertical(),
        _ => RandomFlip::horizontal_and_vertical(),
    };
    let count = attrs.usize("images")?;
    let one = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
    let images = Tensor::from_vec(one.repeat(count), [count, 2, 3, 1])?;
    let found = layer.augment(&images, 1)?.to_vec::<f32>()?;
    let kinds = [
        ("same", one),
        ("horizontal", [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]),
        ("vertical", [4.0, 5.0, 6.0, 1.0, 2.0, 3.0]),
        ("both", [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
    ];
    let kind_of = |image: &[f32]| kinds.iter().find(|(_, k)| k == image).map_or("none", |(name, _)| *name);
    let mut seen: Vec<&str> = found.chunks_exact(6).map(kind_of).collect();
    seen.sort_unstable();
    seen.dedup();
    let allowed = &case.field("properties")["every_image_is_one_of"];
    let agrees =
        if json!(seen) == *allowed { Ok(()) } else { Err(format!("expected {allowed}, found {seen:?}")) };
    Ok(Outcome::new().check("every_image_is_one_of", agrees).check("attributes", all_used(&attrs)))
}
