"""Writes the numpy files of this folder: python make_numpy.py (numpy 2.4 made the committed ones)."""
import io
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent


def values(dtype, shape):
    n = int(np.prod(shape))
    v = np.arange(n)
    if dtype == "?":
        v = v % 2
    if np.dtype(dtype).kind == "c":
        v = v - 1j * v
    return v.astype(dtype).reshape(shape)


cases = {}
for order in "<>":
    for kind in ["f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8", "c8", "c16"]:
        cases[f"{'le' if order == '<' else 'be'}_{kind}"] = values(order + kind, (2, 3))
for kind in ["?", "i1", "u1"]:
    cases[f"le_{np.dtype(kind).str[1:]}"] = values(kind, (2, 3))
cases["scalar"] = values("<f4", ())
cases["vector"] = values("<f4", (5,))
cases["empty"] = values("<f4", (0, 3))
cases["fortran2"] = np.asfortranarray(values("<f4", (2, 3)))
cases["fortran3"] = np.asfortranarray(values("<i2", (2, 3, 4)))
cases["big"] = values("<u1", (7, 300))

np.savez(here / "numpy_stored.npz", **cases)
np.savez_compressed(here / "numpy_deflated.npz", **cases)
for version in [(1, 0), (2, 0), (3, 0)]:
    f = io.BytesIO()
    np.lib.format.write_array(f, values("<f8", (3, 2)), version=version)
    (here / f"version{version[0]}.npy").write_bytes(f.getvalue())
np.save(here / "object.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
np.save(here / "text.npy", np.array(["a", "bc"]))
np.save(here / "record.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i2")]))
