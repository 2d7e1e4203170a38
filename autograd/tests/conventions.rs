//! Subgradients, ties and NaN where TensorFlow has them: the values were recorded from TensorFlow 2.

use gradus_autograd::GradientTape;
use gradus_tensor::ops::Padding;
use gradus_tensor::{DType, Result, Tensor, ops};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

type Function = fn(&[Tensor]) -> Result<Tensor>;

/// Name, inputs, function, gradient of the sum for each input.
type Case = (&'static str, Vec<Vec<f64>>, Function, Vec<Vec<f64>>);

/// Zero, signs, a limit, infinity, NaN.
fn probe() -> Vec<Vec<f64>> {
    vec![vec![0.0, -1.0, 1.0, 6.0, INF, NAN]]
}

fn ids(values: &[i64]) -> Result<Tensor> {
    Tensor::new(values)
}

fn cases() -> Vec<Case> {
    let e = (-1.0f64).exp();
    let (selu, sigmoid) = (1.0507009873554805, |x: f64| 1.0 / (1.0 + (-x).exp()));
    vec![
        ("abs", probe(), |x| x[0].abs(), vec![vec![0.0, -1.0, 1.0, 1.0, 1.0, NAN]]),
        ("sign", probe(), |x| x[0].sign(), vec![vec![0.0; 6]]),
        ("relu", probe(), |x| x[0].relu(), vec![vec![0.0, 0.0, 1.0, 1.0, 1.0, 0.0]]),
        ("relu6", probe(), |x| x[0].relu6(), vec![vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0]]),
        ("leaky_relu", probe(), |x| x[0].leaky_relu(0.2), vec![vec![0.2, 0.2, 1.0, 1.0, 1.0, 0.2]]),
        ("elu", probe(), |x| x[0].elu(), vec![vec![1.0, e, 1.0, 1.0, 1.0, 1.0]]),
        ("selu", probe(), |x| x[0].selu(), vec![vec![selu, 0.6467686030348141, selu, selu, selu, selu]]),
        (
            "softplus",
            probe(),
            |x| x[0].softplus(),
            vec![vec![0.5, sigmoid(-1.0), sigmoid(1.0), sigmoid(6.0), 1.0, NAN]],
        ),
        ("softsign", probe(), |x| x[0].softsign(), vec![vec![1.0, 0.25, 0.25, 1.0 / 49.0, 0.0, NAN]]),
        ("sqrt", probe(), |x| x[0].sqrt(), vec![vec![INF, NAN, 0.5, 0.5 / 6f64.sqrt(), 0.0, NAN]]),
        ("rsqrt", probe(), |x| x[0].rsqrt(), vec![vec![-INF, NAN, -0.5, -0.5 / 6f64.powf(1.5), 0.0, NAN]]),
        ("log", probe(), |x| x[0].log(), vec![vec![INF, -1.0, 1.0, 1.0 / 6.0, 0.0, NAN]]),
        ("log1p", probe(), |x| x[0].log1p(), vec![vec![1.0, INF, 0.5, 1.0 / 7.0, 0.0, NAN]]),
        ("reciprocal", probe(), |x| x[0].reciprocal(), vec![vec![-INF, -1.0, -1.0, -1.0 / 36.0, 0.0, NAN]]),
        ("square", probe(), |x| x[0].square(), vec![vec![0.0, -2.0, 2.0, 12.0, INF, NAN]]),
        (
            "clip passes at its limits",
            vec![vec![-1.0, 1.0, 0.0, -2.0, 2.0, NAN]],
            |x| x[0].clip(-1.0, 1.0),
            vec![vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0]],
        ),
        (
            "maximum: ties to the first, NaN to the second",
            vec![vec![1.0, 2.0, 1.0, NAN, 1.0], vec![1.0, 1.0, 2.0, 1.0, NAN]],
            |x| x[0].maximum(&x[1]),
            vec![vec![1.0, 1.0, 0.0, 0.0, 0.0], vec![0.0, 0.0, 1.0, 1.0, 1.0]],
        ),
        (
            "minimum: ties to the first, NaN to the second",
            vec![vec![1.0, 2.0, 1.0, NAN, 1.0], vec![1.0, 1.0, 2.0, 1.0, NAN]],
            |x| x[0].minimum(&x[1]),
            vec![vec![1.0, 0.0, 1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0, 1.0, 1.0]],
        ),
        (
            "reduce_max shares among ties",
            vec![vec![1.0, 3.0, 3.0, 0.0]],
            |x| x[0].reduce_max((), false),
            vec![vec![0.0, 0.5, 0.5, 0.0]],
        ),
        (
            "reduce_min shares among ties",
            vec![vec![1.0, 3.0, 1.0, 1.0]],
            |x| x[0].reduce_min((), false),
            vec![vec![1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]],
        ),
        ("reduce_max of NaN", vec![vec![1.0, NAN, 3.0]], |x| x[0].reduce_max((), false), vec![vec![NAN; 3]]),
        ("norm at 0", vec![vec![0.0; 2]], |x| x[0].norm(ops::Norm::Euclidean, (), false), vec![vec![NAN; 2]]),
        (
            "reduce_euclidean_norm at 0",
            vec![vec![0.0; 2]],
            |x| x[0].reduce_euclidean_norm((), false),
            vec![vec![NAN; 2]],
        ),
        ("reduce_std of equals", vec![vec![2.0; 2]], |x| x[0].reduce_std((), false), vec![vec![NAN; 2]]),
        ("global_norm at 0", vec![vec![0.0; 2]], |x| ops::global_norm(&[&x[0]]), vec![vec![NAN; 2]]),
        (
            "pow",
            vec![vec![0.0, 0.0, 0.0, 2.0, -2.0, -2.0, 0.0], vec![2.0, 1.0, 0.0, 0.0, 2.0, 0.5, -1.0]],
            |x| x[0].pow(&x[1]),
            vec![
                vec![0.0, 1.0, NAN, 0.0, -4.0, NAN, -INF],
                vec![0.0, 0.0, 0.0, std::f64::consts::LN_2, 0.0, NAN, NAN],
            ],
        ),
        (
            "xlogy",
            vec![vec![0.0, 0.0, 1.0, 2.0], vec![0.0, 2.0, 0.0, 3.0]],
            |x| x[0].xlogy(&x[1]),
            vec![vec![0.0, 0.0, -INF, 3f64.ln()], vec![0.0, 0.0, INF, 2.0 / 3.0]],
        ),
        (
            "xlog1py",
            vec![vec![0.0, 1.0], vec![-1.0, -1.0]],
            |x| x[0].xlog1py(&x[1]),
            vec![vec![0.0, -INF], vec![0.0, INF]],
        ),
        (
            "xdivy",
            vec![vec![0.0, 1.0, 0.0], vec![0.0, 2.0, 3.0]],
            |x| x[0].xdivy(&x[1]),
            vec![vec![0.0, 0.5, 0.0], vec![0.0, -0.25, 0.0]],
        ),
        (
            "div_no_nan",
            vec![vec![1.0, 1.0], vec![0.0, 2.0]],
            |x| x[0].div_no_nan(&x[1]),
            vec![vec![0.0, 0.5], vec![0.0, -0.25]],
        ),
        (
            "mul_no_nan",
            vec![vec![INF, 2.0], vec![0.0, 3.0]],
            |x| x[0].mul_no_nan(&x[1]),
            vec![vec![0.0, 3.0], vec![INF, 2.0]],
        ),
        (
            "div by 0",
            vec![vec![1.0, 0.0], vec![0.0, 0.0]],
            |x| x[0].div(&x[1]),
            vec![vec![INF, INF], vec![-INF, NAN]],
        ),
        (
            "atan2 at 0",
            vec![vec![0.0, 0.0], vec![0.0, 1.0]],
            |x| x[0].atan2(&x[1]),
            vec![vec![NAN, 1.0], vec![NAN, 0.0]],
        ),
        (
            "where: NaN in the branch not taken, of a function that has a gradient there",
            vec![vec![-1.0, 0.0, 2.0]],
            |x| x[0].greater(&x[0].like(0)?)?.select(&x[0].log()?, &x[0]),
            vec![vec![1.0, NAN, 0.5]],
        ),
        (
            "where: division by 0 in the branch not taken",
            vec![vec![1.0, 2.0]],
            |x| x[0].greater(&x[0].like(0)?)?.select(&x[0], &x[0].div(&x[0].like(0)?)?),
            vec![vec![NAN, NAN]],
        ),
        ("logsumexp of -inf", vec![vec![-INF; 2]], |x| x[0].reduce_logsumexp((), false), vec![vec![NAN; 2]]),
        (
            "logsumexp with -inf",
            vec![vec![-INF, 0.0]],
            |x| x[0].reduce_logsumexp((), false),
            vec![vec![0.0, 1.0]],
        ),
        (
            "reduce_prod, one 0",
            vec![vec![0.0, 2.0, 3.0]],
            |x| x[0].reduce_prod((), false),
            vec![vec![6.0, 0.0, 0.0]],
        ),
        (
            "reduce_prod, two 0",
            vec![vec![0.0, 0.0, 3.0]],
            |x| x[0].reduce_prod((), false),
            vec![vec![0.0; 3]],
        ),
        ("l2_normalize at 0", vec![vec![0.0; 2]], |x| x[0].l2_normalize((), 1e-12), vec![vec![1e6; 2]]),
        ("clip_by_norm at 0", vec![vec![0.0; 2]], |x| x[0].clip_by_norm(1.0, ()), vec![vec![1.0; 2]]),
        (
            "max-pooling: ties to the first",
            vec![vec![1.0, 1.0, 1.0, 0.0]],
            |x| x[0].reshape([1, 2, 2, 1])?.max_pool2d([2, 2], [2, 2], Padding::Valid),
            vec![vec![1.0, 0.0, 0.0, 0.0]],
        ),
        (
            "sort: ties in order",
            vec![vec![1.0, 1.0, 0.0]],
            |x| x[0].sort(-1, false)?.mul(&Tensor::new([1.0, 10.0, 100.0])?),
            vec![vec![10.0, 100.0, 1.0]],
        ),
        (
            "top_k: ties to the first",
            vec![vec![1.0, 1.0, 0.0]],
            |x| Ok(x[0].top_k(1)?.0),
            vec![vec![1.0, 0.0, 0.0]],
        ),
        (
            "segment_max shares among ties",
            vec![vec![1.0, 1.0, 0.0]],
            |x| x[0].segment_max(&ids(&[0, 0, 1])?),
            vec![vec![0.5, 0.5, 1.0]],
        ),
        (
            "unsorted_segment_max shares among ties",
            vec![vec![1.0, 1.0, 0.0]],
            |x| x[0].unsorted_segment_max(&ids(&[0, 0, 1])?, 2),
            vec![vec![0.5, 0.5, 1.0]],
        ),
        ("acos", vec![vec![1.0, 0.0]], |x| x[0].acos(), vec![vec![-INF, -1.0]]),
        ("asin", vec![vec![1.0]], |x| x[0].asin(), vec![vec![INF]]),
        ("atanh", vec![vec![1.0]], |x| x[0].atanh(), vec![vec![INF]]),
        ("acosh", vec![vec![1.0]], |x| x[0].acosh(), vec![vec![INF]]),
        (
            "squared_difference of equals",
            vec![vec![1.0], vec![1.0]],
            |x| x[0].squared_difference(&x[1]),
            vec![vec![0.0], vec![0.0]],
        ),
        (
            "floor_mod at a multiple",
            vec![vec![5.0, 6.0], vec![3.0, 3.0]],
            |x| x[0].floor_mod(&x[1]),
            vec![vec![1.0, 1.0], vec![-1.0, -2.0]],
        ),
        (
            "softmax with -inf",
            vec![vec![-INF, 0.0]],
            |x| x[0].softmax(-1)?.gather(&ids(&[0])?, 0),
            vec![vec![0.0; 2]],
        ),
        ("gelu at 0", vec![vec![0.0]], |x| x[0].gelu_erf(), vec![vec![0.5]]),
        ("silu at 0", vec![vec![0.0]], |x| x[0].silu(), vec![vec![0.5]]),
        (
            "hard_sigmoid at its corners",
            vec![vec![-3.0, 3.0, 0.0]],
            |x| x[0].hard_sigmoid(),
            vec![vec![0.0, 0.0, 1.0 / 6.0]],
        ),
    ]
}

