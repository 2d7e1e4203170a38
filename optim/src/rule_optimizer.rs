//! The part that all optimizers share, around the rule that makes them differ.

use crate::clip::{clip, mapped};
use crate::options::{Excluded, Options};
use crate::rule::{Clock, Rule, Step};
use crate::state::Slots;
use crate::{LearningRate, Optimizer};
use crate::{average, schedules::Schedule};
use gradus_autograd::{Variable, stop_recording};
use gradus_tensor::{DType, Error, Result, Tensor, recorder};
use serde_json::{Map, Value};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// An optimizer made of a [`Rule`] and the options that Keras gives every optimizer.
///
/// [`Adam`](crate::Adam) and the others are this type with their rules filled in. The order of a step is
/// Keras's: loss scale, accumulation, clipping, weight decay, update, moving average.
#[derive(Debug)]
pub struct RuleOptimizer<R> {
    pub(crate) rule: R,
    options: Options,
    excluded: Excluded,
    name: String,
    iteration: Variable,
    rate: Rate,
    built: Option<Built>,
}

#[derive(Debug)]
enum Rate {
    Variable(Variable),
    Schedule(Arc<dyn Schedule>),
}

#[derive(Debug)]
struct Built {
    vars: Vec<Variable>,
    index: HashMap<u64, usize>,
    decays: Vec<bool>,
    averages: Vec<Variable>,
    accumulators: Vec<Variable>,
    slots: Slots,
}

impl<R: Rule> RuleOptimizer<R> {
    /// An optimizer with that rule and no options set.
    pub fn with_rule(rule: R, learning_rate: impl Into<LearningRate>) -> Self {
        let mut o = RuleOptimizer {
            rule,
            options: Options::default(),
            excluded: Excluded::default(),
            name: String::new(),
            iteration: Variable::new(Tensor::scalar(0i64)).trainable(false),
            rate: Rate::Variable(Variable::new(Tensor::scalar(0.0f32)).trainable(false)),
            built: None,
        };
        match learning_rate.into() {
            LearningRate::Constant(r) => {
                o.rate = Rate::Variable(Variable::new(Tensor::scalar(r as f32)).trainable(false));
            }
            LearningRate::Schedule(s) => o.rate = Rate::Schedule(s),
        }
        o.named(R::NAME)
    }

    /// The optimizer of a Keras configuration.
    pub fn from_config(config: &Value) -> Result<Self> {
        let misfit =
            |e: serde_json::Error| Error::value(format!("{}: its configuration does not fit: {e}", R::CLASS));
        let rule: R = serde_json::from_value(config.clone()).map_err(misfit)?;
        let rate = match &config["learning_rate"] {
            Value::Null => {
                return Err(Error::value(format!("{}: its configuration has no learning_rate", R::CLASS)));
            }
            rate => LearningRate::from_config(rate)?,
        };
        let mut o = Self::with_rule(rule, rate);
        o.options = serde_json::from_value(config.clone()).map_err(misfit)?;
        if let Some(name) = config["name"].as_str() {
            o = o.named(name);
        }
        o.options.check()?;
        o.rule.check()?;
        Ok(o)
    }

