"""One loop over large float32 NumPy arrays, in parallel, where NumPy's functions take several, with the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import threads
from .calling import floats, kernel_of

MANY = 1 << 13  # elements, from which on one loop is quicker than NumPy's two
MANY_MOVED = 1 << 8  # the same of a step of Adam, for which NumPy takes ten
MANY_SUMMED = 1 << 17  # of which NumPy's sums are slower
MOST_SUMS = 64
TASK_FLOATS = 1 << 16  # at least: to wake a thread takes as long


def suits(*arrays: Any, many: int | None = None) -> bool:
    """Whether the loops take these: contiguous arrays of one shape, of so many elements."""
    first = arrays[0]
    return first.size >= (MANY if many is None else many) and all(
        isinstance(array, np.ndarray)
        and array.dtype == np.float32
        and array.shape == first.shape
        and array.flags.c_contiguous
        for array in arrays
    )


def relu_grad(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dy * (y > 0)."""
    out = np.empty_like(dy)
    kernel_of("relu_grad").share((floats(dy), floats(y), floats(out)), threads.parts(dy.size, TASK_FLOATS))
    return out


def adam(
    var: np.ndarray, m: np.ndarray, v: np.ndarray, grad: np.ndarray, size: Any, to_m: Any, to_v: Any, epsilon: Any
) -> None:
    """m += (grad - m) to_m;  v += (grad² - v) to_v;  var -= m / (√v + epsilon) size."""
    factors = np.array([size, to_m, to_v, epsilon], np.float32)
    arrays = floats(var), floats(m), floats(v), floats(grad), floats(factors)
    if var.size < 2 * TASK_FLOATS:
        kernel_of("adam")(*arrays, 0, var.size)
    else:
        kernel_of("adam").share(arrays, threads.parts(var.size, TASK_FLOATS))


def suits_sum(x: Any) -> bool:
    """Whether `sum_rows` takes these rows, and is the quicker way."""
    if not suits(x) or x.size < MANY_SUMMED:
        return False
    from .walking import LANES

    return x.shape[1] >= LANES


def sum_rows(x: np.ndarray) -> np.ndarray:
    """The sum of the rows of x [rows, columns]: a sum of sums, whose parts the shape alone decides."""
    rows, columns = x.shape
    parts = max(1, min(MOST_SUMS, x.size // TASK_FLOATS, rows))
    sums = np.empty((parts, columns), np.float32)
    tasks = [(i, rows * i // parts, rows * (i + 1) // parts) for i in range(parts)]
    kernel_of("sum_rows").share((floats(x), columns, floats(sums)), tasks)
    with np.errstate(all="ignore"):
        return sums.sum(axis=0)


# --- Rows with a number for each column, in one thread: float32 by loops, other floats by NumPy's functions -----------


def sum_squares(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The sum over the rows of (x - mean) squared."""
    if x.dtype != np.float32:
        return np.square(x - mean).sum(axis=0)
    sums = np.zeros_like(mean)
    kernel_of("add_squares")(floats(x), floats(mean), floats(sums), len(x))
    return sums


def scale_rows(x: np.ndarray, slope: np.ndarray, offset: np.ndarray, out: np.ndarray) -> None:
    """out = x * slope + offset."""
    if x.dtype != np.float32:
        np.multiply(x, slope, out=out)
        out += offset
        return
    kernel_of("scale_rows")(floats(x), floats(slope), floats(offset), floats(out), len(x))


def sum_slopes(dy: np.ndarray, x: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sums over the rows of dy and of dy * (x - mean)."""
    if x.dtype != np.float32:
        return dy.sum(axis=0), (dy * (x - mean)).sum(axis=0)
    sums, products = np.zeros_like(mean), np.zeros_like(mean)
    kernel_of("add_slopes")(floats(dy), floats(x), floats(mean), floats(sums), floats(products), len(x))
    return sums, products


def combine_rows(
    dy: np.ndarray, x: np.ndarray, mean: np.ndarray, factor: np.ndarray, shift: np.ndarray, slope: np.ndarray,
    out: np.ndarray,
) -> None:  # fmt: skip
    """out = (dy - ((x - mean) * factor + shift)) * slope."""
    if x.dtype != np.float32:
        np.multiply(dy - ((x - mean) * factor + shift), slope, out=out)
        return
    rows = floats(dy), floats(x), floats(mean), floats(factor), floats(shift), floats(slope), floats(out)
    kernel_of("combine_rows")(*rows, len(x))
