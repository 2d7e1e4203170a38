//! One area of a golden directory: its cases over its arrays.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{Array, Case, read_safetensors};
use crate::registry::Area;

/// Arrays by name.
pub type Arrays = BTreeMap<String, Array>;

/// The cases of one area.
pub struct GoldenSet {
    /// Which area.
    pub area: Area,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

impl GoldenSet {
    /// Reads `<area>.json` and `<area>.safetensors` of a directory; the message names the file.
    pub fn read(directory: &Path, area: Area) -> Result<GoldenSet, String> {
        let path = directory.join(format!("{area}.safetensors"));
        let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let arrays = Arc::new(read_safetensors(&bytes).map_err(|e| format!("{}: {e}", path.display()))?);
        let path = directory.join(format!("{area}.json"));
        let text = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let json: Json = serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        if json["format"] != 1 {
            return Err(format!("{}: format {} is not 1", path.display(), json["format"]));
        }
        let Json::Object(mut json) = json else {
            return Err(format!("{}: not an object", path.display()));
        };
        let Some(Json::Array(cases)) = json.remove("cases") else {
            return Err(format!("{}: no cases", path.display()));
        };
        let cases = cases
            .into_iter()
            .map(|case| Case::new(area, case, Arc::clone(&arrays)))
            .collect::<Result<_, _>>()
            .map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(GoldenSet { area, cases })
    }
}
