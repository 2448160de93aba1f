"""Ops that read and write by index: gather, scatter, partition, one-hot, unique, the largest, sorting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..build import constant, convert_to_tensor
from ..dtypes import INTEGERS, as_dtype, summing_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..indexed_slices import IndexedSlices
from ..registry import brackets, check_equal, define, no_gradient, not_differentiable
from ..shapes import TensorShape, unknown_shape
from ..static import constant_value, constant_value_as_shape
from .arithmetic import equal, less, maximum, merge_shapes
from .basic import Cast, cast, expand_dims, rank, reshape, sum_to_shape, zeros_like
from .basic import shape as shape_of
from .joining import at_least_rank, concat, static_int, with_known_rank
from .ranges import Range
from .rearranging import transpose
from .reduce import reduce_max

_INDEX_TYPES = {"TI": (dtypes.int32, dtypes.int64, dtypes.int16)}

# -- gather ---------------------------------------------------------------------------------------------------------


def _first(xp: Any, wrong: Any) -> tuple[int, ...]:
    """Where the first True of a mask is."""
    return tuple(int(i) for i in np.unravel_index(int(xp.argmax(wrong)), wrong.shape))


def _check_range(k: Any, indices: Any, limit: int, what: str = "indices") -> None:
    wrong = (indices < 0) | (indices >= limit)
    if bool(wrong.any()):
        at = _first(k.xp, wrong)
        place = f"[{','.join(map(str, at))}]" if at else ""
        raise InvalidArgumentError(None, None, f"{what}{place} = {indices[at]} is not in [0, {limit})")


def _batch_rank(batch_dims: int, indices_rank: int) -> int:
    return batch_dims + indices_rank if batch_dims < 0 else batch_dims


def _gathered(params: Tensor, indices: Tensor, axis: Tensor, batch_dims: int) -> TensorShape:
    at, rank = static_int(axis), params.shape.ndims
    at_least_rank(params.shape, 1 if at is None else max(at + 1, -at))
    if rank is None or indices.shape.sizes is None:
        return TensorShape(None)
    batch = _batch_rank(batch_dims, len(indices.shape.sizes))
    if at is None:
        return unknown_shape(rank - 1 + len(indices.shape.sizes) - batch)
    at %= rank
    sizes = params.shape.as_list()
    shared = merge_shapes(TensorShape(sizes[:batch]), TensorShape(indices.shape.sizes[:batch])).as_list()
    return TensorShape([*shared, *sizes[batch:at], *indices.shape.sizes[batch:], *sizes[at + 1 :]])


def _rows_of(k: Any, shape: Sequence[int], indices: Any, axis: int, batch: int) -> tuple[Any, int]:
    """Which rows of ``params.reshape(rows, -1)`` the indices mean, in the order of the gathered result.

    With params [B…, M…, A, R…] and indices [B…, I…] the result is [B…, M…, I…, R…]; a row is one [R…].
    """
    if tuple(shape[:batch]) != indices.shape[:batch]:
        at = next(i for i in range(batch) if shape[i] != indices.shape[i])
        raise InvalidArgumentError(
            None, None, f"params.shape[{at}]: {shape[at]} should be equal to indices.shape[{at}]: {indices.shape[at]}"
        )
    _check_range(k, indices, shape[axis])
    lead = tuple(shape[:axis])
    before = k.xp.arange(int(np.prod(lead, dtype=np.int64))).reshape(lead + (1,) * (indices.ndim - batch))
    places = indices.reshape(indices.shape[:batch] + (1,) * (axis - batch) + indices.shape[batch:])
    return before * shape[axis] + places, int(np.prod(shape[axis + 1 :], dtype=np.int64))


def _gather_kernel(k: Any, params: Any, indices: Any, axis: Any, batch_dims: int) -> Any:
    at, batch = int(axis) % params.ndim, _batch_rank(batch_dims, indices.ndim)
    if batch == 0:
        _check_range(k, indices, params.shape[at])
        return k.xp.take(params, indices, axis=at)
    rows, width = _rows_of(k, params.shape, indices, at, batch)
    flat = params.reshape(-1 if params.size else int(np.prod(params.shape[: at + 1])), width)
    return k.xp.take(flat, rows, axis=0).reshape(rows.shape + params.shape[at + 1 :])


def _sum_of_rows(k: Any, shape: Sequence[int], rows: Any, values: Any) -> Any:
    """Zeros of a shape [N, …] with each of values[i, …] added to row rows[i]."""
    wide = summing_dtype(values.dtype)
    total = k.xp.zeros(shape, wide)
    k.scatter_add(total, rows, k.cast(values, wide))
    return k.cast(total, values.dtype)


def _ungather_kernel(k: Any, shape: Any, indices: Any, axis: Any, g: Any, batch_dims: int) -> Any:
    sizes = tuple(shape.tolist())
    at, batch = int(axis) % len(sizes), _batch_rank(batch_dims, indices.ndim)
    rows, width = _rows_of(k, sizes, indices, at, batch)
    flat = (int(np.prod(sizes[: at + 1], dtype=np.int64)), width)
    return _sum_of_rows(k, flat, rows.reshape(-1), g.reshape(rows.size, width)).reshape(sizes)


def _gather_gradient(op: Operation, g: Tensor) -> list[Any]:
    params, indices, axis = op.inputs
    batch_dims, sizes = op.attrs["batch_dims"], shape_of(params)
    if constant_value(axis) == 0 and batch_dims == 0:
        flat = reshape(indices, [-1])
        rows = reshape(g, concat([shape_of(flat), sizes[1:]], 0))
        return [IndexedSlices(rows, flat, sizes), None, None]
    return [GatherV2Grad(sizes, indices, axis, g, batch_dims=batch_dims), None, None]


GatherV2 = define(
    "GatherV2",
    "params:T, indices:TI, axis:I -> output:T",
    shape=_gathered,
    kernel=_gather_kernel,
    grad=_gather_gradient,
    types=_INDEX_TYPES,
    host=["axis"],
)
GatherV2Grad = define(  # no op of TensorFlow's: it composes the same from transpositions and UnsortedSegmentSum
    "GatherV2Grad",
    "shape:I, indices:TI, axis:Taxis, g:T -> output:T",
    shape=lambda shape, *_, **attrs: constant_value_as_shape(shape),
    kernel=_ungather_kernel,
    grad=lambda op, g: [None, None, None, GatherV2(g, op.inputs[1], op.inputs[2], **op.attrs)],
    types={**_INDEX_TYPES, "Taxis": (dtypes.int32, dtypes.int64)},
    host=["shape", "axis"],
)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """The slices of `params` along `axis` (by default `batch_dims`) that the integer `indices` name, in their shape.

    With `batch_dims`, the first dimensions of both belong together. Raises InvalidArgumentError in a run for an index
    that is out of range. The gradient of a gather along axis 0 is IndexedSlices.
    """
    if axis is None:
        axis = batch_dims
    if not isinstance(axis, Tensor) and axis == 0:
        batch_dims = 0
    return GatherV2(params, indices, axis, batch_dims=int(batch_dims), name=name)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """`gather` along the last axis of `indices`, whose other dimensions are those of `params`."""
    with op_scope(name, "BatchGather", [params, indices]) as scope:
        indices = convert_to_tensor(indices, name="indices")
        if indices.shape.ndims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        batch = indices.shape.ndims - 1
        return gather(params, indices, axis=batch, batch_dims=batch, name=scope)


# -- gather and scatter by coordinates ------------------------------------------------------------------------------


def _flat_rows(k: Any, indices: Any, sizes: Sequence[int], problem: str) -> Any:
    """[…]: which row of a tensor of shape `sizes`, flattened over K dimensions, each indices[…, K] means."""
    shape = indices.shape[:-1]
    rows, wrong = k.xp.zeros(shape, np.int64), k.xp.zeros(shape, bool)
    for axis in range(indices.shape[-1]):
        place = indices[..., axis]
        wrong |= (place < 0) | (place >= sizes[axis])
        rows = rows * sizes[axis] + place
    if bool(wrong.any()):
        at = _first(k.xp, wrong)
        where = f"[{','.join(map(str, at))}]" if at else ""
        dims = ",".join(map(str, sizes))
        raise InvalidArgumentError(None, None, f"indices{where} = {indices[at].tolist()} {problem} [{dims}]")
    return rows


def _row_shape(sizes: Sequence[int], depth: int) -> tuple[int, ...]:
    """The shape of a tensor flattened over its first `depth` dimensions."""
    return (int(np.prod(sizes[:depth], dtype=np.int64)), *sizes[depth:])


def _gathered_by_coordinates(params: Tensor, indices: Tensor) -> TensorShape:
    at_least_rank(indices.shape, 1)
    if params.shape.sizes is None or indices.shape.sizes is None or indices.shape.sizes[-1] is None:
        return TensorShape(None)
    depth = indices.shape.sizes[-1]
    if depth > len(params.shape.sizes):
        raise ValueError(
            "indices.shape[-1] must be <= params.rank, but saw indices shape: "
            f"{brackets(indices.shape)} and params shape: {brackets(params.shape)}"
        )
    return TensorShape(indices.shape.sizes[:-1] + params.shape.sizes[depth:])


def _gather_nd_kernel(k: Any, params: Any, indices: Any) -> Any:
    rows = _flat_rows(k, indices, params.shape, "does not index into param shape")
    return k.xp.take(params.reshape(_row_shape(params.shape, indices.shape[-1])), rows, axis=0)


GatherNd = define(
    "GatherNd",
    "params:T, indices:TI -> output:T",
    shape=_gathered_by_coordinates,
    kernel=_gather_nd_kernel,
    grad=lambda op, g: [_scattered_like(op.inputs[0], op.inputs[1], g), None],
    types=_INDEX_TYPES,
)


def _scattered_like(x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    return scatter_nd(indices, updates, shape_of(x, out_type=indices.dtype))


def gather_nd(
    params: Any, indices: Any, name: str | None = None, batch_dims: int = 0, bad_indices_policy: str = ""
) -> Tensor:
    """The slices of `params` at the coordinates along the last axis of `indices`.

    Raises InvalidArgumentError in a run for coordinates out of range.
    """
    if batch_dims == 0:
        return GatherNd(params, indices, name=name)
    with op_scope(name, "BatchGatherND", [params, indices]) as scope:
        indices = convert_to_tensor(indices, name="indices")
        return GatherNd(params, _with_batch_coordinates(indices, int(batch_dims)), name=scope)


def _with_batch_coordinates(indices: Tensor, batch_dims: int) -> Tensor:
    """Coordinates that begin with those of the batch dimensions they stand in."""
    if indices.shape.ndims is None or not 0 < batch_dims < indices.shape.ndims:
        raise ValueError(f"batch_dims = {batch_dims} must be less than rank(indices) = {indices.shape.ndims}")
    zeros = zeros_like(indices[..., :1])
    columns = []
    for axis in range(batch_dims):
        count = cast(shape_of(indices)[axis], indices.dtype)
        along = [-1 if i == axis else 1 for i in range(indices.shape.ndims)]
        steps = Range(np.zeros((), indices.dtype.numpy), count, np.ones((), indices.dtype.numpy))
        columns.append(zeros + reshape(steps, along))
    return concat([*columns, indices], -1)


def _check_updates(indices: TensorShape, updates: TensorShape, target: TensorShape, what: str) -> None:
    """Raises ValueError where updates do not have the shape that scattering into the target needs."""
    at_least_rank(indices, 1)
    if indices.sizes is None or indices.sizes[-1] is None or updates.sizes is None:
        return
    outer, depth = len(indices.sizes) - 1, indices.sizes[-1]
    sides: list[tuple[str, TensorShape, int, int | None]] = [
        (f"[0,{outer}) of indices[shape={brackets(indices)}]", indices[:outer], 0, outer)
    ]
    if target.sizes is not None:
        if depth > len(target.sizes):
            raise ValueError(f"Last dimension of indices ({depth}) must be no larger than rank {len(target.sizes)}")
        sides.append(
            (f"[{depth},{len(target.sizes)}) of {what}[shape={brackets(target)}]", target[depth:], outer, None)
        )
    for words, wanted, begin, end in sides:
        given = updates[begin:end]
        try:
            merge_shapes(wanted, given)
        except ValueError as error:
            raise ValueError(
                f"Dimensions {words} = {brackets(wanted)} must match dimensions [{begin},{begin + len(given)}) of "
                f"updates[shape={brackets(updates)}] = {brackets(given)}: {error}"
            ) from None


def _scattered(indices: Tensor, updates: Tensor, shape: Tensor) -> TensorShape:
    target = constant_value_as_shape(shape)
    _check_updates(indices.shape, updates.shape, target, "input")
    return target


def _scatter_nd_kernel(k: Any, indices: Any, updates: Any, shape: Any) -> Any:
    sizes = tuple(shape.tolist())
    flat = _row_shape(sizes, indices.shape[-1])
    rows = _flat_rows(k, indices, sizes, "does not index into shape")
    return _sum_of_rows(k, flat, rows.reshape(-1), updates.reshape(rows.size, *flat[1:])).reshape(sizes)


ScatterNd = define(
    "ScatterNd",
    "indices:TI, updates:T, shape:I -> output:T",
    shape=_scattered,
    kernel=_scatter_nd_kernel,
    grad=lambda op, g: [None, gather_nd(g, op.inputs[0]), None],
    types=_INDEX_TYPES,
    host=["shape"],
)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros of a shape with `updates` added at the coordinates along the last axis of `indices`.

    Coordinates named twice get the sum. Raises InvalidArgumentError in a run for coordinates out of range.
    """
    return ScatterNd(indices, updates, shape, name=name)


