//! Steps after lookups in a table: the figures were recorded from Keras 3 on TensorFlow, whose gradients are
//! `IndexedSlices`.

use gradus_autograd::{GradientTape, Variable};
use gradus_optim::{Adagrad, Adamax, Lion, Optimizer, RMSprop, SGD};
use gradus_tensor::{Result, Rows, Tensor};

fn table() -> Variable {
    Variable::new(Tensor::new([[1.0f32], [2.0], [3.0]]).unwrap())
}

/// sum(table[indices] * weights), by one lookup per pair.
fn loss(v: &Variable, lookups: &[(&[i64], &[f32])]) -> Result<Tensor> {
    let mut sum = Tensor::scalar(0.0f32);
    for (indices, weights) in lookups {
        let rows = v.value().gather(&Tensor::new(*indices)?, 0)?;
        sum = sum.add(&rows.mul(&Tensor::new(*weights)?.expand_dims(-1)?)?.reduce_sum((), false)?)?;
    }
    Ok(sum)
}

fn gradient(v: &Variable, lookups: &[(&[i64], &[f32])]) -> Tensor {
    let tape = GradientTape::new();
    let l = loss(v, lookups).unwrap();
    tape.gradient(&l, v).unwrap()
}

fn close(name: &str, found: &Variable, want: &[f32]) {
    let found = found.peek().to_vec::<f32>().unwrap();
    // The formulas are Keras's; square roots and divisions may differ in the last bits.
    let ok = found.iter().zip(want).all(|(f, w)| (f - w).abs() <= 1e-6 * w.abs().max(1.0));
    assert!(ok && found.len() == want.len(), "{name}: expected {want:?}, found {found:?}");
}

