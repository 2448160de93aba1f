"""Means and variances, and the normalisations made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import bfloat16, float16, float32
from ..engine.graph import Tensor, op_scope
from ..engine.ops.basic import cast, rank, shape, squeeze, stop_gradient, zeros_like
from ..engine.ops.common import check_data_format
from ..engine.ops.indexing import gather
from ..engine.ops.math import (
    add,
    div_no_nan,
    maximum,
    multiply,
    reciprocal,
    rsqrt,
    square,
    squared_difference,
    subtract,
)
from ..engine.ops.normalize import FusedBatchNormV3
from ..engine.ops.reduce import reduce_mean, reduce_prod, reduce_sum
from .arguments import renamed

_HALVES = (float16, bfloat16)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Tensor:
    """x / sqrt(max(sum(x ** 2), epsilon)), with the sum along `axis` (one or several, by default all)."""
    axis = renamed(axis, dim, "axis", "dim")
    with op_scope(name, "l2_normalize", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        square_sum = reduce_sum(square(x), axis, keepdims=True)
        return multiply(x, rsqrt(maximum(square_sum, epsilon)), name=scope)


def moments(
    x: Any,
    axes: Sequence[int],
    shift: Any = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """The mean and the (biased) variance of x along `axes`. `shift` is ignored, as in TensorFlow.

    float16 and bfloat16 are computed in float32. The mean inside the variance counts as a constant in gradients, which
    changes nothing: the variance is least at the mean.
    """
    keep = bool(renamed(keepdims, keep_dims, "keepdims", "keep_dims"))
    axes = [axes] if isinstance(axes, int) else list(axes)
    with op_scope(name, "moments", [x]):
        x = convert_to_tensor(x)
        y = cast(x, float32) if x.dtype in _HALVES else x
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        variance = reduce_mean(squared_difference(y, stop_gradient(mean)), axes, keepdims=True, name="variance")
        return _as_asked(mean, variance, axes, keep, x)


def weighted_moments(
    x: Any,
    axes: Sequence[int],
    frequency_weights: Any,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """`moments` where each element counts `frequency_weights` times (of x's shape, or one that broadcasts to it)."""
    keep = bool(renamed(keepdims, keep_dims, "keepdims", "keep_dims"))
    axes = [axes] if isinstance(axes, int) else list(axes)
    with op_scope(name, "weighted_moments", [x, frequency_weights]):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        y = cast(x, float32) if x.dtype in _HALVES else x
        weights = cast(weights, y.dtype)
        weighted_sum = reduce_sum(weights * y, axes, name="weighted_input_sum", keepdims=True)
        total = reduce_sum(weights + zeros_like(y), axes, name="sum_of_weights", keepdims=True)
        mean = div_no_nan(weighted_sum, total)
        distances = weights * squared_difference(y, mean)
        spread = reduce_sum(distances, axes, name="weighted_distsq", keepdims=True)
        return _as_asked(mean, div_no_nan(spread, total), axes, keep, x)


def _as_asked(mean: Tensor, variance: Tensor, axes: list[int], keep: bool, x: Tensor) -> tuple[Tensor, Tensor]:
    if not keep:
        mean, variance = squeeze(mean, axes), squeeze(variance, axes)
    if x.dtype in _HALVES:
        mean, variance = cast(mean, x.dtype), cast(variance, x.dtype)
    return mean, variance


def sufficient_statistics(
    x: Any,
    axes: Sequence[int],
    shift: Any = None,
    keep_dims: bool | None = None,
    name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """(count, sum, sum of squares, shift) of x along `axes`, the sums of x - shift where a shift is given."""
    keep = bool(renamed(keepdims, keep_dims, "keepdims", "keep_dims"))
    axes = list(dict.fromkeys(axes))
    with op_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        sizes = x.shape.sizes
        if sizes is not None and all(sizes[axis] is not None for axis in axes):
            count: Any = 1
            for axis in axes:
                count *= sizes[axis]
            count = constant(count, x.dtype, name="count")
        else:
            rank(x)  # one more operation, as in TensorFlow
            count = reduce_prod(gather(cast(shape(x), x.dtype), axes), name="count")
        if shift is not None:
            shift = convert_to_tensor(shift, name="shift")
            sums, squares = subtract(x, shift), squared_difference(x, shift)
        else:
            sums, squares = x, square(x)
        total = reduce_sum(sums, axes, keepdims=keep, name="mean_ss")
        return count, total, reduce_sum(squares, axes, keepdims=keep, name="var_ss"), shift


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The mean and variance that `sufficient_statistics` tell."""
    with op_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = reciprocal(counts, name="divisor")
        if shift is not None:
            shifted_mean = multiply(mean_ss, divisor, name="shifted_mean")
            mean = add(shifted_mean, shift, name="mean")
        else:
            shifted_mean = mean = multiply(mean_ss, divisor, name="mean")
        variance = subtract(multiply(variance_ss, divisor), square(shifted_mean), name="variance")
        return mean, variance


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Tensor:
    """(x - mean) / sqrt(variance + variance_epsilon) * scale + offset; `scale` and `offset` may be None.

    All but x broadcast against it. Ioffe and Szegedy, Batch Normalization (2015).
    """
    with op_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        x = convert_to_tensor(x)
        slope = rsqrt(variance + variance_epsilon)
        if scale is not None:
            slope *= scale
        scaled = x * cast(slope, x.dtype)
        return scaled + cast(offset - mean * slope if offset is not None else -mean * slope, x.dtype)


def batch_norm_with_global_normalization(
    t: Any = None,
    m: Any = None,
    v: Any = None,
    beta: Any = None,
    gamma: Any = None,
    variance_epsilon: Any = None,
    scale_after_normalization: Any = None,
    name: str | None = None,
    input: Any = None,
    mean: Any = None,
    variance: Any = None,
) -> Tensor:
    """`batch_normalization` under its oldest name and argument order."""
    t, m, v = renamed(input, t, "input", "t"), renamed(mean, m, "mean", "m"), renamed(variance, v, "variance", "v")
    return batch_normalization(t, m, v, beta, gamma if scale_after_normalization else None, variance_epsilon, name)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalization of images in one op: (y, mean, variance).

    In training, the batch's own mean and variance are used, and returned for moving averages (the variance with
    Bessel's correction); else `mean` and `variance` are. `scale` and `offset` are [C], float32 where x is a half.
    Raises ValueError where inference lacks them.
    """
    if not is_training and (mean is None or variance is None):
        raise ValueError("Both `mean` and `variance` must be provided if `is_training` is False.")
    x = convert_to_tensor(x, name="input")
    wide = float32 if x.dtype in _HALVES else x.dtype
    scale = convert_to_tensor(scale, wide, name="scale")
    offset = convert_to_tensor(offset, wide, name="offset")
    y, kept_mean, kept_variance, *_ = FusedBatchNormV3(
        x,
        scale,
        offset,
        constant([], wide) if mean is None else mean,
        constant([], wide) if variance is None else variance,
        epsilon=float(epsilon),
        exponential_avg_factor=float(exponential_avg_factor),
        data_format=check_data_format(data_format, "FusedBatchNormV3"),
        is_training=bool(is_training),
        name=name,
    )
    return y, kept_mean, kept_variance


__all__ = [
    "batch_norm_with_global_normalization", "batch_normalization", "fused_batch_norm", "l2_normalize", "moments",
    "normalize_moments", "sufficient_statistics", "weighted_moments",
]  # fmt: skip