    /// The name of this optimizer; the class name in snake case by default.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self.iteration.set_name(format!("{}/iteration", self.name));
        if let Rate::Variable(v) = &self.rate {
            v.set_name(format!("{}/learning_rate", self.name));
        }
        self
    }

    /// Decoupled weight decay: `w -= w * weight_decay * learning_rate` before each update.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.options.weight_decay = Some(decay);
        self
    }

    /// Leaves these variables, and those whose names contain one of `names`, out of weight decay.
    #[must_use]
    pub fn exclude_from_weight_decay(mut self, vars: &[Variable], names: &[&str]) -> Self {
        self.excluded.ids.extend(vars.iter().map(Variable::id));
        self.excluded.names.extend(names.iter().map(|n| n.to_string()));
        self
    }

    /// Largest L2 norm of one variable's gradient.
    #[must_use]
    pub fn clipnorm(mut self, norm: f64) -> Self {
        self.options.clipnorm = Some(norm);
        self
    }

    /// Largest absolute value of a gradient's elements.
    #[must_use]
    pub fn clipvalue(mut self, value: f64) -> Self {
        self.options.clipvalue = Some(value);
        self
    }

    /// Largest L2 norm of all gradients together.
    #[must_use]
    pub fn global_clipnorm(mut self, norm: f64) -> Self {
        self.options.global_clipnorm = Some(norm);
        self
    }

    /// Keeps a moving average of the weights: `average = momentum * average + (1 - momentum) * w`.
    #[must_use]
    pub fn use_ema(mut self, momentum: f64) -> Self {
        self.options.use_ema = true;
        self.options.ema_momentum = momentum;
        self
    }

    /// Overwrites the weights with their averages every `steps` steps.
    #[must_use]
    pub fn ema_overwrite_frequency(mut self, steps: i64) -> Self {
        self.options.ema_overwrite_frequency = Some(steps);
        self
    }

    /// What the loss was multiplied with; gradients are divided by it.
    #[must_use]
    pub fn loss_scale_factor(mut self, factor: f64) -> Self {
        self.options.loss_scale_factor = Some(factor);
        self
    }

    /// Updates every `steps` steps, with the mean of the gradients since.
    #[must_use]
    pub fn gradient_accumulation_steps(mut self, steps: i64) -> Self {
        self.options.gradient_accumulation_steps = Some(steps);
        self
    }

    /// The options set so far.
    pub fn options(&self) -> &Options {
        &self.options
    }

    fn built(&self) -> Result<&Built> {
        self.built.as_ref().ok_or_else(|| Error::value(format!("{}: not built yet", self.name)))
    }

    /// The moment of this step, as numbers or as what stands for them in a trace.
    fn clock(&self, tracing: bool) -> Result<Clock> {
        if !tracing {
            let taken = self.iteration.peek().item::<i64>()?;
            let rate = match &self.rate {
                Rate::Variable(v) => v.peek().item::<f32>()?,
                Rate::Schedule(s) => s.at(taken)?,
            };
            return Ok(Clock::Now {
                rate,
                taken: taken / self.options.gradient_accumulation_steps.unwrap_or(1),
            });
        }
        let taken = self.iteration.value();
        let rate = match &self.rate {
            Rate::Variable(v) => v.value(),
            Rate::Schedule(s) => s.rate(&taken.cast(DType::F32)?)?,
        };
        let taken = match self.options.gradient_accumulation_steps {
            Some(n) => taken.floor_div(&taken.like(n)?)?,
            None => taken,
        };
        Ok(Clock::Traced { rate, taken })
    }

    fn step(&mut self, grads: &[Tensor], vars: &[Variable]) -> Result<()> {
        self.build(vars)?;
        let built = self.built()?;
        let places = places(&self.name, built, grads, vars)?;
        let tracing = recorder::tracing();
        let clock = self.clock(tracing)?;
        let step = Step::new(clock, self.options.weight_decay, matches!(self.rate, Rate::Schedule(_)));
        let mut scaled: SmallVec<[Tensor; 8]>;
        let mut grads = grads;
        if self.options.loss_scale_factor.is_some()
            || grads.iter().zip(vars).any(|(g, v)| g.dtype() != v.dtype())
        {
            scaled = SmallVec::with_capacity(grads.len());
            for (g, v) in grads.iter().zip(vars) {
                let g = match self.options.loss_scale_factor {
                    Some(f) => mapped(g, |g| g.div(&g.like(f)?))?,
                    None => g.clone(),
                };
                scaled.push(mapped(&g, |g| g.cast(v.dtype()))?);
            }
            grads = &scaled;
        }
        match self.options.gradient_accumulation_steps {
            None => self.update(built, &step, &places, grads, vars)?,
            Some(n) => self.accumulate(built, &step, &places, grads, vars, n, tracing)?,
        }
        if self.options.use_ema {
            average::follow(&self.options, &step, &built.vars, &built.averages)?;
        }
        if tracing {
            self.iteration.assign_add(&Tensor::scalar(1i64))
        } else {
            self.iteration.update(|i| {
                i.as_mut::<i64>()[0] += 1;
                Ok(())
            })
        }
    }

    fn update(
        &self,
        built: &Built,
        step: &Step,
        places: &[usize],
        grads: &[Tensor],
        vars: &[Variable],
    ) -> Result<()> {
        let o = &self.options;
        let mut clipped: SmallVec<[Tensor; 8]>;
        let mut grads = grads;
        if o.clipnorm.is_some() || o.global_clipnorm.is_some() || o.clipvalue.is_some() {
            clipped = grads.iter().cloned().collect();
            clip(o, &mut clipped)?;
            grads = &clipped;
        }
        self.rule.begin(step, &built.slots)?;
        let plain = step.decaying(false);
        for ((g, v), &i) in grads.iter().zip(vars).zip(places) {
            let step = if built.decays[i] { step } else { &plain };
            self.rule.update(step, i, v, g, &built.slots).map_err(|e| e.within(self.name.clone()))?;
        }
        Ok(())
    }

    /// Adds the gradients up, and updates with their mean every `n` steps.
    fn accumulate(
        &self,
        built: &Built,
        step: &Step,
        places: &[usize],
        grads: &[Tensor],
        vars: &[Variable],
        n: i64,
        tracing: bool,
    ) -> Result<()> {
        let sums: Vec<Tensor> = grads
            .iter()
            .zip(places)
            .map(|(g, &i)| g.add(&built.accumulators[i].value()))
            .collect::<Result<_>>()?;
        let keep = |sums: &[Tensor]| -> Result<()> {
            places.iter().zip(sums).try_for_each(|(&i, s)| built.accumulators[i].assign(s))
        };
        let apply = || -> Result<()> {
            let means: Vec<Tensor> = sums.iter().map(|s| s.div(&s.like(n)?)).collect::<Result<_>>()?;
            self.update(built, step, places, &means, vars)?;
            built.accumulators.iter().try_for_each(|a| a.assign(&a.value().zeros_like()?))
        };
        if !tracing {
            let taken = self.iteration.peek().item::<i64>()?;
            return if (taken + 1) % n == 0 { apply() } else { keep(&sums) };
        }
        // A trace has no branch here: it does both and keeps one.
        let taken = self.iteration.value();
        let due = taken.add(&taken.like(1)?)?.floor_mod(&taken.like(n)?)?.equal(&taken.like(0)?)?;
        keep(&sums)?;
        let touched: Vec<&Variable> =
            vars.iter().chain(&built.accumulators).chain(built.slots.ordered()).collect();
        let before: Vec<Tensor> = touched.iter().map(|v| v.value()).collect();
        apply()?;
        touched.iter().zip(&before).try_for_each(|(v, old)| v.assign(&due.select(&v.value(), old)?))
    }
}

