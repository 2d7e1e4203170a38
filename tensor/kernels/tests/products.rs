//! Matrix products through the public interface: every size class, plain and packed, against the formula.

use gradus_kernels::gemm::{Epilogue, Gemm, Number, PackedB, Real, gemm, gemm_packed};
use gradus_kernels::simd::{available, with_level};
use gradus_kernels::threads::with_num_threads;
use gradus_kernels::{bf16, f16};

/// Whole numbers from -2 to 2, whose sums stay exact even in bf16.
fn values<T: Number>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 7 + seed * 3 + i / 7) % 5) as f64 - 2.0)).collect()
}

struct Case<T> {
    shape: Gemm,
    a: Vec<T>,
    b: Vec<T>,
    want: Vec<T>,
}

impl<T: Number> Case<T> {
    fn new(shape: Gemm) -> Self {
        let Gemm { m, n, k, trans_a, trans_b, lda, ldb, .. } = shape;
        let (a, b) = (values::<T>(m * k, 1), values::<T>(k * n, 2));
        let mut want = vec![T::ZERO; m * n];
        for i in 0..m {
            for j in 0..n {
                let terms = (0..k).map(|p| {
                    let x = a[if trans_a { p * lda + i } else { i * lda + p }].to_f64();
                    x * b[if trans_b { j * ldb + p } else { p * ldb + j }].to_f64()
                });
                want[i * n + j] = T::from_f64(terms.sum());
            }
        }
        Case { shape, a, b, want }
    }

    fn check(&self, how: &str, run: impl Fn(&mut [T])) {
        for &level in available() {
            for threads in [1, 2, 4] {
                let mut found = vec![T::ONE; self.want.len()];
                with_level(level, || with_num_threads(threads, || run(&mut found)));
                let wrong = (0..found.len()).find(|&i| found[i] != self.want[i]);
                let show = wrong.map(|i| (i, self.want[i], found[i]));
                assert!(
                    wrong.is_none(),
                    "{how} {} {level:?} {threads} threads {:?}: {show:?}",
                    T::DTYPE,
                    self.shape
                );
            }
        }
    }
}

fn orders(g: Gemm) -> [Gemm; 4] {
    [g, g.trans_a(), g.trans_b(), g.trans_a().trans_b()]
}

fn plain<T: Number>(m: usize, n: usize, k: usize) {
    for shape in orders(Gemm::new(m, n, k)) {
        let case = Case::<T>::new(shape);
        case.check("plain", |c| gemm(&shape, &case.a, &case.b, c, &Epilogue::NONE));
    }
}

fn packed<T: Number + Real>(m: usize, n: usize, k: usize) {
    for shape in orders(Gemm::new(m, n, k)) {
        let case = Case::<T>::new(shape);
        case.check("packed", |c| {
            let b = PackedB::new(k, n, &case.b, shape.ldb, shape.trans_b);
            gemm_packed(&shape, &case.a, &b, c, &Epilogue::NONE);
        });
    }
}

#[test]
fn every_size_class() {
    let sizes: &[(usize, usize, usize)] = &[
        // One tile, on the stack.
        (1, 1, 1),
        (8, 8, 8),
        (5, 17, 9),
        (14, 32, 16),
        (14, 31, 16),
        // B in place; one, two, three tiles down; odd columns.
        (20, 48, 100),
        (42, 33, 300),
        (32, 100, 700),
        (43, 100, 300),
        // Wide and tall tasks, transposed A copied across many tiles.
        (400, 96, 300),
        (30, 600, 520),
        // Split along K.
        (9, 20, 5000),
        (40, 40, 3000),
        // Vectors and outer products.
        (1, 500, 300),
        (500, 1, 300),
        (3, 1, 2),
        (60, 50, 1),
    ];
    for &(m, n, k) in sizes {
        plain::<f32>(m, n, k);
        plain::<f64>(m, n, k);
        packed::<f32>(m, n, k);
        packed::<f64>(m, n, k);
    }
    for (m, n, k) in [(8, 8, 8), (33, 40, 21)] {
        plain::<f16>(m, n, k);
        plain::<bf16>(m, n, k);
    }
}
