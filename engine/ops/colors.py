"""Colors: red, green and blue as hue, saturation and value and back, and these or the contrast changed."""

from __future__ import annotations

from typing import Any

from ..dtypes import FLOATS
from ..graph import Tensor
from ..registry import OpDef, Rule, define, no_gradient
from ..shapes import TensorShape
from .arithmetic import in_float32

Array = Any  # numpy.ndarray or cupy.ndarray

_NONE = no_gradient("TensorFlow 1 has none either.")


def _three_channels(images: Tensor, *_: Tensor) -> TensorShape:
    sizes = images.shape.sizes
    if sizes is not None and not sizes:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    if sizes is not None and sizes[-1] not in (3, None):
        raise ValueError(f"Dimension must be 3 but is {sizes[-1]}")
    return images.shape


def _hue(k: Any, rgb: Array) -> tuple[Array, Array, Array]:
    """Hue in [0, 1) (0 for grays), and the least and the greatest of the three colors. Smith (1978)."""
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    high, low = rgb.max(axis=-1), rgb.min(axis=-1)
    spread = high - low
    part = 1 / (6 * k.xp.where(spread > 0, spread, spread.dtype.type(1)))
    hue = k.xp.where(r == high, part * (g - b), k.xp.where(g == high, part * (b - r) + 1 / 3, part * (r - g) + 2 / 3))
    hue = k.xp.where(spread > 0, hue, spread.dtype.type(0))
    return k.xp.where(hue < 0, hue + 1, hue), low, high


def _colored(k: Any, hue: Array, low: Array, high: Array) -> Array:
    """The inverse of `_hue`: how much of each color a hue has, between the least and the greatest."""
    at = hue * 6
    shares = (k.xp.abs(at - 3) - 1, 2 - k.xp.abs(at - 2), 2 - k.xp.abs(at - 4))
    return k.xp.stack([low + (high - low) * k.xp.clip(share, 0, 1) for share in shares], axis=-1)


def _saturation(k: Any, low: Array, high: Array) -> Array:
    return k.xp.where(high > 0, (high - low) / k.xp.where(high > 0, high, high.dtype.type(1)), high.dtype.type(0))


def _rgb_to_hsv(k: Any, images: Array) -> Array:
    hue, low, high = _hue(k, images)
    return k.xp.stack([hue, _saturation(k, low, high), high], axis=-1)


def _hsv_to_rgb(k: Any, images: Array) -> Array:
    hue, saturation, value = images[..., 0], images[..., 1], images[..., 2]
    return _colored(k, hue, value * (1 - saturation), value)


def _adjust_hue(k: Any, images: Array, delta: Array) -> Array:
    hue, low, high = _hue(k, images)
    return _colored(k, k.xp.mod(hue + delta, 1), low, high)


def _adjust_saturation(k: Any, images: Array, scale: Array) -> Array:
    hue, low, high = _hue(k, images)
    saturation = k.xp.clip(_saturation(k, low, high) * scale, 0, 1)
    return _colored(k, hue, high * (1 - saturation), high)


def _adjust_contrast(k: Any, images: Array, contrast_factor: Array) -> Array:
    mean = images.mean(axis=(-3, -2), keepdims=True)
    return (images - mean) * contrast_factor + mean


def _contrast_shape(images: Tensor, contrast_factor: Tensor) -> TensorShape:
    if images.shape.ndims is not None and images.shape.ndims < 3:
        raise ValueError(f"Shape must be at least rank 3 but is rank {images.shape.ndims}")
    return images.shape


def _define(type: str, more: str, kernel: Rule, shape: Rule = _three_channels) -> OpDef:
    """An op of images [..., 3], computed in their dtype (the halves in float32)."""

    def in_own_dtype(k: Any, images: Array, *factor: Array) -> Array:
        return k.cast(kernel(k, images, *(k.cast(f, images.dtype) for f in factor)), images.dtype)

    signature = f"images:T{more} -> output:T"
    return define(type, signature, shape=shape, kernel=in_float32(in_own_dtype), grad=_NONE, types={"T": FLOATS})


RGBToHSV = _define("RGBToHSV", "", _rgb_to_hsv)
HSVToRGB = _define("HSVToRGB", "", _hsv_to_rgb)
AdjustHue = _define("AdjustHue", ", delta:float32", _adjust_hue)
AdjustSaturation = _define("AdjustSaturation", ", scale:float32", _adjust_saturation)
AdjustContrastv2 = _define("AdjustContrastv2", ", contrast_factor:float32", _adjust_contrast, _contrast_shape)


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Colors [..., 3] as hue, saturation and value, each from 0 to 1 where the colors are."""
    return RGBToHSV(images, name=name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """The inverse of `rgb_to_hsv`."""
    return HSVToRGB(images, name=name)


__all__ = ["hsv_to_rgb", "rgb_to_hsv"]
