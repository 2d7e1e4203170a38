//! A matrix product with bias and activation in one pass: what a dense layer does.
//!
//! The product's tiles get their bias and activation before they leave the cache.

use super::packed::gemm_repeated;
use crate::attr::{Attr, Attribute, OpDef};
use crate::backward::Backward;
use crate::op::{Attributes, Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Error, Keep, Lower, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::activation_grad::activation_grad;
use gradus_kernels::elementwise::Unary;
use gradus_kernels::gemm::{Epilogue, Gemm, gemm};
use smallvec::smallvec;

pub use gradus_kernels::gemm::Activation;

pub(super) const DEFS: &[OpDef] = &[Linear::DEF, LinearAdd::DEF, ActivationGrad::DEF];

/// Names of the activations without a number; the others are lists of name and number.
const PLAIN: [(&str, Activation); 6] = [
    ("linear", Activation::None),
    ("relu", Activation::Relu),
    ("relu6", Activation::Relu6),
    ("sigmoid", Activation::Sigmoid),
    ("tanh", Activation::Tanh),
    ("softplus", Activation::Softplus),
];

impl Attribute for Activation {
    fn to_attr(&self) -> Attr {
        let with = |name: &str, v: f32| Attr::List(vec![Attr::Str(name.into()), Attr::Float(f64::from(v))]);
        match *self {
            Activation::LeakyRelu(slope) => with("leaky_relu", slope),
            Activation::Elu(alpha) => with("elu", alpha),
            plain => {
                let name = PLAIN.iter().find(|(_, a)| *a == plain).map(|(name, _)| name.to_string());
                // An activation that has no name here is refused when it is read.
                Attr::Str(name.unwrap_or_else(|| format!("{plain:?}")))
            }
        }
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        match a {
            Attr::Str(s) => PLAIN.iter().find(|(name, _)| name == s).map(|(_, a)| *a),
            Attr::List(v) => match &v[..] {
                [Attr::Str(s), Attr::Float(v)] if s == "leaky_relu" => Some(Activation::LeakyRelu(*v as f32)),
                [Attr::Str(s), Attr::Float(v)] if s == "elu" => Some(Activation::Elu(*v as f32)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The derivative of an activation's slope with respect to the result that the slope is read off; `None` where it is 0.
fn bend(activation: Activation, y: &Tensor) -> Result<Option<Tensor>> {
    Ok(Some(match activation {
        // 1 + y below zero (with alpha = 1), else 1.
        Activation::Elu(_) => y.less_equal(&y.like(0)?)?.cast(y.dtype())?,
        // y (1 - y)
        Activation::Sigmoid => y.like(1)?.sub(&y.mul(&y.like(2)?)?)?,
        // 1 - y^2
        Activation::Tanh => y.mul(&y.like(-2)?)?,
        // 1 - e^-y
        Activation::Softplus => y.neg()?.exp()?,
        _ => return Ok(None),
    }))
}

fn is_bent(activation: Activation) -> bool {
    use Activation::{Elu, Sigmoid, Softplus, Tanh};
    matches!(activation, Elu(_) | Sigmoid | Tanh | Softplus)
}

crate::op! {
    /// `activation(x w + b)` over the last axis of `x`; the bias may be left out.
    pub struct Linear { activation: Activation } = "linear"
}

impl Op for Linear {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        if !x[0].dtype.is_float() {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        let (xs, ws) = (&x[0].shape, &x[1].shape);
        let &[k, n] = ws.dims() else {
            return Err(Error::shape(format!("linear: the weight has shape {ws}, expected a matrix")));
        };
        if xs.last() != Some(&k) {
            return Err(Error::shape(format!("linear: inner dimensions differ: {xs} x {ws}")));
        }
        if let Some(b) = x.get(2) {
            if b.shape.dims() != [n] {
                return Err(Error::shape(format!("linear: the bias has shape {}, expected [{n}]", b.shape)));
            }
        }
        Ok(smallvec![x[0].reshaped(xs.replaced(xs.rank() - 1, n))])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        product(Self::NAME, self.activation, [&x[0], &x[1]], x.get(2), &mut y[0], false)
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b11, y: u64::from(self.activation != Activation::None) }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = before_activation(self.activation, cx)?;
        product_gradients(cx, &g, 2)
    }
    fn lower(&self) -> Lower {
        Lower::Contract
    }
    fn columns(&self) -> Option<usize> {
        (self.activation == Activation::None).then_some(1)
    }
    fn absorb(&self, _: usize, tail: &Lower) -> Option<Box<dyn Op>> {
        let activation = epilogue(tail).filter(|_| self.activation == Activation::None)?;
        Some(Linear { activation }.boxed())
    }
    fn by_rows(&self, x: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        (x[0].shape.rank() > 1).then(|| (self.boxed(), 0b1))
    }
    fn accumulating(&self) -> Option<Box<dyn Op>> {
        let activation = self.activation;
        (activation == Activation::None).then(|| LinearAdd { activation }.boxed())
    }
}

/// The gradient of what goes into the activation.
fn before_activation(activation: Activation, cx: &Backward<'_>) -> Result<Tensor> {
    match activation {
        Activation::None => cx.dy(0),
        activation => apply1(&ActivationGrad { activation }, &[&cx.dy(0)?, cx.y(0)]),
    }
}

/// Gives the gradients of x, w and, if there is an input of that number before `others`, the bias.
fn product_gradients(cx: &mut Backward<'_>, g: &Tensor, others: usize) -> Result<()> {
    if cx.needs(0) {
        cx.give(0, g.matmul_t(&rows_of_weight(cx.x(1), g)?, false, true)?)?;
    }
    if cx.needs(1) {
        let rows = |t: &Tensor| t.reshape_infer(&[-1, *t.shape().last().unwrap_or(&1) as isize]);
        let (x, g) = if g.is_empty() { (cx.x(0).clone(), g.clone()) } else { (rows(cx.x(0))?, rows(g)?) };
        if g.is_empty() {
            cx.give(1, cx.x(1).zeros_like()?)?;
        } else {
            cx.give(1, x.matmul_t(&g, true, false)?)?;
        }
    }
    if cx.inputs() > others && cx.needs(2) {
        let axes: Vec<isize> = (0..g.rank() as isize - 1).collect();
        cx.give(2, g.reduce_sum(&axes[..], false)?)?;
    }
    Ok(())
}

/// `activation(x w + b)`, or of that and what y holds.
fn product(
    name: &str,
    activation: Activation,
    [x, w]: [&View<'_>; 2],
    bias: Option<&View<'_>>,
    y: &mut ViewMut<'_>,
    accumulate: bool,
) -> Result<()> {
    let (k, n) = (w.shape()[0], w.shape()[1]);
    let m = x.shape()[..x.shape().rank() - 1].iter().product();
    let shape = Gemm::new(m, n, k);
    if x.dtype() == DType::F32 {
        let e = Epilogue { bias: bias.map(|b| b.as_slice::<f32>()), activation, accumulate };
        gemm_repeated(&shape, x.as_slice(), w, y.as_mut::<f32>(), &e);
        return Ok(());
    }
    dispatch!(x.dtype(), T: float => {
        let e = Epilogue { bias: bias.map(|b| b.as_slice::<T>()), activation, accumulate };
        gemm(&shape, x.as_slice::<T>(), w.as_slice::<T>(), y.as_mut::<T>(), &e);
        Ok(())
    } else { Err(unsupported_dtype(name, x.dtype())) })
}

crate::op! {
    /// `activation(c + x w + b)` for inputs x, w, b (may be left out) and c, which is of the result's shape: the product is
    /// added up in a copy of c. Simplification makes it.
    pub struct LinearAdd { activation: Activation } = "linear_add"
}

impl Op for LinearAdd {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let [product @ .., c] = x else { return Err(Error::value("linear_add: no inputs")) };
        if !(2..=3).contains(&product.len()) {
            return Err(Error::value(format!("linear_add: {} inputs, expected 3 or 4", x.len())));
        }
        let y = Linear { activation: self.activation }.infer(product)?;
        if y[0] != **c {
            return Err(Error::shape(format!("linear_add: {} is added to {c}", y[0])));
        }
        Ok(y)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (c, bias) = if x.len() == 4 { (&x[3], Some(&x[2])) } else { (&x[2], None) };
        dispatch!(x[0].dtype(), T: float => {
            y[0].as_mut::<T>().copy_from_slice(c.as_slice::<T>());
        } else { return Err(unsupported_dtype(Self::NAME, x[0].dtype())) });
        product(Self::NAME, self.activation, [&x[0], &x[1]], bias, &mut y[0], true)
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b11, y: u64::from(self.activation != Activation::None) }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = before_activation(self.activation, cx)?;
        product_gradients(cx, &g, 3)?;
        cx.give(cx.inputs() - 1, g)
    }
    fn lower(&self) -> Lower {
        Lower::Contract
    }
    fn by_rows(&self, x: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        (x[0].shape.rank() > 1).then(|| (self.boxed(), 0b1 | 1 << (x.len() - 1)))
    }
    fn absorb(&self, _: usize, tail: &Lower) -> Option<Box<dyn Op>> {
        let activation = epilogue(tail).filter(|_| self.activation == Activation::None)?;
        Some(LinearAdd { activation }.boxed())
    }
}

/// The activation that a product or a convolution can apply to its tiles.
pub(super) fn epilogue(tail: &Lower) -> Option<Activation> {
    match tail {
        Lower::Unary(Unary::Relu) => Some(Activation::Relu),
        Lower::Unary(Unary::Relu6) => Some(Activation::Relu6),
        _ => None,
    }
}

/// The weight with as many axes as the product needs to broadcast over a stack of rows.
fn rows_of_weight(w: &Tensor, g: &Tensor) -> Result<Tensor> {
    let mut shape = vec![1; g.rank().saturating_sub(2)];
    shape.extend_from_slice(w.shape());
    w.reshape(shape)
}

crate::op! {
    /// The gradient of a fused activation: the gradient of its output times its derivative, read off the output.
    pub struct ActivationGrad { activation: Activation } = "activation_grad"
}

impl Op for ActivationGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        if x[0].shape != x[1].shape {
            return Err(Error::shape(format!(
                "activation_grad: shapes differ: {} and {}",
                x[0].shape, x[1].shape
            )));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: float => {
            activation_grad::<T>(self.activation, x[0].as_slice(), x[1].as_slice(), y[0].as_mut());
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, x: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        (x[0].shape.rank() > 0).then(|| (self.boxed(), 0b11))
    }
    fn keep(&self) -> Keep {
        Keep { x: if is_bent(self.activation) { 0b11 } else { 0b10 }, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let u = cx.dy(0)?;
        cx.give(0, apply1(self, &[&u, cx.x(1)])?)?;
        if cx.needs(1) {
            if let Some(bend) = bend(self.activation, cx.x(1))? {
                cx.give(1, u.mul(cx.x(0))?.mul(&bend)?)?;
            }
        }
        Ok(())
    }
}

impl Tensor {
    /// `activation(self w + b)` over the last axis: `[.., k] x [k, n] + [n]` gives `[.., n]`.
    pub fn linear(&self, w: &Tensor, b: Option<&Tensor>, activation: Activation) -> Result<Tensor> {
        let op = Linear { activation };
        match b {
            Some(b) => apply1(&op, &[self, w, b]),
            None => apply1(&op, &[self, w]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_are_read_as_they_were_written() {
        let with_number = [Activation::LeakyRelu(0.1), Activation::Elu(0.5)];
        for a in PLAIN.iter().map(|(_, a)| *a).chain(with_number) {
            assert_eq!(Activation::from_attr(&a.to_attr()), Some(a), "{a:?}");
        }
        assert_eq!(Activation::from_attr(&Attr::Str("mish".into())), None);
    }
}
