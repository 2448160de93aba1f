"""What TensorFlow's kernels gave (golden/kernels.npz, golden/fills.npz), and how results are held against it."""

import json
from pathlib import Path
from typing import NamedTuple

import ml_dtypes
import numpy as np

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
DTYPES = {name: np.dtype(name) for name in ("float32", "float64", "float16")} | {"bfloat16": BFLOAT16}

_folder = Path(__file__).parents[1] / "golden"
_data = np.load(_folder / "kernels.npz")
_fills = np.load(_folder / "fills.npz")
ABOUT = json.loads(str(_data["about"]))
ABOUT_FILLS = json.loads(str(_fills["about"]))
NAMES = [name for name in _data.files if name != "about"]


def golden(name):
    """One array of TensorFlow's; bfloat16 lies in the file as its bits."""
    value = _data[name]
    return value.view(BFLOAT16) if value.dtype == np.uint16 else value


def cases(kind, depth=1):
    """The names of what is stored below `kind`, without their last `depth` parts."""
    return sorted({name.rsplit("/", depth)[0] for name in NAMES if name.startswith(kind + "/")})


class Drawn(NamedTuple):
    """A case of fills.npz: what was drawn, and how to find what TensorFlow drew."""

    name: str
    kind: str
    dtype: np.dtype
    parameters: tuple
    seed: tuple[int, int]
    shape: tuple[int, ...]

    @classmethod
    def parse(cls, name):
        kind, dtype, *places = name.split("/")
        parameters, seed, shape = (tuple(json.loads(f"[{place}]")) for place in places)
        return cls(name, kind, np.dtype(DTYPES.get(dtype, dtype)), parameters, seed, shape)

    def runs(self):
        """[run, element]; of a long one, the elements at `kept`."""
        return _fills[self.name].view(self.dtype)

    def kept(self):
        """Which elements of the last axis `runs` holds."""
        return _fills[f"sampled/{self.shape[-1]}"] if self.is_long() else slice(None)

    def is_long(self):
        return self.shape[-1] > ABOUT_FILLS["few"]


def drawn(*kinds):
    """The cases of these kinds."""
    return [Drawn.parse(name) for name in _fills.files if name.split("/")[0] in kinds]


def multinomial_logits():
    return _fills["logits"]


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
