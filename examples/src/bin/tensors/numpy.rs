//! Arrays of other crates, Rust's own, and NumPy's files.

use crate::{Result, show, title};
use gradus::Tensor;
use gradus::io::{NamedTensor, SaveOptions, TensorData, npy, npz};
use ndarray::arr1;

pub fn both_ways() -> Result {
    title("A5", "arrays from and to NumPy's kin");
    let array = arr1(&[2.0f64, 4.0, 5.0]);
    let tensor = Tensor::from_ndarray(&array)?;
    show("Tensor::from_ndarray(&array)", &tensor);
    show("tensor.to_ndarray::<f64>()", tensor.to_ndarray::<f64>()?);
    show("the array squared by the tensor crate", tensor.square()?);
    show("the tensor squared by ndarray", tensor.to_ndarray::<f64>()?.mapv(|v| v * v));
    show("tensor.to_vec::<f64>()", format!("{:?}", tensor.to_vec::<f64>()?));
    show("tensor.as_slice::<f64>()", format!("{:?}", tensor.as_slice::<f64>()?));

    let file = npy::write(&TensorData::from_tensor(&tensor)?)?;
    show("as an .npy file", format!("{} bytes", file.len()));
    show("read again", npy::read(&file)?.to_tensor()?);
    let named = [NamedTensor::from_tensor("a", &tensor)?, NamedTensor::from_tensor("b", &tensor.square()?)?];
    let archive = npz::write(&named, SaveOptions::default())?;
    for entry in npz::read(&archive)? {
        show(&format!("{:?} of an .npz file", entry.name), entry.tensor.to_tensor()?);
    }
    Ok(())
}
