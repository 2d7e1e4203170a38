//! Operations of [`tensor_ops`](super::tensor_ops) as anyone would write them over a `Vec`: one thread, a loop or two.
//!
//! One or more of every family. A row of these is a peer: what an operation must at least be worth.

use std::convert::Infallible;
use std::hint::black_box;

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

/// A loop over a matrix of that many rows and columns.
type Loop = fn(&[f32], usize, usize) -> Vec<f32>;

pub fn declare(list: &mut Vec<Workload>) {
    for (size, m, n) in [("1K", 25, 40), ("1M", 1000, 1000)] {
        for (name, run) in LOOPS {
            let prepare = move || {
                let x = random([m, n])?.to_vec::<f32>().map_err(|e| e.to_string())?;
                repeat(move || Ok::<_, Infallible>(run(black_box(&x), m, n)))
            };
            let mut workload =
                Workload::new(format!("tensor_ops/{name}/{size}"), "one thread", Amount::Call, prepare);
            workload.peer = "plain loops";
            list.push(workload);
        }
    }
}

const LOOPS: &[(&str, Loop)] = &[
    ("add", |x, _, _| x.iter().zip(x).map(|(a, b)| a + b).collect()),
    ("exp", |x, _, _| x.iter().map(|v| v.exp()).collect()),
    ("tanh", |x, _, _| x.iter().map(|v| v.tanh()).collect()),
    ("where", |x, _, _| x.iter().map(|&v| if v > 0.0 { v } else { -v }).collect()),
    ("cast_i32", |x, _, _| x.iter().map(|&v| f32::from_bits(v as i32 as u32)).collect()),
    ("add_row", |x, _, n| x.chunks(n).flat_map(|row| row.iter().zip(&x[..n]).map(|(a, b)| a + b)).collect()),
    ("sum", |x, _, _| vec![x.iter().sum()]),
    ("sum_axis0", |x, _, n| {
        let mut y = vec![0.0; n];
        x.chunks(n).for_each(|row| y.iter_mut().zip(row).for_each(|(y, x)| *y += x));
        y
    }),
    ("max_axis1", |x, _, n| x.chunks(n).map(|row| row.iter().copied().fold(f32::MIN, f32::max)).collect()),
    ("argmax_axis1", |x, _, n| {
        let best = |row: &[f32]| (1..n).fold(0, |best, i| if row[i] > row[best] { i } else { best });
        x.chunks(n).map(|row| best(row) as f32).collect()
    }),
    ("logsumexp_axis1", |x, _, n| {
        x.chunks(n)
            .map(|row| {
                let most = row.iter().copied().fold(f32::MIN, f32::max);
                most + row.iter().map(|v| (v - most).exp()).sum::<f32>().ln()
            })
            .collect()
    }),
    ("cumsum_axis1", |x, _, n| {
        let mut y = x.to_vec();
        y.chunks_mut(n).for_each(|row| (1..n).for_each(|i| row[i] += row[i - 1]));
        y
    }),
    ("transpose", |x, m, n| (0..m * n).map(|i| x[i % m * n + i / m]).collect()),
    ("concat_axis1", |x, _, n| x.chunks(n).flat_map(|row| row.iter().chain(row)).copied().collect()),
    ("stack_last", |x, _, _| x.iter().flat_map(|&v| [v, v]).collect()),
    ("pad", |x, m, n| {
        let mut y = vec![0.0; (m + 2) * (n + 2)];
        for (x, y) in x.chunks(n).zip(y.chunks_mut(n + 2).skip(1)) {
            y[1..=n].copy_from_slice(x);
        }
        y
    }),
    ("reverse_axis1", |x, _, n| x.chunks(n).flat_map(|row| row.iter().rev()).copied().collect()),
    ("slice_step", |x, _, n| x.chunks(n).step_by(2).flat_map(|row| row.iter().step_by(2)).copied().collect()),
    ("gather_rows", |x, m, n| {
        (0..m).flat_map(|i| &x[(i * 7_368_787 + 12_345) % m * n..][..n]).copied().collect()
    }),
    ("boolean_mask", |x, _, _| x.iter().copied().filter(|v| *v > 0.0).collect()),
    ("segment_sum", |x, m, n| {
        let mut y = vec![0.0; m / 5 * n];
        for (i, row) in x.chunks(n).enumerate() {
            let to = (i * 7_368_787 + 12_345) % (m / 5) * n;
            y[to..to + n].iter_mut().zip(row).for_each(|(y, x)| *y += x);
        }
        y
    }),
    ("sort", |x, _, _| {
        let mut y = x.to_vec();
        y.sort_unstable_by(f32::total_cmp);
        y
    }),
    ("top_k_rows", |x, _, n| {
        let five = |row: &[f32]| {
            let mut row = row.to_vec();
            row.sort_unstable_by(|a, b| b.total_cmp(a));
            row.truncate(5);
            row
        };
        x.chunks(n).flat_map(five).collect()
    }),
    ("unique", |x, m, n| {
        let mut seen = std::collections::HashSet::new();
        (0..m * n).map(|i| (i * 7_368_787 + 12_345) % n).filter(|i| seen.insert(*i)).map(|i| x[i]).collect()
    }),
    ("bincount", |_, m, n| {
        let mut y = vec![0.0; n];
        (0..m * n).for_each(|i| y[(i * 7_368_787 + 12_345) % n] += 1.0);
        y
    }),
    ("einsum_ij_jk", |x, m, n| {
        let mut y = vec![0.0; m * m];
        for (a, y) in x.chunks(n).zip(y.chunks_mut(m)) {
            for (a, b) in a.iter().zip(x.chunks(m)) {
                y.iter_mut().zip(b).for_each(|(y, b)| *y += a * b);
            }
        }
        y
    }),
    ("einsum_rows", |x, _, n| x.chunks(n).map(|row| row.iter().map(|v| v * v).sum()).collect()),
];
