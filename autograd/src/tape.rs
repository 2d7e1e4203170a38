//! Reverse-mode differentiation of what was done, in the order it was done.
//!
//! A tape listens to the operations of its thread and writes down those that depend on something watched.
//! `gradient` walks the list backwards: each entry turns the gradients of its outputs into those of its
//! inputs by the operation's own rule. The tape is consumed, so a second use does not compile; entries are
//! dropped as they are passed, so activations die as soon as the backward pass has used them.
//!
//! Gradient rules are written in operations. The tape has left the stack by then, and outer tapes have not:
//! they record the backward pass, which is all that second derivatives need.

use crate::Variable;
use crate::sources::{Source, Sources};
use gradus_tensor::backward::{Backward, Saved, accumulate};
use gradus_tensor::recorder::{self, Recorder, Role};
use gradus_tensor::{Error, ErrorKind, Op, Result, Tensor};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

/// No slot: the value does not depend on anything watched.
const NONE: u32 = u32::MAX;

/// Ids are already distinct numbers: one multiplication spreads them.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("ids are u64");
    }
    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

type IdMap = HashMap<u64, u32, BuildHasherDefault<IdHasher>>;

struct Entry {
    op: Box<dyn Op>,
    x: SmallVec<[Saved; 2]>,
    y: SmallVec<[Saved; 1]>,
    /// Slot of each input, or `NONE`.
    x_slots: SmallVec<[u32; 2]>,
    /// Slot of the first output; the others follow.
    y_slot: u32,
}

#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    slots: IdMap,
    variables: Vec<(Variable, SmallVec<[u32; 1]>)>,
    count: u32,
}

impl Log {
    fn new_slots(&mut self, n: usize) -> u32 {
        let first = self.count;
        self.count += n as u32;
        first
    }
}

struct Tape {
    log: RefCell<Log>,
    watch_variables: bool,
    paused: Cell<bool>,
}

impl Recorder for Tape {
    fn role(&self) -> Role {
        Role::Tape
    }

    fn record(&self, op: &dyn Op, x: &[&Tensor], y: &[Tensor]) {
        if self.paused.get() {
            return;
        }
        let mut log = self.log.borrow_mut();
        if log.slots.is_empty() {
            return;
        }
        let x_slots: SmallVec<[u32; 2]> =
            x.iter().map(|t| log.slots.get(&t.id()).copied().unwrap_or(NONE)).collect();
        if x_slots.iter().all(|&s| s == NONE) || op.lower() == gradus_tensor::Lower::Stop {
            return;
        }
        let y_slot = log.new_slots(y.len());
        for (i, t) in y.iter().enumerate() {
            if t.dtype().is_float() || t.dtype().is_complex() {
                log.slots.insert(t.id(), y_slot + i as u32);
            }
        }
        let keep = op.keep();
        let save = |keep: bool, t: &Tensor| {
            if keep { Saved::Value(t.clone()) } else { Saved::Spec(t.spec().clone()) }
        };
        log.entries.push(Entry {
            op: op.boxed(),
            x: x.iter().enumerate().map(|(i, t)| save(keep.input(i), t)).collect(),
            y: y.iter().enumerate().map(|(i, t)| save(keep.output(i), t)).collect(),
            x_slots,
            y_slot,
        });
    }

    fn read_variable(&self, variable: &dyn Any, current: &Tensor) -> Option<Tensor> {
        if self.watch_variables && !self.paused.get() {
            if let Some(v) = variable.downcast_ref::<Variable>() {
                if v.is_trainable() {
                    self.watch_variable(v, current);
                }
            }
        }
        None
    }
}

impl Tape {
    fn watch_variable(&self, v: &Variable, current: &Tensor) {
        let mut log = self.log.borrow_mut();
        if log.slots.contains_key(&current.id()) {
            return;
        }
        if !(current.dtype().is_float() || current.dtype().is_complex()) {
            return;
        }
        let slot = log.new_slots(1);
        log.slots.insert(current.id(), slot);
        match log.variables.iter_mut().find(|(w, _)| w.id() == v.id()) {
            Some((_, slots)) => slots.push(slot),
            None => log.variables.push((v.clone(), SmallVec::from_elem(slot, 1))),
        }
    }

