//! Weights that are packed once: kernels read a matrix or a filter in panels, and making these anew for every product
//! costs as much as a small product.
//!
//! The packed form lies beside the value it was made from and dies with it. It is made when the value is used for the
//! second time: most values are used once.

use crate::view::View;
use gradus_kernels::gemm::{Epilogue, Gemm, PackedB, gemm, gemm_packed};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Packed weights of a value, made when it is used for the second time.
pub(crate) struct Repeated<P> {
    uses: AtomicU32,
    packed: OnceLock<P>,
}

impl<P> Repeated<P> {
    pub(crate) fn new() -> Self {
        Repeated { uses: AtomicU32::new(0), packed: OnceLock::new() }
    }

    /// The packed form from the second use on.
    pub(crate) fn get(&self, make: impl FnOnce() -> P) -> Option<&P> {
        if let Some(p) = self.packed.get() {
            return Some(p);
        }
        (self.uses.fetch_add(1, Ordering::Relaxed) > 0).then(|| self.packed.get_or_init(make))
    }
}

/// Weights smaller than this are as quick to read where they are.
const WORTH_PACKING: usize = 4096;

/// The panels of a matrix as it stands (forward passes read it so), and of its transpose (backward passes).
struct Panels {
    plain: Repeated<PackedB<f32>>,
    transposed: Repeated<PackedB<f32>>,
}

/// A product whose second factor, a dense matrix, is packed once when its value is used again in the same way.
pub(crate) fn gemm_repeated(shape: &Gemm, a: &[f32], b: &View<'_>, c: &mut [f32], e: &Epilogue<'_, f32>) {
    if shape.k * shape.n >= WORTH_PACKING && shape.m > 1 {
        let new = || Panels { plain: Repeated::new(), transposed: Repeated::new() };
        let make = || PackedB::<f32>::new(shape.k, shape.n, b.as_slice::<f32>(), shape.ldb, shape.trans_b);
        let panels = b.derived(new).map(|p| if shape.trans_b { &p.transposed } else { &p.plain });
        if let Some(packed) = panels.and_then(|p| p.get(make)) {
            gemm_packed(shape, a, packed, c, e);
            return;
        }
    }
    gemm(shape, a, b.as_slice::<f32>(), c, e);
}