def _updated_shape(tensor: Tensor, indices: Tensor, updates: Tensor) -> TensorShape:
    _check_updates(indices.shape, updates.shape, tensor.shape, "input")
    return tensor.shape


def _updated_kernel(write: Any) -> Any:
    def kernel(k: Any, tensor: Any, indices: Any, updates: Any) -> Any:
        wide = summing_dtype(tensor.dtype)
        result = k.xp.array(tensor, wide).reshape(_row_shape(tensor.shape, indices.shape[-1]))
        rows = _flat_rows(k, indices, tensor.shape, "does not index into shape").reshape(-1)
        write(k, result, rows, k.cast(updates, wide).reshape(rows.size, *result.shape[1:]))
        return k.cast(result, tensor.dtype).reshape(tensor.shape)

    return kernel


def _put(k: Any, array: Any, rows: Any, values: Any) -> None:
    array[rows] = values


def _update_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    _, indices, updates = op.inputs
    return [TensorScatterUpdate(g, indices, zeros_like(updates)), None, gather_nd(g, indices)]


def _define_updated(type: str, write: Any, grad: Any) -> Any:
    return define(
        type,
        "tensor:T, indices:TI, updates:T -> output:T",
        shape=_updated_shape,
        kernel=_updated_kernel(write),
        grad=grad,
        types=_INDEX_TYPES,
    )


