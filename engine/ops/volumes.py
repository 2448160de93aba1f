"""Convolutions and pools of volumes [N, D, H, W, C], made of those of the images that they are stacks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...kernels.choosing import kept
from ...kernels.geometry import conv_output_size, conv_padding
from ..build import convert_to_tensor
from ..dtypes import FLOATS
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, check_equal, define, get_op, same_shape
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .basic import shape as shape_of
from .basic import zeros_like
from .common import Array, check_data_format, of_rank
from .conv import depth_of_output

_LAYOUTS = ("NDHWC", "NCDHW")
Sizes = tuple[int, ...]


# -- where the windows stand ----------------------------------------------------------------------------------------


def _spatial(values: Sequence[Any], data_format: str) -> tuple:
    """The three of five numbers that stand for depth, height and width."""
    d = data_format.index("D")
    return tuple(values[d : d + 3])


def _output_shape(
    x: Tensor, window: Sequence[int | None], channels: int | None, strides: Sizes, dilations: Sizes, padding: str,
    data_format: str,
) -> TensorShape:  # fmt: skip
    sizes = of_rank(x, 5).as_list()
    each = zip(_spatial(sizes, data_format), window, strides, dilations, strict=True)
    new = [None if w is None else conv_output_size(size, w, s, r, padding) for size, w, s, r in each]
    return TensorShape([sizes[0], *new, channels] if data_format == "NDHWC" else [sizes[0], channels, *new])


class _Planes(NamedTuple):
    """How windows lie along the depth: one cell of the window after another sees every so many planes."""

    size: int
    window: int
    stride: int
    dilation: int
    before: int
    after: int
    output: int

    @classmethod
    def of(cls, size: int, window: int, stride: int, dilation: int, padding: str) -> _Planes:
        before, after = conv_padding(size, window, stride, dilation, padding)
        output = conv_output_size(size, window, stride, dilation, padding) or 0
        return cls(size, window, stride, dilation, before, after, output)

    def padded(self, k: Any, x: Array) -> Array:
        return k.xp.pad(x, [(0, 0), (self.before, self.after), (0, 0), (0, 0), (0, 0)])

    def seen(self) -> Iterator[tuple[int, tuple[slice, slice]]]:
        """Each cell of the window, with the index of the padded planes that it sees."""
        for cell in range(self.window):
            first = cell * self.dilation
            yield cell, (slice(None), slice(first, first + (self.output - 1) * self.stride + 1, self.stride))


def _last(k: Any, x: Array, data_format: str) -> Array:
    return x if data_format == "NDHWC" else k.xp.ascontiguousarray(k.xp.moveaxis(x, 1, -1))


def _back(k: Any, x: Array, data_format: str) -> Array:
    return x if data_format == "NDHWC" else k.xp.ascontiguousarray(k.xp.moveaxis(x, -1, 1))


def _sizes_last(sizes: np.ndarray, data_format: str) -> Sizes:
    batch, *rest = sizes.tolist()
    return (batch, *rest) if data_format == "NDHWC" else (batch, *rest[1:], rest[0])


def _images(k: Any, x: Array) -> Array:
    """The planes [N, D, H, W, C] as images [N * D, H, W, C]."""
    return k.xp.ascontiguousarray(x).reshape(-1, *x.shape[2:])


# -- convolution and its adjoints -----------------------------------------------------------------------------------


def _conv_planes(sizes: Sizes, window: Sizes, strides: Any, dilations: Any, padding: str, data_format: str) -> tuple:
    """(The planes, and the arguments of the images' convolutions: strides, padding, dilations)."""
    depth, *moves = _spatial(strides, data_format)
    rate, *rates = _spatial(dilations, data_format)
    channel = data_format.index("C")
    for name, values in (("strides", strides), ("dilations", dilations)):
        if values[0] != 1 or values[channel] != 1:
            raise InvalidArgumentError(
                None, None, f"Current implementation does not yet support {name} in the batch and depth dimensions."
            )
    return _Planes.of(sizes[1], window[0], depth, rate, padding), (tuple(moves), padding, tuple(rates))


def _conv_kernel(k: Any, x: Array, w: Array, data_format: str, **attrs: Any) -> Array:
    x = _last(k, x, data_format)
    planes, at = _conv_planes(x.shape, w.shape, data_format=data_format, **attrs)
    padded, total = planes.padded(k, x), None
    for cell, seen in planes.seen():
        part = k.conv2d(_images(k, padded[seen]), w[cell], *at)
        total = part if total is None else total + part
    assert total is not None
    return _back(k, total.reshape(x.shape[0], planes.output, *total.shape[1:]), data_format)


def _conv_by_input_kernel(k: Any, sizes: np.ndarray, w: Array, dy: Array, data_format: str, **attrs: Any) -> Array:
    dy, shape = _last(k, dy, data_format), _sizes_last(sizes, data_format)
    planes, at = _conv_planes(shape, w.shape, data_format=data_format, **attrs)
    batch, depth, *image = shape
    dx = k.xp.zeros((batch, planes.before + depth + planes.after, *image), dy.dtype)
    for cell, seen in planes.seen():
        part = k.conv2d_input_grad((batch * planes.output, *image), w[cell], _images(k, dy), *at)
        dx[seen] += part.reshape(batch, planes.output, *image)
    return _back(k, k.xp.ascontiguousarray(dx[:, planes.before : planes.before + depth]), data_format)


def _conv_by_filter_kernel(k: Any, x: Array, sizes: np.ndarray, dy: Array, data_format: str, **attrs: Any) -> Array:
    x, dy, shape = _last(k, x, data_format), _last(k, dy, data_format), tuple(sizes.tolist())
    planes, at = _conv_planes(x.shape, shape, data_format=data_format, **attrs)
    padded = planes.padded(k, x)
    return k.xp.stack(
        [k.conv2d_filter_grad(_images(k, padded[seen]), shape[1:], _images(k, dy), *at) for _, seen in planes.seen()]
    )


def _conv_shape(x: Tensor, w: Tensor, strides: Sizes, dilations: Sizes, padding: str, data_format: str) -> TensorShape:
    volumes, filters = of_rank(x, 5), of_rank(w, 5)
    channels = depth_of_output(volumes.as_list()[data_format.index("C")], filters[1:])
    moves, rates = _spatial(strides, data_format), _spatial(dilations, data_format)
    return _output_shape(x, filters.as_list()[:3], channels, moves, rates, padding, data_format)


def _by_input_shape(sizes: Tensor, w: Tensor, dy: Tensor, **attrs: Any) -> TensorShape:
    of_rank(w, 5)
    batch, *rest = constant_value_as_shape(sizes).with_rank(5).as_list()
    return TensorShape([of_rank(dy, 5).as_list()[0] if batch is None else batch, *rest])


def _by_filter_shape(x: Tensor, sizes: Tensor, dy: Tensor, **attrs: Any) -> TensorShape:
    check_equal(of_rank(x, 5).as_list()[0], of_rank(dy, 5).as_list()[0])
    return constant_value_as_shape(sizes).with_rank(5)


# The convolution is linear in its volumes and in its filters, and so are both gradients in their two tensors.
Conv3D: OpDef = define(
    "Conv3D",
    "input:T, filter:T -> output:T",
    types={"T": FLOATS},
    shape=_conv_shape,
    kernel=_conv_kernel,
    grad=lambda op, g: [
        Conv3DBackpropInputV2(shape_of(op.inputs[0]), op.inputs[1], g, **op.attrs),
        Conv3DBackpropFilterV2(op.inputs[0], shape_of(op.inputs[1]), g, **op.attrs),
    ],
)

Conv3DBackpropInputV2: OpDef = define(
    "Conv3DBackpropInputV2",
    "input_sizes:int32, filter:T, out_backprop:T -> output:T",
    types={"T": FLOATS},
    shape=_by_input_shape,
    kernel=_conv_by_input_kernel,
    grad=lambda op, g: [
        None,
        Conv3DBackpropFilterV2(g, shape_of(op.inputs[1]), op.inputs[2], **op.attrs),
        Conv3D(g, op.inputs[1], **op.attrs),
    ],
    host=["input_sizes"],
)

Conv3DBackpropFilterV2: OpDef = define(
    "Conv3DBackpropFilterV2",
    "input:T, filter_sizes:int32, out_backprop:T -> output:T",
    types={"T": FLOATS},
    shape=_by_filter_shape,
    kernel=_conv_by_filter_kernel,
    grad=lambda op, g: [
        Conv3DBackpropInputV2(shape_of(op.inputs[0]), g, op.inputs[2], **op.attrs),
        None,
        Conv3D(op.inputs[0], g, **op.attrs),
    ],
    host=["filter_sizes"],
)


# -- pools: of each plane, and then across planes -------------------------------------------------------------------


class _Pools(NamedTuple):
    """The two pools that one of volumes is made of, as the arguments of the backend's: window, strides, padding."""

    within: tuple
    across: tuple

    @classmethod
    def of(cls, ksize: Sizes, strides: Sizes, padding: str, data_format: str) -> _Pools:
        channel = data_format.index("C")
        for axis in (0, channel):
            if ksize[axis] != 1 or strides[axis] != 1:
                raise InvalidArgumentError(
                    None, None, "Pooling is not yet supported on the batch dimension or the depth dimension."
                )
        (deep, *window), (move, *moves) = _spatial(ksize, data_format), _spatial(strides, data_format)
        return cls((tuple(window), tuple(moves), padding), ((deep, 1), (move, 1), padding))

    @staticmethod
    def columns(k: Any, pooled: Array, batch: int) -> Array:
        """Pooled planes [N * D, h, w, C] as images [N, D, h * w, C], whose height is the depth."""
        return pooled.reshape(batch, pooled.shape[0] // max(batch, 1), -1, pooled.shape[3])


def _pooled(pool: str) -> Any:
    def kernel(k: Any, x: Array, ksize: Sizes, strides: Sizes, padding: str, data_format: str) -> Array:
        x = _last(k, x, data_format)
        pools = _Pools.of(ksize, strides, padding, data_format)
        within = getattr(k, pool)(_images(k, x), *pools.within)
        across = getattr(k, pool)(pools.columns(k, within, x.shape[0]), *pools.across)
        return _back(k, across.reshape(*across.shape[:2], *within.shape[1:]), data_format)

    return kernel


def _cells(sizes: Sizes, ksize: Sizes, strides: Sizes, padding: str) -> tuple[list, Iterator[tuple[slice, ...]]]:
    """(How [N, D, H, W, C] is padded; for each cell of the window the index of what all windows see there)."""
    each = list(zip(sizes[1:4], ksize, strides, strict=True))
    pads = [conv_padding(size, window, stride, 1, padding) for size, window, stride in each]
    output = [conv_output_size(size, window, stride, 1, padding) or 0 for size, window, stride in each]
    ends = [(new - 1) * stride + 1 for new, stride in zip(output, strides, strict=True)]
    cells = (
        (slice(None), *(slice(c, c + end, stride) for c, end, stride in zip(cell, ends, strides, strict=True)))
        for cell in np.ndindex(*ksize)
    )
    return [(0, 0), *pads, (0, 0)], cells


def _max_kernel(adjoint: bool) -> Any:
    """The gradient of the maximum's pool: a window's goes to all cells that are as great as its maximum, as on
    TensorFlow's CPU. (`adjoint`: the adjoint of that, which sums what lies in these cells.)
    """

    def kernel(
        k: Any, x: Array, y: Array, g: Array, ksize: Sizes, strides: Sizes, padding: str, data_format: str
    ) -> Array:
        x, y, g = (_last(k, a, data_format) for a in (x, y, g))
        _Pools.of(ksize, strides, padding, data_format)
        pads, cells = _cells(x.shape, _spatial(ksize, data_format), _spatial(strides, data_format), padding)
        values = k.xp.pad(x, pads)
        if adjoint:
            given, total = k.xp.pad(g, pads), k.xp.zeros_like(y)
            for cell in cells:
                total += kept(values[cell] == y, given[cell])
            return _back(k, total, data_format)
        total = k.xp.zeros_like(values)
        for cell in cells:
            total[cell] += kept(values[cell] == y, g)
        inside = tuple(slice(before, before + size) for (before, _), size in zip(pads, x.shape, strict=True))
        return _back(k, k.xp.ascontiguousarray(total[inside]), data_format)

    return kernel


def _average_gradient_kernel(
    k: Any, sizes: np.ndarray, dy: Array, ksize: Sizes, strides: Sizes, padding: str, data_format: str
) -> Array:
    dy, shape = _last(k, dy, data_format), _sizes_last(sizes, data_format)
    pools = _Pools.of(ksize, strides, padding, data_format)
    batch, depth, *image = shape
    columns = dy.reshape(*dy.shape[:2], -1, dy.shape[4])
    within = k.avg_pool_grad((batch, depth, *columns.shape[2:]), columns, *pools.across)
    planes = within.reshape(batch * depth, *dy.shape[2:])
    return _back(k, k.avg_pool_grad((batch * depth, *image), planes, *pools.within).reshape(shape), data_format)


def _pooled_shape(x: Tensor, ksize: Sizes, strides: Sizes, padding: str, data_format: str) -> TensorShape:
    channels = of_rank(x, 5).as_list()[data_format.index("C")]
    window, moves = _spatial(ksize, data_format), _spatial(strides, data_format)
    return _output_shape(x, window, channels, moves, (1, 1, 1), padding, data_format)


def _of_routed(other: str) -> Any:
    """The gradient of an op that routes its third input by where the maxima stand: linear in that input alone."""

    def gradient(op: Operation, g: Tensor) -> list[Tensor]:
        x, y = op.inputs[:2]
        return [zeros_like(x), zeros_like(y), get_op(other)(x, y, g, **op.attrs)]

    return gradient


MaxPool3DGrad = define(
    "MaxPool3DGrad",
    "orig_input:T, orig_output:T, grad:T -> output:T",
    types={"T": FLOATS},
    shape=same_shape,
    kernel=_max_kernel(adjoint=False),
    grad=_of_routed("MaxPool3DGradGrad"),
)

MaxPool3DGradGrad = define(
    "MaxPool3DGradGrad",
    "orig_input:T, orig_output:T, grad:T -> output:T",
    types={"T": FLOATS},
    shape=lambda x, y, g, **_: y.shape,
    kernel=_max_kernel(adjoint=True),
    grad=_of_routed("MaxPool3DGrad"),
)

MaxPool3D = define(
    "MaxPool3D",
    "input:T -> output:T",
    types={"T": FLOATS},
    shape=_pooled_shape,
    kernel=_pooled("max_pool"),
    grad=lambda op, g: MaxPool3DGrad(op.inputs[0], op.outputs[0], g, **op.attrs),
)

AvgPool3D = define(
    "AvgPool3D",
    "input:T -> output:T",
    types={"T": FLOATS},
    shape=_pooled_shape,
    kernel=_pooled("avg_pool"),
    grad=lambda op, g: AvgPool3DGrad(shape_of(op.inputs[0]), g, **op.attrs),
)

AvgPool3DGrad: OpDef = define(
    "AvgPool3DGrad",
    "orig_input_shape:int32, grad:T -> output:T",
    types={"T": FLOATS},
    shape=lambda sizes, g, **_: constant_value_as_shape(sizes).with_rank(5),
    kernel=_average_gradient_kernel,
    grad=lambda op, g: [None, AvgPool3D(g, **op.attrs)],
    host=["orig_input_shape"],
)


# -- the public functions -------------------------------------------------------------------------------------------


def _five(value: Any, name: str, op_type: str, data_format: str, widened: bool = False) -> Sizes:
    """Five numbers; where `widened`, one or three (depth, height, width) do too. Raises TypeError, ValueError."""
    if isinstance(value, (int, np.integer)):
        if not widened:
            raise TypeError(f"Expected list for '{name}' argument to '{op_type}' Op, not {value}.")
        value = [value]
    values = tuple(int(v) for v in value)
    if widened and len(values) in (1, 3):
        three = values * 3 if len(values) == 1 else values
        return (1, *three, 1) if data_format == "NDHWC" else (1, 1, *three)
    if len(values) < 5:
        raise ValueError(f"Attr '{name}' of '{op_type}' Op passed list of length {len(values)} less than minimum 5.")
    return values


def _padding(padding: Any, op_type: str) -> str:
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"Attr 'padding' of '{op_type}' Op passed string '{padding}' not in: \"SAME\", \"VALID\".")
    return padding


def volume_attrs(op_type: str, strides: Any, padding: Any, data_format: str | None, dilations: Any) -> dict[str, Any]:
    """All attributes of a convolution of volumes, checked."""
    layout = check_data_format(data_format, op_type, _LAYOUTS)
    return {
        "strides": _five(strides, "strides", op_type, layout),
        "padding": _padding(padding, op_type),
        "data_format": layout,
        "dilations": _five((1,) * 5 if dilations is None else dilations, "dilations", op_type, layout),
    }


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The cross-correlation of volumes [N, D, H, W, I] (or NCDHW) with `filter` (or `filters`) [KD, KH, KW, I, O].

    `strides` and `dilations` are five numbers, `padding` is "SAME" or "VALID". Raises ValueError for others.
    """
    filter = filter if filters is None else filters
    return Conv3D(input, filter, **volume_attrs("Conv3D", strides, padding, data_format, dilations), name=name)


def _pool_volumes(op: OpDef, input: Any, ksize: Any, strides: Any, padding: Any, data_format: str, name: Any) -> Tensor:
    with op_scope(name, op.type, [input]) as scope:
        layout = check_data_format(data_format, op.type, _LAYOUTS)
        return op(
            convert_to_tensor(input, name="input"),
            ksize=_five(ksize, "ksize", op.type, layout, widened=True),
            strides=_five(strides, "strides", op.type, layout, widened=True),
            padding=_padding(padding, op.type),
            data_format=layout,
            name=scope,
        )


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The greatest value in each window of volumes [N, D, H, W, C]; `ksize` and `strides` are 1, 3 or 5 numbers.

    `padding` is "SAME" or "VALID". The gradient goes to all cells of a tie.
    """
    return _pool_volumes(MaxPool3D, input, ksize, strides, padding, data_format, name)


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The mean of each window of volumes [N, D, H, W, C]; only real cells are counted, not those of the padding."""
    return _pool_volumes(AvgPool3D, input, ksize, strides, padding, data_format, name)


__all__ = ["avg_pool3d", "conv3d", "max_pool3d"]
