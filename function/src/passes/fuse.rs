//! Gathers elementwise operations over one domain into groups that run as one.
//!
//! A group may branch, join and have several outputs; inputs of other shapes are stretched on the fly. Two groups may
//! become one unless something outside depends on the one and feeds the other. Which groups reach which is kept as bit
//! sets, so the search stays quick in large graphs.
//!
//! A reduction over all axes or the last ones closes the group that makes its input, if that is large: what is reduced
//! then never reaches memory. Tiles are summed one by one and their sums pairwise, which is another order than that of the
//! reduction by itself (within 4 ulp of the sum of magnitudes), and one that depends on shapes only.

use super::order;
use crate::fused::{Code, Fused, Out};
use crate::graph::{Graph, Node, Value, number};
use gradus_kernels::expr::Closing;
use gradus_tensor::{DType, Lower, Shape, Tensor};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Values of one group up to which it may grow: each has a tile of scratch memory.
const MOST: usize = 96;

pub(super) fn run(g: &mut Graph) {
    let mut groups = Groups::of(g);
    groups.share(g);
    groups.close(g);
    let order = order::groups(g, &groups.of);
    let uses = users(g, &groups);
    let mut nodes = Vec::with_capacity(order.len());
    for members in order {
        if members.len() == 1 {
            nodes.push(g.nodes[members[0]].clone());
        } else {
            nodes.push(fused(g, &groups, &members, &uses));
        }
    }
    g.nodes = nodes;
}

/// The dtype that an elementwise node computes in; `None` for bools alone. The outer `None`: not elementwise.
fn kind(g: &Graph, n: &Node) -> Option<Option<DType>> {
    let float = |v: Value| Some(g.spec(v).dtype).filter(|d| matches!(d, DType::F32 | DType::F64));
    let bool = |v: Value| g.spec(v).dtype == DType::Bool;
    let y = *n.y.first()?;
    match n.op.lower() {
        Lower::Unary(op) => {
            float(y).filter(|d| op.supports(*d)).map(Some).or_else(|| bool(y).then_some(None))
        }
        Lower::Binary(op) => {
            float(y).filter(|d| op.supports(*d)).map(Some).or_else(|| bool(y).then_some(None))
        }
        Lower::Compare(_) | Lower::Test(_) => float(n.x[0]).map(Some),
        Lower::Select => float(y).map(Some),
        Lower::Broadcast => float(y).map(Some).or_else(|| bool(y).then_some(None)),
        Lower::Cast if bool(n.x[0]) => float(y).map(Some),
        _ => None,
    }
}

/// Elements from which on a reduction closes a group: smaller values stay in the second cache, and a pass over them costs
/// little.
const LARGE: usize = 1 << 17;

/// Bytes of a value up to which groups that read it side by side become one: setting each up costs as much as its work.
const SHORT: usize = 1 << 16;

/// The reduction that a node is, over all axes or the last ones of its input: elements that become one.
fn closing(g: &Graph, n: &Node) -> Option<(Closing, usize)> {
    let Lower::Reduce(how, axes) = n.op.lower() else { return None };
    let shape = &g.spec(n.x[0]).shape;
    let first = shape.rank() - axes.len();
    let last = axes.iter().copied().eq(first..shape.rank());
    last.then(|| (how, axes.iter().map(|&a| shape[a]).product()))
}

/// Inputs of the domain's size that a group may always have.
const FEW: usize = 4;
/// Bytes of such inputs up to which it may have more. A group runs when the last of its inputs is there, and keeps the
/// others waiting: a sum of many large gradients would hold all of them at once.
const WAITING: usize = 1 << 19;

/// A set of small numbers.
#[derive(Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn insert(&mut self, i: usize) {
        if self.0.len() <= i / 64 {
            self.0.resize(i / 64 + 1, 0);
        }
        self.0[i / 64] |= 1 << (i % 64);
    }
    fn contains(&self, i: usize) -> bool {
        self.0.get(i / 64).is_some_and(|w| w >> (i % 64) & 1 == 1)
    }
    fn union(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }
}

