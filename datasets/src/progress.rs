//! Watching a download: the trait, and a bar for terminals.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Something that is told how far a download is. Calls come from the thread that downloads.
pub trait Progress: Send + Sync + fmt::Debug {
    /// `done` bytes of the file lie on the disk, of `total` where the size is known. Called for every piece that
    /// arrives, and with `done == total` when the file is complete and verified.
    fn report(&self, file: &str, done: u64, total: Option<u64>);

    /// Something worth a line: a retry, another mirror, a wait for another process.
    fn note(&self, file: &str, message: &str) {
        let _ = (file, message);
    }
}

/// Draws a bar on standard error, ten times a second; where that is no terminal, one line per file.
///
/// ```text
/// train-images-idx3-ubyte.gz [==========>         ]  52%  13.7/26.4 MB  8.1 MB/s
/// ```
#[derive(Debug, Default)]
pub struct TerminalBar {
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    file: String,
    started: Instant,
    drawn: Option<Instant>,
    /// What lay on the disk before; it does not count for the speed.
    before: u64,
    done: u64,
}

const WIDTH: usize = 24;

impl TerminalBar {
    /// A bar that has not been drawn yet.
    pub fn new() -> TerminalBar {
        TerminalBar::default()
    }
}

impl Progress for TerminalBar {
    fn report(&self, file: &str, done: u64, total: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.as_ref().is_none_or(|state| state.file != file || done < state.done) {
            *state =
                Some(State { file: file.into(), started: Instant::now(), drawn: None, before: done, done });
        }
        let Some(current) = state.as_mut() else { return };
        current.done = done;
        let finished = total == Some(done);
        let due = current.drawn.is_none_or(|at| at.elapsed() >= Duration::from_millis(100));
        let terminal = std::io::stderr().is_terminal();
        if finished || (terminal && due) {
            current.drawn = Some(Instant::now());
            let line = line(file, done, total, done - current.before, current.started.elapsed());
            // Nothing depends on the bar: a closed standard error must not end a download.
            let mut out = std::io::stderr().lock();
            let _ = match (terminal, finished) {
                (true, false) => write!(out, "\r\x1b[K{line}"),
                (true, true) => writeln!(out, "\r\x1b[K{line}"),
                (false, _) => writeln!(out, "{line}"),
            };
            let _ = out.flush();
        }
        if finished {
            *state = None;
        }
    }

    fn note(&self, file: &str, message: &str) {
        let clear = if std::io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
        let _ = writeln!(std::io::stderr().lock(), "{clear}{file}: {message}");
    }
}

fn line(file: &str, done: u64, total: Option<u64>, fresh: u64, time: Duration) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let speed = megabytes(fresh) / time.as_secs_f64().max(1e-3);
    match total {
        Some(total) => {
            let share = if total == 0 { 1.0 } else { (done as f64 / total as f64).min(1.0) };
            let filled = (share * WIDTH as f64) as usize;
            let arrow = if filled < WIDTH { ">" } else { "" };
            let bar = format!("{}{arrow}", "=".repeat(filled));
            let (done, total) = (megabytes(done), megabytes(total));
            format!("{file} [{bar:<WIDTH$}] {:3.0}%  {done:.1}/{total:.1} MB  {speed:.1} MB/s", share * 100.0)
        }
        None => format!("{file}  {:.1} MB  {speed:.1} MB/s", megabytes(done)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let second = Duration::from_secs(1);
        let cases = [
            (0, Some(2_000_000), 0, "f [>                       ]   0%  0.0/2.0 MB  0.0 MB/s"),
            (1_000_000, Some(2_000_000), 500_000, "f [============>           ]  50%  1.0/2.0 MB  0.5 MB/s"),
            (2_000_000, Some(2_000_000), 0, "f [========================] 100%  2.0/2.0 MB  0.0 MB/s"),
            (9, Some(0), 0, "f [========================] 100%  0.0/0.0 MB  0.0 MB/s"),
            (1_500_000, None, 1_500_000, "f  1.5 MB  1.5 MB/s"),
        ];
        for (done, total, fresh, expected) in cases {
            assert_eq!(line("f", done, total, fresh, second), expected, "{done} of {total:?}");
        }
    }
}
