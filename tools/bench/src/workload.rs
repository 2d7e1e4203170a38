//! What can be timed.

use crate::row::Row;
use crate::sampler::{Effort, measure};

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
    prepare: Box<dyn Fn() -> Result<Work, String>>,
}

impl Workload {
    /// Work of `gradus`; `prepare` makes inputs and returns what is timed.
    pub fn new(
        name: impl Into<String>,
        variant: &'static str,
        amount: Amount,
        prepare: impl Fn() -> Result<Work, String> + 'static,
    ) -> Workload {
        let prepare = Box::new(prepare);
        Workload { name: name.into(), peer: "gradus", variant, amount, effort: Effort::SHORT, prepare }
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
        let mut work = (self.prepare)()?;
        let t = measure(self.effort, &mut work);
        let (metric, unit, at): (_, _, Box<dyn Fn(f64) -> f64>) = match self.amount {
            Amount::Flops(n) => ("rate", "GFLOP/s", Box::new(move |s| n / s / 1e9)),
            Amount::Bytes(n) => ("bandwidth", "GB/s", Box::new(move |s| n / s / 1e9)),
            Amount::Images(n) => ("throughput", "images/s", Box::new(move |s| n / s)),
            Amount::Iterations(n) => ("latency", "us/iter", Box::new(move |s| s / n * 1e6)),
            Amount::Call => ("latency", "us", Box::new(|s| s * 1e6)),
        };
        Ok(Row {
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
        })
    }
}
