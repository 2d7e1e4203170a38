//! Programs, and how they are put together.

use super::pairs::{self, Pair};
use crate::elementwise::{Binary, Compare, Layout, Test, Unary};
use crate::error::{Error, Result};

/// A value of a program under construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reg(pub(super) u32);

/// How one value comes about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Node {
    Input(u32),
    Constant(f64),
    Unary(Unary, Reg),
    Binary(Binary, Reg, Reg),
    Compare(Compare, Reg, Reg),
    Test(Test, Reg),
    Select(Reg, Reg, Reg),
    Pair(Pair, Reg, Reg, Reg),
}

impl Node {
    pub(super) fn operands(&self) -> impl Iterator<Item = Reg> {
        let all = match *self {
            Node::Input(_) | Node::Constant(_) => [None; 3],
            Node::Unary(_, a) | Node::Test(_, a) => [Some(a), None, None],
            Node::Binary(_, a, b) | Node::Compare(_, a, b) => [Some(a), Some(b), None],
            Node::Select(a, b, c) | Node::Pair(_, a, b, c) => [Some(a), Some(b), Some(c)],
        };
        all.into_iter().flatten()
    }

    fn cost(&self) -> f64 {
        match self {
            Node::Input(_) | Node::Constant(_) => 0.05,
            Node::Unary(op, _) => op.cost(),
            Node::Binary(op, ..) => op.cost(),
            _ => 0.15,
        }
    }
}

/// How a closing reduction sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closing {
    /// Sum.
    Sum,
    /// Arithmetic mean.
    Mean,
    /// Largest; NaN when there is one.
    Max,
}

/// What a program writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// Every element of a value.
    Full(Reg),
    /// One element per row of `n` elements, or one for all (`n` = 0).
    Reduced(Reg, Closing, usize),
}

/// Puts a program together; every method appends an operation and gives its value.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    nodes: Vec<Node>,
    layouts: Vec<Layout>,
    results: Vec<Target>,
}

impl Builder {
    /// An empty program.
    pub fn new() -> Builder {
        Builder::default()
    }

    fn push(&mut self, node: Node) -> Reg {
        // Equal operations on equal values are one: there is no operation with a side effect.
        if let Some(i) = self.nodes.iter().position(|n| *n == node) {
            return Reg(i as u32);
        }
        self.nodes.push(node);
        Reg(self.nodes.len() as u32 - 1)
    }

    /// The next input, stretched over the result as its layout says.
    pub fn input(&mut self, layout: Layout) -> Reg {
        self.layouts.push(layout);
        self.push(Node::Input(self.layouts.len() as u32 - 1))
    }

    /// A constant, rounded to the type of the program.
    pub fn constant(&mut self, value: f64) -> Reg {
        self.push(Node::Constant(value))
    }

    /// op(a).
    pub fn unary(&mut self, op: Unary, a: Reg) -> Reg {
        self.push(Node::Unary(op, a))
    }

    /// op(a, b).
    pub fn binary(&mut self, op: Binary, a: Reg, b: Reg) -> Reg {
        self.push(Node::Binary(op, a, b))
    }

    /// 1 where the relation holds, else 0.
    pub fn compare(&mut self, op: Compare, a: Reg, b: Reg) -> Reg {
        self.push(Node::Compare(op, a, b))
    }

    /// 1 where the property holds, else 0.
    pub fn test(&mut self, op: Test, a: Reg) -> Reg {
        self.push(Node::Test(op, a))
    }

    /// a where the condition is not 0, else b.
    pub fn select(&mut self, condition: Reg, a: Reg, b: Reg) -> Reg {
        self.push(Node::Select(condition, a, b))
    }

    /// Both, of truth values.
    pub fn and(&mut self, a: Reg, b: Reg) -> Reg {
        self.binary(Binary::Minimum, a, b)
    }

    /// Either, of truth values.
    pub fn or(&mut self, a: Reg, b: Reg) -> Reg {
        self.binary(Binary::Maximum, a, b)
    }

    /// Exactly one, of truth values.
    pub fn xor(&mut self, a: Reg, b: Reg) -> Reg {
        self.compare(Compare::NotEqual, a, b)
    }

    /// The opposite truth value.
    pub fn not(&mut self, a: Reg) -> Reg {
        let zero = self.constant(0.0);
        self.compare(Compare::Equal, a, zero)
    }

    /// Makes a value the next output, with all its elements.
    pub fn output(&mut self, a: Reg) {
        self.results.push(Target::Full(a));
    }

    /// Makes the reduction of a value over all elements the next output.
    pub fn reduce_all(&mut self, how: Closing, a: Reg) {
        self.results.push(Target::Reduced(a, how, 0));
    }

    /// Makes the reduction of a value over rows of n elements (the last axes) the next output.
    pub fn reduce_rows(&mut self, how: Closing, a: Reg, n: usize) {
        self.results.push(Target::Reduced(a, how, n.max(1)));
    }

