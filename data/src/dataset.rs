//! The handle that users hold: a description of a pipeline, cheap to clone, and its iterators.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cardinality::Cardinality;
use crate::element::Element;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

/// A pipeline of elements of type `T`, in the manner of `tf.data.Dataset`.
///
/// A dataset is a description: nothing is read until [`iter`](Self::iter) is called. Every method that
/// adds a stage consumes the dataset and gives a new one; cloning is cheap and shares the description.
///
/// ```
/// use gradus_data::Dataset;
/// # fn main() -> Result<(), gradus_data::DataError> {
/// let batches = Dataset::range(0..10).filter(|x| x % 2 == 0).map(|x| x * x).batch(3);
/// let got: Vec<Vec<i64>> = batches.iter().collect::<Result<_, _>>()?;
/// assert_eq!(got, [vec![0, 4, 16], vec![36, 64]]);
/// # Ok(()) }
/// ```
pub struct Dataset<T> {
    stage: Arc<dyn Stage<T>>,
    epochs: Arc<AtomicU64>,
}

impl<T> Clone for Dataset<T> {
    fn clone(&self) -> Self {
        Dataset { stage: Arc::clone(&self.stage), epochs: Arc::clone(&self.epochs) }
    }
}

impl<T> fmt::Debug for Dataset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset({}, cardinality {})", self.stage.site(), self.stage.cardinality().as_i64())
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// A dataset of a stage: the way in for stages of your own.
    pub fn from_stage(stage: impl Stage<T> + 'static) -> Self {
        Dataset { stage: Arc::new(stage), epochs: Arc::default() }
    }

    /// The last stage, for a stage of your own to build upon.
    pub fn stage(&self) -> &Arc<dyn Stage<T>> {
        &self.stage
    }

    /// The place of a stage that follows this dataset.
    pub fn next_site(&self, name: &'static str) -> Site {
        Site { name, number: self.stage.site().number + 1 }
    }

    /// Starts a pass over the elements: epoch 0 the first time, then 1, 2 and so on, counted over all
    /// clones of this dataset. The epoch decides how stages that reshuffle order the elements.
    ///
    /// Dropping the iterator stops and joins the threads it started.
    pub fn iter(&self) -> DataIter<T> {
        self.iter_epoch(self.epochs.fetch_add(1, Ordering::Relaxed))
    }

    /// Starts the pass of this epoch: the same epoch gives the same elements, always.
    pub fn iter_epoch(&self, epoch: u64) -> DataIter<T> {
        let cursor = self.open(Pass::epoch(epoch)).unwrap_or_else(|e| Box::new(Failed::new(e)));
        DataIter { cursor, epoch, given: 0, ended: false }
    }

    /// Continues where a [`DataIter::state`] was taken: the same elements follow that would have followed
    /// there. The dataset must be built as it was then.
    ///
    /// # Errors
    /// [`ErrorKind::State`] when the state belongs to another pipeline; otherwise what opening gives.
    pub fn resume(&self, state: &IteratorState) -> Result<DataIter<T>> {
        let state = state.expect("dataset", 2, 1)?;
        let (epoch, given) = (state.number(0), state.number(1));
        let mut cursor = self.open(Pass::epoch(epoch))?;
        cursor.restore(&state.children()[0])?;
        self.epochs.fetch_max(epoch + 1, Ordering::Relaxed);
        Ok(DataIter { cursor, epoch, given, ended: false })
    }

    /// Opens the last stage, for a stage that follows it.
    pub fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        self.stage.open(pass)
    }

    /// How many elements there are, without running the pipeline.
    ///
    /// | stage | cardinality |
    /// |---|---|
    /// | map, shuffle, prefetch, cache, enumerate, scan, snapshot | that of the input |
    /// | take, skip, shard, batch, window, repeat, zip, concatenate | computed |
    /// | filter, take_while, unique, flat_map, interleave, unbatch, rebatch, ignore_errors | unknown |
    pub fn cardinality(&self) -> Cardinality {
        self.stage.cardinality()
    }

    /// The elements by number, where sources and stages allow it.
    pub fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        self.stage.random_access(pass)
    }

    /// Passes the dataset through a function: `ds.apply(|ds| ds.filter(..).map(..))`.
    pub fn apply<U>(self, f: impl FnOnce(Dataset<T>) -> Dataset<U>) -> Dataset<U> {
        f(self)
    }

    /// Every element of epoch 0, in a vector.
    ///
    /// # Errors
    /// The first error of the pipeline; [`ErrorKind::Limit`] when the dataset never ends.
    pub fn collect(&self) -> Result<Vec<T>> {
        if self.cardinality() == Cardinality::Infinite {
            return Err(DataError::new(
                ErrorKind::Limit,
                "collect: the dataset never ends; use take(n) before it",
            ));
        }
        self.iter_epoch(0).collect()
    }

    /// The only element.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] when there is no element or more than one.
    pub fn get_single_element(&self) -> Result<T> {
        let mut iter = self.iter_epoch(0);
        let first = iter.next().transpose()?;
        let wrong = |what: &str| {
            let message = format!("get_single_element: the dataset has {what}, expected exactly one");
            Err(DataError::new(ErrorKind::InvalidArgument, message))
        };
        match (first, iter.next()) {
            (None, _) => wrong("no element"),
            (Some(_), Some(_)) => wrong("more than one element"),
            (Some(element), None) => Ok(element),
        }
    }
}

