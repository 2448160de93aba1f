"""Sparse tensors added, joined, cut, reshaped and summed up, along what they hold alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..build import convert_to_tensor
from ..dtypes import as_dtype, bool_, float32, int32, int64
from ..errors import InvalidArgumentError
from ..graph import Tensor, control_dependencies, op_scope
from ..indexed_slices import IndexedSlices
from ..registry import define, not_differentiable
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor
from ..static import constant_value
from .arithmetic import abs as absolute
from .arithmetic import greater_equal, less, logical_and, logical_or, not_equal, where
from .arithmetic import maximum as larger
from .arithmetic import minimum as smaller
from .basic import cast, expand_dims, identity, ones, ones_like, reshape, shape, zeros
from .checks import assert_equal, assert_less_equal
from .indexing import gather, gather_nd, one_hot, setdiff1d, tensor_scatter_update
from .joining import concat
from .linalg import matmul
from .math import exp, sqrt
from .ranges import range as range_of
from .reduce import reduce_all, reduce_max, reduce_prod
from .segments import (
    segment_mean,
    segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from .sparse import as_sparse, sparse_tensor_to_dense

Array = Any  # numpy.ndarray or cupy.ndarray


# -- rows that are met twice ----------------------------------------------------------------------------------------


def _grouped(k: Any, rows: Array) -> list[Array]:
    if not len(rows) or not rows.shape[1]:
        return [rows[: min(len(rows), 1)].copy(), k.xp.zeros(len(rows), np.int64)]
    order = k.xp.lexsort(k.xp.ascontiguousarray(rows.T[::-1]))
    ordered = rows[order]
    first = k.xp.concatenate([k.xp.ones(1, bool), (ordered[1:] != ordered[:-1]).any(axis=1)])
    group = k.xp.empty(len(rows), np.int64)
    group[order] = k.xp.cumsum(first) - 1
    return [ordered[first], group]


GroupedRows = define(  # no op of TensorFlow's: there each op on two sparse tensors walks through both
    "GroupedRows",
    "rows:int64 -> distinct:int64, group:int64",
    shape=lambda rows: [TensorShape([None]).concatenate(rows.shape[1:]), rows.shape[:1]],
    kernel=_grouped,
    grad=not_differentiable,
)


class _Union(NamedTuple):
    """All coordinates of two sparse tensors, in order, and the values that each has there: zero where it has none."""

    indices: Tensor
    first: Tensor
    second: Tensor
    shared: Tensor  # where both have one


def _union(a: SparseTensor, b: SparseTensor) -> _Union:
    if not a.shape.is_compatible_with(b.shape):
        raise ValueError(f"The shapes of two sparse tensors must be equal, but are {a.shape} and {b.shape}")
    check = assert_equal(a.dense_shape, b.dense_shape, message="Operands' shapes do not match")
    with control_dependencies([] if check is None else [check]):
        together = concat([a.indices, b.indices], 0)
    indices, place = GroupedRows(together)
    count, cut = shape(indices)[0], shape(a.indices)[0]
    first = unsorted_segment_sum(a.values, place[:cut], count)
    second = unsorted_segment_sum(b.values, place[cut:], count)
    return _Union(indices, first, second, unsorted_segment_sum(ones_like(place), place, count) > 1)


def sparse_add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """The sum of two tensors of which one is sparse, dense; of two sparse ones, sparse.

    Of two sparse ones, sums of two values whose absolute value is less than `threshold` (`thresh` is its older name)
    are left out.
    Raises TypeError for two dense ones, InvalidArgumentError in a run for sparse ones of shapes that differ.
    """
    threshold = 0 if threshold is None and thresh is None else thresh if threshold is None else threshold
    if not (isinstance(a, SparseTensor) and isinstance(b, SparseTensor)):
        if not isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
            raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
        sparse, dense = (a, b) if isinstance(a, SparseTensor) else (b, a)
        return sparse_tensor_to_dense(sparse, validate_indices=False) + dense
    with op_scope(None, "SparseAdd", [a.values, b.values]):
        found = _union(a, b)
        total = found.first + found.second
        threshold = convert_to_tensor(threshold, total.dtype, name="thresh")
        kept = reshape(where(logical_or(greater_equal(absolute(total), threshold), ~found.shared)), [-1])
        return SparseTensor(gather(found.indices, kept), _taken(total, kept), a.dense_shape)


def _extreme(
    choose: Callable[..., Tensor], name: str | None, op: str, a: SparseTensor, b: SparseTensor
) -> SparseTensor:
    with op_scope(name, op, [a.values, b.values]):
        found = _union(as_sparse(a), as_sparse(b))
        return SparseTensor(found.indices, choose(found.first, found.second), a.dense_shape)


def sparse_maximum(sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None) -> SparseTensor:
    """The larger of each two values, where either tensor has one: the other's is zero then."""
    return _extreme(larger, name, "SparseSparseMaximum", sp_a, sp_b)


