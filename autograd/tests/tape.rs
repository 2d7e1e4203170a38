//! What tapes watch, record and answer, and what they refuse.

use gradus_autograd::{GradientTape, Source, Variable, stop_recording};
use gradus_tensor::{DType, ErrorKind, Tensor, recorder};

fn pair() -> (Variable, Variable) {
    (Variable::new(Tensor::scalar(5.0f64)), Variable::new(Tensor::scalar(3.0f64)))
}

fn f(w1: &Tensor, w2: &Tensor) -> Tensor {
    3.0 * w1.square().unwrap() + 2.0 * w1 * w2
}

fn item(t: &Tensor) -> f64 {
    t.item::<f64>().unwrap()
}

#[test]
fn a_persistent_tape_answers_twice_and_goes_on() {
    let (a, b) = pair();
    let tape = GradientTape::persistent();
    let y = f(&a.value(), &b.value());
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 36.0);
    assert_eq!(item(&tape.gradient(&y, &b).unwrap()), 10.0);
    let z = y.square().unwrap();
    assert_eq!(item(&tape.gradient(&z, &b).unwrap()), 2.0 * 105.0 * 10.0);
}

#[test]
fn constants_have_no_gradient_unless_watched() {
    let (a, b) = (Tensor::scalar(5.0f64), Tensor::scalar(3.0f64));
    let tape = GradientTape::new();
    let y = f(&a, &b);
    assert!(tape.gradient_or_none(&y, [&a, &b]).unwrap().iter().all(Option::is_none));
    let tape = GradientTape::new();
    tape.watch(&a).unwrap();
    tape.watch(&b).unwrap();
    let y = f(&a, &b);
    let [da, db] = tape.gradient(&y, [&a, &b]).unwrap();
    assert_eq!((item(&da), item(&db)), (36.0, 10.0));
}

#[test]
fn stop_gradient_cuts() {
    let (a, b) = pair();
    let tape = GradientTape::new();
    let (x, z) = (a.value(), b.value());
    let y = 3.0 * x.square().unwrap() + (2.0 * &x * &z).stop_gradient().unwrap();
    let [da, db] = tape.gradient_or_none(&y, [&a, &b]).unwrap();
    assert_eq!(item(&da.unwrap()), 30.0);
    assert!(db.is_none());
}

#[test]
fn an_unconnected_source_is_named() {
    let (a, b) = pair();
    let tape = GradientTape::new();
    let y = a.value().square().unwrap();
    let e = tape.gradient(&y, [&a, &b]).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Gradient);
    assert!(e.to_string().contains("source 1, variable \"Variable\" float64[]"), "{e}");
    let tape = GradientTape::new();
    let y = a.value().square().unwrap();
    let [_, zero] = tape.gradient_or_zeros(&y, [&a, &b]).unwrap();
    assert_eq!(item(&zero), 0.0);
}

#[test]
fn nested_tapes_give_second_derivatives() {
    let x = Variable::new(Tensor::scalar(2.0f64));
    let outer = GradientTape::new();
    let inner = GradientTape::new();
    let y = x.value().square().unwrap().mul(&x.value()).unwrap();
    let d = inner.gradient(&y, &x).unwrap();
    let dd = outer.gradient(&d, &x).unwrap();
    assert_eq!((item(&d), item(&dd)), (12.0, 12.0));
}

#[test]
fn broadcasting_is_undone() {
    let w = Variable::new(Tensor::new([1.0f32, 2.0]).unwrap());
    let x = Tensor::ones([3, 2], DType::F32).unwrap();
    let tape = GradientTape::new();
    let y = &x * &w.value();
    assert_eq!(tape.gradient(&y, &w).unwrap().to_vec::<f32>().unwrap(), [3.0, 3.0]);
}

#[test]
fn a_variable_read_twice_around_an_assignment_adds_up() {
    let w = Variable::new(Tensor::scalar(3.0f64));
    let tape = GradientTape::new();
    let y = w.value().square().unwrap();
    w.assign(&Tensor::scalar(10.0)).unwrap();
    let z = &y + &w.value();
    assert_eq!(item(&tape.gradient(&z, &w).unwrap()), 7.0);
}

#[test]
fn assignments_are_not_watched() {
    let (a, b) = pair();
    let tape = GradientTape::new();
    a.assign_add(&Tensor::scalar(1.0f64)).unwrap();
    b.assign_sub(&Tensor::scalar(1.0f64)).unwrap();
    assert!(tape.watched_variables().is_empty());
    let y = &a.value() * &b.value();
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 2.0);
}

