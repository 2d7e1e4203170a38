//! A sheet of images with a line or two of text under each.

use font8x8::{BASIC_FONTS, UnicodeFonts};
use image::{Rgb, RgbImage};
use std::path::Path;

/// Each pixel of an image becomes a square of this size.
const SCALE: u32 = 4;
/// Space around a picture, and the height of a line of text.
const MARGIN: u32 = 10;
const LINE: u32 = 11;

/// One picture of a sheet: grey pixels row by row, 0 black and 255 white.
pub struct Picture<'a> {
    /// The pixels.
    pub pixels: &'a [u8],
    /// Pixels per row.
    pub width: usize,
    /// Lines under the picture, each in black or, where marked, in red.
    pub captions: Vec<(String, bool)>,
}

fn write(sheet: &mut RgbImage, text: &str, x: u32, y: u32, ink: Rgb<u8>) {
    for (i, c) in text.chars().enumerate() {
        let glyph = BASIC_FONTS.get(c).or_else(|| BASIC_FONTS.get('?')).unwrap_or([0; 8]);
        for (row, bits) in glyph.iter().enumerate() {
            for column in 0..8u32 {
                let (px, py) = (x + i as u32 * 8 + column, y + row as u32);
                if bits >> column & 1 == 1 && px < sheet.width() && py < sheet.height() {
                    sheet.put_pixel(px, py, ink);
                }
            }
        }
    }
}

/// Writes the pictures as PNG, `columns` in a row.
pub fn save(pictures: &[Picture<'_>], columns: usize, path: &Path) -> image::ImageResult<()> {
    let side = pictures.iter().map(|p| p.width).max().unwrap_or(1) as u32 * SCALE;
    let text = pictures.iter().flat_map(|p| &p.captions).map(|(c, _)| c.chars().count()).max().unwrap_or(0)
        as u32
        * 8;
    let lines = pictures.iter().map(|p| p.captions.len()).max().unwrap_or(0) as u32;
    let (w, h) = (side.max(text) + MARGIN, side + lines * LINE + MARGIN);
    let columns = columns.max(1) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let mut sheet = RgbImage::from_pixel(columns * w + MARGIN, rows * h + MARGIN, Rgb([255, 255, 255]));
    for (i, p) in pictures.iter().enumerate() {
        let (left, top) = (MARGIN + i as u32 % columns * w, MARGIN + i as u32 / columns * h);
        for (j, &v) in p.pixels.iter().enumerate() {
            let (x, y) = ((j % p.width) as u32 * SCALE, (j / p.width) as u32 * SCALE);
            for dy in 0..SCALE {
                for dx in 0..SCALE {
                    if left + x + dx < sheet.width() && top + y + dy < sheet.height() {
                        sheet.put_pixel(left + x + dx, top + y + dy, Rgb([v; 3]));
                    }
                }
            }
        }
        for (j, (caption, wrong)) in p.captions.iter().enumerate() {
            let ink = if *wrong { Rgb([200, 30, 30]) } else { Rgb([0, 0, 0]) };
            write(&mut sheet, caption, left, top + side + 3 + j as u32 * LINE, ink);
        }
    }
    sheet.save(path)
}
