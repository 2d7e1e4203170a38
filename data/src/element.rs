//! Elements that know how to become a batch.
//!
//! [`Dataset`](crate::Dataset) itself takes any `Send` type. Batching asks for more: how many elements
//! become one. Here a number or a string becomes a `Vec`, a `Vec` a `Vec` of equal `Vec`s, a tuple a
//! tuple of batches, a named map a map of batches, and (feature `tensor`) a tensor a tensor with one more
//! axis. For a type of your own, implement [`Element`], or use
//! [`batch_with`](crate::Dataset::batch_with), which takes a function instead.

use std::collections::BTreeMap;

use crate::error::{DataError, ErrorKind, Result};
use crate::spec::ElementSpec;

/// An element that can be batched.
pub trait Element: Send + Sized + 'static {
    /// What a batch of these elements is.
    type Batch: Send + 'static;

    /// Type and shape of this element.
    fn spec(&self) -> ElementSpec;

    /// Puts elements of one shape together, in order.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when the elements differ in shape.
    fn batch(items: Vec<Self>) -> Result<Self::Batch>;
}

/// A batch that can be taken apart again.
pub trait Unbatch: Send + Sized + 'static {
    /// What one part is.
    type Item: Send + 'static;

    /// The parts, in order.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when there is nothing to take apart (a scalar), or the parts of a tuple have
    /// different lengths.
    fn unbatch(self) -> Result<Vec<Self::Item>>;
}

/// An element that can be padded to the size of others.
pub trait Pad: Element {
    /// The size to pad to; the default pads to the longest element of the batch.
    type Shape: Clone + Send + Sync + Default + 'static;
    /// What to fill with; the default is zero, false or the empty string.
    type Value: Clone + Send + Sync + Default + 'static;

    /// Puts elements together after padding each at its end.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when an element is longer than the shape asked for.
    fn pad_batch(items: Vec<Self>, shape: &Self::Shape, value: &Self::Value) -> Result<Self::Batch>;

    /// What a padded element looks like: the sizes that `shape` fixes; the others are open.
    fn padded_spec(element: ElementSpec, shape: &Self::Shape) -> ElementSpec {
        let _ = shape;
        element.any_size()
    }
}

macro_rules! plain {
    ($($t:ty => $name:literal),* $(,)?) => {$(
        impl Element for $t {
            type Batch = Vec<$t>;
            fn spec(&self) -> ElementSpec {
                ElementSpec::scalar($name)
            }
            fn batch(items: Vec<Self>) -> Result<Vec<$t>> {
                Ok(items)
            }
        }
        impl Pad for $t {
            type Shape = ();
            type Value = ();
            fn pad_batch(items: Vec<Self>, _: &(), _: &()) -> Result<Vec<$t>> {
                Ok(items)
            }
        }
    )*};
}

plain! {
    i8 => "int8", i16 => "int16", i32 => "int32", i64 => "int64", isize => "int64",
    u8 => "uint8", u16 => "uint16", u32 => "uint32", u64 => "uint64", usize => "uint64",
    f32 => "float32", f64 => "float64", bool => "bool", String => "string", &'static str => "string",
}

impl<T: Element> Element for Vec<T> {
    type Batch = Vec<Vec<T>>;

    fn spec(&self) -> ElementSpec {
        match self.first() {
            Some(first) => first.spec().batched(Some(self.len())),
            None => ElementSpec::Opaque(std::any::type_name::<Vec<T>>()),
        }
    }

    fn batch(items: Vec<Self>) -> Result<Vec<Vec<T>>> {
        if let Some(first) = items.first() {
            let wanted = first.len();
            if let Some(odd) = items.iter().position(|i| i.len() != wanted) {
                let found = items[odd].len();
                return Err(DataError::new(
                    ErrorKind::Shape,
                    format!(
                        "batch: element {odd} of the batch has length {found}, element 0 has {wanted} \
                         (padded_batch and ragged_batch take elements of different lengths)"
                    ),
                ));
            }
        }
        Ok(items)
    }
}

impl<T: Element + Clone + Default + Sync> Pad for Vec<T> {
    /// The length; `None` is the longest of the batch.
    type Shape = Option<usize>;
    /// The filling; `None` is `T::default()`.
    type Value = Option<T>;

