//! A product that is scaled column by column is a product with scaled weights: `(x w + b) s + t = x (w s) + (b s + t)`.
//!
//! This is what a batch normalization behind a convolution comes to when it does not train: the image is not passed over
//! once more, and shift and activation join the convolution afterwards. Where weights and statistics are variables that
//! stay as they are, the scaled weights are kept from call to call.
//!
//! Products are rounded before the sum and not after it.

use crate::graph::{Graph, Node, Value};
use gradus_kernels::elementwise::Binary;
use gradus_tensor::ops::{Add, Mul, Reshape};
use gradus_tensor::{Lower, Op, Shape};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

pub(super) fn run(g: &mut Graph) {
    let uses = g.uses();
    let maker = g.makers();
    let mut reader: Vec<Option<usize>> = vec![None; g.values()];
    for (i, n) in g.nodes.iter().enumerate() {
        n.x.iter().for_each(|&v| reader[v as usize] = Some(i));
    }
    let once = |v: Value| uses[v as usize] == 1;
    let mut shifted: Vec<Option<Scaled>> = vec![None; g.nodes.len()];
    let mut scaled: Vec<Option<Scaled>> = vec![None; g.nodes.len()];
    for i in 0..g.nodes.len() {
        let Some(mut s) = Scaled::find(g, &maker, &once, i) else { continue };
        let y = g.nodes[i].y[0];
        let has_bias = g.nodes[s.product].x.len() == 3;
        let add = reader[y as usize].filter(|&r| has_bias && once(y) && r > i);
        match add.and_then(|r| Some((r, vector(g, r, Binary::Add, y)?))) {
            Some((r, shift)) => {
                s.shift = Some(shift);
                shifted[r] = Some(s);
            }
            None => scaled[i] = Some(s),
        }
    }
    let old = std::mem::take(&mut g.nodes);
    let mut nodes = Vec::with_capacity(old.len());
    for (i, n) in old.iter().enumerate() {
        match scaled[i].as_ref().or(shifted[i].as_ref()) {
            Some(s) => s.write(g, &mut nodes, &old[s.product], n.y[0]),
            None => nodes.push(n.clone()),
        }
    }
    g.nodes = nodes;
    super::dead::run(g);
}

/// A product and what its columns are scaled by and shifted by.
#[derive(Clone)]
struct Scaled {
    product: usize,
    columns: usize,
    scale: Value,
    shift: Option<Value>,
}

/// The other operand of node i, if the node is this operation on v and something with one number per column.
fn vector(g: &Graph, i: usize, op: Binary, v: Value) -> Option<Value> {
    let n = &g.nodes[i];
    let other = match (n.op.lower() == Lower::Binary(op), &n.x[..]) {
        (true, &[a, b]) if a == v && b != v => b,
        (true, &[a, b]) if b == v && a != v => a,
        _ => return None,
    };
    let (s, y) = (g.spec(other), g.spec(v));
    let fits = s.shape.dims() == [*y.shape.last()?] && g.spec(n.y[0]) == y;
    fits.then_some(other)
}

impl Scaled {
    fn find(g: &Graph, maker: &[Option<usize>], once: &impl Fn(Value) -> bool, i: usize) -> Option<Scaled> {
        g.nodes[i].x.iter().find_map(|&v| {
            let product = maker[v as usize].filter(|_| once(v))?;
            let scale = vector(g, i, Binary::Mul, v)?;
            let n = &g.nodes[product];
            let columns = n.op.columns()?;
            let (weight, y) = (g.spec(n.x[1]), g.spec(v));
            let last: usize = weight.shape[weight.shape.rank().checked_sub(columns)?..].iter().product();
            // A weight that is larger than the result is not worth a pass.
            let fits = weight.shape.rank() > 1 && last == *y.shape.last()? && weight.len() <= y.len();
            fits.then_some(Scaled { product, columns, scale, shift: None })
        })
    }

    /// The product with scaled weights, which makes `y`.
    fn write(&self, g: &mut Graph, nodes: &mut Vec<Node>, product: &Node, y: Value) {
        let mut push =
            |g: &mut Graph, op: Arc<dyn Op>, x: SmallVec<[Value; 3]>, like: Value, shape: &Shape| {
                let made = g.value(g.spec(like).reshaped(shape.clone()));
                nodes.push(Node { op, x, y: smallvec![made] });
                made
            };
        let weight = product.x[1];
        let shape = g.spec(weight).shape.clone();
        let columns = Shape::new(&shape[shape.rank() - self.columns..]);
        let mut scale = self.scale;
        if columns.rank() > 1 {
            let op = Reshape { shape: columns.clone() };
            scale = push(g, Arc::new(op), smallvec![scale], scale, &columns);
        }
        let mut x = product.x.clone();
        x[1] = push(g, Arc::new(Mul {}), smallvec![weight, scale], weight, &shape);
        if let Some(&bias) = product.x.get(2) {
            let shape = g.spec(bias).shape.clone();
            x[2] = push(g, Arc::new(Mul {}), smallvec![bias, self.scale], bias, &shape);
            if let Some(shift) = self.shift {
                x[2] = push(g, Arc::new(Add {}), smallvec![x[2], shift], bias, &shape);
            }
        }
        nodes.push(Node { op: product.op.clone(), x, y: smallvec![y] });
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::Tensor;
    use gradus_tensor::ops::ConvOptions;

    fn numbers(shape: &[usize]) -> Tensor {
        let n: usize = shape.iter().product();
        // Small integers: no rounding anywhere.
        Tensor::from_vec((0..n).map(|i| (i % 5) as f32 - 2.0).collect(), shape).unwrap()
    }

    #[test]
    fn a_normalization_joins_the_convolution_before_it() {
        let image = numbers(&[2, 6, 6, 3]);
        let same = || ConvOptions::default();
        pass(
            super::run,
            &[image.clone(), numbers(&[3, 3, 3, 4]), numbers(&[4]), numbers(&[4])],
            |x| Ok(vec![x[0].conv2d(&x[1], same())?.mul(&x[2])?.add(&x[3])?]),
            &["conv2d", "mul", "add"],
            &["mul", "conv2d", "add"],
        );
        pass(
            super::run,
            &[image, numbers(&[3, 3, 3, 2]), numbers(&[6]), numbers(&[6])],
            |x| Ok(vec![x[0].depthwise_conv2d(&x[1], same())?.mul(&x[2])?.add(&x[3])?.relu()?]),
            &["depthwise_conv2d", "mul", "add", "relu"],
            &["reshape", "mul", "depthwise_conv2d", "add", "relu"],
        );
    }

    #[test]
    fn a_bias_is_scaled_and_shifted() {
        pass(
            |g| {
                super::super::epilogues::run(g);
                super::run(g);
            },
            &[numbers(&[7, 3]), numbers(&[3, 4]), numbers(&[4]), numbers(&[4]), numbers(&[4])],
            |x| Ok(vec![x[0].matmul(&x[1])?.add(&x[2])?.mul(&x[3])?.add(&x[4])?]),
            &["matmul", "add", "mul", "add"],
            &["mul", "mul", "add", "linear"],
        );
    }

    #[test]
    fn other_factors_and_large_weights_stay() {
        pass(
            super::run,
            &[numbers(&[2, 9]), numbers(&[9, 4]), numbers(&[4]), numbers(&[2, 1])],
            |x| Ok(vec![x[0].matmul(&x[1])?.mul(&x[2])?, x[0].matmul(&x[1])?.mul(&x[3])?]),
            &["matmul", "mul", "matmul", "mul"],
            &["matmul", "mul", "matmul", "mul"],
        );
    }
}
