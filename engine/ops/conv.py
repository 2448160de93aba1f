"""Convolutions of images, plain and depthwise, with both gradients of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...kernels.geometry import conv_output_size
from ..dtypes import FLOATS
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor
from ..registry import OpDef, check_equal, define
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .basic import shape
from .common import Array, channels_back, channels_last, check_data_format, of_rank, sizes_last

# -- where the windows stand ----------------------------------------------------------------------------------------


class Geometry(NamedTuple):
    """The attributes of a convolution or pool, of (height, width)."""

    strides: tuple[int, int]
    padding: Any  # "SAME", "VALID" or ((top, bottom), (left, right))
    dilations: tuple[int, int]


def geometry(
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int],
    data_format: str,
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> Geometry:
    """The geometry in TensorFlow's attributes, which list all four dimensions."""
    h = data_format.index("H")
    pads: Any = padding
    if padding == "EXPLICIT":
        p = explicit_paddings
        pads = ((p[2 * h], p[2 * h + 1]), (p[2 * h + 2], p[2 * h + 3]))
    return Geometry((strides[h], strides[h + 1]), pads, (dilations[h], dilations[h + 1]))


def spatial_sizes(x: TensorShape, window: Sequence[int | None], at: Geometry, data_format: str) -> list[int | None]:
    """Height and width of the output over images of shape x. Raises ValueError in TensorFlow's words."""
    for stride in at.strides:
        if stride < 1:
            raise ValueError(f"Stride must be > 0, but got {stride}")
    for dilation in at.dilations:
        if dilation < 1:
            raise ValueError(f"Dilation rate must be > 0, but got {dilation}")
    h = data_format.index("H")
    pads = (at.padding, at.padding) if isinstance(at.padding, str) else at.padding
    each = zip(x.as_list()[h : h + 2], window, at.strides, at.dilations, pads, strict=True)
    return [None if w is None else conv_output_size(size, w, *rest) for size, w, *rest in each]


def image_shape(batch: int | None, size: Sequence[int | None], channels: int | None, data_format: str) -> TensorShape:
    return TensorShape([batch, *size, channels] if data_format == "NHWC" else [batch, channels, *size])


def channels_of(x: TensorShape, data_format: str) -> int | None:
    return x.as_list()[data_format.index("C")]


# -- the two families -----------------------------------------------------------------------------------------------


