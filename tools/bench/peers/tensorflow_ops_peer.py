"""TensorFlow, eager, on the `tensor_ops` workloads of gradus-bench: tensorflow_ops_peer.py [FILTER] [--threads N]."""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from timing import Bench

bench = Bench("tensorflow")
try:
    import numpy as np
    import tensorflow as tf
except ImportError as error:
    print(f"TensorFlow does not import: {error}", file=sys.stderr)
    sys.exit(3)

tf.config.threading.set_intra_op_parallelism_threads(bench.threads)
tf.config.threading.set_inter_op_parallelism_threads(bench.threads)
rng = np.random.default_rng(0)


def rand(*shape):
    return tf.constant(rng.standard_normal(shape, dtype=np.float32))


def positive(*shape):
    return rand(*shape) ** 2 + 0.1


def indices(count, n):
    return tf.constant((np.arange(count, dtype=np.int64) * 7368787 + 12345) % n)


def heads(m, n):
    return tf.reshape(rand(m, n), (5, m // 5, 5, n // 5))


# name: inputs from the sizes, and the call.
CALLS = {
    "add": (lambda m, n: (rand(m, n), rand(m, n)), tf.add),
    "mul": (lambda m, n: (rand(m, n), rand(m, n)), tf.multiply),
    "div": (lambda m, n: (rand(m, n), positive(m, n)), tf.divide),
    "maximum": (lambda m, n: (rand(m, n), rand(m, n)), tf.maximum),
    "pow": (lambda m, n: (positive(m, n), rand(m, n)), tf.pow),
    "floor_mod": (lambda m, n: (rand(m, n), positive(m, n)), tf.math.floormod),
    "add_row": (lambda m, n: (rand(m, n), rand(1, n)), tf.add),
    "add_column": (lambda m, n: (rand(m, n), rand(m, 1)), tf.add),
    "exp": (lambda m, n: (rand(m, n),), tf.exp),
    "log": (lambda m, n: (positive(m, n),), tf.math.log),
    "sqrt": (lambda m, n: (positive(m, n),), tf.sqrt),
    "tanh": (lambda m, n: (rand(m, n),), tf.tanh),
    "sigmoid": (lambda m, n: (rand(m, n),), tf.sigmoid),
    "sin": (lambda m, n: (rand(m, n),), tf.sin),
    "erf": (lambda m, n: (rand(m, n),), tf.math.erf),
    "round": (lambda m, n: (rand(m, n),), tf.round),
    "greater": (lambda m, n: (rand(m, n), rand(m, n)), tf.greater),
    "where": (lambda m, n: (rand(m, n) > 0, rand(m, n), rand(m, n)), tf.where),
    "cast_i32": (lambda m, n: (rand(m, n),), lambda a: tf.cast(a, tf.int32)),
    "clip": (lambda m, n: (rand(m, n),), lambda a: tf.clip_by_value(a, -0.5, 0.5)),
    "sum": (lambda m, n: (rand(m, n),), tf.reduce_sum),
    "sum_axis0": (lambda m, n: (rand(m, n),), lambda a: tf.reduce_sum(a, 0)),
    "sum_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.reduce_sum(a, 1)),
    "max": (lambda m, n: (rand(m, n),), tf.reduce_max),
    "max_axis0": (lambda m, n: (rand(m, n),), lambda a: tf.reduce_max(a, 0)),
    "max_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.reduce_max(a, 1)),
    "mean": (lambda m, n: (rand(m, n),), tf.reduce_mean),
    "prod_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.reduce_prod(a, 1)),
    "std_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.math.reduce_std(a, 1)),
    "logsumexp_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.reduce_logsumexp(a, 1)),
    "argmax_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.argmax(a, 1)),
    "argmax_axis0": (lambda m, n: (rand(m, n),), lambda a: tf.argmax(a, 0)),
    "cumsum_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.cumsum(a, 1)),
    "cumsum_axis0": (lambda m, n: (rand(m, n),), lambda a: tf.cumsum(a, 0)),
    "any": (lambda m, n: (tf.zeros((m, n), tf.bool),), tf.reduce_any),
    "transpose": (lambda m, n: (rand(m, n),), tf.transpose),
    "transpose_021": (lambda m, n: (rand(5, m // 5, n),), lambda a: tf.transpose(a, (0, 2, 1))),
    "transpose_102": (lambda m, n: (rand(m, 5, n // 5),), lambda a: tf.transpose(a, (1, 0, 2))),
    "transpose_0213": (lambda m, n: (heads(m, n),), lambda a: tf.transpose(a, (0, 2, 1, 3))),
    "concat_axis0": (lambda m, n: (rand(m, n), rand(m, n)), lambda a, b: tf.concat((a, b), 0)),
    "concat_axis1": (lambda m, n: (rand(m, n), rand(m, n)), lambda a, b: tf.concat((a, b), 1)),
    "stack_last": (lambda m, n: (rand(m, n), rand(m, n)), lambda a, b: tf.stack((a, b), -1)),
    "tile": (lambda m, n: (rand(m, n),), lambda a: tf.tile(a, (2, 2))),
    "pad": (lambda m, n: (rand(m, n),), lambda a: tf.pad(a, ((1, 1), (1, 1)))),
    "slice": (lambda m, n: (rand(m, n),), lambda a: a[1:-1, 1:-1]),
    "slice_step": (lambda m, n: (rand(m, n),), lambda a: a[::2, ::2]),
    "reverse_axis1": (lambda m, n: (rand(m, n),), lambda a: tf.reverse(a, (1,))),
    "gather_rows": (lambda m, n: (rand(m, n), indices(m, m)), tf.gather),
    "gather_columns": (lambda m, n: (rand(m, n), indices(n, n)), lambda a, i: tf.gather(a, i, axis=1)),
    "gather_elements": (lambda m, n: (rand(m * n), indices(m * n, m * n)), tf.gather),
    "gather_nd": (lambda m, n: (rand(m, n), tf.reshape(indices(m * n, min(m, n)), (-1, 2))), tf.gather_nd),
    "boolean_mask": (lambda m, n: (lambda a: (a, a > 0))(rand(m, n)), tf.boolean_mask),
    "one_hot": (lambda m, n: (indices(m, n), n), tf.one_hot),
    "segment_sum": (lambda m, n: (rand(m, n), indices(m, m // 5), m // 5), tf.math.unsorted_segment_sum),
    "sort": (lambda m, n: (rand(m * n),), tf.sort),
    "sort_rows": (lambda m, n: (rand(m, n),), tf.sort),
    "argsort": (lambda m, n: (rand(m * n),), tf.argsort),
    "top_k_rows": (lambda m, n: (rand(m, n), 5), tf.math.top_k),
    "top_k": (lambda m, n: (rand(m * n), m // 10), tf.math.top_k),
    "unique": (lambda m, n: (indices(m * n, n),), tf.unique),
    "searchsorted": (lambda m, n: (tf.sort(rand(m * n)), rand(m * n)), tf.searchsorted),
    "bincount": (lambda m, n: (tf.cast(indices(m * n, n), tf.int32),), tf.math.bincount),
    "einsum_ij_jk": (lambda m, n: (rand(m, n), rand(n, m)), lambda a, b: tf.einsum("ij,jk->ik", a, b)),
    "einsum_ij_kj": (lambda m, n: (rand(m, n), rand(m, n)), lambda a, b: tf.einsum("ij,kj->ik", a, b)),
    "einsum_rows": (lambda m, n: (rand(m, n), rand(m, n)), lambda a, b: tf.einsum("ij,ij->i", a, b)),
    "einsum_outer": (lambda m, n: (rand(m), rand(n)), lambda a, b: tf.einsum("i,j->ij", a, b)),
    "einsum_trace": (lambda m, n: (rand(m, m if m < n else n),), lambda a: tf.einsum("ii->", a)),
    "einsum_heads": (lambda m, n: (heads(m, n), heads(m, n)), lambda a, b: tf.einsum("bqhd,bkhd->bhqk", a, b)),
    "tensordot": (lambda m, n: (rand(m, n), rand(m, n)), lambda a, b: tf.tensordot(a, b, ((0, 1), (0, 1)))),
}

if not bench.child:
    for size, rows, columns in (("1K", 25, 40), ("1M", 1000, 1000)):
        for name, (inputs, call) in CALLS.items():
            def prepare(inputs=inputs, call=call, rows=rows, columns=columns):
                values = inputs(rows, columns)
                return lambda: call(*values)
            bench.time(f"tensor_ops/{name}/{size}", "eager", prepare)
