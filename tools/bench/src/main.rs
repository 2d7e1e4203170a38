//! `gradus-bench [FILTER]`: times Gradus, and its peers beside it.
//!
//! ```text
//! cargo run --release -p gradus-bench -- gemm --threads 1
//! cargo run --release -p gradus-bench -- --peers ~/tf/bin/python --peers ~/torch/bin/python
//! ```
//! Every workload is warmed up, then sampled; the median counts, and the best sample is given beside it. A row says
//! how much of its time other programs took (`contention`); one with more than a few percent is to be run again.
#![forbid(unsafe_code)]

mod catalogue;
mod contention;
mod input;
mod peers;
mod row;
mod sampler;
mod table;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use gradus_kernels::threads::{num_threads, set_num_threads};

use crate::row::Row;
use crate::table::number;

/// Times Gradus on the workloads of its peers.
#[derive(Parser)]
struct Arguments {
    /// Run the workloads whose name contains this text; all without it.
    #[arg(default_value = "")]
    filter: String,
    /// Threads for every library; the number of processors without it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print JSON lines, in the format of the peers' scripts.
    #[arg(long)]
    json: bool,
    /// A Python interpreter with TensorFlow or PyTorch; may be given more than once. Its rows and a table of
    /// ratios against the best peer follow.
    #[arg(long, value_name = "PYTHON")]
    peers: Vec<PathBuf>,
    /// Only name the workloads.
    #[arg(long)]
    list: bool,
    /// Does one thing in a process of its own and reports its peak memory; `cold` or `fit`.
    #[arg(long, hide = true)]
    child: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.threads == Some(0) {
        eprintln!("--threads 0: at least one thread is needed");
        return ExitCode::FAILURE;
    }
    set_num_threads(arguments.threads.unwrap_or(0));
    if let Some(child) = &arguments.child {
        return match catalogue::child(child) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        };
    }
    let mut workloads = catalogue::all();
    workloads.retain(|w| w.name.contains(&arguments.filter));
    if arguments.list {
        workloads.iter().for_each(|w| println!("{}", w.name));
        return ExitCode::SUCCESS;
    }
    if workloads.is_empty() {
        eprintln!("no workload's name contains {:?}; --list names them", arguments.filter);
        return ExitCode::FAILURE;
    }
    let mut rows = Vec::new();
    let mut failed = false;
    for workload in &workloads {
        match workload.run(num_threads()) {
            Ok(row) => {
                report(&row, arguments.json);
                rows.push(row);
            }
            Err(message) => {
                eprintln!("{} {}: {message}", workload.name, workload.variant);
                failed = true;
            }
        }
    }
    for python in &arguments.peers {
        match peers::run(python, &arguments.filter, num_threads()) {
            Ok(found) => {
                found.iter().for_each(|row| report(row, arguments.json));
                rows.extend(found);
            }
            Err(message) => {
                eprintln!("{message}");
                failed = true;
            }
        }
    }
    let compared = rows.iter().any(|r| r.peer != "gradus" && r.peer != "machine");
    if compared && !arguments.json {
        println!("\n{}", table::compare(&rows));
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn report(row: &Row, json: bool) {
    if json {
        match serde_json::to_string(row) {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("{}: {error}", row.workload),
        }
        return;
    }
    let name = format!("{} [{} {}]", row.workload, row.peer, row.variant);
    println!(
        "{name:<58} {:>9} {:<9} best {:>9}  spread {:>3.0} %  contention {:>3.0} %",
        number(row.value),
        row.unit,
        number(row.best_or_median()),
        row.spread * 100.0,
        row.contention * 100.0
    );
}
