//! The core of every queue: items move between waiting producers and waiting consumers under one lock.
//!
//! An operation that cannot finish at once leaves an *attempt* in a line, puts or takes, and sleeps on its own reply.
//! Whoever changes something (puts, takes, closes) moves all attempts on as far as they go, in the order in
//! which they came, and wakes those that are done. So operations are served first come, first served, nobody
//! wakes in vain, and no wake-up can be lost: what a sleeper waits for is written down before it sleeps.
//!
//! 1. Attempts run piece by piece. `take 5` of a queue with room for 3 takes what is there and waits for the
//!    rest, ahead of everybody behind it; `put` of ten items does the same.
//! 2. Closing refuses new puts. Puts that wait already still run, unless they are cancelled too.
//! 3. Once closed with no put waiting, the queue has *ended*: a take that cannot be satisfied any more gives back
//!    what it had and fails, or, if it asked for *up to* a number, gets what there is.

use std::collections::VecDeque;
use std::sync::PoisonError;

// Under test the primitives are those of a scheduler that tries thousands of interleavings.
#[cfg(test)]
use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
#[cfg(not(test))]
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::store::Store;

/// Why an operation on a queue did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The queue is closed for puts, or the waiting put was cancelled.
    Cancelled,
    /// The queue has ended and holds fewer items than were asked for.
    Ended { requested: usize, found: usize },
}

/// A bounded queue of `T` in an order of leaving.
pub(crate) struct Exchange<T> {
    state: Mutex<State<T>>,
    capacity: usize,
}

struct State<T> {
    store: Box<dyn Store<T>>,
    puts: VecDeque<Put<T>>,
    takes: VecDeque<Take<T>>,
    closed: bool,
}

struct Put<T> {
    items: VecDeque<T>,
    reply: Reply<()>,
}

struct Take<T> {
    wanted: usize,
    fewer: bool,
    taken: Vec<T>,
    reply: Reply<Vec<T>>,
}

/// Where a sleeper finds the result of its attempt.
struct Reply<R>(Arc<(Mutex<Option<Result<R, Refusal>>>, Condvar)>);

impl<R> Clone for Reply<R> {
    fn clone(&self) -> Reply<R> {
        Reply(self.0.clone())
    }
}

/// No code of ours panics while it holds a lock, so a poisoned one is taken as it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R> Reply<R> {
    fn new() -> Reply<R> {
        Reply(Arc::new((Mutex::new(None), Condvar::new())))
    }

    fn give(&self, result: Result<R, Refusal>) {
        *lock(&self.0.0) = Some(result);
        self.0.1.notify_one();
    }

    fn wait(&self) -> Result<R, Refusal> {
        let mut place = lock(&self.0.0);
        loop {
            match place.take() {
                Some(result) => return result,
                None => place = self.0.1.wait(place).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl<T: Send> Exchange<T> {
    pub(crate) fn new(capacity: usize, store: Box<dyn Store<T>>) -> Exchange<T> {
        let state = State { store, puts: VecDeque::new(), takes: VecDeque::new(), closed: false };
        Exchange { state: Mutex::new(state), capacity }
    }

    /// Puts all items in, waiting for room as long as it takes.
    pub(crate) fn put(&self, items: Vec<T>) -> Result<(), Refusal> {
        let reply = Reply::new();
        {
            let mut state = lock(&self.state);
            if state.closed {
                return Err(Refusal::Cancelled);
            }
            state.puts.push_back(Put { items: items.into(), reply: reply.clone() });
            state.advance(self.capacity);
        }
        reply.wait()
    }

    /// Takes that many items out, waiting for them as long as they can still come; with `fewer`, what there is at
    /// the end will do, as long as it is something.
    pub(crate) fn take(&self, wanted: usize, fewer: bool) -> Result<Vec<T>, Refusal> {
        let reply = Reply::new();
        {
            let mut state = lock(&self.state);
            state.takes.push_back(Take { wanted, fewer, taken: Vec::new(), reply: reply.clone() });
            state.advance(self.capacity);
        }
        reply.wait()
    }

    /// Refuses puts from now on; with `cancel`, those that wait as well. False when it was closed before.
    pub(crate) fn close(&self, cancel: bool) -> bool {
        let mut state = lock(&self.state);
        let first = !std::mem::replace(&mut state.closed, true);
        if cancel {
            state.puts.drain(..).for_each(|put| put.reply.give(Err(Refusal::Cancelled)));
        }
        state.advance(self.capacity);
        first
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Number of items inside, without those that producers still hold.
    pub(crate) fn len(&self) -> usize {
        lock(&self.state).store.len()
    }
}

impl<T> State<T> {
    /// Moves every attempt on as far as it goes.
    fn advance(&mut self, capacity: usize) {
        while self.advance_puts(capacity) | self.advance_takes() {}
    }

    /// True when an item came in or an attempt ended.
    fn advance_puts(&mut self, capacity: usize) -> bool {
        let mut moved = false;
        while let Some(put) = self.puts.front_mut() {
            while self.store.len() < capacity
                && let Some(item) = put.items.pop_front()
            {
                self.store.push(item);
                moved = true;
            }
            if !put.items.is_empty() {
                break;
            }
            put.reply.give(Ok(()));
            self.puts.pop_front();
            moved = true;
        }
        moved
    }

    /// True when an item went out or an attempt ended.
    fn advance_takes(&mut self) -> bool {
        let mut moved = false;
        while let Some(take) = self.takes.front_mut() {
            let ended = self.closed && self.puts.is_empty();
            let reserve = if ended { 0 } else { self.store.reserve() };
            while take.taken.len() < take.wanted
                && self.store.len() > reserve
                && let Some(item) = self.store.pop()
            {
                take.taken.push(item);
                moved = true;
            }
            let taken = take.taken.len();
            if taken == take.wanted || (ended && take.fewer && taken > 0) {
                take.reply.give(Ok(std::mem::take(&mut take.taken)));
            } else if ended {
                self.store.restore(std::mem::take(&mut take.taken));
                let found = self.store.len();
                take.reply.give(Err(Refusal::Ended { requested: take.wanted, found }));
            } else {
                break;
            }
            self.takes.pop_front();
            moved = true;
        }
        moved
    }
}

#[cfg(test)]
mod tests;
