//! The variables that an optimizer keeps beside the model's.

use gradus_autograd::Variable;
use gradus_tensor::{Result, Spec, Tensor};

/// Slots in Keras's order, and the way to find those of a variable.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    prefix: String,
    ordered: Vec<Variable>,
    of: Vec<Vec<Variable>>,
    shared: Vec<Variable>,
}

impl Slots {
    pub(crate) fn new(optimizer: &str, vars: usize) -> Slots {
        Slots { prefix: optimizer.to_string(), of: vec![Vec::new(); vars], ..Slots::default() }
    }

    /// One slot per name for every variable, of its dtype and shape; Keras interleaves the names.
    pub fn group(&mut self, vars: &[Variable], names: &[(&str, f64)]) -> Result<()> {
        for (i, var) in vars.iter().enumerate() {
            for (name, initial) in names {
                let name = format!("{}_{name}", var.name().replace('/', "_"));
                self.slot(i, &name, var.spec().clone(), *initial)?;
            }
        }
        Ok(())
    }

    /// One slot of any shape for variable `i`, under its full name.
    pub fn slot(&mut self, i: usize, name: &str, spec: Spec, initial: f64) -> Result<()> {
        let value = Tensor::full(spec.shape, initial, spec.dtype)?;
        let slot = self.add(name, value);
        self.of[i].push(slot);
        Ok(())
    }

    /// A slot that belongs to no single variable.
    pub fn shared(&mut self, name: &str, value: Tensor) {
        let slot = self.add(name, value);
        self.shared.push(slot);
    }

    /// A variable in the order of declaration that no rule looks up.
    pub(crate) fn add(&mut self, name: &str, value: Tensor) -> Variable {
        let v = Variable::named(format!("{}/{name}", self.prefix), value).trainable(false);
        self.ordered.push(v.clone());
        v
    }

    /// The slots of variable `i`, in the order of declaration.
    pub fn of(&self, i: usize) -> &[Variable] {
        &self.of[i]
    }

    /// The slots that all variables share.
    pub fn all_shared(&self) -> &[Variable] {
        &self.shared
    }

    /// Every slot, in Keras's order.
    pub fn ordered(&self) -> &[Variable] {
        &self.ordered
    }
}
