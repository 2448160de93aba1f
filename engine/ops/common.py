"""What the ops of neural networks share: pairs computed in float32, layouts of images, gradients known to be zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import is_half
from ..graph import Tensor
from ..registry import Rule
from ..shapes import TensorShape
from .joining import with_known_rank

Array = Any  # numpy.ndarray or cupy.ndarray


def pair_in_float32(kernel: Rule) -> Rule:
    """`in_float32` for a kernel with two results."""

    def widened(k: Any, *arrays: Array) -> tuple[Array, Array]:
        dtype = arrays[0].dtype
        if not is_half(dtype):
            return kernel(k, *arrays)
        first, second = kernel(k, *(k.cast(a, np.float32) if a.dtype == dtype else a for a in arrays))
        return k.cast(first, dtype), k.cast(second, dtype)

    return widened


def is_zeros(tensor: Tensor) -> bool:
    """Whether the graph shows that a tensor is all zeros, as the gradient of an unused output is."""
    op = tensor.op
    if op.type == "Fill":
        op = op.inputs[1].op
    return op.type == "ZerosLike" or (op.type == "Const" and not op.attrs["value"].any())


def of_rank(tensor: Tensor, rank: int) -> TensorShape:
    """The tensor's shape, known to be of that rank. Raises ValueError in TensorFlow's words where it is of another."""
    return with_known_rank(tensor.shape, rank)


def channels_last(k: Any, array: Array, data_format: str) -> Array:
    """An image in NHWC order, from `data_format`."""
    return array if data_format == "NHWC" else k.xp.ascontiguousarray(k.xp.moveaxis(array, 1, -1))


def channels_back(k: Any, array: Array, data_format: str) -> Array:
    """The inverse of `channels_last`."""
    return array if data_format == "NHWC" else k.xp.ascontiguousarray(k.xp.moveaxis(array, -1, 1))


def sizes_last(sizes: np.ndarray, data_format: str) -> tuple[int, ...]:
    """The shape of an image in NHWC order, from that in `data_format`."""
    batch, *rest = sizes.tolist()
    return (batch, *rest) if data_format == "NHWC" else (batch, *rest[1:], rest[0])


def check_data_format(data_format: str | None, op_type: str, allowed: tuple[str, ...] = ("NHWC", "NCHW")) -> str:
    """The layout's name. Raises ValueError for one that the op does not know."""
    data_format = data_format or allowed[0]
    if data_format not in allowed:
        names = ", ".join(f'"{name}"' for name in allowed)
        raise ValueError(f"Attr 'data_format' of '{op_type}' Op passed string '{data_format}' not in: {names}.")
    return data_format
