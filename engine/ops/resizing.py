"""Images in another size: bilinear, nearest neighbor, bicubic and by areas, each as TensorFlow 1 computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..build import convert_to_tensor
from ..dtypes import float32
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor
from ..registry import OpDef, define
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .arithmetic import REALS
from .basic import shape as shape_of
from .common import of_rank

Array = Any  # numpy.ndarray or cupy.ndarray

HEIGHT, WIDTH = 1, 2  # axes of images [N, H, W, C]


# -- where an axis is read ------------------------------------------------------------------------------------------


class Taps(NamedTuple):
    """How one axis is resized: result i is the sum over t of weights[i, t] * axis[places[i, t]], over `total`."""

    places: np.ndarray  # [out, taps], int64
    weights: np.ndarray  # [out, taps], float32
    total: np.float32 = np.float32(1)  # what weights add up to


def _scale(size: int, new: int, align_corners: bool) -> np.float32:
    """How far apart results lie, in pixels of the image: with `align_corners` the outermost centers coincide."""
    if align_corners and size > 1 and new > 1:
        return np.float32(size - 1) / np.float32(new - 1)
    return np.float32(size) / np.float32(new)


def _positions(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> np.ndarray:
    """Where each result lies, float32 as in TensorFlow; its pixels' centers are at whole numbers, as TF1 has it."""
    scale, steps = _scale(size, new, align_corners), np.arange(new, dtype=np.float32)
    half = np.float32(0.5)
    return (steps + half) * scale - half if half_pixel_centers else steps * scale


