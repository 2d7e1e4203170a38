//! A fused group as attributes: what makes two equal, and what is written to a file.
//!
//! Reading checks everything that running relies on, since files may hold anything.

use crate::fused::{Code, Fused, Out};
use gradus_kernels::elementwise::{Binary, Compare, Layout, Test, Unary};
use gradus_kernels::expr::Closing;
use gradus_tensor::attr::{Attr, Attribute};
use gradus_tensor::{DType, Shape, Spec};
use std::sync::OnceLock;

pub(crate) fn write(f: &Fused) -> Vec<Attr> {
    vec![
        f.dtype.to_attr(),
        f.shape.to_attr(),
        Attr::List(f.inputs.iter().map(|s| (s.dtype, s.shape.clone()).to_attr()).collect()),
        Attr::List(f.code.iter().map(code).collect()),
        Attr::List(f.outputs.iter().map(out).collect()),
    ]
}

fn out(o: &Out) -> Attr {
    let mut list = vec![o.value.to_attr(), o.dtype.to_attr()];
    if let Some((how, shape)) = &o.closing {
        list.extend([Attr::Str(closing_name(*how).into()), shape.to_attr()]);
    }
    Attr::List(list)
}

fn closing_name(how: Closing) -> &'static str {
    match how {
        Closing::Sum => "sum",
        Closing::Mean => "mean",
        Closing::Max => "max",
    }
}

fn code(c: &Code) -> Attr {
    let make = |kind: &str, name: &str, operands: &[u32]| {
        let mut list = vec![Attr::Str(kind.into()), Attr::Str(name.into())];
        list.extend(operands.iter().map(Attribute::to_attr));
        Attr::List(list)
    };
    match *c {
        Code::Constant(v) => Attr::Float(v),
        Code::Unary(op, a) => make("unary", op.name(), &[a]),
        Code::Binary(op, a, b) => make("binary", op.name(), &[a, b]),
        Code::Compare(op, a, b) => make("compare", op.name(), &[a, b]),
        Code::Test(op, a) => make("test", op.name(), &[a]),
        Code::Select(c, a, b) => make("select", "", &[c, a, b]),
        Code::Not(a) => make("not", "", &[a]),
    }
}

fn list(a: &Attr) -> Option<&[Attr]> {
    if let Attr::List(v) = a { Some(v) } else { None }
}

pub(crate) fn read(attrs: &[Attr]) -> Option<Fused> {
    let [dtype, shape, inputs, code, outputs] = attrs else { return None };
    let (dtype, shape) = (DType::from_attr(dtype)?, Shape::from_attr(shape)?);
    shape.checked_len().ok().filter(|_| matches!(dtype, DType::F32 | DType::F64))?;
    let inputs: Vec<Spec> = list(inputs)?
        .iter()
        .map(|a| <(DType, Shape)>::from_attr(a).map(|(d, s)| Spec::new(d, s)))
        .collect::<Option<_>>()?;
    let fit =
        |s: &Spec| (s.dtype == dtype || s.dtype == DType::Bool) && Layout::new(&s.shape, &shape).is_ok();
    if !inputs.iter().all(fit) {
        return None;
    }
    let mut read: Vec<Code> = Vec::new();
    for a in list(code)? {
        let c = read_code(a, (inputs.len() + read.len()) as u32)?;
        let supported = match c {
            Code::Unary(op, _) => op.supports(dtype),
            Code::Binary(op, ..) => op.supports(dtype) || op.supports(DType::Bool),
            _ => true,
        };
        read.push(Some(c).filter(|_| supported)?);
    }
    let values = (inputs.len() + read.len()) as u32;
    let outputs: Vec<Out> =
        list(outputs)?.iter().map(|a| read_out(a, values, dtype, &shape)).collect::<Option<_>>()?;
    (!outputs.is_empty()).then_some(())?;
    // Rows of one length, as the tile program wants them.
    let mut rows = outputs.iter().filter_map(|o| o.closing.as_ref()).map(|(_, s)| s.num_elements());
    let mut rows = rows.by_ref().filter(|&n| n != 1);
    let first = rows.next();
    rows.all(|n| Some(n) == first).then_some(())?;
    Some(Fused {
        dtype,
        shape,
        inputs,
        code: read,
        outputs,
        built: OnceLock::new(),
        layouts: OnceLock::new(),
    })
}

fn read_code(a: &Attr, values: u32) -> Option<Code> {
    if let Attr::Float(v) = a {
        return Some(Code::Constant(*v));
    }
    let [Attr::Str(kind), Attr::Str(name), operands @ ..] = list(a)? else { return None };
    let operands: Vec<u32> = operands.iter().map(u32::from_attr).collect::<Option<_>>()?;
    if operands.iter().any(|&o| o >= values) {
        return None;
    }
    Some(match (kind.as_str(), &operands[..]) {
        ("unary", &[a]) => Code::Unary(*Unary::ALL.iter().find(|o| o.name() == name)?, a),
        ("binary", &[a, b]) => Code::Binary(*Binary::ALL.iter().find(|o| o.name() == name)?, a, b),
        ("compare", &[a, b]) => Code::Compare(*Compare::ALL.iter().find(|o| o.name() == name)?, a, b),
        ("test", &[a]) => Code::Test(*Test::ALL.iter().find(|o| o.name() == name)?, a),
        ("select", &[c, a, b]) => Code::Select(c, a, b),
        ("not", &[a]) => Code::Not(a),
        _ => return None,
    })
}

fn read_out(a: &Attr, values: u32, dtype: DType, shape: &Shape) -> Option<Out> {
    let (head, tail) = list(a)?.split_at_checked(2)?;
    let (value, found) = (u32::from_attr(&head[0])?, DType::from_attr(&head[1])?);
    let closing = match tail {
        [] => None,
        [Attr::Str(how), left] => {
            let all = [Closing::Sum, Closing::Mean, Closing::Max];
            let how = all.into_iter().find(|c| closing_name(*c) == how)?;
            let left = Shape::from_attr(left)?;
            let (n, m) = (shape.num_elements(), left.checked_len().ok()?);
            // What is left are whole axes in front, and axes of size 1.
            let front = left.iter().filter(|&&d| d != 1).count();
            let same = left.iter().filter(|&&d| d != 1).eq(shape.iter().filter(|&&d| d != 1).take(front));
            (found == dtype && n > 0 && m > 0 && same).then_some(())?;
            Some((how, left))
        }
        _ => return None,
    };
    (value < values && (found == dtype || found == DType::Bool)).then_some(Out {
        value,
        dtype: found,
        closing,
    })
}