#[test]
fn repeated_rows_move_as_in_keras() {
    let lookups: &[(&[i64], &[f32])] = &[(&[1, 1, 2, 1], &[1.0, -3.0, 2.0, 0.5])];
    type Case = (&'static str, Box<dyn Optimizer>, [f32; 3], Vec<[f32; 3]>);
    let cases: Vec<Case> = vec![
        ("SGD", Box::new(SGD::new(0.1)), [1.0, 2.15, 2.8], vec![]),
        ("Adagrad", Box::new(Adagrad::new(0.1)), [1.0, 2.046_625_1, 2.901_227], vec![[0.1, 10.35, 4.1]]),
        (
            "Adamax: the norm adds magnitudes",
            Box::new(Adamax::new(0.1)),
            [1.0, 2.033_333_3, 2.9],
            vec![[0.0, -0.15, 0.2], [0.0, 4.5, 2.0]],
        ),
        ("Lion", Box::new(Lion::new(0.1)), [1.0, 2.1, 2.9], vec![[0.0, -0.015, 0.02]]),
    ];
    for (name, mut optimizer, want, slots) in cases {
        let v = table();
        let g = gradient(&v, lookups);
        assert_eq!(Rows::of(&g).unwrap().values.shape().dims(), [4, 1], "{name}");
        optimizer.apply_gradients(&[g], std::slice::from_ref(&v)).unwrap();
        close(name, &v, &want);
        for (slot, want) in optimizer.variables()[2..].iter().zip(&slots) {
            close(name, slot, want);
        }
    }
}

#[test]
fn rows_of_two_lookups_are_squared_one_by_one() {
    let v = table();
    let g = gradient(&v, &[(&[1, 1], &[1.0, -3.0]), (&[1, 2], &[1.0, -3.0])]);
    assert_eq!(Rows::of(&g).unwrap().indices.len(), 4);
    let mut optimizer = RMSprop::new(0.1);
    optimizer.apply_gradients(&[g], std::slice::from_ref(&v)).unwrap();
    close("RMSprop", &v, &[1.0, 2.095_346_2, 3.316_227_7]);
    close("RMSprop, mean square", &optimizer.variables()[2], &[0.0, 1.1, 0.9]);
}

#[test]
fn lazy_steps_equal_dense_ones_bit_for_bit() {
    // Few enough weights that both ways run the formula: the vector kernel may round otherwise.
    let rows = 20usize;
    let start: Vec<f32> = (0..rows * 3).map(|i| ((i * 37 % 101) as f32 - 50.0) / 7.0).collect();
    let indices: Vec<i64> = (0..40).map(|i| i * i % 19).collect();
    let values: Vec<f32> = (0..120).map(|i| ((i * 53 % 89) as f32 - 44.0) / 11.0).collect();
    let sparse = || {
        let rows = Rows {
            values: Tensor::from_vec(values.clone(), [40, 3]).unwrap(),
            indices: Tensor::new(&indices[..]).unwrap(),
        };
        rows.dense([20, 3]).unwrap()
    };
    let step = |mut o: SGD, g: Tensor| {
        let v = Variable::new(Tensor::from_vec(start.clone(), [rows, 3]).unwrap());
        o.apply_gradients(&[g], std::slice::from_ref(&v)).unwrap();
        v.peek().to_vec::<f32>().unwrap()
    };
    let dense = Tensor::from_vec(sparse().to_vec::<f32>().unwrap(), [rows, 3]).unwrap();
    assert!(Rows::of(&dense).is_none());
    assert_eq!(step(SGD::new(0.1), sparse()), step(SGD::new(0.1), dense.clone()));
    // Clipping and decay, which need all weights, take the dense way with the same result.
    let clipped = || SGD::new(0.1).clipvalue(1e9).weight_decay(0.01);
    let of_dense = step(clipped(), dense);
    assert_eq!(step(clipped(), sparse()), of_dense);
}

#[test]
fn a_step_on_rows_reads_no_dense_gradient() {
    // A table of 4 GB of float32 zeros would be summed for a dense step; rows of it are not.
    let indices = Tensor::new([5i64, 5, 0]).unwrap();
    let rows = Rows { values: Tensor::ones([3, 2], gradus_tensor::DType::F32).unwrap(), indices };
    let huge = rows.clone().dense([1 << 29, 2]).unwrap();
    assert_eq!(huge.shape().dims(), [1 << 29, 2]);
    assert_eq!(Rows::of(&huge).unwrap().values.len(), 6);
}

/// Three steps with two rows for one place, in Keras 3.15 on TensorFlow 2.21, at a rate of 0.1.
#[test]
fn every_optimizer_moves_repeated_rows_as_keras_does() {
    let cases: [(&str, [f32; 6]); 10] = [
        ("adadelta", [1.0, 2.0, 2.999_404_9, 4.000_239, 4.999_570_8, 5.999_570_8]),
        ("adafactor", [1.0, 2.0, 0.381_840_38, 4.209_597_6, 4.118_803_5, 4.824_260_2]),
        ("adagrad", [1.0, 2.0, 2.695_499_9, 4.093_041_4, 4.778_851, 5.773_458]),
        ("adam", [1.0, 2.0, 2.583_978_9, 4.167_123, 4.700_002_7, 5.700_002_7]),
        ("rmsprop", [1.0, 2.0, 1.976_941_7, 4.410_981_7, 4.262_262, 5.262_261_4]),
        ("nadam", [1.0, 2.0, 2.646_695_6, 4.141_929_6, 4.745_228_8, 5.745_228_8]),
        ("adamax", [1.0, 2.0, 2.700_000_3, 4.128_571_5, 4.700_000_3, 5.700_000_3]),
        ("sgd", [1.0, 2.0, 2.625, 4.045, 4.7, 5.400_000_6]),
        ("ftrl", [0.0, 0.0, 1.702_373, 1.047_493_1, 3.271_294_4, 4.836_415_8]),
        ("lion", [1.0, 2.0, 2.7, 4.3, 4.7, 5.7]),
    ];
    let adadelta = [
        [0.0, 0.0, 0.115_882_814, 0.010_340_313, 0.142_624_99, 0.570_499_96],
        [0.0, 0.0, 2.920_020_8e-7, 2.919_947e-7, 2.920_022_8e-7, 2.920_027_7e-7],
    ];
    for (name, want) in cases {
        let v = Variable::new(Tensor::new([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap());
        let mut optimizer = gradus_optim::get(name).unwrap();
        optimizer.set_learning_rate(0.1.into()).unwrap();
        for _ in 0..3 {
            let values = Tensor::new([[0.5f32, -0.25], [0.75, 0.1], [1.0, 2.0]]).unwrap();
            let g = Rows { values, indices: Tensor::new([1i64, 1, 2]).unwrap() }.dense([3, 2]).unwrap();
            optimizer.apply_gradients(&[g], std::slice::from_ref(&v)).unwrap();
        }
        close(name, &v, &want);
        if name == "adadelta" {
            for (slot, want) in optimizer.variables()[2..].iter().zip(&adadelta) {
                let found = slot.peek().to_vec::<f32>().unwrap();
                let near = found.iter().zip(want).all(|(f, w)| (f - w).abs() <= 1e-5 * w.abs());
                assert!(near, "{}: expected {want:?}, found {found:?}", slot.name());
            }
        }
    }
}
