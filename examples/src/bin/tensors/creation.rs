//! Tensors out of nothing, and their shapes.

use crate::{Result, show, title};
use gradus::{DType, Tensor};

pub fn from_nothing() -> Result {
    title("A8", "made, filled, reshaped, reduced");
    let (from, to) = (Tensor::new(0.0f32)?, Tensor::new(1.0f32)?);
    let x = Tensor::linspace(&from, &to, 5)?;
    show("linspace(0, 1, 5)", &x);
    show("ones([2, 3])", Tensor::ones([2, 3], DType::F32)?);
    let state = Tensor::random_state(42, 0);
    show("random_normal([3], 0, 1), seed 42", Tensor::random_normal([3], 0.0, 1.0, DType::F32, &state)?);
    show("the same seed again", Tensor::random_normal([3], 0.0, 1.0, DType::F32, &state)?);
    show("random_uniform([3], 0, 1)", Tensor::random_uniform([3], 0.0, 1.0, DType::F32, &state)?);
    let m = Tensor::range(6)?.reshape([2, 3])?;
    show("range(6).reshape([2, 3])", &m);
    show("its transpose", m.t()?);
    show("stack([x, 2 * x])", Tensor::stack(&[&x, &(&x * 2.0)], 0)?);
    show("expand_dims(x, -1).shape()", x.expand_dims(-1)?.shape());
    show("mean of x", x.reduce_mean((), false)?);
    show("sum of x", x.reduce_sum((), false)?);
    let (xs, ys) = regression_set()?;
    show("regression set: x", format!("{} mean {}", xs.shape(), xs.reduce_mean((), false)?.to_text()));
    show("regression set: y", format!("{} mean {}", ys.shape(), ys.reduce_mean((), false)?.to_text()));
    Ok(())
}

/// The 200 points of the regression, x and y, in f64.
pub fn regression_set() -> Result<(Tensor, Tensor)> {
    let points = include_str!("../../../data/regression.csv");
    let mut columns = (Vec::new(), Vec::new());
    for line in points.lines().skip(1) {
        let (x, y) = line.split_once(',').ok_or("a line without a comma")?;
        columns.0.push(x.trim().parse::<f64>()?);
        columns.1.push(y.trim().parse::<f64>()?);
    }
    let n = columns.0.len();
    Ok((Tensor::from_vec(columns.0, [n])?, Tensor::from_vec(columns.1, [n])?))
}