TensorScatterUpdate = _define_updated("TensorScatterUpdate", _put, _update_gradient)
TensorScatterAdd = _define_updated(
    "TensorScatterAdd",
    lambda k, array, rows, values: k.scatter_add(array, rows, values),
    lambda op, g: [g, None, gather_nd(g, op.inputs[1])],
)
TensorScatterSub = _define_updated(
    "TensorScatterSub",
    lambda k, array, rows, values: k.scatter_add(array, rows, -values),
    lambda op, g: [g, None, -gather_nd(g, op.inputs[1])],
)


def _extreme_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    """What ties for a place's extreme shares its gradient equally."""
    tensor, indices, updates = op.inputs
    kept = cast(equal(tensor, op.outputs[0]), g.dtype)
    taken = cast(equal(updates, gather_nd(op.outputs[0], indices)), g.dtype)
    share = g / maximum(TensorScatterAdd(kept, indices, taken), 1)
    return [share * kept, None, gather_nd(share, indices) * taken]


TensorScatterMax = _define_updated(
    "TensorScatterMax", lambda k, array, rows, values: k.xp.maximum.at(array, rows, values), _extreme_gradient
)
TensorScatterMin = _define_updated(
    "TensorScatterMin", lambda k, array, rows, values: k.xp.minimum.at(array, rows, values), _extreme_gradient
)


