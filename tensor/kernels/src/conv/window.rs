//! Part of an image with zeros around it, as the inner loops read it.

use crate::buffer::Buffer;
use crate::gemm::Real;

/// NHWC images: where they lie and how large they are.
#[derive(Clone, Copy)]
pub(crate) struct Images<T> {
    pub data: *const T,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

// SAFETY: it stands for a shared slice that outlives the tasks which read it.
unsafe impl<T: Sync> Send for Images<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Images<T> {}

/// Rows and columns of one image; they may lie outside, where values are zero.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub image: usize,
    pub top: isize,
    pub left: isize,
    pub rows: usize,
    pub columns: usize,
}

/// A window's first value and the distance between its rows.
#[derive(Clone, Copy)]
pub(crate) struct View<T> {
    pub data: *const T,
    pub stride: usize,
}

impl<T: Real> Images<T> {
    /// The window, in place when it lies inside the image, else as a copy in `scratch`.
    ///
    /// # Safety
    /// The image exists, and the result is used only while `scratch` and the images live.
    #[inline(always)]
    pub unsafe fn window(&self, w: Window, scratch: &mut Option<Buffer>) -> View<T> {
        let (height, width, c) = (self.height as isize, self.width as isize, self.channels);
        // SAFETY: the caller vouches for the image.
        let image = unsafe { self.data.add(w.image * self.height * self.width * c) };
        let (bottom, right) = (w.top + w.rows as isize, w.left + w.columns as isize);
        if w.top >= 0 && w.left >= 0 && bottom <= height && right <= width {
            // SAFETY: the window lies inside.
            let data = unsafe { image.add((w.top as usize * self.width + w.left as usize) * c) };
            return View { data, stride: self.width * c };
        }
        let stride = w.columns * c;
        let need = w.rows * stride;
        if scratch.as_ref().is_none_or(|b| b.len() < need) {
            *scratch = Some(Buffer::new(T::DTYPE, need));
        }
        let out = scratch.as_mut().map(Buffer::as_mut_slice::<T>).unwrap_or_default();
        // Columns of the window that exist.
        let first = (-w.left).clamp(0, w.columns as isize) as usize;
        let last = (width - w.left).clamp(first as isize, w.columns as isize) as usize;
        for (r, row) in out[..need].chunks_exact_mut(stride.max(1)).enumerate() {
            let y = w.top + r as isize;
            if y < 0 || y >= height || first == last {
                row.fill(T::ZERO);
                continue;
            }
            row[..first * c].fill(T::ZERO);
            row[last * c..].fill(T::ZERO);
            let x = (w.left + first as isize) as usize;
            // SAFETY: row y and columns x.. of the image exist.
            let src = unsafe {
                std::slice::from_raw_parts(image.add((y as usize * self.width + x) * c), (last - first) * c)
            };
            row[first * c..last * c].copy_from_slice(src);
        }
        View { data: out.as_ptr(), stride }
    }
}
