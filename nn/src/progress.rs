//! The progress display of training: Keras's bar on a terminal, a line per epoch elsewhere.

use crate::history::Logs;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How much training prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Verbose {
    /// Nothing.
    Silent,
    /// A bar that moves; where the output is no terminal, as [`Verbose::Line`].
    #[default]
    Bar,
    /// One line per epoch.
    Line,
}

impl From<u8> for Verbose {
    /// Keras's numbers: 0, 1, 2.
    fn from(n: u8) -> Verbose {
        match n {
            0 => Verbose::Silent,
            1 => Verbose::Bar,
            _ => Verbose::Line,
        }
    }
}

/// Characters of the bar, and the shortest time between two drawings of it.
const WIDTH: usize = 20;
const REFRESH: Duration = Duration::from_millis(50);

/// `0.1234`, or `1.2345e-05` for small values, as Keras writes metrics.
pub fn metric(v: f64) -> String {
    if v.abs() > 1e-3 || v == 0.0 || !v.is_finite() {
        return if v == 0.0 { "0.0000e+00".into() } else { format!("{v:.4}") };
    }
    let text = format!("{v:.4e}");
    match text.split_once('e') {
        Some((m, e)) => {
            let (sign, digits) = e.strip_prefix('-').map_or(('+', e), |d| ('-', d));
            format!("{m}e{sign}{digits:0>2}")
        }
        None => text,
    }
}

/// `8s`, `4:08`, `1:02:03`.
fn clock(seconds: u64) -> String {
    match seconds {
        s if s > 3600 => format!("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60),
        s if s > 60 => format!("{}:{:02}", s / 60, s % 60),
        s => format!("{s}s"),
    }
}

/// Time per step with Keras's units.
fn per_step(seconds: f64, unit: &str) -> String {
    if seconds >= 1.0 || seconds == 0.0 {
        format!("{seconds:.0}s/{unit}")
    } else if seconds >= 1e-3 {
        format!("{:.0}ms/{unit}", seconds * 1e3)
    } else {
        format!("{:.0}us/{unit}", seconds * 1e6)
    }
}

fn values(logs: &Logs) -> String {
    logs.iter().map(|(name, v)| format!(" - {name}: {}", metric(*v))).collect()
}

/// The display of one pass over the data.
pub struct Progress {
    verbose: Verbose,
    target: Option<usize>,
    started: Instant,
    drawn: Option<Instant>,
    steps: usize,
    colour: bool,
}

impl Progress {
    /// Starts the clock. `target` is the number of steps, where it is known.
    pub fn new(verbose: Verbose, target: Option<usize>) -> Progress {
        let terminal = std::io::stdout().is_terminal();
        let verbose = if verbose == Verbose::Bar && !terminal { Verbose::Line } else { verbose };
        Progress { verbose, target, started: Instant::now(), drawn: None, steps: 0, colour: terminal }
    }

    /// Prints Keras's `Epoch 1/5`.
    pub fn epoch(&self, epoch: usize, epochs: usize) {
        if self.verbose != Verbose::Silent {
            println!("Epoch {}/{epochs}", epoch + 1);
        }
    }

    /// Draws the bar when the last drawing is old enough.
    pub fn step(&mut self, step: usize, logs: impl FnOnce() -> Logs) {
        self.steps = step;
        if self.verbose != Verbose::Bar || self.drawn.is_some_and(|d| d.elapsed() < REFRESH) {
            return;
        }
        self.drawn = Some(Instant::now());
        let per = self.started.elapsed().as_secs_f64() / step.max(1) as f64;
        let left = self.target.map_or(0.0, |t| per * t.saturating_sub(step) as f64);
        let line =
            format!("{} {} {}{}", self.bar(step), clock(left as u64), per_step(per, "step"), values(&logs()));
        print!("\r\x1b[2K{line}");
        let _ = std::io::stdout().flush();
    }

    /// Prints the last line of the pass.
    pub fn finish(&mut self, logs: &Logs) {
        let seconds = self.started.elapsed().as_secs_f64();
        let per = seconds / self.steps.max(1) as f64;
        let (time, per) = (clock(seconds.round() as u64), per_step(per, "step"));
        match self.verbose {
            Verbose::Silent => {}
            Verbose::Bar => println!("\r\x1b[2K{} {time} {per}{}", self.bar(self.steps), values(logs)),
            Verbose::Line => {
                let target = self.target.unwrap_or(self.steps);
                println!("{}/{target} - {time} - {per}{}", self.steps, values(logs));
            }
        }
    }

    fn bar(&self, step: usize) -> String {
        let target = self.target.unwrap_or(step).max(1);
        let digits = target.to_string().len();
        let done = (WIDTH * step.min(target)) / target;
        let (done, rest) = ("━".repeat(done), "━".repeat(WIDTH - done));
        if self.colour {
            format!("\x1b[1m{step:>digits$}/{target}\x1b[0m \x1b[32m{done}\x1b[0m\x1b[37m{rest}\x1b[0m")
        } else {
            format!("{step:>digits$}/{target} {done}{rest}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (v, want) in [(0.12345, "0.1235"), (1e-5, "1.0000e-05"), (2.296, "2.2960"), (f64::NAN, "NaN")] {
            assert_eq!(metric(v), want, "{v}");
        }
        for (s, want) in [(8, "8s"), (248, "4:08"), (3723, "1:02:03")] {
            assert_eq!(clock(s), want, "{s}");
        }
        assert_eq!([per_step(0.101, "step"), per_step(2e-5, "step")], ["101ms/step", "20us/step"]);
    }
}
