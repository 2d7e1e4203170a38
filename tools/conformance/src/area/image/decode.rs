//! Decoding of image files.

use gradus_image::decode_image;
use gradus_tensor::Tensor;

use crate::area::dense::{all_used, tensors, values};
use crate::golden::Case;
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
        let max_abs = case.field("compare").get("max_abs").and_then(serde_json::Value::as_i64);
        let outcome = match max_abs {
            // Decoders of JPEG may differ in rounding; the case says by how much. Integers compare exactly elsewhere.
            Some(limit) => Outcome::new().check("outputs", near(case, &image, limit)?).aside("outputs"),
            None => Outcome::outputs(values(&[image])?),
        };
        Ok(outcome.check("attributes", all_used(&attrs)))
    });
}

/// Whether no byte is further than that from the recorded one.
fn near(case: &Case, image: &Tensor, limit: i64) -> Result<Result<(), String>, ConformanceError> {
    let [wanted] = &tensors(case, "outputs")?[..] else {
        return Err(ConformanceError::Case("expected one output".to_string()));
    };
    if wanted.shape() != image.shape() {
        return Ok(Err(format!("expected shape {}, found {}", wanted.shape(), image.shape())));
    }
    let (wanted, found) = (wanted.to_vec::<u8>()?, image.to_vec::<u8>()?);
    let distance = |(w, f): (&u8, &u8)| i64::from(w.abs_diff(*f));
    let largest = wanted.iter().zip(&found).map(distance).max().unwrap_or(0);
    Ok(if largest <= limit {
        Ok(())
    } else {
        Err(format!("bytes differ by up to {largest}, allowed {limit}"))
    })
}
