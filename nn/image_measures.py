"""How alike two pictures are, and how much a picture changes from pixel to pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import float32, int32
from ..engine.graph import Operation, Tensor, control_dependencies, op_scope
from ..engine.ops.activations import relu
from ..engine.ops.array import concat, pad, stack, tile
from ..engine.ops.basic import cast, expand_dims, identity, reshape, size
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.control_flow import Assert
from ..engine.ops.math import abs, add, equal, greater_equal, log, pow, square, squared_difference, subtract
from ..engine.ops.pool import avg_pool
from ..engine.ops.reduce import reduce_all, reduce_mean, reduce_prod, reduce_sum
from .convolutions import depthwise_conv2d
from .image_dtypes import convert_image_dtype

_SPATIAL = (-3, -2, -1)  # height, width and channels of [..., H, W, C]


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the absolute differences of neighbors, of [H, W, C] or for each image of [N, H, W, C].

    Raises ValueError for another rank.
    """
    with op_scope(name, "total_variation", [images]):
        images = convert_to_tensor(images, name="images")
        if images.shape.ndims not in (3, 4):
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        down = images[..., 1:, :, :] - images[..., :-1, :, :]
        across = images[..., :, 1:, :] - images[..., :, :-1, :]
        return add(reduce_sum(abs(down), axis=_SPATIAL), reduce_sum(abs(across), axis=_SPATIAL))


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """How much [N, H, W, C] changes to the next row and to the next column; zero at the last ones.

    Raises ValueError for another rank.
    """
    image = convert_to_tensor(image)
    if image.shape.ndims != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.shape}.")
    down, across = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
    return pad(down, [[0, 0], [0, 1], [0, 0], [0, 0]]), pad(across, [[0, 0], [0, 0], [0, 1], [0, 0]])


_SOBEL = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])


def sobel_edges(image: Any) -> Tensor:
    """[N, H, W, C, 2]: how much float images [N, H, W, C] change downwards and across, by Sobel's two filters.

    Images go on beyond their borders as in a mirror, so each must have two rows and two columns.
    """
    image = convert_to_tensor(image, name="image")
    sizes = shape_of(image)
    filters = constant(np.stack([_SOBEL, _SOBEL.T], -1)[:, :, None], image.dtype)
    filters = tile(filters, stack([1, 1, sizes[-1], 1]), name="sobel_filters")
    mirrored = pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    edges = reshape(depthwise_conv2d(mirrored, filters, [1, 1, 1, 1], "VALID"), concat([sizes, [2]], 0))
    edges.set_shape(image.shape.concatenate([2]))
    return edges


# -- likeness -------------------------------------------------------------------------------------------------------


def _checks(a: Tensor, b: Tensor) -> list[Operation]:
    """What makes sure in a run that two batches of images can be compared.

    Raises ValueError where that is known not to be so: for other sizes or channels, or batches that do not fit.
    """
    first, second = a.shape.with_rank_at_least(3), b.shape.with_rank_at_least(3)
    first[-3:].assert_is_compatible_with(second[-3:])
    if first.ndims is not None and second.ndims is not None:
        for m, n in zip(reversed(first[:-3].as_list()), reversed(second[:-3].as_list()), strict=False):
            if None not in (m, n) and 1 not in (m, n) and m != n:
                raise ValueError(f"Two images are not compatible: {first} and {second}")
    sizes = [shape_of(a), shape_of(b)]
    return [
        Assert(greater_equal(size(sizes[0]), 3), sizes, summarize=10),
        Assert(reduce_all(equal(sizes[0][-3:], sizes[1][-3:])), sizes, summarize=10),
    ]


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """The peak signal to noise ratio of images [..., H, W, C] in decibels: 10 log10(max_val² / mean of (a - b)²).

    `max_val` is the range of values in the images' dtype. Raises ValueError for images that do not fit together.
    """
    with op_scope(name, "PSNR", [a, b]):
        a, b = convert_to_tensor(a), convert_to_tensor(b)
        peak = convert_image_dtype(cast(max_val, a.dtype), float32)
        a, b = convert_image_dtype(a, float32), convert_image_dtype(b, float32)
        error = reduce_mean(squared_difference(a, b), axis=_SPATIAL)
        signal = 20 * log(peak) / log(10.0)
        ratio = subtract(signal, np.float32(10 / math.log(10)) * log(error), name="psnr")
        with control_dependencies(_checks(a, b)):
            return identity(ratio)


