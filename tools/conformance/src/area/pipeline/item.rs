//! Elements whose type the case decides, over the library's elements, which Rust decides.

use std::collections::BTreeMap;

use gradus_data::{DataError, Dataset, Element, ElementSpec, Encode, ErrorKind, Pad, Unbatch};
use serde_json::{Value as Json, json};

/// One element. Batching, padding and unbatching go through the library's own for `Vec`.
#[derive(Clone, Debug)]
pub enum Item {
    /// An integer or bool of that dtype.
    Int(&'static str, i64),
    /// A float32.
    Float(f32),
    /// A string.
    Text(String),
    /// One axis.
    List(Vec<Item>),
    /// Rows of different lengths.
    Ragged(Vec<Item>),
    /// A tuple.
    Tuple(Vec<Item>),
    /// A map with names.
    Named(BTreeMap<String, Item>),
    /// A nested dataset.
    Nested(Dataset<Item>),
}

/// The dtype of a Python integer until it meets another one.
pub const PLAIN: &str = "plain";

impl Item {
    /// A Python integer becomes int32 when it becomes an element.
    pub fn settled(self) -> Item {
        let all = |items: Vec<Item>| items.into_iter().map(Item::settled).collect();
        match self {
            Item::Int(PLAIN, v) => Item::Int("int32", v),
            Item::List(items) => Item::List(all(items)),
            Item::Tuple(items) => Item::Tuple(all(items)),
            Item::Named(items) => Item::Named(items.into_iter().map(|(k, v)| (k, v.settled())).collect()),
            other => other,
        }
    }

    /// An integer of any dtype.
    pub fn int(&self) -> Result<i64, String> {
        match self {
            Item::Int(_, v) => Ok(*v),
            other => Err(format!("expected an integer, found {other:?}")),
        }
    }

    /// A size.
    pub fn size(&self) -> Result<usize, String> {
        usize::try_from(self.int()?).map_err(|_| format!("expected a size, found {self:?}"))
    }

    /// The entries of a list.
    pub fn list(self) -> Result<Vec<Item>, String> {
        match self {
            Item::List(items) | Item::Tuple(items) => Ok(items),
            other => Err(format!("expected a list, found {other:?}")),
        }
    }

    /// A dataset.
    pub fn dataset(self) -> Result<Dataset<Item>, String> {
        match self {
            Item::Nested(dataset) => Ok(dataset),
            other => Err(format!("expected a dataset, found {other:?}")),
        }
    }

    /// As `expect.elements` writes it.
    pub fn json(&self) -> Result<Json, DataError> {
        let all = |items: &[Item]| items.iter().map(Item::json).collect::<Result<Vec<_>, _>>();
        Ok(match self {
            Item::Int("bool", v) => json!(*v != 0),
            Item::Int(_, v) => json!(v),
            Item::Float(v) => json!(f64::from(*v)),
            Item::Text(v) => json!(v),
            Item::List(items) => json!(all(items)?),
            Item::Ragged(items) => json!({ "ragged": all(items)? }),
            Item::Tuple(items) => json!({ "tuple": all(items)? }),
            Item::Named(items) => Json::Object(
                items.iter().map(|(k, v)| Ok((k.clone(), v.json()?))).collect::<Result<_, DataError>>()?,
            ),
            Item::Nested(dataset) => json!({ "dataset": all(&dataset.collect()?)? }),
        })
    }
}

/// The parts of composites, part by part, put together by `join`.
fn by_part(
    items: Vec<Item>,
    join: &dyn Fn(Vec<Item>) -> Result<Item, DataError>,
) -> Result<Option<Item>, DataError> {
    let uneven = || DataError::new(ErrorKind::Shape, "elements of different structures in one batch");
    match items.first() {
        Some(Item::Tuple(first)) => {
            let mut columns = vec![Vec::new(); first.len()];
            for item in items {
                let Item::Tuple(parts) = item else { return Err(uneven()) };
                columns.iter_mut().zip(parts).for_each(|(column, part)| column.push(part));
            }
            Ok(Some(Item::Tuple(columns.into_iter().map(join).collect::<Result<_, _>>()?)))
        }
        Some(Item::Named(_)) => {
            let mut columns = BTreeMap::<String, Vec<Item>>::new();
            for item in items {
                let Item::Named(parts) = item else { return Err(uneven()) };
                parts.into_iter().for_each(|(name, part)| columns.entry(name).or_default().push(part));
            }
            let joined = columns.into_iter().map(|(name, column)| Ok((name, join(column)?)));
            Ok(Some(Item::Named(joined.collect::<Result<_, DataError>>()?)))
        }
        _ => Ok(None),
    }
}

/// The entries when every item is a list.
fn lists(items: &[Item]) -> Option<Vec<Vec<Item>>> {
    let entries = |item: &Item| if let Item::List(items) = item { Some(items.clone()) } else { None };
    items.iter().map(entries).collect::<Option<Vec<_>>>().filter(|lists| !lists.is_empty())
}

fn rows(batch: Vec<Vec<Item>>) -> Item {
    Item::List(batch.into_iter().map(Item::List).collect())
}

impl Element for Item {
    type Batch = Item;

