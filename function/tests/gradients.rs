//! Tapes around functions, inside them, and around each other.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::Function;
use gradus_tensor::{DType, Tensor};
use std::sync::Arc;

fn item(t: &Tensor) -> f64 {
    t.to_f64_vec().unwrap()[0]
}

fn bits(t: &Tensor) -> Vec<u8> {
    t.to_bytes().unwrap()
}

/// tanh(x w + b)^2 summed: two products' worth of side outputs.
fn network(x: &Tensor, w: &Variable, b: &Variable) -> gradus_tensor::Result<Tensor> {
    x.matmul(&w.value())?.add(&b.value())?.tanh()?.square()?.reduce_sum((), false)
}

fn pieces() -> (Tensor, Variable, Variable) {
    let numbers = |n: usize, k: f64| (0..n).map(|i| (i as f64 * k).sin()).collect::<Vec<f64>>();
    let x = Tensor::from_vec(numbers(6, 0.7), [2, 3]).unwrap();
    let w = Variable::named("w", Tensor::from_vec(numbers(12, 1.3), [3, 4]).unwrap());
    let b = Variable::named("b", Tensor::from_vec(numbers(4, 2.1), [4]).unwrap());
    (x, w, b)
}

#[test]
fn a_tape_around_a_function() {
    let (x, w, b) = pieces();
    let (fw, fb) = (w.clone(), b.clone());
    let f = Function::new(move |x: &[Tensor]| network(&x[0], &fw, &fb));
    for round in 0..2 {
        let eager = GradientTape::new();
        eager.watch(&x).unwrap();
        let want = network(&x, &w, &b).unwrap();
        let want_grads = eager.gradient(&want, [&w, &b]).unwrap();
        let tape = GradientTape::new();
        tape.watch(&x).unwrap();
        let y = f.call(&x).unwrap();
        assert_eq!(bits(&y), bits(&want), "round {round}");
        let [dw, db] = tape.gradient(&y, [&w, &b]).unwrap();
        assert_eq!(bits(&dw), bits(&want_grads[0]), "round {round}");
        assert_eq!(bits(&db), bits(&want_grads[1]), "round {round}");
        w.assign_sub(&dw.mul(&dw.like(0.1).unwrap()).unwrap()).unwrap();
    }
    assert_eq!(f.trace_count(), 1);
}

#[test]
fn a_tensor_that_is_watched() {
    let f = Function::new(|x: &[Tensor]| x[0].mul(&x[0])?.mul(&x[0]));
    let x = Tensor::scalar(2.0f64);
    let tape = GradientTape::new();
    tape.watch(&x).unwrap();
    let y = f.call(&x).unwrap().square().unwrap();
    assert_eq!(item(&tape.gradient(&y, &x).unwrap()), 6.0 * 32.0);
}

#[test]
fn second_and_third_derivatives() {
    let f = Function::new(|x: &[Tensor]| x[0].exp()?.mul(&x[0].sin()?));
    let x = Variable::new(Tensor::scalar(0.7f64));
    let (s, c, e) = (0.7f64.sin(), 0.7f64.cos(), 0.7f64.exp());
    for _ in 0..2 {
        let t3 = GradientTape::new();
        let t2 = GradientTape::new();
        let t1 = GradientTape::new();
        let y = f.call(&x.value()).unwrap();
        let d1 = t1.gradient(&y, &x).unwrap();
        let d2 = t2.gradient(&d1, &x).unwrap();
        let d3 = t3.gradient(&d2, &x).unwrap();
        let wants = [e * s, e * (s + c), 2.0 * e * c, 2.0 * e * (c - s)];
        for (i, (found, want)) in [&y, &d1, &d2, &d3].into_iter().zip(wants).enumerate() {
            assert!((item(found) - want).abs() < 1e-12, "derivative {i}: {} not {want}", item(found));
        }
    }
}

#[test]
fn second_derivatives_through_fused_rules() {
    let (x, w, b) = pieces();
    let w2 = w.clone();
    let f = Function::new(move |x: &[Tensor]| {
        let z = x[0].linear(&w2.value(), Some(&x[1]), gradus_tensor::ops::Activation::None)?;
        z.softmax(-1)?.log()?.square()?.reduce_sum((), false)
    });
    let eager = |w: &Variable, b: &Variable| {
        let z = x.linear(&w.value(), Some(&b.value()), gradus_tensor::ops::Activation::None).unwrap();
        z.softmax(-1).unwrap().log().unwrap().square().unwrap().reduce_sum((), false).unwrap()
    };
    let second = |y: &dyn Fn() -> Tensor| {
        let outer = GradientTape::new();
        let inner = GradientTape::new();
        let y = y();
        let [dw, db] = inner.gradient(&y, [&w, &b]).unwrap();
        let s = dw.square().unwrap().reduce_sum((), false).unwrap();
        let s = s.add(&db.mul(&db).unwrap().reduce_sum((), false).unwrap()).unwrap();
        outer.gradient(&s, [&w, &b]).unwrap().map(|t| t.to_f64_vec().unwrap())
    };
    let want = second(&|| eager(&w, &b));
    for _ in 0..2 {
        let found = second(&|| f.call([&x, &b.value()]).unwrap());
        for (f, w) in found.iter().flatten().zip(want.iter().flatten()) {
            assert!((f - w).abs() <= 1e-9 * (1.0 + w.abs()), "{found:?} not {want:?}");
        }
    }
}

