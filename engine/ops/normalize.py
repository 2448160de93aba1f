"""Ops that normalise: fused batch normalization, local response normalization, and half the squared length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..dtypes import FLOATS, float32, float64
from ..graph import Operation, Tensor
from ..registry import check_equal, define, get_op, same_shape, scalar_shape
from ..shapes import TensorShape
from .arithmetic import in_float32
from .array import transpose
from .basic import cast, shape, size
from .common import Array, channels_back, channels_last, is_zeros, of_rank
from .conv import channels_of, image_shape
from .math import pow as power
from .math import rsqrt, square
from .reduce import reduce_sum

_FLOATS = {"T": FLOATS}
_ALL_BUT_CHANNELS = [0, 1, 2]

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


@dataclass
class _BatchNorm:
    """The gradient of one fused batch normalization, in NHWC and in the dtype of its statistics."""

    x: Tensor
    dy: Tensor
    scale: Tensor
    mean: Tensor  # the ones used
    variance: Tensor
    epsilon: float

    def __post_init__(self) -> None:
        self.r = rsqrt(self.variance + self.epsilon)
        self.centred = self.x - self.mean
        self.d_offset = reduce_sum(self.dy, _ALL_BUT_CHANNELS)
        self.d_scale = reduce_sum(self.dy * self.centred, _ALL_BUT_CHANNELS) * self.r

    def inference(self) -> list[Tensor]:
        """The gradients of x, scale, offset, mean and variance, where these five are independent."""
        slope = self.scale * self.r
        d_variance = -0.5 * self.scale * square(self.r) * self.d_scale
        return [self.dy * slope, self.d_scale, self.d_offset, -slope * self.d_offset, d_variance]

    def training(self, kept: Sequence[Tensor], used: Sequence[Tensor], factor: float) -> list[Tensor | None]:
        """The same where mean and variance are those of x, with the gradients that came for the statistics.

        Ioffe and Szegedy, Batch Normalization (2015), section 3.
        """
        count = cast(size(self.x) // shape(self.x)[3], self.x.dtype)
        dx = (self.scale * self.r) * (self.dy - (self.d_offset + self.centred * (self.r * self.d_scale)) / count)
        for (d_mean, d_variance), weight, freedom in ((kept, factor, count - 1.0), (used, 1.0, count)):
            if not is_zeros(d_mean):
                dx += d_mean * weight / count
            if not is_zeros(d_variance):
                dx += self.centred * (2.0 * weight * d_variance / freedom)
        return [dx, self.d_scale, self.d_offset, None, None]


def _batch_norm_gradient(op: Operation, dy: Tensor, *d_statistics: Tensor) -> list[Tensor | None]:
    x, scale, _, mean, variance = op.inputs
    training, last = op.attrs["is_training"], op.attrs["data_format"] == "NHWC"
    used = op.outputs[3:5] if training else (mean, variance)
    wide_x, wide_dy = (cast(t if last else transpose(t, [0, 2, 3, 1]), scale.dtype) for t in (x, dy))
    rule = _BatchNorm(wide_x, wide_dy, scale, used[0], used[1], op.attrs["epsilon"])
    if training:
        grads = rule.training(d_statistics[:2], d_statistics[2:4], op.attrs["exponential_avg_factor"])
    else:
        grads = list(rule.inference())
    dx = cast(grads[0], x.dtype)
    return [dx if last else transpose(dx, [0, 3, 1, 2]), *grads[1:]]


def _batch_norm(
    k: Any, x: Array, scale: Array, offset: Array, mean: Array, variance: Array,
    epsilon: float, exponential_avg_factor: float, is_training: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """Outputs: y, the mean and (Bessel-corrected) variance to keep, the mean and variance used, nothing."""
    xp = k.xp
    kept = used = (mean.copy(), variance.copy())
    if is_training:
        count = x.size // max(x.shape[-1], 1)
        used = (xp.mean(x, axis=(0, 1, 2)), xp.var(x, axis=(0, 1, 2)))
        kept = (used[0].copy(), used[1] * (count / max(count - 1, 1)))
        if exponential_avg_factor != 1.0:
            pairs = zip((mean, variance), kept, strict=True)
            kept = tuple(old + (new - old) * exponential_avg_factor for old, new in pairs)
    slope = scale / xp.sqrt(used[1] + epsilon)
    return x * slope + (offset - used[0] * slope), *kept, *(a.copy() for a in used), xp.zeros(0, scale.dtype)


def _batch_norm_of_images(k: Any, x: Array, *parameters: Array, data_format: str, **attrs: Any) -> tuple[Array, ...]:
    y, *statistics = _batch_norm(k, k.cast(channels_last(k, x, data_format), parameters[0].dtype), *parameters, **attrs)
    return channels_back(k, k.cast(y, x.dtype), data_format), *statistics


FusedBatchNormV3 = define(
    "FusedBatchNormV3",
    "x:T, scale:U, offset:U, mean:U, variance:U -> y:T, batch_mean:U, batch_variance:U, reserve_space_1:U, "
    "reserve_space_2:U, reserve_space_3:U",
    types={**_FLOATS, "U": (float32, float64)},
    shape=_batch_norm_shapes,
    kernel=_batch_norm_of_images,
    grad=_batch_norm_gradient,
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
    input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5, name: str | None = None
) -> Tensor:
    """input / (bias + alpha * s) ** beta, with s the sum of squares over the channels at most `depth_radius` away.

    `input` is [N, H, W, C]. Krizhevsky et al., ImageNet Classification (2012), section 3.3.
    """
    return LRN(input, depth_radius=int(depth_radius), bias=float(bias), alpha=float(alpha), beta=float(beta), name=name)


lrn = local_response_normalization

__all__ = ["l2_loss", "local_response_normalization", "lrn"]
