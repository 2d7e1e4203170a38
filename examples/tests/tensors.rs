//! The walk through tensors shows the figures that it is meant to show.
#![cfg(feature = "tensors")]

use std::process::Command;

#[test]
fn the_walk_shows_its_figures() {
    let run = Command::new(env!("CARGO_BIN_EXE_tensors")).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    // Lines beside each other, whatever the indentation.
    let text: String =
        text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect();
    let table = [
        ("A1 shape", "t.shape() [2, 3]\nt.dtype() float32\n"),
        ("A2 i32", "tf.Tensor([0 1 2 3 4 5 6 7 8 9], shape=(10,), dtype=int32)"),
        ("A2 i64", "tf.Tensor([0 1 2 3 4 5 6 7 8 9], shape=(10,), dtype=int64)"),
        ("A3 t[:, 1:]", "[[2. 3.]\n[5. 6.]], shape=(2, 2)"),
        ("A3 t[..., 1, newaxis]", "[[2.]\n[5.]], shape=(2, 1)"),
        ("A4 t @ transpose(t)", "[[14. 32.]\n[32. 77.]], shape=(2, 2)"),
        ("A5 squares", "tf.Tensor([ 4. 16. 25.], shape=(3,), dtype=float64)"),
        ("A6 f32 + f64", "error: add: dtypes differ: float32 and float64"),
        ("A6 f32 + i32", "error: add: dtypes differ: float32 and int32"),
        ("A6 after the cast", "tf.Tensor(42.0, shape=(), dtype=float32)"),
        ("A7 parts", "[[ 2. 42. 0.]\n[ 8. 10. 1.]], shape=(2, 3)"),
        ("A8 regression set", "regression set: x [200] mean 0.5\n"),
        ("A9 closed form", "(X'X)^-1 X'y tf.Tensor([2.58366721 3.93303452]"),
        ("A10 unordered", "error: to_dense: entry 1 at [0, 2] is out of order"),
        ("A11 mismatch", "error: TensorArray: a float64 value for an array of float32"),
        ("A12 splits", "from row splits <tf.RaggedTensor [[1, 2], [], [3, 4, 5], [6]]>"),
        ("A13 hash", "to_hash_bucket_fast(10) tf.Tensor([2 8 5], shape=(3,), dtype=int64)"),
        ("A14 union", "[[1 2 3 4]\n[3 4 0 0]], shape=(2, 4)"),
        ("A15 order", "Priority: 3, 1, 2 come out as high, middle, low\n"),
        ("A15 padding", "[[1 2 3]\n[4 0 0]], shape=(2, 3)"),
        ("A15 threads", "sorted [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]\n"),
    ];
    for (what, figure) in table {
        assert!(text.contains(figure), "{what}: expected {figure:?} in\n{text}");
    }
}
