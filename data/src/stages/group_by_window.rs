//! `group_by_window`: elements of one key are gathered and made into a dataset together.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{ErrorKind, Result, Site};
use crate::guard::guard;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

type KeyOf<T, K> = dyn Fn(&T) -> K + Send + Sync;
type SizeOf<K> = dyn Fn(&K) -> usize + Send + Sync;
type Reduce<T, K, U> = dyn Fn(K, Dataset<T>) -> Dataset<U> + Send + Sync;

impl<T: Clone + Send + Sync + 'static> Dataset<T> {
    /// Gathers the elements of every key until there are `window_size` of them, then gives what `reduce`
    /// makes of them. At the end the incomplete windows follow, in the order of their keys.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// let ds = Dataset::range(0..7).group_by_window(|x| x % 2, |_key, window| window.batch(2), 2);
    /// assert_eq!(ds.collect().unwrap(), [vec![0, 2], vec![1, 3], vec![4, 6], vec![5]]);
    /// ```
    pub fn group_by_window<K, U>(
        self,
        key: impl Fn(&T) -> K + Send + Sync + 'static,
        reduce: impl Fn(K, Dataset<T>) -> Dataset<U> + Send + Sync + 'static,
        window_size: usize,
    ) -> Dataset<U>
    where
        K: Clone + Ord + Send + 'static,
        U: Send + 'static,
    {
        self.group_by_window_of(key, reduce, move |_| window_size)
    }

    /// [`group_by_window`](Self::group_by_window) with a window size for every key.
    pub fn group_by_window_of<K, U>(
        self,
        key: impl Fn(&T) -> K + Send + Sync + 'static,
        reduce: impl Fn(K, Dataset<T>) -> Dataset<U> + Send + Sync + 'static,
        window_size: impl Fn(&K) -> usize + Send + Sync + 'static,
    ) -> Dataset<U>
    where
        K: Clone + Ord + Send + 'static,
        U: Send + 'static,
    {
        let functions =
            Functions { key: Arc::new(key), size: Arc::new(window_size), reduce: Arc::new(reduce) };
        Dataset::from_stage(Group { site: self.next_site("group_by_window"), input: self, functions })
    }
}

struct Functions<T, K, U> {
    key: Arc<KeyOf<T, K>>,
    size: Arc<SizeOf<K>>,
    reduce: Arc<Reduce<T, K, U>>,
}

impl<T, K, U> Clone for Functions<T, K, U> {
    fn clone(&self) -> Self {
        Functions {
            key: Arc::clone(&self.key),
            size: Arc::clone(&self.size),
            reduce: Arc::clone(&self.reduce),
        }
    }
}

struct Group<T, K, U> {
    site: Site,
    input: Dataset<T>,
    functions: Functions<T, K, U>,
}

impl<T, K, U> Stage<U> for Group<T, K, U>
where
    T: Clone + Send + Sync + 'static,
    K: Clone + Ord + Send + 'static,
    U: Send + 'static,
{
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<U>>> {
        Ok(Box::new(GroupCursor {
            site: self.site,
            pass,
            input: self.input.open(pass)?,
            functions: self.functions.clone(),
            windows: BTreeMap::new(),
            read: 0,
            reduced: 0,
            given: 0,
            current: None,
            ended: false,
        }))
    }

    fn cardinality(&self) -> Cardinality {
        match self.input.cardinality() {
            Cardinality::Infinite => Cardinality::Infinite,
            _ => Cardinality::Unknown,
        }
    }
}

struct GroupCursor<T, K, U> {
    site: Site,
    pass: Pass,
    input: Box<dyn Cursor<T>>,
    functions: Functions<T, K, U>,
    windows: BTreeMap<K, Vec<T>>,
    read: u64,
    reduced: u64,
    given: u64,
    current: Option<Box<dyn Cursor<U>>>,
    ended: bool,
}

impl<T, K, U> GroupCursor<T, K, U>
where
    T: Clone + Send + Sync + 'static,
    K: Clone + Ord + Send + 'static,
    U: Send + 'static,
{
    /// Reads until a window is full or the input has ended; `None`: nothing is left.
    fn next_window(&mut self) -> Option<Result<(K, Vec<T>)>> {
        while !self.ended {
            let x = match self.input.next() {
                Some(Ok(x)) => x,
                Some(Err(e)) => {
                    self.ended = e.is_fatal();
                    self.read += 1;
                    return Some(Err(e));
                }
                None => {
                    self.ended = true;
                    break;
                }
            };
            let at = self.read;
            self.read += 1;
            match self.sort_in(at, x) {
                Ok(Some(full)) => return Some(Ok(full)),
                Ok(None) => {}
                Err(e) => return Some(Err(e)),
            }
        }
        self.windows.pop_first().map(Ok)
    }

    fn sort_in(&mut self, at: u64, x: T) -> Result<Option<(K, Vec<T>)>> {
        let key = guard(self.site, at, || (self.functions.key)(&x))?;
        let size = guard(self.site, at, || (self.functions.size)(&key))?;
        if size == 0 {
            let message = "group_by_window: the window size of a key is 0";
            return Err(self.site.error(at, ErrorKind::InvalidArgument, message));
        }
        let items = self.windows.entry(key.clone()).or_default();
        items.push(x);
        Ok((items.len() >= size).then(|| std::mem::take(items)).map(|items| {
            self.windows.remove(&key);
            (key, items)
        }))
    }
}

impl<T, K, U> Cursor<U> for GroupCursor<T, K, U>
where
    T: Clone + Send + Sync + 'static,
    K: Clone + Ord + Send + 'static,
    U: Send + 'static,
{
    fn next(&mut self) -> Option<Result<U>> {
        loop {
            if let Some(current) = &mut self.current {
                if let Some(x) = current.next() {
                    self.given += 1;
                    return Some(x);
                }
                self.current = None;
            }
            let window = self.next_window()?;
            let at = self.reduced;
            let opened = window.and_then(|(key, items)| {
                self.reduced += 1;
                let made = guard(self.site, at, || (self.functions.reduce)(key, Dataset::from_vec(items)))?;
                made.open(self.pass.nested(self.site, at))
            });
            match opened {
                Ok(cursor) => self.current = Some(cursor),
                Err(e) => {
                    self.given += 1;
                    return Some(Err(e));
                }
            }
        }
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("group_by_window").word(self.given)
    }

    /// The windows hold elements: what came before is gone through again.
    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let wanted = state.expect("group_by_window", 1, 0)?.number(0);
        self.advance(wanted);
        Ok(())
    }
}
