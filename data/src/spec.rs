//! What the elements of a pipeline look like: types and shapes, as `element_spec` shows them.

use std::fmt;

/// Type and shape of an element. Shown as TensorFlow's cases write it: `int64[None, 3]`,
/// `('float32[28, 28]', 'uint8[]')`, `DatasetSpec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ElementSpec {
    /// Numbers, booleans or strings of one type with a shape; `None` stands for a size that varies.
    Array {
        /// TensorFlow's name of the type: `int64`, `float32`, `string`.
        dtype: &'static str,
        /// The sizes, outermost first; empty for a single value.
        dims: Vec<Option<usize>>,
    },
    /// A tuple.
    Tuple(Vec<ElementSpec>),
    /// A map with names.
    Named(Vec<(String, ElementSpec)>),
    /// A nested dataset.
    Dataset,
    /// A Rust type that has no array form.
    Opaque(&'static str),
}

impl ElementSpec {
    /// A single value of this type.
    pub fn scalar(dtype: &'static str) -> Self {
        ElementSpec::Array { dtype, dims: Vec::new() }
    }

    /// The same with one more dimension in front, as batching gives it.
    pub fn batched(self, size: Option<usize>) -> Self {
        self.rewrite(&|dims| dims.insert(0, size))
    }

    /// The same with all sizes left open, as padding gives it.
    pub fn any_size(self) -> Self {
        self.rewrite(&|dims| dims.iter_mut().for_each(|d| *d = None))
    }

    /// The same with the leading sizes given and all others left open.
    pub fn padded(self, sizes: &[Option<usize>]) -> Self {
        self.rewrite(&|dims| {
            for (i, d) in dims.iter_mut().enumerate() {
                *d = sizes.get(i).copied().flatten();
            }
        })
    }

    /// The same without its first dimension, as unbatching gives it.
    pub fn unbatched(self) -> Self {
        self.rewrite(&|dims| {
            if !dims.is_empty() {
                dims.remove(0);
            }
        })
    }

    fn rewrite(self, f: &dyn Fn(&mut Vec<Option<usize>>)) -> Self {
        match self {
            ElementSpec::Array { dtype, mut dims } => {
                f(&mut dims);
                ElementSpec::Array { dtype, dims }
            }
            ElementSpec::Tuple(parts) => {
                ElementSpec::Tuple(parts.into_iter().map(|p| p.rewrite(f)).collect())
            }
            ElementSpec::Named(parts) => {
                ElementSpec::Named(parts.into_iter().map(|(n, p)| (n, p.rewrite(f))).collect())
            }
            other => other,
        }
    }
}

impl fmt::Display for ElementSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn inside(part: &ElementSpec, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match part {
                ElementSpec::Array { .. } => write!(f, "'{part}'"),
                other => write!(f, "{other}"),
            }
        }
        match self {
            ElementSpec::Array { dtype, dims } => {
                write!(f, "{dtype}[")?;
                for (i, d) in dims.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    match d {
                        Some(d) => write!(f, "{comma}{d}")?,
                        None => write!(f, "{comma}None")?,
                    }
                }
                f.write_str("]")
            }
            ElementSpec::Tuple(parts) => {
                f.write_str("(")?;
                for (i, p) in parts.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { ", " })?;
                    inside(p, f)?;
                }
                f.write_str(if parts.len() == 1 { ",)" } else { ")" })
            }
            ElementSpec::Named(parts) => {
                f.write_str("{")?;
                for (i, (name, p)) in parts.iter().enumerate() {
                    write!(f, "{}'{name}': ", if i == 0 { "" } else { ", " })?;
                    inside(p, f)?;
                }
                f.write_str("}")
            }
            ElementSpec::Dataset => f.write_str("DatasetSpec"),
            ElementSpec::Opaque(name) => f.write_str(name),
        }
    }
}
