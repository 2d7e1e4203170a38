//! Warm-up, repetition, medians.

use std::time::{Duration, Instant};

use crate::contention::waited_ns;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Calls before the first sample, for at least this long and twice.
    pub warm_up: Duration,
    /// Samples are taken for at least this long.
    pub time: Duration,
    /// And at least this many.
    pub samples: usize,
    /// But not much longer than this, once there are three.
    pub limit: Duration,
}

impl Effort {
    /// For anything that takes less than 100 ms.
    pub const SHORT: Effort = Effort {
        warm_up: Duration::from_millis(150),
        time: Duration::from_millis(300),
        samples: 7,
        limit: Duration::from_secs(2),
    };
    /// For epochs and processes.
    pub const LONG: Effort =
        Effort { warm_up: Duration::ZERO, time: Duration::ZERO, samples: 3, limit: Duration::from_secs(20) };
}

/// Seconds per call.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Median over the samples.
    pub median: f64,
    /// Fastest sample.
    pub best: f64,
    /// Number of samples.
    pub samples: usize,
    /// Interquartile range over median.
    pub spread: f64,
    /// Share of the time spent waiting for a processor.
    pub contention: f64,
}

/// Times `work`. Short calls are grouped so that one sample takes at least 1.5 ms.
pub fn measure(effort: Effort, mut work: impl FnMut()) -> Timing {
    let start = Instant::now();
    let mut last = Duration::ZERO;
    let mut calls = 0;
    while calls < 2 || start.elapsed() < effort.warm_up {
        let call = Instant::now();
        work();
        last = call.elapsed();
        calls += 1;
    }
    let group = (1.5e-3 / last.as_secs_f64().max(1e-9)).max(1.0) as usize;
    let mut samples = Vec::new();
    let waited = waited_ns();
    let start = Instant::now();
    loop {
        let sample = Instant::now();
        for _ in 0..group {
            work();
        }
        samples.push(sample.elapsed().as_secs_f64() / group as f64);
        let spent = start.elapsed();
        if (samples.len() >= effort.samples && spent >= effort.time)
            || (spent > effort.limit && samples.len() >= 3)
        {
            break;
        }
    }
    // A thread that has ended takes its waits with it.
    let contention = waited_ns().saturating_sub(waited) as f64 / 1e9 / start.elapsed().as_secs_f64();
    summarize(samples, contention)
}

/// Median, best and spread of at least one sample.
pub fn summarize(mut samples: Vec<f64>, contention: f64) -> Timing {
    samples.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| samples[((samples.len() - 1) as f64 * share).round() as usize];
    let median = at(0.5);
    Timing {
        median,
        best: samples[0],
        samples: samples.len(),
        spread: (at(0.75) - at(0.25)) / median,
        contention,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_statistics() {
        let t = summarize(vec![4.0, 1.0, 3.0, 2.0, 5.0], 0.0);
        assert_eq!((t.median, t.best, t.samples), (3.0, 1.0, 5));
        assert!((t.spread - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_wait_is_measured() {
        let t = measure(Effort::LONG, || std::thread::sleep(Duration::from_millis(2)));
        assert!(t.best >= 2e-3 && t.samples >= 3, "{t:?}");
    }
}