    fn pad_batch(mut items: Vec<Self>, shape: &Option<usize>, value: &Option<T>) -> Result<Vec<Vec<T>>> {
        let longest = items.iter().map(Vec::len).max().unwrap_or(0);
        let length = shape.unwrap_or(longest);
        if longest > length {
            let at = items.iter().position(|i| i.len() > length).unwrap_or(0);
            return Err(DataError::new(
                ErrorKind::Shape,
                format!(
                    "padded_batch: element {at} of the batch has length {}, the padded shape is [{length}]",
                    items[at].len()
                ),
            ));
        }
        let filling = value.clone().unwrap_or_default();
        for item in &mut items {
            item.resize(length, filling.clone());
        }
        Ok(items)
    }

    fn padded_spec(element: ElementSpec, shape: &Option<usize>) -> ElementSpec {
        element.padded(&[*shape])
    }
}

impl<T: Send + 'static> Unbatch for Vec<T> {
    type Item = T;
    fn unbatch(self) -> Result<Vec<T>> {
        Ok(self)
    }
}

impl<T: Element> Element for BTreeMap<String, T> {
    type Batch = BTreeMap<String, T::Batch>;

    fn spec(&self) -> ElementSpec {
        ElementSpec::Named(self.iter().map(|(k, v)| (k.clone(), v.spec())).collect())
    }

    fn batch(items: Vec<Self>) -> Result<Self::Batch> {
        let count = items.len();
        let mut columns: BTreeMap<String, Vec<T>> = BTreeMap::new();
        for (name, value) in items.into_iter().flatten() {
            columns.entry(name).or_default().push(value);
        }
        let batch_column = |(name, column): (String, Vec<T>)| {
            if column.len() != count {
                let found = column.len();
                return Err(DataError::new(
                    ErrorKind::Shape,
                    format!("batch: {found} of {count} elements have the name `{name}`"),
                ));
            }
            Ok((name, T::batch(column)?))
        };
        columns.into_iter().map(batch_column).collect()
    }
}

macro_rules! tuples {
    ($(($($t:ident $i:tt),+))*) => {$(
        impl<$($t: Element),+> Element for ($($t,)+) {
            type Batch = ($($t::Batch,)+);
            fn spec(&self) -> ElementSpec {
                ElementSpec::Tuple(vec![$(self.$i.spec()),+])
            }
            fn batch(items: Vec<Self>) -> Result<Self::Batch> {
                let mut columns = ($(Vec::<$t>::with_capacity(items.len()),)+);
                for item in items {
                    $(columns.$i.push(item.$i);)+
                }
                Ok(($($t::batch(columns.$i)?,)+))
            }
        }
        impl<$($t: Pad),+> Pad for ($($t,)+) {
            type Shape = ($($t::Shape,)+);
            type Value = ($($t::Value,)+);
            fn pad_batch(items: Vec<Self>, shape: &Self::Shape, value: &Self::Value) -> Result<Self::Batch> {
                let mut columns = ($(Vec::<$t>::with_capacity(items.len()),)+);
                for item in items {
                    $(columns.$i.push(item.$i);)+
                }
                Ok(($($t::pad_batch(columns.$i, &shape.$i, &value.$i)?,)+))
            }
            fn padded_spec(element: ElementSpec, shape: &Self::Shape) -> ElementSpec {
                match element {
                    ElementSpec::Tuple(parts) => {
                        let mut parts = parts.into_iter();
                        ElementSpec::Tuple([$(parts.next().map(|p| $t::padded_spec(p, &shape.$i))),+].into_iter().flatten().collect())
                    }
                    other => other.any_size(),
                }
            }
        }
        impl<$($t: Unbatch),+> Unbatch for ($($t,)+) {
            type Item = ($($t::Item,)+);
            fn unbatch(self) -> Result<Vec<Self::Item>> {
                let parts = ($(self.$i.unbatch()?,)+);
                let lengths = [$(parts.$i.len()),+];
                if lengths.iter().any(|l| *l != lengths[0]) {
                    let message = format!("unbatch: the parts of a tuple have different lengths: {lengths:?}");
                    return Err(DataError::new(ErrorKind::Shape, message));
                }
                let mut parts = ($(parts.$i.into_iter(),)+);
                let mut items = Vec::with_capacity(lengths[0]);
                while let ($(Some($t),)+) = ($(parts.$i.next(),)+) {
                    items.push(($($t,)+));
                }
                Ok(items)
            }
        }
    )*};
}

// The type parameters double as variable names in `unbatch`.
#[allow(non_snake_case)]
mod tuples {
    use super::*;
    tuples! {
        (A 0)
        (A 0, B 1)
        (A 0, B 1, C 2)
        (A 0, B 1, C 2, D 3)
        (A 0, B 1, C 2, D 3, E 4)
        (A 0, B 1, C 2, D 3, E 4, F 5)
    }
}
