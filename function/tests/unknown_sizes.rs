//! One graph serves every size of an unknown dimension.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Function, InputSpec};
use gradus_tensor::ops::{ConvOptions, Padding};
use gradus_tensor::{DType, Result, Tensor, s};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn numbers(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec((0..n).map(|i| (i as f32 * 0.37).sin()).collect(), shape).unwrap()
}

fn bytes(all: &[Tensor]) -> Vec<Vec<u8>> {
    all.iter().map(|t| t.to_bytes().unwrap()).collect()
}

type Body = fn(&[Tensor]) -> Result<Vec<Tensor>>;

/// `None` stands for the unknown size.
type Dims = &'static [Option<usize>];

fn weights(rows: usize, columns: usize) -> Tensor {
    numbers(&[rows, columns])
}

/// A training step's loss and gradients.
fn step(x: &[Tensor]) -> Result<Vec<Tensor>> {
    let (w, b) = (weights(6, 4), numbers(&[4]));
    let tape = GradientTape::new();
    tape.watch(&w)?;
    tape.watch(&b)?;
    let y = x[0].matmul(&w)?.add(&b)?.tanh()?;
    let loss = y.sub(&x[1])?.square()?.reduce_mean((), false)?;
    let mut all = tape.gradient(&loss, &vec![w, b])?;
    all.push(loss);
    Ok(all)
}

fn step_with(x: &[Tensor], w: &Variable, b: &Variable) -> Result<Vec<Tensor>> {
    let tape = GradientTape::new();
    let y = x[0].matmul(&w.value())?.add(&b.value())?.tanh()?;
    let loss = y.sub(&x[1])?.square()?.reduce_mean((), false)?;
    let mut all = tape.gradient(&loss, &vec![w.clone(), b.clone()])?;
    all.push(loss);
    Ok(all)
}

#[test]
fn one_graph_for_every_size() {
    let cases: [(&str, &[Dims], Body); 12] = [
        ("product", &[&[None, Some(6)]], |x| Ok(vec![x[0].matmul(&weights(6, 3))?.relu()?])),
        ("reshape to rows", &[&[None, Some(2), Some(3)]], |x| {
            let n = x[0].shape()[0];
            Ok(vec![x[0].reshape([n * 2, 3])?.softmax(-1)?.reshape([n, 6])?])
        }),
        ("broadcast_to", &[&[None, Some(3)]], |x| {
            Ok(vec![numbers(&[3]).broadcast_to(x[0].shape().clone())?.mul(&x[0])?])
        }),
        ("fills and ranges", &[&[None]], |x| {
            let n = x[0].shape()[0];
            let ones = Tensor::full([n], 1.0, DType::F32)?;
            Ok(vec![x[0].add(&ones)?, Tensor::zeros([n, 2], DType::F32)?, x[0].ones_like()?])
        }),
        ("slices", &[&[None, Some(2)]], |x| {
            Ok(vec![x[0].slice(s![1..])?, x[0].slice(s![..-1])?, x[0].slice(s![0])?])
        }),
        ("means", &[&[None, Some(5)]], |x| {
            let n = x[0].shape()[0] as f64;
            let sum = x[0].reduce_sum(0, false)?;
            Ok(vec![x[0].reduce_mean(0, false)?, sum.div(&sum.like(n)?)?, sum.mul(&sum.like(1.0 / n)?)?])
        }),
        ("variance", &[&[None, Some(5)]], |x| {
            let n = x[0].shape()[0] as f64;
            let squares = x[0].sub(&x[0].reduce_mean(0, true)?)?.square()?.reduce_sum(0, false)?;
            Ok(vec![squares.div(&squares.like(n - 1.0)?)?])
        }),
        ("a step", &[&[None, Some(6)], &[None, Some(4)]], step),
        ("rows and columns", &[&[None, None]], |x| {
            let [r, c] = [x[0].shape()[0], x[0].shape()[1]];
            Ok(vec![x[0].transpose(&[1, 0])?.reshape([r * c])?, x[0].reduce_mean((), false)?])
        }),
        ("inner sizes that go together", &[&[Some(3), None], &[None, Some(2)]], |x| {
            Ok(vec![x[0].matmul(&x[1])?])
        }),
        ("images of any size", &[&[None, None, None, Some(2)]], |x| {
            let options = ConvOptions { padding: Padding::Same, strides: [2, 2], ..ConvOptions::default() };
            let y = x[0].conv2d(&numbers(&[3, 3, 2, 4]), options)?;
            let [n, c] = [y.shape()[0], y.shape()[3]];
            Ok(vec![y.reduce_mean([1, 2], false)?.reshape([n, c])?])
        }),
        ("gradients of reductions", &[&[None, Some(3)]], |x| {
            let tape = GradientTape::new();
            tape.watch(&x[0])?;
            let y = x[0].reduce_max(0, false)?.add(&x[0].reduce_mean(0, false)?)?;
            let y = y.mul(&x[0].exp()?.reduce_sum(0, false)?)?.reduce_logsumexp((), false)?;
            Ok(vec![tape.gradient(&y, &x[0])?])
        }),
    ];
    for (name, dims, body) in cases {
        let specs: Vec<InputSpec> = dims.iter().map(|d| InputSpec::new(DType::F32, d.to_vec())).collect();
        let ran = Arc::new(AtomicUsize::new(0));
        let counted = ran.clone();
        let f = Function::new(move |x: &[Tensor]| {
            counted.fetch_add(1, Ordering::Relaxed);
            body(x)
        });
        let f = f.signature(specs);
        for size in [7, 1, 32, 2, 7] {
            let x: Vec<Tensor> = dims
                .iter()
                .map(|d| numbers(&d.iter().map(|d| d.unwrap_or(size)).collect::<Vec<_>>()))
                .collect();
            let want = body(&x).unwrap();
            let found = f.call(&x[..]).unwrap_or_else(|e| panic!("{name}, size {size}: {e}"));
            f.one_graph().unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(found.len(), want.len(), "{name}");
            for (f, w) in found.iter().zip(&want) {
                assert_eq!(f.spec(), w.spec(), "{name}, size {size}");
            }
            assert_eq!(bytes(&found), bytes(&want), "{name}, size {size}");
            assert_eq!((f.trace_count(), f.retraces().len()), (1, 1), "{name}, size {size}");
        }
        assert!(ran.load(Ordering::Relaxed) <= 6, "{name}: the body ran {ran:?} times");
    }
}

