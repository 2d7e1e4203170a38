//! `parallel_map`: a map over several threads, in order or as ready.
//!
//! Workers take turns at the input (one at a time, so it is read in order), then run the function side by
//! side. Results pass a [`Conveyor`], which restores the order and bounds how many elements are alive.

use std::sync::{Arc, Mutex};

use crate::cardinality::Cardinality;
use crate::conveyor::Conveyor;
use crate::crew::{Crew, lock};
use crate::dataset::Dataset;
use crate::error::{DataError, Result, Site};
use crate::guard::{panicked, try_guard};
use crate::key::KeyedRng;
use crate::stage::{Cursor, Pass, Stage};
use crate::stages::map::{Function, fallible, plain, random};
use crate::stages::prefetch::Prefetch;
use crate::state::IteratorState;

/// How many threads work for a stage, and whether the order is kept.
///
/// ```
/// use gradus_data::{Dataset, Parallel};
/// let squares = Dataset::range(0..5).parallel_map(Parallel::threads(3), |x| x * x);
/// assert_eq!(squares.collect().unwrap(), [0, 1, 4, 9, 16]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parallel {
    pub(crate) threads: usize,
    pub(crate) ordered: bool,
}

impl Parallel {
    /// One thread per core.
    pub fn auto() -> Self {
        Parallel { threads: std::thread::available_parallelism().map_or(1, usize::from), ordered: true }
    }

    /// So many threads (at least one).
    pub fn threads(count: usize) -> Self {
        Parallel { threads: count.max(1), ordered: true }
    }

    /// Elements come out as they are ready. The set of elements stays the same, the order depends on
    /// timing: give this up only where nothing random follows.
    pub fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }
}

impl Default for Parallel {
    fn default() -> Self {
        Parallel::auto()
    }
}

impl From<usize> for Parallel {
    fn from(threads: usize) -> Self {
        Parallel::threads(threads)
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// [`map`](Self::map) over several threads. The stream is the same for any number of them.
    ///
    /// At most `2 * threads` elements are between the input and the consumer.
    pub fn parallel_map<U: Send + 'static>(
        self,
        parallel: impl Into<Parallel>,
        f: impl Fn(T) -> U + Send + Sync + 'static,
    ) -> Dataset<U> {
        self.parallel_map_stage("parallel_map", 0, parallel.into(), plain(f))
    }

    /// [`try_map`](Self::try_map) over several threads.
    pub fn try_parallel_map<U, E>(
        self,
        parallel: impl Into<Parallel>,
        f: impl Fn(T) -> std::result::Result<U, E> + Send + Sync + 'static,
    ) -> Dataset<U>
    where
        U: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.parallel_map_stage("parallel_map", 0, parallel.into(), fallible(f))
    }

    /// [`map_random`](Self::map_random) over several threads: the numbers drawn for an element do not
    /// depend on the thread that draws them.
    pub fn parallel_map_random<U, E>(
        self,
        parallel: impl Into<Parallel>,
        seed: u64,
        f: impl Fn(T, &mut KeyedRng) -> std::result::Result<U, E> + Send + Sync + 'static,
    ) -> Dataset<U>
    where
        U: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        // The name, and with it nothing else, differs from map_random: swapping one for the other keeps
        // every number, since keys hold the stage's place and not its name.
        self.parallel_map_stage("parallel_map_random", seed, parallel.into(), random(f))
    }

    fn parallel_map_stage<U: Send + 'static>(
        self,
        name: &'static str,
        seed: u64,
        parallel: Parallel,
        f: Arc<Function<T, U>>,
    ) -> Dataset<U> {
        let site = self.next_site(name);
        Dataset::from_stage(ParallelMap { site, seed, input: self, parallel, extra: Prefetch::NONE, f })
    }
}

struct ParallelMap<T, U> {
    site: Site,
    seed: u64,
    input: Dataset<T>,
    parallel: Parallel,
    /// Elements kept ready beyond those that the workers need.
    extra: Prefetch,
    f: Arc<Function<T, U>>,
}

impl<T: Send + 'static, U: Send + 'static> Stage<U> for ParallelMap<T, U> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<U>>> {
        let (site, key, f) = (self.site, pass.key(self.seed, self.site), Arc::clone(&self.f));
        let work = move |x: T, at: u64| try_guard(site, at, || f(x, key.fold(at)));
        let Parallel { threads, ordered } = self.parallel;
        let least = threads.saturating_mul(2);
        let Prefetch { start, max } = self.extra;
        let (room, max_room) = (least.saturating_add(start), least.saturating_add(max));
        Ok(Box::new(Ahead::new(site, self.input.open(pass)?, threads, room, max_room, ordered, work)))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn prefetched(&self, count: Prefetch) -> Option<Dataset<U>> {
        let extra = self.extra.and(count);
        let (input, f) = (self.input.clone(), Arc::clone(&self.f));
        Some(Dataset::from_stage(ParallelMap { input, f, extra, ..*self }))
    }
}

/// How many elements pass between two notes of the input's state: saving one costs some hundred
/// nanoseconds, and up to this many elements are made again on restoring.
const NOTE_EVERY: u64 = 16;

type Work<T, U> = Arc<dyn Fn(T, u64) -> Result<U> + Send + Sync>;

/// A cursor whose elements are made ahead of the consumer by other threads; also what prefetching is.
///
/// Threads start with the first element asked for, so that a restored or skipped cursor starts in place.
pub(crate) struct Ahead<T, U> {
    site: Site,
    idle: Option<Box<dyn Cursor<T>>>,
    work: Work<T, U>,
    threads: usize,
    room: usize,
    max_room: usize,
    ordered: bool,
    /// Position of the input when it stood at element `noted_at`.
    note: IteratorState,
    noted_at: u64,
    /// The next ticket when the threads have not started.
    next: u64,
    /// Tickets above `next` that were given before the state was saved (unordered only).
    skip: Vec<u64>,
    running: Option<Running<U>>,
    failed: bool,
}