def tensor_scatter_nd_max(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with the larger of each slice and what `updates` has for it at the coordinates in `indices`."""
    return TensorScatterMax(tensor, indices, updates, name=name)


def tensor_scatter_nd_min(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with the smaller of each slice and what `updates` has for it at the coordinates in `indices`."""
    return TensorScatterMin(tensor, indices, updates, name=name)


def tensor_scatter_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with `updates` in place of the slices at the coordinates along the last axis of `indices`."""
    return TensorScatterUpdate(tensor, indices, updates, name=name)


def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with `updates` added to the slices at the coordinates along the last axis of `indices`."""
    return TensorScatterAdd(tensor, indices, updates, name=name)


def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """`tensor` with `updates` subtracted from the slices at the coordinates along the last axis of `indices`."""
    return TensorScatterSub(tensor, indices, updates, name=name)


tensor_scatter_nd_update = tensor_scatter_update
tensor_scatter_nd_add = tensor_scatter_add
tensor_scatter_nd_sub = tensor_scatter_sub

# -- partitions -----------------------------------------------------------------------------------------------------


def _partitioned(data: Tensor, partitions: Tensor, num_partitions: int) -> list[TensorShape]:
    if data.shape.sizes is None or partitions.shape.sizes is None:
        return [TensorShape(None)] * num_partitions
    depth = len(partitions.shape.sizes)
    at_least_rank(data.shape, depth)
    for a, b in zip(data.shape.sizes, partitions.shape.sizes, strict=False):
        check_equal(a, b)
    return [TensorShape([None, *data.shape.sizes[depth:]])] * num_partitions


def _partition_kernel(k: Any, data: Any, partitions: Any, num_partitions: int) -> list[Any]:
    _check_range(k, partitions, num_partitions, "partitions")
    if data.shape[: partitions.ndim] != partitions.shape:
        wanted = f"got data.shape = {list(data.shape)}, partitions.shape = {list(partitions.shape)}"
        raise InvalidArgumentError(None, None, f"data.shape must start with partitions.shape, {wanted}")
    return [data[partitions == i] for i in range(num_partitions)]


def _partition_gradient(op: Operation, *grads: Tensor) -> list[Tensor | None]:
    data, partitions = op.inputs
    count = sum_to_shape(zeros_like(partitions) + 1, np.zeros(0, np.int32))
    places = reshape(Range(0, count, 1), shape_of(partitions))
    whole = dynamic_stitch(dynamic_partition(places, partitions, op.attrs["num_partitions"]), list(grads))
    return [reshape(whole, shape_of(data)), None]


DynamicPartition = define(
    "DynamicPartition",
    "data:T, partitions:int32 -> outputs:T*num_partitions",
    shape=_partitioned,
    kernel=_partition_kernel,
    grad=_partition_gradient,
)


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Tensor]:
    """`num_partitions` tensors: the i-th holds, in order, the slices of `data` where `partitions` is i.

    The shape of `data` begins with that of `partitions`. Raises InvalidArgumentError in a run for other partitions.
    """
    return DynamicPartition(data, partitions, num_partitions=int(num_partitions), name=name)


