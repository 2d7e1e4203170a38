//! What makes one optimizer differ from another: its slots and its update.

use crate::arith::{Arith, Formula, Gradient, Number};
use crate::one_pass::{self, Given, Parts};
use crate::state::Slots;
use crate::touched::Touched;
use gradus_autograd::Variable;
use gradus_kernels::optimizer;
use gradus_tensor::{DType, Result, Rows, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;
use std::fmt::Debug;

/// The update rule of an optimizer: a plain record of its hyperparameters.
///
/// Clipping, weight decay, averaging, accumulation and schedules belong to
/// [`RuleOptimizer`](crate::RuleOptimizer), which wraps a rule. A rule whose update is a formula per weight
/// implements [`Elementwise`] instead and gets this trait, with a fused pass in place.
pub trait Rule: Debug + Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Keras's class name, such as `RMSprop`.
    const CLASS: &'static str;
    /// Keras's name of an instance, such as `rmsprop`.
    const NAME: &'static str;

    /// Refuses settings without meaning.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Declares the slots of every variable, in Keras's order.
    fn build(&self, vars: &[Variable], slots: &mut Slots) -> Result<()>;

    /// Runs once per step, before the variables are updated.
    fn begin(&self, step: &Step, slots: &Slots) -> Result<()> {
        let _ = (step, slots);
        Ok(())
    }

    /// Updates variable `i` and its slots.
    fn update(&self, step: &Step, i: usize, var: &Variable, grad: &Tensor, slots: &Slots) -> Result<()>;
}

/// A rule that treats every weight alike and alone.
pub trait Elementwise: Debug + Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Keras's class name.
    const CLASS: &'static str;
    /// Keras's name of an instance.
    const NAME: &'static str;
    /// What is computed once per step rather than once per weight.
    type Coefficients<A: Arith>;

    /// Refuses settings without meaning.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Slots of one value per weight: groups of (name, initial value). Keras interleaves the slots of one group.
    fn slots(&self) -> Vec<Vec<(&'static str, f64)>>;

    /// One-element slots shared by all variables, with their initial values.
    fn shared(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// New values of the shared slots; `t` counts steps from 1.
    fn advance<A: Arith>(&self, t: &A, shared: &mut [A]) {
        let _ = (t, shared);
    }

    /// What the weights of a step have in common; `t` counts steps from 1.
    fn coefficients<A: Arith>(&self, lr: A, t: A, shared: &[A]) -> Self::Coefficients<A>;

    /// True when the rule looks at the gradient's absolute value: rows of a table are taken one by one for it.
    fn magnitudes(&self) -> bool {
        false
    }

    /// True when a weight whose gradient is 0 stays as it is, with its slots.
    ///
    /// Then a step after lookups in a table touches the rows that were looked up and no others.
    fn lazy(&self) -> bool {
        false
    }

    /// The kernel that computes [`Elementwise::step`] with vectors and threads, where there is one.
    fn kernel(&self, shared: &[f64]) -> Option<optimizer::Rule> {
        let _ = shared;
        None
    }

    /// The new weight from gradient and weight; slots are updated in place, group after group.
    fn step<A: Arith>(&self, c: &Self::Coefficients<A>, g: Gradient<A>, w: A, slots: &mut [A]) -> A;
}

/// The moment that a step happens at.
#[derive(Clone, Debug)]
pub struct Step {
    clock: Clock,
    weight_decay: Option<f64>,
    scheduled: bool,
}

/// Learning rate and steps taken before: plain numbers, or what stands for them in a trace.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    Now { rate: f32, taken: i64 },
    Traced { rate: Tensor, taken: Tensor },
}

impl Step {
    pub(crate) fn new(clock: Clock, weight_decay: Option<f64>, scheduled: bool) -> Step {
        Step { clock, weight_decay, scheduled }
    }

    /// The same step with or without weight decay.
    pub(crate) fn decaying(&self, yes: bool) -> Step {
        Step { weight_decay: self.weight_decay.filter(|_| yes), ..self.clone() }
    }

    /// The learning rate as a scalar of that dtype.
    pub fn learning_rate(&self, dtype: DType) -> Result<Tensor> {
        match &self.clock {
            Clock::Now { rate, .. } => Ok(Tensor::scalar_of(dtype, f64::from(*rate))),
            Clock::Traced { rate, .. } => rate.cast(dtype),
        }
    }

    /// The number of this step, from 1 on, as a scalar of that dtype.
    pub fn number(&self, dtype: DType) -> Result<Tensor> {
        match &self.clock {
            Clock::Now { taken, .. } => Ok(Tensor::scalar_of(dtype, (taken + 1) as f64)),
            Clock::Traced { taken, .. } => taken.add(&taken.like(1)?)?.cast(dtype),
        }
    }

    /// True when the learning rate comes from a schedule.
    pub fn is_scheduled(&self) -> bool {
        self.scheduled
    }

    /// Learning rate and number of this step, unless a trace is being recorded.
    pub(crate) fn now(&self) -> Option<(f32, i64)> {
        match self.clock {
            Clock::Now { rate, taken } => Some((rate, taken + 1)),
            Clock::Traced { .. } => None,
        }
    }

    /// The weight decay that holds for the variable at hand.
    pub(crate) fn weight_decay(&self) -> Option<f64> {
        self.weight_decay
    }