#[test]
fn rows_and_columns_may_part_after_a_square() {
    let f = Function::new(|x| x[0].transpose(&[1, 0])).signature([InputSpec::new(DType::F32, [None, None])]);
    for (r, c) in [(3, 3), (3, 5), (1, 4)] {
        assert_eq!(f.call(&numbers(&[r, c])).unwrap().shape().dims(), [c, r]);
    }
    assert_eq!(f.trace_count(), 1);
}

#[test]
fn variables_change_and_tapes_see_calls_of_every_size() {
    let (w, b) = (Variable::new(weights(6, 4)), Variable::new(numbers(&[4])));
    let (v, c) = (w.clone(), b.clone());
    let forward = Function::new(move |x: &[Tensor]| x[0].matmul(&v.value())?.add(&c.value())?.sigmoid());
    let forward = forward.signature([InputSpec::new(DType::F32, [None, Some(6)])]);
    let (v, c) = (w.clone(), b.clone());
    let train = Function::new(move |x: &[Tensor]| {
        let all = step_with(x, &v, &c)?;
        for (v, g) in [&v, &c].into_iter().zip(&all) {
            v.assign_sub(&g.mul(&g.like(0.1)?)?)?;
        }
        Ok(all)
    });
    let train = train.signature([[None, Some(6)], [None, Some(4)]].map(|d| InputSpec::new(DType::F32, d)));
    for n in [4, 1, 9, 32] {
        let x = numbers(&[n, 6]);
        let gradients = |traced: bool| {
            let tape = GradientTape::new();
            let y = match traced {
                true => forward.call(&x).unwrap(),
                false => x.matmul(&w.value()).unwrap().add(&b.value()).unwrap().sigmoid().unwrap(),
            };
            let g = tape.gradient(y.square().unwrap(), &vec![w.clone(), b.clone()]).unwrap();
            bytes(&g)
        };
        assert_eq!(gradients(true), gradients(false), "{n} rows");
        let y = numbers(&[n, 4]);
        let (v, c) = (Variable::new(w.peek()), Variable::new(b.peek()));
        let want = step_with(&[x.clone(), y.clone()], &v, &c).unwrap();
        assert_eq!(bytes(&train.call([&x, &y]).unwrap()), bytes(&want));
        let moved = v.peek().sub(&want[0].mul(&want[0].like(0.1).unwrap()).unwrap()).unwrap();
        assert_eq!(bytes(&[w.peek()]), bytes(&[moved]), "{n} rows");
    }
    assert_eq!((forward.trace_count(), train.trace_count()), (1, 1));
}

