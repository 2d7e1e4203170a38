//! Sources that the targets do not depend on: an error, or zeros.

use crate::Source;
use gradus_tensor::{Error, ErrorKind, Result, Tensor};

/// The results, or an error naming the first source without one.
pub(crate) fn refused<'a>(
    what: &'a str,
    sources: &'a [Source],
    found: Vec<Option<Tensor>>,
) -> impl Iterator<Item = Result<Tensor>> + 'a {
    sources.iter().zip(found).enumerate().map(move |(i, (s, g))| {
        g.ok_or_else(|| {
            Error::new(
                ErrorKind::Gradient,
                format!(
                    "{what}: the target does not depend on source {i}, {s}; watch it, or ask for `{what}_or_none` or \
                     `{what}_or_zeros`"
                ),
            )
        })
    })
}

/// The results, with zeros of the source's dtype and `shape(source)` where there is none.
pub(crate) fn zeros(
    sources: &[Source],
    found: Vec<Option<Tensor>>,
    shape: impl Fn(&Source) -> Vec<usize>,
) -> Result<Vec<Tensor>> {
    let filled = sources.iter().zip(found).map(|(s, g)| match g {
        Some(g) => Ok(g),
        None => Tensor::zeros(shape(s), s.spec().dtype),
    });
    filled.collect()
}