def _stitched(indices: Tensor, data: Tensor) -> TensorShape:
    known = constant_value(indices)
    count = None if known is None else int(known.max(initial=-1)) + 1
    return TensorShape([count]).concatenate(data.shape[1:])


def _stitch_kernel(k: Any, indices: Any, data: Any) -> Any:
    if indices.size and int(indices.min()) < 0:
        raise InvalidArgumentError(None, None, f"indices[{int(k.xp.argmin(indices))}] is out of range")
    count = int(indices.max()) + 1 if indices.size else 0
    result = k.xp.zeros((count, *data.shape[1:]), data.dtype)
    result[indices] = data
    return result


DynamicStitch = define(  # TensorFlow's takes two lists; ours takes each concatenated
    "DynamicStitch",
    "indices:int32, data:T -> merged:T",
    shape=_stitched,
    kernel=_stitch_kernel,
    grad=lambda op, g: [None, gather(g, op.inputs[0])],
)


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Tensor:
    """The slices of all `data` put where `indices` say: merged[indices[m][i…]] = data[m][i…]; later ones win."""
    with op_scope(name, "DynamicStitch", [*indices, *data]) as scope:
        places = [convert_to_tensor(t, dtypes.int32, name=f"indices_{m}") for m, t in enumerate(indices)]
        if len(places) != len(data):
            raise ValueError(f"indices and data must be lists of one length, got {len(places)} and {len(data)}")
        parts: list[Tensor] = []
        for m, t in enumerate(data):
            parts.append(convert_to_tensor(t, parts[0].dtype if parts else None, name=f"data_{m}"))
        rows = [_rows_under(part, place) for part, place in zip(parts, places, strict=True)]
        return DynamicStitch(concat([reshape(place, [-1]) for place in places], 0), concat(rows, 0), name=scope)


def _rows_under(part: Tensor, place: Tensor) -> Tensor:
    """The data with the dimensions of its indices made one. Raises ValueError where they are not its first ones."""
    depth = place.shape.ndims
    if depth is not None and part.shape.ndims is not None:
        merge_shapes(part.shape[:depth], place.shape)
    if depth == 1:
        return part
    rest = shape_of(part)[rank(place) if depth is None else depth :]
    return reshape(part, concat([[-1], rest], 0))


# -- masks ----------------------------------------------------------------------------------------------------------


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool_, name: str | None = None) -> Tensor:
    """mask[…, j] = (j < lengths[…]) for j below `maxlen`, by default the greatest length.

    Raises ValueError where `maxlen` is no scalar.
    """
    with op_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            greatest = reduce_max(lengths, _all_axes(lengths))
            maxlen = maximum(constant(0, greatest.dtype), greatest)
        else:
            maxlen = convert_to_tensor(maxlen)
        if maxlen.shape.ndims not in (None, 0):
            raise ValueError(
                f"Argument `maxlen` must be scalar for sequence_mask, received `maxlen` = {maxlen} with shape "
                f"'{maxlen.shape}' instead"
            )
        places = Range(constant(0, maxlen.dtype), maxlen, constant(1, maxlen.dtype))
        mask = less(places, Cast(expand_dims(lengths, -1), DstT=maxlen.dtype))
        return cast(mask, dtype or dtypes.bool_)


def _all_axes(x: Tensor) -> Tensor:
    if x.shape.ndims is None:
        return Range(0, rank(x), 1)
    return constant(np.arange(x.shape.ndims, dtype=np.int32))


