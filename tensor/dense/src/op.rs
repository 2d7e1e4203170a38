//! What an operation is, and how one is carried out.
//!
//! An operation is a small value (its attributes) that says how specs follow from specs, how to fill the
//! outputs, and how gradients flow back. The engine (eager calls, tapes, traces) knows this trait and no
//! operation. Adding one touches one new file, its `mod` line and one line of the registry.

use crate::attr::Attr;
use crate::backward::Backward;
use crate::tensor::{Store, StoreMut};
use crate::view::{View, ViewMut};
use crate::{Element, Error, Result, Spec, Specs, Tensor, recorder};
use gradus_kernels::Scalar;
use gradus_kernels::elementwise::{Binary, Unary};
use smallvec::SmallVec;
use std::fmt::Debug;

/// The results of an operation; almost always one.
pub type Outputs = SmallVec<[Tensor; 1]>;

/// An operation's attributes as data. [`op!`](crate::op!) writes this.
pub trait Attributes {
    /// The attributes, or `None` for an operation that cannot be compared or written (it holds a closure).
    fn attrs(&self) -> Option<Vec<Attr>>;
    /// A boxed copy.
    fn boxed(&self) -> Box<dyn Op>;
}

/// A pure function of tensors: equal attributes and inputs give equal outputs.
///
/// Random operations take their key and counter as inputs, so that they are pure too.
pub trait Op: Attributes + Debug + Send + Sync + 'static {
    /// The name in messages, graphs and files.
    fn name(&self) -> &'static str;

    /// Specs of the outputs from those of the inputs; every check of shapes and dtypes is made here.
    fn infer(&self, x: &[&Spec]) -> Result<Specs>;

    /// Fills the outputs. Inputs and outputs have the specs that [`Op::infer`] accepted and gave.
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()>;

    /// Which inputs and outputs the gradient rule reads; only their specs are kept of the others.
    fn keep(&self) -> Keep {
        Keep::ALL
    }

    /// Adds to the gradients of the inputs, by [`Backward::give`]. Written with tensor operations.
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let _ = cx;
        Err(Error::no_gradient(self.name()))
    }

    /// True when a gradient can flow through; the default is whether [`Op::vjp`] is written.
    fn differentiable(&self) -> bool {
        true
    }

    /// What the operation is, for simplification and fusion.
    fn lower(&self) -> Lower {
        Lower::Opaque
    }

    /// For an output that is the first input's elements from some offset on: that offset. Nothing is copied then.
    fn alias(&self, x: &[&Spec]) -> Option<usize> {
        let _ = x;
        None
    }

    /// True when the shapes of the outputs depend on values; then [`Op::evaluate`] is called, and traces refuse.
    fn is_dynamic(&self) -> bool {
        false
    }

    /// Makes the outputs of an operation whose shapes depend on values.
    fn evaluate(&self, x: &[View<'_>]) -> Result<Outputs> {
        let _ = x;
        Err(not_dynamic(self.name()))
    }

    /// This operation on `inputs` inputs with an elementwise tail (a bias, an activation) folded in, if it can take it.
    ///
    /// The tail's other operand, if it has one, becomes the last input; [`Op::infer`] judges whether it fits.
    fn absorb(&self, inputs: usize, tail: &Lower) -> Option<Box<dyn Op>> {
        let _ = (inputs, tail);
        None
    }

    /// For the gradient of `forward`: the operation that takes, for its first input, the gradient above the activation behind
    /// `forward`, `slope` being the product of that gradient and the activation's slope. The last input of `forward` is a
    /// further input, the last.
    fn below(&self, slope: &Lower, forward: &dyn Op) -> Option<Box<dyn Op>> {
        let _ = (slope, forward);
        None
    }

    /// This operation with its result added to a further input, the last, of the same spec, if it can do that by itself.
    fn accumulating(&self) -> Option<Box<dyn Op>> {
        None
    }

    /// This operation with the matrices of one input taken as their transposes, if it can do that by itself.
    fn transposed(&self, input: usize) -> Option<Box<dyn Op>> {
        let _ = input;
        None
    }

    /// For a product of matrices, the axes of its first two inputs that are summed over, counted from the end.
    ///
    /// A sum of such products is one product of the inputs joined along these axes.
    fn summed(&self) -> Option<[isize; 2]> {
        None
    }

    /// For a product that is linear in its second input: how many last axes of that input run along the last axis of the
    /// output. Scaling those columns scales the output.
    fn columns(&self) -> Option<usize> {
        None
    }

    /// The operation for `rows` places along the first axis, if those of every output come from the same places of some
    /// inputs: they are marked as bits. Of the other inputs everything is read.
    ///
    /// Elementwise operations, transposes and reductions say the same by [`Op::lower`].
    fn by_rows(&self, x: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        let _ = (x, rows);
        None
    }

    /// The same results by steps of which some work on ranges of `part` rows, and others join what the ranges gave.
    ///
    /// An output with a row for every range becomes, by [`Op::by_rows`], one with one row. The inputs are at least `part` rows.
    fn in_parts(&self, x: &[&Spec], part: usize) -> Option<Parts> {
        let _ = (x, part);
        None
    }

    /// Pairs (output, input) of equal specs: the output replaces the input, and can be computed in its memory.
    fn replaces(&self) -> &'static [(usize, usize)] {
        &[]
    }

    /// As [`Op::forward`], with every output of [`Op::replaces`] holding the values of the input it replaces; those
    /// inputs are left out of `x`.
    fn update(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let _ = (x, y);
        Err(Error::new(crate::ErrorKind::Unsupported, format!("{}: replaces no input", self.name())))
    }
}

