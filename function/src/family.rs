//! One graph for every size of an unknown dimension.
//!
//! A recorded graph holds numbers that came from a shape: the sizes of a reshape, the count behind the gradient of a mean.
//! Which of its numbers did, one recording cannot tell. So the body is recorded at three sizes of every unknown dimension,
//! and the graphs are compared ([`form`](crate::form)). The graph for a further size is written down from what was found,
//! with shapes as the operations infer them; the body does not run again. Each size is planned by itself, so replays are
//! as quick as those of a graph that was recorded for the size.
//!
//! A body that does other operations at another size (a loop over the steps of a sequence), or in which a number follows
//! from sizes in another way, has no such graph. The same holds for operations that hold closures.

use crate::form::{AttrForm, ConstantForm, MOST, SIGHTINGS, Sizes};
use crate::fused::Fused;
use crate::graph::{Graph, Node, Value};
use crate::program::guarded;
use crate::restored::Sizes as InputSizes;
use crate::trace::Trace;
use gradus_autograd::Variable;
use gradus_tensor::op::Attributes;
use gradus_tensor::{Error, ErrorKind, Op, Registry, Result, Spec, Tensor, recorder};
use smallvec::SmallVec;
use std::sync::{Arc, Mutex};

/// Sizes whose plans are kept; the one that was not used for longest goes.
const PLANS: usize = 32;

/// An operation at every size.
#[derive(Debug)]
pub(crate) enum OpForm {
    Same(Arc<dyn Op>),
    Attributes(&'static str, Vec<AttrForm>),
}

#[derive(Debug)]
pub(crate) struct NodeForm {
    pub op: OpForm,
    pub x: SmallVec<[Value; 3]>,
    pub y: SmallVec<[Value; 1]>,
}

/// Dimensions of the inputs that may be of any size, and which of them are one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// Input, axis, number of the size.
    pub dims: Vec<(usize, usize, usize)>,
    pub count: usize,
}

impl Unknown {
    /// The dimensions at these places; those of equal size in `inputs` are one, if `tied` says so of their axes.
    fn tied(open: &[(usize, usize)], inputs: &[Tensor], tied: fn(usize, usize) -> bool) -> Unknown {
        let size = |&(i, axis): &(usize, usize)| inputs[i].shape()[axis];
        let mut of: Vec<usize> = Vec::new();
        let mut count = 0;
        for (k, place) in open.iter().enumerate() {
            let same = (0..k).find(|&j| size(&open[j]) == size(place) && tied(open[j].1, place.1));
            of.push(same.map_or(count, |j| of[j]));
            count = count.max(of[k] + 1);
        }
        Unknown { dims: open.iter().zip(of).map(|(&(i, a), k)| (i, a, k)).collect(), count }
    }

    /// The sizes in these inputs; `None` when dimensions that are one size differ.
    fn sizes(&self, inputs: &[Tensor]) -> Option<SmallVec<[usize; 4]>> {
        let mut found: SmallVec<[Option<usize>; 4]> = smallvec::smallvec![None; self.count];
        for &(i, axis, k) in &self.dims {
            let n = inputs[i].shape()[axis];
            if found[k].replace(n).is_some_and(|m| m != n) {
                return None;
            }
        }
        found.into_iter().collect()
    }

    /// Inputs of other sizes, with the elements of these.
    fn resized(&self, inputs: &[Tensor], sizes: &[usize]) -> Result<Vec<Tensor>> {
        let mut all = inputs.to_vec();
        for &(i, axis, k) in &self.dims {
            let (t, n) = (&all[i], sizes[k]);
            let had = t.shape()[axis];
            all[i] = if had == 0 {
                Tensor::zeros(t.shape().replaced(axis, n), t.dtype())?
            } else {
                let index: Vec<i64> = (0..n).map(|j| (j % had) as i64).collect();
                t.gather(&Tensor::from_vec(index, [n])?, axis as isize)?
            };
        }
        Ok(all)
    }
}

/// Graphs that differ in the sizes of unknown dimensions only.
pub(crate) struct Family {
    pub unknown: Unknown,
    /// Dtypes and sizes of the inputs.
    pub specs: Vec<InputSizes>,
    /// The inputs, then the variables read.
    pub inputs: Vec<Value>,
    pub values: usize,
    pub constants: Vec<(Value, ConstantForm)>,
    pub nodes: Vec<NodeForm>,
    pub outputs: Vec<Value>,
    pub reads: Vec<Variable>,
    pub writes: Vec<Variable>,
    /// Where operations come from; the built-in ones by default.
    pub registry: Option<Registry>,
    pub plans: Mutex<Vec<Plan>>,
}

/// Sizes, and the trace for them.
type Plan = (SmallVec<[usize; 4]>, Arc<Trace>);

impl std::fmt::Debug for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Family({} nodes, {} unknown sizes)", self.nodes.len(), self.unknown.count)
    }
}

