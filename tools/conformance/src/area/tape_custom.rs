//! Programs with gradients of their own making, and with gradients that are kept as rows.

use gradus_autograd::{GradientTape, custom_gradient};
use gradus_tensor::{Rows, Tensor};

use super::dense::{optional_values, values};
use super::tape::{constant, differentiate, one};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    for name in ["tape.softplus_better_100", "tape.softplus_better_1"] {
        r.run(Area::Gradients, name, |case| differentiate(case, |x| Ok(vec![softplus(x)?])));
    }
    r.run(Area::Gradients, "tape.where_guard", |case| differentiate(case, |x| Ok(vec![guarded(x)?])));
    r.run(Area::Gradients, "tape.custom_clip", |case| differentiate(case, |x| Ok(vec![clipped(x)?])));
    r.run(Area::Gradients, "tape.indexed_slices", indexed_slices);
}

/// log(exp(x) + 1) with the gradient dy / (1 + 1 / exp(x)).
fn softplus(x: &Tensor) -> Result<Tensor> {
    Ok(custom_gradient(x, |x: Tensor| {
        let exp = x.exp()?;
        let one = constant(&x, 1.0);
        let y = exp.add(&one)?.log()?;
        Ok((y, move |dy: Tensor| dy.div(&one.add(&one.div(&exp)?)?)))
    })?)
}

/// x where it exceeds 30, the softplus above elsewhere.
fn guarded(x: &Tensor) -> Result<Tensor> {
    Ok(x.greater(&constant(x, 30.0))?.select(x, &softplus(x)?)?)
}

/// 3 x through an identity whose gradient is clipped to [-0.5, 0.5], times [0.1, 5, -5, 0.2].
fn clipped(x: &Tensor) -> Result<Tensor> {
    let weights = Tensor::new([0.1f64, 5.0, -5.0, 0.2])?.cast(x.dtype())?;
    let y =
        custom_gradient(&x.mul(&constant(x, 3.0))?, |x: Tensor| Ok((x, |dy: Tensor| dy.clip(-0.5, 0.5))))?;
    Ok(y.mul(&weights)?)
}

/// sum(gather(x, indices)^2): the gradient, and the rows that it is the sum of.
fn indexed_slices(case: &Case) -> Result<Outcome> {
    let x = one(case)?;
    let indices = Tensor::new(case.attrs().i64s("slices_indices")?)?;
    let tape = GradientTape::watching_nothing();
    tape.watch(&x)?;
    let y = x.gather(&indices, 0)?.square()?.reduce_sum((), false)?;
    let dx = tape.gradient(&y, &x)?;
    let rows = Rows::of(&dx).map(|rows| rows.values.clone());
    let found = Rows::of(&dx).map(|rows| rows.indices.to_f64_vec()).transpose()?;
    let indices = if found == Some(indices.to_f64_vec()?) {
        Ok(())
    } else {
        Err(format!("expected those of the lookup, found {found:?}"))
    };
    Ok(Outcome::outputs(values(&[y])?)
        .with("grads", optional_values(&[Some(dx)])?)
        .with("slices", optional_values(&[rows])?)
        .check("indices of the rows", indices))
}
