//! Limits of the hardware that the other figures are read against.

use std::hint::black_box;

use gradus_kernels::simd::{Kernel, Simd, dispatch};
use gradus_kernels::threads::{num_threads, parallel_for};

use crate::workload::{Amount, Work, Workload};

/// Independent accumulators: more than latency times ports of any machine, fewer than its registers.
const ACCUMULATORS: usize = 12;
const STEPS: usize = 100_000;

/// Fused multiply-adds on registers alone; returns the lanes of a vector.
struct FmaPeak {
    seed: f32,
}

impl Kernel for FmaPeak {
    type Out = f32;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        // Distinct start values, or the compiler merges the accumulators.
        let mut sums: [S::F; ACCUMULATORS] = std::array::from_fn(|i| s.splat(self.seed + i as f32));
        let (scale, shift) = (s.splat(0.999 + self.seed * 1e-9), s.splat(self.seed));
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = s.fma(*sum, scale, shift);
            }
        }
        sums.into_iter().map(|sum| s.sum(sum)).sum()
    }
}

/// Lanes of the vectors that [`dispatch`] chooses.
struct Lanes;

impl Kernel for Lanes {
    type Out = usize;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        S::LANES
    }
}

pub fn declare(list: &mut Vec<Workload>) {
    let per_thread = (STEPS * ACCUMULATORS * dispatch(Lanes) * 2) as f64;
    let flops = per_thread * num_threads() as f64;
    let prepare = || {
        Ok(Box::new(|| {
            parallel_for(num_threads(), |i| {
                black_box(dispatch(FmaPeak { seed: black_box(i as f32) }));
            })
        }) as Work)
    };
    list.push(Workload::new("fma_peak", "registers", Amount::Flops(flops), prepare).of_machine());
}
