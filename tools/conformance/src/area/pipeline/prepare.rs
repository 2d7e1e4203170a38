//! `keras.utils`: labels, sequences, rows and windows prepared for training. Cases give the call as text.

use gradus_data::{
    Dataset, PadSequences, Side, TimeSeries, normalize, pad_sequences, timeseries_dataset_from_array,
    to_categorical,
};
use serde_json::{Value as Json, json};

use super::super::dense::all_used;
use super::Result;
use super::syntax::{Args, Expr, parse};
use crate::golden::{Attrs, Case};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    r.run(Area::TfData, "keras.utils.to_categorical", |case| {
        run(case, |args| {
            let labels = numbers(&flat(args.list.first())?);
            let classes = args.named.get("num_classes").map(number).transpose()?.map(|n| n as usize);
            Ok(json!(to_categorical(&labels.iter().map(|&v| v as i64).collect::<Vec<_>>(), classes)?))
        })
    });
    r.run(Area::TfData, "keras.utils.pad_sequences", |case| run(case, pad));
    r.run(Area::TfData, "keras.utils.normalize", |case| {
        run(case, |args| {
            let rows: Vec<_> = entries(args.list.first())?
                .iter()
                .map(|row| flat(Some(row)).map(|r| numbers(&r)))
                .collect::<Result<_>>()?;
            let option = |name: &str, default: f64| args.named.get(name).map_or(Ok(default), number);
            Ok(json!(normalize(&rows, option("axis", -1.0)? as isize, option("order", 2.0)?)?))
        })
    });
    r.run(Area::TfData, "keras.utils.timeseries", |case| run(case, windows));
}

/// Evaluates the call and compares the plain result.
fn run(case: &Case, f: impl Fn(&Args) -> Result<Json>) -> Result<Outcome> {
    let attrs: Attrs<'_> = case.attrs();
    match parse(attrs.str("call")?).map_err(ConformanceError::Case)? {
        Expr::Call { on: None, args, .. } => {
            Ok(Outcome::new().fact("result", f(&args)?).check("attributes", all_used(&attrs)))
        }
        other => Err(ConformanceError::Case(format!("{other:?} is not a call"))),
    }
}

fn unfit(what: &str) -> ConformanceError {
    ConformanceError::Case(format!("{what} is not what the call takes"))
}

fn number(expr: &Expr) -> Result<f64> {
    match expr {
        Expr::Int(v) => Ok(*v as f64),
        Expr::Float(v) => Ok(*v),
        Expr::Negative(of) => number(of).map(|v| -v),
        other => Err(unfit(&format!("{other:?}"))),
    }
}

fn entries(expr: Option<&Expr>) -> Result<&[Expr]> {
    match expr {
        Some(Expr::List(list)) => Ok(list),
        other => Err(unfit(&format!("{other:?}"))),
    }
}

/// All numbers of a list, however deep they lie.
fn flat(expr: Option<&Expr>) -> Result<Vec<Expr>> {
    let mut out = Vec::new();
    for entry in entries(expr)? {
        match entry {
            Expr::List(_) => out.extend(flat(Some(entry))?),
            number => out.push(number.clone()),
        }
    }
    Ok(out)
}

fn numbers(list: &[Expr]) -> Vec<f64> {
    list.iter().filter_map(|e| number(e).ok()).collect()
}

fn pad(args: &Args) -> Result<Json> {
    let rows: Vec<Vec<i64>> = entries(args.list.first())?
        .iter()
        .map(|row| Ok(numbers(&flat(Some(row))?).iter().map(|&v| v as i64).collect()))
        .collect::<Result<_>>()?;
    let mut options = PadSequences::new();
    for (name, value) in &args.named {
        let side = || match value {
            Expr::Text(side) if side == "post" => Ok(Side::Post),
            Expr::Text(side) if side == "pre" => Ok(Side::Pre),
            other => Err(unfit(&format!("{other:?}"))),
        };
        options = match name.as_str() {
            "maxlen" => options.maxlen(number(value)? as usize),
            "value" => options.value(number(value)? as i64),
            "padding" => options.padding(side()?),
            "truncating" => options.truncating(side()?),
            other => return Err(ConformanceError::NotImplemented(format!("pad_sequences {other}"))),
        };
    }
    Ok(json!(pad_sequences(&rows, options)))
}

fn windows(args: &Args) -> Result<Json> {
    let Some(Expr::Call { name, args: of, .. }) = args.list.first() else { return Err(unfit("the series")) };
    let end = match (name.as_str(), of.list.as_slice()) {
        ("range", [end]) => number(end)? as i64,
        _ => return Err(unfit(name)),
    };
    let mut options =
        TimeSeries::sequence_length(args.named.get("sequence_length").map_or(Ok(1.0), number)? as usize);
    for (name, value) in &args.named {
        let n = number(value)? as usize;
        options = match name.as_str() {
            "sequence_length" => options,
            "sequence_stride" => options.sequence_stride(n),
            "sampling_rate" => options.sampling_rate(n),
            "start_index" => options.start_index(n),
            "end_index" => options.end_index(n),
            other => return Err(ConformanceError::NotImplemented(format!("time series {other}"))),
        };
    }
    let batches: Dataset<Vec<Vec<i64>>> =
        timeseries_dataset_from_array((0..end).collect::<Vec<_>>(), &options);
    Ok(json!(batches.collect()?))
}
