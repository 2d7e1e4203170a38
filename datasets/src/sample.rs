//! The part of Fashion-MNIST that is compiled into the program: 6,000 training and 1,000 test images.
//!
//! Real images in the real format: the first 600 of each class of the training file and the first 100 of each class
//! of the test file, in the order of the files. They let a first run, a test or a demonstration work without a
//! network; a network trained on them stays some points behind one that saw all 60,000.

/// What the sample holds and who made it.
pub(crate) const CONTENTS: &str =
    "6,000 training and 1,000 test images of the real Fashion-MNIST, MIT, (c) 2017 Zalando SE";

/// The gzipped idx files in the order of [`FASHION_MNIST`](crate::catalog::FASHION_MNIST): training images and labels,
/// test images and labels.
pub(crate) const FILES: [&[u8]; 4] = [
    include_bytes!("../sample/train-images-idx3-ubyte.gz"),
    include_bytes!("../sample/train-labels-idx1-ubyte.gz"),
    include_bytes!("../sample/t10k-images-idx3-ubyte.gz"),
    include_bytes!("../sample/t10k-labels-idx1-ubyte.gz"),
];
