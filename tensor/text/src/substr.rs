//! Parts of strings.

use gradus_tensor::{Result, Shape, Tensor, bail_dtype, bail_shape, bail_value};

use crate::broadcast::places;
use crate::length::{Unit, continues};
use crate::{StringBuilder, StringTensor};

impl StringTensor {
    /// From every element the part of `len` units from `pos` on, or what there is of it.
    ///
    /// A negative position counts from the end. A negative length takes the rest of the bytes, or no characters, as in
    /// TensorFlow.
    ///
    /// ```
    /// # use gradus_text::{StringTensor, Unit};
    /// let t = StringTensor::new(["hello", "wörld"])?;
    /// assert_eq!(t.substr(1, 2, Unit::Utf8Char)?.to_strings()?, ["el", "ör"]);
    /// assert_eq!(t.substr(-2, 9, Unit::Byte)?.to_strings()?, ["lo", "ld"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when a position lies outside of its string, and when position and length in characters are both negative.
    pub fn substr(&self, pos: i64, len: i64, unit: Unit) -> Result<StringTensor> {
        self.try_map(|i, s, out| {
            out.extend_from_slice(part(i, s, pos, len, unit)?);
            Ok(())
        })
    }

    /// As [`substr`](StringTensor::substr), with a position and a length per element.
    ///
    /// `pos` and `len` are i32 or i64 of one dtype and shape; they and the strings broadcast.
    pub fn substr_each(&self, pos: &Tensor, len: &Tensor, unit: Unit) -> Result<StringTensor> {
        if pos.dtype() != len.dtype() || !pos.dtype().is_int() {
            bail_dtype!(
                "substr: pos and len must be one integer dtype, found {} and {}",
                pos.dtype(),
                len.dtype()
            );
        }
        if pos.shape() != len.shape() {
            bail_shape!("substr: pos and len have shapes {} and {}", pos.shape(), len.shape());
        }
        let whole = |t: &Tensor| t.cast(gradus_tensor::DType::I64)?.to_vec::<i64>();
        let (pos_at, len_at) = (whole(pos)?, whole(len)?);
        let shape: Shape = self.shape().broadcast(pos.shape())?;
        let (here, there) = (places(self.shape(), &shape), places(pos.shape(), &shape));
        let mut strings = StringBuilder::new();
        for i in 0..shape.checked_len()? {
            let k = there(i);
            strings.push(part(i, self.at(here(i)), pos_at[k], len_at[k], unit)?);
        }
        strings.finish(shape)
    }
}

fn part(element: usize, s: &[u8], pos: i64, len: i64, unit: Unit) -> Result<&[u8]> {
    let range = match unit {
        Unit::Byte => bytes(s, pos, len),
        Unit::Utf8Char => characters(s, pos, len),
    };
    match range {
        Some(part) => Ok(part),
        None => bail_value!("substr: position {pos} lies outside of element {element}, of {} bytes", s.len()),
    }
}

fn bytes(s: &[u8], pos: i64, len: i64) -> Option<&[u8]> {
    let start = if pos < 0 { i64::try_from(s.len()).ok()?.checked_add(pos)? } else { pos };
    let rest = s.get(usize::try_from(start).ok()?..)?;
    // TensorFlow reads a negative length as a huge one.
    Some(&rest[..usize::try_from(len).unwrap_or(usize::MAX).min(rest.len())])
}

fn characters(s: &[u8], pos: i64, len: i64) -> Option<&[u8]> {
    if pos < 0 && len < 0 {
        return None;
    }
    let start =
        if pos < 0 { back(s, pos.unsigned_abs())? } else { forward(s, 0, pos.unsigned_abs()).ok()? };
    let end = match u64::try_from(len) {
        Ok(len) => forward(s, start, len).unwrap_or(s.len()),
        Err(_) => start,
    };
    Some(&s[start..end])
}

/// The place `n` characters after `at`, or the error that the string ends before.
fn forward(s: &[u8], mut at: usize, n: u64) -> Result<usize, ()> {
    for _ in 0..n {
        if at >= s.len() {
            return Err(());
        }
        at += 1;
        while at < s.len() && continues(s[at]) {
            at += 1;
        }
    }
    Ok(at)
}

/// The place `n` characters before the end, if there is one.
fn back(s: &[u8], n: u64) -> Option<usize> {
    let mut at = s.len();
    for _ in 0..n {
        at = at.checked_sub(1)?;
        while at > 0 && continues(s[at]) {
            at -= 1;
        }
    }
    Some(at)
}
