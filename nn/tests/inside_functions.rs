//! A whole training step inside a traced function: layers, dropout, tape, optimizer and metrics replay as they run.

use gradus_autograd::GradientTape;
use gradus_function::Function;
use gradus_nn::losses::IntoLoss;
use gradus_nn::metrics::IntoMetric;
use gradus_nn::prelude::*;
use gradus_optim::schedules::{CosineDecay, ExponentialDecay, PiecewiseConstantDecay};
use gradus_optim::{NAMES, get};
use gradus_tensor::{Result, Tensor};
use std::sync::Mutex;

const STEPS: usize = 6;

fn batch(step: usize) -> [Tensor; 2] {
    let x = (0..12 * 6).map(|i| ((i * 7 + step * 13) as f32 * 0.37).sin()).collect();
    let y = (0..12).map(|i| ((i * i + step) % 3) as i64).collect();
    [Tensor::from_vec(x, [12, 6]).unwrap(), Tensor::from_vec(y, [12]).unwrap()]
}

/// Losses of every step, then all that the steps have changed.
fn trained(
    optimizer: &str,
    make: &dyn Fn() -> Box<dyn Optimizer>,
    traced: bool,
) -> Result<Vec<(String, Vec<f64>)>> {
    set_random_seed(11);
    let model = Sequential::new()
        .input([6])
        .add(Dense::new(16).activation("relu"))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.4))
        .add(Dense::new(3).activation("softmax"));
    model.build_for(&[6])?;
    let (variables, weights) = (model.trainable_variables(), model.weights());
    let mut built = make();
    built.build(&variables)?;
    let slots = built.variables();
    let metric = "sparse_categorical_accuracy".into_metric()?;
    let counts = metric.variables();
    let state = Mutex::new((model, built, metric, "sparse_categorical_crossentropy".into_loss()?));
    let step = move |x: &[Tensor]| -> Result<Tensor> {
        let mut state = state.lock().unwrap();
        let (model, optimizer, metric, loss) = &mut *state;
        let tape = GradientTape::new();
        let y_pred = Model::call(model, &x[0], &mut Call::training())?;
        let loss = loss.call(&x[1], &y_pred, None)?;
        let gradients = tape.gradient(&optimizer.scale_loss(&loss)?, &variables)?;
        optimizer.apply_gradients(&gradients, &variables)?;
        metric.update_state(&x[1], &y_pred, None)?;
        Ok(loss)
    };
    let mut losses = Vec::new();
    if traced {
        let step = Function::new(step);
        for i in 0..STEPS {
            losses.extend(step.call(&batch(i)[..])?.to_f64_vec()?);
        }
        assert_eq!(step.trace_count(), 1, "{optimizer}");
    } else {
        for i in 0..STEPS {
            losses.extend(step(&batch(i))?.to_f64_vec()?);
        }
    }
    let mut all = vec![("losses".to_string(), losses)];
    for v in weights.iter().chain(&slots).chain(&counts) {
        all.push((v.name(), v.peek().to_f64_vec()?));
    }
    Ok(all)
}

fn check(name: &str, make: &dyn Fn() -> Box<dyn Optimizer>) {
    let want = trained(name, make, false).unwrap();
    let found = trained(name, make, true).unwrap_or_else(|e| panic!("{name}: {e}"));
    for ((what, found), (_, want)) in found.iter().zip(&want) {
        assert_eq!(found.len(), want.len(), "{name}, {what}");
        for (f, w) in found.iter().zip(want) {
            // In place, optimizers compute powers and norms by other routines than the recorded operations, a few
            // units in the last place apart; six steps with square roots of tiny averages magnify that.
            assert!((f - w).abs() <= 1e-4 + 1e-4 * w.abs(), "{name}, {what}: replayed {f}, run {w}");
        }
    }
}

#[test]
fn a_training_step_with_every_optimizer() {
    for optimizer in NAMES {
        check(optimizer, &|| get(optimizer).unwrap());
    }
}

#[test]
fn schedules_and_options_replay() {
    let cosine = || CosineDecay::new(0.05, 4.0);
    let cases: [(&str, &dyn Fn() -> Box<dyn Optimizer>); 9] = [
        ("decaying rate", &|| Box::new(Adam::new(ExponentialDecay::new(0.05, 2.0, 0.5).staircase(true)))),
        ("cosine rate", &|| Box::new(SGD::new(cosine()).momentum(0.9))),
        ("rates in pieces", &|| {
            Box::new(RMSprop::new(PiecewiseConstantDecay::new([2.0, 4.0], [0.01, 0.003, 0.001]).unwrap()))
        }),
        ("norm of each", &|| Box::new(Adam::new(0.01).clipnorm(0.05))),
        ("norm of all", &|| Box::new(Adam::new(0.01).global_clipnorm(0.05))),
        ("largest value", &|| Box::new(SGD::new(0.1).clipvalue(0.01))),
        ("loss scale", &|| Box::new(SGD::new(0.1).loss_scale_factor(1024.0))),
        ("averages", &|| Box::new(Adam::new(0.01).use_ema(0.9).ema_overwrite_frequency(3))),
        ("every other step", &|| Box::new(Adam::new(0.01).weight_decay(0.1).gradient_accumulation_steps(2))),
    ];
    for (name, make) in cases {
        check(name, make);
    }
}
