"""TensorFlow / Keras on the workloads of gradus-bench: tensorflow_peer.py [FILTER] [--threads N]."""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from timing import CONVS, GEMM_SHAPES, Bench, conv_flops

bench = Bench("tensorflow")
try:
    import keras
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


def ways(workload, fn, inputs, which=("eager", "function", "xla"), **amount):
    """fn(*inputs) as it stands, as a tf.function, and compiled by XLA."""
    def prepare(way):
        args = inputs()
        f = fn if way == "eager" else tf.function(fn, jit_compile=way == "xla")
        return lambda: f(*args)
    for way in which:
        bench.time(workload, way, lambda way=way: prepare(way), **amount)


def tensor_workloads():
    for m, k, n in GEMM_SHAPES:
        ways(f"gemm/{m}x{k}x{n}", tf.linalg.matmul, lambda: (rand(m, k), rand(k, n)), ("eager", "xla"), flops=2 * m * k * n)
    for name, n in (("1M", 1 << 20), ("16M", 1 << 24)):
        ways(f"chain/{name}", lambda x, a, b: tf.tanh(x * a + b) * x,
             lambda: (rand(n), tf.constant(1.1), tf.constant(0.3)), nbytes=8 * n)
    n = 1 << 20
    for name, f in (("tanh", tf.tanh), ("exp", tf.exp), ("relu", tf.nn.relu)):
        ways(f"unary_1M/{name}", f, lambda: (rand(n),), nbytes=8 * n)
    ways("unary_1M/add", lambda x, y: x + y, lambda: (rand(n), rand(n)), nbytes=12 * n)
    ways("small_op/add_1K", lambda x, y: x + y, lambda: (rand(1024), rand(1024)))
    ways("softmax/1024x1000", tf.nn.softmax, lambda: (rand(1024, 1000),), nbytes=8 * 1024 * 1000)
    norm = keras.layers.LayerNormalization()
    norm.build((1024, 768))
    ways("layernorm/1024x768", lambda x: norm(x), lambda: (rand(1024, 768),), nbytes=8 * 1024 * 768)
    for axis in (0, 1):
        ways(f"reduce_sum_axis{axis}/4096x1024", lambda x, axis=axis: tf.reduce_sum(x, axis=axis),
             lambda: (rand(4096, 1024),), nbytes=4 * 4096 * 1024)
    ways("transpose/2048x2048", tf.transpose, lambda: (rand(2048, 2048),), nbytes=8 * 2048 * 2048)
    ways("bcast_add/1024x1024+1024", lambda x, y: x + y, lambda: (rand(1024, 1024), rand(1024)), nbytes=8 << 20)


def conv_workloads():
    for name, (b, h, w, ci, co, k, s, dw) in CONVS.items():
        def inputs():
            return rand(b, h, w, ci), rand(k, k, ci, 1 if dw else co) * 0.1

        def conv(x, wt):
            return tf.nn.depthwise_conv2d(x, wt, [1, s, s, 1], "SAME") if dw else tf.nn.conv2d(x, wt, s, "SAME")

        def both(x, wt):
            with tf.GradientTape() as tape:
                tape.watch([x, wt])
                y = conv(x, wt)
            return y, tape.gradient(y, [x, wt], output_gradients=tf.ones_like(y))

        which = ("eager", "function") if dw else ("eager", "function", "xla")  # XLA's depthwise takes seconds
        ways(f"conv_fwd/{name}", conv, inputs, which, images=b)
        ways(f"conv_fwd_bwd/{name}", both, inputs, which, images=b)


def mlp():
    return keras.Sequential([
        keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(128, activation="relu"),
        keras.layers.Dropout(0.2), keras.layers.Dense(10)])


def seed_cnn():
    return keras.Sequential([
        keras.Input((28, 28, 1)), keras.layers.Conv2D(128, 3, strides=2, padding="same"),
        keras.layers.MaxPool2D(3), keras.layers.BatchNormalization(), keras.layers.Flatten(),
        keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10, activation="softmax")])


def mobilenet():
    return keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), classes=5, alpha=1.0)


def cross_entropy(from_logits):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)


def train(workload, build, from_logits, optimizer, shape, batch, which=("function", "xla")):
    def prepare(way):
        model, loss, opt = build(), cross_entropy(from_logits), optimizer()
        opt.build(model.trainable_variables)
        x, y = rand(batch, *shape), tf.constant(rng.integers(0, 5, batch))

        def step(x, y):
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            opt.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
            return value
        f = step if way == "eager" else tf.function(step, jit_compile=way == "xla")
        return lambda: f(x, y)
    for way in which:
        bench.time(workload, way, lambda way=way: prepare(way), images=batch)


def infer(workload, build, shape, batch, which=("function", "xla")):
    def prepare(way):
        model, x = build(), rand(batch, *shape)
        f = tf.function(lambda x: model(x, training=False), jit_compile=way == "xla")
        return lambda: f(x)
    for way in which:
        bench.time(workload, way, lambda way=way: prepare(way), images=batch)


