//! Fork and join: one pool, tasks claimed from counters, the same bits for every number of threads.
//!
//! [`parallel_for`] publishes a job, helps with it, and returns when every task is done. Workers wait for
//! the next job by spinning for some tens of microseconds, since the next kernel of a training step
//! follows within that time, and then sleep.
//!
//! # Results do not depend on threads
//! Callers cut work into tasks by shapes only, never by the number of threads, and combine partial sums in
//! task order. Which thread runs which task then changes nothing.
//!
//! # Who runs what
//! Neighbouring tasks form a share, as many shares as there are threads (up to eight), and a thread empties its own
//! before it helps with the others. So it comes back, call after call, to the same part of a weight, of its gradient
//! and of its moments, which its own cache still holds.
//!
//! # The protocol
//! The pool has one slot for a job. The caller stores a pointer to a job on its own stack there; a worker
//! that wants to look first counts itself as `active`, then reads the slot. When the tasks have run out the
//! caller clears the slot and waits until `active` is zero. All of these are sequentially consistent, so a
//! worker that still saw the job was counted before the slot was cleared, and the caller waits for it.
//! Nobody waits for workers that never came: on a busy machine the caller does all tasks itself.
//!
//! A second thread that calls while the slot is taken, and a task that calls again, run their tasks
//! themselves, in order. A panic in a task stops the handing out of tasks and continues in the caller.

use crate::simd;
use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// More threads than this are never started.
pub const MAX_THREADS: usize = 512;
/// How long an idle worker spins before it sleeps.
const SPIN: Duration = Duration::from_micros(40);
/// Work below this estimate stays on the calling thread: waking and joining costs about as much.
const SERIAL_NS: usize = 6_000;

/// Set by [`set_num_threads`]; 0 means the default.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// True while this thread runs tasks.
    static BUSY: Cell<bool> = const { Cell::new(false) };
    /// The choice of [`with_num_threads`]; 0 means none.
    static LOCAL: Cell<usize> = const { Cell::new(0) };
}

/// Sets the number of threads that kernels use, the calling one included (1 means serial).
///
/// 0 restores the default: the environment variable `GRADUS_NUM_THREADS`, or the number of processors.
/// The number may exceed that of the processors. Results do not depend on it.
pub fn set_num_threads(n: usize) {
    THREADS.store(n.min(MAX_THREADS), Relaxed);
}

/// The number of threads that kernels called from this thread use.
pub fn num_threads() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    match (LOCAL.get(), THREADS.load(Relaxed)) {
        (0, 0) => *DEFAULT.get_or_init(|| {
            let asked = std::env::var("GRADUS_NUM_THREADS").ok().and_then(|v| v.parse::<usize>().ok());
            let found = || std::thread::available_parallelism().map_or(1, |n| n.get());
            asked.filter(|&n| n > 0).unwrap_or_else(found).min(MAX_THREADS)
        }),
        (0, n) | (n, _) => n,
    }
}

/// Runs `f` with another number of threads for the kernels that this thread calls.
pub fn with_num_threads<R>(n: usize, f: impl FnOnce() -> R) -> R {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LOCAL.set(self.0);
        }
    }
    let _restore = Restore(LOCAL.replace(n.clamp(1, MAX_THREADS)));
    f()
}

/// Shares at most; more threads than that begin in each other's.
const SHARES: usize = 8;

/// Neighbouring tasks. On a cache line of its own, since its owner counts while others do.
#[repr(align(64))]
struct Share {
    /// The next task to hand out.
    next: AtomicUsize,
    end: usize,
}

/// One call of [`parallel_for`].
struct Job<'a> {
    f: &'a (dyn Fn(usize) + Sync),
    shares: [Share; SHARES],
    /// How many of the shares there are.
    used: usize,
    /// Workers that may still join.
    seats: AtomicUsize,
    level: simd::Level,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl<'a> Job<'a> {
    fn new(f: &'a (dyn Fn(usize) + Sync), tasks: usize, threads: usize) -> Job<'a> {
        let used = threads.min(SHARES);
        let shares = std::array::from_fn(|k| {
            let (from, end) = if k < used { (tasks * k / used, tasks * (k + 1) / used) } else { (0, 0) };
            Share { next: AtomicUsize::new(from), end }
        });
        let (seats, panic) = (AtomicUsize::new(threads - 1), Mutex::new(None));
        Job { f, shares, used, seats, level: simd::level(), panic }
    }

    /// Runs tasks until there are none left, those of one's own share first.
    fn work(&self, own: usize) {
        for k in 0..self.used {
            let share = &self.shares[(own + k) % self.used];
            loop {
                let i = share.next.fetch_add(1, Relaxed);
                if i >= share.end {
                    break;
                }
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (self.f)(i))) {
                    self.shares.iter().for_each(|s| s.next.store(s.end, Relaxed));
                    lock(&self.panic).get_or_insert(payload);
                }
            }
        }
    }

    fn take_seat(&self) -> bool {
        self.seats.fetch_update(Relaxed, Relaxed, |s| s.checked_sub(1)).is_ok()
    }
}

