//! Builds datasets and runs the functions inside them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use gradus_data::{
    Batch, Buckets, Cardinality, Cursor, DataError, Dataset, Element, ElementSpec, ErrorKind, IgnoreErrors,
    Interleave, PaddedBatch, Pass, Rebatch, Resample, Sample, Site, Stage, Window,
};
use tempfile::TempDir;

use super::item::{Item, PLAIN};
use super::syntax::{Args, Expr};
use crate::registry::ConformanceError;

/// Values of names.
#[derive(Clone, Debug, Default)]
pub struct Scope(BTreeMap<String, Item>);

impl Scope {
    /// One more name.
    pub fn with(&self, name: &str, value: Item) -> Scope {
        let mut scope = self.clone();
        scope.0.insert(name.to_string(), value);
        scope
    }

    /// The element of a function: `x` or `i`, and the parts of a tuple as `a`, `b`, ...
    fn element(&self, item: Item) -> Scope {
        let scope = self.with("x", item.clone()).with("i", item.clone());
        match item {
            Item::Tuple(parts) => scope.parts(parts),
            _ => scope,
        }
    }

    fn parts(self, parts: Vec<Item>) -> Scope {
        parts.into_iter().zip('a'..='z').fold(self, |scope, (part, name)| scope.with(&name.to_string(), part))
    }
}

/// What evaluation gives: the library's refusals and the interpreter's own limits stay apart.
type Result<T> = std::result::Result<T, ConformanceError>;

fn unfit(message: impl Into<String>) -> ConformanceError {
    ConformanceError::Case(message.into())
}

/// The dataset that an expression describes.
pub fn dataset_of(expr: &Expr, scope: &Scope) -> Result<Dataset<Item>> {
    value(expr, scope)?.dataset().map_err(unfit)
}

/// A function of one element, for stages.
fn function(expr: &Expr, scope: &Scope) -> impl Fn(Item) -> Result<Item> + Clone + Send + Sync + 'static {
    let (expr, scope) = (Arc::new(expr.clone()), Arc::new(scope.clone()));
    move |item| value(&expr, &scope.element(item)).map(Item::settled)
}

/// A function from elements to datasets; an error becomes a dataset that gives it.
fn inner(expr: &Expr, scope: &Scope) -> impl Fn(Item) -> Dataset<Item> + Clone + Send + Sync + 'static {
    let (expr, scope) = (Arc::new(expr.clone()), Arc::new(scope.clone()));
    move |item| dataset_of(&expr, &scope.element(item)).unwrap_or_else(|e| failed(&e))
}

fn truth(expr: &Expr, scope: &Scope) -> impl Fn(&Item) -> bool + Send + Sync + 'static {
    let f = function(expr, scope);
    move |item| matches!(f(item.clone()), Ok(Item::Int(_, v)) if v != 0)
}

fn value(expr: &Expr, scope: &Scope) -> Result<Item> {
    let all = |list: &[Expr]| list.iter().map(|e| value(e, scope)).collect::<Result<Vec<_>>>();
    match expr {
        Expr::Int(v) => Ok(Item::Int(PLAIN, *v)),
        Expr::Float(v) => Ok(Item::Float(*v as f32)),
        Expr::Text(v) => Ok(Item::Text(v.clone())),
        Expr::List(list) => all(list).map(Item::List),
        Expr::Tuple(list) => all(list).map(Item::Tuple),
        Expr::Dict(entries) => {
            let entries = entries.iter().map(|(k, v)| Ok((k.clone(), value(v, scope)?)));
            Ok(Item::Named(entries.collect::<Result<_>>()?))
        }
        Expr::Name(name) => match scope.0.get(name) {
            Some(item) => Ok(item.clone()),
            None if name == "True" || name == "False" => Ok(Item::Int("bool", i64::from(name == "True"))),
            None if name == "seed" => Ok(Item::Int(PLAIN, 17)),
            None => Err(unfit(format!("{name} has no value"))),
        },
        Expr::Index(list, at) => {
            let (list, at) =
                (value(list, scope)?.list().map_err(unfit)?, value(at, scope)?.size().map_err(unfit)?);
            list.get(at).cloned().ok_or_else(|| unfit(format!("entry {at} of {}", list.len())))
        }
        Expr::Negative(of) => binary(Item::Int(PLAIN, 0), "-", value(of, scope)?),
        Expr::Binary(left, operator, right) => binary(value(left, scope)?, operator, value(right, scope)?),
        Expr::Call { on: None, name, args } => call(name, args, scope),
        Expr::Call { on: Some(on), name, args } => {
            // `VAR` stands for a dataset of the rows in the case.
            let on = match value(on, scope)? {
                Item::List(rows) => slices(Item::List(rows))?,
                other => other.dataset().map_err(unfit)?,
            };
            stage(on, name, &Given { args, scope }).map(Item::Nested)
        }
    }
}

