//! Operations on arrays, one by one or in short chains.

use crate::Case;
use gradus_autograd::GradCheck;
use gradus_tensor::ops::{self, Norm, PadMode, ScatterMode};
use gradus_tensor::{DType, Result, Tensor, s};

type Function = fn(&[Tensor]) -> Result<Vec<Tensor>>;

fn t(shape: &[usize], values: &[f64]) -> Tensor {
    Tensor::from_vec(values.to_vec(), shape).unwrap()
}

fn ids(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::from_vec(values.to_vec(), shape).unwrap()
}

/// Distinct values between -2 and 2, no two of one magnitude, none near an integer.
fn spread(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let golden = 0.618_033_988_749_895;
    let v = (0..n).map(|i| {
        let u = (0.37 + golden * i as f64).fract();
        let v = 4.0 * u - 2.0;
        // Kinks of roundings and rectifiers stay a step away.
        if (v - v.round()).abs() < 0.01 { v + 0.05 } else { v }
    });
    Tensor::from_vec(v.collect::<Vec<f64>>(), shape).unwrap()
}

/// As [`spread`], shifted and scaled.
fn spread_in(shape: &[usize], low: f64, high: f64) -> Tensor {
    let x = spread(shape);
    let v: Vec<f64> =
        x.to_vec::<f64>().unwrap().iter().map(|v| low + (v + 2.1) / 4.2 * (high - low)).collect();
    Tensor::from_vec(v, shape).unwrap()
}

