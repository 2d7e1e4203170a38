//! Queues: a list of calls, each with its result.

use gradus_collections::{Component, ComponentSpec, ComponentType, PartialShape, Queue, QueueError};
use gradus_tensor::{DType, Tensor};
use gradus_text::StringTensor;
use serde_json::{Value as Json, json};

use crate::golden::{Attrs, Case, compare_json};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    r.run(Area::Structures, "tf.queue.FIFOQueue", |case| {
        run(case, |config| Ok(Queue::fifo(config.usize("capacity")?, specs(config, "dtypes")?)))
    });
    r.run(Area::Structures, "tf.queue.PaddingFIFOQueue", |case| {
        run(case, |config| Ok(Queue::padding_fifo(config.usize("capacity")?, specs(config, "dtypes")?)))
    });
    r.run(Area::Structures, "tf.queue.PriorityQueue", |case| {
        run(case, |config| Ok(Queue::priority(config.usize("capacity")?, specs(config, "types")?)))
    });
    r.run(Area::Structures, "tf.queue.RandomShuffleQueue", |case| {
        run(case, |config| {
            let (capacity, reserve) = (config.usize("capacity")?, config.usize("min_after_dequeue")?);
            let seed = config.i64_or("seed", 0)? as u64;
            Ok(Queue::random_shuffle(capacity, reserve, seed, specs(config, "dtypes")?))
        })
    });
}

fn specs(config: &Attrs<'_>, types: &str) -> Result<Vec<ComponentSpec>> {
    let kinds = config.read(types, |json| {
        let kind = |name: &Json| match name.as_str()? {
            "string" => Some(ComponentType::Text),
            name => DType::from_name(name).map(ComponentType::Dense),
        };
        json.as_array()?.iter().map(kind).collect::<Option<Vec<_>>>()
    })?;
    let shapes = config.read_or(
        "shapes",
        |json| {
            let size = |d: &Json| match d {
                Json::Null => Some(None),
                d => Some(Some(usize::try_from(d.as_u64()?).ok()?)),
            };
            let shape = |dims: &Json| match dims {
                Json::Null => Some(PartialShape::unknown()),
                dims => {
                    Some(PartialShape::new(dims.as_array()?.iter().map(size).collect::<Option<Vec<_>>>()?))
                }
            };
            json.as_array()?.iter().map(shape).collect::<Option<Vec<_>>>()
        },
        vec![PartialShape::unknown(); kinds.len()],
    )?;
    if shapes.len() != kinds.len() {
        return Err(ConformanceError::Case(format!("{} shapes for {} types", shapes.len(), kinds.len())));
    }
    Ok(kinds.into_iter().zip(shapes).map(|(kind, shape)| ComponentSpec::new(kind, shape)).collect())
}

fn run(
    case: &Case,
    make: impl Fn(&Attrs<'_>) -> Result<std::result::Result<Queue, QueueError>>,
) -> Result<Outcome> {
    let refused = |e: QueueError| ConformanceError::Rejected(e.to_string());
    let attrs = case.attrs();
    let queue = make(&attrs.object("config")?)?.map_err(refused)?;
    let mut outcome = Outcome::new();
    let mut drawn = Vec::new();
    for (i, step) in case.field("steps").as_array().into_iter().flatten().enumerate() {
        let found = call(&queue, step)?;
        let what = format!("step {i} ({})", step["do"].as_str().unwrap_or_default());
        let result = match (found, step["error"].as_str()) {
            (Err(_), Some(_)) => Ok(()),
            (Ok(found), Some(error)) => Err(format!("expected a failure ({error}), found {found}")),
            (Err(error), None) => Err(error.to_string()),
            (Ok(found), None) if step["result"] == "any order" => {
                leaves(&found, &mut drawn);
                Ok(())
            }
            (Ok(found), None) => match step.get("result") {
                Some(wanted) => compare_json(wanted, &found, case.tolerance()),
                None => Ok(()),
            },
        };
        outcome = outcome.check(&what, result);
    }
    if case.field("expect").get("all_elements_sorted").is_some() {
        drawn.sort_by(|a, b| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.to_string().cmp(&b.to_string()),
        });
        outcome = outcome.fact("all_elements_sorted", Json::Array(drawn));
    }
    Ok(outcome)
}

/// The single values within lists.
fn leaves(json: &Json, out: &mut Vec<Json>) {
    match json {
        Json::Array(list) => list.iter().for_each(|v| leaves(v, out)),
        leaf => out.push(leaf.clone()),
    }
}

