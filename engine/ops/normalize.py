"""Ops that normalise: fused batch normalization, local response normalization, and half the squared length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.cpu import elementwise
from ..dtypes import FLOATS, float32, float64
from ..gradients import gradients
from ..graph import Operation, Tensor
from ..registry import check_equal, define, get_op, same_shape, scalar_shape
from ..shapes import TensorShape
from .arithmetic import in_float32
from .array import transpose
from .basic import RowPart, cast, identity, is_large, row_parts, shape, share_rows, size, zeros_like
from .common import Array, channels_back, channels_last, is_zeros, of_rank
from .conv import channels_of, image_shape
from .math import pow as power
from .math import rsqrt, sqrt, square
from .reduce import reduce_sum

_FLOATS = {"T": FLOATS}
_WITH_STATISTICS = {**_FLOATS, "U": (float32, float64)}
_ALL_BUT_CHANNELS = (0, 1, 2)

# -- half the squared length ----------------------------------------------------------------------------------------

L2Loss = define(
    "L2Loss",
    "t:T -> output:T",
    types=_FLOATS,
    shape=scalar_shape,
    kernel=in_float32(lambda k, t: k.xp.sum(k.xp.square(t), dtype=t.dtype) / t.dtype.type(2)),
    grad=lambda op, g: g * op.inputs[0],
)


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """sum(t ** 2) / 2."""
    return L2Loss(t, name=name)


# -- batch normalization in one op ----------------------------------------------------------------------------------


def _batch_norm_shapes(
    x: Tensor, *parameters: Tensor, is_training: bool, data_format: str, **_: Any
) -> list[TensorShape]:
    images, h = of_rank(x, 4), data_format.index("H")
    channels = channels_of(images, data_format)
    for parameter in parameters[:2] if is_training else parameters:
        length = of_rank(parameter, 1).as_list()[0]
        check_equal(channels, length)
        channels = length if channels is None else channels
    batch, size = images.as_list()[0], images.as_list()[h : h + 2]
    return [image_shape(batch, size, channels, data_format), *[TensorShape([channels])] * 4, TensorShape([0])]


def _batch_norm_gradient(op: Operation, dy: Tensor, *d_statistics: Tensor) -> list[Tensor | None]:
    x, scale, _, mean, variance = op.inputs
    training = op.attrs["is_training"]
    mean, variance = op.outputs[3:5] if training else (mean, variance)
    same = {name: op.attrs[name] for name in ("epsilon", "data_format", "is_training")}
    dx, d_scale, d_offset, *_ = FusedBatchNormGradV3(dy, x, scale, mean, variance, op.outputs[5], **same)
    if training:
        return [_with_statistics(op, dx, d_statistics), d_scale, d_offset, None, None]
    r = rsqrt(variance + op.attrs["epsilon"])
    return [dx, d_scale, d_offset, -scale * r * d_offset, -0.5 * scale * square(r) * d_scale]


def _with_statistics(op: Operation, dx: Tensor, d_statistics: Sequence[Tensor]) -> Tensor:
    """The gradient of x with what the statistics that come of it send back: those to keep, and those used."""
    if all(map(is_zeros, d_statistics[:4])):
        return dx
    x, last = op.inputs[0], op.attrs["data_format"] == "NHWC"
    wide_x = cast(x if last else transpose(x, [0, 2, 3, 1]), op.outputs[3].dtype)
    centred, total = wide_x - op.outputs[3], zeros_like(wide_x)
    count = cast(size(wide_x) // shape(wide_x)[3], wide_x.dtype)
    kept, used = d_statistics[:2], d_statistics[2:4]
    for (d_mean, d_variance), weight, freedom in (
        (kept, op.attrs["exponential_avg_factor"], count - 1.0),
        (used, 1.0, count),
    ):
        if not is_zeros(d_mean):
            total += d_mean * weight / count
        if not is_zeros(d_variance):
            total += centred * (2.0 * weight * d_variance / freedom)
    return dx + cast(total if last else transpose(total, [0, 3, 1, 2]), x.dtype)


def _moments(k: Any, x: Array) -> tuple[Array, Array]:
    """The mean and variance of each channel (the last dimension).

    Of many, from those of parts: Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983).
    """
    channels = x.shape[-1]
    if not is_large(k, x, channels):
        return k.xp.mean(x, axis=(0, 1, 2)), k.xp.var(x, axis=(0, 1, 2))
    rows = x.reshape(-1, channels)
    parts = row_parts(len(rows), channels)
    sizes = np.array([[part.rows.stop - part.rows.start] for part in parts], x.dtype)
    means, squares = np.empty((2, len(parts), channels), x.dtype)

    def work(part: RowPart) -> None:
        wide, i = part.of(rows), part.number
        means[i] = part.total(wide) / sizes[i]
        squares[i] = part.folded(elementwise.sum_squares(wide, part.repeated(means[i])))

    share_rows(k, parts, work)
    mean = (means * sizes).sum(axis=0) / x.dtype.type(len(rows))
    squares += sizes * np.square(means - mean)
    return mean, squares.sum(axis=0) / x.dtype.type(len(rows))


def _scaled(k: Any, x: Array, slope: Array, offset: Array) -> Array:
    """x * slope + offset."""
    if not is_large(k, x, x.shape[-1]):
        return x * slope + offset
    rows = x.reshape(-1, x.shape[-1])
    y = np.empty_like(rows, order="C")

    def work(part: RowPart) -> None:
        elementwise.scale_rows(part.of(rows), part.repeated(slope), part.repeated(offset), part.of(y))

    share_rows(k, row_parts(*rows.shape), work)
    return y.reshape(x.shape)


def _batch_norm(
    k: Any, x: Array, scale: Array, offset: Array, mean: Array, variance: Array,
    epsilon: float, exponential_avg_factor: float, is_training: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """Outputs: y, the mean and (Bessel-corrected) variance to keep, the mean and variance used, nothing."""
    xp = k.xp
    kept = used = (mean.copy(), variance.copy())
    if is_training:
        count = x.size // max(x.shape[-1], 1)
        used = _moments(k, x)
        kept = (used[0].copy(), used[1] * (count / max(count - 1, 1)))
        if exponential_avg_factor != 1.0:
            pairs = zip((mean, variance), kept, strict=True)
            kept = tuple(old + (new - old) * exponential_avg_factor for old, new in pairs)
    slope = scale / xp.sqrt(used[1] + epsilon)
    y = _scaled(k, x, slope, offset - used[0] * slope)
    return y, *kept, *(a.copy() for a in used), xp.zeros(0, scale.dtype)


def _batch_norm_of_images(k: Any, x: Array, *parameters: Array, data_format: str, **attrs: Any) -> tuple[Array, ...]:
    images = channels_last(k, x, data_format)
    y, *statistics = _batch_norm(k, k.cast(images, parameters[0].dtype), *parameters, **attrs)
    return channels_back(k, k.cast(y, x.dtype), data_format), *statistics


FusedBatchNormV3 = define(
    "FusedBatchNormV3",
    "x:T, scale:U, offset:U, mean:U, variance:U -> y:T, batch_mean:U, batch_variance:U, reserve_space_1:U, "
    "reserve_space_2:U, reserve_space_3:U",
    types=_WITH_STATISTICS,
    shape=_batch_norm_shapes,
    kernel=_batch_norm_of_images,
    grad=_batch_norm_gradient,
)


def _batch_norm_slope(
    k: Any, dy: Array, x: Array, scale: Array, mean: Array, variance: Array, *_: Array,
    epsilon: float, data_format: str, is_training: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """The gradients of x, scale and offset. Ioffe and Szegedy, Batch Normalization (2015), section 3."""
    xp, dtype = k.xp, x.dtype
    dy, x = (k.cast(channels_last(k, a, data_format), scale.dtype) for a in (dy, x))
    r = 1 / xp.sqrt(variance + epsilon)
    compute = _slope_of_many if is_large(k, x, x.shape[-1]) else _slope
    dx, d_scale, d_offset = compute(k, dy, x, scale * r, mean, r, is_training)
    empty = xp.zeros(0, scale.dtype)
    return channels_back(k, k.cast(dx, dtype), data_format), d_scale, d_offset, empty, empty.copy()


def _slope(
    k: Any, dy: Array, x: Array, slope: Array, mean: Array, r: Array, is_training: bool
) -> tuple[Array, Array, Array]:
    centred = x - mean
    d_offset = k.xp.sum(dy, axis=_ALL_BUT_CHANNELS)
    d_scale = k.xp.sum(dy * centred, axis=_ALL_BUT_CHANNELS) * r
    if is_training:
        dy = dy - (d_offset + centred * (r * d_scale)) / (x.size // max(x.shape[-1], 1))
    return dy * slope, d_scale, d_offset


def _slope_of_many(
    k: Any, dy: Array, x: Array, slope: Array, mean: Array, r: Array, is_training: bool
) -> tuple[Array, Array, Array]:
    """The same, part by part: the sums first, as every element of dx takes them."""
    shape, channels = x.shape, x.shape[-1]
    x, dy = x.reshape(-1, channels), dy.reshape(-1, channels)
    parts, count = row_parts(*x.shape), x.dtype.type(len(x))
    offsets, scales = np.empty((2, len(parts), channels), x.dtype)
    dx = np.empty_like(x, order="C")

    def add_up(part: RowPart) -> None:
        sums = elementwise.sum_slopes(part.of(dy), part.of(x), part.repeated(mean))
        offsets[part.number], scales[part.number] = map(part.folded, sums)

    share_rows(k, parts, add_up)
    d_offset, d_scale = offsets.sum(axis=0), scales.sum(axis=0) * r
    factor, shift = r * d_scale / count, d_offset / count

    def combine(part: RowPart) -> None:
        m, f, s, by = (part.repeated(row) for row in (mean, factor, shift, slope))
        if is_training:
            elementwise.combine_rows(part.of(dy), part.of(x), m, f, s, by, part.of(dx))
        else:
            elementwise.scale_rows(part.of(dy), by, np.zeros_like(by), part.of(dx))

    share_rows(k, parts, combine)
    return dx.reshape(shape), d_scale, d_offset


def _slope_shapes(dy: Tensor, x: Tensor, scale: Tensor, *_: Any, **__: Any) -> list[TensorShape]:
    return [x.shape, scale.shape, scale.shape, TensorShape([0]), TensorShape([0])]


def _slope_in_ops(
    dy: Tensor, x: Tensor, scale: Tensor, mean: Tensor, variance: Tensor,
    epsilon: float, data_format: str, is_training: bool,
) -> list[Tensor]:  # fmt: skip
    """What `_batch_norm_slope` computes, composed of ops that are differentiable themselves."""
    last, dtype = data_format == "NHWC", x.dtype
    dy, x = (cast(t if last else transpose(t, [0, 2, 3, 1]), scale.dtype) for t in (dy, x))
    r, centred = 1.0 / sqrt(variance + epsilon), x - mean
    d_offset = reduce_sum(dy, _ALL_BUT_CHANNELS)
    d_scale = reduce_sum(dy * centred, _ALL_BUT_CHANNELS) * r
    if is_training:
        dy -= (d_offset + centred * (r * d_scale)) / cast(size(x) // shape(x)[3], x.dtype)
    dx = cast(dy * (scale * r), dtype)
    return [dx if last else transpose(dx, [0, 3, 1, 2]), d_scale, d_offset]


def _second_order(op: Operation, *grads: Tensor) -> list[Tensor | None]:
    dy, x, scale, mean, variance = inputs = [identity(t) for t in op.inputs[:5]]  # the moments apart from x
    composed = _slope_in_ops(dy, x, scale, mean, variance, **op.attrs)
    return [*gradients(composed, inputs, list(grads[:3])), None]


FusedBatchNormGradV3 = define(
    "FusedBatchNormGradV3",
    "y_backprop:T, x:T, scale:U, reserve_space_1:U, reserve_space_2:U, reserve_space_3:U -> "
    "x_backprop:T, scale_backprop:U, offset_backprop:U, reserve_space_4:U, reserve_space_5:U",
    types=_WITH_STATISTICS,
    shape=_slope_shapes,
    kernel=_batch_norm_slope,
    grad=_second_order,
)

# -- local response normalization -----------------------------------------------------------------------------------


@in_float32
def channel_window_sum(k: Any, x: Array, depth_radius: int) -> Array:
    total = x.copy()
    for offset in range(1, min(depth_radius, x.shape[-1] - 1) + 1):
        total[..., offset:] += x[..., :-offset]
        total[..., :-offset] += x[..., offset:]
    return total


ChannelWindowSum = define(  # no op of TensorFlow's: what its LRN and LRNGrad have in common
    "ChannelWindowSum",
    "input:T -> output:T",
    types=_FLOATS,
    shape=same_shape,
    kernel=channel_window_sum,
    grad=lambda op, g: get_op("ChannelWindowSum")(
        g, **op.attrs
    ),  # channel i is in the window of j where j is in that of i
)


@in_float32
def _lrn(k: Any, x: Array, depth_radius: int, bias: float, alpha: float, beta: float) -> Array:
    return x * (bias + alpha * channel_window_sum(k, k.xp.square(x), depth_radius)) ** -beta


def _lrn_gradient(op: Operation, g: Tensor) -> Tensor:
    x, (radius, bias, alpha, beta) = op.inputs[0], (op.attrs[n] for n in ("depth_radius", "bias", "alpha", "beta"))
    norm = bias + alpha * ChannelWindowSum(square(x), depth_radius=radius)
    shared = ChannelWindowSum(g * x * power(norm, -beta - 1.0), depth_radius=radius)
    return g * power(norm, -beta) - (2.0 * alpha * beta) * x * shared


LRN = define(
    "LRN",
    "input:T -> output:T",
    types=_FLOATS,
    shape=lambda x, **_: of_rank(x, 4),
    kernel=_lrn,
    grad=_lrn_gradient,
)


def local_response_normalization(
    input: Any,
    depth_radius: int | None = 5,
    bias: float | None = 1.0,
    alpha: float | None = 1.0,
    beta: float | None = 0.5,
    name: str | None = None,
) -> Tensor:
    """input / (bias + alpha * s) ** beta, with s the sum of squares over the channels at most `depth_radius` away.

    `input` is [N, H, W, C]; None stands for an argument's default. Krizhevsky et al., ImageNet Classification (2012),
    section 3.3.
    """
    given = zip((depth_radius, bias, alpha, beta), (5, 1, 1, 0.5), strict=True)
    radius, *numbers = (default if value is None else value for value, default in given)
    bias, alpha, beta = map(float, numbers)
    return LRN(input, depth_radius=int(radius), bias=bias, alpha=alpha, beta=beta, name=name)


lrn = local_response_normalization

__all__ = ["l2_loss", "local_response_normalization", "lrn"]
