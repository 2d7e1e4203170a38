//! What the elements of a queue are made of.

use gradus_tensor::{DType, Result, Shape, Tensor, bail_dtype, bail_shape};
#[cfg(feature = "text")]
use gradus_text::StringTensor;

use crate::PartialShape;

/// One component of a queue's element.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Component {
    /// Numbers.
    Dense(Tensor),
    /// Strings.
    #[cfg(feature = "text")]
    Text(StringTensor),
}

/// What kind of values a component has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentType {
    /// Numbers of that dtype.
    Dense(DType),
    /// Strings.
    #[cfg(feature = "text")]
    Text,
}

/// Type and shape of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentSpec {
    /// What kind of values.
    pub kind: ComponentType,
    /// The shape of one element, as far as it is known.
    pub shape: PartialShape,
}

impl Component {
    /// The shape.
    pub fn shape(&self) -> &Shape {
        match self {
            Component::Dense(t) => t.shape(),
            #[cfg(feature = "text")]
            Component::Text(t) => t.shape(),
        }
    }

    /// What kind of values it has.
    pub fn kind(&self) -> ComponentType {
        match self {
            Component::Dense(t) => ComponentType::Dense(t.dtype()),
            #[cfg(feature = "text")]
            Component::Text(_) => ComponentType::Text,
        }
    }

    /// The tensor, or an error when the component is of another kind.
    pub fn dense(&self) -> Result<&Tensor> {
        match self {
            Component::Dense(t) => Ok(t),
            #[cfg(feature = "text")]
            Component::Text(_) => bail_dtype!("expected numbers, found strings"),
        }
    }

    /// The strings, or an error when the component is of another kind.
    #[cfg(feature = "text")]
    pub fn text(&self) -> Result<&StringTensor> {
        match self {
            Component::Text(t) => Ok(t),
            other => bail_dtype!("expected strings, found {}", other.kind()),
        }
    }
}

impl From<Tensor> for Component {
    fn from(tensor: Tensor) -> Component {
        Component::Dense(tensor)
    }
}

impl From<&Tensor> for Component {
    fn from(tensor: &Tensor) -> Component {
        Component::Dense(tensor.clone())
    }
}

#[cfg(feature = "text")]
impl From<StringTensor> for Component {
    fn from(strings: StringTensor) -> Component {
        Component::Text(strings)
    }
}

impl From<DType> for ComponentType {
    fn from(dtype: DType) -> ComponentType {
        ComponentType::Dense(dtype)
    }
}

impl std::fmt::Display for ComponentType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ComponentType::Dense(dtype) => dtype.fmt(f),
            #[cfg(feature = "text")]
            ComponentType::Text => f.write_str("string"),
        }
    }
}

impl ComponentSpec {
    /// Values of that type and shape.
    pub fn new(kind: impl Into<ComponentType>, shape: impl Into<PartialShape>) -> ComponentSpec {
        ComponentSpec { kind: kind.into(), shape: shape.into() }
    }

    /// Scalars of that type.
    pub fn scalar(kind: impl Into<ComponentType>) -> ComponentSpec {
        ComponentSpec::new(kind, PartialShape::new([]))
    }

    /// An error when a value's kind, or the shape of its elements, does not fit.
    pub(crate) fn check(&self, value: &Component, element: &Shape) -> Result<()> {
        if value.kind() != self.kind {
            bail_dtype!("expected {}, found {}", self.kind, value.kind());
        }
        if !self.shape.admits(element) {
            bail_shape!("expected elements of shape {}, found {element}", self.shape);
        }
        Ok(())
    }
}

/// The priority of an element whose component 0 was checked to be an i64 scalar.
pub(crate) fn priority(row: &[Component]) -> i64 {
    row.first().and_then(|c| c.dense().ok()).and_then(|t| t.item::<i64>().ok()).unwrap_or(i64::MAX)
}
