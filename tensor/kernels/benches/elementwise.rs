//! Times the memory- and function-bound kernels: best and median of repeated runs, per call.
//!
//! `cargo bench -p gradus-kernels --bench elementwise [-- filter]`

use gradus_kernels::depthwise::{self, Depthwise};
use gradus_kernels::elementwise::{Binary, Broadcast, Layout, Unary, binary, unary};
use gradus_kernels::expr::{Builder, Input, Output};
use gradus_kernels::norm::{column_affine, column_moments, row_norm};
use gradus_kernels::optimizer::{Rule, Step, update};
use gradus_kernels::pool::{Pool, Window, WindowOptions, pool, pool_backward};
use gradus_kernels::random::{Philox, normal_f32, uniform_f32};
use gradus_kernels::reduce::{Arg, Axes, Reduce, arg, reduce};
use gradus_kernels::softmax::{Softmax, softmax};
use gradus_kernels::{Buffer, layout};
use std::time::{Duration, Instant};

fn values(n: usize) -> Buffer {
    let mut b = Buffer::new(gradus_kernels::DType::F32, n);
    uniform_f32(Philox::new(1), -2.0, 2.0, b.as_mut_slice());
    b
}

/// Nanoseconds that this thread has run, where Linux tells: on a busy machine it says more than the clock.
fn on_cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn time(name: &str, mut f: impl FnMut()) {
    if std::env::args().skip(1).any(|a| !a.starts_with('-') && !name.contains(&a)) {
        return;
    }
    f();
    let mut each = Vec::new();
    let (start, cpu) = (Instant::now(), on_cpu());
    let mut calls = 0;
    while each.len() < 5 || start.elapsed() < Duration::from_millis(250) {
        // Short calls are timed in groups, so that the clock does not count.
        let group =
            each.first().map_or(1, |d: &Duration| (20_000 / d.as_nanos().max(1)).clamp(1, 1000)) as u32;
        let t = Instant::now();
        (0..group).for_each(|_| f());
        each.push(t.elapsed() / group);
        calls += u64::from(group);
    }
    let cpu = (on_cpu() - cpu) as f64 / calls as f64 / 1000.0;
    each.sort();
    let us = |d: Duration| d.as_nanos() as f64 / 1000.0;
    println!(
        "{name:<34} best {:>9.2} us   median {:>9.2} us   on cpu {cpu:>9.2} us",
        us(each[0]),
        us(each[each.len() / 2])
    );
}

fn main() {
    for n in [1000, 1_000_000] {
        let (x, z) = (values(n), values(n));
        let mut y = values(n);
        let (x, z, y) = (x.as_slice::<f32>(), z.as_slice::<f32>(), y.as_mut_slice::<f32>());
        for op in [
            Unary::Neg,
            Unary::Relu,
            Unary::Sqrt,
            Unary::Exp,
            Unary::Log,
            Unary::Tanh,
            Unary::Sigmoid,
            Unary::Sin,
            Unary::Erf,
            Unary::GeluErf,
            Unary::Softplus,
        ] {
            time(&format!("{} {n}", op.name()), || unary(op, x, y).unwrap());
        }
        let same = Broadcast::new(&[n], &[n]).unwrap();
        let scalar = Broadcast::new(&[n], &[]).unwrap();
        let row = Broadcast::new(&[n / 100, 100], &[100]).unwrap();
        let column = Broadcast::new(&[n / 100, 100], &[n / 100, 1]).unwrap();
        time(&format!("add {n}"), || binary(Binary::Add, &same, x, z, y).unwrap());
        time(&format!("pow {n}"), || binary(Binary::Pow, &same, x, z, y).unwrap());
        time(&format!("add scalar {n}"), || binary(Binary::Add, &scalar, x, &[0.5], y).unwrap());
        time(&format!("add row of 100, {n}"), || binary(Binary::Add, &row, x, &z[..100], y).unwrap());
        time(&format!("add column, rows of 100, {n}"), || {
            binary(Binary::Add, &column, x, &z[..n / 100], y).unwrap();
        });
        let mut out = vec![0.0f32; 1000];
        let all = Axes::all(&[n]);
        time(&format!("sum {n}"), || reduce(Reduce::Sum, &all, x, &mut out[..1]).unwrap());
        time(&format!("max {n}"), || reduce(Reduce::Max, &all, x, &mut out[..1]).unwrap());
        let side = if n == 1000 { 10 } else { 1000 };
        let (rows, columns) =
            (Axes::new(&[n / side, side], &[1]).unwrap(), Axes::new(&[n / side, side], &[0]).unwrap());
        time(&format!("sum of rows {n}"), || reduce(Reduce::Sum, &rows, x, &mut out[..n / side]).unwrap());
        time(&format!("sum of columns {n}"), || reduce(Reduce::Sum, &columns, x, &mut out[..side]).unwrap());
        let mut index = vec![0; n / side];
        time(&format!("argmax of rows {n}"), || arg(Arg::Max, x, &mut index, [n / side, side, 1]).unwrap());
        time(&format!("softmax {n}"), || softmax(Softmax::Plain, x, y, side).unwrap());
        let (mut mean, mut rstd) = (vec![0.0; n / side], vec![0.0; n / side]);
        let (gamma, beta) = (vec![1.0; side], vec![0.0; side]);
        time(&format!("layer norm {n}"), || row_norm(x, &gamma, &beta, 1e-3, y, &mut mean, &mut rstd, side));
        let shape = [n / side, side];
        time(&format!("transpose {n}"), || layout::transpose(x, &shape, &[1, 0], y).unwrap());
        time(&format!("uniform {n}"), || uniform_f32(Philox::new(2), 0.0, 1.0, y));
        time(&format!("normal {n}"), || normal_f32(Philox::new(2), 0.0, 1.0, y));
        let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
        let adam = Rule::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false };
        time(&format!("adam {n}"), || update(&adam, &Step::new(1e-3, 3), y, x, &mut [&mut m, &mut v]));
    }
    networks();
    chain();
}

