//! `repeat`: the same dataset again, each time as a new epoch.

use std::any::Any;
use std::sync::{Arc, Mutex};

use crate::cardinality::Cardinality;
use crate::crew::lock;
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::key::Key;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// The dataset `count` times over. Stages before it that reshuffle do so every time.
    pub fn repeat(self, count: usize) -> Dataset<T> {
        self.repeat_stage(Some(count as u64))
    }

    /// The dataset for ever; one without elements still ends at once.
    pub fn repeat_forever(self) -> Dataset<T> {
        self.repeat_stage(None)
    }

    fn repeat_stage(self, count: Option<u64>) -> Dataset<T> {
        Dataset::from_stage(Repeat { site: self.next_site("repeat"), count, input: self })
    }
}

/// Epoch of the round: rounds of successive outer epochs never fall together.
fn round_pass(outer: Pass, count: Option<u64>, round: u64) -> Pass {
    outer.with_epoch(match (outer.epoch, count) {
        (0, _) => round,
        (epoch, Some(count)) => epoch.wrapping_mul(count).wrapping_add(round),
        (epoch, None) => Key::new(epoch).bits(round),
    })
}

struct Repeat<T> {
    site: Site,
    count: Option<u64>,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<T> for Repeat<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let (input, count) = (self.input.clone(), self.count);
        Ok(Box::new(RepeatCursor {
            input,
            outer: pass,
            count,
            round: 0,
            current: None,
            any: false,
            failed: None,
        }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality().repeat(self.count)
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        let first = self.input.random_access(round_pass(pass, self.count, 0))?;
        let each = first.len();
        let len = match self.count {
            _ if each == 0 => 0,
            Some(count) => each.saturating_mul(count),
            None => u64::MAX,
        };
        let (input, count) = (self.input.clone(), self.count);
        Some(Arc::new(RepeatAccess {
            input,
            outer: pass,
            count,
            each,
            len,
            rounds: Mutex::new([Some((0, first)), None]),
        }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct RepeatAccess<T> {
    input: Dataset<T>,
    outer: Pass,
    count: Option<u64>,
    each: u64,
    len: u64,
    /// The two rounds used last: a batch may lie across their border.
    rounds: Mutex<[Option<(u64, Arc<dyn RandomAccess<T>>)>; 2]>,
}

impl<T: Send + 'static> RepeatAccess<T> {
    fn round(&self, round: u64) -> Option<Arc<dyn RandomAccess<T>>> {
        let mut rounds = lock(&self.rounds);
        if let Some((_, access)) = rounds.iter().flatten().find(|(r, _)| *r == round) {
            return Some(Arc::clone(access));
        }
        let access = self.input.random_access(round_pass(self.outer, self.count, round))?;
        rounds.swap(0, 1);
        rounds[0] = Some((round, Arc::clone(&access)));
        Some(access)
    }
}

impl<T: Send + 'static> RandomAccess<T> for RepeatAccess<T> {
    fn len(&self) -> u64 {
        self.len
    }

    fn get(&self, index: u64) -> Result<T> {
        let access = self.round(index / self.each).filter(|a| a.len() == self.each);
        let changed = || {
            let message = "repeat: the dataset changed its length between rounds";
            DataError::new(ErrorKind::Limit, message)
        };
        access.ok_or_else(changed)?.get(index % self.each)
    }

    fn gather(&self, indices: &[u64]) -> Option<Result<Box<dyn Any + Send>>> {
        let round = indices.first()? / self.each;
        if indices.iter().any(|i| i / self.each != round) {
            return None; // Rounds have different sources of their own; single elements join them.
        }
        let inside: Vec<u64> = indices.iter().map(|i| i % self.each).collect();
        self.round(round).filter(|a| a.len() == self.each)?.gather(&inside)
    }
}

struct RepeatCursor<T> {
    input: Dataset<T>,
    outer: Pass,
    count: Option<u64>,
    /// The round that `current` reads, or the next one to open.
    round: u64,
    current: Option<Box<dyn Cursor<T>>>,
    /// Whether this round has given an element: an empty one would repeat for ever.
    any: bool,
    /// A round that could not be opened while passing over elements.
    failed: Option<DataError>,
}

impl<T: Send + 'static> RepeatCursor<T> {
    fn current(&mut self) -> Option<Result<&mut Box<dyn Cursor<T>>>> {
        if self.current.is_none() {
            if self.count.is_some_and(|c| self.round >= c) {
                return None;
            }
            match self.input.open(round_pass(self.outer, self.count, self.round)) {
                Ok(cursor) => self.current = Some(cursor),
                Err(e) => {
                    self.stop();
                    return Some(Err(e));
                }
            }
            self.any = false;
        }
        self.current.as_mut().map(Ok)
    }

    fn stop(&mut self) {
        (self.count, self.round, self.current) = (Some(0), 0, None);
    }

    fn next_round(&mut self) {
        if self.any {
            self.round += 1;
            self.current = None;
        } else {
            self.stop();
        }
    }
}

impl<T: Send + 'static> Cursor<T> for RepeatCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        if let Some(e) = self.failed.take() {
            return Some(Err(e.fatal()));
        }
        loop {
            let cursor = match self.current()? {
                Ok(cursor) => cursor,
                Err(e) => return Some(Err(e.fatal())),
            };
            match cursor.next() {
                Some(Err(e)) if e.is_fatal() => {
                    self.stop();
                    return Some(Err(e));
                }
                Some(x) => {
                    self.any = true;
                    return Some(x);
                }
                None => self.next_round(),
            }
        }
    }

    fn save(&self) -> IteratorState {
        let stopped = u64::from(self.count == Some(0));
        let state = IteratorState::of("repeat").words([self.round, u64::from(self.any), stopped]);
        match &self.current {
            Some(cursor) => state.input(cursor.save()),
            None => state,
        }
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("repeat", 3, 0)?;
        self.round = state.number(0);
        if state.number(2) != 0 {
            self.stop();
        } else if let Some(inner) = state.children().first()
            && let Some(cursor) = self.current()
        {
            cursor?.restore(inner)?;
        }
        self.any = state.number(1) != 0;
        Ok(())
    }

    fn advance(&mut self, count: u64) -> u64 {
        let mut done = 0;
        while done < count {
            let n = match self.current() {
                None => break,
                Some(Ok(cursor)) => cursor.advance(count - done),
                Some(Err(e)) => {
                    self.failed = Some(e);
                    break;
                }
            };
            done += n;
            self.any |= n > 0;
            if done < count {
                self.next_round();
            }
        }
        done
    }
}
