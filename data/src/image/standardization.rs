//! What Keras's generator does to the values of augmented images: rescaling, and the statistics of each image or of the
//! whole set.

use std::sync::Arc;

use gradus_tensor::{DType, Error, Result, Tensor};

type Preprocess = dyn Fn(&Tensor) -> Result<Tensor> + Send + Sync;

/// Keeps a flat image from dividing by zero; Keras's value.
const EPSILON: f32 = 1e-6;

/// The steps in Keras's order, each on request.
#[derive(Clone, Default)]
pub(super) struct Standardization {
    pub preprocessing: Option<Arc<Preprocess>>,
    pub rescale: Option<f64>,
    pub samplewise_center: bool,
    pub samplewise_std_normalization: bool,
    pub featurewise_center: bool,
    pub featurewise_std_normalization: bool,
    /// Epsilon of ZCA whitening.
    #[cfg(feature = "whitening")]
    pub zca_epsilon: Option<f64>,
    fitted: Option<Fitted>,
}

/// What was computed over a whole set.
#[derive(Clone, Debug)]
struct Fitted {
    mean: Tensor,
    deviation: Tensor,
    #[cfg(feature = "whitening")]
    whitening: Option<Tensor>,
}

impl Standardization {
    /// Statistics of images `[n, h, w, c]` in f32, as they come from augmentation.
    pub fn fit(&mut self, images: &Tensor) -> Result<()> {
        let x = self.rescaled(images.clone())?;
        let (mean, variance) = x.moments(&[0isize, 1, 2][..], false)?;
        let deviation = variance.sqrt()?;
        self.fitted = Some(Fitted {
            #[cfg(feature = "whitening")]
            whitening: self.zca_epsilon.map(|e| whitening_matrix(&x.sub(&mean)?, e)).transpose()?,
            mean,
            deviation,
        });
        Ok(())
    }

    /// One image `[h, w, c]` in f32.
    pub fn apply(&self, image: Tensor) -> Result<Tensor> {
        let mut x = match &self.preprocessing {
            Some(f) => f(&image)?,
            None => image,
        };
        x = self.rescaled(x)?;
        let epsilon = Tensor::scalar(EPSILON);
        if self.samplewise_center || self.samplewise_std_normalization {
            x = x.sub(&x.reduce_mean((), false)?)?;
        }
        if self.samplewise_std_normalization {
            x = x.div(&x.reduce_std((), false)?.add(&epsilon)?)?;
        }
        if !self.of_the_set() {
            return Ok(x);
        }
        let fitted = self.fitted.as_ref().ok_or_else(|| {
            Error::value(
                "DataGenerator: statistics of the set are wanted, call `fit` with the training images first",
            )
        })?;
        x = x.sub(&fitted.mean)?;
        #[cfg(feature = "whitening")]
        if let Some(matrix) = &fitted.whitening {
            return whiten(&x, matrix);
        }
        if self.featurewise_std_normalization {
            x = x.div(&fitted.deviation.add(&epsilon)?)?;
        }
        Ok(x)
    }

    fn rescaled(&self, x: Tensor) -> Result<Tensor> {
        let x = x.cast(DType::F32)?;
        match self.rescale {
            Some(factor) => x.mul(&Tensor::scalar(factor as f32)),
            None => Ok(x),
        }
    }

    /// Whether something is asked for that [`fit`](Self::fit) computes.
    fn of_the_set(&self) -> bool {
        #[cfg(feature = "whitening")]
        if self.zca_epsilon.is_some() {
            return true;
        }
        self.featurewise_center || self.featurewise_std_normalization
    }
}

/// `u diag(sqrt(n) / (s + epsilon)) u^T` of `[h w c, h w c]`, where `u` and `s` are the singular vectors and values of
/// the centred images as columns.
#[cfg(feature = "whitening")]
fn whitening_matrix(centred: &Tensor, epsilon: f64) -> Result<Tensor> {
    let count = centred.shape()[0];
    let columns = centred.reshape([count, centred.len() / count])?.cast(DType::F64)?.transpose(&[1, 0])?;
    let (s, u, _) = gradus_linalg::svd(&columns, false)?;
    let scale = Tensor::scalar((count as f64).sqrt()).div(&s.add(&Tensor::scalar(epsilon))?)?;
    u.mul(&scale)?.matmul_t(&u, false, true)?.cast(DType::F32)
}

#[cfg(feature = "whitening")]
fn whiten(x: &Tensor, matrix: &Tensor) -> Result<Tensor> {
    if x.len() != matrix.shape()[0] {
        let message = format!(
            "DataGenerator: `fit` saw images of {} values for ZCA whitening, found an image {}",
            matrix.shape()[0],
            x.shape()
        );
        return Err(Error::shape(message));
    }
    x.reshape([1, x.len()])?.matmul(matrix)?.reshape(x.shape().dims())
}
