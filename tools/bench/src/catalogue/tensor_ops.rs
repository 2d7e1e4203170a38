//! Operations on dense tensors at 1,000 and at 1,000,000 elements: the eager calls that data preparation, metrics and
//! hand-written losses are made of.

use gradus_tensor::ops::einsum;
use gradus_tensor::{DType, Result, Tensor, s};

use super::repeat;
use crate::input::random;
use crate::workload::{Amount, Workload};

/// What is timed, on a matrix of that many rows and columns.
type Call = Box<dyn FnMut() -> Result<Tensor>>;
type Prepare = fn(usize, usize) -> std::result::Result<Call, String>;

pub fn declare(list: &mut Vec<Workload>) {
    for (size, rows, columns) in [("1K", 25, 40), ("1M", 1000, 1000)] {
        for (name, prepare) in CALLS.iter().flat_map(|calls| calls.iter()) {
            let prepare: Prepare = *prepare;
            list.push(Workload::new(format!("tensor_ops/{name}/{size}"), "eager", Amount::Call, move || {
                repeat(prepare(rows, columns)?)
            }));
        }
    }
}

fn x(m: usize, n: usize) -> std::result::Result<Tensor, String> {
    random([m, n])
}

/// Numbers above 0.
fn positive(m: usize, n: usize) -> std::result::Result<Tensor, String> {
    x(m, n)?.square().and_then(|t| t.add(&t.like(0.1)?)).map_err(|e| e.to_string())
}

/// Indices below `n`, without a pattern.
fn indices(count: usize, n: usize) -> std::result::Result<Tensor, String> {
    let values = (0..count as i64).map(|i| (i * 7_368_787 + 12_345) % n as i64).collect();
    Tensor::from_vec(values, [count]).map_err(|e| e.to_string())
}

macro_rules! calls {
    ($($name:literal: |$m:ident, $n:ident| [$($v:ident = $input:expr),*] => $body:expr;)*) => {
        &[$(($name, |$m, $n| {
            $(let $v = $input?;)*
            Ok(Box::new(move || $body))
        })),*]
    };
}

const CALLS: &[&[(&str, Prepare)]] = &[ELEMENTWISE, REDUCTIONS, LAYOUT, ORDER, PRODUCTS];

const ELEMENTWISE: &[(&str, Prepare)] = calls! {
    "add": |m, n| [a = x(m, n), b = x(m, n)] => a.add(&b);
    "mul": |m, n| [a = x(m, n), b = x(m, n)] => a.mul(&b);
    "div": |m, n| [a = x(m, n), b = positive(m, n)] => a.div(&b);
    "maximum": |m, n| [a = x(m, n), b = x(m, n)] => a.maximum(&b);
    "pow": |m, n| [a = positive(m, n), b = x(m, n)] => a.pow(&b);
    "floor_mod": |m, n| [a = x(m, n), b = positive(m, n)] => a.floor_mod(&b);
    "add_row": |m, n| [a = x(m, n), b = x(1, n)] => a.add(&b);
    "add_column": |m, n| [a = x(m, n), b = x(m, 1)] => a.add(&b);
    "exp": |m, n| [a = x(m, n)] => a.exp();
    "log": |m, n| [a = positive(m, n)] => a.log();
    "sqrt": |m, n| [a = positive(m, n)] => a.sqrt();
    "tanh": |m, n| [a = x(m, n)] => a.tanh();
    "sigmoid": |m, n| [a = x(m, n)] => a.sigmoid();
    "sin": |m, n| [a = x(m, n)] => a.sin();
    "erf": |m, n| [a = x(m, n)] => a.erf();
    "round": |m, n| [a = x(m, n)] => a.round();
    "greater": |m, n| [a = x(m, n), b = x(m, n)] => a.greater(&b);
    "where": |m, n| [a = x(m, n), b = x(m, n), c = a.greater(&b).map_err(|e| e.to_string())] => c.select(&a, &b);
    "cast_i32": |m, n| [a = x(m, n)] => a.cast(DType::I32);
    "clip": |m, n| [a = x(m, n)] => a.clip(-0.5, 0.5);
};

const REDUCTIONS: &[(&str, Prepare)] = calls! {
    "sum": |m, n| [a = x(m, n)] => a.reduce_sum((), false);
    "sum_axis0": |m, n| [a = x(m, n)] => a.reduce_sum(0, false);
    "sum_axis1": |m, n| [a = x(m, n)] => a.reduce_sum(1, false);
    "max": |m, n| [a = x(m, n)] => a.reduce_max((), false);
    "max_axis0": |m, n| [a = x(m, n)] => a.reduce_max(0, false);
    "max_axis1": |m, n| [a = x(m, n)] => a.reduce_max(1, false);
    "mean": |m, n| [a = x(m, n)] => a.reduce_mean((), false);
    "prod_axis1": |m, n| [a = x(m, n)] => a.reduce_prod(1, false);
    "std_axis1": |m, n| [a = x(m, n)] => a.reduce_std(1, false);
    "logsumexp_axis1": |m, n| [a = x(m, n)] => a.reduce_logsumexp(1, false);
    "argmax_axis1": |m, n| [a = x(m, n)] => a.argmax(1);
    "argmax_axis0": |m, n| [a = x(m, n)] => a.argmax(0);
    "cumsum_axis1": |m, n| [a = x(m, n)] => a.cumsum(1, false, false);
    "cumsum_axis0": |m, n| [a = x(m, n)] => a.cumsum(0, false, false);
    "any": |m, n| [a = x(m, n), c = a.less(&a).map_err(|e| e.to_string())] => c.reduce_any((), false);
};

