//! The update rules.

use super::{Step, run};
use crate::math::{Float, select};
use crate::reduce::Number;

/// An update rule with its constants. Keras's defaults stand in brackets.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Rule {
    /// w -= lr g; with momentum (0) m = momentum m - lr g and w += m, or w += momentum m - lr g (Nesterov).
    /// Slot: m, if momentum is not 0.
    Sgd { momentum: f64, nesterov: bool },
    /// Kingma and Ba 2015 [0.9, 0.999, 1e-7]. Slots: m, v, with amsgrad also the largest v. AdamW is Adam with a
    /// weight decay in the step.
    Adam { beta_1: f64, beta_2: f64, epsilon: f64, amsgrad: bool },
    /// Adam with Nesterov momentum, Dozat 2016 [0.9, 0.999, 1e-7]. `u_product` is the product of the momentum schedule up to
    /// and including this step, see [`Rule::nadam_momentum`]. Slots: m, v.
    Nadam { beta_1: f64, beta_2: f64, epsilon: f64, u_product: f64 },
    /// Hinton 2012 [0.9, 0, 1e-7, false]. Slots: velocity, then the momentum if it is not 0, then the average gradient
    /// if centered.
    RmsProp { rho: f64, momentum: f64, epsilon: f64, centered: bool },
    /// Duchi et al. 2011 [1e-7]. Slot: accumulator, starting at `initial` [0.1].
    Adagrad { epsilon: f64, initial: f64 },
    /// Zeiler 2012 [0.95, 1e-7]. Slots: accumulated squared gradients and updates.
    Adadelta { rho: f64, epsilon: f64 },
    /// Adam with the infinity norm [0.9, 0.999, 1e-7]. Slots: m, u.
    Adamax { beta_1: f64, beta_2: f64, epsilon: f64 },
    /// Follow the regularised leader, McMahan et al. 2013 [-0.5, 0.1, 0, 0, 0, 0]. Slots: accumulator, linear.
    Ftrl { learning_rate_power: f64, initial: f64, l1: f64, l2: f64, l2_shrinkage: f64, beta: f64 },
    /// Chen et al. 2023 [0.9, 0.99]. Slot: m.
    Lion { beta_1: f64, beta_2: f64 },
    /// You et al. 2020 [0.9, 0.999, 1e-7]. Slots: m, v.
    Lamb { beta_1: f64, beta_2: f64, epsilon: f64 },
}

impl Rule {
    /// Name in messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Rule::Sgd { .. } => "sgd",
            Rule::Adam { .. } => "adam",
            Rule::Nadam { .. } => "nadam",
            Rule::RmsProp { .. } => "rmsprop",
            Rule::Adagrad { .. } => "adagrad",
            Rule::Adadelta { .. } => "adadelta",
            Rule::Adamax { .. } => "adamax",
            Rule::Ftrl { .. } => "ftrl",
            Rule::Lion { .. } => "lion",
            Rule::Lamb { .. } => "lamb",
        }
    }

    /// Number of slots, each as long as the variable.
    pub fn slots(&self) -> usize {
        match *self {
            Rule::Sgd { momentum, .. } => usize::from(momentum != 0.0),
            Rule::Adam { amsgrad, .. } => 2 + usize::from(amsgrad),
            Rule::RmsProp { momentum, centered, .. } => {
                1 + usize::from(momentum > 0.0) + usize::from(centered)
            }
            Rule::Adagrad { .. } | Rule::Lion { .. } => 1,
            _ => 2,
        }
    }

    /// What slot k is filled with at the start.
    pub fn initial(&self, k: usize) -> f64 {
        match *self {
            Rule::Adagrad { initial, .. } => initial,
            Rule::Ftrl { initial, .. } if k == 0 => initial,
            _ => 0.0,
        }
    }

    /// Momentum of the schedule of Nadam at step t = 1, 2, ...: beta_1 (1 - 0.96^t / 2).
    ///
    /// `u_product` of step t is the product of these over 1..=t.
    pub fn nadam_momentum(beta_1: f64, t: u64) -> f64 {
        beta_1 * (1.0 - 0.5 * 0.96f64.powf(t as f64))
    }
}

/// The new weight of one element, from the decayed weight, the gradient and the slots, which it updates.
pub(super) trait Formula<T, const N: usize>: Copy + Sync {
    fn at(self, w: T, g: T, s: &mut [T; N]) -> T;
}

/// Declares formulas: constants in braces, then the body.
macro_rules! formula {
    ($($name:ident<$n:literal> { $($field:ident),* } |$this:ident, $w:ident, $g:ident, $s:ident| $body:expr)*) => {$(
        #[derive(Clone, Copy)]
        pub(super) struct $name<T> { $(pub(super) $field: T),* }
        impl<T: Float> Formula<T, $n> for $name<T> {
            #[inline(always)]
            fn at(self, $w: T, $g: T, $s: &mut [T; $n]) -> T {
                let $this = self;
                $body
            }
        }
    )*};
}

