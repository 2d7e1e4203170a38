//! Identities that hold for every bit pattern of IEEE numbers (up to the payload of a NaN).
//!
//! `x * 1`, `x / 1`, `x - 0`, `x + (-0)` are x; `x + 0` is not, since `-0 + 0` is `0`. Negation undoes itself, relu and
//! abs repeat without effect, orders of axes compose, reshapes keep the last shape. An operand that is only stretched
//! for an operation that stretches by itself need not be.

use crate::graph::{Graph, Value, number};
use gradus_kernels::elementwise::{Binary, Unary};
use gradus_tensor::Lower;
use std::sync::Arc;

pub(super) fn run(g: &mut Graph) {
    let mut to: Vec<Value> = (0..g.values() as Value).collect();
    let maker = g.makers();
    for i in 0..g.nodes.len() {
        let x = g.nodes[i].x.iter().map(|&v| to[v as usize]).collect();
        g.nodes[i].x = x;
        unstretch(g, &maker, i);
        if let Some(v) = same_as(g, &maker, i) {
            to[g.nodes[i].y[0] as usize] = v;
        } else {
            compose(g, &maker, i);
        }
    }
    g.redirect(&to);
    super::dead::run(g);
}

/// The number that every element of a value is.
fn splat(g: &Graph, maker: &[Option<usize>], v: Value) -> Option<f64> {
    if let Some(i) = maker[v as usize] {
        return match g.nodes[i].op.lower() {
            Lower::Fill(value) => Some(value),
            Lower::Broadcast => splat(g, maker, g.nodes[i].x[0]),
            _ => None,
        };
    }
    let (_, t) = g.constants.iter().find(|(c, _)| *c == v)?;
    number(t)
}

/// The value that node i's output equals.
fn same_as(g: &Graph, maker: &[Option<usize>], i: usize) -> Option<Value> {
    let n = &g.nodes[i];
    let y = *n.y.first()?;
    let fits = |v: Value| (g.spec(v) == g.spec(y)).then_some(v);
    let is = |v: Value, number: f64| splat(g, maker, v).is_some_and(|s| s.to_bits() == number.to_bits());
    let integer = g.spec(y).dtype.is_int();
    match n.op.lower() {
        Lower::Binary(op) => {
            let (a, b) = (n.x[0], n.x[1]);
            match op {
                Binary::Mul if is(b, 1.0) => fits(a),
                Binary::Mul if is(a, 1.0) => fits(b),
                Binary::Div if is(b, 1.0) => fits(a),
                Binary::Sub if is(b, 0.0) => fits(a),
                Binary::Add if is(b, -0.0) || (integer && is(b, 0.0)) => fits(a),
                Binary::Add if is(a, -0.0) || (integer && is(a, 0.0)) => fits(b),
                Binary::Maximum | Binary::Minimum if a == b => Some(a),
                _ => None,
            }
        }
        Lower::Unary(op) => {
            let before = &g.nodes[maker[n.x[0] as usize]?];
            let Lower::Unary(inner) = before.op.lower() else { return None };
            match (op, inner) {
                (Unary::Neg, Unary::Neg) => Some(before.x[0]),
                (Unary::Relu, Unary::Relu) | (Unary::Abs, Unary::Abs) | (Unary::Relu6, Unary::Relu6) => {
                    Some(n.x[0])
                }
                _ => None,
            }
        }
        Lower::Select if n.x[1] == n.x[2] => fits(n.x[1]),
        Lower::Broadcast | Lower::Alias | Lower::Cast => fits(n.x[0]),
        Lower::Transpose(perm) => {
            if perm.iter().enumerate().all(|(i, &p)| i == p) {
                return Some(n.x[0]);
            }
            let before = &g.nodes[maker[n.x[0] as usize]?];
            match before.op.lower() {
                Lower::Transpose(inner) if perm.iter().enumerate().all(|(i, &p)| inner[p] == i) => {
                    Some(before.x[0])
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A reshape of a reshape is one, from the first shape.
fn compose(g: &mut Graph, maker: &[Option<usize>], i: usize) {
    while g.nodes[i].op.lower() == Lower::Alias {
        let Some(before) = maker[g.nodes[i].x[0] as usize].map(|k| &g.nodes[k]) else { return };
        if before.op.lower() != Lower::Alias {
            return;
        }
        let from = before.x[0];
        g.nodes[i].x[0] = from;
        if g.spec(from) == g.spec(g.nodes[i].y[0]) {
            return;
        }
    }
}

/// Reads the operands of an elementwise operation as they were before they were stretched, if the result stays the same.
fn unstretch(g: &mut Graph, maker: &[Option<usize>], i: usize) {
    let n = &g.nodes[i];
    if !matches!(n.op.lower(), Lower::Binary(_) | Lower::Compare(_) | Lower::Select) {
        return;
    }
    for k in 0..n.x.len() {
        let n = &g.nodes[i];
        let Some(before) = maker[n.x[k] as usize].map(|m| &g.nodes[m]) else { continue };
        if before.op.lower() != Lower::Broadcast {
            continue;
        }
        let mut x = n.x.clone();
        x[k] = before.x[0];
        let specs: Vec<_> = x.iter().map(|&v| g.spec(v)).collect();
        if n.op.infer(&specs).is_ok_and(|s| s[0] == *g.spec(n.y[0])) {
            let op = Arc::clone(&n.op);
            g.nodes[i].x = x;
            g.nodes[i].op = op;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::{DType, Tensor};

    #[test]
    fn what_changes_nothing_goes() {
        let x = Tensor::new([[1.0f32, -0.0, f32::NAN], [f32::INFINITY, -3.0, 0.0]]).unwrap();
        pass(
            super::run,
            &[x],
            |x| {
                let one = Tensor::ones([2, 3], DType::F32)?;
                let a = x[0].mul(&one)?.neg()?.neg()?.div(&Tensor::scalar(1.0f32))?;
                let b = a.transpose(&[1, 0])?.transpose(&[1, 0])?.reshape([6])?.reshape([3, 2])?;
                let c = x[0].add(&Tensor::scalar(0.0f32))?;
                let d = c.sub(&Tensor::scalar(0.0f32))?.relu()?.relu()?;
                Ok(vec![b, d])
            },
            &[
                "fill",
                "mul",
                "neg",
                "neg",
                "div",
                "transpose",
                "transpose",
                "reshape",
                "reshape",
                "add",
                "sub",
                "relu",
                "relu",
            ],
            &["reshape", "add", "relu"],
        );
    }

    #[test]
    fn stretching_is_left_to_the_operation() {
        let (x, row) = (Tensor::ones([2, 3], DType::F32).unwrap(), Tensor::new([1.0f32, 2.0, 3.0]).unwrap());
        pass(
            super::run,
            &[x, row],
            |x| {
                let wide = x[1].broadcast_to([2, 3])?;
                // The second product needs its operand wide.
                Ok(vec![x[0].mul(&wide)?, wide.mul(&x[1])?])
            },
            &["broadcast_to", "mul", "mul"],
            &["broadcast_to", "mul", "mul"],
        );
        let row = Tensor::new([1.0f32, 2.0, 3.0]).unwrap();
        pass(
            super::run,
            &[Tensor::ones([2, 3], DType::F32).unwrap(), row],
            |x| Ok(vec![x[0].mul(&x[1].broadcast_to([2, 3])?)?]),
            &["broadcast_to", "mul"],
            &["mul"],
        );
    }
}
