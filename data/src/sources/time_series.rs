//! Sliding windows over a series (Keras's `timeseries_dataset_from_array`).

use std::marker::PhantomData;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::class_folder::NumpyRandom;
use crate::dataset::Dataset;
use crate::element::Element;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::sources::memory::Slices;
use crate::stage::{Cursor, IndexCursor, Pass, RandomAccess, Stage};

/// Keras's options of sliding windows.
///
/// Window `i` holds the steps `s, s + sampling_rate, ..., s + (sequence_length - 1) * sampling_rate` with
/// `s = start_index + i * sequence_stride`.
#[derive(Debug, Clone)]
pub struct TimeSeries {
    sequence_length: usize,
    sequence_stride: usize,
    sampling_rate: usize,
    batch_size: usize,
    shuffle: Option<u32>,
    start_index: usize,
    end_index: Option<usize>,
}

impl TimeSeries {
    /// Windows of so many steps, one beginning at every step; batches of 128, in order.
    pub fn sequence_length(sequence_length: usize) -> Self {
        TimeSeries {
            sequence_length,
            sequence_stride: 1,
            sampling_rate: 1,
            batch_size: 128,
            shuffle: None,
            start_index: 0,
            end_index: None,
        }
    }

    /// Steps between the beginnings of windows. Default 1.
    pub fn sequence_stride(mut self, stride: usize) -> Self {
        self.sequence_stride = stride;
        self
    }

    /// Steps between the elements of a window. Default 1.
    pub fn sampling_rate(mut self, rate: usize) -> Self {
        self.sampling_rate = rate;
        self
    }

    /// Windows in a batch. Default 128.
    pub fn batch_size(mut self, size: usize) -> Self {
        self.batch_size = size;
        self
    }

    /// Shuffles the windows as Keras does: numpy's permutation for this seed, then in every epoch a buffer of eight batches.
    pub fn shuffle(mut self, seed: u32) -> Self {
        self.shuffle = Some(seed);
        self
    }

    /// Steps before this one are not used. Default 0.
    pub fn start_index(mut self, start: usize) -> Self {
        self.start_index = start;
        self
    }

    /// Steps from this one on are not used. Default: the end.
    pub fn end_index(mut self, end: usize) -> Self {
        self.end_index = Some(end);
        self
    }

    /// First steps of the windows over a series of this length.
    fn starts(&self, steps: usize, targets: Option<usize>) -> Result<Vec<u64>> {
        let invalid =
            |what: String| Err(DataError::new(ErrorKind::InvalidArgument, format!("timeseries: {what}")));
        let end = self.end_index.unwrap_or(steps);
        if self.start_index > 0 && self.start_index >= steps {
            return invalid(format!(
                "start_index {} is not below the series' length, {steps}",
                self.start_index
            ));
        }
        if self.end_index.is_some_and(|e| e >= steps || e <= self.start_index) {
            return invalid(format!(
                "end_index {end} is not between start_index {} and {steps}",
                self.start_index
            ));
        }
        for (name, value) in
            [("sampling_rate", self.sampling_rate), ("sequence_stride", self.sequence_stride)]
        {
            if value == 0 || value >= steps {
                return invalid(format!(
                    "{name} must be from 1 to below the series' length, {steps}; found {value}"
                ));
            }
        }
        if self.sequence_length == 0 {
            return invalid("sequence_length must not be 0".to_owned());
        }
        let reach = (self.sequence_length - 1).saturating_mul(self.sampling_rate);
        let mut count = (end - self.start_index).saturating_sub(reach);
        if let Some(targets) = targets {
            count = count.min(targets);
        }
        let mut starts: Vec<u64> = (0..count as u64).step_by(self.sequence_stride).collect();
        if let Some(seed) = self.shuffle {
            NumpyRandom::new(seed).shuffle(&mut starts);
        }
        starts.iter_mut().for_each(|s| *s += self.start_index as u64);
        Ok(starts)
    }
}

type Window<S> = <<S as Slices>::Item as Element>::Batch;

/// Windows over a series, one by one: a `Vec` of numbers gives vectors, a tensor of shape `[steps, ...]` gives
/// tensors of shape `[sequence_length, ...]`. `batch_size` is not used here.
pub fn timeseries_windows<S: Slices>(data: S, options: &TimeSeries) -> Dataset<Window<S>> {
    match data.len().and_then(|steps| options.starts(steps, None)) {
        Err(e) => Dataset::failed("timeseries", e),
        Ok(starts) => {
            let windows = Windows { data, starts, options: options.clone(), item: PhantomData };
            Dataset::from_stage(WindowsStage(Arc::new(windows)))
        }
    }
}

