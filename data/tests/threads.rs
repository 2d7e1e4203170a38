//! Threads: the same stream for any number of them, errors in time, nothing left behind, memory bounded.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gradus_data::{DataError, Dataset, ErrorKind, Interleave, Key, Parallel, Prefetch};

/// Ends the process if a test hangs, so that a hang is a failure and not a wait.
struct Watchdog(Arc<AtomicU64>);

impl Watchdog {
    fn start(what: &'static str, seconds: u64) -> Self {
        let done = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&done);
        thread::spawn(move || {
            let end = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < end {
                if seen.load(Ordering::Relaxed) == 1 {
                    return;
                }
                thread::sleep(Duration::from_millis(50));
            }
            eprintln!("watchdog: {what} hangs");
            std::process::abort();
        });
        Watchdog(done)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.store(1, Ordering::Relaxed);
    }
}

/// Panics of the tests' own functions are wanted: they need not be printed.
fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        if !text.contains("wanted") {
            eprintln!("{text}");
        }
    }));
}

/// Tests here count threads and time: one after another.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|e| e.into_inner())
}

fn threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}

/// Waits a little at places that differ from run to run.
fn jitter(seed: u64, x: i64) {
    if Key::new(seed).below(x as u64, 6) == 0 {
        thread::sleep(Duration::from_micros(Key::new(seed + 1).below(x as u64, 300)));
    }
}

#[test]
fn the_stream_is_the_same_for_any_number_of_threads() {
    let _alone = alone();
    let _dog = Watchdog::start("determinism", 120);
    let build = |threads: usize, run: u64| {
        Dataset::range(0..150)
            .filter(|x| x % 7 != 3)
            .shuffle(20, 1)
            .parallel_map(threads, move |x| {
                jitter(run, x);
                x * 2
            })
            .parallel_map_random(threads, 3, |x, rng| Ok::<_, DataError>((x, rng.below(1000))))
            .interleave(Interleave::cycle_length(3).block_length(2).parallel(threads > 1), move |(x, r)| {
                Dataset::range(0..x % 3 + 1).map(move |i| {
                    jitter(run, i + x);
                    (x, r, i)
                })
            })
            .batch(4)
            .prefetch(threads)
    };
    let expected: Vec<_> = build(1, 0).iter_epoch(1).map(Result::unwrap).collect();
    assert!(expected.len() > 50);
    for threads in 1..=16 {
        let got: Vec<_> = build(threads, threads as u64).iter_epoch(1).map(Result::unwrap).collect();
        assert_eq!(got, expected, "{threads} threads");
    }
}

/// A pipeline of random stages over a source whose element `k` panics.
fn panicking(seed: u64, k: i64, n: i64) -> Dataset<Vec<i64>> {
    let key = Key::new(seed);
    let boom = move |x: i64| if x == k { panic!("wanted at {k}") } else { x };
    let threads = 1 + key.below(1, 4) as usize;
    let mut ds = match key.below(0, 4) {
        0 => Dataset::range(0..n).map(boom),
        1 => Dataset::range(0..n).parallel_map(threads, boom),
        2 => Dataset::range(0..n).filter(move |x| boom(*x) >= 0),
        _ => Dataset::from_generator(move || (0..n).map(boom)),
    };
    for step in 0..1 + key.below(2, 4) {
        ds = match key.fold(step).below(0, 6) {
            0 => ds.prefetch(1 + key.below(3, 4) as usize),
            1 => ds.parallel_map(threads, |x| x),
            2 => ds.interleave(
                Interleave::cycle_length(2).parallel(key.below(4, 2) == 0),
                Dataset::from_element,
            ),
            3 => ds.cache(),
            4 => ds.shuffle(5, seed),
            _ => ds.prefetch(Prefetch::auto()),
        };
    }
    ds.batch(1 + key.below(5, 3) as usize).prefetch(1)
}

#[test]
fn a_panic_in_any_of_a_thousand_pipelines_comes_out_with_stage_and_index() {
    let _alone = alone();
    quiet();
    let _dog = Watchdog::start("panics", 60);
    for seed in 0..1000 {
        let n = 30;
        let k = Key::new(seed).below(9, n as u64) as i64;
        let begin = Instant::now();
        let error = panicking(seed, k, n).iter_epoch(0).find_map(Result::err);
        let error = error.unwrap_or_else(|| panic!("pipeline {seed}: the panic at {k} was lost"));
        assert_eq!(error.kind(), ErrorKind::Panic, "pipeline {seed}: {error}");
        assert_eq!(error.index(), Some(k as u64), "pipeline {seed}: {error}");
        assert!(error.site().is_some() && error.message().contains("wanted"), "pipeline {seed}: {error}");
        assert!(begin.elapsed() < Duration::from_secs(1), "pipeline {seed} took {:?}", begin.elapsed());
    }
    let _ = std::panic::take_hook();
}