fn binary(left: Item, operator: &str, right: Item) -> Result<Item> {
    match (left, right) {
        (number @ Item::Int(..), Item::Nested(dataset)) if operator == "+" => {
            let add = move |x: Item| binary(number.clone(), "+", x);
            Ok(Item::Nested(dataset.try_map(add)))
        }
        (Item::List(list), Item::Int(_, times)) if operator == "*" => {
            let times = usize::try_from(times).unwrap_or(0);
            Ok(Item::List(vec![list; times].concat()))
        }
        (Item::Int(left, a), Item::Int(right, b)) => {
            let dtype = if left == PLAIN { right } else { left };
            let truth = |is: bool| Item::Int("bool", i64::from(is));
            Ok(match operator {
                "+" => Item::Int(dtype, a + b),
                "-" => Item::Int(dtype, a - b),
                "*" => Item::Int(dtype, a * b),
                "%" if b != 0 => Item::Int(dtype, a.rem_euclid(b)),
                "/" => Item::Float(a as f32 / b as f32),
                "==" => truth(a == b),
                "!=" => truth(a != b),
                "<" => truth(a < b),
                "<=" => truth(a <= b),
                ">" => truth(a > b),
                ">=" => truth(a >= b),
                _ => return Err(unfit(format!("{a} {operator} {b}"))),
            })
        }
        (Item::Float(a), Item::Int(_, b)) if operator == "/" => Ok(Item::Float(a / b as f32)),
        (left, right) => Err(unfit(format!("{left:?} {operator} {right:?}"))),
    }
}

/// The arguments of a call.
struct Given<'a> {
    args: &'a Args,
    scope: &'a Scope,
}

impl Given<'_> {
    fn expr(&self, at: usize, name: &str) -> Option<&Expr> {
        self.args.named.get(name).or_else(|| self.args.list.get(at))
    }

    fn must(&self, at: usize, name: &str) -> Result<&Expr> {
        self.expr(at, name).ok_or_else(|| unfit(format!("argument {name} is absent")))
    }

    fn value(&self, at: usize, name: &str) -> Result<Item> {
        value(self.must(at, name)?, self.scope)
    }

    fn int_or(&self, at: usize, name: &str, default: i64) -> Result<i64> {
        match self.expr(at, name) {
            Some(expr) => value(expr, self.scope)?.int().map_err(unfit),
            None => Ok(default),
        }
    }

    fn size(&self, at: usize, name: &str) -> Result<usize> {
        self.value(at, name)?.size().map_err(unfit)
    }

    fn size_or(&self, at: usize, name: &str, default: usize) -> Result<usize> {
        if self.expr(at, name).is_some() { self.size(at, name) } else { Ok(default) }
    }

    /// A keyword flag.
    fn flag(&self, name: &str) -> Result<bool> {
        match self.args.named.get(name) {
            Some(expr) => Ok(value(expr, self.scope)?.int().map_err(unfit)? != 0),
            None => Ok(false),
        }
    }

    fn sizes(&self, at: usize, name: &str) -> Result<Vec<usize>> {
        match self.value(at, name)? {
            Item::List(list) => {
                list.iter().map(Item::size).collect::<std::result::Result<_, _>>().map_err(unfit)
            }
            one => one.size().map(|n| vec![n]).map_err(unfit),
        }
    }
}

/// A dataset whose element spec the source knows; a `map` in between would forget it.
struct Typed {
    input: Dataset<Item>,
    spec: ElementSpec,
}

impl Stage<Item> for Typed {
    fn site(&self) -> Site {
        self.input.stage().site()
    }

