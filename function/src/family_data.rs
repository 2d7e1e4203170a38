//! A graph for all sizes as data; the form of a single trace ([`export`](crate::export)), with numbers that follow from
//! sizes where a trace has numbers.

use crate::export::{Exported, FORMAT, VERSION, bad, check_version, list, read, tensor_named, values, write};
use crate::family::{Family, NodeForm, OpForm, Unknown};
use crate::form::{AttrForm, ConstantForm, FloatForm, Form, MOST};
use crate::graph::Value;
use gradus_autograd::Variable;
use gradus_tensor::attr::Attr;
use gradus_tensor::{DType, Error, ErrorKind, Registry, Result, Tensor};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};

impl Family {
    /// This family as data, with the present values of its variables.
    pub fn export(&self) -> Result<Exported> {
        let mut tensors = Vec::new();
        let mut constants = Vec::new();
        for (i, (v, form)) in self.constants.iter().enumerate() {
            let name = format!("constant/{i}");
            let (t, form) = match form {
                ConstantForm::Same(t) => (t, Json::Null),
                ConstantForm::Number { like, form } => (like, write_float(form)),
            };
            constants.push(json!({"value": v, "tensor": name, "form": form}));
            tensors.push((name, t.clone()));
        }
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for n in &self.nodes {
            let (name, attrs) = match &n.op {
                OpForm::Same(op) => {
                    let attrs = op.attrs().ok_or_else(|| {
                        let what =
                            format!("export: operation {} holds a closure and cannot be written", op.name());
                        Error::new(ErrorKind::Unsupported, what)
                    })?;
                    (op.name(), attrs.iter().map(write).collect::<Vec<_>>())
                }
                OpForm::Attributes(name, forms) => (*name, forms.iter().map(write_form).collect()),
            };
            nodes.push(json!({"op": name, "attrs": attrs, "x": n.x.to_vec(), "y": n.y.to_vec()}));
        }
        let mut variables: Vec<&Variable> = Vec::new();
        for v in self.reads.iter().chain(&self.writes) {
            if variables.iter().all(|w| w.id() != v.id()) {
                tensors.push((format!("variable/{}", variables.len()), v.peek()));
                variables.push(v);
            }
        }
        let place = |v: &Variable| variables.iter().position(|w| w.id() == v.id());
        let kind = |v: &&Variable| json!({"name": v.name(), "trainable": v.is_trainable()});
        Ok(Exported {
            graph: json!({
                "format": FORMAT,
                "version": VERSION,
                "unknown": self.unknown.dims,
                "signature": self.specs.iter().map(|(d, s)| json!([d.name(), s])).collect::<Vec<_>>(),
                "values": self.values,
                "inputs": self.inputs,
                "constants": constants,
                "nodes": nodes,
                "outputs": self.outputs,
                "variables": variables.iter().map(kind).collect::<Vec<_>>(),
                "reads": self.reads.iter().map(place).collect::<Vec<_>>(),
                "writes": self.writes.iter().map(place).collect::<Vec<_>>(),
            }),
            tensors,
        })
    }

