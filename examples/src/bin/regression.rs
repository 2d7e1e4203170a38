//! A straight line through 200 points, found in every way that the workflow has: closed forms, finite differences,
//! explicit gradients, tapes, optimizers, and a network of one layer.

use gradus::prelude::*;
use gradus::{Result, optim::Minimize};
use std::process::ExitCode;

/// The points `x,y`.
const POINTS: &str = include_str!("../../data/regression.csv");

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
    let (xs, ys) = points();
    descend_by_optimizer()?;
    closed_forms(&xs, &ys)?;
    explicit_gradient(&xs, &ys)?;
    by_tape(&xs, &ys)?;
    one_layer(&xs, &ys)
}

fn points() -> (Vec<f64>, Vec<f64>) {
    let parse = |s: &str| s.trim().parse::<f64>().unwrap_or(f64::NAN);
    POINTS.lines().skip(1).filter_map(|l| l.split_once(',')).map(|(x, y)| (parse(x), parse(y))).unzip()
}

/// beta = -10, loss = (beta / 2 - 1)^2, SGD(0.01 / 6): by gradients applied, and by `minimize` in each form.
fn descend_by_optimizer() -> Result<()> {
    let loss = |beta: &Variable| (beta.value() / 2.0 - 1.0).square();
    let start = || Variable::named("beta", Tensor::scalar(-10.0f32));
    let (beta, mut sgd) = (start(), SGD::new(0.01 / 6.0));
    println!("B8  loss at the start {}", loss(&beta)?.item::<f32>()?);
    for step in 1..=10_000 {
        let tape = GradientTape::new();
        let l = loss(&beta)?;
        let g = tape.gradient(&l, &beta)?;
        sgd.apply_gradients(&[g], std::slice::from_ref(&beta))?;
        if step <= 2 || step == 10_000 {
            println!("B8  after {step:>5} steps  beta = {}", beta.peek().item::<f32>()?);
        }
    }
    let (a, b, c) = (start(), start(), start());
    let mut optimizers = [SGD::new(0.01 / 6.0), SGD::new(0.01 / 6.0), SGD::new(0.01 / 6.0)];
    for _ in 0..10_000 {
        optimizers[0].minimize(|| loss(&a), &a)?;
        optimizers[1].minimize(|| loss(&b), [&b])?;
        optimizers[2].minimize(|| loss(&c), || c.clone())?;
    }
    for (form, v) in [("a variable", &a), ("a list", &b), ("a function", &c)] {
        println!("B9  minimize with {form:<10}  beta = {}", v.peek().item::<f32>()?);
    }
    Ok(())
}

/// Intercept and slope by sums, and by (X'X)^-1 X'y.
fn closed_forms(xs: &[f64], ys: &[f64]) -> Result<()> {
    let n = xs.len() as f64;
    let (sx, sy) = (xs.iter().sum::<f64>(), ys.iter().sum::<f64>());
    let sxy: f64 = xs.iter().zip(ys).map(|(x, y)| x * y).sum();
    let sxx: f64 = xs.iter().map(|x| x * x).sum();
    let slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    println!("B10 by sums            {:.12} {slope:.12}", (sy - slope * sx) / n);
    let rows: Vec<f64> = xs.iter().flat_map(|&x| [1.0, x]).collect();
    let design = Tensor::from_vec(rows, [xs.len(), 2])?;
    let y = Tensor::from_slice(ys, [ys.len(), 1])?;
    let (gram, moment) = (design.matmul_t(&design, true, false)?, design.matmul_t(&y, true, false)?);
    // The inverse of a 2 x 2 matrix, written out.
    let [a, b, c, d] = <[f64; 4]>::try_from(gram.to_vec::<f64>()?).unwrap_or([f64::NAN; 4]);
    let inverse = Tensor::from_vec(vec![d, -b, -c, a], [2, 2])? / (a * d - b * c);
    let w = inverse.matmul(&moment)?.to_vec::<f64>()?;
    println!("B10 by matrix inverse  {:.12} {:.12}", w[0], w[1]);
    Ok(())
}

