"""Pictures in other dtypes."""

from __future__ import annotations

from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import as_dtype
from ..engine.graph import Tensor, op_scope
from ..engine.ops.basic import cast, identity
from ..engine.ops.math import floordiv, multiply, saturate_cast


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """`image` in another dtype over that dtype's range: floats from 0 to 1, integers to their greatest.

    With `saturate`, what lies outside becomes the nearest value inside.
    """
    image = convert_to_tensor(image, name="image")
    dtype = as_dtype(dtype)
    if dtype == image.dtype:
        return identity(image, name=name)
    fitted = saturate_cast if saturate else cast
    with op_scope(name, "convert_image", [image]) as scope:
        if not image.dtype.is_integer:
            if not dtype.is_integer:
                return cast(image, dtype, name=scope)
            scaled = multiply(image, int(dtype.max) + 0.5)  # each integer has an equal share of the range
            return fitted(scaled, dtype, name=scope)
        most = int(image.dtype.max)
        if not dtype.is_integer:
            return multiply(cast(image, dtype), 1.0 / most, name=scope)
        if most > dtype.max:
            return fitted(floordiv(image, (most + 1) // (int(dtype.max) + 1)), dtype, name=scope)
        return multiply(fitted(image, dtype), (int(dtype.max) + 1) // (most + 1), name=scope)


__all__ = ["convert_image_dtype"]
