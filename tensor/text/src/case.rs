//! Lower and upper case.

use crate::StringTensor;

/// Which letters have a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseEncoding {
    /// Those of ASCII; all other bytes stay as they are. TensorFlow's default.
    #[default]
    Ascii,
    /// Those of Unicode, by the full mapping (`ß` becomes `SS`). Bytes that are not UTF-8 become U+FFFD.
    Utf8,
}

impl StringTensor {
    /// Every element in lower case.
    ///
    /// ```
    /// # use gradus_text::{CaseEncoding, StringTensor};
    /// let t = StringTensor::scalar("ÀÉ Ab");
    /// assert_eq!(t.lower(CaseEncoding::Ascii).to_strings()?, ["ÀÉ ab"]);
    /// assert_eq!(t.lower(CaseEncoding::Utf8).to_strings()?, ["àé ab"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    #[must_use]
    pub fn lower(&self, encoding: CaseEncoding) -> StringTensor {
        self.map(|s, out| match encoding {
            CaseEncoding::Ascii => out.extend(s.iter().map(u8::to_ascii_lowercase)),
            CaseEncoding::Utf8 => out.extend(String::from_utf8_lossy(s).to_lowercase().bytes()),
        })
    }

    /// Every element in upper case.
    #[must_use]
    pub fn upper(&self, encoding: CaseEncoding) -> StringTensor {
        self.map(|s, out| match encoding {
            CaseEncoding::Ascii => out.extend(s.iter().map(u8::to_ascii_uppercase)),
            CaseEncoding::Utf8 => out.extend(String::from_utf8_lossy(s).to_uppercase().bytes()),
        })
    }
}
