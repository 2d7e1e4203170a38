//! Random programs: eager, traced, and traced at 1 to 4 threads give the same values and gradients.
//!
//! Most programs hold nothing that a pass may sum in another order, so every bit must agree. Those with products use
//! small whole numbers, whose sums are exact in any order; the next file bounds the difference for others.

use gradus_autograd::GradientTape;
use gradus_function::Function;
use gradus_kernels::threads::set_num_threads;
use gradus_tensor::{DType, Result, Tensor};

/// SplitMix64.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let i = self.roll(list.len());
        &list[i]
    }
}

/// What a program may be made of.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Flavour {
    /// Functions, reductions and rearrangements of real numbers.
    Real,
    /// Products of matrices of small whole numbers.
    Whole,
}

fn unary(d: &mut Dice, x: &Tensor) -> Result<Tensor> {
    match d.roll(20) {
        0 => x.exp(),
        1 => x.tanh(),
        2 => x.sigmoid(),
        3 => x.relu(),
        4 => x.square(),
        5 => x.neg(),
        6 => x.abs(),
        7 => x.softplus(),
        8 => x.sin(),
        9 => x.abs()?.add(&x.like(0.5)?)?.sqrt(),
        10 => x.abs()?.add(&x.like(1)?)?.log(),
        11 => x.elu(),
        12 => x.silu(),
        13 => x.gelu(true),
        14 => x.cos(),
        15 => x.softmax(-1).or_else(|_| x.neg()),
        16 => x.stop_gradient()?.floor(),
        17 => x.stop_gradient(),
        18 => x.square()?.add(&x.like(1)?)?.reciprocal(),
        _ => x.stop_gradient()?.sign()?.mul(x),
    }
}

fn whole_unary(d: &mut Dice, x: &Tensor) -> Result<Tensor> {
    match d.roll(4) {
        0 => x.relu(),
        1 => x.neg(),
        2 => x.relu6(),
        _ => x.clip_to(-3.0, 3.0),
    }
}

trait ClipTo: Sized {
    fn clip_to(&self, low: f64, high: f64) -> Result<Self>;
}

impl ClipTo for Tensor {
    fn clip_to(&self, low: f64, high: f64) -> Result<Tensor> {
        self.maximum(&self.like(low)?)?.minimum(&self.like(high)?)
    }
}

fn binary(d: &mut Dice, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match d.roll(9) {
        0 | 1 => a.add(b),
        2 => a.sub(b),
        3 | 4 => a.mul(b),
        5 => a.maximum(b),
        6 => a.minimum(b),
        7 => a.div(&b.abs()?.add(&b.like(0.5)?)?),
        _ => a.squared_difference(b),
    }
}

fn moved(d: &mut Dice, x: &Tensor) -> Result<Tensor> {
    let rank = x.rank();
    match d.roll(8) {
        0 if rank >= 2 => {
            let mut perm: Vec<usize> = (0..rank).collect();
            let (i, j) = (d.roll(rank), d.roll(rank));
            perm.swap(i, j);
            x.transpose(&perm)
        }
        1 => x.reshape([x.len()]),
        2 if rank >= 1 => x.reduce_sum(d.roll(rank) as isize, d.roll(2) == 0),
        3 if rank >= 1 => x.reduce_mean(d.roll(rank) as isize, true),
        4 if rank >= 1 => x.reduce_max(d.roll(rank) as isize, true),
        5 => x.expand_dims(0)?.broadcast_to(
            std::iter::once(2).chain(x.shape().iter().copied()).collect::<gradus_tensor::Shape>(),
        ),
        6 if rank >= 1 => Tensor::concat(&[x, x], -1),
        _ => x.greater(&x.like(0)?)?.select(x, &x.like(0.25)?),
    }
}

/// The program of a seed, carried out on these inputs: what is chosen depends on shapes alone.
fn program(seed: u64, flavour: Flavour, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let mut d = Dice(seed);
    let mut pool: Vec<Tensor> = inputs.to_vec();
    let steps = 3 + d.roll(14);
    for _ in 0..steps {
        let a = d.pick(&pool).clone();
        let b = d.pick(&pool).clone();
        let mut made = match (flavour, d.roll(10)) {
            (Flavour::Real, 0..=3) => unary(&mut d, &a)?,
            (Flavour::Whole, 0..=2) => whole_unary(&mut d, &a)?,
            (Flavour::Whole, 3..=6) if a.rank() == 2 && b.rank() == 2 => {
                // Operands are cut to fit each other, by transposes where that helps.
                let (ka, kb) = (a.shape()[1], b.shape()[0]);
                let p = if ka == kb {
                    a.matmul(&b)?
                } else if ka == b.shape()[1] {
                    a.matmul(&b.t()?)?
                } else if a.shape()[0] == kb {
                    a.t()?.matmul(&b)?
                } else {
                    a.t()?.matmul(&a)?
                };
                p.clip_to(-5.0, 5.0)?
            }
            (_, 4..=7) if a.shape().broadcast(b.shape()).is_ok() => match flavour {
                Flavour::Real => binary(&mut d, &a, &b)?,
                Flavour::Whole => a.add(&b)?.clip_to(-4.0, 4.0)?,
            },
            (Flavour::Whole, _) if a.rank() == 2 => a.t()?,
            (Flavour::Real, _) => moved(&mut d, &a)?,
            (Flavour::Whole, _) => a.neg()?,
        };
        if made.len() > 1 << 13 {
            made = made.reduce_mean((), false)?;
            if flavour == Flavour::Whole {
                made = made.stop_gradient()?.floor()?;
            }
        }
        pool.push(made);
    }
    Ok(pool.split_off(inputs.len() + steps.saturating_sub(3)))
}

