//! What happens to a tile of results before it leaves the cache: bias and activation.

use super::Real;
use crate::math::select;
use crate::simd::{Kernel, Simd};

/// A function applied to every result. Only functions whose derivative can be read off their value are here, so
/// that training needs no second copy of the tile.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[non_exhaustive]
pub enum Activation {
    /// The identity.
    #[default]
    None,
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `min(max(x, 0), 6)`; NaN stays NaN.
    Relu6,
    /// `x` where positive, else `slope * x`.
    LeakyRelu(f32),
    /// `x` where positive, else `alpha * (e^x - 1)`.
    Elu(f32),
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// `ln(1 + e^x)`.
    Softplus,
}

/// What to do with the product besides storing it: `c = activation(product + bias [+ c])`.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a, T> {
    /// One value per column, added to every row.
    pub bias: Option<&'a [T]>,
    /// Applied last.
    pub activation: Activation,
    /// Adds to `c` rather than overwriting it.
    pub accumulate: bool,
}

impl<T> Epilogue<'_, T> {
    /// Nothing: `c` becomes the product.
    pub const NONE: Self = Epilogue { bias: None, activation: Activation::None, accumulate: false };
    /// The product is added to `c`.
    pub const ADD: Self = Epilogue { bias: None, activation: Activation::None, accumulate: true };
}

impl<T> Default for Epilogue<'_, T> {
    fn default() -> Self {
        Self::NONE
    }
}

/// The epilogue of one tile: bias pointers are already moved to its first column.
#[derive(Clone, Copy)]
pub(crate) struct Finish<T> {
    /// Null for none.
    pub bias: *const T,
    pub activation: Activation,
}

impl<T: Real> Finish<T> {
    pub fn of(e: &Epilogue<'_, T>) -> Option<Self> {
        let bias = e.bias.map_or(std::ptr::null(), <[T]>::as_ptr);
        (e.bias.is_some() || e.activation != Activation::None)
            .then_some(Finish { bias, activation: e.activation })
    }

    /// The same for a tile `columns` further right.
    #[inline(always)]
    pub fn at(self, columns: usize) -> Self {
        if self.bias.is_null() { self } else { Finish { bias: self.bias.wrapping_add(columns), ..self } }
    }

    /// What is left when a tile was stored with its bias, and with `max(x, 0)` where vectors have it.
    #[inline(always)]
    pub fn after_store(self) -> Option<Self> {
        let done = match self.activation {
            Activation::None => true,
            Activation::Relu => T::RELU,
            _ => false,
        };
        (!done).then_some(Finish { bias: std::ptr::null(), ..self })
    }

    /// Applies it to a tile in memory.
    ///
    /// # Safety
    /// `c` points to `rows` rows of `cols` values at stride `ldc`, which nobody else uses, and the bias, if
    /// there is one, to `cols` values.
    #[inline(always)]
    pub unsafe fn apply(self, c: *mut T, ldc: usize, rows: usize, cols: usize) {
        for i in 0..rows {
            // SAFETY: the caller vouches for the rows.
            let row = unsafe { std::slice::from_raw_parts_mut(c.add(i * ldc), cols) };
            if !self.bias.is_null() {
                // SAFETY: the caller vouches for the bias.
                let bias = unsafe { std::slice::from_raw_parts(self.bias, cols) };
                for (v, &b) in row.iter_mut().zip(bias) {
                    *v = *v + b;
                }
            }
            self.activation.apply(row);
        }
    }
}

/// [`Finish::apply`], compiled once.
pub(crate) struct Apply<T> {
    pub finish: Finish<T>,
    pub c: *mut T,
    pub ldc: usize,
    pub rows: usize,
    pub cols: usize,
}

impl<T: Real> Kernel for Apply<T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        // SAFETY: whoever makes this has the caller's word for the tile.
        unsafe { self.finish.apply(self.c, self.ldc, self.rows, self.cols) }
    }
}

impl Activation {
    /// Applies the function to every value.
    #[inline(always)]
    pub(crate) fn apply<T: Real>(self, row: &mut [T]) {
        #[inline(always)]
        fn each<T: Real>(row: &mut [T], f: impl Fn(T) -> T) {
            row.iter_mut().for_each(|v| *v = f(*v));
        }
        let zero = T::ZERO;
        match self {
            Activation::None => {}
            Activation::Relu => each(row, |x| select(x < zero, zero, x)),
            Activation::Relu6 => {
                let six = T::lit(6.0);
                each(row, |x| select(x < zero, zero, select(x > six, six, x)));
            }
            Activation::LeakyRelu(slope) => {
                let slope = T::lit(f64::from(slope));
                each(row, |x| select(x < zero, x * slope, x));
            }
            Activation::Elu(alpha) => {
                let alpha = T::lit(f64::from(alpha));
                each(row, |x| select(x < zero, alpha * x.expm1(), x));
            }
            Activation::Sigmoid => each(row, |x| x.sigmoid()),
            Activation::Tanh => each(row, |x| x.tanh()),
            Activation::Softplus => each(row, |x| x.softplus()),
        }
    }
}
