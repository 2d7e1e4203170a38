//! Decoding of image files.

use gradus_image::decode_image;

use crate::area::dense::{all_used, tensors, values};
use crate::golden::Tolerance;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    r.run(Area::Image, "x.decode_image", |case| {
        let attrs = case.attrs();
        attrs.str("format")?;
        let [bytes] = &tensors(case, "inputs")?[..] else {
            return Err(ConformanceError::Case("expected the bytes of one file".to_string()));
        };
        let image =
            decode_image(bytes.as_slice::<u8>()?).map_err(|e| ConformanceError::Rejected(e.to_string()))?;
        let found = values(&[image])?.into_iter().map(Some);
        let max_abs = case.field("compare").get("max_abs").and_then(serde_json::Value::as_f64);
        let outcome = match max_abs {
            // Decoders of JPEG may differ in rounding; the case says by how much.
            Some(absolute) => Outcome::new().within("outputs", Tolerance { relative: 0.0, absolute }, found),
            None => Outcome::new().with("outputs", found),
        };
        Ok(outcome.check("attributes", all_used(&attrs)))
    });
}
