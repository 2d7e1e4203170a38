//! Programs with nested tapes: second and third derivatives, a Hessian.

use gradus_autograd::GradientTape;
use gradus_tensor::Tensor;

use super::tape::{constant, one, outcome};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    let programs: [(&'static str, fn(&Case) -> Result<Outcome>); 9] = [
        ("tape.second_sin", |case| second(case, |x| Ok(x.sin()?))),
        ("tape.second_exp_sq", |case| second(case, |x| Ok(x.mul(x)?.exp()?))),
        ("tape.second_tanh", |case| second(case, |x| Ok(x.tanh()?))),
        ("tape.second_softmax", |case| {
            second(case, |x| Ok(x.softmax(-1)?.square()?.reduce_sum((), false)?))
        }),
        ("tape.second_sigmoid", |case| second(case, |x| Ok(x.sigmoid()?))),
        ("tape.second_log1p", |case| second(case, |x| Ok(x.mul(x)?.log1p()?))),
        ("tape.second_matmul", |case| second(case, outer_square)),
        ("tape.third_order", third),
        ("tape.hessian", hessian),
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

/// x^4 by multiplication: value and three derivatives.
fn third(case: &Case) -> Result<Outcome> {
    let x = one(case)?;
    let tapes = [(); 3].map(|()| GradientTape::watching_nothing());
    for tape in &tapes {
        tape.watch(&x)?;
    }
    let [outer, middle, inner] = tapes;
    let y = x.pow(&constant(&x, 4.0))?;
    let first = inner.gradient(&y, &x)?;
    let second = middle.gradient(&first, &x)?;
    let third = outer.gradient_or_none(&second, &x)?;
    outcome(&[y, first, second], &[third])
}

/// sum(x^3) + x0 x1 x2: value, gradient, and the jacobian of the gradient.
fn hessian(case: &Case) -> Result<Outcome> {
    let x = one(case)?;
    let outer = GradientTape::watching_nothing();
    outer.watch(&x)?;
    let inner = GradientTape::watching_nothing();
    inner.watch(&x)?;
    let y = x.pow(&constant(&x, 3.0))?.reduce_sum((), false)?.add(&x.reduce_prod((), false)?)?;
    let first = inner.gradient(&y, &x)?;
    let hessian = outer.jacobian(&first, &x)?;
    outcome(&[y, first], &[Some(hessian)])
}
