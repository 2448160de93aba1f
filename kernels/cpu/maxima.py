"""Float32 max pools of NumPy arrays, in parallel; a kernel is compiled, or read from disk, at its first use.

Arguments are checked (kernels/pools.py), float32 and contiguous. Bits are those of the array library's functions, but
where windows overlap, whose gradients are added in another order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..geometry import Windows
from . import threads
from .calling import floats, kernel_of

if TYPE_CHECKING:
    from .walking import Walk

FEW_FLOATS = 1 << 13  # of images, for which the array library is quicker
TASK_FLOATS = 1 << 16  # of images, at least, or a task costs more to hand out than to do


def suits(x: np.ndarray) -> bool:
    """Whether the kernels are the quicker way: channels fill vectors."""
    if not isinstance(x, np.ndarray) or x.dtype != np.float32 or x.size < FEW_FLOATS:
        return False
    from .walking import LANES

    return x.shape[3] >= LANES


def walk_of(at: Windows, channels: int) -> Walk:
    """How the windows walk over images of so many channels, cell by cell."""
    from .walking import Walk

    (top, _), (left, _) = at.padding
    return Walk(*at.size, channels, *at.output, *at.window, channels, *at.strides, *at.dilations, top, left)


def parts_of(units: int, size: int) -> list[tuple[int, int]]:
    """The tasks of so many units, of `size` floats in all."""
    return threads.parts(units, -(-units * TASK_FLOATS // size))


def max_pool(x: np.ndarray, at: Windows) -> np.ndarray:
    """The greatest number of each window."""
    kernel = kernel_of("max_pool")
    x = np.ascontiguousarray(x)
    y = np.empty((x.shape[0], *at.output, x.shape[3]), np.float32)
    kernel.share((floats(x), walk_of(at, x.shape[3]), floats(y)), parts_of(len(x) * at.output[0], x.size))
    return y


def max_pool_grad(x: np.ndarray, y: np.ndarray, dy: np.ndarray, at: Windows) -> np.ndarray:
    """dy of each window where its maximum stands first."""
    kernel = kernel_of("max_pool_grad")
    x, y, dy = (np.ascontiguousarray(array) for array in (x, y, dy))
    dx = np.empty_like(x)
    values = floats(x), floats(y), floats(dy), walk_of(at, x.shape[3]), floats(dx)
    kernel.share(values, parts_of(len(x), x.size))
    return dx
