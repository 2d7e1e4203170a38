//! Programs around gradient tapes: what is watched, recorded, stopped, persistent.

use gradus_autograd::{GradientTape, Variable, stop_recording};
use gradus_tensor::{ErrorKind, Tensor};

use super::dense::{optional_values, tensors, values};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    let programs: [(&'static str, fn(&Case) -> Result<Outcome>); 19] = [
        ("tape.variables", variables),
        ("tape.constants", constants),
        ("tape.watched", watched),
        ("tape.stop_gradient", stopped_branch),
        ("tape.persistent", persistent),
        ("tape.second_use", |_| Ok(Outcome::prevented("GradientTape::gradient consumes the tape"))),
        ("tape.not_trainable", not_trainable),
        ("tape.manual_watch", manual_watch),
        ("tape.unconnected_zero", unconnected_zero),
        ("tape.integer", integer),
        ("tape.vector_target", |case| differentiate(case, |x| Ok(vec![x.mul(x)?]))),
        ("tape.list_targets", |case| {
            differentiate(case, |x| Ok(vec![x.mul(x)?, x.exp()?.reduce_sum((), false)?]))
        }),
        ("tape.stop_recording", paused),
        ("tape.outside_tape", outside),
        ("tape.control_flow", |case| differentiate(case, |x| Ok(vec![branching(x)?]))),
        ("tape.assign_inside", assign_inside),
        ("tape.softplus_builtin_100", |case| differentiate(case, |x| Ok(vec![x.softplus()?]))),
        ("tape.scalar_descent", scalar_descent),
        ("tape.regression", regression),
    ];
    for (name, program) in programs {
        r.run(Area::Gradients, name, program);
    }
    for name in ["tape.softplus_naive_100", "tape.softplus_naive_1"] {
        r.run(Area::Gradients, name, |case| {
            differentiate(case, |x| Ok(vec![x.exp()?.add(&constant(x, 1.0))?.log()?]))
        });
    }
}

/// A scalar of the same dtype.
pub fn constant(like: &Tensor, value: f64) -> Tensor {
    Tensor::scalar_of(like.dtype(), value)
}

/// The values and the gradient of their sum with respect to the one watched input.
pub fn differentiate(case: &Case, f: impl Fn(&Tensor) -> Result<Vec<Tensor>>) -> Result<Outcome> {
    let x = one(case)?;
    let tape = GradientTape::watching_nothing();
    tape.watch(&x)?;
    let y = f(&x)?;
    let dx = tape.gradient_or_none(&y, &x)?;
    outcome(&y, &[dx])
}

/// Outputs and gradients to compare.
pub fn outcome(outputs: &[Tensor], grads: &[Option<Tensor>]) -> Result<Outcome> {
    Ok(Outcome::outputs(values(outputs)?).with("grads", optional_values(grads)?))
}

/// The only input.
pub fn one(case: &Case) -> Result<Tensor> {
    inputs::<1>(case).map(|[x]| x)
}

/// The inputs as an array.
pub fn inputs<const N: usize>(case: &Case) -> Result<[Tensor; N]> {
    let list = tensors(case, "inputs")?;
    let found = list.len();
    list.try_into().map_err(|_| ConformanceError::Case(format!("expected {N} inputs, found {found}")))
}

/// 3 a^2 + 2 a b.
fn polynomial(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let square = a.square()?.mul(&constant(a, 3.0))?;
    Ok(square.add(&a.mul(b)?.mul(&constant(a, 2.0))?)?)
}

fn variables(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?.map(Variable::new);
    let tape = GradientTape::new();
    let y = polynomial(&a.value(), &b.value())?;
    let grads = tape.gradient_or_none(&y, [&a, &b])?;
    outcome(&[y], &grads)
}

fn constants(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?;
    let tape = GradientTape::new();
    let y = polynomial(&a, &b)?;
    let grads = tape.gradient_or_none(&y, [&a, &b])?;
    outcome(&[y], &grads)
}

fn watched(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?;
    let tape = GradientTape::new();
    tape.watch(&a)?;
    tape.watch(&b)?;
    let y = polynomial(&a, &b)?;
    let grads = tape.gradient_or_none(&y, [&a, &b])?;
    outcome(&[y], &grads)
}

/// 3 a^2 + stop_gradient(2 a b).
fn stopped_branch(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?.map(Variable::new);
    let tape = GradientTape::new();
    let (x, z) = (a.value(), b.value());
    let product = x.mul(&z)?.mul(&constant(&x, 2.0))?.stop_gradient()?;
    let y = x.square()?.mul(&constant(&x, 3.0))?.add(&product)?;
    let grads = tape.gradient_or_none(&y, [&a, &b])?;
    outcome(&[y], &grads)
}

fn persistent(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?.map(Variable::new);
    let tape = GradientTape::persistent();
    let z = polynomial(&a.value(), &b.value())?;
    let y = z.sin()?;
    let [za, zb] = tape.gradient_or_none(&z, [&a, &b])?;
    let [ya, yb] = tape.gradient_or_none(&y, [&a, &b])?;
    outcome(&[z, y], &[za, zb, ya, yb])
}

