//! Bounded queues of tensors between threads.

mod batch;
mod component;
mod error;
mod exchange;
mod store;

use std::fmt;
use std::sync::Arc;

use gradus_tensor::{DType, Error, Shape};

pub use component::{Component, ComponentSpec, ComponentType};
pub use error::QueueError;

use exchange::Exchange;
use store::{Fifo, Priority, Shuffle};

/// One element of a queue: a value per component.
type Row = Vec<Component>;

type Result<T, E = QueueError> = std::result::Result<T, E>;

/// A bounded queue of tuples of tensors; clones share it, so each thread holds one.
///
/// | constructor | order | TensorFlow's name |
/// |---|---|---|
/// | [`Queue::fifo`] | as they came | `FIFOQueue` |
/// | [`Queue::padding_fifo`] | as they came; batches of unlike shapes are padded | `PaddingFIFOQueue` |
/// | [`Queue::priority`] | smallest priority first | `PriorityQueue` |
/// | [`Queue::random_shuffle`] | a random one | `RandomShuffleQueue` |
///
/// An enqueue waits while the queue is full, a dequeue while it is empty; waiting calls are served first come, first
/// served. After [`close`](Queue::close) consumers empty the queue and then get [`QueueError::Ended`].
///
/// ```
/// use gradus_collections::{ComponentSpec, Queue, QueueError};
/// use gradus_tensor::{DType, Tensor};
/// let queue = Queue::fifo(2, [ComponentSpec::scalar(DType::I32)])?;
/// let producer = queue.clone();
/// let thread = std::thread::spawn(move || {
///     for i in 0..5 {
///         producer.enqueue([Tensor::scalar(i)])?; // waits at 2
///     }
///     producer.close(false)
/// });
/// let mut sum = 0;
/// loop {
///     match queue.dequeue() {
///         Ok(row) => sum += row[0].dense()?.item::<i32>()?,
///         Err(QueueError::Ended { .. }) => break,
///         Err(other) => return Err(other.into()),
///     }
/// }
/// thread.join().unwrap()?;
/// assert_eq!(sum, 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

struct Shared {
    exchange: Exchange<Row>,
    specs: Vec<ComponentSpec>,
    order: &'static str,
    pads: bool,
}

impl Queue {
    /// A queue that gives elements back in the order in which they came.
    ///
    /// `capacity` is the number of elements it holds, at least 1; `specs` the dtype and shape of each component. Batches
    /// ([`dequeue_many`](Queue::dequeue_many)) need shapes that are fully known.
    pub fn fifo(capacity: usize, specs: impl IntoIterator<Item = ComponentSpec>) -> Result<Queue> {
        Queue::new("fifo", capacity, specs.into_iter().collect(), false, Box::new(Fifo::new()))
    }

    /// As [`Queue::fifo`]; axes of unknown size may differ between elements, and batches are padded to the largest, with
    /// zeros (empty strings, false).
    ///
    /// The ranks must be known.
    pub fn padding_fifo(capacity: usize, specs: impl IntoIterator<Item = ComponentSpec>) -> Result<Queue> {
        let specs: Vec<_> = specs.into_iter().collect();
        if let Some(i) = specs.iter().position(|s| s.shape.dims().is_none()) {
            return Err(Error::shape(format!("component {i}: padding needs a known rank")).into());
        }
        Queue::new("padding_fifo", capacity, specs, true, Box::new(Fifo::new()))
    }

    /// A queue that gives the element of the smallest priority back first; equal ones in the order in which they came.
    ///
    /// The priority, an i64 scalar, is component 0 of each element; `specs` describes the others.
    pub fn priority(capacity: usize, specs: impl IntoIterator<Item = ComponentSpec>) -> Result<Queue> {
        let specs = [ComponentSpec::scalar(DType::I64)].into_iter().chain(specs).collect();
        Queue::new(
            "priority",
            capacity,
            specs,
            false,
            Box::new(Priority::new(|row: &Vec<Component>| component::priority(row))),
        )
    }

    /// A queue that gives back a random element each time.
    ///
    /// While it is open, `min_after_dequeue` elements (less than `capacity`) always stay, so that there is something to
    /// choose from. The same seed and the same calls in the same order give the same elements.
    pub fn random_shuffle(
        capacity: usize,
        min_after_dequeue: usize,
        seed: u64,
        specs: impl IntoIterator<Item = ComponentSpec>,
    ) -> Result<Queue> {
        if min_after_dequeue >= capacity {
            return Err(Error::value(format!(
                "min_after_dequeue {min_after_dequeue} must be less than the capacity {capacity}"
            ))
            .into());
        }
        let store = Box::new(Shuffle::new(min_after_dequeue, seed));
        Queue::new("random_shuffle", capacity, specs.into_iter().collect(), false, store)
    }

