//! Every interleaving of the conveyor with two workers and a consumer, by loom: results in order and complete, no
//! deadlock at the end, on cancelling, or when the room is one place.
//!
//! The file of the conveyor is compiled here against loom's locks, so what is tried is the code that runs.

#[path = "../src/conveyor.rs"]
#[allow(dead_code)]
mod conveyor;

/// What the conveyor takes from the crate, over loom.
mod crew {
    use loom::sync::MutexGuard;
    pub(crate) use loom::sync::{Condvar, Mutex};

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }

    pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        condvar.wait(guard).unwrap()
    }
}

use conveyor::Conveyor;
use loom::sync::Arc;
use loom::thread;

/// All interleavings with at most three switches that no thread asked for: a bound that finds nearly every known bug
/// of this kind (Musuvathi and Qadeer 2007) and keeps a model to seconds.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn worker(conveyor: &Arc<Conveyor<u64>>, count: u64) -> thread::JoinHandle<()> {
    let conveyor = Arc::clone(conveyor);
    thread::spawn(move || {
        while let Some(ticket) = conveyor.take_ticket() {
            if ticket >= count {
                conveyor.end_at(count);
                return;
            }
            conveyor.put(ticket, ticket * 10);
        }
    })
}

fn drain(workers: usize, room: usize, max_room: usize, count: u64, ordered: bool) {
    let conveyor = Arc::new(Conveyor::new(0, room, max_room, ordered));
    let handles: Vec<_> = (0..workers).map(|_| worker(&conveyor, count)).collect();
    let mut out = Vec::new();
    while let Some((ticket, result)) = conveyor.take() {
        assert_eq!(result, ticket * 10);
        out.push(ticket);
    }
    if !ordered {
        out.sort_unstable();
    }
    assert_eq!(out, (0..count).collect::<Vec<_>>());
    handles.into_iter().for_each(|h| h.join().unwrap());
}

#[test]
fn two_workers_in_order() {
    check(|| drain(2, 2, 2, 2, true));
}

#[test]
fn two_workers_as_ready() {
    check(|| drain(2, 2, 2, 2, false));
}

#[test]
fn one_place() {
    check(|| drain(2, 1, 1, 2, true));
}

#[test]
fn growing_room() {
    check(|| drain(1, 1, 4, 3, true));
}

#[test]
fn an_empty_input() {
    check(|| drain(2, 1, 1, 0, true));
}

#[test]
fn cancelling_at_any_moment_ends_everybody() {
    check(|| {
        let conveyor = Arc::new(Conveyor::new(0, 1, 1, true));
        let busy = worker(&conveyor, 3);
        let cancel = {
            let conveyor = Arc::clone(&conveyor);
            thread::spawn(move || conveyor.cancel())
        };
        let mut next = 0;
        while let Some((ticket, _)) = conveyor.take() {
            assert_eq!(ticket, next);
            next += 1;
        }
        busy.join().unwrap();
        cancel.join().unwrap();
    });
}
