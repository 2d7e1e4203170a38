//! Depthwise convolutions in milliseconds, median and best, forward and both gradients.
//!
//! `cargo bench -p gradus-kernels --bench depthwise -- [threads]`

use gradus_kernels::depthwise::{Depthwise, depthwise, depthwise_filter_gradient, depthwise_input_gradient};
use gradus_kernels::pool::{Window, WindowOptions};
use gradus_kernels::threads::{num_threads, set_num_threads};
use std::time::Instant;

/// Median and best seconds per call.
fn time(mut f: impl FnMut()) -> (f64, f64) {
    f();
    let mut times: Vec<f64> = (0..41)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[20], times[0])
}

fn main() {
    if let Some(n) = std::env::args().filter_map(|a| a.parse().ok()).next() {
        set_num_threads(n);
    }
    println!("{} threads; ms median (best)", num_threads());
    for (batch, size, c, k, stride) in [
        (32, 56, 96, 3, 1),
        (32, 56, 96, 3, 2),
        (32, 14, 576, 3, 1),
        (4, 56, 96, 3, 1),
        (8, 28, 120, 5, 1),
        (4, 28, 37, 3, 1),
    ] {
        let options = WindowOptions::same(&[size, size], &[k, k], &[stride, stride], &[1, 1]);
        let Ok(window) = Window::new(&[size, size], &[k, k], &options) else { continue };
        let out = window.output().iter().product::<usize>();
        let d = Depthwise { window, channels: c, multiplier: 1 };
        let fill = |len: usize| -> gradus_kernels::Buffer {
            let mut b = gradus_kernels::Buffer::new(gradus_kernels::DType::F32, len);
            b.as_mut_slice::<f32>()
                .iter_mut()
                .enumerate()
                .for_each(|(i, v)| *v = ((i * 37) % 101) as f32 / 50.0 - 1.0);
            b
        };
        let (x, f, dy) = (fill(batch * size * size * c), fill(k * k * c), fill(batch * out * c));
        let (x, f, dy) = (x.as_slice::<f32>(), f.as_slice::<f32>(), dy.as_slice::<f32>());
        let (mut y, mut dx, mut df) = (fill(dy.len()), fill(x.len()), vec![0.0f32; f.len()]);
        print!("{:30}", format!("{batch}x{size}x{size}x{c} {k}x{k} s{stride}"));
        let show = |what: &str, (median, best): (f64, f64)| {
            print!("  {what} {:.3} ({:.3})", median * 1e3, best * 1e3)
        };
        show("y", time(|| depthwise(&d, x, f, &[], None, y.as_mut_slice()).unwrap_or_default()));
        show("dx", time(|| depthwise_input_gradient(&d, dy, f, dx.as_mut_slice()).unwrap_or_default()));
        show("df", time(|| depthwise_filter_gradient(&d, x, dy, &mut df).unwrap_or_default()));
        println!();
    }
}