impl<T: Element> Dataset<T> {
    /// Type and shape of the elements. Stages that know them say so; behind a `map`, whose result only
    /// running it can show, the first element is computed and described.
    ///
    /// # Errors
    /// What computing that element gives; [`ErrorKind::InvalidArgument`] if there is none.
    pub fn element_spec(&self) -> Result<ElementSpec> {
        if let Some(spec) = self.stage.spec() {
            return Ok(spec);
        }
        let first = self.iter_epoch(0).next().transpose()?;
        first.map(|e| e.spec()).ok_or_else(|| {
            DataError::new(ErrorKind::InvalidArgument, "element_spec: no element to learn the shape from")
        })
    }
}

impl<T: Send + 'static> IntoIterator for &Dataset<T> {
    type Item = Result<T>;
    type IntoIter = DataIter<T>;
    fn into_iter(self) -> DataIter<T> {
        self.iter()
    }
}

/// An iterator over one pass of a [`Dataset`].
///
/// Gives `Result`s: an error stands in the place of the element that could not be made, and the elements
/// behind it follow, unless the error is [fatal](DataError::is_fatal).
pub struct DataIter<T> {
    cursor: Box<dyn Cursor<T>>,
    epoch: u64,
    given: u64,
    ended: bool,
}

impl<T> DataIter<T> {
    /// Where this iterator stands, for [`Dataset::resume`]. Elements already given are not given again;
    /// elements that stages hold ready (prefetched, shuffled) are made again.
    pub fn state(&self) -> IteratorState {
        IteratorState::of("dataset").words([self.epoch, self.given]).input(self.cursor.save())
    }

    /// The number of this pass.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many elements this pass has given, errors included.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Passes over up to `count` elements as cheaply as the stages can; says how many there were.
    pub fn advance(&mut self, count: u64) -> u64 {
        let n = self.cursor.advance(count);
        self.given += n;
        n
    }
}

impl<T> Iterator for DataIter<T> {
    type Item = Result<T>;

    #[inline]
    fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        let next = self.cursor.next();
        match &next {
            None => self.ended = true,
            Some(Err(e)) if e.is_fatal() => {
                self.given += 1;
                self.ended = true;
            }
            Some(_) => self.given += 1,
        }
        next
    }
}

impl<T> std::iter::FusedIterator for DataIter<T> {}

impl<T> fmt::Debug for DataIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataIter(epoch {}, {} given)", self.epoch, self.given)
    }
}

/// A cursor that gives one error and ends: how a stage that cannot open shows it to an iterator.
pub(crate) struct Failed {
    error: Option<DataError>,
}

impl Failed {
    pub(crate) fn new(error: DataError) -> Self {
        Failed { error: Some(error.fatal()) }
    }
}

impl<T> Cursor<T> for Failed {
    fn next(&mut self) -> Option<Result<T>> {
        self.error.take().map(Err)
    }
    fn save(&self) -> IteratorState {
        IteratorState::of("failed")
    }
    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        state.expect("failed", 0, 0).map(drop)
    }
}
