//! LU with row exchanges of one matrix, which solving, inverting and determinants stand on.

use crate::batch::{Scalar, scratch, turn};
use faer::linalg::lu::partial_pivoting::{factor, inverse};
use faer::linalg::triangular_solve;
use faer::{MatMut, MatRef, Par};
use gradus_tensor::Result;

/// `P A = L U`: L below the diagonal (its own is ones), U on and above, column by column.
pub(crate) struct Lu<T> {
    pub n: usize,
    pub lu: Vec<T>,
    /// Row `i` of `P A` is row `rows[i]` of A.
    pub rows: Vec<usize>,
    back: Vec<usize>,
    odd: bool,
}

/// A number as `m 2^e` with `1 <= |m| < 2`; 0, infinities and NaN as they are.
fn apart(v: f64) -> (f64, i64) {
    if v == 0.0 || !v.is_finite() {
        return (v, 0);
    }
    // Subnormal numbers are made normal first.
    let (v, shift) = if v.abs() < f64::MIN_POSITIVE { (v * 2f64.powi(64), 64) } else { (v, 0) };
    let e = (v.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    // Two factors: 2^-e alone may not be a normal number.
    (v * 2f64.powi(-e / 2) * 2f64.powi(-e - -e / 2), i64::from(e - shift))
}

impl<T: Scalar> Lu<T> {
    /// Factors a row-major matrix, or its transpose.
    pub fn new(a: &[T], n: usize, transpose: bool) -> Result<Lu<T>> {
        // What is row-major is the transpose, column by column.
        let mut lu = a.to_vec();
        if !transpose {
            turn(a, n, n, &mut lu);
        }
        let (mut rows, mut back) = (vec![0usize; n], vec![0usize; n]);
        let mut odd = false;
        if n > 0 {
            let req = factor::lu_in_place_scratch::<usize, T>(n, n, Par::Seq, Default::default());
            let mut memory = scratch(req)?;
            let (info, _) = factor::lu_in_place(
                MatMut::from_column_major_slice_mut(&mut lu, n, n),
                &mut rows,
                &mut back,
                Par::Seq,
                faer::dyn_stack::MemStack::new(&mut memory),
                Default::default(),
            );
            odd = info.transposition_count % 2 == 1;
        }
        let factors = Lu { n, lu, rows, back, odd };
        // faer divides by a pivot of 0, and what follows is NaN. Eigen, which TensorFlow uses, steps over it.
        if factors.lu.iter().any(|v| v.wide().is_nan()) && a.iter().all(|v| v.wide().is_finite()) {
            let mut lu = a.to_vec();
            if !transpose {
                turn(a, n, n, &mut lu);
            }
            return Ok(Lu::step_over_zeros(lu, n));
        }
        Ok(factors)
    }

    /// Eliminates column by column, leaving columns whose pivot is 0 as they are; `lu` is column-major.
    fn step_over_zeros(mut lu: Vec<T>, n: usize) -> Lu<T> {
        let (mut rows, mut odd): (Vec<usize>, _) = ((0..n).collect(), false);
        for k in 0..n {
            let mut best = k;
            for i in k + 1..n {
                if lu[k * n + i].wide().abs() > lu[k * n + best].wide().abs() {
                    best = i;
                }
            }
            if best != k {
                (0..n).for_each(|j| lu.swap(j * n + k, j * n + best));
                rows.swap(k, best);
                odd = !odd;
            }
            let pivot = lu[k * n + k];
            if pivot.wide() == 0.0 {
                continue;
            }
            for i in k + 1..n {
                lu[k * n + i] = T::narrow(lu[k * n + i].wide() / pivot.wide());
            }
            for j in k + 1..n {
                let above = lu[j * n + k].wide();
                for i in k + 1..n {
                    lu[j * n + i] = T::narrow(lu[j * n + i].wide() - lu[k * n + i].wide() * above);
                }
            }
        }
        let mut back = vec![0; n];
        rows.iter().enumerate().for_each(|(i, &row)| back[row] = i);
        Lu { n, lu, rows, back, odd }
    }

    fn view(&self) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.lu, self.n, self.n)
    }

    /// The diagonal of U.
    pub fn pivots(&self) -> impl Iterator<Item = T> + '_ {
        (0..self.n).map(|i| self.lu[i * self.n + i])
    }

    /// True when a pivot is exactly 0.
    pub fn singular(&self) -> bool {
        self.pivots().any(|p| p.wide() == 0.0)
    }

    /// Sign (-1, 0 or 1) and logarithm of the magnitude of the determinant; the sign is NaN for NaN.
    pub fn log_determinant(&self) -> (f64, f64) {
        let (mut sign, mut log) = (if self.odd { -1.0 } else { 1.0 }, 0.0);
        for p in self.pivots().map(Scalar::wide) {
            sign *= if p == 0.0 || p.is_nan() { p } else { p.signum() };
            log += p.abs().ln();
        }
        (if sign == 0.0 { 0.0 } else { sign }, log)
    }

    /// The determinant. Mantissas and exponents are multiplied apart, so that nothing overflows on the way.
    pub fn determinant(&self) -> f64 {
        let (mut product, mut exponent) = (if self.odd { -1.0 } else { 1.0 }, 0i64);
        for p in self.pivots().map(Scalar::wide) {
            let (m, e) = apart(p);
            let (m, carried) = apart(product * m);
            (product, exponent) = (m, exponent + e + carried);
        }
        // In steps that f64 holds; beyond four the value is infinite or 0.
        let mut rest = exponent.clamp(-4000, 4000) as i32;
        while rest != 0 {
            let step = rest.clamp(-1000, 1000);
            product *= 2f64.powi(step);
            rest -= step;
        }
        product
    }

    /// Solves for `k` right-hand sides, row-major.
    pub fn solve(&self, b: &[T], k: usize, x: &mut [T]) {
        let n = self.n;
        if n == 0 || k == 0 {
            return;
        }
        let mut columns = vec![b[0]; n * k];
        for (i, &row) in self.rows.iter().enumerate() {
            for j in 0..k {
                columns[j * n + i] = b[row * k + j];
            }
        }
        let mut y = MatMut::from_column_major_slice_mut(&mut columns, n, k);
        triangular_solve::solve_unit_lower_triangular_in_place(self.view(), y.as_mut(), Par::Seq);
        triangular_solve::solve_upper_triangular_in_place(self.view(), y.as_mut(), Par::Seq);
        turn(&columns, k, n, x);
    }

    /// The inverse, row-major.
    pub fn invert(&self, x: &mut [T]) -> Result<()> {
        let n = self.n;
        if n == 0 {
            return Ok(());
        }
        let mut memory = scratch(inverse::inverse_scratch::<usize, T>(n, Par::Seq))?;
        let mut columns = self.lu.clone();
        inverse::inverse(
            MatMut::from_column_major_slice_mut(&mut columns, n, n),
            self.view(),
            self.view(),
            faer::perm::PermRef::new_checked(&self.rows, &self.back, n),
            Par::Seq,
            faer::dyn_stack::MemStack::new(&mut memory),
        );
        turn(&columns, n, n, x);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn determinants_do_not_overflow_on_the_way() {
        let diagonal = |d: &[f64]| {
            let n = d.len();
            let a: Vec<f64> = (0..n * n).map(|i| if i / n == i % n { d[i / n] } else { 0.0 }).collect();
            Lu::new(&a, n, false).unwrap().determinant()
        };
        assert_eq!(diagonal(&[1e200, 1e200, 1e-200, 1e-200]).log10().round(), 0.0);
        assert_eq!(diagonal(&[1e300, 1e300]), f64::INFINITY);
        assert_eq!(diagonal(&[1e-300, -1e-300]).abs(), 0.0);
        assert_eq!(diagonal(&[2.0; 100]), 2f64.powi(100));
        assert_eq!(diagonal(&[0.5; 1000]), 2f64.powi(-1000));
        assert_eq!(diagonal(&[0.0, 3.0]), 0.0);
        assert_eq!(diagonal(&[]), 1.0);
    }

    #[test]
    fn pivots_of_zero_are_stepped_over() {
        let lu = Lu::new(&[0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 0.0, 4.0, 5.0], 3, false).unwrap();
        assert!(lu.lu.iter().all(|v: &f64| v.is_finite()));
        assert!(lu.singular());
        assert_eq!(lu.determinant(), 0.0);
        assert_eq!(lu.log_determinant(), (0.0, f64::NEG_INFINITY));
        assert!(Lu::new(&[f64::NAN, 0.0, 0.0, 1.0], 2, false).unwrap().determinant().is_nan());
    }
}
