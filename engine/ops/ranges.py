"""Ops that make ranges of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, define
from ..shapes import TensorShape
from ..static import constant_value
from .basic import cast, size, sum_to_shape
from .joining import static_int, with_known_rank

_RANGE_TYPES = (dtypes.int32, dtypes.int64, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)
_SCALAR = np.zeros(0, np.int32)  # the shape of a scalar


def _count(start: Any, limit: Any, delta: Any) -> int:
    """How many numbers there are from `start` to before `limit`. ValueError where `delta` does not lead there."""
    start, limit, delta = start.item(), limit.item(), delta.item()
    if delta == 0:
        raise ValueError("Requires delta != 0")
    if (limit - start) * delta < 0:
        sign, relation = (">", "<=") if delta > 0 else ("<", ">=")
        raise ValueError(f"Requires start {relation} limit when delta {sign} 0: {start}/{limit}")
    return -((start - limit) // delta) if isinstance(delta, int) else math.ceil(abs((limit - start) / delta))


def _range_shape(*bounds: Tensor) -> TensorShape:
    for bound in bounds:
        with_known_rank(bound.shape, 0)
    values = [constant_value(b) for b in bounds]
    return TensorShape([None if any(v is None for v in values) else _count(*values)])


def _range_kernel(k: Any, start: Any, limit: Any, delta: Any) -> Any:
    try:
        count = _count(start, limit, delta)
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from None
    dtype = start.dtype
    return k.cast(start[()] + k.cast(k.xp.arange(count), dtype) * delta[()], dtype)


def _range_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    places = cast(Range(0, size(g), 1), g.dtype)
    return [sum_to_shape(g, _SCALAR), None, sum_to_shape(g * places, _SCALAR)]


Range: OpDef = define(
    "Range",
    "start:T, limit:T, delta:T -> output:T",
    shape=_range_shape,
    kernel=_range_kernel,
    grad=_range_gradient,
    types={"T": _RANGE_TYPES},
    host=["start", "limit", "delta"],
)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """The numbers start, start + delta, … before `limit`; one argument is the limit, and the start 0.

    Without `dtype` it is the widest of the arguments'. Raises ValueError (in a run: InvalidArgumentError) where delta
    is zero or leads away from the limit.
    """
    if limit is None:
        start, limit = 0, start
    with op_scope(name, "Range", [start, limit, delta]) as scope:
        named = {"start": start, "limit": limit, "delta": delta}
        bounds = [b if isinstance(b, Tensor) else convert_to_tensor(b, dtype, name=part) for part, b in named.items()]
        widest = as_dtype(dtype) if dtype is not None else max((b.dtype for b in bounds), key=_RANGE_TYPES.index)
        return Range(*(cast(b, widest) for b in bounds), name=scope)


def _linspace_shape(start: Tensor, stop: Tensor, num: Tensor) -> TensorShape:
    for bound in (start, stop, num):
        with_known_rank(bound.shape, 0)
    count = static_int(num)
    if count is not None and count < 0:
        raise ValueError(f"Requires num >= 0: {count}")
    return TensorShape([count])


def _linspace_kernel(k: Any, start: Any, stop: Any, num: Any) -> Any:
    count, dtype = int(num), start.dtype
    if count < 0:
        raise InvalidArgumentError(None, None, f"Requires num >= 0: {count}")
    step = k.cast((stop - start) / dtype.type(max(count - 1, 1)), dtype)
    values = k.cast(start + k.cast(k.xp.arange(count), dtype) * step, dtype)
    values[1:][-1:] = stop  # rounding must not move the last one
    return values


def _linspace_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    weight = LinSpace(np.zeros((), g.dtype.numpy), np.ones((), g.dtype.numpy), op.inputs[2])
    return [sum_to_shape(g * (1 - weight), _SCALAR), sum_to_shape(g * weight, _SCALAR), None]


LinSpace: OpDef = define(
    "LinSpace",
    "start:T, stop:T, num:I -> output:T",
    shape=_linspace_shape,
    kernel=_linspace_kernel,
    grad=_linspace_gradient,
    types={"T": dtypes.FLOATS},
    host=["num"],
)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop`, both included; `start` and `stop` are scalars.

    Integers give float64. TensorFlow 2 takes 69 primitive ops for it, and its result bears the name of their last.
    """
    with op_scope(name, "linspace", [start, stop]):
        start = convert_to_tensor(start, name="start")
        stop = convert_to_tensor(stop, start.dtype, name="stop")
        if start.dtype.is_integer:
            start, stop = cast(start, dtypes.float64), cast(stop, dtypes.float64)
        return LinSpace(start, stop, convert_to_tensor(num, name="num"), name="Slice")


lin_space = linspace

__all__ = ["lin_space", "linspace", "range"]
