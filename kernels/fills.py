"""Random fills, in place, of NumPy and CuPy arrays; every value is TensorFlow's own for the same seeds.

Element i of a fill depends on the seed and on offset + i alone, so any split of the work, between threads, calls or
devices, gives the same bits. What is here checks the arguments; drawing.py of kernels.cpu and of kernels.cuda draws.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

from . import philox
from .arrays import FLOATS, Array, is_device_array
from .orthonormal import cholesky_qr2, householder
from .philox import INTEGERS, Seed
from .scaling import DISTRIBUTIONS, FAMILIES, MODES, spread

Offset = int | Array  # elements from the stream's beginning, or a counter: an array that holds them

__all__ = [
    "bernoulli",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "orthogonal",
    "permutation",
    "truncated_normal",
    "uniform",
    "uniform_int",
    "variance_scaling",
]


# --- Arguments --------------------------------------------------------------------------------------------------------


def check_out(out: Array, dtypes: tuple[np.dtype, ...]) -> None:
    """TypeError for what is no array of one of the dtypes, ValueError for one that cannot hold a sample an element."""
    if not (isinstance(out, np.ndarray) or is_device_array(out)):
        raise TypeError(f"out must be a NumPy array, not {type(out).__name__}")
    if out.dtype not in dtypes:
        names = ", ".join(dtype.name for dtype in dtypes)
        raise TypeError(f"out has dtype {out.dtype}, but this fill draws {names}")
    if not getattr(out.flags, "writeable", True):  # CuPy's arrays all are
        raise ValueError(f"out (shape {out.shape}, dtype {out.dtype}) is read-only")
    span = sum((size - 1) * abs(stride) for size, stride in zip(out.shape, out.strides, strict=True)) + out.itemsize
    if span < out.size * out.itemsize:
        raise ValueError(f"elements of out (shape {out.shape}, strides {out.strides}) share memory")


def is_counter(offset: Any) -> TypeGuard[Array]:
    """Whether an offset is an array of one element; one without a dimension is a number."""
    return getattr(offset, "shape", ()) == (1,)


def _check_offset(offset: Offset, out: Array, end: int) -> Any:
    """Where `out` begins in the stream: an integer, or a counter on the device, whose value nobody waits for."""
    if is_counter(offset):
        if offset.dtype != np.int64:
            raise TypeError(f"offset counts in int64, not in {offset.dtype}")
        on_device = is_device_array(offset)
        if on_device != is_device_array(out) or (on_device and offset.device != out.device):
            raise ValueError("offset must lie in the memory that out is in")
        if on_device:
            return offset
        if not offset.flags.writeable:
            raise ValueError(f"offset={offset!r} is read-only, and a fill moves it on")
        offset = int(offset[0])
    try:
        offset = operator.index(offset)
    except TypeError:
        raise TypeError(f"offset must be an integer, not {offset!r}") from None
    if offset < 0 or offset + out.size > end:
        raise ValueError(f"offset={offset} with {out.size} elements lies outside the stream's 0 to {end}")
    return offset


def _real(name: str, value: float) -> float:
    """`value` as a float, an integer beyond its range as infinity; TypeError for what is no real number."""
    try:
        math.isfinite(value)  # float() itself reads text as well
        return float(value)
    except TypeError:
        raise TypeError(f"{name} must be a real number, not {value!r}") from None
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def finite_scalar(dtype: np.dtype, name: str, value: float) -> Any:
    """`value` as a scalar of `dtype`; TypeError for what is no number, ValueError where it is not finite there."""
    with np.errstate(over="ignore"):
        scalar = dtype.type(_real(name, value))
    if not math.isfinite(float(scalar)):
        raise ValueError(f"{name}={value} is not a finite {dtype.name}")
    return scalar


def _sizes(shape: tuple[int, ...]) -> list[int]:
    try:
        sizes = [operator.index(size) for size in shape]
    except TypeError:
        raise TypeError(f"shape must be a sequence of integers, not {shape!r}") from None
    if min(sizes, default=0) < 0:
        raise ValueError(f"shape={shape} has a negative size")
    return sizes


# --- Which side draws -------------------------------------------------------------------------------------------------


def _side(out: Array) -> Any:
    """The module that draws into arrays of out's library."""
    return _drawing(is_device_array(out))


