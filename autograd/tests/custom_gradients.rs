//! Custom gradients and recomputation: what flows, what is refused, what is done once.

use gradus_autograd::{GradCheck, GradientTape, Variable, custom_gradient, recompute_grad};
use gradus_tensor::{DType, Error, ErrorKind, Result, Tensor};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn item(t: &Tensor) -> f64 {
    t.item::<f64>().unwrap()
}

fn watched(values: &[f64]) -> (GradientTape, Tensor) {
    let x = Tensor::new(values).unwrap();
    let tape = GradientTape::watching_nothing();
    tape.watch(&x).unwrap();
    (tape, x)
}

/// log(1 + exp(x)) with the gradient of the notes: dy / (1 + 1 / exp(x)).
fn softplus(x: &Tensor) -> Result<Tensor> {
    custom_gradient(x, |x: Tensor| {
        let exp = x.exp()?;
        Ok(((&exp + 1.0).log()?, move |dy: Tensor| dy.div(&(1.0 + 1.0 / &exp))))
    })
}

/// The argument, with a gradient clipped to [-0.5, 0.5].
fn clipped(x: &Tensor) -> Result<Tensor> {
    custom_gradient(x, |x: Tensor| Ok((x, |dy: Tensor| dy.clip(-0.5, 0.5))))
}

#[test]
fn the_closure_replaces_the_rules() {
    let (tape, x) = watched(&[100.0, 1.0]);
    let y = (&x.exp().unwrap() + 1.0).log().unwrap();
    let naive = tape.gradient(&y, &x).unwrap();
    // In f64 exp(100) is finite, so the naive gradient overflows only further out.
    assert!((naive.to_vec::<f64>().unwrap()[1] - 0.731_058_578_630_004_9).abs() < 1e-15);
    let (tape, x) = watched(&[1000.0, 1.0]);
    let y = (&x.exp().unwrap() + 1.0).log().unwrap();
    assert!(tape.gradient(&y, &x).unwrap().to_vec::<f64>().unwrap()[0].is_nan());
    let (tape, x) = watched(&[1000.0, 1.0]);
    let y = softplus(&x).unwrap();
    let g = tape.gradient(&y, &x).unwrap().to_vec::<f64>().unwrap();
    assert_eq!((g[0], (g[1] - 0.731_058_578_630_004_9).abs() < 1e-15), (1.0, true));
}

#[test]
fn gradients_from_above_pass_through_the_closure() {
    let (tape, x) = watched(&[1.0, 2.0, 3.0, 4.0]);
    let y = clipped(&(&x * 3.0)).unwrap() * Tensor::new([0.1, 5.0, -5.0, 0.2]).unwrap();
    let g = tape.gradient(&y, &x).unwrap().to_vec::<f64>().unwrap();
    let want = [0.3, 1.5, -1.5, 0.6];
    assert!(g.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-15), "{g:?}");
}

#[test]
fn several_arguments_and_results() {
    let (a, b) = (Tensor::scalar(2.0f64), Tensor::scalar(5.0f64));
    let tape = GradientTape::persistent_watching_nothing();
    tape.watch(&a).unwrap();
    tape.watch(&b).unwrap();
    let [sum, product] = custom_gradient([&a, &b], |[a, b]: [Tensor; 2]| {
        let y = [a.add(&b)?, a.mul(&b)?];
        Ok((y, move |[ds, dp]: [Tensor; 2]| Ok([&ds + &dp * &b * 100.0, &ds + &dp * &a * 100.0])))
    })
    .unwrap();
    assert_eq!((item(&sum), item(&product)), (7.0, 10.0));
    let [da, db] = tape.gradient(&sum, [&a, &b]).unwrap();
    assert_eq!((item(&da), item(&db)), (1.0, 1.0));
    let [da, db] = tape.gradient([&sum, &product], [&a, &b]).unwrap();
    assert_eq!((item(&da), item(&db)), (501.0, 201.0));
    let list = vec![a.clone(), a.clone()];
    let y: Tensor = custom_gradient(&list, |x: Vec<Tensor>| {
        let y = x[0].add(&x[1])?;
        Ok((y, |dy: Tensor| Ok(vec![&dy * 3.0, &dy * 4.0])))
    })
    .unwrap();
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 7.0, "one tensor in two places gets both");
}

