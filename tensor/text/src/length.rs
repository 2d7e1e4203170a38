//! Lengths in bytes or characters.

use gradus_tensor::{Result, Tensor, bail_value};

use crate::StringTensor;

/// What positions and lengths count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    #[default]
    Byte,
    /// Characters of UTF-8. A byte that continues a character (10xxxxxx) belongs to what stands before it, whether or not
    /// the bytes are valid.
    Utf8Char,
}

impl std::str::FromStr for Unit {
    type Err = gradus_tensor::Error;

    /// TensorFlow's names, `BYTE` and `UTF8_CHAR`.
    fn from_str(name: &str) -> Result<Unit> {
        match name {
            "BYTE" => Ok(Unit::Byte),
            "UTF8_CHAR" => Ok(Unit::Utf8Char),
            _ => bail_value!("unit: expected BYTE or UTF8_CHAR, found {name:?}"),
        }
    }
}

/// Whether a byte continues a character.
pub(crate) fn continues(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

impl StringTensor {
    /// The length of every element, i32.
    ///
    /// ```
    /// # use gradus_text::{StringTensor, Unit};
    /// let t = StringTensor::new(["naïve", ""])?;
    /// assert_eq!(t.length(Unit::Byte)?.to_vec::<i32>()?, [6, 0]);
    /// assert_eq!(t.length(Unit::Utf8Char)?.to_vec::<i32>()?, [5, 0]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn length(&self, unit: Unit) -> Result<Tensor> {
        let count = |s: &[u8]| match unit {
            Unit::Byte => s.len(),
            Unit::Utf8Char => s.iter().filter(|&&b| !continues(b)).count(),
        };
        // A string of 2 GiB or more wraps in TensorFlow; here it is the largest number.
        let lengths = self.iter().map(|s| i32::try_from(count(s)).unwrap_or(i32::MAX)).collect();
        Tensor::from_vec(lengths, self.shape())
    }
}
