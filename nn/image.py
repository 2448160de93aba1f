"""tf.image: pictures read, written, resized, cut, turned, and changed in brightness and color."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import float16, float32, float64, int32
from ..engine.graph import Operation, Tensor, op_scope
from ..engine.ops.array import concat, extract_image_patches, pad, reverse, stack, tile, unstack
from ..engine.ops.array import slice as slice_of
from ..engine.ops.array import transpose as permuted
from ..engine.ops.basic import cast, expand_dims, rank, reshape, squeeze
from ..engine.ops.basic import ones as ones_of
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.boxes import (
    crop_and_resize,
    draw_bounding_boxes,
    non_max_suppression,
    non_max_suppression_overlaps,
    non_max_suppression_with_scores,
    sample_distorted_bounding_box,
)
from ..engine.ops.codecs import (
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    encode_jpeg,
    encode_png,
)
from ..engine.ops.colors import AdjustContrastv2, AdjustHue, AdjustSaturation, hsv_to_rgb, rgb_to_hsv
from ..engine.ops.control_flow import Assert, case, cond, with_dependencies
from ..engine.ops.linalg import tensordot
from ..engine.ops.math import (
    add,
    equal,
    floor,
    floormod,
    greater,
    greater_equal,
    less,
    maximum,
    minimum,
    multiply,
    pow,
    round,
    rsqrt,
    subtract,
    truediv,
)
from ..engine.ops.random import random_crop, random_uniform
from ..engine.ops.reduce import reduce_mean, reduce_prod, reduce_std
from ..engine.ops.resizing import resize_area, resize_bicubic, resize_bilinear, resize_nearest_neighbor
from ..engine.static import constant_value
from .image_dtypes import convert_image_dtype
from .image_measures import image_gradients, psnr, sobel_edges, ssim, ssim_multiscale, total_variation

_SPATIAL = (-3, -2, -1)  # height, width and channels of [..., H, W, C]
_OPS_OF_A_CHECK = 29  # with which TensorFlow asserts in a run that no side is empty


# -- checks ---------------------------------------------------------------------------------------------------------


def _image(image: Any) -> Tensor:
    """`image` as a tensor that is known to have a height, a width and channels. Raises ValueError otherwise."""
    return with_dependencies([], _checked(convert_to_tensor(image, name="image")))


def _checked(image: Tensor) -> Tensor:
    """`image` itself, if it may have a height, a width and channels. Raises ValueError otherwise."""
    sizes = image.shape.sizes
    if sizes is not None and len(sizes) < 3:
        raise ValueError(f"'image' (shape {image.shape}) must be at least three-dimensional.")
    if sizes is not None and 0 in sizes[-3:]:
        raise ValueError(f"inner 3 dims of 'image.shape' must be > 0: {image.shape}")
    if sizes is None or None in sizes[-3:]:
        image.graph.uncounted += _OPS_OF_A_CHECK
    return image


def _one_or_many(image: Any) -> tuple[Tensor, bool]:
    """Images [N, H, W, C], and whether only one [H, W, C] was given. Raises ValueError for another rank."""
    image = convert_to_tensor(image, name="image")
    if image.shape.ndims in (3, None):
        image = expand_dims(image, 0)
        if image.shape.ndims is None:
            image.set_shape([None] * 4)
        return _checked(image), True
    if image.shape.ndims != 4:
        raise ValueError(f"'image' (shape {image.shape}) must have either 3 or 4 dimensions.")
    return _checked(image), False


def _sizes(image: Tensor) -> list[Any]:
    """The lengths of all axes: integers where known, tensors elsewhere."""
    static = image.shape.as_list()
    whole = static if None not in static else unstack(shape_of(image), len(static))
    return [length if size is None else size for size, length in zip(static, whole, strict=True)]


def _require(condition: Any, message: str) -> list[Operation]:
    """Raise ValueError where a condition is false; the operation that checks it in a run where only that can tell."""
    if isinstance(condition, Tensor):
        return [Assert(condition, [message])]
    if not condition:
        raise ValueError(message)
    return []


def _is_tensor(*values: Any) -> bool:
    return any(isinstance(v, Tensor) for v in values)


def _at_least(a: Any, b: Any) -> Any:
    return greater_equal(a, b) if _is_tensor(a, b) else a >= b


def _more(a: Any, b: Any) -> Any:
    return greater(a, b) if _is_tensor(a, b) else a > b


def _most(a: Any, b: Any) -> Any:
    return maximum(a, b) if _is_tensor(a, b) else max(a, b)


def _least(a: Any, b: Any) -> Any:
    return minimum(a, b) if _is_tensor(a, b) else min(a, b)


def _static(*values: Any) -> list[int | None]:
    """What is known of lengths: None for tensors whose value the graph does not fix."""
    known = [constant_value(v) if isinstance(v, Tensor) else v for v in values]
    return [None if v is None else int(v) for v in known]


# -- sizes ----------------------------------------------------------------------------------------------------------


class ResizeMethod:
    """How `resize_images` finds pixels."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_RESIZERS = {
    ResizeMethod.BILINEAR: resize_bilinear,
    ResizeMethod.NEAREST_NEIGHBOR: resize_nearest_neighbor,
    ResizeMethod.BICUBIC: resize_bicubic,
    ResizeMethod.AREA: resize_area,
}


