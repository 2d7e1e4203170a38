//! The backward pass: from the gradients of the targets to those of the sources, entry by entry.

use super::log::{Entry, Log, differentiable};
use super::slots::NONE;
use crate::Source;
use gradus_tensor::backward::{Backward, accumulate};
use gradus_tensor::{Error, Result, Tensor};

/// Inputs and outputs that most operations have at most.
const FEW: usize = 4;

/// A target, and the gradient that reaches it from above; `None` stands for ones.
pub(crate) type Target = (Tensor, Option<Tensor>);

/// What the backward pass knows of a slot.
#[derive(Clone, Default)]
struct Place {
    gradient: Option<Tensor>,
    /// A source reaches this slot: other gradients are not worth computing.
    wanted: bool,
    /// This slot is a source's own; its gradient survives the walk.
    source: bool,
}

/// The state of a backward pass towards certain sources.
pub(crate) struct Walk {
    places: Vec<Place>,
}

impl Walk {
    /// A pass towards `sources`. Errors for a source of an integer dtype.
    pub fn towards(log: &Log, sources: &[Source]) -> Result<Walk> {
        let mut places = vec![Place::default(); log.count as usize];
        for (i, s) in sources.iter().enumerate() {
            if !differentiable(s.spec().dtype) {
                return Err(Error::dtype(format!(
                    "gradient: source {i} is {s}; gradients exist for floats only"
                )));
            }
            for slot in log.slots_of(s) {
                let place = &mut places[slot as usize];
                (place.wanted, place.source) = (true, true);
            }
        }
        for e in &log.entries {
            if e.x_slots.iter().any(|&s| s != NONE && places[s as usize].wanted) {
                let first = e.y_slot as usize;
                places[first..first + e.y.len()].iter_mut().for_each(|p| p.wanted = true);
            }
        }
        Ok(Walk { places })
    }

    /// Puts the gradients of the targets in their places.
    ///
    /// Errors for a target of an integer dtype, and for a gradient from above that is not like its target.
    pub fn start(&mut self, log: &Log, targets: &[Target]) -> Result<()> {
        for (i, (t, upstream)) in targets.iter().enumerate() {
            if !differentiable(t.dtype()) {
                return Err(Error::dtype(format!(
                    "gradient: target {i} is a tensor {}; gradients exist for floats only",
                    t.spec()
                )));
            }
            if let Some(g) = upstream.as_ref().filter(|g| g.spec() != t.spec()) {
                return Err(Error::shape(format!(
                    "gradient: the upstream gradient of target {i} is {}, the target {}",
                    g.spec(),
                    t.spec()
                )));
            }
            if let Some(slot) = log.slot(t).filter(|&s| self.places[s as usize].wanted) {
                let g = match upstream {
                    Some(g) => g.clone(),
                    None => t.ones_like()?,
                };
                self.add(slot, g)?;
            }
        }
        Ok(())
    }

    /// True when some source reaches the tensor.
    pub fn reaches(&self, log: &Log, t: &Tensor) -> bool {
        log.slot(t).is_some_and(|s| self.places[s as usize].wanted)
    }

    fn add(&mut self, slot: u32, g: Tensor) -> Result<()> {
        let place = &mut self.places[slot as usize].gradient;
        *place = Some(match place.take() {
            None => g,
            Some(have) => accumulate(have, &g)?,
        });
        Ok(())
    }

    /// Takes the gradients of an entry's outputs to its inputs.
    pub fn step(&mut self, e: &Entry) -> Result<()> {
        let first = e.y_slot as usize;
        let outputs = &mut self.places[first..first + e.y.len()];
        if outputs.iter().all(|p| p.gradient.is_none()) {
            return Ok(());
        }
        // On the stack for the usual few: these lists are made for every entry.
        let mut few = [const { None }; FEW];
        let mut many = Vec::new();
        let dy: &mut [Option<Tensor>] = match e.y.len() {
            n @ ..=FEW => &mut few[..n],
            n => {
                many.resize(n, None);
                &mut many
            }
        };
        for (dy, p) in dy.iter_mut().zip(outputs) {
            *dy = if p.source { p.gradient.clone() } else { p.gradient.take() };
        }
        let (mut few, mut many) = ([false; FEW], Vec::new());
        let needs: &mut [bool] = match e.x_slots.len() {
            n @ ..=FEW => &mut few[..n],
            n => {
                many.resize(n, false);
                &mut many
            }
        };
        for (need, &s) in needs.iter_mut().zip(&e.x_slots) {
            *need = s != NONE && self.places[s as usize].wanted;
        }
        if !needs.contains(&true) {
            return Ok(());
        }
        let mut cx = Backward::new(e.op.name(), &e.x, &e.y, dy, needs);
        e.op.vjp(&mut cx)?;
        let dx = cx.finish();
        // Freed before sums are made: a gradient that was handed through may be added to in place.
        dy.fill(None);
        for (slot, g) in e.x_slots.iter().zip(dx) {
            if let Some(g) = g {
                self.add(*slot, g)?;
            }
        }
        Ok(())
    }

    /// Hands out the gradients of the sources; afterwards another pass can start.
    pub fn finish(&mut self, log: &Log, sources: &[Source]) -> Result<Vec<Option<Tensor>>> {
        let mut out = Vec::with_capacity(sources.len());
        for s in sources {
            let mut sum: Option<Tensor> = None;
            for slot in log.slots_of(s) {
                // A source that is named twice gets its gradient twice.
                let Some(g) = self.places[slot as usize].gradient.clone() else { continue };
                sum = Some(match sum {
                    None => g,
                    Some(sum) => accumulate(sum, &g)?,
                });
            }
            out.push(sum);
        }
        self.places.iter_mut().for_each(|p| p.gradient = None);
        Ok(out)
    }
}

/// The backward pass over a log that stays.
pub(crate) fn over(log: &Log, targets: &[Target], sources: &[Source]) -> Result<Vec<Option<Tensor>>> {
    let mut walk = Walk::towards(log, sources)?;
    walk.start(log, targets)?;
    log.entries.iter().rev().try_for_each(|e| walk.step(e))?;
    walk.finish(log, sources)
}

/// The backward pass over a log that is used up: every entry is dropped once it has been passed.
pub(crate) fn through(mut log: Log, targets: &[Target], sources: &[Source]) -> Result<Vec<Option<Tensor>>> {
    let mut walk = Walk::towards(&log, sources)?;
    walk.start(&log, targets)?;
    while let Some(e) = log.entries.last() {
        walk.step(e)?;
        // In its place: entries are too large to be moved for nothing.
        log.entries.truncate(log.entries.len() - 1);
    }
    log.leave_room();
    walk.finish(&log, sources)
}
