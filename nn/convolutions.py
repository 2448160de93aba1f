"""Convolutions and pools made of the ops over images: one-dimensional, transposed, dilated, separable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import int32
from ..engine.graph import Tensor, op_scope
from ..engine.ops.array import batch_to_space_nd, space_to_batch_nd
from ..engine.ops.basic import expand_dims, shape, squeeze
from ..engine.ops.common import check_data_format
from ..engine.ops.conv import DENSE, DEPTHWISE, conv2d, conv_attrs, four
from ..engine.ops.pool import avg_pool, max_pool
from ..engine.ops.volumes import Conv3DBackpropInputV2, avg_pool3d, conv3d, max_pool3d, volume_attrs
from ..engine.static import constant_value
from .arguments import renamed

# -- by dilation: space moved into the batch, as in TensorFlow ------------------------------------------------------


def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: str,
    op: Callable[..., Any],
    filter_shape: Any = None,
    spatial_dims: Any = None,
    data_format: str | None = None,
) -> Any:
    """op(input, number of spatial dimensions, padding) applied with a dilation.

    Cells that lie `dilation_rate` apart become images of their own, to which `op` is applied with VALID padding, and
    whose results are put together again. Needs known spatial sizes where the rate is not 1. Raises ValueError for a
    padding other than SAME and VALID.
    """
    input = convert_to_tensor(input, name="input")
    rates = [int(r) for r in np.ravel(dilation_rate)]
    constant(rates, int32, name="dilation_rate")
    if min(rates) < 1:
        raise ValueError(f"`dilation_rate` must be positive. Received: dilation_rate={rates}")
    if max(rates) == 1:
        return op(input, len(rates), padding)
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"`padding` must be either 'VALID' or 'SAME'. Received: padding={padding}")
    axes = list(range(1, len(rates) + 1))
    if list(spatial_dims or axes) != axes or (data_format or "").startswith("NC"):
        raise ValueError("Space is moved into the batch only where the channels come last.")
    sizes = input.shape.as_list()[1 : len(rates) + 1]
    if None in sizes:
        raise ValueError(f"Space is moved into the batch only where its sizes are known. Received: {input.shape}")
    if padding == "SAME":
        filter_shape = constant_value(convert_to_tensor(filter_shape, int32, name="filter_shape"))
        if filter_shape is None:
            raise ValueError("Space is moved into the batch only for a window whose size is known.")
    base = _base_paddings(padding, rates, filter_shape)
    paddings, crops = _block_paddings(sizes, rates, base, padding)
    moved = space_to_batch_nd(input, rates, paddings)
    return batch_to_space_nd(op(moved, len(rates), "VALID"), rates, crops)


def _can_move_space(input: Tensor, padding: Any, layout: str) -> bool:
    return padding in ("SAME", "VALID") and layout[1] != "C" and input.shape[1:-1].is_fully_defined()


def _base_paddings(padding: str, rates: Sequence[int], filter_shape: Any) -> list[tuple[int, int]]:
    """What VALID or SAME adds around each dimension for a window spread by its rate, with stride 1."""
    if padding == "VALID":
        return [(0, 0)] * len(rates)
    totals = [(int(window) - 1) * rate for window, rate in zip(filter_shape, rates, strict=False)]
    base = [(total // 2, total - total // 2) for total in totals]
    constant(base, int32, name="stack")
    return base


def _block_paddings(
    sizes: Sequence[int], rates: Sequence[int], base: Sequence[tuple[int, int]], padding: str
) -> tuple[list, list]:
    """Paddings that also fill each dimension up to a multiple of its rate, and the crops that take that off again."""
    extra = [-size % rate for size, rate in zip(sizes, rates, strict=True)]  # base adds whole multiples of a rate
    paddings = [[before, after + more] for (before, after), more in zip(base, extra, strict=True)]
    crops = [[0, more] for more in extra]
    with op_scope("required_space_to_batch_paddings"):  # the constants that TensorFlow leaves in the graph
        constant(sizes, int32, name="input_shape")
        if padding == "VALID":
            constant(base, int32, name="base_paddings")
        constant(paddings, int32, name="paddings")
        constant(crops, int32, name="crops")
    return paddings, crops


# -- dense ----------------------------------------------------------------------------------------------------------


def convolution(
    input: Any,
    filter: Any = None,
    padding: str = "VALID",
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The cross-correlation over one spatial dimension (input [N, W, C], filter [K, C, O]), two (`conv2d`) or three.

    `strides` and `dilation_rate` are one number a spatial dimension; not both may exceed 1. `data_format` is NWC, NHWC
    or NDHWC, or with the channels second NCW, NCHW or NCDHW.
    """
    filter = renamed(filters, filter, "filters", "filter")
    rates = renamed(dilations, dilation_rate, "dilations", "dilation_rate")
    with op_scope(name, "convolution", [input, filter]) as scope:
        input = convert_to_tensor(input, name="input")
        filter = convert_to_tensor(filter, input.dtype, name="filter")
        spatial = _spatial_rank(input, filter)
        strides = _each(strides, spatial, "strides")
        rates = _each(rates, spatial, "dilation_rate")
        layout = data_format or {1: "NWC", 2: "NHWC", 3: "NDHWC"}[spatial]
        if max(rates) == 1:
            return _convolved(input, filter, strides, padding, layout, scope)
        if max(strides) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={strides} and dilation_rate={rates}"
            )
        if not _can_move_space(input, padding, layout):
            return _convolved(input, filter, strides, padding, layout, scope, rates)

        def plain(moved: Tensor, _: int, padding: str) -> Tensor:
            return _convolved(moved, filter, strides, padding, layout, scope)

        return with_space_to_batch(input, rates, padding, plain, filter.shape)


