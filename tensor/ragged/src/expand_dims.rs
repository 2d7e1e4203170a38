//! A new axis of size 1.

use gradus_tensor::Result;

use crate::maybe::resolve;
use crate::{FlatValues, MaybeRagged, RaggedTensor};

impl<V: FlatValues> RaggedTensor<V> {
    /// A new axis of size 1 in front of `axis`; -1 makes it the last. The new axis is uniform.
    ///
    /// ```
    /// # use gradus_ragged::RaggedTensor;
    /// let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![3]])?;
    /// assert_eq!(r.expand_dims(0)?.to_text(), "[[[1, 2], [3]]]");
    /// assert_eq!(r.expand_dims(1)?.to_text(), "[[[1, 2]], [[3]]]");
    /// assert_eq!(r.expand_dims(-1)?.to_text(), "[[[1], [2]], [[3]]]");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn expand_dims(&self, axis: isize) -> Result<RaggedTensor<V>> {
        let axis =
            resolve(axis, self.rank() + 1, || self.shape_text()).map_err(|e| e.within("expand_dims"))?;
        MaybeRagged::from(self).expand_dims(axis)?.ragged()
    }
}
