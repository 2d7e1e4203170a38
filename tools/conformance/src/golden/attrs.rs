//! Pleasant access to the keyword arguments of a case, which remembers what was looked at.

use std::cell::RefCell;
use std::collections::BTreeSet;

use gradus_kernels::DType;
use serde_json::Value as Json;

use crate::registry::ConformanceError;

type Result<T> = std::result::Result<T, ConformanceError>;

/// Keyword arguments. `x(name)` asks for an argument, `x_or(name, default)` takes a default when it is absent or null.
///
/// Reading marks an argument as used; [`Attrs::unused`] lists the rest, so that a binding cannot pass by overlooking one.
#[derive(Debug)]
pub struct Attrs<'a> {
    place: String,
    json: &'a Json,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Attrs<'a> {
    /// Arguments out of a JSON object; `place` stands in messages.
    pub fn new(place: &str, json: &'a Json) -> Attrs<'a> {
        Attrs { place: place.to_string(), json, used: RefCell::default() }
    }

    /// The argument as it stands; `None` when absent or null.
    pub fn raw(&self, name: &str) -> Option<&'a Json> {
        self.used.borrow_mut().insert(name.to_string());
        self.json.get(name).filter(|v| !v.is_null())
    }

    /// True when the argument is there and not null.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The names of arguments that nobody looked at.
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let names = self.json.as_object().into_iter().flat_map(|o| o.keys());
        names.filter(|name| !used.contains(*name)).cloned().collect()
    }

    /// All arguments as they stand, all marked as used: for a library function that reads them itself.
    pub fn whole(&self) -> &'a Json {
        let names = self.json.as_object().into_iter().flat_map(|o| o.keys().cloned());
        self.used.borrow_mut().extend(names);
        self.json
    }

    /// A nested object.
    pub fn object(&self, name: &str) -> Result<Attrs<'a>> {
        let json = self.raw(name).ok_or_else(|| self.absent(name))?;
        Ok(Attrs::new(&format!("{}.{name}", self.place), json))
    }

    /// A real number; "NaN", "Infinity" and "-Infinity" are numbers too.
    pub fn f64(&self, name: &str) -> Result<f64> {
        self.read(name, number)
    }

    /// A real number, or the default.
    pub fn f64_or(&self, name: &str, default: f64) -> Result<f64> {
        self.read_or(name, number, default)
    }

    /// A real number rounded to f32.
    pub fn f32(&self, name: &str) -> Result<f32> {
        Ok(self.f64(name)? as f32)
    }

    /// A real number rounded to f32, or the default.
    pub fn f32_or(&self, name: &str, default: f32) -> Result<f32> {
        Ok(self.f64_or(name, f64::from(default))? as f32)
    }

    /// An integer.
    pub fn i64(&self, name: &str) -> Result<i64> {
        self.read(name, Json::as_i64)
    }

    /// An integer, or the default.
    pub fn i64_or(&self, name: &str, default: i64) -> Result<i64> {
        self.read_or(name, Json::as_i64, default)
    }

    /// An integer, or nothing.
    pub fn i64_opt(&self, name: &str) -> Result<Option<i64>> {
        self.read_or(name, |v| v.as_i64().map(Some), None)
    }

    /// A size.
    pub fn usize(&self, name: &str) -> Result<usize> {
        self.sizes(name, size)
    }

    /// A size, or the default.
    pub fn usize_or(&self, name: &str, default: usize) -> Result<usize> {
        if self.has(name) { self.usize(name) } else { Ok(default) }
    }

    /// A flag, or the default.
    pub fn bool_or(&self, name: &str, default: bool) -> Result<bool> {
        self.read_or(name, Json::as_bool, default)
    }

    /// Text.
    pub fn str(&self, name: &str) -> Result<&'a str> {
        self.raw(name)
            .ok_or_else(|| self.absent(name))
            .and_then(|v| v.as_str().ok_or_else(|| self.unfit(name, v)))
    }

    /// Text, or the default.
    pub fn str_or(&self, name: &str, default: &'a str) -> Result<&'a str> {
        if self.has(name) { self.str(name) } else { Ok(default) }
    }

    /// A list of integers; one integer counts as a list of one.
    pub fn i64s(&self, name: &str) -> Result<Vec<i64>> {
        self.read(name, |v| list_or_one(v, Json::as_i64))
    }

    /// A list of integers, or nothing.
    pub fn i64s_opt(&self, name: &str) -> Result<Option<Vec<i64>>> {
        self.read_or(name, |v| list_or_one(v, Json::as_i64).map(Some), None)
    }

    /// A list of sizes; one size counts as a list of one.
    pub fn usizes(&self, name: &str) -> Result<Vec<usize>> {
        self.sizes(name, |v| list_or_one(v, size))
    }

    /// A list of real numbers; one number counts as a list of one.
    pub fn f64s(&self, name: &str) -> Result<Vec<f64>> {
        self.read(name, |v| list_or_one(v, number))
    }

    /// A list of pairs of sizes, such as paddings.
    pub fn pairs(&self, name: &str) -> Result<Vec<[usize; 2]>> {
        let pair = |v: &Json| Some([size(v.get(0)?)?, size(v.get(1)?)?]);
        self.sizes(name, |v| v.as_array()?.iter().map(pair).collect())
    }

    /// A dtype by TensorFlow's name.
    pub fn dtype(&self, name: &str) -> Result<DType> {
        self.read(name, |v| DType::from_name(v.as_str()?))
    }

    /// A dtype by TensorFlow's name, or the default.
    pub fn dtype_or(&self, name: &str, default: DType) -> Result<DType> {
        self.read_or(name, |v| DType::from_name(v.as_str()?), default)
    }

    /// Any shape of argument through `read`, which answers `None` when it does not fit.
    pub fn read<T>(&self, name: &str, read: impl Fn(&Json) -> Option<T>) -> Result<T> {
        let json = self.raw(name).ok_or_else(|| self.absent(name))?;
        read(json).ok_or_else(|| self.unfit(name, json))
    }

    /// Any shape of argument through `read`, or the default.
    pub fn read_or<T>(&self, name: &str, read: impl Fn(&Json) -> Option<T>, default: T) -> Result<T> {
        if self.has(name) { self.read(name, read) } else { Ok(default) }
    }

    /// Sizes through `read`. Negative ones are what the library refuses by its types.
    fn sizes<T>(&self, name: &str, read: impl Fn(&Json) -> Option<T>) -> Result<T> {
        match self.raw(name) {
            Some(json) if negative(json) => {
                Err(ConformanceError::Rejected(format!("{name}: expected sizes, found {json}")))
            }
            _ => self.read(name, read),
        }
    }

    fn absent(&self, name: &str) -> ConformanceError {
        ConformanceError::Case(format!("{}.{name} is absent", self.place))
    }

    fn unfit(&self, name: &str, found: &Json) -> ConformanceError {
        ConformanceError::Case(format!("{}.{name} is not what the binding asks for: {found}", self.place))
    }
}

fn number(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => json.as_f64(),
    }
}

fn size(json: &Json) -> Option<usize> {
    usize::try_from(json.as_u64()?).ok()
}

fn negative(json: &Json) -> bool {
    json.as_i64().is_some_and(|n| n < 0) || json.as_array().is_some_and(|list| list.iter().any(negative))
}

fn list_or_one<T>(json: &Json, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    match json.as_array() {
        Some(list) => list.iter().map(read).collect(),
        None => read(json).map(|one| vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_and_null_take_the_default_and_reading_is_remembered() {
        let json = json!({"axis": null, "k": [1, 2], "x": "-Infinity", "adjoint": true});
        let attrs = Attrs::new("attrs", &json);
        assert_eq!(attrs.i64_or("axis", -1).unwrap(), -1);
        assert_eq!(attrs.i64_opt("axis").unwrap(), None);
        assert_eq!(attrs.i64s("k").unwrap(), [1, 2]);
        assert_eq!(attrs.f64("x").unwrap(), f64::NEG_INFINITY);
        assert_eq!(attrs.unused(), ["adjoint"]);
        assert!(attrs.i64("k").is_err());
        assert!(attrs.i64("missing").is_err());
    }
}
