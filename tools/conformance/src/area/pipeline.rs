//! Input pipelines: cases write the chain of calls as text, which is parsed and built from `gradus-data`.

mod evaluate;
mod item;
mod prepare;
mod properties;
mod syntax;

use gradus_data::{DataError, Dataset};
use serde_json::{Value as Json, json};

use self::evaluate::{Scope, dataset_of};
use self::item::Item;
use super::dense::all_used;
use crate::golden::{Attrs, Case};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

impl From<DataError> for ConformanceError {
    fn from(error: DataError) -> ConformanceError {
        ConformanceError::Rejected(error.to_string())
    }
}

pub fn register(r: &mut Registry) {
    for name in [
        "tf.data.apply",
        "tf.data.as_numpy",
        "tf.data.assert_cardinality",
        "tf.data.batch",
        "tf.data.bucket_by_sequence_length",
        "tf.data.cache",
        "tf.data.cardinality",
        "tf.data.chain",
        "tf.data.choose_from_datasets",
        "tf.data.concatenate",
        "tf.data.counter",
        "tf.data.enumerate",
        "tf.data.filter",
        "tf.data.flat_map",
        "tf.data.from_generator",
        "tf.data.from_tensor_slices",
        "tf.data.from_tensors",
        "tf.data.group_by_window",
        "tf.data.ignore_errors",
        "tf.data.interleave",
        "tf.data.list_pipeline",
        "tf.data.map",
        "tf.data.padded_batch",
        "tf.data.prefetch",
        "tf.data.ragged_batch",
        "tf.data.random",
        "tf.data.random_group",
        "tf.data.random_interleave",
        "tf.data.random_window",
        "tf.data.range",
        "tf.data.rebatch",
        "tf.data.rejection_resample",
        "tf.data.repeat",
        "tf.data.sample_from_datasets",
        "tf.data.scan",
        "tf.data.shard",
        "tf.data.shuffle",
        "tf.data.skip",
        "tf.data.snapshot",
        "tf.data.take",
        "tf.data.take_while",
        "tf.data.unbatch",
        "tf.data.unique",
        "tf.data.window",
        "tf.data.zip",
    ] {
        r.run(Area::TfData, name, elements);
    }
    r.run(Area::TfData, "tf.data.reductions", reductions);
    prepare::register(r);
    properties::register(r);
}

/// The dataset that the case's text describes.
fn build(attrs: &Attrs<'_>) -> Result<Dataset<Item>> {
    let expr = syntax::parse(attrs.str("pipeline")?).map_err(ConformanceError::Case)?;
    let mut scope = Scope::default();
    for (name, variable) in [("lengths", "lengths"), ("data", "VAR")] {
        if let Some(json) = attrs.raw(name) {
            scope = scope.with(variable, item(json).map_err(ConformanceError::Case)?);
        }
    }
    dataset_of(&expr, &scope)
}

/// Plain lists of integers of a case as an item.
fn item(json: &Json) -> std::result::Result<Item, String> {
    match json {
        Json::Array(list) => list.iter().map(item).collect::<std::result::Result<_, _>>().map(Item::List),
        other => other.as_i64().map(|v| Item::Int("int64", v)).ok_or_else(|| format!("unexpected {other}")),
    }
}

/// Cardinality, element spec and elements, as far as the case states them.
fn elements(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let dataset = build(&attrs)?;
    if case.error().is_some() {
        // What a pipeline refuses shows when it runs.
        dataset.collect()?;
        return Ok(Outcome::new());
    }
    let mut outcome = Outcome::new();
    let expect = case.field("expect");
    if expect.get("cardinality").is_some() {
        outcome = outcome.fact("cardinality", dataset.cardinality().as_i64());
    }
    if expect.get("elements").is_some() {
        let found = dataset.collect()?.iter().map(Item::json).collect::<std::result::Result<Vec<_>, _>>()?;
        outcome = outcome.fact("elements", found);
    }
    if expect.get("element_spec").is_some() {
        // A traced graph knows the shapes behind a `map`; a Rust closure does not tell before it runs, and then
        // there is nothing static to compare.
        outcome = match dataset.stage().spec() {
            Some(spec) => outcome.fact("element_spec", spec.to_string()),
            None => outcome.aside("element_spec"),
        };
    }
    Ok(outcome.check("attributes", all_used(&attrs)))
}

/// Reductions of one pipeline of integers.
fn reductions(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let dataset = build(&attrs)?.map(|x| x.int().unwrap_or(i64::MIN));
    let pair = dataset.reduce((0, 0), |(n, sum), x| (n + 1, sum + x))?;
    let whole = usize::try_from(pair.0).unwrap_or(0).max(1);
    let single = dataset.clone().batch(whole).map(|batch| batch.len() as i64).get_single_element()?;
    Ok(Outcome::new()
        .fact("reduce_sum_from_0", dataset.reduce(0, |s, x| s + x)?)
        .fact("reduce_alternating", dataset.reduce(1, |s, x| 2 * s - x)?)
        .fact("reduce_empty_from_7", dataset.clone().take(0).reduce(7, |s, x| s + x)?)
        .fact("reduce_pair_count_sum", json!([pair.0, pair.1]))
        .fact("get_single_element", single)
        .check("attributes", all_used(&attrs)))
}
