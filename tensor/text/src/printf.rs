//! Numbers as C's `printf` writes them.

/// The flags, width and precision between `%` and the letter.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Directive {
    pub(crate) fill: Fill,
    pub(crate) width: usize,
    pub(crate) precision: Option<usize>,
}

/// What the flag says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Blanks on the left.
    #[default]
    Right,
    /// Zeros between the sign and the digits.
    Zero,
    /// Blanks on the right.
    Left,
    /// A plus before numbers that are not negative.
    Plus,
    /// A blank before numbers that are not negative.
    Blank,
}

/// How a float is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    /// `%f`
    Fixed,
    /// `%e`
    Scientific,
    /// `%g`
    Shortest,
}

impl Directive {
    /// `%d` for a number given by its sign and digits. Unsigned numbers have no sign to show.
    pub(crate) fn integer(&self, negative: bool, digits: &str, signed: bool, out: &mut Vec<u8>) {
        self.signed(negative, digits, signed, true, out);
    }

    pub(crate) fn float(&self, v: f64, notation: Notation, out: &mut Vec<u8>) {
        // The sign of a NaN is not shown, as `nan` in TensorFlow comes without.
        let negative = v.is_sign_negative() && !v.is_nan();
        if !v.is_finite() {
            self.signed(negative, if v.is_nan() { "nan" } else { "inf" }, true, false, out);
            return;
        }
        let precision = self.precision.unwrap_or(6);
        let digits = match notation {
            Notation::Fixed => format!("{:.precision$}", v.abs()),
            Notation::Scientific => scientific(v.abs(), precision),
            Notation::Shortest => shortest(v.abs(), precision),
        };
        self.signed(negative, &digits, true, true, out);
    }

    fn signed(&self, negative: bool, digits: &str, signed: bool, zeros: bool, out: &mut Vec<u8>) {
        let sign = match self.fill {
            _ if negative => "-",
            Fill::Plus if signed => "+",
            Fill::Blank if signed => " ",
            _ => "",
        };
        let gap = self.width.saturating_sub(sign.len() + digits.len());
        match self.fill {
            Fill::Zero if zeros => {
                out.extend_from_slice(sign.as_bytes());
                out.resize(out.len() + gap, b'0');
                out.extend_from_slice(digits.as_bytes());
            }
            fill => {
                let before = if fill == Fill::Left { 0 } else { gap };
                out.resize(out.len() + before, b' ');
                out.extend_from_slice(sign.as_bytes());
                out.extend_from_slice(digits.as_bytes());
                out.resize(out.len() + gap - before, b' ');
            }
        }
    }

    /// `%s`: at most `precision` bytes.
    pub(crate) fn text(&self, s: &[u8], out: &mut Vec<u8>) {
        let s = &s[..self.precision.unwrap_or(usize::MAX).min(s.len())];
        let gap = self.width.saturating_sub(s.len());
        let before = if self.fill == Fill::Left { 0 } else { gap };
        out.resize(out.len() + before, b' ');
        out.extend_from_slice(s);
        out.resize(out.len() + gap - before, b' ');
    }
}

/// `%.{precision}e` of a number that is not negative: at least two digits of exponent, and its sign.
pub(crate) fn scientific(v: f64, precision: usize) -> String {
    let text = format!("{v:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%.{precision}g` of a number that is not negative: the shorter notation, without zeros at the end.
pub(crate) fn shortest(v: f64, precision: usize) -> String {
    let precision = precision.max(1);
    // The exponent after rounding decides, as C says.
    let rounded = format!("{v:.*e}", precision - 1);
    let exponent: i64 = rounded.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    if exponent < -4 || exponent >= precision as i64 {
        let text = scientific(v, precision - 1);
        let (mantissa, tail) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{tail}", trim(mantissa));
    }
    trim(&format!("{v:.*}", (precision as i64 - 1 - exponent) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_c_prints() {
        let cases = [
            (shortest(0.0, 6), "0"),
            (shortest(100000.0, 6), "100000"),
            (shortest(1000000.0, 6), "1e+06"),
            (shortest(999999.5, 6), "1e+06"),
            (shortest(0.0001, 6), "0.0001"),
            (shortest(0.00001, 6), "1e-05"),
            (shortest(123456.789, 2), "1.2e+05"),
            (shortest(2.5, 0), "2"),
            (scientific(1e-7, 6), "1.000000e-07"),
            (scientific(1e300, 0), "1e+300"),
        ];
        for (found, want) in cases {
            assert_eq!(found, want);
        }
    }
}