    fn watch(&self, t: &Tensor) -> Result<()> {
        if !(t.dtype().is_float() || t.dtype().is_complex()) {
            return Err(Error::dtype(format!("watch: gradients exist for floats only, found {}", t.dtype())));
        }
        let mut log = self.log.borrow_mut();
        if !log.slots.contains_key(&t.id()) {
            let slot = log.new_slots(1);
            log.slots.insert(t.id(), slot);
        }
        Ok(())
    }
}

/// What gradients start from: a tensor whose sum is differentiated, or one with the gradient that reaches it.
///
/// `&y`, `(&y, &dy)`, and arrays and slices of them; several targets add up.
pub trait Upstream {
    /// Each target with the gradient that reaches it; `None` stands for ones.
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)>;
}

impl Upstream for Tensor {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        vec![(self.clone(), None)]
    }
}

impl Upstream for (&Tensor, &Tensor) {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        vec![(self.0.clone(), Some(self.1.clone()))]
    }
}

impl<U: Upstream + ?Sized> Upstream for &U {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        (**self).targets()
    }
}

impl<U: Upstream> Upstream for [U] {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        self.iter().flat_map(Upstream::targets).collect()
    }
}

impl<U: Upstream, const N: usize> Upstream for [U; N] {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        self.as_slice().targets()
    }
}

impl<U: Upstream> Upstream for Vec<U> {
    fn targets(&self) -> Vec<(Tensor, Option<Tensor>)> {
        self.as_slice().targets()
    }
}

/// A tape that answers once: [`GradientTape::gradient`] consumes it.
///
/// ```compile_fail
/// # use gradus_autograd::{GradientTape, Variable};
/// # use gradus_tensor::Tensor;
/// let w = Variable::new(Tensor::scalar(1.0f32));
/// let tape = GradientTape::new();
/// let y = w.value().square().unwrap();
/// let first = tape.gradient(&y, &w);
/// let second = tape.gradient(&y, &w); // the tape was moved: use `persistent()`
/// ```
#[must_use = "a tape that is dropped records nothing; bind it to a name"]
pub struct GradientTape {
    handle: Handle,
}

/// A tape that answers any number of times and frees its memory when dropped.
#[must_use = "a tape that is dropped records nothing; bind it to a name"]
pub struct PersistentTape {
    handle: Handle,
}

/// The tape's place on the recorder stack, left on drop.
struct Handle {
    tape: Rc<Tape>,
    recorder: Rc<dyn Recorder>,
}

impl Handle {
    fn start(watch_variables: bool) -> Handle {
        let tape = Rc::new(Tape { log: RefCell::default(), watch_variables, paused: Cell::new(false) });
        let recorder: Rc<dyn Recorder> = tape.clone();
        recorder::push(recorder.clone());
        Handle { tape, recorder }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        recorder::remove(&self.recorder);
    }
}

impl Default for GradientTape {
    fn default() -> Self {
        GradientTape::new()
    }
}

impl GradientTape {
    /// Starts recording on this thread. Trainable variables are watched when they are read.
    pub fn new() -> GradientTape {
        GradientTape { handle: Handle::start(true) }
    }

    /// Starts recording, watching only what [`GradientTape::watch`] names.
    pub fn watching_nothing() -> GradientTape {
        GradientTape { handle: Handle::start(false) }
    }

    /// Starts a tape that answers several times.
    pub fn persistent() -> PersistentTape {
        PersistentTape { handle: Handle::start(true) }
    }

    /// Starts a tape that answers several times, watching only what [`PersistentTape::watch`] names.
    pub fn persistent_watching_nothing() -> PersistentTape {
        PersistentTape { handle: Handle::start(false) }
    }

    /// Gradients of the sum of the targets with respect to the sources, in the form of the sources.
    ///
    /// Errors for a source that the targets do not depend on, naming it; see the two variants.
    pub fn gradient<S: Sources>(self, targets: impl Upstream, sources: S) -> Result<S::Form<Tensor>> {
        let found = self.gradient_or_none(targets, sources.list().as_slice())?;
        connected(&sources, found)
    }

