//! The operations that layers are made of.

use crate::Case;
use gradus_autograd::GradCheck;
use gradus_tensor::op::apply1;
use gradus_tensor::ops::{
    Activation, Conv1dOptions, Conv3dOptions, ConvOptions, LinearAdd, Padding, PoolKind,
};
use gradus_tensor::{Result, Tensor};

/// Distinct values between -2 and 2 in no order, none nearer than the step to another or to 0.
fn spread(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let golden = 0.618_033_988_749_895;
    let v = (0..n).map(|i| 4.0 * (0.37 + golden * i as f64).fract() - 2.0);
    Tensor::from_vec(v.map(|v| if v.abs() < 0.01 { 0.02 } else { v }).collect::<Vec<f64>>(), shape).unwrap()
}

fn case(
    name: impl Into<String>,
    shapes: &[&[usize]],
    f: impl Fn(&[Tensor]) -> Result<Tensor> + 'static,
) -> Case {
    Case {
        name: name.into(),
        x: shapes.iter().map(|s| spread(s)).collect(),
        f: Box::new(move |x| Ok(vec![f(x)?])),
        check: GradCheck::default().second_order(),
    }
}

pub fn cases() -> Vec<Case> {
    let mut out = Vec::new();
    let activations = [
        Activation::None,
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu(0.25),
        Activation::Elu(0.5),
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Softplus,
    ];
    for a in activations {
        out.push(case(format!("linear {a:?}"), &[&[2, 3], &[3, 2], &[2]], move |x| {
            x[0].linear(&x[1], Some(&x[2]), a)
        }));
        out.push(case(format!("conv2d_fused {a:?}"), &[&[1, 3, 3, 2], &[2, 2, 2, 2], &[2]], move |x| {
            x[0].conv2d_fused(&x[1], Some(&x[2]), ConvOptions::default(), a)
        }));
    }
    let add = |activation| LinearAdd { activation };
    out.push(case("linear_add with a bias", &[&[2, 3], &[3, 2], &[2], &[2, 2]], move |x| {
        apply1(&add(Activation::Tanh), &[&x[0], &x[1], &x[2], &x[3]])
    }));
    out.push(case("linear_add", &[&[2, 2, 3], &[3, 2], &[2, 2, 2]], move |x| {
        apply1(&add(Activation::None), &[&x[0], &x[1], &x[2]])
    }));
    out.push(case("linear of a stack, no bias", &[&[2, 2, 3], &[3, 2]], |x| {
        x[0].linear(&x[1], None, Activation::Tanh)
    }));
    let same = ConvOptions { strides: [2, 1], padding: Padding::Same, ..ConvOptions::default() };
    out.push(case("conv2d, same, strides", &[&[1, 4, 3, 2], &[3, 2, 2, 2]], move |x| {
        x[0].conv2d(&x[1], same)
    }));
    let grouped = ConvOptions { groups: 2, ..ConvOptions::default() };
    out.push(case("conv2d, groups", &[&[1, 3, 3, 4], &[2, 2, 2, 2]], move |x| x[0].conv2d(&x[1], grouped)));
    let dilated = ConvOptions { dilations: [2, 1], ..ConvOptions::default() };
    out.push(case("conv2d, dilations", &[&[1, 4, 3, 1], &[2, 2, 1, 2]], move |x| {
        x[0].conv2d(&x[1], dilated)
    }));
    out.push(case("conv2d_transpose", &[&[1, 2, 2, 2], &[2, 2, 3, 2]], |x| {
        x[0].conv2d_transpose(&x[1], [1, 4, 4, 3], ConvOptions { strides: [2, 2], ..ConvOptions::default() })
    }));
    out.push(case("depthwise_conv2d", &[&[1, 3, 3, 2], &[2, 2, 2, 2]], |x| {
        x[0].depthwise_conv2d(&x[1], ConvOptions::default())
    }));
    out.push(case("conv1d", &[&[2, 5, 2], &[3, 2, 2]], |x| {
        x[0].conv1d(&x[1], Conv1dOptions { stride: 2, padding: Padding::Same, ..Conv1dOptions::default() })
    }));
    out.push(case("conv3d", &[&[1, 3, 3, 2, 1], &[2, 2, 2, 1, 2]], |x| {
        x[0].conv3d(&x[1], Conv3dOptions::default())
    }));
    for kind in [PoolKind::Max, PoolKind::Average] {
        for padding in [Padding::Valid, Padding::Same] {
            let name = |rank: usize| format!("pool {kind:?} {padding:?}, {rank} axes");
            out.push(case(name(1), &[&[2, 5, 2]], move |x| x[0].square()?.pool(kind, &[2], &[2], padding)));
            out.push(case(name(2), &[&[1, 5, 4, 2]], move |x| {
                x[0].square()?.pool(kind, &[3, 2], &[2, 1], padding)
            }));
            out.push(case(name(3), &[&[1, 3, 3, 3, 1]], move |x| {
                x[0].square()?.pool(kind, &[2, 2, 2], &[1, 2, 1], padding)
            }));
        }
    }
    out.push(case("batch_norm", &[&[5, 2], &[2], &[2]], |x| {
        let (y, mean, variance) = x[0].batch_norm(&x[1], &x[2], 1e-3)?;
        y.add(&mean.mul(&variance)?)
    }));
    out.push(case("layer_norm", &[&[3, 4], &[4], &[4]], |x| x[0].layer_norm(&x[1], &x[2], 1e-3)));
    out.push(case("softmax", &[&[2, 4]], |x| x[0].softmax(-1)));
    out.push(case("softmax, first axis", &[&[3, 2]], |x| x[0].softmax(0)));
    out.push(case("log_softmax", &[&[2, 4]], |x| x[0].log_softmax(-1)));
    out.push(case("dropout", &[&[4, 5]], |x| x[0].square()?.dropout(0.4, &Tensor::random_state(7, 0))));
    out.push(case("embedding", &[&[4, 3]], |x| x[0].gather(&Tensor::new([[1i32, 1], [3, 0]])?, 0)?.tanh()));
    out.push(case("attention", &[&[2, 3, 4], &[2, 5, 4], &[2, 5, 2]], |x| {
        let weights = x[0].matmul_t(&x[1], false, true)?.mul(&x[0].like(0.5)?)?.softmax(-1)?;
        weights.matmul(&x[2])
    }));
    out.push(case("recurrence", &[&[2, 3], &[3, 4], &[4, 4], &[4]], |x| {
        let mut h = Tensor::zeros([2, 4], x[0].dtype())?;
        for _ in 0..3 {
            h = x[0].matmul(&x[1])?.add(&h.matmul(&x[2])?)?.add(&x[3])?.tanh()?;
        }
        Ok(h)
    }));
    out
}
