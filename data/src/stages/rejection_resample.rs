//! `rejection_resample`: drops elements until the classes come as often as asked.

use std::sync::Arc;

use crate::dataset::{Dataset, Failed};
use crate::error::{ErrorKind, Result, Site};
use crate::guard::guard;
use crate::key::Key;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

/// The shares of the classes, wanted and found.
#[derive(Debug, Clone)]
pub struct Resample {
    target: Vec<f64>,
    initial: Option<Vec<f64>>,
    seed: u64,
}

impl Resample {
    /// The wanted share of every class; the shares found are counted while the stream runs.
    pub fn target(shares: impl Into<Vec<f64>>) -> Self {
        Resample { target: shares.into(), initial: None, seed: 0 }
    }

    /// The shares found in the input, if known: nothing needs to be counted then.
    pub fn initial(mut self, shares: impl Into<Vec<f64>>) -> Self {
        self.initial = Some(shares.into());
        self
    }

    /// The seed. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn check(&self) -> Result<(), String> {
        let sound = |s: &[f64]| {
            !s.is_empty() && s.iter().all(|p| *p >= 0.0 && p.is_finite()) && s.iter().sum::<f64>() > 0.0
        };
        if !sound(&self.target) {
            return Err(format!("shares must not be negative nor all zero, found {:?}", self.target));
        }
        match &self.initial {
            Some(i) if !sound(i) || i.len() != self.target.len() => {
                Err(format!("initial shares {i:?} do not fit target shares {:?}", self.target))
            }
            _ => Ok(()),
        }
    }
}

type ClassOf<T> = dyn Fn(&T) -> usize + Send + Sync;

impl<T: Send + 'static> Dataset<T> {
    /// Drops elements at random so that the classes come in the wanted shares.
    ///
    /// An element of class `c` is kept with probability `target[c] / found[c]`, scaled so that the
    /// likeliest class is always kept. Without initial shares, `found` is counted up to that element.
    pub fn rejection_resample(
        self,
        class: impl Fn(&T) -> usize + Send + Sync + 'static,
        options: Resample,
    ) -> Dataset<T> {
        let site = self.next_site("rejection_resample");
        Dataset::from_stage(ResampleStage {
            site,
            options: Arc::new(options),
            input: self,
            class: Arc::new(class),
        })
    }
}

struct ResampleStage<T> {
    site: Site,
    options: Arc<Resample>,
    input: Dataset<T>,
    class: Arc<ClassOf<T>>,
}

impl<T: Send + 'static> Stage<T> for ResampleStage<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        if let Err(message) = self.options.check() {
            let message = format!("rejection_resample: {message}");
            return Ok(Box::new(Failed::new(self.site.error(0, ErrorKind::InvalidArgument, message))));
        }
        Ok(Box::new(ResampleCursor {
            site: self.site,
            key: pass.key(self.options.seed, self.site),
            options: Arc::clone(&self.options),
            input: self.input.open(pass)?,
            class: Arc::clone(&self.class),
            counts: vec![0; self.options.target.len()],
            read: 0,
        }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct ResampleCursor<T> {
    site: Site,
    key: Key,
    options: Arc<Resample>,
    input: Box<dyn Cursor<T>>,
    class: Arc<ClassOf<T>>,
    counts: Vec<u64>,
    read: u64,
}

impl<T> ResampleCursor<T> {
    fn keeps(&mut self, at: u64, x: &T) -> Result<bool> {
        let class = guard(self.site, at, || (self.class)(x))?;
        let Some(count) = self.counts.get_mut(class) else {
            let message =
                format!("rejection_resample: class {class}, there are {} shares", self.counts.len());
            return Err(self.site.error(at, ErrorKind::InvalidArgument, message));
        };
        *count += 1;
        let found = |c: usize| match &self.options.initial {
            Some(initial) => initial[c],
            None => self.counts[c] as f64,
        };
        let wanted = |c: usize| self.options.target[c];
        let ratio = |c: usize| if found(c) > 0.0 { wanted(c) / found(c) } else { 0.0 };
        let most = (0..self.counts.len()).map(ratio).fold(0.0, f64::max);
        Ok(most > 0.0 && self.key.unit(at) * most < ratio(class))
    }
}

impl<T> Cursor<T> for ResampleCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        loop {
            let x = self.input.next()?;
            let at = self.read;
            self.read += 1;
            match x.and_then(|x| Ok(self.keeps(at, &x)?.then_some(x))) {
                Ok(None) => {}
                Ok(Some(x)) => return Some(Ok(x)),
                Err(e) => return Some(Err(e)),
            }
        }
    }

    fn save(&self) -> IteratorState {
        let state = IteratorState::of("rejection_resample").word(self.read);
        state.words(self.counts.iter().copied()).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("rejection_resample", 1 + self.counts.len(), 1)?;
        self.read = state.number(0);
        self.counts.iter_mut().zip(&state.numbers()[1..]).for_each(|(c, saved)| *c = *saved);
        self.input.restore(&state.children()[0])
    }
}