    /// As [`GradientTape::gradient`], with `None` for a source that the targets do not depend on.
    pub fn gradient_or_none<S: Sources>(
        self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Option<Tensor>>> {
        let GradientTape { handle } = self;
        let tape = handle.tape.clone();
        drop(handle);
        let log = tape.log.take();
        Ok(sources.form(consume(log, &targets.targets(), &sources.list())?))
    }

    /// As [`GradientTape::gradient`], with zeros for a source that the targets do not depend on.
    pub fn gradient_or_zeros<S: Sources>(
        self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Tensor>> {
        let found = self.gradient_or_none(targets, sources.list().as_slice())?;
        zeros(&sources, found)
    }
}

macro_rules! shared_methods {
    ($t:ident) => {
        impl $t {
            /// Watches a tensor, so that gradients with respect to it exist. Errors for dtypes other than floats.
            pub fn watch(&self, t: &Tensor) -> Result<()> {
                self.handle.tape.watch(t)
            }

            /// Watches a variable that the tape does not watch by itself.
            pub fn watch_variable(&self, v: &Variable) {
                self.handle.tape.watch_variable(v, &v.peek());
            }

            /// The variables seen so far, in order.
            pub fn watched_variables(&self) -> Vec<Variable> {
                self.handle.tape.log.borrow().variables.iter().map(|(v, _)| v.clone()).collect()
            }

            /// Runs `f` unseen by this tape.
            pub fn stop_recording<R>(&self, f: impl FnOnce() -> R) -> R {
                let before = self.handle.tape.paused.replace(true);
                let r = f();
                self.handle.tape.paused.set(before);
                r
            }

            /// Forgets everything recorded and watched, and goes on.
            pub fn reset(&self) {
                self.handle.tape.log.take();
            }
        }
    };
}
shared_methods!(GradientTape);
shared_methods!(PersistentTape);

impl PersistentTape {
    /// As [`GradientTape::gradient`]; the tape stays, and does not record the backward pass itself.
    pub fn gradient<S: Sources>(&self, targets: impl Upstream, sources: S) -> Result<S::Form<Tensor>> {
        let found = self.gradient_or_none(targets, sources.list().as_slice())?;
        connected(&sources, found)
    }

    /// As [`GradientTape::gradient_or_none`].
    pub fn gradient_or_none<S: Sources>(
        &self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Option<Tensor>>> {
        let found = self.stop_recording(|| {
            let log = self.handle.tape.log.borrow();
            let (targets, sources) = (targets.targets(), sources.list());
            let mut walk = Walk::new(&log, &targets, &sources)?;
            for e in log.entries.iter().rev() {
                walk.step(e)?;
            }
            walk.finish(&log, &sources)
        })?;
        Ok(sources.form(found))
    }

    /// As [`GradientTape::gradient_or_zeros`].
    pub fn gradient_or_zeros<S: Sources>(
        &self,
        targets: impl Upstream,
        sources: S,
    ) -> Result<S::Form<Tensor>> {
        let found = self.gradient_or_none(targets, sources.list().as_slice())?;
        zeros(&sources, found)
    }
}

/// Runs `f` unseen by every tape of this thread; traces go on listening.
pub fn stop_recording<R>(f: impl FnOnce() -> R) -> R {
    if !recorder::active() {
        return f();
    }
    recorder::with_only(|r| r.role() != Role::Tape, f)
}

fn describe(s: &Source) -> String {
    match s {
        Source::Tensor(t) => format!("a tensor {}", t.spec()),
        Source::Variable(v) => format!("variable {:?} {}", v.name(), v.spec()),
    }
}

fn connected<S: Sources>(sources: &S, found: Vec<Option<Tensor>>) -> Result<S::Form<Tensor>> {
    let list = sources.list();
    let mut out = Vec::with_capacity(found.len());
    for (i, g) in found.into_iter().enumerate() {
        out.push(g.ok_or_else(|| {
            Error::new(
                ErrorKind::Gradient,
                format!(
                    "gradient: the target does not depend on source {i}, {}; watch it, or ask for none or zeros",
                    describe(&list[i])
                ),
            )
        })?);
    }
    Ok(sources.form(out))
}

fn zeros<S: Sources>(sources: &S, found: Vec<Option<Tensor>>) -> Result<S::Form<Tensor>> {
    let list = sources.list();
    let filled = list.iter().zip(found).map(|(s, g)| match (g, s) {
        (Some(g), _) => Ok(g),
        (None, Source::Tensor(t)) => t.zeros_like(),
        (None, Source::Variable(v)) => Tensor::zeros(v.shape().clone(), v.dtype()),
    });
    Ok(sources.form(filled.collect::<Result<_>>()?))
}

/// The state of one backward pass.
struct Walk {
    grads: Vec<Option<Tensor>>,
    /// Slots that some source reaches; gradients of others are not worth computing.
    wanted: Vec<bool>,
    /// Slots of the sources themselves, whose gradients must survive the walk.
    is_source: Vec<bool>,
}

impl Walk {
    fn new(log: &Log, targets: &[(Tensor, Option<Tensor>)], sources: &[Source]) -> Result<Walk> {
        let n = log.count as usize;
        let mut walk = Walk { grads: vec![None; n], wanted: vec![false; n], is_source: vec![false; n] };
        for s in sources {
            for slot in source_slots(log, s) {
                walk.wanted[slot as usize] = true;
                walk.is_source[slot as usize] = true;
            }
        }
        for e in &log.entries {
            if e.x_slots.iter().any(|&s| s != NONE && walk.wanted[s as usize]) {
                for i in 0..e.y.len() {
                    walk.wanted[e.y_slot as usize + i] = true;
                }
            }
        }
        for (t, upstream) in targets {
            if let Some(g) = upstream {
                if g.spec() != t.spec() {
                    return Err(Error::shape(format!(
                        "gradient: the upstream gradient is {}, the target {}",
                        g.spec(),
                        t.spec()
                    )));
                }
            }
            if !(t.dtype().is_float() || t.dtype().is_complex()) {
                return Err(Error::dtype(format!(
                    "gradient: the target is {}; gradients exist for floats only",
                    t.dtype()
                )));
            }
            if let Some(&slot) = log.slots.get(&t.id()) {
                let g = match upstream {
                    Some(g) => g.clone(),
                    None => t.ones_like()?,
                };
                walk.add(slot, g)?;
            }
        }
        Ok(walk)
    }

    fn add(&mut self, slot: u32, g: Tensor) -> Result<()> {
        let place = &mut self.grads[slot as usize];
        *place = Some(match place.take() {
            None => g,
            Some(have) => accumulate(have, &g)?,
        });
        Ok(())
    }

    fn step(&mut self, e: &Entry) -> Result<()> {
        let first = e.y_slot as usize;
        let outputs = first..first + e.y.len();
        if self.grads[outputs.clone()].iter().all(Option::is_none) {
            return Ok(());
        }
        let needs: SmallVec<[bool; 4]> =
            e.x_slots.iter().map(|&s| s != NONE && self.wanted[s as usize]).collect();
        if !needs.contains(&true) {
            return Ok(());
        }
        let dy: SmallVec<[Option<Tensor>; 1]> = outputs
            .map(|s| if self.is_source[s] { self.grads[s].clone() } else { self.grads[s].take() })
            .collect();
        let mut cx = Backward::new(e.op.name(), &e.x, &e.y, &dy, &needs);
        e.op.vjp(&mut cx)?;
        for (slot, g) in e.x_slots.iter().zip(cx.finish()) {
            if let Some(g) = g {
                self.add(*slot, g)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, log: &Log, sources: &[Source]) -> Result<Vec<Option<Tensor>>> {
        let mut out = Vec::with_capacity(sources.len());
        for s in sources {
            let mut sum: Option<Tensor> = None;
            for slot in source_slots(log, s) {
                // A source that is named twice gets its gradient twice.
                let g = self.grads[slot as usize].clone();
                sum = match (sum, g) {
                    (None, g) => g,
                    (s, None) => s,
                    (Some(s), Some(g)) => Some(accumulate(s, &g)?),
                };
            }
            out.push(sum);
        }
        self.grads.clear();
        Ok(out)
    }
}

fn source_slots(log: &Log, s: &Source) -> SmallVec<[u32; 1]> {
    match s {
        Source::Tensor(t) => log.slots.get(&t.id()).copied().into_iter().collect(),
        Source::Variable(v) => {
            log.variables.iter().find(|(w, _)| w.id() == v.id()).map(|(_, s)| s.clone()).unwrap_or_default()
        }
    }
}

/// The backward pass of a tape that is used up: every entry is dropped once it has been passed.
fn consume(
    mut log: Log,
    targets: &[(Tensor, Option<Tensor>)],
    sources: &[Source],
) -> Result<Vec<Option<Tensor>>> {
    let mut walk = Walk::new(&log, targets, sources)?;
    while let Some(e) = log.entries.pop() {
        walk.step(&e)?;
    }
    walk.finish(&log, sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_tensor::DType;

    fn pair() -> (Variable, Variable) {
        (Variable::new(Tensor::scalar(5.0f64)), Variable::new(Tensor::scalar(3.0f64)))
    }

    fn f(w1: &Tensor, w2: &Tensor) -> Tensor {
        3.0 * w1.square().unwrap() + 2.0 * w1 * w2
    }

    fn item(t: &Tensor) -> f64 {
        t.item::<f64>().unwrap()
    }

    #[test]
    fn a_persistent_tape_answers_twice() {
        let (a, b) = pair();
        let tape = GradientTape::persistent();
        let y = f(&a.value(), &b.value());
        assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 36.0);
        assert_eq!(item(&tape.gradient(&y, &b).unwrap()), 10.0);
    }

    #[test]
    fn constants_have_no_gradient_unless_watched() {
        let (a, b) = (Tensor::scalar(5.0f64), Tensor::scalar(3.0f64));
        let tape = GradientTape::new();
        let y = f(&a, &b);
        assert!(tape.gradient_or_none(&y, [&a, &b]).unwrap().iter().all(Option::is_none));
        let tape = GradientTape::new();
        tape.watch(&a).unwrap();
        tape.watch(&b).unwrap();
        let y = f(&a, &b);
        let [da, db] = tape.gradient(&y, [&a, &b]).unwrap();
        assert_eq!((item(&da), item(&db)), (36.0, 10.0));
    }

    #[test]
    fn stop_gradient_cuts() {
        let (a, b) = pair();
        let tape = GradientTape::new();
        let (x, z) = (a.value(), b.value());
        let y = 3.0 * x.square().unwrap() + (2.0 * &x * &z).stop_gradient().unwrap();
        let [da, db] = tape.gradient_or_none(&y, [&a, &b]).unwrap();
        assert_eq!(item(&da.unwrap()), 30.0);
        assert!(db.is_none());
    }

    #[test]
    fn an_unconnected_source_is_named() {
        let (a, b) = pair();
        let tape = GradientTape::new();
        let y = a.value().square().unwrap();
        let e = tape.gradient(&y, [&a, &b]).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Gradient);
        assert!(e.to_string().contains("source 1, variable \"Variable\""), "{e}");
        let tape = GradientTape::new();
        let y = a.value().square().unwrap();
        let [_, zero] = tape.gradient_or_zeros(&y, [&a, &b]).unwrap();
        assert_eq!(item(&zero), 0.0);
    }

    #[test]
    fn nested_tapes_give_second_derivatives() {
        let x = Variable::new(Tensor::scalar(2.0f64));
        let outer = GradientTape::new();
        let inner = GradientTape::new();
        let y = x.value().square().unwrap().mul(&x.value()).unwrap();
        let d = inner.gradient(&y, &x).unwrap();
        let dd = outer.gradient(&d, &x).unwrap();
        assert_eq!((item(&d), item(&dd)), (12.0, 12.0));
    }

    #[test]
    fn broadcasting_is_undone() {
        let w = Variable::new(Tensor::new([1.0f32, 2.0]).unwrap());
        let x = Tensor::ones([3, 2], DType::F32).unwrap();
        let tape = GradientTape::new();
        let y = &x * &w.value();
        assert_eq!(tape.gradient(&y, &w).unwrap().to_vec::<f32>().unwrap(), [3.0, 3.0]);
    }

    #[test]
    fn a_variable_read_twice_around_an_assignment_adds_up() {
        let w = Variable::new(Tensor::scalar(3.0f64));
        let tape = GradientTape::new();
        let y = w.value().square().unwrap();
        w.assign(&Tensor::scalar(10.0)).unwrap();
        let z = &y + &w.value();
        assert_eq!(item(&tape.gradient(&z, &w).unwrap()), 7.0);
    }

    #[test]
    fn a_dropped_tape_stops_listening() {
        {
            let _tape = GradientTape::new();
            assert!(recorder::active());
        }
        assert!(!recorder::active());
    }
}