/// Makes one call. The outer error is a case that cannot be read, the inner one the library's refusal.
fn call(queue: &Queue, step: &Json) -> Result<std::result::Result<Json, QueueError>> {
    let unfit = || ConformanceError::Case(format!("a step {step}"));
    let args = step["args"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = || args.first().and_then(Json::as_u64).map(|n| n as usize).ok_or_else(unfit);
    let list = |row: Vec<Component>| row.iter().map(to_json).collect::<gradus_tensor::Result<Vec<_>>>();
    let listed = |row: std::result::Result<Vec<Component>, QueueError>| {
        row.and_then(|row| Ok(Json::Array(list(row)?)))
    };
    Ok(match step["do"].as_str().ok_or_else(unfit)? {
        name @ ("enqueue" | "enqueue_many") => {
            let values = args.first().and_then(Json::as_array).ok_or_else(unfit)?;
            let row = components(queue, values)?;
            let result = if name == "enqueue" { queue.enqueue(row) } else { queue.enqueue_many(row) };
            result.map(|()| Json::Null)
        }
        "dequeue" => listed(queue.dequeue()),
        "dequeue_many" => listed(queue.dequeue_many(count()?)),
        "dequeue_up_to" => listed(queue.dequeue_up_to(count()?)),
        "size" => Ok(json!(queue.size())),
        "is_closed" => Ok(json!(queue.is_closed())),
        "close" => {
            let cancel = args.first().or_else(|| step.get("kwargs")?.get("cancel_pending_enqueues"));
            queue.close(cancel.and_then(Json::as_bool).unwrap_or(false)).map(|()| Json::Null)
        }
        _ => return Err(unfit()),
    })
}

/// Values of a call by the queue's types; more values than types keep the first type.
fn components(queue: &Queue, values: &[Json]) -> Result<Vec<Component>> {
    let kinds: Vec<ComponentType> = queue.specs().iter().map(|s| s.kind).collect();
    let value = |(i, json): (usize, &Json)| component(*kinds.get(i).unwrap_or(&kinds[0]), json);
    values.iter().enumerate().map(value).collect()
}

fn component(kind: ComponentType, json: &Json) -> Result<Component> {
    let unfit = || ConformanceError::Case(format!("a component {json}"));
    let mut shape = Vec::new();
    let mut inner = json;
    while let Some(list) = inner.as_array() {
        shape.push(list.len());
        match list.first() {
            Some(first) => inner = first,
            None => break,
        }
    }
    let mut values = Vec::new();
    leaves(json, &mut values);
    if kind == ComponentType::Text {
        let texts = values.iter().map(Json::as_str).collect::<Option<Vec<_>>>().ok_or_else(unfit)?;
        return Ok(StringTensor::from_vec(texts, shape)?.into());
    }
    let ComponentType::Dense(dtype) = kind else { return Err(unfit()) };
    if dtype.is_int() {
        let numbers = values.iter().map(Json::as_i64).collect::<Option<Vec<_>>>().ok_or_else(unfit)?;
        return Ok(Tensor::from_vec(numbers, shape)?.cast(dtype)?.into());
    }
    let number = |v: &Json| v.as_f64().or_else(|| v.as_bool().map(|b| f64::from(u8::from(b))));
    let numbers = values.iter().map(number).collect::<Option<Vec<_>>>().ok_or_else(unfit)?;
    Ok(Tensor::from_vec(numbers, shape)?.cast(dtype)?.into())
}

fn to_json(component: &Component) -> gradus_tensor::Result<Json> {
    let (shape, values): (_, Vec<Json>) = match component {
        Component::Text(t) => (t.shape(), t.to_strings()?.into_iter().map(Json::from).collect()),
        other => {
            let t = other.dense()?;
            let values = match t.dtype() {
                DType::Bool => t.to_vec::<bool>()?.into_iter().map(Json::from).collect(),
                d if d.is_int() => t.cast(DType::I64)?.to_vec::<i64>()?.into_iter().map(Json::from).collect(),
                _ => t.to_f64_vec()?.into_iter().map(Json::from).collect(),
            };
            (t.shape(), values)
        }
    };
    let mut values = values.into_iter();
    Ok(nest(shape, &mut values))
}

fn nest(shape: &[usize], values: &mut impl Iterator<Item = Json>) -> Json {
    match shape {
        [] => values.next().unwrap_or(Json::Null),
        [n, rest @ ..] => Json::Array((0..*n).map(|_| nest(rest, values)).collect()),
    }
}
