//! A closure that is recorded when it meets new dtypes or shapes, and replayed otherwise.

use crate::arguments::{Argument, Arguments, Returned};
use crate::family::Family;
use crate::key::Retrace;
use crate::signature::{self, InputSpec};
use crate::trace::{Trace, Traces};
use gradus_tensor::{Error, ErrorKind, Result, Tensor};
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

type Body<R> = dyn Fn(&[Tensor]) -> Result<R> + Send + Sync;

/// A traced function from tensors (and numbers) to `R`: one tensor, an array, a vector, a pair.
///
/// There is one graph per list of dtypes and shapes, and per number passed. It can be called from several threads.
///
/// ```
/// use gradus_autograd::Variable;
/// use gradus_function::Function;
/// use gradus_tensor::Tensor;
/// let (w, b) = (Variable::new(Tensor::scalar(2.0f32)), Variable::new(Tensor::scalar(1.0f32)));
/// let line = Function::new(move |x| x[0].mul(&w.value())?.add(&b.value()));
/// assert_eq!(line.call(&Tensor::scalar(3.0f32))?.item::<f32>()?, 7.0);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub struct Function<R> {
    id: u64,
    body: Box<Body<R>>,
    traces: Traces,
    signature: Option<Vec<InputSpec>>,
    /// The signature's unknown dimensions: input and axis.
    open: Vec<(usize, usize)>,
    families: RwLock<Families>,
    result: PhantomData<R>,
}

/// The graphs that serve every size of unknown dimensions.
#[derive(Default)]
struct Families {
    list: Vec<Arc<Family>>,
    /// Why there is none, once that is known.
    none: Option<Error>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// Functions whose bodies run on this thread right now.
    static RECORDED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

struct Running;

impl Drop for Running {
    fn drop(&mut self) {
        RECORDED.with_borrow_mut(|r| r.pop());
    }
}

impl<R: Returned> Function<R> {
    /// A function of any number of tensors, given to the body in order.
    pub fn new(body: impl Fn(&[Tensor]) -> Result<R> + Send + Sync + 'static) -> Function<R> {
        Function {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            body: Box::new(body),
            traces: Traces::new("function"),
            signature: None,
            open: Vec::new(),
            families: RwLock::default(),
            result: PhantomData,
        }
    }

    /// The same function under a name, which messages and drawings show.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Function<R> {
        self.traces = Traces::new(name);
        self
    }

    /// The same function for inputs of these dtypes and shapes only; `None` stands for any size.
    ///
    /// One graph serves all sizes. To find out which of its numbers follow from them, the first call records the body at
    /// three sizes; further sizes do not run it again. A body that does other operations at another size is recorded for
    /// each ([`Function::one_graph`] tells why).
    ///
    /// ```
    /// use gradus_function::{Function, InputSpec};
    /// use gradus_tensor::{DType, Tensor};
    /// let f = Function::new(|x| x[0].square()).signature([InputSpec::new(DType::F32, [None, Some(2)])]);
    /// f.call(&Tensor::zeros([5, 2], DType::F32)?)?;
    /// let e = f.call(&Tensor::zeros([5, 3], DType::F32)?).unwrap_err();
    /// assert_eq!(e.to_string(), "function: argument 0 is float32[5, 3], the signature says float32[?, 2]");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    #[must_use]
    pub fn signature(mut self, inputs: impl Into<Vec<InputSpec>>) -> Function<R> {
        let inputs = inputs.into();
        self.open = signature::open(&inputs);
        self.signature = Some(inputs);
        self.traces.expect_many();
        self
    }

    fn check(&self, arguments: &[Argument]) -> Result<()> {
        let Some(s) = &self.signature else { return Ok(()) };
        signature::check(s, arguments).map_err(|e| e.within(self.traces.name()))
    }