fn not_trainable(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?;
    let (a, b) = (Variable::new(a), Variable::new(b).trainable(false));
    let tape = GradientTape::new();
    let y = a.value().mul(&b.value())?;
    let grads = tape.gradient_or_none(&y, [&a, &b])?;
    outcome(&[y], &grads)
}

fn manual_watch(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?.map(Variable::new);
    let tape = GradientTape::watching_nothing();
    tape.watch_variable(&a);
    let y = a.value().mul(&b.value())?;
    let grads = tape.gradient_or_none(&y, [&a, &b])?;
    outcome(&[y], &grads)
}

fn unconnected_zero(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?.map(Variable::new);
    let tape = GradientTape::new();
    let y = a.value().mul(&constant(&a.peek(), 2.0))?;
    let grads = tape.gradient_or_zeros(&y, [&a, &b])?;
    outcome(&[y], &grads.map(Some))
}

/// Integers have no gradient: Gradus refuses to watch them, which is the recorded null.
fn integer(case: &Case) -> Result<Outcome> {
    let a = one(case)?;
    let tape = GradientTape::new();
    let refused = tape.watch(&a).is_err_and(|e| e.kind() == ErrorKind::DType);
    let y = a.mul(&a)?;
    let what = "watching an integer";
    let result = if refused { Ok(()) } else { Err("expected a refusal, found none".to_string()) };
    Ok(outcome(&[y], &[None])?.check(what, result))
}

/// y = x x; k = 3 x not recorded; z = y k.
fn paused(case: &Case) -> Result<Outcome> {
    differentiate(case, |x| {
        let y = x.mul(x)?;
        let k = stop_recording(|| x.mul(&constant(x, 3.0)))?;
        Ok(vec![y.mul(&k)?])
    })
}

/// k = 3 x before the tape; z = x k.
fn outside(case: &Case) -> Result<Outcome> {
    let x = one(case)?;
    let k = x.mul(&constant(&x, 3.0))?;
    let tape = GradientTape::new();
    tape.watch(&x)?;
    let z = x.mul(&k)?;
    let dx = tape.gradient_or_none(&z, &x)?;
    outcome(&[z], &[dx])
}

/// y = x; 3 times: y = y y if y < 2 else y + 2 x.
fn branching(x: &Tensor) -> Result<Tensor> {
    let mut y = x.clone();
    for _ in 0..3 {
        let small = y.to_f64_vec()?.iter().all(|&v| v < 2.0);
        y = if small { y.mul(&y)? } else { y.add(&x.mul(&constant(x, 2.0))?)? };
    }
    Ok(y)
}

/// y = x x; x.assign(b); z = y + x.
fn assign_inside(case: &Case) -> Result<Outcome> {
    let [a, b] = inputs(case)?;
    let x = Variable::new(a);
    let tape = GradientTape::new();
    let y = x.value().mul(&x.value())?;
    x.assign(&b)?;
    let z = y.add(&x.value())?;
    let dx = tape.gradient_or_none(&z, &x)?;
    outcome(&[z], &[dx])
}

/// Gradient descent on (b/2 - 1)^2; the value after each number of steps listed.
fn scalar_descent(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let beta = Variable::new(one(case)?);
    let rate = constant(&beta.peek(), attrs.f64("learning_rate")?);
    let steps = attrs.usizes("steps")?;
    let mut outputs = Vec::new();
    for step in 1..=steps.iter().copied().max().unwrap_or(0) {
        let tape = GradientTape::new();
        let b = beta.value();
        let loss = b.div(&constant(&b, 2.0))?.sub(&constant(&b, 1.0))?.square()?;
        let gradient = tape.gradient(&loss, &beta)?;
        beta.assign_sub(&gradient.mul(&rate)?)?;
        if steps.contains(&step) {
            outputs.push(beta.peek());
        }
    }
    Ok(Outcome::outputs(values(&outputs)?))
}

/// Gradient descent on (y - X b)^T (y - X b) / n; gradient and value after each number of steps listed.
fn regression(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let [x, y, b] = inputs(case)?;
    let n = constant(&x, x.shape().dims()[0] as f64);
    let rate = constant(&x, attrs.f64("learning_rate")?);
    let b = Variable::new(b);
    let steps = attrs.usizes("steps")?;
    let mut outputs = Vec::new();
    for step in 1..=steps.iter().copied().max().unwrap_or(0) {
        let tape = GradientTape::new();
        let rest = y.sub(&x.matmul(&b.value())?)?;
        let loss = rest.matmul_t(&rest, true, false)?.div(&n)?;
        let gradient = tape.gradient(&loss, &b)?;
        b.assign_sub(&gradient.mul(&rate)?)?;
        if steps.contains(&step) {
            outputs.push(gradient);
            outputs.push(b.peek());
        }
    }
    Ok(Outcome::outputs(values(&outputs)?))
}
