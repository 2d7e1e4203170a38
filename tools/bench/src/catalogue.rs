//! Every workload, one file per kind.

mod by_hand;
mod convolution;
mod elementwise;
mod function;
mod gemm;
mod lstm;
mod machine;
mod memory;
mod mobilenet;
mod models;
mod pipeline;
mod plain_loops;
mod process;
mod rows;
mod tape;
mod tensor_ops;

pub use self::process::child;

use std::fmt::Display;
use std::hint::black_box;

use crate::workload::{Work, Workload};

/// All workloads, in the order of the report.
pub fn all() -> Vec<Workload> {
    let mut list = Vec::new();
    machine::declare(&mut list);
    gemm::declare(&mut list);
    elementwise::declare(&mut list);
    function::declare(&mut list);
    by_hand::declare(&mut list);
    convolution::declare(&mut list);
    rows::declare(&mut list);
    tensor_ops::declare(&mut list);
    plain_loops::declare(&mut list);
    tape::declare(&mut list);
    models::declare(&mut list);
    lstm::declare(&mut list);
    mobilenet::declare(&mut list);
    pipeline::declare(&mut list);
    process::declare(&mut list);
    list
}

/// Work out of a fallible call: it runs once here, so that what cannot run says so before the clock starts.
fn repeat<T, E: Display>(mut call: impl FnMut() -> Result<T, E> + 'static) -> Result<Work, String> {
    call().map_err(|e| e.to_string())?;
    Ok(Box::new(move || {
        // It succeeded on the same inputs; a failure now would show as an absurd rate.
        let _ = black_box(call());
    }))
}