    /// The weight after decoupled decay: `w - w * weight_decay * learning_rate`.
    pub fn decayed(&self, w: &Tensor) -> Result<Tensor> {
        match self.weight_decay {
            None => Ok(w.clone()),
            Some(d) => w.sub(&w.mul(&Tensor::scalar_of(w.dtype(), d))?.mul(&self.learning_rate(w.dtype())?)?),
        }
    }
}

impl<E: Elementwise> Rule for E {
    const CLASS: &'static str = <E as Elementwise>::CLASS;
    const NAME: &'static str = <E as Elementwise>::NAME;

    fn check(&self) -> Result<()> {
        Elementwise::check(self)
    }

    fn build(&self, vars: &[Variable], slots: &mut Slots) -> Result<()> {
        for group in self.slots() {
            slots.group(vars, &group)?;
        }
        let dtype = vars.first().map_or(DType::F32, Variable::dtype);
        for (name, initial) in self.shared() {
            slots.shared(name, Tensor::scalar_of(dtype, initial));
        }
        Ok(())
    }

    fn begin(&self, step: &Step, slots: &Slots) -> Result<()> {
        let shared = slots.all_shared();
        let Some(first) = shared.first() else { return Ok(()) };
        let t = Formula::of(&step.number(first.dtype())?);
        let mut values: Vec<Formula> = shared.iter().map(|v| Formula::of(&v.value())).collect();
        self.advance(&t, &mut values);
        shared.iter().zip(values).try_for_each(|(v, new)| v.assign(&new.finish()?))
    }

    fn update(&self, step: &Step, i: usize, var: &Variable, grad: &Tensor, slots: &Slots) -> Result<()> {
        match (step.now(), var.dtype()) {
            (Some(now), DType::F32) => in_place::<E, f32>(self, step, now, i, var, grad, slots),
            (Some(now), DType::F64) => in_place::<E, f64>(self, step, now, i, var, grad, slots),
            _ => by_operations(self, step, i, var, grad, slots),
        }
    }
}

/// The squares of a gradient that is a sum of rows: each row is squared before it is added.
pub(crate) fn squares(grad: &Tensor) -> Result<Option<Tensor>> {
    each_row(grad, Tensor::square)
}

/// The sum of a function of each row, for a gradient that is a sum of rows.
fn each_row(grad: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Option<Tensor>> {
    let Some(rows) = Rows::of(grad) else { return Ok(None) };
    Ok(Some(Rows { values: f(&rows.values)?, indices: rows.indices.clone() }.sum(grad.shape().clone())?))
}

fn in_place<E: Elementwise, T: Number>(
    rule: &E,
    step: &Step,
    (rate, t): (f32, i64),
    i: usize,
    var: &Variable,
    grad: &Tensor,
    slots: &Slots,
) -> Result<()> {
    let shared: SmallVec<[T; 1]> =
        slots.all_shared().iter().map(|v| v.peek().cast(T::DTYPE)?.item::<T>()).collect::<Result<_>>()?;
    let c = rule.coefficients(T::from_f32(rate), T::from_i64(t), &shared);
    let decay = step.weight_decay().map(|d| (T::from_f64(d), T::from_f32(rate)));
    let kernel = rule.kernel(&shared.iter().map(|s| s.to_f64()).collect::<SmallVec<[f64; 1]>>()).map(|k| {
        let weight_decay = step.weight_decay().unwrap_or(0.0);
        let taken = u64::try_from(t - 1).unwrap_or(0);
        (k, optimizer::Step { weight_decay, ..optimizer::Step::new(f64::from(rate), taken) })
    });
    let run = |g| one_pass::run(rule, &c, decay, kernel, g, var, slots.of(i));
    if let Some(rows) = Rows::of(grad).filter(|_| rule.lazy() && decay.is_none()) {
        return run(Given::Rows(&Touched::new(rows)?));
    }
    let squares = squares(grad)?;
    let magnitudes = if rule.magnitudes() { each_row(grad, Tensor::abs)? } else { None };
    run(Given::All(Parts {
        value: grad.view().as_slice::<T>(),
        squares: squares.as_ref().map(|s| s.view().as_slice::<T>()),
        magnitudes: magnitudes.as_ref().map(|m| m.view().as_slice::<T>()),
    }))
}

/// The same step written with recorded operations: inside a trace, and for half precision.
fn by_operations<E: Elementwise>(
    rule: &E,
    step: &Step,
    i: usize,
    var: &Variable,
    grad: &Tensor,
    slots: &Slots,
) -> Result<()> {
    let dtype = var.dtype();
    let shared: Vec<Formula> =
        slots.all_shared().iter().map(|v| Ok(Formula::of(&v.value().cast(dtype)?))).collect::<Result<_>>()?;
    let (lr, t) = (Formula::of(&step.learning_rate(dtype)?), Formula::of(&step.number(dtype)?));
    let c = rule.coefficients(lr, t, &shared);
    let w = step.decayed(&var.value())?;
    let magnitudes = if rule.magnitudes() { each_row(grad, Tensor::abs)? } else { None };
    let gradient = Gradient {
        value: Formula::of(grad),
        squares: squares(grad)?.as_ref().map(Formula::of),
        magnitudes: magnitudes.as_ref().map(Formula::of),
    };
    let mut values: Vec<Formula> = slots.of(i).iter().map(|v| Formula::of(&v.value())).collect();
    let w = rule.step(&c, gradient, Formula::of(&w), &mut values).finish()?;
    for (slot, new) in slots.of(i).iter().zip(values) {
        slot.assign(&new.finish()?)?;
    }
    var.assign(&w)
}
