//! Runs the peers' scripts in the same run, so that all libraries see the same machine.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::row::Row;

const SCRIPTS: [&str; 3] = ["tensorflow_peer.py", "tensorflow_ops_peer.py", "torch_peer.py"];

/// Exit status of a script whose library is not installed for that interpreter.
const NOT_INSTALLED: i32 = 3;

/// The rows of every script that works with that interpreter; what went wrong goes to standard error.
pub fn run(python: &Path, filter: &str, threads: usize) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for script in SCRIPTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
        let mut command = Command::new(python);
        command.arg("-B").arg(&path).arg(filter).arg("--threads").arg(threads.to_string());
        // The wheels print their own warnings; a script's exit status tells what matters.
        let output =
            command.stderr(Stdio::null()).output().map_err(|e| format!("{}: {e}", python.display()))?;
        match output.status.code() {
            Some(0) => {}
            Some(NOT_INSTALLED) => continue,
            _ => eprintln!("{} {script}: {}; its rows up to there count", python.display(), output.status),
        }
        rows.extend(parse(&String::from_utf8_lossy(&output.stdout)));
    }
    Ok(rows)
}

/// The JSON lines among what a script printed.
fn parse(text: &str) -> Vec<Row> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_script() {
        let rows = parse(
            "Found 3 files\n{\"peer\": \"torch\", \"variant\": \"eager\", \"threads\": 2, \"workload\": \"gemm/8x8x8\", \
             \"metric\": \"rate\", \"value\": 5.39, \"unit\": \"GFLOP/s\", \"reps\": 135, \"spread\": 0.12, \
             \"contention\": 0.0, \"best\": 8.37, \"us\": 15.2}\n",
        );
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].workload.as_str(), rows[0].best), ("gemm/8x8x8", Some(8.37)));
    }
}
