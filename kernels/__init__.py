"""The kernels on plain NumPy and CuPy arrays: `kernels.truncated_normal(out, seed=7, stddev=0.02)`.

Each function takes either kind of array and runs where the array lives; kernels.cpu and kernels.cuda hold the two
sides. Importing this imports neither Numba nor CuPy nor SciPy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from . import cpu
from .arrays import is_device_array
from .dense import *
from .pools import *

P = ParamSpec("P")
R = TypeVar("R")


def _where_the_arrays_are(function: Callable[P, R]) -> Callable[P, R]:
    """`function` of kernels.cpu, or the one of its name in kernels.cuda where an argument is a CuPy array."""

    @functools.wraps(function)
    def dispatch(*args: P.args, **kwargs: P.kwargs) -> R:
        if any(map(is_device_array, (*args, *kwargs.values()))):
            from . import cuda

            return getattr(cuda, function.__name__)(*args, **kwargs)
        return function(*args, **kwargs)

    return dispatch


bernoulli = _where_the_arrays_are(cpu.bernoulli)
glorot_normal = _where_the_arrays_are(cpu.glorot_normal)
glorot_uniform = _where_the_arrays_are(cpu.glorot_uniform)
he_normal = _where_the_arrays_are(cpu.he_normal)
he_uniform = _where_the_arrays_are(cpu.he_uniform)
lecun_normal = _where_the_arrays_are(cpu.lecun_normal)
lecun_uniform = _where_the_arrays_are(cpu.lecun_uniform)
multinomial = _where_the_arrays_are(cpu.multinomial)
normal = _where_the_arrays_are(cpu.normal)
orthogonal = _where_the_arrays_are(cpu.orthogonal)
permutation = _where_the_arrays_are(cpu.permutation)
truncated_normal = _where_the_arrays_are(cpu.truncated_normal)
uniform = _where_the_arrays_are(cpu.uniform)
uniform_int = _where_the_arrays_are(cpu.uniform_int)
variance_scaling = _where_the_arrays_are(cpu.variance_scaling)

__all__ = cpu.__all__
