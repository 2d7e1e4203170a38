//! Base64 with the alphabet that is safe in addresses (RFC 4648, section 5).

use gradus_tensor::{Result, bail_value};

use crate::StringTensor;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl StringTensor {
    /// Every element in base64, with `=` up to a multiple of four characters if `pad`.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// let t = StringTensor::scalar("hello");
    /// assert_eq!(t.encode_base64(false).item()?, b"aGVsbG8");
    /// assert_eq!(t.encode_base64(true).decode_base64()?, t);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    #[must_use]
    pub fn encode_base64(&self, pad: bool) -> StringTensor {
        self.map(|s, out| {
            for three in s.chunks(3) {
                let bits =
                    three.iter().enumerate().fold(0u32, |bits, (i, &b)| bits | u32::from(b) << (16 - 8 * i));
                let digits = [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize]);
                out.extend_from_slice(&digits[..=three.len()]);
                if pad {
                    out.extend_from_slice(&b"=="[..3 - three.len()]);
                }
            }
        })
    }

    /// The bytes that every element encodes, with or without `=` at its end.
    ///
    /// Errors for other characters and for lengths that no bytes have.
    pub fn decode_base64(&self) -> Result<StringTensor> {
        self.try_map(|i, s, out| {
            let padding = s.iter().rev().take_while(|&&b| b == b'=').count();
            let digits = &s[..s.len() - padding];
            // Padding, where there is any, fills up to four characters.
            if padding > 0 && padding != (4 - digits.len() % 4) % 4 {
                bail_value!(
                    "decode_base64: element {i} has {padding} padding characters behind {} digits",
                    digits.len()
                );
            }
            if digits.len() % 4 == 1 {
                bail_value!(
                    "decode_base64: element {i} has {} digits; no bytes have that many",
                    digits.len()
                );
            }
            for four in digits.chunks(4) {
                let mut bits = 0u32;
                for (k, &b) in four.iter().enumerate() {
                    let Some(value) = ALPHABET.iter().position(|&a| a == b) else {
                        bail_value!("decode_base64: element {i} has the byte {b:#04x}, which is no digit");
                    };
                    bits |= (value as u32) << (18 - 6 * k);
                }
                out.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
            }
            Ok(())
        })
    }
}
