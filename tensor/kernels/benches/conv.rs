//! Convolutions in milliseconds and GF/s (counted as direct multiply-adds), median and best.
//!
//! `cargo bench -p gradus-kernels --bench conv -- [threads] [filter]`

use gradus_kernels::conv::{
    Conv2dOptions, Conv2dShape, PackedFilter, conv2d_filter_gradient, conv2d_input_gradient_packed,
    conv2d_packed,
};
use gradus_kernels::gemm::{Activation, Epilogue};
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

/// Median and best seconds per call.
fn time(mut f: impl FnMut()) -> (f64, f64) {
    let start = Instant::now();
    f();
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let rounds = ((0.5 / once) as usize).clamp(7, 2000);
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let before = now(start, once > 0.02);
            f();
            now(start, once > 0.02) - before
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
    println!("{} threads, batch 32 unless noted; ms median (best) GF/s of the best", num_threads());
    // Stride 0 stands for stride 1 without Winograd.
    for (n, size, c, o, k, stride) in [
        (32, 28, 1, 128, 3, 2),
        (32, 28, 1, 64, 3, 1),
        (32, 56, 64, 64, 3, 1),
        (32, 56, 64, 64, 3, 0),
        (32, 28, 128, 128, 3, 1),
        (32, 28, 128, 128, 3, 0),
        (32, 14, 256, 256, 3, 1),
        (32, 14, 256, 256, 3, 0),
        (32, 14, 128, 128, 3, 2),
        (32, 14, 32, 100, 3, 1),
        (32, 28, 96, 24, 1, 1),
        (32, 28, 96, 24, 1, 2),
        (32, 24, 3, 32, 5, 1),
        (1, 56, 64, 64, 3, 1),
    ] {
        let direct = stride == 0;
        let stride = stride.max(1);
        let mark = if direct { " direct" } else { "" };
        let name = format!("{n}x{size}x{size}x{c}->{o} {k}x{k} s{stride}{mark}");
        if !name.contains(&filter) {
            continue;
        }
        let options = Conv2dOptions::same([size, size], [k, k], [stride, stride], [1, 1]);
        let shape = Conv2dShape::new([n, size, size, c], [k, k, c, o], options).expect("the cases are valid");
        let shape = if direct { shape.direct() } else { shape };
        let fill =
            |len: usize| -> Vec<f32> { (0..len).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect() };
        let (x, w, dy, bias) =
            (fill(shape.input_len()), fill(shape.filter_len()), fill(shape.output_len()), fill(o));
        let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
        let gflop = 2.0 * (shape.output_len() * k * k * c) as f64 / 1e9;
        let show = |what: &str, (median, best): (f64, f64)| {
            print!("  {what} {:.3} ({:.3}) {:.0}", median * 1e3, best * 1e3, gflop / best);
        };
        print!("{name:28}");
        let packed = PackedFilter::forward(&shape, &w);
        let e = Epilogue { bias: Some(&bias), activation: Activation::Relu, accumulate: false };
        show("y", time(|| conv2d_packed(&shape, &x, &packed, &mut y, &e)));
        let packed = PackedFilter::input_gradient(&shape, &w);
        show("dx", time(|| conv2d_input_gradient_packed(&shape, &dy, &packed, &mut dx)));
        show("dw", time(|| conv2d_filter_gradient(&shape, &x, &dy, &mut dw)));
        show("pack", time(|| drop(PackedFilter::input_gradient(&shape, &w))));
        println!();
    }
}
