"""Dense kernels in the array library's own functions: the same code on NumPy and CuPy arrays.

Letters: N batch, H W height and width, C in, O out, M channel multiplier, KH KW window. Images are NHWC, filters HWIO
(depthwise: H, W, C, M). float16 and bfloat16 are computed in float32 and rounded once, at the end. A gradient's name
says what it is of; each is linear in what it is given, and is differentiated by the other two of its family.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .geometry import Padding, Pair, Windows, windows

Array = Any  # numpy.ndarray or cupy.ndarray

# Patches are gathered for as many rows of output at a time as fit this many bytes: they stay in the last-level cache.
PATCH_BYTES = 4 << 20

__all__ = [
    "avg_pool",
    "avg_pool_grad",
    "conv2d",
    "conv2d_filter_grad",
    "conv2d_input_grad",
    "depthwise_conv2d",
    "depthwise_conv2d_filter_grad",
    "depthwise_conv2d_input_grad",
    "matmul",
    "max_pool",
    "max_pool_grad",
    "max_pool_grad_grad",
]


_HOST_ARRAYS = (np.ndarray, np.generic)
_FLOAT32 = np.dtype(np.float32)

# --- What all of them need --------------------------------------------------------------------------------------------


def array_library(*arrays: Array) -> Any:
    """The module numpy or cupy that the arrays belong to; TypeError where they are neither or of both."""
    for array in arrays:
        if not isinstance(array, _HOST_ARRAYS):
            break
    else:
        return np
    kinds = {type(array) for array in arrays}
    if all(kind.__module__.partition(".")[0] == "cupy" for kind in kinds):
        import cupy

        return cupy
    names = " and ".join(sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds))
    raise TypeError(f"arrays must all be NumPy's or all be CuPy's, not {names}")


def _wide(dtype: np.dtype) -> np.dtype:
    """The dtype to compute in."""
    return _FLOAT32 if dtype.itemsize == 2 and dtype.kind in "fV" else dtype


def _operands(kernel: str, ranks: Sequence[int], **arrays: Array) -> tuple[Any, np.dtype, list[Array]]:
    """The arrays' library, their dtype, and the arrays in the dtype to compute in; checks ranks and dtypes."""
    values = list(arrays.values())
    xp = array_library(*values)
    dtype = values[0].dtype
    for (name, array), rank in zip(arrays.items(), ranks, strict=True):
        if array.ndim != rank:
            raise ValueError(f"{kernel}: {name} must have {rank} dimensions, but its shape is {array.shape}")
        if array.dtype != dtype:
            given = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
            raise TypeError(f"{kernel}: dtypes differ: {given}")
    wide = _wide(dtype)
    return xp, dtype, values if wide == dtype else [array.astype(wide) for array in values]


def _check_shape(kernel: str, name: str, shape: Sequence[int], expected: Sequence[int]) -> None:
    if tuple(shape) != tuple(expected):
        raise ValueError(f"{kernel}: {name} has shape {tuple(shape)}, expected {tuple(expected)}")


def _padded(xp: Any, x: Array, at: Windows, value: Any = 0) -> Array:
    """x [N, H, W, C] with its borders of `value`."""
    if at.padded == at.size:
        return x
    (top, _), (left, _) = at.padding
    height, width = at.size
    padded = xp.full((x.shape[0], *at.padded, x.shape[3]), value, x.dtype)
    padded[:, top : top + height, left : left + width] = x
    return padded


def _unpadded(padded: Array, at: Windows) -> Array:
    (top, _), (left, _) = at.padding
    return padded[:, top : top + at.size[0], left : left + at.size[1]]


# --- Products ---------------------------------------------------------------------------------------------------------