/// Windows over a series with the target of each, one by one. The target of a window is that of its first
/// step: `targets[i]` belongs to the window that begins at step `i`.
pub fn timeseries_windows_with_targets<S: Slices, T: Slices>(
    data: S,
    targets: T,
    options: &TimeSeries,
) -> Dataset<(Window<S>, T::Item)> {
    let starts = data.len().and_then(|steps| options.starts(steps, Some(targets.len()?)));
    let checked = starts.and_then(|starts| match (starts.iter().max(), targets.len()?) {
        (Some(last), length) if *last >= length as u64 => Err(DataError::new(
            ErrorKind::InvalidArgument,
            format!("timeseries: the window at step {last} has no target, there are {length}"),
        )),
        _ => Ok(starts),
    });
    match checked {
        Err(e) => Dataset::failed("timeseries", e),
        Ok(starts) => {
            let chosen = Chosen { data: targets, starts: starts.clone() };
            let windows = Windows { data, starts, options: options.clone(), item: PhantomData };
            Dataset::from_stage(WindowsStage(Arc::new(windows))).zip(Dataset::from_tensor_slices(chosen))
        }
    }
}

/// Batches of sliding windows over a series.
///
/// ```
/// use gradus_data::{TimeSeries, timeseries_dataset_from_array};
/// let series: Vec<i64> = (0..10).collect();
/// let options = TimeSeries::sequence_length(3).sequence_stride(2).sampling_rate(2);
/// let batches = timeseries_dataset_from_array(series, &options).collect().unwrap();
/// assert_eq!(batches, [[[0, 2, 4], [2, 4, 6], [4, 6, 8]]]);
/// ```
pub fn timeseries_dataset_from_array<S>(
    data: S,
    options: &TimeSeries,
) -> Dataset<<Window<S> as Element>::Batch>
where
    S: Slices,
    Window<S>: Element,
{
    local_shuffle(timeseries_windows(data, options), options).batch(options.batch_size)
}

/// Batches of sliding windows with the batches of their targets.
pub fn timeseries_dataset_with_targets<S, T>(
    data: S,
    targets: T,
    options: &TimeSeries,
) -> Dataset<(<Window<S> as Element>::Batch, <T::Item as Element>::Batch)>
where
    S: Slices,
    T: Slices,
    Window<S>: Element,
{
    local_shuffle(timeseries_windows_with_targets(data, targets, options), options).batch(options.batch_size)
}

fn local_shuffle<T: Send + 'static>(windows: Dataset<T>, options: &TimeSeries) -> Dataset<T> {
    match options.shuffle {
        Some(seed) => windows.shuffle(options.batch_size.saturating_mul(8).max(1), u64::from(seed)),
        None => windows,
    }
}

/// The slices of data at given places.
struct Chosen<T> {
    data: T,
    starts: Vec<u64>,
}

impl<T: Slices> Slices for Chosen<T> {
    type Item = T::Item;
    fn len(&self) -> Result<usize> {
        Ok(self.starts.len())
    }
    fn get(&self, index: usize) -> Result<T::Item> {
        self.data.get(self.starts[index] as usize)
    }
    fn gather(&self, indices: &[u64]) -> Result<<T::Item as Element>::Batch> {
        let mapped: Vec<u64> = indices.iter().map(|i| self.starts[*i as usize]).collect();
        self.data.gather(&mapped)
    }
}

struct Windows<S, W> {
    data: S,
    starts: Vec<u64>,
    options: TimeSeries,
    item: PhantomData<fn() -> W>,
}

impl<S: Slices> RandomAccess<Window<S>> for Windows<S, Window<S>> {
    fn len(&self) -> u64 {
        self.starts.len() as u64
    }

    fn get(&self, index: u64) -> Result<Window<S>> {
        let start = self.starts[index as usize];
        let steps: Vec<u64> = (0..self.options.sequence_length as u64)
            .map(|k| start + k * self.options.sampling_rate as u64)
            .collect();
        self.data.gather(&steps)
    }
}

struct WindowsStage<W>(Arc<dyn RandomAccess<W>>);

impl<W: Send + 'static> Stage<W> for WindowsStage<W> {
    fn site(&self) -> Site {
        Site { name: "timeseries", number: 0 }
    }

    fn open(&self, _pass: Pass) -> Result<Box<dyn Cursor<W>>> {
        Ok(Box::new(IndexCursor::new("timeseries", Arc::clone(&self.0))))
    }

    fn cardinality(&self) -> Cardinality {
        Cardinality::Finite(self.0.len())
    }

    fn random_access(&self, _pass: Pass) -> Option<Arc<dyn RandomAccess<W>>> {
        Some(Arc::clone(&self.0))
    }
}
