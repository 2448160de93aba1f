"""What TensorFlow's kernels gave (golden/kernels.npz), and how results are held against it."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
DTYPES = {name: np.dtype(name) for name in ("float32", "float64", "float16")} | {"bfloat16": BFLOAT16}

_data = np.load(Path(__file__).parents[1] / "golden" / "kernels.npz")
ABOUT = json.loads(str(_data["about"]))
NAMES = [name for name in _data.files if name != "about"]


def golden(name):
    """One array of TensorFlow's; bfloat16 lies in the file as its bits."""
    value = _data[name]
    return value.view(BFLOAT16) if value.dtype == np.uint16 else value


def cases(kind, depth=1):
    """The names of what is stored below `kind`, without their last `depth` parts."""
    return sorted({name.rsplit("/", depth)[0] for name in NAMES if name.startswith(kind + "/")})


def same_bits(got, expected):
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    assert got.tobytes() == expected.tobytes()


def close(got, expected, tolerance):
    """Within `tolerance` times the greatest expected value; a NaN is never close."""
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if got.size:
        scale = np.abs(expected.astype(np.float64)).max()
        difference = np.abs(got.astype(np.float64) - expected.astype(np.float64)).max()
        assert difference <= tolerance * scale, f"off by {difference:.3g} where {scale:.3g} is the greatest"