def sparse_minimum(sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None) -> SparseTensor:
    """The smaller of each two values, where either tensor has one: the other's is zero then."""
    return _extreme(smaller, name, "SparseSparseMinimum", sp_a, sp_b)


# -- joined and cut -------------------------------------------------------------------------------------------------


def _taken(values: Tensor, which: Tensor) -> Tensor:
    """Some of the values, whose gradient is dense, as TensorFlow's ops on sparse tensors have it."""
    return gather_nd(values, expand_dims(which, 1))


def _axis_of(sparse: SparseTensor, axis: int) -> int:
    ndims = sparse.indices.shape[1].value
    if ndims is None:
        if axis < 0:
            raise ValueError("A negative axis needs a sparse tensor of known rank.")
        return axis
    if not -ndims <= axis < ndims:
        raise ValueError(f"axis {axis} is not in [{-ndims}, {ndims})")
    return axis % ndims


def _in_order(indices: Tensor, values: Tensor, dense_shape: Any) -> SparseTensor:
    """The sparse tensor of coordinates in whatever order, none of them twice."""
    distinct, place = GroupedRows(indices)
    order = tensor_scatter_update(
        zeros(shape(place), int64), expand_dims(place, 1), range_of(cast(shape(place)[0], int64))
    )
    return SparseTensor(distinct, _taken(values, order), dense_shape)


def sparse_concat(
    axis: int,
    sp_inputs: Sequence[SparseTensor],
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: int | None = None,
    expand_nonconcat_dims: bool | None = None,
) -> SparseTensor:
    """Sparse tensors behind one another along an axis; the other dimensions are equal.

    With `expand_nonconcat_dim` they may differ, and the largest counts. `concat_dim` and `expand_nonconcat_dims` are
    other names.
    """
    axis = axis if concat_dim is None else concat_dim
    expand = expand_nonconcat_dim if expand_nonconcat_dims is None else expand_nonconcat_dims
    inputs = [as_sparse(sparse) for sparse in sp_inputs]
    if len(inputs) == 1:
        return inputs[0]
    with op_scope(name, "SparseConcat", [sparse.values for sparse in inputs]):
        axis = _axis_of(inputs[0], axis)
        along = one_hot(axis, shape(inputs[0].dense_shape)[0], dtype=int64)
        sizes = inputs[0].dense_shape
        parts, start = [], zeros([], int64)
        for sparse in inputs:
            parts.append(sparse.indices + along * start)
            start += sparse.dense_shape[axis]
            if sparse is not inputs[0] and expand:
                sizes = larger(sizes, sparse.dense_shape)
            elif sparse is not inputs[0]:
                check = assert_equal(
                    sizes * (1 - along), sparse.dense_shape * (1 - along), message="Input shapes differ"
                )
                with control_dependencies([] if check is None else [check]):
                    sizes = identity(sizes)
        return _in_order(concat(parts, 0), concat([s.values for s in inputs], 0), sizes * (1 - along) + along * start)


