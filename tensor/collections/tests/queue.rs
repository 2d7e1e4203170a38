//! Queues against what TensorFlow's do, between real threads.

use std::thread;
use std::time::Duration;

use gradus_collections::{Component, ComponentSpec, PartialShape, Queue, QueueError};
use gradus_tensor::{DType, Tensor};

fn scalars(capacity: usize) -> Queue {
    Queue::fifo(capacity, [ComponentSpec::scalar(DType::I32)]).unwrap()
}

fn int(v: i32) -> Tensor {
    Tensor::scalar(v)
}

fn ints(component: &Component) -> Vec<i32> {
    component.dense().unwrap().to_vec::<i32>().unwrap()
}

/// Long enough for a thread to reach the call that blocks; the results do not depend on it.
fn settle() {
    thread::sleep(Duration::from_millis(20));
}

#[test]
fn first_in_first_out_singly_and_in_batches() {
    let queue = scalars(10);
    queue.enqueue_many([Tensor::new([1, 2, 3, 4, 5]).unwrap()]).unwrap();
    assert_eq!(ints(&queue.dequeue_many(2).unwrap()[0]), [1, 2]);
    assert_eq!(queue.size(), 3);
    assert_eq!(ints(&queue.dequeue_up_to(2).unwrap()[0]), [3, 4]);
    assert_eq!(ints(&queue.dequeue().unwrap()[0]), [5]);
    assert_eq!(queue.dequeue_many(0).unwrap()[0].shape().dims(), [0]);
}

#[test]
fn a_closed_queue_empties_and_ends() {
    let queue = scalars(10);
    queue.enqueue_many([Tensor::new([1, 2, 3]).unwrap()]).unwrap();
    queue.close(false).unwrap();
    assert!(queue.is_closed());
    assert!(matches!(queue.enqueue([int(4)]), Err(QueueError::Cancelled)));
    assert!(matches!(queue.dequeue_many(5), Err(QueueError::Ended { requested: 5, found: 3 })));
    assert_eq!(ints(&queue.dequeue_up_to(5).unwrap()[0]), [1, 2, 3]);
    assert!(matches!(queue.dequeue_up_to(5), Err(QueueError::Ended { requested: 5, found: 0 })));
    assert!(matches!(queue.close(false), Err(QueueError::Cancelled)), "closing twice");
    assert!(queue.close(true).is_ok(), "cancelling a closed queue");
}

#[test]
fn producers_wait_for_room_and_consumers_for_elements() {
    let queue = scalars(1);
    let producer = thread::spawn({
        let queue = queue.clone();
        move || (0..50).try_for_each(|i| queue.enqueue([int(i)]))
    });
    let got: Vec<i32> = (0..50).map(|_| ints(&queue.dequeue().unwrap()[0])[0]).collect();
    assert_eq!(got, (0..50).collect::<Vec<_>>());
    producer.join().unwrap().unwrap();
    let consumer = thread::spawn({
        let queue = queue.clone();
        move || queue.dequeue()
    });
    settle();
    queue.enqueue([int(7)]).unwrap();
    assert_eq!(ints(&consumer.join().unwrap().unwrap()[0]), [7]);
}

#[test]
fn closing_wakes_consumers_and_cancelling_wakes_producers() {
    let queue = scalars(1);
    let consumers: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            thread::spawn(move || queue.dequeue())
        })
        .collect();
    settle();
    queue.close(false).unwrap();
    for consumer in consumers {
        assert!(matches!(consumer.join().unwrap(), Err(QueueError::Ended { .. })));
    }
    let queue = scalars(1);
    queue.enqueue([int(0)]).unwrap();
    let producer = thread::spawn({
        let queue = queue.clone();
        move || queue.enqueue([int(1)])
    });
    settle();
    queue.close(true).unwrap();
    assert!(matches!(producer.join().unwrap(), Err(QueueError::Cancelled)));
    assert_eq!(queue.size(), 1);
}

