//! Code points into strings.

use gradus_ragged::{MaybeRagged, RaggedTensor};
use gradus_tensor::{DType, Result, Tensor, bail_dtype, bail_shape, bail_value};

use super::encoding::{Encoding, OnError};
use crate::pieces::Pieces;
use crate::{StringBuilder, StringTensor};

/// How code points become strings: encoding, and what happens to numbers that are no characters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder {
    encoding: Encoding,
    errors: OnError,
}

impl Encoder {
    /// Writes that encoding: UTF-8, UTF-16-BE or UTF-32-BE. Surrogates and numbers beyond U+10FFFF become U+FFFD.
    pub fn new(encoding: Encoding) -> Encoder {
        Encoder { encoding, ..Encoder::default() }
    }

    /// What happens to numbers that are no characters. Default: U+FFFD takes their place.
    #[must_use]
    pub fn errors(mut self, errors: OnError) -> Encoder {
        self.errors = errors;
        self
    }

    /// The strings of rows, which are given by their splits.
    fn write(&self, code_points: &Tensor, splits: &[i64]) -> Result<StringBuilder> {
        self.encoding.check_output("unicode_encode")?;
        if code_points.dtype() != DType::I32 {
            bail_dtype!("unicode_encode: expected i32 code points, found {}", code_points.dtype());
        }
        let points = code_points.as_slice::<i32>()?;
        let mut strings = StringBuilder::with_capacity(splits.len().saturating_sub(1));
        for span in splits.windows(2) {
            let mut wrong = None;
            strings.push_with(|out| {
                for &point in &points[span[0] as usize..span[1] as usize] {
                    let c = u32::try_from(point).ok().and_then(char::from_u32);
                    match (c, self.errors) {
                        (Some(c), _) => self.encoding.encode(c, out),
                        (None, OnError::Ignore) => {}
                        (None, OnError::Strict) => wrong = Some(point),
                        (None, OnError::Replace(by)) => {
                            let c = char::from_u32(by).unwrap_or(char::REPLACEMENT_CHARACTER);
                            self.encoding.encode(c, out);
                        }
                    }
                }
            });
            if let Some(point) = wrong {
                bail_value!("unicode_encode: {point:#x} is no character");
            }
        }
        Ok(strings)
    }

    /// A string from the code points (i32) along the last axis of a tensor.
    ///
    /// ```
    /// # use gradus_text::Encoder;
    /// # use gradus_tensor::Tensor;
    /// let hi = Encoder::default().encode(&Tensor::new([72, 105])?)?;
    /// assert_eq!(hi.item()?, b"Hi");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors for a scalar, and for numbers that are no characters with [`OnError::Strict`].
    pub fn encode(&self, code_points: &Tensor) -> Result<StringTensor> {
        let Some((&last, outer)) = code_points.shape().split_last() else {
            bail_shape!("unicode_encode: expected at least a vector, found a scalar");
        };
        let rows: usize = outer.iter().product();
        let splits: Vec<i64> = (0..=rows).map(|r| (r * last) as i64).collect();
        self.write(code_points, &splits)?.finish(outer)
    }

    /// A string from the code points (i32) of each innermost row; the result has the rows around those.
    pub fn encode_rows(&self, code_points: &RaggedTensor) -> Result<MaybeRagged<StringTensor>> {
        let flat = code_points.flat_values();
        if flat.rank() > 1 {
            return Ok(code_points.with_flat_values(self.encode(flat)?)?.into());
        }
        let strings = self.write(flat, Pieces::innermost(code_points))?.finish_vector();
        Ok(match &code_points.partitions()[..code_points.partitions().len() - 1] {
            [] => strings.into(),
            outer => RaggedTensor::from_partitions(strings, outer)?.into(),
        })
    }
}
