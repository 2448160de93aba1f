"""tf.contrib.image: images rotated, moved, and seen through projective transforms."""

from __future__ import annotations

from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.dtypes import float32, int32
from ...engine.graph import Tensor, get_default_graph, op_scope
from ...engine.ops.basic import cast, ones, reshape, shape, zeros
from ...engine.ops.joining import concat
from ...engine.ops.linalg import matmul
from ...engine.ops.math import cos, sin
from ...engine.ops.projective import ImageProjectiveTransformV2, as_matrices


def transform(
    images: Any, transforms: Any, interpolation: str = "NEAREST", output_shape: Any = None, name: str | None = None
) -> Tensor:
    """Images [n, h, w, c], or one of [h, w, c] or [h, w], seen through projective transforms.

    A transform is eight numbers (a₀, a₁, a₂, b₀, b₁, b₂, c₀, c₁), one for all images or one for each: a pixel (x, y)
    of the result is the image's at ((a₀ x + a₁ y + a₂) / q, (b₀ x + b₁ y + b₂) / q), where q = c₀ x + c₁ y + 1; what
    is outside is 0. `interpolation` is "NEAREST" or "BILINEAR", `output_shape` [height, width]. Gradients reach the
    images alone. Raises TypeError for images or transforms of other ranks or dtypes.
    """
    with op_scope(name, "transform", [images, transforms]):
        images = convert_to_tensor(images, name="images")
        transforms = convert_to_tensor(transforms, float32, name="transforms")
        batch = _as_batch(images)
        size = shape(batch)[1:3] if output_shape is None else output_shape
        size = convert_to_tensor(size, int32, name="output_shape")
        if not size.shape.is_compatible_with([2]):
            raise ValueError("output_shape must be a 1-D Tensor of 2 elements: new_height, new_width")
        rows = _rows(transforms, "Transforms")
        seen = ImageProjectiveTransformV2(batch, rows, size, interpolation=_way(interpolation))
        return _as_given(seen, images)


def rotate(images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None) -> Tensor:
    """Images, as for `transform`, turned counterclockwise around their middle, by radians: one number, or [n]."""
    with op_scope(name, "rotate", [images, angles]):
        images = convert_to_tensor(images)
        batch = _as_batch(images)
        height, width = (cast(shape(batch)[axis], float32)[None] for axis in (1, 2))
        turned = transform(batch, angles_to_projective_transforms(angles, height, width), interpolation)
        return _as_given(turned, images)


def translate(images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None) -> Tensor:
    """Images, as for `transform`, moved by [dx, dy]: one for all, or [n, 2]."""
    with op_scope(name, "translate", [images, translations]):
        return transform(images, translations_to_projective_transforms(translations), interpolation)


def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> Tensor:
    """float32 [n, 8], the transforms that turn images of that size by radians: one number, or [n]."""
    with op_scope(name, "angles_to_projective_transforms", [angles]):
        angles = convert_to_tensor(angles, float32, name="angles")
        if angles.shape.ndims not in (0, 1):
            raise TypeError("Angles should have rank 0 or 1.")
        angles = angles if angles.shape.ndims else angles[None]
        get_default_graph().uncounted += 14  # TensorFlow makes the sines and lengths anew wherever they stand
        c, s = cos(angles), sin(angles)
        right, bottom = image_width - 1, image_height - 1
        x = (right - (c * right - s * bottom)) / 2.0
        y = (bottom - (s * right + c * bottom)) / 2.0
        return concat([*(part[:, None] for part in (c, -s, x, s, c, y)), zeros([shape(angles)[0], 2])], 1)


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Tensor:
    """float32 [n, 8], the transforms that move images by [dx, dy] or [n, 2]."""
    with op_scope(name, "translations_to_projective_transforms", [translations]):
        moves = _rows(convert_to_tensor(translations, float32, name="translations"), "Translations")
        n = shape(moves)[0]
        along_x = ones([n, 1]), zeros([n, 1]), -moves[:, 0, None]
        along_y = zeros([n, 1]), ones([n, 1]), -moves[:, 1, None]
        return concat([*along_x, *along_y, zeros([n, 2])], 1)


def compose_transforms(*transforms: Any) -> Tensor:
    """The transforms [n, 8] that do what the given ones, each [8] or [n, 8], do in their order."""
    if not transforms:
        raise AssertionError("transforms cannot be empty")
    with op_scope(None, "compose_transforms", transforms):
        first, *others = (flat_transforms_to_matrices(one) for one in transforms)
        for other in others:
            first = matmul(first, other)
        return matrices_to_flat_transforms(first)


def flat_transforms_to_matrices(transforms: Any) -> Tensor:
    """Transforms [8] or [n, 8] as matrices [n, 3, 3] from places in the result to places in the image."""
    with op_scope(None, "flat_transforms_to_matrices", [transforms]):
        transforms = convert_to_tensor(transforms, name="transforms")
        if transforms.shape.ndims not in (1, 2):
            raise ValueError(f"Transforms should be 1D or 2D, got: {transforms}")
        return as_matrices(reshape(transforms, [-1, 8]))


def matrices_to_flat_transforms(transform_matrices: Any) -> Tensor:
    """Matrices [3, 3] or [n, 3, 3] as transforms [n, 8]."""
    with op_scope(None, "matrices_to_flat_transforms", [transform_matrices]):
        matrices = convert_to_tensor(transform_matrices, name="transform_matrices")
        if matrices.shape.ndims not in (2, 3):
            raise ValueError(f"Matrices should be 2D or 3D, got: {matrices}")
        rows = reshape(matrices, [-1, 9])
        return (rows / rows[:, 8:9])[:, :8]


# -- what comes in ----------------------------------------------------------------------------------------------------


def _as_batch(images: Tensor) -> Tensor:
    """[n, h, w, c] of a batch, an image, or an image without channels."""
    rank = images.shape.ndims
    if images.dtype.base_dtype not in ImageProjectiveTransformV2.types["T"]:
        raise TypeError(f"Invalid dtype {images.dtype}.")
    if rank is None:
        raise TypeError("image_or_images rank must be statically known")
    if rank not in (2, 3, 4):
        raise TypeError("Images should have rank between 2 and 4.")
    return images[None, :, :, None] if rank == 2 else images[None] if rank == 3 else images


def _as_given(batch: Tensor, images: Tensor) -> Tensor:
    """A batch in the rank of the `images` that it was made of."""
    rank = images.shape.ndims
    return batch[0, :, :, 0] if rank == 2 else batch[0] if rank == 3 else batch


def _rows(tensor: Tensor, what: str) -> Tensor:
    if tensor.shape.ndims not in (1, 2):
        raise TypeError(f"{what} should have rank 1 or 2.")
    return tensor if tensor.shape.ndims == 2 else tensor[None]


def _way(interpolation: str) -> str:
    way = interpolation.upper()
    if way not in ("NEAREST", "BILINEAR"):
        raise ValueError(f"Value for attr 'interpolation' of {way!r} is not in the list of allowed values: NEAREST, "
                         "BILINEAR")  # fmt: skip
    return way


__all__ = [
    "angles_to_projective_transforms", "compose_transforms", "flat_transforms_to_matrices",
    "matrices_to_flat_transforms", "rotate", "transform", "translate", "translations_to_projective_transforms",
]  # fmt: skip
