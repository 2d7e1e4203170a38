//! RE2's syntax, rewritten for the `regex` crate.
//!
//! The two agree on most of it, by design. Where they differ:
//!
//! * `\d \w \s \b` and their opposites are ASCII in RE2, Unicode in `regex`. They become explicit classes and
//!   `(?-u:..)`.
//! * `[a&&b]`, `[a--b]`, `[[a]` are plain characters in RE2's classes, operators or nesting in `regex`. Every literal of a
//!   class is written as a code point.
//! * `\Q..\E`, `\C` and octal escapes exist in RE2 only; `{` that begins no repetition is a literal there.
//! * `(?x)`, `(?<name>..)`, `a**` and escapes such as `\Z` are errors in RE2.

/// The largest repetition that RE2 takes.
const MAX_REPEAT: u32 = 1000;

type Result<T> = std::result::Result<T, String>;

struct Reader<'a> {
    rest: &'a str,
    out: String,
}

pub(super) fn translate(pattern: &str) -> Result<String> {
    let mut reader = Reader { rest: pattern, out: String::new() };
    reader.expression()?;
    Ok(reader.out)
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn literal(&mut self, c: char) {
        self.out.push_str(&format!("\\x{{{:x}}}", c as u32));
    }

    fn expression(&mut self) -> Result<()> {
        // Whether a repetition was the last thing read; another one behind it is an error.
        let mut repeated = false;
        while let Some(c) = self.next() {
            let was_repeated = std::mem::take(&mut repeated);
            match c {
                '*' | '+' | '?' => {
                    if was_repeated {
                        return Err(format!("bad repetition operator: {c}"));
                    }
                    self.out.push(c);
                    self.lazy();
                    repeated = true;
                }
                '{' => match self.repetition()? {
                    Some(_) if was_repeated => return Err("bad repetition operator: {".to_string()),
                    Some(text) => {
                        self.out.push_str(&text);
                        self.lazy();
                        repeated = true;
                    }
                    None => self.literal('{'),
                },
                '(' => self.group()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                '.' | ')' | '|' | '^' | '$' => self.out.push(c),
                c => self.literal(c),
            }
        }
        Ok(())
    }

    /// A question mark behind a repetition belongs to it.
    fn lazy(&mut self) {
        if self.eat("?") {
            self.out.push('?');
        }
    }

    /// Behind `{`: the text of a repetition, or nothing when the brace is a literal.
    fn repetition(&mut self) -> Result<Option<String>> {
        let text = self.rest;
        let Some((inside, _)) = text.split_once('}') else { return Ok(None) };
        let (low, high) = match inside.split_once(',') {
            Some((low, high)) => (low, Some(high)),
            None => (inside, None),
        };
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(low) || !high.is_none_or(|h| h.is_empty() || digits(h)) {
            return Ok(None);
        }
        let bound = |s: &str| s.parse::<u32>().ok().filter(|&n| n <= MAX_REPEAT);
        let low_bound = bound(low);
        let high_bound = high.filter(|h| !h.is_empty()).map(bound);
        let fits = match (low_bound, high_bound) {
            (None, _) | (_, Some(None)) => false,
            (Some(low), Some(Some(high))) => low <= high,
            (Some(_), None) => true,
        };
        if !fits {
            return Err(format!("invalid repetition size: {{{inside}}}"));
        }
        let repetition = format!("{{{inside}}}");
        self.eat(&repetition[1..]);
        Ok(Some(repetition))
    }

    /// Behind `(`.
    fn group(&mut self) -> Result<()> {
        if !self.eat("?") {
            self.out.push('(');
            return Ok(());
        }
        if self.eat("P<") {
            let text = self.rest;
            let name = text.split_once('>').map_or("", |(name, _)| name);
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(format!("invalid named capture group: (?P<{name}"));
            }
            // Groups are asked for by number alone, and RE2 allows names that `regex` does not.
            self.eat(&format!("{name}>"));
            self.out.push('(');
            return Ok(());
        }
        let text = self.rest;
        let end = text.find([':', ')']).ok_or("missing ): (?")?;
        let flags = &text[..end];
        let mut parts = flags.split('-');
        let known = |part: &str| part.chars().all(|c| "imsU".contains(c));
        let fits = match (parts.next(), parts.next(), parts.next()) {
            (Some(on), None, None) => known(on) && (!on.is_empty() || text[end..].starts_with(':')),
            (Some(on), Some(off), None) => known(on) && known(off) && !off.is_empty(),
            _ => false,
        };
        if !fits {
            return Err(format!("invalid perl operator: (?{flags}"));
        }
        let head = &text[..=end];
        self.eat(head);
        self.out.push_str("(?");
        self.out.push_str(head);
        Ok(())
    }

    /// Behind a backslash outside of a class.
    fn escape(&mut self) -> Result<()> {
        let Some(c) = self.peek() else { return Err("trailing \\".to_string()) };
        let text = match c {
            'A' | 'z' => format!("\\{c}"),
            'b' | 'B' => format!("(?-u:\\{c})"),
            'C' => "(?s-u:.)".to_string(),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => format!("(?-i:[{}])", perl_class(c)),
            'Q' => {
                self.next();
                return self.quoted();
            }
            'p' | 'P' => {
                let class = self.unicode_class()?;
                self.out.push_str(&class);
                return Ok(());
            }
            _ => {
                let c = self.character()?;
                self.literal(c);
                return Ok(());
            }
        };
        self.next();
        self.out.push_str(&text);
        Ok(())
    }

    /// Everything up to `\E` or the end, as it is.
    fn quoted(&mut self) -> Result<()> {
        while self.peek().is_some() && !self.eat("\\E") {
            if let Some(c) = self.next() {
                self.literal(c);
            }
        }
        Ok(())
    }

    /// `pL`, `p{Greek}`, `P{^Lu}` behind a backslash.
    fn unicode_class(&mut self) -> Result<String> {
        let kind = self.next().unwrap_or('p');
        let text = self.rest;
        let name = match text.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or("missing }")?.0.to_string(),
            None => text.chars().take(1).collect(),
        };
        let taken = if text.starts_with('{') { format!("{{{name}}}") } else { name.clone() };
        self.eat(&taken);
        let (negated, bare) = match name.strip_prefix('^') {
            Some(bare) => (true, bare),
            None => (false, &name[..]),
        };
        if bare.is_empty() || !bare.chars().all(|c| c.is_ascii_alphabetic() || c == '_') {
            return Err(format!("invalid character class range: \\{kind}{taken}"));
        }
        let opposite = if (kind == 'P') != negated { 'P' } else { 'p' };
        Ok(format!("\\{opposite}{{{bare}}}"))
    }

    /// A single character behind a backslash.
    fn character(&mut self) -> Result<char> {
        let Some(c) = self.next() else { return Err("trailing \\".to_string()) };
        let code = match c {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => self.hexadecimal()?,
            '0' => self.octal(0),
            '1'..='7' if self.peek().is_some_and(|d| d.is_digit(8)) => self.octal(c.to_digit(8).unwrap_or(0)),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c as u32,
            c => return Err(format!("invalid escape sequence: \\{c}")),
        };
        char::from_u32(code).ok_or_else(|| format!("invalid escape sequence: U+{code:04X} is no character"))
    }

    /// Up to two more octal digits.
    fn octal(&mut self, mut code: u32) -> u32 {
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            code = code * 8 + digit;
            self.next();
        }
        code
    }

    /// Two hexadecimal digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Result<u32> {
        let text = self.rest;
        let digits = match text.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or("missing }")?.0.to_string(),
            None => text.chars().take(2).collect(),
        };
        let braced = text.starts_with('{');
        let all_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
        if digits.is_empty() || !all_hex || (!braced && digits.len() != 2) {
            return Err(format!("invalid escape sequence: \\x{digits}"));
        }
        self.eat(&if braced { format!("{{{digits}}}") } else { digits.clone() });
        u32::from_str_radix(&digits, 16).map_err(|_| format!("invalid escape sequence: \\x{{{digits}}}"))
    }

    /// Behind `[`.
    fn class(&mut self) -> Result<()> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.peek() else { return Err("missing closing ]".to_string()) };
            if c == ']' && !first {
                self.next();
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if self.rest.starts_with("[:") && self.named_class()? {
                continue;
            }
            if c == '\\' && self.class_escape()? {
                continue;
            }
            self.range()?;
        }
    }

    /// `[:alpha:]`; false when it is not of that form.
    fn named_class(&mut self) -> Result<bool> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
            "space", "upper", "word", "xdigit",
        ];
        let text = self.rest;
        let Some((inside, _)) = text[2..].split_once(":]") else { return Ok(false) };
        if !NAMES.contains(&inside.strip_prefix('^').unwrap_or(inside)) {
            return Err(format!("invalid character class range: [:{inside}:]"));
        }
        let whole = format!("[:{inside}:]");
        self.eat(&whole);
        self.out.push_str(&whole);
        Ok(true)
    }

    /// A class such as `\d` or `\pL` inside of a class; false when the backslash begins a character.
    fn class_escape(&mut self) -> Result<bool> {
        match self.rest.chars().nth(1) {
            Some(c @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                self.rest = &self.rest[2..];
                self.out.push_str(&format!("[{}]", perl_class(c)));
                Ok(true)
            }
            Some('p' | 'P') => {
                self.next();
                let class = self.unicode_class()?;
                self.out.push_str(&class);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// `a` or `a-z` inside of a class.
    fn range(&mut self) -> Result<()> {
        let low = self.class_character()?;
        self.literal(low);
        let mut next = self.rest.chars();
        if next.next() == Some('-') && next.next().is_some_and(|c| c != ']') {
            self.next();
            let high = self.class_character()?;
            if high < low {
                return Err(format!("invalid character class range: {low}-{high}"));
            }
            self.out.push('-');
            self.literal(high);
        }
        Ok(())
    }

    fn class_character(&mut self) -> Result<char> {
        match self.next() {
            Some('\\') => self.character(),
            Some(c) => Ok(c),
            None => Err("missing closing ]".to_string()),
        }
    }
}

/// What stands between the brackets of the class that Perl writes with a letter, in ASCII as in RE2.
fn perl_class(letter: char) -> &'static str {
    match letter {
        'd' => "0-9",
        'D' => "^0-9",
        's' => r"\t\n\f\r ",
        'S' => r"^\t\n\f\r ",
        'w' => "0-9A-Za-z_",
        _ => "^0-9A-Za-z_",
    }
}
