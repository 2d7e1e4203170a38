//! A graph as text: one line per input, constant and operation.

use crate::fused::{Code, Fused};
use crate::fused_attrs;
use crate::graph::{Graph, number};
use gradus_tensor::Op;
use gradus_tensor::attr::Attr;
use std::fmt;

impl fmt::Display for Graph {
    /// ```text
    /// %0 = input float32[2]
    /// %1 = mul(%0, %0): float32[2]
    /// return %1
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &v in self.inputs() {
            writeln!(f, "%{v} = input {}", self.spec(v))?;
        }
        for (v, t) in self.constants() {
            writeln!(f, "%{v} = constant {}", constant(t))?;
        }
        for n in self.nodes() {
            for (i, v) in n.y.iter().enumerate() {
                write!(f, "{}%{v}", if i > 0 { ", " } else { "" })?;
            }
            write!(f, " = {}", label(&*n.op))?;
            f.write_str("(")?;
            for (i, v) in n.x.iter().enumerate() {
                write!(f, "{}%{v}", if i > 0 { ", " } else { "" })?;
            }
            f.write_str("):")?;
            for (i, &v) in n.y.iter().enumerate() {
                write!(f, "{} {}", if i > 0 { "," } else { "" }, self.spec(v))?;
            }
            writeln!(f)?;
        }
        f.write_str("return")?;
        for (i, v) in self.outputs().iter().enumerate() {
            write!(f, "{} %{v}", if i > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// A constant's spec, and its value where that is one number.
pub(crate) fn constant(t: &gradus_tensor::Tensor) -> String {
    match number(t) {
        Some(v) => format!("{} {v}", t.spec()),
        None => t.spec().to_string(),
    }
}

/// An operation's name with its attributes, short; a fused group as the operations it holds.
pub(crate) fn label(op: &dyn Op) -> String {
    let attrs = op.attrs().unwrap_or_default();
    if op.name() == Fused::NAME
        && let Some(group) = fused_attrs::read(&attrs)
    {
        let parts: Vec<&str> = group.code.iter().filter_map(name).collect();
        return format!("fused[{}]", parts.join(" "));
    }
    if attrs.is_empty() {
        return op.name().to_string();
    }
    let parts: Vec<String> = attrs.iter().map(short).collect();
    format!("{}[{}]", op.name(), parts.join(" "))
}

fn name(c: &Code) -> Option<&'static str> {
    Some(match c {
        Code::Constant(_) => return None,
        Code::Unary(op, _) => op.name(),
        Code::Binary(op, ..) => op.name(),
        Code::Compare(op, ..) => op.name(),
        Code::Test(op, _) => op.name(),
        Code::Select(..) => "select",
        Code::Not(_) => "not",
    })
}

fn short(a: &Attr) -> String {
    match a {
        Attr::Bool(v) => v.to_string(),
        Attr::Int(v) => v.to_string(),
        Attr::Float(v) => v.to_string(),
        Attr::Str(s) => s.clone(),
        Attr::DType(d) => d.to_string(),
        Attr::List(list) => format!("({})", list.iter().map(short).collect::<Vec<_>>().join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::passes::check::graph;
    use gradus_tensor::Tensor;

    #[test]
    fn lines() {
        let g = graph(&[Tensor::new([1.0f32, 2.0]).unwrap()], |x| {
            Ok(vec![x[0].mul(&Tensor::scalar(3.0f32))?.reduce_sum(0, false)?])
        });
        let want = "%0 = input float32[2]\n%1 = constant float32[] 3\n%2 = mul(%0, %1): float32[2]\n\
                    %3 = reduce_sum[(0) false](%2): float32[]\nreturn %3";
        assert_eq!(g.to_string(), want);
    }
}
