//! `shuffle`: a random order, from a buffer.
//!
//! The order is that of a buffer of `buffer_size` elements: it is filled from the input, one of its
//! elements is drawn and given, the next of the input takes its place. An element can so come at most
//! `buffer_size - 1` places early. Draw number `i` is a function of (seed, epoch, stage, `i`), so the
//! order is a property of the description: the same with any number of threads and after any interruption.
//!
//! Where the input can be reached by number, the buffer holds numbers instead of elements and the whole
//! order is drawn when the pass begins: four bytes per element, some nanoseconds each. Both ways give the
//! same order. Continuing in the middle repeats the draws and then reads again only what the buffer held.

use std::any::Any;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::{Dataset, Failed};
use crate::error::{ErrorKind, Result, Site};
use crate::key::Key;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, IndexCursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

/// Buffer, seed and habit of a shuffle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shuffle {
    buffer_size: usize,
    seed: u64,
    reshuffle_each_iteration: bool,
}

impl Shuffle {
    /// A shuffle with a buffer of so many elements, seed 0, a new order in every epoch.
    pub fn buffer(size: usize) -> Self {
        Shuffle { buffer_size: size, seed: 0, reshuffle_each_iteration: true }
    }

    /// A shuffle of the whole dataset. Sources that cannot be reached by number are read into memory.
    pub fn whole() -> Self {
        Shuffle::buffer(usize::MAX)
    }

    /// The seed. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether every epoch has an order of its own. Default true.
    pub fn reshuffle_each_iteration(mut self, reshuffle: bool) -> Self {
        self.reshuffle_each_iteration = reshuffle;
        self
    }
}

/// Up to so many elements the whole order is kept: 64 MiB of numbers.
const MAX_ORDER: u64 = 1 << 24;

impl<T: Send + 'static> Dataset<T> {
    /// Shuffles with a buffer, anew in every epoch.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// let ds = Dataset::range(0..100).shuffle(10, 42);
    /// let mut first: Vec<i64> = ds.iter().collect::<Result<_, _>>().unwrap();
    /// let second: Vec<i64> = ds.iter().collect::<Result<_, _>>().unwrap();
    /// assert_ne!(first, second);
    /// first.sort();
    /// assert!(first.into_iter().eq(0..100));
    /// ```
    pub fn shuffle(self, buffer_size: usize, seed: u64) -> Dataset<T> {
        self.shuffle_with(Shuffle::buffer(buffer_size).seed(seed))
    }

    /// [`shuffle`](Self::shuffle) with all options.
    pub fn shuffle_with(self, options: Shuffle) -> Dataset<T> {
        Dataset::from_stage(ShuffleStage { site: self.next_site("shuffle"), options, input: self })
    }
}

struct ShuffleStage<T> {
    site: Site,
    options: Shuffle,
    input: Dataset<T>,
}

impl<T> ShuffleStage<T> {
    fn key(&self, pass: Pass) -> Key {
        let pass = if self.options.reshuffle_each_iteration { pass } else { pass.with_epoch(0) };
        pass.key(self.options.seed, self.site)
    }
}

