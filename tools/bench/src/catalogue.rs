//! Every workload, one file per kind.

mod machine;

use crate::workload::Workload;

/// All workloads, in the order of the report.
pub fn all() -> Vec<Workload> {
    let mut list = Vec::new();
    machine::declare(&mut list);
    list
}
