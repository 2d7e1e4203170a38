//! Whole processes: start to first prediction, peak memory, size on disk.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::memory;
use super::models::{first_prediction, train_one_epoch};
use super::pipeline;
use crate::workload::{Measurement, Workload};

const MIB: f64 = 1024.0 * 1024.0;

pub fn declare(list: &mut Vec<Workload>) {
    list.push(Workload::measured("cold_start_first_predict", "process", |threads| {
        let samples =
            (0..5).map(|_| Ok(run("cold", threads)?.milliseconds)).collect::<Result<_, String>>()?;
        Ok(Measurement { metric: "latency", unit: "ms", samples })
    }));
    for (name, what) in [
        ("cold_start_peak_rss", "cold"),
        ("mlp_fit_peak_rss", "fit"),
        ("deep_net_peak_rss", "deep"),
        ("deep_net_recompute_peak_rss", "deep-recompute"),
        ("pipeline_slices_peak_rss", "slices"),
        ("image_folder_peak_rss", "folder"),
    ] {
        list.push(Workload::measured(name, "process", move |threads| {
            let samples = vec![run(what, threads)?.peak_mib];
            Ok(Measurement { metric: "memory", unit: "MiB", samples })
        }));
    }
    list.push(Workload::measured("binary_size", "fashion_mnist", |_| {
        let program = env::current_exe().map_err(|e| e.to_string())?.with_file_name("fashion_mnist");
        let size =
            fs::metadata(&program).map_err(|e| format!("{}: {e}; build it first", program.display()))?.len();
        Ok(Measurement { metric: "size", unit: "MiB", samples: vec![size as f64 / MIB] })
    }));
}

/// What a process took.
struct Usage {
    milliseconds: f64,
    peak_mib: f64,
}

/// Runs this program as `--child what`.
fn run(what: &str, threads: usize) -> Result<Usage, String> {
    let program = env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(program);
    command.args(["--child", what, "--threads", &threads.to_string()]).stderr(Stdio::inherit());
    let start = Instant::now();
    let output = command.output().map_err(|e| e.to_string())?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    if !output.status.success() {
        return Err(format!("--child {what}: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let peak_mib = text.trim().parse().map_err(|_| format!("--child {what} printed {text:?}"))?;
    Ok(Usage { milliseconds, peak_mib })
}

/// The child's side: does one thing, prints its peak memory in MiB.
pub fn child(what: &str) -> Result<(), String> {
    match what {
        "cold" => drop(first_prediction().map_err(|e| e.to_string())?),
        "fit" => train_one_epoch()?,
        "deep" => memory::step(false)?,
        "deep-recompute" => memory::step(true)?,
        "slices" => pipeline::read_slices()?,
        "folder" => pipeline::read_folder()?,
        other => return Err(format!("--child {other}: cold, fit, deep, deep-recompute, slices or folder")),
    }
    println!("{:.1}", peak_mib().unwrap_or(f64::NAN));
    Ok(())
}

/// The most memory that this process has held, where the system tells.
fn peak_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}
