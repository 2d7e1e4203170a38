//! Programs with nested tapes: second derivatives.

use gradus_autograd::GradientTape;
use gradus_tensor::Tensor;

use super::tape::{one, outcome};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    let programs: [(&'static str, fn(&Case) -> Result<Outcome>); 4] = [
        ("tape.second_exp_sq", |case| second(case, |x| Ok(x.mul(x)?.exp()?))),
        ("tape.second_tanh", |case| second(case, |x| Ok(x.tanh()?))),
        ("tape.second_sigmoid", |case| second(case, |x| Ok(x.sigmoid()?))),
        ("tape.second_matmul", |case| second(case, outer_square)),
    ];
    for (name, program) in programs {
        r.run(Area::Gradients, name, program);
    }
}

/// sum(outer(x, x)^2).
fn outer_square(x: &Tensor) -> Result<Tensor> {
    let column = x.expand_dims(1)?;
    Ok(column.matmul_t(&column, false, true)?.square()?.reduce_sum((), false)?)
}

/// y, dy/dx and the gradient of the sum of dy/dx.
fn second(case: &Case, f: fn(&Tensor) -> Result<Tensor>) -> Result<Outcome> {
    let x = one(case)?;
    let outer = GradientTape::watching_nothing();
    outer.watch(&x)?;
    let inner = GradientTape::watching_nothing();
    inner.watch(&x)?;
    let y = f(&x)?;
    let first = inner.gradient(&y, &x)?;
    let second = outer.gradient_or_none(&first, &x)?;
    outcome(&[y, first], &[second])
}