def matmul(a: Array, b: Array, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    """a @ b of matrices in the last two dimensions; the others are batch dimensions and broadcast.

    Args:
        a: [..., m, k], or [..., k, m] with transpose_a.
        b: [..., k, n], or [..., n, k] with transpose_b; of a's dtype.

    Raises:
        ValueError: fewer than two dimensions, inner dimensions that differ, batch dimensions that do not broadcast.
        TypeError: dtypes that differ, arrays of two libraries.
    """
    xp, dtype, (wide_a, wide_b) = _operands("matmul", (max(a.ndim, 2), max(b.ndim, 2)), a=a, b=b)
    wide_a = wide_a.swapaxes(-1, -2) if transpose_a else wide_a
    wide_b = wide_b.swapaxes(-1, -2) if transpose_b else wide_b
    if wide_a.shape[-1] != wide_b.shape[-2]:
        raise ValueError(
            f"matmul: inner dimensions differ: {a.shape}{' transposed' * transpose_a} by "
            f"{b.shape}{' transposed' * transpose_b}"
        )
    if a.ndim > 2 and b.ndim > 2:
        try:
            np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        except ValueError:
            raise ValueError(f"matmul: the batch dimensions of {a.shape} and {b.shape} do not broadcast") from None
    return xp.matmul(wide_a, wide_b).astype(dtype, copy=False)


# --- Convolution: gathered patches times the filter as a matrix -------------------------------------------------------


def _patches(xp: Any, padded: Array, at: Windows) -> Array:
    """A view [N, OH, OW, KH, KW, C] of what each window sees."""
    n, h, w, c = padded.strides
    return xp.lib.stride_tricks.as_strided(
        padded,
        (padded.shape[0], *at.output, *at.window, padded.shape[3]),
        (n, h * at.strides[0], w * at.strides[1], h * at.dilations[0], w * at.dilations[1], c),
    )


def _blocks(patches: Array) -> Iterator[tuple[slice, slice]]:
    """Index (images, rows) of parts of the patches of about PATCH_BYTES: whole images, or rows of one."""
    batch, rows = patches.shape[:2]
    row_bytes = math.prod(patches.shape[2:]) * patches.itemsize
    if rows * row_bytes <= PATCH_BYTES:
        images = max(PATCH_BYTES // (rows * row_bytes), 1)
        yield from ((slice(n, n + images), slice(None)) for n in range(0, batch, images))
    else:
        count = max(PATCH_BYTES // row_bytes, 1)
        yield from ((slice(n, n + 1), slice(row, row + count)) for n in range(batch) for row in range(0, rows, count))


def conv2d(x: Array, w: Array, strides: Pair = (1, 1), padding: Padding = "SAME", dilations: Pair = (1, 1)) -> Array:
    """y[n, i, j, o] = sum over (k, l, c) of x[n, i * s + k * d - top, j * s + l * d - left, c] * w[k, l, c, o].

    Args:
        x: images [N, H, W, C].
        w: filters [KH, KW, C, O], of x's dtype.
        strides, dilations: of (height, width).
        padding: "SAME", "VALID" or ((top, bottom), (left, right)).

    Returns:
        [N, OH, OW, O] with the sizes of `geometry.conv_output_size`. Extra memory: the padded x and PATCH_BYTES.

    Raises:
        ValueError: another rank, channels that differ, geometry that `geometry.conv_output_size` refuses.
        TypeError: dtypes that differ, arrays of two libraries.
    """
    xp, dtype, (wide_x, wide_w) = _operands("conv2d", (4, 4), x=x, w=w)
    _check_shape("conv2d", "w", w.shape, (*w.shape[:2], x.shape[3], w.shape[3]))
    at = windows(x.shape[1:3], w.shape[:2], strides, padding, dilations)
    y = xp.zeros((x.shape[0], *at.output, w.shape[3]), wide_x.dtype)
    if y.size and x.size:
        matrix = wide_w.reshape(-1, w.shape[3])
        patches = _patches(xp, _padded(xp, wide_x, at), at)
        for block in _blocks(patches):
            part = y[block]
            part[...] = (patches[block].reshape(-1, len(matrix)) @ matrix).reshape(part.shape)
    return y.astype(dtype, copy=False)


def conv2d_filter_grad(
    x: Array,
    w_shape: Sequence[int],
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
) -> Array:
    """The gradient of sum(conv2d(x, w, ...) * dy) with respect to w: an array of w_shape. Raises as `conv2d` does."""
    xp, dtype, (wide_x, wide_dy) = _operands("conv2d_filter_grad", (4, 4), x=x, dy=dy)
    at = windows(x.shape[1:3], (w_shape[0], w_shape[1]), strides, padding, dilations)
    _check_shape("conv2d_filter_grad", "w", w_shape, (*at.window, x.shape[3], w_shape[3]))
    _check_shape("conv2d_filter_grad", "dy", dy.shape, (x.shape[0], *at.output, w_shape[3]))
    dw = xp.zeros((math.prod(w_shape[:3]), w_shape[3]), wide_x.dtype)
    if dw.size and dy.size:
        patches = _patches(xp, _padded(xp, wide_x, at), at)
        for block in _blocks(patches):
            dw += patches[block].reshape(-1, len(dw)).T @ wide_dy[block].reshape(-1, w_shape[3])
    return dw.reshape(w_shape).astype(dtype, copy=False)


def conv2d_input_grad(
    x_shape: Sequence[int],
    w: Array,
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
) -> Array:
    """The gradient of sum(conv2d(x, w, ...) * dy) with respect to x: an array of x_shape. Raises as `conv2d` does.

    Each cell of the window sends dy times its matrix to what it saw, so that no zero of a stride is multiplied.
    """
    xp, dtype, (wide_w, wide_dy) = _operands("conv2d_input_grad", (4, 4), w=w, dy=dy)
    at = windows((x_shape[1], x_shape[2]), w.shape[:2], strides, padding, dilations)
    _check_shape("conv2d_input_grad", "w", w.shape, (*at.window, x_shape[3], w.shape[3]))
    _check_shape("conv2d_input_grad", "dy", dy.shape, (x_shape[0], *at.output, w.shape[3]))
    padded = xp.zeros((x_shape[0], *at.padded, x_shape[3]), wide_w.dtype)
    rows = wide_dy.reshape(math.prod(dy.shape[:3]), w.shape[3])
    for i, j, seen in at.cells():
        padded[seen] += (rows @ wide_w[i, j].T).reshape(*dy.shape[:3], x_shape[3])
    return _unpadded(padded, at).astype(dtype, copy=False)


# --- Depthwise convolution: cell by cell of the window ----------------------------------------------------------------


def depthwise_conv2d(
    x: Array, w: Array, strides: Pair = (1, 1), padding: Padding = "SAME", dilations: Pair = (1, 1)
) -> Array:
    """conv2d of each channel alone: x [N, H, W, C] and w [KH, KW, C, M] make [N, OH, OW, C * M].

    Channel c makes the channels c * M to c * M + M - 1. Arguments and errors are those of `conv2d`.
    """
    xp, dtype, (wide_x, wide_w) = _operands("depthwise_conv2d", (4, 4), x=x, w=w)
    channels, multiplier = w.shape[2:]
    _check_shape("depthwise_conv2d", "w", w.shape, (*w.shape[:2], x.shape[3], multiplier))
    at = windows(x.shape[1:3], w.shape[:2], strides, padding, dilations)
    y = xp.zeros((x.shape[0], *at.output, channels, multiplier), wide_x.dtype)
    padded = _padded(xp, wide_x, at)
    for i, j, seen in at.cells():
        y += padded[seen][..., None] * wide_w[i, j]
    return y.reshape(x.shape[0], *at.output, channels * multiplier).astype(dtype, copy=False)


def depthwise_conv2d_input_grad(
    x_shape: Sequence[int],
    w: Array,
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
) -> Array:
    """The gradient of sum(depthwise_conv2d(x, w, ...) * dy) with respect to x: an array of x_shape."""
    xp, dtype, (wide_w, wide_dy) = _operands("depthwise_conv2d_input_grad", (4, 4), w=w, dy=dy)
    channels, multiplier = w.shape[2:]
    at = windows((x_shape[1], x_shape[2]), w.shape[:2], strides, padding, dilations)
    _check_shape("depthwise_conv2d_input_grad", "w", w.shape, (*at.window, x_shape[3], multiplier))
    _check_shape("depthwise_conv2d_input_grad", "dy", dy.shape, (x_shape[0], *at.output, channels * multiplier))
    padded = xp.zeros((x_shape[0], *at.padded, x_shape[3]), wide_w.dtype)
    by_channel = wide_dy.reshape(*dy.shape[:3], channels, multiplier)
    for i, j, seen in at.cells():
        padded[seen] += (by_channel * wide_w[i, j]).sum(axis=-1)
    return _unpadded(padded, at).astype(dtype, copy=False)


def depthwise_conv2d_filter_grad(
    x: Array,
    w_shape: Sequence[int],
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
) -> Array:
    """The gradient of sum(depthwise_conv2d(x, w, ...) * dy) with respect to w: an array of w_shape."""
    xp, dtype, (wide_x, wide_dy) = _operands("depthwise_conv2d_filter_grad", (4, 4), x=x, dy=dy)
    channels, multiplier = w_shape[2], w_shape[3]
    at = windows(x.shape[1:3], (w_shape[0], w_shape[1]), strides, padding, dilations)
    _check_shape("depthwise_conv2d_filter_grad", "w", w_shape, (*at.window, x.shape[3], multiplier))
    _check_shape("depthwise_conv2d_filter_grad", "dy", dy.shape, (x.shape[0], *at.output, channels * multiplier))
    padded = _padded(xp, wide_x, at)
    by_channel = wide_dy.reshape(*dy.shape[:3], channels, multiplier)
    dw = xp.zeros(tuple(w_shape), wide_x.dtype)
    for i, j, seen in at.cells():
        dw[i, j] = (padded[seen][..., None] * by_channel).sum(axis=(0, 1, 2))
    return dw.astype(dtype, copy=False)


# --- Pools ------------------------------------------------------------------------------------------------------------


def _lowest(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -math.inf


def max_pool(x: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID") -> Array:
    """The greatest value in each window of x [N, H, W, C]; padding counts as less than any.

    Raises ValueError for another rank and for geometry that `geometry.conv_output_size` refuses.
    """
    xp, dtype, (x,) = _operands("max_pool", (4,), x=x)
    at = windows(x.shape[1:3], ksize, strides, padding)
    padded = _padded(xp, x, at, _lowest(x.dtype))
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


def max_pool_grad(
    x: Array, y: Array, dy: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID"
) -> Array:
    """The gradient of sum(max_pool(x, ...) * dy) with respect to x, where y is max_pool(x, ...).

    Of equal values in a window the first, in row order, takes all.
    """
    xp, dtype, (x, y, dy) = _operands("max_pool_grad", (4, 4, 4), x=x, y=y, dy=dy)
    at = windows(x.shape[1:3], ksize, strides, padding)
    for name, array in (("y", y), ("dy", dy)):
        _check_shape("max_pool_grad", name, array.shape, (x.shape[0], *at.output, x.shape[3]))
    padded = _padded(xp, x, at, _lowest(x.dtype))
    dx = xp.zeros(padded.shape, x.dtype)
    for seen, first in _firsts(xp, padded, y, at):
        dx[seen] += xp.where(first, dy, dy.dtype.type(0))
    return _unpadded(dx, at).astype(dtype, copy=False)


def max_pool_grad_grad(
    x: Array, y: Array, ddx: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID"
) -> Array:
    """The gradient of sum(max_pool_grad(x, y, dy, ...) * ddx) with respect to dy: ddx where each maximum stands."""
    xp, dtype, (x, y, ddx) = _operands("max_pool_grad_grad", (4, 4, 4), x=x, y=y, ddx=ddx)
    at = windows(x.shape[1:3], ksize, strides, padding)
    _check_shape("max_pool_grad_grad", "y", y.shape, (x.shape[0], *at.output, x.shape[3]))
    _check_shape("max_pool_grad_grad", "ddx", ddx.shape, x.shape)
    padded_ddx = _padded(xp, ddx, at)
    ddy = xp.zeros(y.shape, x.dtype)
    for seen, first in _firsts(xp, _padded(xp, x, at, _lowest(x.dtype)), y, at):
        ddy += xp.where(first, padded_ddx[seen], ddx.dtype.type(0))
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
    xp, dtype, (x,) = _operands("avg_pool", (4,), x=x)
    at = windows(x.shape[1:3], ksize, strides, padding)
    padded = _padded(xp, x, at)
    y = xp.zeros((x.shape[0], *at.output, x.shape[3]), x.dtype)
    for _, _, seen in at.cells():
        y += padded[seen]
    return (y / _real_cells(xp, at, x.dtype)).astype(dtype, copy=False)


def avg_pool_grad(
    x_shape: Sequence[int], dy: Array, ksize: Pair, strides: Pair = (1, 1), padding: Padding = "VALID"
) -> Array:
    """The gradient of sum(avg_pool(x, ...) * dy) with respect to x: an array of x_shape."""
    xp, dtype, (dy,) = _operands("avg_pool_grad", (4,), dy=dy)
    at = windows((x_shape[1], x_shape[2]), ksize, strides, padding)
    _check_shape("avg_pool_grad", "dy", dy.shape, (x_shape[0], *at.output, x_shape[3]))
    shares = dy / _real_cells(xp, at, dy.dtype)
    dx = xp.zeros((x_shape[0], *at.padded, x_shape[3]), dy.dtype)
    for _, _, seen in at.cells():
        dx[seen] += shares
    return _unpadded(dx, at).astype(dtype, copy=False)
