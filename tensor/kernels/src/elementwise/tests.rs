//! Every operation against a plain evaluation, over sizes, shapes, types and numbers of threads.

use super::*;
use crate::dtype::{DType, Element};
use crate::error::Error;
use crate::math::Float;
use crate::threads;
use half::{bf16, f16};

const SIZES: [usize; 12] = [0, 1, 2, 15, 16, 17, 31, 32, 33, 1000, 1025, 70_001];

fn values(n: usize, seed: u32) -> Vec<f32> {
    let mut s = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    let special =
        [0.0, -0.0, 1.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, 6.0, 0.5, 2.5, -2.5];
    let next = |i: usize| {
        s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let u = (s >> 8) as f32 / (1 << 24) as f32;
        if i % 7 == 3 { special[(s >> 20) as usize % special.len()] } else { (u - 0.5) * 12.0 }
    };
    (0..n).map(next).collect()
}

fn same_bits(a: &[f32], b: &[f32], what: &str) {
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!(
            a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            "{what}, element {i}: expected {a}, found {b}"
        );
    }
}

#[test]
fn unary_f32_gives_the_same_bits_alone_in_a_row_and_on_many_threads() {
    for &op in Unary::ALL.iter().filter(|op| op.supports(DType::F32) && op.cost() < 10.0) {
        for n in SIZES {
            let x = values(n, 1);
            let mut one = vec![0.0; n];
            for (x, y) in x.iter().zip(&mut one) {
                unary_float(op, std::slice::from_ref(x), std::slice::from_mut(y));
            }
            for t in [1, 3] {
                let mut y = vec![7.0; n];
                threads::with_num_threads(t, || unary(op, &x, &mut y)).unwrap();
                same_bits(&one, &y, &format!("{op:?}, {n} elements, {t} threads"));
            }
        }
    }
}

#[test]
fn unary_f32_agrees_with_f64() {
    for &op in Unary::ALL.iter().filter(|op| op.supports(DType::F32)) {
        let x = values(3000, 2);
        let wide: Vec<f64> = x.iter().map(|&v| v.into()).collect();
        let (mut y, mut exact) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        unary(op, &x, &mut y).unwrap();
        unary(op, &wide, &mut exact).unwrap();
        for ((x, found), exact) in x.iter().zip(y).zip(exact) {
            let exact32 = exact as f32;
            // Formulas that add a number near its negative lose digits against their parts of size 1.
            let bound = f64::from(exact32.abs()) * 1e-6 + 2e-7;
            let good = found == exact32
                || found.is_nan() && exact.is_nan()
                || (f64::from(found) - exact).abs() <= bound;
            assert!(good, "{op:?}({x}): expected {exact}, found {found}");
        }
    }
}

#[test]
fn named_values() {
    let nan = f32::NAN;
    let cases: &[(Unary, f32, f32)] = &[
        (Unary::Round, 0.5, 0.0),
        (Unary::Round, 1.5, 2.0),
        (Unary::Round, -2.5, -2.0),
        (Unary::Sign, nan, nan),
        (Unary::Sign, -3.0, -1.0),
        (Unary::Relu, nan, nan),
        (Unary::Relu6, 7.0, 6.0),
        (Unary::Relu6, nan, nan),
        (Unary::Log, 0.0, f32::NEG_INFINITY),
        (Unary::Log, -1.0, nan),
        (Unary::Rsqrt, 0.0, f32::INFINITY),
        (Unary::Elu, f32::NEG_INFINITY, -1.0),
        (Unary::Softplus, 200.0, 200.0),
        (Unary::Sigmoid, -200.0, 0.0),
        (Unary::Sin, 1e6, -0.349_993_5),
        (Unary::Cos, 1e22, 0.679_061_35),
        (Unary::Tan, f32::INFINITY, nan),
        (Unary::Softsign, f32::INFINITY, nan),
        (Unary::GeluErf, 1.0, 0.841_344_8),
        (Unary::GeluTanh, 1.0, 0.841_192),
        (Unary::Selu, 1.0, 1.050_701),
        (Unary::Silu, 1.0, 0.731_058_6),
        (Unary::Mish, 1.0, 0.865_098_4),
    ];
    for &(op, x, expected) in cases {
        let mut y = [0.0f32];
        unary(op, &[x], &mut y).unwrap();
        let near = (y[0] - expected).abs() <= expected.abs() * 2e-7;
        assert!(
            near || y[0] == expected || y[0].is_nan() && expected.is_nan(),
            "{op:?}({x}): {expected}, found {}",
            y[0]
        );
    }
}