formula! {
    Plain<0> { lr } |k, w, g, _s| w - g * k.lr
    Momentum<1> { lr, momentum } |k, w, g, s| {
        s[0] = s[0] * k.momentum - g * k.lr;
        w + s[0]
    }
    Nesterov<1> { lr, momentum } |k, w, g, s| {
        s[0] = s[0] * k.momentum - g * k.lr;
        w + (s[0] * k.momentum - g * k.lr)
    }
    Adam<2> { alpha, a, b, epsilon } |k, w, g, s| {
        s[0] = s[0] + (g - s[0]) * k.a;
        s[1] = s[1] + (g * g - s[1]) * k.b;
        w - s[0] * k.alpha / (s[1].sqrt() + k.epsilon)
    }
    Amsgrad<3> { alpha, a, b, epsilon } |k, w, g, s| {
        s[0] = s[0] + (g - s[0]) * k.a;
        s[1] = s[1] + (g * g - s[1]) * k.b;
        s[2] = s[2].max_nan(s[1]);
        w - s[0] * k.alpha / (s[2].sqrt() + k.epsilon)
    }
    Nadam<2> { lr, a, b, cm, dm, cg, dg, c2, epsilon } |k, w, g, s| {
        s[0] = s[0] + (g - s[0]) * k.a;
        s[1] = s[1] + (g * g - s[1]) * k.b;
        let m = k.cm * s[0] / k.dm + k.cg * g / k.dg;
        w - m * k.lr / ((s[1] / k.c2).sqrt() + k.epsilon)
    }
    Rms<1> { lr, rho, rest, epsilon } |k, w, g, s| {
        s[0] = k.rho * s[0] + k.rest * (g * g);
        w - k.lr * g / (s[0] + k.epsilon).sqrt()
    }
    RmsMomentum<2> { lr, rho, rest, epsilon, momentum } |k, w, g, s| {
        s[0] = k.rho * s[0] + k.rest * (g * g);
        s[1] = k.momentum * s[1] + k.lr * g / (s[0] + k.epsilon).sqrt();
        w - s[1]
    }
    RmsCentered<2> { lr, rho, rest, epsilon } |k, w, g, s| {
        s[0] = k.rho * s[0] + k.rest * (g * g);
        s[1] = k.rho * s[1] + k.rest * g;
        w - k.lr * g / (s[0] - s[1] * s[1] + k.epsilon).sqrt()
    }
    RmsBoth<3> { lr, rho, rest, epsilon, momentum } |k, w, g, s| {
        s[0] = k.rho * s[0] + k.rest * (g * g);
        s[2] = k.rho * s[2] + k.rest * g;
        s[1] = k.momentum * s[1] + k.lr * g / (s[0] - s[2] * s[2] + k.epsilon).sqrt();
        w - s[1]
    }
    Adagrad<1> { lr, epsilon } |k, w, g, s| {
        s[0] = s[0] + g * g;
        w - k.lr * g / (s[0] + k.epsilon).sqrt()
    }
    Adadelta<2> { lr, rho, rest, epsilon } |k, w, g, s| {
        s[0] = k.rho * s[0] + k.rest * (g * g);
        let delta = -((s[1] + k.epsilon).sqrt() * g / (s[0] + k.epsilon).sqrt());
        s[1] = k.rho * s[1] + k.rest * (delta * delta);
        w + k.lr * delta
    }
    Adamax<2> { lr, a, beta_2, c1, epsilon } |k, w, g, s| {
        s[0] = s[0] + (g - s[0]) * k.a;
        s[1] = (k.beta_2 * s[1]).max_nan(g.abs());
        w - k.lr * s[0] / (k.c1 * (s[1] + k.epsilon))
    }
    Ftrl<2> { lr, power, l1, l2, shrinkage } |k, w, g, s| {
        let accumulator = s[0] + g * g;
        let (new, old) = if k.power == T::lit(0.5) {
            (accumulator.sqrt(), s[0].sqrt())
        } else {
            (accumulator.pow(k.power), s[0].pow(k.power))
        };
        s[1] = s[1] + (g + k.shrinkage * w - (new - old) / k.lr * w);
        s[0] = accumulator;
        let clipped = select(s[1] > k.l1, k.l1, select(s[1] < -k.l1, -k.l1, s[1]));
        (clipped - s[1]) / (new / k.lr + k.l2)
    }
    Lion<1> { lr, b1, a1, b2, a2 } |k, w, g, s| {
        let v = s[0] * k.b1 + g * k.a1;
        s[0] = s[0] * k.b2 + g * k.a2;
        w - k.lr * select(v > T::ZERO, T::ONE, select(v < T::ZERO, -T::ONE, v))
    }
    Lamb<2> { a, b, c1, c2, epsilon } |k, _w, g, s| {
        s[0] = s[0] + (g - s[0]) * k.a;
        s[1] = s[1] + (g * g - s[1]) * k.b;
        s[0] / k.c1 / ((s[1] / k.c2).sqrt() + k.epsilon)
    }
}

