//! Convolutions of images, forward, and forward with both gradients.

use gradus_autograd::{GradientTape, Source};
use gradus_tensor::ops::{ConvOptions, Padding};
use gradus_tensor::{Result, Tensor};

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

/// A layer's convolution over a batch of square images, padded to `ceil(size / stride)`.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    size: usize,
    channels: usize,
    filters: usize,
    kernel: usize,
    stride: usize,
    depthwise: bool,
}

const BATCH: usize = 32;

const CASES: [Case; 4] = [
    Case {
        name: "a_28x28x1_128_3x3s2",
        size: 28,
        channels: 1,
        filters: 128,
        kernel: 3,
        stride: 2,
        depthwise: false,
    },
    Case {
        name: "b_56x56x64_64_3x3",
        size: 56,
        channels: 64,
        filters: 64,
        kernel: 3,
        stride: 1,
        depthwise: false,
    },
    Case {
        name: "c_dw3x3_56x56x96",
        size: 56,
        channels: 96,
        filters: 1,
        kernel: 3,
        stride: 1,
        depthwise: true,
    },
    Case {
        name: "d_1x1_28x28x192_64",
        size: 28,
        channels: 192,
        filters: 64,
        kernel: 1,
        stride: 1,
        depthwise: false,
    },
];

impl Case {
    fn inputs(&self) -> std::result::Result<(Tensor, Tensor), String> {
        let x = random([BATCH, self.size, self.size, self.channels])?;
        let filter = random([self.kernel, self.kernel, self.channels, self.filters])?;
        let filter = filter.mul(&Tensor::scalar(0.1f32)).map_err(|e| e.to_string())?;
        Ok((x, filter))
    }

    fn forward(&self, x: &Tensor, filter: &Tensor) -> Result<Tensor> {
        let strides = [self.stride; 2];
        let options = ConvOptions { strides, padding: Padding::Same, ..ConvOptions::default() };
        if self.depthwise { x.depthwise_conv2d(filter, options) } else { x.conv2d(filter, options) }
    }

    fn forward_and_backward(&self, x: &Tensor, filter: &Tensor) -> Result<Vec<Tensor>> {
        let tape = GradientTape::watching_nothing();
        tape.watch(x)?;
        tape.watch(filter)?;
        let y = self.forward(x, filter)?;
        tape.gradient(&y, &vec![Source::Tensor(x.clone()), Source::Tensor(filter.clone())])
    }
}

pub fn declare(list: &mut Vec<Workload>) {
    for case in CASES {
        let amount = Amount::Images(BATCH as f64);
        list.push(Workload::new(format!("conv_fwd/{}", case.name), "eager", amount, move || {
            let (x, filter) = case.inputs()?;
            repeat(move || case.forward(&x, &filter))
        }));
        list.push(Workload::new(format!("conv_fwd_bwd/{}", case.name), "eager", amount, move || {
            let (x, filter) = case.inputs()?;
            repeat(move || case.forward_and_backward(&x, &filter))
        }));
    }
}
