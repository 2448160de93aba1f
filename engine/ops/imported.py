"""Ops that only imported graphs have: what the gradients that TensorFlow builds are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import FLOATS, int32, int64
from ..errors import InvalidArgumentError
from ..registry import OpDef, Rule, brackets, define, no_gradient, not_differentiable, same_shape
from ..shapes import TensorShape
from .arithmetic import in_float32
from .common import Array
from .normalize import channel_window_sum

_SECOND_ORDER = no_gradient("take gradients of the program that made the graph, where they are built anew")


def _slope(type: str, signature: str, kernel: Rule) -> OpDef:
    """Define the op that gives an activation's gradient."""
    return define(type, signature, types={"T": FLOATS}, shape=same_shape, kernel=in_float32(kernel), grad=_SECOND_ORDER)


# Of what the forward op gave (y) …
_slope("SqrtGrad", "y:T, dy:T -> z:T", lambda k, y, dy: dy * 0.5 / y)
_slope("RsqrtGrad", "y:T, dy:T -> z:T", lambda k, y, dy: dy * (-0.5 * y) * (y * y))
_slope("ReciprocalGrad", "y:T, dy:T -> z:T", lambda k, y, dy: -dy * (y * y))
# … and of what it took (x).
_slope("SoftplusGrad", "gradients:T, features:T -> backprops:T", lambda k, g, x: g / (1 + k.xp.exp(-x)))
_slope("SoftsignGrad", "gradients:T, features:T -> backprops:T", lambda k, g, x: g / k.xp.square(1 + k.xp.abs(x)))


@in_float32
def _lrn_slope(
    k: Any, g: Array, x: Array, y: Array, depth_radius: int, bias: float, alpha: float, beta: float
) -> Array:
    norm = bias + alpha * channel_window_sum(k, k.xp.square(x), depth_radius)
    shared = channel_window_sum(k, g * x * norm ** (-beta - 1), depth_radius)
    return g * norm**-beta - (2 * alpha * beta) * x * shared


define(
    "LRNGrad",
    "input_grads:T, input_image:T, output_image:T -> output:T",
    types={"T": FLOATS},
    shape=same_shape,
    kernel=_lrn_slope,
    grad=_SECOND_ORDER,
)


# -- shapes -----------------------------------------------------------------------------------------------------------


def _broadcast_axes(k: Any, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of two shapes, the axes along which the gradient of their broadcast is to be summed."""
    rank = max(len(first), len(second))
    padded = [np.concatenate([np.ones(rank - len(s), s.dtype), s]) for s in (first, second)]
    if ((padded[0] != padded[1]) & (padded[0] != 1) & (padded[1] != 1)).any():
        raise InvalidArgumentError(
            None, None, f"Incompatible shapes: {brackets(first.tolist())} vs. {brackets(second.tolist())}"
        )
    both_one = (padded[0] == 1) & (padded[1] == 1)
    added = [np.arange(rank) < rank - len(s) for s in (first, second)]
    axes = [
        np.flatnonzero(((mine == 1) & (other != 1)) | lead | both_one)
        for mine, other, lead in zip(padded, padded[::-1], added, strict=True)
    ]
    return axes[0].astype(first.dtype), axes[1].astype(first.dtype)


define(
    "BroadcastGradientArgs",
    "s0:I, s1:I -> r0:I, r1:I",
    shape=lambda s0, s1: [TensorShape([None])] * 2,
    kernel=_broadcast_axes,
    grad=not_differentiable,
    host=["s0", "s1"],
    host_result=True,
)


def _offsets(k: Any, axis: np.ndarray, *shapes: np.ndarray) -> list[np.ndarray]:
    """Where along the axis each of the concatenated arrays begins, as the begin of a slice."""
    begins, start = [], 0
    for shape in shapes:
        begin = np.zeros_like(shape)
        begin[axis] = start
        start += shape[axis]
        begins.append(begin)
    return begins


define(
    "ConcatOffset",
    "concat_dim:int32, shape:I* -> offset:I*N",
    types={"I": (int32, int64)},
    shape=lambda axis, *shapes, N: [s.shape for s in shapes],
    kernel=lambda k, axis, *shapes, N: _offsets(k, axis, *shapes),
    grad=not_differentiable,
    host=["concat_dim", "shape"],
    host_result=True,
)

define(
    "ShapeN",
    "input:T* -> output:out_type*N",
    shape=lambda *inputs, out_type, N: [TensorShape([x.shape.ndims]) for x in inputs],
    kernel=lambda k, *inputs, out_type, N: [np.array(x.shape, out_type.numpy) for x in inputs],
    grad=not_differentiable,
    host_result=True,
)
