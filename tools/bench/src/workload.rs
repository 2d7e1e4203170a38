//! What can be timed.

use crate::row::Row;
use crate::sampler::{Effort, Timing, measure, summarize};

/// What one call works through; decides the unit.
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    /// Floating-point operations: GFLOP/s.
    Flops(f64),
    /// Bytes read and written: GB/s.
    Bytes(f64),
    /// Images or sequences: images/s.
    Images(f64),
    /// Steps of a loop: microseconds per step.
    Iterations(f64),
    /// One call: microseconds.
    Call,
}

/// Timed work, prepared.
pub type Work = Box<dyn FnMut()>;

/// A named piece of work. Names are those of the peers' scripts.
pub struct Workload {
    /// The same name for every library.
    pub name: String,
    /// `gradus`, or `machine` for limits of the hardware.
    pub peer: &'static str,
    /// The mode, as `eager` or `function`.
    pub variant: &'static str,
    /// What one call works through.
    pub amount: Amount,
    /// How long to measure.
    pub effort: Effort,
    source: Source,
}

/// Where a row comes from.
enum Source {
    /// Work that is prepared and timed here.
    Timed(Box<dyn Fn() -> Result<Work, String>>),
    /// Processes of their own, or files; takes the number of threads.
    Measured(Box<dyn Fn(usize) -> Result<Measurement, String>>),
}

/// One figure that no timer of this process gives.
pub struct Measurement {
    /// What is measured: latency, memory, size.
    pub metric: &'static str,
    /// The unit of the samples.
    pub unit: &'static str,
    /// At least one.
    pub samples: Vec<f64>,
}

impl Workload {
    /// Work of `gradus`; `prepare` makes inputs and returns what is timed.
    pub fn new(
        name: impl Into<String>,
        variant: &'static str,
        amount: Amount,
        prepare: impl Fn() -> Result<Work, String> + 'static,
    ) -> Workload {
        let source = Source::Timed(Box::new(prepare));
        Workload { name: name.into(), peer: "gradus", variant, amount, effort: Effort::SHORT, source }
    }

    /// A figure measured by `measure`, which takes the number of threads.
    pub fn measured(
        name: &str,
        variant: &'static str,
        measure: impl Fn(usize) -> Result<Measurement, String> + 'static,
    ) -> Workload {
        let source = Source::Measured(Box::new(measure));
        Workload {
            name: name.into(),
            peer: "gradus",
            variant,
            amount: Amount::Call,
            effort: Effort::LONG,
            source,
        }
    }

    /// A limit of the hardware.
    pub fn of_machine(mut self) -> Workload {
        self.peer = "machine";
        self
    }

    /// Measured with that effort.
    pub fn effort(mut self, effort: Effort) -> Workload {
        self.effort = effort;
        self
    }

    /// Prepares and times.
    pub fn run(&self, threads: usize) -> Result<Row, String> {
        match &self.source {
            Source::Timed(prepare) => Ok(self.time(prepare()?, threads)),
            Source::Measured(measure) => {
                let found = measure(threads)?;
                let t = summarize(found.samples, 0.0);
                Ok(self.row(threads, &t, (found.metric, found.unit), |value| value))
            }
        }
    }

    fn time(&self, mut work: Work, threads: usize) -> Row {
        let t = measure(self.effort, &mut work);
        let (metric, unit, at): (_, _, Box<dyn Fn(f64) -> f64>) = match self.amount {
            Amount::Flops(n) => ("rate", "GFLOP/s", Box::new(move |s| n / s / 1e9)),
            Amount::Bytes(n) => ("bandwidth", "GB/s", Box::new(move |s| n / s / 1e9)),
            Amount::Images(n) => ("throughput", "images/s", Box::new(move |s| n / s)),
            Amount::Iterations(n) => ("latency", "us/iter", Box::new(move |s| s / n * 1e6)),
            Amount::Call => ("latency", "us", Box::new(|s| s * 1e6)),
        };
        self.row(threads, &t, (metric, unit), at)
    }

    fn row(&self, threads: usize, t: &Timing, (metric, unit): (&str, &str), at: impl Fn(f64) -> f64) -> Row {
        Row {
            peer: self.peer.to_string(),
            variant: self.variant.to_string(),
            threads,
            workload: self.name.clone(),
            metric: metric.to_string(),
            value: at(t.median),
            unit: unit.to_string(),
            reps: t.samples,
            spread: t.spread,
            contention: t.contention,
            best: Some(at(t.best)),
        }
    }
}
