use gradus_autograd::{GradientTape, Variable};
use gradus_tensor::Tensor;

fn main() {
    let w = Variable::new(Tensor::scalar(1.0f32));
    let tape = GradientTape::new();
    let y = w.value().square().unwrap();
    let _jacobian = tape.jacobian(&y, &w);
    let _ = tape.watch(&y);
}
