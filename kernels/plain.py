"""Products and convolutions in the array library's own functions: the same code on NumPy and CuPy arrays.

These are what is left to compute where no faster kernel is: the arguments are checked (kernels/dense.py), the arrays
contiguous and of one dtype, float32, float64 or integers, and the result goes into `out`. Letters: N batch, H W height
and width, C in, O out, M channel multiplier, KH KW window. Images are NHWC, filters HWIO (depthwise: H, W, C, M).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import products
from .arrays import Array
from .choosing import choose
from .geometry import Windows

# Patches are gathered for as many rows of output at a time as fit this many bytes: they stay in the last-level cache.
PATCH_BYTES = 4 << 20


def library_of(array: Array) -> Any:
    """The module, numpy or cupy, of an array."""
    if isinstance(array, np.ndarray):
        return np
    import cupy

    return cupy


# --- What follows a product: bias and activation ----------------------------------------------------------------------


def _relu(xp: Any, y: Array) -> None:
    xp.maximum(y, 0, out=y)


def _relu6(xp: Any, y: Array) -> None:
    xp.maximum(y, 0, out=y)
    xp.minimum(y, 6, out=y)


def _leaky_relu(xp: Any, y: Array) -> None:
    xp.maximum(y, y * 0.2, out=y)  # tf.nn's default slope


def _elu(xp: Any, y: Array) -> None:
    y[...] = choose(xp, y < 0, xp.expm1(xp.minimum(y, 0)), y)


def _sigmoid(xp: Any, y: Array) -> None:
    shrunk = xp.exp(-xp.abs(y))  # never overflows
    y[...] = choose(xp, y < 0, shrunk, y.dtype.type(1)) / (1 + shrunk)


ACTIVATIONS: dict[str, Callable[[Any, Array], None]] = {  # each in place
    "relu": _relu,
    "relu6": _relu6,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "tanh": lambda xp, y: xp.tanh(y, out=y),
    "sigmoid": _sigmoid,
}


def finish(y: Array, bias: Array | None, activation: str | None) -> None:
    """y = activation(y + bias), in place; the bias is along the last dimension."""
    if bias is not None:
        y += bias
    if activation is not None:
        ACTIVATIONS[activation](library_of(y), y)


# --- Products ---------------------------------------------------------------------------------------------------------


def _product(xp: Any, a: Array, b: Array, out: Array | None = None) -> Array:
    """a b, the library's."""
    multiply = products.matmul if xp is np and a.dtype.char in "fd" else xp.matmul
    return multiply(a, b, out=out)


def matmul(
    a: Array,
    b: Array,
    transpose_a: bool,
    transpose_b: bool,
    out: Array,
    bias: Array | None = None,
    activation: str | None = None,
    accumulate: bool = False,
) -> None:
    """out [..., m, n] = activation(a b + bias), or with `accumulate` activation(out + a b + bias)."""
    xp = library_of(out)
    a = a.swapaxes(-1, -2) if transpose_a else a
    b = b.swapaxes(-1, -2) if transpose_b else b
    if accumulate:
        out += _product(xp, a, b)
    else:
        _product(xp, a, b, out)
    finish(out, bias, activation)


# --- Convolution: gathered patches times the filter as a matrix -------------------------------------------------------


def with_border(xp: Any, x: Array, at: Windows, value: Any = 0) -> Array:
    """x [N, H, W, C] with the padding of `at` around it, filled with `value`; x itself where there is none."""
    if at.padded == at.size:
        return x
    (top, _), (left, _) = at.padding
    height, width = at.size
    padded = xp.full((x.shape[0], *at.padded, x.shape[3]), value, x.dtype)
    padded[:, top : top + height, left : left + width] = x
    return padded


def without_border(padded: Array, at: Windows) -> Array:
    """The view of a padded image that leaves the padding of `at` out."""
    (top, _), (left, _) = at.padding
    return padded[:, top : top + at.size[0], left : left + at.size[1]]


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


def conv2d(
    x: Array, w: Array, at: Windows, out: Array, bias: Array | None = None, activation: str | None = None
) -> None:
    """out = activation(x * w + bias). Extra memory: the padded x and PATCH_BYTES."""
    if not (x.size and out.size):
        out.fill(0)
        finish(out, bias, activation)
        return
    xp = library_of(out)
    matrix = w.reshape(-1, w.shape[3])
    patches = _patches(xp, with_border(xp, x, at), at)
    for block in _blocks(patches):
        part = out[block].reshape(-1, w.shape[3])  # whole rows of a contiguous array: a view
        _product(xp, patches[block].reshape(-1, len(matrix)), matrix, part)
        finish(part, bias, activation)


def conv2d_input_grad(w: Array, dy: Array, at: Windows, out: Array) -> None:
    """out = the gradient of sum(conv2d(x, w) * dy) with respect to x.

    Each cell of the window sends dy times its matrix to what it saw, so that no zero of a stride is multiplied. Extra
    memory: the padded out and as much as dy would take with C channels.
    """
    xp = library_of(out)
    padded = out if at.padded == at.size else xp.empty((out.shape[0], *at.padded, out.shape[3]), out.dtype)
    padded.fill(0)
    rows = dy.reshape(math.prod(dy.shape[:3]), dy.shape[3])
    for i, j, seen in at.cells():
        padded[seen] += _product(xp, rows, w[i, j].T).reshape(*dy.shape[:3], out.shape[3])
    if padded is not out:
        out[...] = without_border(padded, at)


def conv2d_filter_grad(x: Array, dy: Array, at: Windows, out: Array) -> None:
    """out = the gradient of sum(conv2d(x, w) * dy) with respect to w. Extra memory as for `conv2d`."""
    out.fill(0)
    if not (out.size and dy.size):
        return
    xp = library_of(out)
    dw = out.reshape(-1, out.shape[3])
    patches = _patches(xp, with_border(xp, x, at), at)
    for block in _blocks(patches):
        dw += _product(xp, patches[block].reshape(-1, len(dw)).T, dy[block].reshape(-1, out.shape[3]))


# --- Depthwise convolution: cell by cell of the window ----------------------------------------------------------------


def depthwise_conv2d(
    x: Array, w: Array, at: Windows, out: Array, bias: Array | None = None, activation: str | None = None
) -> None:
    """conv2d of each channel c alone with the M filters w [KH, KW, c], which make the channels c M to c M + M - 1."""
    channels, multiplier = w.shape[2:]
    out.fill(0)
    y = out.reshape(*out.shape[:3], channels, multiplier)
    padded = with_border(library_of(out), x, at)
    for i, j, seen in at.cells():
        y += padded[seen][..., None] * w[i, j]
    finish(out, bias, activation)


def depthwise_conv2d_input_grad(w: Array, dy: Array, at: Windows, out: Array) -> None:
    """out = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to x."""
    channels, multiplier = w.shape[2:]
    padded = library_of(out).zeros((out.shape[0], *at.padded, channels), out.dtype)
    by_channel = dy.reshape(*dy.shape[:3], channels, multiplier)
    for i, j, seen in at.cells():
        padded[seen] += (by_channel * w[i, j]).sum(axis=-1)
    out[...] = without_border(padded, at)


def depthwise_conv2d_filter_grad(x: Array, dy: Array, at: Windows, out: Array) -> None:
    """out = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to w."""
    channels, multiplier = out.shape[2:]
    padded = with_border(library_of(out), x, at)
    by_channel = dy.reshape(*dy.shape[:3], channels, multiplier)
    for i, j, seen in at.cells():
        out[i, j] = (padded[seen][..., None] * by_channel).sum(axis=(0, 1, 2))
