//! The table of bindings: which operation runs how.

use std::collections::BTreeMap;
use std::fmt;

use gradus_tensor::Tensor;

use crate::golden::{Attrs, Case, Kind};
use crate::outcome::Outcome;

/// Why a case gave no outcome.
#[derive(Clone, Debug, PartialEq)]
pub enum ConformanceError {
    /// No binding, or one that does not cover what the attributes ask for.
    NotImplemented(String),
    /// The library refused, which is what an `error` case wants.
    Rejected(String),
    /// The case cannot be read as the binding expects.
    Case(String),
}

impl fmt::Display for ConformanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConformanceError::NotImplemented(what) => write!(f, "not implemented: {what}"),
            ConformanceError::Rejected(message) => write!(f, "the library refused: {message}"),
            ConformanceError::Case(message) => write!(f, "the case does not fit its binding: {message}"),
        }
    }
}

impl std::error::Error for ConformanceError {}

impl From<gradus_tensor::Error> for ConformanceError {
    fn from(error: gradus_tensor::Error) -> ConformanceError {
        ConformanceError::Rejected(error.to_string())
    }
}

/// The parts that cases come in; each is a pair of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Area {
    TensorOps,
    Gradients,
    Layers,
    LossesMetrics,
    Optimizers,
    Models,
    Structures,
    TfData,
    Image,
    Initializers,
}

impl Area {
    /// Every area, in the order of reports.
    pub const ALL: [Area; 10] = [
        Area::TensorOps,
        Area::Gradients,
        Area::Layers,
        Area::LossesMetrics,
        Area::Optimizers,
        Area::Models,
        Area::Structures,
        Area::TfData,
        Area::Image,
        Area::Initializers,
    ];

    /// The stem of the area's files.
    pub const fn name(self) -> &'static str {
        match self {
            Area::TensorOps => "tensor_ops",
            Area::Gradients => "gradients",
            Area::Layers => "layers",
            Area::LossesMetrics => "losses_metrics",
            Area::Optimizers => "optimizers",
            Area::Models => "models",
            Area::Structures => "structures",
            Area::TfData => "tfdata",
            Area::Image => "image",
            Area::Initializers => "initializers",
        }
    }

    /// The area with that name.
    pub fn from_name(name: &str) -> Option<Area> {
        Area::ALL.into_iter().find(|area| area.name() == name)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A binding of an operation on dense tensors: inputs and attributes in, outputs out.
pub type Op = fn(&[Tensor], &Attrs<'_>) -> Result<Vec<Tensor>, ConformanceError>;

/// A binding that sees the whole case.
pub type Run = fn(&Case) -> Result<Outcome, ConformanceError>;

/// All bindings.
#[derive(Default)]
pub struct Registry {
    ops: BTreeMap<&'static str, Op>,
    runs: BTreeMap<(Area, &'static str), Run>,
    kinds: BTreeMap<(&'static str, Kind), Run>,
}

impl Registry {
    /// Binds an operation on dense tensors; it serves every area, with gradients where a case has some.
    ///
    /// # Panics
    /// When the name is already bound: two families claim it.
    pub fn op(&mut self, name: &'static str, op: Op) {
        assert!(self.ops.insert(name, op).is_none(), "{name} is bound twice");
    }

    /// Binds whole cases of one area and operation; goes before [`Registry::op`].
    ///
    /// # Panics
    /// When the pair is already bound.
    pub fn run(&mut self, area: Area, name: &'static str, run: Run) {
        assert!(self.runs.insert((area, name), run).is_none(), "{name} is bound twice in {area}");
    }

    /// Binds cases of an operation that have a value of that kind among their inputs, in any area; goes before
    /// [`Registry::op`].
    ///
    /// A case with several kinds runs by the first of sparse, ragged and strings that is bound. Ragged strings count as
    /// both ragged and strings.
    ///
    /// # Panics
    /// When the pair is already bound.
    pub fn on(&mut self, kind: Kind, name: &'static str, run: Run) {
        assert!(self.kinds.insert((name, kind), run).is_none(), "{name} is bound twice for {kind} values");
    }

    /// What runs that case by the kinds of its inputs.
    pub fn find_kind(&self, case: &Case) -> Result<Option<Run>, ConformanceError> {
        let inputs = case.values("inputs")?;
        let has = |kind: Kind| inputs.iter().flatten().any(|v| v.kind() == kind || v.flat_kind() == kind);
        let bound = |kind: Kind| self.kinds.iter().find(|((n, k), _)| *n == case.op() && *k == kind);
        let kinds = [Kind::Sparse, Kind::Ragged, Kind::Strings].into_iter();
        Ok(kinds.filter(|&k| has(k)).find_map(bound).map(|(_, run)| *run))
    }

    /// The operation with that name.
    pub fn find_op(&self, name: &str) -> Option<Op> {
        self.ops.get(name).copied()
    }

    /// What runs whole cases of that area and operation.
    pub fn find_run(&self, area: Area, name: &str) -> Option<Run> {
        self.runs.iter().find(|((a, n), _)| *a == area && *n == name).map(|(_, run)| *run)
    }
}
