//! The core under random thread schedules: every test here is thousands of interleavings.

use shuttle::sync::Arc;
use shuttle::thread;

use super::super::store::{Fifo, Priority, Shuffle};
use super::*;

/// Schedules per law. A deadlock or a lost wake-up in one of them fails the test and prints the schedule.
const SCHEDULES: usize = 10_000;

fn fifo(capacity: usize) -> Arc<Exchange<u32>> {
    Arc::new(Exchange::new(capacity, Box::new(Fifo::new())))
}

fn spawn<R: Send + 'static>(
    queue: &Arc<Exchange<u32>>,
    work: impl FnOnce(&Exchange<u32>) -> R + Send + 'static,
) -> thread::JoinHandle<R> {
    let queue = queue.clone();
    thread::spawn(move || work(&queue))
}

/// Everything until the end.
fn drain(queue: &Exchange<u32>) -> Vec<u32> {
    let mut got = Vec::new();
    loop {
        match queue.take(1, false) {
            Ok(items) => got.extend(items),
            Err(Refusal::Ended { requested: 1, found: 0 }) => return got,
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_item_comes_out_once_and_in_its_producers_order() {
    let run = || {
        let queue = fifo(2);
        let producers: Vec<_> = [10, 20]
            .map(|base| spawn(&queue, move |q| (0..3).try_for_each(|i| q.put(vec![base + i])).unwrap()))
            .into();
        let consumers: Vec<_> = (0..2).map(|_| spawn(&queue, drain)).collect();
        producers.into_iter().for_each(|p| p.join().unwrap());
        assert!(queue.close(false));
        let got: Vec<Vec<u32>> = consumers.into_iter().map(|c| c.join().unwrap()).collect();
        let mut all = got.concat();
        all.sort_unstable();
        assert_eq!(all, [10, 11, 12, 20, 21, 22]);
        for base in [10, 20] {
            for one in &got {
                let mine: Vec<_> = one.iter().filter(|&&v| v / 10 == base / 10).collect();
                assert!(mine.is_sorted(), "{one:?}");
            }
        }
    };
    shuttle::check_random(run, SCHEDULES);
    shuttle::check_pct(run, SCHEDULES, 3);
}

#[test]
fn closing_lets_waiting_puts_finish() {
    shuttle::check_random(
        || {
            let queue = fifo(1);
            queue.put(vec![0]).unwrap();
            let producer = spawn(&queue, |q| q.put(vec![1, 2]));
            let closer = spawn(&queue, |q| q.close(false));
            let got = drain(&queue);
            assert!(closer.join().unwrap());
            // Either the put stood in line before the close, and all of it came out, or none of it did.
            match producer.join().unwrap() {
                Ok(()) => assert_eq!(got, [0, 1, 2]),
                Err(refusal) => assert_eq!((refusal, got), (Refusal::Cancelled, vec![0])),
            }
            assert_eq!(queue.put(vec![3]), Err(Refusal::Cancelled));
        },
        SCHEDULES,
    );
}

#[test]
fn cancelling_wakes_waiting_puts_and_keeps_what_is_inside() {
    shuttle::check_random(
        || {
            let queue = fifo(2);
            let producers: Vec<_> =
                (0..2).map(|i| spawn(&queue, move |q| q.put(vec![10 * i, 10 * i + 1, 10 * i + 2]))).collect();
            let closer = spawn(&queue, |q| q.close(true));
            closer.join().unwrap();
            // Nobody takes: room is for two, so no put of three can have finished.
            for producer in producers {
                assert_eq!(producer.join().unwrap(), Err(Refusal::Cancelled));
            }
            let got = drain(&queue);
            assert!(got.is_empty() || got == [0, 1] || got == [10, 11], "{got:?}");
        },
        SCHEDULES,
    );
}

#[test]
fn batches_larger_than_the_queue_are_served_whole_and_in_turn() {
    shuttle::check_random(
        || {
            let queue = fifo(2);
            let consumers: Vec<_> = (0..2).map(|_| spawn(&queue, |q| q.take(3, false))).collect();
            let producer = spawn(&queue, |q| q.put((0..7).collect()));
            let rest = {
                let mut got: Vec<Vec<u32>> =
                    consumers.into_iter().map(|c| c.join().unwrap().unwrap()).collect();
                got.sort_unstable();
                assert_eq!(got, [[0, 1, 2], [3, 4, 5]]);
                producer.join().unwrap().unwrap();
                queue.close(false);
                assert_eq!(queue.take(2, false), Err(Refusal::Ended { requested: 2, found: 1 }));
                queue.take(2, true)
            };
            assert_eq!(rest, Ok(vec![6]));
            assert_eq!(queue.take(2, true), Err(Refusal::Ended { requested: 2, found: 0 }));
        },
        SCHEDULES,
    );
}

#[test]
fn what_a_failed_batch_had_goes_back_in_order() {
    shuttle::check_random(
        || {
            let queue = fifo(4);
            let batch = spawn(&queue, |q| q.take(4, false));
            let producer = spawn(&queue, |q| q.put(vec![1, 2, 3]));
            producer.join().unwrap().unwrap();
            let closer = spawn(&queue, |q| q.close(false));
            closer.join().unwrap();
            assert_eq!(batch.join().unwrap(), Err(Refusal::Ended { requested: 4, found: 3 }));
            assert_eq!(drain(&queue), [1, 2, 3]);
        },
        SCHEDULES,
    );
}

#[test]
fn a_shuffle_queue_keeps_its_reserve_until_it_is_closed() {
    shuttle::check_random(
        || {
            let queue = Arc::new(Exchange::new(4, Box::new(Shuffle::new(2, 7)) as Box<dyn Store<u32>>));
            let consumer = spawn(&queue, drain);
            let producer = spawn(&queue, |q| {
                for i in 0..5 {
                    q.put(vec![i]).unwrap();
                    let kept = q.len();
                    assert!(kept >= 2.min(i as usize + 1), "{kept} kept after {i}");
                }
                q.close(false);
            });
            producer.join().unwrap();
            let mut got = consumer.join().unwrap();
            got.sort_unstable();
            assert_eq!(got, [0, 1, 2, 3, 4]);
        },
        SCHEDULES,
    );
}

#[test]
fn a_priority_queue_gives_the_smallest_of_what_is_inside() {
    shuttle::check_random(
        || {
            let store: Box<dyn Store<u32>> = Box::new(Priority::new(|v: &u32| i64::from(v / 10)));
            let queue = Arc::new(Exchange::new(9, store));
            let producers: Vec<_> =
                [[31, 10, 20], [30, 11, 21]].map(|items| spawn(&queue, move |q| q.put(items.into()))).into();
            producers.into_iter().for_each(|p| p.join().unwrap().unwrap());
            queue.close(false);
            let got = drain(&queue);
            assert!(got.is_sorted_by_key(|v| v / 10), "{got:?}");
            assert_eq!(got.len(), 6);
        },
        SCHEDULES,
    );
}
