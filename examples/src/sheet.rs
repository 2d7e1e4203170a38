//! A sheet of images with a line or two of text under each.

use crate::canvas::{Canvas, Color};
use font8x8::{BASIC_FONTS, UnicodeFonts};
use std::path::Path;

/// Each pixel of an image becomes a square of this size.
const SCALE: usize = 4;
/// Space around a picture, and the height of a line of text.
pub(crate) const MARGIN: usize = 10;
pub(crate) const LINE: usize = 11;

/// One picture of a sheet: grey pixels row by row, 0 black and 255 white.
pub struct Picture<'a> {
    /// The pixels.
    pub pixels: &'a [u8],
    /// Pixels per row.
    pub width: usize,
    /// Lines under the picture, each in black or, where marked, in red.
    pub captions: Vec<(String, bool)>,
}

pub(crate) fn write(sheet: &mut Canvas, text: &str, x: usize, y: usize, ink: Color) {
    for (i, c) in text.chars().enumerate() {
        let glyph = BASIC_FONTS.get(c).or_else(|| BASIC_FONTS.get('?')).unwrap_or([0; 8]);
        for (row, bits) in glyph.iter().enumerate() {
            for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                sheet.put(x + i * 8 + column, y + row, ink);
            }
        }
    }
}

/// Writes the pictures as PNG, `columns` in a row.
pub fn save(pictures: &[Picture<'_>], columns: usize, path: &Path) -> std::io::Result<()> {
    let side = pictures.iter().map(|p| p.width).max().unwrap_or(1) * SCALE;
    let text =
        pictures.iter().flat_map(|p| &p.captions).map(|(c, _)| c.chars().count()).max().unwrap_or(0) * 8;
    let lines = pictures.iter().map(|p| p.captions.len()).max().unwrap_or(0);
    let (w, h) = (side.max(text) + MARGIN, side + lines * LINE + MARGIN);
    let columns = columns.max(1);
    let rows = pictures.len().div_ceil(columns);
    let mut sheet = Canvas::new(columns * w + MARGIN, rows * h + MARGIN, [255; 3]);
    for (i, p) in pictures.iter().enumerate() {
        let (left, top) = (MARGIN + i % columns * w, MARGIN + i / columns * h);
        for (j, &v) in p.pixels.iter().enumerate() {
            sheet.square(left + j % p.width * SCALE, top + j / p.width * SCALE, SCALE, [v; 3]);
        }
        for (j, (caption, wrong)) in p.captions.iter().enumerate() {
            let ink = if *wrong { [200, 30, 30] } else { [0; 3] };
            write(&mut sheet, caption, left, top + side + 3 + j * LINE, ink);
        }
    }
    sheet.save(path)
}
