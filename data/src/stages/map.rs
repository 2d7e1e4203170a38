//! `map`: one element in, one element out.

use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::guard::try_guard;
use crate::key::{Key, KeyedRng};
use crate::stage::{Cursor, IndexCursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

/// What a map stage does with an element and its key; shared with the parallel form.
pub(crate) type Function<T, U> = dyn Fn(T, Key) -> Result<U> + Send + Sync;

pub(crate) fn plain<T, U>(f: impl Fn(T) -> U + Send + Sync + 'static) -> Arc<Function<T, U>> {
    Arc::new(move |x, _| Ok(f(x)))
}

pub(crate) fn fallible<T, U, E>(
    f: impl Fn(T) -> std::result::Result<U, E> + Send + Sync + 'static,
) -> Arc<Function<T, U>>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Arc::new(move |x, _| f(x).map_err(DataError::user))
}

pub(crate) fn random<T, U, E>(
    f: impl Fn(T, &mut KeyedRng) -> std::result::Result<U, E> + Send + Sync + 'static,
) -> Arc<Function<T, U>>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Arc::new(move |x, key: Key| f(x, &mut key.rng()).map_err(DataError::user))
}

impl<T: Send + 'static> Dataset<T> {
    /// Applies a function to every element.
    ///
    /// A panic in the function is an error of that element: the stream goes on behind it.
    pub fn map<U: Send + 'static>(self, f: impl Fn(T) -> U + Send + Sync + 'static) -> Dataset<U> {
        self.map_stage("map", 0, plain(f))
    }

    /// Applies a function that may fail. The error comes out in the element's place, with stage and index.
    pub fn try_map<U, E>(
        self,
        f: impl Fn(T) -> std::result::Result<U, E> + Send + Sync + 'static,
    ) -> Dataset<U>
    where
        U: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.map_stage("map", 0, fallible(f))
    }

    /// Applies a function that draws random numbers, as augmentation does. The generator is made for each
    /// element from (seed, epoch, stage, index), so the result depends neither on threads nor on where an
    /// iterator was continued, and every epoch draws anew.
    pub fn map_random<U, E>(
        self,
        seed: u64,
        f: impl Fn(T, &mut KeyedRng) -> std::result::Result<U, E> + Send + Sync + 'static,
    ) -> Dataset<U>
    where
        U: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.map_stage("map_random", seed, random(f))
    }

    fn map_stage<U: Send + 'static>(
        self,
        name: &'static str,
        seed: u64,
        f: Arc<Function<T, U>>,
    ) -> Dataset<U> {
        Dataset::from_stage(Map { site: self.next_site(name), seed, input: self, f })
    }

    /// Fails on numbers that are not finite, as `tf.debugging.check_numerics` does, where `values` says
    /// which numbers an element holds.
    pub fn check_numerics(self, values: impl Fn(&T) -> Vec<f64> + Send + Sync + 'static) -> Dataset<T> {
        let check = move |x: T| match values(&x).into_iter().find(|v| !v.is_finite()) {
            None => Ok(x),
            Some(v) => Err(DataError::new(ErrorKind::User, format!("check_numerics: found {v}"))),
        };
        self.map_stage("check_numerics", 0, fallible(check))
    }
}

struct Map<T, U> {
    site: Site,
    seed: u64,
    input: Dataset<T>,
    f: Arc<Function<T, U>>,
}

impl<T: Send + 'static, U: Send + 'static> Stage<U> for Map<T, U> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<U>>> {
        if let Some(source) = self.random_access(pass) {
            return Ok(Box::new(IndexCursor::new(self.site.name, source)));
        }
        let (site, key) = (self.site, pass.key(self.seed, self.site));
        Ok(Box::new(MapCursor { site, key, next: 0, input: self.input.open(pass)?, f: Arc::clone(&self.f) }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<U>>> {
        let input = self.input.random_access(pass)?;
        let (site, key) = (self.site, pass.key(self.seed, self.site));
        Some(Arc::new(MapAccess { site, key, input, f: Arc::clone(&self.f) }))
    }
}

struct MapAccess<T, U> {
    site: Site,
    key: Key,
    input: Arc<dyn RandomAccess<T>>,
    f: Arc<Function<T, U>>,
}

impl<T: Send, U: Send> RandomAccess<U> for MapAccess<T, U> {
    fn len(&self) -> u64 {
        self.input.len()
    }

    fn get(&self, index: u64) -> Result<U> {
        let x = self.input.get(index)?;
        try_guard(self.site, index, || (self.f)(x, self.key.fold(index)))
    }
}

struct MapCursor<T, U> {
    site: Site,
    key: Key,
    next: u64,
    input: Box<dyn Cursor<T>>,
    f: Arc<Function<T, U>>,
}

impl<T: Send, U: Send> Cursor<U> for MapCursor<T, U> {
    #[inline]
    fn next(&mut self) -> Option<Result<U>> {
        let x = self.input.next()?;
        let at = self.next;
        self.next += 1;
        Some(x.and_then(|x| try_guard(self.site, at, || (self.f)(x, self.key.fold(at)))))
    }

    fn save(&self) -> IteratorState {
        IteratorState::of(self.site.name).word(self.next).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect(self.site.name, 1, 1)?;
        self.next = state.number(0);
        self.input.restore(&state.children()[0])
    }

    fn advance(&mut self, count: u64) -> u64 {
        let n = self.input.advance(count);
        self.next += n;
        n
    }
}
