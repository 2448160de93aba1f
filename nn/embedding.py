"""Rows of tables looked up by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import int32
from ..engine.graph import Tensor, op_scope
from ..engine.ops.array import concat, stack
from ..engine.ops.basic import cast, expand_dims, identity, ones, rank, reshape, shape, size, zeros_like
from ..engine.ops.clip import clip_by_norm
from ..engine.ops.indexing import dynamic_partition, dynamic_stitch, gather, unique
from ..engine.ops.math import div_no_nan, greater, greater_equal, logical_and, maximum, pow, sqrt, where, where_v2
from ..engine.ops.ranges import range as range_
from ..engine.ops.reduce import reduce_prod, reduce_sum
from ..engine.ops.segments import segment_sum
from ..engine.ops.sparse import sparse_retain
from ..engine.ops.sparse_parts import (
    sparse_fill_empty_rows,
    sparse_reshape,
    sparse_segment_mean,
    sparse_segment_sqrt_n,
    sparse_segment_sum,
)
from ..engine.shapes import TensorShape
from ..engine.sparse_tensor import SparseTensor


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: float | None = None,
) -> Tensor:
    """The rows `ids` of a table, of shape ids.shape + row shape.

    `params` is one table, a partitioned variable, or a list of tables that together are one: with the strategy "mod",
    row i lies in table i % n; with "div" each table holds a contiguous part, the first ones a row more where the rows
    do not divide evenly. Rows longer than `max_norm` are scaled down to it. The gradient is IndexedSlices.
    Raises ValueError for an empty list or an unknown strategy.
    """
    tables = as_tables(params)
    with op_scope(name, "embedding_lookup", [*tables, ids]) as scope:
        ids = convert_to_tensor(ids, name="ids")
        if len(tables) == 1:
            return identity(_clipped(gather(tables[0], ids, name=scope), ids, max_norm))
        return _clipped(_from_many(tables, ids, partition_strategy), ids, max_norm)


def embedding_lookup_sparse(
    params: Any,
    sp_ids: SparseTensor,
    sp_weights: SparseTensor | None,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: float | None = None,
) -> Tensor:
    """[rows, …]: for each row of `sp_ids`, the rows of a table that it names, combined: "sum", "mean" or "sqrtn".

    `sp_weights`, with the indices of `sp_ids`, tells how much each counts, 1 if None; "mean" (the default) divides
    their sum by that of the weights, "sqrtn" by the root of that of their squares. A row of no ids at the end is left
    out, one before it is zero. Other arguments are those of `embedding_lookup`. Raises ValueError for another combiner,
    TypeError where ids or weights are not sparse.
    """
    combiner = combiner or "mean"
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}")
    for value, label in ((sp_ids, "sp_ids"), (sp_weights, "sp_weights")):
        if not isinstance(value, SparseTensor) and not (value is None and label == "sp_weights"):
            raise TypeError(f"{label} must be SparseTensor, got {type(value)}")
    tables = as_tables(params)
    with op_scope(name, "embedding_lookup_sparse", [*tables, sp_ids.values]) as scope:
        segments = sp_ids.indices[:, 0]
        ids, place = unique(sp_ids.values)
        rows = embedding_lookup(tables, ids, partition_strategy, max_norm=max_norm)
        if sp_weights is None:
            reduce = {"sum": sparse_segment_sum, "mean": sparse_segment_mean, "sqrtn": sparse_segment_sqrt_n}[combiner]
            return reduce(rows, place, segments, name=scope)
        weights = sp_weights.values
        if weights.dtype is not rows.dtype:
            weights = cast(weights, rows.dtype)
        rows = gather(rows, place)
        ones_after = ones(expand_dims(rank(rows) - 1, 0), int32)
        factors = reshape(weights, concat([shape(weights), ones_after], 0))
        factors.set_shape(weights.shape.concatenate([1] * ((rows.shape.ndims or 1) - 1)))
        rows = rows * factors
        if combiner == "sum":
            return segment_sum(rows, segments, name=scope)
        total = segment_sum(rows, segments)
        if combiner == "mean":
            return div_no_nan(total, segment_sum(factors, segments), name=scope)
        return div_no_nan(total, sqrt(segment_sum(pow(factors, 2), segments)), name=scope)


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: SparseTensor,
    sparse_weights: SparseTensor | None = None,
    combiner: str | None = "mean",
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
) -> Tensor:
    """`embedding_lookup_sparse` for ids that may be invalid and rows that may be empty.

    Ids below zero are left out, and weights that are not positive (but for the combiner "sum"). A row without ids has
    the table's row `default_id`, or zeros if that is None. The ids may have more dimensions than two: the last one is
    combined.
    """
    tables = as_tables(embedding_weights)
    with op_scope(name, "embedding_lookup", [*tables, sparse_ids.values]):
        sizes = sparse_ids.dense_shape
        ndims = sparse_ids.shape.ndims if sparse_ids.shape.ndims is not None else sparse_ids.indices.shape[1].value
        flat_shape = concat([expand_dims(reduce_prod(sizes[:-1]), 0), sizes[-1:]], 0)
        ids = sparse_reshape(sparse_ids, flat_shape)
        weights = None
        valid = greater_equal(ids.values, 0)
        if sparse_weights is not None:
            weights = SparseTensor(ids.indices, sparse_weights.values, ids.dense_shape)
            if combiner != "sum":
                valid = logical_and(valid, greater(weights.values, 0))
        ids, weights = sparse_retain(ids, valid), None if weights is None else sparse_retain(weights, valid)
        ids, empty = sparse_fill_empty_rows(ids, default_id or 0)
        if weights is not None:
            weights, _ = sparse_fill_empty_rows(weights, 1.0)
        rows = embedding_lookup_sparse(tables, ids, weights, partition_strategy, None, combiner, max_norm)
        if default_id is None:
            with_axes = reshape(empty, concat([shape(empty), ones(expand_dims(rank(rows) - 1, 0), int32)], 0))
            rows = where_v2(with_axes, zeros_like(rows), rows)
        result = reshape(rows, concat([cast(sizes[:-1], int32), shape(rows)[1:]], 0))
        before = (
            sparse_ids.shape[:-1] if sparse_ids.shape.ndims is not None else TensorShape([None] * ((ndims or 1) - 1))
        )
        result.set_shape(before.concatenate(rows.shape[1:]))
        return result


def as_tables(params: Any) -> list[Any]:
    """The parts of a table: its own, or those of a partitioned variable or a list. Raises ValueError for none."""
    tables = list(params) if isinstance(params, (list, tuple)) or _is_partitioned(params) else [params]
    if not tables:
        raise ValueError("Length of params is currently 0. Need at least one param.")
    return tables


def _is_partitioned(params: Any) -> bool:
    return hasattr(params, "__iter__") and hasattr(params, "as_tensor")


def _from_many(tables: Sequence[Any], ids: Tensor, strategy: str) -> Tensor:
    """Each id sent to its table, the rows found there, and put together in the order of the ids."""
    count = len(tables)
    tables = [convert_to_tensor(table, name="params") for table in tables]
    flat = reshape(ids, [-1])
    places = range_(size(flat))
    assigned, within = _by_strategy(tables, flat, count, strategy)
    ids_of = dynamic_partition(within, cast(assigned, int32), count)
    places_of = dynamic_partition(places, cast(assigned, int32), count)
    rows = [gather(table, wanted) for table, wanted in zip(tables, ids_of, strict=True)]
    found = dynamic_stitch(places_of, rows)
    row_shape = tables[0].shape[1:]
    for table in tables[1:]:
        row_shape = row_shape.merge_with(table.shape[1:])
    sizes = row_shape if row_shape.is_fully_defined() else shape(tables[0])[1:]
    result = reshape(found, concat([shape(ids), sizes], 0))
    result.set_shape(ids.shape.concatenate(row_shape))
    return result


def _by_strategy(tables: Sequence[Tensor], flat: Tensor, count: int, strategy: str) -> tuple[Tensor, Tensor]:
    """The table of each id, and its row there."""
    if strategy == "mod":
        return flat % count, flat // count
    if strategy != "div":
        raise ValueError(f"Unrecognized partition strategy: {strategy}.Must be one of either `mod` or `div`.")
    lengths = [table.shape[:1].num_elements() for table in tables]
    if None in lengths:
        total = cast(reduce_sum(stack([shape(table)[0] for table in tables])), flat.dtype)
    else:
        total = constant(sum(length for length in lengths if length is not None), flat.dtype)
    each, extras = total // count, total % count
    assigned = maximum(flat // (each + 1), (flat - extras) // each)
    return assigned, where(assigned < extras, flat % (each + 1), (flat - extras) % each)


def _clipped(rows: Tensor, ids: Tensor, max_norm: float | None) -> Tensor:
    if max_norm is None:
        return rows
    if ids.shape.ndims is None or rows.shape.ndims is None:
        raise ValueError("`max_norm` needs ids and tables of known rank.")
    return clip_by_norm(rows, max_norm, axes=list(range(ids.shape.ndims, rows.shape.ndims)))


__all__ = ["embedding_lookup", "embedding_lookup_sparse", "safe_embedding_lookup_sparse"]
