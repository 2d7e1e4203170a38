//! Queues between threads.

use crate::{Result, show, title};
use gradus::collections::{ComponentSpec, ComponentType, PartialShape, Queue, QueueError};
use gradus::text::StringTensor;
use gradus::{DType, Tensor};
use std::thread;

pub fn between_threads() -> Result {
    title("A15", "queues");
    let fifo = Queue::fifo(5, [ComponentSpec::scalar(DType::I32)])?;
    fifo.enqueue_many([Tensor::new([3, 1, 2])?])?;
    show("FIFO: 3, 1, 2 come out as", numbers(&fifo, 3)?);

    let priority = Queue::priority(5, [ComponentSpec::scalar(ComponentType::Text)])?;
    for (rank, name) in [(3i64, "low"), (1, "high"), (2, "middle")] {
        priority.enqueue([
            Tensor::new(rank)?.into(),
            gradus::collections::Component::from(StringTensor::scalar(name)),
        ])?;
    }
    let names: Result<Vec<String>> =
        (0..3).map(|_| Ok(priority.dequeue()?[1].text()?.to_strings()?.remove(0))).collect();
    show("Priority: 3, 1, 2 come out as", names?.join(", "));

    let shuffle = Queue::random_shuffle(10, 0, 7, [ComponentSpec::scalar(DType::I32)])?;
    shuffle.enqueue_many([Tensor::range(10)?])?;
    show("RandomShuffle: 0 to 9 come out as", numbers(&shuffle, 10)?);

    let padding = Queue::padding_fifo(5, [ComponentSpec::new(DType::I32, PartialShape::new([None]))])?;
    padding.enqueue([Tensor::new([1, 2, 3])?])?;
    padding.enqueue([Tensor::new([4])?])?;
    show("PaddingFIFO: a batch of [1, 2, 3] and [4]", padding.dequeue_many(2)?[0].dense()?);

    let shared = Queue::fifo(2, [ComponentSpec::scalar(DType::I32)])?;
    let producers: Vec<_> = (0..3)
        .map(|p| {
            let queue = shared.clone();
            thread::spawn(move || (0..4).try_for_each(|i| queue.enqueue([Tensor::scalar(10 * p + i)])))
        })
        .collect();
    let consumer = thread::spawn({
        let queue = shared.clone();
        move || {
            let mut got = Vec::new();
            loop {
                match queue.dequeue() {
                    Ok(row) => got.push(row[0].dense()?.item::<i32>()?),
                    Err(QueueError::Ended { .. }) => return Ok::<_, QueueError>(got),
                    Err(other) => return Err(other),
                }
            }
        }
    });
    for producer in producers {
        producer.join().map_err(|_| "a producer panicked")??;
    }
    shared.close(false)?;
    let mut got = consumer.join().map_err(|_| "the consumer panicked")??;
    got.sort_unstable();
    show("3 producers, room for 2, sorted", format!("{got:?}"));
    let late = shared.enqueue([Tensor::scalar(0)]);
    show("enqueue after close", late.map_or_else(|e| format!("error: {e}"), |()| "done".to_string()));
    let empty = shared.dequeue();
    show(
        "dequeue of the empty, closed queue",
        empty.map_or_else(|e| format!("error: {e}"), |_| "done".to_string()),
    );
    Ok(())
}

fn numbers(queue: &Queue, n: usize) -> Result<String> {
    Ok(queue.dequeue_many(n)?[0].dense()?.to_text())
}