/// Where each variable stands among those the optimizer was built with, after checking the gradients.
fn places(name: &str, built: &Built, grads: &[Tensor], vars: &[Variable]) -> Result<SmallVec<[usize; 8]>> {
    if grads.len() != vars.len() {
        return Err(Error::value(format!("{name}: {} gradients for {} variables", grads.len(), vars.len())));
    }
    let mut places = SmallVec::with_capacity(vars.len());
    for (i, (g, v)) in grads.iter().zip(vars).enumerate() {
        if g.shape() != v.shape() {
            return Err(Error::shape(format!(
                "{name}: the gradient of variable {:?} has shape {}, the variable {}",
                v.name(),
                g.shape(),
                v.shape()
            )));
        }
        if !g.dtype().is_float() || !v.dtype().is_float() {
            return Err(Error::dtype(format!(
                "{name}: variable {:?} is {}, its gradient {}; both must be floats",
                v.name(),
                v.dtype(),
                g.dtype()
            )));
        }
        let place = match built.vars.get(i) {
            Some(known) if known.id() == v.id() => i,
            _ => *built.index.get(&v.id()).ok_or_else(|| {
                Error::value(format!(
                    "{name}: unknown variable {:?}; an optimizer serves only the variables it was built with, \
                     make a new one for others",
                    v.name()
                ))
            })?,
        };
        places.push(place);
    }
    Ok(places)
}