#[test]
fn what_has_no_graph_for_all_sizes_is_recorded_for_each() {
    let cases: [(&str, Body); 3] = [
        ("other operations", |x| {
            let mut y = x[0].slice(s![0])?;
            for i in 1..x[0].shape()[0] {
                y = y.add(&x[0].slice(s![i as isize])?)?;
            }
            Ok(vec![y])
        }),
        ("a constant float32[]", |x| Ok(vec![x[0].mul(&x[0].like((x[0].shape()[0] as f64).sqrt())?)?])),
        ("a number that follows", |x| {
            let n = x[0].shape()[0];
            Ok(vec![x[0].slice(s![..(n / 2) as isize])?])
        }),
    ];
    for (why, body) in cases {
        let f = Function::new(body).signature([InputSpec::new(DType::F32, [None, Some(2)])]);
        for (count, n) in [4, 6, 9].into_iter().enumerate() {
            let x = numbers(&[n, 2]);
            assert_eq!(bytes(&f.call(&x).unwrap()), bytes(&body(&[x]).unwrap()), "{why}");
            assert_eq!(f.trace_count(), count + 1, "{why}");
        }
        let said = f.one_graph().unwrap_err().to_string();
        assert!(said.contains(why), "{why}: {said}");
    }
}

#[test]
fn sizes_that_do_not_go_together_say_so() {
    let f = Function::new(|x| x[0].add(&x[1]));
    let f = f.signature([[None, Some(2)], [None, Some(2)]].map(|d| InputSpec::new(DType::F32, d)));
    f.call([&numbers(&[4, 2]), &numbers(&[4, 2])]).unwrap();
    let e = f.call([&numbers(&[4, 2]), &numbers(&[3, 2])]).unwrap_err().to_string();
    assert!(e.contains("[4, 2]") && e.contains("[3, 2]"), "{e}");
    f.call([&numbers(&[5, 2]), &numbers(&[5, 2])]).unwrap();
    assert_eq!(f.trace_count(), 1);
}

#[test]
fn exported_graphs_are_read_with_suspicion() {
    use gradus_function::{Exported, Restored};
    use gradus_tensor::Registry;
    use serde_json::{Value, json};
    let w = Variable::new(weights(6, 4));
    let rows = [InputSpec::new(DType::F32, [None, Some(6)])];
    let body = |x: &[Tensor]| {
        let n = x[0].shape()[0];
        let y = x[0].matmul(&w.value())?.reshape([n * 2, 2])?;
        Ok(vec![y.reduce_sum((), false)?.mul(&Tensor::scalar(1.0 / n as f32))?])
    };
    let whole = Exported::of(&rows, body).unwrap();
    let text = whole.graph.to_string();
    let read = |graph: Value| {
        let data = Exported { graph, tensors: whole.tensors.clone() };
        Restored::import(&data, &Registry::builtin())
    };
    let f = read(serde_json::from_str(&text).unwrap()).unwrap();
    for n in [1, 3, 50] {
        let x = numbers(&[n, 6]);
        assert_eq!(bytes(&f.call(std::slice::from_ref(&x)).unwrap()), bytes(&body(&[x]).unwrap()), "{n}");
    }
    let cases: [(&str, &dyn Fn(&mut Value)); 10] = [
        ("expected gradus-function", &|j| j["version"] = json!(7)),
        ("unknown operation", &|j| j["nodes"][0]["op"] = json!("format_disk")),
        ("does not exist", &|j| j["nodes"][0]["x"][0] = json!(4_000_000)),
        ("does not exist", &|j| j["nodes"][0]["y"][0] = json!(4_000_000)),
        ("made twice", &|j| j["nodes"][0]["y"][0] = j["inputs"][0].clone()),
        ("nothing makes", &|j| j["outputs"][0] = json!(99_999)),
        ("values, of which", &|j| j["values"] = json!(u64::MAX)),
        ("no unknown dimension", &|j| j["unknown"][0] = json!([0, 1, 0])),
        ("not those of the signature", &|j| j["unknown"] = json!([])),
        ("no such variable", &|j| j["reads"][0] = json!(9)),
    ];
    for (want, spoil) in cases {
        let mut graph = whole.graph.clone();
        spoil(&mut graph);
        let e = read(graph).map(|_| ()).unwrap_err().to_string();
        assert!(e.contains(want), "{want}: {e}");
    }
    // What only a size can show is refused when it comes.
    let mut graph = whole.graph.clone();
    let text = graph["nodes"].to_string().replacen("[1,2,0]", "[1,3,1]", 1);
    graph["nodes"] = serde_json::from_str(&text).unwrap();
    assert_ne!(graph, whole.graph);
    let e = read(graph).unwrap().call(&[numbers(&[4, 6])]).unwrap_err().to_string();
    assert!(e.contains("reshape"), "{e}");
}