#[test]
fn the_smallest_priority_leaves_first_and_equals_keep_their_order() {
    let queue = Queue::priority(10, [ComponentSpec::scalar(DType::I32)]).unwrap();
    for (priority, value) in [(9i64, 1), (2, 2), (5, 3), (2, 4)] {
        queue.enqueue([Tensor::scalar(priority), int(value)]).unwrap();
    }
    let batch = queue.dequeue_many(4).unwrap();
    assert_eq!(batch[0].dense().unwrap().to_vec::<i64>().unwrap(), [2, 2, 5, 9]);
    assert_eq!(ints(&batch[1]), [2, 4, 3, 1]);
    let wrong = queue.enqueue([int(1), int(1)]).unwrap_err();
    assert_eq!(wrong.to_string(), "queue: component 0: expected int64, found int32");
}

#[test]
fn batches_of_unlike_shapes_are_padded_with_zeros() {
    let rows = PartialShape::new([None, Some(2)]);
    let queue = Queue::padding_fifo(5, [ComponentSpec::new(DType::F32, rows)]).unwrap();
    queue.enqueue([Tensor::new([[1.0f32, 2.0]]).unwrap()]).unwrap();
    queue.enqueue([Tensor::new([[3.0f32, 4.0], [5.0, 6.0]]).unwrap()]).unwrap();
    let batch = queue.dequeue_many(2).unwrap();
    let batch = batch[0].dense().unwrap();
    assert_eq!(batch.shape().dims(), [2, 2, 2]);
    assert_eq!(batch.to_vec::<f32>().unwrap(), [1.0, 2.0, 0.0, 0.0, 3.0, 4.0, 5.0, 6.0]);
    assert!(queue.enqueue([Tensor::new([[1.0f32]]).unwrap()]).is_err());
    assert!(Queue::padding_fifo(5, [ComponentSpec::new(DType::F32, PartialShape::unknown())]).is_err());
}

#[test]
fn a_shuffled_queue_gives_every_element_once_and_the_same_order_for_a_seed() {
    let order = |seed| {
        let queue = Queue::random_shuffle(100, 10, seed, [ComponentSpec::scalar(DType::I32)]).unwrap();
        queue.enqueue_many([Tensor::range(100).unwrap()]).unwrap();
        let mut got = ints(&queue.dequeue_many(90).unwrap()[0]);
        queue.close(false).unwrap();
        got.extend(ints(&queue.dequeue_up_to(100).unwrap()[0]));
        got
    };
    let (one, two) = (order(1), order(2));
    assert_eq!(one, order(1));
    assert_ne!(one, two);
    assert_ne!(one, (0..100).collect::<Vec<_>>());
    let mut sorted = one;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    assert!(Queue::random_shuffle(3, 3, 0, [ComponentSpec::scalar(DType::I32)]).is_err());
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_put_in() {
    let pair =
        || Queue::fifo(5, [ComponentSpec::new(DType::F32, [2]), ComponentSpec::scalar(DType::I32)]).unwrap();
    let queue = pair();
    let (row, one) = (Tensor::new([1.0f32, 2.0]).unwrap(), int(1));
    let errors = [
        queue.enqueue([row.clone()]).unwrap_err(),
        queue.enqueue([one.clone(), one.clone()]).unwrap_err(),
        queue.enqueue([row.clone(), row.clone()]).unwrap_err(),
        queue.enqueue([Tensor::new([1.0f32]).unwrap(), one.clone()]).unwrap_err(),
        queue.enqueue_many([row.clone(), one.clone()]).unwrap_err(),
        queue
            .enqueue_many([Tensor::new([[1.0f32, 2.0]]).unwrap(), Tensor::new([1, 2]).unwrap()])
            .unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, QueueError::Invalid(_)), "{error}");
    }
    assert_eq!(queue.size(), 0);
    let open = Queue::fifo(2, [ComponentSpec::new(DType::I32, PartialShape::unknown())]).unwrap();
    open.enqueue([int(1)]).unwrap();
    assert!(matches!(open.dequeue_many(1), Err(QueueError::Invalid(_))), "a batch of unknown shapes");
    assert!(Queue::fifo(0, [ComponentSpec::scalar(DType::I32)]).is_err());
}
