//! What generators draw.

use gradus_tensor::{DType, Error, Result, Spec, Tensor, dispatch};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

/// The generator that draws an initializer's values.
pub(super) type Generator = Xoshiro256PlusPlus;

/// A tensor whose elements are drawn one after the other from the generator of a seed.
pub(super) fn drawn(
    shape: &[usize],
    dtype: DType,
    seed: u64,
    mut draw: impl FnMut(&mut Generator) -> f64,
) -> Result<Tensor> {
    if !dtype.is_float() {
        return Err(Error::dtype(format!("a random initializer makes floats, asked for {dtype}")));
    }
    let mut generator = Generator::seed_from_u64(seed);
    Tensor::build(Spec::new(dtype, shape), |y| {
        dispatch!(dtype, T: all => {
            y.as_mut::<T>().iter_mut().for_each(|v| *v = gradus_tensor::Element::from_f64(draw(&mut generator)));
        });
        Ok(())
    })
}