#[test]
fn custom_gradients_nest_and_have_second_derivatives() {
    // x^3, of which the inner square has its own gradient.
    fn square(x: &Tensor) -> Result<Tensor> {
        custom_gradient(x, |x: Tensor| Ok((x.square()?, move |dy: Tensor| (&dy * 2.0).mul(&x))))
    }
    fn cube(x: &Tensor) -> Result<Tensor> {
        custom_gradient(x, |x: Tensor| {
            let s = square(&x)?;
            Ok((s.mul(&x)?, move |dy: Tensor| (&dy * 3.0).mul(&s)))
        })
    }
    let x = Tensor::new([0.7f64, -1.3]).unwrap();
    for (name, f) in [("cube", cube as fn(&Tensor) -> Result<Tensor>), ("softplus", softplus)] {
        let check = GradCheck::default().second_order();
        check
            .run(|x| Ok(vec![f(&x[0])?]), std::slice::from_ref(&x))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    // Third derivatives: 6 for the cube.
    let tapes = [(); 3].map(|()| GradientTape::watching_nothing());
    tapes.iter().for_each(|t| t.watch(&x).unwrap());
    let [a, b, c] = tapes;
    let y = cube(&x).unwrap();
    let d = c.gradient(&y, &x).unwrap();
    let dd = b.gradient(&d, &x).unwrap();
    assert_eq!(a.gradient(&dd, &x).unwrap().to_vec::<f64>().unwrap(), [6.0, 6.0]);
}

#[test]
fn what_would_be_lost_or_wrong_is_refused() {
    let w = Variable::named("w", Tensor::scalar(2.0f64));
    let x = Tensor::scalar(3.0f64);
    let v = w.clone();
    let e = custom_gradient(&x, move |x: Tensor| Ok((x.mul(&v.value())?, |dy: Tensor| Ok(dy)))).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Gradient);
    assert!(e.to_string().contains("reads variable \"w\""), "{e}");
    // Its value as an argument is the way.
    let tape = GradientTape::new();
    let y = custom_gradient([&x, &w.value()], |[x, w]: [Tensor; 2]| {
        Ok((x.mul(&w)?, move |dy: Tensor| Ok([dy.mul(&w)?, dy.mul(&x)?])))
    })
    .unwrap();
    assert_eq!(item(&tape.gradient(&y, &w).unwrap()), 3.0);
    // A constant on purpose.
    let v = w.clone();
    let tape = GradientTape::new();
    let y = custom_gradient(&x, move |x: Tensor| Ok((x.mul(&v.peek())?, |dy: Tensor| Ok(dy)))).unwrap();
    assert!(tape.gradient_or_none(&y, &w).unwrap().is_none());

    let (tape, x) = watched(&[1.0, 2.0]);
    let y = custom_gradient(&x, |x: Tensor| Ok((x, |dy: Tensor| dy.cast(DType::F32)))).unwrap();
    let e = tape.gradient(&y, &x).unwrap_err();
    assert_eq!(
        e.to_string(),
        "custom_gradient: the gradient of argument 0 is float32[2], the argument float64[2]"
    );
    let (tape, x) = watched(&[1.0, 2.0]);
    let y = custom_gradient(&x, |x: Tensor| Ok((x, |_: Tensor| Tensor::new([1.0f64, 2.0, 3.0])))).unwrap();
    let e = tape.gradient(&y, &x).unwrap_err();
    assert_eq!(
        e.to_string(),
        "custom_gradient: the gradient of argument 0 is float64[3], the argument float64[2]"
    );
    let (tape, x) = watched(&[1.0, 2.0]);
    let list = vec![x.clone()];
    let y: Tensor =
        custom_gradient(&list, |x: Vec<Tensor>| Ok((x[0].clone(), |_: Tensor| Ok(vec![])))).unwrap();
    let e = tape.gradient(&y, &x).unwrap_err();
    assert_eq!(e.to_string(), "custom_gradient: 0 gradients for 1 arguments");
    let failing: Result<Tensor> =
        custom_gradient(&x, |_: Tensor| Err::<(Tensor, fn(Tensor) -> Result<Tensor>), _>(Error::value("no")));
    assert_eq!(failing.unwrap_err().to_string(), "no");
}

/// tanh(x w) w, where w is a variable.
fn block(w: &Variable, x: &Tensor) -> Result<Tensor> {
    x.mul(&w.value())?.tanh()?.mul(&w.value())
}

