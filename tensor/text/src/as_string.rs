//! Numbers as strings.

use gradus_tensor::{DType, Element, Error, Result, Tensor, bail_dtype, bail_value};

use crate::printf::{Directive, Fill, Notation};
use crate::{StringBuilder, StringTensor};

/// The widest field and the largest precision that are taken: more is a mistake, not a number.
const MAX_WIDTH: usize = 1 << 16;

/// How [`StringTensor::from_numbers`] writes. The default is TensorFlow's: floats with six digits behind the point.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberFormat {
    precision: Option<usize>,
    scientific: bool,
    shortest: bool,
    width: Option<usize>,
    fill: Option<char>,
}

impl NumberFormat {
    /// TensorFlow's defaults.
    pub fn new() -> NumberFormat {
        NumberFormat::default()
    }

    /// Digits behind the point; with [`shortest`](NumberFormat::shortest), digits in all. Default: 6. Floats and complex
    /// numbers only.
    #[must_use]
    pub fn precision(mut self, digits: usize) -> NumberFormat {
        self.precision = Some(digits);
        self
    }

    /// Whether to write `1.5e+00`. Default: false.
    #[must_use]
    pub fn scientific(mut self, yes: bool) -> NumberFormat {
        self.scientific = yes;
        self
    }

    /// Whether to write whichever notation is shorter, without zeros at the end. Default: false.
    #[must_use]
    pub fn shortest(mut self, yes: bool) -> NumberFormat {
        self.shortest = yes;
        self
    }

    /// The least number of characters. Default: as many as needed.
    #[must_use]
    pub fn width(mut self, characters: usize) -> NumberFormat {
        self.width = Some(characters);
        self
    }

    /// What fills the width: `'0'` zeros; `'-'` blanks on the right; `'+'` or `' '` blanks on the left, and that
    /// character before numbers that are not negative. Default: blanks on the left.
    #[must_use]
    pub fn fill(mut self, fill: char) -> NumberFormat {
        self.fill = Some(fill);
        self
    }

    fn directive(&self) -> Result<Directive> {
        let fill = match self.fill {
            None => Fill::Right,
            Some('0') => Fill::Zero,
            Some('-') => Fill::Left,
            Some('+') => Fill::Plus,
            Some(' ') => Fill::Blank,
            Some(other) => bail_value!("as_string: fill {other:?} is none of '0', '-', '+', ' '"),
        };
        let width = self.width.unwrap_or(0);
        if width > MAX_WIDTH || self.precision.is_some_and(|p| p > MAX_WIDTH) {
            bail_value!("as_string: width and precision go up to {MAX_WIDTH}");
        }
        if self.scientific && self.shortest {
            bail_value!("as_string: scientific and shortest exclude each other");
        }
        Ok(Directive { fill, width, precision: self.precision })
    }

    fn notation(&self) -> Notation {
        match (self.scientific, self.shortest) {
            (true, _) => Notation::Scientific,
            (_, true) => Notation::Shortest,
            _ => Notation::Fixed,
        }
    }
}

impl StringTensor {
    /// The elements of a tensor of numbers as strings: `tf.strings.as_string`.
    ///
    /// Bools become `true` and `false`, complex numbers `(re,im)`.
    ///
    /// ```
    /// # use gradus_text::{NumberFormat, StringTensor};
    /// # use gradus_tensor::Tensor;
    /// let t = Tensor::new([3.14159f32, 2.0])?;
    /// let text = StringTensor::from_numbers(&t, &NumberFormat::new().precision(2))?;
    /// assert_eq!(text.to_strings()?, ["3.14", "2.00"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors for a precision or notation with integers or bools, and for an unknown fill.
    pub fn from_numbers(numbers: &Tensor, format: &NumberFormat) -> Result<StringTensor> {
        let directive = format.directive()?;
        let dtype = numbers.dtype();
        if !dtype.is_float() && !dtype.is_complex() {
            if format.precision.is_some() {
                bail_dtype!("as_string: a precision is for floats, found {dtype}");
            }
            if format.scientific || format.shortest {
                bail_dtype!("as_string: scientific and shortest are for floats, found {dtype}");
            }
        }
        let mut strings = StringBuilder::with_capacity(numbers.len());
        match dtype {
            DType::Bool => numbers.as_slice::<bool>()?.iter().for_each(|&v| {
                strings.push(if v { &b"true"[..] } else { b"false" });
            }),
            DType::C64 | DType::C128 => {
                for (re, im) in parts(numbers)? {
                    strings.push_with(|out| {
                        out.push(b'(');
                        directive.float(re, format.notation(), out);
                        out.push(b',');
                        directive.float(im, format.notation(), out);
                        out.push(b')');
                    });
                }
            }
            _ if dtype.is_float() => {
                for v in numbers.to_f64_vec()? {
                    strings.push_with(|out| directive.float(v, format.notation(), out));
                }
            }
            _ => {
                let signed = matches!(dtype, DType::I8 | DType::I16 | DType::I32 | DType::I64);
                for v in integers(numbers)? {
                    let digits = v.unsigned_abs().to_string();
                    strings.push_with(|out| directive.integer(v < 0, &digits, signed, out));
                }
            }
        }
        strings.finish(numbers.shape())
    }

    /// The strings themselves in a field of that width and precision (bytes taken at most): `tf.strings.as_string` of
    /// strings.
    pub fn in_fields(&self, format: &NumberFormat) -> Result<StringTensor> {
        let directive = format.directive()?;
        Ok(self.map(|s, out| directive.text(s, out)))
    }
}

/// The elements of an integer tensor.
pub(crate) fn integers(numbers: &Tensor) -> Result<Vec<i128>> {
    fn read<T: Element + Into<i128>>(t: &Tensor) -> Result<Vec<i128>> {
        Ok(t.as_slice::<T>()?.iter().map(|&v| v.into()).collect())
    }
    match numbers.dtype() {
        DType::I8 => read::<i8>(numbers),
        DType::I16 => read::<i16>(numbers),
        DType::I32 => read::<i32>(numbers),
        DType::I64 => read::<i64>(numbers),
        DType::U8 => read::<u8>(numbers),
        DType::U16 => read::<u16>(numbers),
        DType::U32 => read::<u32>(numbers),
        DType::U64 => read::<u64>(numbers),
        other => Err(Error::dtype(format!("expected integers, found {other}"))),
    }
}

/// Real and imaginary parts.
fn parts(numbers: &Tensor) -> Result<Vec<(f64, f64)>> {
    let (re, im) = (numbers.real()?, numbers.imag()?);
    Ok(re.to_f64_vec()?.into_iter().zip(im.to_f64_vec()?).collect())
}