const LAYOUT: &[(&str, Prepare)] = calls! {
    "transpose": |m, n| [a = x(m, n)] => a.t();
    "transpose_021": |m, n| [a = x(m, n).and_then(|t| t.reshape([5, m / 5, n]).map_err(|e| e.to_string()))]
        => a.transpose(&[0, 2, 1]);
    "transpose_102": |m, n| [a = x(m, n).and_then(|t| t.reshape([m, 5, n / 5]).map_err(|e| e.to_string()))]
        => a.transpose(&[1, 0, 2]);
    "transpose_0213": |m, n| [a = x(m, n).and_then(|t| t.reshape([5, m / 5, 5, n / 5]).map_err(|e| e.to_string()))]
        => a.transpose(&[0, 2, 1, 3]);
    "concat_axis0": |m, n| [a = x(m, n), b = x(m, n)] => Tensor::concat(&[&a, &b], 0);
    "concat_axis1": |m, n| [a = x(m, n), b = x(m, n)] => Tensor::concat(&[&a, &b], 1);
    "stack_last": |m, n| [a = x(m, n), b = x(m, n)] => Tensor::stack(&[&a, &b], -1);
    "tile": |m, n| [a = x(m, n)] => a.tile(&[2, 2]);
    "pad": |m, n| [a = x(m, n)] => a.pad(&[(1, 1), (1, 1)], gradus_tensor::ops::PadMode::Constant(0.0));
    "slice": |m, n| [a = x(m, n)] => a.slice(s![1..-1, 1..-1]);
    "slice_step": |m, n| [a = x(m, n)] => a.slice(s![..;2, ..;2]);
    "reverse_axis1": |m, n| [a = x(m, n)] => a.reverse(&[1]);
    "gather_rows": |m, n| [a = x(m, n), i = indices(m, m)] => a.gather(&i, 0);
    "gather_columns": |m, n| [a = x(m, n), i = indices(n, n)] => a.gather(&i, 1);
    "gather_elements": |m, n| [a = random([m * n]), i = indices(m * n, m * n)] => a.gather(&i, 0);
    "gather_nd": |m, n| [a = x(m, n), i = indices(m * n, m.min(n))
        .and_then(|t| t.reshape([m * n / 2, 2]).map_err(|e| e.to_string()))] => a.gather_nd(&i);
    "boolean_mask": |m, n| [a = x(m, n), c = a.greater(&Tensor::scalar(0.0f32)).map_err(|e| e.to_string())]
        => a.boolean_mask(&c, 0);
    "one_hot": |m, n| [i = indices(m, n)] => i.one_hot(n);
    "segment_sum": |m, n| [a = x(m, n), i = indices(m, m / 5)] => a.unsorted_segment_sum(&i, m / 5);
};

const ORDER: &[(&str, Prepare)] = calls! {
    "sort": |m, n| [a = random([m * n])] => a.sort(-1, false);
    "sort_rows": |m, n| [a = x(m, n)] => a.sort(-1, false);
    "argsort": |m, n| [a = random([m * n])] => a.argsort(-1, false);
    "top_k_rows": |m, n| [a = x(m, n)] => a.top_k(5).map(|(v, _)| v);
    "top_k": |m, n| [a = random([m * n])] => a.top_k(m / 10).map(|(v, _)| v);
    "unique": |m, n| [i = indices(m * n, n)] => i.unique().map(|d| d.values);
    "searchsorted": |m, n| [a = random([m * n]).and_then(|t| t.sort(-1, false).map_err(|e| e.to_string())),
        v = random([m * n])] => a.searchsorted(&v, false);
    "bincount": |m, n| [i = indices(m * n, n)] => i.bincount(None, Some(n), false);
};

const PRODUCTS: &[(&str, Prepare)] = calls! {
    "einsum_ij_jk": |m, n| [a = x(m, n), b = x(n, m)] => einsum("ij,jk->ik", &[&a, &b]);
    "einsum_ij_kj": |m, n| [a = x(m, n), b = x(m, n)] => einsum("ij,kj->ik", &[&a, &b]);
    "einsum_rows": |m, n| [a = x(m, n), b = x(m, n)] => einsum("ij,ij->i", &[&a, &b]);
    "einsum_outer": |m, n| [a = random([m]), b = random([n])] => einsum("i,j->ij", &[&a, &b]);
    "einsum_trace": |m, n| [a = x(m, m.min(n))] => einsum("ii->", &[&a]);
    "einsum_heads": |m, n| [
        a = x(m, n).and_then(|t| t.reshape([5, m / 5, 5, n / 5]).map_err(|e| e.to_string())),
        b = x(m, n).and_then(|t| t.reshape([5, m / 5, 5, n / 5]).map_err(|e| e.to_string()))
    ] => einsum("bqhd,bkhd->bhqk", &[&a, &b]);
    "tensordot": |m, n| [a = x(m, n), b = x(m, n)] => a.tensordot(&b, &[0, 1], &[0, 1]);
};
