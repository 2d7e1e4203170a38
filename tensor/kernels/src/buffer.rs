//! Typed, 64-byte aligned memory from a pool.
//!
//! Fresh pages cost far more than reused ones (a new 64 MB block takes four times as long to fill), so
//! blocks return to size-class free lists: a small one per thread, and one shared by all. Memory is
//! zeroed when it first comes from the system and never handed back uninitialised, so a new buffer
//! holds *unspecified but valid* values: reading it is safe, relying on it is a bug.
//! Bool buffers are cleared each time, since a stale byte need not be a bool.
//!
//! On Linux, large blocks ask for large pages: a pass over 64 MB then meets 32 page table entries and not 16384, which
//! makes reading almost twice as fast.

use crate::dtype::{DType, Element};
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Alignment of every buffer in bytes: a cache line, and the widest vector.
pub const ALIGN: usize = 64;

/// Blocks above this size are not kept by a thread, only by the shared list.
const THREAD_BLOCK: usize = 1 << 20;
/// Blocks of one class that a thread keeps.
const THREAD_KEEP: usize = 16;
/// Bytes that the shared list keeps before it gives memory back to the system.
const SHARED_BYTES: usize = 1 << 30;
/// Four classes per power of two, from 64 bytes up.
const CLASSES: usize = 4 * 42;

/// Class index and block size for a request of `bytes`.
fn class_of(bytes: usize) -> (usize, usize) {
    let b = bytes.max(ALIGN);
    let log = b.ilog2() as usize;
    let base = 1usize << log;
    let step = (base / 4).max(1);
    let sub = (b - base).div_ceil(step);
    let (log, sub) = if sub == 4 { (log + 1, 0) } else { (log, sub) };
    let size = (1usize << log) + sub * ((1usize << log) / 4);
    ((log - 6) * 4 + sub, size.next_multiple_of(ALIGN))
}

struct Block(NonNull<u8>);
// SAFETY: a block on a free list is owned by the list alone; nothing else points to it.
unsafe impl Send for Block {}

static SHARED: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
static SHARED_HELD: AtomicUsize = AtomicUsize::new(0);

struct ThreadCache {
    lists: Vec<Vec<Block>>,
}

impl Drop for ThreadCache {
    fn drop(&mut self) {
        for (class, list) in self.lists.iter_mut().enumerate() {
            for block in list.drain(..) {
                give_shared(class, block);
            }
        }
    }
}

thread_local! {
    static CACHE: RefCell<ThreadCache> = RefCell::new(ThreadCache { lists: (0..CLASSES).map(|_| Vec::new()).collect() });
}

/// Size in bytes of the blocks of a class; the inverse of [`class_of`].
fn class_size(class: usize) -> usize {
    let base = 64usize << (class / 4);
    (base + (class % 4) * (base / 4)).next_multiple_of(ALIGN)
}

fn layout(class: usize) -> Layout {
    let size = class_size(class);
    let align = if wants_large_pages(size) { PAGE } else { ALIGN };
    Layout::from_size_align(size, align).expect("block sizes are far below isize::MAX")
}

/// Bytes of a large page.
const PAGE: usize = 2 << 20;

fn wants_large_pages(size: usize) -> bool {
    cfg!(all(target_os = "linux", not(miri))) && size >= 2 * PAGE
}

/// Zeroed memory straight from the system; null when it has none.
fn from_system(class: usize) -> *mut u8 {
    let layout = layout(class);
    if !wants_large_pages(layout.size()) {
        // SAFETY: the layout has a non-zero size.
        return unsafe { alloc_zeroed(layout) };
    }
    // SAFETY: as above.
    let block = unsafe { alloc(layout) };
    if !block.is_null() {
        #[cfg(all(target_os = "linux", not(miri)))]
        // SAFETY: the range is memory of this process, aligned to pages; the advice does not change what it holds, and a
        // system that does not take it goes on with small pages.
        unsafe {
            libc::madvise(block.cast(), layout.size() / PAGE * PAGE, libc::MADV_HUGEPAGE);
        }
        // SAFETY: the block has that many bytes.
        unsafe { block.write_bytes(0, layout.size()) };
    }
    block
}

fn give_shared(class: usize, block: Block) {
    let size = class_size(class);
    if SHARED_HELD.load(Ordering::Relaxed) + size <= SHARED_BYTES
        && let Ok(mut lists) = SHARED.lock()
    {
        if lists.is_empty() {
            lists.resize_with(CLASSES, Vec::new);
        }
        SHARED_HELD.fetch_add(size, Ordering::Relaxed);
        lists[class].push(block);
        return;
    }
    // SAFETY: the block came from `from_system` with this layout and nothing points to it any more.
    unsafe { dealloc(block.0.as_ptr(), layout(class)) }
}

/// A block of that class, or `None` when the system has no memory.
fn take(class: usize) -> Option<NonNull<u8>> {
    let size = class_size(class);
    if size <= THREAD_BLOCK {
        let hit = CACHE.try_with(|c| c.borrow_mut().lists[class].pop()).ok().flatten();
        if let Some(block) = hit {
            return Some(block.0);
        }
    }
    if SHARED_HELD.load(Ordering::Relaxed) >= size
        && let Ok(mut lists) = SHARED.lock()
        && let Some(block) = lists.get_mut(class).and_then(Vec::pop)
    {
        SHARED_HELD.fetch_sub(size, Ordering::Relaxed);
        return Some(block.0);
    }
    NonNull::new(from_system(class))
}