/// The last values, and the gradient of their sum with respect to the inputs.
fn with_gradient(seed: u64, flavour: Flavour, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let tape = GradientTape::new();
    inputs.iter().try_for_each(|t| tape.watch(t))?;
    let mut out = program(seed, flavour, inputs)?;
    let grads = tape.gradient_or_zeros(&out[..], inputs)?;
    out.extend(grads);
    Ok(out)
}

fn inputs(d: &mut Dice, flavour: Flavour) -> Vec<Tensor> {
    let shapes: &[&[usize]] = match flavour {
        Flavour::Real if d.roll(25) == 0 => &[&[40, 75], &[75], &[40, 1], &[3000]],
        Flavour::Real => &[&[], &[4], &[3, 4], &[1, 4], &[2, 3, 4], &[3, 1], &[1], &[7]],
        Flavour::Whole => &[&[3, 4], &[4, 5], &[5, 3], &[4], &[4, 4], &[20, 4]],
    };
    let dtype = if flavour == Flavour::Whole || d.roll(3) > 0 { DType::F32 } else { DType::F64 };
    (0..1 + d.roll(3))
        .map(|_| {
            let shape = *d.pick(shapes);
            let n = shape.iter().product::<usize>();
            let values = (0..n).map(|_| match flavour {
                Flavour::Real => d.roll(4001) as f64 / 1000.0 - 2.0,
                Flavour::Whole => d.roll(5) as f64 - 2.0,
            });
            Tensor::from_vec(values.collect::<Vec<f64>>(), shape).unwrap().cast(dtype).unwrap()
        })
        .collect()
}

/// Equal bits, where any NaN is as good as another: its sign and payload follow from the order of operands alone.
fn same(found: &[Tensor], want: &[Tensor]) -> std::result::Result<(), String> {
    for (i, (f, w)) in found.iter().zip(want).enumerate() {
        if f.spec() != w.spec() {
            return Err(format!("result {i} is {}, expected {}", f.spec(), w.spec()));
        }
        let (a, b) = (f.to_f64_vec().unwrap(), w.to_f64_vec().unwrap());
        for (k, (a, b)) in a.iter().zip(&b).enumerate() {
            if a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()) {
                return Err(format!("result {i}, element {k}: {a:e}, expected {b:e}"));
            }
        }
    }
    Ok(())
}

fn run(seeds: std::ops::Range<u64>, flavour: Flavour) {
    for seed in seeds {
        let mut d = Dice(seed.wrapping_mul(0x5851_F42D_4C95_7F2D) ^ 0xA5);
        let x = inputs(&mut d, flavour);
        set_num_threads(1 + (seed % 4) as usize);
        let want = with_gradient(seed, flavour, &x).unwrap_or_else(|e| panic!("{flavour:?} {seed}: {e}"));
        // The tape inside the function.
        let f = Function::new(move |x: &[Tensor]| with_gradient(seed, flavour, x));
        let check = |what: &str, found: Result<Vec<Tensor>>| {
            let found = found.unwrap_or_else(|e| panic!("{flavour:?} {seed}, {what}: {e}"));
            if let Err(e) = same(&found, &want) {
                let trace = &f.traces()[0];
                panic!(
                    "{flavour:?} {seed}, {what}: {e}\n{}\n{}",
                    trace.graph(),
                    trace.program().simplified()
                );
            }
        };
        check("recorded", f.call(&x[..]));
        for threads in 1..=4 {
            set_num_threads(threads);
            check(&format!("replayed with {threads} threads"), f.call(&x[..]));
        }
        // The tape around it.
        if seed % 4 == 0 {
            let g = Function::new(move |x: &[Tensor]| program(seed, flavour, x));
            let around = || {
                let tape = GradientTape::new();
                x.iter().try_for_each(|t| tape.watch(t))?;
                let mut out = g.call(&x[..])?;
                let grads = tape.gradient_or_zeros(&out[..], &x[..])?;
                out.extend(grads);
                Ok(out)
            };
            check("with the tape around, first", around());
            check("with the tape around, again", around());
        }
    }
}

#[test]
fn ten_thousand_programs() {
    // One test, since the number of threads is the process's.
    let count =
        std::env::var("GRADUS_RANDOM_PROGRAMS").ok().and_then(|v| v.parse().ok()).unwrap_or(10_000u64);
    run(0..count * 4 / 5, Flavour::Real);
    run(0..count / 5, Flavour::Whole);
}
