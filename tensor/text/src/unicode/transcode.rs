//! Strings from one encoding to another.

use gradus_tensor::{Result, bail_value};

use super::decode::Decoder;
use super::encoding::{Encoding, OnError};
use crate::StringTensor;

/// How strings are read and written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transcoder {
    input: Encoding,
    output: Encoding,
    errors: OnError,
    replace_control_characters: bool,
}

impl Transcoder {
    /// Reads `input` and writes `output`, which is UTF-8, UTF-16-BE or UTF-32-BE.
    pub fn new(input: Encoding, output: Encoding) -> Transcoder {
        Transcoder { input, output, ..Transcoder::default() }
    }

    /// What happens to bytes that do not fit. Default: U+FFFD takes their place.
    #[must_use]
    pub fn errors(mut self, errors: OnError) -> Transcoder {
        self.errors = errors;
        self
    }

    /// Whether the control characters U+0000 to U+001F count as errors, too. Default: false.
    #[must_use]
    pub fn replace_control_characters(mut self, yes: bool) -> Transcoder {
        self.replace_control_characters = yes;
        self
    }
}

impl StringTensor {
    /// Every element in another encoding.
    ///
    /// ```
    /// # use gradus_text::{Encoding, StringTensor, Transcoder};
    /// let t = StringTensor::scalar("é").unicode_transcode(&Transcoder::new(Encoding::Utf8, Encoding::Utf16Be))?;
    /// assert_eq!(t.item()?, [0, 0xe9]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn unicode_transcode(&self, how: &Transcoder) -> Result<StringTensor> {
        how.output.check_output("unicode_transcode")?;
        let decoder = Decoder::new(how.input)
            .errors(how.errors)
            // Read as they are where they are errors.
            .replace_control_characters(how.replace_control_characters && how.errors != OnError::Strict);
        self.try_map(|i, s, out| {
            let mut control = false;
            decoder.read(i, s, &mut |c, _| {
                control |= c <= 0x1f;
                how.output.encode(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER), out);
            })?;
            if control && how.replace_control_characters && how.errors == OnError::Strict {
                bail_value!("unicode_transcode: element {i} has a control character");
            }
            Ok(())
        })
    }
}
