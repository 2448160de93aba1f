"""Rows of tables looked up by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.build import constant, convert_to_tensor, is_tensor_like
from ..engine.dtypes import int32
from ..engine.graph import Tensor, op_scope
from ..engine.ops.array import concat, stack
from ..engine.ops.basic import cast, identity, reshape, shape, size
from ..engine.ops.clip import clip_by_norm
from ..engine.ops.indexing import dynamic_partition, dynamic_stitch, gather
from ..engine.ops.math import maximum, where
from ..engine.ops.ranges import range as range_
from ..engine.ops.reduce import reduce_sum


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


def as_tables(params: Any) -> list[Any]:
    """The parts of a table: its own, or those of a partitioned variable or a list. Raises ValueError for none."""
    tables = list(params) if isinstance(params, (list, tuple)) or _is_partitioned(params) else [params]
    if not tables:
        raise ValueError("Length of params is currently 0. Need at least one param.")
    return tables


def _is_partitioned(params: Any) -> bool:
    return not is_tensor_like(params) and hasattr(params, "__iter__") and hasattr(params, "as_tensor")


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


__all__ = ["embedding_lookup"]