def _within(size: Tensor, height: Any, width: Any) -> Tensor:
    """The greatest size within `size` that has the shape of height : width."""
    new_height, new_width = (cast(size[i], float32) for i in (0, 1))
    old_height, old_width = (cast(side, float32) for side in (height, width))
    scale = minimum(truediv(new_height, old_height), truediv(new_width, old_width))
    return stack([cast(round(multiply(scale, side)), int32) for side in (old_height, old_width)])


def resize_images(
    images: Any,
    size: Any,
    method: int = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """`images` [N, H, W, C] or [H, W, C] in another size (new height, new width), by a `ResizeMethod`.

    Float32, but of the images' own dtype by NEAREST_NEIGHBOR or where the static size is the new one already; then it
    is the images themselves. Pixels lie as in TensorFlow 1: upper left centers coincide, and with `align_corners` all
    corners' centers. Raises ValueError for other ranks, sizes and methods.
    """
    with op_scope(name, "resize", [images, size]):
        images = convert_to_tensor(images, name="images")
        if images.shape.ndims is None:
            raise ValueError("'images' contains no shape.")
        if images.shape.ndims not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        single = images.shape.ndims == 3
        if single:
            images = expand_dims(images, 0)
        size = convert_to_tensor(size, int32, name="size")
        if not size.shape.is_compatible_with([2]):
            raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
        if preserve_aspect_ratio:
            size = _within(size, *_sizes(images)[1:3])
        if method not in _RESIZERS:
            raise ValueError(f"Resize method is not implemented: {method}")
        wanted = constant_value(size)
        if wanted is None or images.shape.as_list()[1:3] != wanted.tolist():
            images = _RESIZERS[method](images, size, align_corners=align_corners)
        return squeeze(images, [0]) if single else images


resize = resize_images


def resize_image_with_pad(
    image: Any, target_height: Any, target_width: Any, method: int = ResizeMethod.BILINEAR, align_corners: bool = False
) -> Tensor:
    """`image` [N, H, W, C] or [H, W, C] as large as fits into the target with its shape kept, zeros around it."""
    with op_scope(None, "resize_image_with_pad", [image]):
        image, single = _one_or_many(image)
        _, height, width, _ = _sizes(image)
        checks = _require(_more(target_width, 0), "target_width must be > 0.")
        checks += _require(_more(target_height, 0), "target_height must be > 0.")
        image = with_dependencies(checks, image)
        targets = [cast(side, float32) for side in (target_height, target_width)]
        sides = [cast(side, float32) for side in (height, width)]
        ratio = maximum(truediv(sides[1], targets[1]), truediv(sides[0], targets[0]))
        sides = [truediv(side, ratio) for side in sides]
        margins = [
            maximum(0, cast(floor(truediv(subtract(target, side), 2.0)), int32))
            for target, side in zip(targets, sides, strict=True)
        ]
        size = stack([cast(floor(side), int32) for side in sides])
        resized = resize_images(image, size, method, align_corners)
        offsets = [m if value is None else value for m, value in zip(margins, _static(*margins), strict=True)]
        padded = pad_to_bounding_box(resized, offsets[0], offsets[1], target_height, target_width)
        return squeeze(padded, [0]) if single else padded


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """The part of `image` [N, H, W, C] or [H, W, C] that begins at the offsets and is as large as the target.

    Raises ValueError for a part that is not inside (InvalidArgumentError in a run where only that can tell).
    """
    with op_scope(None, "crop_to_bounding_box", [image]):
        image, single = _one_or_many(image)
        batch, height, width, channels = _sizes(image)
        checks = _require(_at_least(offset_width, 0), "offset_width must be >= 0.")
        checks += _require(_at_least(offset_height, 0), "offset_height must be >= 0.")
        checks += _require(_more(target_width, 0), "target_width must be > 0.")
        checks += _require(_more(target_height, 0), "target_height must be > 0.")
        checks += _require(_at_least(width, target_width + offset_width), "width must be >= target + offset.")
        checks += _require(_at_least(height, target_height + offset_height), "height must be >= target + offset.")
        begin = stack([0, offset_height, offset_width, 0])
        cropped = slice_of(with_dependencies(checks, image), begin, stack([-1, target_height, target_width, -1]))
        cropped.set_shape([*_static(batch, target_height, target_width, channels)])
        return squeeze(cropped, [0]) if single else cropped


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """`image` [N, H, W, C] or [H, W, C] at the offsets inside zeros of the target's size.

    Raises ValueError where it does not fit (InvalidArgumentError in a run where only that can tell).
    """
    with op_scope(None, "pad_to_bounding_box", [image]):
        image, single = _one_or_many(image)
        batch, height, width, channels = _sizes(image)
        below, right = target_height - offset_height - height, target_width - offset_width - width
        checks = _require(_at_least(offset_height, 0), "offset_height must be >= 0")
        checks += _require(_at_least(offset_width, 0), "offset_width must be >= 0")
        checks += _require(_at_least(right, 0), "width must be <= target - offset")
        checks += _require(_at_least(below, 0), "height must be <= target - offset")
        margins = reshape(stack([0, 0, offset_height, below, offset_width, right, 0, 0]), [4, 2])
        padded = pad(with_dependencies(checks, image), margins)
        padded.set_shape([*_static(batch, target_height, target_width, channels)])
        return squeeze(padded, [0]) if single else padded


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """`image` [N, H, W, C] or [H, W, C] in the target's size: what is too much cut off evenly, what lacks zeros."""
    with op_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, single = _one_or_many(image)
        checks = _require(_more(target_width, 0), "target_width must be > 0.")
        checks += _require(_more(target_height, 0), "target_height must be > 0.")
        image = with_dependencies(checks, image)
        _, height, width, _ = _sizes(image)
        more_height, more_width = target_height - height, target_width - width
        image = crop_to_bounding_box(
            image,
            _most(-more_height // 2, 0),
            _most(-more_width // 2, 0),
            _least(target_height, height),
            _least(target_width, width),
        )
        image = pad_to_bounding_box(
            image, _most(more_height // 2, 0), _most(more_width // 2, 0), target_height, target_width
        )
        return squeeze(image, [0]) if single else image


resize_with_crop_or_pad = resize_image_with_crop_or_pad


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of `image` [N, H, W, C] or [H, W, C], that fraction of its height and width.

    Raises ValueError for a fraction outside (0, 1].
    """
    with op_scope(None, "central_crop", [image]):
        image = convert_to_tensor(image, name="image")
        if not 0.0 < central_fraction <= 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image
        image = _image(image)
        if image.shape.ndims not in (3, 4):
            raise ValueError(f"central_crop takes images of rank 3 or 4, not of shape {image.shape}.")
        sizes = _sizes(image)[-3:]
        starts = [_central_start(side, central_fraction) for side in sizes[:2]]
        lengths = [side - 2 * start for side, start in zip(sizes[:2], starts, strict=True)]
        outer = [0] * (image.shape.ndims - 3)
        cropped = slice_of(image, stack([*outer, *starts, 0]), stack([*(-1 for _ in outer), *lengths, -1]))
        cropped.set_shape([*image.shape.as_list()[:-3], *_static(*lengths), image.shape.as_list()[-1]])
        return cropped


def _central_start(side: Any, fraction: float) -> Any:
    if not isinstance(side, Tensor):
        return int((side - side * fraction) / 2)
    length = cast(side, float64)
    return cast(truediv(subtract(length, multiply(length, fraction)), 2), int32)


# -- turns ----------------------------------------------------------------------------------------------------------

_UP_DOWN, _LEFT_RIGHT = -3, -2


def _reversed(image: Tensor, axis: int) -> Tensor:
    return reverse(image, [axis])


def flip_left_right(image: Any) -> Tensor:
    """`image` [..., H, W, C] as in a mirror."""
    with op_scope(None, "flip_left_right", [image]):
        return _reversed(_image(image), _LEFT_RIGHT)


def flip_up_down(image: Any) -> Tensor:
    """`image` [..., H, W, C] upside down."""
    with op_scope(None, "flip_up_down", [image]):
        return _reversed(_image(image), _UP_DOWN)


def _random_flip(image: Any, axis: int, seed: int | None, name: str) -> Tensor:
    with op_scope(None, name, [image]):
        image = _image(image)
        if image.shape.ndims in (3, None):
            heads = less(random_uniform([], 0, 1.0, seed=seed), 0.5)
            flipped = cond(heads, lambda: _reversed(image, axis), lambda: image)
            flipped.set_shape(image.shape)
            return flipped
        if image.shape.ndims != 4:
            raise ValueError(f"'image' (shape {image.shape}) must have either 3 or 4 dimensions.")
        count = shape_of(image)[0]
        draws = random_uniform(stack([count]), 0, 1.0, seed=seed)
        flips = cast(round(reshape(draws, stack([count, 1, 1, 1]))), image.dtype)
        return flips * _reversed(image, axis) + (1 - flips) * image


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """`image` [H, W, C], or each of [N, H, W, C], as in a mirror or as it is, by a coin's toss."""
    return _random_flip(image, _LEFT_RIGHT, seed, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """`image` [H, W, C], or each of [N, H, W, C], upside down or as it is, by a coin's toss."""
    return _random_flip(image, _UP_DOWN, seed, "random_flip_up_down")


def _transposed(image: Tensor) -> Tensor:
    if image.shape.ndims not in (3, 4):
        raise ValueError(f"'image' (shape {image.shape}) must have either 3 or 4 dimensions.")
    return permuted(image, [1, 0, 2] if image.shape.ndims == 3 else [0, 2, 1, 3])


def transpose_image(image: Any, name: str | None = None) -> Tensor:
    """`image` [N, H, W, C] or [H, W, C] with rows and columns swapped."""
    with op_scope(name, "transpose", [image]):
        return _transposed(_image(image))


transpose = transpose_image


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """`image` [N, H, W, C] or [H, W, C] turned by `k` quarters, counter-clockwise. `k` may be a tensor."""
    with op_scope(name, "rot90", [image, k]):
        image = _image(image)
        turns = {
            1: lambda: _reversed(_transposed(image), _UP_DOWN),
            2: lambda: _reversed(_reversed(image, _UP_DOWN), _LEFT_RIGHT),
            3: lambda: _transposed(_reversed(image, _UP_DOWN)),
        }
        k = convert_to_tensor(k, int32, name="k")
        quarters = constant_value(k)
        if quarters is not None:
            return turns.get(int(quarters) % 4, lambda: image)()
        k = floormod(k, 4)
        chosen = case([(equal(k, n), turn) for n, turn in turns.items()], default=lambda: image, exclusive=True)
        chosen.set_shape([*image.shape.as_list()[:-3], None, None, image.shape.as_list()[-1]])
        return chosen


# -- dtypes ---------------------------------------------------------------------------------------------------------


def _as_floats(image: Tensor) -> Tensor:
    """`image` in float16 or float32, where changes are computed: itself, if it is of one of these."""
    return image if image.dtype in (float16, float32) else convert_image_dtype(image, float32)


# -- brightness and colors ------------------------------------------------------------------------------------------


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """`image` with `delta` (of the range from 0 to 1) added, in its own dtype; integers stay inside their range."""
    with op_scope(None, "adjust_brightness", [image, delta]):
        image = convert_to_tensor(image, name="image")
        floats = _as_floats(image)
        return convert_image_dtype(add(floats, cast(delta, floats.dtype)), image.dtype, saturate=True)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """`images` [..., H, W, C], the distance of each pixel from its channel's mean multiplied by the factor."""
    with op_scope(None, "adjust_contrast", [images, contrast_factor]):
        images = convert_to_tensor(images, name="images")
        adjusted = AdjustContrastv2(_as_floats(images), contrast_factor)
        return convert_image_dtype(adjusted, images.dtype, saturate=True)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """gain * image ** gamma, over the range from 0 to 1. Raises ValueError for a negative gamma."""
    with op_scope(None, "adjust_gamma", [image, gamma, gain]):
        image = convert_to_tensor(image, name="image")
        positive = _require(_at_least(gamma, 0), "Gamma should be a non-negative real number.")
        floats = _as_floats(image)
        gamma = with_dependencies(positive, gamma) if positive else gamma
        return convert_image_dtype(multiply(gain, pow(floats, gamma)), image.dtype, saturate=True)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """Colors [..., 3], each hue moved on by `delta` turns."""
    with op_scope(name, "adjust_hue", [image]):
        image = convert_to_tensor(image, name="image")
        return convert_image_dtype(AdjustHue(_as_floats(image), delta), image.dtype)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """Colors [..., 3], each saturation multiplied by the factor and kept from 0 to 1."""
    with op_scope(name, "adjust_saturation", [image]):
        image = convert_to_tensor(image, name="image")
        return convert_image_dtype(AdjustSaturation(_as_floats(image), saturation_factor), image.dtype)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_brightness` by a number drawn from [-max_delta, max_delta). Raises ValueError for a negative one."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random_uniform([], -max_delta, max_delta, seed=seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_hue` by a number drawn from [-max_delta, max_delta). Raises ValueError for one outside [0, 0.5]."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, random_uniform([], -max_delta, max_delta, seed=seed))


def _factor(lower: float, upper: float, seed: int | None) -> Tensor:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")
    return random_uniform([], lower, upper, seed=seed)


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_contrast` by a factor drawn from [lower, upper). Raises ValueError unless 0 <= lower < upper."""
    return adjust_contrast(image, _factor(lower, upper, seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_saturation` by a factor drawn from [lower, upper). Raises ValueError unless 0 <= lower < upper."""
    return adjust_saturation(image, _factor(lower, upper, seed))


def per_image_standardization(image: Any) -> Tensor:
    """Each image of [..., H, W, C] as float32 (a float image: in its dtype) with mean 0 and deviation 1.

    An image of hardly any deviation is divided by 1 / sqrt(H W C) instead.
    """
    with op_scope(None, "per_image_standardization", [image]) as scope:
        image = _image(image)
        if image.dtype not in (float16, float32):
            image = cast(image, float32)
        count = reduce_prod(shape_of(image)[-3:])
        mean = reduce_mean(image, axis=_SPATIAL, keepdims=True)
        deviation = reduce_std(image, axis=_SPATIAL, keepdims=True)
        least = rsqrt(cast(count, image.dtype))
        return truediv(subtract(image, mean), maximum(deviation, least), name=scope)


per_image_whitening = per_image_standardization  # its name before TensorFlow 1.0


# -- kinds of color -------------------------------------------------------------------------------------------------

_LUMA = (0.2989, 0.587, 0.114)
_RGB_TO_YIQ = (
    (0.299, 0.59590059, 0.2115),
    (0.587, -0.27455667, -0.52273617),
    (0.114, -0.32134392, 0.31119955),
)
_YIQ_TO_RGB = (
    (1.0, 1.0, 1.0),
    (0.95598634, -0.27201283, -1.10674021),
    (0.6208248, -0.64720424, 1.70423049),
)
_RGB_TO_YUV = (
    (0.299, -0.14714119, 0.61497538),
    (0.587, -0.28886916, -0.51496512),
    (0.114, 0.43601035, -0.10001026),
)
_YUV_TO_RGB = ((1.0, 1.0, 1.0), (0.0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0.0))


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """Colors [..., 3] as grays [..., 1] of the same dtype, green weighing the most."""
    with op_scope(name, "rgb_to_grayscale", [images]) as scope:
        images = convert_to_tensor(images, name="images")
        gray = tensordot(convert_image_dtype(images, float32), list(_LUMA), [[-1], [-1]])
        return convert_image_dtype(expand_dims(gray, -1), images.dtype, name=scope)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Grays [..., 1] as colors [..., 3]. Raises ValueError for another last dimension."""
    with op_scope(name, "grayscale_to_rgb", [images]) as scope:
        images = convert_to_tensor(images, name="images")
        if images.shape.ndims is not None and images.shape.as_list()[-1:] not in ([1], [None]):
            raise ValueError("Last dimension of a grayscale image should be size 1.")
        outer = expand_dims(subtract(rank(images), 1), 0)
        multiples = concat([ones_of(outer, dtype=int32), [3]], 0)
        colors = tile(images, multiples, name=scope)
        if images.shape.ndims is not None:
            colors.set_shape([*images.shape.as_list()[:-1], 3])
        return colors


def _by_matrix(images: Any, matrix: Sequence[Sequence[float]], name: str) -> Tensor:
    with op_scope(None, name, [images]):
        images = convert_to_tensor(images, name="images")
        return tensordot(images, convert_to_tensor([list(row) for row in matrix], images.dtype), [[-1], [0]])


def rgb_to_yiq(images: Any) -> Tensor:
    """Float colors [..., 3] as luma and the two chromas of NTSC."""
    return _by_matrix(images, _RGB_TO_YIQ, "rgb_to_yiq")


def yiq_to_rgb(images: Any) -> Tensor:
    """The inverse of `rgb_to_yiq`."""
    return _by_matrix(images, _YIQ_TO_RGB, "yiq_to_rgb")


def rgb_to_yuv(images: Any) -> Tensor:
    """Float colors [..., 3] as luma and the two chromas of PAL."""
    return _by_matrix(images, _RGB_TO_YUV, "rgb_to_yuv")


def yuv_to_rgb(images: Any) -> Tensor:
    """The inverse of `rgb_to_yuv`."""
    return _by_matrix(images, _YUV_TO_RGB, "yuv_to_rgb")


__all__ = [
    "ResizeMethod", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "central_crop", "convert_image_dtype", "crop_and_resize", "crop_to_bounding_box", "decode_bmp", "decode_gif",
    "decode_image", "decode_jpeg", "decode_png", "draw_bounding_boxes", "encode_jpeg", "encode_png",
    "extract_image_patches", "flip_left_right", "flip_up_down", "grayscale_to_rgb", "hsv_to_rgb", "image_gradients",
    "non_max_suppression", "non_max_suppression_overlaps", "non_max_suppression_with_scores", "pad_to_bounding_box",
    "per_image_standardization", "per_image_whitening", "psnr", "random_brightness", "random_contrast", "random_crop",
    "random_flip_left_right", "random_flip_up_down", "random_hue", "random_saturation", "resize", "resize_area",
    "resize_bicubic", "resize_bilinear", "resize_image_with_crop_or_pad", "resize_image_with_pad", "resize_images",
    "resize_nearest_neighbor", "resize_with_crop_or_pad", "rgb_to_grayscale", "rgb_to_hsv", "rgb_to_yiq", "rgb_to_yuv",
    "rot90", "sample_distorted_bounding_box", "sobel_edges", "ssim", "ssim_multiscale", "total_variation", "transpose",
    "transpose_image", "yiq_to_rgb", "yuv_to_rgb",
]  # fmt: skip