@functools.cache
def _drawing(on_device: bool) -> Any:
    if on_device:
        from .cuda import drawing

        return drawing
    from .cpu import drawing as here

    return here


def _fill(kind: str, out: Array, seed: Seed, offset: Offset, scale: Any, shift: Any) -> None:
    """Fills `out`, whatever its layout, with samples that are `scale` times what `kind` draws, plus `shift`."""
    end = philox.TRUNCATED_STREAM_END if kind == "truncated_normal" else philox.STREAM_END
    start = _check_offset(offset, out, end)
    words = philox.seed_words(seed)
    if out.size:
        sample = _sample_type(kind, out.dtype)
        _side(out).draw(kind, out, start, words, sample(scale), sample(shift))
        _move_on(offset, philox.reserved(out.size, out.dtype, kind))


@functools.cache
def _sample_type(kind: str, dtype: np.dtype) -> type:
    """In what type samples are scaled and shifted."""
    return philox.recipe(kind, dtype.name).sample


def _move_on(offset: Offset, reserved: int) -> None:
    """Lets a counter stand where the next run of a random op begins."""
    if is_counter(offset):
        offset += reserved


# --- The fills --------------------------------------------------------------------------------------------------------


def uniform(out: Array, seed: Seed, low: float = 0.0, high: float = 1.0, offset: Offset = 0) -> None:
    """Fills `out` with samples of the uniform distribution on [low, high): bit for bit tf.random_uniform's.

    A sample is u * (high - low) + low, each step rounded in out's dtype, where u is a multiple of 2**-23 (float32),
    2**-52 (float64), 2**-10 (float16) or 2**-7 (bfloat16). Rounding may give `high` itself, as in TensorFlow.

    Args:
        out: array of float32, float64, float16 or bfloat16, of any shape and strides; filled in C order.
        seed: (graph seed, op seed), or an integer s for (87654321, s).
        low, high: bounds, low < high.
        offset: where in the stream the first element stands, in elements. Or a counter, an int64 array of shape (1,)
            in the memory that `out` is in: it holds that place, and is moved on by what a random op's run reserves
            (`philox.reserved`), so that calling again draws anew. A CUDA graph that captured a fill with a counter
            draws anew at each replay; on a GPU its value is not checked, which would mean to wait for it.

    Raises:
        TypeError: `out` is no such array, `seed` or `offset` no integer, a bound no number.
        ValueError: `out` is read-only or its elements share memory, low >= high, a bound or their difference is not
            finite in out's dtype, or `offset` is out of range.
    """
    check_out(out, FLOATS)
    bottom, top = finite_scalar(out.dtype, "low", low), finite_scalar(out.dtype, "high", high)
    if not low < high:
        raise ValueError(f"low={low} must be less than high={high}")
    with np.errstate(over="ignore"):
        width = top - bottom
    _fill("uniform", out, seed, offset, finite_scalar(out.dtype, "high - low", float(width)), bottom)


def normal(out: Array, seed: Seed, mean: float = 0.0, stddev: float = 1.0, offset: Offset = 0) -> None:
    """Fills `out` with samples of the normal distribution: tf.random_normal's, within 1e-6 * stddev for float32.

    Box and Muller's transform of two words a sample (four for float64); float16 and bfloat16 are drawn in float32 and
    rounded, and then scaled and shifted in their own arithmetic. Arguments and errors are those of `uniform`, with
    ValueError for a negative stddev.
    """
    _scaled_normal("normal", out, seed, mean, stddev, offset)