    /// The results, by a replay or, the first time, by recording the body.
    ///
    /// Errors of the body come through with the function's name in front, and change no variable.
    pub fn call(&self, arguments: impl Arguments) -> Result<R> {
        let arguments = arguments.list();
        self.check(&arguments)?;
        if let Some((trace, inputs)) = self.member(&arguments)? {
            return R::from_list(trace.call(&inputs)?);
        }
        R::from_list(self.traces.call(&arguments, 0, |x| self.body(x))?)
    }

    /// The trace for such arguments, recorded now if need be; no variable changes.
    pub fn trace(&self, arguments: impl Arguments) -> Result<Arc<Trace>> {
        let arguments: smallvec::SmallVec<[Argument; 4]> = arguments.list();
        self.check(&arguments)?;
        if let Some((trace, _)) = self.member(&arguments)? {
            return Ok(trace);
        }
        self.traces.prepare(&arguments, 0, |x| self.body(x))
    }

    /// The trace for arguments of unknown dimensions, from the graph for all sizes; `None` when there is no such graph.
    fn member(&self, arguments: &[Argument]) -> Result<Option<(Arc<Trace>, Vec<Tensor>)>> {
        if self.open.is_empty() {
            return Ok(None);
        }
        let inputs: Option<Vec<Tensor>> = (arguments.iter())
            .map(|a| if let Argument::Tensor(t) = a { Some(t.clone()) } else { None })
            .collect();
        let Some(inputs) = inputs else { return Ok(None) };
        let known = {
            let families = self.families.read().unwrap_or_else(|e| e.into_inner());
            let known = families.list.iter().find(|f| f.fits(&inputs)).cloned();
            if known.is_none() && families.none.is_some() {
                return Ok(None);
            }
            known
        };
        let family = match known {
            Some(family) => family,
            None => {
                let found = Family::of(&self.open, &inputs, |x| self.body(x));
                let mut families = self.families.write().unwrap_or_else(|e| e.into_inner());
                match found {
                    Ok(family) => {
                        self.traces.note(arguments, 0);
                        let family = Arc::new(family);
                        families.list.push(family.clone());
                        family
                    }
                    Err(e) => {
                        log::info!("function {}: {e}", self.traces.name());
                        families.none = Some(e);
                        return Ok(None);
                    }
                }
            }
        };
        let trace = family.member(&inputs).map_err(|e| e.within(self.traces.name()))?;
        Ok(Some((trace, inputs)))
    }

    /// Whether one graph serves all sizes of the signature's unknown dimensions. Errors with the reason why not, which
    /// is known from the first call on.
    pub fn one_graph(&self) -> Result<()> {
        let families = self.families.read().unwrap_or_else(|e| e.into_inner());
        match &families.none {
            Some(e) if families.list.is_empty() => Err(e.clone()),
            _ => Ok(()),
        }
    }

    fn body(&self, x: &[Tensor]) -> Result<Vec<Tensor>> {
        if RECORDED.with_borrow(|r| r.contains(&self.id)) {
            return Err(Error::new(
                ErrorKind::Trace,
                "the function calls itself while it is recorded, which has no end; loop with `while_loop`",
            ));
        }
        RECORDED.with_borrow_mut(|r| r.push(self.id));
        let _running = Running;
        (self.body)(x).map(R::into_list)
    }

    /// How often the body was recorded.
    pub fn trace_count(&self) -> usize {
        self.traces.count()
    }

    /// Why each recording was made, in order.
    pub fn retraces(&self) -> Vec<Retrace> {
        self.traces.history()
    }

    /// Every trace, in the order in which they were made; of a graph for all sizes, those of the sizes used last.
    pub fn traces(&self) -> Vec<Arc<Trace>> {
        let families = self.families.read().unwrap_or_else(|e| e.into_inner());
        let mut all: Vec<Arc<Trace>> = families.list.iter().flat_map(|f| f.members()).collect();
        all.extend(self.traces.list());
        all
    }
}

impl<R> fmt::Debug for Function<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({:?}, {} traces)", self.traces.name(), self.traces.count())
    }
}