fn differs(want: f64, found: f64) -> bool {
    // Both sides compute in f64 with a few roundings each.
    let close = (want - found).abs() <= 1e-7 * want.abs();
    !(close || want == found || want.is_nan() && found.is_nan())
}

#[test]
fn gradients_at_kinks_ties_and_poles_are_tensorflows() {
    let mut failed = Vec::new();
    for (name, inputs, f, want) in cases() {
        let x: Vec<Tensor> = inputs.iter().map(|v| Tensor::new(&v[..]).unwrap()).collect();
        let tape = GradientTape::watching_nothing();
        x.iter().for_each(|x| tape.watch(x).unwrap());
        let y = f(&x).unwrap_or_else(|e| panic!("{name}: {e}"));
        let found = tape.gradient(&y, &x).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (i, (want, found)) in want.iter().zip(&found).enumerate() {
            let found = found.to_vec::<f64>().unwrap();
            if want.len() != found.len() || want.iter().zip(&found).any(|(&w, &f)| differs(w, f)) {
                failed.push(format!("{name}, input {i}: expected {want:?}, found {found:?}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_guard_before_the_pole_keeps_nan_out() {
    // The way to a gradient without NaN: replace the argument where the branch is not taken.
    let x = Tensor::new([-1.0f64, 0.0, 2.0]).unwrap();
    let tape = GradientTape::watching_nothing();
    tape.watch(&x).unwrap();
    let positive = x.greater(&Tensor::scalar(0.0f64)).unwrap();
    let safe = positive.select(&x, &x.ones_like().unwrap()).unwrap();
    let y = positive.select(&safe.log().unwrap(), &x).unwrap();
    assert_eq!(tape.gradient(&y, &x).unwrap().to_vec::<f64>().unwrap(), [1.0, 1.0, 0.5]);
}

#[test]
fn half_precision_has_gradients_of_its_dtype() {
    for dtype in [DType::F16, DType::BF16] {
        let x = Tensor::new([0.5f32, 2.0]).unwrap().cast(dtype).unwrap();
        let tape = GradientTape::watching_nothing();
        tape.watch(&x).unwrap();
        let y = x.square().unwrap();
        let g = tape.gradient(&y, &x).unwrap();
        assert_eq!((g.dtype(), g.to_f64_vec().unwrap()), (dtype, vec![1.0, 4.0]));
    }
}