def _spatial_rank(input: Tensor, filter: Tensor) -> int:
    rank = filter.shape.ndims if filter.shape.ndims is not None else input.shape.ndims
    if rank not in (3, 4, 5):
        raise ValueError(f"A filter must have 3 to 5 dimensions here. Received: filter.shape={filter.shape}")
    return rank - 2


def _each(values: Any, spatial: int, name: str) -> tuple[int, ...]:
    """One number for each spatial dimension. Raises ValueError for another count."""
    values = (1,) * spatial if values is None else tuple(int(v) for v in np.ravel(values))
    values = values * spatial if len(values) == 1 else values
    if len(values) != spatial:
        raise ValueError(f"`{name}` must have {spatial} elements, one for each spatial dimension. Received: {values}")
    return values


def _convolved(
    input: Tensor, filter: Tensor, strides: Any, padding: Any, layout: str, name: str, rates: Any = 1
) -> Tensor:
    if len(strides) == 3:
        rates = (rates,) * 3 if isinstance(rates, int) else rates
        moves, rates = (
            (1, *three, 1) if layout == "NDHWC" else (1, 1, *three) for three in (tuple(strides), tuple(rates))
        )
        return conv3d(input, filter, moves, padding, data_format=layout, dilations=rates, name=name)
    if len(strides) == 2:
        return conv2d(input, filter, strides, padding, data_format=layout, dilations=rates, name=name)
    return conv1d(input, filter, strides, padding, data_format=layout, dilations=rates, name=name)


