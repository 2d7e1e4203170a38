//! The kernels of every element type, compiled once and here.
//!
//! Kernels are generic, and a generic function is compiled anew in every crate that calls it with a type: for
//! gradus-tensor that was a million lines of intermediate code, two thirds of all. A method of a trait that is
//! implemented for `f32` is not generic, so the public functions (`unary`) call such methods (`T::unary`), and these
//! the generic code (`unary_of::<f32>`).

use crate::conv::{Conv2dShape, PackedFilter};
use crate::convert::SliceMut;
use crate::depthwise::Depthwise;
use crate::elementwise::{Binary, Broadcast, Compare, Layout, Test, Unary};
use crate::error::Result;
use crate::expr::{Input, Output, Program};
use crate::gemm::{Epilogue, Gemm, PackedB};
use crate::layout::{Pad, Scatter, Strided};
use crate::norm::{Above, Moments, RowGradients};
use crate::optimizer::{Rule, Step};
use crate::pool::{Pool, Window};
use crate::reduce::{Arg, Axes, Reduce, Scan};
use crate::softmax::{Labels, Softmax};
use crate::{Complex, bf16, f16};

/// Declares a trait with a function per kernel, and implements it for types.
macro_rules! instances {
    (@each $trait:ident [] $fns:tt) => {};
    (@each $trait:ident [$t:ty $(, $rest:ty)*] {$(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)? = $of:path;)*}) => {
        impl $trait for $t {
            $(fn $name($($arg: $ty),*) $(-> $out)? { $of($($arg),*) })*
        }
        instances!(@each $trait [$($rest),*] {$(fn $name($($arg: $ty),*) $(-> $out)? = $of;)*});
    };
    (#[doc = $doc:literal] $trait:ident for $types:tt;
        $(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)? = $of:path;)*) => {
        #[doc = $doc]
        #[allow(missing_docs, clippy::too_many_arguments)]
        pub trait $trait: Copy + 'static {
            $(#[doc(hidden)] fn $name($($arg: $ty),*) $(-> $out)?;)*
        }
        instances!(@each $trait $types {$(fn $name($($arg: $ty),*) $(-> $out)? = $of;)*});
    };
}

