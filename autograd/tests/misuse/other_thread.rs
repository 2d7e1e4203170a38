use gradus_autograd::GradientTape;

fn main() {
    let tape = GradientTape::new();
    std::thread::spawn(move || drop(tape));
}
