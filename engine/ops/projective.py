"""Images seen through projective transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import float16, float32, float64, int32, int64, uint8
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor
from ..registry import define
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .basic import ones, reshape, shape
from .common import Array, of_rank
from .decompositions import matrix_inverse
from .joining import concat


def _shape(images: Tensor, transforms: Tensor, output_shape: Tensor, **_: Any) -> TensorShape:
    sizes = of_rank(images, 4).as_list()
    of_rank(transforms, 2)
    sizes[1:3] = constant_value_as_shape(output_shape).with_rank(2).as_list()
    return TensorShape(sizes)


def _kernel(k: Any, images: Array, transforms: Array, size: np.ndarray, interpolation: str) -> Array:
    """Every pixel (x, y) of the result is the image's at ((a₀ x + a₁ y + a₂) / q, (b₀ x + b₁ y + b₂) / q).

    q = c₀ x + c₁ y + 1; places outside of the image, or where q is 0, are 0. In float32, as TensorFlow computes it.
    """
    xp, count = k.xp, len(images)
    if transforms.shape not in ((count, 8), (1, 8)):
        said = "Input transform should be num_images x 8 or 1 x 8"
        raise InvalidArgumentError(None, None, f"{said}, got {list(transforms.shape)}")
    a0, a1, a2, b0, b1, b2, c0, c1 = (transforms[:, i, None, None] for i in range(8))
    y, x = (xp.arange(int(n), dtype=np.float32) for n in size)
    y = y[:, None]
    q = c0 * x + c1 * y + np.float32(1)
    finite = q != 0
    q = xp.where(finite, q, np.float32(1))
    at = (b0 * x + b1 * y + b2) / q, (a0 * x + a1 * y + a2) / q
    numbers = xp.arange(count)[:, None, None]

    def read(*place: Array) -> Array:
        """The pixels at (rows, columns), which are whole floats."""
        inside = finite
        for i, sizes in zip(place, images.shape[1:3], strict=True):
            inside = inside & (i >= 0) & (i < sizes)
        rows, columns = (xp.where(inside, i, np.float32(0)).astype(np.int64) for i in place)
        return xp.where(inside[..., None], images[numbers, rows, columns], xp.zeros((), images.dtype))

    if interpolation == "NEAREST":
        return read(*(_rounded(xp, i) for i in at))
    low = [xp.floor(i) for i in at]
    (y_part, y_rest), (x_part, x_rest) = (
        ((i - floor)[..., None], (floor + np.float32(1) - i)[..., None]) for i, floor in zip(at, low, strict=True)
    )
    above, below = (
        x_rest * k.cast(read(row, low[1]), np.float32) + x_part * k.cast(read(row, low[1] + np.float32(1)), np.float32)
        for row in (low[0], low[0] + np.float32(1))
    )
    return k.cast(xp.where(finite[..., None], y_rest * above + y_part * below, np.float32(0)), images.dtype)


def _rounded(xp: Any, x: Array) -> Array:
    """To the nearest whole number, halves away from zero."""
    size = xp.abs(x)
    whole = xp.floor(size)
    return xp.copysign(whole + (size - whole >= np.float32(0.5)), x)


def _gradient(op: Operation, grad: Tensor) -> list:
    """The gradient seen through the inverse transforms, as TensorFlow has it: exact only where pixels keep apart."""
    images, transforms, _ = op.inputs
    inverse = reshape(matrix_inverse(as_matrices(transforms)), [-1, 9])
    through = ImageProjectiveTransformV2(
        grad, (inverse / inverse[:, 8:])[:, :8], shape(images)[1:3], interpolation=op.attrs["interpolation"]
    )
    return [through, None, None]


def as_matrices(transforms: Tensor) -> Tensor:
    """Transforms [n, 8] as matrices [n, 3, 3], whose last element is 1."""
    return reshape(concat([transforms, ones([shape(transforms)[0], 1])], 1), [-1, 3, 3])


ImageProjectiveTransformV2 = define(
    "ImageProjectiveTransformV2",
    "images:T, transforms:float32, output_shape:int32 -> transformed_images:T",
    types={"T": (uint8, int32, int64, float16, float32, float64)},
    shape=_shape,
    kernel=_kernel,
    grad=_gradient,
    host=["output_shape"],
)

__all__ = ["ImageProjectiveTransformV2", "as_matrices"]
