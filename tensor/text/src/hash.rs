//! Hashes of strings: buckets and fingerprints.

pub(crate) mod farm;
mod murmur;

use gradus_tensor::{Result, Shape, Tensor, bail_shape, bail_value};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

use crate::StringTensor;

impl StringTensor {
    /// A number below `num_buckets` for every element, i64: FarmHash's 64-bit fingerprint modulo the buckets.
    ///
    /// The same for all time and on every machine, and equal to TensorFlow's. Not for data that an enemy chooses: see
    /// [`to_hash_bucket_strong`](StringTensor::to_hash_bucket_strong).
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// let buckets = StringTensor::new(["a", "b"])?.to_hash_bucket_fast(10)?;
    /// assert!(buckets.to_vec::<i64>()?.iter().all(|b| (0..10).contains(b)));
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn to_hash_bucket_fast(&self, num_buckets: i64) -> Result<Tensor> {
        self.buckets("to_hash_bucket_fast", num_buckets, farm::fingerprint64)
    }

    /// A number below `num_buckets` for every element, i64, by SipHash-2-4 with a secret key: who does not know the key
    /// cannot choose strings that fall into one bucket.
    pub fn to_hash_bucket_strong(&self, num_buckets: i64, key: [u64; 2]) -> Result<Tensor> {
        self.buckets("to_hash_bucket_strong", num_buckets, |s| {
            let mut hasher = SipHasher24::new_with_keys(key[0], key[1]);
            hasher.write(s);
            hasher.finish()
        })
    }

    /// A number below `num_buckets` for every element, i64, by the hash of TensorFlow's `to_hash_bucket`.
    pub fn to_hash_bucket(&self, num_buckets: i64) -> Result<Tensor> {
        self.buckets("to_hash_bucket", num_buckets, murmur::hash64)
    }

    fn buckets(&self, op: &str, num_buckets: i64, hash: impl Fn(&[u8]) -> u64) -> Result<Tensor> {
        let Some(buckets) = u64::try_from(num_buckets).ok().filter(|&n| n > 0) else {
            bail_value!("{op}: expected at least 1 bucket, found {num_buckets}");
        };
        // The remainder is below an i64, so the cast keeps it.
        let numbers = self.iter().map(|s| (hash(s) % buckets) as i64).collect();
        Tensor::from_vec(numbers, self.shape())
    }

    /// Eight bytes for every slice along the first axis, u8 of shape `[n, 8]`: FarmHash's fingerprint, little-endian.
    ///
    /// For a vector it is that of each string; for higher ranks, that of the fingerprints of a slice's strings. Errors
    /// for a scalar.
    pub fn fingerprint(&self) -> Result<Tensor> {
        let rows = rows(self.shape())?;
        let each: Vec<u64> = self.iter().map(farm::fingerprint64).collect();
        if self.rank() == 1 {
            return fingerprints(each.into_iter());
        }
        let size = self.len().checked_div(rows).unwrap_or(0);
        fingerprints((0..rows).map(|r| {
            let bytes: Vec<u8> =
                each[r * size..(r + 1) * size].iter().flat_map(|f| f.to_le_bytes()).collect();
            farm::fingerprint64(&bytes)
        }))
    }
}

/// Eight bytes for every slice of a dense tensor along its first axis, u8 of shape `[n, 8]`: FarmHash's fingerprint of the
/// slice's bytes, little-endian. Errors for a scalar.
pub fn fingerprint(data: &Tensor) -> Result<Tensor> {
    let rows = rows(data.shape())?;
    let bytes = data.to_bytes()?;
    let size = bytes.len().checked_div(rows).unwrap_or(0);
    fingerprints((0..rows).map(|r| farm::fingerprint64(&bytes[r * size..(r + 1) * size])))
}

fn rows(shape: &Shape) -> Result<usize> {
    match shape.first() {
        Some(&rows) => Ok(rows),
        None => bail_shape!("fingerprint: expected at least a vector, found a scalar"),
    }
}

fn fingerprints(rows: impl Iterator<Item = u64>) -> Result<Tensor> {
    let bytes: Vec<u8> = rows.flat_map(u64::to_le_bytes).collect();
    let shape = [bytes.len() / 8, 8];
    Tensor::from_vec(bytes, shape)
}
