//! Constants, ranges, slices, operators.

use crate::{Result, show, title};
use gradus::Tensor;
use gradus::tensor::s;

fn matrix() -> Result<Tensor> {
    Ok(Tensor::new([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]])?)
}

pub fn constants() -> Result {
    title("A1", "constants");
    let t = matrix()?;
    show("Tensor::new([[1.0f32, 2.0, 3.0], ..])", &t);
    show("Tensor::new(42)", Tensor::new(42)?);
    show("t.shape()", t.shape());
    show("t.dtype()", t.dtype());
    Ok(())
}

pub fn ranges() -> Result {
    title("A2", "ranges of i32 and i64");
    show("Tensor::range(10)", Tensor::range(10)?);
    show("Tensor::new([0i64, 1, .., 9])", Tensor::new([0i64, 1, 2, 3, 4, 5, 6, 7, 8, 9])?);
    Ok(())
}

pub fn slices() -> Result {
    title("A3", "slices as Python writes them");
    let t = matrix()?;
    show("t[:, 1:]          s![.., 1..]", t.slice(s![.., 1..])?);
    show("t[..., 1, newaxis]  s![..., 1, newaxis]", t.slice(s![..., 1, newaxis])?);
    show("t[-1]             s![-1]", t.slice(s![-1])?);
    show("t[:, ::2]         s![.., ..;2]", t.slice(s![.., ..;2])?);
    show("t[::-1, 0]        s![..;-1, 0]", t.slice(s![..;-1, 0])?);
    show("t[1, 2]           s![1, 2]", t.slice(s![1, 2])?);
    let items = t.unstack(0)?;
    for (i, item) in items.iter().enumerate() {
        show(&format!("item {i} of t"), item);
    }
    show("their sum", items.iter().skip(1).fold(items[0].clone(), |sum, item| sum + item));
    Ok(())
}

pub fn operators() -> Result {
    title("A4", "operators and broadcasting");
    let t = matrix()?;
    show("t + 10", &t + 10);
    show("t.square()", t.square()?);
    show("t @ transpose(t)", t.matmul(&t.t()?)?);
    show("t - [[1], [2]]", &t - Tensor::new([[1.0f32], [2.0]])?);
    Ok(())
}