struct Pool {
    /// True while some caller owns the slot.
    taken: AtomicBool,
    slot: AtomicPtr<Job<'static>>,
    /// Counts jobs, so that idle workers notice new ones.
    epoch: AtomicUsize,
    /// Workers that may be looking at the slot's job.
    active: AtomicUsize,
    sleepers: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
    /// The caller, while it sleeps until `active` is zero.
    waiter: Mutex<Option<Thread>>,
    waiting: AtomicBool,
    workers: AtomicUsize,
}

static POOL: Pool = Pool {
    taken: AtomicBool::new(false),
    slot: AtomicPtr::new(null_mut()),
    epoch: AtomicUsize::new(0),
    active: AtomicUsize::new(0),
    sleepers: AtomicUsize::new(0),
    sleep: Mutex::new(()),
    wake: Condvar::new(),
    waiter: Mutex::new(None),
    waiting: AtomicBool::new(false),
    workers: AtomicUsize::new(0),
};

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Starts workers until there are `n`; fewer when the system refuses.
    fn grow(&'static self, n: usize) {
        while self.workers.load(Relaxed) < n {
            let number = self.workers.load(Relaxed) + 1;
            let made = std::thread::Builder::new().name("gradus".into()).spawn(move || self.serve(number));
            if made.is_err() {
                return;
            }
            self.workers.fetch_add(1, Relaxed);
        }
    }

    /// The life of a worker; the caller of a job counts as number 0.
    fn serve(&self, number: usize) {
        BUSY.set(true);
        let mut seen = 0;
        loop {
            seen = self.await_job(seen);
            self.active.fetch_add(1, SeqCst);
            let job = self.slot.load(SeqCst);
            if !job.is_null() {
                // SAFETY: this thread was counted in `active` before it saw the job in the slot, so the
                // caller, which clears the slot before it waits for `active` to be zero, keeps it alive.
                let job = unsafe { &*job };
                if job.take_seat() {
                    simd::adopt(job.level, || job.work(number));
                }
            }
            if self.active.fetch_sub(1, SeqCst) == 1
                && self.waiting.load(SeqCst)
                && let Some(t) = lock(&self.waiter).as_ref()
            {
                t.unpark();
            }
        }
    }

    /// Waits for an epoch other than `seen`.
    fn await_job(&self, seen: usize) -> usize {
        let start = Instant::now();
        loop {
            for _ in 0..64 {
                let now = self.epoch.load(Acquire);
                if now != seen {
                    return now;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() > SPIN {
                break;
            }
        }
        let mut guard = lock(&self.sleep);
        self.sleepers.fetch_add(1, SeqCst);
        let now = loop {
            let now = self.epoch.load(SeqCst);
            if now != seen {
                break now;
            }
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        };
        self.sleepers.fetch_sub(1, SeqCst);
        now
    }

    /// Shares a job with up to `job.seats` workers and returns when it is done. The caller owns the slot.
    fn run(&self, job: &Job<'_>) {
        let helpers = job.seats.load(Relaxed);
        self.slot.store(std::ptr::from_ref(job).cast_mut().cast(), SeqCst);
        self.epoch.fetch_add(1, SeqCst);
        if self.sleepers.load(SeqCst) > 0 {
            let _guard = lock(&self.sleep);
            if helpers >= self.workers.load(Relaxed) {
                self.wake.notify_all();
            } else {
                (0..helpers).for_each(|_| self.wake.notify_one());
            }
        }
        job.work(0);
        self.slot.store(null_mut(), SeqCst);
        self.join();
        self.taken.store(false, Release);
    }

    /// Waits until no worker looks at a job.
    fn join(&self) {
        let start = Instant::now();
        loop {
            for _ in 0..64 {
                if self.active.load(SeqCst) == 0 {
                    return;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() > SPIN {
                *lock(&self.waiter) = Some(std::thread::current());
                self.waiting.store(true, SeqCst);
                while self.active.load(SeqCst) != 0 {
                    std::thread::park();
                }
                self.waiting.store(false, SeqCst);
                *lock(&self.waiter) = None;
                return;
            }
        }
    }
}

/// Calls `f(0)`, ..., `f(tasks - 1)`, in any order, on up to [`num_threads`] threads.
///
/// A panic in `f` continues in the caller, after running tasks have ended. Calls from within `f` run on
/// their own thread.
pub fn parallel_for(tasks: usize, f: impl Fn(usize) + Sync) {
    run_tasks(tasks, &f);
}

/// [`parallel_for`] for work that takes about `total_ns` nanoseconds on one thread: little work stays serial.
pub fn parallel_for_cost(tasks: usize, total_ns: usize, f: impl Fn(usize) + Sync) {
    if total_ns < SERIAL_NS {
        (0..tasks).for_each(f);
    } else {
        run_tasks(tasks, &f);
    }
}

fn run_tasks(tasks: usize, f: &(dyn Fn(usize) + Sync)) {
    let threads = num_threads().min(tasks);
    if threads <= 1 || BUSY.get() || POOL.taken.swap(true, Acquire) {
        (0..tasks).for_each(f);
        return;
    }
    POOL.grow(threads - 1);
    let job = Job::new(f, tasks, threads);
    BUSY.set(true);
    POOL.run(&job);
    BUSY.set(false);
    if let Some(payload) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(payload);
    }
}

/// Calls `f(i, chunk)` for the consecutive chunks of `chunk_len` elements (the last may be shorter).
pub fn par_chunks_mut<T: Send>(data: &mut [T], chunk_len: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    par_chunks_mut_cost(data, chunk_len, usize::MAX, f);
}

/// [`par_chunks_mut`] for work that takes about `total_ns` nanoseconds on one thread.
pub fn par_chunks_mut_cost<T: Send>(
    data: &mut [T],
    chunk_len: usize,
    total_ns: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    let chunk_len = chunk_len.max(1);
    let (len, shared) = (data.len(), SharedMut::new(data));
    parallel_for_cost(len.div_ceil(chunk_len), total_ns, |i| {
        let start = i * chunk_len;
        // SAFETY: the ranges of different tasks do not overlap, and each task runs once.
        let chunk = unsafe { shared.slice(start..len.min(start + chunk_len)) };
        f(i, chunk);
    });
}

/// A mutable slice that several tasks write to, each its own part.
pub struct SharedMut<'a, T> {
    ptr: *mut T,
    len: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: it stands for a `&mut [T]`, whose parts may go to other threads when `T: Send`; that the parts are
// disjoint is promised by the callers of its unsafe methods.
unsafe impl<T: Send> Send for SharedMut<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedMut<'_, T> {}

impl<'a, T> SharedMut<'a, T> {
    /// Borrows a slice for as long as tasks share it.
    pub fn new(data: &'a mut [T]) -> Self {
        SharedMut { ptr: data.as_mut_ptr(), len: data.len(), life: PhantomData }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The start of the slice.
    pub fn as_ptr(&self) -> *mut T {
        self.ptr
    }

    /// A part of the slice. Panics when the range lies outside.
    ///
    /// # Safety
    /// While the result is in use, no other access may overlap the range.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn slice(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "{range:?} of a slice of {}", self.len);
        // SAFETY: the range is inside, and the caller vouches that nobody else uses it.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPEATS: usize = if cfg!(miri) { 3 } else { 300 };

    #[test]
    fn every_task_runs_once_at_any_number_of_threads() {
        for threads in [1, 2, 3, 4, 16] {
            with_num_threads(threads, || {
                for tasks in [0, 1, 2, 3, 17, 100] {
                    for _ in 0..REPEATS / 10 + 1 {
                        let mut seen = vec![0u32; tasks];
                        par_chunks_mut(&mut seen, 1, |i, s| s[0] += 1 + i as u32);
                        let want: Vec<u32> = (1..=tasks as u32).collect();
                        assert_eq!(seen, want, "{threads} threads, {tasks} tasks");
                    }
                }
            });
        }
    }

    #[test]
    fn chunks_cover_the_data() {
        for (len, chunk) in [(0, 4), (1, 4), (4, 4), (9, 4), (9, 1), (9, 100)] {
            let mut data = vec![0; len];
            par_chunks_mut(&mut data, chunk, |i, c| c.fill(i + 1));
            let want: Vec<usize> = (0..len).map(|i| i / chunk + 1).collect();
            assert_eq!(data, want, "{len} in chunks of {chunk}");
        }
    }

    #[test]
    fn nested_calls_and_other_callers_do_all_their_tasks() {
        let callers: Vec<_> = (0..3)
            .map(|_| {
                std::thread::spawn(|| {
                    with_num_threads(3, || {
                        for _ in 0..REPEATS {
                            let sum = AtomicUsize::new(0);
                            parallel_for(5, |i| {
                                parallel_for(4, |j| {
                                    sum.fetch_add(i * 10 + j, Relaxed);
                                })
                            });
                            assert_eq!(sum.into_inner(), 430);
                        }
                    })
                })
            })
            .collect();
        for c in callers {
            c.join().unwrap();
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        for threads in [1, 2, 4] {
            with_num_threads(threads, || {
                let caught = catch_unwind(|| parallel_for(8, |i| assert!(i != 5, "task five")));
                let message = caught.expect_err("the panic was lost");
                assert!(message.downcast_ref::<&str>().is_some_and(|m| m.contains("task five")));
                let count = AtomicUsize::new(0);
                parallel_for(8, |_| {
                    count.fetch_add(1, Relaxed);
                });
                assert_eq!(count.into_inner(), 8, "{threads} threads");
            });
        }
    }

    #[test]
    fn workers_use_the_callers_instruction_set() {
        for &level in simd::available() {
            simd::with_level(level, || {
                with_num_threads(4, || parallel_for(64, |_| assert_eq!(simd::level(), level)))
            });
        }
    }
}
