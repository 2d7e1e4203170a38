//! What must hold for stages whose order is free.

use gradus_data::{Dataset, Shuffle};

use super::super::dense::all_used;
use super::Result;
use super::evaluate::{Scope, dataset_of};
use super::item::Item;
use super::syntax::{self, Expr};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

const SEED: u64 = 17;

pub fn register(r: &mut Registry) {
    r.run(Area::TfData, "tf.data.shuffle_properties", shuffle);
    r.run(Area::TfData, "tf.data.shuffle_repeat", shuffle_repeat);
    r.run(Area::TfData, "tf.data.cache_shuffle", cache_shuffle);
    r.run(Area::TfData, "tf.data.sample_properties", sample);
}

fn holds(what: &str, is: bool) -> std::result::Result<(), String> {
    if is { Ok(()) } else { Err(format!("expected {what}, found otherwise")) }
}

fn all(dataset: &Dataset<i64>) -> Result<Vec<i64>> {
    Ok(dataset.iter().collect::<std::result::Result<_, _>>()?)
}

fn sorted(mut values: Vec<i64>) -> Vec<i64> {
    values.sort_unstable();
    values
}

fn shuffle(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let (n, buffer) = (attrs.i64("n")?, attrs.usize("buffer_size")?);
    attrs.str("pipeline")?;
    let make = || Dataset::range(0..n).shuffle(buffer, SEED);
    let (dataset, frozen) = (
        make(),
        Dataset::range(0..n).shuffle_with(Shuffle::buffer(buffer).seed(SEED).reshuffle_each_iteration(false)),
    );
    let (first, second, again) = (all(&dataset)?, all(&dataset)?, all(&make())?);
    let reachable = first.iter().enumerate().all(|(i, &x)| x < (i + buffer) as i64);
    Ok(Outcome::new()
        .check(
            "permutation_of_input",
            holds("a permutation", sorted(first.clone()) == (0..n).collect::<Vec<_>>()),
        )
        .check("element_at_i_at_most", holds("i + buffer_size - 1 at most", reachable))
        .check("same_seed_same_order", holds("the same order", first == again))
        .check("iterations_differ_by_default", holds("another order", first != second))
        .check("iterations_equal_without_reshuffle", holds("the same order", all(&frozen)? == all(&frozen)?))
        .check("cardinality", holds("the input's", dataset.cardinality().as_i64() == n))
        .check("attributes", all_used(&attrs)))
}

fn shuffle_repeat(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let n = attrs.i64("n")?;
    let (whole, size) = ((0..n).collect::<Vec<_>>(), n as usize);
    let then_repeat = all(&Dataset::range(0..n).shuffle(size, SEED).repeat(2))?;
    let (first, second) = then_repeat.split_at(size);
    let then_shuffle = all(&Dataset::range(0..n).repeat(2).shuffle(size, SEED))?;
    let twice = sorted([whole.clone(), whole.clone()].concat());
    let epochs = sorted(first.to_vec()) == whole && sorted(second.to_vec()) == whole;
    Ok(Outcome::new()
        .check("shuffle_then_repeat_keeps_epochs", holds("whole epochs", epochs))
        .check("epochs_have_different_order", holds("another order", first != second))
        .check(
            "repeat_then_shuffle_same_multiset",
            holds("every element twice", sorted(then_shuffle) == twice),
        )
        .check("attributes", all_used(&attrs)))
}

fn cache_shuffle(_: &Case) -> Result<Outcome> {
    let frozen = Dataset::range(0..20).shuffle(20, SEED).cache();
    let fresh = Dataset::range(0..20).cache().shuffle(20, SEED);
    Ok(Outcome::new()
        .check("shuffle_before_cache_freezes_order", holds("the same order", all(&frozen)? == all(&frozen)?))
        .check("cache_before_shuffle_reshuffles", holds("another order", all(&fresh)? != all(&fresh)?)))
}

/// Elements of several sources: the order of each, the end with the first that ends, the share of the first.
fn sample(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let text = attrs.str("pipeline")?;
    let expr = syntax::parse(text).map_err(ConformanceError::Case)?;
    let numbers = |dataset: &Dataset<Item>| -> Result<Vec<i64>> {
        dataset.collect()?.iter().map(|item| item.int().map_err(ConformanceError::Case)).collect()
    };
    let Expr::Call { args, .. } = &expr else {
        return Err(ConformanceError::Case(format!("expected a call, found {text}")));
    };
    let Some(Expr::List(list)) = args.list.first() else {
        return Err(ConformanceError::Case(format!("expected a list of datasets, found {text}")));
    };
    let scope = Scope::default();
    let sources = list.iter().map(|e| numbers(&dataset_of(e, &scope)?)).collect::<Result<Vec<Vec<i64>>>>()?;
    let found = numbers(&dataset_of(&expr, &scope)?)?;
    let of = |source: &Vec<i64>| found.iter().copied().filter(|x| source.contains(x)).collect::<Vec<i64>>();
    let parts: Vec<Vec<i64>> = sources.iter().map(of).collect();
    let kept = parts.iter().zip(&sources).all(|(part, source)| source.starts_with(part));
    let ended = parts.iter().zip(&sources).filter(|(part, source)| part.len() == source.len()).count();
    let share = parts[0].len() as f64 / found.len().max(1) as f64;
    let wanted = case.field("properties")["share_of_first_source_expected"].as_f64().unwrap_or(f64::NAN);
    // Four standard deviations of a share of so many draws.
    let spread = 4.0 * (wanted * (1.0 - wanted) / found.len().max(1) as f64).sqrt();
    Ok(Outcome::new()
        .check("order_within_each_source_kept", holds("the order of each source", kept))
        .check("stops_when_a_source_ends", holds("the end with the first source that ends", ended == 1))
        .check(
            "share_of_first_source_expected",
            holds("the share of the weights", (share - wanted).abs() < spread),
        )
        .check("attributes", all_used(&attrs)))
}
