//! The operations, a file per concept: attributes, shape rule, kernel call, gradient rule, method.

pub(crate) mod elementwise;

mod activated_normalization;
mod activation;
mod activation_gradient;
mod any_all;
mod argmax;
mod arithmetic;
mod bessel;
mod blocks;
mod broadcast_to;
mod cast;
mod clip;
mod compare;
mod complex;
mod concat;
mod conv;
mod conv1d;
mod conv3d;
mod coordinates;
mod creation;
mod cross_entropy;
mod ctc;
mod cumulative;
mod depthwise;
mod diagonal;
mod diagonals;
mod division;
mod einsum;
mod exponential;
mod gather;
mod gather_nd;
mod hyperbolic;
mod igamma_slope;
mod indices;
mod linear;
mod logic;
mod matmul;
mod normalization;
mod normalization_parts;
mod of_ranges;
mod one_hot;
mod packed;
mod partition;
mod pool;
mod power;
mod random;
mod reduce;
mod repeat;
mod reshape;
mod rounding;
mod segment;
mod sigmoid;
mod slice;
mod softmax;
mod sort;
mod special;
mod statistics;
mod stop_gradient;
mod transpose;
mod trigonometric;
mod unique;

pub(crate) use indices::check as check_indices;

pub use activated_normalization::{ActivatedBatchNorm, ActivatedBatchNormGrad, Rectifier};
pub use activation::{Elu, EluAlpha, GeluErf, GeluTanh, Mish, Prelu, Relu, Relu6, Selu, Silu};
pub use activation_gradient::*;
pub use any_all::{ReduceAll, ReduceAny};
pub use argmax::{ArgMax, ArgMin};
pub use arithmetic::{Add, Div, Maximum, Minimum, Mul, Neg, NextAfter, SquaredDifference, Sub, add_n};
pub use bessel::*;
pub use broadcast_to::BroadcastTo;
pub use cast::Cast;
pub use clip::{Clip, clip_by_global_norm, global_norm};
pub use compare::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Select};
pub use concat::{Concat, Split};
pub use conv::{Conv2d, Conv2dFilterGrad, Conv2dInputGrad, ConvOptions, Padding};
pub use conv1d::Conv1dOptions;
pub use conv3d::Conv3dOptions;
pub use coordinates::Coordinates;
pub use creation::{Fill, Range};
pub use cumulative::{CumLogSumExp, CumProd, CumSum};
pub use depthwise::DepthwiseConv2d;
pub use diagonals::{Align, Diagonals};
pub use division::{DivNoNan, FloorDiv, FloorMod, MulNoNan, TruncateDiv, TruncateMod, Xdivy, Xlog1py, Xlogy};
pub use exponential::{Exp, Expm1, Log, Log1p};
pub use gather::{Gather, ScatterAdd};
pub use gather_nd::{GatherNd, ScatterMode, ScatterNd, TensorScatter};
pub use hyperbolic::{Acosh, Asinh, Atanh, Cosh, Sinh, Tanh};
pub use linear::{Activation, ActivationGrad, Linear, LinearAdd};
pub use logic::{
    BitwiseAnd, BitwiseOr, BitwiseXor, Invert, IsFinite, IsInf, IsNan, LeftShift, LogicalAnd, LogicalNot,
    LogicalOr, LogicalXor, RightShift,
};
pub use matmul::MatMul;
pub use normalization::{BatchNorm, LayerNorm};
pub use one_hot::OneHot;
pub use pool::{Pool, PoolGrad, PoolKind, PoolPick};
pub use power::{Pow, Reciprocal, Rsqrt, Sqrt, Square};
pub use random::{Dropout, RandomNormal, RandomUniform, check_random_state, random_stream};
pub use reduce::{
    ReduceLogSumExp, ReduceMax, ReduceMean, ReduceMin, ReduceProd, ReduceSum, ReduceSumSquares,
};
pub use repeat::{PadMode, meshgrid};
pub use reshape::Reshape;
pub use rounding::{Abs, Ceil, Floor, Rint, Round, Sign, Trunc};
pub use sigmoid::{HardSigmoid, LogSigmoid, Sigmoid, Softplus, Softsign};
pub use slice::{Index, Slice, Unslice};
pub use softmax::Softmax;
pub use sort::{InvertPermutation, Sort};
pub use special::{Betainc, Digamma, Erf, Erfc, Erfinv, Igamma, Igammac, Lgamma, Ndtri, Polygamma, Zeta};
pub use statistics::Norm;
pub use stop_gradient::StopGradient;
pub use transpose::Transpose;
pub use trigonometric::{Acos, Asin, Atan, Atan2, Cos, Sin, Tan};
pub use unique::{Bincount, Distinct, SearchSorted, Unique};

pub use complex::{ComplexAbs, Conj, Imag, MakeComplex, Real};
pub use cross_entropy::{SoftmaxCrossEntropy, SparseSoftmaxCrossEntropy};
pub use ctc::CtcLoss;
pub use einsum::einsum;
pub use partition::dynamic_stitch;
pub use segment::{Segment, SegmentMode};

use crate::attr::OpDef;

/// Every operation of the crate, by file.
pub(crate) const DEFS: &[&[OpDef]] = &[
    activation::DEFS,
    activation_gradient::DEFS,
    any_all::DEFS,
    argmax::DEFS,
    arithmetic::DEFS,
    bessel::DEFS,
    broadcast_to::DEFS,
    cast::DEFS,
    clip::DEFS,
    compare::DEFS,
    complex::DEFS,
    concat::DEFS,
    coordinates::DEFS,
    creation::DEFS,
    cross_entropy::DEFS,
    ctc::DEFS,
    cumulative::DEFS,
    depthwise::DEFS,
    division::DEFS,
    conv::DEFS,
    exponential::DEFS,
    gather::DEFS,
    gather_nd::DEFS,
    hyperbolic::DEFS,
    igamma_slope::DEFS,
    linear::DEFS,
    logic::DEFS,
    matmul::DEFS,
    one_hot::DEFS,
    power::DEFS,
    normalization::DEFS,
    normalization_parts::DEFS,
    activated_normalization::DEFS,
    pool::DEFS,
    random::DEFS,
    reduce::DEFS,
    reshape::DEFS,
    rounding::DEFS,
    segment::DEFS,
    sigmoid::DEFS,
    slice::DEFS,
    sort::DEFS,
    special::DEFS,
    softmax::DEFS,
    stop_gradient::DEFS,
    transpose::DEFS,
    trigonometric::DEFS,
    unique::DEFS,
];
