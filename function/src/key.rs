//! What makes two calls share a graph, and why two did not.

use crate::arguments::Argument;
use gradus_tensor::Spec;
use std::fmt;

/// Dtypes and shapes of the tensors, the numbers themselves, and whatever else the caller's body depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    parts: Vec<Part>,
    flags: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Spec(Spec),
    Constant(Spec, Vec<u8>),
}

impl Key {
    pub fn of(arguments: &[Argument], flags: u64) -> Key {
        let part = |a: &Argument| match a {
            Argument::Tensor(t) => Part::Spec(t.spec().clone()),
            Argument::Constant(t) => Part::Constant(t.spec().clone(), t.view().as_bytes().to_vec()),
        };
        Key { parts: arguments.iter().map(part).collect(), flags }
    }

    /// True when a call with these arguments has this key; nothing is allocated.
    pub fn fits(&self, arguments: &[Argument], flags: u64) -> bool {
        self.flags == flags
            && self.parts.len() == arguments.len()
            && self.parts.iter().zip(arguments).all(|(p, a)| match (p, a) {
                (Part::Spec(s), Argument::Tensor(t)) => s == t.spec(),
                (Part::Constant(s, bytes), Argument::Constant(t)) => {
                    s == t.spec() && bytes[..] == *t.view().as_bytes()
                }
                _ => false,
            })
    }

    /// What is new in this key, compared with the most similar of those known.
    pub fn news(&self, known: &[&Key]) -> Vec<Difference> {
        known.iter().map(|k| self.differences(k)).min_by_key(Vec::len).unwrap_or_default()
    }

    fn differences(&self, old: &Key) -> Vec<Difference> {
        let mut found = Vec::new();
        if self.parts.len() != old.parts.len() {
            found.push(Difference::Count { now: self.parts.len(), before: old.parts.len() });
        }
        for (i, (now, before)) in self.parts.iter().zip(&old.parts).enumerate() {
            if now != before {
                found.push(Difference::Argument {
                    index: i,
                    now: now.to_string(),
                    before: before.to_string(),
                });
            }
        }
        if self.flags != old.flags {
            found.push(Difference::Flags);
        }
        found
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Spec(s) => write!(f, "{s}"),
            Part::Constant(s, bytes) => {
                match gradus_tensor::Tensor::from_bytes(s.dtype, s.shape.clone(), bytes)
                    .and_then(|t| t.to_f64_vec())
                {
                    Ok(v) if v.len() == 1 => write!(f, "the number {} ({})", v[0], s.dtype),
                    _ => write!(f, "a constant {s}"),
                }
            }
        }
    }
}

/// One way in which two calls differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another number of arguments.
    Count {
        /// Arguments of this call.
        now: usize,
        /// Arguments of the nearest earlier one.
        before: usize,
    },
    /// An argument of another dtype or shape, or another number.
    Argument {
        /// Its place among the arguments.
        index: usize,
        /// What it is in this call.
        now: String,
        /// What it was in the nearest earlier one.
        before: String,
    },
    /// The mode of the caller: training or inference.
    Flags,
}

/// Why a call was recorded rather than replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrace {
    /// The how-manieth trace it was, from 1 on.
    pub trace: usize,
    /// What no earlier trace had; empty for the first.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Retrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trace {}: ", self.trace)?;
        if self.differences.is_empty() {
            return f.write_str("the first call");
        }
        for (i, d) in self.differences.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            match d {
                Difference::Count { now, before } => write!(f, "{now} arguments instead of {before}")?,
                Difference::Argument { index, now, before } => {
                    write!(f, "argument {index} is {now} instead of {before}")?;
                }
                Difference::Flags => f.write_str("another mode, such as training instead of inference")?,
            }
        }
        Ok(())
    }
}
