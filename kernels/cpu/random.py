"""Random fills on the CPU, in place and in parallel; every value is TensorFlow's own for the same seeds.

Element i of a fill depends on the seed and on offset + i alone, so any split of the work, between threads or between
calls, gives the same bits. Numba is imported, and a kernel compiled or read from its cache, at the first fill that
needs it.
"""

from __future__ import annotations

import math
import operator
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import philox
from ..philox import FLOATS, INTEGERS, Seed

# A thread costs as much to start as drawing some 1e5 elements: a piece of the work has at least as many as this.
PIECE = 1 << 18

__all__ = ["multinomial", "normal", "orthogonal", "permutation", "truncated_normal", "uniform", "uniform_int"]


# --- Arguments --------------------------------------------------------------------------------------------------------


def _check_out(out: np.ndarray, dtypes: tuple[np.dtype, ...]) -> None:
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array, not {type(out).__name__}")
    if out.dtype not in dtypes:
        names = ", ".join(dtype.name for dtype in dtypes)
        raise TypeError(f"out has dtype {out.dtype}, but this fill draws {names}")
    if not out.flags.writeable:
        raise ValueError(f"out (shape {out.shape}, dtype {out.dtype}) is read-only")


def _check_offset(offset: int, size: int, end: int) -> int:
    try:
        offset = operator.index(offset)
    except TypeError:
        raise TypeError(f"offset must be an integer, not {offset!r}") from None
    if offset < 0 or offset + size > end:
        raise ValueError(f"offset={offset} with {size} elements lies outside the stream's 0 to {end}")
    return offset


def _finite(dtype: np.dtype, name: str, value: float) -> Any:
    """`value` as a scalar of `dtype`; ValueError where it is not finite there."""
    with np.errstate(over="ignore"):
        scalar = dtype.type(value)
    if not math.isfinite(float(scalar)):
        raise ValueError(f"{name}={value} is not a finite {dtype.name}")
    return scalar


# --- Walking the pieces -----------------------------------------------------------------------------------------------

