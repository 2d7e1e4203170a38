"""Writes the Keras files of this folder: python make_keras.py (Keras 3.15, h5py 3.14 made the committed ones)."""
import pathlib

import h5py
import keras
import numpy as np

here = pathlib.Path(__file__).parent
keras.utils.set_random_seed(1)
model = keras.Sequential(
    [
        keras.layers.Input((6, 6, 1)),
        keras.layers.Conv2D(2, 3),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dense(3, name="head"),
    ],
    name="tiny",
)
model.compile("adam", "mse")
model.fit(np.ones((4, 6, 6, 1)), np.zeros((4, 3)), verbose=0)
model.save(here / "keras.keras")
model.save_weights(here / "keras.weights.h5")
for i, v in enumerate(model.weights):
    np.save(here / f"keras_{i}.npy", np.asarray(v))

with h5py.File(here / "h5py_kinds.h5", "w") as f:
    for kind in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]:
        v = np.arange(6).reshape(2, 3)
        f.create_dataset(f"le/{np.dtype(kind).str[1:]}", data=(v % 2 if kind == "?" else v).astype(kind))
    f.create_dataset("scalar", data=np.float32(1.5))
    f.create_dataset("empty", data=np.zeros((0, 3), "f4"))
    f.create_dataset("gzip", data=np.arange(1000, dtype="i4").reshape(40, 25), chunks=(16, 10), compression="gzip", shuffle=True)
    f.create_dataset("checksummed", data=np.arange(100, dtype="i4"), chunks=(30,), fletcher32=True)
    f.create_dataset("never_written", shape=(4, 5), dtype="f4", chunks=(2, 2))
    f.create_dataset("bfloat16", data=np.array([0x3F80, 0xC000], "u2").view("V2"))
    f["bfloat16"].attrs["dtype"] = "bfloat16"
    many = f.create_group("many")
    for i in range(60):
        many.create_dataset(str(i), data=np.int32(i))
    f.attrs["text"] = "käse"
    f.attrs["texts"] = ["a", "bc", ""]
    f.attrs["bytes"] = np.array([b"ab", b"c"])
    f.attrs["number"] = np.arange(3, dtype="i8")
with h5py.File(here / "h5py_latest.h5", "w", libver="latest") as f:
    f.create_dataset("layers/dense/vars/0", data=np.arange(6, dtype="f4").reshape(2, 3))
    f["layers/dense"].attrs["name"] = "dense"
    f.create_dataset("layers/flags", data=np.array([True, False]))
with h5py.File(here / "h5py_links.h5", "w") as f:
    f["soft"] = h5py.SoftLink("/x")
    f["outside"] = h5py.ExternalLink("/etc/passwd", "/")