    fn open(&self, pass: Pass) -> std::result::Result<Box<dyn Cursor<Item>>, DataError> {
        self.input.open(pass)
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn spec(&self) -> Option<ElementSpec> {
        Some(self.spec.clone())
    }
}

/// The same dataset with its elements as items, and its spec kept.
fn items<T: Send + 'static>(dataset: Dataset<T>, item: fn(T) -> Item) -> Dataset<Item> {
    match dataset.stage().spec() {
        Some(spec) => Dataset::from_stage(Typed { input: dataset.map(item), spec }),
        None => dataset.map(item),
    }
}

fn integers(dataset: Dataset<i64>) -> Item {
    Item::Nested(items(dataset, |v| Item::Int("int64", v)))
}

/// `from_tensor_slices` of a list, a tuple of lists or named lists.
fn slices(data: Item) -> Result<Dataset<Item>> {
    let list = |item: Item| item.list().map_err(unfit);
    match data.settled() {
        Item::List(rows) => Ok(Dataset::from_tensor_slices(rows)),
        // Rows of different lengths have no shape in common.
        Item::Ragged(rows) => Ok(Dataset::from_vec(rows)),
        Item::Tuple(parts) => match <[Item; 2]>::try_from(parts) {
            Ok([a, b]) => {
                let pairs = Dataset::from_tensor_slices((list(a)?, list(b)?));
                Ok(items(pairs, |(a, b)| Item::Tuple(vec![a, b])))
            }
            Err(parts) => Err(unfit(format!("a tuple of {}", parts.len()))),
        },
        Item::Named(parts) => {
            let parts =
                parts.into_iter().map(|(k, v)| Ok((k, list(v)?))).collect::<Result<BTreeMap<_, _>>>()?;
            Ok(items(Dataset::from_tensor_slices(parts), Item::Named))
        }
        scalar => {
            // The trait bound on `from_tensor_slices` is what refuses a scalar.
            Err(ConformanceError::Rejected(format!(
                "{scalar:?} has no first axis: it does not implement Slices"
            )))
        }
    }
}

fn call(name: &str, args: &Args, scope: &Scope) -> Result<Item> {
    let given = Given { args, scope };
    Ok(match name {
        "range" => {
            let numbers: Vec<i64> =
                args.list.iter().map(|e| value(e, scope)?.int().map_err(unfit)).collect::<Result<_>>()?;
            integers(match numbers.as_slice() {
                &[stop] => Dataset::range(0..stop),
                &[start, stop] => Dataset::range(start..stop),
                &[start, stop, step] => Dataset::range_step(start, stop, step),
                other => return Err(unfit(format!("range of {} numbers", other.len()))),
            })
        }
        "counter" => integers(Dataset::counter(given.int_or(0, "start", 0)?, given.int_or(1, "step", 1)?)),
        "random" => Item::Nested(Dataset::random(17).map(|v| Item::Int("int64", v))),
        "from_tensors" => Item::Nested(Dataset::from_tensors(given.value(0, "tensors")?.settled())),
        "from_tensor_slices" => Item::Nested(slices(given.value(0, "tensors")?)?),
        "from_generator" => {
            let list =
                args.list.iter().map(|e| value(e, scope).map(Item::settled)).collect::<Result<Vec<_>>>()?;
            Item::Nested(Dataset::from_generator(move || list.clone().into_iter()))
        }
        "zip" => match given.value(0, "datasets")? {
            Item::Nested(first) => Item::Nested(items(
                first.zip(given.value(1, "datasets")?.dataset().map_err(unfit)?),
                |(a, b)| Item::Tuple(vec![a, b]),
            )),
            Item::Named(parts) => Item::Nested(zip_named(parts)?),
            other => return Err(unfit(format!("zip of {other:?}"))),
        },
        "choose_from_datasets" => {
            let choices = given.value(1, "choice_dataset")?.list().map_err(unfit)?;
            let choices: Vec<i64> =
                choices.iter().map(Item::int).collect::<std::result::Result<_, _>>().map_err(unfit)?;
            let choices = Dataset::from_tensor_slices(choices);
            let stop = given.flag("stop_on_empty_dataset")?;
            Item::Nested(Dataset::choose_from_datasets(datasets(&given)?, choices, stop))
        }
        "sample_from_datasets" => {
            let options = Sample::new()
                .weights(shares(&given, "weights")?)
                .seed(17)
                .stop_on_empty_dataset(given.flag("stop_on_empty_dataset")?);
            Item::Nested(Dataset::sample_from_datasets(datasets(&given)?, options))
        }
        "ragged" => Item::Ragged(given.value(0, "rows")?.settled().list().map_err(unfit)?),
        "u8" => {
            let bytes = given.value(0, "bytes")?.list().map_err(unfit)?;
            let byte = |item: &Item| item.int().map(|v| Item::Int("uint8", v));
            Item::List(bytes.iter().map(byte).collect::<std::result::Result<_, _>>().map_err(unfit)?)
        }
        "float32" => Item::Float(given.value(0, "x")?.int().map_err(unfit)? as f32),
        "fill" => {
            let count = given.value(0, "dims")?.list().map_err(unfit)?;
            let [count] = count.as_slice() else { return Err(unfit("fill of more than one axis")) };
            Item::List(vec![given.value(1, "value")?; count.size().map_err(unfit)?])
        }
        "check_numerics" => match given.value(0, "tensor")? {
            Item::Float(v) if !v.is_finite() => {
                return Err(ConformanceError::Rejected(format!("{v} is not finite")));
            }
            other => other,
        },
        other => return Err(ConformanceError::NotImplemented(format!("data set {other}"))),
    })
}

