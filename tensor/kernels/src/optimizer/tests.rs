use super::*;
use crate::threads;

/// Final weights after three steps of Keras 3.15 on TensorFlow in f32, learning rate 0.1, gradients clipped at 2.
/// Nadam is marked by a product of 0, which the test replaces.
type Case = (Rule, f64, [f64; 5]);

const NADAM: Rule = Rule::Nadam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, u_product: 0.0 };

#[rustfmt::skip]
#[allow(clippy::excessive_precision)]
const CASES: &[Case] = &[
    (Rule::Sgd { momentum: 0.0, nesterov: false }, 0.0, [0.5049999952316284, -1.2699999809265137, 1.850000023841858, -0.019999999552965164, -0.010400000028312206]),
    (Rule::Sgd { momentum: 0.0, nesterov: false }, 0.04, [0.4990238547325134, -1.2551393508911133, 1.8282926082611084, -0.01988000050187111, -0.010280480608344078]),
    (Rule::Sgd { momentum: 0.9, nesterov: false }, 0.0, [0.505899965763092, -1.2547000646591187, 1.3730000257492065, -0.04700000211596489, -0.010390998795628548]),
    (Rule::Sgd { momentum: 0.9, nesterov: false }, 0.04, [0.4999598264694214, -1.2399474382400513, 1.3520125150680542, -0.046879999339580536, -0.010271120816469193]),
    (Rule::Sgd { momentum: 0.9, nesterov: true }, 0.0, [0.5103099942207336, -1.2742300033569336, 1.2856999635696411, -0.062300004065036774, -0.01075189933180809]),
    (Rule::Sgd { momentum: 0.9, nesterov: true }, 0.04, [0.5043660402297974, -1.259538173675537, 1.2666176557540894, -0.06207200512290001, -0.010632057674229145]),
    (Rule::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }, 0.0, [0.45028212666511536, -1.1965562105178833, 1.7823803424835205, -0.10876895487308502, -0.1198723167181015]),
    (Rule::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }, 0.04, [0.44495803117752075, -1.1823370456695557, 1.7596676349639893, -0.10847130417823792, -0.11910314857959747]),
    (Rule::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: true }, 0.0, [0.45028212666511536, -1.1965562105178833, 1.7823803424835205, -0.10876895487308502, -0.1198723167181015]),
    (Rule::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: true }, 0.04, [0.44495803117752075, -1.1823370456695557, 1.7596676349639893, -0.10847130417823792, -0.11910314857959747]),
    (NADAM, 0.0, [0.46267470717430115, -1.244301199913025, 1.8845775127410889, -0.0764981210231781, -0.12393774837255478]),
    (NADAM, 0.04, [0.4571945369243622, -1.2299000024795532, 1.861790418624878, -0.07608945667743683, -0.12332241982221603]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: false }, 0.0, [0.39625534415245056, -1.257822871208191, 1.6954379081726074, -0.21139809489250183, -0.25995147228240967]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: false }, 0.04, [0.3916611075401306, -1.2443768978118896, 1.6748428344726562, -0.21013319492340088, -0.2590881884098053]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.5, epsilon: 1e-7, centered: false }, 0.0, [0.301952064037323, -1.149484395980835, 1.3602091073989868, -0.36951109766960144, -0.2974676787853241]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.5, epsilon: 1e-7, centered: false }, 0.04, [0.29799026250839233, -1.1366709470748901, 1.3402464389801025, -0.3682461977005005, -0.29615718126296997]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: true }, 0.0, [0.38255739212036133, -1.2423256635665894, 1.6581203937530518, -0.22679808735847473, -0.270943820476532]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: true }, 0.04, [0.37808531522750854, -1.2290126085281372, 1.637747049331665, -0.22546476125717163, -0.2700450122356415]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.5, epsilon: 1e-7, centered: true }, 0.0, [0.2772240936756134, -1.121612310409546, 1.299424648284912, -0.39346373081207275, -0.31146085262298584]),
    (Rule::RmsProp { rho: 0.9, momentum: 0.5, epsilon: 1e-7, centered: true }, 0.04, [0.2734186351299286, -1.1089658737182617, 1.2797181606292725, -0.39213040471076965, -0.310103178024292]),
    (Rule::Adagrad { epsilon: 1e-7, initial: 0.1 }, 0.0, [0.5086849927902222, -1.2654542922973633, 1.9038681983947754, -0.04646402597427368, -0.011264687404036522]),
    (Rule::Adagrad { epsilon: 1e-7, initial: 0.1 }, 0.04, [0.5027430653572083, -1.250793218612671, 1.880990743637085, -0.046188727021217346, -0.011145170778036118]),
    (Rule::Adadelta { rho: 0.95, epsilon: 1e-7 }, 0.0, [0.4999783933162689, -1.2500717639923096, 1.9998853206634521, -7.670234481338412e-05, -0.010139062069356441]),
    (Rule::Adadelta { rho: 0.95, epsilon: 1e-7 }, 0.04, [0.4940027594566345, -1.235132098197937, 1.9759827852249146, -7.613666821271181e-05, -0.010019383393228054]),
    (Rule::Adamax { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }, 0.0, [0.43799710273742676, -1.1871438026428223, 1.7951743602752686, -0.07356267422437668, -0.11063754558563232]),
    (Rule::Adamax { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }, 0.04, [0.4327036738395691, -1.1729336977005005, 1.772416353225708, -0.07335215061903, -0.10983549058437347]),
    (Rule::Ftrl { learning_rate_power: -0.5, initial: 0.1, l1: 0.0, l2: 0.0, l2_shrinkage: 0.0, beta: 0.0 }, 0.0, [0.031953658908605576, -0.35860905051231384, 1.5915206670761108, -0.046464040875434875, -0.0012647381518036127]),
    (Rule::Ftrl { learning_rate_power: -0.5, initial: 0.1, l1: 0.0, l2: 0.0, l2_shrinkage: 0.0, beta: 0.0 }, 0.04, [0.03186311945319176, -0.3569299280643463, 1.5822081565856934, -0.046457067131996155, -0.0012647381518036127]),
    (Rule::Ftrl { learning_rate_power: -0.7, initial: 0.1, l1: 0.1, l2: 0.2, l2_shrinkage: 0.05, beta: 0.3 }, 0.0, [0.0, -0.1932976245880127, 1.559455394744873, -0.015123315155506134, 0.0]),
    (Rule::Ftrl { learning_rate_power: -0.7, initial: 0.1, l1: 0.1, l2: 0.2, l2_shrinkage: 0.05, beta: 0.3 }, 0.04, [0.0, -0.1924242377281189, 1.5498111248016357, -0.015123050659894943, 0.0]),
    (Rule::Lion { beta_1: 0.9, beta_2: 0.99 }, 0.0, [0.4000000059604645, -1.350000023841858, 1.899999976158142, 0.0, -0.10999999940395355]),
    (Rule::Lion { beta_1: 0.9, beta_2: 0.99 }, 0.04, [0.39442235231399536, -1.3354582786560059, 1.8772941827774048, 0.00039999932050704956, -0.10948208719491959]),
    (Rule::Lamb { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }, 0.0, [0.4823508560657501, -1.245937466621399, 1.6571171283721924, -0.2295861542224884, -0.21550136804580688]),
    (Rule::Lamb { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }, 0.04, [0.4765857756137848, -1.2310460805892944, 1.6373111009597778, -0.22684210538864136, -0.21292565762996674]),
];

