//! In which order a queue gives its items back.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use gradus_kernels::random::Philox;

/// Items in some order of leaving.
pub(crate) trait Store<T>: Send {
    /// Number of items.
    fn len(&self) -> usize;
    /// Takes an item in.
    fn push(&mut self, item: T);
    /// Gives the next item out.
    fn pop(&mut self) -> Option<T>;
    /// Takes back what was popped last, in the order in which it was popped.
    fn restore(&mut self, items: Vec<T>);
    /// How many items must stay while more can still come.
    fn reserve(&self) -> usize {
        0
    }
}

/// First in, first out.
pub(crate) struct Fifo<T>(VecDeque<T>);

impl<T> Fifo<T> {
    pub(crate) fn new() -> Fifo<T> {
        Fifo(VecDeque::new())
    }
}

impl<T: Send> Store<T> for Fifo<T> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    fn restore(&mut self, items: Vec<T>) {
        items.into_iter().rev().for_each(|item| self.0.push_front(item));
    }
}

/// Smallest priority first; equal ones in the order of arrival.
pub(crate) struct Priority<T> {
    heap: BinaryHeap<Reverse<Ranked<T>>>,
    priority: fn(&T) -> i64,
    arrivals: u64,
}

struct Ranked<T> {
    rank: (i64, u64),
    item: T,
}

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}
impl<T> Eq for Ranked<T> {}
impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl<T> Priority<T> {
    pub(crate) fn new(priority: fn(&T) -> i64) -> Priority<T> {
        Priority { heap: BinaryHeap::new(), priority, arrivals: 0 }
    }
}

impl<T: Send> Store<T> for Priority<T> {
    fn len(&self) -> usize {
        self.heap.len()
    }

    fn push(&mut self, item: T) {
        let rank = ((self.priority)(&item), self.arrivals);
        self.arrivals += 1;
        self.heap.push(Reverse(Ranked { rank, item }));
    }

    fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|Reverse(ranked)| ranked.item)
    }

    /// Items taken back count as new arrivals: they stay in order among themselves.
    fn restore(&mut self, items: Vec<T>) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

/// A random item each time; `reserve` items stay, so that there is something to choose from.
pub(crate) struct Shuffle<T> {
    items: Vec<T>,
    random: Philox,
    drawn: u64,
    reserve: usize,
}

impl<T> Shuffle<T> {
    pub(crate) fn new(reserve: usize, seed: u64) -> Shuffle<T> {
        Shuffle { items: Vec::new(), random: Philox::new(seed), drawn: 0, reserve }
    }
}

impl<T: Send> Store<T> for Shuffle<T> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn push(&mut self, item: T) {
        self.items.push(item);
    }

    fn pop(&mut self) -> Option<T> {
        if self.items.is_empty() {
            return None;
        }
        let [high, low, ..] = self.random.block(self.drawn);
        self.drawn += 1;
        // The high half of a 64 x 64-bit product is uniform up to len / 2^64.
        let word = (u128::from(high) << 32) | u128::from(low);
        let place = ((word * self.items.len() as u128) >> 64) as usize;
        Some(self.items.swap_remove(place))
    }

    fn restore(&mut self, items: Vec<T>) {
        self.items.extend(items);
    }

    fn reserve(&self) -> usize {
        self.reserve
    }
}
