"""Sums, means and extremes of the rows that share an id, and counts of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..build import constant, convert_to_tensor
from ..dtypes import FLOATS, DType, as_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, Rule, define, get_op, no_gradient
from ..shapes import TensorShape
from ..static import constant_value
from .basic import cast, ones, ones_like, rank, reshape, shape, size, zeros_like
from .math import (
    REALS,
    div_no_nan,
    equal,
    in_float32,
    maximum,
    merge_shapes,
    minimum,
    sqrt,
    where_v2,
)
from .reduce import reduce_max

Array = Any  # numpy.ndarray or cupy.ndarray


# -- segments -------------------------------------------------------------------------------------------------------


def _merged(k: Any, kind: str, rows: Array, ids: Array, count: int, of_nothing: Any) -> Array:
    """[count, …]: the sum, largest or smallest of the rows [n, …] of each id; `of_nothing` where there are none."""
    if kind == "sum":
        total = k.xp.zeros((count, *rows.shape[1:]), rows.dtype)
        k.scatter_add(total, ids, rows)
        return total
    if kind == "prod":
        return _products(k, rows, ids, count)
    dtype = as_dtype(rows.dtype)
    result = k.xp.full((count, *rows.shape[1:]), dtype.min if kind == "max" else dtype.max, rows.dtype)
    (k.xp.maximum if kind == "max" else k.xp.minimum).at(result, ids, rows)
    if of_nothing is not None:
        result[k.xp.bincount(ids, minlength=count)[:count] == 0] = of_nothing
    return result


def _products(k: Any, rows: Array, ids: Array, count: int) -> Array:
    """[count, …]: the product of the rows of each id, 1 where there are none: first rows of all ids, then second ones.

    No array library multiplies at an index that it meets twice in one go on a device.
    """
    product = k.xp.ones((count, *rows.shape[1:]), rows.dtype)
    order = k.xp.argsort(ids, kind="stable")
    ordered = ids[order]
    place = k.xp.arange(ids.size) - k.xp.searchsorted(ordered, ordered)  # among those of its id
    for turn in range(int(place.max()) + 1 if ids.size else 0):
        chosen = order[place == turn]
        product[ids[chosen]] *= rows[chosen]
    return product


def _unsorted_kernel(kind: str) -> Rule:
    def kernel(k: Any, data: Array, ids: Array, num_segments: np.ndarray) -> Array:
        count = int(num_segments)
        if data.shape[: ids.ndim] != ids.shape:
            shapes = f"data.shape = {data.shape} does not start with segment_ids.shape = {ids.shape}"
            raise InvalidArgumentError(None, None, shapes)
        flat, rows = ids.reshape(-1), data.reshape(-1, *data.shape[ids.ndim :])
        outside = k.xp.flatnonzero(flat >= count)
        if outside.size:
            at = ",".join(str(int(i)) for i in np.unravel_index(int(outside[0]), ids.shape))
            bad = int(flat[outside[0]])
            raise InvalidArgumentError(None, None, f"segment_ids[{at}] = {bad} is out of range [0, {count})")
        taken = k.xp.flatnonzero(flat >= 0)  # rows with a negative id are left out
        return _merged(k, kind, rows[taken], flat[taken], count, None)

    return kernel


def _unsorted_shape(data: Tensor, ids: Tensor, num_segments: Tensor) -> TensorShape:
    count = constant_value(num_segments)
    if ids.shape.ndims is None or data.shape.sizes is None:
        return TensorShape(None)
    merge_shapes(TensorShape(data.shape.sizes[: ids.shape.ndims]), ids.shape)
    return TensorShape([None if count is None else int(count), *data.shape.sizes[ids.shape.ndims :]])


def _unsorted_op(type: str, kernel: Rule, grad: Rule) -> OpDef:
    return define(
        type,
        "data:T, segment_ids:I, num_segments:N -> output:T",
        shape=_unsorted_shape,
        kernel=kernel,
        grad=grad,
        types={"T": REALS, "N": (dtypes.int32, dtypes.int64)},
        host=["num_segments"],
    )


def _extreme_segment_gradient(op: Operation, g: Tensor) -> list:
    """Elements that tie for their segment's extreme share its gradient equally."""
    data, ids = op.inputs[:2]
    chosen = cast(equal(data, SegmentRows(op.outputs[0], ids)), g.dtype)
    ties = UnsortedSegmentSum(chosen, ids, shape(g)[0])
    return [chosen * SegmentRows(div_no_nan(g, ties), ids), *[None] * (len(op.inputs) - 1)]