class Family:
    """A convolution y = x * w with its adjoints: the gradients by x and by w, as three ops.

    y is linear in x for fixed w, and in w for fixed x. So each of the three ops is linear in either of its tensors, and
    its gradient with respect to that tensor is another of the three.
    """

    def __init__(self, type: str, kernel: str, output_depth: Callable[[int | None, TensorShape], int | None]) -> None:
        """The backend's kernels are called `kernel`, and `kernel` followed by _input_grad and _filter_grad."""
        self._type = type
        self._kernel = kernel
        self._output_depth = output_depth
        self.forward = define(
            type,
            "input:T, filter:T -> output:T",
            types={"T": FLOATS},
            shape=self._forward_shape,
            kernel=self._run_forward,
            grad=self._forward_gradient,
        )
        self.by_input = define(
            f"{type}BackpropInput",
            "input_sizes:int32, filter:T, out_backprop:T -> output:T",
            types={"T": FLOATS},
            shape=self._input_shape,
            kernel=self._run_by_input,
            grad=self._input_gradient,
            host=["input_sizes"],
        )
        self.by_filter = define(
            f"{type}BackpropFilter",
            "input:T, filter_sizes:int32, out_backprop:T -> output:T",
            types={"T": FLOATS},
            shape=self._filter_shape,
            kernel=self._run_by_filter,
            grad=self._filter_gradient,
            host=["filter_sizes"],
        )

    # shapes

    def _forward_shape(self, x: Tensor, w: Tensor, data_format: str, **attrs: Any) -> TensorShape:
        images, filters = of_rank(x, 4), of_rank(w, 4)
        depth = self._output_depth(channels_of(images, data_format), filters)
        size = spatial_sizes(images, filters.as_list()[:2], geometry(data_format=data_format, **attrs), data_format)
        return image_shape(images.as_list()[0], size, depth, data_format)

    def _input_shape(self, sizes: Tensor, w: Tensor, dy: Tensor, data_format: str, **_: Any) -> TensorShape:
        (batch, *rest), filters, grads = (
            constant_value_as_shape(sizes).with_rank(4).as_list(),
            of_rank(w, 4),
            of_rank(dy, 4),
        )
        images = TensorShape([grads.as_list()[0] if batch is None else batch, *rest])
        check_equal(self._output_depth(channels_of(images, data_format), filters), channels_of(grads, data_format))
        return images

    def _filter_shape(self, x: Tensor, sizes: Tensor, dy: Tensor, **_: Any) -> TensorShape:
        of_rank(x, 4)
        of_rank(dy, 4)
        return constant_value_as_shape(sizes).with_rank(4)

    # kernels

    def _geometry(self, strides: Any, dilations: Any, data_format: str, **padding: Any) -> Geometry:
        channel = data_format.index("C")
        for name, values in (("strides", strides), ("dilations", dilations)):
            if values[0] != 1 or values[channel] != 1:
                message = f"{self._type} does not support {name} in the batch and depth dimensions: {list(values)}"
                raise InvalidArgumentError(None, None, message)
        return geometry(strides=strides, dilations=dilations, data_format=data_format, **padding)

    def _run_forward(
        self, k: Any, x: Array, w: Array, bias: Array | None = None, *, activation: str | None = None, **attrs: Any
    ) -> Array:
        """The forward kernel; a plan may have it add a bias [O] and apply an activation (engine/fusion.py)."""
        run, layout = getattr(k, self._kernel), attrs["data_format"]
        y = run(channels_last(k, x, layout), w, *self._geometry(**attrs), bias=bias, activation=activation)
        return channels_back(k, y, layout)

    def _run_by_input(self, k: Any, sizes: np.ndarray, w: Array, dy: Array, **attrs: Any) -> Array:
        run, layout = getattr(k, f"{self._kernel}_input_grad"), attrs["data_format"]
        at = self._geometry(**attrs)
        try:
            dx = run(sizes_last(sizes, layout), w, channels_last(k, dy, layout), *at)
        except ValueError as error:
            raise ValueError(
                self._disagreement("Input", sizes.tolist(), w.shape, dy.shape, at, layout) or error
            ) from None
        return channels_back(k, dx, layout)

    def _run_by_filter(self, k: Any, x: Array, sizes: np.ndarray, dy: Array, **attrs: Any) -> Array:
        run, layout = getattr(k, f"{self._kernel}_filter_grad"), attrs["data_format"]
        w_shape = tuple(sizes.tolist())
        at = self._geometry(**attrs)
        try:
            return run(channels_last(k, x, layout), w_shape, channels_last(k, dy, layout), *at)
        except ValueError as error:
            raise ValueError(self._disagreement("Filter", x.shape, w_shape, dy.shape, at, layout) or error) from None

    def _disagreement(
        self, by: str, x: Sequence[int], w: Sequence[int], dy: Sequence[int], at: Geometry, layout: str
    ) -> str:
        """In what an image's, the filters' and the outputs' shapes disagree, in TensorFlow's words; empty for others.

        These are Conv2D's. Raises ValueError for windows that no image of that size has room for.
        """
        if self._type != "Conv2D" or len(w) != 4:
            return ""
        said = f"Conv2DCustomBackprop{by}: "
        for name, sizes in (("input", x), ("out_backprop", dy)):
            if len(sizes) != 4:
                return f"{said}{name} must be 4-dimensional"
        if x[0] != dy[0]:
            same = "input and out_backprop must have the same batch size"
            return f"{said}{same}input batch: {x[0]}outbackprop batch: {dy[0]} batch_dim: 0"
        if w[3] != dy[layout.index("C")]:
            return f"{said}filter and out_backprop must have the same out_depth"
        h = layout.index("H")
        computed = spatial_sizes(TensorShape(x), w[:2], at, layout)
        for i, (actual, wanted) in enumerate(zip(dy[h : h + 2], computed, strict=True)):
            if actual != wanted:
                return (
                    f"{said}Size of out_backprop doesn't match computed: actual = {actual}, computed = {wanted} "
                    f"spatial_dim: {h + i} input: {x[h + i]} filter: {w[i]} output: {actual} "
                    f"stride: {at.strides[i]} dilation: {at.dilations[i]}"
                )
        return ""

    # gradients

    def _forward_gradient(self, op: Operation, g: Tensor) -> list[Tensor | None]:
        x, w = op.inputs
        return [self.by_input(shape(x), w, g, **op.attrs), self.by_filter(x, shape(w), g, **op.attrs)]

    def _input_gradient(self, op: Operation, g: Tensor) -> list[Tensor | None]:
        _, w, dy = op.inputs
        return [None, self.by_filter(g, shape(w), dy, **op.attrs), self.forward(g, w, **op.attrs)]

    def _filter_gradient(self, op: Operation, g: Tensor) -> list[Tensor | None]:
        x, _, dy = op.inputs
        return [self.by_input(shape(x), g, dy, **op.attrs), None, self.forward(x, g, **op.attrs)]