    fn spec(&self) -> ElementSpec {
        match self {
            Item::Int(PLAIN, _) => ElementSpec::scalar("int32"),
            Item::Int(dtype, _) => ElementSpec::scalar(dtype),
            Item::Float(_) => ElementSpec::scalar("float32"),
            Item::Text(_) => ElementSpec::scalar("string"),
            Item::List(items) | Item::Ragged(items) => items.spec(),
            Item::Tuple(items) => ElementSpec::Tuple(items.iter().map(Element::spec).collect()),
            Item::Named(items) => {
                ElementSpec::Named(items.iter().map(|(k, v)| (k.clone(), v.spec())).collect())
            }
            Item::Nested(_) => ElementSpec::Dataset,
        }
    }

    fn batch(items: Vec<Item>) -> Result<Item, DataError> {
        if let Some(whole) = by_part(items.clone(), &Item::batch)? {
            return Ok(whole);
        }
        match lists(&items) {
            Some(lists) => Element::batch(lists).map(rows),
            None => Ok(Item::List(items)),
        }
    }
}

impl Pad for Item {
    type Shape = Option<usize>;
    type Value = Option<i64>;

    fn pad_batch(items: Vec<Item>, shape: &Option<usize>, value: &Option<i64>) -> Result<Item, DataError> {
        if let Some(whole) = by_part(items.clone(), &|column| Item::pad_batch(column, shape, value))? {
            return Ok(whole);
        }
        let dtype = items.iter().find_map(|item| match item {
            Item::List(entries) => entries.first(),
            _ => None,
        });
        let filling = match dtype {
            Some(Item::Int(dtype, _)) => Item::Int(dtype, value.unwrap_or(0)),
            Some(Item::Float(_)) => Item::Float(value.unwrap_or(0) as f32),
            _ => Item::default(),
        };
        match lists(&items) {
            Some(lists) => Vec::<Item>::pad_batch(lists, shape, &Some(filling)).map(rows),
            None => Ok(Item::List(items)),
        }
    }

    fn padded_spec(element: ElementSpec, shape: &Option<usize>) -> ElementSpec {
        Vec::<Item>::padded_spec(element, shape)
    }
}

/// The dtypes that a written item may have.
const DTYPES: [&str; 10] =
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", PLAIN];

impl Encode for Item {
    fn encode(&self, out: &mut Vec<u8>) {
        let (kind, items) = match self {
            Item::Int(dtype, v) => {
                (0u8, String::from(*dtype), *v).encode(out);
                return;
            }
            Item::Float(v) => {
                (1u8, *v).encode(out);
                return;
            }
            Item::Text(v) => {
                (2u8, v.clone()).encode(out);
                return;
            }
            Item::Named(items) => {
                let names: Vec<String> = items.keys().cloned().collect();
                (6u8, names, items.values().cloned().collect::<Vec<Item>>()).encode(out);
                return;
            }
            Item::List(items) => (3u8, items),
            Item::Tuple(items) => (4, items),
            Item::Ragged(items) => (5, items),
            // A dataset has no bytes: it is written as a kind that cannot be read.
            Item::Nested(_) => (7, &Vec::new()),
        };
        (kind, items.clone()).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::decode(bytes)? {
            0 => {
                let name = String::decode(bytes)?;
                Item::Int(DTYPES.into_iter().find(|d| *d == name)?, i64::decode(bytes)?)
            }
            1 => Item::Float(f32::decode(bytes)?),
            2 => Item::Text(String::decode(bytes)?),
            3 => Item::List(Vec::decode(bytes)?),
            4 => Item::Tuple(Vec::decode(bytes)?),
            5 => Item::Ragged(Vec::decode(bytes)?),
            6 => {
                let names = Vec::<String>::decode(bytes)?;
                Item::Named(names.into_iter().zip(Vec::<Item>::decode(bytes)?).collect())
            }
            _ => return None,
        })
    }
}

impl Default for Item {
    fn default() -> Item {
        Item::Int("int64", 0)
    }
}

impl Unbatch for Item {
    type Item = Item;

    fn unbatch(self) -> Result<Vec<Item>, DataError> {
        match self {
            Item::List(items) => items.unbatch(),
            Item::Tuple(parts) => {
                let columns = parts.into_iter().map(Unbatch::unbatch).collect::<Result<Vec<_>, _>>()?;
                let length = columns.first().map_or(0, Vec::len);
                Ok((0..length).map(|i| Item::Tuple(columns.iter().map(|c| c[i].clone()).collect())).collect())
            }
            other => {
                let message = format!("unbatch: there is nothing to take apart in {other:?}");
                Err(DataError::new(ErrorKind::Shape, message))
            }
        }
    }
}
