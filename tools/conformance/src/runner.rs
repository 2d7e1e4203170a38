//! Runs cases and judges them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::area::dense::run_op;
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{ConformanceError, Registry};

/// How a case ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// As the reference.
    Passed,
    /// Otherwise; one line per difference.
    Failed(Vec<String>),
    /// Nothing to run it with.
    NotImplemented(String),
}

/// Runs one case. A panic anywhere below is a failure; an `error` case passes when the library refuses.
pub fn judge(registry: &Registry, case: &Case) -> Verdict {
    let result = catch_unwind(AssertUnwindSafe(|| run(registry, case)));
    let result = match result {
        Ok(result) => result,
        Err(panic) => return Verdict::Failed(vec![format!("panicked: {}", message(panic.as_ref()))]),
    };
    match (result, case.error()) {
        (Err(ConformanceError::NotImplemented(what)), _) => Verdict::NotImplemented(what),
        (Err(ConformanceError::Rejected(_)), Some(_)) => Verdict::Passed,
        (Ok(outcome), Some(_)) if outcome.prevented_by().is_some() => Verdict::Passed,
        (Ok(_), Some(error)) => {
            Verdict::Failed(vec![format!("expected a failure ({error}), found a result")])
        }
        (Err(error), _) => Verdict::Failed(vec![error.to_string()]),
        (Ok(_), None) if case.undefined() => Verdict::Passed,
        (Ok(outcome), None) => match outcome.differences(case) {
            Ok(lines) if lines.is_empty() => Verdict::Passed,
            Ok(lines) => Verdict::Failed(lines),
            Err(error) => Verdict::Failed(vec![error.to_string()]),
        },
    }
}

fn run(registry: &Registry, case: &Case) -> Result<Outcome, ConformanceError> {
    if let Some(run) = registry.find_run(case.area(), case.op()) {
        return run(case);
    }
    if let Some(run) = registry.find_kind(case)? {
        return run(case);
    }
    match registry.find_op(case.op()) {
        Some(op) => run_op(op, case),
        None => Err(ConformanceError::NotImplemented(case.op().to_string())),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| s.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_string())
}

/// Passed, failed and not implemented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases as the reference.
    pub passed: usize,
    /// Cases otherwise.
    pub failed: usize,
    /// Cases without a binding.
    pub not_implemented: usize,
}

impl Tally {
    /// Counts one verdict.
    pub fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::NotImplemented(_) => self.not_implemented += 1,
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.not_implemented += other.not_implemented;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} not implemented", self.passed, self.failed, self.not_implemented)
    }
}
