//! Trains on Fashion-MNIST.
fn main() {}
