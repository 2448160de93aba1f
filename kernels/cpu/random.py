"""What is made from random fills, on either side; every value is TensorFlow's own for the same seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import Array
from ..fills import Offset, is_counter, uniform
from ..philox import INTEGERS, Seed, reserved_multinomial

__all__ = ["multinomial"]


def multinomial(
    logits: np.ndarray, num_samples: int, seed: Seed, dtype: DTypeLike = np.int64, offset: Offset = 0
) -> np.ndarray:
    """Class numbers [batch, num_samples] drawn as tf.multinomial does from unscaled log weights.

    A GPU may round the running sums of the weights otherwise than the CPU, so that a draw within some 1e-16 of the
    border of two classes may fall to the other one. The result is new memory: not for capture in a CUDA graph.

    Args:
        logits: floats of shape [batch, classes]; classes whose entry is not finite are never drawn.
        num_samples: draws for each row.
        seed, offset: as in `uniform` of float64, of which a draw takes one element; a counter is moved on by
            `philox.reserved_multinomial`.
        dtype: of the result, int32 or int64.

    Raises:
        ValueError: `logits` is not of rank two or has no classes, or num_samples is negative.
        TypeError: `dtype` is not int32 or int64.
    """
    return draw_classes(logits, num_samples, seed, dtype, offset, np)


def draw_classes(logits: Array, num_samples: int, seed: Seed, dtype: DTypeLike, offset: Offset, xp: Any) -> Array:
    """`multinomial` in the functions of an array library."""
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ValueError(f"logits must have shape [batch, classes] with classes > 0, not {logits.shape}")
    if num_samples < 0:
        raise ValueError(f"num_samples={num_samples} must not be negative")
    if np.dtype(dtype) not in INTEGERS:
        raise TypeError(f"multinomial gives int32 or int64, not {np.dtype(dtype)}")
    draws = xp.empty((logits.shape[0], num_samples), np.float64)
    uniform(draws, seed, offset=offset.copy() if is_counter(offset) else offset)
    if is_counter(offset):
        offset += reserved_multinomial(*draws.shape)
    wide = logits.astype(np.float64)
    finite = xp.isfinite(wide)
    top = xp.where(finite, wide, -np.inf).max(axis=1, keepdims=True)
    weights = xp.exp(xp.where(finite, wide - xp.where(xp.isfinite(top), top, 0), -np.inf))
    cumulative = xp.cumsum(weights, axis=1)
    search = search_rows if xp is np else bisect_rows
    return search(cumulative, draws * cumulative[:, -1:], xp).astype(dtype)


def search_rows(rows: Array, values: Array, xp: Any) -> Array:
    """For values [batch, n] and rows [batch, m] in rising order: how many of its row each value reaches, [batch, n]."""
    found = xp.empty(values.shape, np.int64)
    for i in range(len(rows)):
        found[i] = xp.searchsorted(rows[i], values[i], side="right")
    return found


def bisect_rows(rows: Array, values: Array, xp: Any) -> Array:
    """What `search_rows` gives, in steps that each halve the range of all values at once, as suits a GPU."""
    classes = rows.shape[1]
    low, high = xp.zeros(values.shape, np.int64), xp.full(values.shape, classes, np.int64)
    for _ in range(classes.bit_length()):
        middle = (low + high) // 2
        reached = (middle < high) & (xp.take_along_axis(rows, xp.minimum(middle, classes - 1), axis=1) <= values)
        low, high = xp.where(reached, middle + 1, low), xp.where(reached, high, middle)
    return low
