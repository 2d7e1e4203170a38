//! Every rule is one formula, run in place by kernels or through recorded operations: both give the same.

use gradus_autograd::Variable;
use gradus_optim::{NAMES, Optimizer, get};
use gradus_tensor::recorder::{self, Recorder, Role};
use gradus_tensor::{Op, Tensor};
use std::rc::Rc;

/// A trace that keeps nothing: its presence makes optimizers use operations and assignments.
struct Listener;

impl Recorder for Listener {
    fn role(&self) -> Role {
        Role::Program
    }
    fn record(&self, _: &dyn Op, _: &[&Tensor], _: &[Tensor]) {}
}

fn traced<R>(f: impl FnOnce() -> R) -> R {
    let listener: Rc<dyn Recorder> = Rc::new(Listener);
    recorder::push(listener.clone());
    let r = f();
    recorder::remove(&listener);
    r
}

fn start() -> Vec<Variable> {
    let values = |n: usize| (0..n).map(|i| ((i * 37 % 101) as f32 - 50.0) / 40.0).collect::<Vec<f32>>();
    vec![
        Variable::named("kernel", Tensor::from_vec(values(240), [12, 20]).unwrap()),
        Variable::named("bias", Tensor::from_vec(values(20), [20]).unwrap()),
    ]
}

fn gradients(step: usize) -> Vec<Tensor> {
    let values =
        |n: usize| (0..n).map(|i| ((i * 53 + step * 17) % 89) as f32 / 60.0 - 0.7).collect::<Vec<f32>>();
    vec![Tensor::from_vec(values(240), [12, 20]).unwrap(), Tensor::from_vec(values(20), [20]).unwrap()]
}

#[test]
fn twelve_rules_with_and_without_options() {
    let mut cases: Vec<(String, Box<dyn Fn() -> Box<dyn Optimizer>>)> = Vec::new();
    for name in NAMES {
        cases.push((name.to_string(), Box::new(move || get(name).unwrap())));
        for (key, value) in [
            ("weight_decay", serde_json::json!(0.1)),
            ("gradient_accumulation_steps", serde_json::json!(3)),
            ("use_ema", serde_json::json!(true)),
            ("global_clipnorm", serde_json::json!(0.5)),
        ] {
            let make = move || {
                let plain = get(name).unwrap();
                let mut config = plain.config();
                config[key] = value.clone();
                config["ema_overwrite_frequency"] = serde_json::json!(4);
                gradus_optim::from_config(plain.class_name(), &config).unwrap()
            };
            cases.push((format!("{name} with {key}"), Box::new(make)));
        }
    }
    for (case, make) in &cases {
        let (a, b) = (start(), start());
        let (mut in_place, mut by_operations) = (make(), make());
        for step in 0..10 {
            in_place.apply_gradients(&gradients(step), &a).unwrap_or_else(|e| panic!("{case}: {e}"));
            traced(|| by_operations.apply_gradients(&gradients(step), &b))
                .unwrap_or_else(|e| panic!("{case}, traced: {e}"));
        }
        let states = in_place.variables().into_iter().zip(by_operations.variables());
        for (x, y) in a.into_iter().zip(b).chain(states) {
            let (p, q) = (x.peek().to_f64_vec().unwrap(), y.peek().to_f64_vec().unwrap());
            for (p, q) in p.iter().zip(&q) {
                // Powers and norms are computed by different routines, a few units in the last place apart;
                // Adam divides by 1 - beta_2^t, which magnifies that to some 1e-5 of a step.
                assert!(
                    (p - q).abs() <= 2e-6 + 2e-5 * q.abs(),
                    "{case}, {}: in place {p}, traced {q}",
                    x.name()
                );
            }
        }
    }
}