def truncated_normal(out: Array, seed: Seed, mean: float = 0.0, stddev: float = 1.0, offset: Offset = 0) -> None:
    """Fills `out` with normal samples, redrawn beyond two stddev of the mean: tf.truncated_normal's, as for `normal`.

    `stddev` is that of the normal before it is cut; the samples' own is 0.87962566 of it.
    """
    _scaled_normal("truncated_normal", out, seed, mean, stddev, offset)


def _scaled_normal(kind: str, out: Array, seed: Seed, mean: float, stddev: float, offset: Offset) -> None:
    check_out(out, FLOATS)
    scale, shift = finite_scalar(out.dtype, "stddev", stddev), finite_scalar(out.dtype, "mean", mean)
    if stddev < 0:
        raise ValueError(f"stddev={stddev} must not be negative")
    _fill(kind, out, seed, offset, scale, shift)


def uniform_int(out: Array, seed: Seed, low: int, high: int, offset: Offset = 0) -> None:
    """Fills `out` (int32 or int64) with integers of [low, high): bit for bit tf.random_uniform's.

    A sample is low + word % (high - low), with words of out's width; ranges that do not divide 2**32 (2**64) favour
    small values by as little as that rule does. Raises as `uniform` does, and ValueError for a bound out of the dtype's
    range (`high` may be one above its greatest value).
    """
    check_out(out, INTEGERS)
    try:
        low, high = operator.index(low), operator.index(high)
    except TypeError:
        raise TypeError(f"low and high must be integers, not {low!r} and {high!r}") from None
    limits = _limits(out.dtype)
    if not limits.min <= low < high <= limits.max + 1:
        raise ValueError(f"low={low} and high={high} must hold {limits.min} <= low < high <= {limits.max + 1}")
    if high - low >= 1 << 8 * out.dtype.itemsize:
        raise ValueError(f"low={low} to high={high} is every {out.dtype.name}: leave out one at least")
    _fill("uniform_int", out, seed, offset, high - low, low % (1 << 8 * out.dtype.itemsize))


@functools.cache
def _limits(dtype: np.dtype) -> np.iinfo:
    return np.iinfo(dtype.name)


def permutation(out: Array, seed: Seed, offset: Offset = 0) -> None:
    """Makes `out` (int32 or int64, one-dimensional) the permutation of its indices that tf.random_shuffle takes.

    `offset` counts words, of which one is drawn for each element but the last. Raises as `uniform` does, and ValueError
    for an `out` of another rank.
    """
    check_out(out, INTEGERS)
    if out.ndim != 1:
        raise ValueError(f"out must be one-dimensional to become a permutation, but its shape is {out.shape}")
    start = _check_offset(offset, out, philox.STREAM_END)
    words = philox.seed_words(seed)
    if out.size:
        _side(out).shuffle(out, start, words)
        _move_on(offset, philox.reserved(out.size, out.dtype, "permutation"))


def bernoulli(out: Array, seed: Seed, probability: float = 0.5, value: float = 1.0, offset: Offset = 0) -> None:
    """Fills `out` with `value` at the given probability and with 0 otherwise, each element by itself.

    An element is `value` where the uniform sample of its place, in out's dtype, is 1 - probability or more: with
    probability = keep and value = 1 / keep this is the mask of tf.nn.dropout. Arguments and errors are those of
    `uniform`, with ValueError for a probability outside [0, 1].
    """
    check_out(out, FLOATS)
    if not 0 <= _real("probability", probability) <= 1:
        raise ValueError(f"probability={probability} must lie in [0, 1]")
    _fill("bernoulli", out, seed, offset, finite_scalar(out.dtype, "value", value), out.dtype.type(1 - probability))


# --- Initializers: uniform and normal samples scaled by the array's fans ----------------------------------------------