def _in_float32(a: Any, b: Any, max_val: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Two batches of images that are known, or checked, to fit together, and their range of values."""
    a, b = convert_to_tensor(a, name="img1"), convert_to_tensor(b, name="img2")
    with control_dependencies(_checks(a, b)):
        a = identity(a)
    peak = convert_image_dtype(cast(max_val, a.dtype), float32)
    return convert_image_dtype(a, float32), convert_image_dtype(b, float32), peak


def _bell(length: int, sigma: float) -> np.ndarray:
    """[length, length, 1, 1] weights of a Gaussian, which sum to one."""
    distances = np.square(np.arange(length, dtype=np.float32) - np.float32((length - 1) / 2))
    exponents = np.float32(-0.5) / np.square(np.float32(sigma)) * distances
    weights = np.exp(exponents[None, :] + exponents[:, None])
    return (weights / weights.sum())[:, :, None, None]


def _by_channel(
    a: Tensor, b: Tensor, max_val: Tensor, filter_size: int, filter_sigma: float, k1: float, k2: float,
    by_windows: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(The similarity, the part of it that is contrast and structure) of each channel, or of each window of it.

    Wang, Bovik, Sheikh and Simoncelli, Image quality assessment (2004), equations 6 to 13, with means and covariances
    weighed by a Gaussian.
    """
    sizes = shape_of(a), shape_of(b)
    checks = [Assert(reduce_all(greater_equal(s[-3:-1], filter_size)), [s, filter_size], summarize=8) for s in sizes]
    with control_dependencies(checks):
        a = identity(a)
    weights = tile(constant(_bell(filter_size, filter_sigma)), stack([1, 1, sizes[0][-1], 1]))

    def mean(x: Tensor) -> Tensor:
        lengths = shape_of(x)
        flat = reshape(x, concat([[-1], lengths[-3:]], 0))
        means = depthwise_conv2d(flat, weights, [1, 1, 1, 1], "VALID")
        return reshape(means, concat([lengths[:-3], shape_of(means)[1:]], 0))

    c1, c2 = square(k1 * max_val), square(k2 * max_val)
    mean_a, mean_b = mean(a), mean(b)
    product, squares = mean_a * mean_b * 2.0, square(mean_a) + square(mean_b)
    luminance = (product + c1) / (squares + c1)
    contrast = (mean(a * b) * 2.0 - product + c2) / (mean(square(a) + square(b)) - squares + c2)
    if by_windows:
        return luminance * contrast, contrast
    return _over_windows(luminance * contrast), _over_windows(contrast)


def _over_windows(x: Tensor) -> Tensor:
    return reduce_mean(x, constant([-3, -2], int32))


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Tensor:
    """The structural similarity of images [..., H, W, C], from -1 to 1: [...], or with `return_index_map` that of each
    window, [..., H - filter_size + 1, W - filter_size + 1].

    `max_val` is the range of values in the images' dtype; windows are weighed by a Gaussian of `filter_sigma`. Raises
    ValueError for images that do not fit together, and InvalidArgumentError in a run for images less than a window.
    """
    with op_scope(None, "SSIM", [img1, img2]):
        a, b, peak = _in_float32(img1, img2, max_val)
        similarity, _ = _by_channel(a, b, peak, filter_size, filter_sigma, k1, k2, return_index_map)
        return reduce_mean(similarity, [-1])


def _halved(images: Tensor) -> Tensor:
    """Images [..., H, W, C] of half the height and width: means of four pixels, the last row and column met twice
    where their number is odd.
    """
    lengths = shape_of(images)
    flat = reshape(images, concat([[-1], lengths[-3:]], 0))
    more = pad(expand_dims(lengths[-3:] % [2, 2, 1], -1), [[1, 0], [1, 0]])
    half = avg_pool(pad(flat, more, mode="SYMMETRIC"), 2, 2, "VALID")
    return reshape(half, concat([lengths[:-3], shape_of(half)[1:]], 0))


def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Sequence[float] = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333),
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The similarity of images [..., H, W, C] over several scales, each half of the one before: [...], from 0 to 1.

    Contrast and structure at each scale but the last and the similarity at the last, to the power of its factor, and
    multiplied. Wang, Simoncelli and Bovik, Multi-scale structural similarity (2003), whose factors are the default. The
    other arguments are those of `ssim`; at the last scale, too, images must not be less than a window.
    """
    with op_scope(None, "MS-SSIM", [img1, img2]):
        a, b, peak = _in_float32(img1, img2, max_val)
        scales = []
        for k in range(len(power_factors)):
            with op_scope(None, f"Scale{k}", [a, b]):
                if k:
                    a, b = _halved(a), _halved(b)
                similarity, contrast = _by_channel(a, b, peak, filter_size, filter_sigma, k1, k2)
                scales.append(relu(contrast))
        scales[-1] = relu(similarity)
        product = reduce_prod(pow(stack(scales, axis=-1), constant(list(power_factors), float32)), [-1])
        return reduce_mean(product, [-1])


__all__ = ["image_gradients", "psnr", "sobel_edges", "ssim", "ssim_multiscale", "total_variation"]
