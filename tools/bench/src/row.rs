//! One result, in the format that the peers' scripts print too.

use serde::{Deserialize, Serialize};

/// One workload in one mode of one library.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// `gradus`, `tensorflow`, `torch`, or `machine` for limits of the hardware.
    pub peer: String,
    /// The mode: `eager`, `function`, `xla`, `fit`, ...
    pub variant: String,
    /// Threads that the library may use.
    pub threads: usize,
    /// The same name for every library.
    pub workload: String,
    /// What is measured: rate, throughput, bandwidth, latency, memory, size.
    pub metric: String,
    /// The median.
    pub value: f64,
    /// The unit of `value` and `best`.
    pub unit: String,
    /// Samples behind the median.
    pub reps: usize,
    /// Interquartile range over median.
    pub spread: f64,
    /// Share of the time that threads were runnable without a processor: other programs were in the way.
    pub contention: f64,
    /// The best sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<f64>,
}

impl Row {
    /// Whether smaller values are better.
    pub fn lower_is_better(&self) -> bool {
        matches!(self.metric.as_str(), "latency" | "memory" | "size")
    }

    /// The best sample where it is known, else the median.
    pub fn best_or_median(&self) -> f64 {
        self.best.unwrap_or(self.value)
    }

    /// How many times better `self` is than `other`, by medians or by best samples.
    pub fn ratio(&self, other: &Row, by: fn(&Row) -> f64) -> f64 {
        if self.lower_is_better() { by(other) / by(self) } else { by(self) / by(other) }
    }
}
