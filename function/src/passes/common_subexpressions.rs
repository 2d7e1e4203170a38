//! Shares equal operations on equal values, and equal constants.
//!
//! Operations are pure, so equal name, attributes and inputs give equal outputs. One without attributes as data (it
//! holds a closure) is left alone.

use crate::graph::{Graph, Value};
use gradus_tensor::Op;
use gradus_tensor::attr::Attr;
use std::collections::HashMap;

/// Constants up to this many bytes are compared.
const COMPARED: usize = 4096;

pub(super) fn run(g: &mut Graph) {
    let mut to: Vec<Value> = (0..g.values() as Value).collect();
    let mut constants: HashMap<Vec<u8>, Value> = HashMap::new();
    for (v, t) in &g.constants {
        let view = t.view();
        if view.as_bytes().len() <= COMPARED {
            let mut key = format!("{}", t.spec()).into_bytes();
            key.extend_from_slice(view.as_bytes());
            to[*v as usize] = *constants.entry(key).or_insert(*v);
        }
    }
    let mut seen: HashMap<Vec<u8>, usize> = HashMap::new();
    for i in 0..g.nodes.len() {
        let n = &mut g.nodes[i];
        n.x.iter_mut().for_each(|v| *v = to[*v as usize]);
        let Some(mut key) = signature(&*n.op) else { continue };
        n.x.iter().for_each(|v| key.extend_from_slice(&v.to_le_bytes()));
        match seen.get(&key) {
            None => {
                seen.insert(key, i);
            }
            Some(&first) => {
                let (y, twin) = (g.nodes[i].y.clone(), g.nodes[first].y.clone());
                y.iter().zip(twin).for_each(|(&v, w)| to[v as usize] = w);
            }
        }
    }
    g.redirect(&to);
    super::dead::run(g);
}

/// An operation as bytes: equal exactly when name and attributes are. `None` when it holds a closure.
pub(super) fn signature(op: &dyn Op) -> Option<Vec<u8>> {
    let mut key = op.name().as_bytes().to_vec();
    op.attrs()?.iter().for_each(|a| write(a, &mut key));
    Some(key)
}

/// An attribute as bytes: equal exactly when the attribute is, with floats by their bits.
fn write(a: &Attr, out: &mut Vec<u8>) {
    match a {
        Attr::Bool(v) => out.extend([0, u8::from(*v)]),
        Attr::Int(v) => {
            out.push(1);
            out.extend(v.to_le_bytes());
        }
        Attr::Float(v) => {
            out.push(2);
            out.extend(v.to_bits().to_le_bytes());
        }
        Attr::Str(s) => {
            out.push(3);
            out.extend((s.len() as u64).to_le_bytes());
            out.extend(s.as_bytes());
        }
        Attr::DType(d) => {
            out.push(4);
            out.extend(d.to_string().as_bytes());
            out.push(0);
        }
        Attr::List(list) => {
            out.push(5);
            out.extend((list.len() as u64).to_le_bytes());
            list.iter().for_each(|a| write(a, out));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::Tensor;

    #[test]
    fn equal_work_is_done_once() {
        let x = Tensor::new([[1.0f32, 2.0], [3.0, 4.0]]).unwrap();
        pass(
            super::run,
            &[x],
            |x| {
                let two = || Tensor::scalar(2.0f32);
                let a = x[0].mul(&two())?.exp()?;
                let b = x[0].mul(&two())?.exp()?;
                let c = x[0].reduce_sum(0, false)?;
                Ok(vec![a.add(&b)?, c, x[0].reduce_sum(1, false)?])
            },
            &["mul", "exp", "mul", "exp", "reduce_sum", "add", "reduce_sum"],
            &["mul", "exp", "reduce_sum", "add", "reduce_sum"],
        );
    }
}