    /// The family that was exported, with variables of its own. What operations make of their inputs is checked when a
    /// size comes.
    pub fn import(data: &Exported, registry: &Registry) -> Result<Family> {
        let j = &data.graph;
        check_version(j)?;
        let specs = list(j, "signature")?.iter().map(read_spec).collect::<Option<Vec<_>>>();
        let specs = specs.ok_or_else(|| bad("a signature that is none".into()))?;
        let unknown = read_unknown(j, &specs)?;
        let count = j["values"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let nodes_given = list(j, "nodes")?;
        let inputs = values(&j["inputs"])?;
        // As many values as anything could make: a number alone must not claim memory.
        let made = nodes_given.iter().map(|n| n["y"].as_array().map_or(0, Vec::len)).sum::<usize>();
        if count != made + inputs.len() + list(j, "constants")?.len() {
            return Err(bad(format!("{count} values, of which something makes {made}")));
        }
        let mut known = vec![false; count];
        let mut make = |v: Value| match known.get_mut(v as usize) {
            Some(k) if !*k => {
                *k = true;
                Ok(())
            }
            _ => Err(bad(format!("value {v} does not exist, or is made twice"))),
        };
        inputs.iter().try_for_each(|&v| make(v))?;
        let mut constants = Vec::new();
        for c in list(j, "constants")? {
            let v = c["value"].as_u64().and_then(|v| Value::try_from(v).ok());
            let v = v.ok_or_else(|| bad("a constant without a value".into()))?;
            let t: Tensor = tensor_named(data, c["tensor"].as_str().unwrap_or_default())?.clone();
            make(v)?;
            let form = match &c["form"] {
                Json::Null => ConstantForm::Same(t),
                form if t.len() == 1 => {
                    let form = read_float(form).ok_or_else(|| bad(format!("the form of constant {v}")))?;
                    ConstantForm::Number { like: t, form }
                }
                _ => return Err(bad(format!("constant {v} follows from sizes, and is {}", t.spec()))),
            };
            constants.push((v, form));
        }
        let mut nodes = Vec::with_capacity(nodes_given.len());
        for n in nodes_given {
            let name = n["op"].as_str().unwrap_or_default();
            let forms = list(n, "attrs")?.iter().map(read_form).collect::<Option<Vec<_>>>();
            let forms = forms.ok_or_else(|| bad(format!("the attributes of {name}")))?;
            let (x, y) = (values(&n["x"])?, values(&n["y"])?);
            if x.iter().any(|&v| v as usize >= count) {
                return Err(bad(format!("{name} reads a value that does not exist")));
            }
            y.iter().try_for_each(|&v| make(v))?;
            let sizes = vec![1; unknown.count];
            let attrs = forms.iter().map(|f| f.at(&sizes)).collect::<Option<Vec<Attr>>>();
            let op = registry.load(name, &attrs.ok_or_else(|| bad(format!("the attributes of {name}")))?)?;
            let op = match forms.iter().all(AttrForm::is_same) {
                true => OpForm::Same(Arc::from(op)),
                false => OpForm::Attributes(op.name(), forms),
            };
            nodes.push(NodeForm { op, x: x.into(), y: y.into() });
        }
        let outputs = values(&j["outputs"])?;
        if outputs.iter().any(|&v| v as usize >= count) {
            return Err(bad("an output that nothing makes".into()));
        }
        let (reads, writes) = crate::export::read_variables(data)?;
        if inputs.len() != specs.len() + reads.len() || outputs.len() < writes.len() {
            return Err(bad("more variables than inputs or outputs".into()));
        }
        let plans = Mutex::default();
        let registry = Some(registry.clone());
        Ok(Family {
            unknown,
            specs,
            inputs,
            values: count,
            constants,
            nodes,
            outputs,
            reads,
            writes,
            registry,
            plans,
        })
    }
}

fn read_spec(j: &Json) -> Option<(DType, Vec<Option<usize>>)> {
    let dims = j[1].as_array()?.iter().map(|d| match d {
        Json::Null => Some(None),
        d => d.as_u64().and_then(|n| usize::try_from(n).ok()).map(Some),
    });
    Some((DType::from_name(j[0].as_str()?)?, dims.collect::<Option<_>>()?))
}

fn read_unknown(j: &Json, specs: &[(DType, Vec<Option<usize>>)]) -> Result<Unknown> {
    let mut dims = Vec::new();
    for place in list(j, "unknown")? {
        let at = values(place)?;
        let [i, axis, k] = at[..] else { return Err(bad(format!("{place} is no unknown dimension"))) };
        let (i, axis, k) = (i as usize, axis as usize, k as usize);
        let open = specs.get(i).and_then(|(_, s)| s.get(axis)).is_some_and(Option::is_none);
        if !open || k >= MOST {
            return Err(bad(format!("{place} is no unknown dimension")));
        }
        dims.push((i, axis, k));
    }
    let count = dims.iter().map(|d| d.2 + 1).max().unwrap_or(0);
    let open: usize = specs.iter().map(|(_, s)| s.iter().filter(|d| d.is_none()).count()).sum();
    let named = (0..count).all(|k| dims.iter().any(|d| d.2 == k));
    if dims.len() != open || !named {
        return Err(bad("the unknown dimensions are not those of the signature".into()));
    }
    Ok(Unknown { dims, count })
}

fn write_int(f: &Form) -> Json {
    json!([f.mask, f.factor, f.rest])
}

fn read_int(j: &Json) -> Option<Form> {
    let [mask, factor, rest] = &j.as_array()?[..] else { return None };
    let mask = u32::try_from(mask.as_u64()?).ok().filter(|m| m >> MOST == 0)?;
    Some(Form { mask, factor: factor.as_i64()?, rest: rest.as_i64()? })
}

fn write_float(f: &FloatForm) -> Json {
    json!({"of": write_int(&f.form), "inverse": f.inverse})
}

fn read_float(j: &Json) -> Option<FloatForm> {
    Some(FloatForm { form: read_int(&j["of"])?, inverse: j["inverse"].as_bool()? })
}

fn write_form(a: &AttrForm) -> Json {
    match a {
        AttrForm::Same(a) => write(a),
        AttrForm::Int(f) => json!({"size": write_int(f)}),
        AttrForm::Float(f) => json!({"size_float": write_float(f)}),
        AttrForm::List(l) => Json::Array(l.iter().map(write_form).collect()),
    }
}

fn read_form(j: &Json) -> Option<AttrForm> {
    match j {
        Json::Object(o) if o.contains_key("size") => read_int(&j["size"]).map(AttrForm::Int),
        Json::Object(o) if o.contains_key("size_float") => read_float(&j["size_float"]).map(AttrForm::Float),
        Json::Array(l) => {
            let l = l.iter().map(read_form).collect::<Option<Vec<_>>>()?;
            let same = |a: &AttrForm| if let AttrForm::Same(a) = a { Some(a.clone()) } else { None };
            // A list of plain attributes is one.
            Some(match l.iter().map(same).collect::<Option<Vec<Attr>>>() {
                Some(plain) => AttrForm::Same(Attr::List(plain)),
                None => AttrForm::List(l),
            })
        }
        _ => read(j).map(AttrForm::Same),
    }
}