struct Groups {
    /// Group of each node.
    of: Vec<usize>,
    /// Node that makes each value.
    maker: Vec<Option<usize>>,
    /// Groups that each group depends on, directly or not.
    needs: Vec<Bits>,
    /// Dtype and domain of the groups that can grow.
    domain: Vec<Option<(Option<DType>, Shape)>>,
    size: Vec<usize>,
    /// Values of the domain's size that each group reads and does not make.
    reads: Vec<SmallVec<[Value; 4]>>,
    /// Bytes of one value of the domain.
    bytes: Vec<usize>,
    /// Groups that are carried out when a variable has changed, and not at every call.
    fixed: Vec<bool>,
}

impl Groups {
    fn of(g: &Graph) -> Groups {
        let n = g.nodes.len();
        let mut s = Groups {
            of: (0..n).collect(),
            maker: g.makers(),
            needs: vec![Bits::default(); n],
            domain: vec![None; n],
            size: vec![1; n],
            reads: vec![SmallVec::new(); n],
            bytes: vec![0; n],
            fixed: g.fixed(),
        };
        for i in 0..n {
            let node = &g.nodes[i];
            let before: SmallVec<[usize; 4]> =
                node.x.iter().filter_map(|&v| s.maker[v as usize]).map(|m| s.of[m]).collect();
            for &b in &before {
                let needs = s.needs[b].clone();
                s.needs[i].union(&needs);
                s.needs[i].insert(b);
            }
            let Some(dtype) = kind(g, node) else { continue };
            let spec = g.spec(node.y[0]);
            s.domain[i] = Some((dtype, spec.shape.clone()));
            s.bytes[i] = spec.len() * spec.dtype.size().max(4);
            for &v in &node.x {
                if g.spec(v).shape == spec.shape && !s.reads[i].contains(&v) {
                    s.reads[i].push(v);
                }
            }
            let mut mine = i;
            for b in before {
                if b != mine && s.may_join(mine, b) {
                    s.join(b, mine);
                    mine = b;
                }
            }
        }
        s
    }

    /// Groups that read the same short value become one, where nothing has to run between them.
    fn share(&mut self, g: &Graph) {
        let mut last: Vec<Option<usize>> = vec![None; g.values()];
        for (i, n) in g.nodes.iter().enumerate() {
            let Some((_, shape)) = &self.domain[self.of[i]] else { continue };
            let shape = shape.clone();
            if self.bytes[i] > SHORT {
                continue;
            }
            for &v in n.x.iter().filter(|&&v| g.spec(v).shape == shape) {
                let mine = self.of[i];
                if let Some(other) = last[v as usize].map(|j| self.of[j])
                    && other != mine
                    && self.may_join(mine, other)
                {
                    self.join(mine, other);
                }
                last[v as usize] = Some(i);
            }
        }
    }

    /// Reductions join the groups whose values they reduce. Whoever needs the reduction cannot be needed for it, so nothing
    /// comes to stand between the two.
    fn close(&mut self, g: &Graph) {
        let mut rows: HashMap<usize, usize> = HashMap::new();
        for (i, n) in g.nodes.iter().enumerate() {
            let Some((_, row)) = closing(g, n) else { continue };
            let Some(k) = self.maker[n.x[0] as usize].map(|m| self.of[m]) else { continue };
            let dtype = g.spec(n.y[0]).dtype;
            let Some((Some(d), shape)) = &self.domain[k] else { continue };
            let len = shape.num_elements();
            let fits = *d == dtype && *shape == g.spec(n.x[0]).shape && self.fixed[k] == self.fixed[i];
            // Rows of one length each; a total goes with any.
            if !fits || len < LARGE || (row != len && *rows.entry(k).or_insert(row) != row) {
                continue;
            }
            self.join(k, i);
        }
    }

    /// What the two would read as one.
    fn reads_together(&self, a: usize, b: usize) -> SmallVec<[Value; 4]> {
        let outside = |v: &Value| {
            let maker = self.maker[*v as usize].map(|m| self.of[m]);
            maker != Some(a) && maker != Some(b)
        };
        let mut all: SmallVec<[Value; 4]> = self.reads[a].iter().copied().filter(outside).collect();
        for v in self.reads[b].iter().copied().filter(outside) {
            if !all.contains(&v) {
                all.push(v);
            }
        }
        all
    }

