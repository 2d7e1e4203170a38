use super::*;
use crate::elementwise::{Binary, Broadcast, Compare, Layout, Test, Unary, binary, unary};
use crate::threads;

fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + seed * 131) % 2003) as f32 / 500.0 - 2.0).collect()
}

/// tanh(x a + b) x with scalar a and b.
fn chain() -> Program {
    let mut p = Builder::new();
    let x = p.input(Layout::full());
    let (a, b) = (p.constant(0.7), p.constant(-0.1));
    let y = p.binary(Binary::Mul, x, a);
    let y = p.binary(Binary::Add, y, b);
    let y = p.unary(Unary::Tanh, y);
    let y = p.binary(Binary::Mul, y, x);
    p.output(y);
    p.build().unwrap()
}

/// The last one is streamed past the caches.
const SIZES: [usize; 14] = [0, 1, 2, 15, 16, 17, 31, 32, 33, 1000, 1024, 1025, 70_001, 2_200_000];

#[test]
fn a_chain_has_the_bits_of_its_operations() {
    let program = chain();
    for n in SIZES {
        let x = values(n, 1);
        let full = Broadcast::new(&[n], &[1]).unwrap();
        let same = Broadcast::new(&[n], &[n]).unwrap();
        let (mut t, mut u, mut expected) = (vec![0.0f32; n], vec![0.0; n], vec![0.0; n]);
        binary(Binary::Mul, &full, &x, &[0.7], &mut t).unwrap();
        binary(Binary::Add, &full, &t, &[-0.1], &mut u).unwrap();
        unary(Unary::Tanh, &u, &mut t).unwrap();
        binary(Binary::Mul, &same, &t, &x, &mut expected).unwrap();
        for threads in [1, 3] {
            let mut y = vec![9.0; n];
            let mut out = [Output::Values(&mut y)];
            threads::with_num_threads(threads, || program.run(n, &[Input::Values(&x)], &mut out)).unwrap();
            assert_eq!(y, expected, "{n} elements, {threads} threads");
        }
        let wide: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        let mut y = vec![9.0; n];
        program.run(n, &[Input::Values(&wide)], &mut [Output::Values(&mut y)]).unwrap();
        for (y, x) in y.iter().zip(&wide) {
            assert!((y - (x * 0.7 - 0.1).tanh() * x).abs() < 1e-14);
        }
    }
}

#[test]
fn stretched_inputs_masks_and_several_outputs() {
    let shapes = [
        [1, 1],
        [3, 5],
        [7, 300],
        [40, 1024],
        [1000, 33],
        [2, 5000],
        [500, 192],
        [300, 144],
        [40, 961],
        [5, 960],
    ];
    for shape in shapes {
        let [rows, cols] = shape;
        let n = rows * cols;
        let mut p = Builder::new();
        let x = p.input(Layout::full());
        let row = p.input(Layout::new(&[cols], &shape).unwrap());
        let column = p.input(Layout::new(&[rows, 1], &shape).unwrap());
        let scalar = p.input(Layout::new(&[], &shape).unwrap());
        let mask = p.input(Layout::new(&[1, cols], &shape).unwrap());
        let sum = p.binary(Binary::Add, x, row);
        let scaled = p.binary(Binary::Mul, sum, column);
        let chosen = p.select(mask, scaled, scalar);
        let above = p.compare(Compare::Greater, chosen, x);
        let nan = p.test(Test::IsNan, chosen);
        let flag = p.or(above, nan);
        let flag = p.not(flag);
        p.output(sum);
        p.output(chosen);
        p.output(flag);
        p.output(x);
        p.reduce_all(Closing::Sum, chosen);
        let program = p.build().unwrap();
        let (x, r, c, s) = (values(n, 2), values(cols, 3), values(rows, 4), [0.25f32]);
        let m: Vec<bool> = (0..cols).map(|i| i % 3 != 1).collect();
        let inputs =
            [Input::Values(&x[..]), Input::Values(&r), Input::Values(&c), Input::Values(&s), Input::Mask(&m)];
        let run = |t: usize| {
            let (mut a, mut b, mut f) = (vec![0.0; n], vec![0.0; n], vec![false; n]);
            let (mut copy, mut total) = (vec![0.0; n], vec![0.0]);
            let mut out = [
                Output::Values(&mut a),
                Output::Values(&mut b),
                Output::Mask(&mut f),
                Output::Values(&mut copy),
                Output::Values(&mut total),
            ];
            threads::with_num_threads(t, || program.run(n, &inputs, &mut out)).unwrap();
            (a, b, f, copy, total)
        };
        let found = run(1);
        assert_eq!(found, run(4), "{shape:?}: threads");
        let (mut total, mut size) = (0.0, 0.0);
        for i in 0..n {
            let a = x[i] + r[i % cols];
            let b = if m[i % cols] { a * c[i / cols] } else { 0.25 };
            assert_eq!((found.0[i], found.1[i], found.2[i]), (a, b, b <= x[i]), "{shape:?} at {i}");
            total += f64::from(b);
            size += f64::from(b.abs());
        }
        assert_eq!(found.3, x);
        assert!(
            (f64::from(found.4[0]) - total).abs() <= 1e-6 * size + 1e-6,
            "{shape:?}: {total}, found {}",
            found.4[0]
        );
    }
}