def variance_scaling(
    out: Array,
    seed: Seed,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    offset: Offset = 0,
    shape: tuple[int, ...] | None = None,
) -> None:
    """Fills `out` with samples of mean 0 and variance scale / fan in one pass: tf.variance_scaling_initializer's.

    Args:
        out: as for `uniform`.
        seed, offset: as for `uniform`.
        scale: positive factor of the variance.
        mode: which fan: "fan_in", "fan_out", or "fan_avg", their mean.
        distribution: "truncated_normal" (or "normal", as TensorFlow calls it too), cut at two standard deviations of
            the normal that was cut; "untruncated_normal"; or "uniform", on [-limit, limit) with limit**2 = 3 scale /
            fan.
        shape: gives the fans, [..., in, out]; that of the whole, where `out` is a piece of it. By default out's own.

    Raises:
        TypeError: as `uniform`, and for a shape that is none.
        ValueError: as `uniform`, and for a scale that is not positive, another mode or distribution, a negative size.
    """
    check_out(out, FLOATS)
    sizes = out.shape if shape is None else _sizes(shape)
    if not 0 < _real("scale", scale) < math.inf:
        raise ValueError(f"scale={scale} must be positive and finite")
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is none of {', '.join(MODES)}")
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"distribution={distribution!r} is none of {', '.join(DISTRIBUTIONS)}")
    width = spread(sizes, scale, mode, distribution)
    if distribution == "uniform":
        uniform(out, seed, -width, width, offset)
    elif distribution == "untruncated_normal":
        normal(out, seed, 0, width, offset)
    else:
        truncated_normal(out, seed, 0, width, offset)


def _family(name: str) -> Callable[..., None]:
    scale, mode, distribution, source = FAMILIES[name]

    def fill(out: Array, seed: Seed, offset: Offset = 0, shape: tuple[int, ...] | None = None) -> None:
        variance_scaling(out, seed, scale, mode, distribution, offset, shape)

    fill.__name__ = fill.__qualname__ = name
    fill.__doc__ = (
        f"""`variance_scaling` with scale={scale:g}, mode="{mode}", distribution="{distribution}": {source}."""
    )
    return fill


glorot_normal = _family("glorot_normal")
glorot_uniform = _family("glorot_uniform")
he_normal = _family("he_normal")
he_uniform = _family("he_uniform")
lecun_normal = _family("lecun_normal")
lecun_uniform = _family("lecun_uniform")


def orthogonal(out: Array, seed: Seed, gain: float = 1.0, offset: Offset = 0) -> None:
    """Fills `out` with `gain` times the orthogonal matrix that TensorFlow's orthogonal initializer makes.

    Of `out` seen as (prod(shape[:-1]), shape[-1]), the columns are orthonormal, or the rows where those are fewer: Q of
    the QR factors of a normal draw, with R's diagonal positive. The factors are computed in float64, by LAPACK's
    Householder reflections on a CPU and by CholeskyQR2 on a GPU (orthonormal.py), and rounded to out's dtype.

    Raises as `normal` does, and ValueError for an `out` of less than two dimensions.
    """
    check_out(out, FLOATS)
    if out.ndim < 2:
        raise ValueError(f"out must have two dimensions at least to be orthogonal, but its shape is {out.shape}")
    gain = finite_scalar(out.dtype, "gain", gain)
    xp, factor = _factor_for(out)
    columns = out.shape[-1]
    rows = math.prod(out.shape[:-1])
    draw = xp.empty((max(rows, columns), min(rows, columns)), out.dtype)
    normal(draw, seed, offset=offset)
    q = factor(draw.astype(np.float64), xp) if out.size else draw
    out[...] = (q.T if rows < columns else q).astype(out.dtype).reshape(out.shape) * gain


def _factor_for(out: Array) -> tuple[Any, Callable[[Array, Any], Array]]:
    """The array library of `out`, and the orthonormal factor that is fastest there."""
    if is_device_array(out):
        import cupy

        return cupy, cholesky_qr2
    return np, householder