/// Threads and open files of this process.
fn held() -> Option<(usize, usize)> {
    Some((threads()?, std::fs::read_dir("/proc/self/fd").ok()?.count()))
}

/// Lines of a file through every stage that has threads.
fn threaded(file: &std::path::Path, threads: usize) -> Dataset<Vec<String>> {
    Dataset::text_lines(vec![file.to_path_buf(), file.to_path_buf()])
        .filter(|_| true)
        .parallel_map(threads, |x| x + ".")
        .interleave(Interleave::cycle_length(2).parallel(true), |x| Dataset::from_element(x).repeat(3))
        .chunk(3)
        .prefetch(2)
}

fn lines() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text: String = (0..500).map(|i| format!("line {i}\n")).collect();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn dropping_two_thousand_iterators_leaves_no_thread_and_no_file() {
    let _alone = alone();
    let _dog = Watchdog::start("drops", 240);
    let file = lines();
    let Some(before) = held() else {
        println!("skipped: no /proc to count threads in");
        return;
    };
    for round in 0..2000 {
        let take = Key::new(3).below(round, 40) as usize;
        let mut iter = threaded(file.path(), 1 + round as usize % 4).iter();
        assert_eq!(iter.by_ref().take(take).count(), take);
        drop(iter);
    }
    let end = Instant::now() + Duration::from_millis(500);
    while held().unwrap() > before && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    let (threads, files) = held().unwrap();
    assert!(
        threads <= before.0 && files <= before.1,
        "{before:?} threads and files before, {threads}, {files}"
    );
}

/// Bytes of memory that this process holds.
fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(4096 * pages.split(' ').nth(1)?.parse::<u64>().ok()?)
}

#[test]
fn memory_stays_where_it_is_over_many_epochs() {
    let _alone = alone();
    let _dog = Watchdog::start("soak", 240);
    let file = lines();
    let Some(before) = held() else {
        println!("skipped: no /proc to read memory from");
        return;
    };
    let dataset = threaded(file.path(), 2);
    let mut warm = 0;
    for epoch in 0..80 {
        assert_eq!(dataset.iter_epoch(epoch).map(|x| x.unwrap().len()).sum::<usize>(), 3000, "epoch {epoch}");
        if epoch == 20 {
            warm = resident().unwrap();
        }
    }
    let after = resident().unwrap();
    // One list of lines leaked in each epoch would be 60 times 30 KB and more, a thread's stack more.
    assert!(after < warm + (1 << 20), "{warm} bytes after 20 epochs, {after} after 80");
    let (threads, files) = held().unwrap();
    assert!(
        threads <= before.0 && files <= before.1,
        "{before:?} threads and files before, {threads}, {files}"
    );
}

#[test]
fn dropping_does_not_wait_long_for_user_code_that_blocks() {
    let _alone = alone();
    let _dog = Watchdog::start("blocked drop", 30);
    let ds = Dataset::range(0..10).filter(|_| true).parallel_map(2, |x| {
        if x > 0 {
            thread::sleep(Duration::from_secs(4));
        }
        x
    });
    let mut iter = ds.prefetch(2).iter();
    assert_eq!(iter.next().unwrap().unwrap(), 0);
    let begin = Instant::now();
    drop(iter);
    assert!(begin.elapsed() < Duration::from_secs(2), "dropping took {:?}", begin.elapsed());
}

/// An element that counts how many of its kind are alive.
struct Counted(Arc<AtomicI64>);

impl Counted {
    fn new(live: &Arc<AtomicI64>, most: &AtomicI64) -> Self {
        let now = live.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        Counted(Arc::clone(live))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_slow_consumer_holds_back_the_stages_before_it() {
    let _alone = alone();
    let _dog = Watchdog::start("bounds", 60);
    let (prefetch, buffer, workers, batch) = (3, 50, 2, 4);
    let (live, most) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let (l, m) = (Arc::clone(&live), Arc::clone(&most));
    let ds = Dataset::from_generator(|| 0..200_000)
        .map(move |_: i64| Counted::new(&l, &m))
        .parallel_map(Parallel::threads(workers), |x| x)
        .shuffle(buffer, 1)
        .prefetch(prefetch)
        .chunk(batch);
    let mut seen = 0;
    for (i, chunk) in ds.iter().enumerate() {
        seen += chunk.unwrap().len();
        if i < 20 {
            thread::sleep(Duration::from_millis(5));
        }
    }
    assert_eq!(seen, 200_000);
    // Two elements for each worker, and one being handed on at each of the stages.
    let bound = (prefetch + buffer + 2 * workers + batch + 4) as i64;
    let most = most.load(Ordering::SeqCst);
    assert!(most <= bound, "{most} elements were alive, the stages declare {bound}");
    assert_eq!(live.load(Ordering::SeqCst), 0, "all elements are gone");
}