/// Why a body has no graph for all sizes.
fn differs(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Trace, format!("no graph for all sizes: {what}"))
}

impl Family {
    /// The family of a body whose inputs are unknown at these places (input, axis).
    ///
    /// Errors with the reason when there is none.
    pub fn of(
        open: &[(usize, usize)],
        inputs: &[Tensor],
        body: impl Fn(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Family> {
        // Rows go together across inputs, but rows and columns of one size are two sizes, unless the body says otherwise.
        let mut ways =
            vec![Unknown::tied(open, inputs, |a, b| a == b), Unknown::tied(open, inputs, |_, _| true)];
        ways.dedup();
        let mut reason = differs("too many unknown sizes");
        for unknown in ways.into_iter().filter(|u| u.count <= MOST) {
            match recorder::suspended(|| Family::compared(unknown, inputs, &body)) {
                Ok(family) => return Ok(family),
                Err(e) => reason = e,
            }
        }
        Err(reason)
    }

    fn compared(
        unknown: Unknown,
        inputs: &[Tensor],
        body: impl Fn(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Family> {
        let now = unknown.sizes(inputs).unwrap_or_default();
        let sizes: Sizes = std::array::from_fn(|j| {
            let near = |(k, n): (usize, &usize)| (*n).clamp(5, 64) + OFFSETS[k % MOST][j];
            now.iter().enumerate().map(near).collect()
        });
        let mut traces = Vec::with_capacity(SIGHTINGS);
        for s in &sizes {
            traces.push(Trace::of(&unknown.resized(inputs, s)?, &body)?);
        }
        let [a, b, c] =
            <[Trace; SIGHTINGS]>::try_from(traces).map_err(|_| differs("a recording is missing"))?;
        let seen = [&a, &b, &c];
        let same = |f: &dyn Fn(&Trace) -> Vec<u64>| f(&a) == f(&b) && f(&b) == f(&c);
        if !same(&|t| t.reads().iter().map(Variable::id).collect())
            || !same(&|t| t.writes().iter().map(Variable::id).collect())
        {
            return Err(differs("other variables are read or assigned at another size"));
        }
        let graphs = seen.map(Trace::graph);
        let of =
            |f: &dyn Fn(&Graph) -> Vec<Value>| f(graphs[0]) == f(graphs[1]) && f(graphs[1]) == f(graphs[2]);
        if graphs.iter().any(|g| g.nodes.len() != graphs[0].nodes.len() || g.values() != graphs[0].values())
            || !of(&|g| g.inputs.clone())
            || !of(&|g| g.outputs.clone())
            || !of(&|g| g.constants.iter().map(|(v, _)| *v).collect())
            || !of(&|g| g.nodes.iter().flat_map(|n| n.x.iter().chain(&n.y)).copied().collect())
        {
            return Err(differs("the body does other operations at another size"));
        }
        let mut nodes = Vec::with_capacity(graphs[0].nodes.len());
        for (i, n) in graphs[0].nodes.iter().enumerate() {
            let op = op_form(graphs.map(|g| &g.nodes[i].op), &sizes)?;
            nodes.push(NodeForm { op, x: n.x.clone(), y: n.y.clone() });
        }
        let mut constants = Vec::new();
        for (i, (v, t)) in graphs[0].constants.iter().enumerate() {
            let form = ConstantForm::find(graphs.map(|g| &g.constants[i].1), &sizes);
            let what = || format!("a constant {} follows from sizes in a way that is not known", t.spec());
            constants.push((*v, form.ok_or_else(|| differs(what()))?));
        }
        let g = graphs[0];
        let size = |i: usize, (axis, n): (usize, &usize)| {
            let open = unknown.dims.iter().any(|d| (d.0, d.1) == (i, axis));
            (!open).then_some(*n)
        };
        let spec = |(i, t): (usize, &Tensor)| {
            (t.dtype(), t.shape().iter().enumerate().map(|d| size(i, d)).collect())
        };
        let specs = inputs.iter().enumerate().map(spec).collect();
        Ok(Family {
            unknown,
            specs,
            inputs: g.inputs.clone(),
            values: g.values(),
            constants,
            nodes,
            outputs: g.outputs.clone(),
            reads: a.reads().to_vec(),
            writes: a.writes().to_vec(),
            registry: None,
            plans: Mutex::default(),
        })
    }

    /// True when these inputs differ from those recorded in their unknown sizes alone.
    pub fn fits(&self, inputs: &[Tensor]) -> bool {
        self.unknown.sizes(inputs).is_some()
            && inputs.iter().zip(&self.specs).all(|(t, (dtype, _))| t.dtype() == *dtype)
    }

    /// The trace for the sizes of these inputs.
    ///
    /// Errors when an operation refuses one of them.
    pub fn member(&self, inputs: &[Tensor]) -> Result<Arc<Trace>> {
        let sizes = self.unknown.sizes(inputs).ok_or_else(|| differs("sizes that were one differ"))?;
        let plans = || self.plans.lock().unwrap_or_else(|e| e.into_inner());
        {
            let mut plans = plans();
            if let Some(i) = plans.iter().position(|(s, _)| *s == sizes) {
                let found = plans[i].1.clone();
                plans[..=i].rotate_right(1);
                return Ok(found);
            }
        }
        let g = recorder::suspended(|| self.graph(inputs, &sizes))?;
        let trace = Arc::new(Trace::assembled(g, self.reads.clone(), self.writes.clone())?);
        let mut plans = plans();
        plans.insert(0, (sizes, trace.clone()));
        plans.truncate(PLANS);
        Ok(trace)
    }

    /// Every trace that is kept.
    pub fn members(&self) -> Vec<Arc<Trace>> {
        let plans = self.plans.lock().unwrap_or_else(|e| e.into_inner());
        plans.iter().map(|(_, t)| t.clone()).collect()
    }

    fn graph(&self, inputs: &[Tensor], sizes: &[usize]) -> Result<Graph> {
        let mut specs: Vec<Option<Spec>> = vec![None; self.values];
        let given = inputs.iter().map(|t| t.spec().clone());
        let given = given.chain(self.reads.iter().map(|v| v.spec().clone()));
        for (&v, s) in self.inputs.iter().zip(given) {
            specs[v as usize] = Some(s);
        }
        let mut constants = Vec::with_capacity(self.constants.len());
        for (v, form) in &self.constants {
            let t = form.at(sizes)?;
            specs[*v as usize] = Some(t.spec().clone());
            constants.push((*v, t));
        }
        let registry = match &self.registry {
            Some(r) => r.clone(),
            None => Registry::builtin().with(&[Fused::DEF]),
        };
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for n in &self.nodes {
            let op: Arc<dyn Op> = match &n.op {
                OpForm::Same(op) => op.clone(),
                OpForm::Attributes(name, attrs) => {
                    let attrs: Option<Vec<_>> = attrs.iter().map(|a| a.at(sizes)).collect();
                    let attrs = attrs
                        .ok_or_else(|| Error::value(format!("{name}: sizes {sizes:?} are too large")))?;
                    Arc::from(registry.load(name, &attrs)?)
                }
            };
            let x: Option<SmallVec<[&Spec; 4]>> = n.x.iter().map(|&v| specs[v as usize].as_ref()).collect();
            let x = x.ok_or_else(|| Error::value(format!("{}: an input was not made before", op.name())))?;
            let made = guarded(op.name(), || op.infer(&x))?;
            drop(x);
            if made.len() != n.y.len() {
                return Err(Error::value(format!(
                    "{} has {} results, expected {}",
                    op.name(),
                    made.len(),
                    n.y.len()
                )));
            }
            for (&v, s) in n.y.iter().zip(made) {
                specs[v as usize] = Some(s);
            }
            nodes.push(Node { op, x: n.x.clone(), y: n.y.clone() });
        }
        let specs: Option<Vec<Spec>> = specs.into_iter().collect();
        Ok(Graph {
            specs: specs.ok_or_else(|| Error::value("a value that nothing makes"))?,
            inputs: self.inputs.clone(),
            constants,
            nodes,
            outputs: self.outputs.clone(),
            steady: Vec::new(),
        })
    }
}

/// By how much the sizes of the recordings exceed the first ones: no row follows from another, and all have odd and even
/// sizes.
const OFFSETS: [[usize; SIGHTINGS]; MOST] = [[0, 3, 8], [1, 6, 8], [2, 6, 13], [3, 10, 12]];

fn op_form(seen: [&Arc<dyn Op>; SIGHTINGS], sizes: &Sizes) -> Result<OpForm> {
    let op = seen[0];
    if seen.iter().any(|o| o.name() != op.name()) {
        return Err(differs("the body does other operations at another size"));
    }
    let attrs = seen.map(|o| Attributes::attrs(&**o));
    let [Some(a), Some(b), Some(c)] = attrs else {
        return Err(differs(format!("operation {} holds a closure", op.name())));
    };
    if a.len() != b.len() || b.len() != c.len() {
        return Err(differs(format!("{} has more attributes at another size", op.name())));
    }
    let forms = (0..a.len()).map(|i| AttrForm::find([&a[i], &b[i], &c[i]], sizes));
    let forms: Option<Vec<AttrForm>> = forms.collect();
    let what = || format!("{} has a number that follows from sizes in a way that is not known", op.name());
    let forms = forms.ok_or_else(|| differs(what()))?;
    if forms.iter().all(AttrForm::is_same) {
        return Ok(OpForm::Same(op.clone()));
    }
    Ok(OpForm::Attributes(op.name(), forms))
}
