//! Stopping decompression that turns little into far too much.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Below so many unpacked bytes no ratio is suspicious: a file of zeros packs 1000 to 1.
const FREE: u64 = 16 << 20;

/// Counts the bytes that are read through it.
pub(crate) struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Counted<R> {
    pub(crate) fn new(inner: R) -> Counted<R> {
        Counted { inner, count: Rc::default() }
    }

    /// The counter, which goes on counting.
    pub(crate) fn count(&self) -> Rc<Cell<u64>> {
        self.count.clone()
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Fails with [`io::ErrorKind::FileTooLarge`] once 16 MiB and more than `max_ratio` times the packed bytes came out.
pub(crate) struct RatioGuard<R> {
    inner: R,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
    max_ratio: u64,
}

impl<R: Read> RatioGuard<R> {
    /// `packed` counts what `inner` reads.
    pub(crate) fn new(inner: R, packed: Rc<Cell<u64>>, max_ratio: u64) -> RatioGuard<R> {
        RatioGuard { inner, packed, unpacked: 0, max_ratio }
    }
}

impl<R: Read> Read for RatioGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.unpacked += count as u64;
        let packed = self.packed.get();
        if self.unpacked > FREE && self.unpacked > packed.saturating_mul(self.max_ratio) {
            let text = format!(
                "{packed} packed bytes unpack to more than {} (at most {} to 1)",
                self.unpacked, self.max_ratio
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_ratio_beyond_the_free_amount() {
        let cases = [(10 << 20, 1, true), (20 << 20, 1 << 20, true), (20 << 20, 100 << 10, false)];
        for (unpacked, packed, fine) in cases {
            let counter = Rc::new(Cell::new(packed));
            let mut guard = RatioGuard::new(io::repeat(0).take(unpacked), counter, 200);
            let copied = io::copy(&mut guard, &mut io::sink());
            assert_eq!(copied.is_ok(), fine, "{unpacked} of {packed}: {copied:?}");
        }
    }
}
