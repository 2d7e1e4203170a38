//! A trace as data, to be run again without the code that made it.
//!
//! The graph is JSON; constants and the values of variables are named tensors beside it. Both fit a
//! `gradus_io::SavedModel` (architecture and weights), whose directory carries the checksums. Reading trusts nothing:
//! every operation comes from a registry, every number is checked, and shapes must be those that the operations infer.

use crate::fused::Fused;
use crate::graph::{Graph, Value};
use crate::program::guarded;
use crate::trace::Trace;
use gradus_autograd::Variable;
use gradus_tensor::attr::{Attr, Attribute};
use gradus_tensor::{DType, Error, ErrorKind, Op, Registry, Result, Shape, Spec, Tensor};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What the form below is called in files.
pub(crate) const FORMAT: &str = "gradus-function";
/// The version of the form below.
pub(crate) const VERSION: u64 = 1;

/// A trace as data.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The graph, its signature and the names of its tensors.
    pub graph: Json,
    /// Constants and variables by the names in the graph.
    pub tensors: Vec<(String, Tensor)>,
}

impl Trace {
    /// This trace as data: the graph as it was recorded, and the present values of its variables.
    ///
    /// Errors for a graph with an operation that holds a closure.
    pub fn export(&self) -> Result<Exported> {
        let g = self.graph();
        let mut nodes = Vec::with_capacity(g.nodes.len());
        for n in &g.nodes {
            let attrs = n.op.attrs().ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    format!("export: operation {} holds a closure and cannot be written", n.op.name()),
                )
            })?;
            nodes.push(json!({
                "op": n.op.name(),
                "attrs": attrs.iter().map(write).collect::<Vec<_>>(),
                "x": n.x.to_vec(),
                "y": n.y.to_vec(),
            }));
        }
        let mut tensors = Vec::new();
        let mut constants = Vec::new();
        for (i, (v, t)) in g.constants.iter().enumerate() {
            let name = format!("constant/{i}");
            constants.push(json!({"value": v, "tensor": name}));
            tensors.push((name, t.clone()));
        }
        let mut variables: Vec<&Variable> = Vec::new();
        for v in self.reads().iter().chain(self.writes()) {
            if variables.iter().all(|w| w.id() != v.id()) {
                tensors.push((format!("variable/{}", variables.len()), v.peek()));
                variables.push(v);
            }
        }
        let place = |v: &Variable| variables.iter().position(|w| w.id() == v.id());
        Ok(Exported {
            graph: json!({
                "format": FORMAT,
                "version": VERSION,
                "values": g.specs.iter().map(|s| json!([s.dtype.name(), s.shape.dims()])).collect::<Vec<_>>(),
                "inputs": g.inputs,
                "constants": constants,
                "nodes": nodes,
                "outputs": g.outputs,
                "variables": variables.iter().map(|v| json!({"name": v.name(), "trainable": v.is_trainable()})).collect::<Vec<_>>(),
                "reads": self.reads().iter().map(place).collect::<Vec<_>>(),
                "writes": self.writes().iter().map(place).collect::<Vec<_>>(),
            }),
            tensors,
        })
    }

    /// The trace that was exported, with variables of its own that hold the exported values.
    ///
    /// Operations are made by `registry`. Errors, naming the place, for anything that does not fit.
    pub fn import(data: &Exported, registry: &Registry) -> Result<Trace> {
        let registry = registry.clone().with(&[Fused::DEF]);
        let j = &data.graph;
        check_version(j)?;
        let mut g = Graph::default();
        for s in list(j, "values")? {
            let (dtype, dims) = (s[0].as_str().and_then(DType::from_name), s[1].as_array());
            let dims = dims
                .and_then(|d| d.iter().map(|n| n.as_u64().map(|n| n as usize)).collect::<Option<Vec<_>>>());
            let (Some(dtype), Some(dims)) = (dtype, dims) else {
                return Err(bad(format!("{s} is no dtype and shape")));
            };
            let spec = Spec::new(dtype, Shape::from(dims));
            spec.shape.checked_len()?;
            g.specs.push(spec);
        }
        let mut made = vec![false; g.values()];
        let mut make = |v: Value| match made.get_mut(v as usize) {
            Some(m) if !*m => {
                *m = true;
                Ok(())
            }
            _ => Err(bad(format!("value {v} does not exist, or is made twice"))),
        };
        g.inputs = values(&j["inputs"])?;
        g.inputs.iter().try_for_each(|&v| make(v))?;
        for c in list(j, "constants")? {
            let v = c["value"]
                .as_u64()
                .and_then(|v| Value::try_from(v).ok())
                .ok_or_else(|| bad("a constant without a value".into()))?;
            let t = tensor_named(data, c["tensor"].as_str().unwrap_or_default())?;
            make(v)?;
            if t.spec() != g.spec(v) {
                return Err(bad(format!("constant {v} is {}, expected {}", t.spec(), g.spec(v))));
            }
            g.constants.push((v, t.clone()));
        }
        let mut known = made.clone();
        for n in list(j, "nodes")? {
            let name = n["op"].as_str().unwrap_or_default();
            let attrs: Vec<Attr> = list(n, "attrs")?
                .iter()
                .map(read)
                .collect::<Option<_>>()
                .ok_or_else(|| bad(format!("the attributes of {name}")))?;
            let op: Arc<dyn Op> = Arc::from(registry.load(name, &attrs)?);
            let (x, y) = (values(&n["x"])?, values(&n["y"])?);
            if let Some(v) = x.iter().find(|&&v| known.get(v as usize) != Some(&true)) {
                return Err(bad(format!("{name} reads value {v} before it is made")));
            }
            let specs: Vec<&Spec> = x.iter().map(|&v| g.spec(v)).collect();
            // Operations count on the number of their inputs.
            let found =
                guarded(name, || op.infer(&specs)).map_err(|e| e.within(format!("import: {name}")))?;
            if op.is_dynamic() || found.len() != y.len() {
                return Err(bad(format!("{name} has {} results, expected {}", found.len(), y.len())));
            }
            for (&v, s) in y.iter().zip(&found) {
                if known.get(v as usize) != Some(&false) || s != g.spec(v) {
                    return Err(bad(format!("{name} makes {s}, which does not fit value {v}")));
                }
                known[v as usize] = true;
            }
            g.nodes.push(crate::Node { op, x: x.into(), y: y.into() });
        }
        g.outputs = values(&j["outputs"])?;
        if known.contains(&false) || g.outputs.iter().any(|&v| v as usize >= g.values()) {
            return Err(bad("a value that nothing makes".into()));
        }
        let (reads, writes) = read_variables(data)?;
        Trace::assembled(g, reads, writes)
    }
}

