//! Sets as rows of tensors.

use crate::{Result, show, title};
use gradus::Tensor;
use gradus::collections::Sets;
use gradus::text::StringTensor;

pub fn as_rows() -> Result {
    title("A14", "sets: every row is one");
    let a = Sets::of_rows(&Tensor::new([[1, 2], [3, 3]])?)?;
    let b = Sets::of_rows(&Tensor::new([[3, 4], [4, 3]])?)?;
    show("a", a.to_dense(0)?);
    show("b", b.to_dense(0)?);
    show("union", a.union(&b)?.to_dense(0)?);
    show("intersection", a.intersection(&b)?.to_dense(0)?);
    show("difference", a.difference(&b)?.to_dense(0)?);
    show("size of a", a.size()?);
    let words = Sets::of_rows(&StringTensor::new([["b", "a", "c"]])?)?;
    let others = Sets::of_rows(&StringTensor::new([["c", "d", "a"]])?)?;
    show("union of words", words.union(&others)?.to_dense("")?);
    Ok(())
}