impl<R: Rule> Optimizer for RuleOptimizer<R> {
    fn class_name(&self) -> &str {
        R::CLASS
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn build(&mut self, vars: &[Variable]) -> Result<()> {
        if self.built.is_some() {
            return Ok(());
        }
        self.options.check()?;
        self.rule.check()?;
        // Slots start as constants even when the first step is being traced.
        let built = recorder::suspended(|| -> Result<Built> {
            let mut slots = Slots::new(&self.name, vars.len());
            let mut per_variable = |wanted: bool, name: &str| -> Result<Vec<Variable>> {
                let vars = if wanted { vars } else { &[] };
                vars.iter()
                    .map(|v| {
                        let zeros = Tensor::zeros(v.shape().clone(), v.dtype())?;
                        Ok(slots.add(&format!("{}_{name}", v.name().replace('/', "_")), zeros))
                    })
                    .collect()
            };
            let averages = per_variable(self.options.use_ema, "average")?;
            let accumulators =
                per_variable(self.options.gradient_accumulation_steps.is_some(), "gradient_accumulator")?;
            self.rule.build(vars, &mut slots)?;
            Ok(Built {
                index: vars.iter().enumerate().map(|(i, v)| (v.id(), i)).collect(),
                decays: vars.iter().map(|v| !self.excluded.contains(v)).collect(),
                vars: vars.to_vec(),
                averages,
                accumulators,
                slots,
            })
        })?;
        self.built = Some(built);
        Ok(())
    }

    fn apply_gradients(&mut self, grads: &[Tensor], vars: &[Variable]) -> Result<()> {
        if grads.is_empty() && vars.is_empty() {
            return Ok(());
        }
        stop_recording(|| self.step(grads, vars))
    }

    fn variables(&self) -> Vec<Variable> {
        let mut all = vec![self.iteration.clone()];
        if let Rate::Variable(v) = &self.rate {
            all.push(v.clone());
        }
        if let Some(b) = &self.built {
            all.extend_from_slice(b.slots.ordered());
        }
        all
    }

    fn iterations(&self) -> &Variable {
        &self.iteration
    }

    fn learning_rate(&self) -> Result<f32> {
        match &self.rate {
            Rate::Variable(v) => v.peek().item::<f32>(),
            Rate::Schedule(s) => s.at(self.iteration.peek().item::<i64>()?),
        }
    }

    fn set_learning_rate(&mut self, rate: LearningRate) -> Result<()> {
        match (rate, &self.rate) {
            (LearningRate::Schedule(s), _) => {
                self.rate = Rate::Schedule(s);
                Ok(())
            }
            (LearningRate::Constant(r), Rate::Variable(v)) => v.assign(&Tensor::scalar(r as f32)),
            (LearningRate::Constant(_), Rate::Schedule(s)) => Err(Error::value(format!(
                "{}: a schedule rules the learning rate, so it cannot be set: {s:?}",
                self.name
            ))),
        }
    }

    fn scale_loss(&self, loss: &Tensor) -> Result<Tensor> {
        match self.options.loss_scale_factor {
            Some(f) => loss.mul(&loss.like(f)?),
            None => Ok(loss.clone()),
        }
    }

    fn finalize_variable_values(&mut self, vars: &[Variable]) -> Result<()> {
        let Some(built) = self.built.as_ref().filter(|b| !b.averages.is_empty()) else { return Ok(()) };
        if vars.len() != built.averages.len() {
            return Err(Error::value(format!(
                "{}: {} variables to overwrite, {} averages kept",
                self.name,
                vars.len(),
                built.averages.len()
            )));
        }
        stop_recording(|| vars.iter().zip(&built.averages).try_for_each(|(v, a)| v.assign(&a.value())))
    }

    fn config(&self) -> Value {
        let rate = match &self.rate {
            Rate::Variable(v) => {
                recorder::suspended(|| v.peek().item::<f32>()).map_or(Value::Null, |r| f64::from(r).into())
            }
            Rate::Schedule(s) => LearningRate::Schedule(s.clone()).config(),
        };
        let mut all = Map::new();
        all.insert("name".into(), self.name.clone().into());
        all.insert("learning_rate".into(), rate);
        for part in [serde_json::to_value(&self.options), serde_json::to_value(&self.rule)] {
            if let Ok(Value::Object(part)) = part {
                all.extend(part);
            }
        }
        Value::Object(all)
    }
}
