//! What is recorded once, what is replayed, and what is refused.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Difference, Function};
use gradus_tensor::{DType, Error, ErrorKind, Tensor};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

fn cube(x: &[Tensor]) -> Result<Tensor, Error> {
    x[0].mul(&x[0])?.mul(&x[0])
}

fn vector(n: usize) -> Tensor {
    Tensor::from_vec((0..n).map(|i| i as f32 * 0.5 - 1.0).collect(), [n]).unwrap()
}

fn bits(t: &Tensor) -> Vec<u8> {
    t.to_bytes().unwrap()
}

#[test]
fn numbers_are_constants_and_tensors_are_not() {
    let f = Function::new(cube);
    assert_eq!(f.call(2).unwrap().item::<i32>().unwrap(), 8);
    assert_eq!(f.call(&Tensor::scalar(2.0f32)).unwrap().item::<f32>().unwrap(), 8.0);
    assert_eq!(f.call(&Tensor::scalar(3.0f32)).unwrap().item::<f32>().unwrap(), 27.0);
    assert_eq!(f.call(3).unwrap().item::<i32>().unwrap(), 27);
    assert_eq!(f.call(2).unwrap().item::<i32>().unwrap(), 8);
    assert_eq!(f.trace_count(), 3);
}

#[test]
fn one_graph_per_shape_and_dtype() {
    let f = Function::new(cube);
    for (n, traces) in [(10usize, 1), (20, 2), (10, 2), (20, 2)] {
        f.call(&vector(n)).unwrap();
        assert_eq!(f.trace_count(), traces, "after {n}");
    }
    f.call(&vector(10).cast(DType::F64).unwrap()).unwrap();
    let why = f.retraces();
    assert!(why[0].differences.is_empty());
    assert_eq!(why[1].to_string(), "trace 2: argument 0 is float32[20] instead of float32[10]");
    assert!(matches!(&why[2].differences[..], [Difference::Argument { index: 0, .. }]));
}