def fit(workload, build, from_logits, optimizer, shape, batch, count):
    def prepare():
        model = build()
        model.compile(optimizer=optimizer(), loss=cross_entropy(from_logits), metrics=["accuracy"])
        x, y = rng.random((count, *shape), dtype=np.float32), rng.integers(0, 10, count)
        return lambda: model.fit(x, y, batch_size=batch, verbose=0)
    bench.time(workload, "fit", prepare, images=count, min_reps=3, max_time=8)


def model_workloads():
    adam, nadam = keras.optimizers.Adam, keras.optimizers.Nadam
    train("mlp_train/b32", mlp, True, adam, (28, 28), 32)
    fit("mlp_fit/b32", mlp, True, adam, (28, 28), 32, 20000)
    infer("mlp_infer/b32", mlp, (28, 28), 32)
    for b in (32, 128):
        train(f"seedcnn_train/b{b}", seed_cnn, False, nadam, (28, 28, 1), b)
        infer(f"seedcnn_infer/b{b}", seed_cnn, (28, 28, 1), b)
        fit(f"seedcnn_fit/b{b}", seed_cnn, False, nadam, (28, 28, 1), b, 6400)
    only = ("function",)  # XLA compiles it for minutes and runs it slower
    train("mobilenetv2_train/b16", mobilenet, False, adam, (96, 96, 3), 16, only)
    infer("mobilenetv2_infer/b16", mobilenet, (96, 96, 3), 16, only)


def lstm_workload():
    def prepare(way):
        model = keras.Sequential([keras.Input((80, 128)), keras.layers.LSTM(64), keras.layers.Dense(1)])
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        x, y = rand(32, 80, 128), tf.constant(rng.integers(0, 2, (32, 1)).astype(np.float32))

        def step(x, y):
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            return tape.gradient(value, model.trainable_variables)
        f = tf.function(step, jit_compile=way == "xla")
        return lambda: f(x, y)
    for way in ("function", "xla"):
        bench.time("lstm64_fwd_bwd/32x80x128", way, lambda way=way: prepare(way), images=32)


def tiny_workload():
    def prepare(way):
        beta = tf.Variable(3.0)

        def step():
            with tf.GradientTape() as tape:
                loss = (beta / 2 - 1) ** 2
            beta.assign_sub(0.1 * tape.gradient(loss, beta))
        f = step if way == "eager" else tf.function(step, jit_compile=way == "xla")

        def many():
            for _ in range(100):
                f()
        return many
    for way in ("eager", "function", "xla"):
        bench.time("tiny_scalar_step", way, lambda way=way: prepare(way), iterations=100)


def pipeline_workloads():
    def epoch(dataset):
        options = tf.data.Options()
        options.threading.private_threadpool_size = bench.threads
        dataset = dataset.with_options(options)

        def run():
            for _ in dataset:
                pass
        return run

    def slices():
        x = np.zeros((60000, 28, 28), np.uint8)
        data = tf.data.Dataset.from_tensor_slices(x).shuffle(10000, seed=1).batch(32)
        return epoch(data.map(lambda x: tf.cast(x, tf.float32) / 255.0).prefetch(tf.data.AUTOTUNE))
    bench.time("pipeline_slices/60000x28x28", "dataset", slices, images=60000)
    numbers = tf.data.Dataset.range(200000)
    bench.time("pipeline_empty_map/1M", "dataset", lambda: epoch(numbers.map(lambda x: x)), iterations=200000)
    bench.time("pipeline_range/1M", "dataset", lambda: epoch(numbers), iterations=200000)

    def augment():
        layers = [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1), keras.layers.RandomZoom(0.2)]

        def call(x):
            for layer in layers:
                x = layer(x, training=True)
            return x
        data = tf.data.Dataset.from_tensors(rand(32, 180, 180, 3)).repeat(10)
        return epoch(data.map(call, num_parallel_calls=bench.threads))
    bench.time("augment_flip_rotate_zoom/32x180x180x3", "dataset", augment, images=320)

    def folder():
        data = keras.utils.image_dataset_from_directory(
            os.environ["GRADUS_BENCH_IMAGES"], image_size=(180, 180), seed=0, verbose=False)
        return epoch(data.map(lambda x, y: (x / 255.0, y)).prefetch(tf.data.AUTOTUNE))
    bench.time("image_folder/180x180", "dataset", folder, images=1000)


if bench.child == "cold":
    mlp().predict(rng.random((1, 28, 28), dtype=np.float32), verbose=0)
elif bench.child == "fit":
    model = mlp()
    model.compile("adam", cross_entropy(True), metrics=["accuracy"])
    model.fit(rng.random((60000, 28, 28), dtype=np.float32), rng.integers(0, 10, 60000), epochs=1, verbose=0)
else:
    tensor_workloads()
    conv_workloads()
    model_workloads()
    lstm_workload()
    tiny_workload()
    pipeline_workloads()
    bench.processes()