fn give(class: usize, ptr: NonNull<u8>) {
    let block = Block(ptr);
    if class_size(class) <= THREAD_BLOCK {
        let mut block = Some(block);
        let _ = CACHE.try_with(|c| {
            let mut c = c.borrow_mut();
            if c.lists[class].len() < THREAD_KEEP {
                c.lists[class].extend(block.take());
            }
        });
        if let Some(block) = block {
            give_shared(class, block);
        }
    } else {
        give_shared(class, block);
    }
}

/// Gives all memory that the shared list holds back to the system.
pub fn trim() {
    let Ok(mut lists) = SHARED.lock() else { return };
    for (class, list) in lists.iter_mut().enumerate() {
        for block in list.drain(..) {
            SHARED_HELD.fetch_sub(class_size(class), Ordering::Relaxed);
            // SAFETY: as in `give_shared`.
            unsafe { dealloc(block.0.as_ptr(), layout(class)) }
        }
    }
}

/// Bytes of that many elements, up to the largest block there can be.
fn size_in_bytes(dtype: DType, len: usize) -> Option<usize> {
    len.checked_mul(dtype.size()).filter(|&b| b <= 1 << 46)
}

/// Owned memory for `len` elements of one dtype, 64-byte aligned, returned to the pool on drop.
pub struct Buffer {
    ptr: NonNull<u8>,
    len: usize,
    class: u32,
    dtype: DType,
}

// SAFETY: a buffer owns its block alone, and every element type is Send and Sync.
unsafe impl Send for Buffer {}
// SAFETY: shared access is read-only.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Memory with unspecified (but valid) values; bool buffers are all false.
    ///
    /// Panics when the size in bytes overflows; aborts, as `Vec` does, when the system has no memory.
    pub fn new(dtype: DType, len: usize) -> Buffer {
        let bytes = size_in_bytes(dtype, len).expect("buffer size overflows");
        Buffer::try_new(dtype, len).unwrap_or_else(|| handle_alloc_error(layout(class_of(bytes).0)))
    }

    /// As [`Buffer::new`], but `None` when the size in bytes overflows or the system has no memory: for sizes that come
    /// from a user.
    pub fn try_new(dtype: DType, len: usize) -> Option<Buffer> {
        let bytes = size_in_bytes(dtype, len)?;
        let (class, _) = class_of(bytes);
        let ptr = take(class)?;
        if dtype == DType::Bool {
            // SAFETY: the block has at least `bytes` bytes.
            unsafe { ptr.as_ptr().write_bytes(0, bytes) }
        }
        Some(Buffer { ptr, len, class: class as u32, dtype })
    }

    /// Memory filled with zeros (false for bool).
    pub fn zeroed(dtype: DType, len: usize) -> Buffer {
        let b = Buffer::new(dtype, len);
        // SAFETY: the block has at least len * size bytes; all-zero bytes are valid for every element type.
        unsafe { b.ptr.as_ptr().write_bytes(0, len * dtype.size()) }
        b
    }

    /// A copy of a slice.
    pub fn from_slice<T: Element>(values: &[T]) -> Buffer {
        let mut b = Buffer::new(T::DTYPE, values.len());
        b.as_mut_slice::<T>().copy_from_slice(values);
        b
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The elements. Panics when `T` is not the buffer's element type.
    #[inline]
    pub fn as_slice<T: Element>(&self) -> &[T] {
        assert!(T::DTYPE == self.dtype, "a {} buffer read as {}", self.dtype, T::DTYPE);
        // SAFETY: the block holds `len` initialised elements of this very type, aligned to 64 bytes.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr().cast::<T>(), self.len) }
    }

    /// The elements, writable. Panics when `T` is not the buffer's element type.
    #[inline]
    pub fn as_mut_slice<T: Element>(&mut self) -> &mut [T] {
        assert!(T::DTYPE == self.dtype, "a {} buffer written as {}", self.dtype, T::DTYPE);
        // SAFETY: as in `as_slice`, and `&mut self` makes the access unique.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.as_ptr().cast::<T>(), self.len) }
    }

    /// The raw little-endian bytes of the elements (native order; all supported targets are little-endian).
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: every element type consists of plain bytes without padding.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), self.len * self.dtype.size()) }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        let b = Buffer::new(self.dtype, self.len);
        // SAFETY: both blocks hold len * size bytes and do not overlap.
        unsafe { b.ptr.as_ptr().copy_from_nonoverlapping(self.ptr.as_ptr(), self.len * self.dtype.size()) }
        b
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        give(self.class as usize, self.ptr);
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} x {})", self.len, self.dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_is_asked_and_waste_at_most_a_quarter() {
        for bytes in (0..5000).chain([1 << 20, (1 << 20) + 1, (1 << 30) - 7]) {
            let (class, size) = class_of(bytes);
            assert!(size >= bytes, "{bytes}: {size}");
            assert_eq!(size, class_size(class), "{bytes}");
            assert!(size <= (bytes + bytes / 4 + 128).max(64), "{bytes}: {size}");
        }
    }

    #[test]
    fn blocks_are_reused_and_bools_are_clean() {
        let mut a = Buffer::new(DType::U8, 100);
        a.as_mut_slice::<u8>().fill(7);
        drop(a);
        let b = Buffer::new(DType::Bool, 100);
        assert!(b.as_slice::<bool>().iter().all(|&v| !v));
        assert_eq!(b.ptr.as_ptr() as usize % ALIGN, 0);
    }

    #[test]
    fn empty_buffers_work() {
        let b = Buffer::new(DType::F32, 0);
        assert!(b.as_slice::<f32>().is_empty());
    }
}