def _one_hot_shape(indices: Tensor, depth: Tensor, *_: Tensor, axis: int) -> TensorShape:
    with_known_rank(depth.shape, 0)
    count, sizes = static_int(depth), indices.shape.sizes
    if count is not None and count < 0:
        raise ValueError(f"Dimension size, given by scalar input 1, must be non-negative but is {count}")
    if sizes is None:
        return TensorShape(None)
    if not -1 <= axis <= len(sizes):
        raise ValueError(f"Expected axis to be -1 or between [0, {len(sizes) + 1}).  But received: {axis}")
    at = len(sizes) if axis == -1 else axis
    return TensorShape([*sizes[:at], count, *sizes[at:]])


def _one_hot_kernel(k: Any, indices: Any, depth: Any, on_value: Any, off_value: Any, axis: int) -> Any:
    at = indices.ndim if axis == -1 else axis
    classes = k.xp.arange(int(depth)).reshape((-1,) + (1,) * (indices.ndim - at))
    return k.xp.where(k.xp.expand_dims(indices, at) == classes, on_value, off_value)


def _one_hot_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    indices, depth = op.inputs[:2]
    scalar = np.zeros(0, np.int32)
    hot = OneHot(indices, depth, np.ones((), g.dtype.numpy), np.zeros((), g.dtype.numpy), **op.attrs)
    return [None, None, sum_to_shape(g * hot, scalar), sum_to_shape(g * (1 - hot), scalar)]


OneHot = define(
    "OneHot",
    "indices:TI, depth:int32, on_value:T, off_value:T -> output:T",
    shape=_one_hot_shape,
    kernel=_one_hot_kernel,
    grad=_one_hot_gradient,
    types={"TI": (dtypes.uint8, dtypes.int8, dtypes.int32, dtypes.int64)},
    host=["depth"],
)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """A new axis of length `depth`: `on_value` (1) where its place is the index, `off_value` (0) elsewhere.

    An index out of range gives all off. Raises TypeError where the values' dtypes differ from each other or `dtype`.
    """
    with op_scope(name, "one_hot", [indices, depth, on_value, off_value, axis]) as scope:
        dtype = None if dtype is None else as_dtype(dtype)
        given = {"on_value": on_value, "off_value": off_value}
        tensors = {
            part: convert_to_tensor(value, dtype_hint=dtype) for part, value in given.items() if value is not None
        }
        for part, tensor in tensors.items():
            if dtype is not None and tensor.dtype is not dtype:
                raise TypeError(f"dtype {tensor.dtype} of {part} does not match dtype parameter {dtype}")
        if len({t.dtype for t in tensors.values()}) > 1:
            on, off = tensors.values()
            raise TypeError(f"dtype {on.dtype} of on_value does not match dtype {off.dtype} of off_value")
        dtype = next((t.dtype for t in tensors.values()), dtype or dtypes.float32)
        for part, default in (("on_value", 1), ("off_value", 0)):
            if part not in tensors:
                tensors[part] = convert_to_tensor(bool(default) if dtype.is_bool else default, dtype, name=part)
        at = -1 if axis is None else int(axis)
        return OneHot(indices, depth, tensors["on_value"], tensors["off_value"], axis=at, name=scope)


# -- unique values --------------------------------------------------------------------------------------------------