    fn may_join(&self, a: usize, b: usize) -> bool {
        let (Some((da, sa)), Some((db, sb))) = (&self.domain[a], &self.domain[b]) else { return false };
        let dtypes = match (da, db) {
            (Some(x), Some(y)) => x == y,
            _ => true,
        };
        if self.fixed[a] != self.fixed[b] || !dtypes || sa != sb || self.size[a] + self.size[b] > MOST {
            return false;
        }
        let inputs = self.reads_together(a, b).len();
        if inputs > FEW && inputs * self.bytes[a] > WAITING {
            return false;
        }
        // A third group between them would have to run both before and after the joined one.
        (0..self.needs.len()).all(|x| {
            x == a
                || x == b
                || self.size[x] == 0
                || !((self.needs[x].contains(a) && self.needs[b].contains(x))
                    || (self.needs[x].contains(b) && self.needs[a].contains(x)))
        })
    }

    /// Group b joins group a.
    fn join(&mut self, a: usize, b: usize) {
        self.reads[a] = self.reads_together(a, b);
        self.of.iter_mut().filter(|g| **g == b).for_each(|g| *g = a);
        let needs = self.needs[b].clone();
        self.needs[a].union(&needs);
        self.size[a] += self.size[b];
        self.size[b] = 0;
        let dtype = self.domain[b].take().and_then(|(d, _)| d);
        if let Some((d, _)) = &mut self.domain[a] {
            *d = d.or(dtype);
        }
        // Whoever needed the one or the other now needs all that the joined group needs.
        let all = self.needs[a].clone();
        for x in 0..self.needs.len() {
            if x != a && (self.needs[x].contains(a) || self.needs[x].contains(b)) {
                self.needs[x].union(&all);
                self.needs[x].insert(a);
            }
        }
        // Not on itself: the bits of a and b stand for the group from now on.
        for bit in [a, b] {
            if let Some(w) = self.needs[a].0.get_mut(bit / 64) {
                *w &= !(1 << (bit % 64));
            }
        }
    }
}

/// Values that somebody outside of the maker's group reads.
fn users(g: &Graph, groups: &Groups) -> Vec<bool> {
    let mut outside = vec![false; g.values()];
    g.outputs.iter().for_each(|&v| outside[v as usize] = true);
    for (i, n) in g.nodes.iter().enumerate() {
        for &v in &n.x {
            if groups.maker[v as usize].is_some_and(|m| groups.of[m] != groups.of[i]) {
                outside[v as usize] = true;
            }
        }
    }
    outside
}

/// A number that a program can hold. Programs share equal constants, and 0 equals -0: that one stays an input.
fn held(t: &Tensor) -> Option<f64> {
    let float = matches!(t.dtype(), DType::F32 | DType::F64);
    number(t).filter(|v| float && !v.is_nan() && v.to_bits() != (-0.0f64).to_bits())
}

