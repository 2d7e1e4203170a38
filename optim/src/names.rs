//! Finding things by name, and saying which names would have been right.

use gradus_tensor::Error;

/// The error for a name that means nothing: it lists the nearest known name and all known ones.
///
/// ```
/// let e = gradus_optim::names::unknown("optimizer", "adamm", &["sgd", "adam"]);
/// assert_eq!(
///     e.to_string(),
///     "Could not interpret optimizer identifier: adamm; did you mean 'adam'? Known: sgd, adam"
/// );
/// ```
pub fn unknown(kind: &str, asked: &str, known: &[&str]) -> Error {
    let hint = nearest(asked, known).map(|n| format!("; did you mean '{n}'?")).unwrap_or_else(|| ".".into());
    Error::value(format!("Could not interpret {kind} identifier: {asked}{hint} Known: {}", known.join(", ")))
}

/// The known name with the fewest edits from `asked`, case and underscores aside; none when all are far off.
pub fn nearest<'a>(asked: &str, known: &[&'a str]) -> Option<&'a str> {
    let asked = plain(asked);
    let (best, edits) = known.iter().map(|k| (*k, distance(&asked, &plain(k)))).min_by_key(|(_, d)| *d)?;
    (edits <= (asked.len() / 2).max(2)).then_some(best)
}

/// True when the two names are the same to Keras: case and underscores do not count.
pub fn same(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let known = ["sgd", "rmsprop", "adam", "adamw", "adadelta"];
        for (asked, want) in [
            ("adamm", Some("adam")),
            ("SDG", Some("sgd")),
            ("rms_prop", Some("rmsprop")),
            ("Adam_W", Some("adamw")),
            ("convolution", None),
        ] {
            assert_eq!(nearest(asked, &known), want, "{asked}");
        }
    }
}
