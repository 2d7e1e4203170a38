//! Every gradient rule against finite differences in f64, at points where a wrong rule shows; first and second
//! derivatives.
//!
//! The tables must reach every operation of the registry: those with a rule are checked, those without must say so.
//! Operations are counted by a recorder while the tables run.

mod networks;
mod not_differentiable;
mod operations;

use gradus_autograd::GradCheck;
use gradus_tensor::recorder::{self, Recorder, Role};
use gradus_tensor::{Op, Registry, Result, Tensor};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A function, and how its gradients are checked.
pub struct Case {
    name: String,
    x: Vec<Tensor>,
    f: Box<dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>>,
    check: GradCheck,
}

/// Collects the names of the operations that are carried out.
#[derive(Default)]
struct Names(RefCell<BTreeSet<&'static str>>);

impl Recorder for Names {
    fn role(&self) -> Role {
        Role::Variables
    }
    fn record(&self, op: &dyn Op, _: &[&Tensor], _: &[Tensor]) {
        self.0.borrow_mut().insert(op.name());
    }
}

#[test]
fn every_rule_agrees_with_finite_differences_or_is_refused() {
    let names = Rc::new(Names::default());
    let recorder: Rc<dyn Recorder> = names.clone();
    recorder::push(recorder.clone());
    let cases = operations::cases().into_iter().chain(networks::cases());
    let mut wrong: Vec<String> =
        cases.filter_map(|c| c.check.run(c.f, &c.x).err().map(|e| format!("{}: {e}", c.name))).collect();
    let (refused, list) = not_differentiable::run();
    recorder::remove(&recorder);
    wrong.extend(refused);

    let reached = names.0.borrow();
    let untested = Registry::builtin();
    let untested = untested.names().filter(|n| !reached.contains(n));
    wrong.extend(untested.map(|n| format!("no case reaches {n}")));
    println!("{} operations reached", reached.len());
    println!("without a gradient:\n  {}", list.join("\n  "));
    println!("inside gradients only: {}", not_differentiable::FUSED_GRADIENTS.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
