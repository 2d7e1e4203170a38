//! What running a case gave, and its comparison with what the case wants.

use serde_json::Value as Json;

use crate::golden::{Case, Tolerance, Value, compare_json, compare_values};
use crate::registry::ConformanceError;

/// Lists of wanted values. Each one that a case has must be found, or the case fails as not compared.
const WANTED: [&str; 9] = [
    "outputs",
    "grads",
    "weight_grads",
    "weights_after",
    "losses",
    "state_after",
    "after_reset",
    "after_finalize",
    "slices",
];

/// Found values by role, found facts by key of `expect`.
///
/// ```text
/// Ok(Outcome::outputs([y]).with("weight_grads", grads).fact("output_shape", json!([null, 4])))
/// ```
#[derive(Debug, Default)]
pub struct Outcome {
    lists: Vec<(String, Vec<Option<Value>>, Option<Tolerance>)>,
    facts: Vec<(String, Json)>,
    aside: Vec<String>,
    checks: Vec<(String, Result<(), String>)>,
    prevented: Option<String>,
}

impl Outcome {
    /// An outcome without any values, for cases that only state facts.
    pub fn new() -> Outcome {
        Outcome::default()
    }

    /// The outputs, in order.
    pub fn outputs<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Outcome {
        Outcome::new().with("outputs", values.into_iter().map(|v| Some(v.into())))
    }

    /// Values for another list of the case; `None` where there is no value, which must be null there too.
    pub fn with(mut self, role: &str, values: impl IntoIterator<Item = Option<Value>>) -> Outcome {
        self.lists.push((role.to_string(), values.into_iter().collect(), None));
        self
    }

    /// As [`Outcome::with`], under another tolerance than the case's `rtol` and `atol`.
    pub fn within(
        mut self,
        role: &str,
        tolerance: Tolerance,
        values: impl IntoIterator<Item = Option<Value>>,
    ) -> Outcome {
        self.lists.push((role.to_string(), values.into_iter().collect(), Some(tolerance)));
        self
    }

    /// A plain result, compared with `expect.<key>`.
    pub fn fact(mut self, key: &str, found: impl Into<Json>) -> Outcome {
        self.facts.push((key.to_string(), found.into()));
        self
    }

    /// States that a list or a key of `expect` was used as input or checked by [`Outcome::check`].
    pub fn aside(mut self, key: &str) -> Outcome {
        self.aside.push(key.to_string());
        self
    }

    /// A comparison that the binding made itself.
    pub fn check(mut self, what: &str, result: Result<(), String>) -> Outcome {
        self.checks.push((what.to_string(), result));
        self
    }

    /// For an `error` case: the misuse cannot be written down in Rust. `how` names what prevents it.
    pub fn prevented(how: &str) -> Outcome {
        Outcome { prevented: Some(how.to_string()), ..Outcome::default() }
    }

    /// What prevents the misuse, when that is the outcome.
    pub fn prevented_by(&self) -> Option<&str> {
        self.prevented.as_deref()
    }

    /// Every difference from the case, one line each; empty when all agree.
    pub fn differences(&self, case: &Case) -> Result<Vec<String>, ConformanceError> {
        let mut lines = Vec::new();
        for (role, found, tolerance) in &self.lists {
            let wanted = case.values(role)?;
            if wanted.len() != found.len() {
                lines.push(format!("{role}: expected {} values, found {}", wanted.len(), found.len()));
                continue;
            }
            let tolerance = tolerance.unwrap_or(case.tolerance());
            for (i, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                let result = match (wanted, found) {
                    (Some(wanted), Some(found)) => compare_values(wanted, found, tolerance),
                    (None, None) => Ok(()),
                    (Some(_), None) => Err("expected a value, found none".to_string()),
                    (None, Some(_)) => Err("expected none, found a value".to_string()),
                };
                lines.extend(result.err().map(|e| format!("{role}[{i}]: {e}")));
            }
        }
        for role in WANTED {
            let wanted = case.field(role).as_array().is_some_and(|list| !list.is_empty());
            if wanted && !self.lists.iter().any(|(r, ..)| r == role) && !self.aside.iter().any(|a| a == role)
            {
                lines.push(format!("{role}: not compared"));
            }
        }
        let expect = case.field("expect");
        for (key, found) in &self.facts {
            match expect.get(key) {
                Some(wanted) => lines.extend(
                    compare_json(wanted, found, case.tolerance()).err().map(|e| format!("expect.{key}: {e}")),
                ),
                None => lines.push(format!("expect.{key}: not in the case, found {found}")),
            }
        }
        for key in expect.as_object().into_iter().flat_map(|o| o.keys()) {
            if !self.facts.iter().any(|(k, _)| k == key) && !self.aside.contains(key) {
                lines.push(format!("expect.{key}: not compared"));
            }
        }
        lines.extend(
            self.checks.iter().filter_map(|(what, r)| r.as_ref().err().map(|e| format!("{what}: {e}"))),
        );
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::golden::Array;
    use crate::registry::Area;

    fn case(json: Json) -> Case {
        let arrays = [("c/out/0".to_string(), Array::from_i64s(&[1, 2]))].into();
        Case::new(Area::TensorOps, json, Arc::new(arrays)).unwrap()
    }

    #[test]
    fn what_is_wanted_must_be_found() {
        let case = case(
            json!({"name": "c", "op": "o", "outputs": ["c/out/0"], "grads": [null], "expect": {"n": 3}}),
        );
        let right = || Outcome::outputs([Array::from_i64s(&[1, 2])]);
        let table = [
            (right().with("grads", [None]).fact("n", 3), vec![]),
            (right().with("grads", [None]), vec!["expect.n: not compared"]),
            (right().fact("n", 3), vec!["grads: not compared"]),
            (right().aside("grads").aside("n"), vec![]),
            (right().with("grads", [None]).fact("n", 4), vec!["expect.n: expected 3, found 4"]),
            (
                Outcome::outputs([Array::from_i64s(&[1, 3])]).aside("grads").aside("n"),
                vec!["outputs[0]: element 1: expected 2, found 3 (1 of 2 differ)"],
            ),
        ];
        for (outcome, want) in table {
            assert_eq!(outcome.differences(&case).unwrap(), want, "{outcome:?}");
        }
    }
}
