//! `window`: nested datasets of consecutive elements, which may overlap.

use std::collections::VecDeque;

use crate::cardinality::Cardinality;
use crate::dataset::{Dataset, Failed};
use crate::error::{ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

/// Size, shift and stride of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    size: usize,
    shift: Option<usize>,
    stride: usize,
    drop_remainder: bool,
}

impl Window {
    /// Windows of so many elements, each beginning where the one before ended.
    pub fn size(size: usize) -> Self {
        Window { size, shift: None, stride: 1, drop_remainder: false }
    }

    /// How many elements a window begins after the one before. Default: the size.
    pub fn shift(mut self, shift: usize) -> Self {
        self.shift = Some(shift);
        self
    }

    /// The distance between elements inside a window. Default 1.
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// Whether windows with fewer than `size` elements are dropped. Default false.
    pub fn drop_remainder(mut self, drop: bool) -> Self {
        self.drop_remainder = drop;
        self
    }

    fn step(self) -> usize {
        self.shift.unwrap_or(self.size)
    }

    /// How many consecutive elements a window reaches over.
    fn reach(self) -> usize {
        (self.size.saturating_sub(1)).saturating_mul(self.stride).saturating_add(1)
    }
}

impl From<usize> for Window {
    fn from(size: usize) -> Self {
        Window::size(size)
    }
}

impl<T: Clone + Send + Sync + 'static> Dataset<T> {
    /// Windows over the elements, each a dataset. Elements are cloned where windows overlap.
    ///
    /// ```
    /// use gradus_data::{Dataset, Window};
    /// let pairs = Dataset::range(0..4)
    ///     .window(Window::size(2).shift(1).drop_remainder(true))
    ///     .flat_map(|w| w.batch(2));
    /// assert_eq!(pairs.collect().unwrap(), [[0, 1], [1, 2], [2, 3]]);
    /// ```
    pub fn window(self, window: impl Into<Window>) -> Dataset<Dataset<T>> {
        Dataset::from_stage(WindowStage {
            site: self.next_site("window"),
            window: window.into(),
            input: self,
        })
    }
}

struct WindowStage<T> {
    site: Site,
    window: Window,
    input: Dataset<T>,
}

impl<T: Clone + Send + Sync + 'static> Stage<Dataset<T>> for WindowStage<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<Dataset<T>>>> {
        let w = self.window;
        if w.size == 0 || w.stride == 0 || w.step() == 0 {
            let message = format!(
                "window: size, shift and stride must be positive, found {}, {} and {}",
                w.size,
                w.step(),
                w.stride
            );
            return Ok(Box::new(Failed::new(self.site.error(0, ErrorKind::InvalidArgument, message))));
        }
        let (window, input, spec) = (w, self.input.open(pass)?, self.input.stage().spec());
        Ok(Box::new(WindowCursor {
            window,
            input,
            held: VecDeque::new(),
            before: 0,
            given: 0,
            ended: false,
            spec,
        }))
    }

    fn cardinality(&self) -> Cardinality {
        let (step, reach) = (self.window.step().max(1) as u64, self.window.reach() as u64);
        let drop = self.window.drop_remainder;
        self.input.cardinality().map(|n| match drop {
            true if n < reach => 0,
            true => (n - reach) / step + 1,
            false => n.div_ceil(step),
        })
    }

    fn spec(&self) -> Option<ElementSpec> {
        Some(ElementSpec::Dataset)
    }
}

struct WindowCursor<T> {
    window: Window,
    input: Box<dyn Cursor<T>>,
    /// The elements from the next window's beginning on, as far as they were read.
    held: VecDeque<T>,
    /// Elements to pass over before the next window's beginning.
    before: u64,
    given: u64,
    ended: bool,
    spec: Option<ElementSpec>,
}

impl<T: Clone + Send + Sync + 'static> Cursor<Dataset<T>> for WindowCursor<T> {
    fn next(&mut self) -> Option<Result<Dataset<T>>> {
        let (reach, step) = (self.window.reach(), self.window.step());
        if !self.ended && self.before > 0 {
            self.input.advance(self.before);
        }
        self.before = 0;
        while !self.ended && self.held.len() < reach {
            match self.input.next() {
                Some(Ok(x)) => self.held.push_back(x),
                Some(Err(e)) => {
                    self.ended |= e.is_fatal();
                    return Some(Err(e));
                }
                None => self.ended = true,
            }
        }
        if self.held.is_empty() || (self.window.drop_remainder && self.held.len() < reach) {
            return None;
        }
        let items: Vec<T> = self.held.iter().take(reach).step_by(self.window.stride).cloned().collect();
        let leave = step.min(self.held.len());
        self.held.drain(..leave);
        self.before = (step - leave) as u64;
        self.given += 1;
        Some(Ok(Dataset::from_vec_with_spec(items, self.spec.clone())))
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("window").word(self.given)
    }

    /// Passes over the elements before the next window; those it holds are read again.
    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        self.given = state.expect("window", 1, 0)?.number(0);
        self.input.advance(self.given.saturating_mul(self.window.step() as u64));
        Ok(())
    }
}
