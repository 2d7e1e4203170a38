//! Optimizer updates: one pass over memory per variable, in place, with the formulas of Keras 3.
//!
//! The gradient is scaled (clipping by norm), clipped (by value), the weight is decayed
//! (w - w decay learning_rate), then the rule applies, all in registers. A slot's element whose magnitude is below
//! the smallest normal number becomes 0, as on TensorFlow's threads.

mod rule;

pub use rule::Rule;

use crate::dtype::DType;
use crate::math::Float;
use crate::reduce::{Number, Squares, pass};
use crate::split;
use crate::threads::{self, SharedMut};
use crate::vector::Body;
use rule::Formula;

/// What all rules share in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Updates made before this one; powers of the betas use `iterations + 1`.
    pub iterations: u64,
    /// Decoupled weight decay; 0 for none.
    pub weight_decay: f64,
    /// Factor of the gradient: the ratio of clipping by norm, or 1.
    pub scale: f64,
    /// Bound of every element of the scaled gradient; infinite for none.
    pub clip: f64,
}

impl Step {
    /// A step with this learning rate, without decay and clipping.
    pub fn new(learning_rate: f64, iterations: u64) -> Step {
        Step { learning_rate, iterations, weight_decay: 0.0, scale: 1.0, clip: f64::INFINITY }
    }
}

struct Loop<'a, T, F, const N: usize> {
    f: F,
    w: &'a mut [T],
    g: &'a [T],
    slots: [&'a mut [T]; N],
    decay: T,
    scale: T,
    clip: T,
}

impl<T: Float, const N: usize, F: Formula<T, N>> Body for Loop<'_, T, F, N> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Loop { f, w, g, slots, decay, scale, clip } = self;
        let n = w.len();
        let g = &g[..n];
        let slots = slots.map(|s| &mut s[..n]);
        // A moment that decays ends among the subnormal numbers and stays there: arithmetic with them is slow.
        let tiny = T::lit(if T::DTYPE == DType::F64 { f64::MIN_POSITIVE } else { f32::MIN_POSITIVE.into() });
        for i in 0..n {
            let v = g[i] * scale;
            let v = crate::math::select(v > clip, clip, v);
            let v = crate::math::select(v < -clip, -clip, v);
            let mut state = [T::ZERO; N];
            for k in 0..N {
                state[k] = slots[k][i];
            }
            w[i] = f.at(w[i] - w[i] * decay, v, &mut state);
            for k in 0..N {
                let s = state[k];
                slots[k][i] = crate::math::select(s.abs() < tiny, T::ZERO, s);
            }
        }
    }
}

/// Runs a formula over all elements, in pieces.
fn run<T: Float, const N: usize, F: Formula<T, N>>(
    f: F,
    step: &Step,
    w: &mut [T],
    g: &[T],
    slots: [&mut [T]; N],
) {
    let learning_rate = T::lit(step.learning_rate);
    let decay = T::lit(step.weight_decay) * learning_rate;
    let (scale, clip) = (T::lit(step.scale), T::lit(step.clip));
    let len = w.len();
    let (w, slots) = (SharedMut::new(w), slots.map(|s| SharedMut::new(s)));
    split::ranges(len, 1 << 12, |r| {
        // SAFETY: the pieces do not overlap.
        let (w, slots) = unsafe { (w.slice(r.clone()), std::array::from_fn(|k| slots[k].slice(r.clone()))) };
        T::run(Loop { f, w, g: &g[r], slots, decay, scale, clip });
    });
}

/// Updates a variable w from its gradient g and the rule's slots, all of one length.
///
/// New slots start as [`Rule::initial`] says. Panics when lengths or the number of slots do not fit.
pub fn update<T: Float + Number>(rule: &Rule, step: &Step, w: &mut [T], g: &[T], slots: &mut [&mut [T]]) {
    T::update(rule, step, w, g, slots)
}

