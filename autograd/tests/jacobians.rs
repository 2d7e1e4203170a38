//! Jacobians, Hessians and forward derivatives against closed forms and against one another.

use gradus_autograd::{GradientTape, Variable, jvp};
use gradus_tensor::{DType, ErrorKind, Result, Tensor};

fn vec_of(t: &Tensor) -> Vec<f64> {
    t.to_vec::<f64>().unwrap()
}

fn assert_close(name: &str, found: &[f64], want: &[f64]) {
    assert_eq!(found.len(), want.len(), "{name}");
    for (i, (f, w)) in found.iter().zip(want).enumerate() {
        assert!((f - w).abs() <= 1e-12 * (1.0 + w.abs()), "{name}, element {i}: expected {w}, found {f}");
    }
}

#[test]
fn a_jacobian_has_the_axes_of_target_and_source() {
    let x = Variable::new(Tensor::new([[1.0f64, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap());
    let a = Tensor::new([[1.0f64, -1.0, 0.5]]).unwrap();
    let tape = GradientTape::new();
    let y = a.matmul(&x.value()).unwrap();
    let j = tape.jacobian(&y, &x).unwrap();
    assert_eq!(j.shape().dims(), [1, 2, 3, 2]);
    assert_eq!(vec_of(&j), [1.0, 0.0, -1.0, 0.0, 0.5, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.5]);
}

#[test]
fn jacobians_come_in_the_form_of_the_sources_and_may_be_unconnected() {
    let (a, b) = (Variable::new(Tensor::new([2.0f64, 3.0]).unwrap()), Variable::new(Tensor::scalar(4.0f64)));
    let tape = GradientTape::persistent();
    let y = a.value().square().unwrap();
    let z = &y * &b.value();
    let (da, db) = tape.jacobian(&z, (&a, &b)).unwrap();
    assert_eq!((da.shape().dims(), vec_of(&da)), (&[2, 2][..], vec![16.0, 0.0, 0.0, 24.0]));
    assert_eq!((db.shape().dims(), vec_of(&db)), (&[2][..], vec![4.0, 9.0]));
    let [_, none] = tape.jacobian_or_none(&y, [&a, &b]).unwrap();
    assert!(none.is_none());
    let [_, zeros] = tape.jacobian_or_zeros(&y, [&a, &b]).unwrap();
    assert_eq!((zeros.shape().dims(), vec_of(&zeros)), (&[2][..], vec![0.0, 0.0]));
    let e = tape.jacobian(&y, [&a, &b]).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Gradient);
    assert!(e.to_string().starts_with("jacobian: the target does not depend on source 1"), "{e}");
    let empty = y.slice(gradus_tensor::s![0..0]).unwrap();
    assert_eq!(tape.jacobian(&empty, &a).unwrap().shape().dims(), [0, 2]);
    let single = tape.jacobian(&y.reduce_sum((), false).unwrap(), &a).unwrap();
    assert_eq!(vec_of(&single), [4.0, 6.0]);
}

#[test]
fn a_batch_jacobian_is_the_diagonal_of_the_jacobian() {
    let x = Tensor::new([[0.3f64, -1.2], [0.7, 0.1], [2.0, -0.4]]).unwrap();
    let tape = GradientTape::persistent_watching_nothing();
    tape.watch(&x).unwrap();
    let c = x.transpose(&[1, 0]).unwrap().unstack(0).unwrap();
    let (sin, product, square) = (c[0].sin().unwrap(), &c[0] * &c[1], c[1].square().unwrap());
    let y = Tensor::stack(&[&sin, &product, &square], 1).unwrap();
    let whole = tape.jacobian(&y, &x).unwrap();
    let by_row = tape.batch_jacobian(&y, &x).unwrap();
    assert_eq!((whole.shape().dims(), by_row.shape().dims()), (&[3, 3, 3, 2][..], &[3, 3, 2][..]));
    for i in 0..3i64 {
        let picked = whole.slice(gradus_tensor::s![i, .., i]).unwrap();
        assert_close("row", &vec_of(&by_row.slice(gradus_tensor::s![i]).unwrap()), &vec_of(&picked));
    }
    let e = tape.batch_jacobian(&y.slice(gradus_tensor::s![0..2]).unwrap(), &x).unwrap_err();
    assert!(e.to_string().contains("the first axes of the target float64[2, 3]"), "{e}");
    assert!(tape.batch_jacobian(&y.reduce_sum((), false).unwrap(), &x).is_err());
    let other = Tensor::ones([3, 5], DType::F64).unwrap();
    assert_eq!(tape.batch_jacobian_or_zeros(&y, &other).unwrap().shape().dims(), [3, 3, 5]);
}

/// sum(x^3) + x0 x1 x2.
fn cubic(x: &Tensor) -> Result<Tensor> {
    x.square()?.mul(x)?.reduce_sum((), false)?.add(&x.reduce_prod((), false)?)
}

#[test]
fn a_hessian_is_the_jacobian_of_a_gradient() {
    let x = Variable::new(Tensor::new([1.0f64, 2.0, 3.0]).unwrap());
    let outer = GradientTape::new();
    let inner = GradientTape::new();
    let y = cubic(&x.value()).unwrap();
    let g = inner.gradient(&y, &x).unwrap();
    let h = outer.jacobian(&g, &x).unwrap();
    assert_close("hessian", &vec_of(&h), &[6.0, 3.0, 2.0, 3.0, 12.0, 1.0, 2.0, 1.0, 18.0]);

    // The other way round: the jacobian first, recorded by the outer tape.
    let outer = GradientTape::new();
    let inner = GradientTape::new();
    let y = x.value().square().unwrap();
    let j = inner.jacobian(&y, &x).unwrap();
    let hh = outer.gradient(&j, &x).unwrap();
    assert_eq!(vec_of(&hh), [2.0; 3]);
}

#[test]
fn forward_derivatives_agree_with_jacobians() {
    let x = Tensor::new([0.4f64, -0.9, 1.7, 0.2]).unwrap();
    let v = Tensor::new([1.0f64, -2.0, 0.5, 3.0]).unwrap();
    type Function = fn(&Tensor) -> Result<Tensor>;
    let functions: &[(&str, Function)] = &[
        ("identity", |x| Ok(x.clone())),
        ("constant", |x| x.ones_like()),
        ("tanh", |x| x.tanh()),
        ("softmax", |x| x.softmax(-1)),
        ("gather", |x| x.gather(&Tensor::new([3i64, 0, 0])?, 0)),
        ("products", |x| x.reshape([2, 2])?.matmul(&x.reshape([2, 2])?)),
        ("max", |x| x.reduce_max((), false)),
        ("sort", |x| x.sort(-1, false)?.cumprod(0, false, false)),
        ("layer_norm", |x| x.layer_norm(&x.ones_like()?, &x.zeros_like()?, 1e-3)),
    ];
    for (name, f) in functions {
        let tape = GradientTape::watching_nothing();
        tape.watch(&x).unwrap();
        let y = f(&x).unwrap();
        let j = tape.jacobian_or_zeros(&y, &x).unwrap().reshape([y.len(), 4]).unwrap();
        let want = j.matmul(&v.reshape([4, 1]).unwrap()).unwrap();
        let (value, dy) = jvp(&x, &v, |x: Tensor| f(&x)).unwrap();
        assert_eq!(vec_of(&value), vec_of(&y), "{name}");
        assert_eq!(dy.spec(), y.spec(), "{name}");
        assert_close(name, &vec_of(&dy), &vec_of(&want));
    }
}

#[test]
fn forward_derivatives_nest_and_take_several_arguments() {
    let (a, b) = (Tensor::scalar(2.0f64), Tensor::scalar(5.0f64));
    let (va, vb) = (Tensor::scalar(1.0f64), Tensor::scalar(10.0f64));
    let ([p, s], [dp, ds]) =
        jvp([&a, &b], [&va, &vb], |[a, b]: [Tensor; 2]| Ok([&a * &b, a.square()?.mul(&b)?])).unwrap();
    assert_eq!([p, s, dp, ds].map(|t| t.item::<f64>().unwrap()), [10.0, 20.0, 25.0, 60.0]);
    // The same tensor twice moves in two places.
    let (_, d) = jvp([&a, &a], [&va, &vb], |[a, b]: [Tensor; 2]| Ok(&a * &b)).unwrap();
    assert_eq!(d.item::<f64>().unwrap(), 22.0);
    // Forward over forward, and a tape around forward: second derivatives of x^3 at 2.
    let cube = |x: Tensor| x.square()?.mul(&x);
    let (_, dd) = jvp(&a, &va, |x: Tensor| Ok(jvp(&x, &va, cube)?.1)).unwrap();
    assert_eq!(dd.item::<f64>().unwrap(), 12.0);
    let tape = GradientTape::watching_nothing();
    tape.watch(&a).unwrap();
    let (_, d) = jvp(&a, &va, cube).unwrap();
    assert_eq!(tape.gradient(&d, &a).unwrap().item::<f64>().unwrap(), 12.0);
}

#[test]
fn forward_derivatives_refuse_what_does_not_fit() {
    let x = Tensor::new([1.0f64, 2.0]).unwrap();
    let i = Tensor::new([1i32, 2]).unwrap();
    let long = Tensor::new([1.0f64, 2.0, 3.0]).unwrap();
    let e = jvp(&x, &long, |x: Tensor| x.square()).unwrap_err();
    assert_eq!(e.to_string(), "jvp: tangent 0 is float64[3], its argument float64[2]");
    let e = jvp(&i, &i, |x: Tensor| x.square()).unwrap_err();
    assert_eq!(e.to_string(), "jvp: argument 0 is int32[2], expected a real float");
    let e = jvp(&x, &x, |x: Tensor| x.cast(DType::I64)).unwrap_err();
    assert_eq!(e.to_string(), "jvp: result 0 is int64[2], expected a real float");
}
