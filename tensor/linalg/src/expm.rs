//! The matrix exponential, by scaling and squaring of a rational approximation.
//!
//! N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", 2005: the degree follows from
//! the 1-norm, and above the last bound the matrix is halved as often as needed and the result squared as often.

use crate::batch::{Matrices, Scalar, part, parts, square_to_square};
use crate::factor::Lu;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Keep, Result, Spec, Specs, Tensor, dispatch, s};
use smallvec::smallvec;

gradus_tensor::op! {
    /// The exponential of every matrix.
    pub struct Expm {} = "expm"
}

/// Up to which 1-norm the approximation of each degree is exact to f64's rounding, and its coefficients, lowest first.
const PADE: [(f64, &[f64]); 4] = [
    (1.495_585_217_958_292e-2, &[120.0, 60.0, 12.0, 1.0]),
    (2.539_398_330_063_23e-1, &[30_240.0, 15_120.0, 3_360.0, 420.0, 30.0, 1.0]),
    (
        9.504_178_996_162_932e-1,
        &[17_297_280.0, 8_648_640.0, 1_995_840.0, 277_200.0, 25_200.0, 1_512.0, 56.0, 1.0],
    ),
    (
        2.097_847_961_257_068,
        &[
            17_643_225_600.0,
            8_821_612_800.0,
            2_075_673_600.0,
            302_702_400.0,
            30_270_240.0,
            2_162_160.0,
            110_880.0,
            3_960.0,
            90.0,
            1.0,
        ],
    ),
];
/// The same for degree 13.
const BOUND_13: f64 = 5.371_920_351_148_152;
const PADE_13: [f64; 14] = [
    64_764_752_532_480_000.0,
    32_382_376_266_240_000.0,
    7_771_770_303_897_600.0,
    1_187_353_796_428_800.0,
    129_060_195_264_000.0,
    10_559_470_521_600.0,
    670_442_572_800.0,
    33_522_128_640.0,
    1_323_241_920.0,
    40_840_800.0,
    960_960.0,
    16_380.0,
    182.0,
    1.0,
];

/// A product of row-major `n x n` matrices.
fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut y = vec![0.0; n * n];
    matmul(
        MatMut::from_row_major_slice_mut(&mut y, n, n),
        Accum::Replace,
        MatRef::from_row_major_slice(a, n, n),
        MatRef::from_row_major_slice(b, n, n),
        1.0,
        Par::Seq,
    );
    y
}

/// `constant I + sum of factors[i] powers[i]`.
fn combine(n: usize, constant: f64, powers: &[&[f64]], factors: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; n * n];
    (0..n).for_each(|i| y[i * n + i] = constant);
    for (p, f) in powers.iter().zip(factors) {
        y.iter_mut().zip(*p).for_each(|(y, p)| *y += f * p);
    }
    y
}

/// The exponential of a row-major matrix; NaN when it holds NaN or infinities.
fn exponential(a: &[f64], n: usize) -> Result<Vec<f64>> {
    let norm = (0..n).map(|c| (0..n).map(|r| a[r * n + c].abs()).sum::<f64>()).fold(0.0, f64::max);
    if n == 0 || !a.iter().all(|v| v.is_finite()) || !norm.is_finite() {
        return Ok(vec![f64::NAN; n * n]);
    }
    let squarings = if norm > BOUND_13 { (norm / BOUND_13).log2().ceil().max(0.0) as i32 } else { 0 };
    let scaled: Vec<f64> = a.iter().map(|v| v * 2f64.powi(-squarings)).collect();
    let square = product(&scaled, &scaled, n);
    // Odd and even part of the numerator; the denominator is even - odd.
    let (odd, even) = match PADE.iter().find(|(bound, _)| norm <= *bound) {
        Some((_, c)) => {
            let mut powers = vec![square.clone()];
            while powers.len() < c.len() / 2 - 1 {
                powers.push(product(&powers[powers.len() - 1], &square, n));
            }
            let powers: Vec<&[f64]> = powers.iter().map(Vec::as_slice).collect();
            let pick = |from: usize| c[from..].iter().copied().step_by(2).collect::<Vec<f64>>();
            (combine(n, c[1], &powers, &pick(3)), combine(n, c[0], &powers, &pick(2)))
        }
        None => {
            let c = PADE_13;
            let fourth = product(&square, &square, n);
            let sixth = product(&fourth, &square, n);
            let powers: [&[f64]; 3] = [&square, &fourth, &sixth];
            let half = |i: usize| {
                let high = product(&sixth, &combine(n, 0.0, &powers, &[c[i + 8], c[i + 10], c[i + 12]]), n);
                combine(
                    n,
                    c[i],
                    &[powers[0], powers[1], powers[2], &high],
                    &[c[i + 2], c[i + 4], c[i + 6], 1.0],
                )
            };
            (half(1), half(0))
        }
    };
    let odd = product(&scaled, &odd, n);
    let above: Vec<f64> = even.iter().zip(&odd).map(|(e, o)| e + o).collect();
    let below: Vec<f64> = even.iter().zip(&odd).map(|(e, o)| e - o).collect();
    let mut y = vec![0.0; n * n];
    Lu::new(&below, n, false)?.solve(&above, n, &mut y);
    for _ in 0..squarings {
        y = product(&y, &y, n);
    }
    Ok(y)
}

impl Op for Expm {
    square_to_square!(|batch, _i, a, n, y| {
        let a: Vec<f64> = a.iter().map(|v| v.wide()).collect();
        let e = exponential(&a, n)?;
        y.iter_mut().zip(e).for_each(|(y, e)| *y = T::narrow(e));
        Ok(())
    });
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // The derivative of the exponential at B in direction E is the upper right part of exp([[B, E], [0, B]]); the
        // adjoint of the derivative at A is the derivative at A^T.
        let (at, g) = (cx.x(0).matrix_transpose()?, cx.dy(0)?);
        let n = at.shape().last().copied().unwrap_or(0);
        let upper = Tensor::concat(&[&at, &g], -1)?;
        let lower = Tensor::concat(&[&at.zeros_like()?, &at], -1)?;
        let both = apply1(&Expm {}, &[&Tensor::concat(&[&upper, &lower], -2)?])?;
        cx.give(0, both.slice(s![..., ..n, n..])?)
    }
}

/// The exponential `I + A + A^2 / 2 + ..` of square matrices, to f64's rounding error relative to the norm of the result
/// (f32 is computed in f64). Differentiable to any order.
pub fn expm(a: &Tensor) -> Result<Tensor> {
    apply1(&Expm {}, &[a])
}
