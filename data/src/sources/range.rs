//! Sources that count: `range`, `counter`, `random`.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::{Dataset, Failed};
use crate::error::{ErrorKind, Result, Site};
use crate::key::Key;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, IndexCursor, Pass, RandomAccess, Stage};

impl Dataset<i64> {
    /// The numbers of a range (int64). Empty when it ends before it begins.
    pub fn range(range: Range<i64>) -> Self {
        Dataset::range_step(range.start, range.end, 1)
    }

    /// The numbers from `start` to before `stop` in steps, which may be negative. A step of 0 is an error
    /// when the dataset is iterated.
    pub fn range_step(start: i64, stop: i64, step: i64) -> Self {
        let distance = i128::from(stop) - i128::from(start);
        let len = if step == 0 || (distance > 0) != (step > 0) || distance == 0 {
            0
        } else {
            distance.unsigned_abs().div_ceil(u128::from(step.unsigned_abs()))
        };
        let len = u64::try_from(len).unwrap_or(u64::MAX - 1);
        Dataset::from_stage(Count { name: "range", start, step, len })
    }

    /// The numbers from `start` in steps, for ever (wrapping around at the end of int64).
    pub fn counter(start: i64, step: i64) -> Self {
        Dataset::from_stage(Count { name: "counter", start, step, len: u64::MAX })
    }

    /// Random numbers from 0 to 2^32 - 1, for ever; other numbers in every epoch.
    pub fn random(seed: u64) -> Self {
        Dataset::from_stage(Random { seed })
    }
}

struct Count {
    name: &'static str,
    start: i64,
    step: i64,
    len: u64,
}

impl Stage<i64> for Count {
    fn site(&self) -> Site {
        Site { name: self.name, number: 0 }
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<i64>>> {
        match self.random_access(pass) {
            Some(numbers) => Ok(Box::new(IndexCursor::new(self.name, numbers))),
            None => {
                let message = format!("{}: the step must not be 0", self.name);
                Ok(Box::new(Failed::new(self.site().error(0, ErrorKind::InvalidArgument, message))))
            }
        }
    }

    fn cardinality(&self) -> Cardinality {
        if self.len == u64::MAX { Cardinality::Infinite } else { Cardinality::Finite(self.len) }
    }

    fn random_access(&self, _pass: Pass) -> Option<Arc<dyn RandomAccess<i64>>> {
        if self.step == 0 && self.len != u64::MAX {
            return None;
        }
        Some(Arc::new(Numbers { start: self.start, step: self.step, len: self.len }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        Some(ElementSpec::scalar("int64"))
    }
}

struct Numbers {
    start: i64,
    step: i64,
    len: u64,
}

impl RandomAccess<i64> for Numbers {
    fn len(&self) -> u64 {
        self.len
    }

    #[inline]
    fn get(&self, index: u64) -> Result<i64> {
        Ok(self.start.wrapping_add(self.step.wrapping_mul(index as i64)))
    }

    fn gather(&self, indices: &[u64]) -> Option<Result<Box<dyn Any + Send>>> {
        let batch: Result<Vec<i64>> = indices.iter().map(|i| self.get(*i)).collect();
        Some(batch.map(|b| Box::new(b) as Box<dyn Any + Send>))
    }
}

struct Random {
    seed: u64,
}

impl Stage<i64> for Random {
    fn site(&self) -> Site {
        Site { name: "random", number: 0 }
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<i64>>> {
        let numbers = RandomNumbers(pass.key(self.seed, self.site()));
        Ok(Box::new(IndexCursor::new("random", Arc::new(numbers))))
    }

    fn cardinality(&self) -> Cardinality {
        Cardinality::Infinite
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<i64>>> {
        Some(Arc::new(RandomNumbers(pass.key(self.seed, self.site()))))
    }

    fn spec(&self) -> Option<ElementSpec> {
        Some(ElementSpec::scalar("int64"))
    }
}

struct RandomNumbers(Key);

impl RandomAccess<i64> for RandomNumbers {
    fn len(&self) -> u64 {
        u64::MAX
    }

    fn get(&self, index: u64) -> Result<i64> {
        Ok((self.0.bits(index) >> 32) as i64)
    }
}
