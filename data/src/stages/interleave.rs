//! `interleave`: several datasets at a time, in blocks, in a fixed order.
//!
//! `cycle_length` places hold one open dataset each. A round visits the places in order and takes up to
//! `block_length` elements from each; a place whose dataset has ended is given the next one of the input
//! when its turn comes again. Places that cannot be filled any more drop out. The parallel form opens the
//! same datasets in the same order and lets a thread read ahead in each, so its stream is the same.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::error::{ErrorKind, Result, Site};
use crate::stage::{Cursor, Pass, Stage};
use crate::stages::flat_map::open_nested;
use crate::stages::parallel_map::Ahead;
use crate::state::IteratorState;

/// How many datasets are read at a time, and how many elements from each before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interleave {
    cycle_length: usize,
    block_length: usize,
    parallel: bool,
}

impl Interleave {
    /// So many datasets at a time, one element from each in turn.
    pub fn cycle_length(cycle_length: usize) -> Self {
        Interleave { cycle_length: cycle_length.max(1), block_length: 1, parallel: false }
    }

    /// How many elements are taken from a dataset before the next. Default 1.
    pub fn block_length(mut self, block_length: usize) -> Self {
        self.block_length = block_length.max(1);
        self
    }

    /// Whether every open dataset is read ahead by a thread of its own, up to two blocks. The stream does
    /// not change. Default false.
    pub fn parallel(mut self, parallel: bool) -> Self {
        self.parallel = parallel;
        self
    }
}

impl From<usize> for Interleave {
    fn from(cycle_length: usize) -> Self {
        Interleave::cycle_length(cycle_length)
    }
}

type Make<T, U> = dyn Fn(T) -> Dataset<U> + Send + Sync;

impl<T: Send + 'static> Dataset<T> {
    /// The elements of the datasets that `f` makes, several datasets at a time.
    ///
    /// ```
    /// use gradus_data::{Dataset, Interleave};
    /// let ds = Dataset::range(1..4).interleave(Interleave::cycle_length(2).block_length(2), |x| {
    ///     Dataset::from_element(x).repeat(3)
    /// });
    /// assert_eq!(ds.collect().unwrap(), [1, 1, 2, 2, 1, 2, 3, 3, 3]);
    /// ```
    pub fn interleave<U: Send + 'static>(
        self,
        options: impl Into<Interleave>,
        f: impl Fn(T) -> Dataset<U> + Send + Sync + 'static,
    ) -> Dataset<U> {
        let (site, options) = (self.next_site("interleave"), options.into());
        Dataset::from_stage(InterleaveStage { site, options, input: self, f: Arc::new(f) })
    }
}

struct InterleaveStage<T, U> {
    site: Site,
    options: Interleave,
    input: Dataset<T>,
    f: Arc<Make<T, U>>,
}

impl<T: Send + 'static, U: Send + 'static> Stage<U> for InterleaveStage<T, U> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<U>>> {
        Ok(Box::new(InterleaveCursor {
            site: self.site,
            options: self.options,
            pass,
            input: self.input.open(pass)?,
            read: 0,
            input_ended: false,
            places: Vec::new(),
            turn: 0,
            taken: 0,
            f: Arc::clone(&self.f),
        }))
    }
}

struct Open<U> {
    /// Number of the input's element from which this dataset was made.
    origin: u64,
    cursor: Box<dyn Cursor<U>>,
}

struct InterleaveCursor<T, U> {
    site: Site,
    options: Interleave,
    pass: Pass,
    input: Box<dyn Cursor<T>>,
    read: u64,
    input_ended: bool,
    /// At most `cycle_length` places; `None` waits for the next dataset.
    places: Vec<Option<Open<U>>>,
    turn: usize,
    taken: usize,
    f: Arc<Make<T, U>>,
}

