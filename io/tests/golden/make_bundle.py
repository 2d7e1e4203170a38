"""Writes bundle.index and its data: python make_bundle.py (TensorFlow 2.21 made the committed ones)."""
import pathlib

import numpy as np
import tensorflow as tf

here = pathlib.Path(__file__).parent
checkpoint = tf.train.Checkpoint(
    dense=tf.train.Checkpoint(
        kernel=tf.Variable(np.arange(6, dtype="f4").reshape(2, 3)), bias=tf.Variable(np.zeros(3, "f8"))
    ),
    brain=tf.Variable(tf.constant([1.0, -2.0], tf.bfloat16)),
    half=tf.Variable(np.float16(0.5)),
    flag=tf.Variable([True, False]),
    text=tf.Variable(["a", "", "ü" * 100]),
    none=tf.Variable(np.zeros((0, 4), "i8")),
    many=[tf.Variable(i) for i in range(150)],
)
checkpoint.write(str(here / "bundle"))
