//! Matrix products in GF/s, median and best.
//!
//! `cargo bench -p gradus-kernels --bench gemm -- [threads] [filter]`

use gradus_kernels::gemm::{Epilogue, Gemm, PackedB, gemm, gemm_packed};
use gradus_kernels::threads::{num_threads, set_num_threads};
use std::time::Instant;

/// Seconds: for long calls on one thread processor time where the system tells, which a busy machine does not
/// stretch (but counts in steps of milliseconds), else elapsed time.
fn now(start: Instant, long: bool) -> f64 {
    if long
        && num_threads() == 1
        && let Ok(stat) = std::fs::read_to_string("/proc/thread-self/schedstat")
        && let Some(ns) = stat.split(' ').next().and_then(|v| v.parse::<f64>().ok())
    {
        return ns / 1e9;
    }
    start.elapsed().as_secs_f64()
}

/// Median and best seconds per call, over about 0.2 s.
fn time(mut f: impl FnMut()) -> (f64, f64) {
    let start = Instant::now();
    f();
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let inner = ((2e-5 / once) as usize).clamp(1, 10_000);
    let rounds = ((0.2 / (once * inner as f64)) as usize).clamp(5, 2000);
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let before = now(start, once > 0.02);
            (0..inner).for_each(|_| f());
            (now(start, once > 0.02) - before) / inner as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[rounds / 2], times[0])
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let Some(n) = args.first().and_then(|a| a.parse().ok()) {
        set_num_threads(n);
    }
    let filter = args.get(1).cloned().unwrap_or_default();
    let threads = num_threads();
    println!("{threads} threads; GF/s median (best)");
    println!("{:24} {:>16} {:>16} {:>10}", "m x k x n", "plain B", "packed B", "us");
    let nn = |m: usize, k: usize, n: usize| Gemm::new(m, n, k);
    let mut cases = vec![];
    for s in [8, 16, 32, 64, 128, 256, 512, 1024, 2048] {
        cases.push(nn(s, s, s));
    }
    for g in [
        nn(1024, 1024, 1024),
        nn(32, 784, 128),
        nn(128, 784, 128),
        nn(32, 2048, 100),
        nn(25088, 576, 64),
        nn(256, 64, 512),
    ] {
        cases.extend([g, g.trans_a(), g.trans_b()]);
    }
    cases.extend([nn(784, 32, 128).trans_a(), nn(32, 128, 10), nn(6272, 9, 128), nn(9, 6272, 128).trans_a()]);
    cases.extend([
        nn(32, 1, 1024),
        nn(1, 1024, 1024),
        nn(1, 1024, 1024).trans_b(),
        nn(1024, 1024, 1),
        nn(64, 25088, 64).trans_a(),
    ]);
    for g in cases {
        let order = [["nn", "nt"], ["tn", "tt"]][usize::from(g.trans_a)][usize::from(g.trans_b)];
        let name = format!("{}x{}x{} {order}", g.m, g.k, g.n);
        if !name.contains(&filter) {
            continue;
        }
        let fill =
            |len: usize| -> Vec<f32> { (0..len).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect() };
        let (a, b) = (fill(g.m * g.k), fill(g.k * g.n));
        let mut c = vec![0.0f32; g.m * g.n];
        let flops = 2.0 * (g.m * g.n * g.k) as f64 / 1e9;
        let ours = time(|| gemm(&g, &a, &b, &mut c, &Epilogue::NONE));
        let packed = PackedB::new(g.k, g.n, &b, g.ldb, g.trans_b);
        let prepacked = time(|| gemm_packed(&g, &a, &packed, &mut c, &Epilogue::NONE));
        let show = |(median, best): (f64, f64)| format!("{:.0} ({:.0})", flops / median, flops / best);
        println!("{name:24} {:>16} {:>16} {:>10.2}", show(ours), show(prepacked), ours.0 * 1e6);
    }
}