impl<T: Send, U: Send + 'static> InterleaveCursor<T, U> {
    fn open(&self, at: u64, x: Result<T>) -> Result<Open<U>> {
        let cursor = open_nested(self.site, self.pass, at, x, &*self.f)?;
        let cursor: Box<dyn Cursor<U>> = if self.options.parallel {
            let site = Site { name: "interleave_ahead", ..self.site };
            let room = self.options.block_length.saturating_mul(2);
            Box::new(Ahead::new(site, cursor, 1, room, room, true, |x, _| Ok(x)))
        } else {
            cursor
        };
        Ok(Open { origin: at, cursor })
    }

    fn next_turn(&mut self) {
        self.taken = 0;
        self.turn = (self.turn + 1) % self.options.cycle_length;
    }
}

impl<T: Send, U: Send + 'static> Cursor<U> for InterleaveCursor<T, U> {
    fn next(&mut self) -> Option<Result<U>> {
        loop {
            if self.input_ended && self.places.iter().all(Option::is_none) {
                return None;
            }
            if self.turn == self.places.len() && !self.input_ended {
                self.places.push(None);
            }
            if self.turn >= self.places.len() {
                self.turn = 0;
                self.taken = 0;
                continue;
            }
            if self.places[self.turn].is_none() {
                if self.input_ended {
                    self.next_turn();
                    continue;
                }
                match self.input.next() {
                    None => {
                        self.input_ended = true;
                        continue;
                    }
                    Some(x) => {
                        self.input_ended = matches!(&x, Err(e) if e.is_fatal());
                        let at = self.read;
                        self.read += 1;
                        match self.open(at, x) {
                            Ok(open) => self.places[self.turn] = Some(open),
                            Err(e) => return Some(Err(e)),
                        }
                    }
                }
            }
            let Some(open) = &mut self.places[self.turn] else { continue };
            match open.cursor.next() {
                Some(x) => {
                    self.taken += 1;
                    if self.taken >= self.options.block_length {
                        self.next_turn();
                    }
                    return Some(x);
                }
                None => {
                    self.places[self.turn] = None;
                    self.next_turn();
                }
            }
        }
    }

    fn save(&self) -> IteratorState {
        let words = [self.read, self.input_ended.into(), self.turn as u64, self.taken as u64];
        let mut state = IteratorState::of("interleave").words(words);
        for place in &self.places {
            state = state.word(place.as_ref().map_or(u64::MAX, |p| p.origin));
            if let Some(open) = place {
                state = state.input(open.cursor.save());
            }
        }
        state
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("interleave", 4, 0)?;
        let origins = &state.numbers()[4..];
        let broken =
            || self.site.error(0, ErrorKind::State, "restore: the state and the pipeline do not agree");
        let open_places = origins.iter().filter(|o| **o != u64::MAX).count();
        if origins.len() > self.options.cycle_length || open_places != state.children().len() {
            return Err(broken());
        }
        // The elements from which open datasets were made are read again, in their order.
        let mut wanted: Vec<(u64, usize)> =
            origins.iter().copied().zip(0..).filter(|o| o.0 != u64::MAX).collect();
        wanted.sort_unstable();
        let mut places: Vec<Option<Open<U>>> = origins.iter().map(|_| None).collect();
        let mut at = 0;
        for (origin, place) in wanted {
            self.input.advance(origin.checked_sub(at).ok_or_else(broken)?);
            let x = self.input.next().ok_or_else(broken)?;
            at = origin + 1;
            let mut open = self.open(origin, x)?;
            let child = origins[..place].iter().filter(|o| **o != u64::MAX).count();
            open.cursor.restore(&state.children()[child])?;
            places[place] = Some(open);
        }
        self.read = state.number(0);
        self.input.advance(self.read.saturating_sub(at));
        self.input_ended = state.number(1) != 0;
        (self.turn, self.taken) = (state.number(2) as usize, state.number(3) as usize);
        self.places = places;
        Ok(())
    }
}
