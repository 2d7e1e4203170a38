//! Forward-mode derivatives: how a function's results move when its arguments do.

use crate::{Arguments, GradientTape, Source, Tensors};
use gradus_tensor::{Error, Result, Tensor};

/// The results of a function, and their derivative along the tangents: `J(x) v`, in one forward direction.
///
/// ```
/// use gradus_autograd::jvp;
/// use gradus_tensor::Tensor;
/// let (x, v) = (Tensor::new([1.0f64, 2.0, 3.0])?, Tensor::new([0.0f64, 1.0, 0.0])?);
/// let (y, dy) = jvp(&x, &v, |x: Tensor| x.square())?;
/// assert_eq!(y.to_vec::<f64>()?, [1.0, 4.0, 9.0]);
/// assert_eq!(dy.to_vec::<f64>()?, [0.0, 4.0, 0.0]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
///
/// Tangents have the dtypes and shapes of the arguments. Gradient rules are linear in the gradient from above, so the
/// derivative of a backward pass with respect to what it started from is the forward derivative (J. Townsend 2017, "A new
/// trick for calculating Jacobian vector products"): no operation needs a rule for it. It costs about three forward
/// passes; use it for functions with few arguments and many results, and tapes otherwise. Tapes around it see it.
///
/// Errors for dtypes other than real floats, for tangents unlike their arguments, and where gradients err.
pub fn jvp<A, Y>(arguments: A, tangents: A, f: impl FnOnce(A::Owned) -> Result<Y>) -> Result<(Y, Y)>
where
    A: Arguments,
    Y: Tensors,
{
    let (x, v) = (arguments.list(), tangents.list());
    for (i, (x, v)) in x.iter().zip(&v).enumerate() {
        if !x.dtype().is_float() {
            return Err(Error::dtype(format!("jvp: argument {i} is {}, expected a real float", x.spec())));
        }
        if x.spec() != v.spec() {
            return Err(Error::shape(format!("jvp: tangent {i} is {}, its argument {}", v.spec(), x.spec())));
        }
    }
    if x.len() != v.len() {
        return Err(Error::value(format!("jvp: {} tangents for {} arguments", v.len(), x.len())));
    }
    // A tensor given twice moves twice: each needs an identity of its own, which outer tapes can follow.
    let own = |x: &Tensor| x.expand_dims(0)?.reshape(x.shape().clone());
    let x: Vec<Tensor> = x.iter().map(own).collect::<Result<_>>()?;
    let tape = GradientTape::watching_nothing();
    let inner = GradientTape::watching_nothing();
    x.iter().try_for_each(|x| inner.watch(x))?;
    let y = f(A::Owned::from_list(x.clone())?)?.into_list();
    if let Some((k, y)) = y.iter().enumerate().find(|(_, y)| !y.dtype().is_float()) {
        return Err(Error::dtype(format!("jvp: result {k} is {}, expected a real float", y.spec())));
    }
    // The backward pass is linear in these, so any values do.
    let above: Vec<Tensor> = y.iter().map(Tensor::ones_like).collect::<Result<_>>()?;
    above.iter().try_for_each(|u| tape.watch(u))?;
    let targets: Vec<(&Tensor, &Tensor)> = y.iter().zip(&above).collect();
    let sources: Vec<Source> = x.into_iter().map(Source::Tensor).collect();
    let down = inner.gradient_or_none(&targets[..], &sources)?;
    let along: Vec<(&Tensor, &Tensor)> =
        down.iter().zip(&v).filter_map(|(g, v)| Some((g.as_ref()?, v))).collect();
    let dy = tape.gradient_or_zeros(&along[..], &above_sources(&above))?;
    Ok((Y::from_list(y)?, Y::from_list(dy)?))
}

fn above_sources(above: &[Tensor]) -> Vec<Source> {
    above.iter().cloned().map(Source::Tensor).collect()
}
