"""What is known of a tensor's value before anything runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.backend import get_backend
from .graph import Tensor
from .shapes import TensorShape

_MOST_ELEMENTS = 4096  # shapes, axes and the like; larger values are a run's business
_MOST_STEPS = 64


def constant_value(tensor: Tensor) -> np.ndarray | None:
    """The value that the graph alone fixes (constants, known shapes, arithmetic of these), or None."""
    return _value(tensor, {}, _MOST_STEPS)


def _value(tensor: Tensor, found: dict[Tensor, np.ndarray], steps: int) -> np.ndarray | None:
    """`constant_value`, at most `steps` ops deep; `found` keeps what is met twice from being computed twice."""
    if tensor in found:
        return found[tensor]
    op = tensor.op
    definition = op.definition
    if definition.type == "Const":
        return op.attrs["value"]
    if definition.fold is not None:
        known = definition.fold(op)
        if known is not None:
            return known
    if definition.kernel is None or definition.stateful or not op.inputs or steps == 0:
        return None
    if (tensor.shape.num_elements() or 0) > _MOST_ELEMENTS:
        return None
    values = []
    for t in op.inputs:
        value = _value(t, found, steps - 1)
        if value is None or value.size > _MOST_ELEMENTS:
            return None
        values.append(value)
    try:
        with np.errstate(all="ignore"):
            result = definition.kernel(get_backend("/device:CPU:0"), *values, **op.attrs)
    except Exception:  # a bad value is reported when the op runs, or by the shape rule that asked
        return None
    if len(op.outputs) > 1 or definition.results[0].is_list:
        result = result[tensor.value_index]
    found[tensor] = np.asarray(result)
    return found[tensor]


def constant_value_as_shape(tensor: Tensor) -> TensorShape:
    """The shape that a 1-D integer tensor describes, as far as the graph alone tells; -1 reads as unknown."""
    value = constant_value(tensor)
    if value is not None:
        return TensorShape([None if d < 0 else int(d) for d in np.ravel(value)])
    op = tensor.op
    pieces = _PARTIAL.get(op.type)
    partial = pieces(op) if pieces is not None else None
    if partial is not None:
        return partial
    length = tensor.shape.with_rank(1).sizes[0]  # type: ignore[index]
    return TensorShape(None if length is None else [None] * length)


def _pack(op: Any) -> TensorShape | None:
    if op.outputs[0].shape.ndims not in (None, 1):  # what is fed without a shape can only be a number here
        return None
    values = [constant_value(t) for t in op.inputs]
    return TensorShape([None if v is None or v < 0 else int(v) for v in values])


def _concat(op: Any) -> TensorShape:
    shape = TensorShape([])
    for t in op.inputs[:-1]:
        shape = shape.concatenate(constant_value_as_shape(t))
    return shape


def _slice(op: Any) -> TensorShape | None:
    """A slice ``shape[a:b:c]`` of a partly known shape."""
    begin, end, step = (constant_value(t) for t in op.inputs[1:])
    attrs = op.attrs
    if (
        begin is None
        or end is None
        or step is None
        or len(begin) != 1
        or attrs.get("shrink_axis_mask")
        or attrs.get("new_axis_mask")
        or attrs.get("ellipsis_mask")
    ):
        return None
    source = constant_value_as_shape(op.inputs[0])
    if source.sizes is None:
        return None
    start = None if attrs.get("begin_mask") else int(begin[0])
    stop = None if attrs.get("end_mask") else int(end[0])
    return TensorShape(source.sizes[start : stop : int(step[0])])


_PARTIAL = {
    "Shape": lambda op: op.inputs[0].shape,
    "Pack": _pack,
    "ConcatV2": _concat,
    "StridedSlice": _slice,
    "Cast": lambda op: constant_value_as_shape(op.inputs[0]),
    "Identity": lambda op: constant_value_as_shape(op.inputs[0]),
}
