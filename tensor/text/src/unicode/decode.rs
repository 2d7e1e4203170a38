//! Strings into code points.

use gradus_ragged::RaggedTensor;
use gradus_tensor::{Result, Tensor, bail_value};

use super::encoding::{Encoding, OnError};
use crate::pieces::Pieces;
use crate::{StringBuilder, StringTensor};

/// How strings become code points: encoding, and what happens to bytes that do not fit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoder {
    encoding: Encoding,
    errors: OnError,
    replace_control_characters: bool,
}

/// Code points of all strings end to end, where each begins in its string, and the splits between strings.
struct Decoded {
    code_points: Vec<i32>,
    offsets: Vec<i64>,
    pieces: Pieces,
}

impl Decoder {
    /// Reads that encoding; what does not fit becomes U+FFFD.
    pub fn new(encoding: Encoding) -> Decoder {
        Decoder { encoding, ..Decoder::default() }
    }

    /// What happens to bytes that do not fit. Default: U+FFFD takes their place.
    #[must_use]
    pub fn errors(mut self, errors: OnError) -> Decoder {
        self.errors = errors;
        self
    }

    /// Whether the control characters U+0000 to U+001F are replaced (or left out), too. Default: false. With
    /// [`OnError::Strict`] they become U+FFFD and are no error, as in TensorFlow.
    #[must_use]
    pub fn replace_control_characters(mut self, yes: bool) -> Decoder {
        self.replace_control_characters = yes;
        self
    }

    /// The characters of one string with their places; `None` where one is left out.
    pub(super) fn read(&self, element: usize, s: &[u8], each: &mut dyn FnMut(u32, usize)) -> Result<()> {
        let (mut at, mut wrong) = (0, None);
        self.encoding.decode(s, &mut |(c, bytes)| {
            let control = self.replace_control_characters && c.is_some_and(|c| c <= '\u{1f}');
            match (c, self.errors) {
                (Some(c), _) if !control => each(c as u32, at),
                (_, OnError::Replace(by)) => each(by, at),
                (_, OnError::Ignore) => {}
                (Some(_), OnError::Strict) => each(char::REPLACEMENT_CHARACTER as u32, at),
                (None, OnError::Strict) => wrong = wrong.or(Some(at)),
            }
            at += bytes;
        });
        match wrong {
            Some(at) => bail_value!("unicode: element {element} is not {:?} at byte {at}", self.encoding),
            None => Ok(()),
        }
    }

    fn decode_all(&self, strings: &StringTensor) -> Result<Decoded> {
        let mut all = Decoded { code_points: Vec::new(), offsets: Vec::new(), pieces: Pieces::new() };
        for (i, s) in strings.iter().enumerate() {
            self.read(i, s, &mut |c, at| {
                all.code_points.push(c as i32);
                all.offsets.push(at as i64);
            })?;
            all.pieces.end_at(all.code_points.len());
        }
        Ok(all)
    }
}

fn vector<T: gradus_tensor::Element>(values: &[T]) -> Result<Tensor> {
    Tensor::from_slice(values, [values.len()])
}

impl StringTensor {
    /// The code points of every element (i32), as one more, ragged axis.
    ///
    /// ```
    /// # use gradus_text::{Decoder, StringTensor};
    /// let points = StringTensor::new(["né", ""])?.unicode_decode(&Decoder::default())?;
    /// assert_eq!(points.row_splits(), [0, 2, 2]);
    /// assert_eq!(points.flat_values().to_vec::<i32>()?, [110, 233]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors for a scalar (see [`unicode_decode_scalar`](StringTensor::unicode_decode_scalar)), and for bytes that do
    /// not fit with [`OnError::Strict`].
    pub fn unicode_decode(&self, decoder: &Decoder) -> Result<RaggedTensor> {
        let all = decoder.decode_all(self)?;
        all.pieces.ragged("unicode_decode", self.shape(), vector(&all.code_points)?)
    }

    /// As [`unicode_decode`](StringTensor::unicode_decode), and the byte (i64) where each character begins.
    pub fn unicode_decode_with_offsets(&self, decoder: &Decoder) -> Result<(RaggedTensor, RaggedTensor)> {
        let all = decoder.decode_all(self)?;
        let points = all.pieces.ragged("unicode_decode", self.shape(), vector(&all.code_points)?)?;
        let offsets = points.with_flat_values(vector(&all.offsets)?)?;
        Ok((points, offsets))
    }

    /// The code points of a scalar (i32), and the byte (i64) where each begins.
    pub fn unicode_decode_scalar(&self, decoder: &Decoder) -> Result<(Tensor, Tensor)> {
        self.item()?;
        let all = decoder.decode_all(self)?;
        Ok((vector(&all.code_points)?, vector(&all.offsets)?))
    }

    /// The characters of every element as strings of their own, as one more, ragged axis; they are written in the encoding
    /// in which they were read.
    ///
    /// ```
    /// # use gradus_text::{Decoder, StringTensor};
    /// let letters = StringTensor::new(["né"])?.unicode_split(&Decoder::default())?;
    /// assert_eq!(letters.flat_values().to_strings()?, ["n", "é"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors as [`unicode_decode`](StringTensor::unicode_decode), and for encodings other than UTF-8, UTF-16-BE and
    /// UTF-32-BE.
    pub fn unicode_split(&self, decoder: &Decoder) -> Result<RaggedTensor<StringTensor>> {
        let all = decoder.decode_all(self)?;
        let letters = letters(&all.code_points, decoder)?;
        all.pieces.ragged("unicode_split", self.shape(), letters)
    }

    /// As [`unicode_split`](StringTensor::unicode_split), and the byte (i64) where each character begins.
    pub fn unicode_split_with_offsets(
        &self,
        decoder: &Decoder,
    ) -> Result<(RaggedTensor<StringTensor>, RaggedTensor)> {
        let (points, offsets) = self.unicode_decode_with_offsets(decoder)?;
        let letters = letters(points.flat_values().as_slice::<i32>()?, decoder)?;
        Ok((points.with_flat_values(letters)?, offsets))
    }

    /// The characters of a scalar as strings of their own, and the byte (i64) where each begins.
    pub fn unicode_split_scalar(&self, decoder: &Decoder) -> Result<(StringTensor, Tensor)> {
        let (points, offsets) = self.unicode_decode_scalar(decoder)?;
        Ok((letters(points.as_slice::<i32>()?, decoder)?, offsets))
    }
}

fn letters(code_points: &[i32], decoder: &Decoder) -> Result<StringTensor> {
    decoder.encoding.check_output("unicode_split")?;
    let mut strings = StringBuilder::with_capacity(code_points.len());
    for &c in code_points {
        // Code points come from the decoder, so they are characters.
        let c = u32::try_from(c).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        strings.push_with(|out| decoder.encoding.encode(c, out));
    }
    Ok(strings.finish_vector())
}