instances! {
    /// Kernels of every element type.
    Instances for [f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, bool, Complex<f32>, Complex<f64>];

    fn unary(op: Unary, x: &[Self], y: &mut [Self]) -> Result = crate::elementwise::unary::unary_of;
    fn binary(op: Binary, broadcast: &Broadcast, a: &[Self], b: &[Self], y: &mut [Self]) -> Result = crate::elementwise::binary::binary_of;
    fn binary_flat(op: Binary, a: &[Self], b: &[Self], y: &mut [Self]) -> Result = crate::elementwise::flat::binary_flat_of;
    fn compare(op: Compare, broadcast: &Broadcast, a: &[Self], b: &[Self], y: &mut [bool]) -> Result = crate::elementwise::compare::compare_of;
    fn compare_flat(op: Compare, a: &[Self], b: &[Self], y: &mut [bool]) -> Result = crate::elementwise::flat::compare_flat_of;
    fn select(condition: (&[bool], &Layout), a: (&[Self], &Layout), b: (&[Self], &Layout), y: &mut [Self]) = crate::elementwise::ternary::select_of;
    fn select_flat(condition: &[bool], a: &[Self], b: &[Self], y: &mut [Self]) = crate::elementwise::flat::select_flat_of;
    fn clip(x: &[Self], low: Self, high: Self, y: &mut [Self]) -> Result = crate::elementwise::ternary::clip_of;
    fn test(op: Test, x: &[Self], y: &mut [bool]) = crate::elementwise::compare::test_of;
    fn reduce(op: Reduce, axes: &Axes, x: &[Self], y: &mut [Self]) -> Result = crate::reduce::reduce_of;
    fn scan(which: Scan, exclusive: bool, reverse: bool, x: &[Self], y: &mut [Self], dims: [usize; 3]) -> Result = crate::reduce::scan::scan_of;
    fn arg(which: Arg, x: &[Self], y: &mut [i64], dims: [usize; 3]) -> Result = crate::reduce::arg::arg_of;
    fn concat(parts: &[(&[Self], usize)], y: &mut [Self], outer: usize, inner: usize) = crate::layout::join::concat_of;
    fn split(x: &[Self], parts: &mut [(&mut [Self], usize)], outer: usize, inner: usize) = crate::layout::join::split_of;
    fn gather(x: &[Self], indices: &[i64], y: &mut [Self], dims: [usize; 4]) -> Result = crate::layout::gather::gather_of;
    fn scatter(op: Scatter, indices: &[i64], x: &[Self], y: &mut [Self], n: usize, inner: usize) -> Result = crate::layout::scatter::scatter_of;
    fn transpose(x: &[Self], shape: &[usize], perm: &[usize], y: &mut [Self]) -> Result = crate::layout::transpose::transpose_of;
    fn pad(x: &[Self], shape: &[usize], borders: &[(usize, usize)], mode: Pad<Self>, y: &mut [Self]) -> Result = crate::layout::pad::pad_of;
    fn gather_along(x: &[Self], indices: &[i64], y: &mut [Self], dims: [usize; 3]) -> Result = crate::layout::along::gather_along_of;
    fn scatter_add_along(x: &[Self], indices: &[i64], y: &mut [Self], dims: [usize; 3]) -> Result = crate::layout::along::scatter_add_along_of;
    fn reverse(x: &[Self], shape: &[usize], axes: &[usize], y: &mut [Self]) -> Result = crate::layout::strided::reverse_of;
    fn tile(x: &[Self], shape: &[usize], times: &[usize], y: &mut [Self]) -> Result = crate::layout::strided::tile_of;
    fn softmax(kind: Softmax, x: &[Self], y: &mut [Self], n: usize) -> Result = crate::softmax::softmax_of;
    fn softmax_backward(kind: Softmax, y: &[Self], dy: &[Self], dx: &mut [Self], n: usize) -> Result = crate::softmax::softmax_backward_of;
    fn cross_entropy(logits: &[Self], labels: Labels<'_, Self>, loss: &mut [Self], probabilities: &mut [Self], n: usize) -> Result = crate::softmax::cross_entropy_of;
    fn read(strided: &Strided, x: &[Self], y: &mut [Self]) = Strided::read_of;
    fn write(strided: &Strided, x: &[Self], y: &mut [Self]) = Strided::write_of;
    fn convert(x: &[Self], y: SliceMut<'_>) = crate::convert::convert_of;
}

instances! {
    /// Kernels of f32 and f64.
    FloatInstances for [f32, f64];

    fn gemm_packed(shape: &Gemm, a: &[Self], b: &PackedB<Self>, c: &mut [Self], epilogue: &Epilogue<'_, Self>) = crate::gemm::gemm_packed_of;
    fn conv2d(shape: &Conv2dShape, x: &[Self], filter: &[Self], y: &mut [Self], epilogue: &Epilogue<'_, Self>) = crate::conv::conv2d_of;
    fn conv2d_packed(shape: &Conv2dShape, x: &[Self], filter: &PackedFilter<Self>, y: &mut [Self], epilogue: &Epilogue<'_, Self>) = crate::conv::conv2d_packed_of;
    fn conv2d_input_gradient(shape: &Conv2dShape, dy: &[Self], filter: &[Self], dx: &mut [Self]) = crate::conv::conv2d_input_gradient_of;
    fn conv2d_input_gradient_packed(shape: &Conv2dShape, dy: &[Self], filter: &PackedFilter<Self>, dx: &mut [Self]) = crate::conv::conv2d_input_gradient_packed_of;
    fn conv2d_filter_gradient(shape: &Conv2dShape, x: &[Self], dy: &[Self], dw: &mut [Self]) = crate::conv::filter_gradient::conv2d_filter_gradient_of;
    fn column_moments(x: &[Self], n: usize) -> Moments<Self> = crate::norm::moments::column_moments_of;
    fn column_affine(x: &[Self], scale: &[Self], shift: &[Self], activation: Option<Unary>, y: &mut [Self]) = crate::norm::columns::column_affine_of;
    fn column_sums(above: Above<'_, Self>) -> [Vec<Self>; 2] = crate::norm::column_gradients::column_sums_of;
    fn column_backward(above: Above<'_, Self>, count: usize, rstd: &[Self], scale: &[Self], sums: &[Vec<Self>; 2], dx: &mut [Self]) = crate::norm::column_gradients::column_backward_of;
    fn row_norm(x: &[Self], gamma: &[Self], beta: &[Self], epsilon: Self, y: &mut [Self], mean: &mut [Self], rstd: &mut [Self], n: usize) = crate::norm::rows::row_norm_of;
    fn row_norm_backward(dy: &[Self], x: &[Self], gamma: &[Self], mean: &[Self], rstd: &[Self], out: RowGradients<'_, Self>, n: usize) = crate::norm::rows::row_norm_backward_of;
    fn pool(op: Pool, w: &Window, c: usize, x: &[Self], y: &mut [Self]) -> Result = crate::pool::pool_of;
    fn pool_backward(op: Pool, w: &Window, c: usize, x: &[Self], y: &[Self], dy: &[Self], dx: &mut [Self]) -> Result = crate::pool::pool_backward_of;
    fn pool_pick(w: &Window, c: usize, x: &[Self], y: &[Self], g: &[Self], out: &mut [Self]) -> Result = crate::pool::pool_pick_of;
    fn depthwise(d: &Depthwise, x: &[Self], filter: &[Self], bias: &[Self], activation: Option<Unary>, y: &mut [Self]) -> Result = crate::depthwise::depthwise_of;
    fn depthwise_input_gradient(d: &Depthwise, dy: &[Self], filter: &[Self], dx: &mut [Self]) -> Result = crate::depthwise::depthwise_input_gradient_of;
    fn depthwise_filter_gradient(d: &Depthwise, x: &[Self], dy: &[Self], df: &mut [Self]) -> Result = crate::depthwise::depthwise_filter_gradient_of;
    fn update(rule: &Rule, step: &Step, w: &mut [Self], g: &[Self], slots: &mut [&mut [Self]]) = crate::optimizer::update_of;
    fn sum_squares(g: &[Self]) -> Self = crate::optimizer::sum_squares_of;
    fn add_scaled(w: &mut [Self], a: Self, x: &[Self]) = crate::optimizer::add_scaled_of;
    fn moving_average(average: &mut [Self], momentum: Self, w: &[Self]) = crate::optimizer::moving_average_of;
    fn pack(k: usize, n: usize, b: &[Self], ldb: usize, trans: bool) -> PackedB<Self> = PackedB::new_of;
    fn pack_forward(shape: &Conv2dShape, filter: &[Self]) -> PackedFilter<Self> = PackedFilter::forward_of;
    fn pack_input_gradient(shape: &Conv2dShape, filter: &[Self]) -> PackedFilter<Self> = PackedFilter::input_gradient_of;
    fn evaluate(program: &Program, len: usize, inputs: &[Input<'_, Self>], outputs: &mut [Output<'_, Self>]) -> Result = Program::run_of;
}
