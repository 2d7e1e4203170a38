//! Strings as numbers.

use std::str::FromStr;

use gradus_tensor::{DType, Element, Error, Result, Tensor, bail_dtype};

use crate::StringTensor;
use crate::strip::trim;

impl StringTensor {
    /// The numbers that the elements spell, as f32, f64, i32, i64, u32 or u64.
    ///
    /// White space around a number and a sign before it are fine. Floats are rounded to the nearest; too large ones
    /// are infinite. They may be `inf`, `infinity` or `nan` in any case, and hexadecimal (`0x1.8p3`).
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// # use gradus_tensor::DType;
    /// let t = StringTensor::new(["12", " -7 "])?;
    /// assert_eq!(t.to_number(DType::I32)?.to_vec::<i32>()?, [12, -7]);
    /// assert!(StringTensor::new(["12.5"])?.to_number(DType::I32).is_err());
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors name the first element that is no number, or does not fit the integer dtype.
    pub fn to_number(&self, dtype: DType) -> Result<Tensor> {
        match dtype {
            DType::F32 => self.parse(dtype, float::<f32>),
            DType::F64 => self.parse(dtype, float::<f64>),
            DType::I32 => self.parse(dtype, integer::<i32>),
            DType::I64 => self.parse(dtype, integer::<i64>),
            DType::U32 => self.parse(dtype, integer::<u32>),
            DType::U64 => self.parse(dtype, integer::<u64>),
            _ => bail_dtype!("to_number: {dtype} is not f32, f64, i32, i64, u32 or u64"),
        }
    }

    fn parse<T: Element>(&self, dtype: DType, read: impl Fn(&str) -> Option<T>) -> Result<Tensor> {
        let number = |(i, s): (usize, &[u8])| {
            std::str::from_utf8(trim(s)).ok().and_then(&read).ok_or_else(|| {
                let found = String::from_utf8_lossy(s);
                Error::value(format!("to_number: element {i} is no {dtype}: {found:?}"))
            })
        };
        Tensor::from_vec(self.iter().enumerate().map(number).collect::<Result<_>>()?, self.shape())
    }
}

fn integer<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

trait Float: FromStr {
    fn from_f64(v: f64) -> Self;
}
impl Float for f32 {
    fn from_f64(v: f64) -> f32 {
        v as f32
    }
}
impl Float for f64 {
    fn from_f64(v: f64) -> f64 {
        v
    }
}

fn float<T: Float>(text: &str) -> Option<T> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let sign = if negative { -1.0 } else { 1.0 };
    let lower = unsigned.to_ascii_lowercase();
    if lower == "inf" || lower == "infinity" {
        return Some(T::from_f64(sign * f64::INFINITY));
    }
    if let Some(tail) = lower.strip_prefix("nan") {
        let payload = tail.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = tail.is_empty() || payload.is_some_and(|p| p.chars().all(word));
        return fits.then(|| T::from_f64(f64::NAN));
    }
    if let Some(digits) = lower.strip_prefix("0x") {
        return hexadecimal(digits).map(|v| T::from_f64(sign * v));
    }
    // Rust's own reader takes a second sign, and words; here digits or a point must come first.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.parse().ok()
}

/// A decimal number; where it is too large to matter, the nearest that fits.
fn binary_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(sign * digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40))
}

/// The value of `1.8p3`, hexadecimal digits with a binary exponent.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once('p') {
        Some((mantissa, exponent)) => (mantissa, binary_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut bits, mut shift) = (0u64, exponent);
    for (i, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(c.to_digit(16)?);
        if i >= whole.len() {
            shift -= 4;
        }
        if bits >> 59 == 0 {
            bits = bits << 4 | digit;
        } else {
            // Beyond 60 bits only whether anything follows matters, for the rounding.
            bits |= u64::from(digit != 0);
            shift += 4;
        }
    }
    let (half, rest) = (shift.clamp(-2200, 2200) / 2, shift.clamp(-2200, 2200));
    Some(bits as f64 * 2f64.powi(half as i32) * 2f64.powi((rest - half) as i32))
}