/// The element of an operand that stands at a position of the broadcast result.
fn at(shape: &[usize], result: &[usize], mut flat: usize) -> usize {
    let (mut offset, mut step) = (0, 1);
    for (i, &d) in result.iter().enumerate().rev() {
        let index = flat % d;
        flat /= d;
        let Some(k) = (i + shape.len()).checked_sub(result.len()) else { break };
        if shape[k] != 1 {
            offset += index * step;
        }
        step *= shape[k];
    }
    offset
}

const SHAPES: &[(&[usize], &[usize])] = &[
    (&[], &[]),
    (&[1], &[]),
    (&[0], &[1]),
    (&[3, 0], &[3, 1]),
    (&[33], &[33]),
    (&[33], &[1]),
    (&[], &[1000]),
    (&[7, 5], &[5]),
    (&[7, 5], &[7, 1]),
    (&[1, 5], &[7, 1]),
    (&[40, 300], &[300]),
    (&[300], &[40, 300]),
    (&[40, 300], &[40, 1]),
    (&[2, 3, 4, 5], &[3, 1, 5]),
    (&[2, 1, 4, 1], &[1, 3, 1, 5]),
    (&[6, 17, 1], &[6, 1, 19]),
    (&[100, 700], &[700]),
    (&[100, 700], &[100, 700]),
    (&[50, 1, 30], &[50, 40, 30]),
    (&[1, 1], &[90_000]),
];

fn product(s: &[usize]) -> usize {
    s.iter().product()
}

#[test]
fn binary_f32_broadcasts() {
    for &(sa, sb) in SHAPES {
        let bc = Broadcast::new(sa, sb).unwrap();
        let (a, b) = (values(product(sa), 3), values(product(sb), 4));
        for op in
            [Binary::Add, Binary::Sub, Binary::Maximum, Binary::FloorMod, Binary::Pow, Binary::GeluErfGrad]
        {
            let expected: Vec<f32> = (0..bc.len())
                .map(|i| {
                    let (x, y) = (a[at(sa, bc.shape(), i)], b[at(sb, bc.shape(), i)]);
                    let mut z = [0.0];
                    binary_float(op, &[x], &[y], &mut z);
                    z[0]
                })
                .collect();
            for t in [1, 2, 5] {
                let mut y = vec![7.0; bc.len()];
                threads::with_num_threads(t, || binary(op, &bc, &a, &b, &mut y)).unwrap();
                same_bits(&expected, &y, &format!("{op:?} {sa:?} {sb:?}, {t} threads"));
            }
        }
        let mut y = vec![false; bc.len()];
        compare(Compare::Less, &bc, &a, &b, &mut y).unwrap();
        for (i, y) in y.iter().enumerate() {
            assert_eq!(*y, a[at(sa, bc.shape(), i)] < b[at(sb, bc.shape(), i)], "less {sa:?} {sb:?} at {i}");
        }
    }
}

