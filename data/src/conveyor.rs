//! The conveyor: work goes in with a number, results come out in the order of the numbers.
//!
//! Everything parallel in this crate runs over one of these. Workers take a ticket (the number of the
//! next element) while fewer than `room` tickets are between the consumer and the newest one, do their
//! work in any order and put the result at the ticket's place. The consumer takes places in order, or, if
//! order was given up, whatever is ready. So the number of elements alive between input and consumer
//! never passes `room`, and a slow element holds back the stream but not the other workers.
//!
//! Departures from a plain channel:
//! 1. The end of the input is a number too: the first ticket that found nothing. Results of smaller
//!    tickets still come out.
//! 2. Cancelling wakes everybody; nobody waits for anything afterwards.
//! 3. `room` can grow while it runs: the consumer found nothing ready although the belt had been full.
//!    That is the whole of the prefetch autotuning, as in tf.data.

use std::collections::VecDeque;

// Not from the standard library directly: `tests/conveyor_model.rs` compiles this file against loom's.
use crate::crew::{Condvar, Mutex, lock, wait};

pub(crate) struct Conveyor<R> {
    belt: Mutex<Belt<R>>,
    /// Workers wait here for a free place.
    room_made: Condvar,
    /// The consumer waits here for the next result.
    result_put: Condvar,
    ordered: bool,
}

struct Belt<R> {
    /// Places from ticket `first` on; `None` is being worked on, or given already when unordered.
    places: VecDeque<Place<R>>,
    first: u64,
    next_ticket: u64,
    room: u64,
    max_room: u64,
    was_full: bool,
    ready: usize,
    end: Option<u64>,
    cancelled: bool,
    consumer_waits: bool,
    workers_waiting: usize,
}

enum Place<R> {
    Pending,
    Ready(R),
    Given,
}

impl<R> Conveyor<R> {
    /// A conveyor whose first ticket is `first`; `room` places that may grow up to `max_room`.
    pub(crate) fn new(first: u64, room: usize, max_room: usize, ordered: bool) -> Self {
        Conveyor {
            belt: Mutex::new(Belt {
                places: VecDeque::new(),
                first,
                next_ticket: first,
                room: room.max(1) as u64,
                max_room: max_room.max(room).max(1) as u64,
                was_full: false,
                ready: 0,
                end: None,
                cancelled: false,
                consumer_waits: false,
                workers_waiting: 0,
            }),
            room_made: Condvar::new(),
            result_put: Condvar::new(),
            ordered,
        }
    }

    /// The next ticket, once there is room for its result. `None`: stop working.
    pub(crate) fn take_ticket(&self) -> Option<u64> {
        let mut belt = lock(&self.belt);
        loop {
            if belt.cancelled || belt.end.is_some() {
                return None;
            }
            if belt.next_ticket - belt.first < belt.room {
                let ticket = belt.next_ticket;
                belt.next_ticket += 1;
                belt.places.push_back(Place::Pending);
                return Some(ticket);
            }
            belt.was_full = true;
            belt.workers_waiting += 1;
            belt = wait(&self.room_made, belt);
            belt.workers_waiting -= 1;
        }
    }

    /// Says that the input ended at this ticket: there is no such element.
    pub(crate) fn end_at(&self, ticket: u64) {
        let mut belt = lock(&self.belt);
        belt.end = Some(belt.end.map_or(ticket, |e| e.min(ticket)));
        drop(belt);
        self.result_put.notify_all();
        self.room_made.notify_all();
    }

    /// Puts a result in its place.
    pub(crate) fn put(&self, ticket: u64, result: R) {
        let mut belt = lock(&self.belt);
        if belt.cancelled {
            return;
        }
        let at = (ticket - belt.first) as usize;
        belt.places[at] = Place::Ready(result);
        belt.ready += 1;
        let wake = belt.consumer_waits && (at == 0 || !self.ordered);
        drop(belt);
        if wake {
            self.result_put.notify_one();
        }
    }

    /// The next result, with its ticket; `None` at the end.
    pub(crate) fn take(&self) -> Option<(u64, R)> {
        let mut belt = lock(&self.belt);
        loop {
            if belt.cancelled {
                return None;
            }
            if let Some((ticket, result)) = belt.take_ready(self.ordered) {
                let wake = belt.workers_waiting > 0;
                drop(belt);
                if wake {
                    self.room_made.notify_one();
                }
                return Some((ticket, result));
            }
            if belt.end.is_some_and(|end| belt.first >= end) {
                return None;
            }
            if belt.was_full && belt.room < belt.max_room && belt.ready == 0 {
                belt.room = belt.room.saturating_mul(2).min(belt.max_room);
                belt.was_full = false;
                self.room_made.notify_all();
            }
            belt.consumer_waits = true;
            belt = wait(&self.result_put, belt);
            belt.consumer_waits = false;
        }
    }

    /// Stops everything: tickets are refused, results dropped, waits ended.
    pub(crate) fn cancel(&self) {
        let mut belt = lock(&self.belt);
        belt.cancelled = true;
        let dropped = std::mem::take(&mut belt.places);
        drop(belt);
        self.room_made.notify_all();
        self.result_put.notify_all();
        drop(dropped); // outside the lock: elements may run user code when dropped
    }

    /// The lowest ticket not given out, and the tickets above it that were (only when unordered).
    pub(crate) fn given(&self) -> (u64, Vec<u64>) {
        let belt = lock(&self.belt);
        let above = belt.places.iter().enumerate().filter(|(_, p)| matches!(p, Place::Given));
        (belt.first, above.map(|(i, _)| belt.first + i as u64).collect())
    }

    /// How many places there are now.
    #[cfg(test)]
    pub(crate) fn room(&self) -> u64 {
        lock(&self.belt).room
    }
}

impl<R> Belt<R> {
    fn take_ready(&mut self, ordered: bool) -> Option<(u64, R)> {
        let at = if ordered {
            matches!(self.places.front(), Some(Place::Ready(_))).then_some(0)?
        } else {
            self.places.iter().position(|p| matches!(p, Place::Ready(_)))?
        };
        let Place::Ready(result) = std::mem::replace(&mut self.places[at], Place::Given) else { return None };
        let ticket = self.first + at as u64;
        self.ready -= 1;
        while matches!(self.places.front(), Some(Place::Given)) {
            self.places.pop_front();
            self.first += 1;
        }
        // Tickets at and behind the end never get a result: they would hold the front for ever.
        Some((ticket, result))
    }
}