/// What [`Op::in_parts`] consists of.
#[derive(Debug)]
pub struct Parts {
    /// In the order in which they are carried out.
    pub steps: Vec<PartStep>,
    /// The outputs of the operation, as operands of a step.
    pub outputs: SmallVec<[usize; 3]>,
}

/// A step of [`Parts`].
#[derive(Debug)]
pub struct PartStep {
    /// What it does.
    pub op: Box<dyn Op>,
    /// What it reads: the inputs of the operation by number, then the outputs of the steps one after the other.
    pub x: SmallVec<[usize; 6]>,
    /// How many outputs it has.
    pub outputs: usize,
    /// It reads one large input in order and does little with it: repeating it costs less than keeping its output.
    pub cheap: bool,
}

impl PartStep {
    /// A step that is not cheap.
    pub fn new(op: impl Op, x: &[usize], outputs: usize) -> PartStep {
        PartStep { op: Box::new(op), x: SmallVec::from_slice(x), outputs, cheap: false }
    }
}

/// Which inputs and outputs a gradient rule reads, as bit masks; bit 63 stands for all further ones too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Inputs.
    pub x: u64,
    /// Outputs.
    pub y: u64,
}

impl Keep {
    /// Everything.
    pub const ALL: Keep = Keep { x: u64::MAX, y: u64::MAX };
    /// Nothing but specs.
    pub const NONE: Keep = Keep { x: 0, y: 0 };
    /// Every input, no output.
    pub const X: Keep = Keep { x: u64::MAX, y: 0 };
    /// Every output, no input.
    pub const Y: Keep = Keep { x: 0, y: u64::MAX };

    /// True when input `i` is read.
    pub fn input(self, i: usize) -> bool {
        self.x >> i.min(63) & 1 == 1
    }

    /// True when output `i` is read.
    pub fn output(self, i: usize) -> bool {
        self.y >> i.min(63) & 1 == 1
    }
}

/// A closed description of an operation, for passes that know no operation by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Lower {
    /// Known by its name and attributes alone.
    Opaque,
    /// One input, elementwise.
    Unary(gradus_kernels::elementwise::Unary),
    /// Two inputs that broadcast, elementwise.
    Binary(gradus_kernels::elementwise::Binary),
    /// Two inputs that broadcast, elementwise, to bools.
    Compare(gradus_kernels::elementwise::Compare),
    /// One input, elementwise, to bools.
    Test(gradus_kernels::elementwise::Test),
    /// Condition, then, else: elementwise with broadcasting.
    Select,
    /// The input in another dtype, elementwise.
    Cast,
    /// The input stretched to the shape of the output.
    Broadcast,
    /// One repeated value, from no input.
    Fill(f64),
    /// The input with its axes in this order.
    Transpose(SmallVec<[usize; 4]>),
    /// The input reduced over these axes, in ascending order.
    Reduce(gradus_kernels::expr::Closing, SmallVec<[usize; 4]>),
    /// The elements of the first input under another shape.
    Alias,
    /// The first input, through which no gradient flows.
    Stop,
    /// A product of matrices; its transposes can take in a neighbour.
    Contract,
}

/// Carries out an operation and tells the recorders of this thread.
pub fn apply(op: &dyn Op, x: &[&Tensor]) -> Result<Outputs> {
    let outputs = run(op, x)?;
    if recorder::active() {
        recorder::record(op, x, &outputs);
    }
    Ok(outputs)
}

