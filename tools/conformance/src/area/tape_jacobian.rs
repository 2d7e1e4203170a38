//! Programs that ask a tape for jacobians.

use gradus_autograd::GradientTape;
use gradus_tensor::Tensor;

use super::tape::{one, outcome};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    let programs: [(&'static str, fn(&Case) -> Result<Outcome>); 5] = [
        ("tape.jacobian_softmax", |case| jacobian(case, |x| Ok(x.softmax(-1)?))),
        ("tape.jacobian_cumsum", |case| jacobian(case, |x| Ok(x.cumsum(0, false, false)?))),
        ("tape.jacobian_matmul", |case| jacobian(case, |x| Ok(x.matmul_t(x, false, true)?))),
        ("tape.jacobian_square", |case| jacobian(case, |x| Ok(x.square()?))),
        ("tape.batch_jacobian", batch_jacobian),
    ];
    for (name, program) in programs {
        r.run(Area::Gradients, name, program);
    }
}

fn jacobian(case: &Case, f: fn(&Tensor) -> Result<Tensor>) -> Result<Outcome> {
    let x = one(case)?;
    let tape = GradientTape::watching_nothing();
    tape.watch(&x)?;
    let y = f(&x)?;
    let jacobian = tape.jacobian(&y, &x)?;
    outcome(&[y], &[Some(jacobian)])
}

/// Of every row: [x0 x1, sin(x0), x1^2].
fn batch_jacobian(case: &Case) -> Result<Outcome> {
    let x = one(case)?;
    let tape = GradientTape::watching_nothing();
    tape.watch(&x)?;
    let columns = x.unstack(1)?;
    let [a, b] = &columns[..] else {
        return Err(ConformanceError::Case(format!("expected 2 columns, found {}", columns.len())));
    };
    let y = Tensor::stack(&[&a.mul(b)?, &a.sin()?, &b.square()?], 1)?;
    let jacobian = tape.batch_jacobian(&y, &x)?;
    outcome(&[y], &[Some(jacobian)])
}