def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool | None = None,
    data_format: str | None = None,
    name: str | None = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The cross-correlation of sequences [N, W, C] (or [N, C, W]) with filters [K, C, O]: a `conv2d` of height 1."""
    value = renamed(input, value, "input", "value")
    layout = check_data_format(data_format, "conv1d", ("NWC", "NCW", "NHWC", "NCHW"))
    last = layout in ("NWC", "NHWC")
    axis = -3 if last else -2
    with op_scope(name, "conv1d", [value, filters]) as scope:
        images = expand_dims(convert_to_tensor(value, name="input"), axis)
        filters = expand_dims(convert_to_tensor(filters, name="filters"), 0)
        layout = "NHWC" if last else "NCHW"
        strides, rates = _along_width(stride, last), _along_width(dilations, last)
        result = conv2d(images, filters, strides, padding, data_format=layout, dilations=rates, name=scope)
        return squeeze(result, [axis])


def _along_width(value: Any, last: bool) -> tuple[int, ...]:
    """One number, or three of [N, W, C], as four of an image of height 1."""
    values = [1] if value is None else np.ravel(value).tolist()
    if len(values) == 3:
        values = [values[1 if last else 2]]
    if len(values) != 1:
        raise ValueError(f"stride and dilations should be of length 1 or 3. Received: {value}")
    return four((1, values[0]), "stride", "NHWC" if last else "NCHW")


def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The gradient of `conv2d`, used forward: images [N, H, W, I] to `output_shape`, with `filter` [KH, KW, O, I].

    Dumoulin and Visin, A guide to convolution arithmetic (2016), chapter 4.
    """
    value = renamed(input, value, "input", "value")
    filter = renamed(filters, filter, "filters", "filter")
    with op_scope(name, "conv2d_transpose", [value, filter, output_shape]) as scope:
        attrs = conv_attrs(DENSE.by_input, strides, padding, data_format, dilations)
        return DENSE.by_input(output_shape, filter, value, **attrs, name=scope)


def conv3d_transpose(
    value: Any,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: str = "NDHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The gradient of `conv3d`, used forward: volumes [N, D, H, W, I] to `output_shape`, by [KD, KH, KW, O, I]."""
    value = renamed(input, value, "input", "value")
    filter = renamed(filters, filter, "filters", "filter")
    with op_scope(name, "conv3d_transpose", [value, filter, output_shape]) as scope:
        attrs = volume_attrs("Conv3DBackpropInputV2", strides, padding, data_format, dilations)
        return Conv3DBackpropInputV2(output_shape, filter, value, **attrs, name=scope)


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Tensor:
    """`conv2d` with the cells of the filter `rate` apart. Yu and Koltun, Dilated Convolutions (2016)."""
    return convolution(value, filters, padding, dilation_rate=[rate, rate], name=name)


deconv2d = conv2d_transpose  # its name before TensorFlow 1.0


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Tensor:
    """The gradient of `atrous_conv2d`, used forward."""
    with op_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]) as scope:
        attrs = conv_attrs(DENSE.by_input, 1, padding, "NHWC", (rate, rate))
        return DENSE.by_input(output_shape, filters, value, **attrs, name=scope)