def depth_of_output(depth: int | None, w: TensorShape) -> int | None:
    """O of filters [KH, KW, C / groups, O]; raises ValueError where C or O does not divide into groups."""
    filter_depth, filters = w.as_list()[2:]
    if depth is not None and filter_depth is not None:
        if not filter_depth:
            raise ValueError("Depth of filter must not be 0")
        if depth % filter_depth:
            raise ValueError(f"Depth of input ({depth}) is not a multiple of input depth of filter ({filter_depth})")
        groups = depth // filter_depth
        if not groups:
            raise ValueError("Number of groups must not be 0")
        if filters is not None and filters % groups:
            raise ValueError(f"Depth of output ({filters}) is not a multiple of the number of groups ({groups})")
    return filters


def _depth_of_depthwise_output(depth: int | None, w: TensorShape) -> int | None:
    filter_depth, multiplier = w.as_list()[2:]
    check_equal(depth, filter_depth)
    depth = depth if filter_depth is None else filter_depth
    return None if depth is None or multiplier is None else depth * multiplier


DENSE = Family("Conv2D", "conv2d", depth_of_output)
DEPTHWISE = Family("DepthwiseConv2dNative", "depthwise_conv2d", _depth_of_depthwise_output)

# -- attributes as users write them ---------------------------------------------------------------------------------


def four(value: Any, name: str, data_format: str) -> tuple[int, ...]:
    """Strides or the like for four dimensions from one number, two (height, width) or four. Raises ValueError."""
    values = (value,) if isinstance(value, (int, np.integer)) else (1,) if value is None else tuple(value)
    values = tuple(int(v) for v in values)
    if len(values) == 4:
        return values
    if len(values) not in (1, 2):
        raise ValueError(f"{name} should be of length 1, 2 or 4. Received: {name}={value} of length {len(values)}")
    pair = values * 2 if len(values) == 1 else values
    return (1, *pair, 1) if data_format == "NHWC" else (1, 1, *pair)