/// The first N slots.
fn take<'a, T, const N: usize>(slots: &'a mut [&mut [T]]) -> [&'a mut [T]; N] {
    let mut slots = slots.iter_mut();
    std::array::from_fn(|_| &mut **slots.next().expect("the number of slots was checked"))
}

/// Constants are rounded to T where Keras casts them, then used in T.
pub(super) fn dispatch<T: Float + Number>(
    rule: &Rule,
    step: &Step,
    w: &mut [T],
    g: &[T],
    slots: &mut [&mut [T]],
) {
    let lr = T::lit(step.learning_rate);
    let one = T::ONE;
    let local = T::lit((step.iterations + 1) as f64);
    let power = |beta: f64| T::lit(beta).pow(local);
    match *rule {
        Rule::Sgd { momentum: 0.0, .. } => run(Plain { lr }, step, w, g, []),
        Rule::Sgd { momentum, nesterov } => {
            let momentum = T::lit(momentum);
            match nesterov {
                true => run(Nesterov { lr, momentum }, step, w, g, take(slots)),
                false => run(Momentum { lr, momentum }, step, w, g, take(slots)),
            }
        }
        Rule::Adam { beta_1, beta_2, epsilon, amsgrad } => {
            let alpha = lr * (one - power(beta_2)).sqrt() / (one - power(beta_1));
            let (a, b, epsilon) = (T::lit(1.0 - beta_1), T::lit(1.0 - beta_2), T::lit(epsilon));
            match amsgrad {
                true => run(Amsgrad { alpha, a, b, epsilon }, step, w, g, take(slots)),
                false => run(Adam { alpha, a, b, epsilon }, step, w, g, take(slots)),
            }
        }
        Rule::Nadam { beta_1, beta_2, epsilon, u_product } => {
            let (b1, b2, product) = (T::lit(beta_1), T::lit(beta_2), T::lit(u_product));
            let momentum = |t: T| b1 * (one - T::lit(0.5) * T::lit(0.96).pow(t));
            let (now, next) = (momentum(local), momentum(local + one));
            let f = Nadam {
                lr,
                a: one - b1,
                b: one - b2,
                cm: next,
                dm: one - product * next,
                cg: one - now,
                dg: one - product,
                c2: one - b2.pow(local),
                epsilon: T::lit(epsilon),
            };
            run(f, step, w, g, take(slots));
        }
        Rule::RmsProp { rho, momentum, epsilon, centered } => {
            let (rest, rho, epsilon) = (T::lit(1.0 - rho), T::lit(rho), T::lit(epsilon));
            let m = T::lit(momentum);
            match (momentum > 0.0, centered) {
                (false, false) => run(Rms { lr, rho, rest, epsilon }, step, w, g, take(slots)),
                (false, true) => run(RmsCentered { lr, rho, rest, epsilon }, step, w, g, take(slots)),
                (true, false) => {
                    run(RmsMomentum { lr, rho, rest, epsilon, momentum: m }, step, w, g, take(slots))
                }
                (true, true) => run(RmsBoth { lr, rho, rest, epsilon, momentum: m }, step, w, g, take(slots)),
            }
        }
        Rule::Adagrad { epsilon, .. } => {
            run(Adagrad { lr, epsilon: T::lit(epsilon) }, step, w, g, take(slots))
        }
        Rule::Adadelta { rho, epsilon } => {
            let f = Adadelta { lr, rho: T::lit(rho), rest: T::lit(1.0 - rho), epsilon: T::lit(epsilon) };
            run(f, step, w, g, take(slots));
        }
        Rule::Adamax { beta_1, beta_2, epsilon } => {
            let (a, c1) = (T::lit(1.0 - beta_1), one - power(beta_1));
            let f = Adamax { lr, a, beta_2: T::lit(beta_2), c1, epsilon: T::lit(epsilon) };
            run(f, step, w, g, take(slots));
        }
        Rule::Ftrl { learning_rate_power, l1, l2, l2_shrinkage, beta, .. } => {
            let l2 = T::lit(l2) + T::lit(beta) / (T::lit(2.0) * lr);
            let f = Ftrl {
                lr,
                power: T::lit(-learning_rate_power),
                l1: T::lit(l1),
                l2: T::lit(2.0) * l2,
                shrinkage: T::lit(2.0 * l2_shrinkage),
            };
            run(f, step, w, g, take(slots));
        }
        Rule::Lion { beta_1, beta_2 } => {
            let (b1, b2) = (T::lit(beta_1), T::lit(beta_2));
            run(Lion { lr, b1, a1: one - b1, b2, a2: one - b2 }, step, w, g, take(slots));
        }
        Rule::Lamb { beta_1, beta_2, epsilon } => {
            super::lamb([beta_1, beta_2, epsilon], step, w, g, take(slots))
        }
    }
}
