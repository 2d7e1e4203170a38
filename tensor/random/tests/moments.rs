//! Moments, frequencies, and that threads and lengths change nothing.

use gradus_kernels::threads::with_num_threads;
use gradus_random::*;
use gradus_tensor::{DType, Result, Tensor};

const N: usize = 200_000;

fn state(counter: u64) -> Tensor {
    Tensor::random_state(20_261_122, counter)
}

fn scalar(v: f64) -> Tensor {
    Tensor::scalar(v)
}

/// Mean and variance within five deviations of what `N` independent values give.
fn check(name: &str, t: &Tensor, mean: f64, variance: f64, kurtosis: f64) {
    let v = t.to_f64_vec().unwrap();
    assert_eq!(v.len(), N, "{name}");
    let n = N as f64;
    let found = v.iter().sum::<f64>() / n;
    let spread = v.iter().map(|x| (x - found).powi(2)).sum::<f64>() / (n - 1.0);
    // Var(mean) = s^2 / n, Var(s^2) = s^4 (kurtosis - 1) / n.
    let of_mean = 5.0 * (variance / n).sqrt();
    let of_variance = 5.0 * variance * ((kurtosis - 1.0) / n).sqrt();
    assert!((found - mean).abs() <= of_mean, "{name}: mean {found}, expected {mean} +- {of_mean}");
    assert!(
        (spread - variance).abs() <= of_variance,
        "{name}: variance {spread}, expected {variance} +- {of_variance}"
    );
}

#[test]
fn moments() -> Result<()> {
    let mut g = Generator::new(3);
    check("uniform", &g.uniform([N], -1.0, 3.0, DType::F32)?, 1.0, 16.0 / 12.0, 1.8);
    check("normal", &g.normal([N], 2.0, 3.0, DType::F64)?, 2.0, 9.0, 3.0);
    // Deviation and kurtosis of a normal cut at two deviations.
    check("truncated", &g.truncated_normal([N], 1.0, 1.0, DType::F32)?, 1.0, 0.773_741, 2.4);
    check("integer", &g.uniform_int([N], -3, 4, DType::I8)?, 0.0, 4.0, 1.8);
    for alpha in [0.1, 0.7, 1.0, 3.5, 200.0] {
        for beta in [0.5, 4.0] {
            let t = g.gamma([N], &scalar(alpha), &scalar(beta))?;
            check(&format!("gamma {alpha} {beta}"), &t, alpha / beta, alpha / beta / beta, 3.0 + 6.0 / alpha);
        }
    }
    for rate in [0.05, 1.0, 9.0, 40.0, 1e6] {
        let t = g.poisson([N], &scalar(rate), DType::F64)?;
        check(&format!("poisson {rate}"), &t, rate, rate, 3.0 + 1.0 / rate);
    }
    for (n, p) in [(1.0, 0.3), (20.0, 0.5), (1000.0, 0.01), (1e6, 0.9)] {
        let t = g.binomial([N], &scalar(n), &scalar(p), DType::I64)?;
        let variance = n * p * (1.0 - p);
        check(
            &format!("binomial {n} {p}"),
            &t,
            n * p,
            variance,
            3.0 + (1.0 - 6.0 * p * (1.0 - p)) / variance,
        );
    }
    assert!(g.poisson([N], &scalar(0.0), DType::I32)?.to_vec::<i32>()?.iter().all(|&v| v == 0));
    Ok(())
}

