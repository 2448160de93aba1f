"""Max pools that also say where in the images each maximum stands."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...kernels.geometry import windows
from ..build import convert_to_tensor
from ..dtypes import NUMBERS, DType, as_dtype, int32, int64
from ..errors import UnimplementedError
from ..graph import Operation, Tensor, op_scope
from ..registry import Rule, define, get_op
from ..shapes import TensorShape
from .basic import zeros_like
from .common import Array, of_rank
from .conv import channels_of, geometry, image_shape, spatial_sizes

_PLACES = (int32, int64)
_TYPES = {"T": tuple(t for t in NUMBERS if not t.is_complex), "Targmax": _PLACES}
_NHWC = "NHWC"


def _shapes(x: Tensor, ksize: Any, strides: Any, padding: str, **_: Any) -> list[TensorShape]:
    images = of_rank(x, 4)
    for length in ksize:
        if length < 1:
            raise ValueError(f"ksize must be a positive int32 value, got:{length}")
    size = spatial_sizes(images, ksize[1:3], geometry(strides, padding, (), _NHWC), _NHWC)
    return [image_shape(images.as_list()[0], size, channels_of(images, _NHWC), _NHWC)] * 2


def _kernel(
    k: Any, x: Array, ksize: Any, strides: Any, padding: str, include_batch_in_index: bool, Targmax: DType
) -> tuple[Array, Array]:
    """The first of the greatest cells in row order: one after the other takes the place of a lesser one before it.

    So a NaN stays where it is a window's first cell, and is passed over elsewhere, as TensorFlow has it.
    """
    for axis, what in ((0, "batch"), (3, "depth")):
        if ksize[axis] != 1 or strides[axis] != 1:
            raise UnimplementedError(None, None, f"Pooling is not yet supported on the {what} dimension.")
    n, height, width, channels = x.shape
    at = windows((height, width), tuple(ksize[1:3]), tuple(strides[1:3]), padding)
    (top, _), (left, _) = at.padding
    inside = slice(None), slice(top, top + height), slice(left, left + width)
    padded = k.xp.zeros((n, *at.padded, channels), x.dtype)
    padded[inside] = x
    pixel = k.xp.full((1, *at.padded, 1), -1, "int64")  # each one's number in its image; -1 in the border
    pixel[inside] = k.xp.arange(height * width).reshape(1, height, width, 1)
    best = k.xp.zeros((n, *at.output, channels), x.dtype)
    place = k.xp.full(best.shape, -1, "int64")
    for _, _, seen in at.cells():
        better = (pixel[seen] >= 0) & ((padded[seen] > best) | (place < 0))
        best = k.xp.where(better, padded[seen], best)
        place = k.xp.where(better, pixel[seen], place)
    if include_batch_in_index:
        place += height * width * k.xp.arange(n).reshape(n, 1, 1, 1)
    return best, (place * channels + k.xp.arange(channels)).astype(Targmax.as_numpy_dtype)


def _flat(k: Any, x: Array, argmax: Array, include_batch_in_index: bool) -> Array:
    """Where in all of x, one after the other, the maxima stand."""
    places = argmax.astype("int64")
    if not include_batch_in_index:
        places += x.size // max(len(x), 1) * k.xp.arange(len(x)).reshape(-1, 1, 1, 1)
    return places.reshape(-1)


def _routed_kernel(k: Any, x: Array, dy: Array, argmax: Array, include_batch_in_index: bool, **_: Any) -> Array:
    dx = k.xp.zeros(x.size, dy.dtype)
    k.scatter_add(dx, _flat(k, x, argmax, include_batch_in_index), dy.reshape(-1))
    return dx.reshape(x.shape)


def _gathered_kernel(k: Any, x: Array, ddx: Array, argmax: Array, include_batch_in_index: bool, **_: Any) -> Array:
    return ddx.reshape(-1)[_flat(k, x, argmax, include_batch_in_index)].reshape(argmax.shape)


def _of_windows(attrs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attrs.items() if key != "Targmax"}


def _of_routed(other: str) -> Rule:
    """The gradient of an op that moves its second input to where the maxima stand: linear in that input alone."""

    def gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
        x, _, argmax = op.inputs
        return [zeros_like(x), get_op(other)(x, g, argmax, **_of_windows(op.attrs)), None]

    return gradient


MaxPoolGradWithArgmax = define(
    "MaxPoolGradWithArgmax",
    "input:T, grad:T, argmax:Targmax -> output:T",
    types=_TYPES,
    shape=lambda x, *_, **__: of_rank(x, 4),
    kernel=_routed_kernel,
    grad=_of_routed("MaxPoolGradGradWithArgmax"),
)

MaxPoolGradGradWithArgmax = define(
    "MaxPoolGradGradWithArgmax",
    "input:T, grad:T, argmax:Targmax -> output:T",
    types=_TYPES,
    shape=lambda x, g, argmax, **_: argmax.shape,
    kernel=_gathered_kernel,
    grad=_of_routed("MaxPoolGradWithArgmax"),
)


def _gradient(op: Operation, g: Tensor, _: Any) -> Tensor:
    return MaxPoolGradWithArgmax(op.inputs[0], g, op.outputs[1], **_of_windows(op.attrs))


MaxPoolWithArgmax = define(
    "MaxPoolWithArgmax",
    "input:T -> output:T, argmax:Targmax",
    types=_TYPES,
    shape=_shapes,
    kernel=_kernel,
    grad=_gradient,
)


class PoolWithArgmax(NamedTuple):
    """The greatest values and where they stand."""

    output: Tensor
    argmax: Tensor


def max_pool_with_argmax(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", Targmax: Any = None,
    name: str | None = None, output_dtype: Any = None, include_batch_in_index: bool = False,
) -> PoolWithArgmax:  # fmt: skip
    """(The greatest value in each window of images [N, H, W, C], its place): of equal ones the first in row order.

    A place is (row * W + column) * C + channel or, with `include_batch_in_index`, that of the whole batch flattened, as
    int64 or `output_dtype` (`Targmax`), int32. `ksize` and `strides` are four numbers, the first and last of them 1;
    `padding` is "SAME" or "VALID". Raises ValueError for another layout or fewer numbers.
    """
    if data_format != _NHWC:
        raise ValueError(
            f"`data_format` values other  than 'NHWC' are not supported. Received: data_format={data_format}"
        )
    if Targmax is not None and output_dtype is not None:
        raise ValueError("Cannot specify both 'Targmax' and 'output_dtype'.")
    with op_scope(name, "MaxPoolWithArgmax", [input]) as scope:
        made = MaxPoolWithArgmax(
            convert_to_tensor(input, name="input"),
            ksize=_four_of("ksize", ksize),
            strides=_four_of("strides", strides),
            padding=_known(padding),
            Targmax=_place(Targmax or output_dtype or int64),
            include_batch_in_index=bool(include_batch_in_index),
            name=scope,
        )
        return PoolWithArgmax(*made)


def _place(dtype: Any) -> DType:
    wanted = as_dtype(dtype)
    if wanted not in _PLACES:
        raise TypeError(
            f"Value passed to parameter 'Targmax' has DataType {wanted.name} not in list of allowed values: "
            "int32, int64"
        )
    return wanted


def _four_of(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"Expected list for '{name}' argument to 'max_pool_with_argmax' Op, not {value!r}.")
    if len(value) < 4:
        raise ValueError(
            f"Attr '{name}' of 'MaxPoolWithArgmax' Op passed list of length {len(value)} less than minimum 4."
        )
    return tuple(int(v) for v in value)


def _known(padding: Any) -> str:
    if not isinstance(padding, str):
        raise TypeError(f"Expected string for argument 'padding' not {padding!r}.")
    if padding not in ("SAME", "VALID"):
        raise ValueError(
            f"Attr 'padding' of 'MaxPoolWithArgmax' Op passed string '{padding}' not in: \"SAME\", \"VALID\"."
        )
    return padding


__all__ = ["max_pool_with_argmax"]