/// Cancels before the crew is joined: fields are dropped in order of declaration.
struct Running<U> {
    conveyor: CancelOnDrop<U>,
    _crew: Crew,
}

struct Made<U> {
    value: Option<Result<U>>,
    /// The input's state before this element, now and then.
    note: Option<Box<IteratorState>>,
}

struct CancelOnDrop<U>(Arc<Conveyor<Made<U>>>);

impl<U> Drop for CancelOnDrop<U> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

struct Input<T> {
    cursor: Box<dyn Cursor<T>>,
    next: u64,
    ended: bool,
}

impl<T: Send + 'static, U: Send + 'static> Ahead<T, U> {
    pub(crate) fn new(
        site: Site,
        input: Box<dyn Cursor<T>>,
        threads: usize,
        room: usize,
        max_room: usize,
        ordered: bool,
        work: impl Fn(T, u64) -> Result<U> + Send + Sync + 'static,
    ) -> Self {
        let note = input.save();
        Ahead {
            site,
            idle: Some(input),
            work: Arc::new(work),
            threads,
            room,
            max_room,
            ordered,
            note,
            noted_at: 0,
            next: 0,
            skip: Vec::new(),
            running: None,
            failed: false,
        }
    }

    fn start(&mut self) -> Result<()> {
        let Some(cursor) = self.idle.take() else { return Ok(()) };
        let conveyor = Arc::new(Conveyor::new(self.next, self.room, self.max_room, self.ordered));
        let input = Mutex::new(Input { cursor, next: self.next, ended: false });
        let (belt, work, site) = (Arc::clone(&conveyor), Arc::clone(&self.work), self.site);
        let skip = std::mem::take(&mut self.skip);
        let labour = move || {
            while let Some((ticket, made)) = draw(&input, &belt, site, &skip) {
                let Drawn { element, note } = made;
                let value = element.map(|x| x.and_then(|x| work(x, ticket)));
                belt.put(ticket, Made { value, note });
            }
        };
        let crew = Crew::start(self.site.name, self.threads, labour)?;
        self.running = Some(Running { conveyor: CancelOnDrop(conveyor), _crew: crew });
        Ok(())
    }
}

struct Drawn<T> {
    /// `None` for an element that was given before the state was saved.
    element: Option<Result<T>>,
    note: Option<Box<IteratorState>>,
}

/// Takes the next element under the input's lock, so that tickets and elements keep step.
fn draw<T, U>(
    input: &Mutex<Input<T>>,
    belt: &Conveyor<Made<U>>,
    site: Site,
    skip: &[u64],
) -> Option<(u64, Drawn<T>)> {
    let mut input = lock(input);
    if input.ended {
        return None;
    }
    let ticket = belt.take_ticket()?;
    debug_assert_eq!(ticket, input.next);
    input.next += 1;
    let note = ticket.is_multiple_of(NOTE_EVERY).then(|| Box::new(input.cursor.save()));
    if skip.contains(&ticket) {
        input.cursor.advance(1);
        return Some((ticket, Drawn { element: None, note }));
    }
    // Stages guard user code themselves; this is for stages that users wrote.
    let next = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| input.cursor.next()));
    let element = next.unwrap_or_else(|p| Some(Err(panicked(site, ticket, p.as_ref()).fatal())));
    match &element {
        None => {
            input.ended = true;
            belt.end_at(ticket);
            return None;
        }
        Some(Err(e)) if e.is_fatal() => {
            input.ended = true;
            belt.end_at(ticket + 1);
        }
        Some(_) => {}
    }
    Some((ticket, Drawn { element, note }))
}

impl<T: Send + 'static, U: Send + 'static> Cursor<U> for Ahead<T, U> {
    fn next(&mut self) -> Option<Result<U>> {
        if self.failed {
            return None;
        }
        if self.running.is_none()
            && let Err(e) = self.start()
        {
            self.failed = true;
            return Some(Err(e.at(self.site, self.next).fatal()));
        }
        loop {
            let running = self.running.as_ref()?;
            let (ticket, made) = running.conveyor.0.take()?;
            self.next = ticket + 1;
            if let Some(note) = made.note
                && self.ordered
            {
                (self.note, self.noted_at) = (*note, ticket);
            }
            if made.value.is_some() {
                return made.value;
            }
        }
    }

    fn save(&self) -> IteratorState {
        let (first, given) = match &self.running {
            Some(running) => running.conveyor.0.given(),
            None => (self.next, self.skip.clone()),
        };
        IteratorState::of(self.site.name).words([first, self.noted_at]).words(given).input(self.note.clone())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect(self.site.name, 2, 1)?;
        let Some(input) = &mut self.idle else {
            return Err(DataError::new(crate::ErrorKind::State, "restore: the iterator has started"));
        };
        let (first, noted_at) = (state.number(0), state.number(1));
        input.restore(&state.children()[0])?;
        (self.note, self.noted_at, self.next) = (state.children()[0].clone(), noted_at, first);
        self.skip = state.numbers()[2..].to_vec();
        input.advance(first.saturating_sub(noted_at));
        Ok(())
    }

    fn advance(&mut self, count: u64) -> u64 {
        match &mut self.idle {
            Some(input) if self.skip.is_empty() => {
                let n = input.advance(count);
                self.next += n;
                n
            }
            _ => (0..count).take_while(|_| self.next().is_some()).count() as u64,
        }
    }
}