# The kernels write the bits of a type that Numba does not know, or whose arithmetic must wrap, as unsigned integers.
_BITS: dict[str, Any] = {"float16": np.uint16, "bfloat16": np.uint16, "int32": np.uint32, "int64": np.uint64}


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fill(kind: str, out: np.ndarray, seed: Seed, offset: int, scale: Any, shift: Any) -> None:
    """Fills `out`, whatever its layout, with samples that are `scale` times what `kind` draws, plus `shift`."""
    end = philox.TRUNCATED_STREAM_END if kind == "truncated_normal" else philox.STREAM_END
    offset = _check_offset(offset, out.size, end)
    words = philox.seed_words(seed)
    if out.size == 0:
        return
    from . import compiled

    kernel = compiled.fill(kind, out.dtype.name)
    whole = out if out.flags.c_contiguous else np.empty(out.shape, out.dtype)
    flat = whole.reshape(-1).view(_BITS.get(out.dtype.name, out.dtype))
    sample = np.float32 if flat.dtype == np.uint16 else flat.dtype.type
    scale, shift = sample(scale), sample(shift)

    def draw(begin: int, end: int) -> None:
        kernel(flat[begin:end], np.int64(offset + begin), *words, scale, shift)

    pieces = max(1, min(_threads(), flat.size // PIECE))
    bounds = [flat.size * i // pieces for i in range(pieces + 1)]
    if pieces == 1:
        draw(0, flat.size)
    else:
        with ThreadPoolExecutor(pieces) as pool:
            list(pool.map(draw, bounds[:-1], bounds[1:]))
    if whole is not out:
        out[...] = whole


# --- The fills --------------------------------------------------------------------------------------------------------


def uniform(out: np.ndarray, seed: Seed, low: float = 0.0, high: float = 1.0, offset: int = 0) -> None:
    """Fills `out` with samples of the uniform distribution on [low, high): bit for bit tf.random_uniform's.

    A sample is u * (high - low) + low, each step rounded in out's dtype, where u is a multiple of 2**-23 (float32),
    2**-52 (float64), 2**-10 (float16) or 2**-7 (bfloat16). Rounding may give `high` itself, as in TensorFlow.

    Args:
        out: array of float32, float64, float16 or bfloat16, of any shape and strides; filled in C order.
        seed: (graph seed, op seed), or an integer s for (87654321, s).
        low, high: bounds, low < high.
        offset: where in the stream the first element stands, in elements.

    Raises:
        TypeError: `out` is no such array, `seed` or `offset` no integer.
        ValueError: `out` is read-only, low >= high, a bound or their difference is not finite in out's dtype, or
            `offset` is out of range.
    """
    _check_out(out, FLOATS)
    bottom, top = _finite(out.dtype, "low", low), _finite(out.dtype, "high", high)
    if not low < high:
        raise ValueError(f"low={low} must be less than high={high}")
    with np.errstate(over="ignore"):
        width = top - bottom
    _fill("uniform", out, seed, offset, _finite(out.dtype, "high - low", float(width)), bottom)


def normal(out: np.ndarray, seed: Seed, mean: float = 0.0, stddev: float = 1.0, offset: int = 0) -> None:
    """Fills `out` with samples of the normal distribution: tf.random_normal's, within 1e-6 * stddev for float32.

    Box and Muller's transform of two words a sample (four for float64); float16 and bfloat16 are drawn in float32 and
    rounded, and then scaled and shifted in their own arithmetic. Arguments and errors are those of `uniform`, with
    ValueError for a negative stddev.
    """
    _scaled_normal("normal", out, seed, mean, stddev, offset)


def truncated_normal(out: np.ndarray, seed: Seed, mean: float = 0.0, stddev: float = 1.0, offset: int = 0) -> None:
    """Fills `out` with normal samples, redrawn beyond two stddev of the mean: tf.truncated_normal's, as for `normal`.

    `stddev` is that of the normal before it is cut; the samples' own is 0.87962566 of it.
    """
    _scaled_normal("truncated_normal", out, seed, mean, stddev, offset)


def _scaled_normal(kind: str, out: np.ndarray, seed: Seed, mean: float, stddev: float, offset: int) -> None:
    _check_out(out, FLOATS)
    scale, shift = _finite(out.dtype, "stddev", stddev), _finite(out.dtype, "mean", mean)
    if stddev < 0:
        raise ValueError(f"stddev={stddev} must not be negative")
    _fill(kind, out, seed, offset, scale, shift)


def uniform_int(out: np.ndarray, seed: Seed, low: int, high: int, offset: int = 0) -> None:
    """Fills `out` (int32 or int64) with integers of [low, high): bit for bit tf.random_uniform's.

    A sample is low + word % (high - low), with words of out's width; ranges that do not divide 2**32 (2**64) favour
    small values by as little as that rule does. Raises as `uniform` does, and ValueError for a bound out of the dtype's
    range (`high` may be one above its greatest value).
    """
    _check_out(out, INTEGERS)
    try:
        low, high = operator.index(low), operator.index(high)
    except TypeError:
        raise TypeError(f"low and high must be integers, not {low!r} and {high!r}") from None
    limits = np.iinfo(out.dtype.name)
    if not limits.min <= low < high <= limits.max + 1:
        raise ValueError(f"low={low} and high={high} must hold {limits.min} <= low < high <= {limits.max + 1}")
    if high - low > np.iinfo(_BITS[out.dtype.name]).max:
        raise ValueError(f"low={low} to high={high} is every {out.dtype.name}: leave out one at least")
    _fill("uniform_int", out, seed, offset, high - low, low % (1 << 8 * out.dtype.itemsize))


def permutation(out: np.ndarray, seed: Seed, offset: int = 0) -> None:
    """Makes `out` (int32 or int64, one-dimensional) the permutation of its indices that tf.random_shuffle takes.

    `offset` counts words, of which one is drawn for each element but the last. Raises as `uniform` does, and ValueError
    for an `out` of another rank.
    """
    _check_out(out, INTEGERS)
    if out.ndim != 1:
        raise ValueError(f"out must be one-dimensional to become a permutation, but its shape is {out.shape}")
    offset = _check_offset(offset, out.size, philox.STREAM_END)
    words = philox.seed_words(seed)
    from . import compiled

    compiled.shuffle()(out, np.int64(offset), *words)


# --- What is made from them -------------------------------------------------------------------------------------------


def multinomial(
    logits: np.ndarray, num_samples: int, seed: Seed, dtype: DTypeLike = np.int64, offset: int = 0
) -> np.ndarray:
    """Class numbers [batch, num_samples] drawn as tf.multinomial does from unscaled log weights.

    Args:
        logits: floats of shape [batch, classes]; classes whose entry is not finite are never drawn.
        num_samples: draws for each row.
        seed, offset: as in `uniform` of float64, of which a draw takes one element.
        dtype: of the result, int32 or int64.

    Raises:
        ValueError: `logits` is not of rank two or has no classes, or num_samples is negative.
        TypeError: `dtype` is not int32 or int64.
    """
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ValueError(f"logits must have shape [batch, classes] with classes > 0, not {logits.shape}")
    if num_samples < 0:
        raise ValueError(f"num_samples={num_samples} must not be negative")
    if np.dtype(dtype) not in INTEGERS:
        raise TypeError(f"multinomial gives int32 or int64, not {np.dtype(dtype)}")
    batch = logits.shape[0]
    draws = np.empty((batch, num_samples), np.float64)
    uniform(draws, seed, offset=offset)
    wide = logits.astype(np.float64)
    finite = np.isfinite(wide)
    top = np.max(wide, axis=1, keepdims=True, where=finite, initial=-np.inf)
    weights = np.exp(np.where(finite, wide - np.where(np.isfinite(top), top, 0), -np.inf))
    cumulative = np.cumsum(weights, axis=1)
    classes = np.empty(draws.shape, dtype)
    for row in range(batch):
        classes[row] = np.searchsorted(cumulative[row], draws[row] * cumulative[row, -1], side="right")
    return classes


def orthogonal(out: np.ndarray, seed: Seed, gain: float = 1.0, offset: int = 0) -> None:
    """Fills `out` with `gain` times the orthogonal matrix that TensorFlow's orthogonal initializer makes.

    Of `out` seen as (prod(shape[:-1]), shape[-1]), the columns are orthonormal, or the rows where those are fewer. Q of
    the QR factors of a normal draw, each column times the sign of R's diagonal entry, which makes it unique (F.
    Mezzadri, "How to generate random matrices from the classical compact groups", 2007). The factors are computed in
    float64 (LAPACK's through NumPy) and rounded to out's dtype.

    Raises as `normal` does, and ValueError for an `out` of less than two dimensions.
    """
    _check_out(out, FLOATS)
    if out.ndim < 2:
        raise ValueError(f"out must have two dimensions at least to be orthogonal, but its shape is {out.shape}")
    gain = _finite(out.dtype, "gain", gain)
    columns = out.shape[-1]
    rows = math.prod(out.shape[:-1])
    draw = np.empty((max(rows, columns), min(rows, columns)), out.dtype)
    normal(draw, seed, offset=offset)
    q, r = np.linalg.qr(draw.astype(np.float64))
    q *= np.sign(np.diagonal(r))
    out[...] = (q.T if rows < columns else q).astype(out.dtype).reshape(out.shape) * gain