thread_local! {
    /// Folders of snapshots, which go with the thread.
    static SNAPSHOTS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

/// A new folder for a snapshot; the path that a case gives is a name for one.
fn snapshot_folder() -> Result<PathBuf> {
    let folder = TempDir::new().map_err(|e| unfit(e.to_string()))?;
    let path = folder.path().to_owned();
    SNAPSHOTS.with_borrow_mut(|kept| kept.push(folder));
    Ok(path)
}

/// The list of datasets in front of the other arguments.
fn datasets(given: &Given<'_>) -> Result<Vec<Dataset<Item>>> {
    let list = given.value(0, "datasets")?.list().map_err(unfit)?;
    list.into_iter().map(|item| item.dataset().map_err(unfit)).collect()
}

/// A list of shares, whole numbers among them.
fn shares(given: &Given<'_>, name: &str) -> Result<Vec<f64>> {
    let share = |item: &Item| match item {
        Item::Int(_, v) => Ok(*v as f64),
        Item::Float(v) => Ok(f64::from(*v)),
        other => Err(unfit(format!("share {other:?}"))),
    };
    given.value(usize::MAX, name)?.list().map_err(unfit)?.iter().map(share).collect()
}

/// A dataset that gives the error when it runs.
fn failed(error: &ConformanceError) -> Dataset<Item> {
    Dataset::failed("function", DataError::new(ErrorKind::User, error.to_string()))
}

fn zip_named(parts: BTreeMap<String, Item>) -> Result<Dataset<Item>> {
    let mut zipped: Option<Dataset<Item>> = None;
    for (name, part) in parts {
        let part = part.dataset().map_err(unfit)?;
        let spec = part.stage().spec();
        let named = part.map({
            let name = name.clone();
            move |x| Item::Named([(name.clone(), x)].into())
        });
        let named = match spec {
            Some(spec) => {
                let spec = ElementSpec::Named(vec![(name, spec)]);
                Dataset::from_stage(Typed { input: named, spec })
            }
            None => named,
        };
        zipped = Some(match zipped {
            None => named,
            Some(before) => {
                let spec = match (before.stage().spec(), named.stage().spec()) {
                    (Some(ElementSpec::Named(a)), Some(ElementSpec::Named(b))) => {
                        Some(ElementSpec::Named([a, b].concat()))
                    }
                    _ => None,
                };
                let both = before.zip(named).map(|(a, b)| match (a, b) {
                    (Item::Named(mut a), Item::Named(b)) => {
                        a.extend(b);
                        Item::Named(a)
                    }
                    (a, b) => Item::Tuple(vec![a, b]),
                });
                match spec {
                    Some(spec) => Dataset::from_stage(Typed { input: both, spec }),
                    None => both,
                }
            }
        });
    }
    zipped.ok_or_else(|| unfit("zip of nothing"))
}

fn stage(on: Dataset<Item>, name: &str, given: &Given<'_>) -> Result<Dataset<Item>> {
    let scope = given.scope;
    Ok(match name {
        "map" => on.try_map(function(given.must(0, "map_func")?, scope)),
        "filter" => on.filter(truth(given.must(0, "predicate")?, scope)),
        "take_while" => on.take_while(truth(given.must(0, "predicate")?, scope)),
        "flat_map" => on.flat_map(inner(given.must(0, "map_func")?, scope)),
        "interleave" => {
            let options = Interleave::cycle_length(given.size_or(usize::MAX, "cycle_length", 2)?)
                .block_length(given.size_or(usize::MAX, "block_length", 1)?);
            on.interleave(options, inner(given.must(0, "map_func")?, scope))
        }
        "batch" => {
            on.batch(Batch::new(given.size(0, "batch_size")?).drop_remainder(given.flag("drop_remainder")?))
        }
        "padded_batch" => {
            let mut options = PaddedBatch::new(given.size(0, "batch_size")?);
            if given.expr(usize::MAX, "padded_shapes").is_some() {
                options = options.padded_shapes(given.sizes(usize::MAX, "padded_shapes")?.first().copied());
            }
            if given.expr(usize::MAX, "padding_values").is_some() {
                options = options.padding_values(Some(given.int_or(usize::MAX, "padding_values", 0)?));
            }
            on.padded_batch(options.drop_remainder(given.flag("drop_remainder")?))
        }
        "ragged_batch" => {
            let options =
                Batch::new(given.size(0, "batch_size")?).drop_remainder(given.flag("drop_remainder")?);
            items(on.ragged_batch(options), Item::Ragged)
        }
        "unbatch" => on.unbatch(),
        "rebatch" => on.rebatch(
            Rebatch::new(given.sizes(0, "batch_size")?).drop_remainder(given.flag("drop_remainder")?),
        ),
        "repeat" => match given.int_or(0, "count", -1)? {
            -1 => on.repeat_forever(),
            count => on.repeat(usize::try_from(count).map_err(|_| unfit("negative count"))?),
        },
        // Rust's counts are never negative; TensorFlow's -1 is "all".
        "take" => on.take(given.int_or(0, "count", -1).map(|n| usize::try_from(n).unwrap_or(usize::MAX))?),
        "skip" => on.skip(given.int_or(0, "count", -1).map(|n| usize::try_from(n).unwrap_or(usize::MAX))?),
        "shard" => on.shard(given.size(0, "num_shards")?, given.size(1, "index")?),
        "enumerate" => items(on.enumerate(), |(i, x)| Item::Tuple(vec![Item::Int("int64", i), x])),
        "prefetch" => on.prefetch(given.size(0, "buffer_size")?),
        "shuffle" => on.shuffle(given.size(0, "buffer_size")?, 17),
        "concatenate" => {
            let other = given.value(0, "dataset")?.dataset().map_err(unfit)?;
            match (on.stage().spec(), other.stage().spec()) {
                (Some(a), Some(b)) if a != b => {
                    let message = format!("concatenate of {a} and {b}: both must be Dataset<T> of one T");
                    return Err(ConformanceError::Rejected(message));
                }
                _ => on.concatenate(other),
            }
        }
        "window" => {
            let size = given.size(0, "size")?;
            let window = Window::size(size)
                .shift(given.size_or(usize::MAX, "shift", size)?)
                .stride(given.size_or(usize::MAX, "stride", 1)?)
                .drop_remainder(given.flag("drop_remainder")?);
            items(on.window(window), windowed)
        }
        "scan" => {
            let (state, expr) = (given.value(0, "initial_state")?, given.must(1, "scan_func")?.clone());
            let scope = scope.clone();
            let step = move |state: Item, x: Item| {
                let scope = match &state {
                    Item::Tuple(parts) => scope.with("x", x).parts(parts.clone()),
                    state => scope.with("x", x).with("s", state.clone()),
                };
                match value(&expr, &scope).and_then(|pair| pair.list().map_err(unfit)) {
                    Ok(pair) => match <[Item; 2]>::try_from(pair) {
                        Ok([state, out]) => (state, out.settled()),
                        Err(_) => (state, Item::default()),
                    },
                    Err(_) => (state, Item::default()),
                }
            };
            on.scan(state, step)
        }
        "cache" => on.cache(),
        "snapshot" => on.snapshot(snapshot_folder()?),
        "assert_cardinality" => {
            let count = given.size(0, "expected_cardinality")?;
            on.assert_cardinality(count as u64)
        }
        "ignore_errors" => on.ignore_errors(&IgnoreErrors::all()),
        "group_by_window" => {
            let key = function(given.must(usize::MAX, "key")?, scope);
            let reduce = given.must(usize::MAX, "reduce")?;
            let Expr::Call { on: None, name, args } = reduce else {
                return Err(unfit(format!("reduce by {reduce:?}")));
            };
            let (name, args, outer) = (name.clone(), args.clone(), scope.clone());
            let reduce = move |_: i64, window: Dataset<Item>| {
                let given = Given { args: &args, scope: &outer };
                stage(window, &name, &given).unwrap_or_else(|e| failed(&e))
            };
            let size: Box<dyn Fn(&i64) -> usize + Send + Sync> =
                match given.args.named.get("window_size_func") {
                    Some(expr) => {
                        let (expr, scope) = (expr.clone(), scope.clone());
                        Box::new(move |key| {
                            let scope = scope.with("key", Item::Int("int64", *key));
                            value(&expr, &scope).ok().and_then(|v| v.size().ok()).unwrap_or(0)
                        })
                    }
                    None => {
                        let size = given.size(usize::MAX, "window_size")?;
                        Box::new(move |_| size)
                    }
                };
            on.group_by_window_of(
                move |x| key(x.clone()).ok().and_then(|k| k.int().ok()).unwrap_or(0),
                reduce,
                size,
            )
        }
        "bucket_by_sequence_length" => {
            let mut buckets =
                Buckets::new(given.sizes(1, "bucket_boundaries")?, given.sizes(2, "bucket_batch_sizes")?)
                    .drop_remainder(given.flag("drop_remainder")?);
            if given.flag("pad_to_bucket_boundary")? {
                buckets = buckets.pad_to_bucket_boundary(Some);
            }
            let length = |x: &Item| if let Item::List(items) = x { items.len() } else { 0 };
            on.bucket_by_sequence_length(length, buckets)
        }
        "rejection_resample" => {
            let class = function(given.must(usize::MAX, "class")?, scope);
            let target = shares(given, "target")?;
            let class = move |x: &Item| class(x.clone()).ok().and_then(|c| c.size().ok()).unwrap_or(0);
            on.rejection_resample(class, Resample::target(target))
        }
        "apply" => match given.must(0, "transformation_func")? {
            Expr::Call { on: None, name, args } => {
                let given = Given { args, scope };
                let result = std::cell::RefCell::new(Ok(()));
                let applied = on.apply(|dataset| {
                    stage(dataset, name, &given).unwrap_or_else(|e| {
                        let message = e.to_string();
                        *result.borrow_mut() = Err(e);
                        Dataset::failed("apply", DataError::new(ErrorKind::User, message))
                    })
                });
                result.into_inner()?;
                applied
            }
            other => return Err(unfit(format!("apply of {other:?}"))),
        },
        "unique" => {
            let spec = on.stage().spec();
            // Numbers compare; the dtype goes along.
            let keys = on.map(|x| match x {
                Item::Int(dtype, v) => (dtype, v),
                other => (PLAIN, other.spec().to_string().len() as i64),
            });
            let unique = keys.unique().map(|(dtype, v)| Item::Int(dtype, v));
            match spec {
                Some(spec) => Dataset::from_stage(Typed { input: unique, spec }),
                None => unique,
            }
        }
        other => return Err(ConformanceError::NotImplemented(format!("stage {other}"))),
    })
}

/// A window of tuples is a tuple of windows, as TensorFlow nests them.
fn windowed(window: Dataset<Item>) -> Item {
    match window.stage().spec() {
        Some(ElementSpec::Tuple(parts)) => {
            let part = |i: usize| {
                window.clone().map(move |x| match x {
                    Item::Tuple(mut parts) => parts.swap_remove(i),
                    other => other,
                })
            };
            Item::Tuple((0..parts.len()).map(|i| Item::Nested(part(i))).collect())
        }
        _ => Item::Nested(window),
    }
}
