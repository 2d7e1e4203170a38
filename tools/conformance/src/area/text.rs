//! Strings: `tf.strings`, `tf.io`, and general operations on string tensors.

use gradus_ragged::{MaybeRagged, RaggedTensor, RowPartition};
use gradus_tensor::{Axes, DType, Tensor};
use gradus_text::{
    CaseEncoding, Decoder, Encoder, Encoding, NGrams, NumberFormat, OnError, Pattern, RawFormat, Shown,
    Split, StringTensor, Transcoder, Unit, fingerprint, unicode_script,
};
use serde_json::Value as Json;

use super::dense::{all_used, array, tensor};
use crate::golden::{Attrs, Case, Kind, Value};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

/// An input, as the library knows it.
enum Input {
    Dense(Tensor),
    Text(StringTensor),
    Ragged(RaggedTensor),
    RaggedText(RaggedTensor<StringTensor>),
}

/// Binds operations of the area: `bind!(r: "tf.strings.length" => |x, attrs| ..)`.
macro_rules! bind {
    ($r:ident: $($name:literal => |$x:pat_param, $attrs:pat_param| $body:expr;)*) => {$(
        $r.run(Area::Structures, $name, |case| run(case, |$x: &[Input], $attrs: &Attrs<'_>| $body));
    )*};
}

/// Binds general operations where strings are among their inputs.
macro_rules! bind_strings {
    ($r:ident: $($name:literal => |$x:pat_param, $attrs:pat_param| $body:expr;)*) => {$(
        $r.on(Kind::Strings, $name, |case| run(case, |$x: &[Input], $attrs: &Attrs<'_>| $body));
    )*};
}

pub fn register(r: &mut Registry) {
    bind!(r:
        "tf.strings.length" => |x, attrs| {
            let unit = unit(attrs)?;
            elementwise(x, |s| Ok(s.length(unit)?))
        };
        "tf.strings.substr" => |x, attrs| substr(x, attrs);
        "tf.strings.lower" => |x, attrs| {
            let encoding = case_encoding(attrs)?;
            text_to_text(x, |s| Ok(s.lower(encoding)))
        };
        "tf.strings.upper" => |x, attrs| {
            let encoding = case_encoding(attrs)?;
            text_to_text(x, |s| Ok(s.upper(encoding)))
        };
        "tf.strings.strip" => |x, _| text_to_text(x, |s| Ok(s.strip()));
        "tf.strings.regex_replace" => |x, attrs| {
            let pattern = Pattern::new(attrs.str("pattern")?)?;
            let (rewrite, all) = (attrs.str("rewrite")?, attrs.bool_or("replace_global", true)?);
            text_to_text(x, |s| Ok(s.regex_replace(&pattern, rewrite, all)?))
        };
        "tf.strings.regex_full_match" => |x, attrs| {
            let pattern = Pattern::new(attrs.str("pattern")?)?;
            elementwise(x, |s| Ok(s.regex_full_match(&pattern)?))
        };
        "tf.strings.to_number" => |x, attrs| {
            let dtype = attrs.dtype_or("out_type", DType::F32)?;
            elementwise(x, |s| Ok(s.to_number(dtype)?))
        };
        "tf.strings.as_string" => |x, attrs| as_string(x, attrs);
        "tf.strings.join" => |x, attrs| {
            let parts = x.iter().map(text).collect::<Result<Vec<_>>>()?;
            one(strings(&StringTensor::join(&parts, attrs.str_or("separator", "")?)?))
        };
        "tf.strings.reduce_join" => |x, attrs| reduce_join(x, attrs);
        "tf.strings.split" => |x, attrs| split(x, attrs);
        "tf.strings.bytes_split" => |x, _| one(ragged_text(&text(first(x)?)?.bytes_split()?));
        "tf.strings.ngrams" => |x, attrs| ngrams(x, attrs);
        "tf.strings.to_hash_bucket" => |x, attrs| {
            let buckets = attrs.i64("num_buckets")?;
            elementwise(x, |s| Ok(s.to_hash_bucket(buckets)?))
        };
        "tf.strings.to_hash_bucket_fast" => |x, attrs| {
            let buckets = attrs.i64("num_buckets")?;
            elementwise(x, |s| Ok(s.to_hash_bucket_fast(buckets)?))
        };
        "tf.strings.to_hash_bucket_strong" => |x, attrs| {
            let buckets = attrs.i64("num_buckets")?;
            let [low, high] = attrs.i64s("key")?[..] else {
                return Err(ConformanceError::Rejected("a key has two numbers".to_string()));
            };
            elementwise(x, |s| Ok(s.to_hash_bucket_strong(buckets, [low as u64, high as u64])?))
        };
        "tf.strings.format" => |x, attrs| format(x, attrs);
        "tf.strings.unicode_script" => |x, _| one(array(&unicode_script(dense(first(x)?)?)?)?);
        "tf.strings.unicode_decode" => |x, attrs| {
            let decoder = decoder(attrs)?;
            match text(first(x)?)? {
                s if s.rank() == 0 => one(array(&s.unicode_decode_scalar(&decoder)?.0)?),
                s => one(ragged(&s.unicode_decode(&decoder)?)?),
            }
        };
        "tf.strings.unicode_decode_with_offsets" => |x, attrs| {
            let decoder = decoder(attrs)?;
            match text(first(x)?)? {
                s if s.rank() == 0 => {
                    let (points, offsets) = s.unicode_decode_scalar(&decoder)?;
                    Ok(vec![array(&points)?.into(), array(&offsets)?.into()])
                }
                s => {
                    let (points, offsets) = s.unicode_decode_with_offsets(&decoder)?;
                    Ok(vec![ragged(&points)?, ragged(&offsets)?])
                }
            }
        };
        "tf.strings.unicode_split" => |x, attrs| {
            let decoder = decoder(attrs)?;
            match text(first(x)?)? {
                s if s.rank() == 0 => one(strings(&s.unicode_split_scalar(&decoder)?.0)),
                s => one(ragged_text(&s.unicode_split(&decoder)?)),
            }
        };
        "tf.strings.unicode_split_with_offsets" => |x, attrs| {
            let decoder = decoder(attrs)?;
            match text(first(x)?)? {
                s if s.rank() == 0 => {
                    let (letters, offsets) = s.unicode_split_scalar(&decoder)?;
                    Ok(vec![strings(&letters), array(&offsets)?.into()])
                }
                s => {
                    let (letters, offsets) = s.unicode_split_with_offsets(&decoder)?;
                    Ok(vec![ragged_text(&letters), ragged(&offsets)?])
                }
            }
        };
        "tf.strings.unicode_encode" => |x, attrs| {
            let encoding: Encoding = attrs.str("output_encoding")?.parse()?;
            let encoder = Encoder::new(encoding).errors(on_error(attrs)?);
            match first(x)? {
                Input::Ragged(rows) => one(maybe_ragged(&encoder.encode_rows(rows)?)),
                other => one(strings(&encoder.encode(dense(other)?)?)),
            }
        };
        "tf.strings.unicode_transcode" => |x, attrs| {
            let (input, output) = (attrs.str("input_encoding")?.parse()?, attrs.str("output_encoding")?.parse()?);
            let how = Transcoder::new(input, output)
                .errors(on_error(attrs)?)
                .replace_control_characters(attrs.bool_or("replace_control_characters", false)?);
            text_to_text(x, |s| Ok(s.unicode_transcode(&how)?))
        };
        "tf.io.encode_base64" => |x, attrs| {
            let pad = attrs.bool_or("pad", false)?;
            text_to_text(x, |s| Ok(s.encode_base64(pad)))
        };
        "tf.io.decode_base64" => |x, _| text_to_text(x, |s| Ok(s.decode_base64()?));
        "tf.io.decode_raw" => |x, attrs| {
            let mut format = RawFormat::new(attrs.dtype("out_type")?)
                .little_endian(attrs.bool_or("little_endian", true)?);
            if let Some(bytes) = attrs.i64_opt("fixed_length")? {
                let bytes = usize::try_from(bytes).map_err(|e| ConformanceError::Rejected(e.to_string()))?;
                format = format.fixed_length(bytes);
            }
            one(array(&text(first(x)?)?.decode_raw(format)?)?)
        };
        "tf.fingerprint" => |x, attrs| {
            if attrs.str_or("method", "farmhash64")? != "farmhash64" {
                return Err(ConformanceError::Rejected("fingerprints are FarmHash's".to_string()));
            }
            match first(x)? {
                Input::Text(s) => one(array(&s.fingerprint()?)?),
                other => one(array(&fingerprint(dense(other)?)?)?),
            }
        };
    );
    bind_strings!(r:
        "tf.equal" => |x, _| compare(x, StringTensor::equal);
        "tf.not_equal" => |x, _| compare(x, StringTensor::not_equal);
        "tf.add" => |x, _| {
            let [a, b] = two(x)?;
            one(strings(&a.add(b)?))
        };
        "tf.unique" => |x, attrs| {
            let distinct = text(first(x)?)?.unique()?;
            let indices = distinct.indices.cast(attrs.dtype_or("out_idx", DType::I32)?)?;
            Ok(vec![strings(&distinct.values), array(&indices)?.into()])
        };
        "tf.unique_with_counts" => |x, attrs| {
            let distinct = text(first(x)?)?.unique()?;
            let dtype = attrs.dtype_or("out_idx", DType::I32)?;
            let counts = [distinct.indices.cast(dtype)?, distinct.counts.cast(dtype)?];
            Ok(vec![strings(&distinct.values), array(&counts[0])?.into(), array(&counts[1])?.into()])
        };
        "tf.reshape" => |x, attrs| {
            let dims: Vec<isize> = attrs.i64s("shape")?.iter().map(|&d| d as isize).collect();
            one(strings(&text(first(x)?)?.reshape_infer(&dims)?))
        };
        "tf.expand_dims" => |x, attrs| {
            one(strings(&text(first(x)?)?.expand_dims(attrs.i64("axis")? as isize)?))
        };
        "tf.concat" => |x, attrs| {
            let parts = x.iter().map(text).collect::<Result<Vec<_>>>()?;
            one(strings(&StringTensor::concat(&parts, attrs.i64("axis")? as isize)?))
        };
        "tf.stack" => |x, attrs| {
            let parts = x.iter().map(text).collect::<Result<Vec<_>>>()?;
            one(strings(&StringTensor::stack(&parts, attrs.i64_or("axis", 0)? as isize)?))
        };
        "tf.gather" => |x, attrs| match x {
            [s, indices] => one(strings(&text(s)?.gather(dense(indices)?, attrs.i64_or("axis", 0)? as isize)?)),
            _ => Err(ConformanceError::Case(format!("expected 2 inputs, found {}", x.len()))),
        };
        "tf.size" => |x, attrs| {
            let size = Tensor::scalar(text(first(x)?)?.len() as i64);
            one(array(&size.cast(attrs.dtype_or("out_type", DType::I32)?)?)?)
        };
        "tf.rank" => |x, _| one(array(&Tensor::scalar(text(first(x)?)?.rank() as i32))?);
    );
}

fn run(case: &Case, f: impl Fn(&[Input], &Attrs<'_>) -> Result<Vec<Value>>) -> Result<Outcome> {
    let inputs = case.inputs()?.iter().map(input).collect::<Result<Vec<_>>>()?;
    let attrs = case.attrs();
    Ok(Outcome::outputs(f(&inputs, &attrs)?).check("attributes", all_used(&attrs)))
}

fn input(value: &Value) -> Result<Input> {
    Ok(match value {
        Value::Array(array) => Input::Dense(tensor(array)?),
        Value::Strings { shape, values } => Input::Text(string_tensor(shape, values)?),
        Value::Ragged { row_splits, flat } => {
            let partitions = row_splits
                .iter()
                .map(|s| RowPartition::from_row_splits(s.clone()))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            match &**flat {
                Value::Array(array) => {
                    Input::Ragged(RaggedTensor::from_partitions(tensor(array)?, partitions)?)
                }
                Value::Strings { shape, values } => Input::RaggedText(RaggedTensor::from_partitions(
                    string_tensor(shape, values)?,
                    partitions,
                )?),
                other => return Err(ConformanceError::Case(format!("rows of {} values", other.kind()))),
            }
        }
        Value::Sparse { .. } => {
            return Err(ConformanceError::Case("a sparse input among strings".to_string()));
        }
    })
}

/// Recorded strings as a tensor.
pub fn string_tensor(shape: &[usize], values: &[Vec<u8>]) -> Result<StringTensor> {
    Ok(StringTensor::from_vec(values.to_vec(), shape)?)
}

/// A string tensor as a value to compare.
pub fn strings(t: &StringTensor) -> Value {
    Value::Strings { shape: t.shape().to_vec(), values: t.to_vec() }
}

fn ragged_text(t: &RaggedTensor<StringTensor>) -> Value {
    let row_splits = t.nested_row_splits().into_iter().map(<[i64]>::to_vec).collect();
    Value::Ragged { row_splits, flat: Box::new(strings(t.flat_values())) }
}

fn ragged(t: &RaggedTensor) -> Result<Value> {
    let row_splits = t.nested_row_splits().into_iter().map(<[i64]>::to_vec).collect();
    Ok(Value::Ragged { row_splits, flat: Box::new(array(t.flat_values())?.into()) })
}

fn maybe_ragged(t: &MaybeRagged<StringTensor>) -> Value {
    let row_splits: Vec<_> = t.partitions().iter().map(|p| p.row_splits().to_vec()).collect();
    match row_splits.is_empty() {
        true => strings(t.flat_values()),
        false => Value::Ragged { row_splits, flat: Box::new(strings(t.flat_values())) },
    }
}

fn one(value: impl Into<Value>) -> Result<Vec<Value>> {
    Ok(vec![value.into()])
}

fn first(x: &[Input]) -> Result<&Input> {
    match x {
        [x] => Ok(x),
        _ => Err(ConformanceError::Case(format!("expected one input, found {}", x.len()))),
    }
}

fn text(x: &Input) -> Result<&StringTensor> {
    match x {
        Input::Text(s) => Ok(s),
        _ => Err(ConformanceError::Case("expected strings".to_string())),
    }
}

fn dense(x: &Input) -> Result<&Tensor> {
    match x {
        Input::Dense(t) => Ok(t),
        _ => Err(ConformanceError::Case("expected numbers".to_string())),
    }
}

fn two(x: &[Input]) -> Result<[&StringTensor; 2]> {
    match x {
        [a, b] => Ok([text(a)?, text(b)?]),
        _ => Err(ConformanceError::Case(format!("expected 2 inputs, found {}", x.len()))),
    }
}

fn compare(
    x: &[Input],
    f: impl Fn(&StringTensor, &StringTensor) -> gradus_tensor::Result<Tensor>,
) -> Result<Vec<Value>> {
    let [a, b] = two(x)?;
    one(array(&f(a, b)?)?)
}

/// Numbers from strings, dense or in rows.
fn elementwise(x: &[Input], f: impl Fn(&StringTensor) -> Result<Tensor>) -> Result<Vec<Value>> {
    match first(x)? {
        Input::RaggedText(rows) => one(ragged(&rows.with_flat_values(f(rows.flat_values())?)?)?),
        other => one(array(&f(text(other)?)?)?),
    }
}

/// Strings from strings, dense or in rows.
fn text_to_text(x: &[Input], f: impl Fn(&StringTensor) -> Result<StringTensor>) -> Result<Vec<Value>> {
    match first(x)? {
        Input::RaggedText(rows) => one(ragged_text(&rows.with_flat_values(f(rows.flat_values())?)?)),
        other => one(strings(&f(text(other)?)?)),
    }
}

fn unit(attrs: &Attrs<'_>) -> Result<Unit> {
    Ok(attrs.str_or("unit", "BYTE")?.parse()?)
}

fn case_encoding(attrs: &Attrs<'_>) -> Result<CaseEncoding> {
    match attrs.str_or("encoding", "")? {
        "" => Ok(CaseEncoding::Ascii),
        "utf-8" => Ok(CaseEncoding::Utf8),
        other => Err(ConformanceError::Rejected(format!("no case in {other:?}"))),
    }
}

fn on_error(attrs: &Attrs<'_>) -> Result<OnError> {
    let replacement = attrs.i64_or("replacement_char", 0xFFFD)?;
    Ok(OnError::from_name(attrs.str_or("errors", "replace")?, replacement)?)
}

fn decoder(attrs: &Attrs<'_>) -> Result<Decoder> {
    let encoding = attrs.str("input_encoding")?.parse()?;
    Ok(Decoder::new(encoding)
        .errors(on_error(attrs)?)
        .replace_control_characters(attrs.bool_or("replace_control_characters", false)?))
}

fn substr(x: &[Input], attrs: &Attrs<'_>) -> Result<Vec<Value>> {
    let unit = unit(attrs)?;
    let found = match x {
        [s, pos, len] => text(s)?.substr_each(dense(pos)?, dense(len)?, unit)?,
        // Positions and lengths as lists.
        [s] if attrs.read("pos", |v| Some(v.is_array()))? => {
            let list = |name| -> Result<Tensor> {
                let values = attrs.i64s(name)?;
                Ok(Tensor::from_slice(&values, [values.len()])?)
            };
            text(s)?.substr_each(&list("pos")?, &list("len")?, unit)?
        }
        _ => {
            let (pos, len) = (attrs.i64("pos")?, attrs.i64("len")?);
            return text_to_text(x, |s| Ok(s.substr(pos, len, unit)?));
        }
    };
    one(strings(&found))
}

fn as_string(x: &[Input], attrs: &Attrs<'_>) -> Result<Vec<Value>> {
    let mut format = NumberFormat::new()
        .scientific(attrs.bool_or("scientific", false)?)
        .shortest(attrs.bool_or("shortest", false)?);
    // -1 stands for what is not asked for.
    let size = |name| Ok::<_, ConformanceError>(usize::try_from(attrs.i64_or(name, -1)?).ok());
    if let Some(precision) = size("precision")? {
        format = format.precision(precision);
    }
    if let Some(width) = size("width")? {
        format = format.width(width);
    }
    let fill = attrs.str_or("fill", "")?;
    if let Some(c) = fill.chars().next() {
        if fill.chars().count() > 1 {
            return Err(ConformanceError::Rejected(format!("fill {fill:?} is more than a character")));
        }
        format = format.fill(c);
    }
    match first(x)? {
        Input::Dense(t) => one(strings(&StringTensor::from_numbers(t, &format)?)),
        Input::Ragged(rows) => {
            let flat = StringTensor::from_numbers(rows.flat_values(), &format)?;
            one(ragged_text(&rows.with_flat_values(flat)?))
        }
        _ => text_to_text(x, |s| Ok(s.in_fields(&format)?)),
    }
}

fn reduce_join(x: &[Input], attrs: &Attrs<'_>) -> Result<Vec<Value>> {
    let axes = attrs.i64s_opt("axis")?;
    let (separator, keep) = (attrs.str_or("separator", "")?, attrs.bool_or("keepdims", false)?);
    match first(x)? {
        Input::RaggedText(rows) => match axes.as_deref() {
            Some(&[axis]) if !keep && (axis == -1 || axis == rows.rank() as i64 - 1) => {
                one(maybe_ragged(&StringTensor::join_rows(rows, separator)?))
            }
            _ => Err(ConformanceError::NotImplemented(
                "joining rows along other axes than the last".to_string(),
            )),
        },
        other => {
            let axes = match axes {
                Some(list) => Axes::List(list.iter().map(|&a| a as isize).collect()),
                None => Axes::All,
            };
            one(strings(&text(other)?.reduce_join(axes, separator, keep)?))
        }
    }
}

fn split(x: &[Input], attrs: &Attrs<'_>) -> Result<Vec<Value>> {
    let mut how = Split::on(attrs.str_or("sep", "")?);
    if let Ok(cuts) = usize::try_from(attrs.i64_or("maxsplit", -1)?) {
        how = how.max_split(cuts);
    }
    match first(x)? {
        Input::RaggedText(rows) => one(ragged_text(&StringTensor::split_rows(rows, &how)?)),
        other => match text(other)? {
            s if s.rank() == 0 => one(strings(&s.split_scalar(&how)?)),
            s => one(ragged_text(&s.split(&how)?)),
        },
    }
}

fn ngrams(x: &[Input], attrs: &Attrs<'_>) -> Result<Vec<Value>> {
    let size = |n: i64| usize::try_from(n).map_err(|e| ConformanceError::Rejected(format!("{n}: {e}")));
    let widths = attrs.i64s("ngram_width")?.into_iter().map(size).collect::<Result<Vec<_>>>()?;
    let mut which = NGrams::of_widths(widths)
        .separator(attrs.str_or("separator", " ")?)
        .preserve_short_sequences(attrs.bool_or("preserve_short_sequences", false)?);
    if let Some(width) = attrs.i64_opt("padding_width")? {
        which = which.padding_width(size(width)?);
    }
    match attrs.raw("pad_values") {
        None => {}
        Some(Json::String(both)) => which = which.pad_values(both, both),
        Some(pair) => {
            let side = |i: usize| pair.get(i).and_then(Json::as_str);
            let (Some(left), Some(right)) = (side(0), side(1)) else {
                return Err(ConformanceError::Case(format!("pad_values {pair}")));
            };
            which = which.pad_values(left, right);
        }
    }
    match first(x)? {
        Input::RaggedText(rows) => one(ragged_text(&StringTensor::ngrams_of_rows(rows, &which)?)),
        other => one(strings(&text(other)?.ngrams(&which)?)),
    }
}

fn format(x: &[Input], attrs: &Attrs<'_>) -> Result<Vec<Value>> {
    let inputs: Vec<Shown<'_>> = x
        .iter()
        .map(|x| match x {
            Input::Dense(t) => Shown::Dense(t),
            Input::Text(s) => Shown::Text(s),
            Input::Ragged(t) => Shown::Ragged(t),
            Input::RaggedText(t) => Shown::RaggedText(t),
        })
        .collect();
    let summarize = usize::try_from(attrs.i64_or("summarize", 3)?).ok();
    let placeholder = attrs.str_or("placeholder", "{}")?;
    one(strings(&StringTensor::format(attrs.str("template")?, &inputs, placeholder, summarize)?))
}