class Unique(NamedTuple):
    """The distinct values in order of first appearance, and for each element the place of its value among them."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """`Unique`, and how often each distinct value appears."""

    y: Tensor
    idx: Tensor
    count: Tensor  # type: ignore[assignment]  # TensorFlow's name, though tuples have a method of it


class ListDiff(NamedTuple):
    """What is in one list and not in the other, and where it stands there."""

    out: Tensor
    idx: Tensor


def _unique_kernel(k: Any, x: Any, out_idx: Any) -> tuple[Any, Any, Any]:
    xp = k.xp
    _, first, inverse, count = xp.unique(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
    order = xp.argsort(first)  # NumPy gives them by size, TensorFlow in order of appearance
    place = xp.empty_like(order)
    place[order] = xp.arange(order.size)
    indices = out_idx.numpy
    return x[first[order]], k.cast(place[inverse.reshape(-1)], indices), k.cast(count[order], indices)


_UNIQUE_GRADIENT = no_gradient("TensorFlow has none either; gather x at the first appearance of each value instead")

UniqueOp = define(
    "Unique",
    "x:T -> y:T, idx:out_idx",
    shape=lambda x, out_idx: [[None], with_known_rank(x.shape, 1)],
    kernel=lambda k, x, out_idx: _unique_kernel(k, x, out_idx)[:2],
    grad=_UNIQUE_GRADIENT,
)
UniqueWithCountsOp = define(
    "UniqueWithCounts",
    "x:T -> y:T, idx:out_idx, count:out_idx",
    shape=lambda x, out_idx: [[None], with_known_rank(x.shape, 1), [None]],
    kernel=_unique_kernel,
    grad=_UNIQUE_GRADIENT,
)


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Unique:
    """The distinct values of a vector in order of first appearance, and y[idx[i]] = x[i]."""
    return Unique(*UniqueOp(x, out_idx=as_dtype(out_idx), name=name))


def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> UniqueWithCounts:
    """`unique`, and how often each value appears."""
    return UniqueWithCounts(*UniqueWithCountsOp(x, out_idx=as_dtype(out_idx), name=name))


def _list_diff_kernel(k: Any, x: Any, y: Any, out_idx: Any) -> tuple[Any, Any]:
    kept = ~k.xp.isin(x, y)
    return x[kept], k.cast(k.xp.flatnonzero(kept), out_idx.numpy)


ListDiffOp = define(
    "ListDiff",
    "x:T, y:T -> out:T, idx:out_idx",
    shape=lambda x, y, out_idx: [[None], [None]],
    kernel=_list_diff_kernel,
    grad=_UNIQUE_GRADIENT,
)


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> ListDiff:
    """The values of the vector `x` that are not in `y`, duplicates and order kept, and their places in `x`."""
    return ListDiff(*ListDiffOp(x, y, out_idx=as_dtype(index_dtype), name=name))


# -- order ----------------------------------------------------------------------------------------------------------


class TopKV2(NamedTuple):
    """The largest values along the last axis, in descending order, and their places."""

    values: Tensor
    indices: Tensor


_MANY = 1 << 12  # elements, from which on the few greatest are found sooner than all are sorted


def _top_k_shape(x: Tensor, k: Tensor, **_: Any) -> list[TensorShape]:
    at_least_rank(x.shape, 1)
    with_known_rank(k.shape, 0)
    count, sizes = static_int(k), x.shape.sizes
    if count is not None and count < 0:
        raise ValueError(f"Dimension size, given by scalar input 1, must be non-negative but is {count}")
    if sizes is None:
        return [TensorShape(None)] * 2
    last = sizes[-1]
    if count is not None and last is not None and last < count:
        raise ValueError(f"input must have last dimension >= k = {count} but is {last}")
    return [TensorShape([*sizes[:-1], count])] * 2


def _top_k_kernel(k: Any, x: Any, count: Any, sorted: bool, index_type: Any) -> tuple[Any, Any]:
    last = x.shape[-1]
    if not 0 <= count <= last:
        raise InvalidArgumentError(None, None, f"input must have at least k columns. Had {last}, needed {count}")
    few = x.size >= _MANY and 0 < 4 * count <= last and k.xp is np and x.dtype.kind in "iuf"
    places = _places_of_few(x, int(count)) if few else _from_greatest(k.xp, x)[..., : int(count)]
    return k.xp.take_along_axis(x, places, axis=-1), k.cast(places, index_type.numpy)


def _from_greatest(xp: Any, x: Any) -> Any:
    """The places of each row's elements from the greatest on, which NaN is; of equals the lower index first.

    A stable ascending sort of the reversed rows, read backwards, has ties in that order.
    """
    ascending = xp.argsort(x[..., ::-1], axis=-1, kind="stable")
    return x.shape[-1] - 1 - ascending[..., ::-1]


def _places_of_few(x: np.ndarray, count: int) -> np.ndarray:
    """The first `count` of `_from_greatest`: only those that reach the value of the last of them are sorted.

    In rows where more do, as they equal it, all are.
    """
    rows = x.reshape(-1, x.shape[-1])
    border = np.partition(rows, -count, axis=-1)[:, -count, None]
    reach = ~(rows < border)  # NaN does, and all do where it is the border
    tied = np.count_nonzero(reach, axis=-1) != count
    reach[tied] = False
    found = np.flatnonzero(reach).reshape(-1, count)
    order = _from_greatest(np, rows.reshape(-1)[found])
    places = np.empty((len(rows), count), np.intp)
    places[~tied] = np.take_along_axis(found, order, axis=-1) % rows.shape[-1]
    if tied.any():
        places[tied] = _from_greatest(np, rows[tied])[:, :count]
    return places.reshape(*x.shape[:-1], count)


def _top_k_gradient(op: Operation, g: Tensor, _: Any) -> list[Tensor | None]:
    x, k = op.inputs
    sizes, last = shape_of(x), shape_of(x)[-1:]
    rows = concat([[-1], reshape(k, [1])], 0)
    count = shape_of(reshape(x, concat([[-1], last], 0)))
    matrix = GatherV2Grad(count, reshape(op.outputs[1], rows), 1, reshape(g, rows), batch_dims=1)
    return [reshape(matrix, sizes), None]


TopK = define(
    "TopKV2",
    "input:T, k:int32 -> values:T, indices:index_type",
    shape=_top_k_shape,
    kernel=_top_k_kernel,
    grad=_top_k_gradient,
    host=["k"],
)


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, name: str | None = None, index_type: Any = dtypes.int32
) -> TopKV2:
    """The `k` largest values along the last axis and their places; of equal values the one with the lower index first.

    They come in descending order (whether `sorted` or not). Raises ValueError where there are fewer than k.
    """
    return TopKV2(*TopK(input, k, sorted=sorted, index_type=as_dtype(index_type), name=name))


def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """`values` in ascending or descending order along `axis`. Raises ValueError for another direction."""
    with op_scope(name, "sort", [values]):
        return _sorted(values, axis, direction, return_places=False)


def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """The places of `values` in ascending or descending order along `axis`; of equal ones the lower index first."""
    with op_scope(name, "argsort", [values]):
        return _sorted(values, axis, direction, return_places=True)


def _sorted(values: Any, axis: Any, direction: str, return_places: bool) -> Tensor:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            f"Argument `direction` should be one of ASCENDING, DESCENDING. Received: direction={direction}"
        )
    at = constant_value(convert_to_tensor(axis, name="axis"))
    if at is None or at.ndim:
        raise ValueError("Argument `axis` must be a constant scalar.")
    values = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(values, int(at), return_places)
    mirrored = _descending(_mirrored(values), int(at), return_places)
    return mirrored if return_places else _mirrored(mirrored)


def _mirrored(x: Tensor) -> Tensor:
    """The values in opposite order, without overflow: its own inverse."""
    if x.dtype.is_unsigned:
        return x.dtype.max - x
    return -x - 1 if x.dtype in INTEGERS else -x


def _descending(values: Tensor, axis: int, return_places: bool) -> Tensor:
    count = shape_of(values)[axis]
    known, _ = values.shape.ndims, rank(values)  # TensorFlow makes a constant of the rank, and so do we
    if axis == -1 or (known is not None and axis + 1 == known):
        return top_k(values, count)[int(return_places)]
    if known is None:
        raise ValueError(f"To sort along axis {axis} the rank of {values} must be known")
    order = np.arange(known, dtype=np.int32)
    order[[axis, -1]] = order[[-1, axis]]
    perm = constant(order, name="transposition")
    found = top_k(transpose(values, perm), count)[int(return_places)]
    return transpose(found, perm)


def _search_kernel(side: str) -> Any:
    def kernel(k: Any, rows: Any, values: Any, out_type: Any) -> Any:
        found = [k.xp.searchsorted(row, value, side=side) for row, value in zip(rows, values, strict=True)]
        return k.cast(k.xp.stack(found), out_type.numpy) if found else k.xp.zeros(values.shape, out_type.numpy)

    return kernel


LowerBound, UpperBound = (
    define(
        type,
        "sorted_inputs:T, values:T -> output:out_type",
        shape=lambda rows, values, out_type: values.shape,
        kernel=_search_kernel(side),
        grad=not_differentiable,
    )
    for type, side in (("LowerBound", "left"), ("UpperBound", "right"))
)


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Where each of `values` would go in the sorted last axis of `sorted_sequence`; their other dimensions agree.

    Among equals that is before the first (side "left") or after the last ("right"). Raises ValueError for another side.
    """
    if side not in ("left", "right"):
        raise ValueError(f"Argument `side` must be either 'right' or 'left'. Received: `side` = '{side}'.")
    sequence = convert_to_tensor(sorted_sequence)
    wanted = convert_to_tensor(values, sequence.dtype)
    rows, columns = (reshape(t, concat([[-1], shape_of(t)[-1:]], 0)) for t in (sequence, wanted))
    op = LowerBound if side == "left" else UpperBound
    return reshape(op(rows, columns, out_type=as_dtype(out_type), name=name), shape_of(wanted))


__all__ = [
    "argsort",
    "batch_gather",
    "dynamic_partition",
    "dynamic_stitch",
    "gather",
    "gather_nd",
    "one_hot",
    "scatter_nd",
    "searchsorted",
    "sequence_mask",
    "setdiff1d",
    "sort",
    "tensor_scatter_add",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_max",
    "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "tensor_scatter_sub",
    "tensor_scatter_update",
    "unique",
    "unique_with_counts",
]  # fmt: skip; `top_k` is public as nn.top_k