pub(crate) fn check_version(j: &Json) -> Result<()> {
    if j["format"] != FORMAT || j["version"] != VERSION {
        return Err(bad(format!(
            "format {} version {}, expected {FORMAT} {VERSION}",
            j["format"], j["version"]
        )));
    }
    Ok(())
}

pub(crate) fn tensor_named<'a>(data: &'a Exported, name: &str) -> Result<&'a Tensor> {
    let found = data.tensors.iter().find(|(n, _)| n == name);
    found.map(|(_, t)| t).ok_or_else(|| bad(format!("there is no tensor {name:?}")))
}

/// The variables read and those assigned, made anew.
pub(crate) fn read_variables(data: &Exported) -> Result<(Vec<Variable>, Vec<Variable>)> {
    let j = &data.graph;
    let mut variables = Vec::new();
    for (i, v) in list(j, "variables")?.iter().enumerate() {
        let t = tensor_named(data, &format!("variable/{i}"))?;
        let name = v["name"].as_str().unwrap_or("Variable");
        variables.push(Variable::named(name, t.clone()).trainable(v["trainable"].as_bool().unwrap_or(true)));
    }
    let picked = |key: &str| -> Result<Vec<Variable>> {
        let pick = |i: &Value| variables.get(*i as usize).cloned();
        let all = values(&j[key])?.iter().map(pick).collect::<Option<_>>();
        all.ok_or_else(|| bad(format!("{key}: no such variable")))
    };
    Ok((picked("reads")?, picked("writes")?))
}

pub(crate) fn bad(what: String) -> Error {
    Error::value(format!("import: {what}"))
}

pub(crate) fn list<'a>(j: &'a Json, key: &str) -> Result<&'a Vec<Json>> {
    j[key].as_array().ok_or_else(|| bad(format!("no list {key:?}")))
}

pub(crate) fn values(j: &Json) -> Result<Vec<Value>> {
    let of = |v: &Json| v.as_u64().and_then(|v| Value::try_from(v).ok());
    let all = j.as_array().and_then(|l| l.iter().map(of).collect::<Option<Vec<_>>>());
    all.ok_or_else(|| bad(format!("{j} is no list of values")))
}

pub(crate) fn write(a: &Attr) -> Json {
    match a {
        Attr::Bool(v) => json!(v),
        Attr::Int(v) => json!(v),
        // By its bits: JSON has neither infinities nor NaN.
        Attr::Float(v) => json!({"f64": v.to_bits()}),
        Attr::Str(s) => json!(s),
        Attr::DType(d) => json!({"dtype": d.name()}),
        Attr::List(l) => Json::Array(l.iter().map(write).collect()),
    }
}

