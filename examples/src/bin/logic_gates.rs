//! AND and OR by one sigmoid unit, XOR by two in a hidden layer; the decision lines go to `out/*.svg`.

use gradus::nn::next_key;
use gradus::prelude::*;
use gradus_examples::plane;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

const INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    set_random_seed(7);
    let x = Tensor::new(INPUTS)?;
    std::fs::create_dir_all("out")?;
    for (name, truth) in [("AND", [0.0f32, 0.0, 0.0, 1.0]), ("OR", [0.0, 1.0, 1.0, 1.0])] {
        let mut model = Sequential::new().input([2]).add(Dense::new(1).activation("sigmoid"));
        let y = Tensor::from_slice(&truth, [4, 1])?;
        model.compile(SGD::new(0.01), "mse", ["accuracy"])?;
        model.fit(&x, &y).epochs(3000).batch_size(1).verbose(0).run()?;
        let right = report(name, &model, &x, &truth)?;
        let w: Vec<f32> =
            model.weights().iter().flat_map(|v| v.peek().to_vec::<f32>().unwrap_or_default()).collect();
        println!("     weights {:.4} {:.4}, bias {:.4}", w[0], w[1], w[2]);
        draw(name, &model, &truth)?;
        if right < 4 {
            println!("     not learnt in 3000 epochs");
        }
    }
    xor(&x)
}

/// XOR needs a lucky start: new ones are tried until all four are right.
fn xor(x: &Tensor) -> Result<(), Box<dyn Error>> {
    let truth = [0.0f32, 1.0, 1.0, 0.0];
    let y = Tensor::from_slice(&truth, [4, 1])?;
    for start in 1..=20 {
        set_random_seed(next_key());
        let mut model = Sequential::new()
            .input([2])
            .add(Dense::new(2).activation("sigmoid"))
            .add(Dense::new(1).activation("sigmoid"));
        model.compile(SGD::new(1.0), "mse", ["accuracy"])?;
        model.fit(x, &y).epochs(5000).batch_size(4).verbose(0).run()?;
        let p = model.predict(x)?.to_vec::<f32>()?;
        if p.iter().zip(truth).all(|(p, t)| p.round() == t) {
            report("XOR", &model, x, &truth)?;
            println!("     starts needed: {start}");
            return draw("XOR", &model, &truth);
        }
    }
    Err("XOR was not learnt in 20 starts".into())
}

fn report(name: &str, model: &Sequential, x: &Tensor, truth: &[f32]) -> Result<usize, Box<dyn Error>> {
    let p = model.predict(x)?.to_vec::<f32>()?;
    let right = p.iter().zip(truth).filter(|(p, t)| p.round() == **t).count();
    let text: Vec<String> =
        INPUTS.iter().zip(&p).map(|(i, p)| format!("{} {} -> {p:.3}", i[0], i[1])).collect();
    println!("{name:<4} {right} of 4 right: {}", text.join(", "));
    Ok(right)
}

fn draw(name: &str, model: &Sequential, truth: &[f32]) -> Result<(), Box<dyn Error>> {
    let path = format!("out/{}.svg", name.to_lowercase());
    let points: Vec<([f64; 2], bool)> =
        INPUTS.iter().zip(truth).map(|(p, &t)| ([f64::from(p[0]), f64::from(p[1])], t > 0.5)).collect();
    plane::decision(name, &points, |grid| Ok(model.predict(grid)?.to_vec::<f32>()?), Path::new(&path))?;
    println!("     wrote {path}");
    Ok(())
}