const START: [f64; 5] = [0.5, -1.25, 2.0, 0.0, -0.01];
const GRADIENTS: [[f64; 5]; 3] =
    [[0.1, -0.3, 2.5, 0.0, 1e-3], [-0.2, 0.4, 1.5, 0.3, -2e-3], [0.05, 0.1, -3.0, -0.1, 5e-3]];

/// Three steps over a variable that repeats the five weights `times` times.
fn train<T: Float + Number>(rule: Rule, weight_decay: f64, times: usize) -> Vec<T> {
    let long = |v: &[f64; 5]| v.iter().map(|&v| T::lit(v)).collect::<Vec<_>>().repeat(times);
    let mut w = long(&START);
    let mut slots: Vec<Vec<T>> = (0..rule.slots()).map(|k| vec![T::lit(rule.initial(k)); w.len()]).collect();
    let mut product = 1.0;
    for (i, g) in GRADIENTS.iter().enumerate() {
        let i = i as u64;
        product *= Rule::nadam_momentum(0.9, i + 1);
        let rule = match rule {
            Rule::Nadam { beta_1, beta_2, epsilon, .. } => {
                Rule::Nadam { beta_1, beta_2, epsilon, u_product: product }
            }
            other => other,
        };
        let step = Step { weight_decay, clip: 2.0, ..Step::new(0.1, i) };
        let mut slots: Vec<&mut [T]> = slots.iter_mut().map(|s| &mut s[..]).collect();
        update(&rule, &step, &mut w, &long(g), &mut slots);
    }
    w
}

