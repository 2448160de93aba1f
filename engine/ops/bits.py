"""Bits of integers, and the bytes of one dtype read as another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import INTEGERS, NUMBERS, DType, as_dtype
from ..errors import InvalidArgumentError
from ..graph import Tensor
from ..registry import OpDef, Rule, broadcast_shape, define, not_differentiable, same_shape
from ..shapes import TensorShape


def _of_two(type: str, kernel: Rule) -> OpDef:
    return define(
        type, "x:T, y:T -> z:T", shape=broadcast_shape, kernel=kernel, grad=not_differentiable, types={"T": INTEGERS}
    )


def _shift(function: str) -> Rule:
    """The kernel that shifts by what lies within the width of the dtype: C leaves open what other shifts do."""

    def kernel(k: Any, x: Any, y: Any) -> Any:
        return getattr(k.xp, function)(x, k.xp.clip(y, 0, 8 * y.dtype.itemsize - 1))

    return kernel


BitwiseAnd = _of_two("BitwiseAnd", lambda k, x, y: x & y)
BitwiseOr = _of_two("BitwiseOr", lambda k, x, y: x | y)
BitwiseXor = _of_two("BitwiseXor", lambda k, x, y: x ^ y)
LeftShift = _of_two("LeftShift", _shift("left_shift"))
RightShift = _of_two("RightShift", _shift("right_shift"))
Invert = define(
    "Invert",
    "x:T -> y:T",
    shape=same_shape,
    kernel=lambda k, x: k.xp.invert(x),
    grad=not_differentiable,
    types={"T": INTEGERS},
)


def bitwise_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits that both integers have, with broadcasting."""
    return BitwiseAnd(x, y, name=name)


def bitwise_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits that either of two integers has, with broadcasting."""
    return BitwiseOr(x, y, name=name)


def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits that one of two integers has and the other has not, with broadcasting."""
    return BitwiseXor(x, y, name=name)


def invert(x: Any, name: str | None = None) -> Tensor:
    """Every bit of an integer turned over."""
    return Invert(x, name=name)


def left_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * 2^y, its highest bits lost; y is taken as the nearest number from 0 to the dtype's bits less one."""
    return LeftShift(x, y, name=name)


def right_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The floor of x / 2^y; y as for `left_shift`."""
    return RightShift(x, y, name=name)


def _recast_shape(input: Tensor, type: DType) -> TensorShape:
    """A wider dtype takes the last dimension for its bytes, a narrower one has its bytes in a new last dimension."""
    had, gets = input.dtype.size, type.size
    if input.shape.sizes is None or had == gets:
        return input.shape
    if had > gets:
        return input.shape.concatenate([had // gets])
    if not input.shape.sizes or input.shape.sizes[-1] not in (None, gets // had):
        raise ValueError(f"Cannot bitcast due to shape. {input.shape.sizes[-1:]} does not match {gets // had}")
    return input.shape[:-1]


def _recast(k: Any, x: Any, type: DType) -> Any:
    had, gets, target = x.dtype.itemsize, type.size, type.numpy
    if had < gets and x.shape[-1:] != (gets // had,):
        raise InvalidArgumentError(None, None, f"Cannot bitcast from {x.dtype} to {type.name}: shape {x.shape}")
    x = k.xp.ascontiguousarray(x).reshape(x.shape)  # which makes a vector of a scalar
    if had == gets:
        return x.view(target)
    flat = x.reshape(-1).view(target)
    return flat.reshape((*x.shape, had // gets) if had > gets else x.shape[:-1])


Bitcast = define(
    "Bitcast",
    "input:T -> output:type",
    shape=_recast_shape,
    kernel=_recast,
    grad=not_differentiable,
    view=True,
    types={"T": NUMBERS},
)


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The bytes of a tensor as another dtype.

    One that is n times narrower adds a last dimension of length n, one that is n times wider takes one. Raises
    ValueError where that has another length.
    """
    return Bitcast(input, type=as_dtype(type), name=name)


def _coordinates(k: Any, indices: np.ndarray, dims: np.ndarray) -> np.ndarray:
    sizes = tuple(int(d) for d in dims)
    count = int(np.prod(sizes, dtype=np.int64))
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise InvalidArgumentError(None, None, "index is out of bound as with dims")
    return np.array(np.unravel_index(indices, sizes)).astype(indices.dtype).reshape(len(sizes), *indices.shape)


UnravelIndex = define(
    "UnravelIndex",
    "indices:I, dims:I -> output:I",
    shape=lambda indices, dims: TensorShape([dims.shape.with_rank(1)[0]]).concatenate(indices.shape),
    kernel=_coordinates,
    grad=not_differentiable,
    host=["indices", "dims"],
    host_result=True,
)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """[len(dims), …]: the coordinates of flat indices into an array of sizes `dims`.

    Raises InvalidArgumentError in a run for an index that it does not have.
    """
    return UnravelIndex(indices, dims, name=name)


__all__ = [
    "bitcast", "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift", "unravel_index",
]  # fmt: skip
