//! Arrays as text by NumPy's rules.
//!
//! All elements of an array share one format. Floats show the shortest digits that give the same number back, at most 8
//! behind the point, and are padded to line up; when the largest magnitude is 1e8 or more, the smallest below 1e-4, or
//! their ratio above 1000, all are written with an exponent. Above 1000 elements only the first and last three along
//! each axis appear. Lines break at 75 characters.

use crate::display::tuple;
use crate::{DType, Element, Tensor, bf16, dispatch, f16};

const PRECISION: usize = 8;
const THRESHOLD: usize = 1000;
const EDGE: usize = 3;
const LINE: usize = 75;

/// `str` of the array.
pub(crate) fn plain(t: &Tensor) -> String {
    if t.rank() == 0 {
        return scalar(t);
    }
    array(t, " ", 0, LINE)
}

/// `repr` of the array.
pub(crate) fn code(t: &Tensor) -> String {
    if t.rank() == 0 {
        return scalar(t);
    }
    let prefix = "array(";
    let implied = matches!(t.dtype(), DType::F64 | DType::I64 | DType::Bool | DType::C128);
    let summary = t.len() > THRESHOLD;
    let mut tail: Vec<String> = Vec::new();
    if t.is_empty() && t.shape()[..] != [0] || summary {
        tail.push(format!("shape={}", tuple(t.shape())));
    }
    if !implied || t.is_empty() {
        tail.push(format!("dtype={}", t.dtype()));
    }
    let mut text = format!("{prefix}{}", array(t, ", ", prefix.len(), LINE - 1));
    if !tail.is_empty() {
        let tail = tail.join(", ");
        let last = text.len() - text.rfind('\n').map_or(0, |i| i + 1);
        let spacer = if last + 1 + tail.len() + 2 > LINE {
            format!("\n{}", " ".repeat(prefix.len()))
        } else {
            " ".into()
        };
        text = format!("{text},{spacer}{tail}");
    }
    text.push(')');
    text
}

/// One number as Python prints it.
fn scalar(t: &Tensor) -> String {
    match values(t, &[0]) {
        Values::Bools(v) => python_bool(v[0]).to_string(),
        Values::Ints(v) => v[0].to_string(),
        Values::Floats(v) => python_float(v[0], t.dtype()),
        Values::Complex(v) => {
            let d = part_dtype(t.dtype());
            let sign = if v[0].1.is_sign_negative() { "" } else { "+" };
            let short = |x: f64| python_float(x, d).trim_end_matches(".0").to_string();
            format!("({}{sign}{}j)", short(v[0].0), short(v[0].1))
        }
    }
}

fn python_bool(v: bool) -> &'static str {
    if v { "True" } else { "False" }
}

fn part_dtype(d: DType) -> DType {
    if d == DType::C64 { DType::F32 } else { DType::F64 }
}

/// A float as Python's `repr`: an exponent below 1e-4 and from 1e16 on.
fn python_float(v: f64, d: DType) -> String {
    if !v.is_finite() {
        return not_finite(v).to_string();
    }
    if v != 0.0 && !(1e-4..1e16).contains(&v.abs()) {
        let text = scientific(v, d, usize::MAX);
        return text.replace(".e", "e");
    }
    let text = positional(v, d, usize::MAX);
    if text.ends_with('.') { format!("{text}0") } else { text }
}

fn not_finite(v: f64) -> &'static str {
    match v {
        v if v.is_nan() => "nan",
        v if v > 0.0 => "inf",
        _ => "-inf",
    }
}

/// The shortest digits that give the same number of that dtype back, as `d.ddde-x`.
fn shortest(v: f64, d: DType) -> String {
    match d {
        DType::F64 => format!("{v:e}"),
        DType::F16 | DType::BF16 => {
            let same = |x: f64| match d {
                DType::F16 => f16::from_f64(x).to_f64() == v,
                _ => bf16::from_f64(x).to_f64() == v,
            };
            (0..17)
                .map(|p| format!("{v:.p$e}"))
                .find(|s| s.parse().is_ok_and(same))
                .unwrap_or_else(|| format!("{v:e}"))
        }
        _ => format!("{:e}", v as f32),
    }
}

