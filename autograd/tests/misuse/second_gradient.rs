use gradus_autograd::{GradientTape, Variable};
use gradus_tensor::Tensor;

fn main() {
    let w = Variable::new(Tensor::scalar(1.0f32));
    let tape = GradientTape::new();
    let y = w.value().square().unwrap();
    let _first = tape.gradient(&y, &w);
    let _second = tape.gradient(&y, &w);
}
