//! Keras's image preprocessing layers: the augmentations of `gradus-image` inside a model.

use crate::seed::{self, mix};
use crate::sequential::IntoLayer;
use crate::{Call, Dims, Layer, Meta, Weight};
use gradus_autograd::{Variable, stop_recording};
use gradus_image::augment::{
    Augment, AutoContrast, CenterCrop, Equalization, RandAugment, RandomBrightness, RandomColorDegeneration,
    RandomContrast, RandomCrop, RandomErasing, RandomFlip, RandomHue, RandomPosterization, RandomRotation,
    RandomSaturation, RandomSharpness, RandomShear, RandomTranslation, RandomZoom, Resizing, Solarization,
};
use gradus_tensor::{Error, Result, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// An augmentation as a layer: it changes images `[n, h, w, c]` or `[h, w, c]` in training and hands them on, as
/// float32, otherwise. What is not random (resizing, cropping to the middle, ...) it always does.
///
/// A model takes augmentations as they are; this type is for a name or a seed:
/// ```
/// use gradus_image::augment::{RandomFlip, RandomRotation};
/// use gradus_nn::layers::{Augmentation, Conv2D};
/// use gradus_nn::Sequential;
/// let model = Sequential::new()
///     .add(RandomFlip::horizontal())
///     .add(Augmentation::new(RandomRotation::new(0.1)).seed(7).name("turned"))
///     .add(Conv2D::new(8, 3));
/// ```
/// What is drawn follows from a counter that is saved with the model, so training resumes exactly. Gradients do not
/// pass through an augmentation's random part to the images. Configurations have Keras's keys.
#[derive(Debug)]
pub struct Augmentation<A> {
    meta: Meta,
    augment: A,
    seed: Option<u64>,
    state: Weight,
}

impl<A: Augment> Augmentation<A> {
    /// That augmentation, with the seed that follows from the global one.
    pub fn new(augment: A) -> Self {
        Augmentation { meta: Meta::new(augment.name()), augment, seed: None, state: Weight::new() }
    }

    /// A seed of its own; the default follows from the global one.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Another name than the automatic one.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.meta.set_name(name);
        self
    }

    /// The key of the next call, which a saved counter decides.
    fn next_key(&self) -> Result<u64> {
        let variable = self.state.variable()?;
        let state = variable.value();
        let [seed, count] = state.to_vec::<u64>()?[..] else {
            return Err(Error::value(format!("the state is {}, expected two numbers", state.spec())));
        };
        stop_recording(|| variable.assign(&state.add(&Tensor::from_slice(&[0u64, 1], [2])?)?))?;
        Ok(mix(seed ^ mix(count)))
    }
}

impl<A: Augment + Serialize + DeserializeOwned + 'static> Augmentation<A> {
    fn from_config(c: &Value) -> Result<Self> {
        let augment = A::deserialize(c).map_err(|e| Error::value(format!("configuration: {e}: {c}")))?;
        let mut layer = Augmentation::new(augment);
        layer.seed = c.get("seed").and_then(Value::as_u64);
        Ok(layer)
    }
}

impl<A: Augment + Serialize + 'static> Layer for Augmentation<A> {
    fn class_name(&self) -> &'static str {
        self.augment.name()
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        let mut config = serde_json::to_value(&self.augment).unwrap_or_else(|_| json!({}));
        if self.augment.is_random() {
            config["seed"] = json!(self.seed);
        }
        config
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        let rank = input.rank();
        if rank != 3 && rank != 4 {
            return Err(Error::shape(format!("expected images [n, h, w, c] or [h, w, c], found {input}")));
        }
        let sides = input.as_slice();
        let [height, width] = self.augment.output_size(sides[rank - 3], sides[rank - 2]);
        Ok(input.replaced(-3, height).replaced(-2, width))
    }
    fn build(&self, _: &Dims) -> Result<()> {
        if self.augment.is_random() {
            let key = self.seed.unwrap_or_else(seed::next_key);
            self.state.set("seed_generator_state", Tensor::random_state(key, 0), false);
        }
        Ok(())
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        if !cx.training || !self.augment.is_random() {
            return self.augment.inference(x);
        }
        self.augment.augment(x, self.next_key()?)
    }
    fn own_state(&self) -> Vec<Variable> {
        self.state.get().cloned().into_iter().collect()
    }
}

macro_rules! augmentations {
    ($($t:ident),* $(,)?) => {
        $(impl IntoLayer for $t {
            fn into_layer(self) -> Arc<dyn Layer> {
                Arc::new(Augmentation::new(self))
            }
        })*

        /// The layer of a configuration; `None` for a class that is none of these.
        pub(crate) fn from_config(class: &str, c: &Value) -> Result<Option<Arc<dyn Layer>>> {
            Ok(Some(match class {
                $(stringify!($t) => Arc::new(Augmentation::<$t>::from_config(c)?),)*
                _ => return Ok(None),
            }))
        }
    };
}

augmentations!(
    AutoContrast,
    CenterCrop,
    Equalization,
    RandAugment,
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomHue,
    RandomPosterization,
    RandomRotation,
    RandomSaturation,
    RandomSharpness,
    RandomShear,
    RandomTranslation,
    RandomZoom,
    Resizing,
    Solarization,
);