/// `123.25`, at most `precision` digits behind the point, which is always there.
fn positional(v: f64, d: DType, precision: usize) -> String {
    let text = shortest(v, d);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let behind = (digits.len() as i64 - 1 - exponent).max(0) as usize;
    if behind > precision {
        let text = format!("{v:.precision$}");
        let text = text.trim_end_matches('0');
        return if text.contains('.') { text.to_string() } else { format!("{text}.") };
    }
    let sign = if v.is_sign_negative() { "-" } else { "" };
    if exponent < 0 {
        let zeros = "0".repeat((-exponent - 1) as usize);
        return format!("{sign}0.{zeros}{digits}").trim_end_matches('0').to_string();
    }
    let whole = exponent as usize + 1;
    let padded = format!("{digits:0<whole$}");
    format!("{sign}{}.{}", &padded[..whole], padded[whole..].trim_end_matches('0'))
}

/// `1.25e-07`, at most `precision` digits behind the point, which is always there.
fn scientific(v: f64, d: DType, precision: usize) -> String {
    let mut text = shortest(v, d);
    let behind = text.split_once('e').map_or(0, |(m, _)| m.split_once('.').map_or(0, |(_, f)| f.len()));
    if behind > precision {
        text = format!("{v:.precision$e}");
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{whole}.{}e{sign}{:02}", fraction.trim_end_matches('0'), exponent.abs())
}

/// The elements that are shown, in order.
enum Values {
    Bools(Vec<bool>),
    Ints(Vec<i128>),
    Floats(Vec<f64>),
    Complex(Vec<(f64, f64)>),
}

fn values(t: &Tensor, at: &[usize]) -> Values {
    let v = t.view();
    let d = t.dtype();
    if d == DType::Bool {
        return Values::Bools(at.iter().map(|&i| v.as_slice::<bool>()[i]).collect());
    }
    dispatch!(d, T: all => {
        let x = v.as_slice::<T>();
        if d.is_complex() {
            Values::Complex(at.iter().map(|&i| x[i].to_c128()).map(|z| (z.re, z.im)).collect())
        } else if d.is_float() {
            Values::Floats(at.iter().map(|&i| x[i].to_f64()).collect())
        } else {
            Values::Ints(at.iter().map(|&i| x[i].to_i128()).collect())
        }
    })
}

/// Every number in the one format that suits all of them.
fn format_floats(x: &[f64], d: DType, plus: bool) -> Vec<String> {
    let finite = || x.iter().copied().filter(|v| v.is_finite());
    let magnitudes = || finite().filter(|&v| v != 0.0).map(f64::abs);
    let (low, high) = magnitudes().fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    let exponents = high > 0.0 && (high >= 1e8 || low < 1e-4 || high / low > 1000.0);
    let sign = |v: f64, text: String| if plus && !v.is_sign_negative() { format!("+{text}") } else { text };
    let raw =
        |v: f64| sign(v, if exponents { scientific(v, d, PRECISION) } else { positional(v, d, PRECISION) });
    let (mut left, mut right) = (0, 0);
    for text in finite().map(raw) {
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        left = left.max(whole.len());
        right = right.max(rest.split('e').next().map_or(0, str::len));
    }
    let exponent_width = finite().map(raw).filter_map(|t| t.split_once('e').map(|(_, e)| e.len())).max();
    let width_right = right + exponent_width.map_or(0, |e| e + 1);
    for v in x.iter().filter(|v| !v.is_finite()) {
        let text = sign(*v, not_finite(*v).to_string());
        left = left.max(text.len().saturating_sub(width_right + 1));
    }
    let full = left + 1 + width_right;
    x.iter()
        .map(|&v| {
            if !v.is_finite() {
                return format!("{:>full$}", sign(v, not_finite(v).to_string()));
            }
            let text = raw(v);
            let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
            match rest.split_once('e') {
                Some((fraction, e)) => format!("{whole:>left$}.{fraction:0<right$}e{e}"),
                None => format!("{whole:>left$}.{rest:<right$}"),
            }
        })
        .collect()
}

fn words(t: &Tensor, at: &[usize]) -> Vec<String> {
    match values(t, at) {
        Values::Bools(v) => v.into_iter().map(|v| format!("{:>5}", python_bool(v))).collect(),
        Values::Ints(v) => {
            let text: Vec<String> = v.iter().map(i128::to_string).collect();
            let width = text.iter().map(String::len).max().unwrap_or(0);
            text.into_iter().map(|t| format!("{t:>width$}")).collect()
        }
        Values::Floats(v) => format_floats(&v, t.dtype(), false),
        Values::Complex(v) => {
            let d = part_dtype(t.dtype());
            let (re, im): (Vec<f64>, Vec<f64>) = v.into_iter().unzip();
            let join = |(r, i): (String, String)| {
                let end = i.trim_end().len();
                format!("{r}{}j{}", &i[..end], &i[end..])
            };
            format_floats(&re, d, false).into_iter().zip(format_floats(&im, d, true)).map(join).collect()
        }
    }
}

/// What is shown along an axis: every position, or the first and last few around a gap.
fn shown(n: usize, summary: bool) -> Vec<Option<usize>> {
    if !summary || n <= 2 * EDGE {
        return (0..n).map(Some).collect();
    }
    (0..EDGE).map(Some).chain([None]).chain((n - EDGE..n).map(Some)).collect()
}

/// The bracketed text, with lines after the first indented by `indent` and a space per open bracket.
fn array(t: &Tensor, separator: &str, indent: usize, width: usize) -> String {
    if t.is_empty() {
        return "[]".to_string();
    }
    let summary = t.len() > THRESHOLD;
    let mut at = vec![0usize];
    for &n in t.shape().iter() {
        let along: Vec<usize> = shown(n, summary).into_iter().flatten().collect();
        at = at.iter().flat_map(|&base| along.iter().map(move |&i| base * n + i)).collect();
    }
    let words = words(t, &at);
    let mut next = words.iter();
    let mut walk = Walk { dims: t.shape(), separator, summary, next: &mut next };
    walk.level(0, indent + 1, width)
}

struct Walk<'a, 'w> {
    dims: &'a [usize],
    separator: &'a str,
    summary: bool,
    next: &'a mut std::slice::Iter<'w, String>,
}

impl Walk<'_, '_> {
    fn level(&mut self, axis: usize, indent: usize, width: usize) -> String {
        let items = shown(self.dims[axis], self.summary);
        let hanging = " ".repeat(indent);
        let left = self.dims.len() - axis;
        let mut text = String::new();
        if left == 1 {
            let room = width - self.separator.trim_end().len().max(1);
            let mut line = hanging.clone();
            for (k, item) in items.iter().enumerate() {
                let word = match item {
                    Some(_) => self.next.next().map_or("", String::as_str),
                    None => "...",
                };
                if line.len() + word.len() > room && line.len() > indent {
                    text.push_str(line.trim_end());
                    text.push('\n');
                    line.clone_from(&hanging);
                }
                line.push_str(word);
                if k + 1 < items.len() {
                    line.push_str(self.separator);
                }
            }
            text.push_str(&line);
        } else {
            let gap = format!("{}{}", self.separator.trim_end(), "\n".repeat(left - 1));
            for (k, item) in items.iter().enumerate() {
                text.push_str(&hanging);
                match item {
                    Some(_) => text.push_str(&self.level(axis + 1, indent + 1, width - 1)),
                    None => text.push_str("..."),
                }
                if k + 1 < items.len() {
                    text.push_str(&gap);
                }
            }
        }
        format!("[{}]", &text[indent..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_numpy_prints() {
        let f = |v: &[f32]| Tensor::from_slice(v, [v.len()]).unwrap();
        let d = |v: &[f64]| Tensor::from_slice(v, [v.len()]).unwrap();
        let range = |n: usize| Tensor::range(n as f32).unwrap();
        // Printed by NumPy 2.4.
        let cases: Vec<(Tensor, &str, &str)> = vec![
            (f(&[1.0, 2.0]), "[1. 2.]", "array([1., 2.], dtype=float32)"),
            (
                f(&[1.5, -2.25, 100.0]),
                "[  1.5   -2.25 100.  ]",
                "array([  1.5 ,  -2.25, 100.  ], dtype=float32)",
            ),
            (f(&[1e-5, 1.0]), "[1.e-05 1.e+00]", "array([1.e-05, 1.e+00], dtype=float32)"),
            (
                f(&[1.0 / 3.0, 2.0 / 3.0]),
                "[0.33333334 0.6666667 ]",
                "array([0.33333334, 0.6666667 ], dtype=float32)",
            ),
            (
                d(&[1.0 / 3.0, 2.0 / 3.0, 1e9]),
                "[3.33333333e-01 6.66666667e-01 1.00000000e+09]",
                "array([3.33333333e-01, 6.66666667e-01, 1.00000000e+09])",
            ),
            (
                f(&[f32::NAN, 1.0, f32::INFINITY, f32::NEG_INFINITY]),
                "[ nan   1.  inf -inf]",
                "array([ nan,   1.,  inf, -inf], dtype=float32)",
            ),
            (f(&[f32::NAN]), "[nan]", "array([nan], dtype=float32)"),
            (f(&[]), "[]", "array([], dtype=float32)"),
            (Tensor::zeros([0, 3], DType::F32).unwrap(), "[]", "array([], shape=(0, 3), dtype=float32)"),
            (Tensor::new([1, -20, 300]).unwrap(), "[  1 -20 300]", "array([  1, -20, 300], dtype=int32)"),
            (Tensor::new([true, false]).unwrap(), "[ True False]", "array([ True, False])"),
            (
                range(30),
                "[ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.\n 18. 19. 20. 21. 22. 23. \
                 24. 25. 26. 27. 28. 29.]",
                "array([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12.,\n       13., 14., 15., 16., \
                 17., 18., 19., 20., 21., 22., 23., 24., 25.,\n       26., 27., 28., 29.], dtype=float32)",
            ),
            (
                range(12).reshape([2, 2, 3]).unwrap(),
                "[[[ 0.  1.  2.]\n  [ 3.  4.  5.]]\n\n [[ 6.  7.  8.]\n  [ 9. 10. 11.]]]",
                "array([[[ 0.,  1.,  2.],\n        [ 3.,  4.,  5.]],\n\n       [[ 6.,  7.,  8.],\n        [ 9., 10., \
                 11.]]], dtype=float32)",
            ),
            (
                range(2000),
                "[0.000e+00 1.000e+00 2.000e+00 ... 1.997e+03 1.998e+03 1.999e+03]",
                "array([0.000e+00, 1.000e+00, 2.000e+00, ..., 1.997e+03, 1.998e+03,\n       1.999e+03], \
                 shape=(2000,), dtype=float32)",
            ),
            (
                f(&[123_456.79, 0.5]),
                "[1.2345679e+05 5.0000000e-01]",
                "array([1.2345679e+05, 5.0000000e-01], dtype=float32)",
            ),
            (d(&[0.001, 1.0]), "[0.001 1.   ]", "array([0.001, 1.   ])"),
            (f(&[0.0, -0.0]), "[ 0. -0.]", "array([ 0., -0.], dtype=float32)"),
            (
                f(&[1e-10, 2e10, -3e5]),
                "[ 1.e-10  2.e+10 -3.e+05]",
                "array([ 1.e-10,  2.e+10, -3.e+05], dtype=float32)",
            ),
            (
                d(&[std::f64::consts::PI, 271.828_182_845]),
                "[  3.14159265 271.82818285]",
                "array([  3.14159265, 271.82818285])",
            ),
            (
                Tensor::new([f16::from_f32(0.1), f16::from_f32(2.5)]).unwrap(),
                "[0.1 2.5]",
                "array([0.1, 2.5], dtype=float16)",
            ),
            (Tensor::scalar(3.0f32), "3.0", "3.0"),
            (Tensor::scalar(0.1f32), "0.1", "0.1"),
            (Tensor::scalar(1e20f32), "1e+20", "1e+20"),
            (Tensor::scalar(1e-5f32), "1e-05", "1e-05"),
            (Tensor::scalar(123_456.789f32), "123456.79", "123456.79"),
            (Tensor::scalar(7), "7", "7"),
        ];
        for (t, text, code) in cases {
            assert_eq!(t.to_text(), text);
            assert_eq!(t.to_code(), code);
        }
        let m = Tensor::new([[1.0f32, 2.0], [3.0, 4.0]]).unwrap();
        assert_eq!(m.to_string(), "tf.Tensor(\n[[1. 2.]\n [3. 4.]], shape=(2, 2), dtype=float32)");
        let rows = Tensor::range(1200).unwrap().reshape([30, 40]).unwrap().to_code();
        assert!(
            rows.starts_with("array([[   0,    1,    2, ...,   37,   38,   39],\n       [  40,"),
            "{rows}"
        );
        assert!(rows.ends_with("1199]],\n      shape=(30, 40), dtype=int32)"), "{rows}");
    }
}
