//! Traced functions: one graph per dtype and shape, simplified, planned, replayed, differentiated, exported.
//!
//! `functions --out FOLDER` writes the drawings of the graph before and after into the folder; without it into the
//! system's folder for temporary files.

use clap::Parser;
use gradus::function::{Exported, Function, InputSpec, Restored};
use gradus::prelude::*;
use gradus::{Registry, Result};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Records functions, simplifies them, draws their graphs, replays, differentiates and exports them
#[derive(Parser)]
struct Options {
    /// Folder for the drawings, made when it is absent; default: the system's folder for temporary files
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = options.out.unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    cubes()?;
    shapes()?;
    simplified(&folder)?;
    faster()?;
    exported()?;
    Ok(())
}

fn cube(x: &[Tensor]) -> Result<Tensor> {
    x[0].mul(&x[0])?.mul(&x[0])
}

/// A number and a tensor.
fn cubes() -> Result<()> {
    let f = Function::new(cube).named("cube");
    let (a, b) = (f.call(2)?, f.call(&Tensor::scalar(2.0f32))?);
    println!("C1  cube(2) = {} ({})", a.item::<i32>()?, a.dtype());
    println!("C1  cube(tensor 2.0) = {:?} ({})", b.item::<f32>()?, b.dtype());
    Ok(())
}

/// One graph per dtype and shape of tensors; every Rust number is a graph of its own.
fn shapes() -> Result<()> {
    let f = Function::new(cube).named("cube");
    for values in [vec![10], vec![20], vec![10, 20]] {
        let n = values.len();
        let x = Tensor::from_vec(values.clone(), if n == 1 { vec![] } else { vec![n] })?;
        f.call(&x)?;
        println!("C2  after a tensor of {values:?}: {} recorded", f.trace_count());
    }
    for why in f.retraces() {
        println!("C2  {why}");
    }
    // With a signature, one graph serves every size of an unknown dimension.
    let f = Function::new(|x| x[0].square()?.reduce_mean(1, false)).named("rows");
    let f = f.signature([InputSpec::new(DType::F32, [None, Some(3)])]);
    for rows in [1, 7, 32] {
        let y = f.call(&Tensor::ones([rows, 3], DType::F32)?)?;
        println!("C2  {rows} rows give {}: {} recorded", y.spec(), f.trace_count());
    }
    Ok(())
}

/// A layer with its gradient, as it was recorded and as it runs.
fn simplified(folder: &std::path::Path) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let w = Variable::named("w", Tensor::from_vec((0..12).map(|i| (i as f32).sin()).collect(), [4, 3])?);
    let b = Variable::named("b", Tensor::zeros([3], DType::F32)?);
    let f = Function::new(move |x| {
        let tape = GradientTape::new();
        let y = x[0].matmul(&w.value())?.add(&b.value())?.relu()?;
        // Left unused, written twice, constant: what simplification finds.
        let _unused = y.exp()?;
        let scale = Tensor::scalar(2.0f32).mul(&Tensor::scalar(0.25f32))?;
        let z = y.mul(&scale)?.tanh()?.add(&y.mul(&scale)?.tanh()?)?;
        let loss = z.sub(&x[1])?.square()?.reduce_mean((), false)?;
        let [dw, db] = tape.gradient(&loss, [&w, &b])?;
        w.assign_sub(&dw.mul(&Tensor::scalar(0.1f32))?)?;
        b.assign_sub(&db.mul(&Tensor::scalar(0.1f32))?)?;
        Ok(loss)
    })
    .named("step");
    let (x, y) = (Tensor::ones([8, 4], DType::F32)?, Tensor::zeros([8, 3], DType::F32)?);
    let trace = f.trace([&x, &y])?;
    let program = trace.program();
    println!("C3  recorded: {} operations", program.graph().nodes().len());
    for p in program.passes().iter().filter(|p| p.before != p.after) {
        println!("C3  {:<24} {:>3} -> {}", p.name, p.before, p.after);
    }
    println!("C3  as it runs:\n{}", program.simplified());
    let memory = program.memory();
    println!("C3  memory: {} bytes planned, {} with a buffer per value", memory.arena, memory.unplanned);
    for (name, graph) in [("before", program.graph()), ("after", program.simplified())] {
        let path = folder.join(format!("function_{name}.svg"));
        let svg = graph.to_svg(&format!("step, {name} simplification"));
        std::fs::write(&path, svg).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("C3  drawn: {}", path.display());
    }
    Ok(())
}

/// 20 multiplications and additions on a scalar, then a chain on a million elements.
fn chain(x: &[Tensor]) -> Result<Tensor> {
    let (a, b) = (x[0].like(0.99)?, x[0].like(0.01)?);
    let mut y = x[0].clone();
    for _ in 0..10 {
        y = y.mul(&a)?.add(&b)?;
    }
    y.tanh()
}

fn faster() -> Result<()> {
    let f = Function::new(chain).named("chain");
    for (n, rounds) in [(1usize, 20_000u32), (1 << 20, 30)] {
        let x = Tensor::from_vec((0..n).map(|i| (i as f32 * 1e-3).sin()).collect(), [n])?;
        let same = f.call(&x)?.to_bytes()? == chain(std::slice::from_ref(&x))?.to_bytes()?
            && f.call(&x)?.to_bytes()? == chain(std::slice::from_ref(&x))?.to_bytes()?;
        let eager = best(rounds, || chain(std::slice::from_ref(&x)).map(|_| ()))?;
        let traced = best(rounds, || f.call(&x).map(|_| ()))?;
        println!(
            "C4  {n} elements: eager {eager:.1?}, traced {traced:.1?}, {:.1} times; the same bits: {same}",
            eager.as_secs_f64() / traced.as_secs_f64()
        );
    }
    let x = Variable::new(Tensor::scalar(2.0f32));
    let g = Function::new(cube);
    let (outer, inner) = (GradientTape::new(), GradientTape::new());
    let y = g.call(&x.value())?;
    let d = inner.gradient(&y, &x)?;
    let dd = outer.gradient(&d, &x)?;
    println!("C4  derivatives of cube at 2: {} and {}", d.item::<f32>()?, dd.item::<f32>()?);
    Ok(())
}

/// The shortest time per call in five rounds.
fn best(rounds: u32, mut f: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..rounds.div_ceil(5) {
            f()?;
        }
        best = best.min(start.elapsed() / rounds.div_ceil(5));
    }
    Ok(best)
}

/// Written as data and run without the closure, for any number of rows.
fn exported() -> Result<()> {
    let body = |x: &[Tensor]| Ok(vec![chain(x)?.reduce_sum(1, false)?]);
    let data = Exported::of(&[InputSpec::new(DType::F32, [None, Some(2)])], body)?;
    let copy = Restored::import(&data, &Registry::builtin())?;
    for rows in [1, 5] {
        let x = Tensor::full([rows, 2], 0.5, DType::F32)?;
        let same = copy.call(std::slice::from_ref(&x))?[0].to_bytes()? == body(&[x])?[0].to_bytes()?;
        println!(
            "C4  exported as {} bytes of JSON; for {rows} rows it gives the same bits: {same}",
            data.graph.to_string().len()
        );
    }
    Ok(())
}