pub fn cases() -> Vec<Case> {
    let mut out: Vec<Case> = Vec::new();
    let first = GradCheck::default();
    let both = first.second_order();
    macro_rules! case {
        ($check:expr, $name:expr, [$($x:expr),* $(,)?], |$v:ident| $body:expr) => {{
            fn f($v: &[Tensor]) -> Result<Vec<Tensor>> { Ok(vec![$body]) }
            out.push(Case { name: $name.into(), x: vec![$($x),*], f: Box::new(f), check: $check });
        }};
    }
    macro_rules! unary {
        ($check:expr, $x:expr; $($method:ident)*) => {$(
            case!($check, stringify!($method), [$x], |v| v[0].$method()?);
        )*};
    }
    unary!(both, spread(&[7]); neg exp expm1 square sin cos tan atan sinh cosh tanh asinh sigmoid log_sigmoid softplus
        softsign relu relu6 elu selu silu gelu_erf gelu_tanh mish erf erfc abs sign bessel_i0 bessel_i0e bessel_i1
        bessel_i1e bessel_j0 bessel_j1 hard_silu hard_sigmoid);
    unary!(both, spread_in(&[7], 0.3, 3.0); log log1p sqrt rsqrt reciprocal reciprocal_no_nan lgamma digamma bessel_y0
        bessel_y1 bessel_k0 bessel_k0e bessel_k1 bessel_k1e);
    unary!(both, spread_in(&[7], -0.9, 0.9); asin acos atanh erfinv);
    unary!(both, spread_in(&[7], 1.2, 3.0); acosh);
    unary!(both, spread_in(&[7], 0.05, 0.95); ndtri);

    macro_rules! binary {
        ($check:expr, $a:expr, $b:expr; $($method:ident)*) => {$(
            case!($check, stringify!($method), [$a, $b], |v| v[0].$method(&v[1])?);
        )*};
    }
    let (a, b) = (spread(&[2, 3]), spread_in(&[3], 0.4, 2.5));
    binary!(both, a.clone(), b.clone(); add sub mul div maximum minimum squared_difference div_no_nan mul_no_nan xdivy
        atan2 logaddexp hypot prelu elu_alpha);
    binary!(both, spread_in(&[2, 3], 0.3, 2.0), b.clone(); pow xlogy xlog1py);
    binary!(both, spread(&[2, 3]), b.clone(); floor_mod);
    case!(first, "next_after", [spread(&[3]), spread_in(&[3], 3.0, 4.0)], |v| v[0]
        .next_after(&v[1].stop_gradient()?)?);
    macro_rules! second_input {
        ($($method:ident)*) => {$(
            case!(both, stringify!($method), [spread_in(&[3], 1.2, 3.0)], |v| {
                Tensor::new([2.0f64, 1.5, 3.0])?.$method(&v[0])?
            });
        )*};
    }
    second_input!(igamma igammac zeta);
    // Both inputs, broadcast; the slope in the first has no gradient of its own, as in TensorFlow.
    binary!(first, spread_in(&[2, 3], 0.4, 3.0), spread_in(&[3], 0.3, 4.0); igamma igammac);
    case!(both, "polygamma", [spread_in(&[3], 1.2, 3.0)], |v| Tensor::new([2.0f64, 1.0, 3.0])?
        .polygamma(&v[0])?);
    case!(both, "betainc", [spread_in(&[3], 0.1, 0.9)], |v| {
        v[0].betainc(&Tensor::new([2.0f64, 0.7, 3.0])?, &Tensor::new([1.5f64, 2.0, 0.8])?)?
    });
    case!(both, "swish", [spread(&[5])], |v| v[0].swish(1.5)?);
    case!(both, "leaky_relu", [spread(&[5])], |v| v[0].leaky_relu(0.2)?);
    case!(both, "crelu", [spread(&[2, 3])], |v| v[0].crelu(-1)?);
    case!(both, "clip", [spread(&[7])], |v| v[0].clip(-0.8, 0.9)?);
    case!(both, "select", [spread(&[2, 3]), spread(&[3])], |v| {
        Tensor::new([[true, false, true], [false, false, true]])?.select(&v[0], &v[1])?
    });
    case!(both, "cast", [spread(&[3])], |v| v[0].cast(DType::C128)?.real()?);
    case!(both, "add_n", [spread(&[3]), spread(&[3])], |v| ops::add_n(&[&v[0], &v[1], &v[0]])?);
    case!(both, "clip_by_norm", [spread(&[2, 3])], |v| v[0].clip_by_norm(0.7, 1)?);
    case!(both, "clip_by_global_norm", [spread(&[3]), spread(&[2])], |v| {
        let (c, norm) = ops::clip_by_global_norm(&[&v[0], &v[1]], 0.5)?;
        Tensor::concat(&[&c[0], &c[1], &norm.expand_dims(0)?], 0)?
    });

    macro_rules! reduction {
        ($check:expr, $x:expr; $($method:ident)*) => {$(
            case!($check, stringify!($method), [$x], |v| Tensor::concat(&[
                &v[0].$method((), false)?.expand_dims(0)?,
                &v[0].$method(1, true)?.flatten()?,
                &v[0].$method([0, 2], false)?,
            ], 0)?);
        )*};
    }
    reduction!(both, spread(&[2, 3, 2]); reduce_sum reduce_mean reduce_prod reduce_max reduce_min reduce_variance
        reduce_std reduce_logsumexp reduce_euclidean_norm reduce_sum_squares);
    case!(first, "reduce_prod with zeros", [t(&[2, 3], &[0.0, 2.0, 3.0, 0.0, 5.0, 0.0])], |v| {
        v[0].reduce_prod(1, false)?
    });
    case!(both, "moments", [spread(&[3, 2])], |v| {
        let (m, var) = v[0].moments(0, false)?;
        m.add(&var.mul(&var.like(2)?)?)?
    });
    case!(both, "weighted_moments", [spread(&[3, 2]), spread_in(&[3, 1], 0.2, 1.0)], |v| {
        let (m, var) = v[0].weighted_moments(0, &v[1], false)?;
        m.add(&var.mul(&var.like(2)?)?)?
    });
    case!(both, "l2_normalize", [spread(&[2, 3])], |v| v[0].l2_normalize(1, 1e-12)?);
    case!(both, "norms", [spread(&[2, 3])], |v| {
        let n = |n| v[0].norm(n, 1, false);
        let m = |n| v[0].norm(n, [0, 1], false);
        let matrix = m(Norm::Infinity)?.add(&m(Norm::P(1.0))?)?.add(&m(Norm::Euclidean)?)?;
        n(Norm::P(3.0))?.add(&n(Norm::Infinity)?)?.add(&n(Norm::P(1.0))?)?.add(&matrix)?
    });
    case!(both, "cumsum", [spread(&[3, 2])], |v| v[0]
        .cumsum(0, true, false)?
        .add(&v[0].cumsum(1, false, true)?)?);
    case!(both, "cumprod", [spread(&[3, 2])], |v| v[0]
        .cumprod(0, true, true)?
        .add(&v[0].cumprod(1, false, false)?)?);
    case!(both, "cumulative_logsumexp", [spread(&[3, 2])], |v| {
        v[0].cumulative_logsumexp(0, false, true)?.mul(&v[0].cumulative_logsumexp(1, false, false)?)?
    });
    case!(both, "cumulative_logsumexp, exclusive", [spread(&[4])], |v| {
        v[0].cumulative_logsumexp(0, true, false)?.slice(s![1..])?
    });

    case!(both, "moves", [spread(&[2, 3, 2])], |v| {
        let x = &v[0];
        let y = x.transpose(&[2, 0, 1])?.reshape([4, 3])?.expand_dims(1)?.squeeze(1)?;
        y.roll(1, 0)?.reverse(&[1])?.tile(&[1, 2])?.repeat(2, 0)?.square()?
    });
    case!(both, "slice", [spread(&[3, 4])], |v| {
        v[0].slice(s![..;-2, newaxis, 1..])?.square()?.add(&v[0].slice(s![1, 0])?)?
    });
    case!(both, "with_slice", [spread(&[3, 4]), spread(&[3])], |v| v[0]
        .with_slice(s![.., 1], &v[1])?
        .square()?);
    case!(both, "concat, stack", [spread(&[2, 2]), spread(&[2, 2])], |v| {
        let y = Tensor::concat(&[&v[0], &v[1].square()?], 1)?;
        Tensor::stack(&[&y, &y.square()?], 1)?
    });
    case!(both, "split", [spread(&[2, 6])], |v| {
        let p = v[0].split_sizes(&[1, 3, 2], 1)?;
        let u = v[0].unstack(0)?;
        p[0].mul(&p[1])?.square()?.reduce_sum((), false)?.add(&u[1].square()?)?
    });
    for mode in [PadMode::Constant(1.5), PadMode::Reflect, PadMode::Symmetric] {
        fn f(v: &[Tensor], mode: PadMode) -> Result<Vec<Tensor>> {
            Ok(vec![v[0].pad(&[(1, 2), (2, 1)], mode)?.square()?])
        }
        let (name, f): (_, Function) = match mode {
            PadMode::Constant(_) => ("pad", |v| f(v, PadMode::Constant(1.5))),
            PadMode::Reflect => ("pad, reflect", |v| f(v, PadMode::Reflect)),
            PadMode::Symmetric => ("pad, symmetric", |v| f(v, PadMode::Symmetric)),
        };
        out.push(Case { name: name.into(), x: vec![spread(&[3, 4])], f: Box::new(f), check: both });
    }
    case!(both, "broadcast_to", [spread(&[2, 1])], |v| v[0].broadcast_to([3, 2, 2])?.square()?);
    case!(both, "gather", [spread(&[4, 2]), ids(&[2, 2], &[3, 0, 3, 3])], |v| v[0]
        .gather(&v[1], 0)?
        .square()?);
    case!(both, "gather, batches", [spread(&[2, 3, 2]), ids(&[2, 2], &[2, 0, 1, 1])], |v| {
        v[0].gather_batch(&v[1], 1, 1)?.square()?
    });
    case!(both, "take_along_axis", [spread(&[3, 2]), ids(&[2, 2], &[2, 0, 1, 1])], |v| {
        v[0].take_along_axis(&v[1], 0)?.square()?
    });
    case!(both, "gather_nd", [spread(&[3, 2, 2]), ids(&[2, 2], &[2, 0, 1, 1])], |v| v[0]
        .gather_nd(&v[1])?
        .square()?);
    case!(both, "gather_nd, batches", [spread(&[2, 3, 2]), ids(&[2, 1], &[2, 0])], |v| {
        v[0].gather_nd_batch(&v[1], 1)?.square()?
    });
    case!(both, "scatter_nd", [spread(&[3, 2]), ids(&[3, 1], &[2, 0, 2])], |v| v[1]
        .scatter_nd(&v[0], [4, 2])?
        .square()?);
    macro_rules! scatter {
        ($($name:literal $mode:ident;)*) => {$(
            case!(both, $name, [spread(&[4, 2]), ids(&[2, 1], &[2, 0]), spread_in(&[2, 2], -1.0, 2.0)], |v| {
                v[0].tensor_scatter_nd(&v[1], &v[2], ScatterMode::$mode)?.square()?
            });
        )*};
    }
    scatter! {
        "tensor_scatter_nd_update" Update; "tensor_scatter_nd_add" Add; "tensor_scatter_nd_sub" Sub;
        "tensor_scatter_nd_max" Max; "tensor_scatter_nd_min" Min;
    }
    case!(both, "boolean_mask", [spread(&[2, 3])], |v| {
        v[0].boolean_mask(&Tensor::new([[true, false, true], [false, true, true]])?, 0)?.square()?
    });
    case!(both, "sort", [spread(&[3, 4])], |v| v[0].sort(1, false)?.mul(&v[0].sort(0, true)?)?);
    case!(both, "top_k", [spread(&[3, 4])], |v| v[0].top_k(2)?.0.square()?);
    macro_rules! segments {
        ($($name:ident)*) => {$(
            case!(both, stringify!($name), [spread_in(&[5, 2], 0.3, 1.7), ids(&[5], &[2, 0, -1, 2, 0])], |v| {
                v[0].$name(&v[1], 3)?.gather(&ids(&[2], &[0, 2]), 0)?.square()?
            });
        )*};
    }
    segments!(unsorted_segment_sum unsorted_segment_mean unsorted_segment_sqrt_n unsorted_segment_prod
        unsorted_segment_max unsorted_segment_min);
    macro_rules! sorted_segments {
        ($($name:ident)*) => {$(
            case!(both, stringify!($name), [spread(&[5, 2]), ids(&[5], &[0, 0, 1, 3, 3])], |v| {
                v[0].$name(&v[1])?.square()?
            });
        )*};
    }
    sorted_segments!(segment_sum segment_mean segment_prod segment_max segment_min);
    case!(
        first,
        "segment_prod with zeros",
        [t(&[4], &[0.0, 2.0, 0.0, 0.0]), ids(&[4], &[0, 0, 1, 1])],
        |v| { v[0].segment_prod(&v[1])? }
    );
    case!(both, "dynamic_partition", [spread(&[4, 2]), ids(&[4], &[1, 0, 1, 1])], |v| {
        let p = v[0].dynamic_partition(&v[1], 2)?;
        p[1].square()?.add(&p[0])?
    });
    case!(both, "dynamic_stitch", [spread(&[2, 2]), spread(&[3, 2])], |v| {
        ops::dynamic_stitch(&[&ids(&[2], &[1, 3]), &ids(&[3], &[0, 2, 1])], &[&v[0], &v[1]])?.square()?
    });
    case!(both, "blocks", [spread(&[1, 4, 4, 1])], |v| {
        let y = v[0].space_to_depth(2)?.square()?.depth_to_space(2)?;
        let y = y.space_to_batch_nd(&[2, 2], &[(0, 0), (2, 0)])?.square()?;
        y.batch_to_space(&[2, 2], &[(0, 0), (1, 1)])?
    });
    case!(both, "reverse_sequence", [spread(&[3, 2])], |v| v[0].reverse_sequence(&[2, 3], 0, 1)?.square()?);
    case!(both, "matmul", [spread(&[2, 3, 4]), spread(&[4, 2])], |v| v[0].matmul(&v[1])?);
    case!(both, "einsum", [spread(&[2, 3, 3]), spread(&[3, 2])], |v| {
        let y = ops::einsum("bii,ij->bj", &[&v[0], &v[1]])?;
        ops::einsum("bij,jk,kl->li", &[&v[0], &v[1], &y])?
    });
    case!(both, "tensordot", [spread(&[2, 3, 2]), spread(&[3, 2])], |v| v[0].tensordot(
        &v[1],
        &[1, 2],
        &[0, 1]
    )?);
    case!(both, "diagonals", [spread(&[3, 3]), spread(&[3])], |v| {
        let y = v[0].diag_part(1)?.diag(-1)?.add(&v[0].band_part(1, 0)?)?;
        let y = y.matmul(&v[0].set_diag(&v[1], 0)?)?;
        let y = y.mul(&v[0].set_diag(&v[0].diag_part(-1..=1)?.square()?, -1..=1)?)?;
        let y = y.add(&y.diag_part(0..=1)?.diag_sized(0..=1, Some(3), None)?)?;
        let d = v[1].tensor_diag()?.tensor_diag_part()?;
        y.add(&y.trace()?)?.add(&d)?
    });
    case!(both, "cross", [spread(&[2, 3]), spread_in(&[2, 3], 0.1, 0.9)], |v| v[0].cross(&v[1])?);
    case!(both, "linspace", [spread(&[2]), spread_in(&[2], 3.0, 4.0)], |v| {
        Tensor::linspace(&v[0], &v[1], 4)?.square()?
    });
    case!(both, "softmax_cross_entropy", [spread(&[2, 3])], |v| {
        v[0].softmax_cross_entropy_with_logits(&t(&[2, 3], &[0.2, 0.5, 0.3, 1.0, 0.0, 0.0]))?
    });
    case!(both, "softmax_cross_entropy, labels", [spread(&[2, 3]), spread_in(&[2, 3], 0.1, 0.9)], |v| {
        v[0].softmax_cross_entropy_with_logits(&v[1].div(&v[1].reduce_sum(1, true)?)?)?
    });
    case!(both, "sparse_softmax_cross_entropy", [spread(&[2, 3]), ids(&[2], &[2, 0])], |v| {
        v[0].sparse_softmax_cross_entropy_with_logits(&v[1])?
    });
    case!(both, "other cross-entropies", [spread(&[3]), spread_in(&[3], 0.1, 0.9)], |v| {
        let y = v[0].sigmoid_cross_entropy_with_logits(&v[1])?;
        let w = v[0].weighted_cross_entropy_with_logits(&v[1], &v[0].like(2.5)?)?;
        y.add(&w)?.add(&v[0].log_poisson_loss(&v[1], false)?)?
    });
    case!(first, "ctc_loss", [spread(&[2, 5, 4])], |v| {
        v[0].ctc_loss(&ids(&[2, 3], &[1, 1, 2, 3, 0, 0]), &ids(&[2], &[3, 1]), &ids(&[2], &[5, 4]), 0)?
    });
    case!(both, "complex", [spread(&[3]), spread_in(&[3], 0.4, 1.0)], |v| {
        let z = v[0].complex(&v[1])?;
        let c = z.conj()?;
        z.complex_abs()?.add(&c.imag()?.square()?)?.add(&c.real()?.square()?)?
    });
    out
}
