//! PNG, written only: 8-bit grey, grey with alpha, RGB or RGBA, for pictures in logs and reports.
//!
//! Each row goes through the filter that makes its differences smallest (the heuristic of the PNG specification,
//! 12.8), then everything through deflate.

use crate::error::{Error, ErrorKind, Result};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// Encodes `height` rows of `width` pixels of `channels` bytes: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
///
/// Errors: another number of channels; an empty picture, or one wider or higher than 2^31; `pixels` of another length
/// than `height * width * channels`.
pub fn encode(width: usize, height: usize, channels: usize, pixels: &[u8]) -> Result<Vec<u8>> {
    let color = match channels {
        1 => 0,
        2 => 4,
        3 => 2,
        4 => 6,
        _ => return Err(Error::invalid(format!("png: {channels} channels, expected 1 to 4"))),
    };
    let side = |n: usize| u32::try_from(n).ok().filter(|&n| n > 0 && n < 1 << 31);
    let (Some(w), Some(h)) = (side(width), side(height)) else {
        return Err(Error::invalid(format!("png: a picture of {width} x {height} pixels")));
    };
    let row = width * channels;
    if row.checked_mul(height) != Some(pixels.len()) {
        return Err(Error::invalid(format!(
            "png: {width} x {height} pixels of {channels} channels, found {} bytes",
            pixels.len()
        )));
    }
    let failed = |e: std::io::Error| Error::new(ErrorKind::Io(e.kind()), format!("png: {e}"));
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut above = vec![0; row];
    let mut filtered: [_; 5] = std::array::from_fn(|_| Vec::with_capacity(row));
    for line in pixels.chunks_exact(row) {
        for (filter, out) in filtered.iter_mut().enumerate() {
            out.clear();
            out.extend((0..row).map(|i| {
                let left = if i >= channels { line[i - channels] } else { 0 };
                let corner = if i >= channels { above[i - channels] } else { 0 };
                line[i].wrapping_sub(predict(filter, left, above[i], corner))
            }));
        }
        let cost = |out: &[u8]| out.iter().map(|&b| u64::from((b as i8).unsigned_abs())).sum::<u64>();
        let best = (0..5).min_by_key(|&f| cost(&filtered[f])).unwrap_or(0);
        encoder.write_all(&[best as u8]).and_then(|()| encoder.write_all(&filtered[best])).map_err(failed)?;
        above.copy_from_slice(line);
    }
    let data = encoder.finish().map_err(failed)?;

    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&w.to_be_bytes()[..], &h.to_be_bytes(), &[8, color, 0, 0, 0]].concat();
    for (kind, content) in [(b"IHDR", &header[..]), (b"IDAT", &data), (b"IEND", &[])] {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(content);
        let length =
            u32::try_from(content.len()).map_err(|_| Error::too_large("png: more than 4 GiB of pixels"))?;
        png.extend_from_slice(&length.to_be_bytes());
        png.extend_from_slice(kind);
        png.extend_from_slice(content);
        png.extend_from_slice(&crc.sum().to_be_bytes());
    }
    Ok(png)
}

/// What a filter expects of a byte, from its left, upper and upper left neighbours.
fn predict(filter: usize, left: u8, up: u8, corner: u8) -> u8 {
    match filter {
        0 => 0,
        1 => left,
        2 => up,
        3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
        _ => {
            let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
            let p = a + b - c;
            let (da, db, dc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
            if da <= db && da <= dc {
                left
            } else if db <= dc {
                up
            } else {
                corner
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    /// Undoes what the encoder did, after the specification.
    fn decode(png: &[u8], channels: usize) -> (u32, u32, Vec<u8>) {
        let word = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        let (width, height) = (word(16), word(20));
        let length = word(33) as usize;
        assert_eq!(&png[37..41], b"IDAT");
        let mut lines = Vec::new();
        ZlibDecoder::new(&png[41..41 + length]).read_to_end(&mut lines).unwrap();
        let row = width as usize * channels;
        let mut pixels: Vec<u8> = Vec::new();
        for (y, line) in lines.chunks_exact(row + 1).enumerate() {
            for i in 0..row {
                let at = |dy: usize, dx: usize| match (y.checked_sub(dy), i.checked_sub(dx)) {
                    (Some(y), Some(x)) => pixels[y * row + x],
                    _ => 0,
                };
                let expected = predict(usize::from(line[0]), at(0, channels), at(1, 0), at(1, channels));
                pixels.push(line[i + 1].wrapping_add(expected));
            }
        }
        (width, height, pixels)
    }

    #[test]
    fn pictures_come_back() {
        for (width, height, channels) in [(1, 1, 1), (5, 3, 3), (3, 5, 4), (28, 28, 1), (2, 2, 2)] {
            let n = width * height * channels;
            for pixels in [
                (0..n).map(|i| (i * 7) as u8).collect::<Vec<_>>(),
                (0..n).map(|i| (i * i * 31 % 251) as u8).collect(),
                vec![200; n],
            ] {
                let png = encode(width, height, channels, &pixels).unwrap();
                let case = format!("{width} x {height} x {channels}");
                assert_eq!(decode(&png, channels), (width as u32, height as u32, pixels), "{case}");
            }
        }
    }

    #[test]
    fn wrong_sizes() {
        for (width, height, channels, len) in
            [(0, 1, 1, 0), (1, 0, 1, 0), (2, 2, 5, 20), (2, 2, 1, 5), (1 << 40, 1, 1, 1)]
        {
            assert!(
                encode(width, height, channels, &vec![0; len]).is_err(),
                "{width} {height} {channels} {len}"
            );
        }
    }
}
