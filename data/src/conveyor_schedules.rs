//! The conveyor under random schedules of real threads; `tests/conveyor_model.rs` tries all schedules of few.

use crate::conveyor::Conveyor;
use crate::key::Key;
use std::sync::Arc;
use std::thread;

fn run(workers: usize, room: usize, count: u64, ordered: bool, seed: u64) -> Vec<u64> {
    let conveyor = Arc::new(Conveyor::new(0, room, room, ordered));
    let handles: Vec<_> = (0..workers)
        .map(|w| {
            let conveyor = Arc::clone(&conveyor);
            thread::spawn(move || {
                while let Some(ticket) = conveyor.take_ticket() {
                    // A random schedule: give up the processor at places that differ per run.
                    for _ in 0..Key::new(seed).fold(w as u64).below(ticket, 4) {
                        thread::yield_now();
                    }
                    if ticket >= count {
                        conveyor.end_at(count);
                        return;
                    }
                    conveyor.put(ticket, ticket * 10);
                }
            })
        })
        .collect();
    let mut out = Vec::new();
    while let Some((ticket, result)) = conveyor.take() {
        assert_eq!(result, ticket * 10);
        out.push(ticket);
    }
    for h in handles {
        h.join().unwrap();
    }
    out
}

#[test]
fn results_come_in_order_under_random_schedules() {
    for seed in 0..300 {
        let (workers, room, count) = (1 + seed as usize % 4, 1 + seed as usize % 5, seed % 40);
        let got = run(workers, room, count, true, seed);
        assert_eq!(got, (0..count).collect::<Vec<_>>(), "seed {seed}");
        let mut got = run(workers, room, count, false, seed);
        got.sort_unstable();
        assert_eq!(got, (0..count).collect::<Vec<_>>(), "unordered, seed {seed}");
    }
}

#[test]
fn cancelling_frees_a_waiting_worker_and_a_waiting_consumer() {
    let conveyor = Arc::new(Conveyor::<u64>::new(0, 1, 1, true));
    assert_eq!(conveyor.take_ticket(), Some(0));
    let (a, b) = (Arc::clone(&conveyor), Arc::clone(&conveyor));
    let worker = thread::spawn(move || a.take_ticket());
    let consumer = thread::spawn(move || b.take());
    thread::sleep(std::time::Duration::from_millis(10));
    conveyor.cancel();
    assert_eq!(worker.join().unwrap(), None);
    assert_eq!(consumer.join().unwrap(), None);
}

#[test]
fn room_grows_only_after_the_belt_was_full_and_then_empty() {
    let conveyor = Arc::new(Conveyor::new(0, 1, 8, true));
    let worker = {
        let conveyor = Arc::clone(&conveyor);
        thread::spawn(move || {
            while let Some(t) = conveyor.take_ticket() {
                if t == 50 {
                    conveyor.end_at(50);
                    return;
                }
                thread::sleep(std::time::Duration::from_micros(200));
                conveyor.put(t, t);
            }
        })
    };
    assert_eq!(conveyor.room(), 1);
    while conveyor.take().is_some() {}
    worker.join().unwrap();
    assert!(conveyor.room() <= 8);
}