    /// The finished program. Operations that no output needs are dropped.
    ///
    /// Errors: no output, an operation that floats have not, rows of different lengths.
    pub fn build(self) -> Result<Program> {
        let Builder { nodes, layouts, results } = self;
        if results.is_empty() {
            return Err(Error::Shape("expression: a program without an output".into()));
        }
        let f32 = crate::DType::F32;
        for node in &nodes {
            let (name, supported) = match node {
                Node::Unary(op, _) => (op.name(), op.supports(f32)),
                Node::Binary(op, ..) => (op.name(), op.supports(f32)),
                _ => ("", true),
            };
            if !supported {
                return Err(Error::Unsupported { op: name, dtype: f32 });
            }
        }
        let mut row = None;
        for r in &results {
            if let Target::Reduced(_, _, n @ 1..) = r {
                if row.is_some_and(|row| row != *n) {
                    return Err(Error::Shape(format!(
                        "expression: reductions over rows of {row:?} and of {n} elements"
                    )));
                }
                row = Some(*n);
            }
        }
        Ok(Program::plan(nodes, layouts, results, row))
    }
}

/// Where a value lives while a tile is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not needed.
    None,
    /// A tile of scratch memory.
    Slot(usize),
    /// The tile of an output itself.
    Output(usize),
    /// The input array, or scratch `slot` when its elements do not lie together.
    Input { input: usize, slot: usize },
}

/// How many operations and outputs read each value: none of a value that no output needs.
fn reads(nodes: &[Node], results: &[Target]) -> Vec<usize> {
    let mut reads = vec![0; nodes.len()];
    for r in results {
        let (Target::Full(a) | Target::Reduced(a, ..)) = *r;
        reads[a.0 as usize] += 1;
    }
    for i in (0..nodes.len()).rev() {
        if reads[i] > 0 {
            nodes[i].operands().for_each(|a| reads[a.0 as usize] += 1);
        }
    }
    reads
}

/// A program that is ready to run, for f32 and f64.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) nodes: Vec<Node>,
    pub(super) layouts: Vec<Layout>,
    pub(super) results: Vec<Target>,
    pub(super) places: Vec<Place>,
    pub(super) slots: usize,
    /// Row length of the closing reductions, if they go by rows.
    pub(super) row: Option<usize>,
    pub(super) cost: f64,
}

impl Program {
    fn plan(mut nodes: Vec<Node>, layouts: Vec<Layout>, results: Vec<Target>, row: Option<usize>) -> Program {
        let n = nodes.len();
        let reads = reads(&nodes, &results);
        pairs::join(&mut nodes, &reads);
        let reads = self::reads(&nodes, &results);
        // Values are in order of computation, so one pass backwards finds the last uses.
        let mut last = vec![None; n];
        let mut direct = vec![None; n];
        for (k, r) in results.iter().enumerate() {
            let (Target::Full(a) | Target::Reduced(a, ..)) = *r;
            last[a.0 as usize] = Some(n);
            if let Target::Full(_) = r {
                direct[a.0 as usize] = Some(k);
            }
        }
        for i in (0..n).rev().filter(|&i| reads[i] > 0) {
            for a in nodes[i].operands() {
                let a = a.0 as usize;
                last[a] = last[a].or(Some(i));
            }
        }
        let computed = |i: usize| !matches!(nodes[i], Node::Input(_) | Node::Constant(_));
        let mut places = vec![Place::None; n];
        let (mut free, mut slots) = (Vec::new(), 0);
        for i in 0..n {
            if last[i].is_none() {
                continue;
            }
            let mut fresh = || {
                slots += 1;
                slots - 1
            };
            places[i] = match (nodes[i], direct[i]) {
                // Inputs and constants keep their slots from tile to tile.
                (Node::Input(input), _) => Place::Input { input: input as usize, slot: fresh() },
                (Node::Constant(_), _) => Place::Slot(fresh()),
                // A value that is only written out is computed right in the output's tile.
                (_, Some(k)) if reads[i] == 1 => Place::Output(k),
                _ => Place::Slot(free.pop().unwrap_or_else(fresh)),
            };
            // Slots of operands that die here are free for later values, not for this one: it is written while they are read.
            for a in nodes[i].operands() {
                let a = a.0 as usize;
                if let Place::Slot(slot) = places[a]
                    && last[a] == Some(i)
                    && computed(a)
                    && !free.contains(&slot)
                {
                    free.push(slot);
                }
            }
        }
        let cost = (0..n).filter(|&i| last[i].is_some()).map(|i| nodes[i].cost()).sum::<f64>() + 0.2;
        Program { nodes, layouts, results, places, slots, row, cost }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.layouts.len()
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.results.len()
    }

    /// Elements of output k for a result of `len` elements.
    pub fn output_len(&self, k: usize, len: usize) -> usize {
        match self.results[k] {
            Target::Full(_) => len,
            Target::Reduced(_, _, 0) => 1,
            Target::Reduced(_, _, n) => len / n,
        }
    }
}
