//! An elementwise update in one pass over memory: weight, gradient and slots are read and written once.
//!
//! Keras's rules have kernels with vectors and threads, which compute the same formulas. Other rules, and
//! variables too small to be worth a kernel's dispatch, run the formula itself.

use crate::arith::{Gradient, Number};
use crate::rule::Elementwise;
use crate::touched::Touched;
use gradus_autograd::Variable;
use gradus_kernels::optimizer::{Rule, Step};
use gradus_tensor::{Error, Result};

/// Elements from which a kernel is worth its dispatch.
const KERNEL: usize = 64;

/// The gradient of a variable, of its dtype and shape: of all weights, or of some rows of them.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a, T> {
    All(Parts<'a, T>),
    Rows(&'a Touched<T>),
}

/// A gradient, with its squares and magnitudes where they are not those of the sum.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a, T> {
    pub value: &'a [T],
    pub squares: Option<&'a [T]>,
    pub magnitudes: Option<&'a [T]>,
}

impl<T: Number> Parts<'_, T> {
    #[inline(always)]
    fn at(&self, i: usize) -> Gradient<T> {
        Gradient {
            value: self.value[i],
            squares: self.squares.map(|s| s[i]),
            magnitudes: self.magnitudes.map(|m| m[i]),
        }
    }
}

/// Updates a variable and its slots in place. `decay` is the weight decay and the learning rate.
pub(crate) fn run<E: Elementwise, T: Number>(
    rule: &E,
    c: &E::Coefficients<T>,
    decay: Option<(T, T)>,
    kernel: Option<(Rule, Step)>,
    g: Given<'_, T>,
    var: &Variable,
    slots: &[Variable],
) -> Result<()> {
    match slots {
        [] => elements(var, |w| spread(rule, c, decay, kernel, g, w, [])),
        [a] => elements(var, |w| elements(a, |a| spread(rule, c, decay, kernel, g, w, [a]))),
        [a, b] => {
            elements(var, |w| elements(a, |a| elements(b, |b| spread(rule, c, decay, kernel, g, w, [a, b]))))
        }
        [a, b, d] => elements(var, |w| {
            elements(a, |a| elements(b, |b| elements(d, |d| spread(rule, c, decay, kernel, g, w, [a, b, d]))))
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
    let mut f = Some(f);
    lend(v, &mut |x| f.take().map_or(Ok(()), |f| f(x)))
}

/// Compiled once per element type, and not for every rule.
fn lend<T: Number>(v: &Variable, f: &mut dyn FnMut(&mut [T]) -> Result<()>) -> Result<()> {
    v.update(|y| f(y.as_mut::<T>()))
}

/// One pass over all weights, or one over each row that has a gradient.
fn spread<E: Elementwise, T: Number, const N: usize>(
    rule: &E,
    c: &E::Coefficients<T>,
    decay: Option<(T, T)>,
    kernel: Option<(Rule, Step)>,
    g: Given<'_, T>,
    w: &mut [T],
    mut slots: [&mut [T]; N],
) -> Result<()> {
    match g {
        Given::All(g) => pass(rule, c, decay, kernel, g, w, slots),
        Given::Rows(touched) => touched.each(|at, g| {
            let slots = slots.each_mut().map(|s| &mut s[at.clone()]);
            pass(rule, c, decay, None, g, &mut w[at], slots)
        }),
    }
}

fn pass<E: Elementwise, T: Number, const N: usize>(
    rule: &E,
    c: &E::Coefficients<T>,
    decay: Option<(T, T)>,
    kernel: Option<(Rule, Step)>,
    g: Parts<'_, T>,
    w: &mut [T],
    slots: [&mut [T]; N],
) -> Result<()> {
    let n = g.value.len();
    // Equal lengths in plain sight let the compiler drop bounds checks and use vectors.
    let w = &mut w[..n];
    let mut slots = slots.map(|s| &mut s[..n]);
    let of_sum = g.squares.is_none() && g.magnitudes.is_none();
    if let Some((rule, step)) = kernel.filter(|_| n >= KERNEL && of_sum) {
        T::fused(&rule, &step, w, g.value, &mut slots);
    } else if let (Some(squares), None) = (g.squares, g.magnitudes) {
        let (value, squares) = (&g.value[..n], &squares[..n]);
        each(rule, c, decay, w, &mut slots, |i| Gradient {
            value: value[i],
            squares: Some(squares[i]),
            magnitudes: None,
        });
    } else if of_sum {
        let value = &g.value[..n];
        each(rule, c, decay, w, &mut slots, |i| Gradient {
            value: value[i],
            squares: None,
            magnitudes: None,
        });
    } else {
        each(rule, c, decay, w, &mut slots, |i| g.at(i));
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