impl<T: Send + 'static> Stage<T> for ShuffleStage<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        if self.options.buffer_size == 0 {
            let message = "shuffle: a buffer of 0 elements was asked for";
            return Ok(Box::new(Failed::new(self.site.error(0, ErrorKind::InvalidArgument, message))));
        }
        if let Some(source) = self.random_access(pass) {
            return Ok(Box::new(IndexCursor::new("shuffle", source)));
        }
        Ok(Box::new(ShuffleCursor {
            site: self.site,
            size: self.options.buffer_size,
            key: self.key(pass),
            input: self.input.open(pass)?,
            buffer: Vec::new(),
            given: 0,
            pulled: 0,
            errors: Vec::new(),
            ended: false,
        }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        let input = self.input.random_access(pass)?;
        let len = input.len();
        if len > MAX_ORDER || self.options.buffer_size == 0 {
            return None;
        }
        let order = draw_order(len as u32, self.options.buffer_size, self.key(pass));
        Some(Arc::new(Shuffled { input, order }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

/// The order in which a buffer of this size gives `len` elements.
fn draw_order(len: u32, size: usize, key: Key) -> Vec<u32> {
    let mut buffer: Vec<u32> = (0..len.min(u32::try_from(size).unwrap_or(u32::MAX))).collect();
    let mut next = buffer.len() as u32;
    (0..u64::from(len))
        .map(|draw| {
            let drawn = buffer.swap_remove(key.below(draw, buffer.len() as u64) as usize);
            if next < len {
                buffer.push(next);
                next += 1;
            }
            drawn
        })
        .collect()
}

struct Shuffled<T> {
    input: Arc<dyn RandomAccess<T>>,
    order: Vec<u32>,
}

impl<T> RandomAccess<T> for Shuffled<T> {
    fn len(&self) -> u64 {
        self.order.len() as u64
    }

    fn get(&self, index: u64) -> Result<T> {
        self.input.get(u64::from(self.order[index as usize]))
    }

    fn gather(&self, indices: &[u64]) -> Option<Result<Box<dyn Any + Send>>> {
        let mapped: Vec<u64> = indices.iter().map(|i| u64::from(self.order[*i as usize])).collect();
        self.input.gather(&mapped)
    }
}

struct ShuffleCursor<T> {
    site: Site,
    size: usize,
    key: Key,
    input: Box<dyn Cursor<T>>,
    buffer: Vec<T>,
    given: u64,
    /// Elements taken from the input, errors not counted.
    pulled: u64,
    /// Places of errors in the input: they pass at once and take no part in the draws.
    errors: Vec<u64>,
    ended: bool,
}

impl<T: Send> Cursor<T> for ShuffleCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        while !self.ended && self.buffer.len() < self.size {
            match self.input.next() {
                Some(Ok(x)) => {
                    self.buffer.push(x);
                    self.pulled += 1;
                }
                Some(Err(e)) => {
                    self.errors.push(self.pulled + self.errors.len() as u64);
                    self.ended |= e.is_fatal();
                    return Some(Err(e));
                }
                None => self.ended = true,
            }
        }
        if self.buffer.is_empty() {
            return None;
        }
        let at = self.key.below(self.given, self.buffer.len() as u64) as usize;
        self.given += 1;
        Some(Ok(self.buffer.swap_remove(at)))
    }

    fn save(&self) -> IteratorState {
        let words = [self.given, self.pulled, u64::from(self.ended)];
        IteratorState::of("shuffle").words(words).words(self.errors.iter().copied())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        // Saved over random access: the number of elements given is all there was to say.
        if let [given] = state.numbers() {
            return if self.advance(*given) == *given { Ok(()) } else { Err(self.gone()) };
        }
        let state = state.expect("shuffle", 3, 0)?;
        let (given, pulled, ended) = (state.number(0), state.number(1), state.number(2) != 0);
        let errors = state.numbers()[3..].to_vec();

        let mut held: Vec<u64> = Vec::new();
        let mut next = 0;
        for draw in 0..given {
            while held.len() < self.size && next < pulled {
                held.push(next);
                next += 1;
            }
            if held.is_empty() {
                return Err(self.gone());
            }
            held.swap_remove(self.key.below(draw, held.len() as u64) as usize);
        }
        held.extend(next..pulled);

        let mut slots: Vec<(u64, usize)> = held.iter().enumerate().map(|(slot, at)| (*at, slot)).collect();
        slots.sort_unstable();
        let mut found: Vec<Option<T>> = held.iter().map(|_| None).collect();
        // Element numbers leave errors out, places in the input count them.
        let (mut place, mut number, mut failed) = (0, 0, errors.iter().copied().peekable());
        let mut pass_to = |input: &mut Box<dyn Cursor<T>>, wanted: u64| {
            while number < wanted {
                let run = failed.peek().map_or(u64::MAX, |e| e - place).min(wanted - number);
                if run == 0 {
                    failed.next();
                }
                input.advance(run.max(1));
                (number, place) = (number + run, place + run.max(1));
            }
            while failed.next_if_eq(&place).is_some() {
                input.advance(1);
                place += 1;
            }
            (number, place) = (number + 1, place + 1);
        };
        for (at, slot) in slots {
            pass_to(&mut self.input, at);
            found[slot] = Some(self.input.next().ok_or_else(|| self.gone())??);
        }
        pass_to(&mut self.input, pulled);
        self.buffer = found.into_iter().flatten().collect();
        (self.given, self.pulled, self.errors, self.ended) = (given, pulled, errors, ended);
        Ok(())
    }
}

impl<T> ShuffleCursor<T> {
    fn gone(&self) -> crate::DataError {
        let message = "restore: the input has fewer elements than when the state was saved";
        self.site.error(self.given, ErrorKind::State, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_elements_are_shuffled_alike() {
        for (n, size) in [(0, 1), (1, 1), (10, 1), (10, 3), (20, 20), (50, 10), (5, 100)] {
            let by_number = Dataset::range(0..n).shuffle(size, 5).collect().unwrap();
            // A filter cannot be reached by number. It is one stage more, which is a key of its own.
            let stage = |ds: Dataset<i64>| ShuffleStage {
                site: Site { name: "shuffle", number: 1 },
                options: Shuffle::buffer(size).seed(5),
                input: ds,
            };
            let by_element = Dataset::from_stage(stage(Dataset::range(0..n).filter(|_| true)));
            assert_eq!(by_element.collect().unwrap(), by_number, "n {n}, buffer {size}");
            for (place, x) in by_number.iter().enumerate() {
                assert!(*x <= (place + size - 1) as i64, "n {n}, buffer {size}: {x} came at {place}");
            }
        }
    }
}