# -- depthwise ------------------------------------------------------------------------------------------------------


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Each channel by filters of its own: `input` [N, H, W, C], `filter` [KH, KW, C, M], result [N, OH, OW, C * M].

    `rate` is the dilation of (height, width); where it exceeds 1, all strides must be 1.
    """
    rates = _each(renamed(dilations, rate, "dilations", "rate"), 2, "rate")
    with op_scope(name, "depthwise", [input, filter]) as scope:
        input = convert_to_tensor(input, name="tensor_in")
        filter = convert_to_tensor(filter, name="filter_in")
        return _depthwise(input, filter, strides, padding, rates, data_format or "NHWC", scope)


def _depthwise(
    input: Tensor, filter: Tensor, strides: Any, padding: Any, rates: tuple[int, ...], layout: str, name: str
) -> Tensor:
    def apply(images: Tensor, padding: Any, rates: Any) -> Tensor:
        attrs = conv_attrs(DEPTHWISE.forward, strides, padding, layout, rates)
        return DEPTHWISE.forward(images, filter, **attrs, name=name)

    if max(rates) > 1 and set(four(strides, "strides", layout)) != {1}:
        raise ValueError(f"`strides` must all be 1 where a rate exceeds 1. Received: strides={strides}, rate={rates}")
    sizes = shape(filter)
    if max(rates) > 1 and not _can_move_space(input, padding, layout):
        return apply(input, padding, rates)
    return with_space_to_batch(input, rates, padding, lambda moved, _, padding: apply(moved, padding, 1), sizes)


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """A depthwise convolution [KH, KW, C, M], then one of 1x1 [1, 1, C * M, O]. Chollet, Xception (2017)."""
    rates = _each(renamed(dilations, rate, "dilations", "rate"), 2, "rate")
    layout = data_format or "NHWC"
    with op_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as scope:
        input = convert_to_tensor(input, name="tensor_in")
        depthwise_filter = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        if pointwise_filter.shape.ndims is not None and pointwise_filter.shape.as_list()[:2] != [1, 1]:
            raise ValueError(f"The pointwise filter must be 1 by 1. Received: {pointwise_filter.shape}")
        deep = _depthwise(input, depthwise_filter, strides, padding, rates, layout, "depthwise")
        return conv2d(deep, pointwise_filter, 1, "VALID", data_format=layout, name=scope)


# -- pools ----------------------------------------------------------------------------------------------------------


def _pool1d(
    pool: Callable[..., Tensor], input: Any, ksize: Any, strides: Any, padding: str, data_format: str, scope: str
) -> Tensor:
    last = check_data_format(data_format, "pool1d", ("NWC", "NCW")) == "NWC"
    axis, layout = (1, "NHWC") if last else (2, "NCHW")
    images = expand_dims(input, axis)
    window, moves = _along_width(ksize, last), _along_width(strides, last)
    return squeeze(pool(images, window, moves, padding, data_format=layout, name=scope), [axis])


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """`max_pool` of sequences [N, W, C] (or [N, C, W])."""
    with op_scope(name, "MaxPool1d", [input]) as scope:
        return _pool1d(max_pool, input, ksize, strides, padding, data_format, scope)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """`avg_pool` of sequences [N, W, C] (or [N, C, W])."""
    with op_scope(name, "AvgPool1D", [input]) as scope:
        return _pool1d(avg_pool, input, ksize, strides, padding, data_format, scope)


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    padding: str,
    dilation_rate: Any = None,
    strides: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """A "MAX" or "AVG" pool over one to three spatial dimensions, by as many numbers in each argument; strides are 1 by
    default. Not both strides and dilations may exceed 1; dilated SAME pools are not offered.
    """
    kinds: dict[str, Callable[..., Tensor]] = {"MAX": max_pool, "AVG": avg_pool}
    of_volumes: dict[str, Callable[..., Tensor]] = {"MAX": max_pool3d, "AVG": avg_pool3d}
    if pooling_type not in kinds:
        raise ValueError(f"`pooling_type` must be one of 'AVG' or 'MAX'. Received: pooling_type={pooling_type}")
    windows = tuple(int(w) for w in np.ravel(window_shape))
    spatial = len(windows)
    rates = _each(renamed(dilations, dilation_rate, "dilations", "dilation_rate"), spatial, "dilation_rate")
    moves = _each(strides, spatial, "strides")
    if max(rates) > 1 and (max(moves) > 1 or padding == "SAME"):
        raise ValueError(f"A dilated pool needs strides of 1 and VALID padding. Received: {strides=}, {padding=}")

    def pooled(images: Tensor, _: int, padding: str) -> Tensor:
        if spatial == 1:
            return _pool1d(kinds[pooling_type], images, windows, moves, padding, data_format or "NWC", scope)
        if spatial == 3:
            layout = data_format or "NDHWC"
            return of_volumes[pooling_type](images, windows, moves, padding, data_format=layout, name=scope)
        layout = data_format or "NHWC"
        return kinds[pooling_type](images, windows, moves, padding, data_format=layout, name=scope)

    with op_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        return with_space_to_batch(convert_to_tensor(input, name="input"), rates, padding, pooled)


__all__ = [
    "atrous_conv2d", "atrous_conv2d_transpose", "avg_pool1d", "conv1d", "conv2d_transpose", "conv3d_transpose",
    "convolution", "deconv2d", "depthwise_conv2d", "max_pool1d", "pool", "separable_conv2d", "with_space_to_batch",
]  # fmt: skip