def sparse_slice(sp_input: SparseTensor, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """What lies from `start` on, `size` in each dimension or as far as there is any: a vector each."""
    sp_input = as_sparse(sp_input)
    with op_scope(name, "SparseSlice", [sp_input.values]):
        start, size = convert_to_tensor(start, int64, name="start"), convert_to_tensor(size, int64, name="size")
        inside = logical_and(greater_equal(sp_input.indices, start), less(sp_input.indices, start + size))
        kept = reshape(where(reduce_all(inside, 1)), [-1])
        sizes = larger(smaller(size, sp_input.dense_shape - start), 0)
        return SparseTensor(gather(sp_input.indices, kept) - start, _taken(sp_input.values, kept), sizes)


def sparse_split(
    keyword_required: Any = None, sp_input: Any = None, num_split: int | None = None, axis: int | None = None,
    name: str | None = None, split_dim: int | None = None,
) -> list[SparseTensor]:  # fmt: skip
    """`num_split` parts along an axis; where its length does not divide evenly, the first ones are one longer.

    All arguments are given by name: ValueError otherwise.
    """
    axis = split_dim if axis is None else axis
    if keyword_required is not None or sp_input is None or num_split is None or axis is None:
        raise ValueError("Keyword arguments are required for this function: sp_input, num_split, axis.")
    sp_input = as_sparse(sp_input)
    with op_scope(name, "SparseSplit", [sp_input.values]):
        axis = _axis_of(sp_input, axis)
        along = one_hot(axis, shape(sp_input.dense_shape)[0], dtype=int64)
        length = sp_input.dense_shape[axis]
        each, more = length // num_split, length % num_split
        parts, start = [], zeros([], int64)
        for i in range(num_split):
            size = each + cast(less(convert_to_tensor(i, int64), more), int64)
            parts.append(sparse_slice(sp_input, along * start, sp_input.dense_shape * (1 - along) + along * size))
            start += size
        return parts


# -- other shapes ---------------------------------------------------------------------------------------------------


def _reshaped(k: Any, indices: Array, input_shape: np.ndarray, new_shape: np.ndarray) -> list[Array]:
    sizes, count = [int(d) for d in new_shape], int(np.prod(input_shape, dtype=np.int64))
    if sizes.count(-1) > 1:
        raise InvalidArgumentError(None, None, "only one output dimension may be -1, not both of them")
    if -1 in sizes:
        rest = int(np.prod([d for d in sizes if d != -1], dtype=np.int64))
        if not rest or count % rest:
            raise InvalidArgumentError(
                None, None, f"Input to reshape is a SparseTensor with {count} dense values, but the requested shape "
                f"requires a multiple of {rest}"
            )  # fmt: skip
        sizes[sizes.index(-1)] = count // rest
    if int(np.prod(sizes, dtype=np.int64)) != count:
        raise InvalidArgumentError(
            None, None, f"Input to reshape is a tensor with {count} dense values, but the requested shape has "
            f"{int(np.prod(sizes, dtype=np.int64))}"
        )  # fmt: skip
    flat = indices @ k.xp.asarray(_strides(input_shape))
    steps = k.xp.asarray(_strides(sizes))
    return [flat[:, None] // steps % k.xp.asarray(np.maximum(sizes, 1)), k.asarray(np.array(sizes, np.int64))]


def _strides(sizes: Any) -> np.ndarray:
    """How many elements further on the next one along each dimension is."""
    lengths = np.maximum(np.asarray(sizes, np.int64), 1)
    return np.append(np.cumprod(lengths[:0:-1])[::-1], 1)[: len(lengths)]


def _reshaped_shapes(indices: Tensor, input_shape: Tensor, new_shape: Tensor) -> list[TensorShape]:
    rank = new_shape.shape.with_rank(1)[0]
    return [TensorShape([indices.shape.with_rank(2)[0], rank]), TensorShape([rank])]


SparseReshape = define(
    "SparseReshape",
    "input_indices:int64, input_shape:int64, new_shape:int64 -> output_indices:int64, output_shape:int64",
    shape=_reshaped_shapes,
    kernel=_reshaped,
    grad=not_differentiable,
    host=["input_shape", "new_shape"],
)


def sparse_reshape(sp_input: SparseTensor, shape: Any, name: str | None = None) -> SparseTensor:
    """The same values in another shape, in the order of rows; one length may be -1.

    Raises InvalidArgumentError in a run, or ValueError where that is known, for a shape of another size.
    """
    sp_input = as_sparse(sp_input)
    target = cast(convert_to_tensor(shape), int64)
    with op_scope(name, "SparseReshape", [sp_input.values]):
        had, wanted = sp_input.shape.num_elements(), constant_value(target)
        if wanted is not None and (wanted == -1).sum() > 1:
            raise ValueError(f"At most one dimension of the new shape can be -1, got {wanted.tolist()}.")
        if had is not None and wanted is not None and -1 not in wanted and int(np.prod(wanted)) != had:
            raise ValueError(f"Cannot reshape a tensor with {had} elements to shape {wanted.tolist()}.")
        indices, sizes = SparseReshape(sp_input.indices, sp_input.dense_shape, target)
        if wanted is not None and -1 not in wanted:
            sizes = convert_to_tensor(wanted, int64)
        return SparseTensor(indices, identity(sp_input.values), sizes)


def sparse_transpose(sp_input: SparseTensor, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The dimensions in the order `perm`, reversed by default."""
    sp_input = as_sparse(sp_input)
    with op_scope(name, "SparseTranspose", [sp_input.values]):
        if perm is None:
            rank = shape(sp_input.dense_shape)[0]
            perm = rank - 1 - range_of(rank)
        perm = convert_to_tensor(perm, int32)
        sizes = constant_value(sp_input.dense_shape)
        known = constant_value(perm)
        turned = gather(sp_input.dense_shape, perm) if sizes is None or known is None else sizes[known]
        return _in_order(gather(sp_input.indices, perm, axis=1), sp_input.values, turned)


def sparse_expand_dims(sp_input: SparseTensor, axis: int | None = None, name: str | None = None) -> SparseTensor:
    """With a dimension of 1 before the one at `axis`, at the end by default."""
    sp_input = as_sparse(sp_input)
    with op_scope(name, "expand_dims", [sp_input.values]):
        rank = sp_input.indices.shape[1].value
        if rank is None:
            raise ValueError("sparse.expand_dims needs a sparse tensor of known rank.")
        axis = -1 if axis is None else axis
        if not -rank - 1 <= axis <= rank:
            raise ValueError(f"axis {axis} is not in [{-rank - 1}, {rank}]")
        axis %= rank + 1
        before, after = sp_input.indices[:, :axis], sp_input.indices[:, axis:]
        column = expand_dims(zeros(shape(sp_input.values), int64), 1)
        sizes = concat([sp_input.dense_shape[:axis], [1], sp_input.dense_shape[axis:]], 0)
        return SparseTensor(concat([before, column, after], 1), sp_input.values, sizes)


def sparse_reset_shape(sp_input: SparseTensor, new_shape: Any = None) -> SparseTensor:
    """The same values in the smallest shape that holds them, or in `new_shape`, which is no smaller than its own."""
    sp_input = as_sparse(sp_input)
    indices, values, sizes = (identity(part) for part in (sp_input.indices, sp_input.values, sp_input.dense_shape))
    if new_shape is None:
        least = larger(reduce_max(indices, axis=0) + 1, 0) if sp_input.values.shape.as_list() != [0] else sizes * 0
        return SparseTensor(indices, values, least)
    wanted = cast(convert_to_tensor(new_shape), int64)
    had, static = sp_input.shape, constant_value(wanted)
    if had.ndims is not None and wanted.shape[0].value not in (None, had.ndims):
        raise ValueError(f"Dimension must be {had.ndims} but is {wanted.shape[0]}: the rank of new_shape is another")
    if static is not None and had.is_fully_defined() and any(a < b for a, b in zip(static, had.as_list(), strict=True)):
        raise ValueError(f"Requested dimension sizes {static.tolist()} are smaller than the input's, {had.as_list()}")
    if static is None or not had.is_fully_defined():
        with control_dependencies([assert_less_equal(sizes, wanted)]):
            wanted = identity(wanted)
    return SparseTensor(indices, values, wanted)


# -- rows without values --------------------------------------------------------------------------------------------


def _filled_rows(k: Any, indices: Array, dense_shape: np.ndarray) -> list[Array]:
    rows, count = int(dense_shape[0]), len(indices)
    if count and not bool(((indices[:, 0] >= 0) & (indices[:, 0] < rows)).all()):
        raise InvalidArgumentError(None, None, f"indices(…, 0) is out of bounds: need 0 <= index < {rows}")
    empty = k.xp.bincount(indices[:, 0], minlength=rows)[:rows] == 0 if rows else k.xp.zeros(0, bool)
    added = k.xp.flatnonzero(empty)
    new = k.xp.zeros((len(added), indices.shape[1]), np.int64)
    new[:, 0] = added
    together = k.xp.concatenate([indices, new])
    order = k.xp.argsort(together[:, 0], kind="stable")
    source = k.xp.minimum(order, count)  # of the default, which stands after the values
    return [together[order], k.cast(source, np.int64), empty]


FilledRows = define(  # TensorFlow's op SparseFillEmptyRows moves the values, too
    "FilledRows",
    "indices:int64, dense_shape:int64 -> output_indices:int64, source:int64, empty_row_indicator:bool",
    shape=lambda indices, dense_shape: [
        TensorShape([None]).concatenate(indices.shape[1:]),
        TensorShape([None]),
        TensorShape([None if (sizes := constant_value(dense_shape)) is None else int(sizes[0])]),
    ],
    kernel=_filled_rows,
    grad=not_differentiable,
    host=["dense_shape"],
)


def sparse_fill_empty_rows(
    sp_input: SparseTensor, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """(The tensor with `default_value` at the begin of each row that had none, which rows that were: bool [rows])."""
    sp_input = as_sparse(sp_input)
    with op_scope(name, "SparseFillEmptyRows", [sp_input.values]):
        default = convert_to_tensor(default_value, sp_input.values.dtype)
        indices, source, empty = FilledRows(sp_input.indices, sp_input.dense_shape)
        values = _taken(concat([sp_input.values, expand_dims(default, 0)], 0), source)
        return SparseTensor(indices, values, sp_input.dense_shape), empty


# -- summed up ------------------------------------------------------------------------------------------------------


def _groups_without(sparse: SparseTensor, axis: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(The distinct coordinates without those along `axis`, the group of each value, the axes left, how many)."""
    rank = shape(sparse.dense_shape)[0]
    if axis is None:
        gone = range_of(rank)
    else:
        gone = reshape(convert_to_tensor(axis, int32), [-1])
        gone = where(less(gone, 0), gone + rank, gone)
    left = setdiff1d(range_of(rank), gone)[0]
    distinct, group = GroupedRows(gather(sparse.indices, left, axis=1))
    return distinct, group, left, gone


def _reduced(reduce: Callable[..., Tensor], sp_input: Any, axis: Any, keep: bool, sparse: bool) -> Any:
    """The values of each group reduced; sparse, or dense with zeros where there is no value at all."""
    sp_input = as_sparse(sp_input)
    if isinstance(axis, (list, tuple)) and not axis:
        return sp_input if sparse else sparse_tensor_to_dense(sp_input, validate_indices=False)
    distinct, group, left, gone = _groups_without(sp_input, axis)
    values = reduce(sp_input.values, group, shape(distinct)[0])
    sizes = gather(sp_input.dense_shape, left)
    indices = distinct
    if keep:
        kept = reduce_max(one_hot(gone, shape(sp_input.dense_shape)[0], dtype=int64), 0)
        sizes = sp_input.dense_shape * (1 - kept) + kept
        placed = one_hot(left, shape(sp_input.dense_shape)[0], dtype=int64)
        indices = cast(matmul(cast(distinct, int64), placed), int64)
    result = SparseTensor(indices, values, sizes)
    return result if sparse else _spread(result)


def _spread(sparse: SparseTensor) -> Tensor:
    """The dense tensor, of any rank: also a scalar."""
    count = reduce_prod(sparse.dense_shape)
    flat, _ = SparseReshape(sparse.indices, sparse.dense_shape, expand_dims(count, 0))
    dense = unsorted_segment_sum(sparse.values, reshape(flat, [-1]), count)
    return reshape(dense, sparse.dense_shape)


def _arguments(axis: Any, keepdims: Any, reduction_axes: Any, keep_dims: Any) -> tuple[Any, bool]:
    return (reduction_axes if axis is None else axis), bool(keep_dims if keepdims is None else keepdims)


def sparse_reduce_sum_sparse(
    sp_input: SparseTensor, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None, keep_dims: Any = None
) -> SparseTensor:
    """`sparse_reduce_sum` as a sparse tensor."""
    return _reduced(unsorted_segment_sum, sp_input, *_arguments(axis, keepdims, reduction_axes, keep_dims), True)


def sparse_reduce_max(
    sp_input: SparseTensor, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None, keep_dims: Any = None
) -> Tensor:
    """The largest of the values along `axis` (all axes if None), dense, and 0 where there is none."""
    return _reduced(unsorted_segment_max, sp_input, *_arguments(axis, keepdims, reduction_axes, keep_dims), False)


def sparse_reduce_max_sparse(
    sp_input: SparseTensor, axis: Any = None, keepdims: Any = None, reduction_axes: Any = None, keep_dims: Any = None
) -> SparseTensor:
    """`sparse_reduce_max` as a sparse tensor."""
    return _reduced(unsorted_segment_max, sp_input, *_arguments(axis, keepdims, reduction_axes, keep_dims), True)


def sparse_softmax(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """The softmax along the last axis of the values that there are; the others stay zero."""
    sp_input = as_sparse(sp_input)
    with op_scope(name, "SparseSoftmax", [sp_input.values]):
        distinct, group, _, _ = _groups_without(sp_input, -1)
        count = shape(distinct)[0]
        largest = gather(unsorted_segment_max(sp_input.values, group, count), group)
        weights = exp(sp_input.values - largest)
        total = gather(unsorted_segment_sum(weights, group, count), group)
        return SparseTensor(identity(sp_input.indices), weights / total, identity(sp_input.dense_shape))


# -- ids as coordinates ---------------------------------------------------------------------------------------------


def sparse_merge(
    sp_ids: Any, sp_values: SparseTensor, vocab_size: Any, name: str | None = None, already_sorted: bool = False
) -> SparseTensor:
    """The values of `sp_values`, each at the coordinate that `sp_ids` has as its value there, instead of the last one.

    The last dimension becomes `vocab_size` long. Several `sp_ids`, in a list with as many sizes, give as many last
    dimensions.
    """
    many = isinstance(sp_ids, (list, tuple))
    ids, sizes = (list(sp_ids), list(vocab_size)) if many else ([sp_ids], [vocab_size])
    if len(ids) != len(sizes):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    ids, sp_values = [as_sparse(one) for one in ids], as_sparse(sp_values)
    with op_scope(name, "SparseMerge", [sp_values.values]):
        columns = [expand_dims(cast(one.values, int64), 1) for one in ids]
        indices = concat([ids[0].indices[:, :-1], *columns], 1)
        lengths = [expand_dims(cast(size, int64), 0) for size in sizes]
        dense_shape = concat([ids[0].dense_shape[:-1], *lengths], 0)
        result = SparseTensor(indices, identity(sp_values.values), dense_shape)
        return result if already_sorted else _in_order(indices, sp_values.values, dense_shape)


def sparse_to_indicator(sp_input: SparseTensor, vocab_size: Any, name: str | None = None) -> Tensor:
    """[..., vocab_size]: where the ids that `sp_input` has as its values are named, bool."""
    sp_input = as_sparse(sp_input)
    with op_scope(name, "SparseToIndicator", [sp_input.values]):
        true = SparseTensor(sp_input.indices, ones_like(sp_input.values, bool_), sp_input.dense_shape)
        column = expand_dims(cast(sp_input.values, int64), 1)
        named, _ = GroupedRows(concat([true.indices[:, :-1], column], 1))
        sizes = concat([sp_input.dense_shape[:-1], expand_dims(cast(vocab_size, int64), 0)], 0)
        return sparse_tensor_to_dense(SparseTensor(named, ones(shape(named)[:1], bool_), sizes), False)


def sparse_mask(a: IndexedSlices, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """The slices whose index is not among `mask_indices`."""
    with op_scope(name, "sparse_mask", [a.values, a.indices, mask_indices]):
        indices, kept = setdiff1d(a.indices, mask_indices)
        return IndexedSlices(gather(a.values, kept, name=None), indices, identity(a.dense_shape))


# -- rows gathered and summed by segment ----------------------------------------------------------------------------


def _segments(
    sorted_op: Callable[..., Tensor], unsorted_op: Callable[..., Tensor], default: str
) -> Callable[..., Tensor]:
    def reduce(
        data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None,
        sparse_gradient: bool = False,
    ) -> Tensor:  # fmt: skip
        with op_scope(name, default, [data, indices, segment_ids]):
            rows = gather(convert_to_tensor(data), indices)
            ids = convert_to_tensor(segment_ids)
            return sorted_op(rows, ids) if num_segments is None else unsorted_op(rows, ids, num_segments)

    return reduce


def _segment_sqrt_n(rows: Tensor, ids: Tensor) -> Tensor:
    members = segment_sum(ones_like(rows), ids)
    return segment_sum(rows, ids) / sqrt(larger(members, 1))


sparse_segment_sum = _segments(segment_sum, unsorted_segment_sum, "SparseSegmentSum")
sparse_segment_mean = _segments(segment_mean, unsorted_segment_mean, "SparseSegmentMean")
sparse_segment_sqrt_n = _segments(_segment_sqrt_n, unsorted_segment_sqrt_n, "SparseSegmentSqrtN")
for _name, _function, _what in (
    ("sparse_segment_sum", sparse_segment_sum, "sum"),
    ("sparse_segment_mean", sparse_segment_mean, "mean"),
    ("sparse_segment_sqrt_n", sparse_segment_sqrt_n, "sum over the root of the number"),
):
    _function.__name__ = _function.__qualname__ = _name
    _function.__doc__ = (
        f"The {_what} of the rows `indices` of `data` that share an id; the ids [like indices] never decrease. "
        "Segments without rows are zero; there are `num_segments`, or as many as the last id says."
    )


# -- from dense tensors ---------------------------------------------------------------------------------------------


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements that are not zero."""
    with op_scope(name, "dense_to_sparse"):
        tensor = convert_to_tensor(tensor)
        indices = where(not_equal(tensor, zeros([], tensor.dtype)))
        return SparseTensor(indices, gather_nd(tensor, indices), shape(tensor, out_type=int64))


def sparse_eye(num_rows: Any, num_columns: Any = None, dtype: Any = float32, name: str | None = None) -> SparseTensor:
    """Ones on the diagonal of a matrix, which is square by default."""
    with op_scope(name, "eye", [num_rows, num_columns]):
        rows = cast(num_rows, int64)
        columns = rows if num_columns is None else cast(num_columns, int64)
        count = smaller(rows, columns)
        diagonal = expand_dims(range_of(count), 1)
        return SparseTensor(
            concat([diagonal, diagonal], 1), ones(expand_dims(count, 0), as_dtype(dtype)), [rows, columns]
        )


def sparse_matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The product of two dense matrices with many zeros, float32; the hints change nothing."""
    a, b = (cast(convert_to_tensor(x), float32) for x in (a, b))
    return matmul(a, b, transpose_a, transpose_b, name=name or "SparseMatMul")


__all__ = [
    "sparse_add", "sparse_concat", "sparse_fill_empty_rows", "sparse_mask", "sparse_matmul", "sparse_maximum",
    "sparse_merge", "sparse_minimum", "sparse_reduce_max", "sparse_reduce_max_sparse", "sparse_reduce_sum_sparse",
    "sparse_reset_shape", "sparse_reshape", "sparse_segment_mean", "sparse_segment_sqrt_n", "sparse_segment_sum",
    "sparse_slice", "sparse_softmax", "sparse_split", "sparse_to_indicator", "sparse_transpose",
]  # fmt: skip
