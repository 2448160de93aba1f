"""Random numbers in CuPy arrays: the fills by our own CUDA kernels, and what is made from them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import numpy as np
from numpy.typing import DTypeLike

from .. import fills
from ..arrays import is_device_array
from ..cpu import random as host
from ..fills import Offset
from ..philox import Seed

P = ParamSpec("P")

__all__ = [*fills.__all__, *host.__all__]


def _of_device_arrays(fill: Callable[Concatenate[Any, P], None]) -> Callable[Concatenate[Any, P], None]:
    """`fill` for CuPy arrays alone."""

    @functools.wraps(fill)
    def fill_device_array(out: Any, *args: P.args, **kwargs: P.kwargs) -> None:
        if not is_device_array(out):
            raise TypeError(f"out must be a CuPy array, not {type(out).__name__}")
        fill(out, *args, **kwargs)

    fill_device_array.__module__ = __name__
    return fill_device_array


bernoulli = _of_device_arrays(fills.bernoulli)
glorot_normal = _of_device_arrays(fills.glorot_normal)
glorot_uniform = _of_device_arrays(fills.glorot_uniform)
he_normal = _of_device_arrays(fills.he_normal)
he_uniform = _of_device_arrays(fills.he_uniform)
lecun_normal = _of_device_arrays(fills.lecun_normal)
lecun_uniform = _of_device_arrays(fills.lecun_uniform)
normal = _of_device_arrays(fills.normal)
orthogonal = _of_device_arrays(fills.orthogonal)
permutation = _of_device_arrays(fills.permutation)
truncated_normal = _of_device_arrays(fills.truncated_normal)
uniform = _of_device_arrays(fills.uniform)
uniform_int = _of_device_arrays(fills.uniform_int)
variance_scaling = _of_device_arrays(fills.variance_scaling)


@functools.wraps(host.multinomial)
def multinomial(logits: Any, num_samples: int, seed: Seed, dtype: DTypeLike = np.int64, offset: Offset = 0) -> Any:
    import cupy

    if not is_device_array(logits):
        raise TypeError(f"logits must be a CuPy array, not {type(logits).__name__}")
    with logits.device:
        return host.draw_classes(logits, num_samples, seed, dtype, offset, cupy)