pub(crate) fn update_of<T: Float + Number>(
    rule: &Rule,
    step: &Step,
    w: &mut [T],
    g: &[T],
    slots: &mut [&mut [T]],
) {
    let fits = g.len() == w.len() && slots.len() == rule.slots() && slots.iter().all(|s| s.len() == w.len());
    assert!(fits, "{}: lengths of {} slots for {} weights", rule.name(), slots.len(), w.len());
    rule::dispatch(rule, step, w, g, slots);
}

/// The sum of squares of a gradient, for norms; joined over variables in order by the caller.
pub fn sum_squares<T: Float + Number>(g: &[T]) -> T {
    T::sum_squares(g)
}

pub(crate) fn sum_squares_of<T: Float + Number>(g: &[T]) -> T {
    let mut y = [T::ZERO];
    pass(Squares, g, &mut y, [1, g.len(), 1]);
    y[0]
}

/// w += a x, as for moving averages and plain gradient accumulation.
pub fn add_scaled<T: Float>(w: &mut [T], a: T, x: &[T]) {
    T::add_scaled(w, a, x)
}

pub(crate) fn add_scaled_of<T: Float>(w: &mut [T], a: T, x: &[T]) {
    assert_eq!(w.len(), x.len(), "add_scaled: lengths");
    split::chunks(w, 1 << 15, |start, w| {
        let x = &x[start..start + w.len()];
        T::run(AddScaled { w, a, x });
    });
}

struct AddScaled<'a, T> {
    w: &'a mut [T],
    a: T,
    x: &'a [T],
}

impl<T: Float> Body for AddScaled<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (w, &x) in self.w.iter_mut().zip(self.x) {
            *w = self.a.fma(x, *w);
        }
    }
}

/// The layer-wise adaptive rule needs two norms between its halves.
fn lamb<T: Float + Number>(
    [beta_1, beta_2, epsilon]: [f64; 3],
    step: &Step,
    w: &mut [T],
    g: &[T],
    slots: [&mut [T]; 2],
) {
    let local = T::lit((step.iterations + 1) as f64);
    let (p1, p2) = (T::lit(beta_1).pow(local), T::lit(beta_2).pow(local));
    let (a, b, epsilon) = (T::lit(1.0 - beta_1), T::lit(1.0 - beta_2), T::lit(epsilon));
    let learning_rate = T::lit(step.learning_rate);
    // The direction stands in for the weight in the first half; decay is applied in the second.
    let mut direction = vec![T::ZERO; w.len()];
    let first = Step { weight_decay: 0.0, ..*step };
    let f = rule::Lamb { a, b, c1: T::ONE - p1, c2: T::ONE - p2, epsilon };
    run(f, &first, &mut direction, g, slots);
    let decay = T::lit(step.weight_decay) * learning_rate;
    if decay != T::ZERO {
        split::chunks(w, 1 << 15, |_, w| w.iter_mut().for_each(|w| *w = *w - *w * decay));
    }
    let (wn, dn) = (sum_squares(w).sqrt(), sum_squares(&direction).sqrt());
    let ratio = if wn > T::ZERO && dn > T::ZERO { wn / dn } else { T::ONE };
    add_scaled(w, -(ratio * learning_rate), &direction);
}

/// Exponential moving average of weights: a = momentum a + (1 - momentum) w.
pub fn moving_average<T: Float>(average: &mut [T], momentum: T, w: &[T]) {
    T::moving_average(average, momentum, w)
}

pub(crate) fn moving_average_of<T: Float>(average: &mut [T], momentum: T, w: &[T]) {
    assert_eq!(average.len(), w.len(), "moving_average: lengths");
    let rest = T::ONE - momentum;
    let shared = SharedMut::new(average);
    threads::parallel_for_cost(w.len().div_ceil(1 << 15), w.len() / 4, |k| {
        let r = k << 15..((k + 1) << 15).min(w.len());
        // SAFETY: the pieces do not overlap.
        let a = unsafe { shared.slice(r.clone()) };
        a.iter_mut().zip(&w[r]).for_each(|(a, &w)| *a = *a * momentum + w * rest);
    });
}

#[cfg(test)]
mod tests;
