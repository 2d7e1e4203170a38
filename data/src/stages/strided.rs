//! Every `step`-th element from a start: what take, skip and shard are over random access.

use std::any::Any;
use std::sync::Arc;

use crate::error::Result;
use crate::stage::RandomAccess;

pub(crate) struct Strided<T> {
    pub(crate) input: Arc<dyn RandomAccess<T>>,
    pub(crate) start: u64,
    pub(crate) step: u64,
    pub(crate) len: u64,
}

impl<T> RandomAccess<T> for Strided<T> {
    fn len(&self) -> u64 {
        self.len
    }

    fn get(&self, index: u64) -> Result<T> {
        self.input.get(self.start + index * self.step)
    }

    fn gather(&self, indices: &[u64]) -> Option<Result<Box<dyn Any + Send>>> {
        let mapped: Vec<u64> = indices.iter().map(|i| self.start + i * self.step).collect();
        self.input.gather(&mapped)
    }
}