fn networks() {
    let same = WindowOptions::same(&[56, 56], &[3, 3], &[1, 1], &[1, 1]);
    let window = Window::new(&[56, 56], &[3, 3], &same).unwrap();
    let d = Depthwise { window, channels: 96, multiplier: 1 };
    let (x, mut y, f) = (values(56 * 56 * 96), values(56 * 56 * 96), vec![0.1f32; 9 * 96]);
    time("depthwise 1x56x56x96", || {
        depthwise::depthwise(&d, x.as_slice(), &f, &[], None, y.as_mut_slice()).unwrap();
    });
    let (n, h, c) = (32, 56, 96);
    let x = values(n * h * h * c);
    let dy = values(n * h * h * c);
    let mut y = values(n * h * h * c);
    let (x, dy, y) = (x.as_slice::<f32>(), dy.as_slice::<f32>(), y.as_mut_slice::<f32>());
    let same = WindowOptions::same(&[h, h], &[3, 3], &[1, 1], &[1, 1]);
    let window = Window::new(&[h, h], &[3, 3], &same).unwrap();
    let d = Depthwise { window, channels: c, multiplier: 1 };
    let (f, mut df) = (vec![0.1; 9 * c], vec![0.0; 9 * c]);
    time("depthwise 32x56x56x96", || depthwise::depthwise(&d, x, &f, &[], None, y).unwrap());
    time("depthwise dx", || depthwise::depthwise_input_gradient(&d, dy, &f, y).unwrap());
    time("depthwise df", || depthwise::depthwise_filter_gradient(&d, x, dy, &mut df).unwrap());
    time("batch norm moments", || drop(column_moments(x, c)));
    let (scale, shift) = (vec![1.1; c], vec![0.1; c]);
    time("batch norm apply + relu6", || column_affine(x, &scale, &shift, Some(Unary::Relu6), y));
    let options = WindowOptions { strides: vec![2, 2], ..WindowOptions::valid(2) };
    let w = Window::new(&[h, h], &[2, 2], &options).unwrap();
    let out = n * h / 2 * h / 2 * c;
    let mut p = values(out);
    time("max pooling 2x2", || pool(Pool::Max, &w, c, x, p.as_mut_slice()).unwrap());
    time("max pooling 2x2 gradient", || {
        pool_backward(Pool::Max, &w, c, x, p.as_slice(), &dy[..out], y).unwrap();
    });
}

fn chain() {
    for n in [1024, 65_536, 1 << 20, 1 << 22, 1 << 24] {
        let x = values(n);
        let mut y = values(n);
        let (x, y) = (x.as_slice::<f32>(), y.as_mut_slice::<f32>());
        let mut p = Builder::new();
        let v = p.input(Layout::full());
        let (a, b) = (p.constant(0.7), p.constant(0.1));
        let t = p.binary(Binary::Mul, v, a);
        let t = p.binary(Binary::Add, t, b);
        let t = p.unary(Unary::Tanh, t);
        let t = p.binary(Binary::Mul, t, v);
        p.output(t);
        let program = p.build().unwrap();
        time(&format!("tanh(x a + b) x, {n}"), || {
            program.run(n, &[Input::Values(x)], &mut [Output::Values(&mut *y)]).unwrap();
        });
    }
}
