//! The first loop of every introduction: one number, walked down a parabola.

use gradus_autograd::{GradientTape, Variable};
use gradus_optim::{Minimize, Optimizer, SGD};
use gradus_tensor::{Result, Tensor};

fn loss(beta: &Variable) -> Result<Tensor> {
    (beta.value() / 2.0 - 1.0).square()
}

#[test]
fn through_apply_gradients() {
    let beta = Variable::named("beta", Tensor::scalar(-10.0f32));
    let mut optimizer = SGD::new(0.01 / 6.0);
    let mut seen = Vec::new();
    let start = std::time::Instant::now();
    for _ in 0..10_000 {
        let tape = GradientTape::new();
        let y = loss(&beta).unwrap();
        let g = tape.gradient(&y, &beta).unwrap();
        optimizer.apply_gradients(&[g], std::slice::from_ref(&beta)).unwrap();
        if seen.len() < 2 {
            seen.push(beta.value().item::<f32>().unwrap());
        }
    }
    println!("{:?} per step", start.elapsed() / 10_000);
    assert_eq!(seen, [-9.99, -9.980008]);
    assert_eq!(beta.value().item::<f32>().unwrap(), 1.9971251);
}

#[test]
fn through_minimize_in_every_form() {
    let run = |step: &dyn Fn(&mut SGD, &Variable) -> Result<()>| {
        let beta = Variable::named("beta", Tensor::scalar(-10.0f32));
        assert_eq!(loss(&beta).unwrap().item::<f32>().unwrap(), 36.0);
        let mut optimizer = SGD::new(0.01 / 6.0);
        for _ in 0..10_000 {
            step(&mut optimizer, &beta).unwrap();
        }
        beta.value().item::<f32>().unwrap()
    };
    let forms: [(&str, &dyn Fn(&mut SGD, &Variable) -> Result<()>); 5] = [
        ("one variable", &|o, b| o.minimize(|| loss(b), b)),
        ("a list", &|o, b| o.minimize(|| loss(b), [b])),
        ("a function that gives one", &|o, b| o.minimize(|| loss(b), || b.clone())),
        ("a function that gives a list", &|o, b| o.minimize(|| loss(b), || vec![b.clone()])),
        ("a tensor with its tape", &|o, b| {
            let tape = GradientTape::new();
            let y = loss(b)?;
            o.minimize((&y, tape), b)
        }),
    ];
    for (form, step) in forms {
        assert_eq!(run(step), 1.9971251, "{form}");
    }
}

#[test]
fn variables_without_gradient() {
    let (used, unused) = (Variable::new(Tensor::scalar(1.0f32)), Variable::new(Tensor::scalar(1.0f32)));
    let mut o = SGD::new(0.1);
    o.minimize(|| used.value().square(), [&unused, &used]).unwrap();
    assert_eq!(unused.value().item::<f32>().unwrap(), 1.0);
    assert_eq!(used.value().item::<f32>().unwrap(), 0.8);
    let e = o.minimize(|| used.value().square(), &unused).unwrap_err();
    assert!(e.to_string().contains("depends on none"), "{e}");
}
