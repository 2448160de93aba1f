"""What the ops of neural networks share: halves computed in float32, layouts of images, gradients known to be zero."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Tensor

Array = Any  # numpy.ndarray or cupy.ndarray
Kernel = Callable[..., Any]


def is_half(dtype: np.dtype) -> bool:
    """Whether a NumPy dtype is float16 or bfloat16."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def in_float32(kernel: Kernel) -> Kernel:
    """The kernel with float16 and bfloat16 computed in float32 and rounded once, to the dtype of its first array."""

    @functools.wraps(kernel)
    def widened(k: Any, *arrays: Array, **attrs: Any) -> Any:
        dtype = arrays[0].dtype
        if not is_half(dtype):
            return kernel(k, *arrays, **attrs)
        result = kernel(k, *(k.cast(a, np.float32) if a.dtype == dtype else a for a in arrays), **attrs)
        return tuple(k.cast(r, dtype) for r in result) if isinstance(result, tuple) else k.cast(result, dtype)

    return widened


def is_zeros(tensor: Tensor) -> bool:
    """Whether the graph shows that a tensor is all zeros, as the gradient of an unused output is."""
    op = tensor.op
    if op.type == "Fill":
        op = op.inputs[1].op
    return op.type == "ZerosLike" or (op.type == "Const" and not op.attrs["value"].any())


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
