//! A picture in memory, and its PNG.
//!
//! Written on the `png` crate: all of `image`, with its colour management, takes longer to build than Gradus.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Red, green and blue, 0 to 255 each.
pub type Color = [u8; 3];

/// A picture of `width` x `height` pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Color>,
}

impl Canvas {
    /// A picture all in one colour.
    pub fn new(width: usize, height: usize, paper: Color) -> Canvas {
        Canvas { width, height, pixels: vec![paper; width * height] }
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Sets a pixel; one outside of the picture is left out.
    pub fn put(&mut self, x: usize, y: usize, color: Color) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = color;
        }
    }

    /// Sets a square of `side` x `side` pixels whose upper left corner is (x, y).
    pub fn square(&mut self, x: usize, y: usize, side: usize, color: Color) {
        for dy in 0..side {
            for dx in 0..side {
                self.put(x + dx, y + dy, color);
            }
        }
    }

    /// Lays another picture on this one, its upper left corner at (x, y).
    pub fn paste(&mut self, other: &Canvas, x: usize, y: usize) {
        for (i, color) in other.pixels.iter().enumerate() {
            self.put(x + i % other.width, y + i / other.width, *color);
        }
    }

    /// A JPEG file, made to fit into `side` x `side` pixels: each pixel is the mean of those it stands for.
    pub fn thumbnail(file: &Path, side: usize) -> io::Result<Canvas> {
        let bytes = std::fs::read(file)?;
        let mut decoder = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&bytes));
        let invalid =
            |e: zune_jpeg::errors::DecodeErrors| io::Error::new(io::ErrorKind::InvalidData, e.to_string());
        let rgb = decoder.decode().map_err(invalid)?;
        let (width, height) =
            decoder.dimensions().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no size"))?;
        let channels = rgb.len() / (width * height).max(1);
        let longest = width.max(height).max(side);
        let (w, h) = ((width * side / longest).max(1), (height * side / longest).max(1));
        let mut small = Canvas::new(w, h, [0; 3]);
        for y in 0..h {
            for x in 0..w {
                let rows = y * height / h..((y + 1) * height / h).max(y * height / h + 1);
                let columns = x * width / w..((x + 1) * width / w).max(x * width / w + 1);
                let count = rows.len() * columns.len();
                let mean = |c: usize| {
                    let at =
                        |(row, column): (usize, usize)| rgb[(row * width + column) * channels + c % channels];
                    let all = rows.clone().flat_map(|row| columns.clone().map(move |column| (row, column)));
                    (all.map(|p| usize::from(at(p))).sum::<usize>() / count) as u8
                };
                small.put(x, y, [mean(0), mean(1), mean(2)]);
            }
        }
        Ok(small)
    }

    /// Writes the picture as PNG, beside the target first, so that a full disk leaves the old picture.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let written = self.write(part.as_ref()).and_then(|()| std::fs::rename(&part, path));
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        written
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        file.flush()
    }
}