    fn new(
        order: &'static str,
        capacity: usize,
        specs: Vec<ComponentSpec>,
        pads: bool,
        store: Box<dyn store::Store<Row>>,
    ) -> Result<Queue> {
        if capacity == 0 {
            return Err(Error::value("a queue of capacity 0 could never hold an element").into());
        }
        if specs.is_empty() {
            return Err(Error::value("a queue needs at least one component").into());
        }
        Ok(Queue(Arc::new(Shared { exchange: Exchange::new(capacity, store), specs, order, pads })))
    }

    /// Puts one element in, a value per component; waits while the queue is full.
    ///
    /// Errors when number, dtype or shape of the components differ, and when the queue is closed.
    pub fn enqueue<C: Into<Component>>(&self, components: impl IntoIterator<Item = C>) -> Result<()> {
        let row: Row = components.into_iter().map(Into::into).collect();
        self.check_count(row.len())?;
        for (i, (spec, value)) in self.0.specs.iter().zip(&row).enumerate() {
            spec.check(value, value.shape()).map_err(|e| e.within(format!("component {i}")))?;
        }
        Ok(self.0.exchange.put(vec![row])?)
    }

    /// Puts in the slices of each component along its first axis, one element after another; waits while the queue is
    /// full.
    ///
    /// Errors as [`Queue::enqueue`], and when the first axes differ in length; nothing was put in then. When the queue is
    /// closed with `cancel_pending_enqueues` half-way, the elements put in before stay.
    pub fn enqueue_many<C: Into<Component>>(&self, components: impl IntoIterator<Item = C>) -> Result<()> {
        let columns: Row = components.into_iter().map(Into::into).collect();
        self.check_count(columns.len())?;
        for (i, (spec, column)) in self.0.specs.iter().zip(&columns).enumerate() {
            let shape = column.shape();
            if shape.rank() == 0 {
                return Err(
                    Error::shape(format!("component {i}: enqueue_many needs rows, found a scalar")).into()
                );
            }
            spec.check(column, &shape.without(0)).map_err(|e| e.within(format!("component {i}")))?;
        }
        Ok(self.0.exchange.put(batch::rows(&columns)?)?)
    }

    /// Takes the next element out; waits while there is none and more can come.
    pub fn dequeue(&self) -> Result<Vec<Component>> {
        let rows = self.0.exchange.take(1, false)?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    /// Takes the next `n` elements out, stacked along a new first axis; waits for them while more can come.
    ///
    /// A closed queue of fewer elements keeps them and gives [`QueueError::Ended`]. Components need known shapes, save in
    /// a queue that pads.
    pub fn dequeue_many(&self, n: usize) -> Result<Vec<Component>> {
        self.dequeue_batch(n, false)
    }

    /// As [`Queue::dequeue_many`], but at the end takes as many as there are, if there are any.
    pub fn dequeue_up_to(&self, n: usize) -> Result<Vec<Component>> {
        self.dequeue_batch(n, true)
    }

    fn dequeue_batch(&self, n: usize, fewer: bool) -> Result<Vec<Component>> {
        if !self.0.pads
            && let Some(i) = self.0.specs.iter().position(|s| s.shape.known().is_none())
        {
            return Err(Error::shape(format!(
                "component {i}: a batch needs a known shape, found {}",
                self.0.specs[i].shape
            ))
            .into());
        }
        let rows = if n == 0 { Vec::new() } else { self.0.exchange.take(n, fewer)? };
        Ok(batch::stack(&self.0.specs, rows)?)
    }

    /// Number of elements inside.
    pub fn size(&self) -> usize {
        self.0.exchange.len()
    }

    /// Lets nothing more in. Enqueues that wait already still happen, unless `cancel_pending_enqueues`: then they end
    /// with [`QueueError::Cancelled`].
    ///
    /// Closing a closed queue is [`QueueError::Cancelled`] too, unless `cancel_pending_enqueues`.
    pub fn close(&self, cancel_pending_enqueues: bool) -> Result<()> {
        let first = self.0.exchange.close(cancel_pending_enqueues);
        if first || cancel_pending_enqueues { Ok(()) } else { Err(QueueError::Cancelled) }
    }

    /// Whether the queue was closed; it may still hold elements.
    pub fn is_closed(&self) -> bool {
        self.0.exchange.is_closed()
    }

    /// Dtype and shape of each component.
    pub fn specs(&self) -> &[ComponentSpec] {
        &self.0.specs
    }

    fn check_count(&self, found: usize) -> Result<()> {
        let expected = self.0.specs.len();
        if expected != found {
            return Err(Error::shape(format!("expected {expected} components, found {found}")).into());
        }
        Ok(())
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("order", &self.0.order)
            .field("size", &self.size())
            .field("closed", &self.is_closed())
            .field("specs", &self.0.specs)
            .finish()
    }
}

/// The shape that covers all of them: the largest size along every axis.
fn covering<'a>(rank: usize, shapes: impl Iterator<Item = &'a Shape>) -> Shape {
    let mut sizes = vec![0; rank];
    for shape in shapes {
        sizes.iter_mut().zip(shape.dims()).for_each(|(size, &d)| *size = d.max(*size));
    }
    Shape::from(sizes)
}