UnsortedSegmentSum = _unsorted_op(
    "UnsortedSegmentSum",
    in_float32(_unsorted_kernel("sum")),
    lambda op, g: [SegmentRows(g, op.inputs[1]), None, None],
)
UnsortedSegmentMax = _unsorted_op("UnsortedSegmentMax", _unsorted_kernel("max"), _extreme_segment_gradient)
UnsortedSegmentMin = _unsorted_op("UnsortedSegmentMin", _unsorted_kernel("min"), _extreme_segment_gradient)


def _product_gradient(op: Operation, g: Tensor) -> list:
    """Of a product: times all other factors. One zero among them leaves the slope of that one; more leave none."""
    data, ids = op.inputs[:2]
    zero = equal(data, 0)
    zeros_of = UnsortedSegmentSum(cast(zero, g.dtype), ids, shape(g)[0])
    others = UnsortedSegmentProd(where_v2(zero, ones_like(data), data), ids, shape(g)[0])
    g_rows, zero_rows, other_rows = (SegmentRows(part, ids) for part in (g, zeros_of, others))
    slope = where_v2(zero, other_rows, where_v2(equal(zero_rows, 0), div_no_nan(other_rows, data), zeros_like(data)))
    slope = where_v2(equal(zero_rows - cast(zero, g.dtype), 0), slope, zeros_like(data))
    return [g_rows * slope, *[None] * (len(op.inputs) - 1)]


UnsortedSegmentProd: OpDef = _unsorted_op(
    "UnsortedSegmentProd", in_float32(_unsorted_kernel("prod")), _product_gradient
)


def _segment_rows(k: Any, segments: Array, ids: Array) -> Array:
    rows = segments[k.xp.maximum(ids, 0)]
    rows[ids < 0] = 0
    return rows


SegmentRows: OpDef = define(  # no op of TensorFlow's: it composes the same from Maximum, GatherV2 and SelectV2
    "SegmentRows",
    "segments:T, segment_ids:I -> rows:T",
    shape=lambda segments, ids: ids.shape.concatenate(segments.shape[1:]),
    kernel=_segment_rows,
    grad=lambda op, g: [UnsortedSegmentSum(g, op.inputs[1], shape(op.inputs[0])[0]), None],
)


def _sorted_kernel(kind: str) -> Rule:
    def kernel(k: Any, data: Array, ids: Array) -> Array:
        if ids.shape != data.shape[:1]:
            raise InvalidArgumentError(None, None, "segment_ids should be the same size as dimension 0 of input.")
        if not ids.size:
            return k.xp.zeros((0, *data.shape[1:]), data.dtype)
        if int(ids[0]) < 0 or k.xp.any(ids[1:] < ids[:-1]):
            raise InvalidArgumentError(None, None, "segment ids are not increasing")
        count = int(ids[-1]) + 1
        if kind != "mean":
            return _merged(k, kind, data, ids, count, 0)
        total = _merged(k, "sum", data, ids, count, 0)
        members = k.xp.maximum(k.xp.bincount(ids, minlength=count), 1).reshape(-1, *[1] * (data.ndim - 1))
        return k.cast(total / members, data.dtype)

    return kernel


def _segment_mean_gradient(op: Operation, g: Tensor) -> list:
    data, ids = op.inputs
    members = UnsortedSegmentSum(ones_like(data), ids, shape(g)[0])
    return [SegmentRows(div_no_nan(g, members), ids), None]


def _sorted_op(type: str, kernel: Rule, grad: Rule, types: Sequence[DType] = REALS) -> OpDef:
    return define(
        type,
        "data:T, segment_ids:I -> output:T",
        shape=lambda data, ids: TensorShape([None]).concatenate(data.shape[1:]),
        kernel=kernel,
        grad=grad,
        types={"T": types},
    )


