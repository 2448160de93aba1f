"""Pools: the greatest and the mean of each window of an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..build import convert_to_tensor
from ..dtypes import FLOATS, NUMBERS
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, Rule, define, get_op, same_shape
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .activations import relu_grad
from .basic import shape, zeros_like
from .common import Array, channels_back, channels_last, check_data_format, of_rank, sizes_last
from .conv import channels_of, four, geometry, image_shape, padding_attrs, spatial_sizes

_FLOATS = {"T": FLOATS}
_REAL = {"T": tuple(t for t in NUMBERS if not t.is_complex)}


def _pooled(x: Tensor, ksize: Any, strides: Any, padding: str, explicit_paddings: Any, data_format: str) -> TensorShape:
    images, h = of_rank(x, 4), data_format.index("H")
    at = geometry(strides, padding, explicit_paddings, data_format)
    size = spatial_sizes(images, ksize[h : h + 2], at, data_format)
    return image_shape(images.as_list()[0], size, channels_of(images, data_format), data_format)


def _windows(ksize: Any, strides: Any, padding: str, explicit_paddings: Any, data_format: str) -> tuple[Any, Any, Any]:
    """Window, strides and padding of (height, width). Raises InvalidArgumentError for windows over other dimensions."""
    c, h = data_format.index("C"), data_format.index("H")
    for axis, what in ((0, "batch"), (c, "depth")):
        if ksize[axis] != 1 or strides[axis] != 1:
            raise InvalidArgumentError(None, None, f"Pooling is not yet supported on the {what} dimension.")
    at = geometry(strides, padding, explicit_paddings, data_format)
    return (ksize[h], ksize[h + 1]), at.strides, at.padding


def _over_images(kernel: str) -> Any:
    """The op's kernel: `kernel` of the backend, over images in either layout."""

    def run(k: Any, *images: Array, data_format: str, **attrs: Any) -> Array:
        result = getattr(k, kernel)(
            *(channels_last(k, x, data_format) for x in images), *_windows(data_format=data_format, **attrs)
        )
        return channels_back(k, result, data_format)

    return run


_max_pool_gradient = _over_images("max_pool_grad")


def _max_gradient_kernel(k: Any, x: Array, y: Array, dy: Array, activation: str | None = None, **attrs: Any) -> Array:
    """The kernel; a plan may have it let through only what relu does, whose values x are (engine/fusion.py)."""
    return _max_pool_gradient(k, x, y, relu_grad(k, dy, y) if activation else dy, **attrs)


def _average_gradient_kernel(k: Any, sizes: np.ndarray, dy: Array, data_format: str, **attrs: Any) -> Array:
    at = _windows(data_format=data_format, **attrs)
    dx = k.avg_pool_grad(sizes_last(sizes, data_format), channels_last(k, dy, data_format), *at)
    return channels_back(k, dx, data_format)


def _of_routed(other: str) -> Rule:
    """The gradient of an op that routes its third input by where the maxima stand: linear in that input alone."""

    def gradient(op: Operation, g: Tensor) -> list[Tensor]:
        x, y = op.inputs[:2]
        return [zeros_like(x), zeros_like(y), get_op(other)(x, y, g, **op.attrs)]

    return gradient


MaxPoolGrad = define(
    "MaxPoolGrad",
    "orig_input:T, orig_output:T, grad:T -> output:T",
    types=_REAL,
    shape=same_shape,
    kernel=_max_gradient_kernel,
    grad=_of_routed("MaxPoolGradGrad"),
)

MaxPoolGradGrad = define(
    "MaxPoolGradGrad",
    "orig_input:T, orig_output:T, grad:T -> output:T",
    types=_REAL,
    shape=lambda x, y, g, **_: y.shape,
    kernel=_over_images("max_pool_grad_grad"),
    grad=_of_routed("MaxPoolGrad"),
)

MaxPool = define(
    "MaxPool",
    "input:T -> output:T",
    types=_REAL,
    shape=_pooled,
    kernel=_over_images("max_pool"),
    grad=lambda op, g: MaxPoolGrad(op.inputs[0], op.outputs[0], g, **op.attrs),
)

AvgPool = define(
    "AvgPool",
    "value:T -> output:T",
    types=_FLOATS,
    shape=_pooled,
    kernel=_over_images("avg_pool"),
    grad=lambda op, g: get_op("AvgPoolGrad")(shape(op.inputs[0]), g, **op.attrs),
)

AvgPoolGrad = define(
    "AvgPoolGrad",
    "orig_input_shape:int32, grad:T -> output:T",
    types=_FLOATS,
    shape=lambda sizes, g, **_: constant_value_as_shape(sizes).with_rank(4),
    kernel=_average_gradient_kernel,
    grad=lambda op, g: [None, AvgPool(g, **op.attrs)],
    host=["orig_input_shape"],
)


def _pool(
    op: OpDef, value: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None, name: str | None
) -> Tensor:
    with op_scope(name, op.type, [value]) as scope:
        layout = check_data_format(data_format, op.type)
        tensor = convert_to_tensor(value, name="input" if op is MaxPool else "value")
        return op(
            tensor,
            ksize=four(ksize, "ksize", layout),
            strides=four(strides, "strides", layout),
            **padding_attrs(padding, op.type, layout),
            data_format=layout,
            name=scope,
        )


def max_pool(
    value: Any = None, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NHWC",
    name: str | None = None, input: Any = None,
) -> Tensor:  # fmt: skip
    """The greatest value in each window of images [N, H, W, C]; `ksize` and `strides` are 1, 2 or 4 numbers.

    `padding` is "SAME", "VALID" or four pairs; padding is below any value. A tie's gradient goes to its first cell.
    """
    return _pool(MaxPool, _either(value, input), ksize, strides, padding, data_format, name)


def avg_pool(
    value: Any = None, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NHWC",
    name: str | None = None, input: Any = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of images [N, H, W, C]; only real cells are counted, not those of the padding."""
    return _pool(AvgPool, _either(value, input), ksize, strides, padding, data_format, name)


def _either(value: Any, input: Any) -> Any:
    if value is not None and input is not None:
        raise ValueError("Cannot specify both 'input' and 'value'.")
    return value if input is None else input


__all__ = ["avg_pool", "max_pool"]
