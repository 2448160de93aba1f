"""Random fills of CuPy arrays, drawn on the host.

There is no CUDA kernel in here yet: each function draws with kernels.cpu into host memory and copies the result into
`out`, so that a GPU has the same values as a CPU, at the price of that copy and of a synchronisation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import numpy as np
from numpy.typing import DTypeLike

from ..cpu import random as host
from ..philox import Seed

P = ParamSpec("P")

__all__ = host.__all__


def _drawn_on_host(fill: Callable[Concatenate[np.ndarray, P], None]) -> Callable[Concatenate[Any, P], None]:
    """`fill` for a CuPy array `out`."""

    @functools.wraps(fill)
    def fill_device_array(out: Any, *args: P.args, **kwargs: P.kwargs) -> None:
        import cupy

        if not isinstance(out, cupy.ndarray):
            raise TypeError(f"out must be a CuPy array, not {type(out).__name__}")
        drawn = np.empty(out.shape, out.dtype)
        fill(drawn, *args, **kwargs)
        out[...] = cupy.asarray(drawn)

    return fill_device_array


uniform = _drawn_on_host(host.uniform)
normal = _drawn_on_host(host.normal)
truncated_normal = _drawn_on_host(host.truncated_normal)
uniform_int = _drawn_on_host(host.uniform_int)
permutation = _drawn_on_host(host.permutation)
orthogonal = _drawn_on_host(host.orthogonal)


@functools.wraps(host.multinomial)
def multinomial(logits: Any, num_samples: int, seed: Seed, dtype: DTypeLike = np.int64, offset: int = 0) -> Any:
    import cupy

    return cupy.asarray(host.multinomial(cupy.asnumpy(logits), num_samples, seed, dtype, offset))
