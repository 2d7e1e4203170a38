//! An elementwise update in one pass over memory: weight, gradient and slots are read and written once.
//!
//! Keras's rules have kernels with vectors and threads, which compute the same formulas. Other rules, and
//! variables too small to be worth a kernel's dispatch, run the formula itself.

use crate::arith::{Gradient, Number};
use crate::rule::Elementwise;
use gradus_autograd::Variable;
use gradus_kernels::optimizer::{Rule, Step};
use gradus_tensor::{Error, Result, Tensor};

/// Elements from which a kernel is worth its dispatch.
const KERNEL: usize = 64;

/// Updates a variable and its slots in place. `decay` is the weight decay and the learning rate.
///
/// The gradient has the dtype `T` and the shape of the variable.
pub(crate) fn run<E: Elementwise, T: Number>(
    rule: &E,
    c: &E::Coefficients<T>,
    decay: Option<(T, T)>,
    kernel: Option<(Rule, Step)>,
    grad: &Tensor,
    squares: Option<&Tensor>,
    var: &Variable,
    slots: &[Variable],
) -> Result<()> {
    let g = Squared { g: grad.view().as_slice::<T>(), squares: squares.map(|s| s.view().as_slice::<T>()) };
    match slots {
        [] => elements(var, |w| pass(rule, c, decay, kernel, g, w, [])),
        [a] => elements(var, |w| elements(a, |a| pass(rule, c, decay, kernel, g, w, [a]))),
        [a, b] => {
            elements(var, |w| elements(a, |a| elements(b, |b| pass(rule, c, decay, kernel, g, w, [a, b]))))
        }
        [a, b, d] => elements(var, |w| {
            elements(a, |a| elements(b, |b| elements(d, |d| pass(rule, c, decay, kernel, g, w, [a, b, d]))))
        }),
        _ => Err(Error::value(format!(
            "{}: at most 3 slots per weight, found {}",
            <E as Elementwise>::CLASS,
            slots.len()
        ))),
    }
}

/// Lends the elements of a variable, in place or in a copy when something holds the old value.
pub(crate) fn elements<T: Number>(v: &Variable, f: impl FnOnce(&mut [T]) -> Result<()>) -> Result<()> {
    v.update(|y| f(y.as_mut::<T>()))
}

/// A gradient, and its squares where they are not its products with itself.
#[derive(Clone, Copy)]
struct Squared<'a, T> {
    g: &'a [T],
    squares: Option<&'a [T]>,
}

fn pass<E: Elementwise, T: Number, const N: usize>(
    rule: &E,
    c: &E::Coefficients<T>,
    decay: Option<(T, T)>,
    kernel: Option<(Rule, Step)>,
    Squared { g, squares }: Squared<'_, T>,
    w: &mut [T],
    slots: [&mut [T]; N],
) -> Result<()> {
    let n = g.len();
    // Equal lengths in plain sight let the compiler drop bounds checks and use vectors.
    let w = &mut w[..n];
    let mut slots = slots.map(|s| &mut s[..n]);
    if let Some((rule, step)) = kernel.filter(|_| n >= KERNEL && squares.is_none()) {
        T::fused(&rule, &step, w, g, &mut slots);
        return Ok(());
    }
    if let Some(squares) = squares {
        let squares = &squares[..n];
        each(rule, c, decay, w, &mut slots, |i| Gradient { value: g[i], squares: Some(squares[i]) });
    } else {
        each(rule, c, decay, w, &mut slots, |i| Gradient { value: g[i], squares: None });
    }
    Ok(())
}

#[inline(always)]
fn each<E: Elementwise, T: Number, const N: usize>(
    rule: &E,
    c: &E::Coefficients<T>,
    decay: Option<(T, T)>,
    w: &mut [T],
    slots: &mut [&mut [T]; N],
    gradient: impl Fn(usize) -> Gradient<T>,
) {
    for i in 0..w.len() {
        let mut w_i = w[i];
        if let Some((d, lr)) = decay {
            w_i = w_i - w_i * d * lr;
        }
        let mut s: [T; N] = std::array::from_fn(|k| slots[k][i]);
        w[i] = rule.step(c, gradient(i), w_i, &mut s);
        for k in 0..N {
            slots[k][i] = s[k];
        }
    }
}
