//! Arithmetic of every dtype as TensorFlow's: what wraps, what rounds, what is refused. The numbers were recorded from
//! TensorFlow 2.21.

use gradus_tensor::{DType, Result, Tensor};

type Binary = fn(&Tensor, &Tensor) -> Result<Tensor>;

const INTEGERS: [DType; 8] =
    [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U16, DType::U32, DType::U64];

/// Numbers of any integer dtype out of wide ones.
fn integers(dtype: DType, values: &[i128]) -> Tensor {
    gradus_tensor::dispatch!(dtype, T: int => {
        Tensor::from_vec(values.iter().map(|&v| v as T).collect(), [values.len()]).unwrap()
    } else { unreachable!("{dtype} is an integer dtype") })
}

fn wide(t: &Tensor) -> Vec<i128> {
    gradus_tensor::dispatch!(t.dtype(), T: int => {
        t.as_slice::<T>().unwrap().iter().map(|&v| v as i128).collect()
    } else { unreachable!("{} is an integer dtype", t.dtype()) })
}

/// Least and greatest value.
fn range(dtype: DType) -> (i128, i128) {
    let bits = 8 * dtype.size() as u32;
    let unsigned = matches!(dtype, DType::U8 | DType::U16 | DType::U32 | DType::U64);
    if unsigned { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) }
}

#[test]
fn integers_wrap_around() {
    for dtype in INTEGERS {
        let (least, most) = range(dtype);
        let modulus = most - least + 1;
        let wrapped = |v: i128| (v - least).rem_euclid(modulus) + least;
        let a = [most, least, most, 7, most / 2 + 1, most];
        let b = [1, 1, most, 2, 2, 3];
        let (x, y) = (integers(dtype, &a), integers(dtype, &b));
        let table: [(&str, Binary, fn(i128, i128) -> i128); 7] = [
            ("add", |a, b| a.add(b), |a, b| a + b),
            ("sub", |a, b| a.sub(b), |a, b| a - b),
            ("mul", |a, b| a.mul(b), |a, b| a.wrapping_mul(b)),
            ("floor_div", |a, b| a.floor_div(b), |a, b| a.div_euclid(b)),
            ("floor_mod", |a, b| a.floor_mod(b), |a, b| a.rem_euclid(b)),
            ("maximum", |a, b| a.maximum(b), |a, b| a.max(b)),
            ("minimum", |a, b| a.minimum(b), |a, b| a.min(b)),
        ];
        for (name, f, exact) in table {
            let want: Vec<i128> = a.iter().zip(b).map(|(&a, b)| wrapped(exact(a, b))).collect();
            let found = f(&x, &y).unwrap();
            assert_eq!((found.dtype(), wide(&found)), (dtype, want), "{name} of {dtype}: {a:?} and {b:?}");
        }
    }
}

#[test]
fn quotients_of_negative_integers_round_down_or_to_zero() {
    let (a, b) = ([7, -7, 7, -7], [2, 2, -2, -2]);
    let table: [(&str, Binary, [i128; 4]); 4] = [
        ("floor_div", |a, b| a.floor_div(b), [3, -4, -4, 3]),
        ("floor_mod", |a, b| a.floor_mod(b), [1, 1, -1, -1]),
        ("truncate_div", |a, b| a.truncate_div(b), [3, -3, -3, 3]),
        ("truncate_mod", |a, b| a.truncate_mod(b), [1, -1, 1, -1]),
    ];
    for dtype in [DType::I8, DType::I16, DType::I32, DType::I64] {
        for (name, f, want) in table {
            assert_eq!(
                wide(&f(&integers(dtype, &a), &integers(dtype, &b)).unwrap()),
                want,
                "{name} of {dtype}"
            );
        }
    }
    for dtype in INTEGERS {
        for (name, f, _) in table {
            let e = f(&integers(dtype, &[1]), &integers(dtype, &[0])).expect_err("no quotient by 0");
            assert!(e.to_string().contains("zero"), "{name} of {dtype} by 0: {e}");
        }
        // The only quotient of two numbers that its dtype does not hold.
        let (least, most) = range(dtype);
        if least < 0 {
            let y = integers(dtype, &[least]).floor_div(&integers(dtype, &[-1])).unwrap();
            assert!(
                [vec![least], vec![most]].contains(&wide(&y)),
                "{dtype}: {least} by -1 gives {:?}",
                wide(&y)
            );
        }
    }
}

#[test]
fn floats_divide_by_zero_and_round_to_their_dtype() {
    let a = Tensor::new([7.0f64, -7.0, 7.0, -7.0, 1.0, 0.0, 5.5]).unwrap();
    let b = Tensor::new([2.0f64, 2.0, -2.0, -2.0, 0.0, 0.0, 0.3]).unwrap();
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    // The last quotient and remainder, which the dtypes round differently.
    let table = [
        (DType::F16, 18.328125, 0.09912109375),
        (DType::BF16, 18.25, 0.0859375),
        (DType::F32, 18.333332061767578, 0.09999978542327881),
        (DType::F64, 18.333333333333336, 0.1000000000000002),
    ];
    for (dtype, quotient, rest) in table {
        let (a, b) = (a.cast(dtype).unwrap(), b.cast(dtype).unwrap());
        let cases: [(&str, Binary, [f64; 7]); 3] = [
            ("floor_div", |a, b| a.floor_div(b), [3.0, -4.0, -4.0, 3.0, inf, nan, 18.0]),
            ("floor_mod", |a, b| a.floor_mod(b), [1.0, 1.0, -1.0, -1.0, nan, nan, rest]),
            ("div", |a, b| a.div(b), [3.5, -3.5, -3.5, 3.5, inf, nan, quotient]),
        ];
        for (name, f, want) in cases {
            let found = f(&a, &b).unwrap();
            assert_eq!(found.dtype(), dtype, "{name}");
            let same = |(f, w): (&f64, &f64)| f == w || f.is_nan() && w.is_nan();
            let values = found.to_f64_vec().unwrap();
            assert!(
                values.iter().zip(&want).all(same),
                "{name} of {dtype}: expected {want:?}, found {values:?}"
            );
        }
    }
}

#[test]
fn no_dtype_is_converted_silently() {
    let all = [DType::F16, DType::BF16, DType::F32, DType::F64, DType::Bool].into_iter().chain(INTEGERS);
    let all: Vec<DType> = all.collect();
    for &a in &all {
        for &b in all.iter().filter(|&&b| b != a) {
            let (x, y) = (Tensor::ones([2], a).unwrap(), Tensor::ones([2], b).unwrap());
            let table: [(&str, Result<Tensor>); 5] = [
                ("add", x.add(&y)),
                ("maximum", x.maximum(&y)),
                ("less", x.less(&y)),
                ("concat", Tensor::concat(&[&x, &y], 0)),
                ("select", Tensor::scalar(true).select(&x, &y)),
            ];
            for (name, result) in table {
                let e = result.expect_err("two dtypes").to_string();
                assert!(e.contains(a.name()) && e.contains(b.name()), "{name} of {a} and {b}: {e}");
            }
            assert_eq!(x.cast(b).unwrap().add(&y).is_ok(), b != DType::Bool, "{a} cast to {b}");
        }
    }
}