SegmentSum = _sorted_op(
    "SegmentSum", in_float32(_sorted_kernel("sum")), lambda op, g: [SegmentRows(g, op.inputs[1]), None]
)
SegmentMean = _sorted_op("SegmentMean", in_float32(_sorted_kernel("mean")), _segment_mean_gradient, FLOATS)
SegmentMax = _sorted_op("SegmentMax", _sorted_kernel("max"), _extreme_segment_gradient)
SegmentMin = _sorted_op("SegmentMin", _sorted_kernel("min"), _extreme_segment_gradient)
SegmentProd = _sorted_op("SegmentProd", in_float32(_sorted_kernel("prod")), _product_gradient)


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """[last id + 1, …]: the sum of the rows of each id. The ids [n] never decrease (else InvalidArgumentError)."""
    return SegmentSum(data, segment_ids, name=name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The mean of the rows of each id, 0 where there are none. Arguments as for `segment_sum`."""
    return SegmentMean(data, segment_ids, name=name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The largest of the rows of each id, 0 where there are none. Arguments as for `segment_sum`."""
    return SegmentMax(data, segment_ids, name=name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The smallest of the rows of each id, 0 where there are none. Arguments as for `segment_sum`."""
    return SegmentMin(data, segment_ids, name=name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The product of the rows of each id, 1 where there are none. Arguments as for `segment_sum`."""
    return SegmentProd(data, segment_ids, name=name)


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """[num_segments, …]: the sum of what has each id. The ids have the shape that `data` begins with, in any order.

    What has a negative id is left out; an id from num_segments on raises InvalidArgumentError.
    """
    return UnsortedSegmentSum(data, segment_ids, num_segments, name=name)


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The largest of what has each id; the dtype's lowest value where nothing has. See `unsorted_segment_sum`."""
    return UnsortedSegmentMax(data, segment_ids, num_segments, name=name)


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The smallest of what has each id; the dtype's highest value where nothing has. See `unsorted_segment_sum`."""
    return UnsortedSegmentMin(data, segment_ids, num_segments, name=name)


def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The product of what has each id, 1 where nothing has. See `unsorted_segment_sum`."""
    return UnsortedSegmentProd(data, segment_ids, num_segments, name=name)


def _members(data: Tensor, ids: Tensor, num_segments: Tensor) -> Tensor:
    """How many there are of each id, at least 1, in a shape that broadcasts against the sums."""
    known = ids.shape.is_fully_defined()
    sizes = constant(ids.shape.as_list(), dtypes.int32, name="Shape/shape_as_tensor") if known else shape(ids)
    counts = unsorted_segment_sum(ones(sizes, data.dtype), ids, num_segments)
    count = num_segments[None]
    dims = get_op("ConcatV2")(count, ones([rank(data) - rank(ids)], dtypes.int32), 0, name="concat")
    return maximum(reshape(counts, dims), 1)


def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The mean of what has each id, 0 where nothing has. See `unsorted_segment_sum`."""
    with op_scope(name, "UnsortedSegmentMean", [data, segment_ids]):
        data, ids, count = _segment_arguments(data, segment_ids, num_segments)
        members = _members(data, ids, count)
        return unsorted_segment_sum(data, ids, num_segments) / members


def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The sum of what has each id over the root of how many that are. See `unsorted_segment_sum`."""
    with op_scope(name, "UnsortedSegmentSqrtN", [data, segment_ids]):
        data, ids, count = _segment_arguments(data, segment_ids, num_segments)
        members = _members(data, ids, count)
        return unsorted_segment_sum(data, ids, num_segments) / sqrt(members)


def _segment_arguments(data: Any, segment_ids: Any, num_segments: Any) -> tuple[Tensor, Tensor, Tensor]:
    return convert_to_tensor(data), convert_to_tensor(segment_ids), convert_to_tensor(num_segments)


# -- counting -------------------------------------------------------------------------------------------------------


def _count_each(k: Any, values: Array, size: np.ndarray, weights: Array) -> Array:
    if values.size and int(k.xp.min(values)) < 0:
        raise InvalidArgumentError(None, None, "Input arr must be non-negative!")
    count = int(size)
    below = values < count
    if not weights.size:
        return k.cast(k.xp.bincount(values[below], minlength=count), weights.dtype)
    total = k.xp.zeros(count, weights.dtype)
    k.scatter_add(total, values[below], weights[below])
    return total


DenseBincount = define(
    "DenseBincount",
    "input:I, size:I, weights:T -> output:T",
    shape=lambda values, size, weights: [None if (n := constant_value(size)) is None else int(n)],
    kernel=_count_each,
    grad=no_gradient("TensorFlow defines none; unsorted_segment_sum(weights, values, size) has one."),
    types={"T": (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)},
    host=["size"],
)


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = dtypes.int32
) -> Tensor:
    """How often each of 0, 1, 2, … occurs in `arr`; with `weights` [like arr], the sum of the weights of each.

    The result reaches to the largest value, to `minlength` at least and `maxlength` at most; larger values are not
    counted. Without weights it has `dtype`. Negative values raise InvalidArgumentError.
    """
    with op_scope(None, "bincount"):
        arr = convert_to_tensor(arr, dtypes.int32, name="arr")
        length = cast(size(arr) > 0, dtypes.int32) * (reduce_max(arr) + 1)
        if minlength is not None:
            length = maximum(convert_to_tensor(minlength, dtypes.int32, name="minlength"), length)
        if maxlength is not None:
            length = minimum(convert_to_tensor(maxlength, dtypes.int32, name="maxlength"), length)
        if weights is None:
            return DenseBincount(reshape(arr, [-1]), length, constant([], dtype))
        weights = reshape(convert_to_tensor(weights, name="weights"), [-1])
        return DenseBincount(reshape(arr, [-1]), length, weights)


__all__ = [
    "bincount", "segment_max", "segment_mean", "segment_min", "segment_prod", "segment_sum", "unsorted_segment_max",
    "unsorted_segment_mean", "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]  # fmt: skip