def _linear(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Taps:
    """The two neighbors of each position."""
    at = _positions(size, new, align_corners, half_pixel_centers)
    below = np.floor(at)
    places = np.stack([np.maximum(below, 0), np.minimum(np.ceil(at), size - 1)], 1)
    return Taps(places.astype(np.int64), np.stack([1 - (at - below), at - below], 1))


def _nearest(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Taps:
    """The pixel that a position lies in; with `align_corners` the nearest one, halves upwards."""
    scale, steps = _scale(size, new, align_corners), np.arange(new, dtype=np.float32)
    at = (steps + np.float32(0.5)) * scale if half_pixel_centers else steps * scale
    at = np.floor(at + np.float32(0.5)) if align_corners else np.floor(at)
    return Taps(np.clip(at, 0, size - 1).astype(np.int64)[:, None], np.ones((new, 1), np.float32))


_STEPS = 1024  # TensorFlow looks the cubic weights up at so many places between two pixels


def _cubic_weight(distance: np.ndarray, a: float) -> np.ndarray:
    """Keys' kernel: of a pixel within 1, or between 1 and 2 (Cubic convolution interpolation, 1981, formula 15)."""
    x = distance.astype(np.float64)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, far).astype(np.float32)


def _cubic(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Taps:
    """The four neighbors of each position; with `half_pixel_centers`, without those beyond the edge."""
    at = _positions(size, new, align_corners, half_pixel_centers)
    below = np.floor(at)
    part = np.rint((at - below) * np.float32(_STEPS)) / _STEPS
    weights = _cubic_weight(np.stack([1 + part, part, 1 - part, 2 - part], 1), -0.5 if half_pixel_centers else -0.75)
    wanted = below.astype(np.int64)[:, None] + np.arange(-1, 3)
    places = np.clip(wanted, 0, size - 1)
    if half_pixel_centers:
        weights = np.where(places == wanted, weights, np.float32(0))
        weights = weights / weights.sum(1, keepdims=True, dtype=np.float32)
    return Taps(places, weights)


def _area(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Taps:
    """All pixels that a result covers, each by the part of it that is covered."""
    scale = _scale(size, new, align_corners)
    starts = np.arange(new, dtype=np.float32) * scale
    ends = np.arange(1, new + 1, dtype=np.float32) * scale
    first = np.floor(starts).astype(np.int64)
    most = max(int((np.ceil(ends).astype(np.int64) - first).max()), 1)
    wanted = first[:, None] + np.arange(most)
    pixels = wanted.astype(np.float32)
    left, right = np.maximum(pixels, starts[:, None]), np.minimum(pixels + 1, ends[:, None])
    whole = (pixels < starts[:, None]) & (pixels + 1 > ends[:, None])  # a result within one pixel: no difference taken
    covered = np.where(whole, scale, np.maximum(right - left, 0))
    return Taps(np.minimum(wanted, size - 1), covered, scale)


# -- the four methods -----------------------------------------------------------------------------------------------


def _along(values: np.ndarray, k: Any, axis: int, dtype: Any) -> Array:
    """A vector as an array that broadcasts along one axis of images."""
    return k.asarray(values.astype(dtype, copy=False).reshape([-1 if i == axis else 1 for i in range(4)]))


def _interpolated(k: Any, x: Array, taps: Taps, axis: int, dtype: Any) -> Array:
    """Between two neighbors: what lies between equal ones is equal to them, whatever the rounding."""
    low, high = (k.cast(k.xp.take(x, k.asarray(places), axis=axis), dtype) for places in taps.places.T)
    return low + (high - low) * _along(taps.weights[:, 1], k, axis, dtype)


def _summed(k: Any, x: Array, taps: Taps, axis: int, dtype: Any) -> Array:
    total: Any = 0
    for places, weights in zip(taps.places.T, taps.weights.T, strict=True):
        total = total + k.cast(k.xp.take(x, k.asarray(places), axis=axis), dtype) * _along(weights, k, axis, dtype)
    return total


def _over(x: Array, total: np.float32) -> Array:
    return x if total == 1 else x * x.dtype.type(1 / total)


def _chosen(k: Any, x: Array, taps: Taps, axis: int, dtype: Any) -> Array:
    return k.xp.take(x, k.asarray(taps.places[:, 0]), axis=axis)


def _transposed(taps: Taps, size: int) -> Taps:
    """The taps of the transpose: which results each of `size` pixels went into, by weights; zero where there is none.

    So a gradient is gathered, always in the same order, rather than scattered.
    """
    results, columns = np.nonzero(taps.weights)
    pixels = taps.places[results, columns]
    order = np.argsort(pixels, kind="stable")
    results, columns, pixels = results[order], columns[order], pixels[order]
    nth = np.arange(pixels.size) - np.searchsorted(pixels, pixels)  # of those that this pixel went into
    places = np.zeros((size, int(nth.max(initial=0)) + 1), np.int64)
    weights = np.zeros(places.shape, np.float32)
    places[pixels, nth], weights[pixels, nth] = results, taps.weights[results, columns]
    return Taps(places, weights, taps.total)


def _gathered(k: Any, g: Array, taps: Taps, axis: int) -> Array:
    """`_summed` that does not look where a weight is zero: a gradient that is not finite stays where it belongs."""
    total: Any = 0
    for places, weights in zip(taps.places.T, taps.weights.T, strict=True):
        part = k.xp.take(g, k.asarray(places), axis=axis)
        part *= _along(weights, k, axis, g.dtype)
        if not weights.all():
            part[(slice(None),) * axis + (k.asarray(np.flatnonzero(weights == 0)),)] = 0
        part += total
        total = part
    return total


def _resized_shape(images: Tensor, size: Tensor, **_: Any) -> TensorShape:
    if size.shape.ndims not in (None, 1):
        raise ValueError(f"Shape must be rank 1 but is rank {size.shape.ndims}")
    new = constant_value_as_shape(size)
    if new.ndims not in (None, 2):
        raise ValueError(f"Dimension must be 2 but is {new.ndims}")
    sizes = of_rank(images, 4).as_list()
    return TensorShape([sizes[0], *(new.as_list() if new.ndims else (None, None)), sizes[3]])


def _checked(images: Array, size: np.ndarray) -> tuple[int, int]:
    height, width = int(size[0]), int(size[1])
    if height <= 0 or width <= 0:
        raise InvalidArgumentError(None, None, "output dimensions must be positive")
    if not images.shape[HEIGHT] or not images.shape[WIDTH]:
        raise InvalidArgumentError(None, None, "input image must be of non-zero size")
    return height, width


def _sides(tensor: Tensor) -> Tensor:
    return shape_of(tensor)[HEIGHT : WIDTH + 1]


def _define(
    type: str, taps: Callable[..., Taps], apply: Callable[..., Array], order: tuple[int, int]
) -> tuple[OpDef, OpDef]:
    """The op of a method and that of its gradient. `apply` resizes one axis, first order[0], as TensorFlow does.

    Results have the dtype that the attribute `out` says.
    """

    def kernel(k: Any, images: Array, size: np.ndarray, out: Any, **how: bool) -> Array:
        new = _checked(images, size)
        along = {axis: taps(images.shape[axis], new[axis - 1], **how) for axis in order}
        for axis in order:
            images = apply(k, images, along[axis], axis, out.numpy)
        return _over(images, along[HEIGHT].total * along[WIDTH].total)

    def back(k: Any, grads: Array, size: np.ndarray, out: Any, **how: bool) -> Array:
        g = k.cast(grads, np.float32) if grads.dtype.itemsize == 2 else grads
        old = _checked(grads, size)
        along = {axis: taps(old[axis - 1], grads.shape[axis], **how) for axis in order}
        for axis in order:
            g = _gathered(k, g, _transposed(along[axis], old[axis - 1]), axis)
        return k.cast(_over(g, along[HEIGHT].total * along[WIDTH].total), out.numpy)

    def gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
        images = op.inputs[0]
        if not images.dtype.is_floating:
            return [None, None]
        return [backward(g, _sides(images), **{**op.attrs, "out": images.dtype}), None]

    def gradient_of_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
        grads = op.inputs[0]
        return [forward(g, _sides(grads), **{**op.attrs, "out": grads.dtype}), None]

    given: dict[str, Any] = {"shape": _resized_shape, "types": {"T": REALS}, "host": ["size"]}
    forward = define(type, "images:T, size:int32 -> resized_images:out", kernel=kernel, grad=gradient, **given)
    backward = define(
        f"{type}Grad", "grads:T, size:int32 -> output:out", kernel=back, grad=gradient_of_gradient, **given
    )
    return forward, backward


ResizeBilinear, ResizeBilinearGrad = _define("ResizeBilinear", _linear, _interpolated, (WIDTH, HEIGHT))
ResizeNearestNeighbor, ResizeNearestNeighborGrad = _define("ResizeNearestNeighbor", _nearest, _chosen, (HEIGHT, WIDTH))
ResizeBicubic, ResizeBicubicGrad = _define("ResizeBicubic", _cubic, _summed, (HEIGHT, WIDTH))
ResizeArea, ResizeAreaGrad = _define("ResizeArea", _area, _summed, (WIDTH, HEIGHT))


def _resize(op: OpDef, images: Any, size: Any, name: str | None, out: Any = float32, **how: bool) -> Tensor:
    if how["align_corners"] and how["half_pixel_centers"]:
        raise ValueError("If half_pixel_centers is True, align_corners must be False.")
    return op(images, size, name=name, out=out, **how)


def resize_bilinear(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Tensor:
    """Images [N, H, W, C] in `size` (new height, new width), float32: each pixel from its four nearest.

    `align_corners` makes the outermost pixels' centers coincide, `half_pixel_centers` the images' borders; by default
    the upper left centers coincide. Raises ValueError for both at once.
    """
    return _resize(
        ResizeBilinear, images, size, name, align_corners=align_corners, half_pixel_centers=half_pixel_centers
    )


def resize_nearest_neighbor(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Tensor:
    """As `resize_bilinear`, each pixel being one of the image's own; the dtype stays."""
    images = convert_to_tensor(images, name="images")
    how = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return _resize(ResizeNearestNeighbor, images, size, name, images.dtype, **how)


def resize_bicubic(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Tensor:
    """As `resize_bilinear`, each pixel from its sixteen nearest by Keys' kernel (a = -0.75; -0.5 by half pixels)."""
    return _resize(
        ResizeBicubic, images, size, name, align_corners=align_corners, half_pixel_centers=half_pixel_centers
    )


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Tensor:
    """As `resize_bilinear`, each pixel being the mean of the area that it covers."""
    return _resize(ResizeArea, images, size, name, align_corners=align_corners, half_pixel_centers=False)


__all__ = ["resize_area", "resize_bicubic", "resize_bilinear", "resize_nearest_neighbor"]
