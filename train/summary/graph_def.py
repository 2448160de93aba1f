"""A graph as TensorFlow's GraphDef, for TensorBoard to draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...engine.dtypes import DType
from ...engine.graph import Graph, Operation, Tensor
from ...engine.protos import GRAPH, tensor_values
from ...engine.shapes import TensorShape

_PRODUCER = 26  # the version of GraphDefs that TensorFlow 1 wrote
_MOST_BYTES = 1024  # of a constant that is written with its elements: TensorBoard shows no larger ones


def graph_def(graph: Graph) -> bytes:
    """The serialized GraphDef of a graph: names, ops, inputs, devices, static shapes, and what attributes it can say.

    It is a picture of the graph, and not meant to be imported: Python functions, the bodies of conditions and loops
    and the elements of large constants are not in it.
    """
    nodes = [_node(op) for op in graph.get_operations()]
    return GRAPH.encode({"node": nodes, "versions": {"producer": _PRODUCER}})


def _node(op: Operation) -> dict[str, Any]:
    attributes = {name: value for name, value in _attributes(op) if value is not None}
    return {
        "name": op.name,
        "op": op.type,
        "input": [*map(_input_name, op.inputs), *(f"^{control.name}" for control in op.control_inputs)],
        "device": op.device,
        "attr": [{"key": name, "value": attributes[name]} for name in sorted(attributes)],
    }


def _input_name(tensor: Tensor) -> str:
    return tensor.name if tensor.value_index else tensor.op.name


def _attributes(op: Operation) -> Iterator[tuple[str, dict[str, Any] | None]]:
    signature = op.definition
    for arguments, tensors in ((signature.args, op.inputs), (signature.results, op.outputs)):
        for argument, tensor in zip(arguments, tensors, strict=False):
            if argument.type in signature.types or len(argument.type) == 1:
                yield argument.type, {"type": tensor.dtype.as_datatype_enum}
    for name, value in op.attrs.items():
        yield name, _attribute(value)
    if op.outputs:
        yield "_output_shapes", {"list": {"shape": [_shape(tensor.shape) for tensor in op.outputs]}}


def _shape(shape: TensorShape) -> dict[str, Any]:
    if shape.sizes is None:
        return {"unknown_rank": True}
    return {"dim": [{"size": -1 if size is None else size} for size in shape.sizes]}


_SCALARS = ((bool, "b"), (int, "i"), (float, "f"), (bytes, "s"), (DType, "type"), (TensorShape, "shape"))


def _attribute(value: Any) -> dict[str, Any] | None:
    """The AttrValue of an attribute, or None for what it cannot say."""
    if isinstance(value, np.ndarray):
        return {"tensor": tensor_values(value)} if value.nbytes <= _MOST_BYTES else None
    value = _plain(value)
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        for kind, name in _SCALARS:
            if all(isinstance(item, kind) for item in items):
                return {"list": {name: [_said(item) for item in items]}}
        return None
    for kind, name in _SCALARS:
        if isinstance(value, kind):
            return {name: _said(value)}
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return value.encode() if isinstance(value, str) else value


def _said(value: Any) -> Any:
    if isinstance(value, DType):
        return value.as_datatype_enum
    return _shape(value) if isinstance(value, TensorShape) else value