def padding_attrs(padding: Any, op_type: str, data_format: str) -> dict[str, Any]:
    """The attributes of "SAME", "VALID" or four pairs of explicit zeros. Raises ValueError, TypeError."""
    if isinstance(padding, (list, tuple)):
        pairs = [tuple(int(p) for p in pair) for pair in padding]
        if len(pairs) != 4 or any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"padding must be 4 pairs, one for each dimension. Received: padding={padding}")
        if any(pairs[0]) or any(pairs[data_format.index("C")]):
            raise ValueError(f"padding must be zero in the batch and depth dimensions. Received: padding={padding}")
        return {"padding": "EXPLICIT", "explicit_paddings": tuple(p for pair in pairs for p in pair)}
    if not isinstance(padding, str):
        raise TypeError(f"Expected string for argument 'padding' not {padding!r}.")
    if padding not in ("SAME", "VALID"):
        names = '"SAME", "VALID", "EXPLICIT"'
        raise ValueError(f"Attr 'padding' of '{op_type}' Op passed string '{padding}' not in: {names}.")
    return {"padding": padding, "explicit_paddings": ()}


def conv_attrs(op: OpDef, strides: Any, padding: Any, data_format: str | None, dilations: Any) -> dict[str, Any]:
    """All attributes of an op of either family, checked."""
    layout = check_data_format(data_format, op.type)
    return {
        "strides": four(strides, "strides", layout),
        **padding_attrs(padding, op.type, layout),
        "data_format": layout,
        "dilations": four(dilations, "dilations", layout),
    }


# -- the public functions of one op each ----------------------------------------------------------------------------


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The cross-correlation of images with filters.

    `input` [N, H, W, C] (or [N, C, H, W] with data_format="NCHW"), `filter` [KH, KW, C, O], both of one float dtype;
    the result is [N, OH, OW, O] in the same order. A filter of C / groups channels makes each O / groups outputs from
    a group of its own of the input's channels. `strides` and `dilations` are one number, two (height, width) or
    four; `padding` is "SAME", "VALID" or four pairs of explicit zeros. Raises ValueError for shapes that do not fit.
    """
    attrs = conv_attrs(DENSE.forward, strides, padding, data_format, dilations)
    return DENSE.forward(input, _filter(filter, filters), **attrs, name=name)


def _filter(filter: Any, filters: Any) -> Any:
    if filter is not None and filters is not None:
        raise ValueError("Cannot specify both 'filters' and 'filter'.")
    return filter if filters is None else filters


def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The gradient of sum(conv2d(x, filter) * out_backprop) by x, an image of shape `input_sizes` (int32 [4])."""
    attrs = conv_attrs(DENSE.by_input, strides, padding, data_format, dilations)
    return DENSE.by_input(input_sizes, _filter(filter, filters), out_backprop, **attrs, name=name)


def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of sum(conv2d(input, w) * out_backprop) by w, a filter of shape `filter_sizes` (int32 [4])."""
    attrs = conv_attrs(DENSE.by_filter, strides, padding, data_format, dilations)
    return DENSE.by_filter(input, filter_sizes, out_backprop, **attrs, name=name)


def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Each channel by filters of its own: `input` [N, H, W, C], `filter` [KH, KW, C, M], result [N, OH, OW, C * M]."""
    attrs = conv_attrs(DEPTHWISE.forward, strides, padding, data_format, dilations)
    return DEPTHWISE.forward(input, filter, **attrs, name=name)


def depthwise_conv2d_native_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of sum(depthwise_conv2d_native(x, filter) * out_backprop) by x, of shape `input_sizes`."""
    attrs = conv_attrs(DEPTHWISE.by_input, strides, padding, data_format, dilations)
    return DEPTHWISE.by_input(input_sizes, filter, out_backprop, **attrs, name=name)


def depthwise_conv2d_native_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of sum(depthwise_conv2d_native(input, w) * out_backprop) by w, of shape `filter_sizes`."""
    attrs = conv_attrs(DEPTHWISE.by_filter, strides, padding, data_format, dilations)
    return DEPTHWISE.by_filter(input, filter_sizes, out_backprop, **attrs, name=name)


__all__ = [
    "conv2d", "conv2d_backprop_filter", "conv2d_backprop_input", "depthwise_conv2d_native",
    "depthwise_conv2d_native_backprop_filter", "depthwise_conv2d_native_backprop_input",
]  # fmt: skip
