//! Two cheap operations in one pass over a tile.
//!
//! A sum or a product takes less time than bringing its operands from the cache and its result back. Where only one
//! operation reads it, the two are carried out together: two roundings as before, so that no bit differs.

use super::build::{Node, Reg};
use crate::elementwise::{Binary, Unary};
use crate::math::Float;
use crate::vector::Body;

/// Two operations on a, b and c.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pair {
    /// a b + c.
    MulAdd,
    /// a b - c.
    MulSub,
    /// c - a b.
    SubMul,
    /// (a + b) c.
    AddTimes,
    /// (a - b) c.
    SubTimes,
}

/// The pair that `outer` makes with the operation before it, which is its left operand or its right one.
fn pair(inner: &Node, outer: Binary, left: bool) -> Option<(Pair, Reg, Reg)> {
    let (op, a, b) = match *inner {
        Node::Binary(op, a, b) => (op, a, b),
        Node::Unary(Unary::Square, a) => (Binary::Mul, a, a),
        _ => return None,
    };
    let pair = match (op, outer) {
        (Binary::Mul, Binary::Add) => Pair::MulAdd,
        (Binary::Mul, Binary::Sub) if left => Pair::MulSub,
        (Binary::Mul, Binary::Sub) => Pair::SubMul,
        (Binary::Add, Binary::Mul) => Pair::AddTimes,
        (Binary::Sub, Binary::Mul) => Pair::SubTimes,
        _ => return None,
    };
    Some((pair, a, b))
}

/// Makes pairs of operations and the only ones that read them; `reads` counts who reads each value, outputs included.
pub(super) fn join(nodes: &mut [Node], reads: &[usize]) {
    for i in 0..nodes.len() {
        let Node::Binary(op, x, y) = nodes[i] else { continue };
        let joined = [(x, y, true), (y, x, false)].into_iter().find_map(|(inner, c, left)| {
            let inner = inner.0 as usize;
            let (pair, a, b) = pair(&nodes[inner], op, left).filter(|_| reads[inner] == 1)?;
            Some(Node::Pair(pair, a, b, c))
        });
        if let Some(node) = joined.filter(|_| reads[i] > 0) {
            nodes[i] = node;
        }
    }
}

struct Loop<'a, T, F>([&'a [T]; 3], &'a mut [T], F);

impl<T: Copy, F: Fn(T, T, T) -> T> Body for Loop<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let [a, b, c] = self.0;
        for (((y, &a), &b), &c) in self.1.iter_mut().zip(a).zip(b).zip(c) {
            *y = (self.2)(a, b, c);
        }
    }
}

impl Pair {
    /// One tile on this thread.
    pub(super) fn tile<T: Float>(self, x: [&[T]; 3], y: &mut [T]) {
        match self {
            Pair::MulAdd => T::run(Loop(x, y, |a, b, c| a * b + c)),
            Pair::MulSub => T::run(Loop(x, y, |a, b, c| a * b - c)),
            Pair::SubMul => T::run(Loop(x, y, |a, b, c| c - a * b)),
            Pair::AddTimes => T::run(Loop(x, y, |a, b, c| (a + b) * c)),
            Pair::SubTimes => T::run(Loop(x, y, |a, b, c| (a - b) * c)),
        }
    }
}