/// 1000 steps of 0.1 down the gradient of the mean square, written by hand, from (-5, 10).
fn explicit_gradient(xs: &[f64], ys: &[f64]) -> Result<()> {
    let x = Tensor::from_slice(xs, [xs.len()])?;
    let y = Tensor::from_slice(ys, [ys.len()])?;
    let (mut intercept, mut slope) = (Tensor::scalar(-5.0f64), Tensor::scalar(10.0f64));
    for step in 0..1000 {
        let residual = &slope * &x + &intercept - &y;
        let ds = 2.0 * (&residual * &x).reduce_mean((), false)?;
        let di = 2.0 * residual.reduce_mean((), false)?;
        if step == 0 {
            let (a, b) = (di.item::<f64>()?, ds.item::<f64>()?);
            println!("B11 gradient at (-5, 10)  {a:.8} {b:.8}; first step {:.8} {:.8}", 0.1 * a, 0.1 * b);
        }
        slope = slope - 0.1 * ds;
        intercept = intercept - 0.1 * di;
    }
    println!("B11 after 1000 steps      {:.8} {:.8}", intercept.item::<f64>()?, slope.item::<f64>()?);
    Ok(())
}

/// The same by tapes: a vector in f64 and two scalars in f32, by `assign_sub`, `apply_gradients` and `minimize`.
fn by_tape(xs: &[f64], ys: &[f64]) -> Result<()> {
    let rows: Vec<f64> = xs.iter().flat_map(|&x| [1.0, x]).collect();
    let design = Tensor::from_vec(rows, [xs.len(), 2])?;
    let y = Tensor::from_slice(ys, [ys.len(), 1])?;
    let start = || Ok::<_, gradus::Error>(Variable::new(Tensor::from_vec(vec![-5.0f64, 10.0], [2, 1])?));
    let mse = |w: &Variable| design.matmul(&w.value())?.sub(&y)?.square()?.reduce_mean((), false);
    let (a, b, c) = (start()?, start()?, start()?);
    let (mut sgd, mut other) = (SGD::new(0.1), SGD::new(0.1));
    for _ in 0..1000 {
        let tape = GradientTape::new();
        let loss = mse(&a)?;
        let g = tape.gradient(&loss, &a)?;
        a.assign_sub(&(0.1 * g))?;
        let tape = GradientTape::new();
        let loss = mse(&b)?;
        let g = tape.gradient(&loss, &b)?;
        sgd.apply_gradients(&[g], std::slice::from_ref(&b))?;
        other.minimize(|| mse(&c), &c)?;
    }
    for (form, w) in [("assign_sub", &a), ("apply_gradients", &b), ("minimize", &c)] {
        let w = w.peek().to_vec::<f64>()?;
        println!("B12 f64, vector, {form:<16} {:.8} {:.8}", w[0], w[1]);
    }
    let single = |v: &[f64]| Tensor::from_vec(v.iter().map(|&v| v as f32).collect(), [v.len()]);
    let (x, y) = (single(xs)?, single(ys)?);
    let losses: [(&str, Box<dyn losses::Loss>); 2] = [
        ("MeanSquaredError", Box::new(losses::MeanSquaredError::default())),
        ("mse by name", losses::get("mse")?),
    ];
    for (form, loss) in losses {
        let (slope, intercept) =
            (Variable::new(Tensor::scalar(10.0f32)), Variable::new(Tensor::scalar(-5.0f32)));
        let mut sgd = SGD::new(0.1);
        for _ in 0..1000 {
            let closure = || loss.call(&y, &(slope.value() * &x + intercept.value()), None);
            sgd.minimize(closure, [&slope, &intercept])?;
        }
        let (i, s) = (intercept.peek().item::<f32>()?, slope.peek().item::<f32>()?);
        println!("B12 f32, scalars, {form:<16} {i:.5} {s:.6}");
    }
    Ok(())
}

/// A network of one layer without bias over [1, x], started at (-5, 10).
fn one_layer(xs: &[f64], ys: &[f64]) -> Result<()> {
    let rows: Vec<f32> = xs.iter().flat_map(|&x| [1.0, x as f32]).collect();
    let x = Tensor::from_vec(rows, [xs.len(), 2])?;
    let y = Tensor::from_vec(ys.iter().map(|&v| v as f32).collect(), [ys.len(), 1])?;
    let mut model = Sequential::new().input([2]).add(Dense::new(1).use_bias(false));
    model.set_weights(&[Tensor::from_vec(vec![-5.0f32, 10.0], [2, 1])?])?;
    model.compile(SGD::new(0.1), "mse", [] as [&str; 0])?;
    model.fit(&x, &y).epochs(1000).batch_size(xs.len()).verbose(0).run()?;
    let w = model.weights()[0].peek().to_vec::<f32>()?;
    println!("B13 one layer, fit        {:.5} {:.6}", w[0], w[1]);
    Ok(())
}
