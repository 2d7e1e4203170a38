//! Threads that belong to one iterator and go when it goes.

use std::sync::{Arc, MutexGuard, PoisonError};
pub(crate) use std::sync::{Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::{DataError, ErrorKind, Result};

/// How long dropping an iterator waits for a thread that is inside a user's function or a blocked read.
/// A thread that takes longer is left to end by itself as soon as that call returns.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);

/// Locks; a poisoned lock is taken as it is, since no code of ours panics while it holds one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// A few threads doing the same work.
pub(crate) struct Crew {
    handles: Vec<JoinHandle<()>>,
    working: Arc<(Mutex<usize>, Condvar)>,
}

impl Crew {
    /// Starts `count` threads. Fewer than asked for is fine as long as there is one.
    pub(crate) fn start(name: &str, count: usize, work: impl Fn() + Send + Sync + 'static) -> Result<Self> {
        let work = Arc::new(work);
        let working = Arc::new((Mutex::new(0), Condvar::new()));
        let mut handles = Vec::with_capacity(count);
        for _ in 0..count {
            let (work, mine) = (Arc::clone(&work), Leave(Arc::clone(&working)));
            *lock(&working.0) += 1;
            let body = move || {
                // Locals go in reverse order: first what the work holds (perhaps a crew further up), then
                // the sign that this thread is done.
                let _mine = mine;
                let work = work;
                work();
            };
            match thread::Builder::new().name(format!("gradus-{name}")).spawn(body) {
                Ok(handle) => handles.push(handle),
                Err(_) if !handles.is_empty() => break,
                Err(e) => {
                    return Err(DataError::new(
                        ErrorKind::Io,
                        format!("{name}: no thread could be started: {e}"),
                    ));
                }
            }
        }
        Ok(Crew { handles, working })
    }

    /// Waits for all threads to end, up to [`PATIENCE`]; whoever is left then is left alone.
    fn dismiss(&mut self) {
        let (count, changed) = &*self.working;
        let until = Instant::now() + PATIENCE;
        let mut left = lock(count);
        while *left > 0 {
            let now = Instant::now();
            if now >= until {
                return; // Dropping a handle detaches its thread.
            }
            left = changed.wait_timeout(left, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(left);
        for handle in self.handles.drain(..) {
            // Work functions catch the panics of user code, and a panic of ours has been shown by the
            // panic hook: there is nothing to add here.
            let _ = handle.join();
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.dismiss();
    }
}

struct Leave(Arc<(Mutex<usize>, Condvar)>);

impl Drop for Leave {
    fn drop(&mut self) {
        *lock(&self.0.0) -= 1;
        self.0.1.notify_all();
    }
}