#[test]
fn sources_come_back_in_their_form() {
    let (a, b) = pair();
    let c = Variable::new(Tensor::new([1.0f64, 2.0]).unwrap());
    let target = || f(&a.value(), &b.value()) * c.value();
    let list = vec![a.clone(), b.clone()];
    let nested = vec![vec![a.clone(), b.clone()], vec![c.clone()]];

    let tape = GradientTape::new();
    let y = target();
    let both: Vec<Tensor> = tape.gradient(&y, &list).unwrap();
    assert_eq!((item(&both[0]), item(&both[1])), (108.0, 30.0));

    let tape = GradientTape::new();
    let y = target();
    let found: Vec<Vec<Tensor>> = tape.gradient(&y, &nested).unwrap();
    assert_eq!((found[0].len(), found[1].len()), (2, 1));
    assert_eq!(found[1][0].to_vec::<f64>().unwrap(), [105.0, 105.0]);

    let tape = GradientTape::new();
    let y = target();
    let (da, [db, dc]) = tape.gradient(&y, (&a, [&b, &c])).unwrap();
    assert_eq!((item(&da), item(&db), dc.len()), (108.0, 30.0, 2));

    let tape = GradientTape::new();
    let y = target();
    let mixed = [Source::Variable(a.clone()), Source::Tensor(y.clone())];
    let found = tape.gradient(&y, &mixed[..]).unwrap();
    assert_eq!((item(&found[0]), found[1].to_vec::<f64>().unwrap()), (108.0, vec![1.0, 1.0]));

    let tape = GradientTape::new();
    let y = target();
    let none: Vec<Tensor> = tape.gradient(&y, &Vec::<Variable>::new()).unwrap();
    assert!(none.is_empty());
}

#[test]
fn several_targets_add_up_and_take_gradients_from_above() {
    let (a, b) = pair();
    let tape = GradientTape::persistent();
    let (y, z) = (a.value().square().unwrap(), &a.value() * &b.value());
    assert_eq!(item(&tape.gradient([&y, &z], &a).unwrap()), 13.0);
    assert_eq!(item(&tape.gradient(vec![vec![&y], vec![&z, &z]], &a).unwrap()), 16.0);
    let (u, v) = (Tensor::scalar(2.0f64), Tensor::scalar(-1.0f64));
    assert_eq!(item(&tape.gradient((&y, &u), &a).unwrap()), 20.0);
    assert_eq!(item(&tape.gradient([(&y, &u), (&z, &v)], &a).unwrap()), 17.0);
    let e = tape.gradient((&y, &Tensor::new([1.0f64, 2.0]).unwrap()), &a).unwrap_err();
    assert_eq!(
        e.to_string(),
        "gradient: the upstream gradient of target 0 is float64[2], the target float64[]"
    );
}

#[test]
fn integers_are_refused() {
    let i = Tensor::new([1i32, 2]).unwrap();
    let x = Tensor::new([1.0f64, 2.0]).unwrap();
    let tape = GradientTape::persistent();
    let e = tape.watch(&i).unwrap_err();
    assert_eq!(e.to_string(), "watch: gradients exist for floats only, found int32[2]");
    tape.watch(&x).unwrap();
    let y = x.cast(DType::I32).unwrap();
    let e = tape.gradient(&y, &x).unwrap_err();
    assert_eq!(
        (e.kind(), e.to_string().contains("target 0 is a tensor int32[2]")),
        (ErrorKind::DType, true),
        "{e}"
    );
    let e = tape.gradient_or_none(&x, &i).unwrap_err();
    assert_eq!(
        (e.kind(), e.to_string().contains("source 0 is a tensor int32[2]")),
        (ErrorKind::DType, true),
        "{e}"
    );
    // Through an integer nothing flows.
    let z = y.cast(DType::F64).unwrap();
    assert!(tape.gradient_or_none(&z, &x).unwrap().is_none());
}

#[test]
fn watching_by_hand_by_kind_and_not_at_all() {
    let (a, b) = pair();
    let b = b.trainable(false);
    let tape = GradientTape::new();
    let y = &a.value() * &b.value();
    assert_eq!(tape.watched_variables().iter().map(Variable::id).collect::<Vec<_>>(), [a.id()]);
    let [da, db] = tape.gradient_or_none(&y, [&a, &b]).unwrap();
    assert_eq!((item(&da.unwrap()), db.is_none()), (3.0, true));

    let tape = GradientTape::watching_nothing();
    tape.watch_variable(&b);
    let y = &a.value() * &b.value();
    let [da, db] = tape.gradient_or_none(&y, [&a, &b]).unwrap();
    assert_eq!((da.is_none(), item(&db.unwrap())), (true, 5.0));

    // A value that was watched as a tensor first still counts for its variable.
    let tape = GradientTape::watching_nothing();
    tape.watch(&b.value()).unwrap();
    tape.watch_variable(&b);
    let y = b.value().square().unwrap();
    assert_eq!(item(&tape.gradient(&y, &b).unwrap()), 6.0);
}

