"""Ops of scopeflow's own as the nodes that TensorFlow composes the same from, for GraphDefs that it is to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .build import constant
from .dtypes import int32
from .graph import Graph, Operation, Tensor
from .ops.array import concat, dynamic_stitch, gather, transpose, unique
from .ops.basic import cast, identity, no_op, ones_like, placeholder, reshape, shape, size
from .ops.math import floormod
from .ops.ranges import range as range_of
from .ops.reduce import reduce_prod, reduce_sum
from .ops.segments import unsorted_segment_sum
from .ops.state import variable_op
from .registry import get_op
from .static import constant_value


def spelled(op: Operation) -> Graph | None:
    """A graph that computes what an op does, by the inputs "0", "1" and so on, under the op's name; None where there
    is no such spelling."""
    if op.type not in SPELLINGS:
        return None
    graph = Graph()
    with graph.as_default():
        inputs = [
            variable_op(t.shape, t.dtype, name=str(i))
            if arg.name in op.definition.ref
            else placeholder(t.dtype, t.shape, str(i))
            for i, (t, arg) in enumerate(zip(op.inputs, op.definition.args, strict=True))
        ]
        with graph.name_scope(f"{op.name}/parts/"):
            made = SPELLINGS[op.type](op, inputs, f"{op.name}/")
            return None if made is None else graph


def _kept_shape(op: Operation, inputs: Sequence[Tensor], name: str) -> Any:
    known = op.definition.fold(op)  # type: ignore[misc]
    if known is not None:
        return constant(known, name=name)
    sizes = shape(inputs[0])
    rank = size(sizes)
    axes = floormod(cast(reshape(inputs[1], [-1]), int32), rank)
    return identity(dynamic_stitch([range_of(rank), axes], [sizes, ones_like(axes)]), name=name)


def _summed(x: Tensor, sizes: Tensor, name: str) -> Tensor:
    axes = get_op("BroadcastGradientArgs")(sizes, shape(x, out_type=sizes.dtype))[0]
    return reshape(reduce_sum(x, axes), sizes, name=name)


def _gather_gradient(op: Operation, inputs: Sequence[Tensor], name: str) -> Any:
    sizes, indices, _, g = inputs
    axis, k, rank = constant_value(op.inputs[2]), indices.shape.ndims, sizes.shape.as_list()[0]
    if axis is None or k is None or rank is None or op.attrs["batch_dims"]:
        return None
    at = int(axis) % rank
    first = [at, *range(at), *range(at + 1, rank)]  # the axis that was gathered along, then the others
    order = [*range(at, at + k), *range(at), *range(at + k, rank - 1 + k)]
    others = gather(sizes, first)
    rows = reshape(transpose(g, order), concat([reshape(size(indices, out_type=sizes.dtype), [1]), others[1:]], 0))
    summed = unsorted_segment_sum(rows, reshape(indices, [-1]), cast(others[0], int32))
    return transpose(summed, np.argsort(first).tolist(), name=name)


def _split_axes(op: Operation, rank: int | None) -> tuple[list[int], list[int]] | None:
    """The axes that an op works on, and the others; None where the graph does not tell."""
    axes = constant_value(op.inputs[1])
    if axes is None or rank is None:
        return None
    chosen = [int(axis) % rank for axis in np.ravel(axes)]
    return chosen, [axis for axis in range(rank) if axis not in chosen]


def _flatten_axes(op: Operation, inputs: Sequence[Tensor], name: str) -> Any:
    split = _split_axes(op, inputs[0].shape.ndims)
    if split is None:
        return None
    sizes, (axes, others) = shape(inputs[0]), split
    flat = concat([gather(sizes, constant(others, int32)), reduce_prod(gather(sizes, axes), keepdims=True)], 0)
    return reshape(transpose(inputs[0], [*others, *axes]), flat, name=name)


def _unflatten_axes(op: Operation, inputs: Sequence[Tensor], name: str) -> Any:
    split = _split_axes(op, inputs[2].shape.as_list()[0])
    if split is None:
        return None
    order = [*split[1], *split[0]]
    return transpose(reshape(inputs[0], gather(inputs[2], order)), np.argsort(order).tolist(), name=name)


def _rows_once(op: Operation, inputs: Sequence[Tensor], name: str) -> Any:
    """A sparse update, with rows that are named twice summed first: TensorFlow's ops leave that to who makes them."""
    given = dict(zip([arg.name for arg in op.definition.args], inputs, strict=True))
    rows, places = unique(given["indices"])
    given["grad"] = unsorted_segment_sum(given["grad"], places, size(rows))
    given["indices"] = rows
    return op.definition(*given.values(), **op.attrs, name=name)


def _sparse_descent(op: Operation, inputs: Sequence[Tensor], name: str) -> Any:
    variable, rate, grad, indices = inputs
    return get_op("ScatterSub")(variable, indices, grad * rate, use_locking=False, name=name)


SPELLINGS: dict[str, Callable[[Operation, Sequence[Tensor], str], Any]] = {
    "AssertBroadcastable": lambda op, inputs, name: no_op(name=name),
    "CheckedIndices": lambda op, inputs, name: identity(inputs[0], name=name),
    "FlattenAxes": _flatten_axes,
    "GatherV2Grad": _gather_gradient,
    "KeptShape": _kept_shape,
    "SparseApplyGradientDescent": _sparse_descent,
    "SumLike": lambda op, inputs, name: _summed(inputs[0], shape(inputs[1]), name),
    "SumToShape": lambda op, inputs, name: _summed(inputs[0], inputs[1], name),
    "UnflattenAxes": _unflatten_axes,
    **{
        f"SparseApply{rule}": _rows_once
        for rule in ("Adadelta", "Adagrad", "CenteredRMSProp", "FtrlV2", "Momentum", "RMSProp")
    },
}
