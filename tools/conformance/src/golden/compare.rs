//! The comparison of found with wanted values.
//!
//! Floats pass when `|found - wanted| <= atol + rtol * |wanted|`; NaN equals NaN and infinities must match. Integers,
//! bools, strings, row splits and coordinates are exact, and so are dtypes and shapes.

use serde_json::Value as Json;

use super::{Array, Value};

/// How far a float may lie from the wanted one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Share of the wanted value's magnitude.
    pub relative: f64,
    /// Distance allowed at any magnitude.
    pub absolute: f64,
}

impl Tolerance {
    /// Whether `found` is near enough to `wanted`.
    pub fn admits(self, wanted: f64, found: f64) -> bool {
        if wanted.is_nan() || found.is_nan() {
            return wanted.is_nan() && found.is_nan();
        }
        if wanted.is_infinite() || found.is_infinite() {
            return wanted == found;
        }
        (found - wanted).abs() <= self.absolute + self.relative * wanted.abs()
    }
}

/// Ok when `found` agrees with `wanted`; else one line with the worst place, what was wanted and found.
pub fn compare_values(wanted: &Value, found: &Value, tolerance: Tolerance) -> Result<(), String> {
    match (wanted, found) {
        (Value::Array(wanted), Value::Array(found)) => compare_arrays(wanted, found, tolerance),
        (Value::Strings { shape, values }, Value::Strings { shape: found_shape, values: found_values }) => {
            exact("shape", shape, found_shape)?;
            let different = values.iter().zip(found_values).position(|(a, b)| a != b);
            match different {
                Some(i) => Err(format!(
                    "string {i}: expected {:?}, found {:?}",
                    String::from_utf8_lossy(&values[i]),
                    String::from_utf8_lossy(&found_values[i])
                )),
                None => Ok(()),
            }
        }
        (
            Value::Ragged { row_splits, flat },
            Value::Ragged { row_splits: found_splits, flat: found_flat },
        ) => {
            exact("row_splits", row_splits, found_splits)?;
            compare_values(flat, found_flat, tolerance).map_err(|e| format!("flat values: {e}"))
        }
        (
            Value::Sparse { indices, shape, flat },
            Value::Sparse { indices: found_indices, shape: found_shape, flat: found_flat },
        ) => {
            exact("dense shape", shape, found_shape)?;
            exact("indices", indices, found_indices)?;
            compare_values(flat, found_flat, tolerance).map_err(|e| format!("values: {e}"))
        }
        _ => Err(format!("expected {}, found {}", wanted.kind(), found.kind())),
    }
}

fn exact<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, found: &T) -> Result<(), String> {
    if wanted == found { Ok(()) } else { Err(format!("{what}: expected {wanted:?}, found {found:?}")) }
}

fn compare_arrays(wanted: &Array, found: &Array, tolerance: Tolerance) -> Result<(), String> {
    exact("dtype", &wanted.dtype(), &found.dtype())?;
    exact("shape", &wanted.shape(), &found.shape())?;
    if let (Some(wanted), Some(found)) = (wanted.integers(), found.integers()) {
        let wrong = wanted.iter().zip(&found).filter(|(w, f)| w != f).count();
        return match wanted.iter().zip(&found).position(|(w, f)| w != f) {
            Some(i) => Err(format!(
                "element {i}: expected {}, found {} ({wrong} of {} differ)",
                wanted[i],
                found[i],
                wanted.len()
            )),
            None => Ok(()),
        };
    }
    let parts = |a: &Array| a.floats().or_else(|| a.complex_parts()).unwrap_or_default();
    let (wanted, found) = (parts(wanted), parts(found));
    let excess = |w: f64, f: f64| {
        let error =
            (f - w).abs() / (tolerance.absolute + tolerance.relative * w.abs()).max(f64::MIN_POSITIVE);
        if error.is_nan() { f64::INFINITY } else { error }
    };
    let wrong: Vec<usize> = (0..wanted.len()).filter(|&i| !tolerance.admits(wanted[i], found[i])).collect();
    let worst = wrong
        .iter()
        .copied()
        .max_by(|&a, &b| excess(wanted[a], found[a]).total_cmp(&excess(wanted[b], found[b])));
    match worst {
        Some(i) => Err(format!(
            "element {i}: expected {:e}, found {:e}, error {:.3e}, allowed {:.3e} ({} of {} outside)",
            wanted[i],
            found[i],
            (found[i] - wanted[i]).abs(),
            tolerance.absolute + tolerance.relative * wanted[i].abs(),
            wrong.len(),
            wanted.len()
        )),
        None => Ok(()),
    }
}

