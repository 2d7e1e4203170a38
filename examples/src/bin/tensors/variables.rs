//! Variables, whole and in part.

use crate::{Result, show, title};
use gradus::tensor::s;
use gradus::{Tensor, Variable};

pub fn assignments() -> Result {
    title("A7", "variables");
    let v = Variable::named("v", Tensor::new([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]])?);
    show("Variable::named(\"v\", ..)", &v);
    v.assign(&(v.value() * 2.0))?;
    show("v.assign(2 * v)", v.peek());
    v.slice(s![0, 1]).assign(&Tensor::scalar(42.0f32))?;
    show("v[0, 1].assign(42)", v.peek());
    v.slice(s![.., 2]).assign(&Tensor::new([0.0f32, 1.0])?)?;
    show("v[:, 2].assign([0, 1])", v.peek());
    let before = v.value();
    v.scatter_nd_update(&Tensor::new([[0, 0], [1, 2]])?, &Tensor::new([100.0f32, 200.0])?)?;
    show("v.scatter_nd_update([[0, 0], [1, 2]], ..)", v.peek());
    v.scatter_update(&Tensor::new([1, 0])?, &Tensor::new([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]])?)?;
    show("v.scatter_update([1, 0], ..)", v.peek());
    v.assign_add(&Tensor::new([[1.0f32; 3]; 2])?)?;
    show("v.assign_add(ones)", v.peek());
    v.assign_sub(&Tensor::new([[2.0f32; 3]; 2])?)?;
    show("v.assign_sub(twos)", v.peek());
    show("a value read before stays as it was", before);
    show("a wrong shape", format!("error: {}", refused(v.assign(&Tensor::new([1.0f32])?))));
    println!("    (A tensor has no method that changes it: there is nothing to refuse.)");
    Ok(())
}

fn refused(result: gradus::Result<()>) -> String {
    result.map_or_else(|e| e.to_string(), |()| "none".to_string())
}
