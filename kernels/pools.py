"""Pools and their gradients in the array library's own functions: the same code on NumPy and CuPy arrays.

Max pools of NumPy's float32 images and their gradients have kernels (cpu/maxima.py), which take large ones.

Images are NHWC. float16 and bfloat16 are computed in float32 and rounded once, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .arrays import Array, check_operands, check_rank, check_shape, wide_dtype
from .choosing import kept
from .cpu import maxima
from .geometry import Padding, Pair, Windows, windows
from .plain import with_border, without_border

_TASK = 1 << 18  # cells of images that a thread takes at a time

__all__ = ["avg_pool", "avg_pool_grad", "max_pool", "max_pool_grad", "max_pool_grad_grad"]


def _operands(kernel: str, **arrays: Array) -> tuple[Any, np.dtype, list[Array]]:
    """The images' library, their dtype, and the images in the dtype to compute in."""
    xp = check_operands(kernel, arrays)
    for name, array in arrays.items():
        check_rank(kernel, name, array, 4)
    values = list(arrays.values())
    dtype = values[0].dtype
    return xp, dtype, [array.astype(wide_dtype(dtype), copy=False) for array in values]


def _lowest(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -math.inf


def max_pool(x: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID") -> Array:
    """The greatest value in each window of x [N, H, W, C]; padding counts as less than any.

    Raises ValueError for another rank and for geometry that `geometry.conv_output_size` refuses.
    """
    xp, dtype, (x,) = _operands("max_pool", x=x)
    at = windows(x.shape[1:3], ksize, strides, padding)
    if maxima.suits(x):
        return maxima.max_pool(x, at).astype(dtype, copy=False)
    padded = with_border(xp, x, at, _lowest(x.dtype))
    y = xp.full((x.shape[0], *at.output, x.shape[3]), _lowest(x.dtype), x.dtype)
    for _, _, seen in at.cells():
        xp.maximum(y, padded[seen], out=y)
    return y.astype(dtype, copy=False)


def _firsts(xp: Any, padded: Array, y: Array, at: Windows) -> Iterator[tuple[tuple[slice, ...], Array]]:
    """Each cell's index with the mask of the windows whose maximum y stands there first, in row order."""
    waiting = xp.ones(y.shape, bool)
    for _, _, seen in at.cells():
        first = waiting & (padded[seen] == y)
        waiting &= ~first
        yield seen, first


def _by_images(kernel: Callable[..., Array], x: Array, *more: Array) -> Array:
    """kernel(x, *more), an array like x: on a CPU the images of a large batch are shared out among threads."""
    tasks = min(len(x), x.size // _TASK)
    if tasks < 2 or not isinstance(x, np.ndarray):
        return kernel(x, *more)
    from .cpu.threads import share

    result = np.empty(x.shape, x.dtype)

    def part(task: int) -> None:
        some = slice(len(x) * task // tasks, len(x) * (task + 1) // tasks)
        with np.errstate(all="ignore"):  # which each thread has for itself
            result[some] = kernel(x[some], *(array[some] for array in more))

    share(tasks, part)
    return result


def max_pool_grad(
    x: Array, y: Array, dy: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID"
) -> Array:
    """The gradient of sum(max_pool(x, ...) * dy) with respect to x, where y is max_pool(x, ...).

    Of equal values in a window the first, in row order, takes all.
    """
    xp, dtype, (x, y, dy) = _operands("max_pool_grad", x=x, y=y, dy=dy)
    at = windows(x.shape[1:3], ksize, strides, padding)
    for name, array in (("y", y), ("dy", dy)):
        check_shape("max_pool_grad", name, array.shape, (x.shape[0], *at.output, x.shape[3]))
    if maxima.suits(x):
        return maxima.max_pool_grad(x, y, dy, at).astype(dtype, copy=False)

    def of_some(x: Array, y: Array, dy: Array) -> Array:
        padded = with_border(xp, x, at, _lowest(x.dtype))
        dx = xp.zeros(padded.shape, x.dtype)
        for seen, first in _firsts(xp, padded, y, at):
            dx[seen] += kept(first, dy)
        return without_border(dx, at)

    return _by_images(of_some, x, y, dy).astype(dtype, copy=False)


def max_pool_grad_grad(
    x: Array, y: Array, ddx: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID"
) -> Array:
    """The gradient of sum(max_pool_grad(x, y, dy, ...) * ddx) with respect to dy: ddx where each maximum stands."""
    xp, dtype, (x, y, ddx) = _operands("max_pool_grad_grad", x=x, y=y, ddx=ddx)
    at = windows(x.shape[1:3], ksize, strides, padding)
    check_shape("max_pool_grad_grad", "y", y.shape, (x.shape[0], *at.output, x.shape[3]))
    check_shape("max_pool_grad_grad", "ddx", ddx.shape, x.shape)
    padded_ddx = with_border(xp, ddx, at)
    ddy = xp.zeros(y.shape, x.dtype)
    for seen, first in _firsts(xp, with_border(xp, x, at, _lowest(x.dtype)), y, at):
        ddy += kept(first, padded_ddx[seen])
    return ddy.astype(dtype, copy=False)


def _real_cells(xp: Any, at: Windows, dtype: np.dtype) -> Array:
    """[OH, OW, 1]: how many cells of each window lie inside the image."""
    counts = []
    for size, window, stride, (before, _), output in zip(
        at.size, at.window, at.strides, at.padding, at.output, strict=True
    ):
        begin = np.arange(output) * stride - before
        counts.append(np.minimum(begin + window, size) - np.maximum(begin, 0))
    return xp.asarray((counts[0][:, None] * counts[1])[..., None].astype(dtype))


def avg_pool(x: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID") -> Array:
    """The mean of the real cells in each window of x [N, H, W, C]; padding is not counted. Raises as `max_pool`."""
    xp, dtype, (x,) = _operands("avg_pool", x=x)
    at = windows(x.shape[1:3], ksize, strides, padding)
    padded = with_border(xp, x, at)
    y = xp.zeros((x.shape[0], *at.output, x.shape[3]), x.dtype)
    for _, _, seen in at.cells():
        y += padded[seen]
    return (y / _real_cells(xp, at, x.dtype)).astype(dtype, copy=False)


def avg_pool_grad(
    x_shape: Sequence[int], dy: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID"
) -> Array:
    """The gradient of sum(avg_pool(x, ...) * dy) with respect to x: an array of x_shape."""
    xp, dtype, (dy,) = _operands("avg_pool_grad", dy=dy)
    at = windows((x_shape[1], x_shape[2]), ksize, strides, padding)
    check_shape("avg_pool_grad", "dy", dy.shape, (x_shape[0], *at.output, x_shape[3]))
    shares = dy / _real_cells(xp, at, dy.dtype)
    dx = xp.zeros((x_shape[0], *at.padded, x_shape[3]), dy.dtype)
    for _, _, seen in at.cells():
        dx[seen] += shares
    return without_border(dx, at).astype(dtype, copy=False)