#[test]
fn three_steps_are_those_of_keras() {
    for &(rule, decay, expected) in CASES {
        for (i, (found, e)) in train::<f32>(rule, decay, 1).iter().zip(expected).enumerate() {
            // f32 rounding of the reference, at a step size of 0.1.
            assert!(
                (f64::from(*found) - e).abs() <= 1e-6,
                "{rule:?}, decay {decay}, weight {i}: {e}, found {found}"
            );
        }
        for (i, (found, e)) in train::<f64>(rule, decay, 1).iter().zip(expected).enumerate() {
            assert!((found - e).abs() <= 2e-6, "f64 {rule:?}, decay {decay}, weight {i}: {e}, found {found}");
        }
    }
}

#[test]
fn long_variables_give_the_same_bits_on_any_number_of_threads() {
    // The norms of the layer-wise rule depend on the length, so it is compared over threads only.
    for &(rule, decay, _) in CASES {
        for times in [3, 7, 20_000] {
            let one = threads::with_num_threads(1, || train::<f32>(rule, decay, times));
            let many = threads::with_num_threads(3, || train::<f32>(rule, decay, times));
            assert_eq!(one, many, "{rule:?}");
            if !matches!(rule, Rule::Lamb { .. }) {
                assert_eq!(one[..5], train::<f32>(rule, decay, 1)[..], "{rule:?}");
                assert_eq!(one[..5], one[one.len() - 5..], "{rule:?}");
            }
        }
    }
}

#[test]
fn the_gradient_is_scaled_then_clipped() {
    let (mut w, rule) = ([0.0f32; 3], Rule::Sgd { momentum: 0.0, nesterov: false });
    let step = Step { scale: 0.5, clip: 1.0, ..Step::new(1.0, 0) };
    update(&rule, &step, &mut w, &[1.0, 4.0, -8.0], &mut []);
    assert_eq!(w, [-0.5, -1.0, 1.0]);
    assert_eq!(sum_squares(&[1.0f32, 2.0, 3.0]), 14.0);
    let mut a = [1.0f32, 2.0];
    moving_average(&mut a, 0.5, &[3.0, 4.0]);
    add_scaled(&mut a, 2.0, &[1.0, 1.0]);
    assert_eq!(a, [4.0, 5.0]);
}

#[test]
fn slots_do_not_stay_subnormal() {
    let rule = Rule::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false };
    for n in [1, 40] {
        let (mut w, mut m, mut v) = (vec![0.5f32; n], vec![1.2e-38f32; n], vec![1e-40f32; n]);
        update(&rule, &Step::new(0.1, 1000), &mut w, &vec![0.0; n], &mut [&mut m, &mut v]);
        assert_eq!((m, v, w), (vec![0.0; n], vec![0.0; n], vec![0.5; n]));
        let (mut w, mut m, mut v) = (vec![0.5f32; n], vec![f32::NAN; n], vec![-1.0f32; n]);
        update(&rule, &Step::new(0.1, 1000), &mut w, &vec![0.0; n], &mut [&mut m, &mut v]);
        assert!(m[0].is_nan() && v[0] < -0.9, "only what is too small changes");
    }
    let (mut w, mut m, mut v) = ([0.5f64; 2], [1e-40, 1e-310], [1e-40, 1e-310]);
    update(&rule, &Step::new(0.1, 1000), &mut w, &[0.0; 2], &mut [&mut m, &mut v]);
    assert!(m[0] > 0.0 && v[0] > 0.0 && m[1] == 0.0 && v[1] == 0.0, "{m:?} {v:?}");
}
