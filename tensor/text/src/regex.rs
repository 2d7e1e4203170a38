//! Patterns: replacing and matching.
//!
//! Patterns are RE2's, as in TensorFlow: they are rewritten for the `regex` crate, which matches in linear time too (see
//! [`re2`]). Strings are bytes; where they are not UTF-8, nothing but `\C` matches the bad bytes.

mod re2;

use gradus_tensor::{Result, Tensor, bail_value};
use regex::bytes::{Captures, Regex};

use crate::StringTensor;

/// A pattern in RE2's syntax, ready to be used on many tensors.
///
/// ```
/// # use gradus_text::{Pattern, StringTensor};
/// let tags = Pattern::new("<[^>]+>")?;
/// let t = StringTensor::new(["a<b>c</b>"])?;
/// assert_eq!(t.regex_replace(&tags, "_", true)?.to_strings()?, ["a_c_"]);
/// assert!(Pattern::new("(a").is_err());
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    whole: Regex,
}

impl Pattern {
    /// Reads a pattern. The error says what is wrong with it.
    pub fn new(pattern: &str) -> Result<Pattern> {
        let translated = match re2::translate(pattern) {
            Ok(translated) => translated,
            Err(why) => bail_value!("regex: invalid pattern {pattern:?}: {why}"),
        };
        let compile = |text: &str| match Regex::new(text) {
            Ok(regex) => Ok(regex),
            Err(e) => bail_value!("regex: invalid pattern {pattern:?}: {e}"),
        };
        Ok(Pattern { regex: compile(&translated)?, whole: compile(&format!(r"\A(?:{translated})\z"))? })
    }
}

/// What replaces a match: text, and groups by number.
struct Rewrite(Vec<Part>);

enum Part {
    Text(Vec<u8>),
    Group(usize),
}

impl Rewrite {
    /// `\0` to `\9` stand for groups (0 is the whole match), `\\` for a backslash.
    fn new(rewrite: &[u8], groups: usize) -> Result<Rewrite> {
        let (mut parts, mut text) = (Vec::new(), Vec::new());
        let mut bytes = rewrite.iter();
        while let Some(&b) = bytes.next() {
            if b != b'\\' {
                text.push(b);
                continue;
            }
            match bytes.next() {
                Some(b'\\') => text.push(b'\\'),
                Some(digit @ b'0'..=b'9') => {
                    let group = usize::from(digit - b'0');
                    if group >= groups {
                        bail_value!(
                            "regex_replace: the rewrite names group {group}, the pattern has {}",
                            groups - 1
                        );
                    }
                    parts.extend([Part::Text(std::mem::take(&mut text)), Part::Group(group)]);
                }
                _ => bail_value!(
                    "regex_replace: in the rewrite {:?}, a backslash without a digit or a backslash behind it",
                    String::from_utf8_lossy(rewrite)
                ),
            }
        }
        parts.push(Part::Text(text));
        Ok(Rewrite(parts))
    }

    fn write(&self, groups: &Captures<'_>, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Group(i) => out.extend_from_slice(groups.get(*i).map_or(&b""[..], |m| m.as_bytes())),
            }
        }
    }
}

impl StringTensor {
    /// Every element with its matches replaced, or only the first one when `replace_global` is false.
    ///
    /// In `rewrite`, `\1` to `\9` stand for the groups of the match, `\0` for all of it, `\\` for a backslash. Errors
    /// when it names a group that the pattern does not have.
    pub fn regex_replace(
        &self,
        pattern: &Pattern,
        rewrite: impl AsRef<[u8]>,
        replace_global: bool,
    ) -> Result<StringTensor> {
        let rewrite = Rewrite::new(rewrite.as_ref(), pattern.regex.captures_len())?;
        Ok(self.map(|s, out| replace(&pattern.regex, &rewrite, s, replace_global, out)))
    }

    /// Whether each element matches the pattern from end to end, as bool.
    pub fn regex_full_match(&self, pattern: &Pattern) -> Result<Tensor> {
        Tensor::from_vec(self.iter().map(|s| pattern.whole.is_match(s)).collect(), self.shape())
    }
}

/// RE2's `GlobalReplace`: matches from left to right; no empty match right behind another match; after an empty match one
/// character goes on unchanged.
fn replace(regex: &Regex, rewrite: &Rewrite, s: &[u8], all: bool, out: &mut Vec<u8>) {
    let (mut at, mut last_end) = (0, None);
    while at <= s.len() {
        let Some(groups) = regex.captures_at(s, at) else { break };
        let Some(found) = groups.get(0) else { break };
        out.extend_from_slice(&s[at..found.start()]);
        let (start, end) = (found.start(), found.end());
        if start == end && last_end == Some(start) {
            let width = character_width(&s[start..]);
            out.extend_from_slice(&s[start..(start + width).min(s.len())]);
            at = start + width;
            continue;
        }
        rewrite.write(&groups, out);
        at = end;
        last_end = Some(end);
        if !all {
            break;
        }
    }
    if at < s.len() {
        out.extend_from_slice(&s[at..]);
    }
}

/// Bytes of the first character; 1 for a byte that begins none, and at the end.
fn character_width(s: &[u8]) -> usize {
    match s.utf8_chunks().next() {
        Some(chunk) => chunk.valid().chars().next().map_or(1, char::len_utf8),
        None => 1,
    }
}
