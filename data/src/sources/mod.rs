//! Where elements come from, one kind of source in each file.

mod csv;
mod file_reader;
mod files;
mod fixed_length;
mod iterator;
mod memory;
mod range;
mod text_folder;
mod text_lines;
mod tfrecord;
mod time_series;

pub use csv::{Csv, Fields, FromField, FromRow};
pub use file_reader::Files;
pub use fixed_length::FixedLength;
pub use memory::Slices;
pub use tfrecord::TruncatedTail;
pub use time_series::{
    TimeSeries, timeseries_dataset_from_array, timeseries_dataset_with_targets, timeseries_windows,
    timeseries_windows_with_targets,
};