#[test]
fn pauses_and_resets() {
    let (a, b) = pair();
    let tape = GradientTape::new();
    let y = a.value().square().unwrap();
    let k = tape.stop_recording(|| b.value().square().unwrap());
    let l = stop_recording(|| a.value().square().unwrap());
    let z = &y * &k * &l;
    let [da, db] = tape.gradient_or_none(&z, [&a, &b]).unwrap();
    assert_eq!((item(&da.unwrap()), db.is_none()), (10.0 * 9.0 * 25.0, true));

    let tape = GradientTape::new();
    let y = a.value().square().unwrap();
    tape.reset();
    assert!(tape.watched_variables().is_empty());
    let z = b.value().square().unwrap();
    let [da, db] = tape.gradient_or_none([&y, &z], [&a, &b]).unwrap();
    assert_eq!((da.is_none(), item(&db.unwrap())), (true, 6.0));
}

#[test]
fn a_panic_inside_a_pause_ends_the_pause() {
    let (a, _) = pair();
    let tape = GradientTape::new();
    let paused =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tape.stop_recording(|| panic!("inside"))));
    assert!(paused.is_err());
    let y = a.value().square().unwrap();
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 10.0);
}

#[test]
fn tapes_may_be_dropped_early_and_in_any_order() {
    let (a, b) = pair();
    let outer = GradientTape::new();
    let middle = GradientTape::persistent();
    let y = f(&a.value(), &b.value());
    let inner = GradientTape::new();
    drop(middle);
    let z = y.square().unwrap();
    assert_eq!(item(&outer.gradient(&z, &a).unwrap()), 2.0 * 105.0 * 36.0);
    drop(inner);
    assert!(!recorder::active());

    let tape = GradientTape::new();
    let y = a.value().square().unwrap();
    // Dropped while it is hidden.
    stop_recording(|| drop(tape));
    assert!(!recorder::active());
    assert_eq!(item(&y), 25.0);

    // Started where others are hidden, and used where they are not.
    let outer = GradientTape::new();
    let tape = stop_recording(GradientTape::new);
    let y = a.value().square().unwrap();
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 10.0);
    assert_eq!(item(&outer.gradient(&y, &a).unwrap()), 10.0);
}

#[test]
fn every_thread_has_its_own_tapes() {
    let (a, b) = pair();
    let tape = GradientTape::new();
    let y = a.value().square().unwrap();
    let found: Vec<f64> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..8)
            .map(|i| {
                let (a, b) = (&a, &b);
                s.spawn(move || {
                    assert!(!recorder::active(), "the other thread's tape does not listen here");
                    let outer = GradientTape::new();
                    let inner = GradientTape::new();
                    let y = f(&a.value(), &b.value()) * f64::from(i);
                    let d = inner.gradient(&y, a).unwrap();
                    item(&outer.gradient(&d, a).unwrap())
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(found, (0..8).map(|i| 6.0 * f64::from(i)).collect::<Vec<_>>());
    assert_eq!(tape.watched_variables().len(), 1);
    assert_eq!(item(&tape.gradient(&y, &a).unwrap()), 10.0);
}

#[test]
fn many_variables_are_all_found() {
    let all: Vec<Variable> = (0..100).map(|i| Variable::new(Tensor::scalar(f64::from(i)))).collect();
    let tape = GradientTape::new();
    let mut sum = Tensor::scalar(0.0f64);
    for v in all.iter().chain(&all) {
        sum = &sum + &v.value().square().unwrap();
    }
    let found = tape.gradient(&sum, &all).unwrap();
    for (i, g) in found.iter().enumerate() {
        assert_eq!(item(g), 4.0 * i as f64, "variable {i}");
    }
}

#[test]
fn activations_die_as_the_backward_pass_goes_by() {
    use gradus_autograd::custom_gradient;
    use std::sync::{Arc, Mutex};
    let w = Variable::new(Tensor::new([0.5f64, 2.0]).unwrap());
    let tape = GradientTape::new();
    let late: Arc<Mutex<Option<Tensor>>> = Arc::default();
    let alone: Arc<Mutex<Option<bool>>> = Arc::default();
    // The backward pass comes by here last, and looks whether an activation made later is still held.
    let probe = (late.clone(), alone.clone());
    let x = custom_gradient(&w.value(), move |x: Tensor| {
        let (late, alone) = probe.clone();
        Ok((x, move |dy: Tensor| {
            let mut held = late.lock().unwrap();
            *alone.lock().unwrap() = held.as_mut().map(Tensor::is_unique);
            Ok(dy)
        }))
    })
    .unwrap();
    let activation = x.exp().unwrap();
    let y = activation.square().unwrap().square().unwrap();
    *late.lock().unwrap() = Some(activation);
    assert_eq!(*alone.lock().unwrap(), None);
    let _ = tape.gradient(&y, &w).unwrap();
    assert_eq!(*alone.lock().unwrap(), Some(true), "the tape has let go of the activation");
}