pub(crate) fn read(j: &Json) -> Option<Attr> {
    Some(match j {
        Json::Bool(v) => Attr::Bool(*v),
        Json::Number(n) => Attr::Int(n.as_i64()?),
        Json::String(s) => Attr::Str(s.clone()),
        Json::Array(l) => Attr::List(l.iter().map(read).collect::<Option<_>>()?),
        Json::Object(o) => match (o.get("f64"), o.get("dtype")) {
            (Some(bits), None) => f64::from_bits(bits.as_u64()?).to_attr(),
            (None, Some(d)) => DType::from_name(d.as_str()?)?.to_attr(),
            _ => return None,
        },
        Json::Null => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_autograd::GradientTape;

    fn step() -> (Trace, Variable) {
        let w = Variable::named("w", Tensor::new([[0.5f32, -1.0], [2.0, 0.25]]).unwrap());
        let v = w.clone();
        let x = Tensor::new([[1.0f32, 2.0]]).unwrap();
        let trace = Trace::of(&[x], move |x| {
            let tape = GradientTape::new();
            let loss = x[0].matmul(&v.value())?.tanh()?.clip_to_norm()?.reduce_sum((), false)?;
            let g = tape.gradient(&loss, &v)?;
            v.assign_sub(&g.mul(&g.like(0.1)?)?)?;
            Ok(vec![loss])
        });
        (trace.unwrap(), w)
    }

    trait ClipToNorm: Sized {
        fn clip_to_norm(&self) -> Result<Self>;
    }
    impl ClipToNorm for Tensor {
        fn clip_to_norm(&self) -> Result<Tensor> {
            self.maximum(&self.like(f64::NEG_INFINITY)?)?.minimum(&self.like(0.75)?)
        }
    }

    #[test]
    fn a_training_step_goes_on_elsewhere() {
        let (trace, w) = step();
        let text = trace.export().unwrap().graph.to_string();
        let tensors = trace.export().unwrap().tensors;
        let data = Exported { graph: serde_json::from_str(&text).unwrap(), tensors };
        let copy = Trace::import(&data, &Registry::builtin()).unwrap();
        let x = Tensor::new([[0.3f32, -0.7]]).unwrap();
        for _ in 0..3 {
            let (a, b) =
                (trace.call(std::slice::from_ref(&x)).unwrap(), copy.call(std::slice::from_ref(&x)).unwrap());
            assert_eq!(a[0].to_bytes().unwrap(), b[0].to_bytes().unwrap());
            assert_eq!(w.peek().to_bytes().unwrap(), copy.reads()[0].peek().to_bytes().unwrap());
        }
        assert_eq!(copy.reads()[0].name(), "w");
    }

    #[test]
    fn damage_is_refused() {
        let (trace, _) = step();
        let whole = trace.export().unwrap();
        let spoil = |f: &dyn Fn(&mut Json)| {
            let mut data = whole.clone();
            f(&mut data.graph);
            Trace::import(&data, &Registry::builtin()).map(|_| ()).unwrap_err().to_string()
        };
        let cases: [(&str, &dyn Fn(&mut Json)); 8] = [
            ("expected gradus-function", &|j| j["version"] = json!(9)),
            ("unknown operation", &|j| j["nodes"][0]["op"] = json!("format_disk")),
            ("before it is made", &|j| j["nodes"][0]["x"][0] = json!(4_000_000)),
            ("inner dimensions", &|j| j["values"][0] = json!(["float32", [1, 3]])),
            ("more elements than memory", &|j| j["values"][0] = json!(["float32", [1u64 << 40, 1u64 << 40]])),
            ("nothing makes", &|j| j["outputs"][0] = json!(99_999)),
            ("no such variable", &|j| j["reads"][0] = json!(77)),
            ("does not fit together", &|j| j["nodes"][0]["x"] = json!([j["nodes"][0]["x"][0]])),
        ];
        for (want, f) in cases {
            let found = spoil(f);
            assert!(found.contains(want), "{want}: {found}");
        }
    }

    #[test]
    fn inputs_of_other_sizes_than_an_operation_counts_on_are_an_error() {
        let x = [
            Tensor::new([[1.0f32, 2.0], [3.0, 5.0], [0.5, -1.0]]).unwrap(),
            Tensor::new([1.0f32, 0.5]).unwrap(),
            Tensor::new([0.0f32, 0.25]).unwrap(),
        ];
        let trace = Trace::of(&x, |x| {
            let tape = GradientTape::new();
            tape.watch(&x[0])?;
            let (y, ..) = x[0].batch_norm(&x[1], &x[2], 1e-3)?;
            Ok(vec![tape.gradient(&y.square()?.reduce_sum((), false)?, &x[0])?])
        });
        let mut data = trace.unwrap().export().unwrap();
        let nodes = data.graph["nodes"].as_array_mut().unwrap();
        let node = nodes.iter_mut().find(|n| n["op"] == "batch_norm_grad").unwrap();
        node["x"][0] = node["x"][2].clone();
        let copy = Trace::import(&data, &Registry::builtin()).unwrap();
        let error = copy.call(&x).unwrap_err().to_string();
        assert!(error.contains("does not fit together"), "{error}");
    }
}