#[test]
fn results_that_are_inputs_keep_apart() {
    let f = Function::new(|x: &[Tensor]| Ok([x[0].clone(), x[0].square()?, x[1].clone(), x[1].clone()]));
    let (a, b) = (Tensor::scalar(3.0f64), Tensor::scalar(4.0f64));
    let tape = GradientTape::persistent();
    tape.watch(&a).unwrap();
    tape.watch(&b).unwrap();
    let y = f.call([&a, &b]).unwrap();
    let cases: [(usize, Option<f64>, Option<f64>); 4] =
        [(0, Some(1.0), None), (1, Some(6.0), None), (2, None, Some(1.0)), (3, None, Some(1.0))];
    for (i, da, db) in cases {
        let found = tape.gradient_or_none(&y[i], [&a, &b]).unwrap().map(|g| g.as_ref().map(item));
        assert_eq!(found, [da, db], "result {i}");
    }
}

#[test]
fn tapes_around_assignments() {
    let v = Variable::new(Tensor::scalar(2.0f64));
    let w = v.clone();
    let f = Function::new(move |x: &[Tensor]| {
        let before = w.value().square()?;
        w.assign(&w.value().mul(&x[0])?)?;
        before.mul(&x[0])
    });
    let x = Tensor::scalar(3.0f64);
    let tape = GradientTape::new();
    tape.watch(&x).unwrap();
    let y = f.call(&x).unwrap();
    let [dv, dx] = tape
        .gradient(&y, [&gradus_autograd::Source::Variable(v.clone()), &gradus_autograd::Source::Tensor(x)])
        .unwrap();
    assert_eq!((item(&dv), item(&dx), item(&v.peek())), (12.0, 4.0, 6.0));
}

#[test]
fn a_taped_function_inside_a_function() {
    let inner = Arc::new(Function::new(|x: &[Tensor]| x[0].sigmoid()?.reduce_sum((), false)));
    let used = inner.clone();
    let outer = Function::new(move |x: &[Tensor]| {
        let tape = GradientTape::new();
        tape.watch(&x[0])?;
        let y = used.call(&x[0])?;
        tape.gradient(&y, &x[0])
    });
    let x = Tensor::new([-1.0f64, 0.5, 2.0]).unwrap();
    let s = x.sigmoid().unwrap();
    let want = s.mul(&s.like(1).unwrap().sub(&s).unwrap()).unwrap().to_f64_vec().unwrap();
    for _ in 0..2 {
        let found = outer.call(&x).unwrap().to_f64_vec().unwrap();
        assert!(found.iter().zip(&want).all(|(f, w)| (f - w).abs() < 1e-15), "{found:?} not {want:?}");
    }
    // And a tape around both.
    let tape = GradientTape::new();
    tape.watch(&x).unwrap();
    let y = outer.call(&x).unwrap();
    let found = tape.gradient(&y, &x).unwrap().to_f64_vec().unwrap();
    let s = s.to_f64_vec().unwrap();
    for (f, s) in found.iter().zip(&s) {
        let want = s * (1.0 - s) * (1.0 - 2.0 * s);
        assert!((f - want).abs() < 1e-14, "{f} not {want}");
    }
}

#[test]
fn integers_and_stops_carry_no_gradient() {
    let f = Function::new(|x: &[Tensor]| {
        x[0].mul(&x[1].cast(DType::F64)?)?.add(&x[0].stop_gradient()?.square()?)
    });
    let (a, n) = (Tensor::scalar(3.0f64), Tensor::scalar(5i32));
    let tape = GradientTape::new();
    tape.watch(&a).unwrap();
    let y = f.call([&a, &n]).unwrap();
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 5.0);
}

#[test]
fn the_call_without_a_tape_and_with_one_agree_after_each_other() {
    let (x, w, b) = pieces();
    let f = Function::new(move |x: &[Tensor]| network(&x[0], &w, &b));
    let plain = f.call(&x).unwrap();
    let tape = GradientTape::new();
    tape.watch(&x).unwrap();
    let taped = f.call(&x).unwrap();
    drop(tape);
    assert_eq!(bits(&plain), bits(&taped));
    assert_eq!(bits(&plain), bits(&f.call(&x).unwrap()));
}

#[test]
fn an_operation_without_a_gradient_matters_only_where_one_arrives() {
    let f = Function::new(|x: &[Tensor]| Ok([x[0].square()?, x[0].floor()?]));
    let x = Tensor::scalar(2.5f64);
    let tape = GradientTape::persistent();
    tape.watch(&x).unwrap();
    let [y, z] = f.call(&x).unwrap();
    assert_eq!(item(&tape.gradient(&y, &x).unwrap()), 5.0);
    assert!(tape.gradient(&z, &x).unwrap_err().to_string().contains("floor"));
}
