"""Writes tensorflow.tfevents and tensorflow.tfrecord: python make_events.py (TensorFlow 2.21 made the committed ones)."""
import glob
import pathlib
import shutil
import tempfile

import numpy as np
import tensorflow as tf

here = pathlib.Path(__file__).parent
with tempfile.TemporaryDirectory() as d:
    w = tf.summary.create_file_writer(d)
    with w.as_default():
        tf.summary.scalar("epoch_loss", 0.25, step=3)
        tf.summary.histogram("many", np.array([0.0, 1.0, 1.0, 2.5, 3.0]), step=4, buckets=4)
        tf.summary.histogram("single", np.full(7, 2.0), step=4, buckets=3)
        tf.summary.histogram("empty", np.zeros(0), step=4, buckets=3)
        tf.summary.text("note", "**bold** ü", step=5)
        tf.summary.image("picture", np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3), step=6)
        tf.summary.scalar("epoch_loss", 0.125, step=-1)
    w.close()
    shutil.copy(glob.glob(d + "/*")[0], here / "tensorflow.tfevents")
with tf.io.TFRecordWriter(str(here / "tensorflow.tfrecord")) as w:
    for record in [b"", b"a", b"hello" * 100]:
        w.write(record)
