//! A walk through tensors of every kind: dense, variable, sparse, ragged, string, arrays, sets, queues. Each line shows an
//! expression's result as TensorFlow prints it.

mod arrays;
mod basics;
mod creation;
mod dtypes;
mod linear_algebra;
mod numpy;
mod queues;
mod ragged;
mod sets;
mod sparse;
mod text;
mod variables;

use std::fmt::Display;
use std::process::ExitCode;

/// Errors of several crates meet here.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    basics::constants()?;
    basics::ranges()?;
    basics::slices()?;
    basics::operators()?;
    numpy::both_ways()?;
    dtypes::nothing_silent()?;
    variables::assignments()?;
    creation::from_nothing()?;
    linear_algebra::factorizations()?;
    sparse::coordinates()?;
    arrays::written_in_loops()?;
    ragged::rows()?;
    text::bytes_and_characters()?;
    sets::as_rows()?;
    queues::between_threads()
}

/// The heading of a group of lines.
fn title(id: &str, text: &str) {
    println!("\n{id}  {text}");
}

/// A line: what, and its value; a value of several lines stands below.
fn show(what: &str, value: impl Display) {
    let value = value.to_string();
    if value.contains('\n') {
        println!("    {what}\n        {}", value.replace('\n', "\n        "));
    } else {
        println!("    {what:<44} {value}");
    }
}
