//! Attributes of operations as data: what makes two operations equal, and what is written to a file.

use crate::{DType, Error, Result, Shape};

/// One attribute.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Attr {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    DType(DType),
    List(Vec<Attr>),
}

impl Attr {
    /// Equality of bits, so that NaN equals itself and 0.0 differs from -0.0.
    pub fn same(&self, other: &Attr) -> bool {
        match (self, other) {
            (Attr::Float(a), Attr::Float(b)) => a.to_bits() == b.to_bits(),
            (Attr::List(a), Attr::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            _ => self == other,
        }
    }
}

/// A field of an operation that converts to an attribute and back. [`op!`](crate::op!) uses it.
pub trait Attribute: Sized {
    /// The field as data.
    fn to_attr(&self) -> Attr;
    /// The field from data.
    fn from_attr(a: &Attr) -> Option<Self>;
}

macro_rules! ints {
    ($($t:ty)*) => {$(
        impl Attribute for $t {
            fn to_attr(&self) -> Attr { Attr::Int(*self as i64) }
            fn from_attr(a: &Attr) -> Option<Self> {
                match a { Attr::Int(v) => <$t>::try_from(*v).ok(), _ => None }
            }
        }
    )*};
}
ints!(i32 i64 u8 u32 usize isize);

impl Attribute for u64 {
    /// Stored as the i64 with the same bits.
    fn to_attr(&self) -> Attr {
        Attr::Int(i64::from_ne_bytes(self.to_ne_bytes()))
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        match a {
            Attr::Int(v) => Some(u64::from_ne_bytes(v.to_ne_bytes())),
            _ => None,
        }
    }
}

impl Attribute for bool {
    fn to_attr(&self) -> Attr {
        Attr::Bool(*self)
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        if let Attr::Bool(v) = a { Some(*v) } else { None }
    }
}

impl Attribute for f64 {
    fn to_attr(&self) -> Attr {
        Attr::Float(*self)
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        if let Attr::Float(v) = a { Some(*v) } else { None }
    }
}

impl Attribute for f32 {
    fn to_attr(&self) -> Attr {
        Attr::Float(f64::from(*self))
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        if let Attr::Float(v) = a { Some(*v as f32) } else { None }
    }
}

impl Attribute for String {
    fn to_attr(&self) -> Attr {
        Attr::Str(self.clone())
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        if let Attr::Str(v) = a { Some(v.clone()) } else { None }
    }
}

impl Attribute for DType {
    fn to_attr(&self) -> Attr {
        Attr::DType(*self)
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        if let Attr::DType(v) = a { Some(*v) } else { None }
    }
}

impl<T: Attribute> Attribute for Vec<T> {
    fn to_attr(&self) -> Attr {
        Attr::List(self.iter().map(T::to_attr).collect())
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        if let Attr::List(v) = a { v.iter().map(T::from_attr).collect() } else { None }
    }
}

impl<T: Attribute, const N: usize> Attribute for [T; N] {
    fn to_attr(&self) -> Attr {
        Attr::List(self.iter().map(T::to_attr).collect())
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        Vec::from_attr(a)?.try_into().ok()
    }
}

impl<A: Attribute, B: Attribute> Attribute for (A, B) {
    fn to_attr(&self) -> Attr {
        Attr::List(vec![self.0.to_attr(), self.1.to_attr()])
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        match a {
            Attr::List(v) if v.len() == 2 => Some((A::from_attr(&v[0])?, B::from_attr(&v[1])?)),
            _ => None,
        }
    }
}

impl<T: Attribute> Attribute for Option<T> {
    fn to_attr(&self) -> Attr {
        Attr::List(self.iter().map(T::to_attr).collect())
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        match Vec::<T>::from_attr(a)?.len() {
            0 => Some(None),
            1 => Vec::from_attr(a)?.pop().map(Some),
            _ => None,
        }
    }
}

impl Attribute for Shape {
    fn to_attr(&self) -> Attr {
        self.dims().to_vec().to_attr()
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        Some(Shape::from(Vec::<usize>::from_attr(a)?))
    }
}

/// Declares a fieldless enum that is an attribute, written by name.
///
/// ```
/// gradus_tensor::attr_enum! {
///     /// How borders are treated.
///     pub enum Border {
///         /// No padding.
///         Valid = "valid",
///         /// As much padding as keeps the size.
///         Same = "same",
///     }
/// }
/// ```
#[macro_export]
macro_rules! attr_enum {
    ($(#[$m:meta])* $vis:vis enum $name:ident { $($(#[$vm:meta])* $v:ident = $s:literal),* $(,)? }) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name { $($(#[$vm])* $v),* }
        impl $name {
            /// The name that files and messages use.
            pub const fn name(self) -> &'static str { match self { $($name::$v => $s),* } }
            /// The value with that name.
            pub fn from_name(name: &str) -> Option<Self> { match name { $($s => Some($name::$v),)* _ => None } }
        }
        impl $crate::attr::Attribute for $name {
            fn to_attr(&self) -> $crate::attr::Attr { $crate::attr::Attr::Str(self.name().to_string()) }
            fn from_attr(a: &$crate::attr::Attr) -> Option<Self> {
                if let $crate::attr::Attr::Str(s) = a { $name::from_name(s) } else { None }
            }
        }
    };
}

/// How an operation is made again from its attributes: an entry of a registry.
#[derive(Clone, Copy)]
pub struct OpDef {
    /// The operation's name.
    pub name: &'static str,
    /// Makes the operation; errors when the attributes do not fit.
    pub load: fn(&[Attr]) -> Result<Box<dyn crate::Op>>,
}

impl OpDef {
    /// The error for attributes that do not fit.
    pub fn misfit(name: &str, attrs: &[Attr]) -> Error {
        Error::value(format!("{name}: these attributes do not fit the operation: {attrs:?}"))
    }
}

/// Declares an operation's struct with its attributes, and how to write and load them.
///
/// `op! { /// Doc. pub struct Transpose { perm: Vec<usize> } = "transpose" }` makes the struct, its
/// [`Attributes`](crate::op::Attributes) and `Transpose::DEF`, the registry entry.
#[macro_export]
macro_rules! op {
    ($(#[$m:meta])* $vis:vis struct $name:ident { $($(#[$fm:meta])* $f:ident : $t:ty),* $(,)? } = $s:literal) => {
        $(#[$m])*
        #[derive(Clone, Debug)]
        $vis struct $name { $($(#[$fm])* #[allow(missing_docs)] pub $f: $t),* }
        impl $name {
            /// The operation's name.
            pub const NAME: &'static str = $s;
            /// The operation's registry entry.
            pub const DEF: $crate::attr::OpDef = $crate::attr::OpDef {
                name: $s,
                load: |attrs| {
                    #[allow(unused_mut, unused_variables)]
                    let mut it = attrs.iter();
                    let build = || -> Option<$name> {
                        let op = $name { $($f: <$t as $crate::attr::Attribute>::from_attr(it.next()?)?),* };
                        it.next().is_none().then_some(op)
                    };
                    #[allow(unused_mut)]
                    let mut build = build;
                    match build() {
                        Some(op) => Ok(Box::new(op)),
                        None => Err($crate::attr::OpDef::misfit($s, attrs)),
                    }
                },
            };
        }
        impl $crate::op::Attributes for $name {
            fn attrs(&self) -> Option<Vec<$crate::attr::Attr>> {
                Some(vec![$($crate::attr::Attribute::to_attr(&self.$f)),*])
            }
            fn boxed(&self) -> Box<dyn $crate::Op> { Box::new(self.clone()) }
        }
    };
}
