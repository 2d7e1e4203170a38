//! A model's predictions as a file, run in another process that knows nothing of the layers.

use gradus_autograd::GradientTape;
use gradus_function::{Exported, InputSpec};
use gradus_nn::prelude::*;
use gradus_nn::signatures::{load_functions, save_functions};
use gradus_tensor::{DType, Registry, Tensor};
use std::path::Path;
use std::process::Command;

/// Set for the process that loads.
const CHILD: &str = "GRADUS_EXPORTED";

fn images(n: usize) -> Tensor {
    let values = (0..n * 64).map(|i| (i as f32 * 0.37).sin()).collect();
    Tensor::from_vec(values, [n, 8, 8, 1]).unwrap()
}

fn model() -> Sequential {
    set_random_seed(3);
    let mut model = Sequential::new()
        .input([8, 8, 1])
        .add(Conv2D::new(4, 3).activation("relu"))
        .add(BatchNormalization::new())
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dropout::new(0.4))
        .add(Dense::new(3).activation("softmax"));
    model.compile("adam", "sparse_categorical_crossentropy", [] as [&str; 0]).unwrap();
    let y = Tensor::from_vec((0..20).map(|i| i % 3).collect::<Vec<i64>>(), [20]).unwrap();
    model.fit(&images(20), &y).batch_size(8).verbose(0).run().unwrap();
    model
}

fn text(t: &Tensor) -> String {
    t.to_vec::<f32>().unwrap().iter().map(|v| format!("{:08x}", v.to_bits())).collect()
}

/// What the other process does; a test of its own that does nothing unless it is asked.
#[test]
fn child() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let functions = load_functions(path, &Registry::builtin()).unwrap();
    let [(name, serve)] = &functions[..] else { panic!("{} functions", functions.len()) };
    assert_eq!(name, "serve");
    for n in [1, 5, 32] {
        println!("\nrows {n} {}", text(&serve.call(&[images(n)]).unwrap()[0]));
    }
}

#[test]
fn another_process_predicts_the_same_for_batches_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.gradus");
    let model = model();
    model.export(&path).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for n in [1, 5, 32] {
        // Once eagerly, once recorded: both have the bits of the other process, or those of a normalization that went
        // into the weights before it.
        let want = Model::call(&model, &images(n), &mut Call::inference()).unwrap().to_vec::<f32>().unwrap();
        let line = said.lines().find_map(|l| l.strip_prefix(&format!("rows {n} "))).unwrap();
        let found: Vec<f32> = (0..want.len())
            .map(|i| f32::from_bits(u32::from_str_radix(&line[8 * i..8 * i + 8], 16).unwrap()))
            .collect();
        assert_eq!(line.len(), 8 * want.len());
        for (f, w) in found.iter().zip(&want) {
            assert!((f - w).abs() <= 4.0 * f32::EPSILON, "{n} rows: {f} instead of {w}");
        }
        let here = load_functions(&path, &Registry::builtin()).unwrap();
        assert_eq!(line, text(&here[0].1.call(&[images(n)]).unwrap()[0]), "{n} rows");
    }
}

#[test]
fn several_functions_with_variables_of_their_own_can_be_trained() {
    let w = gradus_autograd::Variable::named("w", Tensor::new([[0.5f32], [-1.0]]).unwrap());
    let rows = [InputSpec::new(DType::F32, [None, Some(2)])];
    let forward = Exported::of(&rows, |x| Ok(vec![x[0].matmul(&w.value())?])).unwrap();
    let loss = Exported::of(&rows, |x| Ok(vec![x[0].matmul(&w.value())?.square()?.reduce_mean((), false)?]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.gradus");
    save_functions(&path, &[("forward", forward), ("loss", loss.unwrap())]).unwrap();
    let functions = load_functions(&path, &Registry::builtin()).unwrap();
    let (_, loss) = functions.iter().find(|(name, _)| name == "loss").unwrap();
    let variables = loss.variables();
    assert_eq!((variables.len(), variables[0].name()), (1, "w".to_string()));
    for n in [4, 1, 16] {
        let x = Tensor::ones([n, 2], DType::F32).unwrap();
        let tape = GradientTape::new();
        let y = loss.call(std::slice::from_ref(&x)).unwrap().pop().unwrap();
        let g = tape.gradient(&y, &variables).unwrap();
        assert_eq!(g[0].to_vec::<f32>().unwrap(), [-1.0, -1.0], "{n} rows");
    }
    let e = loss.call(&[Tensor::ones([3, 4], DType::F32).unwrap()]).unwrap_err().to_string();
    assert!(e.contains("the signature says float32[?, 2]"), "{e}");
}

/// Every file of a directory, at any depth.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

#[test]
fn damage_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.gradus");
    model().export(&path).unwrap();
    let files = files(&path);
    assert!(!files.is_empty());
    let mut tried = 0;
    for file in &files {
        let whole = std::fs::read(file).unwrap();
        for at in [0, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut bad = whole.clone();
            bad[at] ^= 0x10;
            std::fs::write(file, &bad).unwrap();
            let e = load_functions(&path, &Registry::builtin()).map(|_| ()).unwrap_err().to_string();
            assert!(!e.is_empty() && !e.contains('\n'), "{}: {e:?}", file.display());
            tried += 1;
        }
        std::fs::write(file, &whole[..whole.len() / 2]).unwrap();
        let e = load_functions(&path, &Registry::builtin()).map(|_| ()).unwrap_err().to_string();
        assert!(!e.contains('\n'), "{}: {e:?}", file.display());
        std::fs::write(file, &whole).unwrap();
    }
    assert!(tried >= 4 && load_functions(&path, &Registry::builtin()).is_ok());
    let other = folder.path().join("model.gradus");
    model().save(&other).unwrap();
    let e = load_functions(&other, &Registry::builtin()).map(|_| ()).unwrap_err().to_string();
    assert_eq!(e, "the directory holds a \"Sequential\", expected \"Functions\"");
}
