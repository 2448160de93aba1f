"""What the tests of the random fills share."""

import numpy as np
from kernel_golden import DTYPES

from scopeflow import kernels

SEED = (87654321, 7)
FLOAT_FILLS = ("uniform", "normal", "truncated_normal")
EVERY_FILL = [(kind, name) for kind in (*FLOAT_FILLS, "bernoulli") for name in DTYPES] + [
    ("uniform_int", "int32"),
    ("uniform_int", "int64"),
]


def draw(kind, dtype, shape, seed=SEED, offset=0):
    """What the fill gives in a new array."""
    out = np.empty(shape, DTYPES.get(dtype, dtype))
    arguments = (-1000, 1_000_003) if kind == "uniform_int" else ()
    getattr(kernels, kind)(out, seed, *arguments, offset=offset)
    return out