#[test]
fn rust_happens_once_tensors_every_time() {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let f = Function::new(move |x: &[Tensor]| {
        seen.fetch_add(1, Ordering::Relaxed);
        x[0].exp()?.add(&x[0])
    });
    for i in 0..4 {
        let x = Tensor::new([0.5f32, i as f32]).unwrap();
        let want = x.exp().unwrap().add(&x).unwrap();
        assert_eq!(bits(&f.call(&x).unwrap()), bits(&want), "call {i}");
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[test]
fn variables_are_read_and_assigned_at_every_call() {
    let (v, n) = (Variable::new(Tensor::scalar(1.0f32)), Variable::new(Tensor::scalar(0i64)));
    let (w, m) = (v.clone(), n.clone());
    let f = Function::new(move |x: &[Tensor]| {
        let before = w.value();
        w.assign_add(&x[0])?;
        w.assign(&w.value().mul(&w.value())?)?;
        m.assign_add(&Tensor::scalar(1i64))?;
        Ok([before, w.value()])
    });
    let mut want = 1.0f32;
    for i in 0..3 {
        let x = 0.25 * i as f32;
        let [before, after] = f.call(&Tensor::scalar(x)).unwrap();
        assert_eq!(before.item::<f32>().unwrap(), want, "call {i}");
        want = (want + x) * (want + x);
        assert_eq!(after.item::<f32>().unwrap(), want, "call {i}");
        assert_eq!(v.value().item::<f32>().unwrap(), want, "call {i}");
    }
    assert_eq!(n.value().item::<i64>().unwrap(), 3);
    // A value set from outside is what the next call reads.
    v.assign(&Tensor::scalar(2.0f32)).unwrap();
    let [before, _] = f.call(&Tensor::scalar(0.0f32)).unwrap();
    assert_eq!(before.item::<f32>().unwrap(), 2.0);
}

#[test]
fn reading_back_is_refused_and_changes_nothing() {
    let v = Variable::new(Tensor::scalar(1.0f32));
    let w = v.clone();
    let f = Function::new(move |x: &[Tensor]| {
        w.assign_add(&x[0])?;
        if x[0].add(&x[0])?.item::<f32>()? > 0.0 { x[0].neg() } else { Ok(x[0].clone()) }
    })
    .named("branch");
    let e = f.call(&Tensor::scalar(1.0f32)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Trace);
    assert!(e.to_string().starts_with("branch: a traced value float32[]"), "{e}");
    assert_eq!(v.value().item::<f32>().unwrap(), 1.0);
    // A number is not traced, nor is what follows from it alone.
    let f = Function::new(|x: &[Tensor]| Tensor::scalar(x[0].item::<i32>()? + 1).add(&Tensor::scalar(1)));
    assert_eq!(f.call(5).unwrap().item::<i32>().unwrap(), 7);
}

#[test]
fn shapes_that_depend_on_values_are_refused() {
    let f = Function::new(|x: &[Tensor]| x[0].boolean_mask(&x[1], 0));
    let mask = Tensor::new([true, false]).unwrap();
    let e = f.call([&vector(2), &mask]).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Trace, "{e}");
}

#[test]
fn an_error_in_the_body_changes_nothing_and_is_not_kept() {
    let v = Variable::new(Tensor::scalar(1.0f32));
    let w = v.clone();
    let f = Function::new(move |x: &[Tensor]| {
        w.assign(&x[0])?;
        x[0].matmul(&x[0])
    });
    assert!(f.call(&Tensor::scalar(5.0f32)).is_err());
    assert_eq!(v.value().item::<f32>().unwrap(), 1.0);
    assert_eq!(f.trace_count(), 0);
}

#[test]
fn one_tensor_twice_and_variables_of_one_tensor() {
    let f = Function::new(|x: &[Tensor]| x[0].sub(&x[1]));
    let (a, b) = (vector(3), vector(3).exp().unwrap());
    assert_eq!(bits(&f.call([&a, &a]).unwrap()), bits(&a.sub(&a).unwrap()));
    assert_eq!(bits(&f.call([&b, &a]).unwrap()), bits(&b.sub(&a).unwrap()));
    let t = vector(2);
    let (v, w) = (Variable::new(t.clone()), Variable::new(t.clone()));
    let (v2, w2, t2) = (v.clone(), w.clone(), t.clone());
    let g = Function::new(move |_: &[Tensor]| v2.value().add(&w2.value())?.add(&t2));
    g.call(()).unwrap();
    w.assign(&Tensor::zeros([2], DType::F32).unwrap()).unwrap();
    assert_eq!(bits(&g.call(()).unwrap()), bits(&t.add(&t).unwrap()));
}

#[test]
fn random_numbers_are_new_at_every_call() {
    let state = Variable::new(Tensor::random_state(7, 0)).trainable(false);
    let s = state.clone();
    let step = Tensor::from_slice(&[0u64, 1], [2]).unwrap();
    let f = Function::new(move |x: &[Tensor]| {
        let now = s.value();
        s.assign(&now.add(&step)?)?;
        x[0].dropout(0.5, &now)
    });
    let x = Tensor::ones([64], DType::F32).unwrap();
    let traced: Vec<Vec<u8>> = (0..3).map(|_| bits(&f.call(&x).unwrap())).collect();
    let eager: Vec<Vec<u8>> =
        (0..3).map(|i| bits(&x.dropout(0.5, &Tensor::random_state(7, i)).unwrap())).collect();
    assert_eq!(traced, eager);
}

#[test]
fn functions_nest() {
    let total = Variable::new(Tensor::scalar(0.0f32));
    let (inner_total, outer_total) = (total.clone(), total.clone());
    let inner = Arc::new(Function::new(move |x: &[Tensor]| {
        inner_total.assign_add(&x[0].reduce_sum((), false)?)?;
        x[0].square()
    }));
    let used = inner.clone();
    let outer = Function::new(move |x: &[Tensor]| {
        let y = used.call(&x[0])?;
        let z = used.call(&y)?;
        z.add(&outer_total.value())
    });
    let x = Tensor::new([1.0f32, 2.0]).unwrap();
    for i in 0..3 {
        let before = total.peek().item::<f32>().unwrap();
        let after = before + 3.0 + 5.0;
        let y = outer.call(&x).unwrap().to_vec::<f32>().unwrap();
        assert_eq!(y, [1.0 + after, 16.0 + after], "call {i}");
        assert_eq!(total.peek().item::<f32>().unwrap(), after, "call {i}");
    }
    assert_eq!((inner.trace_count(), outer.trace_count()), (1, 1));
}

#[test]
fn a_function_that_calls_itself_is_refused() {
    let me: Arc<Mutex<Option<Arc<Function<Tensor>>>>> = Arc::default();
    let this = me.clone();
    let f = Arc::new(Function::new(move |x: &[Tensor]| {
        let f = this.lock().unwrap().clone().unwrap();
        f.call(&x[0])
    }));
    *me.lock().unwrap() = Some(f.clone());
    assert!(f.call(&vector(1)).unwrap_err().to_string().contains("calls itself"));
    *me.lock().unwrap() = None;
}

#[test]
fn threads_share_a_function() {
    let f = Arc::new(Function::new(cube));
    let threads: Vec<_> = (0..4)
        .map(|k| {
            let f = f.clone();
            std::thread::spawn(move || {
                for i in 0..50 {
                    let x = vector(3 + (i + k) % 4);
                    assert_eq!(bits(&f.call(&x).unwrap()), bits(&cube(&[x]).unwrap()));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(f.trace_count(), 4);
}

#[test]
fn a_panic_in_the_body_leaves_no_recorder_behind() {
    let f = Function::new(|_: &[Tensor]| -> Result<Tensor, Error> { panic!("on purpose") });
    let call = std::panic::AssertUnwindSafe(|| f.call(()));
    assert!(std::panic::catch_unwind(call).is_err());
    assert!(!gradus_tensor::recorder::active());
}

#[test]
fn gradients_inside_a_body_are_replayed() {
    let w = Variable::new(Tensor::new([1.0f32, -2.0]).unwrap());
    let v = w.clone();
    let step = Function::new(move |x: &[Tensor]| {
        let tape = GradientTape::new();
        let loss = v.value().mul(&x[0])?.square()?.reduce_sum((), false)?;
        let g = tape.gradient(&loss, &v)?;
        v.assign_sub(&g.mul(&Tensor::scalar(0.1f32))?)?;
        Ok(loss)
    });
    let eager = Variable::new(w.peek());
    for i in 0..3 {
        let x = Tensor::new([0.5f32, i as f32]).unwrap();
        let loss = step.call(&x).unwrap();
        let tape = GradientTape::new();
        let want = eager.value().mul(&x).unwrap().square().unwrap().reduce_sum((), false).unwrap();
        let g = tape.gradient(&want, &eager).unwrap();
        eager.assign_sub(&g.mul(&Tensor::scalar(0.1f32)).unwrap()).unwrap();
        assert_eq!(bits(&loss), bits(&want), "call {i}");
        assert_eq!(bits(&w.peek()), bits(&eager.peek()), "call {i}");
    }
}