#[test]
fn recomputation_gives_the_same_gradients() {
    let w = Variable::new(Tensor::new([0.3f64, -1.1]).unwrap());
    let x = Tensor::new([0.5f64, 2.0]).unwrap();
    let gradients = |recompute: bool| {
        let outer = GradientTape::new();
        outer.watch(&x).unwrap();
        let tape = GradientTape::new();
        tape.watch(&x).unwrap();
        let mut y = x.clone();
        for _ in 0..3 {
            let v = w.clone();
            y = if recompute {
                recompute_grad(&y, move |y: Tensor| block(&v, &y)).unwrap()
            } else {
                block(&v, &y).unwrap()
            };
        }
        let (dx, dw) = tape.gradient(&y, (&x, &w)).unwrap();
        let (ddx, ddw) = outer.gradient([&dx.square().unwrap(), &dw.square().unwrap()], (&x, &w)).unwrap();
        [y, dx, dw, ddx, ddw].map(|t| t.to_vec::<f64>().unwrap())
    };
    let (plain, again) = (gradients(false), gradients(true));
    for (i, (p, a)) in plain.iter().zip(&again).enumerate() {
        for (p, a) in p.iter().zip(a) {
            assert!((p - a).abs() <= 1e-12 * (1.0 + p.abs()), "result {i}: {p} without, {a} with");
        }
    }
}

#[test]
fn the_second_run_sees_and_changes_nothing_new() {
    let w = Variable::named("w", Tensor::scalar(2.0f64));
    let count = Variable::named("count", Tensor::scalar(0.0f64)).trainable(false);
    let runs = Arc::new(AtomicUsize::new(0));
    let f = {
        let (w, count, runs) = (w.clone(), count.clone(), runs.clone());
        move |x: Tensor| {
            runs.fetch_add(1, Ordering::Relaxed);
            // The state of a random generator, or a moving average: read, used, advanced, read again.
            let noise = count.value();
            gradus_autograd::stop_recording(|| count.assign_add(&Tensor::scalar(1.0)))?;
            let y = x.mul(&w.value())?.mul(&noise.add(&count.value())?)?;
            y.square()
        }
    };
    let x = Tensor::scalar(3.0f64);
    let tape = GradientTape::new();
    let y = recompute_grad(&x, f.clone()).unwrap();
    assert_eq!((item(&y), item(&count.peek()), runs.load(Ordering::Relaxed)), (36.0, 1.0, 1));
    // A step before the backward pass does not change what was recorded.
    w.assign(&Tensor::scalar(100.0)).unwrap();
    count.assign(&Tensor::scalar(50.0)).unwrap();
    let dw = tape.gradient(&y, &w).unwrap();
    assert_eq!((item(&dw), item(&count.peek()), runs.load(Ordering::Relaxed)), (36.0, 50.0, 2));

    // Nested: the inner block runs three times, and the state still moves once.
    w.assign(&Tensor::scalar(2.0)).unwrap();
    count.assign(&Tensor::scalar(0.0)).unwrap();
    let tape = GradientTape::new();
    let y = recompute_grad(&x, move |x: Tensor| recompute_grad(&x.mul(&x)?, f.clone())).unwrap();
    assert_eq!((item(&y), item(&count.peek())), (324.0, 1.0));
    assert_eq!(item(&tape.gradient(&y, &w).unwrap()), 324.0);
    assert_eq!(item(&count.peek()), 1.0);
}

#[test]
fn recomputation_takes_and_gives_several() {
    let (a, b) = (Tensor::scalar(2.0f64), Tensor::scalar(5.0f64));
    let tape = GradientTape::persistent_watching_nothing();
    tape.watch(&a).unwrap();
    tape.watch(&b).unwrap();
    let [p, s] = recompute_grad([&a, &b], |[a, b]: [Tensor; 2]| Ok([a.mul(&b)?, a.square()?])).unwrap();
    let [da, db] = tape.gradient([&p, &s], [&a, &b]).unwrap();
    assert_eq!((item(&da), item(&db)), (9.0, 2.0));
    let [da, none] = tape.gradient_or_none(&s, [&a, &b]).unwrap();
    assert_eq!((item(&da.unwrap()), none.is_none()), (4.0, true));
    let y = recompute_grad([&a, &a], |[a, b]: [Tensor; 2]| a.mul(&b)?.mul(&b)).unwrap();
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 12.0, "one tensor in two places gets both, once");
}

#[test]
fn activations_inside_are_not_kept() {
    let x = Variable::new(Tensor::new([0.5f64, 2.0]).unwrap());
    let kept: Arc<std::sync::Mutex<Vec<Tensor>>> = Arc::default();
    let seen = kept.clone();
    let tape = GradientTape::new();
    let y = recompute_grad(&x.value(), move |x: Tensor| {
        let inside = x.exp()?;
        seen.lock().unwrap().push(inside.clone());
        inside.square()
    })
    .unwrap();
    assert!(kept.lock().unwrap()[0].is_unique(), "a tape holds an activation that is to be computed again");
    let g = tape.gradient(&y, &x).unwrap();
    assert_eq!(kept.lock().unwrap().len(), 2);
    assert!((g.to_vec::<f64>().unwrap()[0] - 2.0 * 1f64.exp()).abs() < 1e-12);
}
