//! Where the time of a replay goes: the steps of the plan, timed one by one.

use crate::text::label;
use gradus_tensor::Op;
use std::fmt;
use std::time::Duration;

/// Time spent in the steps that share an operation, attributes and shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// The operation with its attributes, and the spec of its first output.
    pub operation: String,
    /// Steps of one replay.
    pub steps: usize,
    /// Time of those steps in one replay, on average.
    pub time: Duration,
}

/// Times by operation, the longest first. Made by [`Program::profile`](crate::Program::profile).
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Time per operation and shape.
    pub spent: Vec<Spent>,
    /// Time of one replay, on average, with the clock's own.
    pub total: Duration,
}

impl Profile {
    /// Sums times by what the steps do. `times` are sums over `rounds` replays.
    pub(crate) fn of<'a>(
        steps: impl Iterator<Item = (&'a dyn Op, String)>,
        times: &[Duration],
        total: Duration,
        rounds: u32,
    ) -> Profile {
        let mut spent: Vec<Spent> = Vec::new();
        for ((op, spec), &time) in steps.zip(times) {
            let operation = format!("{} {spec}", label(op));
            match spent.iter_mut().find(|s| s.operation == operation) {
                Some(s) => {
                    s.steps += 1;
                    s.time += time;
                }
                None => spent.push(Spent { operation, steps: 1, time }),
            }
        }
        spent.iter_mut().for_each(|s| s.time /= rounds);
        spent.sort_by_key(|s| std::cmp::Reverse(s.time));
        Profile { spent, total: total / rounds }
    }
}

impl fmt::Display for Profile {
    /// One line per operation: share, time, steps, name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.total.as_secs_f64().max(f64::MIN_POSITIVE);
        for s in &self.spent {
            let share = 100.0 * s.time.as_secs_f64() / whole;
            writeln!(
                f,
                "{share:5.1} %  {:9.1} us  {:4}x  {}",
                s.time.as_secs_f64() * 1e6,
                s.steps,
                s.operation
            )?;
        }
        writeln!(f, "total    {:9.1} us", whole * 1e6)
    }
}
