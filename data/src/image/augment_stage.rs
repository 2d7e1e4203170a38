//! Augmentation as stages of a dataset.

use std::sync::Arc;

use gradus_image::augment::{Augment, Mix};
use gradus_tensor::Tensor;

use crate::dataset::Dataset;
use crate::stages::Parallel;

/// An element with images in it: the tensor itself, or the first of a tuple.
pub trait Images: Send + Sized + 'static {
    /// The element with its images changed.
    ///
    /// # Errors
    /// That of the change.
    fn map_images(
        self,
        f: impl FnOnce(&Tensor) -> gradus_tensor::Result<Tensor>,
    ) -> gradus_tensor::Result<Self>;
}

impl Images for Tensor {
    fn map_images(
        self,
        f: impl FnOnce(&Tensor) -> gradus_tensor::Result<Tensor>,
    ) -> gradus_tensor::Result<Self> {
        f(&self)
    }
}

impl<A: Send + 'static> Images for (Tensor, A) {
    fn map_images(
        self,
        f: impl FnOnce(&Tensor) -> gradus_tensor::Result<Tensor>,
    ) -> gradus_tensor::Result<Self> {
        Ok((f(&self.0)?, self.1))
    }
}

impl<A: Send + 'static, B: Send + 'static> Images for (Tensor, A, B) {
    fn map_images(
        self,
        f: impl FnOnce(&Tensor) -> gradus_tensor::Result<Tensor>,
    ) -> gradus_tensor::Result<Self> {
        Ok((f(&self.0)?, self.1, self.2))
    }
}

impl<T: Images> Dataset<T> {
    /// Augments images, single ones or batches, over several threads.
    ///
    /// What is drawn for an element depends on (seed, epoch, stage, index) and, inside a batch, on the place of the
    /// image; never on threads.
    pub fn augment(
        self,
        parallel: impl Into<Parallel>,
        seed: u64,
        augment: impl Augment + 'static,
    ) -> Dataset<T> {
        let augment: Arc<dyn Augment> = Arc::new(augment);
        self.parallel_map_random(parallel, seed, move |element: T, rng| {
            let key = rng.bits();
            element.map_images(|images| augment.augment(images, key))
        })
    }
}

impl Dataset<(Tensor, Tensor)> {
    /// Mixes the images and the one-hot labels of each batch.
    pub fn mix(
        self,
        parallel: impl Into<Parallel>,
        seed: u64,
        mix: impl Mix + 'static,
    ) -> Dataset<(Tensor, Tensor)> {
        let mix: Arc<dyn Mix> = Arc::new(mix);
        self.parallel_map_random(parallel, seed, move |(images, labels): (Tensor, Tensor), rng| {
            mix.mix(&images, &labels, rng.bits())
        })
    }
}