#[test]
fn frequencies() -> Result<()> {
    let p = [0.1f64, 0.0, 0.5, 0.25, 0.15, 0.0];
    let logits: Vec<f64> = p.iter().map(|p| p.ln() + 7.0).collect();
    let t = categorical(&Tensor::from_vec(logits, [1, 6])?, N, &state(1))?;
    let mut counts = [0f64; 6];
    t.to_vec::<i64>()?.iter().for_each(|&c| counts[c as usize] += 1.0);
    for (c, p) in counts.iter().zip(p) {
        let n = N as f64;
        assert!((c - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt(), "{counts:?}");
    }
    // Every order of three, 60,000 times: 10,000 each.
    let mut orders = std::collections::BTreeMap::new();
    for i in 0..60_000 {
        *orders.entry(permutation(3, &state(i))?.to_vec::<i64>()?).or_insert(0f64) += 1.0;
    }
    assert_eq!(orders.len(), 6);
    assert!(orders.values().all(|c| (c - 1e4).abs() < 5.0 * (1e4f64 * 5.0 / 6.0).sqrt()), "{orders:?}");
    let mut p = permutation(1000, &state(0))?.to_vec::<i64>()?;
    assert_ne!(p, (0..1000).collect::<Vec<i64>>());
    p.sort_unstable();
    assert_eq!(p, (0..1000).collect::<Vec<i64>>());
    let rows = Tensor::range(20i64)?.reshape([10, 2])?;
    let y = shuffle(&rows, &state(3))?.to_vec::<i64>()?;
    assert!(y.chunks(2).all(|r| r[0] % 2 == 0 && r[1] == r[0] + 1), "rows stay whole: {y:?}");
    Ok(())
}

type Draw = fn(usize) -> Result<Tensor>;

const DRAWS: [(&str, Draw); 6] = [
    ("gamma", |n| gamma([n], &scalar(0.4), &scalar(1.0), &state(5))),
    ("poisson", |n| poisson([n], &scalar(33.0), DType::I32, &state(5))),
    ("binomial", |n| binomial([n], &scalar(50.0), &scalar(0.3), DType::F32, &state(5))),
    ("integers", |n| uniform_int([n], 0, 1_000_003, DType::I64, &state(5))),
    ("categorical", |n| categorical(&Tensor::zeros([1, 9], DType::F32)?, n, &state(5))),
    ("normal", |n| Tensor::random_normal([n], 0.0, 1.0, DType::F32, &state(5))),
];

#[test]
fn threads_and_lengths_change_nothing() -> Result<()> {
    for (name, draw) in DRAWS {
        let want = with_num_threads(1, || draw(10_000))?.to_bytes()?;
        assert!(with_num_threads(4, || draw(10_000))?.to_bytes()? == want, "{name}: threads matter");
        let short = draw(777)?.to_bytes()?;
        assert!(want[..short.len()] == short[..], "{name}: the length matters");
    }
    Ok(())
}

#[test]
fn states_are_independent_and_go_on() -> Result<()> {
    let mut g = Generator::new(1);
    let (a, b) = (g.uniform([100], 0.0, 1.0, DType::F32)?, g.uniform([100], 0.0, 1.0, DType::F32)?);
    assert_ne!(a.to_vec::<f32>()?, b.to_vec::<f32>()?);
    let mut again = Generator::from_state(&g.state())?;
    assert_eq!(again.permutation(50)?.to_vec::<i64>()?, g.permutation(50)?.to_vec::<i64>()?);
    assert!(Generator::from_state(&Tensor::new([1u64])?).is_err());
    Ok(())
}

#[test]
fn wrong_parameters_are_errors() {
    let z = Tensor::zeros([2, 0], DType::F32).unwrap();
    let bad = Tensor::new([[f32::NEG_INFINITY, f32::NEG_INFINITY]]).unwrap();
    let table = [
        ("alpha 0", gamma([2], &scalar(0.0), &scalar(1.0), &state(0))),
        ("alpha NaN", gamma([2], &scalar(f64::NAN), &scalar(1.0), &state(0))),
        ("rate -1", poisson([2], &scalar(-1.0), DType::F32, &state(0))),
        ("rate infinite", poisson([2], &scalar(f64::INFINITY), DType::F32, &state(0))),
        ("a count of -1", binomial([2], &scalar(-1.0), &scalar(0.5), DType::F32, &state(0))),
        ("a probability of 2", binomial([2], &scalar(1.0), &scalar(2.0), DType::F32, &state(0))),
        ("no integer", uniform_int([2], 3, 3, DType::I32, &state(0))),
        ("an integer too large", uniform_int([2], 0, 300, DType::U8, &state(0))),
        ("integers of f32", uniform_int([2], 0, 3, DType::F32, &state(0))),
        ("too many", uniform_int([1 << 40, 1 << 40], 0, 3, DType::I32, &state(0))),
        ("no classes", categorical(&z, 3, &state(0))),
        ("no probability", categorical(&bad, 3, &state(0))),
        ("logits of rank 1", categorical(&Tensor::new([0.0f32]).unwrap(), 3, &state(0))),
        ("no state", permutation(3, &Tensor::new([1u64]).unwrap())),
        ("a scalar", shuffle(&scalar(1.0), &state(0))),
    ];
    for (name, found) in table {
        assert!(found.is_err(), "{name}: no error");
    }
}