/// Compares plain results: numbers within the tolerance where either side has a fraction, all else exactly.
pub fn compare_json(wanted: &Json, found: &Json, tolerance: Tolerance) -> Result<(), String> {
    let differ = || Err(format!("expected {wanted}, found {found}"));
    match (wanted, found) {
        (Json::Array(w), Json::Array(f)) => {
            if w.len() != f.len() {
                return Err(format!("expected {} entries, found {}: {found}", w.len(), f.len()));
            }
            let mut pairs = w.iter().zip(f).enumerate();
            pairs.try_for_each(|(i, (w, f))| compare_json(w, f, tolerance).map_err(|e| format!("[{i}] {e}")))
        }
        (Json::Object(w), Json::Object(f)) => {
            if !w.keys().eq(f.keys()) {
                return Err(format!("expected keys {:?}, found {:?}", w.keys(), f.keys()));
            }
            w.iter().try_for_each(|(k, w)| compare_json(w, &f[k], tolerance).map_err(|e| format!(".{k} {e}")))
        }
        (Json::Number(w), Json::Number(f)) if w.is_f64() || f.is_f64() => match (w.as_f64(), f.as_f64()) {
            (Some(w), Some(f)) if tolerance.admits(w, f) => Ok(()),
            _ => differ(),
        },
        _ if wanted == found => Ok(()),
        _ => differ(),
    }
}

#[cfg(test)]
mod tests {
    use gradus_kernels::DType;
    use serde_json::json;

    use super::*;

    const CLOSE: Tolerance = Tolerance { relative: 1e-3, absolute: 1e-6 };

    fn floats(values: &[f64]) -> Value {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Value::Array(Array::new(DType::F64, vec![values.len()], bytes).unwrap())
    }

    #[test]
    fn floats_have_a_tolerance_and_special_values_do_not() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let cases = [
            (1.0, 1.0009, true),
            (1.0, 1.0012, false),
            (0.0, 1e-6, true),
            (nan, nan, true),
            (nan, 1.0, false),
            (1.0, nan, false),
            (inf, inf, true),
            (inf, -inf, false),
            (1e300, inf, false),
            (inf, 1e300, false),
        ];
        for (wanted, found, same) in cases {
            let result = compare_values(&floats(&[wanted]), &floats(&[found]), CLOSE);
            assert_eq!(result.is_ok(), same, "{wanted} against {found}: {result:?}");
        }
    }

    #[test]
    fn the_worst_element_is_reported() {
        let error = compare_values(&floats(&[1.0, 2.0, 3.0]), &floats(&[1.1, 4.0, 3.0]), CLOSE).unwrap_err();
        assert!(error.starts_with("element 1: expected 2e0, found 4e0"), "{error}");
        assert!(error.ends_with("(2 of 3 outside)"), "{error}");
    }

    #[test]
    fn dtype_and_shape_are_exact() {
        let one = |dtype, n: usize| Value::Array(Array::new(dtype, vec![n], vec![0; 4 * n]).unwrap());
        assert!(
            compare_values(&one(DType::F32, 1), &one(DType::I32, 1), CLOSE).unwrap_err().starts_with("dtype")
        );
        assert!(
            compare_values(&one(DType::F32, 0), &one(DType::F32, 1), CLOSE).unwrap_err().starts_with("shape")
        );
    }

    #[test]
    fn plain_results() {
        assert!(compare_json(&json!([1.0, {"a": 2}]), &json!([1.0005, {"a": 2}]), CLOSE).is_ok());
        assert!(compare_json(&json!(3), &json!(3.0), CLOSE).is_ok());
        assert!(compare_json(&json!(3), &json!(4), CLOSE).is_err());
        assert!(compare_json(&json!([1]), &json!([1, 2]), CLOSE).is_err());
        assert!(compare_json(&json!({"a": 1}), &json!({"b": 1}), CLOSE).is_err());
    }
}
