//! A contact sheet: colour pictures of one size with a line of text under each.

use crate::canvas::Canvas;
use crate::sheet::{LINE, MARGIN, write};
use gradus::Tensor;
use std::error::Error;
use std::path::Path;

/// Writes pictures `[height, width, 3]` of values from 0 to 255 as PNG, `columns` in a row.
pub fn save(pictures: &[(String, Tensor)], columns: usize, path: &Path) -> Result<(), Box<dyn Error>> {
    let Some((_, first)) = pictures.first() else { return Err("no picture for the contact sheet".into()) };
    let [height, width, 3] = first.dims::<3>()? else {
        return Err(format!("expected pictures [height, width, 3], found {}", first.shape()).into());
    };
    let (w, h) = (width + MARGIN, height + LINE + MARGIN);
    let columns = columns.clamp(1, pictures.len());
    let rows = pictures.len().div_ceil(columns);
    let mut sheet = Canvas::new(columns * w + MARGIN, rows * h + MARGIN, [255; 3]);
    for ((caption, picture), i) in pictures.iter().zip(0..) {
        if picture.shape() != first.shape() {
            return Err(
                format!("{caption}: shape {} among pictures of {}", picture.shape(), first.shape()).into()
            );
        }
        let (left, top) = (MARGIN + i % columns * w, MARGIN + i / columns * h);
        let values = picture.as_slice::<f32>()?;
        let (pixels, _) = values.as_chunks::<3>();
        for (j, pixel) in pixels.iter().enumerate() {
            sheet.put(left + j % width, top + j / width, pixel.map(|v| v.round() as u8));
        }
        write(&mut sheet, caption, left, top + height + 2, [0; 3]);
    }
    Ok(sheet.save(path)?)
}
