//! Input pipelines as sources of batches.

use crate::batches::Batch;
use crate::source::{BatchSource, Epoch};
use gradus_data::{Cardinality, DataError, Dataset};
use gradus_tensor::{Error, Result, Tensor};

fn of(error: &DataError) -> Error {
    Error::value(error.to_string())
}

/// The batches of a pass over a dataset whose elements are batches.
fn epoch<T: Send + 'static>(
    dataset: &Dataset<T>,
    epoch: u64,
    batch: impl Fn(T) -> Batch + 'static,
) -> Result<Epoch<'_>> {
    let elements = dataset.iter_epoch(epoch);
    Ok(Box::new(elements.map(move |element| element.map(&batch).map_err(|e| of(&e)))))
}

fn steps<T: Send + 'static>(dataset: &Dataset<T>) -> Result<Option<usize>> {
    match dataset.cardinality() {
        Cardinality::Finite(n) => Ok(usize::try_from(n).ok()),
        Cardinality::Unknown => Ok(None),
        Cardinality::Infinite => Err(Error::value(
            "the dataset never ends: `take` as many batches as are wanted, or, in fit, set steps_per_epoch",
        )),
    }
}

macro_rules! source {
    ($element:ty, $batch:expr) => {
        impl BatchSource for Dataset<$element> {
            fn epoch(&self, number: u64) -> Result<Epoch<'_>> {
                epoch(self, number, $batch)
            }
            fn steps(&self) -> Result<Option<usize>> {
                steps(self)
            }
        }
    };
}

source!((Tensor, Tensor), |(x, y)| Batch { x, y: Some(y), weight: None });
source!((Tensor, Tensor, Tensor), |(x, y, weight)| Batch { x, y: Some(y), weight: Some(weight) });
source!(Tensor, |x| Batch { x, y: None, weight: None });
