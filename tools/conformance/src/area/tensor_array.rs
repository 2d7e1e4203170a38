//! Tensor arrays. Their cases are told in words, by the note: what is written, and `outputs: stack, read 1, size`.

use gradus_autograd::GradientTape;
use gradus_collections::TensorArray;
use gradus_tensor::{DType, Tensor};

use super::dense::{tensors, values};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    r.run(Area::Structures, "x.tensor_array", run);
}

fn run(case: &Case) -> Result<Outcome> {
    let inputs = tensors(case, "inputs")?;
    let note = case.note();
    let unknown = || ConformanceError::NotImplemented(format!("a tensor array where {note:?}"));
    if case.error().is_some() {
        return misuse(inputs.first().ok_or_else(unknown)?, note).unwrap_or_else(|| Err(unknown()));
    }
    let (x, dtype) = inputs.first().map(|x| (x, x.dtype())).ok_or_else(unknown)?;
    let mut array = TensorArray::new(dtype, inputs.len());
    let outputs = if note.starts_with("write ") {
        for (i, x) in inputs.iter().enumerate() {
            array.write(i, x)?;
        }
        asked(&mut array, after(note, "outputs:").ok_or_else(unknown)?)?
    } else if note.starts_with("dynamic size") {
        array = TensorArray::new(dtype, 0).dynamic_size(true);
        let places = numbers(note.split(';').next().unwrap_or_default());
        for (&at, x) in places.iter().zip(&inputs) {
            array.write(at, x)?;
        }
        asked(&mut array, after(note, "outputs:").ok_or_else(unknown)?)?
    } else if note.starts_with("unstack") {
        array = TensorArray::new(dtype, x.shape().first().copied().unwrap_or(0));
        array.unstack(x)?;
        asked(&mut array, after(note, "then").ok_or_else(unknown)?)?
    } else if let Some(lengths) = after(note, "split with lengths") {
        let lengths = numbers(lengths);
        array = TensorArray::new(dtype, lengths.len());
        array.split(x, &lengths)?;
        (0..lengths.len()).map(|i| Ok(array.read(i)?)).collect::<Result<_>>()?
    } else if let Some(places) = after(note, "scatter to") {
        let (places, rest) = places.split_once(',').ok_or_else(unknown)?;
        array = TensorArray::new(dtype, 0).dynamic_size(true);
        array.scatter(&numbers(places), x)?;
        asked(&mut array, rest.split(':').next().unwrap_or(rest))?
    } else if let Some(weights) = after(note, "weighted") {
        weighted_powers(x, &numbers(weights))?
    } else {
        return Err(unknown());
    };
    Ok(Outcome::outputs(values(&outputs)?))
}

fn after<'a>(note: &'a str, words: &str) -> Option<&'a str> {
    note.split_once(words).map(|(_, rest)| rest)
}

fn numbers(text: &str) -> Vec<usize> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
}

/// What the words ask for, in turn: `stack`, `concat`, `size`, `read 1`, `gather [2,0]`.
fn asked(array: &mut TensorArray, words: &str) -> Result<Vec<Tensor>> {
    let mut outputs = Vec::new();
    let mut rest = words.trim();
    while !rest.is_empty() {
        // The next comma outside of brackets.
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            c == ',' && depth == 0
        });
        let (word, tail) = end.map_or((rest, ""), |i| (&rest[..i], rest[i + 1..].trim()));
        rest = tail;
        outputs.push(match word.split([' ', '[']).next() {
            Some("stack") => array.stack()?,
            Some("concat") => array.concat()?,
            Some("size") => Tensor::scalar(array.size() as i32),
            Some("read") => array.read(*numbers(word).first().unwrap_or(&0))?,
            Some("gather") => array.gather(&numbers(word))?,
            _ => return Err(ConformanceError::NotImplemented(format!("a tensor array's {word:?}"))),
        });
    }
    Ok(outputs)
}

/// Rows x, x^2, x^3 ... written, stacked, weighted and summed; the sum and its gradient.
fn weighted_powers(x: &Tensor, weights: &[usize]) -> Result<Vec<Tensor>> {
    let tape = GradientTape::new();
    tape.watch(x)?;
    let mut array = TensorArray::new(x.dtype(), weights.len());
    let mut power = x.clone();
    for i in 0..weights.len() {
        array.write(i, &power)?;
        power = power.mul(x)?;
    }
    let weights: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
    let column = [&[weights.len()][..], &vec![1; x.rank()]].concat();
    let weights = Tensor::from_slice(&weights, column)?.cast(x.dtype())?;
    let sum = array.stack()?.mul(&weights)?.reduce_sum((), false)?;
    let ones = sum.ones_like()?;
    let gradient = tape.gradient_or_none([(&sum, &ones)], x)?;
    let gradient = gradient.ok_or_else(|| ConformanceError::Rejected("no gradient".to_string()))?;
    Ok(vec![sum, gradient])
}

/// What must be refused; nothing when the words are unknown.
fn misuse(x: &Tensor, note: &str) -> Option<Result<Outcome>> {
    let has = |words: &[&str]| words.iter().any(|w| note.contains(w));
    let mut array = TensorArray::new(x.dtype(), 2);
    let mut attempt = || -> Result<()> {
        if has(&["negative"]) {
            return Ok(());
        }
        array.write(0, x)?;
        if has(&["read"]) && has(&["twice", "again", "once", "second", "clear"]) {
            array.read(0)?;
            array.read(0)?;
        } else if has(&["write", "written"]) && has(&["past", "outside", "beyond", "fixed size"]) {
            array.write(2, x)?;
        } else if has(&["read"]) && has(&["past", "outside", "beyond", "range"]) {
            array.read(2)?;
        } else if has(&["shape"]) {
            array.write(1, &Tensor::concat(&[&x.flatten()?, &x.flatten()?], 0)?.expand_dims(0)?)?;
        } else if has(&["type"]) {
            array.write(1, &x.cast(if x.dtype() == DType::I32 { DType::F32 } else { DType::I32 })?)?;
        } else if has(&["unstack"]) {
            array.unstack(&Tensor::stack(&[x, x, x], 0)?)?;
        } else if has(&["length", "split"]) {
            array.split(&x.flatten()?, &[x.len() + 1, 1])?;
        }
        Ok(())
    };
    const KNOWN: [&str; 9] =
        ["negative", "read", "write", "written", "shape", "type", "unstack", "length", "split"];
    if !has(&KNOWN) {
        return None;
    }
    let result = attempt();
    Some(result.map(|()| match note.contains("negative") {
        true => Outcome::prevented("positions are unsigned"),
        false => Outcome::new(),
    }))
}
