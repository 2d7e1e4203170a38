//! Derivatives in every way that the workflow has: differences, tapes, watched constants, cut branches, gradients of
//! one's own, second derivatives, jacobians.

use gradus::autograd::{custom_gradient, jvp};
use gradus::prelude::*;
use gradus::{ErrorKind, Result};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    by_differences();
    by_tape()?;
    twice()?;
    of_constants()?;
    with_a_cut()?;
    of_softplus()?;
    of_second_order()?;
    of_vectors()
}

/// 3 w1^2 + 2 w1 w2.
fn f(w1: &Tensor, w2: &Tensor) -> Result<Tensor> {
    Ok(3.0 * w1.square()? + 2.0 * w1 * w2)
}

fn point() -> (Variable, Variable) {
    (Variable::named("w1", Tensor::scalar(5.0f32)), Variable::named("w2", Tensor::scalar(3.0f32)))
}

fn shown(g: &Option<Tensor>) -> Result<String> {
    g.as_ref().map_or(Ok("None".into()), |g| Ok(g.item::<f32>()?.to_string()))
}

/// The slope between two near points, in plain f64.
fn by_differences() {
    let f = |w1: f64, w2: f64| 3.0 * w1.powi(2) + 2.0 * w1 * w2;
    let (w1, w2, step) = (5.0, 3.0, 1e-6);
    let d1 = (f(w1 + step, w2) - f(w1, w2)) / step;
    let d2 = (f(w1, w2 + step) - f(w1, w2)) / step;
    println!("B1  finite differences          {d1}, {d2}");
}

fn by_tape() -> Result<()> {
    let (w1, w2) = point();
    let tape = GradientTape::new();
    let z = f(&w1.value(), &w2.value())?;
    let [d1, d2] = tape.gradient(&z, [&w1, &w2])?;
    println!("B2  tape                        {}, {}", d1.item::<f32>()?, d2.item::<f32>()?);
    Ok(())
}

/// A second `tape.gradient` on the tape above would not compile: the first consumed it.
fn twice() -> Result<()> {
    let (w1, w2) = point();
    let tape = GradientTape::persistent();
    let z = f(&w1.value(), &w2.value())?;
    let (d1, d2) = (tape.gradient(&z, &w1)?, tape.gradient(&z, &w2)?);
    println!("B3  persistent, asked twice     {}, {}", d1.item::<f32>()?, d2.item::<f32>()?);
    Ok(())
}

fn of_constants() -> Result<()> {
    let (c1, c2) = (Tensor::scalar(5.0f32), Tensor::scalar(3.0f32));
    let tape = GradientTape::new();
    let z = f(&c1, &c2)?;
    let [d1, d2] = tape.gradient_or_none(&z, [&c1, &c2])?;
    println!("B4  constants                   {}, {}", shown(&d1)?, shown(&d2)?);
    let tape = GradientTape::new();
    tape.watch(&c1)?;
    tape.watch(&c2)?;
    let z = f(&c1, &c2)?;
    let [d1, d2] = tape.gradient(&z, [&c1, &c2])?;
    println!("B4  constants, watched          {}, {}", d1.item::<f32>()?, d2.item::<f32>()?);
    Ok(())
}

fn with_a_cut() -> Result<()> {
    let (w1, w2) = point();
    let tape = GradientTape::persistent();
    let (a, b) = (w1.value(), w2.value());
    let z = 3.0 * a.square()? + (2.0 * &a * &b).stop_gradient()?;
    let [d1, d2] = tape.gradient_or_none(&z, [&w1, &w2])?;
    println!("B5  second term stopped         {}, {}", shown(&d1)?, shown(&d2)?);
    match tape.gradient(&z, [&w1, &w2]) {
        Err(e) if e.kind() == ErrorKind::Gradient => println!("B5  as an error                 {e}"),
        other => println!("B5  as an error                 expected, found {other:?}"),
    }
    Ok(())
}

/// log(exp(x) + 1).
fn softplus(x: &Tensor) -> Result<Tensor> {
    (x.exp()? + 1.0).log()
}

/// The same with the gradient dy / (1 + 1 / exp(x)).
fn better_softplus(x: &Tensor) -> Result<Tensor> {
    custom_gradient(x, |x: Tensor| {
        let exp = x.exp()?;
        Ok(((&exp + 1.0).log()?, move |dy: Tensor| Ok(dy / (1.0 + 1.0 / &exp))))
    })
}

/// As above, with x itself where exp(x) is large.
fn safe_softplus(x: &Tensor) -> Result<Tensor> {
    x.greater(&x.like(30.0)?)?.select(x, &better_softplus(x)?)
}

fn of_softplus() -> Result<()> {
    type Function = fn(&Tensor) -> Result<Tensor>;
    let x = Tensor::scalar(100.0f32);
    let ways: [(&str, Function); 3] = [
        ("log(exp(x) + 1) at 100", softplus),
        ("with its own gradient", better_softplus),
        ("and with `where`", safe_softplus),
    ];
    for (name, f) in ways {
        let tape = GradientTape::new();
        tape.watch(&x)?;
        let y = f(&x)?;
        let d = tape.gradient(&y, &x)?;
        println!("B6  {name:<27} value {}, gradient {}", y.item::<f32>()?, d.item::<f32>()?);
    }
    Ok(())
}

fn of_second_order() -> Result<()> {
    let x = Variable::new(Tensor::new([1.0f64, 2.0, 3.0])?);
    let outer = GradientTape::persistent();
    let inner = GradientTape::new();
    // sum(x^3) + x0 x1 x2
    let y = x
        .value()
        .square()?
        .mul(&x.value())?
        .reduce_sum((), false)?
        .add(&x.value().reduce_prod((), false)?)?;
    let first = inner.gradient(&y, &x)?;
    println!("B7  gradient                    {:?}", first.to_vec::<f64>()?);
    println!("B7  second, summed by rows      {:?}", outer.gradient(&first, &x)?.to_vec::<f64>()?);
    println!("B7  hessian\n{}", outer.jacobian(&first, &x)?);
    Ok(())
}

fn of_vectors() -> Result<()> {
    let x = Variable::new(Tensor::new([[0.5f64, 2.0], [-1.0, 3.0]])?);
    let tape = GradientTape::persistent();
    let columns = x.value().unstack(1)?;
    // Of every row: [x0 x1, x1^2]
    let y = Tensor::stack(&[&(&columns[0] * &columns[1]), &columns[1].square()?], 1)?;
    let (whole, by_row) = (tape.jacobian(&y, &x)?, tape.batch_jacobian(&y, &x)?);
    println!("B7  jacobian {}, batch_jacobian {}\n{by_row}", whole.spec(), by_row.spec());
    let v = Tensor::new([[1.0f64, 0.0], [0.0, 1.0]])?;
    let (_, along) = jvp(&x.value(), &v, |x: Tensor| x.square())?;
    println!("B7  forward: x^2 along {:?}   {:?}", v.to_vec::<f64>()?, along.to_vec::<f64>()?);
    Ok(())
}