#[test]
fn binary_f32_agrees_with_f64() {
    let (a, b) = (values(4000, 5), values(4000, 6));
    let bc = Broadcast::new(&[4000], &[4000]).unwrap();
    let wide = |v: &[f32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    for &op in Binary::ALL.iter().filter(|op| op.supports(DType::F32) && **op != Binary::NextAfter) {
        let (mut y, mut exact) = (vec![0.0; 4000], vec![0.0; 4000]);
        binary(op, &bc, &a, &b, &mut y).unwrap();
        binary(op, &bc, &wide(&a), &wide(&b), &mut exact).unwrap();
        for i in 0..4000 {
            let (found, exact) = (y[i], exact[i]);
            if matches!(op, Binary::RsqrtGrad | Binary::ReciprocalGrad) && b[i].abs() < 1e-13 {
                // Its powers vanish in f32 and not in f64.
                continue;
            }
            // Quotients next to a whole number may round to either side.
            let jump =
                matches!(op, Binary::FloorDiv | Binary::TruncDiv) && (f64::from(found) - exact).abs() <= 1.0;
            // Sums that cancel, such as 1 + tanh, leave an error against the first operand.
            let bound = exact.abs() * 3e-6 + 1e-6 * f64::from(1.0 + a[i].abs());
            let good = found == exact as f32 || found.is_nan() && exact.is_nan() || jump;
            assert!(
                good || (f64::from(found) - exact).abs() <= bound,
                "{op:?}({}, {}): expected {exact}, found {found}",
                a[i],
                b[i]
            );
        }
    }
}

fn table<T: Element>(op: Binary, a: &[f64], b: &[f64], expected: &[f64]) {
    let conv = |v: &[f64]| v.iter().map(|&v| T::from_f64(v)).collect::<Vec<T>>();
    let bc = Broadcast::new(&[a.len()], &[b.len()]).unwrap();
    let mut y = vec![T::ZERO; bc.len()];
    binary(op, &bc, &conv(a), &conv(b), &mut y).unwrap();
    assert_eq!(y, conv(expected), "{op:?} of {} over {a:?} and {b:?}", T::DTYPE);
}

#[test]
fn integer_tables() {
    table::<i32>(
        Binary::FloorDiv,
        &[7.0, -7.0, 7.0, -7.0, 6.0],
        &[2.0, 2.0, -2.0, -2.0, -3.0],
        &[3.0, -4.0, -4.0, 3.0, -2.0],
    );
    table::<i32>(
        Binary::FloorMod,
        &[7.0, -7.0, 7.0, -7.0, 6.0],
        &[3.0, 3.0, -3.0, -3.0, -3.0],
        &[1.0, 2.0, -2.0, -1.0, 0.0],
    );
    table::<i8>(Binary::TruncDiv, &[7.0, -7.0, -128.0], &[2.0, 2.0, -1.0], &[3.0, -3.0, -128.0]);
    table::<i8>(Binary::FloorMod, &[-128.0], &[-1.0], &[0.0]);
    table::<i64>(Binary::TruncMod, &[7.0, -7.0], &[3.0, 3.0], &[1.0, -1.0]);
    table::<u8>(Binary::Add, &[250.0], &[10.0], &[4.0]);
    table::<u16>(Binary::Sub, &[1.0], &[2.0], &[65535.0]);
    table::<i32>(Binary::Pow, &[3.0, -2.0, 0.0], &[4.0, 3.0, 0.0], &[81.0, -8.0, 1.0]);
    table::<i32>(Binary::ShiftLeft, &[1.0, 1.0], &[3.0, 40.0], &[8.0, -2147483648.0]);
    table::<i16>(Binary::ShiftRight, &[-8.0, 5.0], &[1.0, 99.0], &[-4.0, 0.0]);
    table::<u32>(Binary::BitXor, &[12.0], &[10.0], &[6.0]);
    table::<i32>(Binary::Maximum, &[1.0, -5.0], &[2.0, -7.0], &[2.0, -5.0]);
    table::<bool>(Binary::LogicalXor, &[0.0, 0.0, 1.0, 1.0], &[0.0, 1.0, 0.0, 1.0], &[0.0, 1.0, 1.0, 0.0]);
    table::<f64>(Binary::FloorMod, &[7.5, -7.5, 7.5], &[2.0, 2.0, -2.0], &[1.5, 0.5, -0.5]);
    table::<f16>(Binary::Add, &[2048.0], &[1.0], &[2048.0]);
    table::<bf16>(Binary::Mul, &[1.5], &[3.0], &[4.5]);
    table::<f32>(Binary::DivNoNan, &[1.0, 0.0], &[0.0, 0.0], &[0.0, 0.0]);
    table::<f32>(Binary::MulNoNan, &[f64::INFINITY, f64::NAN], &[0.0, 0.0], &[0.0, 0.0]);
    table::<f32>(Binary::Xlogy, &[0.0, 2.0], &[0.0, 1.0], &[0.0, 0.0]);
    table::<f32>(Binary::Relu6Grad, &[1.0, 1.0, 1.0], &[6.0, 5.0, 0.0], &[0.0, 1.0, 0.0]);
}

#[test]
fn refusals_are_errors() {
    let bc = Broadcast::new(&[2], &[2]).unwrap();
    let mut y = [0i32; 2];
    for op in [Binary::Div, Binary::FloorDiv, Binary::FloorMod, Binary::TruncDiv, Binary::TruncMod] {
        assert_eq!(binary(op, &bc, &[1, 2], &[1, 0], &mut y), Err(Error::DivisionByZero { op: op.name() }));
    }
    assert_eq!(binary(Binary::Pow, &bc, &[1, 2], &[1, -1], &mut y), Err(Error::NegativePower));
    assert!(unary(Unary::Exp, &[1i32, 2], &mut y).is_err());
    assert!(clip(&[true], false, true, &mut [false]).is_err());
    let text = Broadcast::new(&[2, 3], &[4]).unwrap_err().to_string();
    assert_eq!(text, "broadcast: shapes [2, 3] and [4] do not fit together");
}

#[test]
fn what_is_supported_runs_and_the_rest_is_refused() {
    fn check<T: Element>() {
        let x = [T::ONE; 3];
        let mut y = [T::ZERO; 3];
        for &op in Unary::ALL {
            assert_eq!(unary(op, &x, &mut y).is_ok(), op.supports(T::DTYPE), "{op:?} {}", T::DTYPE);
        }
        let bc = Broadcast::new(&[3], &[1]).unwrap();
        for &op in Binary::ALL {
            assert_eq!(
                binary(op, &bc, &x, &x[..1], &mut y).is_ok(),
                op.supports(T::DTYPE),
                "{op:?} {}",
                T::DTYPE
            );
        }
        for &op in Compare::ALL {
            let found = compare(op, &bc, &x, &x[..1], &mut [false; 3]);
            assert_eq!(found.is_ok(), op.supports(T::DTYPE), "{op:?} {}", T::DTYPE);
        }
    }
    for d in DType::ALL {
        crate::dispatch!(d, T: all => { check::<T>() });
    }
}

#[test]
fn narrow_floats_round_once() {
    let x: Vec<f16> = values(1500, 8).into_iter().map(f16::from_f32).collect();
    let b: Vec<bf16> = values(1500, 8).into_iter().map(bf16::from_f32).collect();
    let (mut y, mut z) = (vec![f16::ZERO; 1500], vec![bf16::ZERO; 1500]);
    unary(Unary::Tanh, &x, &mut y).unwrap();
    unary(Unary::Exp, &b, &mut z).unwrap();
    for i in 0..1500 {
        let (ex, eb) = (f16::from_f32(Float::tanh(x[i].to_f32())), bf16::from_f32(Float::exp(b[i].to_f32())));
        assert!(y[i] == ex || ex.is_nan() && y[i].is_nan(), "tanh {}", x[i]);
        assert!(z[i] == eb || eb.is_nan() && z[i].is_nan(), "exp {}", b[i]);
    }
}

#[test]
fn select_clip_and_tests() {
    let (full, row) = (Layout::full(), Layout::new(&[3], &[2, 3]).unwrap());
    let scalar = Layout::new(&[], &[2, 3]).unwrap();
    let mut y = [0i64; 6];
    select((&[true, false, true], &row), (&[1, 2, 3, 4, 5, 6], &full), (&[-1], &scalar), &mut y);
    assert_eq!(y, [1, -1, 3, 4, -1, 6]);
    let mut y = [0.0f32; 4];
    clip(&[-5.0, 0.5, 9.0, f32::NAN], 0.0, 1.0, &mut y).unwrap();
    assert_eq!(y[..3], [0.0, 0.5, 1.0]);
    assert!(y[3].is_nan());
    let mut t = [false; 3];
    test(Test::IsFinite, &[1.0f32, f32::NAN, f32::INFINITY], &mut t);
    assert_eq!(t, [true, false, false]);
    test(Test::IsNan, &[f16::NAN, f16::ONE, f16::INFINITY], &mut t);
    assert_eq!(t, [true, false, false]);
    test(Test::IsInf, &[1i32, 2, 3], &mut t);
    assert_eq!(t, [false; 3]);
}

#[test]
fn complex_numbers() {
    use num_complex::Complex;
    let z = [Complex::new(3.0f32, -4.0), Complex::new(0.0, 0.0)];
    let mut y = [Complex::default(); 2];
    unary(Unary::Sign, &z, &mut y).unwrap();
    assert_eq!(y, [Complex::new(0.6, -0.8), Complex::new(0.0, 0.0)]);
    let mut r = [0.0f32; 2];
    parts(Part::Abs, &z, &mut r);
    assert_eq!(r, [5.0, 0.0]);
    from_parts(&[1.0f32, 2.0], &[3.0, 4.0], &mut y);
    assert_eq!(y, [Complex::new(1.0, 3.0), Complex::new(2.0, 4.0)]);
}
