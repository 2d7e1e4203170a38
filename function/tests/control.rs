//! Decisions and loops inside functions, with gradients and assignments.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Function, cond, while_loop};
use gradus_tensor::{Error, Tensor};

fn item(t: &Tensor) -> f64 {
    t.to_f64_vec().unwrap()[0]
}

/// 3 x w where x is positive, else x^2; counts what it did.
fn branch(x: &Tensor, w: &Variable, count: &Variable) -> Result<Tensor, Error> {
    let positive = x.greater(&x.like(0)?)?;
    let y = cond(
        &positive,
        || {
            count.assign_add(&Tensor::scalar(1i64))?;
            Ok(vec![x.mul(&w.value())?.mul(&x.like(3)?)?])
        },
        || Ok(vec![x.square()?]),
    )?;
    y[0].add(&x.like(0.5)?)
}

#[test]
fn either_branch_with_its_gradient() {
    let (w, count) = (Variable::new(Tensor::scalar(2.0f64)), Variable::new(Tensor::scalar(0i64)));
    let (fw, fc) = (w.clone(), count.clone());
    let f = Function::new(move |x: &[Tensor]| branch(&x[0], &fw, &fc));
    let cases = [(4.0, 24.5, 6.0, 12.0), (-3.0, 9.5, -6.0, 0.0), (1.0, 6.5, 6.0, 3.0)];
    for (x, y, dx, dw) in cases {
        for around in [false, true] {
            let t = Tensor::scalar(x);
            let tape = GradientTape::persistent();
            tape.watch(&t).unwrap();
            let found = if around { f.call(&t) } else { branch(&t, &w, &count) }.unwrap();
            assert_eq!(item(&found), y, "x = {x}");
            assert_eq!(item(&tape.gradient(&found, &t).unwrap()), dx, "x = {x}");
            assert_eq!(item(&tape.gradient_or_zeros(&found, &w).unwrap()), dw, "x = {x}");
        }
    }
    assert_eq!(count.peek().item::<i64>().unwrap(), 4);
    assert_eq!(f.trace_count(), 1);
}

#[test]
fn second_derivatives_of_a_branch() {
    let f = Function::new(|x: &[Tensor]| {
        let c = x[0].greater(&x[0].like(0)?)?;
        Ok(cond(&c, || Ok(vec![x[0].square()?.mul(&x[0])?]), || Ok(vec![x[0].exp()?]))?.remove(0))
    });
    for (x, want) in [(2.0, 12.0), (-1.0, (-1.0f64).exp())] {
        let v = Variable::new(Tensor::scalar(x));
        let (outer, inner) = (GradientTape::new(), GradientTape::new());
        let y = f.call(&v.value()).unwrap();
        let d = inner.gradient(&y, &v).unwrap();
        assert!((item(&outer.gradient(&d, &v).unwrap()) - want).abs() < 1e-12, "x = {x}");
    }
}

/// v = sin(v) w + v until the counter is up.
fn looped(x: &Tensor, times: &Tensor, w: &Variable, rounds: &Variable) -> Result<Tensor, Error> {
    let end = while_loop(
        |s| s[0].less(times),
        |s| {
            rounds.assign_add(&Tensor::scalar(1i64))?;
            Ok(vec![s[0].add(&s[0].like(1)?)?, s[1].sin()?.mul(&w.value())?.add(&s[1])?])
        },
        &[Tensor::scalar(0i32), x.clone()],
    )?;
    Ok(end[1].clone())
}

#[test]
fn a_loop_that_runs_as_often_as_values_say() {
    let (w, rounds) = (Variable::new(Tensor::scalar(0.7f64)), Variable::new(Tensor::scalar(0i64)));
    let (fw, fr) = (w.clone(), rounds.clone());
    let f = Function::new(move |x: &[Tensor]| looped(&x[0], &x[1], &fw, &fr));
    for times in [0, 1, 4, 9] {
        let (x, n) = (Tensor::scalar(0.3f64), Tensor::scalar(times));
        let mut found = Vec::new();
        for around in [false, true] {
            let tape = GradientTape::persistent();
            tape.watch(&x).unwrap();
            let y = if around { f.call([&x, &n]) } else { looped(&x, &n, &w, &rounds) }.unwrap();
            let dx = tape.gradient(&y, &x).unwrap();
            let dw = tape.gradient_or_zeros(&y, &w).unwrap();
            found.push([item(&y), item(&dx), item(&dw)]);
        }
        for (a, b) in found[0].iter().zip(&found[1]) {
            assert!((a - b).abs() < 1e-13 * (1.0 + a.abs()), "{times} rounds: {found:?}");
        }
    }
    assert_eq!(rounds.peek().item::<i64>().unwrap(), 2 * 14);
    assert_eq!(f.trace_count(), 1);
}

#[test]
fn branches_that_differ_are_refused() {
    let f = Function::new(|x: &[Tensor]| {
        let c = x[0].greater(&x[0].like(0)?)?;
        Ok(cond(&c, || Ok(vec![x[0].clone()]), || Ok(vec![x[0].expand_dims(0)?]))?.remove(0))
    });
    let e = f.call(&Tensor::scalar(1.0f32)).unwrap_err().to_string();
    assert!(e.contains("float32[] and float32[1]"), "{e}");
    let f = Function::new(|x: &[Tensor]| {
        Ok(while_loop(|s| s[0].greater(&s[0].like(0)?), |s| Ok(vec![s[0].expand_dims(0)?]), &[x[0].clone()])?
            .remove(0))
    });
    assert!(f.call(&Tensor::scalar(1.0f32)).unwrap_err().to_string().contains("the body gives"));
}