/// As [`apply`], for an operation with one output.
pub fn apply1(op: &dyn Op, x: &[&Tensor]) -> Result<Tensor> {
    if let Some(y) = number(op, x) {
        if recorder::active() {
            recorder::record(op, x, std::slice::from_ref(&y));
        }
        return Ok(y);
    }
    let mut y = apply(op, x)?;
    debug_assert_eq!(y.len(), 1, "{} has several outputs", op.name());
    y.pop().ok_or_else(|| Error::value(format!("{}: no output", op.name())))
}

// One body for every operation: compiled once per operation, it was a tenth of this crate's code.
fn run(op: &dyn Op, x: &[&Tensor]) -> Result<Outputs> {
    if let Some(y) = number(op, x) {
        return Ok(SmallVec::from_buf([y]));
    }
    let views: SmallVec<[View<'_>; 4]> = x.iter().map(|t| t.view()).collect();
    if op.is_dynamic() {
        return op.evaluate(&views);
    }
    let specs: SmallVec<[&Spec; 4]> = x.iter().map(|t| t.spec()).collect();
    let mut out = op.infer(&specs)?;
    if let Some(offset) = op.alias(&specs) {
        return Ok(out.into_iter().map(|spec| x[0].alias(spec, offset)).collect());
    }
    if out.len() == 1 {
        let spec = out.pop().ok_or_else(|| Error::value("no output"))?;
        let mut store = Store::for_output(&spec)?;
        op.forward(&views, &mut [store.view(&spec)])?;
        return Ok(SmallVec::from_elem(Tensor::from_store(spec, store.freeze()), 1));
    }
    fill(op, &views, out)
}

/// Arithmetic of single floats, of which scalar programs consist: an addition by way of views, specs and kernels takes
/// five times as long. These operations are exact up to one rounding, so kernels give the same bits.
#[inline]
fn number(op: &dyn Op, x: &[&Tensor]) -> Option<Tensor> {
    fn binary<T: Element + Arithmetic>(op: Binary, a: &Scalar, b: &Scalar) -> Option<Scalar> {
        let (a, b) = (a.as_slice::<T>()[0], b.as_slice::<T>()[0]);
        Some(Scalar::new(match op {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            _ => return None,
        }))
    }
    fn unary<T: Element + Arithmetic>(op: Unary, a: &Scalar) -> Option<Scalar> {
        let a = a.as_slice::<T>()[0];
        Some(Scalar::new(match op {
            Unary::Neg => -a,
            Unary::Square => a * a,
            _ => return None,
        }))
    }
    let Store::Scalar(a) = x.first()?.store() else { return None };
    let spec = x[0].spec();
    let y = match (x, op.lower()) {
        ([_, b], Lower::Binary(op)) if b.spec() == spec => {
            let Store::Scalar(b) = b.store() else { return None };
            match spec.dtype {
                crate::DType::F32 => binary::<f32>(op, a, b),
                crate::DType::F64 => binary::<f64>(op, a, b),
                _ => None,
            }
        }
        ([_], Lower::Unary(op)) => match spec.dtype {
            crate::DType::F32 => unary::<f32>(op, a),
            crate::DType::F64 => unary::<f64>(op, a),
            _ => None,
        },
        _ => None,
    };
    Some(Tensor::from_store(spec.clone(), Store::Scalar(y?)))
}

/// What floats can do.
trait Arithmetic:
    Sized
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
{
}
impl Arithmetic for f32 {}
impl Arithmetic for f64 {}

fn fill(op: &dyn Op, views: &[View<'_>], out: Specs) -> Result<Outputs> {
    let mut stores: SmallVec<[StoreMut; 2]> = out.iter().map(Store::for_output).collect::<Result<_>>()?;
    {
        let mut y: SmallVec<[ViewMut<'_>; 2]> =
            stores.iter_mut().zip(&out).map(|(s, spec)| s.view(spec)).collect();
        op.forward(views, &mut y)?;
    }
    Ok(out.into_iter().zip(stores).map(|(spec, s)| Tensor::from_store(spec, s.freeze())).collect())
}

#[cold]
fn not_dynamic(op: &str) -> Error {
    Error::new(crate::ErrorKind::Unsupported, format!("{op}: not a dynamic operation"))
}

/// The error for inputs of different dtypes, which are never converted silently.
pub fn same_dtype(op: &str, x: &[&Spec]) -> Result<()> {
    match x.iter().find(|s| s.dtype != x[0].dtype) {
        None => Ok(()),
        Some(s) => Err(Error::dtype(format!(
            "{op}: dtypes differ: {} and {}; convert one with `cast`",
            x[0].dtype, s.dtype
        ))),
    }
}

/// The error for a dtype that an operation is not defined for.
pub fn unsupported_dtype(op: &str, dtype: crate::DType) -> Error {
    Error::dtype(format!("{op}: not defined for {dtype}"))
}
