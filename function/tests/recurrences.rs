//! Recurrences run by ranges of the batch: as the operations one by one, and to the same bits with any number of threads.

use gradus_autograd::{GradientTape, Variable};
use gradus_function::{Function, Trace};
use gradus_kernels::threads::with_num_threads;
use gradus_tensor::{DType, Result, Tensor, s};

const STEPS: usize = 10;
const FEATURES: usize = 5;
const UNITS: usize = 12;

fn numbers(shape: &[usize], k: f64) -> Tensor {
    let n: usize = shape.iter().product();
    let v: Vec<f64> = (0..n).map(|i| (i as f64 * k).sin() * 0.4).collect();
    Tensor::from_vec(v, shape).unwrap().cast(DType::F32).unwrap()
}

type Cell = fn(x: &Tensor, state: &[Tensor; 2], w: &[Tensor]) -> Result<[Tensor; 2]>;

fn lstm(x: &Tensor, [h, c]: &[Tensor; 2], w: &[Tensor]) -> Result<[Tensor; 2]> {
    let z = x.matmul(&w[0])?.add(&h.matmul(&w[1])?)?.add(&w[2])?.split(4, -1)?;
    let c = z[1].sigmoid()?.mul(c)?.add(&z[0].sigmoid()?.mul(&z[2].tanh()?)?)?;
    Ok([z[3].sigmoid()?.mul(&c.tanh()?)?, c])
}

/// With a mask from the inputs: rows whose first feature is negative keep their state.
fn masked(x: &Tensor, state: &[Tensor; 2], w: &[Tensor]) -> Result<[Tensor; 2]> {
    let on = x.slice(s![.., 0..1])?.greater(&x.like(0)?)?;
    let [h, c] = lstm(x, state, w)?;
    Ok([on.select(&h, &state[0])?, on.select(&c, &state[1])?])
}

/// The gates of a GRU, and a softmax over the state.
fn gru(x: &Tensor, [h, c]: &[Tensor; 2], w: &[Tensor]) -> Result<[Tensor; 2]> {
    let (x, u) = (x.matmul(&w[0])?.add(&w[2])?.split(4, -1)?, h.matmul(&w[1])?.split(4, -1)?);
    let (r, z) = (x[0].add(&u[0])?.sigmoid()?, x[1].add(&u[1])?.sigmoid()?);
    let new = x[2].add(&r.mul(&u[2])?)?.tanh()?;
    let h = z.mul(h)?.add(&new.sub(&z.mul(&new)?)?)?;
    Ok([h.clone(), c.add(&h.softmax(-1)?)?])
}

/// Loss, last state, states side by side, and gradients of the weights.
fn step(cell: Cell, x: &Tensor, w: &[Variable]) -> Result<Vec<Tensor>> {
    let tape = GradientTape::new();
    let values: Vec<Tensor> = w.iter().map(Variable::value).collect();
    let zeros = Tensor::zeros([x.shape()[1], UNITS], DType::F32)?;
    let mut state = [zeros.clone(), zeros];
    let mut all = Vec::new();
    for t in 0..STEPS {
        state = cell(&x.slice(s![t as isize])?, &state, &values)?;
        all.push(state[0].clone());
    }
    let loss = state[0].square()?.add(&state[1])?.reduce_mean((), false)?;
    let mut out = tape.gradient(&loss, &w.to_vec())?;
    out.extend([loss, Tensor::stack(&all.iter().collect::<Vec<_>>(), 1)?]);
    out.extend(state);
    Ok(out)
}

#[test]
fn as_one_by_one_and_with_any_number_of_threads() {
    let cells: [(&str, Cell); 3] = [("lstm", lstm), ("masked", masked), ("gru", gru)];
    for (name, cell) in cells {
        for batch in [32, 35, 53] {
            let shapes: [&[usize]; 3] = [&[FEATURES, 4 * UNITS], &[UNITS, 4 * UNITS], &[4 * UNITS]];
            let w: Vec<Variable> = shapes.iter().map(|s| Variable::new(numbers(s, 0.7))).collect();
            let x = numbers(&[STEPS, batch, FEATURES], 1.3);
            let want = step(cell, &x, &w).unwrap();
            let body = {
                let w = w.clone();
                move |x: &[Tensor]| step(cell, &x[0], &w)
            };
            let trace = Trace::of(std::slice::from_ref(&x), &body).unwrap();
            let passes = trace.program().passes();
            let joined = passes.iter().any(|p| p.name == "row ranges" && p.after < p.before);
            assert!(joined, "{name}, batch {batch}: nothing was joined");
            let f = Function::new(body);
            let bits = |threads: usize| -> Vec<Vec<u8>> {
                let found = with_num_threads(threads, || f.call(&x)).unwrap();
                for (i, (f, w)) in found.iter().zip(&want).enumerate() {
                    // The weights' gradients are added up range by range: another order of the same sums, each
                    // partial one rounded by half an ulp of at most the largest.
                    let most =
                        |t: &Tensor| t.abs().unwrap().reduce_max((), false).unwrap().item::<f32>().unwrap();
                    let (far, near) = (most(&f.sub(w).unwrap()), 4.0 * f32::EPSILON * most(w));
                    assert!(far <= near, "{name}, batch {batch}, result {i}: {far} apart, more than {near}");
                }
                found.iter().map(|t| t.to_bytes().unwrap()).collect()
            };
            // The first call records, and gives what the body gave.
            bits(1);
            let one = bits(1);
            for threads in [2, 3, 8] {
                assert!(bits(threads) == one, "{name}, batch {batch}: {threads} threads give other bits");
            }
        }
    }
}
