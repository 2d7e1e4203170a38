//! The passes that may sum in another order stay within 4 ulp of the sum of magnitudes.

use gradus_function::Function;
use gradus_tensor::{DType, Result, Tensor};

fn numbers(shape: [usize; 2], k: f64) -> Tensor {
    let n = shape[0] * shape[1];
    let v: Vec<f64> = (0..n).map(|i| (i as f64 * k).sin()).collect();
    Tensor::from_vec(v, shape).unwrap().cast(DType::F32).unwrap()
}

fn check(name: &str, x: &[Tensor], f: fn(&[Tensor]) -> Result<Tensor>) {
    let want = f(x).unwrap().to_f64_vec().unwrap();
    let magnitudes: Vec<Tensor> = x.iter().map(|t| t.abs().unwrap()).collect();
    let scale = f(&magnitudes).unwrap().to_f64_vec().unwrap();
    let g = Function::new(f);
    g.call(x).unwrap();
    let found = g.call(x).unwrap().to_f64_vec().unwrap();
    let ulp = f64::from(f32::EPSILON);
    for (i, ((f, w), s)) in found.iter().zip(&want).zip(&scale).enumerate() {
        assert!((f - w).abs() <= 4.0 * ulp * s, "{name}, element {i}: {f} not {w}, magnitudes {s}");
    }
}

#[test]
fn products_with_flags_and_epilogues() {
    for (m, k, n) in [(3, 4, 5), (17, 33, 9), (40, 300, 70)] {
        let (a, b, bias) =
            (numbers([m, k], 0.7), numbers([k, n], 1.3), numbers([1, n], 2.1).flatten().unwrap());
        let name = format!("{m} x {k} x {n}");
        check(&name, &[a.t().unwrap(), b.clone()], |x| x[0].t()?.matmul(&x[1]));
        check(&name, &[a.clone(), b.t().unwrap()], |x| x[0].matmul(&x[1].t()?));
        check(&name, &[a.t().unwrap(), b.t().unwrap()], |x| x[0].t()?.matmul(&x[1].t()?));
        check(&name, &[a, b, bias], |x| x[0].matmul(&x[1])?.add(&x[2])?.relu());
    }
}

#[test]
fn sums_of_products_and_shared_factors() {
    let (x, w) = (numbers([96, 33], 0.7), numbers([33, 70], 1.3));
    let steps = |x: &Tensor| -> Result<Vec<Tensor>> {
        (0..8).map(|i| x.slice(gradus_tensor::s![i * 12..(i + 1) * 12])).collect()
    };
    check("parts of one value", &[x.clone(), w.clone()], move |x| {
        let parts = (0..8).map(|i| x[0].slice(gradus_tensor::s![i * 12..(i + 1) * 12])?.matmul(&x[1]));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
    });
    let g = numbers([96, 70], 2.1);
    let mut all = steps(&x).unwrap();
    all.extend(steps(&g).unwrap());
    check("a weight's gradient", &all, |x| {
        let first = x[0].matmul_t(&x[8], true, false)?;
        (1..8).try_fold(first, |sum, i| sum.add(&x[i].matmul_t(&x[8 + i], true, false)?))
    });
}

#[test]
fn scales_into_weights() {
    let (x, w) = (numbers([48, 33], 0.7), numbers([33, 20], 1.3));
    let v = |k: f64| numbers([1, 20], k).flatten().unwrap();
    let all = [x, w, v(0.3), v(1.7), v(2.9)];
    check("with a bias", &all, |x| x[0].matmul(&x[1])?.add(&x[2])?.mul(&x[3])?.add(&x[4])?.relu());
    check("without", &all, |x| x[0].matmul(&x[1])?.mul(&x[3])?.add(&x[4]));
}
