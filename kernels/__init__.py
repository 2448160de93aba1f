"""The kernels on plain NumPy and CuPy arrays: `kernels.truncated_normal(out, seed=7, stddev=0.02)`.

Each function takes either kind of array and runs where the array lives; kernels.cpu and kernels.cuda hold the two
sides. Importing this imports neither Numba nor CuPy nor SciPy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from . import cpu

P = ParamSpec("P")
R = TypeVar("R")


def _where_the_arrays_are(function: Callable[P, R]) -> Callable[P, R]:
    """`function` of kernels.cpu, or the one of its name in kernels.cuda where an argument is a CuPy array."""

    @functools.wraps(function)
    def dispatch(*args: P.args, **kwargs: P.kwargs) -> R:
        for argument in (*args, *kwargs.values()):
            if type(argument).__module__.partition(".")[0] == "cupy":
                from . import cuda

                return getattr(cuda, function.__name__)(*args, **kwargs)
        return function(*args, **kwargs)

    return dispatch


avg_pool = _where_the_arrays_are(cpu.avg_pool)
avg_pool_grad = _where_the_arrays_are(cpu.avg_pool_grad)
bernoulli = _where_the_arrays_are(cpu.bernoulli)
conv2d = _where_the_arrays_are(cpu.conv2d)
conv2d_filter_grad = _where_the_arrays_are(cpu.conv2d_filter_grad)
conv2d_input_grad = _where_the_arrays_are(cpu.conv2d_input_grad)
depthwise_conv2d = _where_the_arrays_are(cpu.depthwise_conv2d)
depthwise_conv2d_filter_grad = _where_the_arrays_are(cpu.depthwise_conv2d_filter_grad)
depthwise_conv2d_input_grad = _where_the_arrays_are(cpu.depthwise_conv2d_input_grad)
glorot_normal = _where_the_arrays_are(cpu.glorot_normal)
glorot_uniform = _where_the_arrays_are(cpu.glorot_uniform)
he_normal = _where_the_arrays_are(cpu.he_normal)
he_uniform = _where_the_arrays_are(cpu.he_uniform)
lecun_normal = _where_the_arrays_are(cpu.lecun_normal)
lecun_uniform = _where_the_arrays_are(cpu.lecun_uniform)
matmul = _where_the_arrays_are(cpu.matmul)
max_pool = _where_the_arrays_are(cpu.max_pool)
max_pool_grad = _where_the_arrays_are(cpu.max_pool_grad)
max_pool_grad_grad = _where_the_arrays_are(cpu.max_pool_grad_grad)
multinomial = _where_the_arrays_are(cpu.multinomial)
normal = _where_the_arrays_are(cpu.normal)
orthogonal = _where_the_arrays_are(cpu.orthogonal)
permutation = _where_the_arrays_are(cpu.permutation)
truncated_normal = _where_the_arrays_are(cpu.truncated_normal)
uniform = _where_the_arrays_are(cpu.uniform)
uniform_int = _where_the_arrays_are(cpu.uniform_int)
variance_scaling = _where_the_arrays_are(cpu.variance_scaling)

__all__ = cpu.__all__