#[test]
fn closing_reductions_over_rows() {
    for (rows, n) in [(1, 1), (5, 3), (3, 17), (700, 10), (9, 1000), (4, 5000), (2, 100_000)] {
        for how in [Closing::Sum, Closing::Mean, Closing::Max] {
            let mut p = Builder::new();
            let x = p.input(Layout::full());
            let y = p.unary(Unary::Square, x);
            p.reduce_rows(how, y, n);
            p.output(y);
            p.reduce_all(how, x);
            let program = p.build().unwrap();
            let x = values(rows * n, 5);
            let run = |t: usize| {
                let (mut per, mut full, mut all) = (vec![0.0; rows], vec![0.0; rows * n], vec![0.0]);
                let mut out = [Output::Values(&mut per), Output::Values(&mut full), Output::Values(&mut all)];
                let inputs = [Input::Values(&x[..])];
                threads::with_num_threads(t, || program.run(rows * n, &inputs, &mut out)).unwrap();
                (per, full, all)
            };
            let found = run(1);
            assert_eq!(found, run(3), "{how:?} {rows} x {n}: threads");
            let plain = |v: &mut dyn Iterator<Item = f64>, count: usize| match how {
                Closing::Max => v.fold(f64::MIN, f64::max),
                Closing::Sum => v.sum(),
                Closing::Mean => v.sum::<f64>() / count as f64,
            };
            for r in 0..rows {
                let e = plain(&mut x[r * n..(r + 1) * n].iter().map(|v| f64::from(v * v)), n);
                assert!(
                    (f64::from(found.0[r]) - e).abs() <= 1e-6 * e.max(1.0),
                    "{how:?} {rows} x {n}: {e}, found {}",
                    found.0[r]
                );
            }
            let e = plain(&mut x.iter().map(|v| f64::from(*v)), x.len());
            let size = if how == Closing::Sum { x.len() as f64 } else { 1.0 };
            assert!((f64::from(found.2[0]) - e).abs() <= 1e-6 * size, "{how:?} of all {rows} x {n}: {e}");
        }
    }
}

#[test]
fn nothing_and_misfits() {
    let mut p = Builder::new();
    let x = p.input(Layout::full());
    p.reduce_all(Closing::Sum, x);
    p.reduce_all(Closing::Max, x);
    let program = p.build().unwrap();
    let (mut a, mut b) = ([7.0f32], [7.0]);
    program.run(0, &[Input::Values(&[])], &mut [Output::Values(&mut a), Output::Values(&mut b)]).unwrap();
    assert_eq!((a[0], b[0]), (0.0, f32::NEG_INFINITY));
    assert!(program.run::<f32>(3, &[Input::Values(&[1.0])], &mut []).is_err());
    let out = &mut [Output::Values(&mut a[..]), Output::Values(&mut b)];
    assert!(program.run(3, &[Input::Values(&[1.0, 2.0])], out).is_err());
    assert!(Builder::new().build().is_err());
    let mut p = Builder::new();
    let x = p.input(Layout::full());
    let y = p.unary(Unary::Invert, x);
    p.output(y);
    assert!(p.build().is_err());
}

#[test]
fn equal_operations_are_done_once() {
    let mut p = Builder::new();
    let x = p.input(Layout::full());
    let a = p.unary(Unary::Exp, x);
    let b = p.unary(Unary::Exp, x);
    assert_eq!(a, b);
    assert_eq!(p.constant(2.0), p.constant(2.0));
}

#[test]
fn pairs_have_the_bits_of_their_operations() {
    use Binary::{Add, Mul, Sub};
    type Two = fn(f32, f32, f32) -> f32;
    // The first operation, the second, whether the first is the left operand of the second.
    let cases: [(Binary, Binary, bool, Two); 8] = [
        (Mul, Add, true, |a, b, c| a * b + c),
        (Mul, Add, false, |a, b, c| c + a * b),
        (Mul, Sub, true, |a, b, c| a * b - c),
        (Mul, Sub, false, |a, b, c| c - a * b),
        (Add, Mul, true, |a, b, c| (a + b) * c),
        (Sub, Mul, true, |a, b, c| (a - b) * c),
        (Sub, Mul, false, |a, b, c| c * (a - b)),
        (Add, Sub, false, |a, b, c| c - (a + b)),
    ];
    let n = 1000;
    let x: Vec<Vec<f32>> = (0..3).map(|i| values(n, i).iter().map(|v| v * 1.1).collect()).collect();
    let inputs: Vec<Input<'_, f32>> = x.iter().map(|x| Input::Values(x)).collect();
    for (first, second, left, expected) in cases {
        for both in [false, true] {
            let mut p = Builder::new();
            let [a, b, c] = [0; 3].map(|_| p.input(Layout::full()));
            let t = p.binary(first, a, b);
            let y = if left { p.binary(second, t, c) } else { p.binary(second, c, t) };
            p.output(y);
            // A value that is an output too is computed by itself.
            if both {
                p.output(t);
            }
            let (mut y, mut t) = (vec![0.0; n], vec![0.0; n]);
            let mut out = vec![Output::Values(&mut y[..])];
            if both {
                out.push(Output::Values(&mut t));
            }
            p.build().unwrap().run(n, &inputs, &mut out).unwrap();
            let want: Vec<f32> = (0..n).map(|i| expected(x[0][i], x[1][i], x[2][i])).collect();
            assert_eq!(y, want, "{first:?} then {second:?}, left {left}, both {both}");
        }
    }
    let mut p = Builder::new();
    let x = p.input(Layout::full());
    let (square, one) = (p.unary(Unary::Square, x), p.constant(1.0));
    let y = p.binary(Sub, one, square);
    p.output(y);
    let mut y = [0.0f32; 3];
    p.build().unwrap().run(3, &[Input::Values(&[0.5, 2.0, -3.0])], &mut [Output::Values(&mut y)]).unwrap();
    assert_eq!(y, [0.75, -3.0, -8.0]);
}