fn fused(g: &Graph, groups: &Groups, members: &[usize], outside: &[bool]) -> Node {
    let group = groups.of[members[0]];
    let known = g.known();
    let inside = |v: Value| groups.maker[v as usize].is_some_and(|m| groups.of[m] == group);
    let (dtype, shape) = groups.domain[group].clone().unwrap_or((None, Shape::scalar()));
    let mut x: SmallVec<[Value; 3]> = SmallVec::new();
    let mut constants: Vec<(Value, f64)> = Vec::new();
    for v in members.iter().flat_map(|&m| &g.nodes[m].x).copied() {
        if inside(v) || x.contains(&v) || constants.iter().any(|(c, _)| *c == v) {
            continue;
        }
        match known[v as usize].and_then(held) {
            Some(c) => constants.push((v, c)),
            None => x.push(v),
        }
    }
    let mut at: HashMap<Value, u32> = x.iter().enumerate().map(|(i, &v)| (v, i as u32)).collect();
    let mut code: Vec<Code> = Vec::new();
    let mut closings: Vec<(Value, Closing)> = Vec::new();
    for (v, c) in constants {
        at.insert(v, (x.len() + code.len()) as u32);
        code.push(Code::Constant(c));
    }
    for &m in members {
        let n = &g.nodes[m];
        let a = |k: usize| at[&n.x[k]];
        let y = n.y[0];
        if let Some((how, _)) = closing(g, n) {
            closings.push((y, how));
            at.insert(y, a(0));
            continue;
        }
        let made = match n.op.lower() {
            Lower::Unary(gradus_kernels::elementwise::Unary::LogicalNot) => Code::Not(a(0)),
            Lower::Unary(op) => Code::Unary(op, a(0)),
            Lower::Binary(op) => Code::Binary(op, a(0), a(1)),
            Lower::Compare(op) => Code::Compare(op, a(0), a(1)),
            Lower::Test(op) => Code::Test(op, a(0)),
            Lower::Select => Code::Select(a(0), a(1), a(2)),
            // Stretching and truth as 0 and 1 happen when a value is read.
            _ => {
                let same = a(0);
                at.insert(y, same);
                continue;
            }
        };
        at.insert(y, (x.len() + code.len()) as u32);
        code.push(made);
    }
    let made = members.iter().map(|&m| g.nodes[m].y[0]).filter(|&v| outside[v as usize]);
    let y: SmallVec<[Value; 1]> = made.collect();
    let out = |&v: &Value| {
        let how = closings.iter().find(|(c, _)| *c == v);
        let closing = how.map(|(_, how)| (*how, g.spec(v).shape.clone()));
        Out { value: at[&v], dtype: g.spec(v).dtype, closing }
    };
    let outputs = y.iter().map(out).collect();
    let inputs = x.iter().map(|&v| g.spec(v).clone()).collect();
    let op = Fused {
        dtype: dtype.unwrap_or(DType::F32),
        shape,
        inputs,
        code,
        outputs,
        built: OnceLock::new(),
        layouts: OnceLock::new(),
    };
    Node { op: Arc::new(op), x, y }
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::{DType, Tensor};

    fn numbers(shape: &[usize]) -> Tensor {
        let n: usize = shape.iter().product();
        Tensor::from_vec((0..n).map(|i| (i as f32 * 0.73).sin() * 2.0).collect(), shape).unwrap()
    }

    #[test]
    fn a_chain_with_broadcasting_becomes_one() {
        for rows in [1, 3, 700] {
            pass(
                super::run,
                &[numbers(&[rows, 4]), numbers(&[4]), numbers(&[rows, 1])],
                |x| {
                    let y = x[0].mul(&Tensor::scalar(1.5f32))?.add(&x[1])?.tanh()?;
                    let z = y.mul(&x[2])?.greater(&y)?;
                    Ok(vec![z.select(&y, &x[2])?, z])
                },
                &["mul", "add", "tanh", "mul", "greater", "select"],
                &["fused"],
            );
        }
    }

    #[test]
    fn a_sum_of_many_large_values_does_not_wait_for_all() {
        let x: Vec<Tensor> = (0..9).map(|_| numbers(&[300, 300])).collect();
        let g = pass(
            super::run,
            &x,
            |x| {
                let mut y = x[0].add(&x[1])?;
                for t in &x[2..] {
                    y = y.add(t)?;
                }
                Ok(vec![y])
            },
            &["add"; 8],
            &["fused", "fused", "fused"],
        );
        assert_eq!(g.nodes()[0].x.len(), 4);
    }

    #[test]
    fn a_detour_keeps_groups_apart() {
        // exp -> reduce -> sub: the subtraction must not join the exponential's group.
        let g = pass(
            super::run,
            &[numbers(&[5, 4])],
            |x| {
                let e = x[0].exp()?.neg()?;
                let s = e.reduce_sum(1, true)?;
                Ok(vec![e.sub(&s)?.square()?])
            },
            &["exp", "neg", "reduce_sum", "sub", "square"],
            &["fused", "reduce_sum", "fused"],
        );
        assert_eq!(g.nodes()[0].y.len(), 1);
    }

    #[test]
    fn neighbours_become_one_unless_something_runs_between() {
        let x = [numbers(&[4, 5]), numbers(&[4, 5])];
        pass(
            super::run,
            &x,
            |x| Ok(vec![x[0].exp()?.neg()?, x[0].mul(&x[1])?.tanh()?]),
            &["exp", "neg", "mul", "tanh"],
            &["fused"],
        );
        pass(
            super::run,
            &x,
            |x| {
                let sum = x[0].exp()?.reduce_sum(0, true)?;
                Ok(vec![x[0].mul(&sum)?.tanh()?])
            },
            &["exp", "reduce_sum", "mul", "tanh"],
            &["exp", "reduce_sum", "fused"],
        );
    }

    #[test]
    fn large_sums_close_their_groups() {
        use super::super::check::{graph, names};
        use gradus_kernels::threads::with_num_threads;
        let cases: [(&str, &[usize], &[isize], bool, &[&str]); 6] = [
            ("total", &[600, 300], &[0, 1], false, &["fused"]),
            ("rows", &[600, 300], &[1], true, &["fused"]),
            ("long rows", &[3, 70_000], &[-1], false, &["fused"]),
            ("last two axes", &[17, 100, 80], &[1, 2], false, &["fused"]),
            ("columns", &[600, 300], &[0], false, &["fused", "reduce_sum", "reduce_mean", "reduce_max"]),
            ("small", &[30, 20], &[0, 1], false, &["fused", "reduce_sum", "reduce_mean", "reduce_max"]),
        ];
        for (name, shape, axes, keepdims, after) in cases {
            let x = [numbers(shape), numbers(&[*shape.last().unwrap()])];
            let mut g = graph(&x, |x| {
                let y = x[0].mul(&x[1])?.add(&Tensor::scalar(0.5f32))?.tanh()?;
                Ok(vec![
                    y.reduce_sum(axes, keepdims)?,
                    y.reduce_mean(axes, keepdims)?,
                    y.reduce_max(axes, keepdims)?,
                ])
            });
            let before = crate::Program::new(g.clone());
            super::run(&mut g);
            assert_eq!(names(&g), after, "{name}");
            let plan = crate::plan::Plan::new(&g);
            let values = before.values(&x).unwrap();
            let mut one = Vec::new();
            for threads in 1..=4 {
                let found = with_num_threads(threads, || plan.run(x.to_vec())).unwrap();
                for (t, &v) in found.iter().zip(&before.graph().outputs) {
                    let want = &values[v as usize];
                    assert_eq!(t.spec(), want.spec(), "{name}");
                    // Magnitudes are at most 1: their sum is at most the number of elements.
                    let n = (g.spec(g.inputs()[0]).len() / want.len()) as f64;
                    let pairs = t.to_f64_vec().unwrap().into_iter().zip(want.to_f64_vec().unwrap());
                    for (f, w) in pairs {
                        assert!(
                            (f - w).abs() <= 4.0 * n * f64::from(f32::EPSILON),
                            "{name}: {f} instead of {w}"
                        );
                    }
                }
                let bytes: Vec<_> = found.iter().map(|t| t.to_bytes().unwrap()).collect();
                match threads {
                    1 => one = bytes,
                    _ => assert!(bytes == one, "{name}: {threads} threads give other bits"),
                }
            }
        }
    }

    #[test]
    fn a_value_that_is_read_besides_is_written_too() {
        let x = numbers(&[600, 300]);
        let g = pass(
            super::run,
            &[x],
            |x| {
                let y = x[0].exp()?.neg()?;
                let top = y.reduce_max(1, true)?;
                Ok(vec![y.sub(&top)?.square()?])
            },
            &["exp", "neg", "reduce_max", "sub", "square"],
            &["fused", "fused"],
        );
        assert_eq!(g.nodes()[0].y.len(), 2);
    }

    #[test]
    fn masks_and_casts() {
        pass(
            super::run,
            &[numbers(&[33]), numbers(&[1])],
            |x| {
                let m = x[0].greater(&x[1])?;
                let k = m.logical_not()?.logical_or(&x[0].is_nan()?)?;
                Ok(vec![k.cast(DType::F32)?.mul(&x[0])?, m, k])
            },
            &["greater", "logical_not", "is_nan", "logical_or", "cast", "mul"],
            &["fused"],
        );
    }

    #[test]
    fn signs_of_zero_survive() {
        let x = Tensor::new([-0.0f64, 0.0, -1.0]).unwrap();
        pass(
            super::run,
            &[x],
            |x| {
                let a = x[0].add(&Tensor::scalar(0.0f64))?.reciprocal()?;
                let b = x[0].add(&Tensor::scalar(-0.0f64))?.reciprocal()?;
                Ok(vec![a, b])
            },
            &["add", "reciprocal", "add", "reciprocal"],
            &["fused"],
        );
    }
}
