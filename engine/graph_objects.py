"""TensorFlow's messages of shapes, tensors, attributes and graphs as objects; and the graph as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .build import filled_array
from .dtypes import NUMBERS, as_dtype, bool_, enum_name, resource, string, variant
from .graph import Graph, Operation
from .graph_def import PRODUCER, graph_values, node_values, shape_values
from .message import MessageObject
from .protos import (
    ATTRIBUTE,
    GRAPH,
    NODE,
    SHAPE,
    TENSOR,
    VERSIONS,
    decode_dtype,
    decode_shape,
    tensor_array,
    tensor_values,
)
from .shapes import TensorShape
from .wire import Message

DATA_TYPES = {0: "DT_INVALID"} | {
    dtype.as_datatype_enum: f"DT_{enum_name(dtype).upper()}" for dtype in (*NUMBERS, bool_, string, resource, variant)
}


def _part(message: Message, name: str) -> Any:
    """The message that a field of a message is."""
    return message.by_name[name].kind


class TensorShapeProto(MessageObject):
    """A shape: the sizes of its dimensions (-1: unknown), or that not even their number is known."""

    class Dim(MessageObject):
        message = _part(SHAPE, "dim")

    message = SHAPE
    classes = {"dim": Dim}


class TensorProto(MessageObject):
    """A tensor's dtype, shape and elements."""

    message = TENSOR
    classes = {"tensor_shape": TensorShapeProto}
    enums = {"dtype": DATA_TYPES}


class AttrValue(MessageObject):
    """The value of a node's attribute: one of several kinds, or a list of values of one kind."""

    class ListValue(MessageObject):
        message = _part(ATTRIBUTE, "list")
        classes = {"shape": TensorShapeProto}
        enums = {"type": DATA_TYPES}

    message = ATTRIBUTE
    classes = {"list": ListValue, "shape": TensorShapeProto, "tensor": TensorProto}
    enums = {"type": DATA_TYPES}
    oneofs = {"value": ("list", "s", "i", "f", "b", "type", "shape", "tensor")}


class NodeDef(MessageObject):
    """A node of a graph: its name, op, inputs ("x", "x:1", "^control"), device and attributes."""

    message = NODE
    classes = {"attr": AttrValue}
    maps = {"attr": AttrValue}


class VersionDef(MessageObject):
    """Who wrote a graph, and who can read it."""

    message = VERSIONS


class GraphDef(MessageObject):
    """The nodes of a graph."""

    message = GRAPH
    classes = {"node": NodeDef, "versions": VersionDef}


# -- the graph's own --------------------------------------------------------------------------------------------------


def as_graph_def(graph: Graph, from_version: int | None = None, add_shapes: bool = False) -> GraphDef:
    """The graph as a GraphDef, without the first `from_version` operations; with `add_shapes`, static shapes are in
    the attributes "_output_shapes".

    A Cond or a Loop is one node, whose inside is not told; so is what else TensorFlow has no op for. Such a graph can
    be looked at, but not imported.
    """
    return GraphDef.FromString(serialized_graph_def(graph, from_version or 0, add_shapes))


def serialized_graph_def(graph: Graph, from_version: int = 0, add_shapes: bool = False) -> bytes:
    """The bytes of `as_graph_def`."""
    return GRAPH.encode(graph_values(graph, from_version, add_shapes))


Graph.as_graph_def = as_graph_def  # type: ignore[assignment]
Graph.graph_def_versions = property(lambda graph: VersionDef(producer=PRODUCER))
Operation.node_def = property(lambda op: NodeDef.FromString(NODE.encode(node_values(op))))
TensorShape.as_proto = lambda shape: TensorShapeProto.FromString(SHAPE.encode(shape_values(shape)))  # type: ignore[attr-defined]


# -- tensors ----------------------------------------------------------------------------------------------------------


def make_tensor_proto(
    values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False, allow_broadcast: bool = False
) -> TensorProto:
    """A TensorProto of what `constant` takes."""
    if isinstance(values, TensorProto):
        return values
    array = filled_array(values, None if dtype is None else as_dtype(dtype), shape, verify_shape)
    return TensorProto.FromString(TENSOR.encode(tensor_values(array)))


def make_ndarray(tensor: TensorProto) -> np.ndarray:
    """The NumPy array of a TensorProto. TypeError for a dtype that is not here, ValueError for too many elements."""
    values = TENSOR.decode(tensor.SerializeToString())
    return tensor_array(values, decode_dtype(values["dtype"]), decode_shape(values["tensor_shape"]), padded=True)
