//! Tensors inside of a text.

use gradus_ragged::RaggedTensor;
use gradus_tensor::{DType, Result, Tensor, bail_value};

use crate::StringTensor;
use crate::as_string::integers;
use crate::printf::shortest;

/// What can stand in for a placeholder of [`StringTensor::format`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Shown<'a> {
    /// Numbers.
    Dense(&'a Tensor),
    /// Strings, shown between quotes.
    Text(&'a StringTensor),
    /// Rows of numbers.
    Ragged(&'a RaggedTensor),
    /// Rows of strings.
    RaggedText(&'a RaggedTensor<StringTensor>),
}

impl<'a> From<&'a Tensor> for Shown<'a> {
    fn from(t: &'a Tensor) -> Shown<'a> {
        Shown::Dense(t)
    }
}

impl<'a> From<&'a StringTensor> for Shown<'a> {
    fn from(t: &'a StringTensor) -> Shown<'a> {
        Shown::Text(t)
    }
}

impl StringTensor {
    /// A scalar: the template with each placeholder `{}` replaced by the elements of a tensor, in brackets.
    ///
    /// Along each axis the first and last `summarize` elements appear; `None` shows all.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// # use gradus_tensor::Tensor;
    /// let t = Tensor::range(10)?;
    /// let text = StringTensor::format("t: {}", &[(&t).into()], "{}", Some(3))?;
    /// assert_eq!(text.item()?, b"t: [0 1 2 ... 7 8 9]");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when there are not as many placeholders as tensors, or when the placeholder is empty.
    pub fn format(
        template: &str,
        inputs: &[Shown<'_>],
        placeholder: &str,
        summarize: Option<usize>,
    ) -> Result<StringTensor> {
        if placeholder.is_empty() {
            bail_value!("format: the placeholder is empty");
        }
        let pieces: Vec<&str> = template.split(placeholder).collect();
        if pieces.len() != inputs.len() + 1 {
            bail_value!("format: {} placeholders for {} tensors", pieces.len() - 1, inputs.len());
        }
        let mut out = pieces[0].as_bytes().to_vec();
        for (input, piece) in inputs.iter().zip(&pieces[1..]) {
            show(input, summarize, &mut out)?;
            out.extend_from_slice(piece.as_bytes());
        }
        Ok(StringTensor::scalar(out))
    }
}

fn show(input: &Shown<'_>, summarize: Option<usize>, out: &mut Vec<u8>) -> Result<()> {
    let (dims, words): (&[usize], Vec<Vec<u8>>) = match input {
        Shown::Dense(t) => (t.shape().dims(), words(t)?),
        Shown::Text(t) => {
            (t.shape().dims(), t.iter().map(|s| [&b"\""[..], &escaped(s), b"\""].concat()).collect())
        }
        Shown::Ragged(t) => {
            let text = StringTensor::from_numbers(t.flat_values(), &crate::NumberFormat::new())?;
            return rows(&t.with_flat_values(text)?, summarize, out);
        }
        Shown::RaggedText(t) => {
            let quote = |s: &[u8], out: &mut Vec<u8>| {
                out.push(b'\'');
                for &b in s {
                    if matches!(b, b'\'' | b'\\') {
                        out.push(b'\\');
                    }
                    out.push(b);
                }
                out.push(b'\'');
            };
            return rows(&t.with_flat_values(t.flat_values().map(quote))?, summarize, out);
        }
    };
    let ends = summarize.unwrap_or(usize::MAX).min(words.len());
    level(dims, 0, ends, &words, out);
    Ok(())
}

/// The words of one slice along `axis`. TensorFlow starts the lines of its matrices so, with its own care for empty axes.
fn level(dims: &[usize], axis: usize, ends: usize, words: &[Vec<u8>], out: &mut Vec<u8>) {
    let Some(&size) = dims.get(axis) else {
        out.extend_from_slice(words.first().map_or(&b""[..], |w| w));
        return;
    };
    let space = |out: &mut Vec<u8>| {
        let left = dims.len() - axis - 1;
        out.extend(std::iter::repeat_n(b'\n', left));
        out.extend(std::iter::repeat_n(b' ', if left == 0 { 1 } else { axis + 1 }));
    };
    let each: usize = dims[axis + 1..].iter().product();
    let slice = |i: usize| words.get(i * each..).unwrap_or_default();
    out.push(b'[');
    for i in 0..ends.min(size) {
        if i > 0 {
            space(out);
        }
        level(dims, axis + 1, ends, slice(i), out);
    }
    if size > ends.saturating_mul(2) {
        space(out);
        out.extend_from_slice(b"...");
    }
    for i in ends.max(size.saturating_sub(ends))..size {
        space(out);
        level(dims, axis + 1, ends, slice(i), out);
    }
    out.push(b']');
}

/// Rows in brackets with commas, as TensorFlow shows ragged tensors.
fn rows(t: &RaggedTensor<StringTensor>, summarize: Option<usize>, out: &mut Vec<u8>) -> Result<()> {
    if t.flat_values().rank() != 1 {
        bail_value!("format: rows of values of shape {} are not shown", t.flat_values().shape());
    }
    let splits = t.nested_row_splits();
    nested(&splits, 0, 0..t.nrows(), t.flat_values(), summarize, out);
    Ok(())
}

fn nested(
    splits: &[&[i64]],
    depth: usize,
    range: std::ops::Range<usize>,
    flat: &StringTensor,
    summarize: Option<usize>,
    out: &mut Vec<u8>,
) {
    let size = range.len();
    let ends = summarize.unwrap_or(usize::MAX);
    let short = size > ends.saturating_mul(2);
    out.push(b'[');
    let mut first = true;
    for (k, i) in range.enumerate() {
        if short && (ends..size - ends).contains(&k) {
            if k == ends {
                out.extend_from_slice(if first { b"..." } else { b", ..." });
                first = false;
            }
            continue;
        }
        if !std::mem::take(&mut first) {
            out.extend_from_slice(b", ");
        }
        match splits.get(depth) {
            Some(s) => nested(splits, depth + 1, s[i] as usize..s[i + 1] as usize, flat, summarize, out),
            None => out.extend_from_slice(flat.at(i)),
        }
    }
    out.push(b']');
}

fn words(t: &Tensor) -> Result<Vec<Vec<u8>>> {
    let dtype = t.dtype();
    Ok(match dtype {
        DType::Bool => t.as_slice::<bool>()?.iter().map(|&v| vec![b'0' + u8::from(v)]).collect(),
        DType::C64 | DType::C128 => vec![b"?".to_vec(); t.len()],
        DType::F64 => {
            t.as_slice::<f64>()?.iter().map(|&v| number(v, 15, 17, |s| s.parse() == Ok(v))).collect()
        }
        _ if dtype.is_float() => {
            let back = |v: f64| move |s: &str| s.parse::<f32>() == Ok(v as f32);
            t.to_f64_vec()?.into_iter().map(|v| number(v, 6, 9, back(v))).collect()
        }
        _ => integers(t)?.iter().map(|v| v.to_string().into_bytes()).collect(),
    })
}

/// `%g` with few digits if they give the same number back, else with enough.
fn number(v: f64, few: usize, enough: usize, same: impl Fn(&str) -> bool) -> Vec<u8> {
    if v.is_nan() {
        return b"nan".to_vec();
    }
    let sign = if v.is_sign_negative() { "-" } else { "" };
    if v.is_infinite() {
        return format!("{sign}inf").into_bytes();
    }
    let short = format!("{sign}{}", shortest(v.abs(), few));
    let text = if same(&short) { short } else { format!("{sign}{}", shortest(v.abs(), enough)) };
    text.into_bytes()
}

/// Bytes as in a C string literal; those beyond ASCII stay.
fn escaped(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for &b in s {
        match b {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'"' | b'\'' | b'\\' => out.extend([b'\\', b]),
            0x20..=0x7e | 0x80.. => out.push(b),
            _ => out.extend_from_slice(format!("\\{b:03o}").as_bytes()),
        }
    }
    out
}
